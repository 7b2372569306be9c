// Uploading host memory through a ring of pinned memory that several threads fill.
//
// Pages of a file could be registered with the driver where they are and copied from there; that
// was built and measured first. Registering runs at 28 to 48 GB/s, holds the driver's lock so that
// launches wait, and what was registered must be given up again where a model is larger than
// memory. A dozen threads that copy come near the wire's own rate from the first byte on, hold up
// nothing, and use 64 MiB whatever the model's size.
#ifndef GCUT_EXEC_CUDA_RING_H
#define GCUT_EXEC_CUDA_RING_H

#include "exec/cuda/context.h"

// Bytes in host memory (or in a mapped file) and where they go.
typedef struct gcut__cuda_upload {
  const uint8_t *data;
  uint64_t bytes;
  CUdeviceptr to;
} gcut__cuda_upload;

// For uploads into so many bytes of device memory. To be destroyed on failure, too.
GCUT_MUST_USE gcut_status gcut__cuda_ring_create(gcut__cuda *cuda, uint64_t bytes,
                                                 gcut__cuda_ring **out_ring, gcut_error *err);
// No copy is under way any more.
void gcut__cuda_ring_destroy(gcut__cuda_ring *ring);

// Returns when all bytes have been read; the copies to the card end in order with what follows on
// the stream. From one thread at a time.
GCUT_MUST_USE gcut_status gcut__cuda_ring_upload(gcut__cuda_ring *ring,
                                                 const gcut__cuda_upload *uploads, uint32_t n,
                                                 CUstream stream, gcut_error *err);

#endif
