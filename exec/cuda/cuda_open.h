// The calls that the rest of exec/ makes of this folder.
#ifndef GCUT_EXEC_CUDA_CUDA_OPEN_H
#define GCUT_EXEC_CUDA_CUDA_OPEN_H

#include "exec/device.h"

// "cuda" or "cuda:N". GCUT_DEVICE where there is no card, driver or library, and which.
GCUT_MUST_USE gcut_status gcut__cuda_device_create(const char *name, gcut__device **out_device,
                                                   gcut_error *err);
// Whether there are a driver and a card; *err says why not. Takes no context.
GCUT_MUST_USE gcut_status gcut__cuda_probe(gcut_error *err);
// Whether an operator has a kernel for cards, for some types and shapes at least.
bool gcut__cuda_has_kernel(const char *domain, const char *name);

#endif
