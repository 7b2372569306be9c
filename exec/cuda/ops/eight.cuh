// Neighbours of a row at once, as float32: mostly eight.
#ifndef GCUT_EXEC_CUDA_OPS_EIGHT_CUH
#define GCUT_EXEC_CUDA_OPS_EIGHT_CUH

#include "types.cuh"

template <int N> struct Several {
  float x[N];
};
using Eight = Several<8>;

template <typename T> __device__ inline float widen(T x);
template <> __device__ inline float widen(float x) { return x; }
template <> __device__ inline float widen(__half x) { return __half2float(x); }
template <> __device__ inline float widen(__nv_bfloat16 x) { return __bfloat162float(x); }
template <typename T> __device__ inline T narrow(float x);
template <> __device__ inline float narrow(float x) { return x; }
template <> __device__ inline __half narrow(float x) { return __float2half_rn(x); }
template <> __device__ inline __nv_bfloat16 narrow(float x) { return __float2bfloat16_rn(x); }
template <typename T> __device__ inline float rounded(float x) { return widen<T>(narrow<T>(x)); }

template <typename T, int N> struct alignas(N * sizeof(T) < 16 ? N * sizeof(T) : 16) Pack {
  T x[N];
};

template <int N, typename T> __device__ inline Several<N> load_several(const T *p) {
  Pack<T, N> pack = *(const Pack<T, N> *)p;
  Several<N> e;
#pragma unroll
  for (int i = 0; i < N; i++) e.x[i] = widen<T>(pack.x[i]);
  return e;
}

template <int N, typename T> __device__ inline void store_several(T *p, const Several<N> &e) {
  Pack<T, N> pack;
#pragma unroll
  for (int i = 0; i < N; i++) pack.x[i] = narrow<T>(e.x[i]);
  *(Pack<T, N> *)p = pack;
}

template <typename T> __device__ inline Eight load8(const T *p) { return load_several<8>(p); }
template <typename T> __device__ inline void store8(T *p, const Eight &e) { store_several<8>(p, e); }

#endif
