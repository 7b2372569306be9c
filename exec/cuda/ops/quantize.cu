#include "quantize.h"
#include "types.cuh"

enum { T_UINT4 = 21, T_INT4 = 22 };

// Element i of quantised data; of 4 bits the lower come first.
__device__ inline float load_quantized(const void *data, int64_t i, int type) {
  if (type != T_UINT4 && type != T_INT4) return load_as<float>(data, i, type);
  int x = ((const uint8_t *)data)[i / 2] >> (i % 2 * 4) & 15;
  return (float)(type == T_INT4 && x > 7 ? x - 16 : x);
}

__device__ inline int64_t scale_at(const gcut__cuda_quantize_job &job, int64_t i) {
  if (!job.block && !job.per_axis) return 0;
  int64_t row = i / job.inner, outer = row / job.size, a = row - outer * job.size;
  return job.block ? (outer * job.blocks + a / job.block) * job.inner + (i - row * job.inner) : a;
}

extern "C" __global__ void gcut_dequantize(const __grid_constant__ gcut__cuda_quantize_job job) {
  int64_t step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < job.count; i += step) {
    int64_t s = scale_at(job, i);
    float x = load_quantized(job.x, i, job.x_type), zero = job.zero ? load_quantized(job.zero, s, job.x_type) : 0.0f;
    store_as<float>(job.y, i, job.y_type, __fmul_rn(x - zero, load_as<float>(job.scale, s, job.scale_type)));
  }
}

__device__ inline int64_t quantized(const gcut__cuda_quantize_job &job, int64_t i, double low, double high) {
  int64_t s = scale_at(job, i);
  float x = __fdiv_rn(load_as<float>(job.x, i, job.x_type), load_as<float>(job.scale, s, job.scale_type));
  double value = rint((double)x) + (job.zero ? (double)load_quantized(job.zero, s, job.y_type) : 0.0);
  return value != value ? 0 : (int64_t)(value < low ? low : value > high ? high : value);
}

// A thread a byte of 4-bit results, an element of wider ones.
extern "C" __global__ void gcut_quantize(const __grid_constant__ gcut__cuda_quantize_job job) {
  bool narrow = job.y_type == T_UINT4 || job.y_type == T_INT4, is_signed = job.y_type == 3 || job.y_type == 5 || job.y_type == T_INT4;
  int bits = narrow ? 4 : job.y_type == 2 || job.y_type == 3 ? 8 : 16;
  double low = is_signed ? -(double)(1 << (bits - 1)) : 0, high = low + (double)((1 << bits) - 1);
  int64_t step = (int64_t)gridDim.x * blockDim.x, n = narrow ? (job.count + 1) / 2 : job.count;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += step) {
    if (!narrow) {
      store_as<int64_t>(job.y, i, job.y_type, quantized(job, i, low, high));
      continue;
    }
    int64_t a = quantized(job, 2 * i, low, high), b = 2 * i + 1 < job.count ? quantized(job, 2 * i + 1, low, high) : 0;
    ((uint8_t *)job.y)[i] = (uint8_t)((a & 15) | (b & 15) << 4);
  }
}

// ---- weights of a few bits

__device__ inline float packed_value(const uint8_t *data, int64_t i, int bits) {
  int64_t bit = i * bits;
  return (float)(data[bit / 8] >> (bit % 8) & ((1 << bits) - 1));
}

__device__ inline float nbits_value(const gcut__cuda_nbits_job &job, int64_t row, int64_t k) {
  int64_t block = k / job.block, at = row * job.blocks + block, zero_bytes = (job.blocks * job.bits + 7) / 8;
  const uint8_t *data = (const uint8_t *)job.b + at * (job.block / 8 * job.bits);
  float zero = !job.zeros                  ? (float)(1 << (job.bits - 1))
               : job.zero_type == T_UINT8 ? packed_value((const uint8_t *)job.zeros + row * zero_bytes, block, job.bits)
                                           : load_as<float>(job.zeros, at, job.zero_type);
  return __fmul_rn(packed_value(data, k - block * job.block, job.bits) - zero, load_as<float>(job.scales, at, job.scale_type));
}

// Rows of b in the type of a, for a product.
extern "C" __global__ void gcut_nbits_expand(const __grid_constant__ gcut__cuda_nbits_job job) {
  int64_t step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < job.rows * job.k; i += step) {
    int64_t row = i / job.k;
    store_as<float>(job.y, i, job.type, nbits_value(job, job.first + row, i - row * job.k));
  }
}

// Few rows of a: a warp a row of b, read once for all of them.
extern "C" __global__ void __launch_bounds__(GCUT_CUDA_NBITS_THREADS) gcut_nbits_few(const __grid_constant__ gcut__cuda_nbits_job job) {
  int lane = threadIdx.x % 32;
  int64_t warps = (int64_t)gridDim.x * (GCUT_CUDA_NBITS_THREADS / 32);
  for (int64_t n = blockIdx.x * (GCUT_CUDA_NBITS_THREADS / 32) + threadIdx.x / 32; n < job.n; n += warps) {
    float sums[GCUT_CUDA_NBITS_ROWS] = {0};
    for (int64_t k = lane; k < job.k; k += 32) {
      float w = nbits_value(job, n, k);
#pragma unroll
      for (int m = 0; m < GCUT_CUDA_NBITS_ROWS; m++)
        if (m < job.m) sums[m] += w * load_as<float>(job.a, m * job.k + k, job.type);
    }
#pragma unroll
    for (int m = 0; m < GCUT_CUDA_NBITS_ROWS; m++) {
      float sum = sums[m];
      for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, offset);
      if (job.bias) sum += load_as<float>(job.bias, n, job.type);
      if (m < job.m && lane == 0) store_as<float>(job.y, m * job.n + n, job.type, sum);
    }
  }
}
