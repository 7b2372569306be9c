// Indices that come with the data.
#ifndef GCUT_EXEC_CUDA_OPS_INDEX_CUH
#define GCUT_EXEC_CUDA_OPS_INDEX_CUH

#include <stdint.h>

// An index into `limit` elements, counted from the end where negative; -1 and a fault where there is none.
__device__ inline int64_t checked_index(const void *indices, int64_t i, bool wide, int64_t limit, uint32_t *fault, uint32_t node) {
  int64_t index = wide ? ((const int64_t *)indices)[i] : ((const int32_t *)indices)[i];
  if (index < 0) index += limit;
  if (index >= 0 && index < limit) return index;
  *fault = node + 1;
  return -1;
}

#endif
