// The one call that the rest of exec/ makes of this folder.
#ifndef GCUT_EXEC_CUDA_CUDA_OPEN_H
#define GCUT_EXEC_CUDA_CUDA_OPEN_H

#include "exec/device.h"

// "cuda" or "cuda:N". GCUT_DEVICE where there is no card, driver or library, and which.
GCUT_MUST_USE gcut_status gcut__cuda_device_create(const char *name, gcut__device **out_device,
                                                   gcut_error *err);

#endif
