// MatMulInteger, QLinearMatMul.
//
// Integers of 8 bits less their zero points are at most 255 in magnitude, so a sum of 256 products
// stays below 2^24 and a product in floats is exact: blocks of 256 along the inner axis go through
// the float GEMM and are added up in doubles. Blocks of columns keep the scratch small. Where the
// processor multiplies bytes itself it does: both ways are exact, so they agree.
#include "exec/cpu/dnnl.h"
#include "exec/cpu/ops/byte_gemm.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/quantize.h"
#include "exec/cpu/ops/stride.h"

enum { DEPTH = 256, COLUMNS = 1024 };

static int64_t least(int64_t a, int64_t b) {
  return a < b ? a : b;
}

// ---- numbers by line --------------------------------------------------------------------------

// A scale or zero point: one number, or one a row or column, for every matrix of a batch.
typedef struct lines {
  const float *all; // the tensor's elements
  const float *at;  // of the matrix at hand
  int64_t step;     // 0: one number
} lines;

// The operands of the walk through the batch: two matrices and what belongs to their lines.
enum { A, B, ZERO_A, ZERO_B, SCALE_A, SCALE_B, N_OPERANDS };

typedef struct product {
  int64_t m, n, k;
  gcut_dtype type[2]; // of A and B
  const void *data[2];
  int64_t first[2]; // element where the matrix at hand begins
  lines lines[N_OPERANDS];
  gcut__walk *walk;
  float *a, *b, *part; // blocks: [m, DEPTH], [DEPTH, COLUMNS], [m, COLUMNS]
  double *sum;         // [m, COLUMNS]
  gcut__byte_gemm bytes;
  bool by_bytes;
  float out_scale, out_zero;
} product;

// Row i of the product's columns [j, j + n): `sums` are exact.
typedef void (*finish_row)(const product *p, gcut_tensor *out, int64_t first, int64_t i, int64_t j,
                           int64_t n, const double *sums);

static void matrix_strides(const gcut_tensor *t, product *p, uint32_t operand, int64_t matrix) {
  int64_t strides[GCUT_MAX_RANK] = {0};
  if (t->rank > 2) gcut__broadcast_strides(t->rank - 2, t->dims, p->walk->rank, strides);
  for (int d = 0; d < p->walk->rank; d++) strides[d] *= matrix;
  gcut__walk_strides(p->walk, operand, strides);
}

// Input `i`, where there is one, holds the numbers of operand `operand`; otherwise they are
// `usual`.
static bool set_lines(gcut__cpu_call *c, product *p, uint32_t operand, uint32_t i, float usual) {
  static const int64_t none[GCUT_MAX_RANK] = {0};
  lines *l = &p->lines[operand];
  if (!gcut__cpu_has(c, i)) {
    float *one = gcut_arena_alloc(c->scratch, 1, sizeof *one);
    if (one) *one = usual;
    l->all = one;
    gcut__walk_strides(p->walk, operand, none);
    return one != NULL;
  }
  const gcut_tensor *t = c->inputs[i];
  int64_t n = t->rank == 1 ? t->dims[0] : 1;
  if (t->rank >= 2) n = t->dims[t->rank - 1] * t->dims[t->rank - 2];
  l->all = gcut__dequantized(c, t);
  l->step = n > 1;
  matrix_strides(t, p, operand, n);
  return l->all != NULL;
}

// ---- one matrix -------------------------------------------------------------------------------

static void load(const product *p, int operand, int64_t first, int64_t n, float *out) {
  gcut__load_quantized(p->type[operand], p->data[operand], p->first[operand] + first, n, out);
}

static void load_a(const product *p, int64_t k, int64_t depth) {
  const lines *zero = &p->lines[ZERO_A];
  for (int64_t i = 0; i < p->m; i++) {
    float *row = p->a + i * depth;
    load(p, A, i * p->k + k, depth, row);
    for (int64_t x = 0; x < depth; x++) row[x] -= zero->at[i * zero->step];
  }
}

static void load_b(const product *p, int64_t k, int64_t depth, int64_t j, int64_t n) {
  const lines *zero = &p->lines[ZERO_B];
  for (int64_t x = 0; x < depth; x++) {
    float *row = p->b + x * n;
    load(p, B, (k + x) * p->n + j, n, row);
    for (int64_t y = 0; y < n; y++) row[y] -= zero->at[(j + y) * zero->step];
  }
}

static gcut_status multiply_bytes(const product *p, int64_t j, int64_t n, gcut_error *err) {
  const lines *zero_a = &p->lines[ZERO_A], *zero_b = &p->lines[ZERO_B];
  gcut__byte_gemm g = p->bytes;
  g.n = n;
  g.a = (const uint8_t *)p->data[A] + p->first[A];
  g.b = (const uint8_t *)p->data[B] + p->first[B] + j;
  g.a_zero = zero_a->at, g.a_zero_step = zero_a->step;
  g.b_zero = zero_b->at + j * zero_b->step, g.b_zero_step = zero_b->step;
  return gcut__byte_gemm_run(&g, p->sum, err);
}

static gcut_status multiply_columns(const product *p, int64_t j, int64_t n, gcut_error *err) {
  if (p->by_bytes) return multiply_bytes(p, j, n, err);
  memset(p->sum, 0, (size_t)(p->m * n) * sizeof *p->sum);
  for (int64_t k = 0; k < p->k; k += DEPTH) {
    int64_t depth = least(DEPTH, p->k - k);
    gcut__gemm g = gcut__gemm_packed(p->m, n, depth, false, false);
    load_a(p, k, depth);
    load_b(p, k, depth, j, n);
    GCUT_TRY(gcut__dnnl_gemm(&g, p->a, p->b, p->part, err));
    for (int64_t i = 0; i < p->m * n; i++) p->sum[i] += (double)p->part[i];
  }
  return GCUT_OK;
}

static gcut_status multiply_matrix(const product *p, gcut_tensor *out, int64_t first,
                                   finish_row finish, gcut_error *err) {
  for (int64_t j = 0; j < p->n; j += COLUMNS) {
    int64_t n = least(COLUMNS, p->n - j);
    GCUT_TRY(multiply_columns(p, j, n, err));
    for (int64_t i = 0; i < p->m; i++) finish(p, out, first, i, j, n, p->sum + i * n);
  }
  return GCUT_OK;
}

// ---- the batch --------------------------------------------------------------------------------

// Inputs `a` and `b` are the operands; the others follow by set_lines.
static gcut_status begin(gcut__cpu_call *c, uint32_t a, uint32_t b, product *p, gcut_error *err) {
  const gcut_tensor *x = c->inputs[a], *y = c->inputs[b], *out = c->outputs[0];
  *p = (product){.m = x->rank > 1 ? x->dims[x->rank - 2] : 1,
                 .k = x->dims[x->rank - 1],
                 .n = y->rank > 1 ? y->dims[y->rank - 1] : 1,
                 .type = {x->type, y->type},
                 .data = {x->data, y->data}};
  int rank = out->rank - (x->rank > 1) - (y->rank > 1);
  GCUT_TRY(gcut__walk_create(c->scratch, rank, out->dims, N_OPERANDS, &p->walk, err));
  matrix_strides(x, p, A, p->m * p->k);
  matrix_strides(y, p, B, p->k * p->n);
  size_t columns = (size_t)least(COLUMNS, p->n);
  p->a = gcut_arena_alloc(c->scratch, (size_t)p->m, DEPTH * sizeof *p->a);
  p->b = gcut_arena_alloc(c->scratch, columns, DEPTH * sizeof *p->b);
  p->part = gcut_arena_alloc(c->scratch, (size_t)p->m, columns * sizeof *p->part);
  p->sum = gcut_arena_alloc(c->scratch, (size_t)p->m, columns * sizeof *p->sum);
  if (!p->a || !p->b || !p->part || !p->sum) return GCUT_NO_MEMORY(err);
  p->bytes = (gcut__byte_gemm){.m = p->m,
                               .n = (int64_t)columns,
                               .k = p->k,
                               .lda = p->k,
                               .ldb = p->n,
                               .a_type = x->type,
                               .b_type = y->type};
  return gcut__byte_gemm_begin(c, &p->bytes, &p->by_bytes, err);
}

static gcut_status multiply_batch(gcut__cpu_call *c, product *p, finish_row finish,
                                  gcut_error *err) {
  int64_t first = 0;
  if (c->outputs[0]->count == 0) return GCUT_OK;
  for (bool more = gcut__walk_start(p->walk); more; more = gcut__walk_next(p->walk))
    for (int64_t i = 0; i < p->walk->inner; i++, first += p->m * p->n) {
      for (int k = 0; k < N_OPERANDS; k++) {
        int64_t at = p->walk->offsets[k] + i * p->walk->steps[k];
        if (k <= B)
          p->first[k] = at;
        else
          p->lines[k].at = p->lines[k].all + at;
      }
      GCUT_TRY(multiply_matrix(p, c->outputs[0], first, finish, err));
    }
  return GCUT_OK;
}

// ---- MatMulInteger ----------------------------------------------------------------------------

static void finish_integer(const product *p, gcut_tensor *out, int64_t first, int64_t i, int64_t j,
                           int64_t n, const double *sums) {
  int32_t *y = (int32_t *)out->data + first + i * p->n + j;
  for (int64_t k = 0; k < n; k++) y[k] = (int32_t)(uint32_t)(int64_t)sums[k]; // wraps around
}

gcut_status gcut__cpu_matmul_integer(gcut__cpu_call *c, gcut_error *err) {
  product p;
  GCUT_TRY(begin(c, 0, 1, &p, err));
  bool ok = set_lines(c, &p, ZERO_A, 2, 0) && set_lines(c, &p, ZERO_B, 3, 0) &&
            set_lines(c, &p, SCALE_A, GCUT_NONE, 1) && set_lines(c, &p, SCALE_B, GCUT_NONE, 1);
  return ok ? multiply_batch(c, &p, finish_integer, err) : GCUT_NO_MEMORY(err);
}

// ---- QLinearMatMul ----------------------------------------------------------------------------

static void finish_quantized(const product *p, gcut_tensor *out, int64_t first, int64_t i,
                             int64_t j, int64_t n, const double *sums) {
  const lines *a = &p->lines[SCALE_A], *b = &p->lines[SCALE_B];
  for (int64_t k = 0; k < n; k++) {
    float scale = a->at[i * a->step] * b->at[(j + k) * b->step] / p->out_scale;
    p->part[k] = (float)(sums[k] * (double)scale);
  }
  gcut__quantize_store(out->type, out->data, first + i * p->n + j, n, p->part, &p->out_zero, 0,
                       true);
}

gcut_status gcut__cpu_qlinear_matmul(gcut__cpu_call *c, gcut_error *err) {
  product p;
  GCUT_TRY(begin(c, 0, 3, &p, err));
  bool ok = set_lines(c, &p, SCALE_A, 1, 1) && set_lines(c, &p, ZERO_A, 2, 0) &&
            set_lines(c, &p, SCALE_B, 4, 1) && set_lines(c, &p, ZERO_B, 5, 0);
  const float *scale = gcut__dequantized(c, c->inputs[6]);
  const float *zero = gcut__dequantized(c, c->inputs[7]);
  if (!ok || !scale || !zero) return GCUT_NO_MEMORY(err);
  p.out_scale = *scale;
  p.out_zero = *zero;
  return multiply_batch(c, &p, finish_quantized, err);
}
