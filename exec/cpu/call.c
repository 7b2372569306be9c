// Running nodes on the CPU.
#include "exec/cpu/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "exec/cpu/kernel.h"

enum { MAX_DEPTH = 128, FRESH_LIMIT = 1024 };

struct gcut_cpu_runner {
  gcut_arena *scratch[MAX_DEPTH]; // one for each depth of nested bodies
  int depth;
  gcut_dims *dims;   // for sizes that depend on data; replaced when it has grown
  gcut_cpu_env *env; // of the node that runs
};

// ---- runner and env ---------------------------------------------------------------------------

gcut_status gcut__cpu_runner_create(gcut_cpu_runner **out_runner, gcut_error *err) {
  gcut_cpu_runner *r = *out_runner = calloc(1, sizeof *r);
  return r ? GCUT_OK : GCUT_NO_MEMORY(err);
}

void gcut__cpu_runner_destroy(gcut_cpu_runner *r) {
  if (!r) return;
  for (int i = 0; i < MAX_DEPTH; i++) gcut_arena_destroy(r->scratch[i]);
  gcut_dims_destroy(r->dims);
  free(r);
}

gcut_status gcut__cpu_env_create(const gcut_graph *graph, gcut_cpu_env *out_env, gcut_error *err) {
  *out_env = (gcut_cpu_env){.graph = graph};
  out_env->values = calloc((size_t)graph->n_values + 1, sizeof *out_env->values);
  return out_env->values ? GCUT_OK : GCUT_NO_MEMORY(err);
}

void gcut__cpu_env_free(gcut_cpu_env *env) {
  for (uint32_t v = 0; env->values && v < env->graph->n_values; v++)
    gcut_tensor_unref(env->values[v]);
  free(env->values);
  env->values = NULL;
}

void gcut__cpu_env_set(gcut_cpu_env *env, uint32_t value, gcut_tensor *tensor) {
  gcut_tensor *old = env->values[value];
  env->values[value] = gcut_tensor_ref(tensor);
  gcut_tensor_unref(old);
}

static bool aligned(const gcut_constant *k) {
  unsigned bits = gcut_dtype_bits(k->type);
  return k->type == GCUT_STRING || bits <= 8 || (uintptr_t)k->data % (bits / 8) == 0;
}

gcut_status gcut__cpu_constant_tensor(const gcut_graph *graph, const gcut_constant *k,
                                      gcut_tensor **out_tensor, gcut_error *err) {
  *out_tensor = NULL;
  if (!k->data && k->bytes > 0)
    return GCUT_FAIL(err, GCUT_FORMAT, "constant '%.200s' lies in '%.500s', which is not there",
                     k->name, k->file < graph->n_files ? graph->files[k->file].path : "");
  if (aligned(k)) return gcut_tensor_wrap(k->type, k->rank, k->dims, k->data, out_tensor, err);
  GCUT_TRY(gcut_tensor_create_uninitialized(k->type, k->rank, k->dims, out_tensor, err));
  if (k->bytes > 0) memcpy((*out_tensor)->data, k->data, k->bytes);
  return GCUT_OK;
}

// ---- what kernels call ------------------------------------------------------------------------

gcut_status gcut__cpu_fail(const gcut_cpu_call *c, gcut_status status, gcut_error *err,
                           const char *format, ...) {
  va_list args;
  va_start(args, format);
  status = gcut_node_failed(c->node, status, err, format, args);
  va_end(args);
  return status;
}

gcut_status gcut__cpu_type_unsupported(const gcut_cpu_call *c, gcut_dtype type, gcut_error *err) {
  return gcut__cpu_fail(c, GCUT_UNSUPPORTED, err, "no CPU kernel for %s", gcut_dtype_name(type));
}

gcut_status gcut__cpu_output(gcut_cpu_call *c, uint32_t i, gcut_dtype type, int rank,
                             const int64_t *dims, gcut_error *err) {
  if (i >= c->n_outputs) return GCUT_OK;
  gcut_tensor_unref(c->outputs[i]);
  gcut_error cause = {{0}};
  gcut_status status = gcut_tensor_create_uninitialized(type, rank, dims, &c->outputs[i], &cause);
  if (status == GCUT_OK) return GCUT_OK;
  return gcut__cpu_fail(c, status == GCUT_ARGUMENT ? GCUT_FORMAT : status, err, "output %u: %s", i,
                        cause.message);
}

void gcut__cpu_output_tensor(gcut_cpu_call *c, uint32_t i, gcut_tensor *tensor) {
  if (i >= c->n_outputs) return;
  gcut_tensor *old = c->outputs[i];
  c->outputs[i] = gcut_tensor_ref(tensor);
  gcut_tensor_unref(old);
}

// ---- one node ---------------------------------------------------------------------------------

// Everything a call needs, in the scratch arena of its depth.
typedef struct frame {
  const gcut_graph *graph;
  const gcut_node *node;
  const gcut_tensor **inputs; // [n_inputs]
  gcut_tensor **outputs;      // [n_outputs]
  gcut_fact *facts;           // [n_inputs + n_outputs]
  const gcut_fact **input_facts;
  gcut_arena *scratch;
  gcut_cpu_env *env; // NULL while the tracer evaluates
} frame;

static gcut_status fact_of(const gcut_tensor *t, gcut_arena *arena, gcut_fact *out,
                           gcut_error *err) {
  *out = (gcut_fact){.type = {.kind = (uint8_t)t->kind, .type = (uint8_t)t->type, .rank = -1},
                     .tensor = t};
  if (t->kind != GCUT_KIND_TENSOR) return GCUT_OK;
  out->type.rank = (int16_t)t->rank;
  out->type.dims = t->dims;
  gcut_constant *k = GCUT_NEW(arena, gcut_constant);
  if (!k) return GCUT_NO_MEMORY(err);
  *k = (gcut_constant){.name = "",
                       .type = t->type,
                       .rank = t->rank,
                       .dims = t->dims,
                       .bytes = t->bytes,
                       .file = GCUT_NONE,
                       .data = t->data};
  out->constant = k;
  return GCUT_OK;
}

static gcut_status prepare_frame(frame *f, gcut_error *err) {
  uint32_t n_in = f->node->n_inputs, n_out = f->node->n_outputs;
  f->facts = GCUT_NEW_ARRAY(f->scratch, gcut_fact, (size_t)n_in + n_out);
  f->input_facts = GCUT_NEW_ARRAY(f->scratch, const gcut_fact *, n_in);
  if (!f->facts || !f->input_facts) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < n_in; i++) {
    if (!f->inputs[i]) continue;
    GCUT_TRY(fact_of(f->inputs[i], f->scratch, &f->facts[i], err));
    f->input_facts[i] = &f->facts[i];
  }
  for (uint32_t i = 0; i < n_out; i++) f->facts[n_in + i] = (gcut_fact){.type = {.rank = -1}};
  return GCUT_OK;
}

static gcut_status infer(gcut_cpu_runner *r, frame *f, gcut_error *err) {
  if (r->dims && gcut_dims_n_symbols(r->dims) > FRESH_LIMIT) {
    gcut_dims_destroy(r->dims);
    r->dims = NULL;
  }
  if (!r->dims && !(r->dims = gcut_dims_create())) return GCUT_NO_MEMORY(err);
  gcut_infer c = {.graph = f->graph,
                  .node = f->node,
                  .attrs = f->node->attrs,
                  .inputs = f->input_facts,
                  .n_inputs = f->node->n_inputs,
                  .outputs = f->facts + f->node->n_inputs,
                  .n_outputs = f->node->n_outputs,
                  .dims = r->dims,
                  .arena = f->scratch};
  gcut_status status = gcut_op_infer(&c, err);
  return gcut_dims_out_of_memory(r->dims) ? GCUT_NO_MEMORY(err) : status;
}

// An output in the memory that its owner chose, else on the heap.
static gcut_status allocate(frame *f, uint32_t i, const gcut_type *type, gcut_error *err) {
  uint32_t value = gcut_node_outputs(f->graph, f->node)[i];
  gcut_tensor *t;
  gcut_error cause = {{0}};
  gcut_status status = gcut_tensor_wrap(type->type, type->rank, type->dims, NULL, &t, &cause);
  if (status == GCUT_OK && f->env && f->env->place && f->node->body == 0 &&
      type->type != GCUT_STRING)
    t->data = f->env->place(f->env->place_context, value, t->bytes);
  if (status == GCUT_OK && t->data && gcut_dtype_bits(t->type) < 8 && t->bytes > 0)
    ((uint8_t *)t->data)[t->bytes - 1] = 0; // bits of no element
  if (status == GCUT_OK && !t->data) {
    gcut_tensor_unref(t);
    status = gcut_tensor_create_uninitialized(type->type, type->rank, type->dims, &t, &cause);
  }
  if (status != GCUT_OK)
    return GCUT_FAIL(err, status == GCUT_ARGUMENT ? GCUT_FORMAT : status,
                     "node '%.200s' (%.100s): output %u: %s", f->node->name, f->node->op_type, i,
                     cause.message);
  f->outputs[i] = t;
  return GCUT_OK;
}

static gcut_status run_view(frame *f, gcut_error *err) {
  gcut_tensor *input = (gcut_tensor *)f->inputs[0];
  const gcut_type *type = &f->facts[f->node->n_inputs].type;
  if (input->kind != GCUT_KIND_TENSOR) { // Identity of a sequence or an optional
    f->outputs[0] = gcut_tensor_ref(input);
    return GCUT_OK;
  }
  return gcut_tensor_view(input, input->type, type->rank, type->dims, &f->outputs[0], err);
}

static gcut_status run_body(gcut_cpu_call *c, uint32_t body, gcut_tensor *const *inputs,
                            uint32_t n_inputs, gcut_tensor **outputs, uint32_t n_outputs,
                            gcut_error *err);

static gcut_cpu_call call_of(const frame *f, uint32_t n_inputs, const void *attrs) {
  return (gcut_cpu_call){.graph = f->graph,
                         .node = f->node,
                         .attrs = attrs,
                         .inputs = f->inputs,
                         .n_inputs = n_inputs,
                         .outputs = f->outputs,
                         .n_outputs = f->node->n_outputs,
                         .scratch = f->scratch};
}

static gcut_status run_kernel(gcut_cpu_runner *r, frame *f, gcut_cpu_kernel kernel,
                              gcut_error *err) {
  for (uint32_t i = 0; i < f->node->n_outputs; i++) {
    const gcut_type *type = &f->facts[f->node->n_inputs + i].type;
    if (gcut_node_outputs(f->graph, f->node)[i] != GCUT_NONE && gcut_type_static(type))
      GCUT_TRY(allocate(f, i, type, err));
  }
  gcut_cpu_call c = call_of(f, f->node->n_inputs, f->node->attrs);
  c.run_body = f->env ? run_body : NULL;
  c.private_state = r;
  return kernel(&c, err);
}

static gcut_status check_outputs(const frame *f, gcut_error *err) {
  for (uint32_t i = 0; i < f->node->n_outputs; i++)
    if (gcut_node_outputs(f->graph, f->node)[i] != GCUT_NONE && !f->outputs[i])
      return GCUT_FAIL(err, GCUT_DEVICE, "node '%.200s' (%.100s): its kernel left output %u unset",
                       f->node->name, f->node->op_type, i);
  return GCUT_OK;
}

// A node may name no output at all; kernels count on one.
static bool wants_something(const frame *f) {
  for (uint32_t i = 0; i < f->node->n_outputs; i++)
    if (gcut_node_outputs(f->graph, f->node)[i] != GCUT_NONE) return true;
  return false;
}

static gcut_status run_frame(gcut_cpu_runner *r, frame *f, gcut_error *err) {
  if (!f->node->op)
    return GCUT_FAIL(err, GCUT_UNSUPPORTED,
                     "node '%.200s': graphcut does not know the operator %.100s%s%.100s",
                     f->node->name, f->node->domain, *f->node->domain ? "." : "", f->node->op_type);
  GCUT_TRY(prepare_frame(f, err));
  GCUT_TRY(infer(r, f, err));
  if (!wants_something(f)) return GCUT_OK;
  if (f->node->op->flags & GCUT_OP_VIEW)
    GCUT_TRY(run_view(f, err));
  else
    GCUT_TRY(run_kernel(r, f, gcut__cpu_find(f->node), err));
  return check_outputs(f, err);
}

// Enters one level of nesting and prepares a frame there.
static gcut_status enter(gcut_cpu_runner *r, const gcut_graph *graph, const gcut_node *node,
                         gcut_cpu_env *env, frame *f, gcut_error *err) {
  if (r->depth >= MAX_DEPTH)
    return GCUT_FAIL(err, GCUT_FORMAT, "node '%.200s': subgraphs nested more than %d deep",
                     node->name, MAX_DEPTH);
  gcut_arena **scratch = &r->scratch[r->depth];
  if (!*scratch && !(*scratch = gcut_arena_create())) return GCUT_NO_MEMORY(err);
  *f = (frame){.graph = graph, .node = node, .scratch = *scratch, .env = env};
  f->inputs = GCUT_NEW_ARRAY(*scratch, const gcut_tensor *, node->n_inputs);
  f->outputs = GCUT_NEW_ARRAY(*scratch, gcut_tensor *, node->n_outputs);
  if (!f->inputs || !f->outputs) return GCUT_NO_MEMORY(err);
  r->depth++;
  return GCUT_OK;
}

static void leave(gcut_cpu_runner *r, frame *f) {
  for (uint32_t i = 0; i < f->node->n_outputs; i++) gcut_tensor_unref(f->outputs[i]);
  r->depth--;
  gcut_arena_reset(f->scratch);
}

// The value's tensor, fetching an initializer at need.
static gcut_status fetch(gcut_cpu_env *env, uint32_t value, const gcut_tensor **out_tensor,
                         gcut_error *err) {
  const gcut_value *v = &env->graph->values[value];
  if (!env->values[value] && v->constant != GCUT_NONE)
    GCUT_TRY(gcut__cpu_constant_tensor(env->graph, &env->graph->constants[v->constant],
                                       &env->values[value], err));
  *out_tensor = env->values[value];
  if (!*out_tensor)
    return GCUT_FAIL(err, GCUT_DEVICE, "value '%.200s' is read before it is computed", v->name);
  return GCUT_OK;
}

static gcut_status run_in_env(gcut_cpu_runner *r, frame *f, gcut_error *err) {
  for (uint32_t i = 0; i < f->node->n_inputs; i++)
    if (gcut_node_inputs(f->graph, f->node)[i] != GCUT_NONE)
      GCUT_TRY(fetch(f->env, gcut_node_inputs(f->graph, f->node)[i], &f->inputs[i], err));
  GCUT_TRY(run_frame(r, f, err));
  for (uint32_t i = 0; i < f->node->n_outputs; i++)
    if (gcut_node_outputs(f->graph, f->node)[i] != GCUT_NONE)
      gcut__cpu_env_set(f->env, gcut_node_outputs(f->graph, f->node)[i], f->outputs[i]);
  return GCUT_OK;
}

gcut_status gcut__cpu_run_node(gcut_cpu_runner *r, gcut_cpu_env *env, uint32_t node,
                               gcut_error *err) {
  frame f;
  GCUT_TRY(enter(r, env->graph, &env->graph->nodes[node], env, &f, err));
  gcut_cpu_env *outer = r->env;
  r->env = env;
  gcut_status status = run_in_env(r, &f, err);
  r->env = outer;
  leave(r, &f);
  return status;
}

// ---- a fused group ----------------------------------------------------------------------------

static gcut_status run_group(frame *f, const gcut_trace *trace, const gcut_fused *group,
                             gcut_error *err) {
  uint32_t value = gcut_node_outputs(f->graph, f->node)[0];
  f->inputs = GCUT_NEW_ARRAY(f->scratch, const gcut_tensor *, group->n_reads);
  if (!f->inputs) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < group->n_reads; i++)
    GCUT_TRY(fetch(f->env, group->reads[i], &f->inputs[i], err));
  GCUT_TRY(allocate(f, 0, &trace->facts[value].type, err));
  gcut_cpu_call c = call_of(f, group->n_reads, group);
  GCUT_TRY(gcut__cpu_find_group(group->kind)(&c, err));
  gcut__cpu_env_set(f->env, value, f->outputs[0]);
  return GCUT_OK;
}

gcut_status gcut__cpu_run_group(gcut_cpu_runner *r, gcut_cpu_env *env, const gcut_trace *trace,
                                const gcut_fused *group, gcut_error *err) {
  frame f;
  const gcut_node *last = &env->graph->nodes[group->nodes[group->n_nodes - 1]];
  GCUT_TRY(enter(r, env->graph, last, env, &f, err));
  gcut_status status = run_group(&f, trace, group, err);
  leave(r, &f);
  return status;
}

gcut_status gcut__cpu_evaluate(void *runner, const gcut_graph *graph, const gcut_node *node,
                               const gcut_tensor *const *inputs, gcut_tensor **outputs,
                               gcut_error *err) {
  gcut_cpu_runner *r = runner;
  frame f;
  GCUT_TRY(enter(r, graph, node, NULL, &f, err));
  for (uint32_t i = 0; i < node->n_inputs; i++) f.inputs[i] = inputs[i];
  gcut_status status = run_frame(r, &f, err);
  for (uint32_t i = 0; i < node->n_outputs && status == GCUT_OK; i++)
    outputs[i] = gcut_tensor_ref(f.outputs[i]);
  leave(r, &f);
  return status;
}

// ---- bodies -----------------------------------------------------------------------------------

// Drops what a body computed, so that nothing outlives an iteration.
static void clear_body(gcut_cpu_env *env, const gcut_body *body) {
  for (uint32_t i = 0; i < body->n_inputs; i++) gcut__cpu_env_set(env, body->inputs[i], NULL);
  for (uint32_t i = 0; i < body->n_nodes; i++) {
    const gcut_node *node = &env->graph->nodes[body->nodes[i]];
    for (uint32_t k = 0; k < node->n_outputs; k++)
      if (gcut_node_outputs(env->graph, node)[k] != GCUT_NONE)
        gcut__cpu_env_set(env, gcut_node_outputs(env->graph, node)[k], NULL);
  }
}

static gcut_status run_body_nodes(gcut_cpu_runner *r, gcut_cpu_env *env, const gcut_body *body,
                                  gcut_tensor **outputs, uint32_t n_outputs, gcut_error *err) {
  for (uint32_t i = 0; i < body->n_nodes; i++)
    GCUT_TRY(gcut__cpu_run_node(r, env, body->nodes[i], err));
  for (uint32_t i = 0; i < n_outputs; i++) {
    const gcut_tensor *t;
    GCUT_TRY(fetch(env, body->outputs[i], &t, err));
    outputs[i] = gcut_tensor_ref((gcut_tensor *)t);
  }
  return GCUT_OK;
}

static gcut_status run_body(gcut_cpu_call *c, uint32_t body, gcut_tensor *const *inputs,
                            uint32_t n_inputs, gcut_tensor **outputs, uint32_t n_outputs,
                            gcut_error *err) {
  gcut_cpu_runner *r = c->private_state;
  gcut_cpu_env *env = r->env;
  const gcut_body *b = &c->graph->bodies[body];
  if (n_inputs != b->n_inputs || n_outputs != b->n_outputs)
    return gcut__cpu_fail(c, GCUT_FORMAT, err,
                          "its subgraph has %u inputs and %u outputs, expected %u and %u",
                          b->n_inputs, b->n_outputs, n_inputs, n_outputs);
  for (uint32_t i = 0; i < n_outputs; i++) outputs[i] = NULL;
  for (uint32_t i = 0; i < n_inputs; i++) gcut__cpu_env_set(env, b->inputs[i], inputs[i]);
  gcut_status status = run_body_nodes(r, env, b, outputs, n_outputs, err);
  clear_body(env, b);
  for (uint32_t i = 0; i < n_outputs && status != GCUT_OK; i++) {
    gcut_tensor_unref(outputs[i]);
    outputs[i] = NULL;
  }
  return status;
}
