// An element by element computation as data: what the host fills in and the kernel walks through.
// Read by C and CUDA.
//
// A program of a few instructions, over elements of up to eight inputs that repeat by strides.
// Every instruction names its operands and the type that its result is rounded to, so the bits are
// those of the nodes one by one. A thread computes groups of four neighbours in a row of the
// output: where they are neighbours in an input, too, one load brings them.
#ifndef GCUT_EXEC_CUDA_OPS_ELEMENTWISE_H
#define GCUT_EXEC_CUDA_OPS_ELEMENTWISE_H

#include <stdint.h>

enum {
  GCUT_CUDA_ELEMENT_DIMS = 6,
  GCUT_CUDA_ELEMENT_INPUTS = 8,
  GCUT_CUDA_ELEMENT_STEPS = 16,
  GCUT_CUDA_ELEMENT_SLOTS = 4,
  GCUT_CUDA_ELEMENT_THREADS = 256,
  GCUT_CUDA_ELEMENT_LANES = 4, // elements of a group
  // Groups that a thread has in hand, by kernel.
  GCUT_CUDA_ELEMENT_GROUPS = 2,
  GCUT_CUDA_ELEMENT_WIDE_GROUPS = 1,
};

// What instructions do, with operands a, b, c; p and q are the instruction's numbers. LIGHT ones
// are a handful of machine instructions each, which most programs are made of: a kernel of their
// own stays in the instruction cache. HEAVY ones are called, a lane at a time.
// clang-format off
// X(name): of a
#define GCUT_CUDA_ELEMENT_LIGHT(X) \
  X(COPY) X(NOT) X(NEG) X(ABS) X(SIGN) X(RELU) X(BITNOT) X(FLOOR) X(CEIL) X(ROUND) X(ISNAN) \
  X(ISINF) X(LEAKYRELU) X(THRESHOLDEDRELU) X(SHRINK) X(CLIP)
#define GCUT_CUDA_ELEMENT_MIDDLE(X) X(SQRT) X(RECIPROCAL) X(EXP) X(SIGMOID) X(QUICK_SIGMOID)
#define GCUT_CUDA_ELEMENT_HEAVY(X) \
  X(LOG) X(SIN) X(COS) X(TAN) X(ASIN) X(ACOS) X(ATAN) X(SINH) X(COSH) X(TANH) X(ASINH) X(ACOSH) \
  X(ATANH) X(ERF) X(GELU) X(GELU_TANH) X(HARDSIGMOID) X(HARDSWISH) X(ELU) X(CELU) X(SELU) \
  X(SOFTPLUS) X(SOFTSIGN) X(MISH) X(SWISH) X(SCALE)
// Of a and b.
#define GCUT_CUDA_ELEMENT_TWO_LIGHT(X) \
  X(ADD) X(SUB) X(MUL) X(MIN) X(MAX) X(EQUAL) X(LESS) X(GREATER) X(LESS_EQUAL) \
  X(GREATER_EQUAL) X(AND) X(OR) X(XOR) X(BITAND) X(BITOR) X(BITXOR) X(SHIFT_LEFT) \
  X(SHIFT_RIGHT) X(PRELU)
#define GCUT_CUDA_ELEMENT_TWO_HEAVY(X) X(DIV) X(POW) X(MOD) X(FMOD)
// clang-format on

// SELECT: a ? b : c.
typedef enum gcut__cuda_element_op {
#define X(name) GCUT_CUDA_ELEMENT_##name,
  GCUT_CUDA_ELEMENT_LIGHT(X) GCUT_CUDA_ELEMENT_MIDDLE(X) GCUT_CUDA_ELEMENT_HEAVY(X)
      GCUT_CUDA_ELEMENT_TWO_LIGHT(X) GCUT_CUDA_ELEMENT_TWO_HEAVY(X)
#undef X
          GCUT_CUDA_ELEMENT_SELECT,
} gcut__cuda_element_op;

// What an instruction computes in.
typedef enum gcut__cuda_element_class {
  GCUT_CUDA_ELEMENT_FLOAT, // float32: also for float16 and bfloat16
  GCUT_CUDA_ELEMENT_INT,   // int64: for every integer and for bool
  GCUT_CUDA_ELEMENT_DOUBLE,
  // int32: what the launcher makes of INT where operands and result are signed integers of 32 bits
  // at most, unsigned ones of 16, or bool: arithmetic modulo a power of two gives the same bits.
  GCUT_CUDA_ELEMENT_NARROW,
} gcut__cuda_element_class;

// Where an operand is: an input, a slot, or the result of the instruction before.
enum { GCUT_CUDA_ELEMENT_SLOT = 8, GCUT_CUDA_ELEMENT_BEFORE = 16 };
typedef struct gcut__cuda_element_operand {
  uint8_t where; // input < 8, GCUT_CUDA_ELEMENT_SLOT + slot, GCUT_CUDA_ELEMENT_BEFORE
  uint8_t type;  // gcut_dtype
} gcut__cuda_element_operand;

typedef struct gcut__cuda_element_step {
  uint8_t op, of, type; // of: class that it computes in; type: gcut_dtype of the result
  int8_t keep;          // the slot that the result goes to, or -1
  gcut__cuda_element_operand operands[3];
  float p, q;
} gcut__cuda_element_step;

// How a group of four lies in an input; the launcher says, by strides and address.
typedef enum gcut__cuda_element_walk {
  GCUT_CUDA_ELEMENT_EACH,   // a load for each element
  GCUT_CUDA_ELEMENT_SAME,   // one element for all
  GCUT_CUDA_ELEMENT_VECTOR, // four neighbours, the address aligned to them
} gcut__cuda_element_walk;

typedef struct gcut__cuda_element_input {
  const void *data;
  int64_t strides[GCUT_CUDA_ELEMENT_DIMS]; // elements, by dimension of the output; 0 repeats
  int32_t walk;
} gcut__cuda_element_input;

// n / d for n < 2^31 is the high half of n * multiplier, shifted right; d > 1.
typedef struct gcut__cuda_element_divisor {
  uint32_t multiplier, shift;
} gcut__cuda_element_divisor;

typedef struct gcut__cuda_element_job {
  int64_t count;
  int64_t
      dims[GCUT_CUDA_ELEMENT_DIMS]; // of the output, collapsed, the last first; [rank], rank >= 1
  int32_t rank, n_inputs, n_steps, n_slots;
  gcut__cuda_element_input inputs[GCUT_CUDA_ELEMENT_INPUTS];
  gcut__cuda_element_step steps[GCUT_CUDA_ELEMENT_STEPS];
  void *output;
  // The launcher's: groups of four in a row and in all; how to divide by row_groups and, from 1 on,
  // by dims; whether whole groups of the output are stored at once.
  int64_t row_groups, n_groups;
  gcut__cuda_element_divisor divisors[GCUT_CUDA_ELEMENT_DIMS];
  int32_t store_vectors;
} gcut__cuda_element_job;

#endif
