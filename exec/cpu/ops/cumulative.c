// CumSum, CumProd: the input is [outer, axis, inner]; a block of inner positions keeps its running
// values, floats in double, while the axis goes by.
#include "tracer/ops/cumulative.h"

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/ops/typed.h"

// Writes what stood before (exclusive) or stands after x[k] joined running[k].
typedef void step_function(size_t n, const void *x, void *running, void *y, bool exclusive);

typedef struct cumulation {
  step_function *step[5]; // by gcut__class
  double identity;
} cumulation;

#define STEP(name, type, run_type, operator)                                                       \
  static void name(size_t n, const void *from, void *running, void *to, bool exclusive) {          \
    const type *restrict xs = from;                                                                \
    run_type *restrict sums = running;                                                             \
    type *restrict ys = to;                                                                        \
    for (size_t k = 0; k < n; k++) {                                                               \
      run_type before = sums[k], after = before operator(run_type) xs[k];                          \
      sums[k] = after;                                                                             \
      ys[k] = (type)(exclusive ? before : after);                                                  \
    }                                                                                              \
  }
STEP(sum_f, float, double, +)
STEP(sum_d, double, double, +)
STEP(sum_u, uint64_t, uint64_t, +)
STEP(prod_f, float, double, *)
STEP(prod_d, double, double, *)
STEP(prod_u, uint64_t, uint64_t, *)

static const cumulation sums = {{[GCUT__CLASS_f] = sum_f,
                                 [GCUT__CLASS_d] = sum_d,
                                 [GCUT__CLASS_i] = sum_u,
                                 [GCUT__CLASS_u] = sum_u},
                                0};
static const cumulation products = {{[GCUT__CLASS_f] = prod_f,
                                     [GCUT__CLASS_d] = prod_d,
                                     [GCUT__CLASS_i] = prod_u,
                                     [GCUT__CLASS_u] = prod_u},
                                    1};

static void start(const cumulation *what, gcut__class class, size_t n, gcut__row_buffer *running) {
  bool is_float = class == GCUT__CLASS_f || class == GCUT__CLASS_d;
  for (size_t k = 0; k < n; k++)
    if (is_float)
      running->d[k] = what->identity;
    else
      running->u[k] = (uint64_t)what->identity;
}

// n <= GCUT__ROW columns of `size` elements, the first at `offset`.
static void run_columns(const gcut__cpu_call *c, const cumulation *what, int64_t offset,
                        int64_t size, int64_t inner, size_t n) {
  const gcut__cumulative_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  gcut__class class = gcut__class_of(x->type);
  gcut__row_buffer in, out, running;
  start(what, class, n, &running);
  for (int64_t k = 0; k < size; k++) {
    int64_t at = offset + (attrs->reverse ? size - 1 - k : k) * inner;
    const void *row = gcut__row_load(x->type, x->data, at, 1, n, &in);
    void *to = gcut__row_target(y->type, y->data, at, &out);
    what->step[class](n, row, &running, to, attrs->exclusive != 0);
    gcut__row_store(y->type, y->data, at, n, to);
  }
}

static gcut_status run(gcut__cpu_call *c, const cumulation *what, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0], *axis_input = c->inputs[1];
  if (!what->step[gcut__class_of(x->type)]) return gcut__cpu_type_unsupported(c, x->type, err);
  if (x->count == 0) return GCUT_OK;
  int64_t axis = axis_input->type == GCUT_INT32 ? *(const int32_t *)axis_input->data
                                                : *(const int64_t *)axis_input->data;
  if (axis < 0) axis += x->rank;
  int64_t size = x->dims[axis], inner = gcut__product(x->dims, (int)axis + 1, x->rank);
  for (int64_t o = 0; o < (int64_t)x->count / (size * inner); o++)
    for (int64_t at = 0; at < inner; at += GCUT__ROW)
      run_columns(c, what, o * size * inner + at, size, inner,
                  inner - at < GCUT__ROW ? (size_t)(inner - at) : GCUT__ROW);
  return GCUT_OK;
}

gcut_status gcut__cpu_cumsum(gcut__cpu_call *c, gcut_error *err) {
  return run(c, &sums, err);
}

gcut_status gcut__cpu_cumprod(gcut__cpu_call *c, gcut_error *err) {
  return run(c, &products, err);
}
