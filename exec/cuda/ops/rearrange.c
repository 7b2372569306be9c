// Operators that move elements or compare places, spelled out: DepthToSpace, SpaceToDepth, OneHot,
// Hardmax, ReverseSequence, Dropout where it drops nothing; SwiGLU.
#include "exec/cuda/ops/spell.h"
#include "tracer/ops/constant.h"
#include "tracer/ops/random.h"
#include "tracer/ops/reverse.h"
#include "tracer/ops/softmax.h"
#include "tracer/ops/transpose.h"
#include "tracer/ops/unary.h"

static uint32_t number(gcut__speller *s, int64_t value) {
  return gcut__spell_scalar(s, GCUT_INT64, (double)value);
}

// 0, 1, ... n - 1 along one of `rank` axes.
static uint32_t range_along(gcut__speller *s, int64_t n, int64_t axis, int rank) {
  int64_t dims[GCUT_MAX_RANK];
  uint32_t range = SPELL(s, "Range", number(s, 0), number(s, n), number(s, 1));
  for (int d = 0; d < rank; d++) dims[d] = d == axis ? n : 1;
  return gcut__spell_reshape(s, range, dims, (size_t)rank);
}

#define SPELLED(name)                                                                              \
  gcut_status gcut__cuda_compile_##name(const gcut__cuda_compile *c, gcut_error *err) {            \
    return gcut__spell(c, name, err);                                                              \
  }

// ---- blocks and channels ------------------------------------------------------------------------

// The input seen in six dimensions, permuted.
static bool permute_six(gcut__speller *s, const int64_t *dims, const int64_t *perm) {
  const gcut_type *out = gcut__cuda_output_type(s->c, 0);
  uint32_t x = gcut__spell_reshape(s, gcut__spell_input(s, 0), dims, 6);
  x = gcut__spell_transpose(s, x, perm, 6);
  gcut__spell_output(s, 0, gcut__spell_reshape(s, x, out->dims, (size_t)out->rank));
  return true;
}

static bool depth_to_space(gcut__speller *s) {
  const gcut__depth_attrs *attrs = s->c->node->attrs;
  const int64_t *x = gcut__cuda_input_type(s->c, 0)->dims, b = attrs->blocksize,
                depth = x[1] / (b * b);
  if (gcut__depth_is_crd(attrs))
    return permute_six(s, (int64_t[]){x[0], depth, b, b, x[2], x[3]},
                       (int64_t[]){0, 1, 4, 2, 5, 3});
  return permute_six(s, (int64_t[]){x[0], b, b, depth, x[2], x[3]}, (int64_t[]){0, 3, 4, 1, 5, 2});
}

static bool space_to_depth(gcut__speller *s) {
  const gcut__depth_attrs *attrs = s->c->node->attrs;
  const int64_t *x = gcut__cuda_input_type(s->c, 0)->dims, b = attrs->blocksize;
  int64_t dims[] = {x[0], x[1], x[2] / b, b, x[3] / b, b};
  if (gcut__depth_is_crd(attrs)) return permute_six(s, dims, (int64_t[]){0, 1, 3, 5, 2, 4});
  return permute_six(s, dims, (int64_t[]){0, 3, 5, 1, 2, 4});
}

SPELLED(depth_to_space)
SPELLED(space_to_depth)

// ---- places -------------------------------------------------------------------------------------

// Classes count from the end where they are negative; those out of range are nowhere.
static bool one_hot(gcut__speller *s) {
  const gcut__one_hot_attrs *attrs = s->c->node->attrs;
  const gcut_type *in = gcut__cuda_input_type(s->c, 0), *out = gcut__cuda_output_type(s->c, 0);
  int64_t axis = attrs->axis < 0 ? attrs->axis + out->rank : attrs->axis, depth = out->dims[axis],
          dims[GCUT_MAX_RANK];
  if (gcut__cuda_count(out) == 0 || gcut__cuda_is_float(in) || in->type == GCUT_DOUBLE)
    return false;
  for (int d = 0; d < out->rank; d++) dims[d] = d == axis ? 1 : out->dims[d];
  uint32_t at = gcut__spell_reshape(s, gcut__spell_input(s, 0), dims, (size_t)out->rank);
  if (in->type != GCUT_INT64) at = gcut__spell_cast(s, at, GCUT_INT64);
  uint32_t from_end = SPELL(s, "Add", at, number(s, depth));
  at = SPELL(s, "Where", SPELL(s, "Less", at, number(s, 0)), from_end, at);
  uint32_t hot = SPELL(s, "Equal", at, range_along(s, depth, axis, out->rank)), parts[2];
  gcut__spell_split(s, gcut__spell_input(s, 2), 0, (int64_t[]){1, 1}, 2, parts);
  gcut__spell_output(s, 0, SPELL(s, "Where", hot, parts[1], parts[0]));
  return true;
}

// Before opset 13 the dimensions from the axis on are one.
static bool hardmax(gcut__speller *s) {
  const gcut_type *t = gcut__cuda_input_type(s->c, 0);
  int64_t axis = gcut__softmax_axis(s->c->node, s->c->node->attrs), dims[2] = {1, 1};
  uint32_t x = gcut__spell_input(s, 0);
  bool joined = s->c->node->version < 13;
  if (t->rank == 0 || gcut__cuda_count(t) == 0) return false;
  if (axis < 0) axis += t->rank;
  for (int d = 0; d < t->rank; d++) dims[d >= axis] *= t->dims[d];
  if (joined) x = gcut__spell_reshape(s, x, dims, 2);
  int64_t n = joined ? dims[1] : t->dims[axis];
  gcut__spell_int(s, "axis", joined ? 1 : axis);
  uint32_t best = SPELL(s, "ArgMax", x);
  uint32_t range = joined ? range_along(s, n, 1, 2) : range_along(s, n, axis, t->rank);
  uint32_t y = gcut__spell_cast(s, SPELL(s, "Equal", best, range), t->type);
  if (joined) y = gcut__spell_reshape(s, y, t->dims, (size_t)t->rank);
  gcut__spell_output(s, 0, y);
  return true;
}

// Step t of a sequence comes from length - 1 - t, as long as that is one.
static bool reverse_sequence(gcut__speller *s) {
  const gcut__reverse_attrs *attrs = s->c->node->attrs;
  const gcut_type *t = gcut__cuda_input_type(s->c, 0);
  int64_t steps = t->dims[attrs->time_axis], dims[GCUT_MAX_RANK];
  if (gcut__cuda_count(t) == 0) return false;
  for (int d = 0; d < t->rank; d++) dims[d] = d == attrs->batch_axis ? t->dims[d] : 1;
  uint32_t length = gcut__spell_reshape(s, gcut__spell_input(s, 1), dims, (size_t)t->rank);
  uint32_t at = range_along(s, steps, attrs->time_axis, t->rank);
  uint32_t last = SPELL(s, "Sub", length, number(s, 1)), back = SPELL(s, "Sub", last, at);
  at = SPELL(s, "Where", SPELL(s, "Less", at, length), back, at);
  at = SPELL(s, "Expand", at, gcut__spell_numbers(s, t->dims, (size_t)t->rank));
  gcut__spell_int(s, "axis", attrs->time_axis);
  gcut__spell_output(s, 0, SPELL(s, "GatherElements", gcut__spell_input(s, 0), at));
  return true;
}

SPELLED(one_hot)
SPELLED(hardmax)
SPELLED(reverse_sequence)

// ---- no places ----------------------------------------------------------------------------------

// Whether it drops nothing, as far as is known.
static bool is_idle(const gcut__speller *s) {
  const gcut__dropout_attrs *attrs = s->c->node->attrs;
  if (s->c->node->version < 7) return attrs->is_test != 0;
  if (s->c->node->version < 12 || !gcut__cuda_input_type(s->c, 2)) return true;
  uint32_t value = gcut_node_inputs(s->c->trace->graph, s->c->node)[2];
  const gcut_constant *k = s->c->trace->facts[value].constant;
  return k && k->data && k->bytes == 1 && *(const uint8_t *)k->data == 0;
}

static bool dropout(gcut__speller *s) {
  const gcut_type *x = gcut__cuda_input_type(s->c, 0), *mask = gcut__cuda_output_type(s->c, 1);
  if (!is_idle(s)) return false;
  gcut__spell_output(s, 0, SPELL(s, "Identity", gcut__spell_input(s, 0)));
  if (!mask) return true;
  uint32_t one = gcut__spell_cast(s, gcut__spell_scalar(s, GCUT_FLOAT, 1), mask->type);
  gcut__spell_output(s, 1,
                     SPELL(s, "Expand", one, gcut__spell_numbers(s, x->dims, (size_t)x->rank)));
  return true;
}

// x * sigmoid(alpha * x) * y
static bool swiglu(gcut__speller *s) {
  const gcut__alpha_attrs *attrs = s->c->node->attrs;
  uint32_t x = gcut__spell_wide(s, 0), y = gcut__spell_wide(s, 1);
  gcut__spell_float(s, "alpha", attrs->alpha);
  gcut__spell_narrow(s, 0, SPELL(s, "Mul", SPELL(s, "Swish", x), y));
  return true;
}

SPELLED(dropout)
SPELLED(swiglu)
