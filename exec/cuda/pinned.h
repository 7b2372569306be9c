// Host memory that copies of the card read and write: huge pages, brought in by several threads and
// then registered, in a fifth of the time that the driver's own allocator takes. Where the system
// or the driver refuses, that allocator serves.
#ifndef GCUT_EXEC_CUDA_PINNED_H
#define GCUT_EXEC_CUDA_PINNED_H

#include <stdbool.h>

#include "exec/cuda/driver.h"

typedef struct gcut__cuda_pinned {
  void *data;
  uint64_t bytes;
  bool registered; // ours; else the driver's
} gcut__cuda_pinned;

// GCUT_DEVICE where there is no such memory; to be freed all the same. The context is current.
GCUT_MUST_USE gcut_status gcut__cuda_pinned_take(const gcut__cuda_driver *driver, uint64_t bytes,
                                                 gcut__cuda_pinned *out, gcut_error *err);
void gcut__cuda_pinned_free(const gcut__cuda_driver *driver, gcut__cuda_pinned *p);

#endif
