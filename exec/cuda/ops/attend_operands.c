// From the values of an attention to strides: which dimension is heads and which is rows, where a
// Transpose or what repeats keys lies between.
#include "exec/cuda/ops/attend_operands.h"

#include <math.h>
#include <string.h>

#include "tracer/fuse/fuse.h"
#include "tracer/ops/transpose.h"

// ---- what there is a kernel for ----------------------------------------------------------------

// Shapes of q [batch, heads, queries, size], k [batch, kv heads, keys, size] and v [.., v size].
static bool set_shapes(gcut__cuda_attend_job *job, const gcut_type *q, const gcut_type *k,
                       const gcut_type *v) {
  if (!q || !k || !v || q->rank != 4 || k->rank != 4 || v->rank != 4) return false;
  if (k->type != q->type || v->type != q->type ||
      !gcut__cuda_attend_has_kernel(q->type, q->dims[3]) ||
      !gcut__cuda_attend_has_kernel(q->type, v->dims[3]))
    return false;
  for (int d = 0; d < 4; d++)
    if ((d < 3 && k->dims[d] != v->dims[d]) || q->dims[d] <= 0 || k->dims[d] <= 0) return false;
  if (k->dims[0] != q->dims[0] || k->dims[3] != q->dims[3] || q->dims[1] % k->dims[1] != 0)
    return false;
  if (q->dims[0] > 65535 || q->dims[1] > 65535 || q->dims[2] > 1 << 20 || k->dims[2] > 1 << 20)
    return false;
  job->batch = (int32_t)q->dims[0];
  job->heads = (int32_t)q->dims[1];
  job->group = (int32_t)(q->dims[1] / k->dims[1]);
  job->n_queries = (int32_t)q->dims[2];
  job->n_keys = (int32_t)k->dims[2];
  job->size = (int32_t)q->dims[3];
  job->v_size = (int32_t)v->dims[3];
  job->type = q->type;
  job->mask.ceiling = INFINITY; // until there is a mask
  return true;
}

// Strides of a value of [batch, heads, rows, size] as it lies, or with heads and rows swapped.
static gcut__cuda_heads dense(const gcut_type *t) {
  return (gcut__cuda_heads){t->dims[1] * t->dims[2] * t->dims[3], t->dims[2] * t->dims[3],
                            t->dims[3]};
}

static gcut__cuda_heads rows_first(const gcut_type *t) {
  return (gcut__cuda_heads){t->dims[1] * t->dims[2] * t->dims[3], t->dims[3],
                            t->dims[1] * t->dims[3]};
}

// Of rows before batches and heads in one dimension: [rows, batch * heads, size].
static gcut__cuda_heads rows_outermost(const gcut_type *t) {
  return (gcut__cuda_heads){t->dims[1] * t->dims[3], t->dims[3],
                            t->dims[0] * t->dims[1] * t->dims[3]};
}

// ---- heads ------------------------------------------------------------------------------------

static bool permutes(const gcut__cuda_matcher *m, const gcut_node *transpose, const int64_t *perm,
                     int32_t rank) {
  const gcut__transpose_attrs *attrs = transpose ? transpose->attrs : NULL;
  const gcut_type *t = transpose ? gcut__match_type(m, gcut__match_output(m, transpose)) : NULL;
  return t && t->rank == rank && attrs->perm.given &&
         memcmp(attrs->perm.data, perm, (size_t)rank * sizeof *perm) == 0;
}

// A Transpose that swaps dimensions 1 and 2 of 4; 0 and 1 of 3.
static bool swaps_heads(const gcut__cuda_matcher *m, const gcut_node *transpose) {
  return permutes(m, transpose, (const int64_t[]){0, 2, 1, 3}, 4);
}

static bool swaps_joined(const gcut__cuda_matcher *m, const gcut_node *transpose) {
  return permutes(m, transpose, (const int64_t[]){1, 0, 2}, 3);
}

uint32_t gcut__cuda_match_heads(gcut__cuda_matcher *m, uint32_t value, uint32_t uses,
                                gcut__cuda_heads *out) {
  const gcut_type *t = gcut__match_type(m, value); // [batch, heads, rows, size]
  uint32_t kept = m->n_hidden;
  const gcut_node *transpose = gcut__match_inner(m, value, "Transpose", uses);
  *out = dense(t);
  if (swaps_heads(m, transpose)) {
    *out = rows_first(t);
    return gcut__match_input(m, transpose, 0);
  }
  m->n_hidden = kept;
  return value;
}

// ---- operands -----------------------------------------------------------------------------------

static void set_dims(gcut__cuda_attend_operand *o, const gcut_type *t, gcut_dim a, gcut_dim b,
                     gcut_dim c, gcut_dim d) {
  memcpy(o->dims, (gcut_dim[]){a, b, c, d}, sizeof o->dims);
  o->type = *t;
  o->type.rank = 4;
  o->type.dims = o->dims;
}

bool gcut__cuda_operand_is_apart(const gcut__cuda_attend_operand *o) {
  return o->type.dims != o->dims;
}

static void set_apart(gcut__cuda_attend_operand *o, const gcut_type *t) {
  o->type = *t;
  o->heads = dense(t);
}

// Of a result: as many heads and rows as queries have, of the size of values.
static gcut__cuda_heads result_of(const gcut__cuda_attend_operand *o,
                                  gcut__cuda_heads lie(const gcut_type *)) {
  const gcut_dim *q = o[0].type.dims;
  gcut_dim dims[] = {q[0], q[1], q[2], o[2].type.dims[3]};
  gcut_type y = {.rank = 4, .dims = dims};
  return lie(&y);
}

gcut__cuda_heads gcut__cuda_operator_result(const gcut__cuda_attend_operand *o) {
  return result_of(o, gcut__cuda_operand_is_apart(o) ? dense : rows_first);
}

gcut__cuda_heads gcut__cuda_match_result(gcut__cuda_matcher *m, const gcut__cuda_attend_operand *o,
                                         gcut__cuda_fused *f) {
  uint32_t y = gcut__match_output(m, &m->graph->nodes[f->base.node]);
  const gcut_node *transpose = gcut__match_reader(m, y, "Transpose");
  bool apart = gcut__cuda_operand_is_apart(o);
  if (!(apart ? swaps_heads(m, transpose) : swaps_joined(m, transpose)) ||
      m->n_hidden == GCUT_CUDA_GROUP_NODES)
    return result_of(o, dense);
  m->hidden[m->n_hidden++] = f->base.node;
  f->base.node = (uint32_t)(transpose - m->graph->nodes);
  return result_of(o, apart ? rows_first : rows_outermost);
}

// Of rank 3: batch and heads are one dimension, before or behind rows.
static void set_joined(gcut__cuda_matcher *m, const gcut_fused *group, bool rows_before,
                       uint32_t *read, gcut__cuda_attend_operand *o) {
  const gcut_type *t = gcut__match_type(m, *read);
  uint32_t kept = m->n_hidden;
  const gcut_node *turn = rows_before ? NULL : gcut__match_inner(m, *read, "Transpose", 1);
  gcut_dim n = t->dims[rows_before ? 1 : 0], rows = t->dims[rows_before ? 0 : 1];
  int64_t batch = gcut__cuda_attend_batches(m, group, n);
  bool turned = swaps_joined(m, turn);
  set_dims(o, t, batch, n / batch, rows, t->dims[2]);
  o->heads = rows_before || turned ? rows_outermost(&o->type) : dense(&o->type);
  if (turned)
    *read = gcut__match_input(m, turn, 0);
  else
    m->n_hidden = kept;
}

// Of as many windows in each batch: heads of each window follow those of the one before.
static bool set_windows(const gcut_type *t, int64_t windows, gcut__cuda_attend_operand *o) {
  set_dims(o, t, t->dims[0] / windows, windows * t->dims[1], t->dims[2], t->dims[3]);
  o->heads = dense(&o->type);
  return t->dims[0] % windows == 0;
}

bool gcut__cuda_operand_of_group(gcut__cuda_matcher *m, const gcut_fused *group, uint32_t i,
                                 uint32_t *read, gcut__cuda_attend_operand *o) {
  const gcut_type *t = gcut__match_type(m, *read);
  bool rows_before = i == 1 && group->rows_first;
  int64_t windows = gcut__cuda_attend_windows(m, group);
  if (!t || windows < 1 || (t->rank != 4 && t->rank != 3)) return false;
  if (windows > 1) return t->rank == 4 && !rows_before && set_windows(t, windows, o);
  if (t->rank == 3) {
    set_joined(m, group, rows_before, read, o);
  } else if (rows_before) {
    set_dims(o, t, t->dims[0], t->dims[2], t->dims[1], t->dims[3]);
    o->heads = rows_first(&o->type);
  } else {
    set_apart(o, t);
    *read = gcut__cuda_match_heads(m, *read, 1, &o->heads);
  }
  return true;
}

bool gcut__cuda_operands_job(gcut__cuda_attend_job *job, const gcut__cuda_attend_operand *o) {
  if (!set_shapes(job, &o[0].type, &o[1].type, &o[2].type)) return false;
  GCUT_CUDA_SET_HEADS(job, q, o[0].heads);
  GCUT_CUDA_SET_HEADS(job, k, o[1].heads);
  GCUT_CUDA_SET_HEADS(job, v, o[2].heads);
  return true;
}

bool gcut__cuda_operand_of_input(gcut__cuda_attend_operand *o, const gcut_type *t,
                                 int64_t n_heads) {
  if (!t || (t->rank != 4 && t->rank != 3)) return false;
  if (t->rank == 4) {
    set_apart(o, t);
    return true;
  }
  if (n_heads <= 0 || t->dims[2] % n_heads != 0) return false;
  set_dims(o, t, t->dims[0], n_heads, t->dims[1], t->dims[2] / n_heads);
  o->heads = rows_first(&o->type);
  return true;
}

// Keys or values before they were repeated for groups of queries.
static uint32_t before_repeat(gcut__cuda_matcher *m, uint32_t value) {
  uint32_t kept = m->n_hidden, wide, one, in;
  const gcut_node *join = gcut__match_inner(m, value, "Reshape", 1);
  const gcut_node *expand =
      join ? gcut__match_inner(m, wide = gcut__match_input(m, join, 0), "Expand", 1) : NULL;
  const gcut_node *unsqueeze =
      expand ? gcut__match_inner(m, one = gcut__match_input(m, expand, 0), "Unsqueeze", 1) : NULL;
  if (unsqueeze &&
      gcut__fuse_repeats_heads(gcut__match_type(m, in = gcut__match_input(m, unsqueeze, 0)),
                               gcut__match_type(m, one), gcut__match_type(m, wide),
                               gcut__match_type(m, value)))
    return in;
  m->n_hidden = kept;
  return value;
}

bool gcut__cuda_operand_behind(gcut__cuda_matcher *m, uint32_t *value, bool repeated,
                               gcut__cuda_attend_operand *o) {
  if (!gcut__cuda_operand_is_apart(o)) return true;
  if (repeated) *value = before_repeat(m, *value);
  const gcut_type *t = gcut__match_type(m, *value);
  if (!t) return false;
  o->type = *t;
  *value = gcut__cuda_match_heads(m, *value, 1, &o->heads);
  return true;
}
