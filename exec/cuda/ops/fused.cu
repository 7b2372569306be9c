// Chains of elementwise nodes in one pass. Every intermediate is rounded as the nodes would, and products are never
// contracted with sums, so the bits are those of the chain.
#include "eight.cuh"
#include "formulas.cuh"
#include "fused.h"

// ---- SwiGLU

template <typename T> __device__ inline void swiglu(const gcut__cuda_swiglu_job &job) {
  int64_t step = (int64_t)gridDim.x * blockDim.x * 8;
  for (int64_t i = ((int64_t)blockIdx.x * blockDim.x + threadIdx.x) * 8; i < job.count; i += step) {
    Eight g = load8((const T *)job.g + i), u = load8((const T *)job.u + i);
#pragma unroll
    for (int k = 0; k < 8; k++) {
      float s = rounded<T>(sizeof(T) == 2 ? quick_sigmoid(g.x[k]) : sigmoid(g.x[k]));
      g.x[k] = __fmul_rn(rounded<T>(__fmul_rn(g.x[k], s)), u.x[k]);
    }
    store8((T *)job.y + i, g);
  }
}

extern "C" __global__ void __launch_bounds__(256) gcut_swiglu(const __grid_constant__ gcut__cuda_swiglu_job job) {
  if (job.type == T_BFLOAT16) swiglu<__nv_bfloat16>(job);
  else if (job.type == T_FLOAT16) swiglu<__half>(job);
  else swiglu<float>(job);
}

// ---- sums of two tensors of one shape: residuals

template <typename T> __device__ inline void add(const gcut__cuda_swiglu_job &job) {
  int64_t step = (int64_t)gridDim.x * blockDim.x * 8;
  for (int64_t i = ((int64_t)blockIdx.x * blockDim.x + threadIdx.x) * 8; i < job.count; i += step) {
    Eight a = load8((const T *)job.g + i), b = load8((const T *)job.u + i);
#pragma unroll
    for (int k = 0; k < 8; k++) a.x[k] = __fadd_rn(a.x[k], b.x[k]);
    store8((T *)job.y + i, a);
  }
}

extern "C" __global__ void __launch_bounds__(256) gcut_add(const __grid_constant__ gcut__cuda_swiglu_job job) {
  if (job.type == T_BFLOAT16) add<__nv_bfloat16>(job);
  else if (job.type == T_FLOAT16) add<__half>(job);
  else add<float>(job);
}

// ---- rotary: a thread eight elements of the first half and eight of the second

template <typename T> __device__ inline void rotate(const gcut__cuda_rotary_job &job) {
  int64_t half = job.size / 2, lanes = half / 8, count = job.batch * job.length * job.heads * lanes;
  int64_t step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += step) {
    int64_t d = i % lanes * 8, h = i / lanes % job.heads, s = i / lanes / job.heads % job.length;
    int64_t b = i / lanes / job.heads / job.length;
    const T *x = (const T *)job.x + b * job.x_batch + h * job.x_head + s * job.x_row + d;
    int64_t at = b * job.c_batch + s * job.c_row + d, other = job.whole ? at : at + half;
    T *y = (T *)job.y + ((b * job.heads + h) * job.length + s) * job.size + d;
    Eight lo = load8(x), hi = load8(x + half), a, z;
    Eight c0 = load8((const T *)job.cosine + at), c1 = load8((const T *)job.cosine + other);
    Eight s0 = load8((const T *)job.sine + at), s1 = load8((const T *)job.sine + other);
#pragma unroll
    for (int k = 0; k < 8; k++) {
      float p = __fmul_rn(lo.x[k], c0.x[k]), q = __fmul_rn(-hi.x[k], s0.x[k]);
      float r = __fmul_rn(hi.x[k], c1.x[k]), t = __fmul_rn(lo.x[k], s1.x[k]);
      a.x[k] = job.whole ? __fadd_rn(p, q) : __fadd_rn(rounded<T>(p), rounded<T>(q));
      z.x[k] = job.whole ? __fadd_rn(r, t) : __fadd_rn(rounded<T>(r), rounded<T>(t));
    }
    store8(y, a);
    store8(y + half, z);
  }
}

extern "C" __global__ void __launch_bounds__(256) gcut_rotary(const __grid_constant__ gcut__cuda_rotary_job job) {
  if (job.type == T_BFLOAT16) rotate<__nv_bfloat16>(job);
  else if (job.type == T_FLOAT16) rotate<__half>(job);
  else rotate<float>(job);
}
