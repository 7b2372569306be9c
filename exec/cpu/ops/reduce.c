// Reduce*: every element joins the accumulator of its output, in row-major order of the input.
//
// Floats accumulate in double, integers in 64 bits. A row of the walk either goes into one
// accumulator (its axis is reduced) or element by element into a row of them. In the first case
// eight lanes take turns and are joined at the end of the row: an order that is always the same and
// that vector units can follow.
#include "tracer/ops/reduce.h"

#include <math.h>

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/ops/typed.h"

enum { LANES = 8 };

// How one computing type is reduced by one operator.
typedef struct reduction {
  void (*fill)(size_t n, void *acc);                                   // with the identity
  void (*row)(size_t n, const void *x, void *acc, const void *shift);  // acc[0] joins all x
  void (*rows)(size_t n, const void *x, void *acc, const void *shift); // acc[k] joins x[k]
} reduction;

// `map` is of `x` (and of `shift`, see ReduceLogSumExp), `join` of the accumulators `a` and `b`.
#define REDUCTION(name, x_type, acc_type, identity, map, join)                                     \
  static inline acc_type name##_join(acc_type a, acc_type b) {                                     \
    return (join);                                                                                 \
  }                                                                                                \
  static void name##_fill(size_t n, void *acc) {                                                   \
    for (size_t k = 0; k < n; k++) ((acc_type *)acc)[k] = (identity);                              \
  }                                                                                                \
  static void name##_row(size_t n, const void *from, void *to, const void *shifts) {               \
    const x_type *restrict xs = from;                                                              \
    acc_type lanes[LANES], *acc = to;                                                              \
    const acc_type shift = shifts ? *(const acc_type *)shifts : 0;                                 \
    (void)shift;                                                                                   \
    name##_fill(LANES, lanes);                                                                     \
    size_t k = 0;                                                                                  \
    for (; k + LANES <= n; k += LANES)                                                             \
      for (size_t j = 0; j < LANES; j++) {                                                         \
        acc_type x = (acc_type)xs[k + j];                                                          \
        lanes[j] = name##_join(lanes[j], (map));                                                   \
      }                                                                                            \
    for (; k < n; k++) {                                                                           \
      acc_type x = (acc_type)xs[k];                                                                \
      lanes[k % LANES] = name##_join(lanes[k % LANES], (map));                                     \
    }                                                                                              \
    for (size_t j = 0; j < LANES; j++) *acc = name##_join(*acc, lanes[j]);                         \
  }                                                                                                \
  static void name##_rows(size_t n, const void *from, void *to, const void *shifts) {              \
    const x_type *restrict xs = from;                                                              \
    acc_type *restrict acc = to;                                                                   \
    const acc_type *restrict shift_of = shifts;                                                    \
    for (size_t k = 0; k < n; k++) {                                                               \
      acc_type x = (acc_type)xs[k], shift = shift_of ? shift_of[k] : 0;                            \
      (void)shift;                                                                                 \
      acc[k] = name##_join(acc[k], (map));                                                         \
    }                                                                                              \
  }                                                                                                \
  static const reduction name = {name##_fill, name##_row, name##_rows};

#define MAGNITUDE(x) ((x) < 0 ? 0 - (uint64_t)(x) : (uint64_t)(x))

REDUCTION(sum_f, float, double, 0, x, a + b)
REDUCTION(sum_d, double, double, 0, x, a + b)
REDUCTION(sum_u, uint64_t, uint64_t, 0, x, a + b)
REDUCTION(l1_f, float, double, 0, fabs(x), a + b)
REDUCTION(l1_d, double, double, 0, fabs(x), a + b)
REDUCTION(l1_i, int64_t, uint64_t, 0, MAGNITUDE((int64_t)x), a + b)
REDUCTION(square_f, float, double, 0, x *x, a + b)
REDUCTION(square_d, double, double, 0, x *x, a + b)
REDUCTION(square_u, uint64_t, uint64_t, 0, x *x, a + b)
REDUCTION(prod_f, float, double, 1, x, a *b)
REDUCTION(prod_d, double, double, 1, x, a *b)
REDUCTION(prod_u, uint64_t, uint64_t, 1, x, a *b)
// A NaN wins.
REDUCTION(max_f, float, double, -(double)INFINITY, x, b > a || b != b ? b : a)
REDUCTION(max_d, double, double, -(double)INFINITY, x, b > a || b != b ? b : a)
REDUCTION(max_i, int64_t, int64_t, INT64_MIN, x, b > a ? b : a)
REDUCTION(max_u, uint64_t, uint64_t, 0, x, b > a ? b : a)
REDUCTION(min_f, float, double, (double)INFINITY, x, b < a || b != b ? b : a)
REDUCTION(min_d, double, double, (double)INFINITY, x, b < a || b != b ? b : a)
REDUCTION(min_i, int64_t, int64_t, INT64_MAX, x, b < a ? b : a)
REDUCTION(min_u, uint64_t, uint64_t, UINT64_MAX, x, b < a ? b : a)
// For ReduceLogSumExp, whose integers are doubles from the start.
REDUCTION(max_i_as_double, int64_t, double, -(double)INFINITY, x, b > a ? b : a)
REDUCTION(max_u_as_double, uint64_t, double, -(double)INFINITY, x, b > a ? b : a)
REDUCTION(exp_f, float, double, 0, exp(x - shift), a + b)
REDUCTION(exp_d, double, double, 0, exp(x - shift), a + b)
REDUCTION(exp_i, int64_t, double, 0, exp(x - shift), a + b)
REDUCTION(exp_u, uint64_t, double, 0, exp(x - shift), a + b)

// By gcut__class of the input.
typedef const reduction *const reductions[5];
#define REDUCTIONS(name, f, d, i, u)                                                               \
  static reductions name = {                                                                       \
      [GCUT__CLASS_f] = &f, [GCUT__CLASS_d] = &d, [GCUT__CLASS_i] = &i, [GCUT__CLASS_u] = &u};
REDUCTIONS(sums, sum_f, sum_d, sum_u, sum_u)
REDUCTIONS(l1s, l1_f, l1_d, l1_i, sum_u)
REDUCTIONS(squares, square_f, square_d, square_u, square_u)
REDUCTIONS(prods, prod_f, prod_d, prod_u, prod_u)
REDUCTIONS(maxima, max_f, max_d, max_i, max_u)
REDUCTIONS(minima, min_f, min_d, min_i, min_u)
REDUCTIONS(exponents, exp_f, exp_d, exp_i, exp_u)
REDUCTIONS(shifts, max_f, max_d, max_i_as_double, max_u_as_double)

// ---- the walk ---------------------------------------------------------------------------------

// Operand 0 is the accumulators, which stand still along the reduced dims; operand 1 the input.
static gcut_status create_walk(const gcut__cpu_call *c, gcut__walk **out_walk, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  const gcut__reduce_attrs *attrs = c->attrs;
  bool mask[GCUT_MAX_RANK], by_input = gcut__cpu_has(c, 1);
  int64_t strides[GCUT_MAX_RANK], stride = 1;
  gcut__reduce_mask(attrs, by_input ? c->inputs[1]->data : attrs->axes.data,
                    by_input ? c->inputs[1]->count : attrs->axes.n, x->rank, mask);
  for (int d = x->rank - 1; d >= 0; d--) {
    strides[d] = mask[d] ? 0 : stride;
    if (!mask[d]) stride *= x->dims[d];
  }
  GCUT_TRY(gcut__walk_create(c->scratch, x->rank, x->dims, 2, out_walk, err));
  gcut__walk_strides(*out_walk, 0, strides);
  gcut__walk_broadcast(*out_walk, 1, x->rank, x->dims);
  return GCUT_OK;
}

// Fills acc (8 bytes an element of the output) and joins the whole input into it. shift: as long as
// acc, or NULL.
static gcut_status accumulate(const gcut__cpu_call *c, const reduction *r, void *acc,
                              const double *shift, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut__walk *walk;
  gcut__row_buffer buffer;
  r->fill(c->outputs[0]->count, acc);
  GCUT_TRY(create_walk(c, &walk, err));
  for (bool more = gcut__walk_start(walk); more; more = gcut__walk_next(walk))
    for (int64_t at = 0; at < walk->inner; at += GCUT__ROW) {
      size_t n = walk->inner - at < GCUT__ROW ? (size_t)(walk->inner - at) : GCUT__ROW;
      const void *row = gcut__row_load(x->type, x->data, walk->offsets[1] + at, 1, n, &buffer);
      int64_t to = walk->offsets[0] + at * walk->steps[0];
      (walk->steps[0] == 0 ? r->row : r->rows)(n, row, (uint64_t *)acc + to,
                                               shift ? shift + to : NULL);
    }
  return GCUT_OK;
}

static gcut_status new_accumulators(const gcut__cpu_call *c, void **out, gcut_error *err) {
  *out = GCUT_NEW_ARRAY(c->scratch, uint64_t, c->outputs[0]->count);
  return *out ? GCUT_OK : GCUT_NO_MEMORY(err);
}

// ---- from accumulators to output --------------------------------------------------------------

// What comes after the sum, in double.
typedef double finish_function(double sum);

static double as_is(double sum) {
  return sum;
}

// Writes accumulators of double to an output of any type.
static void write_doubles(gcut_tensor *y, const double *acc, finish_function *finish) {
  gcut__class class = gcut__class_of(y->type);
  gcut__row_buffer row;
  for (uint64_t at = 0; at < y->count; at += GCUT__ROW) {
    size_t n = y->count - at < GCUT__ROW ? y->count - at : GCUT__ROW;
    for (size_t k = 0; k < n; k++) {
      double value = finish(acc[at + k]);
      switch (class) {
      case GCUT__CLASS_f: row.f[k] = (float)value; break;
      case GCUT__CLASS_d: row.d[k] = value; break;
      case GCUT__CLASS_i: row.i[k] = gcut__truncate_int64(value); break;
      default: row.u[k] = gcut__truncate_uint64(value); break;
      }
    }
    gcut__row_store(y->type, y->data, (int64_t)at, n, &row);
  }
}

static void write_integers(gcut_tensor *y, const uint64_t *acc) {
  for (uint64_t at = 0; at < y->count; at += GCUT__ROW) {
    size_t n = y->count - at < GCUT__ROW ? y->count - at : GCUT__ROW;
    gcut__row_store(y->type, y->data, (int64_t)at, n, acc + at);
  }
}

static bool is_integer(gcut__class class) {
  return class == GCUT__CLASS_i || class == GCUT__CLASS_u;
}

static gcut_status reduce(gcut__cpu_call *c, reductions by_class, void **out_acc, gcut_error *err) {
  const reduction *r = by_class[gcut__class_of(c->inputs[0]->type)];
  if (!r) return gcut__cpu_type_unsupported(c, c->inputs[0]->type, err);
  GCUT_TRY(new_accumulators(c, out_acc, err));
  return accumulate(c, r, *out_acc, NULL, err);
}

// ---- kernels ----------------------------------------------------------------------------------

// Reductions whose accumulator is the result.
static gcut_status run_plain(gcut__cpu_call *c, reductions by_class, gcut_error *err) {
  gcut_tensor *y = c->outputs[0];
  void *acc;
  GCUT_TRY(reduce(c, by_class, &acc, err));
  if (is_integer(gcut__class_of(y->type)))
    write_integers(y, acc);
  else
    write_doubles(y, acc, as_is);
  return GCUT_OK;
}

// Reductions that go on with a function of the sum: integers do so in double, too.
static gcut_status run_function(gcut__cpu_call *c, reductions by_class, finish_function *finish,
                                gcut_error *err) {
  gcut_tensor *y = c->outputs[0];
  gcut__class class = gcut__class_of(y->type);
  void *acc;
  GCUT_TRY(reduce(c, by_class, &acc, err));
  for (uint64_t k = 0; is_integer(class) && k < y->count; k++) {
    uint64_t sum = ((const uint64_t *)acc)[k];
    ((double *)acc)[k] = class == GCUT__CLASS_i ? (double)(int64_t)sum : (double)sum;
  }
  write_doubles(y, acc, finish);
  return GCUT_OK;
}

// The extreme of nothing is the other end of the type.
static gcut_status run_extreme(gcut__cpu_call *c, reductions by_class, gcut_error *err) {
  gcut_tensor *y = c->outputs[0];
  if (c->inputs[0]->count > 0 || gcut__class_of(y->type) != GCUT__CLASS_i)
    return run_plain(c, by_class, err);
  void *acc;
  GCUT_TRY(reduce(c, by_class, &acc, err));
  int64_t *identities = acc;
  for (uint64_t k = 0; k < y->count; k++) identities[k] >>= 64 - gcut_dtype_bits(y->type);
  write_integers(y, acc);
  return GCUT_OK;
}

gcut_status gcut__cpu_reduce_sum(gcut__cpu_call *c, gcut_error *err) {
  return run_plain(c, sums, err);
}
gcut_status gcut__cpu_reduce_l1(gcut__cpu_call *c, gcut_error *err) {
  return run_plain(c, l1s, err);
}
gcut_status gcut__cpu_reduce_sum_square(gcut__cpu_call *c, gcut_error *err) {
  return run_plain(c, squares, err);
}
gcut_status gcut__cpu_reduce_prod(gcut__cpu_call *c, gcut_error *err) {
  return run_plain(c, prods, err);
}
gcut_status gcut__cpu_reduce_max(gcut__cpu_call *c, gcut_error *err) {
  return run_extreme(c, maxima, err);
}
gcut_status gcut__cpu_reduce_min(gcut__cpu_call *c, gcut_error *err) {
  return run_extreme(c, minima, err);
}
gcut_status gcut__cpu_reduce_l2(gcut__cpu_call *c, gcut_error *err) {
  return run_function(c, squares, sqrt, err);
}
gcut_status gcut__cpu_reduce_log_sum(gcut__cpu_call *c, gcut_error *err) {
  return run_function(c, sums, log, err);
}

static void divide_sums(gcut__class class, uint64_t n, void *acc, uint64_t by) {
  for (uint64_t k = 0; k < n; k++) switch (class) {
    case GCUT__CLASS_i: ((int64_t *)acc)[k] /= (int64_t)by; break;
    case GCUT__CLASS_u: ((uint64_t *)acc)[k] /= by; break;
    default: ((double *)acc)[k] /= (double)by; break;
    }
}

gcut_status gcut__cpu_reduce_mean(gcut__cpu_call *c, gcut_error *err) {
  gcut_tensor *y = c->outputs[0];
  gcut__class class = gcut__class_of(y->type);
  void *acc;
  GCUT_TRY(reduce(c, sums, &acc, err));
  uint64_t share = y->count > 0 ? c->inputs[0]->count / y->count : 1;
  if (share == 0 && is_integer(class))
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "the mean of no integers");
  divide_sums(class, y->count, acc, share);
  if (is_integer(class))
    write_integers(y, acc);
  else
    write_doubles(y, acc, as_is);
  return GCUT_OK;
}

// log(sum(exp(x))), with the largest x taken out first so that exp cannot overflow. Where it is not
// finite nothing is taken out, and infinities and NaN find their way by themselves.
gcut_status gcut__cpu_reduce_log_sum_exp(gcut__cpu_call *c, gcut_error *err) {
  gcut_tensor *y = c->outputs[0];
  void *acc, *largest;
  GCUT_TRY(reduce(c, shifts, &largest, err));
  double *shift = largest, *sum;
  for (uint64_t k = 0; k < y->count; k++)
    if (!isfinite(shift[k])) shift[k] = 0;
  GCUT_TRY(new_accumulators(c, &acc, err));
  GCUT_TRY(accumulate(c, exponents[gcut__class_of(c->inputs[0]->type)], acc, shift, err));
  sum = acc;
  for (uint64_t k = 0; k < y->count; k++) sum[k] = log(sum[k]) + shift[k];
  write_doubles(y, sum, as_is);
  return GCUT_OK;
}
