// A block a row, which stays in registers between its sums. Sums go as gcut_rows goes: by runs of eight, by thread, by
// warp, by block. What the nodes round is rounded, and products are never contracted with sums, so the bits are theirs.
#include "eight.cuh"
#include "norm_rows.h"

namespace norms {

__device__ inline float join(float sum, float *parts) {
  for (int offset = 16; offset > 0; offset /= 2) sum = __fadd_rn(sum, __shfl_xor_sync(0xffffffffu, sum, offset));
  __syncthreads(); // the parts of the last sum have been read
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = sum;
  __syncthreads();
  sum = parts[0];
  for (int i = 1; i < GCUT_CUDA_NORM_THREADS / 32; i++) sum = __fadd_rn(sum, parts[i]);
  return sum;
}

// A thread's elements: eight of each run.
template <int RUNS> struct Row {
  Eight x[RUNS];
  int64_t columns;

  __device__ int64_t at(int run) const { return run * GCUT_CUDA_NORM_RUN + threadIdx.x * 8; }

  template <typename F> __device__ void each(F f) {
#pragma unroll
    for (int r = 0; r < RUNS; r++)
      if (at(r) < columns) f(x[r], at(r));
  }
  template <typename F> __device__ float sum(float *parts, F f) {
    float s = 0.0f;
    each([&](Eight &e, int64_t) {
#pragma unroll
      for (int i = 0; i < 8; i++) s = __fadd_rn(s, f(e.x[i]));
    });
    return join(s, parts);
  }
  template <typename F> __device__ void turn(F f) {
    each([&](Eight &e, int64_t) {
#pragma unroll
      for (int i = 0; i < 8; i++) e.x[i] = f(e.x[i]);
    });
  }
};

template <typename T> __device__ inline void add(Eight &e, const Eight &other) {
#pragma unroll
  for (int i = 0; i < 8; i++) e.x[i] = rounded<T>(__fadd_rn(e.x[i], other.x[i]));
}

template <typename T, int RUNS> __device__ inline void load(const gcut__cuda_norm_job &job, int64_t base, Row<RUNS> &row) {
  row.each([&](Eight &e, int64_t c) { e = load8((const T *)job.x + base + c); });
  if (job.before) row.each([&](Eight &e, int64_t c) { add<T>(e, load8((const T *)job.before + c)); });
  if (job.skip) row.each([&](Eight &e, int64_t c) { add<T>(e, load8((const T *)job.skip + base + c)); });
  if (job.sum) row.each([&](Eight &e, int64_t c) { store8((T *)job.sum + base + c, e); });
}

// Turns a row into its norm before scale and bias.
template <typename T, int RUNS> __device__ inline void normalise(const gcut__cuda_norm_job &job, float *parts, Row<RUNS> &row) {
  const float n = (float)job.columns;
  auto square = [](float x) { return __fmul_rn(x, x); };
  if (job.kind == GCUT_CUDA_NORM_SPELLED) {
    const float mean = rounded<T>(row.sum(parts, [](float x) { return x; }) / n);
    row.turn([&](float x) { return rounded<T>(__fsub_rn(x, mean)); });
    const float variance = rounded<T>(row.sum(parts, [&](float x) { return rounded<T>(square(x)); }) / n);
    const float root = rounded<T>(sqrtf(rounded<T>(__fadd_rn(variance, job.epsilon))));
    row.turn([&](float x) { return rounded<T>(x / root); });
    return;
  }
  if (job.kind == GCUT_CUDA_NORM_LAYER) {
    const float mean = row.sum(parts, [](float x) { return x; }) / n;
    row.turn([&](float x) { return __fsub_rn(x, mean); });
  }
  const float factor = 1.0f / sqrtf(__fadd_rn(row.sum(parts, square) / n, job.epsilon));
  const bool round = job.kind == GCUT_CUDA_NORM_RMS;
  row.turn([&](float x) { return round ? rounded<T>(__fmul_rn(x, factor)) : __fmul_rn(x, factor); });
}

template <typename T, int RUNS> __device__ inline void run(const gcut__cuda_norm_job &job) {
  __shared__ float parts[GCUT_CUDA_NORM_THREADS / 32];
  const int64_t base = blockIdx.x * job.columns;
  Row<RUNS> row;
  row.columns = job.columns;
  load<T>(job, base, row);
  normalise<T>(job, parts, row);
  const bool round = job.kind == GCUT_CUDA_NORM_SPELLED;
  row.each([&](Eight &e, int64_t c) {
    const Eight scale = load8((const T *)job.scale + c);
#pragma unroll
    for (int i = 0; i < 8; i++) {
      e.x[i] = __fmul_rn(e.x[i], scale.x[i]);
      if (round) e.x[i] = rounded<T>(e.x[i]);
    }
    if (job.bias) {
      const Eight bias = load8((const T *)job.bias + c);
#pragma unroll
      for (int i = 0; i < 8; i++) e.x[i] = __fadd_rn(e.x[i], bias.x[i]);
    }
    store8((T *)job.y + base + c, e);
  });
}

} // namespace norms

#define NORM(name, T, RUNS)                                                                                            \
  extern "C" __global__ void __launch_bounds__(GCUT_CUDA_NORM_THREADS)                                                 \
      name(const __grid_constant__ gcut__cuda_norm_job job) {                                                          \
    norms::run<T, RUNS>(job);                                                                                           \
  }
NORM(gcut_norm_f32_1, float, 1)
NORM(gcut_norm_f32_2, float, 2)
NORM(gcut_norm_f32_4, float, 4)
NORM(gcut_norm_f32_8, float, 8)
NORM(gcut_norm_f16_1, __half, 1)
NORM(gcut_norm_f16_2, __half, 2)
NORM(gcut_norm_f16_4, __half, 4)
NORM(gcut_norm_f16_8, __half, 8)
NORM(gcut_norm_bf16_1, __nv_bfloat16, 1)
NORM(gcut_norm_bf16_2, __nv_bfloat16, 2)
NORM(gcut_norm_bf16_4, __nv_bfloat16, 4)
NORM(gcut_norm_bf16_8, __nv_bfloat16, 8)
