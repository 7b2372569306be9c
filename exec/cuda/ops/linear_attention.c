// LinearAttention by a kernel of its own; CausalConvWithState spelled out as a convolution of what
// the past left and the input.
#include "tracer/ops/linear_attention.h"

#include <math.h>

#include "exec/cuda/ops/linear_attention.h"
#include "exec/cuda/ops/spell.h"

gcut_status gcut__cuda_compile_linear_attention(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__linear_attention_attrs *attrs = c->node->attrs;
  const gcut_type *q = gcut__cuda_input_type(c, 0), *v = gcut__cuda_input_type(c, 2),
                  *past = gcut__cuda_input_type(c, 3), *decay = gcut__cuda_input_type(c, 4),
                  *beta = gcut__cuda_input_type(c, 5), *present = gcut__cuda_output_type(c, 1);
  static const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_linear_job, q, 0),
                                                GCUT_CUDA_IN(gcut__cuda_linear_job, k, 1),
                                                GCUT_CUDA_IN(gcut__cuda_linear_job, v, 2),
                                                GCUT_CUDA_IN(gcut__cuda_linear_job, past, 3),
                                                GCUT_CUDA_IN(gcut__cuda_linear_job, decay, 4),
                                                GCUT_CUDA_IN(gcut__cuda_linear_job, beta, 5),
                                                GCUT_CUDA_OUT(gcut__cuda_linear_job, y, 0),
                                                GCUT_CUDA_OUT(gcut__cuda_linear_job, present, 1)};
  gcut__cuda_linear_job job = {.batch = q->dims[0],
                               .length = q->dims[1],
                               .q_heads = attrs->q_num_heads,
                               .kv_heads = attrs->kv_num_heads,
                               .dk = q->dims[2] / attrs->q_num_heads,
                               .dv = v->dims[2] / attrs->kv_num_heads,
                               .decay_width = decay ? decay->dims[2] : 0,
                               .beta_width = beta ? beta->dims[2] : 0,
                               .type = q->type,
                               .past_type = past ? past->type : 0,
                               .present_type = present ? present->type : 0,
                               .scale = attrs->scale};
  for (job.parts = 4; job.parts < 16 && job.dk > job.parts * GCUT_CUDA_LINEAR_ROWS;) job.parts *= 2;
  if (!gcut__cuda_output_type(c, 0) || job.dk > job.parts * GCUT_CUDA_LINEAR_ROWS) return GCUT_OK;
  if (job.scale == 0) job.scale = (float)(1 / sqrt((double)job.dk));
  int64_t columns = GCUT_CUDA_LINEAR_THREADS / job.parts, tiles = (job.dv + columns - 1) / columns;
  return GCUT_CUDA_PLAIN(c, "gcut_linear_attention", &job,
                         (uint64_t)(job.batch * job.kv_heads * tiles), GCUT_CUDA_LINEAR_THREADS,
                         pointers, err);
}

// ---- CausalConvWithState ------------------------------------------------------------------------

// The activation follows the stored sum.
static uint32_t causal_activation(gcut__speller *s, uint32_t y, int type) {
  y = gcut__spell_cast(s, y, gcut__spell_wide_type(type));
  return gcut__spell_cast(s, gcut__spell_silu(s, y), type);
}

static bool causal_conv(gcut__speller *s) {
  const gcut__causal_conv_attrs *attrs = s->c->node->attrs;
  const gcut_type *x = gcut__cuda_input_type(s->c, 0);
  int64_t kept = (gcut__cuda_input_type(s->c, 1)->dims[2] - 1) * attrs->dilation,
          state[] = {x->dims[0], x->dims[1], kept};
  uint32_t past = gcut__spell_input(s, 3), padded = gcut__spell_input(s, 0);
  if (gcut__cuda_count(x) == 0 || (kept == 0 && gcut__cuda_output_type(s->c, 1))) return false;
  if (past == GCUT_NONE && kept > 0)
    past = SPELL(s, "Expand", gcut__spell_scalar(s, x->type, 0), gcut__spell_numbers(s, state, 3));
  if (kept > 0) padded = gcut__spell_concat(s, past, padded, 2);
  gcut__spell_int(s, "group", x->dims[1]);
  gcut__spell_ints(s, "dilations", &attrs->dilation, 1);
  uint32_t y = SPELL(s, "Conv", padded, gcut__spell_input(s, 1), gcut__spell_input(s, 2));
  if (gcut__causal_activation(attrs->activation) == 1) y = causal_activation(s, y, x->type);
  gcut__spell_output(s, 0, y);
  if (gcut__cuda_output_type(s->c, 1))
    gcut__spell_output(s, 1, gcut__spell_slice(s, padded, 2, x->dims[2], x->dims[2] + kept));
  return true;
}

gcut_status gcut__cuda_compile_causal_conv(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, causal_conv, err);
}
