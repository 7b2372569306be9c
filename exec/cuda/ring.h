// Uploading bytes that cannot be registered: through a small ring of pinned memory.
#ifndef GCUT_EXEC_CUDA_RING_H
#define GCUT_EXEC_CUDA_RING_H

#include "exec/cuda/driver.h"

enum { GCUT_CUDA_RING_SLOTS = 4 };

typedef struct gcut__cuda_ring {
  uint8_t *memory; // pinned; NULL until something goes through it
  CUevent done[GCUT_CUDA_RING_SLOTS];
  uint32_t next;
} gcut__cuda_ring;

// Returns when the bytes are in the ring; the copies end in order on the stream. From one thread at
// a time.
GCUT_MUST_USE gcut_status gcut__cuda_ring_upload(const gcut__cuda_driver *driver,
                                                 gcut__cuda_ring *ring, const void *data,
                                                 uint64_t bytes, CUdeviceptr to, CUstream stream,
                                                 gcut_error *err);
void gcut__cuda_ring_free(const gcut__cuda_driver *driver, gcut__cuda_ring *ring);

#endif
