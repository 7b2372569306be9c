// Attention as one kernel: spelled out by exporters (a fused group of the trace), or the operator
// of opset 23.
#include <math.h>
#include <string.h>

#include "exec/cuda/kernels.h"
#include "exec/cuda/match.h"
#include "exec/cuda/ops/attend.h"
#include "exec/cuda/ops/attend_masks.h"
#include "exec/cuda/ops/attend_operands.h"
#include "exec/cuda/ops/compile.h"
#include "tracer/fuse/fuse.h"
#include "tracer/ops/attention.h"

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

// ---- spelled out

static gcut_status compile_found(const gcut__cuda_compile *c, const gcut__cuda_fused *fused,
                                 gcut_error *err) {
  attention *a = gcut_arena_copy(c->arena, fused->params, sizeof *a);
  return a ? load_kernels(c, a, err) : GCUT_NO_MEMORY(err);
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
  gcut__cuda_attend_operand o[3];
  memcpy(reads, group->reads, sizeof reads);
  for (uint32_t i = 0; a && i < 3; i++)
    if (!gcut__cuda_operand_of_group(m, group, i, &reads[i], &o[i])) return false;
  if (!a || !gcut__cuda_operands_job(&a->attend.job, o)) return false;
  a->attend.job.scale = group->scale;
  a->attend.job.softcap = group->softcap;
  a->attend.job.guard = group->guard;
  a->attend.job.wide_result = is_wide(m, f->base.node, o[0].type.type);
  if (!gcut__cuda_attend_set_masks(m, group, &a->attend.job, &a->inputs, &a->masks) ||
      !set_sinks(m, group, reads, a))
    return false;
  gcut__cuda_heads y = gcut__cuda_match_result(m, o, f);
  GCUT_CUDA_SET_HEADS(&a->attend.job, y, y);
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
  const gcut__attention_attrs *attrs = node->attrs;
  return !has_from(gcut_node_inputs(g, node), node->n_inputs, 4) &&
         !has_from(gcut_node_outputs(g, node), node->n_outputs, 1) && attrs->softcap >= 0 &&
         attrs->left_window_size < 0 && attrs->right_window_size < 0;
}

static bool set_inputs(gcut__cuda_attend_operand *o, const gcut__attention_attrs *attrs,
                       const gcut_type *q, const gcut_type *k, const gcut_type *v) {
  return gcut__cuda_operand_of_input(&o[0], q, attrs->q_num_heads) &&
         gcut__cuda_operand_of_input(&o[1], k, attrs->kv_num_heads) &&
         gcut__cuda_operand_of_input(&o[2], v, attrs->kv_num_heads);
}

static bool set_operator(attention *a, const gcut__attention_attrs *attrs,
                         const gcut__cuda_attend_operand *o, const gcut_type *mask) {
  gcut__cuda_attend_job *job = &a->attend.job;
  if (!gcut__cuda_operands_job(job, o)) return false;
  job->scale = isnan(attrs->scale) ? 1 / sqrtf((float)job->size) : attrs->scale;
  job->softcap = attrs->softcap;
  if (job->softcap > 0) job->scale /= job->softcap;
  job->causal = attrs->is_causal != 0;
  job->guard = true;
  gcut__cuda_heads y = gcut__cuda_operator_result(o);
  GCUT_CUDA_SET_HEADS(job, y, y);
  if (mask && mask->type != GCUT_BOOL && mask->type != job->type) return false; // it is cast first
  a->inputs.mask = a->inputs.bias = mask ? 3 : 0;                               // it is one of them
  return !mask || gcut__cuda_attend_set_mask(job, mask, false, -INFINITY);
}

gcut_status gcut__cuda_compile_attention(const gcut__cuda_compile *c, gcut_error *err) {
  attention *p = GCUT_NEW(c->arena, attention);
  gcut__cuda_attend_operand o[3];
  if (!p) return GCUT_NO_MEMORY(err);
  if (!is_plain(c->trace->graph, c->node) ||
      !set_inputs(o, c->node->attrs, gcut__cuda_input_type(c, 0), gcut__cuda_input_type(c, 1),
                  gcut__cuda_input_type(c, 2)) ||
      !set_operator(p, c->node->attrs, o, gcut__cuda_input_type(c, 3)))
    return GCUT_OK;
  return load_kernels(c, p, err);
}

bool gcut__cuda_match_attention(gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_fused *f) {
  uint32_t reads[4];
  gcut__cuda_attend_operand o[3];
  for (uint32_t i = 0; i < 4; i++) reads[i] = gcut__match_input(m, node, i);
  const gcut_type *mask = gcut__match_type(m, reads[3]);
  attention *p = GCUT_NEW(m->arena, attention);
  if (!p || !is_plain(m->graph, node) || (reads[3] != GCUT_NONE && !mask) ||
      !set_inputs(o, node->attrs, gcut__match_type(m, reads[0]), gcut__match_type(m, reads[1]),
                  gcut__match_type(m, reads[2])))
    return false;
  for (uint32_t i = 0; i < 3; i++)
    if (!gcut__cuda_operand_behind(m, &reads[i], i > 0, &o[i])) return false;
  if (!set_operator(p, node->attrs, o, mask)) return false;
  if (gcut__cuda_operand_is_apart(&o[0])) {
    gcut__cuda_heads y = gcut__cuda_match_result(m, o, f);
    GCUT_CUDA_SET_HEADS(&p->attend.job, y, y);
  }
  f->params = p;
  f->compile = compile_found;
  f->base.n_reads = mask ? 4 : 3;
  f->base.reads = gcut_arena_copy(m->arena, reads, sizeof reads);
  return m->n_hidden > 0 && f->base.reads;
}
