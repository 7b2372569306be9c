// Products of 8-bit matrices of com.microsoft. Elements less their zero points are at most 255 in
// magnitude, so products of 256 terms are exact in float; those are added up in double. Where the
// processor multiplies bytes itself it does, as exactly.
#include "tracer/ops/microsoft_integer.h"

#include "exec/cpu/ops/byte_gemm.h"
#include "exec/cpu/ops/gemm.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/quantize.h"
#include "exec/cpu/ops/real.h"
#include "exec/cpu/ops/stride.h"

enum { DEPTH = 256 };

// One number, or one a column.
typedef struct column_numbers {
  const float *data;
  int64_t step;
} column_numbers;

static const float nothing = 0;

static gcut_status read_numbers(gcut__cpu_call *c, uint32_t i, column_numbers *out,
                                gcut_error *err) {
  *out = (column_numbers){&nothing, 0};
  if (!gcut__cpu_has(c, i)) return GCUT_OK;
  out->data = gcut__dequantized(c, c->inputs[i]);
  out->step = c->inputs[i]->count > 1 ? 1 : 0;
  return out->data ? GCUT_OK : GCUT_NO_MEMORY(err);
}

// All elements less their zero point, which steps along `columns` (the last dim, where `across` is
// 1; across the rows otherwise).
static gcut_status subtract(gcut__cpu_call *c, const gcut_tensor *t, column_numbers zero,
                            bool by_rows, float **out, gcut_error *err) {
  const float *x = gcut__dequantized(c, t);
  uint64_t width = t->rank ? (uint64_t)t->dims[t->rank - 1] : 1;
  float *y = *out = GCUT_NEW_ARRAY(c->scratch, float, t->count);
  if (!x || !y) return GCUT_NO_MEMORY(err);
  for (uint64_t i = 0; i < t->count; i++) {
    uint64_t line = by_rows ? i / width : i % width;
    y[i] = x[i] - zero.data[(int64_t)line * zero.step];
  }
  return GCUT_OK;
}

// Two factors, as bytes where they are multiplied so, else as floats less their zero points.
typedef struct factors {
  gcut__byte_gemm bytes;
  bool by_bytes;
  const float *a, *b;
} factors;

// Has the factors ready, tensors (or rows) of the sizes of `g`. Zero points of `b` stand for
// columns of op(b), those of `a`, where there are several, for its columns: then they are
// subtracted.
static gcut_status read_factors(gcut__cpu_call *c, const gcut__gemm *g, const gcut_tensor *a,
                                column_numbers a_zero, const gcut_tensor *b, column_numbers b_zero,
                                factors *out, gcut_error *err) {
  float *x, *y;
  *out = (factors){.bytes = {.m = g->m,
                             .n = g->n,
                             .k = g->k,
                             .lda = g->lda,
                             .ldb = g->ldb,
                             .transpose_a = g->transpose_a,
                             .transpose_b = g->transpose_b,
                             .a_type = a->type,
                             .b_type = b->type,
                             .a = a->data,
                             .b = b->data,
                             .a_zero = a_zero.data,
                             .b_zero = b_zero.data,
                             .b_zero_step = b_zero.step}};
  if (a_zero.step == 0) GCUT_TRY(gcut__byte_gemm_begin(c, &out->bytes, &out->by_bytes, err));
  if (out->by_bytes) return GCUT_OK;
  GCUT_TRY(subtract(c, a, a_zero, false, &x, err));
  GCUT_TRY(subtract(c, b, b_zero, g->transpose_b, &y, err));
  out->a = x, out->b = y;
  return GCUT_OK;
}

// sum [m][n] = a [m][k] times b [k][n], exact. part: [m][n] floats to work in.
static gcut_status multiply(gcut__cpu_call *c, gcut__gemm g, const float *a, const float *b,
                            float *part, double *sum, gcut_error *err) {
  int64_t k = g.k;
  g.ldc = g.n;
  for (int64_t i = 0; i < g.m * g.n; i++) sum[i] = 0;
  for (int64_t at = 0; at < k; at += DEPTH) {
    g.k = k - at < DEPTH ? k - at : DEPTH;
    GCUT_TRY(gcut__gemm_run(c, GCUT_FLOAT, &g, a + (g.transpose_a ? at * g.lda : at),
                            b + (g.transpose_b ? at : at * g.ldb), part, err));
    for (int64_t i = 0; i < g.m * g.n; i++) sum[i] += (double)part[i];
  }
  return GCUT_OK;
}

// The same of the matrices that begin at those elements.
static gcut_status multiply_at(gcut__cpu_call *c, const gcut__gemm *g, const factors *f, int64_t a,
                               int64_t b, float *part, double *sum, gcut_error *err) {
  if (!f->by_bytes) return multiply(c, *g, f->a + a, f->b + b, part, sum, err);
  gcut__byte_gemm bytes = f->bytes;
  bytes.a = (const uint8_t *)bytes.a + a;
  bytes.b = (const uint8_t *)bytes.b + b;
  return gcut__byte_gemm_run(&bytes, sum, err);
}

// ---- floats out: products of batches ----------------------------------------------------------

typedef struct batch {
  gcut__gemm g; // of one matrix
  factors f;
  float a_scale;
  column_numbers b_scale, bias; // of columns
} batch;

static void batch_strides(const gcut_tensor *t, gcut__walk *walk, uint32_t i, int64_t matrix) {
  int64_t strides[GCUT_MAX_RANK] = {0};
  if (t->rank > 2) gcut__broadcast_strides(t->rank - 2, t->dims, walk->rank, strides);
  for (int d = 0; d < walk->rank; d++) strides[d] *= matrix;
  gcut__walk_strides(walk, i, strides);
}

static void finish(const batch *p, int64_t m, int64_t n, double *sum, gcut_tensor *out,
                   uint64_t first) {
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      double scale = (double)p->a_scale * (double)p->b_scale.data[j * p->b_scale.step];
      sum[i * n + j] = sum[i * n + j] * scale + (double)p->bias.data[j * p->bias.step];
    }
  gcut__store_doubles(out->type, out->data, first, 1, (uint64_t)(m * n), sum);
}

static gcut__gemm matrix_sizes(const gcut__cpu_call *c) {
  const gcut_tensor *a = c->inputs[0], *b = c->inputs[1];
  return gcut__gemm_packed(a->rank > 1 ? a->dims[a->rank - 2] : 1,
                           b->rank > 1 ? b->dims[b->rank - 1] : 1, a->dims[a->rank - 1], false,
                           false);
}

static gcut_status multiply_batch(gcut__cpu_call *c, const batch *p, gcut_error *err) {
  const gcut_tensor *a = c->inputs[0], *b = c->inputs[1];
  gcut_tensor *out = c->outputs[0];
  int64_t m = p->g.m, k = p->g.k, n = p->g.n;
  gcut__walk *walk;
  uint64_t first = 0;
  if (out->count == 0) return GCUT_OK;
  GCUT_TRY(gcut__walk_create(c->scratch, out->rank - (a->rank > 1) - (b->rank > 1), out->dims, 2,
                             &walk, err));
  batch_strides(a, walk, 0, m * k);
  batch_strides(b, walk, 1, k * n);
  float *part = gcut_arena_alloc(c->scratch, (size_t)m, (size_t)n * sizeof *part);
  double *sum = gcut_arena_alloc(c->scratch, (size_t)m, (size_t)n * sizeof *sum);
  if (!part || !sum) return GCUT_NO_MEMORY(err);
  for (bool more = gcut__walk_start(walk); more; more = gcut__walk_next(walk))
    for (int64_t i = 0; i < walk->inner; i++, first += (uint64_t)(m * n)) {
      GCUT_TRY(multiply_at(c, &p->g, &p->f, walk->offsets[0] + i * walk->steps[0],
                           walk->offsets[1] + i * walk->steps[1], part, sum, err));
      finish(p, m, n, sum, out, first);
    }
  return GCUT_OK;
}

gcut_status gcut__cpu_matmul_integer_to_float(gcut__cpu_call *c, gcut_error *err) {
  batch p = {.g = matrix_sizes(c)};
  column_numbers a_scale, a_zero, b_zero;
  GCUT_TRY(read_numbers(c, 2, &a_scale, err));
  GCUT_TRY(read_numbers(c, 3, &p.b_scale, err));
  GCUT_TRY(read_numbers(c, 4, &a_zero, err));
  GCUT_TRY(read_numbers(c, 5, &b_zero, err));
  GCUT_TRY(read_numbers(c, 6, &p.bias, err));
  GCUT_TRY(read_factors(c, &p.g, c->inputs[0], a_zero, c->inputs[1], b_zero, &p.f, err));
  p.a_scale = a_scale.data[0];
  return multiply_batch(c, &p, err);
}

gcut_status gcut__cpu_dynamic_quantize_matmul(gcut__cpu_call *c, gcut_error *err) {
  batch p = {.g = matrix_sizes(c)};
  column_numbers b_zero;
  float a_zero;
  gcut_tensor x = *c->inputs[0]; // as bytes
  x.type = GCUT_UINT8;
  x.data = gcut_arena_alloc(c->scratch, x.count, 1);
  if (!x.data) return GCUT_NO_MEMORY(err);
  GCUT_TRY(read_numbers(c, 2, &p.b_scale, err));
  GCUT_TRY(read_numbers(c, 3, &b_zero, err));
  GCUT_TRY(read_numbers(c, 4, &p.bias, err));
  p.a_scale = gcut__quantize_bytes(c->inputs[0]->data, x.count, x.data, &a_zero);
  column_numbers zero = {&a_zero, 0};
  GCUT_TRY(read_factors(c, &p.g, &x, zero, c->inputs[1], b_zero, &p.f, err));
  return multiply_batch(c, &p, err);
}

// ---- QGemm ------------------------------------------------------------------------------------

// Adds C, broadcast to [m, n].
static void add_integers(const gcut_tensor *t, int64_t m, int64_t n, double *sum) {
  const int32_t *data = t->data;
  int64_t columns = t->rank > 0 ? t->dims[t->rank - 1] : 1, rows = t->rank > 1 ? t->dims[0] : 1;
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++)
      sum[i * n + j] += data[(rows > 1 ? i * columns : 0) + (columns > 1 ? j : 0)];
}

static gcut_status finish_gemm(gcut__cpu_call *c, int64_t m, int64_t n, double *sum, float *row,
                               gcut_error *err) {
  const gcut__quantized_gemm_attrs *attrs = c->attrs;
  gcut_tensor *out = c->outputs[0];
  column_numbers a_scale, b_scale, y_scale, y_zero;
  GCUT_TRY(read_numbers(c, 1, &a_scale, err));
  GCUT_TRY(read_numbers(c, 4, &b_scale, err));
  GCUT_TRY(read_numbers(c, 7, &y_scale, err));
  GCUT_TRY(read_numbers(c, 8, &y_zero, err));
  for (int64_t i = 0; i < m; i++) {
    for (int64_t j = 0; j < n; j++) {
      float scale = attrs->alpha * a_scale.data[0] * b_scale.data[j * b_scale.step];
      if (gcut__cpu_has(c, 7)) scale /= y_scale.data[0];
      row[j] = (float)(sum[i * n + j] * (double)scale);
    }
    if (out->type == GCUT_FLOAT)
      memcpy((float *)out->data + i * n, row, (size_t)n * sizeof *row);
    else
      gcut__quantize_store(out->type, out->data, i * n, n, row, y_zero.data, 0, true);
  }
  return GCUT_OK;
}

gcut_status gcut__cpu_quantized_gemm(gcut__cpu_call *c, gcut_error *err) {
  const gcut__quantized_gemm_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0], *out = c->outputs[0];
  int64_t m = out->dims[0], n = out->dims[1];
  column_numbers a_zero, b_zero;
  factors f;
  if (out->count == 0) return GCUT_OK;
  GCUT_TRY(read_numbers(c, 2, &a_zero, err));
  GCUT_TRY(read_numbers(c, 5, &b_zero, err));
  float *part = GCUT_NEW_ARRAY(c->scratch, float, out->count);
  double *sum = GCUT_NEW_ARRAY(c->scratch, double, out->count);
  if (!part || !sum) return GCUT_NO_MEMORY(err);
  gcut__gemm g = gcut__gemm_packed(m, n, x->dims[attrs->transA ? 0 : 1], attrs->transA != 0,
                                   attrs->transB != 0);
  GCUT_TRY(read_factors(c, &g, x, a_zero, c->inputs[3], b_zero, &f, err));
  GCUT_TRY(multiply_at(c, &g, &f, 0, 0, part, sum, err));
  if (gcut__cpu_has(c, 6)) add_integers(c->inputs[6], m, n, sum);
  return finish_gemm(c, m, n, sum, part, err);
}
