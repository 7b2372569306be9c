// A thread an element of the result, which is of the update or of the cache.
#include "cache.h"

// The row of the update that lies at a position, or -1.
__device__ inline int64_t update_row(const gcut__cuda_cache_job &job, int64_t batch, int64_t position) {
  int64_t start = job.starts ? job.starts[batch] : 0;
  if (job.circular) start = (start % job.room + job.room) % job.room;
  if (start < 0 || (!job.circular && start > job.room - job.length)) {
    *job.fault = job.node + 1;
    return -1;
  }
  int64_t row = position - start;
  if (job.circular && row < 0) row += job.room;
  return row >= 0 && row < job.length ? row : -1;
}

template <typename T> __device__ inline void scatter_rows(const gcut__cuda_cache_job &job) {
  int64_t step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < job.count; i += step) {
    int64_t line = i / job.inner, prefix = line / job.room, row = update_row(job, prefix / job.each, line - prefix * job.room);
    ((T *)job.y)[i] = row < 0 ? ((const T *)job.cache)[i] : ((const T *)job.update)[(prefix * job.length + row) * job.inner + (i - line * job.inner)];
  }
}

extern "C" __global__ void gcut_tensor_scatter(const __grid_constant__ gcut__cuda_cache_job job) {
  switch (job.size) {
  case 1: scatter_rows<uint8_t>(job); break;
  case 2: scatter_rows<uint16_t>(job); break;
  case 4: scatter_rows<uint32_t>(job); break;
  default: scatter_rows<uint64_t>(job); break;
  }
}
