// The bytes are multiplied as they are and added up in int32, some 2^15 at a time, which fits. With
// zero points a and b the sum of (A - a)(B - b) is that of A B, less a times the sum of B's column,
// less b times the sum of A's row, plus k a b. What oneDNN wants is int8 on the right: uint8 is
// moved there by 128, its zero point too.
#include "exec/cpu/ops/byte_gemm.h"

#include "exec/cpu/dnnl.h"
#include "exec/cpu/ops/bytes.h"

enum { DEPTH = 1 << 15, FLIP = 0x80 };

static bool is_byte(gcut_dtype type) {
  return type == GCUT_UINT8 || type == GCUT_INT8;
}

gcut_status gcut__byte_gemm_begin(gcut__cpu_call *c, gcut__byte_gemm *g, bool *out_can,
                                  gcut_error *err) {
  *out_can = is_byte(g->a_type) && is_byte(g->b_type) && gcut__dnnl_multiplies_bytes();
  if (!*out_can) return GCUT_OK;
  int64_t depth = g->k < DEPTH ? g->k : DEPTH;
  g->raw = gcut__cpu_spare(c, (size_t)(g->m * g->n) * sizeof *g->raw);
  g->rows = GCUT_NEW_ARRAY(c->scratch, int32_t, g->m);
  g->columns = GCUT_NEW_ARRAY(c->scratch, int32_t, g->n);
  if (g->b_type == GCUT_UINT8)
    g->flipped = gcut_arena_alloc(c->scratch, (size_t)depth, (size_t)g->n);
  bool flips = g->b_type == GCUT_UINT8;
  return g->raw && g->rows && g->columns && (!flips || g->flipped) ? GCUT_OK : GCUT_NO_MEMORY(err);
}

// ---- one block of depth -----------------------------------------------------------------------

// sums[i]: the elements of line i, over `depth`; lines are contiguous, or stand across.
static void add_lines(gcut_dtype type, const void *data, int64_t lines, int64_t depth, int64_t ld,
                      bool across, int32_t *sums) {
  const uint8_t *x = data;
  bool is_signed = type == GCUT_INT8;
  memset(sums, 0, (size_t)lines * sizeof *sums);
  for (int64_t k = 0; across && k < depth; k++)
    if (is_signed)
      gcut__add_int8((size_t)lines, (const int8_t *)x + k * ld, sums);
    else
      gcut__add_uint8((size_t)lines, x + k * ld, sums);
  for (int64_t i = 0; !across && i < lines; i++)
    sums[i] = is_signed ? gcut__sum_int8((size_t)depth, (const int8_t *)x + i * ld)
                        : gcut__sum_uint8((size_t)depth, x + i * ld);
}

// Rows of B as int8, packed.
static void flip(int64_t rows, int64_t n, const uint8_t *from, int64_t ld, int8_t *to) {
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < n; j++) to[i * n + j] = (int8_t)(from[i * ld + j] - FLIP);
}

// What was taken from B, and from its zero points.
static float moved(const gcut__byte_gemm *g) {
  return g->b_type == GCUT_UINT8 ? FLIP : 0;
}

static void correct(const gcut__byte_gemm *g, int64_t depth, double *sum) {
  for (int64_t i = 0; i < g->m; i++) {
    double a = (double)g->a_zero[i * g->a_zero_step], row = (double)g->rows[i] - (double)depth * a;
    for (int64_t j = 0; j < g->n; j++) {
      double b = (double)g->b_zero[j * g->b_zero_step] - (double)moved(g);
      sum[i * g->n + j] += (double)g->raw[i * g->n + j] - a * (double)g->columns[j] - b * row;
    }
  }
}

static gcut_status multiply_block(const gcut__byte_gemm *g, int64_t at, int64_t depth,
                                  gcut_error *err) {
  const uint8_t *a = (const uint8_t *)g->a + (g->transpose_a ? at * g->lda : at);
  const uint8_t *b = (const uint8_t *)g->b + (g->transpose_b ? at : at * g->ldb);
  int64_t ldb = g->ldb, rows = g->transpose_b ? g->n : depth, width = g->transpose_b ? depth : g->n;
  if (g->b_type == GCUT_UINT8) {
    flip(rows, width, b, ldb, g->flipped);
    b = (const uint8_t *)g->flipped;
    ldb = width;
  }
  gcut__dnnl_bytes p = {.transpose_a = g->transpose_a,
                        .transpose_b = g->transpose_b,
                        .a_is_signed = g->a_type == GCUT_INT8,
                        .m = g->m,
                        .n = g->n,
                        .k = depth,
                        .lda = g->lda,
                        .ldb = ldb};
  GCUT_TRY(gcut__dnnl_gemm_bytes(&p, a, (const int8_t *)b, g->raw, err));
  add_lines(g->a_type, a, g->m, depth, g->lda, g->transpose_a, g->rows);
  add_lines(GCUT_INT8, b, g->n, depth, ldb, !g->transpose_b, g->columns);
  return GCUT_OK;
}

gcut_status gcut__byte_gemm_run(const gcut__byte_gemm *g, double *sum, gcut_error *err) {
  memset(sum, 0, (size_t)(g->m * g->n) * sizeof *sum);
  if (g->m == 0 || g->n == 0) return GCUT_OK;
  for (int64_t at = 0; at < g->k; at += DEPTH) {
    int64_t depth = g->k - at < DEPTH ? g->k - at : DEPTH;
    GCUT_TRY(multiply_block(g, at, depth, err));
    correct(g, depth, sum);
  }
  return GCUT_OK;
}

bool gcut__byte_gemm_fits(int64_t k) {
  return k > 0 && k <= DEPTH;
}

gcut_status gcut__byte_gemm_raw(const gcut__byte_gemm *g, gcut_error *err) {
  int32_t a = (int32_t)*g->a_zero, b = (int32_t)(*g->b_zero - moved(g));
  GCUT_TRY(multiply_block(g, 0, g->k, err));
  for (int64_t j = 0; j < g->n; j++) g->columns[j] = (int32_t)g->k * a * b - a * g->columns[j];
  for (int64_t i = 0; i < g->m; i++) g->rows[i] *= -b;
  return GCUT_OK;
}
