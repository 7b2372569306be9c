// Attention as one kernel: spelled out by exporters (products, mask, softmax, and the guard of rows
// that see nothing), or the operator of opset 23.
#include <math.h>
#include <string.h>

#include "exec/cuda/match.h"
#include "exec/cuda/ops/attend.h"
#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/shape.h"
#include "tracer/ops/attention.h"
#include "tracer/ops/softmax.h"
#include "tracer/ops/transpose.h"

// ---- launching

static gcut_status launch_attend(const gcut__cuda_run *r, gcut_error *err) {
  const gcut__cuda_attend *a = r->step->params;
  gcut__cuda_attend_job job = a->job;
  job.q = (const void *)r->inputs[0];
  job.k = (const void *)r->inputs[1];
  job.v = (const void *)r->inputs[2];
  job.mask = job.mask_type ? (const void *)r->inputs[3] : NULL;
  job.y = (void *)r->outputs[0];
  return gcut__cuda_attend_launch(r->cuda, a, job, r->scratch, r->stream, err);
}

static gcut_status load_kernels(const gcut__cuda_compile *c, gcut__cuda_attend *a,
                                gcut_error *err) {
  GCUT_TRY(gcut__cuda_attend_load(c->cuda, a, err));
  c->step->scratch_bytes = gcut__cuda_attend_scratch(&a->job);
  c->step->params = a;
  c->step->launch = launch_attend;
  return GCUT_OK;
}

// ---- what there is a kernel for

// Shapes of q [batch, heads, queries, size] and k, v [batch, kv heads, keys, size].
static bool set_shapes(gcut__cuda_attend_job *job, const gcut_type *q, const gcut_type *k,
                       const gcut_type *v) {
  if (!q || !k || !v || q->rank != 4 || k->rank != 4 || v->rank != 4) return false;
  if (k->type != q->type || v->type != q->type ||
      !gcut__cuda_attend_has_kernel(q->type, q->dims[3]))
    return false;
  for (int d = 0; d < 4; d++)
    if (k->dims[d] != v->dims[d] || q->dims[d] <= 0 || k->dims[d] <= 0) return false;
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
  job->type = q->type;
  return true;
}

// A mask that broadcasts to [batch, heads, queries, keys].
static bool set_mask(gcut__cuda_attend_job *job, const gcut_type *t) {
  int64_t full[4] = {job->batch, job->heads, job->n_queries, job->n_keys}, strides[4] = {0},
          stride = 1;
  if (!t || t->rank > 4 || t->rank < 1 || (t->type != GCUT_BOOL && t->type != job->type))
    return false;
  for (int d = t->rank - 1; d >= 0; d--) {
    int to = d + 4 - t->rank;
    if (t->dims[d] != 1 && t->dims[d] != full[to]) return false;
    strides[to] = t->dims[d] == 1 ? 0 : stride;
    stride *= t->dims[d];
  }
  job->m_batch = strides[0];
  job->m_head = strides[1];
  job->m_row = strides[2];
  job->m_column = strides[3];
  job->mask_type = t->type;
  return gcut__cuda_attend_set_tiles(job);
}

static gcut__cuda_heads dense(const gcut_type *t) {
  return (gcut__cuda_heads){t->dims[1] * t->dims[2] * t->dims[3], t->dims[2] * t->dims[3],
                            t->dims[3]};
}

#define SET_HEADS(job, name, heads)                                                                \
  ((job)->name##_batch = (heads).batch, (job)->name##_head = (heads).head,                         \
   (job)->name##_row = (heads).row)

// ---- heads

bool gcut__cuda_swaps_heads(const gcut__cuda_matcher *m, const gcut_node *transpose) {
  const gcut__transpose_attrs *attrs = transpose ? transpose->attrs : NULL;
  static const int64_t swap[] = {0, 2, 1, 3};
  const gcut_type *t = transpose ? gcut__match_type(m, gcut__match_output(m, transpose)) : NULL;
  return t && t->rank == 4 && attrs->perm.given && memcmp(attrs->perm.data, swap, sizeof swap) == 0;
}

uint32_t gcut__cuda_match_heads(gcut__cuda_matcher *m, uint32_t value, uint32_t uses,
                                gcut__cuda_heads *out) {
  const gcut_type *t = gcut__match_type(m, value); // [batch, heads, rows, size]
  uint32_t kept = m->n_hidden;
  const gcut_node *transpose = gcut__match_inner(m, value, "Transpose", uses);
  *out = dense(t);
  if (gcut__cuda_swaps_heads(m, transpose)) {
    *out = (gcut__cuda_heads){t->dims[1] * t->dims[2] * t->dims[3], t->dims[3],
                              t->dims[1] * t->dims[3]};
    return gcut__match_input(m, transpose, 0);
  }
  m->n_hidden = kept;
  return value;
}

// ---- the exporters' pattern

typedef struct found {
  uint32_t q, k, v, mask; // mask may be GCUT_NONE
  float scale;
  bool guard;
} found;

// The value behind a product with a number, or the value itself.
static uint32_t match_factor(gcut__cuda_matcher *m, uint32_t value, float *scale) {
  uint32_t kept = m->n_hidden;
  const gcut_node *mul = gcut__match_inner(m, value, "Mul", 1);
  for (uint32_t side = 0; mul && side < 2; side++) {
    float factor;
    if (!gcut__match_scalar(m, gcut__match_input(m, mul, side), &factor)) continue;
    *scale *= factor;
    return gcut__match_input(m, mul, 1 - side);
  }
  m->n_hidden = kept;
  return value;
}

// Keys or values before they were repeated for groups of heads: Reshape(Expand(Unsqueeze(k))).
static uint32_t match_repeat(gcut__cuda_matcher *m, uint32_t value) {
  uint32_t kept = m->n_hidden;
  const gcut_type *out = gcut__match_type(m, value);
  const gcut_node *n = gcut__match_inner(m, value, "Reshape", 1);
  const gcut_type *wide = n ? gcut__match_type(m, gcut__match_input(m, n, 0)) : NULL;
  if (n) n = gcut__match_inner(m, gcut__match_input(m, n, 0), "Expand", 1);
  if (n) n = gcut__match_inner(m, gcut__match_input(m, n, 0), "Unsqueeze", 1);
  const gcut_type *in = n ? gcut__match_type(m, gcut__match_input(m, n, 0)) : NULL;
  if (in && out && wide && in->rank == 4 && out->rank == 4 && wide->rank == 5 &&
      wide->dims[0] == in->dims[0] && wide->dims[1] == in->dims[1] &&
      wide->dims[3] == in->dims[2] && wide->dims[4] == in->dims[3] && out->dims[0] == in->dims[0] &&
      out->dims[1] == in->dims[1] * wide->dims[2] && out->dims[2] == in->dims[2] &&
      out->dims[3] == in->dims[3])
    return gcut__match_input(m, n, 0);
  m->n_hidden = kept;
  return value;
}

static bool swaps_last(const gcut_node *transpose, int rank) {
  const gcut__transpose_attrs *attrs = transpose->attrs;
  for (int d = 0; d < rank; d++)
    if (attrs->perm.data[d] != (d < rank - 2 ? d : 2 * rank - 3 - d)) return false;
  return attrs->perm.given;
}

// k of a value k^T: a Transpose of the last two dimensions, perhaps between two Reshapes that join
// batch and heads. GCUT_NONE where it is neither.
static uint32_t match_turned(gcut__cuda_matcher *m, uint32_t value) {
  const gcut_type *out = gcut__match_type(m, value);
  const gcut_node *last = gcut__match_inner(m, value, "Reshape", 1);
  const gcut_node *turn =
      gcut__match_inner(m, last ? gcut__match_input(m, last, 0) : value, "Transpose", 1);
  const gcut_type *t = turn ? gcut__match_type(m, gcut__match_output(m, turn)) : NULL;
  if (!out || out->rank != 4 || !t || t->rank != (last ? 3 : 4) || !swaps_last(turn, t->rank))
    return GCUT_NONE;
  if (!last) return gcut__match_input(m, turn, 0);
  const gcut_node *first = gcut__match_inner(m, gcut__match_input(m, turn, 0), "Reshape", 1);
  const gcut_type *in = first ? gcut__match_type(m, gcut__match_input(m, first, 0)) : NULL;
  bool joined = in && in->rank == 4 && t->dims[1] == in->dims[3] && t->dims[2] == in->dims[2] &&
                out->dims[0] == in->dims[0] && out->dims[1] == in->dims[1] &&
                out->dims[2] == in->dims[3] && out->dims[3] == in->dims[2];
  return joined ? gcut__match_input(m, first, 0) : GCUT_NONE;
}

// Scores: [Add(] MatMul(q, k^T) [, mask)].
static bool match_scores(gcut__cuda_matcher *m, uint32_t value, found *f) {
  uint32_t kept = m->n_hidden;
  const gcut_node *add = gcut__match_inner(m, value, "Add", 1), *product = NULL;
  for (uint32_t side = 0; add && side < 2 && !product; side++) {
    product = gcut__match_inner(m, gcut__match_input(m, add, side), "MatMul", 1);
    f->mask = gcut__match_input(m, add, 1 - side);
  }
  if (!add) {
    m->n_hidden = kept;
    f->mask = GCUT_NONE;
    product = gcut__match_inner(m, value, "MatMul", 1);
  }
  if (!product) return false;
  f->q = match_factor(m, gcut__match_input(m, product, 0), &f->scale);
  f->k = match_turned(m, match_factor(m, gcut__match_input(m, product, 1), &f->scale));
  if (f->k == GCUT_NONE) return false;
  f->k = match_repeat(m, f->k);
  return true;
}

// Softmax over the last dimension, and Where(IsNaN(p), 0, p) around it.
static bool match_softmax(gcut__cuda_matcher *m, uint32_t value, found *f) {
  uint32_t kept = m->n_hidden, p = value;
  const gcut_node *where = gcut__match_inner(m, value, "Where", 1);
  const gcut_node *nan =
      where ? gcut__match_inner(m, gcut__match_input(m, where, 0), "IsNaN", 1) : NULL;
  float zero;
  f->guard = nan && gcut__match_scalar(m, gcut__match_input(m, where, 1), &zero) && zero == 0 &&
             gcut__match_input(m, nan, 0) == gcut__match_input(m, where, 2);
  if (f->guard)
    p = gcut__match_input(m, where, 2);
  else
    m->n_hidden = kept;
  const gcut_node *softmax = gcut__match_inner(m, p, "Softmax", f->guard ? 2 : 1);
  const gcut_type *t = gcut__match_type(m, p);
  if (!softmax || !t || t->rank != 4 || softmax->version < 13) return false;
  int64_t axis = gcut__softmax_axis(softmax, softmax->attrs);
  return (axis == 3 || axis == -1) && match_scores(m, gcut__match_input(m, softmax, 0), f);
}

static gcut_status compile_found(const gcut__cuda_compile *c, const gcut__cuda_fused *fused,
                                 gcut_error *err) {
  gcut__cuda_attend *p = gcut_arena_copy(c->arena, fused->params, sizeof *p);
  return p ? load_kernels(c, p, err) : GCUT_NO_MEMORY(err);
}

static bool fill(gcut__cuda_matcher *m, const found *it, bool swapped, gcut__cuda_fused *f) {
  gcut__cuda_attend *p = GCUT_NEW(m->arena, gcut__cuda_attend);
  const gcut_type *q = gcut__match_type(m, it->q);
  gcut__cuda_heads heads;
  if (!p) return false;
  gcut__cuda_attend_job *job = &p->job;
  bool has_mask = it->mask != GCUT_NONE;
  *p = (gcut__cuda_attend){.job = {.scale = it->scale, .guard = it->guard}};
  if (!set_shapes(job, q, gcut__match_type(m, it->k), gcut__match_type(m, it->v))) return false;
  if (has_mask && !set_mask(job, gcut__match_type(m, it->mask))) return false;
  if (has_mask && job->mask_type == GCUT_BOOL) return false; // it would have been added
  uint32_t reads[] = {gcut__cuda_match_heads(m, it->q, 1, &heads), 0, 0, it->mask};
  SET_HEADS(job, q, heads);
  reads[1] = gcut__cuda_match_heads(m, it->k, 1, &heads);
  SET_HEADS(job, k, heads);
  reads[2] = gcut__cuda_match_heads(m, it->v, 1, &heads);
  SET_HEADS(job, v, heads);
  heads = dense(q);
  if (swapped) heads = (gcut__cuda_heads){heads.batch, q->dims[3], q->dims[1] * q->dims[3]};
  SET_HEADS(job, y, heads);
  f->params = p;
  f->compile = compile_found;
  f->base.n_reads = has_mask ? 4 : 3;
  f->base.reads = gcut_arena_copy(m->arena, reads, f->base.n_reads * sizeof *reads);
  return f->base.reads != NULL;
}

bool gcut__cuda_match_attention(gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_fused *f) {
  if (*node->domain) return false;
  bool swapped = strcmp(node->op_type, "Transpose") == 0 && gcut__cuda_swaps_heads(m, node);
  const gcut_node *product = node;
  if (swapped) product = gcut__match_inner(m, gcut__match_input(m, node, 0), "MatMul", 1);
  if (!product || strcmp(product->op_type, "MatMul") != 0) return false;
  found it = {.scale = 1};
  if (!match_softmax(m, gcut__match_input(m, product, 0), &it)) return false;
  it.v = match_repeat(m, gcut__match_input(m, product, 1));
  return fill(m, &it, swapped, f);
}

// ---- Attention of opset 23

static bool is_plain(const gcut__cuda_compile *c, const gcut_attention_attrs *attrs) {
  for (uint32_t i = 4; i < c->node->n_inputs; i++)
    if (gcut__cuda_input_type(c, i)) return false; // past, lengths
  for (uint32_t i = 1; i < c->node->n_outputs; i++)
    if (gcut__cuda_output_type(c, i)) return false;
  return attrs->softcap == 0 && attrs->left_window_size < 0 && attrs->right_window_size < 0;
}

gcut_status gcut__cuda_compile_attention(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut_attention_attrs *attrs = c->node->attrs;
  const gcut_type *q = gcut__cuda_input_type(c, 0), *k = gcut__cuda_input_type(c, 1),
                  *v = gcut__cuda_input_type(c, 2), *mask = gcut__cuda_input_type(c, 3);
  gcut__cuda_attend *p = GCUT_NEW(c->arena, gcut__cuda_attend);
  if (!p) return GCUT_NO_MEMORY(err);
  gcut__cuda_attend_job *job = &p->job;
  if (!is_plain(c, attrs) || !set_shapes(job, q, k, v)) return GCUT_OK;
  if (mask && !set_mask(job, mask)) return GCUT_OK;
  job->scale = isnan(attrs->scale) ? 1 / sqrtf((float)job->size) : attrs->scale;
  job->causal = attrs->is_causal != 0;
  gcut__cuda_heads heads = dense(q);
  SET_HEADS(job, q, heads);
  SET_HEADS(job, y, heads);
  heads = dense(k);
  SET_HEADS(job, k, heads);
  SET_HEADS(job, v, heads);
  return load_kernels(c, p, err);
}
