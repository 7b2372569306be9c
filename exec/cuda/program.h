// A part compiled for a card: steps in order, each a launch of ours or of cuBLASLt, or a node
// computed on the host.
#ifndef GCUT_EXEC_CUDA_PROGRAM_H
#define GCUT_EXEC_CUDA_PROGRAM_H

#include "exec/cuda/context.h"
#include "exec/layout.h"
#include "tracer/base/map.h"
#include "tracer/ops/op.h"

// Where a value lies while a part runs.
typedef enum gcut__cuda_where {
  GCUT_CUDA_NOWHERE,   // absent, or on the host's heap
  GCUT_CUDA_WORKSPACE, // at `at` of the workspace
  GCUT_CUDA_PREPARED,  // at `prepared` of what was prepared, or else as in the workspace
  GCUT_CUDA_OPERAND,   // an input or output of the part: operand `at` of the run
  GCUT_CUDA_WEIGHT,    // weight `at` of the part
} gcut__cuda_where;

typedef struct gcut__cuda_place {
  gcut__cuda_where where;
  uint64_t at;
  uint64_t prepared;
  bool of_weights; // the same for every batch
} gcut__cuda_place;

typedef struct gcut__cuda_program gcut__cuda_program;
typedef struct gcut__cuda_step gcut__cuda_step;

// What a launch is given.
typedef struct gcut__cuda_run {
  gcut__cuda *cuda;
  const gcut__cuda_step *step;
  const CUdeviceptr *inputs; // [n_inputs]; 0 where absent
  CUdeviceptr *outputs;      // [n_outputs]
  CUdeviceptr scratch;       // step->scratch_bytes
  CUdeviceptr prepared;      // step->prepared_bytes; 0: the launch makes what it needs in scratch
  CUstream stream;
} gcut__cuda_run;

typedef gcut_status (*gcut__cuda_launch_step)(const gcut__cuda_run *r, gcut_error *err);

struct gcut__cuda_step {
  uint32_t node;
  gcut__cuda_launch_step launch;      // NULL: the node is computed on the host
  gcut__cuda_launch_step prepare;     // fills r->prepared from weights alone; NULL: nothing to do
  void *params;                       // the launch's own, in the program's arena
  gcut__cuda_place *inputs, *outputs; // [n_inputs], [n_outputs]
  uint32_t n_inputs, n_outputs;
  uint64_t scratch_bytes, scratch;   // of device memory beside the operands; where in the workspace
  uint64_t prepared_bytes, prepared; // of what it makes of weights alone; where among the part's
};

// What a family's compile function is given: the node, what is known of its operands, and where to
// put its parameters.
typedef struct gcut__cuda_compile {
  gcut__cuda *cuda;
  const gcut_trace *trace;
  const gcut_node *node;
  gcut_arena *arena;
  gcut__cuda_step *step; // to fill: launch, params, scratch_bytes
  uint32_t number;       // the model's node that a kernel names where it meets bad data
  uint32_t depth;        // of programs within programs
  struct gcut__cuda_lowered **lowered; // the program's list of them
} gcut__cuda_compile;

// Fills c->step, or leaves step->launch NULL where there is no kernel for these types or shapes.
typedef gcut_status (*gcut__cuda_compile_node)(const gcut__cuda_compile *c, gcut_error *err);

// The same by the rows of the node's operator (ops/list.h): the first that has a kernel.
GCUT_MUST_USE gcut_status gcut__cuda_compile_op(const gcut__cuda_compile *c, gcut_error *err);

// Types of a node's operands while compiling; every one is a tensor of static shape. NULL where
// absent.
const gcut_type *gcut__cuda_input_type(const gcut__cuda_compile *c, uint32_t i);
const gcut_type *gcut__cuda_output_type(const gcut__cuda_compile *c, uint32_t i);
uint64_t gcut__cuda_count(const gcut_type *type);
// Whether input i of the step is the same for every batch, or absent.
bool gcut__cuda_is_of_weights(const gcut__cuda_step *step, uint32_t i);

GCUT_MUST_USE gcut_status gcut__cuda_program_create(gcut__cuda *cuda, const gcut_trace *trace,
                                                    const gcut_part *part,
                                                    gcut__program **out_program, gcut_error *err);
// The same for what the node being compiled was spelled out to; `fixed`: values among the part's
// inputs that are the same for every batch.
GCUT_MUST_USE gcut_status gcut__cuda_program_create_within(
    const gcut__cuda_compile *c, const gcut_trace *trace, const gcut_part *part,
    const gcut_map *fixed, gcut__program **out_program, gcut_error *err);
void gcut__cuda_program_destroy(gcut__program *program);
// Puts what the part makes of weights alone on the compute stream.
GCUT_MUST_USE gcut_status gcut__cuda_program_prepare(gcut__cuda *cuda, const gcut__run_args *args,
                                                     gcut_error *err);
// Puts the part on the compute stream.
GCUT_MUST_USE gcut_status gcut__cuda_program_run(gcut__cuda *cuda, const gcut__run_args *args,
                                                 gcut_error *err);
// The same of programs without weights.
GCUT_MUST_USE gcut_status gcut__cuda_program_prepare_steps(gcut__cuda *cuda,
                                                           const gcut__run_args *args,
                                                           gcut_error *err);
GCUT_MUST_USE gcut_status gcut__cuda_program_run_steps(gcut__cuda *cuda, const gcut__run_args *args,
                                                       gcut_error *err);

#endif
