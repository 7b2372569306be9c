// An element by element computation as data: what the host fills in and the kernel walks through.
// Read by C and CUDA.
//
// A computation is a chain: an accumulator begins as an element of input 0, and each instruction
// changes it, with an element of another input where it needs one.
#ifndef GCUT_EXEC_CUDA_OPS_ELEMENTWISE_H
#define GCUT_EXEC_CUDA_OPS_ELEMENTWISE_H

#include <stdint.h>

enum { GCUT_CUDA_ELEMENT_DIMS = 6, GCUT_CUDA_ELEMENT_INPUTS = 4, GCUT_CUDA_ELEMENT_STEPS = 8 };

// X(name): what an instruction does to the accumulator a, with b the element of its input. SELECT:
// a ? b : c, c being the element of the input after b's.
// clang-format off
#define GCUT_CUDA_ELEMENT_LIST(X) \
  X(COPY) X(ADD) X(SUB) X(MUL) X(DIV) X(POW) X(MIN) X(MAX) X(MOD) X(FMOD) X(EQUAL) X(LESS) \
  X(GREATER) X(LESS_EQUAL) X(GREATER_EQUAL) X(AND) X(OR) X(XOR) X(NOT) X(SELECT) X(NEG) \
  X(ABS) X(SQRT) X(RECIPROCAL) X(EXP) X(LOG) X(SIN) X(COS) X(TANH) X(SIGMOID) X(ERF) X(RELU) \
  X(FLOOR) X(CEIL) X(ROUND) X(ISNAN) X(SIGN) X(GELU) X(GELU_TANH) X(HARDSIGMOID) \
  X(HARDSWISH) X(LEAKYRELU) X(ELU) X(SOFTPLUS) X(CLIP)
// clang-format on

typedef enum gcut__cuda_element_op {
#define X(name) GCUT_CUDA_ELEMENT_##name,
  GCUT_CUDA_ELEMENT_LIST(X)
#undef X
} gcut__cuda_element_op;

typedef struct gcut__cuda_element_input {
  const void *data;
  int32_t type;                            // gcut_dtype
  int64_t strides[GCUT_CUDA_ELEMENT_DIMS]; // elements, by dimension of the output; 0 repeats
} gcut__cuda_element_input;

typedef struct gcut__cuda_element_step {
  int32_t op;    // gcut__cuda_element_op
  int32_t input; // of b; unused by instructions of one operand
  float alpha, beta;
} gcut__cuda_element_step;

typedef struct gcut__cuda_element_job {
  int64_t count;
  int64_t dims[GCUT_CUDA_ELEMENT_DIMS];  // of the output, collapsed; [rank]
  int32_t rank, n_inputs, n_steps, type; // of the output
  int32_t flat;                          // every input is laid out as the output, or one element
  gcut__cuda_element_input inputs[GCUT_CUDA_ELEMENT_INPUTS];
  gcut__cuda_element_step steps[GCUT_CUDA_ELEMENT_STEPS];
  void *output;
} gcut__cuda_element_job;

#endif
