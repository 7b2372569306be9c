// Our own kernels: compiled by nvcc into fat binaries that lie in the executable, found by name;
// and those that the driver compiles while the program runs.
#ifndef GCUT_EXEC_CUDA_KERNELS_H
#define GCUT_EXEC_CUDA_KERNELS_H

#include "exec/cuda/context.h"

// Into cuda->kernels. GCUT_DEVICE where the card is one that the executable was not built for; to
// be unloaded all the same.
GCUT_MUST_USE gcut_status gcut__cuda_kernels_load(gcut__cuda *cuda, gcut_error *err);
void gcut__cuda_kernels_unload(gcut__cuda *cuda, gcut__cuda_kernels *kernels);

// A kernel by its C name. A name that is none is a bug: GCUT_DEVICE naming it. Safe from several
// threads.
GCUT_MUST_USE gcut_status gcut__cuda_kernel(gcut__cuda *cuda, const char *name, CUfunction *out,
                                            gcut_error *err);

// The kernel "program" of a text in the card's assembly, which the driver compiles once; *out is
// NULL where it does not. Safe from several threads.
GCUT_MUST_USE gcut_status gcut__cuda_compiled(gcut__cuda *cuda, const char *text, CUfunction *out,
                                              gcut_error *err);

// Launches over a grid with `shared` bytes of dynamic shared memory; `arguments` as cuLaunchKernel
// takes them.
GCUT_MUST_USE gcut_status gcut__cuda_launch(gcut__cuda *cuda, CUfunction kernel,
                                            const uint32_t grid[3], uint32_t threads,
                                            uint32_t shared, CUstream stream, void **arguments,
                                            gcut_error *err);

#endif
