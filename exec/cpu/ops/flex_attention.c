// FlexAttention: attention whose scores and probabilities pass through the model's own subgraphs,
// which see all of them at once, [batch, heads, queries, keys].
#include <math.h>

#include "exec/cpu/ops/gemm.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/real.h"
#include "exec/cpu/ops/softmax.h"
#include "exec/cpu/ops/widen.h"
#include "tracer/ops/attention.h"

typedef struct flex {
  gcut_dtype real; // products are in: GCUT_FLOAT or GCUT_DOUBLE
  int64_t heads, kv_heads, q_length, total, size, v_size;
  float scale;
} flex;

static size_t real_size(const flex *f) {
  return gcut_dtype_bits(f->real) / 8;
}

// Moves n reals to or from elements of a tensor of the scores' type.
static void store(const flex *f, gcut_tensor *t, int64_t first, int64_t n, const void *from) {
  if (f->real == GCUT_DOUBLE)
    gcut__store_doubles(t->type, t->data, (uint64_t)first, 1, (uint64_t)n, from);
  else
    gcut__store_floats(t->type, t->data, (uint64_t)first, (uint64_t)n, from);
}
static void load(const flex *f, const gcut_tensor *t, int64_t first, int64_t n, void *to) {
  if (f->real == GCUT_DOUBLE)
    gcut__load_doubles(t->type, t->data, (uint64_t)first, 1, (uint64_t)n, to);
  else
    gcut__load_floats(t->type, t->data, (uint64_t)first, (uint64_t)n, to);
}

// The key/value head of query head `head` of all samples' heads.
static int64_t kv_head(const flex *f, int64_t head) {
  return head / f->heads * f->kv_heads + head % f->heads / (f->heads / f->kv_heads);
}

static gcut_status multiply_scores(gcut__cpu_call *c, const flex *f, void *part,
                                   gcut_tensor *scores, gcut_error *err) {
  const void *q, *k;
  int64_t n = f->q_length * f->total;
  gcut__gemm g = gcut__gemm_packed(f->q_length, f->total, f->size, false, true);
  g.alpha = f->scale;
  GCUT_TRY(gcut__input_real(c, f->real, 0, &q, err));
  GCUT_TRY(gcut__input_real(c, f->real, 1, &k, err));
  for (int64_t head = 0; head < scores->dims[0] * f->heads; head++) {
    const char *a = (const char *)q + (size_t)(head * f->q_length * f->size) * real_size(f);
    const char *b =
        (const char *)k + (size_t)(kv_head(f, head) * f->total * f->size) * real_size(f);
    GCUT_TRY(gcut__gemm_run(c, f->real, &g, a, b, part, err));
    store(f, scores, head * n, n, part);
  }
  return GCUT_OK;
}

static gcut_status multiply_values(gcut__cpu_call *c, const flex *f, void *part,
                                   const gcut_tensor *probs, gcut_error *err) {
  const void *v;
  void *y;
  int64_t n = f->q_length * f->total;
  gcut__gemm g = gcut__gemm_packed(f->q_length, f->v_size, f->total, false, false);
  GCUT_TRY(gcut__input_real(c, f->real, 2, &v, err));
  GCUT_TRY(gcut__output_real(c, f->real, 0, &y, err));
  for (int64_t head = 0; head < probs->dims[0] * f->heads; head++) {
    const char *b =
        (const char *)v + (size_t)(kv_head(f, head) * f->total * f->v_size) * real_size(f);
    load(f, probs, head * n, n, part);
    GCUT_TRY(gcut__gemm_run(c, f->real, &g, part, b,
                            (char *)y + (size_t)(head * f->q_length * f->v_size) * real_size(f),
                            err));
  }
  gcut__finish_real(c, f->real, 0, y);
  return GCUT_OK;
}

static gcut_status softmax(gcut__cpu_call *c, gcut_tensor *scores, gcut_error *err) {
  uint64_t n = (uint64_t)scores->dims[3];
  double *row = GCUT_NEW_ARRAY(c->scratch, double, n);
  if (!row) return GCUT_NO_MEMORY(err);
  for (uint64_t at = 0; at < scores->count; at += n) {
    gcut__load_doubles(scores->type, scores->data, at, 1, n, row);
    gcut__softmax_row(n, row);
    gcut__store_doubles(scores->type, scores->data, at, 1, n, row);
  }
  return GCUT_OK;
}

// Replaces *t, whose reference is given up, by what the body makes of it.
static gcut_status modify(gcut__cpu_call *c, uint32_t body, gcut_tensor **t, gcut_error *err) {
  gcut_tensor *old = *t, *fresh = NULL;
  if (body == GCUT_NONE) return GCUT_OK;
  if (!c->run_body) return gcut__cpu_fail(c, GCUT_UNSUPPORTED, err, "no subgraphs can run here");
  GCUT_TRY(c->run_body(c, body, &old, 1, &fresh, 1, err));
  bool same = fresh->kind == GCUT_KIND_TENSOR && fresh->type == old->type && fresh->rank == 4;
  for (int d = 0; same && d < 4; d++) same = fresh->dims[d] == old->dims[d];
  gcut_tensor_unref(old);
  *t = fresh;
  return same ? GCUT_OK
              : gcut__cpu_fail(c, GCUT_FORMAT, err, "a subgraph changed the scores' type or shape");
}

static gcut_status attend(gcut__cpu_call *c, const flex *f, gcut_tensor **scores, gcut_error *err) {
  const gcut__flex_attention_attrs *attrs = c->attrs;
  void *part = gcut_arena_alloc(c->scratch, (size_t)f->q_length, (size_t)f->total * real_size(f));
  if (!part) return GCUT_NO_MEMORY(err);
  GCUT_TRY(multiply_scores(c, f, part, *scores, err));
  GCUT_TRY(modify(c, attrs->score_mod, scores, err));
  if ((*scores)->n_references > 1 ||
      (*scores)->base) { // the body gave us what is not ours to write
    gcut_tensor *own;
    GCUT_TRY(gcut_tensor_create_uninitialized((*scores)->type, 4, (*scores)->dims, &own, err));
    if (own->bytes > 0) memcpy(own->data, (*scores)->data, own->bytes);
    gcut_tensor_unref(*scores);
    *scores = own;
  }
  GCUT_TRY(softmax(c, *scores, err));
  GCUT_TRY(modify(c, attrs->prob_mod, scores, err));
  return multiply_values(c, f, part, *scores, err);
}

gcut_status gcut__cpu_flex_attention(gcut__cpu_call *c, gcut_error *err) {
  const gcut__flex_attention_attrs *attrs = c->attrs;
  const int64_t *q = c->inputs[0]->dims, *k = c->inputs[1]->dims, *v = c->inputs[2]->dims;
  gcut_dtype type = gcut__flex_type(attrs, c->inputs[0]->type);
  bool wide = type == GCUT_DOUBLE || c->inputs[0]->type == GCUT_DOUBLE;
  flex f = {.real = wide ? GCUT_DOUBLE : GCUT_FLOAT,
            .heads = q[1],
            .kv_heads = k[1],
            .q_length = q[2],
            .total = k[2],
            .size = q[3],
            .v_size = v[3],
            .scale = attrs->scale};
  if (isnan(f.scale)) f.scale = (float)(1 / sqrt((double)f.size));
  if (c->outputs[0]->count == 0) return GCUT_OK;
  gcut_tensor *scores;
  GCUT_TRY(
      gcut_tensor_create_uninitialized(type, 4, (int64_t[]){q[0], q[1], q[2], k[2]}, &scores, err));
  gcut_status status = attend(c, &f, &scores, err);
  gcut_tensor_unref(scores);
  return status;
}
