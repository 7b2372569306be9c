// Floats go to oneDNN; other types to plain loops whose innermost runs along a row of B, so that it
// vectorises without reordering a sum. float16 is widened in blocks: a block of A's rows stays
// while blocks of B pass, so a large B is read in place and never copied whole. So is bfloat16
// where the processor cannot multiply it.
#include "exec/cpu/ops/gemm.h"

#include "exec/cpu/dnnl.h"
#include "exec/cpu/ops/real.h"

gcut__gemm gcut__gemm_packed(int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b) {
  return (gcut__gemm){.m = m,
                      .n = n,
                      .k = k,
                      .transpose_a = transpose_a,
                      .transpose_b = transpose_b,
                      .lda = transpose_a ? m : k,
                      .ldb = transpose_b ? k : n,
                      .ldc = n,
                      .alpha = 1};
}

// ---- plain ------------------------------------------------------------------------------------

// X(type, C type): sums of the narrower integers are made in uint32_t, where wrapping is defined.
#define PLAIN_TYPES(X)                                                                             \
  X(FLOAT, float)                                                                                  \
  X(DOUBLE, double)                                                                                \
  X(UINT32, uint32_t)                                                                              \
  X(UINT64, uint64_t)

#define X(name, T)                                                                                 \
  static void row_##name(const gcut__gemm *g, int64_t i, const T *a, const T *b, T *row) {         \
    for (int64_t j = 0; j < g->n; j++) row[j] = 0;                                                 \
    for (int64_t k = 0; k < g->k; k++) {                                                           \
      T x = g->transpose_a ? a[k * g->lda + i] : a[i * g->lda + k];                                \
      const T *b_row = b + k * g->ldb;                                                             \
      for (int64_t j = 0; j < g->n; j++) row[j] += x * b_row[j];                                   \
    }                                                                                              \
  }                                                                                                \
  static void row_transposed_##name(const gcut__gemm *g, int64_t i, const T *a, const T *b,        \
                                    T *row) {                                                      \
    int64_t step = g->transpose_a ? g->lda : 1;                                                    \
    const T *a_row = g->transpose_a ? a + i : a + i * g->lda;                                      \
    for (int64_t j = 0; j < g->n; j++) {                                                           \
      T sum = 0;                                                                                   \
      for (int64_t k = 0; k < g->k; k++) sum += a_row[k * step] * b[j * g->ldb + k];               \
      row[j] = sum;                                                                                \
    }                                                                                              \
  }                                                                                                \
  static void plain_##name(const gcut__gemm *g, const T *a, const T *b, T *out) {                  \
    for (int64_t i = 0; i < g->m; i++)                                                             \
      (g->transpose_b ? row_transposed_##name : row_##name)(g, i, a, b, out + i * g->ldc);         \
  }
PLAIN_TYPES(X)
#undef X

void gcut__gemm_plain(gcut_dtype type, const gcut__gemm *g, const void *a, const void *b,
                      void *out) {
  switch (type) {
#define X(name, T)                                                                                 \
  case GCUT_##name: plain_##name(g, a, b, out); break;
    PLAIN_TYPES(X)
#undef X
  default: break;
  }
}

// ---- double and integers ----------------------------------------------------------------------

// out = alpha * out + beta * D over doubles of one row: exact for integers up to 2^53.
static void finish_row(const gcut__gemm *g, gcut_dtype type, int64_t i, void *out, double *row,
                       double *add) {
  uint64_t n = (uint64_t)g->n, first = (uint64_t)(i * g->ldc);
  gcut__load_doubles(type, out, first, 1, n, row);
  for (uint64_t j = 0; j < n; j++) row[j] *= (double)g->alpha;
  if (g->d) {
    gcut__load_doubles(type, g->d, (uint64_t)(i * g->d_row), (uint64_t)g->d_column, n, add);
    for (uint64_t j = 0; j < n; j++) row[j] += (double)g->beta * add[j];
  }
  gcut__store_doubles(type, out, first, 1, n, row);
}

static gcut_status finish(gcut__cpu_call *c, gcut_dtype type, const gcut__gemm *g, void *out,
                          gcut_error *err) {
  if (g->alpha == 1.0f && !g->d) return GCUT_OK;
  double *row = gcut_arena_alloc(c->scratch, (size_t)g->n, 2 * sizeof *row);
  if (!row) return GCUT_NO_MEMORY(err);
  for (int64_t i = 0; i < g->m; i++) finish_row(g, type, i, out, row, row + g->n);
  return GCUT_OK;
}

// ---- float, float16, bfloat16 -----------------------------------------------------------------

typedef struct tile { // rows [i, i + m) and columns [j, j + n) of C
  int64_t i, m, j, n;
} tile;

// The tile's sums lie in floats at `sum` [m][ld]: adds D. row: [n]
static void add_d(const gcut__gemm *g, gcut_dtype type, const tile *t, float *sum, int64_t ld,
                  float *row) {
  for (int64_t i = 0; i < t->m; i++) {
    int64_t first = (t->i + i) * g->d_row + t->j * g->d_column;
    gcut__load_floats(type, g->d, (uint64_t)first, g->d_column ? (uint64_t)t->n : 1, row);
    float *to = sum + i * ld;
    if (g->d_column)
      for (int64_t j = 0; j < t->n; j++) to[j] += g->beta * row[j];
    else
      for (int64_t j = 0; j < t->n; j++) to[j] += g->beta * row[0];
  }
}

static gcut_status gemm_float(gcut__cpu_call *c, const gcut__gemm *g, const float *a,
                              const float *b, float *out, gcut_error *err) {
  GCUT_TRY(gcut__dnnl_gemm(g, a, b, out, err));
  if (!g->d) return GCUT_OK;
  float *row = gcut_arena_alloc(c->scratch, (size_t)g->n, sizeof *row);
  if (!row) return GCUT_NO_MEMORY(err);
  add_d(g, GCUT_FLOAT, &(tile){0, g->m, 0, g->n}, out, g->ldc, row);
  return GCUT_OK;
}

// Widens rows [r0, r0 + rows) and columns [c0, c0 + columns) of a matrix into a packed block.
static void widen_block(gcut_dtype type, const void *data, int64_t ld, int64_t r0, int64_t rows,
                        int64_t c0, int64_t columns, float *out) {
  for (int64_t r = 0; r < rows; r++)
    gcut__load_floats(type, data, (uint64_t)((r0 + r) * ld + c0), (uint64_t)columns,
                      out + r * columns);
}

// Rows of a block of A, which has all of k. A block of B shall stay in the second-level cache and
// its rows be read in long runs: [DEPTH, COLUMNS], of a transposed B [COLUMNS_TRANSPOSED,
// DEPTH_...].
enum {
  BLOCK_ROWS = 1024,
  DEPTH = 512,
  COLUMNS = 1024,
  DEPTH_TRANSPOSED = 4096,
  COLUMNS_TRANSPOSED = 128,
};

static int64_t least(int64_t a, int64_t b) {
  return a < b ? a : b;
}

typedef struct blocks {
  float *a, *b, *sum, *row;
  int64_t rows, columns, depth;
} blocks;

static bool allocate_blocks(gcut__cpu_call *c, const gcut__gemm *g, blocks *x) {
  x->rows = least(BLOCK_ROWS, g->m);
  x->columns = least(g->transpose_b ? COLUMNS_TRANSPOSED : COLUMNS, g->n);
  x->depth = least(g->transpose_b ? DEPTH_TRANSPOSED : DEPTH, g->k);
  x->a = gcut_arena_alloc(c->scratch, (size_t)(x->rows * g->k), sizeof(float));
  x->b = gcut_arena_alloc(c->scratch, (size_t)(x->columns * x->depth), sizeof(float));
  x->sum = gcut_arena_alloc(c->scratch, (size_t)(x->rows * x->columns), sizeof(float));
  x->row = gcut_arena_alloc(c->scratch, (size_t)x->columns, sizeof(float));
  return x->a && x->b && x->sum && x->row;
}

// The tile's sums gain what the block of B from row k0 on gives.
static gcut_status add_depth(const gcut__gemm *g, gcut_dtype type, const blocks *x, const tile *t,
                             int64_t k0, const void *b, gcut_error *err) {
  int64_t depth = least(x->depth, g->k - k0);
  if (g->transpose_b)
    widen_block(type, b, g->ldb, t->j, t->n, k0, depth, x->b);
  else
    widen_block(type, b, g->ldb, k0, depth, t->j, t->n, x->b);
  gcut__gemm part = gcut__gemm_packed(t->m, t->n, depth, g->transpose_a, g->transpose_b);
  part.alpha = g->alpha;
  part.accumulate = k0 > 0;
  part.lda = g->transpose_a ? t->m : g->k; // the block of A is packed with all of k
  return gcut__dnnl_gemm(&part, x->a + (g->transpose_a ? k0 * t->m : k0), x->b, x->sum, err);
}

// The block of A at hand, which is the tile's rows, against all of B that the tile's columns need.
static gcut_status gemm_tile(const gcut__gemm *g, gcut_dtype type, const blocks *x, const tile *t,
                             const void *b, void *out, gcut_error *err) {
  for (int64_t k = 0; k < g->k; k += x->depth) GCUT_TRY(add_depth(g, type, x, t, k, b, err));
  if (g->d) add_d(g, type, t, x->sum, t->n, x->row);
  for (int64_t i = 0; i < t->m; i++)
    gcut__store_floats(type, out, (uint64_t)((t->i + i) * g->ldc + t->j), (uint64_t)t->n,
                       x->sum + i * t->n);
  return GCUT_OK;
}

static gcut_status gemm_narrow(gcut__cpu_call *c, gcut_dtype type, const gcut__gemm *g,
                               const void *a, const void *b, void *out, gcut_error *err) {
  blocks x;
  if (!allocate_blocks(c, g, &x)) return GCUT_NO_MEMORY(err);
  for (int64_t i = 0; i < g->m; i += x.rows) {
    tile t = {.i = i, .m = least(x.rows, g->m - i)};
    if (g->transpose_a)
      widen_block(type, a, g->lda, 0, g->k, i, t.m, x.a);
    else
      widen_block(type, a, g->lda, i, t.m, 0, g->k, x.a);
    for (; t.j < g->n; t.j += x.columns) {
      t.n = least(x.columns, g->n - t.j);
      GCUT_TRY(gemm_tile(g, type, &x, &t, b, out, err));
    }
  }
  return GCUT_OK;
}

// Below this many multiply-adds setting up a bfloat16 product costs more than it saves.
enum { LARGE = 1 << 20 };

static gcut_status gemm_bfloat16(gcut__cpu_call *c, const gcut__gemm *g, const void *a,
                                 const void *b, void *out, gcut_error *err) {
  bool done = false, plain = g->alpha == 1.0f && !g->d;
  if (plain && (double)g->m * (double)g->n * (double)g->k >= LARGE)
    GCUT_TRY(gcut__dnnl_gemm_bfloat16(g, a, b, out, &done, err));
  return done ? GCUT_OK : gemm_narrow(c, GCUT_BFLOAT16, g, a, b, out, err);
}

// ---- all types --------------------------------------------------------------------------------

// Nothing to sum: zeros, and D where there is one.
static gcut_status gemm_empty(gcut__cpu_call *c, gcut_dtype type, const gcut__gemm *g, void *out,
                              gcut_error *err) {
  size_t size = gcut_dtype_bits(type) / 8;
  for (int64_t i = 0; i < g->m; i++)
    memset((char *)out + (size_t)(i * g->ldc) * size, 0, (size_t)g->n * size);
  return finish(c, type, g, out, err);
}

gcut_status gcut__gemm_run(gcut__cpu_call *c, gcut_dtype type, const gcut__gemm *g, const void *a,
                           const void *b, void *out, gcut_error *err) {
  if (g->m == 0 || g->n == 0) return GCUT_OK;
  if (g->k == 0) return gemm_empty(c, type, g, out, err);
  gcut_dtype sum = type;
  switch (type) {
  case GCUT_FLOAT: return gemm_float(c, g, a, b, out, err);
  case GCUT_FLOAT16: return gemm_narrow(c, type, g, a, b, out, err);
  case GCUT_BFLOAT16: return gemm_bfloat16(c, g, a, b, out, err);
  case GCUT_INT32: sum = GCUT_UINT32; break;
  case GCUT_INT64: sum = GCUT_UINT64; break;
  case GCUT_DOUBLE:
  case GCUT_UINT32:
  case GCUT_UINT64: break;
  default: return gcut__cpu_type_unsupported(c, type, err);
  }
  gcut__gemm_plain(sum, g, a, b, out);
  return finish(c, type, g, out, err);
}
