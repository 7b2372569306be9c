// The graph is traced at the node's static shapes, so that types and shapes between its operators
// follow from their own rules. Whether it can be computed depends on the node alone: any cut, the
// same bits.
#include "exec/cuda/lowered.h"

#include "tracer/build.h"

struct gcut__cuda_lowered {
  gcut_graph *graph;
  gcut_trace *trace;
  gcut_part part; // all of the graph
  gcut__program *program;
  gcut__operand *operands; // [n_operands] inputs, then outputs; offsets are set with each run
  uint32_t *of_operands;   // [n_operands] the node's operand that each is
  uint32_t n_inputs, n_operands;
  gcut__cuda_lowered *next;
};

static void destroy(gcut__cuda_lowered *l) {
  gcut__cuda_program_destroy(l->program);
  gcut_trace_destroy(l->trace);
  gcut_graph_destroy(l->graph);
}

void gcut__cuda_lowered_destroy(gcut__cuda_lowered *first) {
  for (; first; first = first->next) destroy(first);
}

// ---- running ------------------------------------------------------------------------------------

// Addresses as offsets from the slab, where the program looks for its operands; they need not lie
// within it. One thread runs a program at a time.
static gcut__run_args set_args(const gcut__cuda_run *r) {
  const gcut__cuda_lowered *l = r->step->params;
  for (uint32_t i = 0; i < l->n_operands; i++) {
    uint32_t k = l->of_operands[i];
    l->operands[i].offset = (i < l->n_inputs ? r->inputs[k] : r->outputs[k]) - r->cuda->slab;
  }
  return (gcut__run_args){.program = l->program,
                          .workspace = r->scratch - r->cuda->slab,
                          .prepared = r->prepared ? r->prepared - r->cuda->slab : GCUT_NOT_PREPARED,
                          .operands = l->operands,
                          .n_operands = l->n_operands};
}

static gcut_status prepare_lowered(const gcut__cuda_run *r, gcut_error *err) {
  gcut__run_args args = set_args(r);
  return gcut__cuda_program_prepare_steps(r->cuda, &args, err);
}

static gcut_status launch_lowered(const gcut__cuda_run *r, gcut_error *err) {
  gcut__run_args args = set_args(r);
  return gcut__cuda_program_run_steps(r->cuda, &args, err);
}

// ---- compiling ----------------------------------------------------------------------------------

static bool same_type(const gcut_type *a, const gcut_type *b) {
  if (a->kind != b->kind || a->type != b->type || a->rank != b->rank) return false;
  for (int d = 0; d < a->rank; d++)
    if (a->dims[d] != b->dims[d]) return false;
  return true;
}

static bool outputs_agree(const gcut__cuda_compile *c, const gcut__cuda_lowered *l,
                          const uint32_t *outputs) {
  for (uint32_t i = 0; i < c->node->n_outputs; i++) {
    const gcut_type *type = gcut__cuda_output_type(c, i);
    if (!type != (outputs[i] == GCUT_NONE)) return false;
    if (type && !same_type(type, &l->trace->facts[outputs[i]].type)) return false;
    if (type && l->trace->facts[outputs[i]].constant) return false; // no node makes it
  }
  return true;
}

static void add_operand(gcut__cuda_lowered *l, uint32_t value, uint32_t of, bool output) {
  if (value == GCUT_NONE) return;
  l->of_operands[l->n_operands] = of;
  l->operands[l->n_operands++] = (gcut__operand){.value = value, .output = output};
  l->n_inputs += !output;
}

static gcut_status set_operands(const gcut__cuda_compile *c, gcut__cuda_lowered *l,
                                const uint32_t *inputs, const uint32_t *outputs, gcut_error *err) {
  size_t most = (size_t)c->node->n_inputs + c->node->n_outputs;
  l->operands = GCUT_NEW_ARRAY(c->arena, gcut__operand, most);
  l->of_operands = GCUT_NEW_ARRAY(c->arena, uint32_t, most);
  if (!l->operands || !l->of_operands) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < c->node->n_inputs; i++) add_operand(l, inputs[i], i, false);
  for (uint32_t i = 0; i < c->node->n_outputs; i++) add_operand(l, outputs[i], i, true);
  const gcut_body *main = &l->graph->bodies[0];
  l->part = (gcut_part){.name = c->node->name,
                        .nodes = main->nodes,
                        .n_nodes = main->n_nodes,
                        .inputs = main->inputs,
                        .n_inputs = main->n_inputs,
                        .outputs = main->outputs,
                        .n_outputs = main->n_outputs};
  return GCUT_OK;
}

static gcut_status compile(const gcut__cuda_compile *c, gcut__cuda_lowered *l, gcut_error *err) {
  gcut_map fixed = {0};
  gcut_status status = GCUT_OK;
  for (uint32_t i = 0; i < l->n_inputs && status == GCUT_OK; i++)
    if (gcut__cuda_is_of_weights(c->step, l->of_operands[i]) &&
        !gcut_map_set(&fixed, l->operands[i].value, 0))
      status = GCUT_NO_MEMORY(err);
  if (status == GCUT_OK)
    status = gcut__cuda_program_create_within(c, l->trace, &l->part, &fixed, &l->program, err);
  gcut_map_free(&fixed);
  return status;
}

// What an operator's schema forbids has no kernel either; other failures are passed on.
static gcut_status lower(const gcut__cuda_compile *c, gcut__cuda_lowered *l, const uint32_t *inputs,
                         const uint32_t *outputs, gcut_error *err) {
  gcut_status status = gcut_graph_finish(l->graph, err);
  if (status == GCUT_OK) status = gcut_trace_create(l->graph, NULL, &l->trace, err);
  if (status == GCUT_FORMAT || status == GCUT_UNSUPPORTED) return GCUT_OK;
  GCUT_TRY(status);
  if (!outputs_agree(c, l, outputs)) return GCUT_OK;
  GCUT_TRY(set_operands(c, l, inputs, outputs, err));
  return compile(c, l, err);
}

gcut_status gcut__cuda_lowered_create(const gcut__cuda_compile *c, gcut_graph *graph,
                                      const uint32_t *inputs, const uint32_t *outputs,
                                      gcut_error *err) {
  gcut__cuda_lowered *l = GCUT_NEW(c->arena, gcut__cuda_lowered);
  if (!l) {
    gcut_graph_destroy(graph);
    return GCUT_NO_MEMORY(err);
  }
  l->graph = graph;
  gcut_status status = lower(c, l, inputs, outputs, err);
  if (status != GCUT_OK || !l->program || l->program->n_host_nodes > 0) {
    destroy(l);
    return status;
  }
  l->next = *c->lowered;
  *c->lowered = l;
  c->step->params = l;
  c->step->launch = launch_lowered;
  c->step->scratch_bytes = l->program->work.workspace;
  c->step->prepared_bytes = l->program->work.prepared;
  if (c->step->prepared_bytes > 0) c->step->prepare = prepare_lowered;
  return GCUT_OK;
}
