// Fused groups of elementwise nodes: SwiGLU; and sums of equal shapes.
#include "exec/cuda/ops/fused.h"

#include "exec/cuda/kernels.h"
#include "exec/cuda/match.h"
#include "exec/cuda/ops/compile.h"
#include "tracer/fuse/fuse.h"

// A kernel and its job without addresses.
typedef struct swiglu_params {
  CUfunction kernel;
  gcut__cuda_swiglu_job job;
} swiglu_params;

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
