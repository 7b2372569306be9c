// DFT and STFT, spelled out as products with the waves that they measure by: for the lengths that
// models have, hundreds, that is less work than to carry out a fast transform's steps one by one.
// In float64, as the CPU does: what cancels out leaves no noise.
#include "tracer/ops/signal.h"

#include <math.h>

#include "exec/cuda/ops/spell_attention.h"

static const int64_t MOST_WAVES = INT64_C(1) << 22; // elements of a matrix of waves

typedef struct transform {
  int64_t length, in, out; // of the transform; elements of a line that count, that come out
  bool inverse, mirror;    // mirror: the input is the first half of a symmetric spectrum
  uint32_t re, im;         // [..., in]; im may be GCUT_NONE
} transform;

// ---- waves --------------------------------------------------------------------------------------

static uint32_t number(gcut__speller *s, double value) {
  return gcut__spell_scalar(s, GCUT_DOUBLE, value);
}

static uint32_t wide(gcut__speller *s, uint32_t i) {
  return gcut__spell_cast(s, gcut__spell_input(s, i), GCUT_DOUBLE);
}
static void narrow(gcut__speller *s, uint32_t y) {
  gcut__spell_output(s, 0, gcut__spell_cast(s, y, gcut__cuda_output_type(s->c, 0)->type));
}

// i * j of 0 <= i < in, 0 <= j < out, in turns: [in, out].
static uint32_t turns(gcut__speller *s, const transform *t) {
  uint32_t rows = gcut__spell_range(s, t->in);
  rows = gcut__spell_reshape(s, rows, (int64_t[]){t->in, 1}, 2);
  uint32_t at = SPELL(s, "Mul", rows, gcut__spell_range(s, t->out)),
           all = gcut__spell_scalar(s, GCUT_INT64, (double)t->length);
  return gcut__spell_cast(s, SPELL(s, "Mod", at, all), GCUT_DOUBLE);
}

// How often each line of a mirrored spectrum counts: [in, 1].
static uint32_t mirrored(gcut__speller *s, const transform *t) {
  uint32_t at = gcut__spell_range(s, t->in), once = gcut__spell_scalar(s, GCUT_INT64, 0);
  at = gcut__spell_reshape(s, at, (int64_t[]){t->in, 1}, 2);
  uint32_t twice = gcut__spell_scalar(s, GCUT_INT64, (double)t->length),
           double_at = SPELL(s, "Add", at, at);
  uint32_t edge = SPELL(s, "Or", SPELL(s, "Equal", at, once), SPELL(s, "Equal", double_at, twice));
  return SPELL(s, "Where", edge, number(s, 1), number(s, 2));
}

// Cosines or sines, with what the results are divided by: [in, out].
static uint32_t waves(gcut__speller *s, const transform *t, const char *op) {
  uint32_t angles = SPELL(s, "Mul", turns(s, t), number(s, 2 * M_PI / (double)t->length));
  uint32_t x = SPELL(s, op, angles);
  if (t->inverse) x = SPELL(s, "Div", x, number(s, (double)t->length));
  return t->mirror ? SPELL(s, "Mul", x, mirrored(s, t)) : x;
}

static uint32_t minus(gcut__speller *s, uint32_t a, uint32_t b) {
  return a == GCUT_NONE ? SPELL(s, "Neg", b) : SPELL(s, "Sub", a, b);
}
static uint32_t plus(gcut__speller *s, uint32_t a, uint32_t b) {
  return a == GCUT_NONE ? b : SPELL(s, "Add", a, b);
}

// Real and imaginary parts of the result; the latter only where not mirrored.
static void measure(gcut__speller *s, const transform *t, uint32_t *re, uint32_t *im) {
  uint32_t cosines = waves(s, t, "Cos"), sines = waves(s, t, "Sin"), re_sin = GCUT_NONE,
           im_cos = GCUT_NONE, im_sin = GCUT_NONE;
  *re = SPELL(s, "MatMul", t->re, cosines);
  if (!t->mirror) re_sin = SPELL(s, "MatMul", t->re, sines);
  if (t->im != GCUT_NONE) im_sin = SPELL(s, "MatMul", t->im, sines);
  if (t->im != GCUT_NONE && !t->mirror) im_cos = SPELL(s, "MatMul", t->im, cosines);
  if (im_sin != GCUT_NONE) *re = t->inverse ? minus(s, *re, im_sin) : plus(s, *re, im_sin);
  if (!t->mirror) *im = t->inverse ? plus(s, im_cos, re_sin) : minus(s, im_cos, re_sin);
}

// Parts [1, ...] of x [parts, ...].
static void split_parts(gcut__speller *s, transform *t, uint32_t x, int64_t parts) {
  uint32_t both[2] = {x, GCUT_NONE};
  if (parts == 2) gcut__spell_split(s, x, 0, (int64_t[]){1, 1}, 2, both);
  t->re = both[0];
  t->im = both[1];
}

// ---- DFT ----------------------------------------------------------------------------------------

// The input seen as [outer, axis, inner, parts], and the output.
static bool read_dft(gcut__speller *s, transform *t, int64_t *from, int64_t *to) {
  const gcut__dft_attrs *attrs = s->c->node->attrs;
  const gcut_type *x = gcut__cuda_input_type(s->c, 0), *y = gcut__cuda_output_type(s->c, 0);
  int64_t axis = s->c->node->version >= 20 ? -2 : attrs->axis;
  if (gcut__cuda_input_type(s->c, 2) && gcut__cuda_read_ints(s->c, 2, &axis, 1) != 1) return false;
  if (axis < 0) axis += x->rank;
  from[0] = from[2] = 1;
  for (int d = 0; d + 1 < x->rank; d++)
    if (d != axis) from[d < axis ? 0 : 2] *= x->dims[d];
  from[1] = x->dims[axis];
  from[3] = x->dims[x->rank - 1];
  to[0] = from[0], to[1] = y->dims[axis], to[2] = from[2], to[3] = y->dims[y->rank - 1];
  *t = (transform){.length = from[1],
                   .in = from[1],
                   .out = to[1],
                   .inverse = attrs->inverse != 0,
                   .mirror = attrs->inverse && attrs->onesided};
  if (t->mirror) t->length = 2 * (from[1] - 1);
  if (gcut__cuda_input_type(s->c, 1) && gcut__cuda_read_ints(s->c, 1, &t->length, 1) != 1)
    return false;
  int64_t most = t->mirror ? t->length / 2 + 1 : t->length;
  if (t->in > most) t->in = most;
  return t->in > 0 && t->out > 0 && t->length > 0 && t->out <= MOST_WAVES / t->in &&
         gcut__cuda_count(y) > 0;
}

static bool dft(gcut__speller *s) {
  const gcut_type *y = gcut__cuda_output_type(s->c, 0);
  transform t;
  int64_t from[4], to[4];
  if (!read_dft(s, &t, from, to)) return false;
  uint32_t x = gcut__spell_reshape(s, wide(s, 0), from, 4), re, im = GCUT_NONE;
  x = gcut__spell_transpose(s, x, (int64_t[]){3, 0, 2, 1}, 4);
  if (t.in < from[1]) x = gcut__spell_slice(s, x, 3, 0, t.in);
  split_parts(s, &t, x, from[3]);
  measure(s, &t, &re, &im);
  x = t.mirror ? re : gcut__spell_concat(s, re, im, 0);
  x = gcut__spell_transpose(s, x, (int64_t[]){1, 3, 2, 0}, 4);
  narrow(s, gcut__spell_reshape(s, x, y->dims, (size_t)y->rank));
  return true;
}

gcut_status gcut__cuda_compile_dft(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, dft, err);
}

// ---- STFT ---------------------------------------------------------------------------------------

// Frames [parts, batch, frames, in] of a signal [batch, length, parts].
static uint32_t cut_frames(gcut__speller *s, const transform *t, int64_t frames, int64_t step) {
  uint32_t x = gcut__spell_transpose(s, wide(s, 0), (int64_t[]){2, 0, 1}, 3);
  uint32_t first = SPELL(s, "Mul", gcut__spell_range(s, frames),
                         gcut__spell_scalar(s, GCUT_INT64, (double)step));
  first = gcut__spell_reshape(s, first, (int64_t[]){frames, 1}, 2);
  uint32_t at = SPELL(s, "Add", first, gcut__spell_range(s, t->in));
  gcut__spell_int(s, "axis", 2);
  x = SPELL(s, "Gather", x, at);
  uint32_t window = wide(s, 2);
  if (window == GCUT_NONE) return x;
  return SPELL(s, "Mul", x, gcut__spell_slice(s, window, 0, 0, t->in));
}

static bool stft(gcut__speller *s) {
  const gcut_type *x = gcut__cuda_input_type(s->c, 0), *window = gcut__cuda_input_type(s->c, 2),
                  *y = gcut__cuda_output_type(s->c, 0);
  transform t = {.length = window ? window->dims[0] : x->dims[1], .out = y->dims[2]};
  int64_t step;
  uint32_t re, im;
  if (gcut__cuda_read_ints(s->c, 1, &step, 1) != 1 || gcut__cuda_count(y) == 0 ||
      (gcut__cuda_input_type(s->c, 3) && gcut__cuda_read_ints(s->c, 3, &t.length, 1) != 1))
    return false;
  t.in = window && window->dims[0] < t.length ? window->dims[0] : t.length;
  if (t.in <= 0 || t.out > MOST_WAVES / t.in) return false;
  split_parts(s, &t, cut_frames(s, &t, y->dims[1], step), x->dims[2]);
  measure(s, &t, &re, &im);
  uint32_t both = gcut__spell_concat(s, re, im, 0);
  narrow(s, gcut__spell_transpose(s, both, (int64_t[]){1, 2, 3, 0}, 4));
  return true;
}

gcut_status gcut__cuda_compile_stft(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, stft, err);
}
