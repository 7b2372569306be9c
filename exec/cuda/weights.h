// Weights of a part on a card: uploaded into its range, or read by kernels in host memory.
#ifndef GCUT_EXEC_CUDA_WEIGHTS_H
#define GCUT_EXEC_CUDA_WEIGHTS_H

#include "exec/cuda/context.h"

// As load and unload of device.h. `offset` is GCUT_ON_HEAP where every weight is read in place.
GCUT_MUST_USE gcut_status gcut__cuda_weights_load(gcut__device *device, gcut__part_weights *weights,
                                                  uint64_t offset, gcut_error *err);
void gcut__cuda_weights_unload(gcut__device *device, gcut__part_weights *weights);

// Where kernels find a weight that is read in place; 0 before the load.
CUdeviceptr gcut__cuda_weight_address(const gcut__part_weights *weights, uint32_t i);

#endif
