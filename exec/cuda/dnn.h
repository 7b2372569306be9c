// Convolutions by cuDNN, opened at run time by the first program that has one; where there is no
// library, or none of its ways will do, they are computed by kernels of our own (ops/conv.c).
//
// A way is chosen by type, shape and card alone: the library's heuristic orders them, and the first
// is taken that always gives the same bits, keeps float32's arithmetic and fits the workspace.
#ifndef GCUT_EXEC_CUDA_DNN_H
#define GCUT_EXEC_CUDA_DNN_H

#include "exec/cuda/driver.h"
#include "exec/cuda/ops/window.h"
#include "graphcut/dtype.h"

typedef struct gcut__cuda_dnn gcut__cuda_dnn;
struct gcut__cuda;         // context.h
struct gcut__cuda_compile; // program.h

// Bytes of device memory that a convolution may use beside its operands.
#define GCUT_CUDA_DNN_WORKSPACE (UINT64_C(64) << 20)

// Images [images][groups * in_channels][far] to [images][groups * out_channels][near] by weights
// [groups * out_channels][in_channels][kernel]; transposed: from near to far, by weights
// [groups * in_channels][out_channels][kernel]. Whole numbers of one width: compared as bytes.
typedef struct gcut__cuda_convolution {
  gcut__cuda_window window;
  int64_t images, groups, in_channels, out_channels; // of a group
  int64_t type;                                      // FLOAT, FLOAT16 or BFLOAT16
  int64_t has_bias;                                  // [groups * out_channels] of the same type
  int64_t transposed;
} gcut__cuda_convolution;

// Sets cuda->dnn, with the card's context current, if nobody did yet. Without a library it has no
// plans, and the device's note says so.
GCUT_MUST_USE gcut_status gcut__cuda_dnn_open(struct gcut__cuda *cuda, gcut_error *err);
void gcut__cuda_dnn_close(gcut__cuda_dnn *dnn);
// Where the library was found, or that there is none, for messages.
const char *gcut__cuda_dnn_name(const gcut__cuda_dnn *dnn);

// Opens the library first. Fills c->step, or leaves it as it is where there is no plan. Operands
// will lie at whole 16 bytes.
GCUT_MUST_USE gcut_status gcut__cuda_dnn_compile(const struct gcut__cuda_compile *c,
                                                 const gcut__cuda_convolution *convolution,
                                                 gcut_error *err);
// Runs every plan once within `bytes` of device memory of any content: the library loads its
// kernels at their first run, which would hold up the queues. Nothing where `dnn` is NULL.
GCUT_MUST_USE gcut_status gcut__cuda_dnn_warm(gcut__cuda_dnn *dnn, CUdeviceptr memory,
                                              uint64_t bytes, CUstream stream, gcut_error *err);

#endif
