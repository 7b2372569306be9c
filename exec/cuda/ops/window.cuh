// Where windows meet images.
#ifndef GCUT_EXEC_CUDA_OPS_WINDOW_CUH
#define GCUT_EXEC_CUDA_OPS_WINDOW_CUH

#include "window.h"

#define FOR_EACH_ELEMENT(i, count) \
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < (count); i += (int64_t)gridDim.x * blockDim.x)

struct Spot {
  int64_t d[GCUT_CUDA_WINDOW_DIMS];
};

__device__ inline Spot spot_of(int64_t i, const int64_t *dims) {
  Spot s;
#pragma unroll
  for (int a = GCUT_CUDA_WINDOW_DIMS - 1; a >= 0; a--) {
    int64_t next = (uint64_t)(i | dims[a]) >> 32 ? i / dims[a] : (int64_t)((uint32_t)i / (uint32_t)dims[a]);
    s.d[a] = i - next * dims[a];
    i = next;
  }
  return s;
}

// The far element that kernel element k meets at o; -1 in the padding.
__device__ inline int64_t far_of(const gcut__cuda_window &w, const Spot &o, const Spot &k) {
  int64_t at = 0;
#pragma unroll
  for (int a = 0; a < GCUT_CUDA_WINDOW_DIMS; a++) {
    int64_t i = o.d[a] * w.stride[a] - w.begin[a] + k.d[a] * w.dilation[a];
    if (i < 0 || i >= w.far[a]) return -1;
    at = at * w.far[a] + i;
  }
  return at;
}

// The near element that meets far element i through k; -1 where there is none.
__device__ inline int64_t near_of(const gcut__cuda_window &w, const Spot &i, const Spot &k) {
  int64_t at = 0;
#pragma unroll
  for (int a = 0; a < GCUT_CUDA_WINDOW_DIMS; a++) {
    int64_t o = i.d[a] + w.begin[a] - k.d[a] * w.dilation[a];
    if (o < 0 || o % w.stride[a] != 0 || o / w.stride[a] >= w.near[a]) return -1;
    at = at * w.near[a] + o / w.stride[a];
  }
  return at;
}

#endif
