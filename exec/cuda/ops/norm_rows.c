// RMS and layer norms over the last dimension, spelled out or as operators, in one step with the
// sum before them: a residual and its norm are read and written once.
#include "exec/cuda/ops/norm_rows.h"

#include <stdio.h>
#include <string.h>

#include "exec/cuda/match.h"
#include "exec/cuda/ops/compile.h"
#include "tracer/fuse/fuse.h"
#include "tracer/ops/normalization.h"

// What a step reads, of which the operators' inputs are the first; GCUT_NONE where there is none.
enum { READ_X, READ_SCALE, READ_BIAS, READ_SKIP, READ_BEFORE, N_READS };

// ---- the kernel

static gcut_status compile_job(const gcut__cuda_compile *c, const gcut__cuda_norm_job *job,
                               gcut_error *err) {
  static const gcut__cuda_pointer pointers[] = {
      GCUT_CUDA_IN(gcut__cuda_norm_job, x, READ_X),
      GCUT_CUDA_IN(gcut__cuda_norm_job, scale, READ_SCALE),
      GCUT_CUDA_IN(gcut__cuda_norm_job, bias, READ_BIAS),
      GCUT_CUDA_IN(gcut__cuda_norm_job, skip, READ_SKIP),
      GCUT_CUDA_IN(gcut__cuda_norm_job, before, READ_BEFORE),
      GCUT_CUDA_OUT(gcut__cuda_norm_job, y, 0),
      GCUT_CUDA_OUT(gcut__cuda_norm_job, sum, 1)};
  const char *type = job->type == GCUT_FLOAT ? "f32" : job->type == GCUT_FLOAT16 ? "f16" : "bf16";
  char name[32];
  int runs = 1;
  while (runs * GCUT_CUDA_NORM_RUN < job->columns) runs *= 2;
  snprintf(name, sizeof name, "gcut_norm_%s_%d", type, runs);
  return GCUT_CUDA_PLAIN(c, name, job, (uint64_t)job->rows, GCUT_CUDA_NORM_THREADS, pointers, err);
}

static bool is_vector(const gcut_type *t, const gcut_type *x) {
  return t && t->type == x->type && t->rank == 1 && t->dims[0] == x->dims[x->rank - 1];
}

// Rows that the kernel takes; bias may be NULL.
static bool set_rows(gcut__cuda_norm_job *job, const gcut_type *x, const gcut_type *scale,
                     const gcut_type *bias) {
  int64_t columns = x && x->rank > 0 ? x->dims[x->rank - 1] : 0;
  if (!gcut__cuda_is_float(x) || columns <= 0 || columns % 8 != 0 ||
      columns > GCUT_CUDA_NORM_RUNS * GCUT_CUDA_NORM_RUN || !is_vector(scale, x) ||
      (bias && !is_vector(bias, x)))
    return false;
  job->columns = columns;
  job->rows = (int64_t)gcut__cuda_count(x) / columns;
  job->type = x->type;
  return true;
}

// ---- operators

static bool set_operator(gcut__cuda_norm_job *job, const gcut_node *node, const gcut_type *x) {
  const gcut__layer_norm_attrs *attrs = node->attrs;
  bool layer = !strcmp(node->op_type, "LayerNormalization");
  job->kind = layer ? GCUT_CUDA_NORM_LAYER : GCUT_CUDA_NORM_RMS;
  job->epsilon = attrs->epsilon;
  return x && (attrs->axis == -1 || attrs->axis == x->rank - 1) && attrs->stash_type <= GCUT_FLOAT;
}

bool gcut__cuda_compile_norm_rows(const gcut__cuda_compile *c, gcut_status *out_status,
                                  gcut_error *err) {
  gcut__cuda_norm_job job = {0};
  const gcut_type *x = gcut__cuda_input_type(c, READ_X);
  for (uint32_t i = 1; i < c->node->n_outputs; i++)
    if (gcut__cuda_output_type(c, i)) return false; // statistics
  if (!set_operator(&job, c->node, x) ||
      !set_rows(&job, x, gcut__cuda_input_type(c, READ_SCALE), gcut__cuda_input_type(c, READ_BIAS)))
    return false;
  *out_status = compile_job(c, &job, err);
  return true;
}

// ---- with the sum before

// Of a sum that the group alone reads, one side of which is a vector over the last dimension: that
// vector, in *before, and the other side.
static uint32_t before_bias(gcut__cuda_matcher *m, uint32_t value, uint32_t *before) {
  const gcut_type *t = gcut__match_type(m, value);
  uint32_t kept = m->n_hidden;
  const gcut_node *add = gcut__match_inner(m, value, "Add", 1);
  for (uint32_t side = 0; add && side < 2; side++) {
    uint32_t x = gcut__match_input(m, add, side), b = gcut__match_input(m, add, 1 - side);
    if (!gcut__fuse_same_shape(gcut__match_type(m, x), t) || !is_vector(gcut__match_type(m, b), t))
      continue;
    *before = b;
    return x;
  }
  m->n_hidden = kept;
  return value;
}

// The sum whose norm it is, if it is one of two tensors of a shape: it joins the group that ends in
// `last`. A sum that is part of a group of the trace, or goes with a product, does not.
static bool take_sum(gcut__cuda_matcher *m, const gcut_node *last, uint32_t *reads, bool *shared) {
  const gcut_type *t = gcut__match_type(m, reads[READ_X]);
  const gcut_node *add = gcut__match_producer(m, reads[READ_X], "Add");
  if (!add || m->trace->fused_of[add - m->graph->nodes] != GCUT_NONE ||
      gcut__cuda_is_product_sum(m, add))
    return false;
  uint32_t a = gcut__match_input(m, add, 0), b = gcut__match_input(m, add, 1);
  if (!gcut__fuse_same_shape(gcut__match_type(m, a), t) ||
      !gcut__fuse_same_shape(gcut__match_type(m, b), t) ||
      !gcut__match_shared(m, reads[READ_X], "Add", last, shared))
    return false;
  reads[READ_X] = before_bias(m, a, &reads[READ_BEFORE]);
  reads[READ_SKIP] = b;
  if (reads[READ_BEFORE] != GCUT_NONE || a == b) return true;
  reads[READ_X] = before_bias(m, b, &reads[READ_BEFORE]);
  reads[READ_SKIP] = a;
  return true;
}

static gcut_status compile_found(const gcut__cuda_compile *c, const gcut__cuda_fused *fused,
                                 gcut_error *err) {
  return compile_job(c, fused->params, err);
}

// A step of that job in *f, which reads `reads` and makes the norm and the sum, where it is shared.
static bool set_step(gcut__cuda_matcher *m, const gcut__cuda_norm_job *job, const uint32_t *reads,
                     uint32_t sum, gcut__cuda_fused *f) {
  uint32_t writes[] = {gcut__match_output(m, &m->graph->nodes[f->base.node]), sum};
  f->params = gcut_arena_copy(m->arena, job, sizeof *job);
  f->compile = compile_found;
  f->base.reads = gcut_arena_copy(m->arena, reads, N_READS * sizeof *reads);
  f->base.n_reads = N_READS;
  f->base.writes = gcut_arena_copy(m->arena, writes, sizeof writes);
  f->base.n_writes = sum == GCUT_NONE ? 1 : 2;
  return f->params && f->base.reads && f->base.writes;
}

bool gcut__cuda_match_norm(gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_fused *f) {
  gcut__cuda_norm_job job = {0};
  uint32_t x = gcut__match_input(m, node, READ_X), bias = gcut__match_input(m, node, READ_BIAS);
  uint32_t reads[N_READS] = {x, gcut__match_input(m, node, READ_SCALE), bias, GCUT_NONE, GCUT_NONE};
  const gcut_type *t = gcut__match_type(m, x), *tb = gcut__match_type(m, bias);
  bool shared;
  if (node->n_outputs != 1 || (bias != GCUT_NONE && !tb) || !set_operator(&job, node, t) ||
      !set_rows(&job, t, gcut__match_type(m, reads[READ_SCALE]), tb) ||
      !take_sum(m, node, reads, &shared))
    return false;
  return set_step(m, &job, reads, shared ? x : GCUT_NONE, f);
}

// RMS norms are computed in float32 inside: so are their nodes, where they cast to it.
bool gcut__cuda_fill_norm(gcut__cuda_matcher *m, const gcut_fused *group, gcut__cuda_fused *f) {
  bool layer = group->kind == GCUT_FUSED_LAYER_NORM, shared = false;
  gcut__cuda_norm_job job = {.kind = layer ? GCUT_CUDA_NORM_SPELLED : GCUT_CUDA_NORM_RMS,
                             .epsilon = group->epsilon};
  uint32_t x = group->reads[0], bias = layer ? group->reads[2] : GCUT_NONE;
  uint32_t reads[N_READS] = {x, group->reads[1], bias, GCUT_NONE, GCUT_NONE};
  const gcut_type *t = gcut__match_type(m, x);
  if (!set_rows(&job, t, gcut__match_type(m, reads[READ_SCALE]), gcut__match_type(m, bias)) ||
      (!layer && t->type != GCUT_FLOAT && !group->casts))
    return false;
  take_sum(m, &m->graph->nodes[f->base.node], reads, &shared);
  return set_step(m, &job, reads, shared ? x : GCUT_NONE, f);
}
