// Elementwise operators, each a launch of its program.
#include "exec/cuda/ops/elementwise.h"

#include "exec/cuda/kernels.h"
#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/program_builder.h"

enum { PIECE = GCUT_CUDA_ELEMENT_THREADS * GCUT_CUDA_ELEMENT_LANES, BLOCKS_A_PROCESSOR = 16 };

typedef struct element_params {
  CUfunction kernel;
  gcut__cuda_element_job job; // without addresses
} element_params;

// Pieces of a row where rows are long, of everything where they are not: as the kernel walks.
static uint64_t pieces_of(const gcut__cuda_element_job *job) {
  uint64_t last = (uint64_t)job->dims[job->rank - 1], count = (uint64_t)job->count;
  if (last < PIECE / 2) return (count + PIECE - 1) / PIECE;
  return count / last * ((last + PIECE - 1) / PIECE);
}

static gcut_status launch_program(const gcut__cuda_run *r, gcut_error *err) {
  const element_params *p = r->step->params;
  gcut__cuda_element_job job = p->job;
  if (job.count == 0) return GCUT_OK;
  uint64_t pieces = pieces_of(&job), most = (uint64_t)r->cuda->processors * BLOCKS_A_PROCESSOR;
  uint32_t grid[3] = {(uint32_t)(pieces < most ? pieces : most), 1, 1};
  for (int k = 0; k < job.n_inputs; k++) job.inputs[k].data = (const void *)r->inputs[k];
  job.output = (void *)r->outputs[0];
  void *arguments[] = {&job};
  return gcut__cuda_launch(r->cuda, p->kernel, grid, GCUT_CUDA_ELEMENT_THREADS,
                           (uint32_t)job.n_slots * PIECE * sizeof(uint64_t), r->stream, arguments,
                           err);
}

static bool is_wide(const gcut__cuda_element_job *job) {
  for (int s = 0; s < job->n_steps; s++)
    if (job->steps[s].of == GCUT_CUDA_ELEMENT_DOUBLE) return true;
  return false;
}

gcut_status gcut__cuda_compile_program(const gcut__cuda_compile *c,
                                       const gcut__cuda_element_job *job, gcut_error *err) {
  element_params *p = GCUT_NEW(c->arena, element_params);
  if (!p) return GCUT_NO_MEMORY(err);
  p->job = *job;
  GCUT_TRY(gcut__cuda_kernel(c->cuda, is_wide(job) ? "gcut_elementwise_double" : "gcut_elementwise",
                             &p->kernel, err));
  c->step->params = p;
  c->step->launch = launch_program;
  return GCUT_OK;
}

// A program reads each of its inputs by the step's place of that number: the node's own, each once.
static bool distinct_inputs(const gcut__cuda_compile *c, const gcut__cuda_program_builder *b) {
  const uint32_t *inputs = gcut_node_inputs(c->trace->graph, c->node);
  gcut__cuda_place *places = c->step->inputs;
  for (int k = 0; k < b->job.n_inputs; k++) {
    uint32_t i = 0;
    while (i < c->node->n_inputs && inputs[i] != b->values[k]) i++;
    if (i == c->node->n_inputs) return false;
    places[k] = places[i];
  }
  return true;
}

gcut_status gcut__cuda_compile_element(const gcut__cuda_compile *c, gcut_error *err) {
  gcut__cuda_program_builder b = {.trace = c->trace, .output = gcut__cuda_output_type(c, 0)};
  int operands[GCUT_CUDA_ELEMENT_INPUTS];
  gcut_status status;
  if (strcmp(c->node->op_type, "Add") == 0 && gcut__cuda_compile_sum(c, &status, err))
    return status;
  if (c->node->n_inputs > GCUT_CUDA_ELEMENT_INPUTS) return GCUT_OK;
  for (uint32_t i = 0; i < c->node->n_inputs; i++) {
    uint32_t value = gcut_node_inputs(c->trace->graph, c->node)[i];
    operands[i] = value == GCUT_NONE ? ELEMENT_NONE : gcut__cuda_builder_input(&b, value);
    if (value != GCUT_NONE && operands[i] == ELEMENT_NONE) return GCUT_OK;
  }
  if (gcut__cuda_builder_node(&b, c->node, operands) == ELEMENT_NONE ||
      !gcut__cuda_builder_finish(&b) || !distinct_inputs(c, &b))
    return GCUT_OK;
  return gcut__cuda_compile_program(c, &b.job, err);
}
