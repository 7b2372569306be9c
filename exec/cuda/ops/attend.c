// Attention as one kernel: spelled out by exporters (a fused group of the trace), or the operator
// of opset 23.
#include <math.h>
#include <string.h>

#include "exec/cuda/kernels.h"
#include "exec/cuda/match.h"
#include "exec/cuda/ops/attend.h"
#include "exec/cuda/ops/attend_masks.h"
#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/shape.h"
#include "tracer/fuse/fuse.h"
#include "tracer/ops/attention.h"
#include "tracer/ops/transpose.h"

// ---- launching

typedef struct attention {
  gcut__cuda_attend attend;
  CUfunction join;            // of masks, where there are any that are not simply added
  gcut__cuda_masks_job masks; // n is 0 where there are none
  uint64_t mask_bytes;
  gcut__cuda_attend_inputs inputs;
} attention;

static gcut_status join_masks(const gcut__cuda_run *r, const attention *a, gcut_error *err) {
  gcut__cuda_masks_job masks = a->masks;
  void *arguments[] = {&masks};
  for (uint32_t i = 0; i < (uint32_t)masks.n; i++)
    masks.of[i].data = (const void *)r->inputs[a->inputs.mask + i];
  masks.to = (void *)r->scratch;
  return gcut__cuda_launch_over(r, a->join, (uint64_t)masks.count, arguments, err);
}

static gcut_status launch_attend(const gcut__cuda_run *r, gcut_error *err) {
  const attention *a = r->step->params;
  gcut__cuda_attend_job job = a->attend.job;
  job.q = (const void *)r->inputs[0];
  job.k = (const void *)r->inputs[1];
  job.v = (const void *)r->inputs[2];
  job.y = (void *)r->outputs[0];
  job.mask.data = (const void *)r->inputs[a->inputs.mask];
  job.bias.data = (const void *)r->inputs[a->inputs.bias];
  job.sinks = a->inputs.sinks ? (const void *)r->inputs[a->inputs.sinks] : NULL;
  if (a->masks.n > 0) {
    GCUT_TRY(join_masks(r, a, err));
    *(job.mask.type ? &job.mask.data : &job.bias.data) = (const void *)r->scratch;
  }
  return gcut__cuda_attend_launch(r->cuda, &a->attend, job, r->scratch + a->mask_bytes, r->stream,
                                  err);
}

// A mask is copied where that alone keeps Hopper's kernel from reading it. Others read one.
static gcut_status load_attend(gcut__cuda *cuda, attention *a, gcut_error *err) {
  attention padded = *a;
  GCUT_TRY(gcut__cuda_attend_load(cuda, &a->attend, err));
  if (a->attend.wide) return GCUT_OK;
  if (gcut__cuda_attend_pad(&padded.attend.job, &padded.masks)) {
    GCUT_TRY(gcut__cuda_attend_load(cuda, &padded.attend, err));
    if (padded.attend.wide) {
      *a = padded;
      return GCUT_OK;
    }
  }
  if (gcut__cuda_attend_unite(&a->attend.job, &a->inputs, &a->masks)) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_UNSUPPORTED, "attention: a mask has too many tiles");
}

static gcut_status load_kernels(const gcut__cuda_compile *c, attention *a, gcut_error *err) {
  GCUT_TRY(load_attend(c->cuda, a, err));
  if (a->masks.n > 0) GCUT_TRY(gcut__cuda_kernel(c->cuda, "gcut_join_masks", &a->join, err));
  a->mask_bytes = gcut__cuda_masks_bytes(&a->masks);
  c->step->scratch_bytes = a->mask_bytes + gcut__cuda_attend_scratch(&a->attend.job);
  c->step->params = a;
  c->step->launch = launch_attend;
  return GCUT_OK;
}

// ---- what there is a kernel for

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

#define SET_HEADS(job, name, heads)                                                                \
  ((job)->name##_batch = (heads).batch, (job)->name##_head = (heads).head,                         \
   (job)->name##_row = (heads).row)

// ---- heads

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

// Queries, keys or values.
typedef struct operand {
  gcut_type type; // [batch, heads, rows, size]
  gcut_dim dims[4];
  gcut__cuda_heads heads; // how they lie
} operand;

static void set_dims(operand *o, const gcut_type *t, gcut_dim a, gcut_dim b, gcut_dim c,
                     gcut_dim d) {
  memcpy(o->dims, (gcut_dim[]){a, b, c, d}, sizeof o->dims);
  o->type = *t;
  o->type.rank = 4;
  o->type.dims = o->dims;
}

// Whether they have dimensions of their own to tell heads from rows.
static bool is_apart(const operand *o) {
  return o->type.dims != o->dims;
}

static void set_apart(operand *o, const gcut_type *t) {
  o->type = *t;
  o->heads = dense(t);
}

// Of a result: as many heads and rows as queries have, of the size of values.
static gcut__cuda_heads result_of(const operand *o, gcut__cuda_heads lie(const gcut_type *)) {
  const gcut_dim *q = o[0].type.dims;
  gcut_dim dims[] = {q[0], q[1], q[2], o[2].type.dims[3]};
  gcut_type y = {.rank = 4, .dims = dims};
  return lie(&y);
}

// Results go where a Transpose of heads and rows would put them, where it alone reads them.
static gcut__cuda_heads match_result(gcut__cuda_matcher *m, const operand *o, gcut__cuda_fused *f) {
  uint32_t y = gcut__match_output(m, &m->graph->nodes[f->base.node]);
  const gcut_node *transpose = gcut__match_reader(m, y, "Transpose");
  bool apart = is_apart(o);
  if (!(apart ? swaps_heads(m, transpose) : swaps_joined(m, transpose)) ||
      m->n_hidden == GCUT_CUDA_GROUP_NODES)
    return result_of(o, dense);
  m->hidden[m->n_hidden++] = f->base.node;
  f->base.node = (uint32_t)(transpose - m->graph->nodes);
  return result_of(o, apart ? rows_first : rows_outermost);
}

// ---- spelled out

static gcut_status compile_found(const gcut__cuda_compile *c, const gcut__cuda_fused *fused,
                                 gcut_error *err) {
  attention *a = gcut_arena_copy(c->arena, fused->params, sizeof *a);
  return a ? load_kernels(c, a, err) : GCUT_NO_MEMORY(err);
}

// Of rank 3: batch and heads are one dimension, before or behind rows.
static void set_joined(gcut__cuda_matcher *m, const gcut_fused *group, bool rows_before,
                       uint32_t *read, operand *o) {
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
static bool set_windows(const gcut_type *t, int64_t windows, operand *o) {
  set_dims(o, t, t->dims[0] / windows, windows * t->dims[1], t->dims[2], t->dims[3]);
  o->heads = dense(&o->type);
  return t->dims[0] % windows == 0;
}

// Operand i of the group, of rank 4, or of rank 3 with batch and heads as one; keys may have rows
// before heads.
static bool set_operand(gcut__cuda_matcher *m, const gcut_fused *group, uint32_t i, uint32_t *read,
                        operand *o) {
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

static bool set_job(gcut__cuda_attend_job *job, const operand *o) {
  if (!set_shapes(job, &o[0].type, &o[1].type, &o[2].type)) return false;
  SET_HEADS(job, q, o[0].heads);
  SET_HEADS(job, k, o[1].heads);
  SET_HEADS(job, v, o[2].heads);
  return true;
}

// Sinks, a head each; or, where they are constants that have been repeated for batches and queries,
// what that made. Of the type of all else.
static bool set_sinks(const gcut__cuda_matcher *m, const gcut_fused *group, uint32_t *reads,
                      attention *a) {
  if (!group->sinks) return true;
  uint32_t *sinks = &reads[a->inputs.sinks = group->n_reads - 1];
  for (uint32_t i = 0; i < group->n_nodes; i++) {
    const gcut_node *node = &m->graph->nodes[group->nodes[i]];
    if (gcut__match_input(m, node, 0) == *sinks && m->trace->folded[group->nodes[i]])
      *sinks = gcut__match_output(m, node);
  }
  const gcut_type *t = gcut__match_type(m, *sinks); // [.., heads, queries or 1, 1]
  a->attend.job.sinks_step = t ? t->dims[2] : 0;
  return t && t->type == a->attend.job.type;
}

// Whether the node makes float32 of narrower operands.
static bool is_wide(const gcut__cuda_matcher *m, uint32_t node, int32_t type) {
  const gcut_type *t = gcut__match_type(m, gcut__match_output(m, &m->graph->nodes[node]));
  return t && t->type == GCUT_FLOAT && type != GCUT_FLOAT;
}

bool gcut__cuda_fill_attention(gcut__cuda_matcher *m, const gcut_fused *group,
                               gcut__cuda_fused *f) {
  attention *a = GCUT_NEW(m->arena, attention);
  uint32_t reads[6];
  operand o[3];
  memcpy(reads, group->reads, sizeof reads);
  for (uint32_t i = 0; a && i < 3; i++)
    if (!set_operand(m, group, i, &reads[i], &o[i])) return false;
  if (!a || !set_job(&a->attend.job, o)) return false;
  a->attend.job.scale = group->scale;
  a->attend.job.softcap = group->softcap;
  a->attend.job.guard = group->guard;
  a->attend.job.wide_result = is_wide(m, f->base.node, o[0].type.type);
  if (!gcut__cuda_attend_set_masks(m, group, &a->attend.job, &a->inputs, &a->masks) ||
      !set_sinks(m, group, reads, a))
    return false;
  gcut__cuda_heads y = match_result(m, o, f);
  SET_HEADS(&a->attend.job, y, y);
  f->params = a;
  f->compile = compile_found;
  f->base.n_reads = group->n_reads;
  f->base.reads = gcut_arena_copy(m->arena, reads, f->base.n_reads * sizeof *reads);
  return f->base.reads != NULL;
}

// ---- Attention of opset 23 ----------------------------------------------------------------------

static bool has_from(const uint32_t *values, uint32_t n, uint32_t from) {
  for (uint32_t i = from; i < n; i++)
    if (values[i] != GCUT_NONE) return true;
  return false;
}

// No past, no lengths, nothing made but the result.
static bool is_plain(const gcut_graph *g, const gcut_node *node) {
  const gcut_attention_attrs *attrs = node->attrs;
  return !has_from(gcut_node_inputs(g, node), node->n_inputs, 4) &&
         !has_from(gcut_node_outputs(g, node), node->n_outputs, 1) && attrs->softcap >= 0 &&
         attrs->left_window_size < 0 && attrs->right_window_size < 0;
}

// As the operator gets them: of rank 4, or [batch, rows, heads * size].
static bool set_input(operand *o, const gcut_type *t, int64_t n_heads) {
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

static bool set_inputs(operand *o, const gcut_attention_attrs *attrs, const gcut_type *q,
                       const gcut_type *k, const gcut_type *v) {
  return set_input(&o[0], q, attrs->q_num_heads) && set_input(&o[1], k, attrs->kv_num_heads) &&
         set_input(&o[2], v, attrs->kv_num_heads);
}

static bool set_operator(attention *a, const gcut_attention_attrs *attrs, const operand *o,
                         const gcut_type *mask) {
  gcut__cuda_attend_job *job = &a->attend.job;
  if (!set_job(job, o)) return false;
  job->scale = isnan(attrs->scale) ? 1 / sqrtf((float)job->size) : attrs->scale;
  job->softcap = attrs->softcap;
  if (job->softcap > 0) job->scale /= job->softcap;
  job->causal = attrs->is_causal != 0;
  job->guard = true;
  gcut__cuda_heads y = result_of(o, is_apart(&o[0]) ? dense : rows_first);
  SET_HEADS(job, y, y);
  if (mask && mask->type != GCUT_BOOL && mask->type != job->type) return false; // it is cast first
  a->inputs.mask = a->inputs.bias = mask ? 3 : 0;                               // it is one of them
  return !mask || gcut__cuda_attend_set_mask(job, mask, false, -INFINITY);
}

gcut_status gcut__cuda_compile_attention(const gcut__cuda_compile *c, gcut_error *err) {
  attention *p = GCUT_NEW(c->arena, attention);
  operand o[3];
  if (!p) return GCUT_NO_MEMORY(err);
  if (!is_plain(c->trace->graph, c->node) ||
      !set_inputs(o, c->node->attrs, gcut__cuda_input_type(c, 0), gcut__cuda_input_type(c, 1),
                  gcut__cuda_input_type(c, 2)) ||
      !set_operator(p, c->node->attrs, o, gcut__cuda_input_type(c, 3)))
    return GCUT_OK;
  return load_kernels(c, p, err);
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

// Reads through what only moves heads; of rank 4.
static bool look_through(gcut__cuda_matcher *m, uint32_t *value, bool repeated, operand *o) {
  if (!is_apart(o)) return true;
  if (repeated) *value = before_repeat(m, *value);
  const gcut_type *t = gcut__match_type(m, *value);
  if (!t) return false;
  o->type = *t;
  *value = gcut__cuda_match_heads(m, *value, 1, &o->heads);
  return true;
}

bool gcut__cuda_match_attention(gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_fused *f) {
  uint32_t reads[4];
  operand o[3];
  for (uint32_t i = 0; i < 4; i++) reads[i] = gcut__match_input(m, node, i);
  const gcut_type *mask = gcut__match_type(m, reads[3]);
  attention *p = GCUT_NEW(m->arena, attention);
  if (!p || !is_plain(m->graph, node) || (reads[3] != GCUT_NONE && !mask) ||
      !set_inputs(o, node->attrs, gcut__match_type(m, reads[0]), gcut__match_type(m, reads[1]),
                  gcut__match_type(m, reads[2])))
    return false;
  for (uint32_t i = 0; i < 3; i++)
    if (!look_through(m, &reads[i], i > 0, &o[i])) return false;
  if (!set_operator(p, node->attrs, o, mask)) return false;
  if (is_apart(&o[0])) {
    gcut__cuda_heads y = match_result(m, o, f);
    SET_HEADS(&p->attend.job, y, y);
  }
  f->params = p;
  f->compile = compile_found;
  f->base.n_reads = mask ? 4 : 3;
  f->base.reads = gcut_arena_copy(m->arena, reads, sizeof reads);
  return m->n_hidden > 0 && f->base.reads;
}
