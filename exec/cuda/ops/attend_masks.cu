// Masks of attention made one: a warp takes a row, and finds once where it lies in each.
#include "attend_masks.h"
#include "types.cuh"

__device__ inline float mask_of(const gcut__cuda_masks_job &job, int i, int64_t at) {
  if (job.of[i].type != T_BOOL) return load_as<float>(job.of[i].data, at, job.of[i].type) * job.of[i].factor;
  return (((const uint8_t *)job.of[i].data)[at] != 0) == (job.of[i].hidden != 0) ? job.of[i].least : 0.0f;
}

// What the masks make of an element, `at` that is in each.
__device__ inline float join(const gcut__cuda_masks_job &job, float lowest, const int64_t *at) {
  float sum = 0.0f;
  bool finite = true, drowned = false;
#pragma unroll
  for (int m = 0; m < 2; m++) {
    if (m >= job.n) continue;
    const float x = mask_of(job, m, at[m]);
    finite = finite && x != -INFINITY;
    drowned = drowned || x <= job.of[m].drowns;
    sum += x;
  }
  return finite && (drowned || sum < lowest) ? lowest : sum;
}

extern "C" __global__ void gcut_join_masks(const __grid_constant__ gcut__cuda_masks_job job) {
  const int64_t warp = ((int64_t)blockIdx.x * blockDim.x + threadIdx.x) / 32, warps = (int64_t)gridDim.x * blockDim.x / 32;
  const int64_t columns = job.dims[3], rows = job.count / columns;
  const float lowest = job.type == T_FLOAT16 ? -65504.0f : job.type == T_BFLOAT16 ? -3.3895314e38f : -3.4028235e38f;
  for (int64_t row = warp; row < rows; row += warps) {
    const int64_t q = row % job.dims[2], h = row / job.dims[2] % job.dims[1], b = row / job.dims[2] / job.dims[1];
    for (int64_t c = threadIdx.x % 32; c < columns; c += 32) {
      int64_t at[2];
#pragma unroll
      for (int m = 0; m < 2; m++)
        at[m] = b * job.of[m].strides[0] + h * job.of[m].strides[1] + q * job.of[m].strides[2] + c * job.of[m].strides[3];
      store_as<float>(job.to, row * job.pitch + c, job.type, join(job, lowest, at));
    }
  }
}
