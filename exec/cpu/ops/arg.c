// ArgMax, ArgMin: the input is [outer, axis, inner]; a block of inner positions keeps its best
// elements and their indices while the axis goes by, so memory is read in order.
#include "tracer/ops/arg.h"

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/typed.h"

// Where x[k] beats best[k], takes it and its index.
typedef void update_function(size_t n, const void *x, void *best, int64_t *index, int64_t at);
typedef update_function *const update_functions[5];

// The first NaN beats everything, as in numpy.
#define BEATS_FLOAT(operator) (x operator y ||(x != x && y == y))
#define BEATS(operator)       (x operator y)
#define UPDATE(name, type, beats)                                                                  \
  static void name(size_t n, const void *from, void *best, int64_t *index, int64_t at) {           \
    const type *restrict xs = from;                                                                \
    type *restrict ys = best;                                                                      \
    for (size_t k = 0; k < n; k++) {                                                               \
      type x = xs[k], y = ys[k];                                                                   \
      bool better = beats;                                                                         \
      ys[k] = better ? x : y;                                                                      \
      index[k] = better ? at : index[k];                                                           \
    }                                                                                              \
  }
#define UPDATES(name, operator)                                                                    \
  UPDATE(name##_f, float, BEATS_FLOAT(operator))                                                   \
  UPDATE(name##_d, double, BEATS_FLOAT(operator))                                                  \
  UPDATE(name##_i, int64_t, BEATS(operator))                                                       \
  UPDATE(name##_u, uint64_t, BEATS(operator))                                                      \
  static update_functions name = {[GCUT_CLASS_f] = name##_f,                                       \
                                  [GCUT_CLASS_d] = name##_d,                                       \
                                  [GCUT_CLASS_i] = name##_i,                                       \
                                  [GCUT_CLASS_u] = name##_u};
UPDATES(greater, >)
UPDATES(greater_or_equal, >=)
UPDATES(less, <)
UPDATES(less_or_equal, <=)

// Indices of the best of n <= GCUT_ROW columns of `size` elements, the first at `offset`.
static void search_columns(const gcut_tensor *x, update_function *update, int64_t offset,
                           int64_t size, int64_t inner, size_t n, int64_t *index) {
  gcut_row best, row;
  size_t element = gcut_class_of(x->type) == GCUT_CLASS_f ? sizeof(float) : sizeof(double);
  memcpy(&best, gcut_row_load(x->type, x->data, offset, 1, n, &row), n * element);
  memset(index, 0, n * sizeof *index);
  for (int64_t at = 1; at < size; at++)
    update(n, gcut_row_load(x->type, x->data, offset + at * inner, 1, n, &row), &best, index, at);
}

static gcut_status run(gcut_cpu_call *c, update_functions first, update_functions last,
                       gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  const gcut_arg_attrs *attrs = c->attrs;
  gcut_class class = gcut_class_of(x->type);
  update_function *update = attrs->select_last_index ? last[class] : first[class];
  int64_t *y = c->outputs[0]->data, inner = 1;
  int64_t axis = attrs->axis < 0 ? attrs->axis + x->rank : attrs->axis;
  int64_t size = x->rank == 0 ? 1 : x->dims[axis];
  if (!update) return gcut_cpu_type_unsupported(c, x->type, err);
  for (int64_t d = axis + 1; d < x->rank; d++) inner *= x->dims[d];
  if (x->count == 0) return GCUT_OK;
  int64_t outer = (int64_t)x->count / (size * inner);
  for (int64_t o = 0; o < outer; o++)
    for (int64_t at = 0; at < inner; at += GCUT_ROW)
      search_columns(x, update, o * size * inner + at, size, inner,
                     inner - at < GCUT_ROW ? (size_t)(inner - at) : GCUT_ROW, y + o * inner + at);
  return GCUT_OK;
}

gcut_status gcut__cpu_argmax(gcut_cpu_call *c, gcut_error *err) {
  return run(c, greater, greater_or_equal, err);
}

gcut_status gcut__cpu_argmin(gcut_cpu_call *c, gcut_error *err) {
  return run(c, less, less_or_equal, err);
}
