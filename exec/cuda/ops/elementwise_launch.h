// Elementwise programs on a card: which kernel walks one, and its launch.
#ifndef GCUT_EXEC_CUDA_OPS_ELEMENTWISE_LAUNCH_H
#define GCUT_EXEC_CUDA_OPS_ELEMENTWISE_LAUNCH_H

#include <stdbool.h>

#include "exec/cuda/context.h"
#include "exec/cuda/ops/elementwise.h"

typedef struct gcut__cuda_elements {
  CUfunction kernel;          // walks the program
  CUfunction compiled;        // the program's own, for aligned operands; or NULL
  bool wide;                  // `kernel` is the one for results of 64 bits
  gcut__cuda_element_job job; // all but the addresses
} gcut__cuda_elements;

// Finds the kernel for e->job, by the program and its sizes alone, and fills in what is the
// launcher's.
GCUT_MUST_USE gcut_status gcut__cuda_elements_load(gcut__cuda *cuda, gcut__cuda_elements *e,
                                                   gcut_error *err);

// `job` is e->job with the addresses of inputs and output, each a multiple of its element's size.
GCUT_MUST_USE gcut_status gcut__cuda_elements_launch(gcut__cuda *cuda, const gcut__cuda_elements *e,
                                                     gcut__cuda_element_job job, CUstream stream,
                                                     gcut_error *err);

// How many operands an instruction has, and the type of a program's input.
int gcut__cuda_element_operands(int op);
int gcut__cuda_element_input_type(const gcut__cuda_element_job *job, int input);

#endif
