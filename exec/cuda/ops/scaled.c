// Affine, ScaledTanh, ParametricSoftplus: one launch of elementwise operators.
#include "exec/cuda/ops/spell.h"
#include "tracer/ops/unary.h"

static uint32_t times(gcut__speller *s, uint32_t x, float factor) {
  int type = gcut__spell_wide_type(gcut__cuda_input_type(s->c, 0)->type);
  return SPELL(s, "Mul", x, gcut__spell_scalar(s, type, (double)factor));
}

static bool affine(gcut__speller *s) {
  const gcut__alpha_beta_attrs *attrs = s->c->node->attrs;
  int type = gcut__spell_wide_type(gcut__cuda_input_type(s->c, 0)->type);
  uint32_t x = times(s, gcut__spell_wide(s, 0), attrs->alpha);
  gcut__spell_narrow(s, 0, SPELL(s, "Add", x, gcut__spell_scalar(s, type, (double)attrs->beta)));
  return true;
}

// alpha * f(beta * x)
static bool scaled(gcut__speller *s, const char *f) {
  const gcut__alpha_beta_attrs *attrs = s->c->node->attrs;
  uint32_t x = times(s, gcut__spell_wide(s, 0), attrs->beta);
  gcut__spell_narrow(s, 0, times(s, SPELL(s, f, x), attrs->alpha));
  return true;
}

static bool scaled_tanh(gcut__speller *s) {
  return scaled(s, "Tanh");
}
static bool parametric_softplus(gcut__speller *s) {
  return scaled(s, "Softplus");
}

gcut_status gcut__cuda_compile_affine(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, affine, err);
}
gcut_status gcut__cuda_compile_scaled_tanh(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, scaled_tanh, err);
}
gcut_status gcut__cuda_compile_parametric_softplus(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, parametric_softplus, err);
}
