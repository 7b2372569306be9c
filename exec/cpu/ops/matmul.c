// MatMul, Gemm.
#include "tracer/ops/matmul.h"
#include "exec/cpu/ops/gemm.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"

// Strides, in elements, of an operand's matrices through the output's batch dims.
static void batch_strides(const gcut_tensor *t, int skip, int64_t matrix, gcut__walk *walk,
                          uint32_t operand) {
  int64_t strides[GCUT_MAX_RANK];
  gcut__broadcast_strides(t->rank - skip, t->dims, walk->rank, strides);
  for (int d = 0; d < walk->rank; d++) strides[d] *= matrix;
  gcut__walk_strides(walk, operand, strides);
}

// One row of the walk: `n` products. Those that share B and whose A follow one another are one
// product with as many rows.
static gcut_status multiply_row(gcut__cpu_call *c, gcut__gemm gemm, const char *a, const char *b,
                                const gcut__walk *walk, char *out, gcut_error *err) {
  int64_t size = gcut_dtype_bits(c->outputs[0]->type) / 8, n = walk->inner;
  if (walk->steps[1] == 0 && walk->steps[0] == gemm.m * gemm.k) gemm.m *= n, n = 1;
  for (int64_t i = 0; i < n; i++)
    GCUT_TRY(gcut__gemm_run(
        c, c->outputs[0]->type, &gemm, a + (walk->offsets[0] + i * walk->steps[0]) * size,
        b + (walk->offsets[1] + i * walk->steps[1]) * size, out + i * gemm.m * gemm.n * size, err));
  return GCUT_OK;
}

gcut_status gcut__cpu_matmul(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *a = c->inputs[0], *b = c->inputs[1];
  gcut_tensor *out = c->outputs[0];
  if (out->count == 0) return GCUT_OK;
  int skip_a = a->rank > 1 ? 2 : 1, skip_b = b->rank > 1 ? 2 : 1;
  int64_t m = a->rank > 1 ? a->dims[a->rank - 2] : 1, k = a->dims[a->rank - 1];
  int64_t n = b->rank > 1 ? b->dims[b->rank - 1] : 1;
  gcut__walk *walk;
  GCUT_TRY(gcut__walk_create(c->scratch, out->rank - (skip_a - 1) - (skip_b - 1), out->dims, 2,
                             &walk, err));
  batch_strides(a, skip_a, m * k, walk, 0);
  batch_strides(b, skip_b, k * n, walk, 1);
  gcut__gemm gemm = gcut__gemm_packed(m, n, k, false, false);
  char *to = out->data;
  for (bool more = gcut__walk_start(walk); more; more = gcut__walk_next(walk)) {
    GCUT_TRY(multiply_row(c, gemm, a->data, b->data, walk, to, err));
    to += (int64_t)gcut_dtype_bits(out->type) / 8 * walk->inner * m * n;
  }
  return GCUT_OK;
}

gcut_status gcut__cpu_gemm(gcut__cpu_call *c, gcut_error *err) {
  const gcut__gemm_attrs *attrs = c->attrs;
  const gcut_tensor *a = c->inputs[0];
  gcut_tensor *out = c->outputs[0];
  gcut__gemm g = gcut__gemm_packed(out->dims[0], out->dims[1], a->dims[attrs->transA ? 0 : 1],
                                   attrs->transA != 0, attrs->transB != 0);
  g.alpha = attrs->alpha;
  const gcut_tensor *d = gcut__cpu_has(c, 2) ? c->inputs[2] : NULL;
  if (d && attrs->beta != 0) {
    int64_t rows = d->rank > 1 ? d->dims[0] : 1, columns = d->rank > 0 ? d->dims[d->rank - 1] : 1;
    g.beta = attrs->beta;
    g.d = d->data;
    g.d_row = rows > 1 ? columns : 0;
    g.d_column = columns > 1 ? 1 : 0;
  }
  return gcut__gemm_run(c, out->type, &g, a->data, c->inputs[1]->data, out->data, err);
}
