// Functions of one byte, spelled out (tracer/fuse/fuse_lookup.c): what the nodes make of the 256
// bytes, by their own kernels, is a table. It is kept.
#include <stdlib.h>

#include "exec/cpu/call.h"
#include "exec/cpu/ops/bytes.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/order.h"
#include "tracer/fuse/fuse.h"

enum { ROW = 512, BYTES = 256, MOST_OPERANDS = 4 };

typedef struct table {
  gcut__cpu_kept base;
  uint8_t to[BYTES];
} table;

static void destroy_table(gcut__cpu_kept *kept) {
  free(kept);
}

// ---- making it --------------------------------------------------------------------------------

// A number as a scalar: it then has no say in shapes.
static gcut_status read_number(const gcut__cpu_call *c, uint32_t value, gcut_tensor **out,
                               gcut_error *err) {
  gcut_tensor *t;
  GCUT_TRY(gcut__cpu_constant_tensor(c->graph, c->env->trace->facts[value].constant, &t, err));
  gcut_status status = gcut_tensor_view(t, t->type, 0, NULL, out, err);
  gcut_tensor_unref(t);
  return status;
}

// Tensors of 256 elements that stand for values.
typedef struct stand_ins {
  uint32_t values[GCUT__FUSED_NODES + 2], n;
  gcut_tensor *tensors[GCUT__FUSED_NODES + 2];
} stand_ins;

static gcut_status read_input(const gcut__cpu_call *c, const stand_ins *s, uint32_t value,
                              gcut_tensor **out, gcut_error *err) {
  *out = NULL;
  for (uint32_t i = 0; i < s->n; i++)
    if (s->values[i] == value) *out = gcut_tensor_ref(s->tensors[i]);
  return *out || value == GCUT_NONE ? GCUT_OK : read_number(c, value, out, err);
}

static gcut_status apply(const gcut__cpu_call *c, const gcut_node *node, stand_ins *s,
                         gcut_error *err) {
  gcut_tensor *inputs[MOST_OPERANDS] = {0};
  gcut_status status = GCUT_OK;
  for (uint32_t i = 0; i < node->n_inputs && status == GCUT_OK; i++)
    status = read_input(c, s, gcut_node_inputs(c->graph, node)[i], &inputs[i], err);
  if (status == GCUT_OK)
    status = gcut__cpu_evaluate(c->private_state, c->graph, node,
                                (const gcut_tensor *const *)inputs, &s->tensors[s->n], err);
  for (uint32_t i = 0; i < node->n_inputs; i++) gcut_tensor_unref(inputs[i]);
  if (status == GCUT_OK) s->values[s->n++] = gcut_node_outputs(c->graph, node)[0];
  return status;
}

// The last of the stand-ins is the result's.
static gcut_status follow(const gcut__cpu_call *c, stand_ins *s, gcut_error *err) {
  const gcut_fused *group = c->attrs;
  s->values[0] = group->reads[0];
  if (c->inputs[0]->type == GCUT_FLOAT) { // numbers of bytes
    const gcut_node *before = &c->graph->nodes[c->graph->values[group->reads[0]].producer];
    s->values[0] = gcut_node_inputs(c->graph, before)[0];
    GCUT_TRY(apply(c, before, s, err));
  }
  for (uint32_t i = 0; i < group->n_nodes; i++)
    GCUT_TRY(apply(c, &c->graph->nodes[group->nodes[i]], s, err));
  return GCUT_OK;
}

static gcut_status fill(const gcut__cpu_call *c, uint8_t *to, gcut_error *err) {
  const gcut_fused *group = c->attrs;
  stand_ins s = {.n = 1};
  GCUT_TRY(gcut_tensor_create(group->x.type, 1, (int64_t[]){BYTES}, &s.tensors[0], err));
  for (int i = 0; i < BYTES; i++) ((uint8_t *)s.tensors[0]->data)[i] = (uint8_t)i;
  gcut_status status = follow(c, &s, err);
  const gcut_tensor *y = s.tensors[s.n - 1];
  if (status == GCUT_OK && y->bytes == BYTES) memcpy(to, y->data, BYTES);
  for (uint32_t i = 0; i < s.n; i++) gcut_tensor_unref(s.tensors[i]);
  return status;
}

// ---- using it ---------------------------------------------------------------------------------

static void look_up(const uint8_t *to, size_t n, const uint8_t *x, uint8_t *y) {
  for (size_t i = 0; i < n; i++) y[i] = to[x[i]];
}

static void look_up_floats(const uint8_t *to, const gcut_fused_bytes *bytes, uint64_t n,
                           const float *x, uint8_t *y) {
  float numbers[ROW], zero = (float)bytes->zero, low = bytes->type == GCUT_INT8 ? -128 : 0;
  uint8_t row[ROW];
  for (uint64_t i = 0; i < n; i += ROW) {
    size_t part = n - i < ROW ? (size_t)(n - i) : ROW;
    gcut__scale_floats(part, x + i, 0, 1 / bytes->scale, numbers);
    gcut__narrow_bytes(part, numbers, zero, low, low + 255, row);
    look_up(to, part, row, y + i);
  }
}

// Kept, or made in `own`.
static gcut_status find(const gcut__cpu_call *c, table *own, const uint8_t **out, gcut_error *err) {
  table *kept = (table *)gcut__cpu_recall(c);
  *out = kept ? kept->to : own->to;
  if (kept) return GCUT_OK;
  GCUT_TRY(fill(c, own->to, err));
  table *made = malloc(sizeof *made);
  if (!made) return GCUT_OK;
  *made = *own;
  if (!gcut__cpu_keep(c, &made->base)) free(made);
  return GCUT_OK;
}

gcut_status gcut__cpu_group_lookup(gcut__cpu_call *c, gcut_error *err) {
  const gcut_fused *group = c->attrs;
  const gcut_tensor *x = c->inputs[0], *y = c->outputs[0];
  table own = {.base = {destroy_table}};
  const uint8_t *to;
  if (x->count != y->count)
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "%llu elements of %llu",
                          (unsigned long long)y->count, (unsigned long long)x->count);
  GCUT_TRY(find(c, &own, &to, err));
  if (x->type == GCUT_FLOAT)
    look_up_floats(to, &group->x, x->count, x->data, y->data);
  else
    look_up(to, x->count, x->data, y->data);
  if (c->order) c->order->output = c->order->input;
  return GCUT_OK;
}
