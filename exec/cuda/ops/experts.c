// MoE and QMoE of com.microsoft, spelled out.
//
// As exporters write experts: a row for each choice of a token, which picks its matrices; no matrix
// is gathered (grouped.c). QMoE's matrices of a few bits are expanded on the way, some at a time.
#include "tracer/ops/experts.h"

#include <math.h>

#include "exec/cuda/ops/spell.h"

enum { MOST_EXPERTS = 256 };

typedef struct mixture {
  const gcut__experts_attrs *attrs;
  gcut__experts_activation activation;
  gcut__projection fc[3];
  int64_t tokens, hidden, n, rows, inner; // n: experts; rows: of FC1
  int type;                               // of the tokens
  int64_t lines;                          // of x: choices of all tokens
  uint32_t x;                             // [lines, hidden]
  uint32_t chosen, weights;               // [tokens, k] each
} mixture;

// ---- routing ------------------------------------------------------------------------------------

// The chosen experts, and their own weights, or what a softmax gives them.
static uint32_t weigh(gcut__speller *s, const mixture *m, uint32_t logits, uint32_t *chosen) {
  int64_t one = 1;
  uint32_t own = m->fc[0].bits ? gcut__spell_input(s, 14) : GCUT_NONE, best[2],
           inputs[] = {logits, gcut__spell_numbers(s, &m->attrs->k, 1)};
  gcut__spell_many(s, "TopK", inputs, 2, best, 2);
  uint32_t weights =
      own == GCUT_NONE ? SPELL(s, "Softmax", logits) : gcut__spell_cast(s, own, GCUT_FLOAT);
  gcut__spell_int(s, "axis", 1);
  weights = SPELL(s, "GatherElements", weights, best[1]);
  uint32_t zero = gcut__spell_scalar(s, GCUT_FLOAT, 0);
  weights = SPELL(s, "Where", SPELL(s, "IsNaN", weights), zero, weights);
  *chosen = best[1];
  if (!m->attrs->normalize_routing_weights) return weights;
  uint32_t total = gcut__spell_reduce(s, "ReduceSum", weights, &one, 1);
  total = SPELL(s, "Where", SPELL(s, "Equal", total, zero), gcut__spell_scalar(s, GCUT_FLOAT, 1),
                total);
  return SPELL(s, "Div", weights, total);
}

static void choose(gcut__speller *s, mixture *m) {
  m->weights = weigh(s, m, gcut__spell_cast(s, gcut__spell_input(s, 1), GCUT_FLOAT), &m->chosen);
}

// ---- what experts compute -----------------------------------------------------------------------

static uint32_t number(gcut__speller *s, float value) {
  return gcut__spell_scalar(s, GCUT_FLOAT, (double)value);
}

static uint32_t swiglu(gcut__speller *s, const mixture *m, uint32_t gate, uint32_t value) {
  float limit = m->attrs->swiglu_limit;
  if (!isnan(limit)) {
    gate = SPELL(s, "Min", gate, number(s, limit));
    value = SPELL(s, "Clip", value, number(s, -limit), number(s, limit));
  }
  gcut__spell_float(s, "alpha", m->attrs->activation_alpha);
  gate = SPELL(s, "Swish", gate);
  return SPELL(s, "Mul", gate, SPELL(s, "Add", value, number(s, m->attrs->activation_beta)));
}

static uint32_t activate(gcut__speller *s, const mixture *m, uint32_t x) {
  switch (m->activation) {
  case GCUT__EXPERTS_RELU: return SPELL(s, "Relu", x);
  case GCUT__EXPERTS_GELU: gcut__spell_string(s, "approximate", "tanh"); return SPELL(s, "Gelu", x);
  case GCUT__EXPERTS_SILU: return gcut__spell_silu(s, x);
  default: return x;
  }
}

// Between the projections: FC1's result and, where there is one, its other side, [lines, inner]
// float.
static uint32_t turn(gcut__speller *s, const mixture *m, uint32_t x, uint32_t other) {
  if (m->activation == GCUT__EXPERTS_SWIGLU)
    x = swiglu(s, m, x, other);
  else
    x = activate(s, m, x);
  if (m->activation != GCUT__EXPERTS_SWIGLU && other != GCUT_NONE) x = SPELL(s, "Mul", x, other);
  return gcut__spell_cast(s, x, m->type);
}

// All matrices of a projection, [experts, rows, columns].
static uint32_t matrices(gcut__speller *s, const mixture *m, const gcut__projection *p,
                         int64_t rows) {
  int64_t all[MOST_EXPERTS];
  uint32_t weights = gcut__spell_input(s, p->weights), scales = gcut__spell_input(s, p->scales);
  if (!p->bits) return weights;
  for (int64_t e = 0; e < m->n; e++) all[e] = e;
  if (m->attrs->block_size <= 0)
    scales = gcut__spell_reshape(s, scales, (int64_t[]){m->n, rows, 1}, 3);
  gcut__spell_int(s, "gather_axis", 0);
  gcut__spell_int(s, "quantize_axis", 2);
  gcut__spell_int(s, "block_size", m->attrs->block_size > 0 ? m->attrs->block_size : 0);
  gcut__spell_int(s, "bits", p->bits);
  s->domain = "com.microsoft";
  return SPELL(s, "GatherBlockQuantized", weights, gcut__spell_numbers(s, all, (size_t)m->n),
               scales, gcut__spell_input(s, p->zero_points));
}

// from [lines, ..] through a projection to [lines, rows]: each row's matrix, times the row; which:
// [lines, 1].
static uint32_t project(gcut__speller *s, const mixture *m, const gcut__projection *p,
                        uint32_t which, int64_t rows, uint32_t from) {
  const int64_t last = -1;
  const gcut_type *scales = gcut__cuda_input_type(s->c, p->scales);
  uint32_t picked = SPELL(s, "GatherND", matrices(s, m, p, rows), which);
  if (p->bits && scales->type != m->type) from = gcut__spell_cast(s, from, scales->type);
  from = SPELL(s, "Unsqueeze", from, gcut__spell_numbers(s, &last, 1));
  return gcut__spell_reshape(s, SPELL(s, "MatMul", picked, from), (int64_t[]){m->lines, rows}, 2);
}

// x and each row's bias, of [experts, ..] or GCUT_NONE, added in their type: float.
static uint32_t add_bias(gcut__speller *s, const mixture *m, uint32_t x, uint32_t bias,
                         uint32_t which) {
  if (bias != GCUT_NONE) {
    bias = SPELL(s, "Gather", bias, gcut__spell_reshape(s, which, &m->lines, 1));
    x = SPELL(s, "Add", x, SPELL(s, "CastLike", bias, x));
  }
  return gcut__spell_cast(s, x, GCUT_FLOAT);
}

// Of rows that FC1 makes, or of its biases, [n, rows], what is gates' and what their other sides',
// side by side or in turns: [n, inner] each. Apart before they are widened: it is half the bytes.
static void take_apart(gcut__speller *s, const mixture *m, uint32_t x, int64_t n, uint32_t *out) {
  const int64_t turns[] = {n, m->inner, 2}, halves[] = {n, 2, m->inner};
  const bool in_turns = m->attrs->swiglu_fusion == 1;
  out[0] = out[1] = GCUT_NONE;
  if (x == GCUT_NONE) return;
  x = gcut__spell_reshape(s, x, in_turns ? turns : halves, 3);
  gcut__spell_split(s, x, in_turns ? 2 : 1, (int64_t[]){1, 1}, 2, out);
  for (int i = 0; i < 2; i++) out[i] = gcut__spell_reshape(s, out[i], (int64_t[]){n, m->inner}, 2);
}

static bool is_fused(const mixture *m) {
  return m->activation == GCUT__EXPERTS_SWIGLU && m->attrs->swiglu_fusion;
}

// What FC1 and FC3 make of x, with biases: [lines, inner] float; the other may be absent.
static void begin_experts(gcut__speller *s, const mixture *m, uint32_t which, uint32_t *x,
                          uint32_t *other) {
  uint32_t of_x[] = {project(s, m, &m->fc[0], which, m->rows, m->x), GCUT_NONE},
           biases[] = {gcut__spell_input(s, m->fc[0].bias), gcut__spell_input(s, m->fc[2].bias)};
  if (gcut__spell_input(s, m->fc[2].weights) != GCUT_NONE)
    of_x[1] = project(s, m, &m->fc[2], which, m->inner, m->x);
  if (is_fused(m)) {
    take_apart(s, m, of_x[0], m->lines, of_x);
    take_apart(s, m, biases[0], m->n, biases);
  }
  *x = add_bias(s, m, of_x[0], biases[0], which);
  *other = of_x[1] == GCUT_NONE ? GCUT_NONE : add_bias(s, m, of_x[1], biases[1], which);
}

// [lines, hidden] float.
static uint32_t consult(gcut__speller *s, const mixture *m, uint32_t which) {
  uint32_t x, other;
  begin_experts(s, m, which, &x, &other);
  x = project(s, m, &m->fc[1], which, m->hidden, turn(s, m, x, other));
  return add_bias(s, m, x, gcut__spell_input(s, m->fc[1].bias), which);
}

// [tokens, hidden] float.
static uint32_t mix_picked(gcut__speller *s, mixture *m) {
  const int64_t k = m->attrs->k, one = 1;
  m->lines = m->tokens * k;
  m->x = gcut__spell_reshape(s, m->x, (int64_t[]){m->tokens, 1, m->hidden}, 3);
  m->x = SPELL(s, "Expand", m->x, gcut__spell_numbers(s, (int64_t[]){m->tokens, k, m->hidden}, 3));
  m->x = gcut__spell_reshape(s, m->x, (int64_t[]){m->lines, m->hidden}, 2);
  uint32_t which = gcut__spell_reshape(s, m->chosen, (int64_t[]){m->lines, 1}, 2),
           x = consult(s, m, which);
  x = gcut__spell_reshape(s, x, (int64_t[]){m->tokens, k, m->hidden}, 3);
  x = SPELL(s, "Mul", x, gcut__spell_reshape(s, m->weights, (int64_t[]){m->tokens, k, 1}, 3));
  x = gcut__spell_reduce(s, "ReduceSum", x, &one, 1);
  return gcut__spell_reshape(s, x, (int64_t[]){m->tokens, m->hidden}, 2);
}

// ---- all of them --------------------------------------------------------------------------------

static bool read_mixture(gcut__speller *s, bool quantized, mixture *m) {
  const gcut_type *x = gcut__cuda_input_type(s->c, 0);
  *m = (mixture){
      .attrs = s->c->node->attrs, .type = x->type, .n = gcut__cuda_input_type(s->c, 1)->dims[1]};
  m->activation = gcut__experts_activation_of(m->attrs);
  gcut__experts_projections(quantized, m->attrs, m->fc);
  m->hidden = x->dims[x->rank - 1];
  if (gcut__cuda_count(x) == 0 || m->n < 1 || m->n > MOST_EXPERTS) return false;
  // Without blocks zero points are packed across rows.
  for (int i = 0; i < 3 && quantized; i++)
    if (m->attrs->block_size <= 0 && gcut__spell_input(s, m->fc[i].zero_points) != GCUT_NONE)
      return false;
  m->tokens = (int64_t)gcut__cuda_count(x) / m->hidden;
  m->rows = gcut__cuda_input_type(s->c, m->fc[0].weights)->dims[1];
  m->inner = m->rows / (is_fused(m) ? 2 : 1);
  m->lines = m->tokens;
  return m->inner > 0;
}

static bool mix(gcut__speller *s, bool quantized) {
  const gcut_type *out = gcut__cuda_output_type(s->c, 0);
  mixture m;
  if (!read_mixture(s, quantized, &m)) return false;
  m.x = gcut__spell_reshape(s, gcut__spell_input(s, 0), (int64_t[]){m.tokens, m.hidden}, 2);
  choose(s, &m);
  uint32_t sum = gcut__spell_cast(s, mix_picked(s, &m), m.type);
  gcut__spell_output(s, 0, gcut__spell_reshape(s, sum, out->dims, (size_t)out->rank));
  return true;
}

static bool moe(gcut__speller *s) {
  return mix(s, false);
}
static bool quantized_moe(gcut__speller *s) {
  return mix(s, true);
}

gcut_status gcut__cuda_compile_moe(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, moe, err);
}
gcut_status gcut__cuda_compile_quantized_moe(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, quantized_moe, err);
}
