// Uploading weights from mapped files in place.
//
// The pages of a read-only mapping are registered with the driver as they are, so that copies run
// at the wire's speed and nothing is duplicated in host memory. Files are registered in chunks of a
// fixed size, because parts meet within a page. A chunk stays registered for the passes to come,
// until so much is that the host would run short: then those go that nothing uses. Where the driver
// refuses (an old kernel, a file system without pages), the bytes go through a small pinned ring
// instead.
#ifndef GCUT_EXEC_CUDA_MAPPED_H
#define GCUT_EXEC_CUDA_MAPPED_H

#include "exec/cuda/context.h"

GCUT_MUST_USE gcut_status gcut__cuda_chunks_create(gcut__cuda *cuda, gcut__cuda_chunks **out_chunks,
                                                   gcut_error *err);
// No copy is under way any more.
void gcut__cuda_chunks_destroy(gcut__cuda_chunks *chunks);

// Registers the chunks under a range of a file, and puts its copy to the device on the queue of
// weights. Pages that are not in memory are read first.
GCUT_MUST_USE gcut_status gcut__cuda_chunks_upload(gcut__cuda_chunks *chunks, const gcut_file *file,
                                                   uint64_t offset, uint64_t bytes, CUdeviceptr to,
                                                   gcut_error *err);
// The same for bytes in plain memory: through the ring.
GCUT_MUST_USE gcut_status gcut__cuda_chunks_upload_memory(gcut__cuda_chunks *chunks,
                                                          const void *data, uint64_t bytes,
                                                          CUdeviceptr to, gcut_error *err);
// Registers a range for kernels to read where it lies, until gcut__cuda_chunks_release.
// *out_address is 0 where the driver refused, or has no one range of addresses for it; to be
// released all the same.
GCUT_MUST_USE gcut_status gcut__cuda_chunks_map(gcut__cuda_chunks *chunks, const gcut_file *file,
                                                uint64_t offset, uint64_t bytes,
                                                CUdeviceptr *out_address, gcut_error *err);
void gcut__cuda_chunks_release(gcut__cuda_chunks *chunks, const gcut_file *file, uint64_t offset,
                               uint64_t bytes);

#endif
