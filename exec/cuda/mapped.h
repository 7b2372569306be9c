// Weights that kernels read in host memory, where their file is mapped.
//
// The pages of a read-only mapping are registered with the driver as they are: nothing is
// duplicated. Files are registered in chunks of a fixed size, because parts meet within a page. A
// chunk stays registered for the passes to come, until so much is that the host would run short:
// then those go that nothing uses.
#ifndef GCUT_EXEC_CUDA_MAPPED_H
#define GCUT_EXEC_CUDA_MAPPED_H

#include "exec/cuda/context.h"

GCUT_MUST_USE gcut_status gcut__cuda_chunks_create(gcut__cuda *cuda, gcut__cuda_chunks **out_chunks,
                                                   gcut_error *err);
// No copy is under way any more.
void gcut__cuda_chunks_destroy(gcut__cuda_chunks *chunks);

// Registers a range for kernels to read where it lies, until gcut__cuda_chunks_release.
// *out_address is 0 where the driver refused, or has no one range of addresses for it; to be
// released all the same.
GCUT_MUST_USE gcut_status gcut__cuda_chunks_map(gcut__cuda_chunks *chunks, const gcut_file *file,
                                                uint64_t offset, uint64_t bytes,
                                                CUdeviceptr *out_address, gcut_error *err);
void gcut__cuda_chunks_release(gcut__cuda_chunks *chunks, const gcut_file *file, uint64_t offset,
                               uint64_t bytes);

#endif
