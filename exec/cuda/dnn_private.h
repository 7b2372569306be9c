// What the library's files share: its functions, and what a plan consists of.
#ifndef GCUT_EXEC_CUDA_DNN_PRIVATE_H
#define GCUT_EXEC_CUDA_DNN_PRIVATE_H

#include <cudnn_graph.h>

#include "exec/cuda/dnn.h"

#define GCUT_CUDA_DNN_LIST(X)                                                                      \
  X(cudnnCreate)                                                                                   \
  X(cudnnDestroy)                                                                                  \
  X(cudnnSetStream)                                                                                \
  X(cudnnGetErrorString)                                                                           \
  X(cudnnBackendCreateDescriptor)                                                                  \
  X(cudnnBackendDestroyDescriptor)                                                                 \
  X(cudnnBackendSetAttribute)                                                                      \
  X(cudnnBackendGetAttribute)                                                                      \
  X(cudnnBackendFinalize)                                                                          \
  X(cudnnBackendExecute)

enum { GCUT_CUDA_DNN_DESCRIPTORS = 96 };
// Numbers of tensors; the sum lies within the graph.
enum {
  GCUT_CUDA_DNN_X = 1,
  GCUT_CUDA_DNN_W,
  GCUT_CUDA_DNN_BIAS,
  GCUT_CUDA_DNN_Y,
  GCUT_CUDA_DNN_SUM
};

typedef struct gcut__cuda_dnn_plan gcut__cuda_dnn_plan;
struct gcut__cuda_dnn_plan { // a way to compute a convolution
  gcut__cuda_convolution what;
  cudnnBackendDescriptor_t
      made[GCUT_CUDA_DNN_DESCRIPTORS]; // all that it consists of, users behind what they use
  int n_made;
  cudnnBackendDescriptor_t ready; // NULL: the library has none
  uint64_t workspace;
  gcut__cuda_dnn_plan *next;
};

struct gcut__cuda_dnn {
  void *library; // NULL: there is none
  const char *name;
#define X(name) __typeof__(name) *name;
  GCUT_CUDA_DNN_LIST(X)
#undef X
  cudnnHandle_t handle;
  gcut__cuda_dnn_plan *plans;
};

// Fills plan->ready and plan->workspace by plan->what, where the library has an engine for it.
void gcut__cuda_dnn_fill(const gcut__cuda_dnn *dnn, gcut__cuda_dnn_plan *plan);
// Gives back all but the first n of what a plan consists of.
void gcut__cuda_dnn_shrink(const gcut__cuda_dnn *dnn, gcut__cuda_dnn_plan *plan, int n);

#endif
