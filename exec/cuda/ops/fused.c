// Fused groups of elementwise nodes: SwiGLU, rotary embedding; and sums of equal shapes.
#include "exec/cuda/ops/fused.h"

#include "exec/cuda/kernels.h"
#include "exec/cuda/match.h"
#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/shape.h"
#include "tracer/fuse/fuse.h"

// A kernel and its job without addresses.
#define PARAMS(name)                                                                               \
  typedef struct name##_params {                                                                   \
    CUfunction kernel;                                                                             \
    gcut__cuda_##name##_job job;                                                                   \
  } name##_params
PARAMS(swiglu);
PARAMS(rotary);

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

// ---- SwiGLU

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

bool gcut__cuda_fill_swiglu(gcut__cuda_matcher *m, const gcut_fused *group, gcut__cuda_fused *f) {
  if (gcut__cuda_fill_gated(m, group, f) || gcut__cuda_fill_gated_experts(m, group, f)) return true;
  const gcut_type *g = gcut__match_type(m, group->reads[0]),
                  *u = gcut__match_type(m, group->reads[1]);
  if (!gcut__cuda_is_float(g) || !gcut__fuse_same_shape(g, u) || gcut__cuda_count(g) % 8 != 0)
    return false;
  swiglu_params *p = GCUT_NEW(m->arena, swiglu_params);
  if (!p) return false;
  p->job = (gcut__cuda_swiglu_job){.count = (int64_t)gcut__cuda_count(g), .type = g->type};
  f->params = p;
  f->compile = compile_swiglu;
  return set_reads(m, f, group->reads, 2);
}

bool gcut__cuda_compile_sum(const gcut__cuda_compile *c, gcut_status *out_status, gcut_error *err) {
  const gcut_type *a = gcut__cuda_input_type(c, 0), *b = gcut__cuda_input_type(c, 1);
  *out_status = GCUT_OK;
  if (!gcut__cuda_is_float(a) || !gcut__fuse_same_shape(a, b) || gcut__cuda_count(a) % 8 != 0)
    return false;
  swiglu_params *p = GCUT_NEW(c->arena, swiglu_params);
  if (p) p->job = (gcut__cuda_swiglu_job){.count = (int64_t)gcut__cuda_count(a), .type = a->type};
  *out_status = p ? finish(c, "gcut_add", &p->kernel, p, launch_pair, err) : GCUT_NO_MEMORY(err);
  return true;
}

// ---- rotary

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

// Dimension d of [batch, heads, length, size] of what is broadcast to it.
static int64_t table_dim(const gcut_type *t, int d) {
  return d < 4 - t->rank ? 1 : t->dims[d - (4 - t->rank)];
}

// cos or sin: [1 or batch, 1, length, size], ones before them left out or not.
static bool is_table(const gcut_type *t, const gcut_type *x) {
  return t && t->type == x->type && t->rank >= 2 && t->rank <= 4 &&
         (table_dim(t, 0) == 1 || table_dim(t, 0) == x->dims[0]) && table_dim(t, 1) == 1 &&
         table_dim(t, 2) == x->dims[2] && table_dim(t, 3) == x->dims[3];
}

bool gcut__cuda_fill_rotary(gcut__cuda_matcher *m, const gcut_fused *group, gcut__cuda_fused *f) {
  uint32_t x = group->reads[0], cosine = group->reads[1], sine = group->reads[2];
  const gcut_type *t = gcut__match_type(m, x), *tc = gcut__match_type(m, cosine),
                  *ts = gcut__match_type(m, sine);
  gcut__cuda_heads heads;
  if (!gcut__cuda_is_float(t) || t->rank != 4 || t->dims[3] % 16 != 0 || !is_table(tc, t) ||
      !is_table(ts, t) || table_dim(tc, 0) != table_dim(ts, 0))
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
                                   .c_batch = table_dim(tc, 0) == 1 ? 0 : t->dims[2] * t->dims[3],
                                   .c_row = t->dims[3],
                                   .type = t->type};
  f->params = p;
  f->compile = compile_rotary;
  return set_reads(m, f, (uint32_t[]){x, cosine, sine}, 3);
}
