// Eight neighbours of a row at once, as float32.
#ifndef GCUT_EXEC_CUDA_OPS_EIGHT_CUH
#define GCUT_EXEC_CUDA_OPS_EIGHT_CUH

#include "types.cuh"

struct Eight {
  float x[8];
};

template <typename T> __device__ inline float widen(T x);
template <> __device__ inline float widen(float x) { return x; }
template <> __device__ inline float widen(__half x) { return __half2float(x); }
template <> __device__ inline float widen(__nv_bfloat16 x) { return __bfloat162float(x); }
template <typename T> __device__ inline T narrow(float x);
template <> __device__ inline float narrow(float x) { return x; }
template <> __device__ inline __half narrow(float x) { return __float2half_rn(x); }
template <> __device__ inline __nv_bfloat16 narrow(float x) { return __float2bfloat16_rn(x); }
template <typename T> __device__ inline float rounded(float x) { return widen<T>(narrow<T>(x)); }

template <typename T> struct alignas(16) Pack {
  T x[8];
};

template <typename T> __device__ inline Eight load8(const T *p) {
  Pack<T> pack = *(const Pack<T> *)p;
  Eight e;
#pragma unroll
  for (int i = 0; i < 8; i++) e.x[i] = widen<T>(pack.x[i]);
  return e;
}

template <typename T> __device__ inline void store8(T *p, const Eight &e) {
  Pack<T> pack;
#pragma unroll
  for (int i = 0; i < 8; i++) pack.x[i] = narrow<T>(e.x[i]);
  *(Pack<T> *)p = pack;
}

#endif
