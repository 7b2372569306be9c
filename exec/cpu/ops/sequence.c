// Operators on sequences: references move, tensors are copied only where they are cut or joined.
#include "tracer/ops/sequence.h"

#include "exec/cpu/ops/indices.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/slab.h"

// Gives a new tensor to output 0 and the reference away.
static gcut_status give(gcut__cpu_call *c, gcut_tensor *tensor) {
  gcut__cpu_output_tensor(c, 0, tensor);
  gcut_tensor_unref(tensor);
  return GCUT_OK;
}

static gcut_status give_sequence(gcut__cpu_call *c, gcut_dtype type, gcut_tensor *const *items,
                                 size_t n, gcut_error *err) {
  gcut_tensor *sequence;
  GCUT_TRY(gcut_tensor_sequence(type, items, n, &sequence, err));
  return give(c, sequence);
}

// The position that input `i` names, counted from the back where negative, in [0, limit]; `absent`
// where there is no such input.
static gcut_status read_position(gcut__cpu_call *c, uint32_t i, int64_t n, int64_t limit,
                                 int64_t absent, int64_t *out, gcut_error *err) {
  const int64_t *values;
  uint64_t count;
  *out = absent;
  if (gcut__cpu_has(c, i)) {
    GCUT_TRY(gcut__indices(c, i, &values, &count, err));
    if (count != 1) return gcut__cpu_fail(c, GCUT_FORMAT, err, "input %u is no scalar", i);
    *out = values[0] < 0 && values[0] >= -n ? values[0] + n : values[0];
  }
  if (*out < 0 || *out > limit)
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "position %lld in a sequence of %lld",
                          (long long)*out, (long long)n);
  return GCUT_OK;
}

gcut_status gcut__cpu_sequence_empty(gcut__cpu_call *c, gcut_error *err) {
  const gcut__sequence_empty_attrs *attrs = c->attrs;
  return give_sequence(c, (gcut_dtype)attrs->dtype, NULL, 0, err);
}

gcut_status gcut__cpu_sequence_construct(gcut__cpu_call *c, gcut_error *err) {
  return give_sequence(c, c->inputs[0]->type, (gcut_tensor *const *)c->inputs, c->n_inputs, err);
}

gcut_status gcut__cpu_sequence_at(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *s = c->inputs[0];
  int64_t at, n = (int64_t)s->n_items;
  GCUT_TRY(read_position(c, 1, n, n - 1, -1, &at, err));
  gcut__cpu_output_tensor(c, 0, s->items[at]);
  return GCUT_OK;
}

gcut_status gcut__cpu_sequence_insert(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *s = c->inputs[0];
  gcut_tensor *tensor = (gcut_tensor *)c->inputs[1];
  int64_t at, n = (int64_t)s->n_items;
  GCUT_TRY(read_position(c, 2, n, n, n, &at, err));
  gcut_tensor **items = GCUT_NEW_ARRAY(c->scratch, gcut_tensor *, s->n_items + 1);
  if (!items) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  for (int64_t i = 0; i <= n; i++)
    items[i] = i < at ? s->items[i] : i == at ? tensor : s->items[i - 1];
  return give_sequence(c, tensor->type, items, s->n_items + 1, err);
}

gcut_status gcut__cpu_sequence_erase(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *s = c->inputs[0];
  int64_t at, n = (int64_t)s->n_items;
  GCUT_TRY(read_position(c, 1, n, n - 1, n - 1, &at, err));
  gcut_tensor **items = GCUT_NEW_ARRAY(c->scratch, gcut_tensor *, s->n_items);
  if (!items) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  for (int64_t i = 0; i < n - 1; i++) items[i] = s->items[i < at ? i : i + 1];
  return give_sequence(c, s->type, items, s->n_items - 1, err);
}

gcut_status gcut__cpu_sequence_length(gcut__cpu_call *c, gcut_error *err) {
  (void)err;
  *(int64_t *)c->outputs[0]->data = (int64_t)c->inputs[0]->n_items;
  return GCUT_OK;
}

gcut_status gcut__cpu_concat_from_sequence(gcut__cpu_call *c, gcut_error *err) {
  const gcut__concat_from_sequence_attrs *attrs = c->attrs;
  const gcut_tensor *s = c->inputs[0];
  gcut_tensor *joined;
  if (s->n_items == 0) return gcut__cpu_fail(c, GCUT_FORMAT, err, "an empty sequence");
  if (attrs->new_axis)
    GCUT_TRY(gcut__slab_stack(c, s->items, s->n_items, attrs->axis, false, &joined, err));
  else
    GCUT_TRY(gcut__slab_join(c, s->items, s->n_items, attrs->axis, &joined, err));
  return give(c, joined);
}

// ---- SplitToSequence --------------------------------------------------------------------------

// The lengths of the pieces: `n` of them, each `each` (the last less) or by `lengths`.
typedef struct pieces {
  uint64_t n;
  int64_t each;
  const int64_t *lengths;
} pieces;

static gcut_status read_pieces(gcut__cpu_call *c, int64_t whole, pieces *p, gcut_error *err) {
  *p = (pieces){.n = (uint64_t)whole, .each = 1};
  if (!gcut__cpu_has(c, 1)) return GCUT_OK;
  GCUT_TRY(gcut__indices(c, 1, &p->lengths, &p->n, err));
  if (c->inputs[1]->rank == 0) {
    p->each = p->lengths[0];
    p->lengths = NULL;
    if (p->each < 1)
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "pieces of %lld", (long long)p->each);
    p->n = whole > 0 ? (uint64_t)(whole - 1) / (uint64_t)p->each + 1 : 0;
    return GCUT_OK;
  }
  int64_t left = whole;
  for (uint64_t k = 0; k < p->n; k++) {
    if (p->lengths[k] < 0 || p->lengths[k] > left)
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "piece %llu of %lld, where %lld are left",
                            (unsigned long long)k, (long long)p->lengths[k], (long long)left);
    left -= p->lengths[k];
  }
  if (left > 0)
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "%lld elements are left over", (long long)left);
  return GCUT_OK;
}

static gcut_status take_pieces(gcut__cpu_call *c, int axis, const pieces *p,
                               gcut__tensor_list *list, gcut_error *err) {
  const gcut__split_to_sequence_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  bool drop = !gcut__cpu_has(c, 1) && !attrs->keepdims;
  int64_t at = 0, whole = x->dims[axis];
  for (uint64_t k = 0; k < p->n; k++) {
    int64_t length = p->lengths ? p->lengths[k] : p->each < whole - at ? p->each : whole - at;
    gcut_tensor *piece;
    GCUT_TRY(gcut__slab_take(c, x, axis, at, length, drop, &piece, err));
    GCUT_TRY(gcut__tensor_list_add(list, piece, err));
    at += length;
  }
  return GCUT_OK;
}

gcut_status gcut__cpu_split_to_sequence(gcut__cpu_call *c, gcut_error *err) {
  const gcut__split_to_sequence_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  int axis = (int)(attrs->axis < 0 ? attrs->axis + x->rank : attrs->axis);
  gcut__tensor_list list = {0};
  pieces p;
  GCUT_TRY(read_pieces(c, x->dims[axis], &p, err));
  gcut_status status = take_pieces(c, axis, &p, &list, err);
  if (status == GCUT_OK) status = give_sequence(c, x->type, list.items, list.n, err);
  gcut__tensor_list_free(&list);
  return status;
}
