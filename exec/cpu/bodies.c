// Running the bodies of control operators.
#include <stdlib.h>

#include "exec/cpu/kernel.h"
#include "exec/cpu/order.h"
#include "exec/cpu/runner.h"

// ---- nodes of constants alone
// Those of the main graph the tracer has folded. Those of a body are computed when it first runs,
// and kept: exporters write weights into bodies as Constant nodes.

typedef struct kept_outputs {
  gcut__cpu_kept base;
  uint32_t n;
  gcut_tensor *tensors[]; // [n] of the outputs that the node names
} kept_outputs;

enum { MOST_KEPT = 64 << 20 }; // bytes of one node

// Beside what the node's kernel keeps.
static uint64_t outputs_of(uint32_t node) {
  return (uint64_t)1 << 32 | node;
}

bool gcut__cpu_is_fixed(const gcut__cpu_env *env, uint32_t value) {
  const gcut_value *v = &env->graph->values[value];
  if (v->constant != GCUT_NONE && !v->is_input) return true;
  if (v->body == 0)
    return (env->trace && env->trace->facts[value].constant) || (env->fixed && env->fixed[value]);
  return env->shelf && v->producer != GCUT_NONE &&
         gcut__cpu_shelf_find(env->shelf, outputs_of(v->producer));
}

static void destroy_outputs(gcut__cpu_kept *kept) {
  kept_outputs *k = (kept_outputs *)kept;
  for (uint32_t i = 0; i < k->n; i++) gcut_tensor_unref(k->tensors[i]);
  free(k);
}

static bool shows(const gcut__cpu_env *env, const gcut_node *node, uint32_t value) {
  for (uint32_t i = 0; i < node->n_outputs; i++) {
    uint32_t made = gcut_node_outputs(env->graph, node)[i];
    if (made != GCUT_NONE && env->values[made]->data == env->values[value]->data) return true;
  }
  return false;
}

// An input that every batch brings alike. What the part makes of weights is made with every batch,
// perhaps elsewhere: a view of it is none to keep.
static bool stays(const gcut__cpu_env *env, const gcut_node *node, uint32_t input) {
  if (!gcut__cpu_is_fixed(env, input)) return false;
  return env->graph->values[input].body != 0 || !env->fixed || !env->fixed[input] ||
         !shows(env, node, input);
}

static bool can_keep(const gcut__cpu_env *env, const gcut_node *node) {
  if (node->op->flags & (GCUT_OP_RANDOM | GCUT_OP_CONTROL)) return false;
  for (uint32_t i = 0; i < node->n_inputs; i++) {
    uint32_t value = gcut_node_inputs(env->graph, node)[i];
    if (value != GCUT_NONE && !stays(env, node, value)) return false;
  }
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < node->n_outputs; i++) {
    uint32_t value = gcut_node_outputs(env->graph, node)[i];
    if (value != GCUT_NONE) bytes += env->values[value]->bytes;
  }
  return bytes <= MOST_KEPT;
}

// What has been computed outlives the iteration, where there is memory for that.
static gcut_status keep_outputs(gcut__cpu_env *env, uint32_t index, gcut_error *err) {
  const gcut_node *node = &env->graph->nodes[index];
  const uint32_t *values = gcut_node_outputs(env->graph, node);
  if (!env->shelf || !can_keep(env, node)) return GCUT_OK;
  kept_outputs *k = calloc(1, sizeof *k + node->n_outputs * sizeof *k->tensors);
  if (!k) return GCUT_OK;
  k->base.destroy = destroy_outputs;
  for (uint32_t i = 0; i < node->n_outputs; i++) {
    if (values[i] == GCUT_NONE) continue;
    gcut_status status = gcut__cpu_straighten(env, values[i], err);
    if (status != GCUT_OK) {
      destroy_outputs(&k->base);
      return status;
    }
    k->tensors[k->n++] = gcut_tensor_ref(env->values[values[i]]);
  }
  if (!gcut__cpu_shelf_put(env->shelf, outputs_of(index), &k->base)) destroy_outputs(&k->base);
  return GCUT_OK;
}

static gcut_status run_body_node(gcut__cpu_runner *r, gcut__cpu_env *env, uint32_t index,
                                 gcut_error *err) {
  const gcut_node *node = &env->graph->nodes[index];
  const kept_outputs *k =
      env->shelf ? (kept_outputs *)gcut__cpu_shelf_find(env->shelf, outputs_of(index)) : NULL;
  if (!k) {
    GCUT_TRY(gcut__cpu_run_node(r, env, index, err));
    return keep_outputs(env, index, err);
  }
  for (uint32_t i = 0, at = 0; i < node->n_outputs; i++) {
    uint32_t value = gcut_node_outputs(env->graph, node)[i];
    if (value != GCUT_NONE) gcut__cpu_env_set(env, value, k->tensors[at++]);
  }
  return GCUT_OK;
}

// ---- a body

// Drops what a body computed, so that nothing outlives an iteration.
static void clear_body(gcut__cpu_env *env, const gcut_body *body) {
  for (uint32_t i = 0; i < body->n_inputs; i++) gcut__cpu_env_set(env, body->inputs[i], NULL);
  for (uint32_t i = 0; i < body->n_nodes; i++) {
    const gcut_node *node = &env->graph->nodes[body->nodes[i]];
    for (uint32_t k = 0; k < node->n_outputs; k++)
      if (gcut_node_outputs(env->graph, node)[k] != GCUT_NONE)
        gcut__cpu_env_set(env, gcut_node_outputs(env->graph, node)[k], NULL);
  }
}

static gcut_status run_body_nodes(gcut__cpu_runner *r, gcut__cpu_env *env, const gcut_body *body,
                                  gcut_tensor **outputs, uint32_t n_outputs, gcut_error *err) {
  for (uint32_t i = 0; i < body->n_nodes; i++) GCUT_TRY(run_body_node(r, env, body->nodes[i], err));
  for (uint32_t i = 0; i < n_outputs; i++) {
    const gcut_tensor *t;
    GCUT_TRY(gcut__cpu_fetch(env, body->outputs[i], &t, err));
    outputs[i] = gcut_tensor_ref((gcut_tensor *)t);
  }
  return GCUT_OK;
}

gcut_status gcut__cpu_run_body(gcut__cpu_call *c, uint32_t body, gcut_tensor *const *inputs,
                               uint32_t n_inputs, gcut_tensor **outputs, uint32_t n_outputs,
                               gcut_error *err) {
  gcut__cpu_runner *r = c->private_state;
  gcut__cpu_env *env = r->env;
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
