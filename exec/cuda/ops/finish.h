// What becomes of a product of 16 bits before it is stored, as data. Read by C and CUDA.
//
// In this order: a vector may be added to each row, instructions may follow, a matrix may be added.
// Each result is rounded to the product's type: so the bits are those of the nodes one by one.
#ifndef GCUT_EXEC_CUDA_OPS_FINISH_H
#define GCUT_EXEC_CUDA_OPS_FINISH_H

#include "elementwise.h"

typedef enum gcut__cuda_finish {
  GCUT_CUDA_FINISH_NONE,
  GCUT_CUDA_FINISH_ADD,    // the sums alone
  GCUT_CUDA_FINISH_SWIGLU, // of two sides, gate and up, into one: round(g * round(sigmoid(g))) * u
  GCUT_CUDA_FINISH_STEPS,  // instructions, too
} gcut__cuda_finish;

// Instructions do something to what there is, those of two operands with something else. DIV: by a
// number of 1 to 32,768, whose reciprocal is q; POW: by the numbers 2 and 3. Beside these, which
// are instructions of elementwise programs, too, LOAD brings the other operand.
// clang-format off
#define GCUT_CUDA_FINISH_TWO(X) X(ADD) X(SUB) X(MUL) X(MIN) X(MAX)
#define GCUT_CUDA_FINISH_ONE(X) \
  X(DIV) X(POW) X(COPY) X(RELU) X(LEAKYRELU) X(CLIP) X(TANH) X(ERF) X(QUICK_SIGMOID) X(GELU) \
  X(GELU_TANH) X(SWISH)
// clang-format on
typedef enum gcut__cuda_finish_op {
#define X(name) GCUT_CUDA_FINISH_OP_##name,
  GCUT_CUDA_FINISH_TWO(X) GCUT_CUDA_FINISH_ONE(X)
#undef X
      GCUT_CUDA_FINISH_OP_LOAD,
} gcut__cuda_finish_op;

// The other operand: a slot by its number, or
enum { GCUT_CUDA_FINISH_SLOTS = 2, GCUT_CUDA_FINISH_ITSELF, GCUT_CUDA_FINISH_NUMBER }; // NUMBER: p
enum { GCUT_CUDA_FINISH_STEPS_MOST = 24 };

typedef struct gcut__cuda_finish_step {
  uint8_t op, with;
  int8_t keep; // the slot that the result goes to, or -1
  float p, q;  // the instruction's numbers
} gcut__cuda_finish_step;

typedef struct gcut__cuda_finish_program {
  int32_t adds_vector; // to what was rounded; else vectors are added to sums
  int32_t keep;        // the slot for what instructions begin with, or -1
  int32_t n_steps;
  gcut__cuda_finish_step steps[GCUT_CUDA_FINISH_STEPS_MOST];
} gcut__cuda_finish_program;

#endif
