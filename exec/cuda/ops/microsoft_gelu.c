// Activations of com.microsoft that add a bias first: one launch of elementwise operators.
#include "exec/cuda/ops/spell.h"

static uint32_t biased(gcut__speller *s) {
  uint32_t x = gcut__spell_wide(s, 0), bias = gcut__spell_wide(s, 1);
  return bias == GCUT_NONE ? x : SPELL(s, "Add", x, bias);
}

static bool bias_gelu(gcut__speller *s) {
  gcut__spell_narrow(s, 0, SPELL(s, "Gelu", biased(s)));
  return true;
}

static bool fast_gelu(gcut__speller *s) {
  uint32_t x = biased(s);
  gcut__spell_string(s, "approximate", "tanh");
  gcut__spell_narrow(s, 0, SPELL(s, "Gelu", x));
  return true;
}

// The left half times Gelu of the right.
static bool bias_split_gelu(gcut__speller *s) {
  const gcut_type *x = gcut__cuda_input_type(s->c, 0);
  int64_t axis = x->rank - 1, half = x->dims[axis] / 2;
  uint32_t halves[2];
  gcut__spell_split(s, biased(s), axis, (int64_t[]){half, half}, 2, halves);
  uint32_t right = SPELL(s, "Gelu", halves[1]);
  gcut__spell_narrow(s, 0, SPELL(s, "Mul", halves[0], right));
  return true;
}

static bool bias_add(gcut__speller *s) {
  uint32_t sum = biased(s), skip = gcut__spell_wide(s, 2);
  gcut__spell_narrow(s, 0, SPELL(s, "Add", sum, skip));
  return true;
}

gcut_status gcut__cuda_compile_bias_gelu(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, bias_gelu, err);
}
gcut_status gcut__cuda_compile_fast_gelu(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, fast_gelu, err);
}
gcut_status gcut__cuda_compile_bias_split_gelu(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, bias_split_gelu, err);
}
gcut_status gcut__cuda_compile_bias_add(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, bias_add, err);
}
