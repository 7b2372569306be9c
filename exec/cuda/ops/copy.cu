#include "copy.h"

template <typename T> __device__ inline void move(const gcut__cuda_copy_job &job) {
  int64_t step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < job.count; i += step) {
    int64_t rest = i, from = job.from_offset, to = job.to_offset;
    for (int d = job.rank - 1; d >= 0; d--) {
      int64_t dim = job.dims[d], next = job.count < INT32_MAX ? (int64_t)((uint32_t)rest / (uint32_t)dim) : rest / dim;
      int64_t index = rest - next * dim;
      from += index * job.from_strides[d];
      to += index * job.to_strides[d];
      rest = next;
    }
    ((T *)job.to)[to] = ((const T *)job.from)[from];
  }
}

extern "C" __global__ void gcut_copy(const __grid_constant__ gcut__cuda_copy_job job) {
  switch (job.size) {
  case 1: move<uint8_t>(job); break;
  case 2: move<uint16_t>(job); break;
  case 4: move<uint32_t>(job); break;
  default: move<uint64_t>(job); break;
  }
}
