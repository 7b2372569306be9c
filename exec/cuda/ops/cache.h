// TensorScatter: a cache with new rows written into it. Read by C and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_CACHE_H
#define GCUT_EXEC_CUDA_OPS_CACHE_H

#include <stdint.h>

// y, cache [batch * each][room][inner]; update [batch * each][length][inner], whose rows go to
// positions from starts[batch] on, around the end where circular.
typedef struct gcut__cuda_cache_job {
  int64_t count, each, room, length, inner;
  int32_t size, circular; // size: bytes an element
  uint32_t node;
  const int64_t *starts; // [batch], or NULL: 0
  const void *cache, *update;
  void *y;
  uint32_t *fault;
} gcut__cuda_cache_job;

#endif
