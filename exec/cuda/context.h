// A CUDA device as this folder sees it: context, streams, slab, kernels, libraries.
#ifndef GCUT_EXEC_CUDA_CONTEXT_H
#define GCUT_EXEC_CUDA_CONTEXT_H

#include <pthread.h>

#include "exec/cuda/blas.h"
#include "exec/cuda/cuda_open.h"
#include "exec/cuda/dnn.h"
#include "exec/cuda/driver.h"
#include "exec/cuda/pinned.h"
#include "exec/device.h"
#include "tracer/base/arena.h"

typedef struct gcut__cuda_chunks gcut__cuda_chunks;   // mapped.h
typedef struct gcut__cuda_kernels gcut__cuda_kernels; // kernels.h
typedef struct gcut__cuda_ring gcut__cuda_ring;       // ring.h

typedef struct gcut__cuda {
  gcut__device base;
  gcut__cuda_driver driver;
  CUdevice device;
  CUcontext context;
  CUstream streams[GCUT_N_QUEUES]; // NULL for queues of the host
  CUevent start;                   // what times are counted from
  CUdeviceptr slab;
  uint64_t slab_bytes;
  gcut__cuda_pinned host;
  gcut__cuda_blas *blas;
  gcut__cuda_dnn *dnn; // NULL until a program has a convolution
  gcut__cuda_kernels *kernels;
  gcut__cuda_chunks *chunks;
  gcut__cuda_ring *ring;
  gcut__device *cpu;        // runs the nodes that have no kernel here
  const gcut_graph *graph;  // of the programs
  int processors;           // multiprocessors
  bool has_wide_products;   // kernels for products on Hopper
  volatile uint32_t *fault; // pinned: a kernel met bad data in node *fault - 1
  CUdeviceptr fault_device; // the same for kernels
} gcut__cuda;

// Makes the device's context current in this thread. Every entry point of the device begins with
// it.
GCUT_MUST_USE gcut_status gcut__cuda_enter(gcut__cuda *cuda, gcut_error *err);
// The card's compute capability, as 9 and 0.
GCUT_MUST_USE gcut_status gcut__cuda_capability(const gcut__cuda *cuda, int *out_major,
                                                int *out_minor, gcut_error *err);

#endif
