// Flows facts through a graph: one pass in topological order, node by node.
//
// A node's outputs are inferred from facts about its inputs (tracer/ops); what turns out to be a
// known constant is folded (fold.c). The same pass serves the symbolic trace and one specialised to
// actual shapes.
#include "graphcut/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graphcut/nearest.h"
#include "tracer/base/error.h"
#include "tracer/base/vector.h"
#include "tracer/fold.h"
#include "tracer/fuse/fuse.h"
#include "tracer/ops/op.h"
#include "tracer/private.h"

typedef struct tracer {
  gcut_trace *trace;
  const gcut_trace_options *options;
} tracer;

static gcut_status trace_body(tracer *t, uint32_t body, gcut_error *err);

// ---- what the model says ----------------------------------------------------------------------

// A declared type with its bound symbols replaced.
static gcut_status evaluate_type(gcut_trace *trace, const gcut_type *declared, gcut_type *out,
                                 gcut_error *err) {
  *out = *declared;
  if (declared->rank <= 0) return GCUT_OK;
  gcut_dim *dims =
      gcut_arena_copy(trace->arena, declared->dims, (size_t)declared->rank * sizeof *dims);
  if (!dims) return GCUT_NO_MEMORY(err);
  for (int d = 0; d < declared->rank; d++)
    if (!gcut_dim_known(dims[d])) dims[d] = gcut_dim_evaluate(trace->dims, dims[d]);
  out->dims = dims;
  return GCUT_OK;
}

// Takes from the declaration what inference could not find out.
static gcut_status merge_declared(gcut_trace *trace, uint32_t value, gcut_error *err) {
  gcut_fact *fact = &trace->facts[value];
  const gcut_type *declared = &trace->graph->values[value].declared;
  bool undeclared =
      declared->type == GCUT_UNDEFINED && declared->kind == GCUT_KIND_TENSOR && declared->rank < 0;
  if (undeclared ||
      (fact->type.type && fact->type.rank >= 0 && fact->type.kind == GCUT_KIND_TENSOR))
    return GCUT_OK;
  if (!fact->type.type && fact->type.rank < 0)
    return evaluate_type(trace, declared, &fact->type, err);
  gcut_dtype type = fact->type.type;
  if (fact->type.kind == declared->kind && fact->type.rank < 0)
    GCUT_TRY(evaluate_type(trace, declared, &fact->type, err));
  if (type) fact->type.type = (uint8_t)type;
  return GCUT_OK;
}

// ---- one node ---------------------------------------------------------------------------------

static gcut_status infer_body(gcut_infer *c, uint32_t body, const gcut_fact *inputs,
                              uint32_t n_inputs, gcut_fact *outputs, uint32_t n_outputs,
                              gcut_error *err) {
  tracer *t = c->private_state;
  const gcut_body *b = &c->graph->bodies[body];
  if (n_inputs != b->n_inputs || n_outputs != b->n_outputs)
    return GCUT_NODE_FAIL(c, err, "its subgraph has %u inputs and %u outputs, expected %u and %u",
                          b->n_inputs, b->n_outputs, n_inputs, n_outputs);
  for (uint32_t i = 0; i < n_inputs; i++) {
    t->trace->facts[b->inputs[i]] = inputs[i];
    GCUT_TRY(merge_declared(t->trace, b->inputs[i], err));
  }
  GCUT_TRY(trace_body(t, body, err));
  for (uint32_t i = 0; i < n_outputs; i++) outputs[i] = t->trace->facts[b->outputs[i]];
  return GCUT_OK;
}

// Room for a node's operands; the arena's for nodes with very many.
enum { INLINE_OPERANDS = 16 };

static gcut_status infer_node(tracer *t, const gcut_node *node, const gcut_fact **inputs,
                              gcut_fact *outputs, gcut_error *err) {
  gcut_trace *trace = t->trace;
  const gcut_graph *g = trace->graph;
  for (uint32_t i = 0; i < node->n_inputs; i++) {
    uint32_t value = gcut_node_inputs(g, node)[i];
    inputs[i] = value == GCUT_NONE ? NULL : &trace->facts[value];
  }
  gcut_infer c = {.graph = g,
                  .node = node,
                  .attrs = node->attrs,
                  .inputs = inputs,
                  .n_inputs = node->n_inputs,
                  .outputs = outputs,
                  .n_outputs = node->n_outputs,
                  .dims = trace->dims,
                  .arena = trace->arena,
                  .infer_body = infer_body,
                  .private_state = t};
  GCUT_TRY(gcut_op_infer(&c, err));
  if (outputs[0].type.rank >= 0) // else inputs were unknown and nothing was inferred
    trace->flops[node - g->nodes] =
        node->op->flops ? node->op->flops(&c) : gcut_fact_count(&outputs[0]);
  return gcut__fold_node(trace, t->options, node, inputs, outputs, err);
}

// Keeps why a node will not run.
static gcut_status refuse_node(gcut_trace *trace, uint32_t node, const gcut_error *why,
                               gcut_error *err) {
  gcut_refusal refusal = {node,
                          gcut_arena_string(trace->arena, why->message, strlen(why->message))};
  if (!refusal.why || !gcut_vector_reserve((void **)&trace->refused, &trace->refused_capacity,
                                           trace->n_refused, 1, sizeof *trace->refused))
    return GCUT_NO_MEMORY(err);
  trace->refused[trace->n_refused++] = refusal;
  return GCUT_OK;
}

static void forget_outputs(const gcut_node *node, gcut_fact *outputs) {
  for (uint32_t i = 0; i < node->n_outputs; i++) outputs[i] = (gcut_fact){.type = {.rank = -1}};
}

// What a node makes; nothing is known of it where the node will not run.
static gcut_status infer_or_refuse(tracer *t, uint32_t index, const gcut_fact **inputs,
                                   gcut_fact *outputs, gcut_error *err) {
  const gcut_node *node = &t->trace->graph->nodes[index];
  gcut_error why = {{0}};
  forget_outputs(node, outputs);
  gcut_status status =
      node->op ? infer_node(t, node, inputs, outputs, &why) : gcut__op_unknown(node, &why);
  if (status == GCUT_OK) return GCUT_OK;
  if (status != GCUT_UNSUPPORTED) return GCUT_FAIL(err, status, "%s", why.message);
  forget_outputs(node, outputs);
  return refuse_node(t->trace, index, &why, err);
}

static gcut_status trace_node(tracer *t, uint32_t index, gcut_error *err) {
  gcut_trace *trace = t->trace;
  const gcut_graph *g = trace->graph;
  const gcut_node *node = &g->nodes[index];
  const gcut_fact *few_inputs[INLINE_OPERANDS], **inputs = few_inputs;
  gcut_fact few_outputs[INLINE_OPERANDS] = {{.type = {.rank = -1}}}, *outputs = few_outputs;
  if (node->n_inputs > INLINE_OPERANDS)
    inputs = GCUT_NEW_ARRAY(trace->arena, const gcut_fact *, node->n_inputs);
  if (node->n_outputs > INLINE_OPERANDS)
    outputs = GCUT_NEW_ARRAY(trace->arena, gcut_fact, node->n_outputs);
  if (!inputs || !outputs) return GCUT_NO_MEMORY(err);
  GCUT_TRY(infer_or_refuse(t, index, inputs, outputs, err));
  bool folded = node->op && node->n_outputs > 0;
  for (uint32_t i = 0; i < node->n_outputs; i++) {
    uint32_t value = gcut_node_outputs(g, node)[i];
    if (value == GCUT_NONE) continue;
    trace->facts[value] = outputs[i];
    GCUT_TRY(merge_declared(trace, value, err));
    folded = folded && outputs[i].constant;
  }
  trace->folded[index] = folded;
  return GCUT_OK;
}

static gcut_status trace_body(tracer *t, uint32_t body, gcut_error *err) {
  const gcut_body *b = &t->trace->graph->bodies[body];
  enum { EACH = 1024 }; // nodes between two calls that tell how far it is
  for (uint32_t i = 0; i < b->n_nodes; i++) {
    GCUT_TRY(trace_node(t, b->nodes[i], err));
    if (body == 0 && i % EACH == 0) GCUT_TRY(gcut__tell(&t->options->progress, i, b->n_nodes, err));
  }
  return GCUT_OK;
}

// ---- inputs -----------------------------------------------------------------------------------

static gcut_status fail_symbol(const gcut_trace *trace, const char *symbol, gcut_error *err) {
  gcut_nearest near;
  char names[300];
  gcut_nearest_begin(&near, symbol);
  for (uint32_t i = 0; i < gcut_dims_n_symbols(trace->dims); i++) {
    const char *name = gcut_dims_symbol_name(trace->dims, i);
    if (*name != '?') gcut_nearest_offer(&near, name);
  }
  return GCUT_FAIL(err, GCUT_ARGUMENT, "the model has no symbolic dimension '%.200s'%s", symbol,
                   gcut_nearest_format(&near, names, sizeof names));
}

static gcut_status bind_symbols(gcut_trace *trace, const gcut_trace_options *options,
                                gcut_error *err) {
  for (size_t i = 0; i < options->n_bindings; i++) {
    const gcut_binding *b = &options->bindings[i];
    if (b->value < 1)
      return GCUT_FAIL(err, GCUT_ARGUMENT, "symbol '%.200s' set to %lld: it must be at least 1",
                       b->symbol, (long long)b->value);
    if (!gcut_dims_bind(trace->dims, b->symbol, b->value))
      return fail_symbol(trace, b->symbol, err);
  }
  return GCUT_OK;
}

// Binds what one dimension of an actual input tells. In the second round expressions must agree.
static gcut_status unify_dim(gcut_trace *trace, const gcut_input_shape *input, int d, bool second,
                             gcut_error *err) {
  const gcut_value *v = &trace->graph->values[input->value];
  gcut_dim declared = v->declared.dims[d];
  if (gcut_dim_unify(trace->dims, declared, input->dims[d]) == GCUT_OK || !second) return GCUT_OK;
  char text[128], bound[64] = "";
  gcut_dim here = gcut_dim_evaluate(trace->dims, declared);
  gcut_dims_format(trace->dims, declared, text, sizeof text);
  if (gcut_dim_known(here) && !gcut_dim_known(declared))
    snprintf(bound, sizeof bound, ", which is %lld here", (long long)here);
  return GCUT_FAIL(err, GCUT_ARGUMENT,
                   "input '%.200s': dimension %d is %lld, the model declares %s%s", v->name, d,
                   (long long)input->dims[d], text, bound);
}

static gcut_status unify_input(gcut_trace *trace, const gcut_input_shape *input, bool second,
                               gcut_error *err) {
  if (input->value >= trace->graph->n_values || !trace->graph->values[input->value].is_input)
    return GCUT_FAIL(err, GCUT_ARGUMENT, "value %u is no graph input", input->value);
  const gcut_value *v = &trace->graph->values[input->value];
  if (v->declared.kind == GCUT_KIND_TENSOR && v->declared.type && input->type != v->declared.type)
    return GCUT_FAIL(err, GCUT_ARGUMENT, "input '%.200s' is %s, the model declares %s", v->name,
                     gcut_dtype_name(input->type), gcut_dtype_name((gcut_dtype)v->declared.type));
  if (v->declared.kind != GCUT_KIND_TENSOR || v->declared.rank < 0) return GCUT_OK;
  if (input->rank != v->declared.rank)
    return GCUT_FAIL(err, GCUT_ARGUMENT, "input '%.200s' has rank %d, the model declares %d",
                     v->name, input->rank, v->declared.rank);
  for (int d = 0; d < input->rank; d++) GCUT_TRY(unify_dim(trace, input, d, second, err));
  return GCUT_OK;
}

// The first round binds plain symbols; the second finds expressions of bound symbols and checks
// all.
static gcut_status unify_inputs(gcut_trace *trace, const gcut_trace_options *options,
                                gcut_error *err) {
  for (int round = 0; round < 2; round++)
    for (size_t i = 0; i < options->n_inputs; i++)
      GCUT_TRY(unify_input(trace, &options->inputs[i], round == 1, err));
  return GCUT_OK;
}

static gcut_status set_input_facts(gcut_trace *trace, const gcut_trace_options *options,
                                   gcut_error *err) {
  const gcut_graph *g = trace->graph;
  for (uint32_t i = 0; i < g->bodies[0].n_inputs; i++) {
    uint32_t value = g->bodies[0].inputs[i];
    GCUT_TRY(evaluate_type(trace, &g->values[value].declared, &trace->facts[value].type, err));
  }
  for (size_t i = 0; i < options->n_inputs; i++) {
    const gcut_input_shape *in = &options->inputs[i];
    if (g->values[in->value].declared.kind != GCUT_KIND_TENSOR) continue;
    gcut_dim *dims = gcut_arena_copy(trace->arena, in->dims, (size_t)in->rank * sizeof *dims);
    if (!dims) return GCUT_NO_MEMORY(err);
    trace->facts[in->value].type = (gcut_type){.kind = GCUT_KIND_TENSOR,
                                               .type = (uint8_t)in->type,
                                               .rank = (int16_t)in->rank,
                                               .dims = dims};
    trace->facts[in->value].constant = NULL; // given, so its default does not count
  }
  return GCUT_OK;
}

static void set_constant_facts(gcut_trace *trace) {
  const gcut_graph *g = trace->graph;
  for (uint32_t v = 0; v < g->n_values; v++) {
    trace->facts[v].type.rank = -1;
    if (g->values[v].constant == GCUT_NONE) continue;
    const gcut_constant *k = &g->constants[g->values[v].constant];
    trace->facts[v].type = (gcut_type){.kind = GCUT_KIND_TENSOR,
                                       .type = (uint8_t)k->type,
                                       .rank = (int16_t)k->rank,
                                       .dims = k->dims};
    trace->facts[v].constant = k;
  }
}

// ---- the whole --------------------------------------------------------------------------------

static gcut_status trace_graph(tracer *t, gcut_error *err) {
  set_constant_facts(t->trace);
  GCUT_TRY(bind_symbols(t->trace, t->options, err));
  GCUT_TRY(unify_inputs(t->trace, t->options, err));
  GCUT_TRY(set_input_facts(t->trace, t->options, err));
  return trace_body(t, 0, err);
}

// The groups of a trace without bindings and inputs, which is made for this where they are given.
// A model that cannot be traced so has none.
static gcut_status find_fused(tracer *t, gcut_error *err) {
  const gcut_trace_options *o = t->options;
  if (o->like) return gcut__fuse_like(t->trace, o->like, err);
  if (o->n_bindings == 0 && o->n_inputs == 0) return gcut__fuse(t->trace, o->unfused, err);
  gcut_trace_options bare = {
      .evaluate = o->evaluate, .evaluate_context = o->evaluate_context, .unfused = o->unfused};
  gcut_trace *symbolic;
  gcut_status status = gcut_trace_create(t->trace->graph, &bare, &symbolic, err);
  if (status == GCUT_NOMEM) return status;
  status = gcut__fuse_like(t->trace, symbolic, err);
  gcut_trace_destroy(symbolic);
  return status;
}

gcut_status gcut_trace_create(const gcut_graph *graph, const gcut_trace_options *options,
                              gcut_trace **out_trace, gcut_error *err) {
  static const gcut_trace_options none = {0};
  gcut_trace *trace = *out_trace = calloc(1, sizeof *trace);
  if (!trace) return GCUT_NO_MEMORY(err);
  trace->graph = graph;
  trace->arena = gcut_arena_create();
  trace->dims = gcut_dims_copy(graph->dims);
  trace->facts = GCUT_NEW_ARRAY(trace->arena, gcut_fact, graph->n_values);
  trace->flops = GCUT_NEW_ARRAY(trace->arena, double, graph->n_nodes);
  trace->folded = GCUT_NEW_ARRAY(trace->arena, bool, graph->n_nodes);
  tracer t = {.trace = trace, .options = options ? options : &none};
  bool ok = trace->dims && trace->facts && trace->flops && trace->folded;
  gcut_status status = ok ? trace_graph(&t, err) : GCUT_NO_MEMORY(err);
  if (status == GCUT_OK) status = find_fused(&t, err);
  if (gcut_dims_out_of_memory(trace->dims)) status = GCUT_NO_MEMORY(err);
  if (status != GCUT_OK) {
    gcut_trace_destroy(trace);
    *out_trace = NULL;
  }
  return status;
}

void gcut_trace_destroy(gcut_trace *trace) {
  if (!trace) return;
  gcut_dims_destroy(trace->dims);
  gcut_arena_destroy(trace->arena);
  free(trace->refused);
  free(trace);
}

uint32_t gcut_trace_weight(const gcut_trace *trace, uint32_t value) {
  const gcut_graph *g = trace->graph;
  if (g->values[value].constant != GCUT_NONE) return g->values[value].constant;
  // Those of tracing lie elsewhere.
  uintptr_t at = (uintptr_t)trace->facts[value].constant, first = (uintptr_t)g->constants;
  uint64_t index = (at - first) / sizeof *g->constants;
  return at >= first && index < g->n_constants ? (uint32_t)index : GCUT_NONE;
}

bool gcut_trace_bytes(const gcut_trace *trace, uint32_t value, uint64_t *out_bytes) {
  const gcut_type *type = &trace->facts[value].type;
  uint64_t count = 1;
  *out_bytes = 0;
  if (type->kind != GCUT_KIND_TENSOR || type->rank < 0 || type->type == GCUT_STRING) return false;
  for (int d = 0; d < type->rank; d++)
    if (!gcut_dim_known(type->dims[d]) ||
        __builtin_mul_overflow(count, (uint64_t)type->dims[d], &count))
      return false;
  return gcut_dtype_bytes((gcut_dtype)type->type, count, out_bytes);
}

int gcut_trace_dim_format(const gcut_trace *trace, gcut_dim dim, char *buffer, size_t size) {
  return gcut_dims_format(trace->dims, dim, buffer, size);
}

int gcut_trace_format(const gcut_trace *trace, uint32_t value, char *buffer, size_t size) {
  return gcut__type_format(trace->dims, &trace->facts[value].type, buffer, size);
}
