// The CUDA driver, opened at run time: one executable runs with and without a card.
//
// Symbols come from one list, by cuGetProcAddress at the version of the headers: a plain dlsym
// would find old ABIs.
#ifndef GCUT_EXEC_CUDA_DRIVER_H
#define GCUT_EXEC_CUDA_DRIVER_H

#include <cuda.h>

#include "tracer/base/error.h"

// Those that give failures their names come first.
#define GCUT_CUDA_DRIVER_LIST(X)                                                                   \
  X(cuGetErrorName)                                                                                \
  X(cuGetErrorString)                                                                              \
  X(cuInit)                                                                                        \
  X(cuDriverGetVersion)                                                                            \
  X(cuDeviceGet)                                                                                   \
  X(cuDeviceGetCount)                                                                              \
  X(cuDeviceGetName)                                                                               \
  X(cuDeviceGetAttribute)                                                                          \
  X(cuDevicePrimaryCtxRetain)                                                                      \
  X(cuDevicePrimaryCtxRelease)                                                                     \
  X(cuCtxSetCurrent)                                                                               \
  X(cuMemGetInfo)                                                                                  \
  X(cuMemAlloc)                                                                                    \
  X(cuMemFree)                                                                                     \
  X(cuMemHostAlloc)                                                                                \
  X(cuMemFreeHost)                                                                                 \
  X(cuMemHostRegister)                                                                             \
  X(cuMemHostUnregister)                                                                           \
  X(cuMemHostGetDevicePointer)                                                                     \
  X(cuMemcpyHtoDAsync)                                                                             \
  X(cuMemcpyDtoHAsync)                                                                             \
  X(cuMemcpyDtoDAsync)                                                                             \
  X(cuStreamCreate)                                                                                \
  X(cuStreamDestroy)                                                                               \
  X(cuStreamSynchronize)                                                                           \
  X(cuStreamWaitEvent)                                                                             \
  X(cuEventCreate)                                                                                 \
  X(cuEventDestroy)                                                                                \
  X(cuEventRecord)                                                                                 \
  X(cuEventSynchronize)                                                                            \
  X(cuEventElapsedTime)                                                                            \
  X(cuModuleLoadData)                                                                              \
  X(cuModuleUnload)                                                                                \
  X(cuModuleGetFunction)                                                                           \
  X(cuFuncSetAttribute)                                                                            \
  X(cuOccupancyMaxActiveClusters)                                                                  \
  X(cuLaunchKernel)                                                                                \
  X(cuTensorMapEncodeTiled)

typedef struct gcut__cuda_driver {
  void *library;
#define X(name) __typeof__(name) *name;
  GCUT_CUDA_DRIVER_LIST(X)
#undef X
} gcut__cuda_driver;

// GCUT_DEVICE saying why there is none: no library, or one that is too old.
GCUT_MUST_USE gcut_status gcut__cuda_driver_open(gcut__cuda_driver *out, gcut_error *err);
void gcut__cuda_driver_close(gcut__cuda_driver *driver);

// GCUT_OK, or GCUT_DEVICE naming the call and the driver's reason; out of device memory tells so.
GCUT_MUST_USE gcut_status gcut__cuda_check(const gcut__cuda_driver *driver, CUresult result,
                                           const char *call, gcut_error *err);

// Returns on failure, as GCUT_TRY.
#define GCUT_CUDA_TRY(driver, name, ...)                                                           \
  GCUT_TRY(gcut__cuda_check((driver), (driver)->name(__VA_ARGS__), #name, err))

#endif
