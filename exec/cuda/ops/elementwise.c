// Elementwise operators, each a launch of its program.
#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/elementwise_launch.h"
#include "exec/cuda/ops/program_builder.h"

static gcut_status launch_program(const gcut__cuda_run *r, gcut_error *err) {
  const gcut__cuda_elements *e = r->step->params;
  gcut__cuda_element_job job = e->job;
  for (int k = 0; k < job.n_inputs; k++) job.inputs[k].data = (const void *)r->inputs[k];
  job.output = (void *)r->outputs[0];
  return gcut__cuda_elements_launch(r->cuda, e, job, r->stream, err);
}

gcut_status gcut__cuda_compile_program(const gcut__cuda_compile *c,
                                       const gcut__cuda_element_job *job, gcut_error *err) {
  gcut__cuda_elements *e = GCUT_NEW(c->arena, gcut__cuda_elements);
  if (!e) return GCUT_NO_MEMORY(err);
  e->job = *job;
  GCUT_TRY(gcut__cuda_elements_load(c->cuda, e, err));
  c->step->params = e;
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
