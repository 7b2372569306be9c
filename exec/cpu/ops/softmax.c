// Softmax, LogSoftmax, Hardmax: rows along an axis, in doubles; Softmax of floats in floats, large
// ones by oneDNN, which is slow along any axis but the last. Not LogSoftmax, where oneDNN loses
// small results to cancellation, and not float16, which is rounded after each step, as the
// standard's function body and official cases have it.
#include "exec/cpu/ops/softmax.h"

#include <math.h>

#include "exec/cpu/dnnl.h"
#include "exec/cpu/ops/exponent.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/real.h"
#include "tracer/base/narrow.h"
#include "tracer/ops/softmax.h"

// From this many elements on a call into oneDNN is worth its set-up.
enum { LARGE = 1 << 15 };

// The tensor as [outer, n, inner], n being the axis.
typedef struct rows {
  uint64_t outer, n, inner;
} rows;

static rows split(const gcut__cpu_call *c) {
  const gcut_tensor *x = c->inputs[0];
  int64_t axis = gcut__softmax_axis(c->node, c->attrs);
  if (axis < 0) axis += x->rank;
  rows r = {1, 1, 1};
  for (int d = 0; d < x->rank; d++) {
    uint64_t size = (uint64_t)x->dims[d];
    if (d < axis)
      r.outer *= size;
    else if (d == axis || c->node->version < 13)
      r.n *= size;
    else
      r.inner *= size;
  }
  return r;
}

static double greatest(uint64_t n, const double *x) {
  double most = -INFINITY;
  for (uint64_t i = 0; i < n; i++)
    if (x[i] > most) most = x[i];
  return most;
}

void gcut__softmax_row(uint64_t n, double *x) {
  double most = greatest(n, x);
  for (uint64_t i = 0; i < n; i++) x[i] = exp(x[i] - most);
  double scale = 1 / gcut__sum(x, n);
  for (uint64_t i = 0; i < n; i++) x[i] *= scale;
}

static double rounded(double x) {
  return (double)gcut_from_float16(gcut_to_float16((float)x));
}

static void softmax_row_float16(uint64_t n, double *x) {
  double most = greatest(n, x);
  for (uint64_t i = 0; i < n; i++) x[i] = rounded(exp(rounded(x[i] - most)));
  double sum = rounded(gcut__sum(x, n));
  for (uint64_t i = 0; i < n; i++) x[i] /= sum;
}

static void log_softmax_row(uint64_t n, double *x) {
  double most = greatest(n, x), sum = 0;
  for (uint64_t i = 0; i < n; i++) sum += exp(x[i] - most);
  sum = log(sum);
  for (uint64_t i = 0; i < n; i++) x[i] = x[i] - most - sum;
}

// 1 at the first maximum, 0 elsewhere.
static void hardmax_row(uint64_t n, double *x) {
  uint64_t at = 0;
  for (uint64_t i = 1; i < n; i++)
    if (x[i] > x[at]) at = i;
  for (uint64_t i = 0; i < n; i++) x[i] = i == at;
}

static gcut_status each_row(gcut__cpu_call *c, void (*row)(uint64_t n, double *x),
                            gcut_error *err) {
  rows r = split(c);
  double *x = gcut_arena_alloc(c->scratch, r.n, sizeof *x);
  if (!x) return GCUT_NO_MEMORY(err);
  if (c->outputs[0]->count == 0) return GCUT_OK;
  gcut_dtype type = c->inputs[0]->type;
  for (uint64_t i = 0; i < r.outer; i++)
    for (uint64_t j = 0; j < r.inner; j++) {
      uint64_t first = i * r.n * r.inner + j;
      gcut__load_doubles(type, c->inputs[0]->data, first, r.inner, r.n, x);
      row(r.n, x);
      gcut__store_doubles(type, c->outputs[0]->data, first, r.inner, r.n, x);
    }
  return GCUT_OK;
}

// ---- in floats --------------------------------------------------------------------------------

enum { COLUMNS = 16 }; // rows at a time, where they are columns of the tensor

static void softmax_floats(uint64_t n, float *x) {
  float most = -INFINITY;
  for (uint64_t i = 0; i < n; i++) most = x[i] > most ? x[i] : most;
  float scale = (float)(1 / gcut__exp_floats(x, (int64_t)n, most));
  for (uint64_t i = 0; i < n; i++) x[i] *= scale;
}

// `m` neighbouring columns of [n, inner], the first element at `first`, as rows: [m, n].
static void load_columns(const gcut_tensor *t, rows r, uint64_t first, uint64_t m, float *x) {
  float line[COLUMNS];
  for (uint64_t k = 0; k < r.n; k++) {
    gcut__load_floats(t->type, t->data, first + k * r.inner, m, line);
    for (uint64_t j = 0; j < m; j++) x[j * r.n + k] = line[j];
  }
}

static void store_columns(gcut_tensor *t, rows r, uint64_t first, uint64_t m, const float *x) {
  float line[COLUMNS];
  for (uint64_t k = 0; k < r.n; k++) {
    for (uint64_t j = 0; j < m; j++) line[j] = x[j * r.n + k];
    gcut__store_floats(t->type, t->data, first + k * r.inner, m, line);
  }
}

static gcut_status each_float_row(gcut__cpu_call *c, gcut_error *err) {
  rows r = split(c);
  float *x = gcut_arena_alloc(c->scratch, r.n, COLUMNS * sizeof *x);
  if (!x) return GCUT_NO_MEMORY(err);
  if (c->outputs[0]->count == 0) return GCUT_OK;
  for (uint64_t i = 0; i < r.outer; i++)
    for (uint64_t j = 0; j < r.inner; j += COLUMNS) {
      uint64_t m = r.inner - j < COLUMNS ? r.inner - j : COLUMNS;
      uint64_t first = i * r.n * r.inner + j;
      if (r.inner == 1)
        gcut__load_floats(c->inputs[0]->type, c->inputs[0]->data, first, r.n, x);
      else
        load_columns(c->inputs[0], r, first, m, x);
      for (uint64_t k = 0; k < m; k++) softmax_floats(r.n, x + k * r.n);
      if (r.inner == 1)
        gcut__store_floats(c->outputs[0]->type, c->outputs[0]->data, first, r.n, x);
      else
        store_columns(c->outputs[0], r, first, m, x);
    }
  return GCUT_OK;
}

static gcut_status by_dnnl(gcut__cpu_call *c, bool *out_done, gcut_error *err) {
  *out_done = false;
  rows r = split(c);
  if (c->outputs[0]->count < LARGE || r.inner != 1) return GCUT_OK;
  const float *in = gcut__tensor_floats(c, c->inputs[0]);
  float *out = gcut__begin_floats(c, c->outputs[0]);
  if (!in || !out) return GCUT_NO_MEMORY(err);
  GCUT_TRY(
      gcut__dnnl_softmax((int64_t)r.outer, (int64_t)r.n, (int64_t)r.inner, in, out, out_done, err));
  if (*out_done) gcut__finish_floats(c->outputs[0], out);
  return GCUT_OK;
}

gcut_status gcut__cpu_softmax(gcut__cpu_call *c, gcut_error *err) {
  bool done;
  if (c->outputs[0]->type == GCUT_FLOAT16) return each_row(c, softmax_row_float16, err);
  if (c->outputs[0]->type == GCUT_DOUBLE) return each_row(c, gcut__softmax_row, err);
  GCUT_TRY(by_dnnl(c, &done, err));
  return done ? GCUT_OK : each_float_row(c, err);
}

gcut_status gcut__cpu_log_softmax(gcut__cpu_call *c, gcut_error *err) {
  return each_row(c, log_softmax_row, err);
}

gcut_status gcut__cpu_hardmax(gcut__cpu_call *c, gcut_error *err) {
  return each_row(c, hardmax_row, err);
}
