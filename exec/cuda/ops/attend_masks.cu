#include "attend_masks.h"
#include "types.cuh"

__device__ inline float mask_of(const gcut__cuda_masks_job &job, int i, int64_t at) {
  if (job.of[i].type != T_BOOL) return load_as<float>(job.of[i].data, at, job.of[i].type);
  return (((const uint8_t *)job.of[i].data)[at] != 0) == (job.of[i].hidden != 0) ? job.of[i].least : 0.0f;
}

extern "C" __global__ void gcut_join_masks(const __grid_constant__ gcut__cuda_masks_job job) {
  const int64_t step = (int64_t)gridDim.x * blockDim.x;
  const float lowest = job.type == T_FLOAT16 ? -65504.0f : job.type == T_BFLOAT16 ? -3.3895314e38f : -3.4028235e38f;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < job.count; i += step) {
    float sum = 0.0f;
    bool finite = true, drowned = false;
    for (int m = 0; m < job.n; m++) {
      int64_t rest = i, at = 0;
      for (int d = 3; d >= 0; d--) {
        at += rest % job.dims[d] * job.of[m].strides[d];
        rest /= job.dims[d];
      }
      const float x = mask_of(job, m, at);
      finite = finite && x != -INFINITY;
      drowned = drowned || x <= job.of[m].drowns;
      sum += x;
    }
    store_as<float>(job.to, i, job.type, finite && (drowned || sum < lowest) ? lowest : sum);
  }
}
