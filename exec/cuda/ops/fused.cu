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
