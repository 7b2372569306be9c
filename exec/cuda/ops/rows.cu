// Rows in float32: sums go by thread, then by warp, then by block, always in one order, so bits repeat.
#include "rows.h"
#include "types.cuh"

enum { WARPS = GCUT_CUDA_ROW_THREADS / 32 };

struct Sum {
  __device__ static float start() { return 0.0f; }
  __device__ static float join(float a, float b) { return __fadd_rn(a, b); }
};
struct Max {
  __device__ static float start() { return -INFINITY; }
  __device__ static float join(float a, float b) { return a != a || a > b ? a : b; } // NaN stays
};
struct Min {
  __device__ static float start() { return INFINITY; }
  __device__ static float join(float a, float b) { return a != a || a < b ? a : b; }
};

// The join over the block, in every thread.
template <typename J> __device__ inline float join_block(float x) {
  __shared__ float parts[WARPS];
  for (int offset = 16; offset > 0; offset /= 2) x = J::join(x, __shfl_xor_sync(0xffffffffu, x, offset));
  __syncthreads(); // the parts of the last join have been read
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
  __syncthreads();
  x = parts[0];
  for (int w = 1; w < WARPS; w++) x = J::join(x, parts[w]);
  return x;
}

// A thread joins runs of eight, as kernels that load 16 bytes at once do (norm_rows.cu must give the same bits).
template <typename J, typename F> __device__ inline float join_row(int64_t columns, F value) {
  float x = J::start();
  for (int64_t from = threadIdx.x * 8; from < columns; from += GCUT_CUDA_ROW_THREADS * 8)
    for (int64_t c = from; c < from + 8 && c < columns; c++) x = J::join(x, value(c));
  return join_block<J>(x);
}

__device__ inline void reduce_row(const gcut__cuda_row_job &job, int64_t row) {
  int64_t base = row * job.columns;
  auto value = [&](int64_t c) { return load_as<float>(job.x, base + c, job.type); };
  float x = job.op == GCUT_CUDA_ROW_MAX   ? join_row<Max>(job.columns, value)
            : job.op == GCUT_CUDA_ROW_MIN ? join_row<Min>(job.columns, value)
                                          : join_row<Sum>(job.columns, value);
  if (job.op == GCUT_CUDA_ROW_MEAN) x /= (float)job.columns;
  if (threadIdx.x == 0) store_as<float>(job.y, row, job.type, x);
}

__device__ inline void softmax_row(const gcut__cuda_row_job &job, int64_t row) {
  int64_t base = row * job.columns;
  auto value = [&](int64_t c) { return load_as<float>(job.x, base + c, job.type); };
  float top = join_row<Max>(job.columns, value);
  float sum = join_row<Sum>(job.columns, [&](int64_t c) { return expf(value(c) - top); });
  float log_sum = logf(sum);
  for (int64_t c = threadIdx.x; c < job.columns; c += GCUT_CUDA_ROW_THREADS) {
    float x = value(c) - top;
    store_as<float>(job.y, base + c, job.type, job.op == GCUT_CUDA_ROW_SOFTMAX ? expf(x) / sum : x - log_sum);
  }
}

// What a norm is taken of: x, or the sum of x, skip and its bias.
__device__ inline float norm_value(const gcut__cuda_row_job &job, int64_t base, int64_t c) {
  float x = load_as<float>(job.x, base + c, job.type);
  if (!job.skip) return x;
  x = __fadd_rn(x, load_as<float>(job.skip, (base + c) % job.skip_count, job.type));
  return job.skip_bias ? __fadd_rn(x, load_as<float>(job.skip_bias, c, job.type)) : x;
}

__device__ inline void norm_row(const gcut__cuda_row_job &job, int64_t row) {
  int64_t base = row * job.columns, first = row % job.period * job.step;
  auto value = [&](int64_t c) { return norm_value(job, base, c); };
  float n = (float)job.columns, mean = 0.0f;
  if (job.op == GCUT_CUDA_ROW_LAYER_NORM) mean = join_row<Sum>(job.columns, value) / n;
  float square = join_row<Sum>(job.columns, [&](int64_t c) { float d = value(c) - mean; return __fmul_rn(d, d); }) / n;
  float factor = 1.0f / sqrtf(square + job.epsilon);
  for (int64_t c = threadIdx.x; c < job.columns; c += GCUT_CUDA_ROW_THREADS) {
    int64_t which = first + (job.span > 1 ? c / job.span : c);
    float x = value(c), y = (x - mean) * factor;
    if (job.scale) y *= load_as<float>(job.scale, which, job.type);
    if (job.bias) y += load_as<float>(job.bias, which, job.type);
    store_as<float>(job.y, base + c, job.type, y);
    if (job.sum) store_as<float>(job.sum, base + c, job.type, x);
  }
  if (threadIdx.x == 0 && job.mean) job.mean[row] = mean;
  if (threadIdx.x == 0 && job.inverse) job.inverse[row] = factor;
}

extern "C" __global__ void __launch_bounds__(GCUT_CUDA_ROW_THREADS) gcut_rows(const __grid_constant__ gcut__cuda_row_job job) {
  for (int64_t row = blockIdx.x; row < job.rows; row += gridDim.x) {
    if (job.op <= GCUT_CUDA_ROW_MIN) reduce_row(job, row);
    else if (job.op <= GCUT_CUDA_ROW_LOG_SOFTMAX) softmax_row(job, row);
    else norm_row(job, row);
    __syncthreads();
  }
}

// Softmax of short lines, or of lines that lie side by side: a thread a line.
extern "C" __global__ void __launch_bounds__(GCUT_CUDA_ROW_THREADS) gcut_softmax_lines(const __grid_constant__ gcut__cuda_row_job job) {
  int64_t step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t line = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; line < job.rows; line += step) {
    int64_t outer = line / job.inner, base = outer * job.columns * job.inner + (line - outer * job.inner);
    float top = -INFINITY, sum = 0.0f;
    for (int64_t c = 0; c < job.columns; c++) top = Max::join(top, load_as<float>(job.x, base + c * job.inner, job.type));
    for (int64_t c = 0; c < job.columns; c++) sum += expf(load_as<float>(job.x, base + c * job.inner, job.type) - top);
    float log_sum = logf(sum);
    for (int64_t c = 0; c < job.columns; c++) {
      float x = load_as<float>(job.x, base + c * job.inner, job.type) - top;
      store_as<float>(job.y, base + c * job.inner, job.type, job.op == GCUT_CUDA_ROW_SOFTMAX ? expf(x) / sum : x - log_sum);
    }
  }
}
