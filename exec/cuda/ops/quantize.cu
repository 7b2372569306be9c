#include "quantize.h"
#include "narrow.cuh"

__device__ inline int64_t scale_at(const gcut__cuda_quantize_job &job, int64_t i) {
  if (!job.block && !job.per_axis) return 0;
  int64_t row = i / job.inner, outer = row / job.size, a = row - outer * job.size;
  return job.block ? (outer * job.blocks + a / job.block) * job.inner + (i - row * job.inner) : a;
}

extern "C" __global__ void gcut_dequantize(const __grid_constant__ gcut__cuda_quantize_job job) {
  int64_t step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < job.count; i += step) {
    int64_t s = scale_at(job, i);
    float x = load_number<float>(job.x, i, job.x_type), zero = job.zero ? load_number<float>(job.zero, s, job.x_type) : 0.0f;
    store_as<float>(job.y, i, job.y_type, __fmul_rn(x - zero, load_number<float>(job.scale, s, job.scale_type)));
  }
}

__device__ inline float rounded_to(float x, int type) {
  if (type == T_FLOAT16) return __half2float(__float2half_rn(x));
  return type == T_BFLOAT16 ? __bfloat162float(__float2bfloat16_rn(x)) : x;
}

// The bits that an element becomes.
__device__ inline int64_t quantized(const gcut__cuda_quantize_job &job, int64_t i, double low, double high) {
  int64_t s = scale_at(job, i);
  float x = __fdiv_rn(load_number<float>(job.x, i, job.x_type), load_number<float>(job.scale, s, job.scale_type));
  float zero = job.zero ? load_number<float>(job.zero, s, job.y_type) : 0.0f;
  x = rounded_to(x, job.precision);
  if (is_minifloat(job.y_type)) return minifloat_code(job.y_type, (double)__fadd_rn(x, zero), job.saturate);
  double value = rint((double)x) + (double)zero;
  return value != value ? 0 : (int64_t)(value < low ? low : value > high ? high : value);
}

// A thread a byte of narrow results, an element of wider ones.
extern "C" __global__ void gcut_quantize(const __grid_constant__ gcut__cuda_quantize_job job) {
  bool is_signed = job.y_type == T_INT8 || job.y_type == T_INT16 || job.y_type == T_INT4 || job.y_type == T_INT2;
  int width = narrow_bits(job.y_type), bits = job.y_type == T_INT16 || job.y_type == T_UINT16 ? 16 : width, each = 8 / width;
  double low = is_signed ? -(double)(1 << (bits - 1)) : 0, high = low + (double)((1 << bits) - 1);
  int64_t step = (int64_t)gridDim.x * blockDim.x, n = (job.count + each - 1) / each;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += step) {
    if (bits == 16) {
      store_as<int64_t>(job.y, i, job.y_type, quantized(job, i, low, high));
      continue;
    }
    int byte = 0;
    for (int k = 0; k < each && i * each + k < job.count; k++)
      byte |= ((int)quantized(job, i * each + k, low, high) & ((1 << width) - 1)) << (k * width);
    ((uint8_t *)job.y)[i] = (uint8_t)byte;
  }
}

// ---- other types

// The bits of element i in a type that shares bytes or is a float of 8 bits.
__device__ inline int narrowed(const gcut__cuda_cast_job &job, int64_t i) {
  if (job.y_type == T_E8M0) return power_code((float)load_number<double>(job.x, i, job.x_type), job.round, job.saturate);
  if (is_minifloat(job.y_type)) return minifloat_code(job.y_type, load_number<double>(job.x, i, job.x_type), job.saturate);
  if (!is_floating(job.x_type)) return (int)load_integer(job.x, i, job.x_type);
  return to_int32(load_number<double>(job.x, i, job.x_type));
}

__device__ inline void widen(const gcut__cuda_cast_job &job, int64_t i) {
  if (!is_floating(job.x_type) && !is_floating(job.y_type)) {
    int64_t x = load_integer(job.x, i, job.x_type);
    if (job.y_type == T_UINT64) ((int64_t *)job.y)[i] = x;
    else if (job.y_type == T_INT32 || job.y_type == T_UINT32) ((int32_t *)job.y)[i] = (int32_t)x;
    else store_as<int64_t>(job.y, i, job.y_type, job.y_type == T_INT64 || job.y_type == T_BOOL ? x : (int64_t)(int32_t)x);
  } else if (job.y_type == T_FLOAT || job.y_type == T_FLOAT16 || job.y_type == T_BFLOAT16) {
    store_as<float>(job.y, i, job.y_type, load_number<float>(job.x, i, job.x_type));
  } else {
    store_as<double>(job.y, i, job.y_type, load_number<double>(job.x, i, job.x_type));
  }
}

extern "C" __global__ void gcut_cast_narrow(const __grid_constant__ gcut__cuda_cast_job job) {
  bool narrow = job.y_type >= T_E4M3FN;
  int width = narrow_bits(job.y_type), each = narrow ? 8 / width : 1;
  int64_t step = (int64_t)gridDim.x * blockDim.x, n = (job.count + each - 1) / each;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += step) {
    if (!narrow) {
      widen(job, i);
      continue;
    }
    int byte = 0;
    for (int k = 0; k < each && i * each + k < job.count; k++) byte |= (narrowed(job, i * each + k) & ((1 << width) - 1)) << (k * width);
    ((uint8_t *)job.y)[i] = (uint8_t)byte;
  }
}

// ---- weights of a few bits

__device__ inline float nbits_value(const gcut__cuda_nbits_job &job, int64_t row, int64_t k) {
  int64_t own = k / job.block, block = job.grouped ? job.groups[k] : own, zero_bytes = (job.blocks * job.bits + 7) / 8;
  const uint8_t *data = (const uint8_t *)job.b + (row * job.blocks + own) * (job.block / 8 * job.bits);
  if (block < 0 || block >= job.blocks) *job.fault = job.node + 1, block = 0;
  int64_t at = row * job.blocks + block;
  float zero = !job.zeros                  ? (float)(1 << (job.bits - 1))
               : job.zero_type == T_UINT8 ? (float)narrow_code((const uint8_t *)job.zeros + row * zero_bytes, block, job.bits)
                                           : load_as<float>(job.zeros, at, job.zero_type);
  return __fmul_rn((float)narrow_code(data, k - own * job.block, job.bits) - zero, load_as<float>(job.scales, at, job.scale_type));
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

// ---- rows of a quantised table

__device__ inline float block_value(const gcut__cuda_gather_blocks_job &job, const int64_t *index) {
  int64_t at = 0, scale = 0, zero_row = 0, block[8];
  for (int d = 0; d < job.rank; d++) {
    block[d] = d != job.blocked ? index[d] : job.block ? index[d] / job.block : 0;
    at = at * job.dims[d] + index[d];
    scale += block[d] * job.scale_strides[d];
  }
  for (int d = 0; d + 1 < job.rank; d++)
    zero_row = zero_row * (d != job.blocked ? job.dims[d] : job.block ? (job.dims[d] + job.block - 1) / job.block : 1) + block[d];
  int packed = job.type == T_UINT8;
  float x = packed ? (float)narrow_code(job.data, at, job.bits) : (float)load_integer(job.data, at, job.type);
  float zero = packed ? (float)(1 << (job.bits - 1)) : 0.0f;
  int64_t zero_at = zero_row * job.zero_width + block[job.rank - 1];
  if (job.zeros) zero = packed ? (float)narrow_code(job.zeros, zero_at, job.bits) : (float)load_integer(job.zeros, zero_at, job.type);
  return __fmul_rn(x - zero, load_as<float>(job.scales, scale, job.scale_type));
}

extern "C" __global__ void gcut_gather_blocks(const __grid_constant__ gcut__cuda_gather_blocks_job job) {
  int64_t step = (int64_t)gridDim.x * blockDim.x, axis_size = job.dims[job.axis];
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < job.count; i += step) {
    int64_t rest = i / job.inner, inner = i - rest * job.inner, outer = rest / job.n_indices, index[8];
    int64_t at = load_as<int64_t>(job.indices, rest - outer * job.n_indices, job.wide ? T_INT64 : T_INT32);
    if (at < 0) at += axis_size;
    index[job.axis] = at;
    for (int d = job.rank - 1; d > job.axis; d--) index[d] = inner % job.dims[d], inner /= job.dims[d];
    for (int64_t d = job.axis - 1; d >= 0; d--) index[d] = outer % job.dims[d], outer /= job.dims[d];
    store_as<float>(job.y, i, job.y_type, at >= 0 && at < axis_size ? block_value(job, index) : 0.0f);
  }
}
