#include "exec/cuda/ops/multiply.h"

#include <stdio.h>

#include "exec/cuda/kernels.h"
#include "exec/cuda/ops/multiply_wide.h"

static int64_t tiles_in_all(const gcut__cuda_product *p, const gcut__cuda_multiply *m) {
  return gcut__cuda_tiles(p->m, m->rows) * gcut__cuda_tiles(p->n, m->columns) * p->batch;
}

static int64_t joint_tiles(const gcut__cuda_joint *j, const gcut__cuda_multiply *m) {
  int64_t n = 0;
  for (uint32_t i = 0; i < j->n_sides; i++)
    n += gcut__cuda_tiles(j->product.m, m->rows) * gcut__cuda_tiles(j->n[i], m->columns);
  return n;
}

// ---- which kernel

const char *gcut__cuda_multiply_type(gcut_dtype type) {
  switch (type) {
  case GCUT_FLOAT16: return "f16";
  case GCUT_BFLOAT16: return "bf16";
  case GCUT_DOUBLE: return "f64";
  default: return "f32";
  }
}

static bool is_narrow(gcut_dtype type) {
  return type == GCUT_FLOAT16 || type == GCUT_BFLOAT16;
}

// Rows and steps of whole 16 bytes, for types of 16 bits.
static bool is_aligned(const gcut__cuda_product *p) {
  return (p->lda | p->ldb | p->ldc | p->stride_a | p->stride_b | p->stride_c) % 8 == 0;
}

static bool fits(const gcut__cuda_product *p, gcut__cuda_multiply_kind kind) {
  if (kind == GCUT_CUDA_MULTIPLY_PLAIN) return true;
  if (!is_narrow(p->type)) return false;
  return kind == GCUT_CUDA_MULTIPLY_MMA || (!p->transpose_a && p->beta == 0 && is_aligned(p));
}

void gcut__cuda_multiply_describe(gcut__cuda_multiply *m, bool small) {
  if (m->kind == GCUT_CUDA_MULTIPLY_WIDE) {
    gcut__cuda_wide_describe(m, small);
    return;
  }
  bool mma = m->kind == GCUT_CUDA_MULTIPLY_MMA;
  m->rows = m->columns = small ? 64 : 128;
  m->threads = mma ? GCUT_CUDA_PRODUCT_MMA_THREADS : GCUT_CUDA_PRODUCT_PLAIN_THREADS;
  m->shared_bytes = mma ? GCUT_CUDA_PRODUCT_MMA_STAGES * 2 * m->rows * 64 : 0;
}

// Kernels are named by kind, type, tile and what they take: _t where b is turned, _any where rows
// begin anywhere; and by what they do besides.
static void name_kernel(const gcut__cuda_product *p, const gcut__cuda_multiply *m,
                        gcut__cuda_finish finish, char *name, size_t size) {
  static const char *const finishes[] = {"", "_add", "_swiglu", "_steps"};
  static const char *const kinds[] = {"plain", "mma", "wide"};
  const char *turned = m->kind == GCUT_CUDA_MULTIPLY_WIDE && p->transpose_b ? "_t" : "";
  const char *any = m->kind == GCUT_CUDA_MULTIPLY_MMA && !is_aligned(p) ? "_any" : "";
  snprintf(name, size, "gcut_product_%s_%s_%u%s%s%s", kinds[m->kind],
           gcut__cuda_multiply_type(p->type), m->columns, turned, any, finishes[finish]);
}

gcut_status gcut__cuda_multiply_find(gcut__cuda *cuda, const char *name, gcut__cuda_multiply *m,
                                     gcut_error *err) {
  GCUT_TRY(gcut__cuda_kernel(cuda, name, &m->kernel, err));
  GCUT_CUDA_TRY(&cuda->driver, cuFuncSetAttribute, m->kernel,
                CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, (int)m->shared_bytes);
  return m->kind == GCUT_CUDA_MULTIPLY_WIDE ? gcut__cuda_wide_count(cuda, m, err) : GCUT_OK;
}

// Finds the kernel that *m describes.
static gcut_status find_kernel(gcut__cuda *cuda, const gcut__cuda_product *p,
                               gcut__cuda_finish finish, gcut__cuda_multiply *m, gcut_error *err) {
  char name[64];
  name_kernel(p, m, finish, name, sizeof name);
  return gcut__cuda_multiply_find(cuda, name, m, err);
}

gcut_status gcut__cuda_multiply_load_kind(gcut__cuda *cuda, const gcut__cuda_product *p,
                                          gcut__cuda_multiply_kind kind, bool small,
                                          gcut__cuda_multiply *out, gcut_error *err) {
  if (!fits(p, kind))
    return GCUT_FAIL(err, GCUT_UNSUPPORTED, "no kernel of kind %d for such a product", (int)kind);
  *out = (gcut__cuda_multiply){.kind = kind};
  gcut__cuda_multiply_describe(
      out, small || (kind == GCUT_CUDA_MULTIPLY_MMA && (p->transpose_a || !is_aligned(p))));
  return find_kernel(cuda, p, GCUT_CUDA_FINISH_NONE, out, err);
}

// Whether the card has more work at once with small tiles: large ones would leave a part of it idle
// for longer than their better use of what they fetch is worth.
static bool are_small_better(const gcut__cuda *cuda, const gcut__cuda_multiply *small,
                             int64_t small_tiles, const gcut__cuda_multiply *large,
                             int64_t large_tiles) {
  int64_t large_waves = gcut__cuda_tiles(large_tiles, cuda->processors);
  int64_t small_waves = gcut__cuda_tiles(small_tiles, cuda->processors);
  return small_waves * small->rows * small->columns * 5 <
         large_waves * large->rows * large->columns * 4;
}

static bool wants_small(const gcut__cuda *cuda, const gcut__cuda_product *p,
                        gcut__cuda_multiply_kind kind) {
  gcut__cuda_multiply large = {.kind = kind}, small = {.kind = kind};
  gcut__cuda_multiply_describe(&large, false);
  gcut__cuda_multiply_describe(&small, true);
  return are_small_better(cuda, &small, tiles_in_all(p, &small), &large, tiles_in_all(p, &large));
}

// Where the library was measured to be as fast or faster, and little is saved by what is joined:
// products that are small, or shallow, or, of those that make rows shorter and no activation
// follows, whose tiles leave a part of the card idle.
enum { WORTH_TILES = 48, WORTH_K = 768, WORTH_PERCENT = 80 };

static bool keeps_busy(const gcut__cuda *cuda, const gcut__cuda_product *p) {
  gcut__cuda_multiply m = {.kind = GCUT_CUDA_MULTIPLY_WIDE};
  gcut__cuda_multiply_describe(&m, wants_small(cuda, p, m.kind));
  int64_t tiles = tiles_in_all(p, &m), waves = gcut__cuda_tiles(tiles, cuda->processors);
  return tiles * 100 >= waves * cuda->processors * WORTH_PERCENT;
}

bool gcut__cuda_multiply_is_own(const gcut__cuda *cuda, const gcut__cuda_product *p) {
  return cuda->has_wide_products && fits(p, GCUT_CUDA_MULTIPLY_WIDE) && p->batch == 1 &&
         p->k >= WORTH_K && p->m > 64 && p->n > 64 && // as where it is computed alone
         gcut__cuda_tiles(p->m, GCUT_CUDA_PRODUCT_WIDE_M) * gcut__cuda_tiles(p->n, 256) >=
             WORTH_TILES &&
         (p->k <= p->n || keeps_busy(cuda, p));
}

gcut_status gcut__cuda_joint_load(gcut__cuda *cuda, const gcut__cuda_joint *j,
                                  gcut__cuda_multiply *out, gcut_error *err) {
  gcut__cuda_multiply large = {.kind = GCUT_CUDA_MULTIPLY_WIDE}, small = large;
  bool both = j->finish != GCUT_CUDA_FINISH_SWIGLU;
  if (!fits(&j->product, GCUT_CUDA_MULTIPLY_WIDE))
    return GCUT_FAIL(err, GCUT_UNSUPPORTED, "no kernel for such joint products");
  gcut__cuda_multiply_describe(&large, false);
  gcut__cuda_multiply_describe(&small, true);
  bool is_small = both && are_small_better(cuda, &small, joint_tiles(j, &small), &large,
                                           joint_tiles(j, &large));
  *out = is_small ? small : large;
  return find_kernel(cuda, &j->product, j->finish, out, err);
}

gcut_status gcut__cuda_multiply_load(gcut__cuda *cuda, const gcut__cuda_product *p,
                                     gcut__cuda_multiply *out, gcut_error *err) {
  static const gcut__cuda_multiply_kind best_first[] = {
      GCUT_CUDA_MULTIPLY_WIDE, GCUT_CUDA_MULTIPLY_MMA, GCUT_CUDA_MULTIPLY_PLAIN};
  for (size_t i = 0; i + 1 < sizeof best_first / sizeof *best_first; i++) {
    gcut__cuda_multiply_kind kind = best_first[i];
    if (!fits(p, kind)) continue;
    // Little of a large tile would be used.
    if (kind == GCUT_CUDA_MULTIPLY_WIDE && (p->m <= 64 || p->n <= 64)) continue;
    // Cards of other kinds lack it.
    if (gcut__cuda_multiply_load_kind(cuda, p, kind, wants_small(cuda, p, kind), out, NULL) ==
        GCUT_OK)
      return GCUT_OK;
  }
  return gcut__cuda_multiply_load_kind(cuda, p, GCUT_CUDA_MULTIPLY_PLAIN,
                                       wants_small(cuda, p, GCUT_CUDA_MULTIPLY_PLAIN), out, err);
}

// ---- launching

gcut_status gcut__cuda_multiply_launch(gcut__cuda *cuda, const gcut__cuda_multiply *m,
                                       const gcut__cuda_product *p, CUdeviceptr a, CUdeviceptr b,
                                       CUdeviceptr c, CUdeviceptr bias, CUstream stream,
                                       gcut_error *err) {
  gcut__cuda_product_job job = {.m = p->m,
                                .n = p->n,
                                .k = p->k,
                                .batch = p->batch,
                                .lda = p->lda,
                                .ldb = p->ldb,
                                .ldc = p->ldc,
                                .stride_a = p->stride_a,
                                .stride_b = p->stride_b,
                                .stride_c = p->stride_c,
                                .transpose_a = p->transpose_a,
                                .transpose_b = p->transpose_b,
                                .alpha = p->alpha,
                                .beta = p->beta,
                                .a = (const void *)a,
                                .b = (const void *)b,
                                .c = (void *)c,
                                .bias = p->epilogue == GCUT_CUDA_EPILOGUE_BIAS ? (const void *)bias
                                                                               : NULL};
  if (m->kind == GCUT_CUDA_MULTIPLY_WIDE)
    return gcut__cuda_wide_launch(cuda, m, p, &job, stream, err);
  const int64_t tiles = tiles_in_all(p, m), most = INT64_C(1)
                                                   << 30; // blocks go on to further tiles
  uint32_t grid[3] = {(uint32_t)(tiles < most ? tiles : most), 1, 1};
  void *arguments[] = {&job};
  return gcut__cuda_launch(cuda, m->kernel, grid, m->threads, m->shared_bytes, stream, arguments,
                           err);
}
