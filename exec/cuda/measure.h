// The rates of a card, of the wire to it, and of the host beside it.
#ifndef GCUT_EXEC_CUDA_MEASURE_H
#define GCUT_EXEC_CUDA_MEASURE_H

#include "exec/cuda/context.h"

// As device.h says: about two seconds of work in about a gigabyte of device memory.
GCUT_MUST_USE gcut_status gcut__cuda_measure(gcut__device *device, gcut_profile *out_profile,
                                             char *description, size_t size, gcut_error *err);

#endif
