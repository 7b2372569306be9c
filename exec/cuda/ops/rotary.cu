#include "rotary.h"
#include "types.cuh"

// The row of cosines of a token.
__device__ inline int64_t turn_row(const gcut__cuda_turn_job &job, int64_t batch, int64_t token) {
  if (job.ids) return job.from_first ? (int64_t)((uint64_t)job.ids[0] + (uint64_t)token) : job.ids[batch * job.length + token];
  return job.positions == job.length ? token : batch * job.length + token;
}

extern "C" __global__ void gcut_turn(const __grid_constant__ gcut__cuda_turn_job job) {
  int64_t count = job.batch * job.length * job.heads * job.size, step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += step) {
    int64_t d = i % job.size, rest = i / job.size, h = rest % job.heads, t = rest / job.heads % job.length;
    int64_t b = rest / job.heads / job.length, row = turn_row(job, b, t);
    int64_t at = b * job.s_batch + h * job.s_head + t * job.s_row;
    if (row < 0 || row >= job.positions) {
      *job.fault = job.node + 1;
      continue;
    }
    float x = load_as<float>(job.x, at + d, job.type);
    if (d < 2 * job.half) {
      int64_t pair = job.interleaved ? d / 2 : d % job.half, second = job.interleaved ? d % 2 : d / job.half;
      int64_t apart = job.interleaved ? 1 : job.half;
      float other = load_as<float>(job.x, at + (second ? d - apart : d + apart), job.type);
      float c = load_as<float>(job.cosine, row * job.half + pair, job.type);
      float s = load_as<float>(job.sine, row * job.half + pair, job.type);
      x = second ? __fadd_rn(__fmul_rn(s, other), __fmul_rn(c, x)) : __fsub_rn(__fmul_rn(c, x), __fmul_rn(s, other));
    }
    store_as<float>(job.y, at + d, job.type, x);
  }
}
