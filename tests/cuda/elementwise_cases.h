// The cases of elementwise_bench.c: programs, the shapes they run at, and what they compute in
// plain C.
#ifndef GCUT_TESTS_CUDA_ELEMENTWISE_CASES_H
#define GCUT_TESTS_CUDA_ELEMENTWISE_CASES_H

#include "exec/cuda/ops/elementwise_launch.h"

typedef struct elementwise_case {
  const char *name;
  int64_t dims[GCUT_CUDA_ELEMENT_DIMS]; // the last first, up to the first 0
  struct {
    int type;
    int64_t strides[GCUT_CUDA_ELEMENT_DIMS];
  } inputs[GCUT_CUDA_ELEMENT_INPUTS];                     // up to the first without a type
  gcut__cuda_element_step steps[GCUT_CUDA_ELEMENT_STEPS]; // up to the first without one
  double (*formula)(const double *x);                     // of an element of each input
  double limit;                                           // on the relative error
  int shift;                                              // elements by which addresses are off
} elementwise_case;

extern const elementwise_case elementwise_cases[];
extern const int n_elementwise_cases;

#endif
