#include "exec/cpu/order.h"

#include <stdlib.h>
#include <string.h>

#include "exec/cpu/ops/copy.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"

// ---- which kernels ----------------------------------------------------------------------------

// Before version 7 operands were aligned by an attribute.
enum { FIRST_PLAIN_BROADCAST = 7 };

gcut__cpu_orders gcut__cpu_orders_of(const gcut_node *node) {
  gcut__cpu_kernel kernel = gcut__cpu_find(node);
  if (!kernel || node->n_outputs == 0) return GCUT__CPU_ROW_MAJOR;
  if (kernel == gcut__cpu_conv || kernel == gcut__cpu_qlinear_conv ||
      kernel == gcut__cpu_conv_integer || kernel == gcut__cpu_max_pool ||
      kernel == gcut__cpu_split || kernel == gcut__cpu_global_average_pool ||
      kernel == gcut__cpu_batch_normalization)
    return GCUT__CPU_ASKS;
  if (kernel == gcut__cpu_concat || kernel == gcut__cpu_quantize_linear ||
      kernel == gcut__cpu_dequantize_linear)
    return GCUT__CPU_ANY_ORDER;
  if (!gcut_op_is_elementwise(node)) return GCUT__CPU_ROW_MAJOR;
  bool aligned = node->n_inputs > 1 && node->version < FIRST_PLAIN_BROADCAST;
  return aligned ? GCUT__CPU_ROW_MAJOR : GCUT__CPU_ANY_ORDER;
}

// ---- turning ----------------------------------------------------------------------------------

bool gcut__cpu_order_matters(int rank, const int64_t *dims) {
  return rank > 2 && dims[1] > 1 && gcut__product(dims, 2, rank) > 1;
}

void gcut__cpu_turn(size_t size, int rank, const int64_t *dims, bool last, const void *from,
                    void *to) {
  int64_t batch = dims[0], channels = dims[1], space = gcut__product(dims, 2, rank);
  int64_t rows = last ? space : channels, columns = last ? channels : space;
  gcut__copy_box(size, 3, (int64_t[]){batch, rows, columns}, to,
                 (int64_t[]){rows * columns, columns, 1}, from,
                 (int64_t[]){rows * columns, 1, rows});
}

gcut_status gcut__cpu_straighten(gcut__cpu_env *env, uint32_t value, gcut_error *err) {
  if (!env->turned || !env->turned[value]) return GCUT_OK;
  gcut_tensor *t = env->values[value];
  void *copy = malloc(t->bytes);
  if (!copy) return GCUT_NO_MEMORY(err);
  memcpy(copy, t->data, t->bytes);
  gcut__cpu_turn(gcut_dtype_bits(t->type) / 8, t->rank, t->dims, false, copy, t->data);
  free(copy);
  env->turned[value] = false;
  return GCUT_OK;
}

gcut_status gcut__cpu_straighten_input(gcut__cpu_call *c, gcut_error *err) {
  if (!c->order || !c->order->input) return GCUT_OK;
  c->order->input = false;
  if (c->inputs[0] == c->env->values[c->values[0]])
    return gcut__cpu_straighten(c->env, c->values[0], err);
  const gcut_tensor *t = c->inputs[0]; // made of it
  void *copy = gcut_arena_copy(c->scratch, t->data, t->bytes);
  if (!copy) return GCUT_NO_MEMORY(err);
  gcut__cpu_turn(gcut_dtype_bits(t->type) / 8, t->rank, t->dims, false, copy, t->data);
  return GCUT_OK;
}

// ---- a call as its operands lie ---------------------------------------------------------------

// The dims of a tensor, with those in front that broadcasting adds, channels last.
static bool turn_dims(int rank, const gcut_tensor *t, int64_t *out) {
  int64_t dims[GCUT_MAX_RANK] = {0};
  int added = rank - t->rank;
  if (added < 0) return false;
  for (int d = 0; d < rank; d++) dims[d] = d < added ? 1 : t->dims[d - added];
  out[0] = dims[0];
  for (int d = 2; d < rank; d++) out[d - 1] = dims[d];
  out[rank - 1] = dims[1];
  return true;
}

// The same elements in the same memory (or, where it must be, turned into scratch).
static gcut_status turn_operand(gcut__cpu_call *c, int rank, const gcut_tensor *t, bool lies_turned,
                                gcut_tensor **out, gcut_error *err) {
  *out = (gcut_tensor *)(uintptr_t)t;
  if (t->count == 1 && t->rank < rank) return GCUT_OK; // the same for all, in any order
  gcut_tensor *seen = GCUT_NEW(c->scratch, gcut_tensor);
  int64_t *dims = GCUT_NEW_ARRAY(c->scratch, int64_t, rank);
  *out = NULL;
  if (!seen || !dims) return GCUT_NO_MEMORY(err);
  if (!turn_dims(rank, t, dims)) return GCUT_OK;
  *seen = *t;
  seen->rank = rank;
  seen->dims = dims;
  // Within the axes of space only what is seen all along them stays where it is.
  bool flat = gcut__product(dims, 1, rank - 1) == 1;
  if (!lies_turned && !flat && (t->rank < rank || gcut__cpu_order_matters(rank, t->dims))) {
    if (t->rank < rank || gcut_dtype_bits(t->type) < 8) return GCUT_OK;
    seen->data = gcut_arena_alloc(c->scratch, 1, t->bytes);
    if (!seen->data) return GCUT_NO_MEMORY(err);
    gcut__cpu_turn(gcut_dtype_bits(t->type) / 8, rank, t->dims, true, t->data, seen->data);
  }
  *out = seen;
  return GCUT_OK;
}

gcut_status gcut__cpu_turn_call(gcut__cpu_call *c, const bool *turned, bool *out_can,
                                gcut_error *err) {
  const gcut_tensor **inputs = GCUT_NEW_ARRAY(c->scratch, const gcut_tensor *, c->n_inputs);
  gcut_tensor **outputs = GCUT_NEW_ARRAY(c->scratch, gcut_tensor *, 1), *seen;
  *out_can = false;
  if (!inputs || !outputs) return GCUT_NO_MEMORY(err);
  if (c->n_outputs != 1 || !c->outputs[0] || gcut_dtype_bits(c->outputs[0]->type) < 8)
    return GCUT_OK;
  int rank = c->outputs[0]->rank;
  GCUT_TRY(turn_operand(c, rank, c->outputs[0], true, &outputs[0], err));
  for (uint32_t i = 0; i < c->n_inputs; i++) {
    if (!c->inputs[i]) continue;
    if (turned[i] && c->inputs[i]->rank < rank) return GCUT_OK;
    GCUT_TRY(turn_operand(c, rank, c->inputs[i], turned[i], &seen, err));
    if (!seen) return GCUT_OK;
    inputs[i] = seen;
  }
  c->inputs = inputs;
  c->outputs = outputs;
  *out_can = true;
  return GCUT_OK;
}
