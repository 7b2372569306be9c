// Kernels of the operators that map one tensor element by element: a formula an operator, computed
// a row at a time in float or double (float16 and bfloat16 through float), or in 64-bit integers.
#include "tracer/ops/unary.h"

#include <tgmath.h>

#include "exec/cpu/ops/exponent.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/typed.h"

// y[k] for k < n; rows are of one computing type.
typedef void row_function(const void *attrs, size_t n, const void *x, void *y);
// By gcut__class; NULL where the operator has none.
typedef row_function *const row_functions[5];

static gcut_status run(const gcut__cpu_call *c, const row_functions by_class, const void *attrs,
                       gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  row_function *f = by_class[gcut__class_of(x->type)];
  if (!f) return gcut__cpu_type_unsupported(c, x->type, err);
  gcut__row_buffer in, out;
  for (uint64_t at = 0; at < x->count; at += GCUT__ROW) {
    size_t n = x->count - at < GCUT__ROW ? x->count - at : GCUT__ROW;
    const void *from = gcut__row_load(x->type, x->data, (int64_t)at, 1, n, &in);
    void *to = gcut__row_target(y->type, y->data, (int64_t)at, &out);
    f(attrs, n, from, to);
    gcut__row_store(y->type, y->data, (int64_t)at, n, to);
  }
  return GCUT_OK;
}

// ---- rows -------------------------------------------------------------------------------------
// A formula is of `x`, with `T` its type and `a` the operator's attributes; functions of <tgmath.h>
// follow the type.

#define ROW(function, attrs_type, in_type, out_type, formula)                                      \
  static void function(const void *attrs, size_t n, const void *from, void *to) {                  \
    typedef in_type T;                                                                             \
    const attrs_type *a = attrs;                                                                   \
    const T *restrict xs = from;                                                                   \
    out_type *restrict ys = to;                                                                    \
    (void)a;                                                                                       \
    for (size_t k = 0; k < n; k++) {                                                               \
      T x = xs[k];                                                                                 \
      ys[k] = (formula);                                                                           \
    }                                                                                              \
  }

// The ternary operator, but that both sides are computed: loops then become vector code.
#define CHOOSER(T)                                                                                 \
  static inline T choose_##T(bool condition, T yes, T no) {                                        \
    return condition ? yes : no;                                                                   \
  }
CHOOSER(float)
CHOOSER(double)
CHOOSER(int64_t)
CHOOSER(uint64_t)
#define CHOOSE(condition, yes, no)                                                                 \
  _Generic((yes), float                                                                            \
           : choose_float, double                                                                  \
           : choose_double, int64_t                                                                \
           : choose_int64_t, uint64_t                                                              \
           : choose_uint64_t)(condition, yes, no)

#define KERNEL(ident)                                                                              \
  gcut_status gcut__cpu_##ident(gcut__cpu_call *c, gcut_error *err) {                              \
    return run(c, ident##_rows, c->attrs, err);                                                    \
  }

// For float and double.
#define FLOAT_OPERATOR(ident, attrs_type, formula)                                                 \
  ROW(ident##_f, attrs_type, float, float, formula)                                                \
  ROW(ident##_d, attrs_type, double, double, formula)                                              \
  static const row_functions ident##_rows = {                                                      \
      [GCUT__CLASS_f] = ident##_f, [GCUT__CLASS_d] = ident##_d};                                   \
  KERNEL(ident)

// For float and double one formula, one for int64_t, one for uint64_t.
#define NUMERIC_OPERATOR(ident, attrs_type, formula, signed_formula, unsigned_formula)             \
  ROW(ident##_f, attrs_type, float, float, formula)                                                \
  ROW(ident##_d, attrs_type, double, double, formula)                                              \
  ROW(ident##_i, attrs_type, int64_t, int64_t, signed_formula)                                     \
  ROW(ident##_u, attrs_type, uint64_t, uint64_t, unsigned_formula)                                 \
  static const row_functions ident##_rows = {[GCUT__CLASS_f] = ident##_f,                          \
                                             [GCUT__CLASS_d] = ident##_d,                          \
                                             [GCUT__CLASS_i] = ident##_i,                          \
                                             [GCUT__CLASS_u] = ident##_u};                         \
  KERNEL(ident)

// ---- arithmetic; integers wrap ----------------------------------------------------------------

#define NEGATED(x) ((int64_t)(0 - (uint64_t)(x)))

NUMERIC_OPERATOR(abs, void, fabs(x), x < 0 ? NEGATED(x) : x, x)
NUMERIC_OPERATOR(neg, void, -x, NEGATED(x), 0 - x)
NUMERIC_OPERATOR(relu, void, x < 0 ? 0 : x, x < 0 ? 0 : x, x)
NUMERIC_OPERATOR(sign, void, x > 0 ? 1 : x < 0 ? -1 : x, (x > 0) - (x < 0), x > 0)
NUMERIC_OPERATOR(erf, void, erf(x), (int64_t)erf((double)x), (uint64_t)erf((double)x))

FLOAT_OPERATOR(ceil, void, ceil(x))
FLOAT_OPERATOR(floor, void, floor(x))
FLOAT_OPERATOR(reciprocal, void, 1 / x)
FLOAT_OPERATOR(round, void, rint(x)) // half to even
FLOAT_OPERATOR(sqrt, void, sqrt(x))

// Integers are computed as doubles and lose the fraction.
#define SHRUNK(T, x)                                                                               \
  ((x) < -(T)a->lambd ? (x) + (T)a->bias : (x) > (T)a->lambd ? (x) - (T)a->bias : (T)0)
NUMERIC_OPERATOR(shrink, gcut__shrink_attrs, SHRUNK(T, x),
                 gcut__truncate_int64(SHRUNK(double, (double)x)),
                 gcut__truncate_uint64(SHRUNK(double, (double)x)))

// ---- functions --------------------------------------------------------------------------------

FLOAT_OPERATOR(acos, void, acos(x))
FLOAT_OPERATOR(acosh, void, acosh(x))
FLOAT_OPERATOR(asin, void, asin(x))
FLOAT_OPERATOR(asinh, void, asinh(x))
FLOAT_OPERATOR(atan, void, atan(x))
FLOAT_OPERATOR(atanh, void, atanh(x))
FLOAT_OPERATOR(cos, void, cos(x))
FLOAT_OPERATOR(cosh, void, cosh(x))
FLOAT_OPERATOR(exp, void, exp(x))
FLOAT_OPERATOR(log, void, log(x))
FLOAT_OPERATOR(sin, void, sin(x))
FLOAT_OPERATOR(sinh, void, sinh(x))
FLOAT_OPERATOR(tan, void, tan(x))

// Those that models compute most have rows of floats of their own.
#define ROW_OPERATOR(ident, attrs_type, formula)                                                   \
  ROW(ident##_d, attrs_type, double, double, formula)                                              \
  static const row_functions ident##_rows = {                                                      \
      [GCUT__CLASS_f] = ident##_f, [GCUT__CLASS_d] = ident##_d};                                   \
  KERNEL(ident)

static void tanh_f(const void *attrs, size_t n, const void *from, void *to) {
  (void)attrs;
  memcpy(to, from, n * sizeof(float));
  gcut__tanh_floats(to, (int64_t)n);
}
ROW_OPERATOR(tanh, void, tanh(x))

static void sigmoid_f(const void *attrs, size_t n, const void *from, void *to) {
  (void)attrs;
  memcpy(to, from, n * sizeof(float));
  gcut__sigmoid_floats(to, (int64_t)n);
}

static void swish_f(const void *attrs, size_t n, const void *from, void *to) {
  const gcut__alpha_attrs *a = attrs;
  const float *x = from;
  float *y = to;
  for (size_t k = 0; k < n; k++) y[k] = a->alpha * x[k];
  gcut__sigmoid_floats(y, (int64_t)n);
  for (size_t k = 0; k < n; k++) y[k] *= x[k];
}

// ---- activations. Comparisons are written so that NaN stays NaN. ------------------------------

#define SIGMOID(x)       (1 / (1 + exp(-(x))))
#define SOFTPLUS(x)      (((x) > 0 ? (x) : 0) + log1p(exp(-fabs(x))))
#define UNIT_CLAMP(x)    ((x) < 0 ? 0 : (x) > 1 ? 1 : (x))
#define NEGATIVE_PART(x) ((x) > 0 ? 0 : (x))

ROW_OPERATOR(sigmoid, void, SIGMOID(x))
ROW_OPERATOR(swish, gcut__alpha_attrs, x *SIGMOID((T)a->alpha *x))
FLOAT_OPERATOR(softplus, void, SOFTPLUS(x))
FLOAT_OPERATOR(softsign, void, x / (1 + fabs(x)))
FLOAT_OPERATOR(mish, void, x *tanh(SOFTPLUS(x)))
FLOAT_OPERATOR(hard_swish, void, x *UNIT_CLAMP(x / 6 + (T)0.5))
FLOAT_OPERATOR(hard_sigmoid, gcut__alpha_beta_attrs, UNIT_CLAMP((T)a->alpha *x + (T)a->beta))
FLOAT_OPERATOR(affine, gcut__alpha_beta_attrs, (T)a->alpha *x + (T)a->beta)
FLOAT_OPERATOR(scaled_tanh, gcut__alpha_beta_attrs, (T)a->alpha *tanh((T)a->beta *x))
FLOAT_OPERATOR(parametric_softplus, gcut__alpha_beta_attrs, (T)a->alpha *SOFTPLUS((T)a->beta *x))
FLOAT_OPERATOR(leaky_relu, gcut__alpha_attrs, CHOOSE(x < 0, (T)a->alpha *x, x))
FLOAT_OPERATOR(thresholded_relu, gcut__alpha_attrs, x > (T)a->alpha ? x : 0)
FLOAT_OPERATOR(elu, gcut__alpha_attrs, x < 0 ? (T)a->alpha * expm1(x) : x)
FLOAT_OPERATOR(celu, gcut__alpha_attrs,
               (x > 0 ? x : 0) + NEGATIVE_PART((T)a->alpha * expm1(x / (T)a->alpha)))

// The constants got more digits in opset 6.
static float or_default(float given, float value) {
  return given == given ? given : value;
}

ROW(selu_f, gcut__selu_attrs, float, float, a->gamma *(x > 0 ? x : a->alpha * expm1(x)))
ROW(selu_d, gcut__selu_attrs, double, double, a->gamma *(x > 0 ? x : a->alpha * expm1(x)))
static const row_functions selu_rows = {[GCUT__CLASS_f] = selu_f, [GCUT__CLASS_d] = selu_d};

gcut_status gcut__cpu_selu(gcut__cpu_call *c, gcut_error *err) {
  const gcut__selu_attrs *given = c->attrs;
  bool first = c->node->version < 6;
  gcut__selu_attrs attrs = {
      .alpha = or_default(given->alpha, first ? 1.6732f : 1.67326319217681884765625f),
      .gamma = or_default(given->gamma, first ? 1.0507f : 1.05070102214813232421875f)};
  return run(c, selu_rows, &attrs, err);
}

#define GELU_EXACT(x) ((T)0.5 * (x) * (1 + erf((x) * (T)0.70710678118654752440)))
#define GELU_TANH(x)                                                                               \
  ((T)0.5 * (x) * (1 + tanh((T)0.79788456080286535588 * ((x) + (T)0.044715 * (x) * (x) * (x)))))
ROW(gelu_exact_f, void, float, float, GELU_EXACT(x))
ROW(gelu_exact_d, void, double, double, GELU_EXACT(x))
static void gelu_tanh_f(const void *attrs, size_t n, const void *from, void *to) {
  const float *x = from;
  float *y = to;
  (void)attrs;
  for (size_t k = 0; k < n; k++)
    y[k] = 0.79788456080286535588f * (x[k] + 0.044715f * x[k] * x[k] * x[k]);
  gcut__tanh_floats(y, (int64_t)n);
  for (size_t k = 0; k < n; k++) y[k] = 0.5f * x[k] * (1 + y[k]);
}
ROW(gelu_tanh_d, void, double, double, GELU_TANH(x))
static const row_functions gelu_exact_rows = {
    [GCUT__CLASS_f] = gelu_exact_f, [GCUT__CLASS_d] = gelu_exact_d};
static const row_functions gelu_tanh_rows = {
    [GCUT__CLASS_f] = gelu_tanh_f, [GCUT__CLASS_d] = gelu_tanh_d};

gcut_status gcut__cpu_gelu(gcut__cpu_call *c, gcut_error *err) {
  bool exact = ((const gcut__gelu_attrs *)c->attrs)->approximate.data[0] == 'n';
  return run(c, exact ? gelu_exact_rows : gelu_tanh_rows, NULL, err);
}

// ---- bits and tests ---------------------------------------------------------------------------

ROW(bitwise_not_u, void, uint64_t, uint64_t, ~x)
static const row_functions bitwise_not_rows = {
    [GCUT__CLASS_i] = bitwise_not_u, [GCUT__CLASS_u] = bitwise_not_u};
KERNEL(bitwise_not)

ROW(not_u, void, uint64_t, uint64_t, !x)
static const row_functions not_rows = {[GCUT__CLASS_u] = not_u};
KERNEL(not )

ROW(is_nan_f, void, float, uint64_t, x != x)
ROW(is_nan_d, void, double, uint64_t, x != x)
static const row_functions is_nan_rows = {[GCUT__CLASS_f] = is_nan_f, [GCUT__CLASS_d] = is_nan_d};
KERNEL(is_nan)

#define IS_INF(x)                                                                                  \
  (((x) == (T)INFINITY && a->detect_positive) || ((x) == -(T)INFINITY && a->detect_negative))
ROW(is_inf_f, gcut__is_inf_attrs, float, uint64_t, IS_INF(x))
ROW(is_inf_d, gcut__is_inf_attrs, double, uint64_t, IS_INF(x))
static const row_functions is_inf_rows = {[GCUT__CLASS_f] = is_inf_f, [GCUT__CLASS_d] = is_inf_d};
KERNEL(is_inf)

// ---- clip: the bounds are rows of one element in the computing type ---------------------------

typedef struct clip_bounds {
  gcut__row_buffer low, high;
} clip_bounds;

// Where the bounds cross, the upper one wins.
#define AT_LEAST(low, x) CHOOSE((x) < (low), low, x)
#define AT_MOST(high, x) CHOOSE((x) > (high), high, x)
#define CLIPPED(letter)  AT_MOST(a->high.letter[0], AT_LEAST(a->low.letter[0], x))
ROW(clip_f, clip_bounds, float, float, CLIPPED(f))
ROW(clip_d, clip_bounds, double, double, CLIPPED(d))
ROW(clip_i, clip_bounds, int64_t, int64_t, CLIPPED(i))
ROW(clip_u, clip_bounds, uint64_t, uint64_t, CLIPPED(u))
static const row_functions clip_rows = {[GCUT__CLASS_f] = clip_f,
                                        [GCUT__CLASS_d] = clip_d,
                                        [GCUT__CLASS_i] = clip_i,
                                        [GCUT__CLASS_u] = clip_u};

// Bounds from the attributes of old: opset 6 clips to the finite floats where one is absent.
static void attribute_bounds(const gcut__cpu_call *c, clip_bounds *bounds) {
  const gcut__clip_attrs *given = c->attrs;
  float limit = c->node->version < 6 ? INFINITY : 3.402823466e+38f;
  float low = or_default(given->min, -limit), high = or_default(given->max, limit);
  if (gcut__class_of(c->inputs[0]->type) == GCUT__CLASS_d)
    bounds->low.d[0] = (double)low, bounds->high.d[0] = (double)high;
  else
    bounds->low.f[0] = low, bounds->high.f[0] = high;
}

static void widest_bounds(gcut__class class, clip_bounds *bounds) {
  switch (class) {
  case GCUT__CLASS_f: bounds->low.f[0] = -INFINITY, bounds->high.f[0] = INFINITY; break;
  case GCUT__CLASS_d:
    bounds->low.d[0] = -(double)INFINITY, bounds->high.d[0] = (double)INFINITY;
    break;
  case GCUT__CLASS_i: bounds->low.i[0] = INT64_MIN, bounds->high.i[0] = INT64_MAX; break;
  default: bounds->low.u[0] = 0, bounds->high.u[0] = UINT64_MAX; break;
  }
}

static void input_bound(const gcut__cpu_call *c, uint32_t i, gcut__row_buffer *bound) {
  if (gcut__cpu_has(c, i)) gcut__row_load(c->inputs[i]->type, c->inputs[i]->data, 0, 0, 1, bound);
}

gcut_status gcut__cpu_clip(gcut__cpu_call *c, gcut_error *err) {
  clip_bounds bounds;
  gcut__class class = gcut__class_of(c->inputs[0]->type);
  widest_bounds(class, &bounds);
  if (c->node->version < 11 && (class == GCUT__CLASS_f || class == GCUT__CLASS_d))
    attribute_bounds(c, &bounds);
  input_bound(c, 1, &bounds.low);
  input_bound(c, 2, &bounds.high);
  return run(c, clip_rows, &bounds, err);
}
