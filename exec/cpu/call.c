// Running nodes on the CPU.
#include "exec/cpu/call.h"

#include <stdio.h>
#include <stdlib.h>

#include "exec/cpu/kernel.h"
#include "exec/cpu/order.h"
#include "exec/cpu/runner.h"

enum { FRESH_LIMIT = 1024 };

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
  gcut__cpu_env *env; // NULL while the tracer evaluates
  bool *turned;       // [n_inputs] those that lie channels last; NULL: none does
  gcut__cpu_order order;
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

static gcut_status infer(gcut__cpu_runner *r, frame *f, gcut_error *err) {
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
  // What inputs hold is not known where memory is out, and would go unchecked.
  bool starved = gcut_dims_out_of_memory(r->dims) || gcut_arena_out_of_memory(f->scratch);
  return starved ? GCUT_NO_MEMORY(err) : status;
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

static gcut__cpu_call call_of(const frame *f, const uint32_t *values, uint32_t n_inputs,
                              const void *attrs) {
  return (gcut__cpu_call){.graph = f->graph,
                          .node = f->node,
                          .attrs = attrs,
                          .inputs = f->inputs,
                          .values = values,
                          .n_inputs = n_inputs,
                          .outputs = f->outputs,
                          .n_outputs = f->node->n_outputs,
                          .scratch = f->scratch,
                          .env = f->env};
}

static gcut_status straighten_inputs(frame *f, uint32_t first, gcut_error *err) {
  for (uint32_t i = first; f->turned && i < f->node->n_inputs; i++)
    if (f->turned[i])
      GCUT_TRY(gcut__cpu_straighten(f->env, gcut_node_inputs(f->graph, f->node)[i], err));
  return GCUT_OK;
}

// Shows the kernel its operands as they lie, where it copes with that.
static gcut_status settle_order(frame *f, gcut__cpu_call *c, gcut_error *err) {
  bool can = false;
  if (!f->env || !f->env->turned) return GCUT_OK;
  gcut__cpu_orders orders = gcut__cpu_orders_of(f->node);
  if (orders == GCUT__CPU_ASKS) {
    f->order.input = f->turned && f->turned[0];
    c->order = &f->order;
    return straighten_inputs(f, 1, err);
  }
  if (!f->turned) return GCUT_OK;
  if (orders == GCUT__CPU_ANY_ORDER) GCUT_TRY(gcut__cpu_turn_call(c, f->turned, &can, err));
  if (!can) return straighten_inputs(f, 0, err);
  c->order = &f->order;
  f->order.shown = f->order.output = true;
  return GCUT_OK;
}

static gcut_status run_kernel(gcut__cpu_runner *r, frame *f, gcut__cpu_kernel kernel,
                              gcut_error *err) {
  for (uint32_t i = 0; i < f->node->n_outputs; i++) {
    const gcut_type *type = &f->facts[f->node->n_inputs + i].type;
    if (gcut_node_outputs(f->graph, f->node)[i] != GCUT_NONE && gcut_type_static(type))
      GCUT_TRY(allocate(f, i, type, err));
  }
  gcut__cpu_call c =
      call_of(f, gcut_node_inputs(f->graph, f->node), f->node->n_inputs, f->node->attrs);
  c.run_body = f->env ? gcut__cpu_run_body : NULL;
  c.private_state = r;
  GCUT_TRY(settle_order(f, &c, err));
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

static gcut_status run_frame(gcut__cpu_runner *r, frame *f, gcut_error *err) {
  if (!f->node->op) return gcut__op_unknown(f->node, err);
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
static gcut_status enter(gcut__cpu_runner *r, const gcut_graph *graph, const gcut_node *node,
                         gcut__cpu_env *env, frame *f, gcut_error *err) {
  if (r->depth >= GCUT__CPU_MAX_DEPTH)
    return GCUT_FAIL(err, GCUT_FORMAT, "node '%.200s': subgraphs nested more than %d deep",
                     node->name, GCUT__CPU_MAX_DEPTH);
  gcut_arena **scratch = &r->scratch[r->depth];
  if (!*scratch && !(*scratch = gcut_arena_create())) return GCUT_NO_MEMORY(err);
  *f = (frame){.graph = graph, .node = node, .scratch = *scratch, .env = env};
  f->inputs = GCUT_NEW_ARRAY(*scratch, const gcut_tensor *, node->n_inputs);
  f->outputs = GCUT_NEW_ARRAY(*scratch, gcut_tensor *, node->n_outputs);
  if (!f->inputs || !f->outputs) return GCUT_NO_MEMORY(err);
  r->depth++;
  return GCUT_OK;
}

static void leave(gcut__cpu_runner *r, frame *f) {
  for (uint32_t i = 0; i < f->node->n_outputs; i++) gcut_tensor_unref(f->outputs[i]);
  r->depth--;
  gcut_arena_reset(f->scratch);
}

// The value's tensor as it lies, fetching an initializer at need.
static gcut_status fetch_as_is(gcut__cpu_env *env, uint32_t value, const gcut_tensor **out_tensor,
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

gcut_status gcut__cpu_fetch(gcut__cpu_env *env, uint32_t value, const gcut_tensor **out_tensor,
                            gcut_error *err) {
  GCUT_TRY(fetch_as_is(env, value, out_tensor, err));
  return gcut__cpu_straighten(env, value, err);
}

static gcut_status fetch_inputs(frame *f, gcut_error *err) {
  const uint32_t *values = gcut_node_inputs(f->graph, f->node);
  bool as_is = f->env->turned && gcut__cpu_orders_of(f->node) != GCUT__CPU_ROW_MAJOR;
  for (uint32_t i = 0; i < f->node->n_inputs; i++) {
    if (values[i] == GCUT_NONE) continue;
    GCUT_TRY((as_is ? fetch_as_is : gcut__cpu_fetch)(f->env, values[i], &f->inputs[i], err));
    if (!as_is || !f->env->turned[values[i]]) continue;
    if (!f->turned && !(f->turned = GCUT_NEW_ARRAY(f->scratch, bool, f->node->n_inputs)))
      return GCUT_NO_MEMORY(err);
    f->turned[i] = true;
  }
  return GCUT_OK;
}

static void set_output(const frame *f, uint32_t i, uint32_t value) {
  gcut__cpu_env_set(f->env, value, f->outputs[i]);
  if (f->order.output)
    f->env->turned[value] = gcut__cpu_order_matters(f->outputs[i]->rank, f->outputs[i]->dims);
}

static gcut_status run_in_env(gcut__cpu_runner *r, frame *f, gcut_error *err) {
  const uint32_t *values = gcut_node_outputs(f->graph, f->node);
  GCUT_TRY(fetch_inputs(f, err));
  GCUT_TRY(run_frame(r, f, err));
  for (uint32_t i = 0; i < f->node->n_outputs; i++)
    if (values[i] != GCUT_NONE) set_output(f, i, values[i]);
  return GCUT_OK;
}

gcut_status gcut__cpu_run_node(gcut__cpu_runner *r, gcut__cpu_env *env, uint32_t node,
                               gcut_error *err) {
  frame f;
  GCUT_TRY(enter(r, env->graph, &env->graph->nodes[node], env, &f, err));
  gcut__cpu_env *outer = r->env;
  r->env = env;
  gcut_status status = run_in_env(r, &f, err);
  r->env = outer;
  leave(r, &f);
  return status;
}

// ---- a fused group ----------------------------------------------------------------------------

static gcut_status run_group(gcut__cpu_runner *r, frame *f, const gcut_trace *trace,
                             const gcut_fused *group, gcut_error *err) {
  uint32_t value = gcut_node_outputs(f->graph, f->node)[0];
  f->inputs = GCUT_NEW_ARRAY(f->scratch, const gcut_tensor *, group->n_reads);
  if (!f->inputs) return GCUT_NO_MEMORY(err);
  bool asks = f->env->turned && gcut__cpu_group_asks(group->kind);
  for (uint32_t i = 0; i < group->n_reads; i++)
    GCUT_TRY((asks && i == 0 ? fetch_as_is : gcut__cpu_fetch)(f->env, group->reads[i],
                                                              &f->inputs[i], err));
  GCUT_TRY(allocate(f, 0, &trace->facts[value].type, err));
  gcut__cpu_call c = call_of(f, group->reads, group->n_reads, group);
  c.private_state = r;
  if (asks) c.order = &f->order, f->order.input = f->env->turned[group->reads[0]];
  GCUT_TRY(gcut__cpu_find_group(group->kind)(&c, err));
  set_output(f, 0, value);
  return GCUT_OK;
}

gcut_status gcut__cpu_run_group(gcut__cpu_runner *r, gcut__cpu_env *env, const gcut_trace *trace,
                                const gcut_fused *group, gcut_error *err) {
  frame f;
  const gcut_node *last = &env->graph->nodes[group->nodes[group->n_nodes - 1]];
  GCUT_TRY(enter(r, env->graph, last, env, &f, err));
  gcut_status status = run_group(r, &f, trace, group, err);
  leave(r, &f);
  return status;
}

gcut_status gcut__cpu_evaluate(void *runner, const gcut_graph *graph, const gcut_node *node,
                               const gcut_tensor *const *inputs, gcut_tensor **outputs,
                               gcut_error *err) {
  gcut__cpu_runner *r = runner;
  frame f;
  GCUT_TRY(enter(r, graph, node, NULL, &f, err));
  for (uint32_t i = 0; i < node->n_inputs; i++) f.inputs[i] = inputs[i];
  gcut_status status = run_frame(r, &f, err);
  for (uint32_t i = 0; i < node->n_outputs && status == GCUT_OK; i++)
    outputs[i] = gcut_tensor_ref(f.outputs[i]);
  leave(r, &f);
  return status;
}
