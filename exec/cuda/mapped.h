// Uploading weights from mapped files in place.
//
// The pages of a read-only mapping are registered with the driver as they are, so that copies run
// at the wire's speed and nothing is duplicated in host memory. Files are registered in chunks of a
// fixed size, counted by the parts that use them, because parts meet within a page. Where the
// driver refuses (an old kernel, a file system without pages), the bytes go through a small pinned
// ring instead.
#ifndef GCUT_EXEC_CUDA_MAPPED_H
#define GCUT_EXEC_CUDA_MAPPED_H

#include "exec/cuda/context.h"

GCUT_MUST_USE gcut_status gcut__cuda_chunks_create(gcut__cuda *cuda, gcut__cuda_chunks **out_chunks,
                                                   gcut_error *err);
void gcut__cuda_chunks_destroy(gcut__cuda_chunks *chunks);

// Registers the chunks under a range of a file, and puts its copy to the device on the stream.
// Pages that are not in memory are read first. The range stays registered until
// gcut__cuda_chunks_release.
GCUT_MUST_USE gcut_status gcut__cuda_chunks_upload(gcut__cuda_chunks *chunks, const gcut_file *file,
                                                   uint64_t offset, uint64_t bytes, CUdeviceptr to,
                                                   CUstream stream, gcut_error *err);
// The same for bytes in plain memory: through the ring.
GCUT_MUST_USE gcut_status gcut__cuda_chunks_upload_memory(gcut__cuda_chunks *chunks,
                                                          const void *data, uint64_t bytes,
                                                          CUdeviceptr to, CUstream stream,
                                                          gcut_error *err);
// Registers a range for kernels to read where it lies. *out_address is 0 where the driver refused,
// or has no one range of addresses for it; to be released all the same.
GCUT_MUST_USE gcut_status gcut__cuda_chunks_map(gcut__cuda_chunks *chunks, const gcut_file *file,
                                                uint64_t offset, uint64_t bytes,
                                                CUdeviceptr *out_address, gcut_error *err);
void gcut__cuda_chunks_release(gcut__cuda_chunks *chunks, const gcut_file *file, uint64_t offset,
                               uint64_t bytes);

#endif
