// Fused groups of elementwise nodes: RMS norm, SwiGLU, rotary embedding; and sums of equal shapes.
#include "exec/cuda/ops/fused.h"

#include <string.h>

#include "exec/cuda/kernels.h"
#include "exec/cuda/match.h"
#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/shape.h"

// A kernel and its job without addresses.
#define PARAMS(name)                                                                               \
  typedef struct name##_params {                                                                   \
    CUfunction kernel;                                                                             \
    gcut__cuda_##name##_job job;                                                                   \
  } name##_params
PARAMS(rms);
PARAMS(swiglu);
PARAMS(rotary);

static bool is_float(const gcut_type *t) {
  return t && (t->type == GCUT_FLOAT || t->type == GCUT_FLOAT16 || t->type == GCUT_BFLOAT16);
}

static bool same_shape(const gcut_type *a, const gcut_type *b) {
  if (!a || !b || a->type != b->type || a->rank != b->rank) return false;
  for (int d = 0; d < a->rank; d++)
    if (a->dims[d] != b->dims[d]) return false;
  return true;
}

// Copies what a fused step reads.
static bool set_reads(gcut__cuda_matcher *m, gcut__cuda_fused *f, const uint32_t *reads,
                      uint32_t n) {
  f->base.reads = gcut_arena_copy(m->arena, reads, n * sizeof *reads);
  f->base.n_reads = n;
  return f->base.reads != NULL;
}

static gcut_status finish(const gcut__cuda_compile *c, const char *kernel, CUfunction *out,
                          void *params, gcut__cuda_launch_step launch, gcut_error *err) {
  GCUT_TRY(gcut__cuda_kernel(c->cuda, kernel, out, err));
  c->step->params = params;
  c->step->launch = launch;
  return GCUT_OK;
}

// ---- RMS norm: Mul(w, [Cast] Mul(x, Reciprocal(Sqrt(Add(ReduceMean(Pow(x, 2)), epsilon)))))

static gcut_status launch_rms(const gcut__cuda_run *r, gcut_error *err) {
  const rms_params *p = r->step->params;
  gcut__cuda_rms_job job = p->job;
  job.x = (const void *)r->inputs[0];
  job.w = (const void *)r->inputs[1];
  job.y = (void *)r->outputs[0];
  void *arguments[] = {&job};
  return gcut__cuda_launch_rows(r, p->kernel, (uint64_t)job.rows, 256, arguments, err);
}

static gcut_status compile_rms(const gcut__cuda_compile *c, const gcut__cuda_fused *fused,
                               gcut_error *err) {
  rms_params *p = gcut_arena_copy(c->arena, fused->params, sizeof *p);
  if (!p) return GCUT_NO_MEMORY(err);
  return finish(c, "gcut_rms", &p->kernel, p, launch_rms, err);
}

// The value x of Reciprocal(Sqrt(Add(ReduceMean(Pow(x, 2)), epsilon))), or GCUT_NONE.
static uint32_t match_root_of_mean(gcut__cuda_matcher *m, uint32_t value, float *out_epsilon) {
  const gcut_node *n = gcut__match_inner(m, value, "Reciprocal", 1);
  if (n) n = gcut__match_inner(m, gcut__match_input(m, n, 0), "Sqrt", 1);
  if (n) n = gcut__match_inner(m, gcut__match_input(m, n, 0), "Add", 1);
  if (!n) return GCUT_NONE;
  uint32_t mean = gcut__match_input(m, n, 0);
  if (!gcut__match_scalar(m, gcut__match_input(m, n, 1), out_epsilon)) {
    mean = gcut__match_input(m, n, 1);
    if (!gcut__match_scalar(m, gcut__match_input(m, n, 0), out_epsilon)) return GCUT_NONE;
  }
  n = gcut__match_inner(m, mean, "ReduceMean", 1);
  float exponent;
  if (n) n = gcut__match_inner(m, gcut__match_input(m, n, 0), "Pow", 1);
  if (!n || !gcut__match_scalar(m, gcut__match_input(m, n, 1), &exponent) || exponent != 2)
    return GCUT_NONE;
  const gcut_type *x = gcut__match_type(m, gcut__match_input(m, n, 0)),
                  *y = gcut__match_type(m, mean);
  if (!x || !y || x->rank < 1 || y->rank != x->rank || y->dims[y->rank - 1] != 1) return GCUT_NONE;
  for (int d = 0; d + 1 < x->rank; d++)
    if (x->dims[d] != y->dims[d]) return GCUT_NONE;
  return gcut__match_input(m, n, 0);
}

// Mul(x, root) in either order: x, or GCUT_NONE.
static uint32_t match_scaled(gcut__cuda_matcher *m, uint32_t value, float *out_epsilon) {
  const gcut_node *mul = gcut__match_inner(m, value, "Mul", 1);
  for (uint32_t side = 0; mul && side < 2; side++) {
    uint32_t kept = m->n_hidden, x = gcut__match_input(m, mul, 1 - side);
    if (match_root_of_mean(m, gcut__match_input(m, mul, side), out_epsilon) == x) return x;
    m->n_hidden = kept;
  }
  return GCUT_NONE;
}

static bool fill_rms(gcut__cuda_matcher *m, uint32_t x, uint32_t w, float epsilon,
                     const gcut_node *node, gcut__cuda_fused *f) {
  const gcut_type *tx = gcut__match_type(m, x), *tw = gcut__match_type(m, w);
  if (!is_float(tx) || !tw || tw->type != tx->type || tw->rank != 1 ||
      tw->dims[0] != tx->dims[tx->rank - 1] || tw->dims[0] % 8 != 0 || tw->dims[0] == 0 ||
      !same_shape(tx, gcut__match_type(m, gcut__match_output(m, node))))
    return false;
  rms_params *p = GCUT_NEW(m->arena, rms_params);
  if (!p) return false;
  p->job = (gcut__cuda_rms_job){.rows = (int64_t)gcut__cuda_count(tx) / tw->dims[0],
                                .columns = tw->dims[0],
                                .type = tx->type,
                                .epsilon = epsilon};
  f->params = p;
  f->compile = compile_rms;
  return set_reads(m, f, (uint32_t[]){x, w}, 2);
}

bool gcut__cuda_match_rms(gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_fused *f) {
  if (strcmp(node->op_type, "Mul") != 0 || *node->domain) return false;
  for (uint32_t side = 0; side < 2; side++) {
    uint32_t w = gcut__match_input(m, node, side), y = gcut__match_input(m, node, 1 - side);
    float epsilon;
    m->n_hidden = 0;
    const gcut_node *down = gcut__match_inner(m, y, "Cast", 1);
    uint32_t x = match_scaled(m, down ? gcut__match_input(m, down, 0) : y, &epsilon);
    if (x == GCUT_NONE) continue;
    const gcut_node *up = down ? gcut__match_inner(m, x, "Cast", 2) : NULL;
    if (down && (!up || gcut__match_type(m, x)->type != GCUT_FLOAT)) continue;
    if (fill_rms(m, up ? gcut__match_input(m, up, 0) : x, w, epsilon, node, f)) return true;
  }
  return false;
}

// ---- SwiGLU: Mul(Mul(g, Sigmoid(g)), u)

static gcut_status launch_pair(const gcut__cuda_run *r, gcut_error *err) {
  const swiglu_params *p = r->step->params;
  gcut__cuda_swiglu_job job = p->job;
  job.g = (const void *)r->inputs[0];
  job.u = (const void *)r->inputs[1];
  job.y = (void *)r->outputs[0];
  void *arguments[] = {&job};
  return gcut__cuda_launch_over(r, p->kernel, (uint64_t)job.count / 8, arguments, err);
}

static gcut_status compile_swiglu(const gcut__cuda_compile *c, const gcut__cuda_fused *fused,
                                  gcut_error *err) {
  swiglu_params *p = gcut_arena_copy(c->arena, fused->params, sizeof *p);
  if (!p) return GCUT_NO_MEMORY(err);
  return finish(c, "gcut_swiglu", &p->kernel, p, launch_pair, err);
}

// The value g of Mul(g, Sigmoid(g)), or GCUT_NONE.
static uint32_t match_silu(gcut__cuda_matcher *m, uint32_t value) {
  const gcut_node *mul = gcut__match_inner(m, value, "Mul", 1);
  for (uint32_t side = 0; mul && side < 2; side++) {
    uint32_t kept = m->n_hidden, g = gcut__match_input(m, mul, side);
    const gcut_node *s = gcut__match_inner(m, gcut__match_input(m, mul, 1 - side), "Sigmoid", 1);
    if (s && gcut__match_input(m, s, 0) == g) return g;
    m->n_hidden = kept;
  }
  return GCUT_NONE;
}

bool gcut__cuda_match_swiglu(gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_fused *f) {
  if (strcmp(node->op_type, "Mul") != 0 || *node->domain) return false;
  for (uint32_t side = 0; side < 2; side++) {
    m->n_hidden = 0;
    uint32_t g = match_silu(m, gcut__match_input(m, node, side)),
             u = gcut__match_input(m, node, 1 - side);
    if (g == GCUT_NONE) continue;
    const gcut_type *tg = gcut__match_type(m, g), *tu = gcut__match_type(m, u);
    if (!is_float(tg) || !same_shape(tg, tu) || gcut__cuda_count(tg) % 8 != 0) continue;
    swiglu_params *p = GCUT_NEW(m->arena, swiglu_params);
    if (!p) return false;
    p->job = (gcut__cuda_swiglu_job){.count = (int64_t)gcut__cuda_count(tg), .type = tg->type};
    f->params = p;
    f->compile = compile_swiglu;
    return set_reads(m, f, (uint32_t[]){g, u}, 2);
  }
  return false;
}

bool gcut__cuda_compile_sum(const gcut__cuda_compile *c, gcut_status *out_status, gcut_error *err) {
  const gcut_type *a = gcut__cuda_input_type(c, 0), *b = gcut__cuda_input_type(c, 1);
  *out_status = GCUT_OK;
  if (!is_float(a) || !same_shape(a, b) || gcut__cuda_count(a) % 8 != 0) return false;
  swiglu_params *p = GCUT_NEW(c->arena, swiglu_params);
  if (p) p->job = (gcut__cuda_swiglu_job){.count = (int64_t)gcut__cuda_count(a), .type = a->type};
  *out_status = p ? finish(c, "gcut_add", &p->kernel, p, launch_pair, err) : GCUT_NO_MEMORY(err);
  return true;
}

// ---- rotary: Add(Mul(x, cos), Mul(Concat(Neg(second half of x), first half of x), sin))

static gcut_status launch_rotary(const gcut__cuda_run *r, gcut_error *err) {
  const rotary_params *p = r->step->params;
  gcut__cuda_rotary_job job = p->job;
  job.x = (const void *)r->inputs[0];
  job.cosine = (const void *)r->inputs[1];
  job.sine = (const void *)r->inputs[2];
  job.y = (void *)r->outputs[0];
  void *arguments[] = {&job};
  uint64_t count = (uint64_t)(job.batch * job.heads * job.length * job.size / 16);
  return gcut__cuda_launch_over(r, p->kernel, count, arguments, err);
}

static gcut_status compile_rotary(const gcut__cuda_compile *c, const gcut__cuda_fused *fused,
                                  gcut_error *err) {
  rotary_params *p = gcut_arena_copy(c->arena, fused->params, sizeof *p);
  if (!p) return GCUT_NO_MEMORY(err);
  return finish(c, "gcut_rotary", &p->kernel, p, launch_rotary, err);
}

// Half of the last dimension of x, from `start`.
static bool is_half(gcut__cuda_matcher *m, const gcut_node *slice, uint32_t x, int64_t start) {
  const gcut_type *in = gcut__match_type(m, x), *out;
  int64_t first, axis = 0, step = 1;
  if (!slice || gcut__match_input(m, slice, 0) != x || !in || in->rank != 4) return false;
  out = gcut__match_type(m, gcut__match_output(m, slice));
  uint32_t axes = gcut__match_input(m, slice, 3), steps = gcut__match_input(m, slice, 4);
  if (!gcut__match_int(m, gcut__match_input(m, slice, 1), &first) ||
      !gcut__match_int(m, axes, &axis) || (steps != GCUT_NONE && !gcut__match_int(m, steps, &step)))
    return false;
  return first == start && (axis == 3 || axis == -1) && step == 1 && out && out->rank == 4 &&
         out->dims[3] * 2 == in->dims[3];
}

// Concat(Neg(second half of x), first half of x).
static bool match_turned(gcut__cuda_matcher *m, uint32_t value, uint32_t x) {
  const gcut_type *in = gcut__match_type(m, x);
  const gcut_node *cat = gcut__match_inner(m, value, "Concat", 1);
  if (!cat || !in || in->rank != 4 || cat->n_inputs != 2) return false;
  const gcut_node *neg = gcut__match_inner(m, gcut__match_input(m, cat, 0), "Neg", 1);
  const gcut_node *second =
      neg ? gcut__match_inner(m, gcut__match_input(m, neg, 0), "Slice", 1) : NULL;
  const gcut_node *first =
      second ? gcut__match_inner(m, gcut__match_input(m, cat, 1), "Slice", 1) : NULL;
  const gcut_type *out = gcut__match_type(m, value);
  return out && same_shape(in, out) && is_half(m, second, x, in->dims[3] / 2) &&
         is_half(m, first, x, 0);
}

// cos or sin: [1 or batch, 1, length, size].
static bool is_table(const gcut_type *t, const gcut_type *x) {
  return t && t->type == x->type && t->rank == 4 && (t->dims[0] == 1 || t->dims[0] == x->dims[0]) &&
         t->dims[1] == 1 && t->dims[2] == x->dims[2] && t->dims[3] == x->dims[3];
}

static bool fill_rotary(gcut__cuda_matcher *m, uint32_t x, uint32_t cosine, uint32_t sine,
                        gcut__cuda_fused *f) {
  const gcut_type *t = gcut__match_type(m, x), *tc = gcut__match_type(m, cosine),
                  *ts = gcut__match_type(m, sine);
  gcut__cuda_heads heads;
  if (!is_float(t) || t->rank != 4 || t->dims[3] % 16 != 0 || !is_table(tc, t) ||
      !is_table(ts, t) || tc->dims[0] != ts->dims[0])
    return false;
  x = gcut__cuda_match_heads(m, x, 3, &heads);
  rotary_params *p = GCUT_NEW(m->arena, rotary_params);
  if (!p) return false;
  p->job = (gcut__cuda_rotary_job){.batch = t->dims[0],
                                   .heads = t->dims[1],
                                   .length = t->dims[2],
                                   .size = t->dims[3],
                                   .x_batch = heads.batch,
                                   .x_head = heads.head,
                                   .x_row = heads.row,
                                   .c_batch = tc->dims[0] == 1 ? 0 : tc->dims[2] * tc->dims[3],
                                   .c_row = tc->dims[3],
                                   .type = t->type};
  f->params = p;
  f->compile = compile_rotary;
  return set_reads(m, f, (uint32_t[]){x, cosine, sine}, 3);
}

static bool match_rotary(gcut__cuda_matcher *m, const gcut_node *straight, const gcut_node *turned,
                         gcut__cuda_fused *f) {
  uint32_t kept = m->n_hidden;
  for (int i = 0; i < 4; i++) { // either order of both products
    uint32_t x = gcut__match_input(m, straight, i & 1),
             cosine = gcut__match_input(m, straight, 1 - (i & 1)),
             value = gcut__match_input(m, turned, (uint32_t)i >> 1),
             sine = gcut__match_input(m, turned, 1 - ((uint32_t)i >> 1));
    m->n_hidden = kept;
    if (match_turned(m, value, x) && fill_rotary(m, x, cosine, sine, f)) return true;
  }
  return false;
}

bool gcut__cuda_match_rotary(gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_fused *f) {
  if (strcmp(node->op_type, "Add") != 0 || *node->domain) return false;
  const gcut_node *a = gcut__match_inner(m, gcut__match_input(m, node, 0), "Mul", 1);
  const gcut_node *b = a ? gcut__match_inner(m, gcut__match_input(m, node, 1), "Mul", 1) : NULL;
  return b && (match_rotary(m, a, b, f) || match_rotary(m, b, a, f));
}
