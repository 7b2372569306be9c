// Elementwise nodes as programs: one node, or a group of them in one launch.
#ifndef GCUT_EXEC_CUDA_OPS_PROGRAM_BUILDER_H
#define GCUT_EXEC_CUDA_OPS_PROGRAM_BUILDER_H

#include "exec/cuda/ops/elementwise.h"
#include "exec/cuda/program.h"

// A program in the making. Operands are numbers: inputs from 0, results from ELEMENT_RESULT on.
enum { ELEMENT_RESULT = 64, ELEMENT_NONE = -1 };

// Which of the output's dimensions each of an input's follows, or -1; where it wraps, modulo the
// input's length, which divides the output's.
typedef struct gcut__cuda_view {
  int of[GCUT_MAX_RANK];
  bool wraps[GCUT_MAX_RANK];
} gcut__cuda_view;

typedef struct gcut__cuda_program_builder {
  const gcut_trace *trace;
  const gcut_type *output; // what inputs repeat to
  gcut__cuda_element_job job;
  uint32_t values[GCUT_CUDA_ELEMENT_INPUTS]; // of the inputs
  int operands[GCUT_CUDA_ELEMENT_STEPS][3];
  int64_t strides[GCUT_CUDA_ELEMENT_INPUTS][GCUT_MAX_RANK]; // of the inputs, by output dimension
  bool wraps[GCUT_CUDA_ELEMENT_INPUTS][GCUT_MAX_RANK];      // modulo `period`
  int64_t period[GCUT_MAX_RANK]; // of an output dimension that some input wraps along; or 0
} gcut__cuda_program_builder;

// How a value repeats to the output; false where it does not.
bool gcut__cuda_view_of(const gcut_type *in, const gcut_type *out, gcut__cuda_view *view);

// The operand of a value, as an input of the program; ELEMENT_NONE where there is no room, or no
// such type on a card.
int gcut__cuda_builder_input(gcut__cuda_program_builder *b, uint32_t value);
// The same, read by way of a view.
int gcut__cuda_builder_view(gcut__cuda_program_builder *b, uint32_t value,
                            const gcut__cuda_view *view);
// Appends the product of two operands, rounded to `type`, which is a floating-point one.
int gcut__cuda_builder_product(gcut__cuda_program_builder *b, int x, int y, int type);
// Whether MatMul of these is a multiplication: one column by one row, of floats.
bool gcut__cuda_is_outer_product(const gcut_type *a, const gcut_type *b);
// Appends a node's instructions; its operands may be ELEMENT_NONE where an input is absent. Returns
// the operand that is its result, or ELEMENT_NONE where the node is none of these, or too much.
int gcut__cuda_builder_node(gcut__cuda_program_builder *b, const gcut_node *node,
                            const int *operands);
// Finds slots and dimensions. False where there are too many.
bool gcut__cuda_builder_finish(gcut__cuda_program_builder *b);

// Whether a node may be part of a program, by its operator and the type it computes in.
bool gcut__cuda_is_elementwise(const gcut_trace *trace, const gcut_node *node);
// Fills the step with the program: the step's inputs are the program's.
GCUT_MUST_USE gcut_status gcut__cuda_compile_program(const gcut__cuda_compile *c,
                                                     const gcut__cuda_element_job *job,
                                                     gcut_error *err);

#endif
