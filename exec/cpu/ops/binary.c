// Kernels of the operators that combine two tensors element by element: a formula an operator,
// computed a row at a time (see typed.h) along a broadcasting walk (see stride.h).
#include "tracer/ops/binary.h"

#include <tgmath.h>

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/ops/typed.h"
#include "tracer/ops/unary.h"

// y[k] from a[k] and b[k] for k < n; false where an element cannot be computed: a division by zero.
typedef bool row_function(const void *attrs, size_t n, const void *a, const void *b, void *y);
// By gcut__class of the inputs; NULL where the operator has none.
typedef row_function *const row_functions[5];

// A walk over the output (operand 0) and both inputs, `trailing` dims of 1 appended to the second.
static gcut_status walk_inputs(const gcut__cpu_call *c, int trailing, gcut__walk **out_walk,
                               gcut_error *err) {
  const gcut_tensor *a = c->inputs[0], *b = c->inputs[1], *y = c->outputs[0];
  int64_t dims[GCUT_MAX_RANK];
  int rank = b->rank;
  for (int d = 0; d < b->rank; d++) dims[d] = b->dims[d];
  for (int d = 0; d < trailing; d++) dims[rank++] = 1;
  GCUT_TRY(gcut__walk_create(c->scratch, y->rank, y->dims, 3, out_walk, err));
  gcut__walk_broadcast(*out_walk, 0, y->rank, y->dims);
  gcut__walk_broadcast(*out_walk, 1, a->rank, a->dims);
  gcut__walk_broadcast(*out_walk, 2, rank, dims);
  return GCUT_OK;
}

static const void *load(const gcut_tensor *x, const gcut__walk *walk, uint32_t k, int64_t at,
                        size_t n, gcut__row_buffer *buffer) {
  int64_t step = walk->steps[k];
  return gcut__row_load(x->type, x->data, walk->offsets[k] + at * step, step, n, buffer);
}

// One row of the walk, in blocks.
static bool run_row(const gcut__cpu_call *c, row_function *f, const void *attrs,
                    const gcut__walk *walk) {
  gcut_tensor *y = c->outputs[0];
  gcut__row_buffer row_a, row_b, row_y;
  for (int64_t at = 0; at < walk->inner; at += GCUT__ROW) {
    size_t n = walk->inner - at < GCUT__ROW ? (size_t)(walk->inner - at) : GCUT__ROW;
    const void *a = load(c->inputs[0], walk, 1, at, n, &row_a);
    const void *b = load(c->inputs[1], walk, 2, at, n, &row_b);
    int64_t offset = walk->offsets[0] + at;
    void *to = gcut__row_target(y->type, y->data, offset, &row_y);
    if (!f(attrs, n, a, b, to)) return false;
    gcut__row_store(y->type, y->data, offset, n, to);
  }
  return true;
}

static gcut_status run(gcut__cpu_call *c, row_function *f, int trailing, const void *attrs,
                       gcut_error *err) {
  if (!f) return gcut__cpu_type_unsupported(c, c->inputs[0]->type, err);
  gcut__walk *walk;
  GCUT_TRY(walk_inputs(c, trailing, &walk, err));
  for (bool more = gcut__walk_start(walk); more; more = gcut__walk_next(walk))
    if (!run_row(c, f, attrs, walk))
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "division of an integer by zero");
  return GCUT_OK;
}

static gcut_status run_by_class(gcut__cpu_call *c, const row_functions by_class, const void *attrs,
                                gcut_error *err) {
  return run(c, by_class[gcut__class_of(c->inputs[0]->type)], 0, attrs, err);
}

// For the operators that once had the attributes `broadcast` and `axis`.
static int trailing_dims(const gcut__cpu_call *c) {
  const gcut__broadcast_attrs *attrs = c->attrs;
  int trailing = gcut__broadcast_trailing(c->node, attrs, c->inputs[0]->rank, c->inputs[1]->rank);
  return attrs->broadcast ? trailing : 0;
}

// ---- rows -------------------------------------------------------------------------------------
// A formula is of `x` and `y`, with `T` their type and `a` the operator's attributes; functions of
// <tgmath.h> follow the type. Where `check` is false the operator fails.

#define MIXED_ROW(function, attrs_type, x_type, y_type, z_type, check, formula)                    \
  static bool function(const void *attrs, size_t n, const void *from_x, const void *from_y,        \
                       void *to) {                                                                 \
    typedef x_type T;                                                                              \
    const attrs_type *a = attrs;                                                                   \
    const x_type *restrict xs = from_x;                                                            \
    const y_type *restrict ys = from_y;                                                            \
    z_type *restrict zs = to;                                                                      \
    (void)a;                                                                                       \
    for (size_t k = 0; k < n; k++) {                                                               \
      T x = xs[k];                                                                                 \
      y_type y = ys[k];                                                                            \
      (void)y;                                                                                     \
      if (!(check)) return false;                                                                  \
      zs[k] = (formula);                                                                           \
    }                                                                                              \
    return true;                                                                                   \
  }
#define ROW(function, attrs_type, type, formula)                                                   \
  MIXED_ROW(function, attrs_type, type, type, type, true, formula)

#define ROWS(ident, f, d, i, u)                                                                    \
  static const row_functions ident##_rows = {                                                      \
      [GCUT__CLASS_f] = f, [GCUT__CLASS_d] = d, [GCUT__CLASS_i] = i, [GCUT__CLASS_u] = u};
#define KERNEL(ident)                                                                              \
  gcut_status gcut__cpu_##ident(gcut__cpu_call *c, gcut_error *err) {                              \
    return run_by_class(c, ident##_rows, c->attrs, err);                                           \
  }
#define KERNEL_ALIGNED(ident)                                                                      \
  gcut_status gcut__cpu_##ident(gcut__cpu_call *c, gcut_error *err) {                              \
    return run(c, ident##_rows[gcut__class_of(c->inputs[0]->type)], trailing_dims(c), NULL, err);  \
  }

// ---- arithmetic; integers wrap, so signed ones compute as unsigned ----------------------------

#define ARITHMETIC(ident, formula)                                                                 \
  ROW(ident##_f, void, float, formula)                                                             \
  ROW(ident##_d, void, double, formula)                                                            \
  ROW(ident##_u, void, uint64_t, formula)                                                          \
  ROWS(ident, ident##_f, ident##_d, ident##_u, ident##_u)                                          \
  KERNEL_ALIGNED(ident)

ARITHMETIC(add, x + y)
ARITHMETIC(sub, x - y)
ARITHMETIC(mul, x *y)

#define NEGATED(x) ((int64_t)(0 - (uint64_t)(x)))

ROW(div_f, void, float, x / y)
ROW(div_d, void, double, x / y)
MIXED_ROW(div_i, void, int64_t, int64_t, int64_t, y != 0, y == -1 ? NEGATED(x) : x / y)
MIXED_ROW(div_u, void, uint64_t, uint64_t, uint64_t, y != 0, x / y)
ROWS(div, div_f, div_d, div_i, div_u)
KERNEL_ALIGNED(div)

// The sign of the remainder: that of the divisor (fmod 0), or of the dividend (fmod 1).
#define FLOORED(r, y)         ((r) == 0 ? copysign((T)0, (y)) : ((r) < 0) != ((y) < 0) ? (r) + (y) : (r))
#define FLOORED_INTEGER(r, y) ((r) != 0 && ((r) < 0) != ((y) < 0) ? (r) + (y) : (r))

ROW(fmod_f, void, float, fmod(x, y))
ROW(fmod_d, void, double, fmod(x, y))
MIXED_ROW(fmod_i, void, int64_t, int64_t, int64_t, y != 0, y == -1 ? 0 : x % y)
MIXED_ROW(mod_u, void, uint64_t, uint64_t, uint64_t, y != 0, x % y)
ROWS(fmod, fmod_f, fmod_d, fmod_i, mod_u)
ROW(mod_f, void, float, FLOORED(fmod(x, y), y))
ROW(mod_d, void, double, FLOORED(fmod(x, y), y))
MIXED_ROW(mod_i, void, int64_t, int64_t, int64_t, y != 0, y == -1 ? 0 : FLOORED_INTEGER(x % y, y))
ROWS(mod, mod_f, mod_d, mod_i, mod_u)

gcut_status gcut__cpu_mod(gcut__cpu_call *c, gcut_error *err) {
  bool truncates = ((const gcut__mod_attrs *)c->attrs)->fmod != 0;
  return run_by_class(c, truncates ? fmod_rows : mod_rows, NULL, err);
}

ROW(prelu_f, void, float, x < 0 ? x * y : x)
ROW(prelu_d, void, double, x < 0 ? x * y : x)
ROW(prelu_i, void, int64_t, x < 0 ? (int64_t)((uint64_t)x * (uint64_t)y) : x)
ROW(prelu_u, void, uint64_t, x)
ROWS(prelu, prelu_f, prelu_d, prelu_i, prelu_u)

gcut_status gcut__cpu_prelu(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0], *slope = c->inputs[1];
  int trailing = gcut__broadcast_trailing(c->node, NULL, x->rank, slope->rank);
  return run(c, prelu_rows[gcut__class_of(x->type)], trailing, NULL, err);
}

ROW(swiglu_f, gcut__alpha_attrs, float, x / (1 + exp(-(T)a->alpha * x)) * y)
ROW(swiglu_d, gcut__alpha_attrs, double, x / (1 + exp(-(T)a->alpha * x)) * y)
ROWS(swiglu, swiglu_f, swiglu_d, NULL, NULL)
KERNEL(swiglu)

// ---- comparison and logic ---------------------------------------------------------------------

#define COMPARISON(ident, formula)                                                                 \
  MIXED_ROW(ident##_f, void, float, float, uint64_t, true, formula)                                \
  MIXED_ROW(ident##_d, void, double, double, uint64_t, true, formula)                              \
  MIXED_ROW(ident##_i, void, int64_t, int64_t, uint64_t, true, formula)                            \
  MIXED_ROW(ident##_u, void, uint64_t, uint64_t, uint64_t, true, formula)                          \
  ROWS(ident, ident##_f, ident##_d, ident##_i, ident##_u)

COMPARISON(less, x < y)
KERNEL_ALIGNED(less)
COMPARISON(greater, x > y)
KERNEL_ALIGNED(greater)
COMPARISON(less_or_equal, x <= y)
KERNEL_ALIGNED(less_or_equal)
COMPARISON(greater_or_equal, x >= y)
KERNEL_ALIGNED(greater_or_equal)
COMPARISON(equal, x == y)

static bool same_string(gcut_string a, gcut_string b) {
  return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static gcut_status equal_strings(gcut__cpu_call *c, gcut_error *err) {
  const gcut_string *a = c->inputs[0]->data, *b = c->inputs[1]->data;
  uint8_t *y = c->outputs[0]->data;
  gcut__walk *walk;
  GCUT_TRY(walk_inputs(c, trailing_dims(c), &walk, err));
  for (bool more = gcut__walk_start(walk); more; more = gcut__walk_next(walk))
    for (int64_t k = 0; k < walk->inner; k++)
      y[walk->offsets[0] + k] = same_string(a[walk->offsets[1] + k * walk->steps[1]],
                                            b[walk->offsets[2] + k * walk->steps[2]]);
  return GCUT_OK;
}

gcut_status gcut__cpu_equal(gcut__cpu_call *c, gcut_error *err) {
  gcut_dtype type = c->inputs[0]->type;
  if (type == GCUT_STRING) return equal_strings(c, err);
  return run(c, equal_rows[gcut__class_of(type)], trailing_dims(c), NULL, err);
}

#define BITWISE(ident, formula)                                                                    \
  ROW(ident##_u, void, uint64_t, formula)                                                          \
  ROWS(ident, NULL, NULL, ident##_u, ident##_u)

BITWISE(and, x &y)
KERNEL_ALIGNED(and)
BITWISE(or, x | y)
KERNEL_ALIGNED(or)
BITWISE(xor, x ^ y)
KERNEL_ALIGNED(xor)

// ---- bits -------------------------------------------------------------------------------------

BITWISE(bitwise_and, x &y)
KERNEL(bitwise_and)
BITWISE(bitwise_or, x | y)
KERNEL(bitwise_or)
BITWISE(bitwise_xor, x ^ y)
KERNEL(bitwise_xor)

// A shift by a negative amount or past the width moves every bit out; sign bits follow.
#define SHIFT_AMOUNT(y) ((uint64_t)(y) > 63 ? 63 : (y))
ROW(shift_left_u, void, uint64_t, y > 63 ? 0 : x << y)
ROW(shift_right_u, void, uint64_t, y > 63 ? 0 : x >> y)
ROW(shift_right_i, void, int64_t, x >> SHIFT_AMOUNT(y))
ROWS(shift_left, NULL, NULL, shift_left_u, shift_left_u)
ROWS(shift_right, NULL, NULL, shift_right_i, shift_right_u)

gcut_status gcut__cpu_bit_shift(gcut__cpu_call *c, gcut_error *err) {
  bool left = ((const gcut__bit_shift_attrs *)c->attrs)->direction.data[0] == 'L';
  return run_by_class(c, left ? shift_left_rows : shift_right_rows, NULL, err);
}

// ---- powers -----------------------------------------------------------------------------------
// A float to a float is computed in float, otherwise floats are computed in double; the result has
// the type of the base. A square is one product, exactly rounded, whatever the exponent's type.

static int64_t power_of_integer(int64_t base, uint64_t exponent) {
  uint64_t square = (uint64_t)base, y = 1;
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1) y *= square;
    square *= square;
  }
  return (int64_t)y;
}

// A negative power is 0 unless the base is its own inverse.
static int64_t signed_power(int64_t base, int64_t exponent) {
  if (exponent >= 0) return power_of_integer(base, (uint64_t)exponent);
  if (base == 1 || base == -1) return base == 1 || exponent % 2 == 0 ? 1 : -1;
  return 0;
}

#define POWER(x, y) ((y) == 2 ? (x) * (x) : pow((x), (y)))
#define POWER_ROW(ident, x_type, y_type, check, formula)                                           \
  MIXED_ROW(ident, void, x_type, y_type, x_type, check, formula)

POWER_ROW(pow_ff, float, float, true, POWER(x, y))
POWER_ROW(pow_fd, float, double, true, (float)POWER((double)x, y))
POWER_ROW(pow_fi, float, int64_t, true, (float)POWER((double)x, (double)y))
POWER_ROW(pow_fu, float, uint64_t, true, (float)POWER((double)x, (double)y))
POWER_ROW(pow_df, double, float, true, POWER(x, (double)y))
POWER_ROW(pow_dd, double, double, true, POWER(x, y))
POWER_ROW(pow_di, double, int64_t, true, POWER(x, (double)y))
POWER_ROW(pow_du, double, uint64_t, true, POWER(x, (double)y))
POWER_ROW(pow_if, int64_t, float, true, gcut__truncate_int64(pow((double)x, (double)y)))
POWER_ROW(pow_id, int64_t, double, true, gcut__truncate_int64(pow((double)x, y)))
POWER_ROW(pow_jf, int64_t, float, true, gcut__truncate_int32(pow((double)x, (double)y)))
POWER_ROW(pow_jd, int64_t, double, true, gcut__truncate_int32(pow((double)x, y)))
POWER_ROW(pow_ii, int64_t, int64_t, x != 0 || y >= 0, signed_power(x, y))
POWER_ROW(pow_iu, int64_t, uint64_t, true, power_of_integer(x, y))
ROW(square_f, void, float, x *x)
ROW(square_d, void, double, x *x)
ROW(cube_f, void, float, (float)((double)x *(double)x *(double)x))
ROWS(pow_f, pow_ff, pow_fd, pow_fi, pow_fu)
ROWS(pow_d, pow_df, pow_dd, pow_di, pow_du)
ROWS(pow_i, pow_if, pow_id, pow_ii, pow_iu)
ROWS(pow_j, pow_jf, pow_jd, pow_ii, pow_iu) // int32

// An exponent that all elements share, else 0.
static double single(const gcut_tensor *exponent) {
  if (exponent->count != 1) return 0;
  gcut__row_buffer row;
  const void *value = gcut__row_load(exponent->type, exponent->data, 0, 0, 1, &row);
  return gcut__row_double(gcut__class_of(exponent->type), value, 0);
}

gcut_status gcut__cpu_pow(gcut__cpu_call *c, gcut_error *err) {
  gcut_dtype type = c->inputs[0]->type;
  gcut__class base = gcut__class_of(type), exponent = gcut__class_of(c->inputs[1]->type);
  double power = single(c->inputs[1]);
  row_function *f = NULL;
  if (base == GCUT__CLASS_f) f = power == 2 ? square_f : power == 3 ? cube_f : pow_f_rows[exponent];
  if (base == GCUT__CLASS_d) f = power == 2 ? square_d : pow_d_rows[exponent];
  if (base == GCUT__CLASS_i) f = (type == GCUT_INT32 ? pow_j_rows : pow_i_rows)[exponent];
  return run(c, f, trailing_dims(c), NULL, err);
}
