// Values of a few bits become floats, eight neighbours of a row at once: what a model with quantised weights does to all
// of them for every batch, so that it should take no longer than the card's memory does. The results are those of
// quantize.cu's kernels, which take the rest: other types, rows of other lengths.
#include "eight.cuh"
#include "narrow.cuh"
#include "quantize.h"

namespace dequantize {

template <int BITS> struct Word;
template <> struct Word<2> { typedef uint16_t type; };
template <> struct Word<4> { typedef uint32_t type; };
template <> struct Word<8> { typedef uint64_t type; };

// Value j of those in a word, the first in the lowest bits.
template <int BITS> __device__ inline float value_of(typename Word<BITS>::type word, int j, bool is_signed) {
  const uint32_t left = (uint32_t)(word >> (j * BITS)) << (32 - BITS);
  return is_signed ? (float)((int32_t)left >> (32 - BITS)) : (float)(left >> (32 - BITS));
}

__device__ inline Eight load_eight(const void *data, uint64_t at, int type) {
  switch (type) {
  case T_FLOAT: return load8((const float *)data + at);
  case T_FLOAT16: return load8((const __half *)data + at);
  default: return load8((const __nv_bfloat16 *)data + at);
  }
}

__device__ inline void store_eight(void *data, uint64_t at, int type, const Eight &e) {
  switch (type) {
  case T_FLOAT: return store8((float *)data + at, e);
  case T_FLOAT16: return store8((__half *)data + at, e);
  default: return store8((__nv_bfloat16 *)data + at, e);
  }
}

// Scales and zero points of eight columns of a row, each its own.
template <int BITS>
__device__ inline void find_across(const gcut__cuda_dequantize_job &job, uint32_t row, uint32_t eight, Eight *scales, Eight *zeros) {
  const uint32_t outer = row / job.size, line = outer * job.blocks + (row - outer * job.size) / job.block;
  const uint64_t at = (uint64_t)line * job.eights + eight;
  *scales = load_eight(job.scales, at * 8, job.scale_type);
  if (job.zeros && job.zero_type) *zeros = load_eight(job.zeros, at * 8, job.zero_type);
  else if (job.zeros) {
    const typename Word<BITS>::type word = ((const typename Word<BITS>::type *)job.zeros)[at];
#pragma unroll
    for (int j = 0; j < 8; j++) zeros->x[j] = value_of<BITS>(word, j, job.is_signed);
  }
}

// The one of each that they have in common.
template <int BITS>
__device__ inline void find_along(const gcut__cuda_dequantize_job &job, uint32_t row, uint32_t eight, float *scale, float *zero) {
  const uint32_t line = row % job.size, block = eight / job.block;
  const uint64_t at = (uint64_t)line * job.blocks + block;
  *scale = load_as<float>(job.scales, at, job.scale_type);
  if (job.zeros && job.zero_type) *zero = load_as<float>(job.zeros, at, job.zero_type);
  else if (job.zeros) *zero = value_of<BITS>(narrow_code(job.zeros, (uint64_t)line * job.zero_width + block, BITS), 0, job.is_signed);
}

template <int BITS> __device__ inline void run(const gcut__cuda_dequantize_job &job) {
  const uint32_t count = job.rows * job.eights, step = gridDim.x * blockDim.x;
  for (uint64_t i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += step) {
    const uint32_t row = (uint32_t)i / job.eights, eight = (uint32_t)i - row * job.eights;
    const typename Word<BITS>::type word = ((const typename Word<BITS>::type *)job.x)[i];
    float scale = 0, zero = (float)job.middle;
    Eight scales, zeros;
#pragma unroll
    for (int j = 0; j < 8; j++) zeros.x[j] = zero;
    if (job.across) find_across<BITS>(job, row, eight, &scales, &zeros);
    else find_along<BITS>(job, row, eight, &scale, &zero);
    Eight y;
#pragma unroll
    for (int j = 0; j < 8; j++)
      y.x[j] = __fmul_rn(value_of<BITS>(word, j, job.is_signed) - (job.across ? zeros.x[j] : zero), job.across ? scales.x[j] : scale);
    store_eight(job.y, i * 8, job.y_type, y);
  }
}

} // namespace dequantize

extern "C" __global__ void __launch_bounds__(256) gcut_dequantize_eights(const __grid_constant__ gcut__cuda_dequantize_job job) {
  if (job.bits == 2) dequantize::run<2>(job);
  else if (job.bits == 4) dequantize::run<4>(job);
  else dequantize::run<8>(job);
}
