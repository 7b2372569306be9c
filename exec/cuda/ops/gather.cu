#include "gather.h"
#include "index.cuh"
#include "types.cuh"

// a / b, in 32 bits where both fit.
__device__ inline int64_t quick_quotient(int64_t a, int64_t b) {
  return (uint64_t)(a | b) >> 32 ? a / b : (int64_t)((uint32_t)a / (uint32_t)b);
}

// `work`, a functor of a type of so many bytes.
#define BY_SIZE(size, work) \
  switch (size) { \
  case 1: work(uint8_t); break; \
  case 2: work(uint16_t); break; \
  case 4: work(uint32_t); break; \
  case 8: work(uint64_t); break; \
  default: work(uint4); break; \
  }

template <typename T> __device__ inline void pick(const gcut__cuda_gather_job &job) {
  int64_t row = job.inner, count = job.outer * job.n_indices * row, step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += step) {
    int64_t rows = quick_quotient(i, row), e = i - rows * row, outer = quick_quotient(rows, job.n_indices);
    int64_t index = checked_index(job.indices, rows - outer * job.n_indices, job.wide, job.axis, job.fault, job.node);
    if (index >= 0) ((T *)job.to)[i] = ((const T *)job.from)[(outer * job.axis + index) * row + e];
  }
}

extern "C" __global__ void gcut_gather(const __grid_constant__ gcut__cuda_gather_job job) {
#define PICK(T) pick<T>(job)
  BY_SIZE(job.size, PICK)
}

template <typename T> __device__ inline void pick_nd(const gcut__cuda_gather_nd_job &job) {
  int64_t count = job.batches * job.tuples * job.inner, step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += step) {
    int64_t tuple = quick_quotient(i, job.inner), e = i - tuple * job.inner, batch = quick_quotient(tuple, job.tuples);
    int64_t at = batch * job.slab + e;
    bool good = true;
    for (int d = 0; d < job.depth; d++) {
      int64_t index = checked_index(job.indices, tuple * job.depth + d, true, job.dims[d], job.fault, job.node);
      good = good && index >= 0;
      at += index * job.strides[d];
    }
    if (good) ((T *)job.to)[i] = ((const T *)job.from)[at];
  }
}

extern "C" __global__ void gcut_gather_nd(const __grid_constant__ gcut__cuda_gather_nd_job job) {
#define PICK_ND(T) pick_nd<T>(job)
  BY_SIZE(job.size, PICK_ND)
}

template <typename T> __device__ inline void pick_elements(const gcut__cuda_gather_elements_job &job) {
  int64_t step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < job.count; i += step) {
    int64_t rest = i, at = 0;
    for (int d = job.rank - 1; d >= 0; d--) {
      int64_t next = quick_quotient(rest, job.dims[d]);
      if (d != job.axis) at += (rest - next * job.dims[d]) * job.strides[d];
      rest = next;
    }
    int64_t index = checked_index(job.indices, i, job.wide, job.limit, job.fault, job.node);
    if (index >= 0) ((T *)job.to)[i] = ((const T *)job.from)[at + index * job.strides[job.axis]];
  }
}

extern "C" __global__ void gcut_gather_elements(const __grid_constant__ gcut__cuda_gather_elements_job job) {
#define PICK_ELEMENTS(T) pick_elements<T>(job)
  BY_SIZE(job.size, PICK_ELEMENTS)
}
