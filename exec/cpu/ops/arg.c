// ArgMax, ArgMin: the input is [outer, axis, inner]; a block of inner positions keeps its best
// elements and their indices while the axis goes by, so memory is read in order. Along the last
// axis there is one position, and the row itself goes by.
#include "tracer/ops/arg.h"

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/ops/typed.h"

typedef struct search {
  // Where x[k] beats best[k], takes it and the index `at`.
  void (*columns)(size_t n, const void *x, void *best, int64_t *index, int64_t at);
  // Where x[k] beats best[0], takes it and its index at + k.
  void (*row)(size_t n, const void *x, void *best, int64_t *index, int64_t at);
} search;
typedef const search *const searches[5]; // by gcut__class

// The first NaN beats everything, as in numpy.
#define BEATS_FLOAT(operator) (x operator y ||(x != x && y == y))
#define BEATS(operator)       (x operator y)
#define SEARCH(name, type, beats)                                                                  \
  static void name##_columns(size_t n, const void *from, void *best, int64_t *index, int64_t at) { \
    const type *restrict xs = from;                                                                \
    type *restrict ys = best;                                                                      \
    for (size_t k = 0; k < n; k++) {                                                               \
      type x = xs[k], y = ys[k];                                                                   \
      bool better = beats;                                                                         \
      ys[k] = better ? x : y;                                                                      \
      index[k] = better ? at : index[k];                                                           \
    }                                                                                              \
  }                                                                                                \
  static void name##_row(size_t n, const void *from, void *best, int64_t *index, int64_t at) {     \
    const type *restrict xs = from;                                                                \
    type y = *(type *)best;                                                                        \
    for (size_t k = 0; k < n; k++) {                                                               \
      type x = xs[k];                                                                              \
      if (beats) y = x, *index = at + (int64_t)k;                                                  \
    }                                                                                              \
    *(type *)best = y;                                                                             \
  }                                                                                                \
  static const search name = {name##_columns, name##_row};
#define SEARCHES(name, operator)                                                                   \
  SEARCH(name##_f, float, BEATS_FLOAT(operator))                                                   \
  SEARCH(name##_d, double, BEATS_FLOAT(operator))                                                  \
  SEARCH(name##_i, int64_t, BEATS(operator))                                                       \
  SEARCH(name##_u, uint64_t, BEATS(operator))                                                      \
  static searches name = {[GCUT__CLASS_f] = &name##_f,                                             \
                          [GCUT__CLASS_d] = &name##_d,                                             \
                          [GCUT__CLASS_i] = &name##_i,                                             \
                          [GCUT__CLASS_u] = &name##_u};
SEARCHES(greater, >)
SEARCHES(greater_or_equal, >=)
SEARCHES(less, <)
SEARCHES(less_or_equal, <=)

static size_t block_size(int64_t left) {
  return left < GCUT__ROW ? (size_t)left : GCUT__ROW;
}

// Index of the best of `size` neighbours, the first at `offset`.
static void search_row(const gcut_tensor *x, const search *s, int64_t offset, int64_t size,
                       int64_t *index) {
  gcut__row_buffer best, row;
  size_t element = gcut__class_of(x->type) == GCUT__CLASS_f ? sizeof(float) : sizeof(double);
  memcpy(&best, gcut__row_load(x->type, x->data, offset, 1, 1, &row), element);
  *index = 0;
  for (int64_t at = 0; at < size; at += GCUT__ROW) {
    size_t n = block_size(size - at);
    s->row(n, gcut__row_load(x->type, x->data, offset + at, 1, n, &row), &best, index, at);
  }
}

// Indices of the best of n <= GCUT__ROW columns of `size` elements, the first at `offset`.
static void search_columns(const gcut_tensor *x, const search *s, int64_t offset, int64_t size,
                           int64_t inner, size_t n, int64_t *index) {
  gcut__row_buffer best, row;
  size_t element = gcut__class_of(x->type) == GCUT__CLASS_f ? sizeof(float) : sizeof(double);
  memcpy(&best, gcut__row_load(x->type, x->data, offset, 1, n, &row), n * element);
  memset(index, 0, n * sizeof *index);
  for (int64_t at = 1; at < size; at++)
    s->columns(n, gcut__row_load(x->type, x->data, offset + at * inner, 1, n, &row), &best, index,
               at);
}

static gcut_status run(gcut__cpu_call *c, searches first, searches last, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  const gcut__arg_attrs *attrs = c->attrs;
  gcut__class class = gcut__class_of(x->type);
  const search *s = attrs->select_last_index ? last[class] : first[class];
  int64_t *y = c->outputs[0]->data;
  int64_t axis = attrs->axis < 0 ? attrs->axis + x->rank : attrs->axis;
  int64_t size = x->rank == 0 ? 1 : x->dims[axis];
  if (!s) return gcut__cpu_type_unsupported(c, x->type, err);
  if (x->count == 0) return GCUT_OK;
  int64_t inner = gcut__product(x->dims, (int)axis + 1, x->rank);
  int64_t outer = (int64_t)x->count / (size * inner);
  for (int64_t o = 0; o < outer; o++)
    if (inner == 1)
      search_row(x, s, o * size, size, y + o);
    else
      for (int64_t at = 0; at < inner; at += GCUT__ROW)
        search_columns(x, s, o * size * inner + at, size, inner, block_size(inner - at),
                       y + o * inner + at);
  return GCUT_OK;
}

gcut_status gcut__cpu_argmax(gcut__cpu_call *c, gcut_error *err) {
  return run(c, greater, greater_or_equal, err);
}

gcut_status gcut__cpu_argmin(gcut__cpu_call *c, gcut_error *err) {
  return run(c, less, less_or_equal, err);
}
