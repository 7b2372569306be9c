// Max, Min, Sum, Mean: a block of the output is kept in the computing type while every input's
// share joins it from the left, so float16 sums round once.
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/ops/typed.h"

// y[k] joined with x[k] for k < n.
typedef void row_function(size_t n, void *y, const void *x);
typedef row_function *const row_functions[5];

#define ROW(function, type, formula)                                                               \
  static void function(size_t n, void *to, const void *from) {                                     \
    type *restrict ys = to;                                                                        \
    const type *restrict xs = from;                                                                \
    for (size_t k = 0; k < n; k++) {                                                               \
      type x = xs[k], y = ys[k];                                                                   \
      ys[k] = (formula);                                                                           \
    }                                                                                              \
  }
// A NaN on either side wins.
ROW(max_f, float, x > y || x != x ? x : y)
ROW(max_d, double, x > y || x != x ? x : y)
ROW(max_i, int64_t, x > y ? x : y)
ROW(max_u, uint64_t, x > y ? x : y)
ROW(min_f, float, x < y || x != x ? x : y)
ROW(min_d, double, x < y || x != x ? x : y)
ROW(min_i, int64_t, x < y ? x : y)
ROW(min_u, uint64_t, x < y ? x : y)
ROW(sum_f, float, y + x)
ROW(sum_d, double, y + x)

static row_functions max_rows = {[GCUT__CLASS_f] = max_f,
                                 [GCUT__CLASS_d] = max_d,
                                 [GCUT__CLASS_i] = max_i,
                                 [GCUT__CLASS_u] = max_u};
static row_functions min_rows = {[GCUT__CLASS_f] = min_f,
                                 [GCUT__CLASS_d] = min_d,
                                 [GCUT__CLASS_i] = min_i,
                                 [GCUT__CLASS_u] = min_u};
static row_functions sum_rows = {[GCUT__CLASS_f] = sum_f, [GCUT__CLASS_d] = sum_d};

static void divide_row(gcut__class class, size_t n, void *row, uint32_t by) {
  if (class == GCUT__CLASS_f)
    for (size_t k = 0; k < n; k++) ((float *)row)[k] /= (float)by;
  else
    for (size_t k = 0; k < n; k++) ((double *)row)[k] /= (double)by;
}

static const void *load(const gcut__cpu_call *c, const gcut__walk *walk, uint32_t i, int64_t at,
                        size_t n, gcut__row_buffer *buffer) {
  int64_t step = walk->steps[i + 1];
  return gcut__row_load(c->inputs[i]->type, c->inputs[i]->data, walk->offsets[i + 1] + at * step,
                        step, n, buffer);
}

// n <= GCUT__ROW elements of the current row, from `at` on; divided by `divisor` unless it is 0.
static void run_block(const gcut__cpu_call *c, const gcut__walk *walk, row_function *join,
                      uint32_t divisor, int64_t at, size_t n) {
  gcut_tensor *y = c->outputs[0];
  gcut__class class = gcut__class_of(y->type);
  gcut__row_buffer row_x, row_y;
  int64_t offset = walk->offsets[0] + at;
  void *to = gcut__row_target(y->type, y->data, offset, &row_y);
  const void *first = load(c, walk, 0, at, n, &row_x);
  memcpy(to, first, n * (class == GCUT__CLASS_f ? sizeof(float) : sizeof(double)));
  for (uint32_t i = 1; i < c->n_inputs; i++) join(n, to, load(c, walk, i, at, n, &row_x));
  if (divisor) divide_row(class, n, to, divisor);
  gcut__row_store(y->type, y->data, offset, n, to);
}

static gcut_status run(gcut__cpu_call *c, row_functions by_class, uint32_t divisor,
                       gcut_error *err) {
  const gcut_tensor *y = c->outputs[0];
  row_function *join = by_class[gcut__class_of(y->type)];
  if (!join) return gcut__cpu_type_unsupported(c, y->type, err);
  gcut__walk *walk;
  GCUT_TRY(gcut__walk_create(c->scratch, y->rank, y->dims, c->n_inputs + 1, &walk, err));
  gcut__walk_broadcast(walk, 0, y->rank, y->dims);
  for (uint32_t i = 0; i < c->n_inputs; i++)
    gcut__walk_broadcast(walk, i + 1, c->inputs[i]->rank, c->inputs[i]->dims);
  for (bool more = gcut__walk_start(walk); more; more = gcut__walk_next(walk))
    for (int64_t at = 0; at < walk->inner; at += GCUT__ROW)
      run_block(c, walk, join, divisor, at,
                walk->inner - at < GCUT__ROW ? (size_t)(walk->inner - at) : GCUT__ROW);
  return GCUT_OK;
}

gcut_status gcut__cpu_max(gcut__cpu_call *c, gcut_error *err) {
  return run(c, max_rows, 0, err);
}
gcut_status gcut__cpu_min(gcut__cpu_call *c, gcut_error *err) {
  return run(c, min_rows, 0, err);
}
gcut_status gcut__cpu_sum(gcut__cpu_call *c, gcut_error *err) {
  return run(c, sum_rows, 0, err);
}
gcut_status gcut__cpu_mean(gcut__cpu_call *c, gcut_error *err) {
  return run(c, sum_rows, c->n_inputs, err);
}
