// Two launches: one lists the rows in the order of their choice and counts tiles, one multiplies.
// How many tiles there are is known on the card alone; the host knows how many there can be.
#include "exec/cuda/ops/multiply_grouped.h"

#include <stdio.h>

#include "exec/cuda/kernels.h"
#include "exec/cuda/ops/multiply_wide.h"
#include "exec/cuda/ops/tensor_map.h"

enum { FEW_ROWS = 512 }; // which a few warps list as fast as many

bool gcut__cuda_grouped_fits(const gcut__cuda_grouped *g) {
  bool typed = g->type == GCUT_FLOAT || g->type == GCUT_FLOAT16 || g->type == GCUT_BFLOAT16 ||
               g->type == GCUT_DOUBLE;
  return typed && (g->index_type == GCUT_INT64 || g->index_type == GCUT_INT32) && g->rows > 0 &&
         g->rows <= INT32_MAX && g->choices > 0 && g->choices <= GCUT_CUDA_ROUTE_CHOICES &&
         g->n > 0 && g->n <= INT32_MAX && g->k > 0 && g->k <= INT32_MAX && g->repeat > 0 &&
         g->rows % g->repeat == 0;
}

// ---- which kernel

// Rows of whole 16 bytes, of 16-bit types. Hopper's kernel counts in 32 bits where such pieces lie;
// it alone goes on to SwiGLU.
static bool takes(const gcut__cuda_grouped *g, gcut__cuda_multiply_kind kind) {
  bool narrow = g->type == GCUT_FLOAT16 || g->type == GCUT_BFLOAT16;
  if (g->swiglu && (kind != GCUT_CUDA_MULTIPLY_WIDE || g->n % 16 != 0)) return false;
  if (kind == GCUT_CUDA_MULTIPLY_PLAIN) return true;
  if (!narrow || g->n % 8 != 0 || g->k % 8 != 0) return false;
  return kind == GCUT_CUDA_MULTIPLY_MMA || g->rows / g->repeat <= UINT32_MAX / (g->k / 8);
}

// Whether large tiles would be mostly empty, or too few for the card.
static bool wants_small(const gcut__cuda *cuda, const gcut__cuda_grouped *g) {
  return g->rows <= 64 * g->choices ||
         (g->rows / 128 + g->choices) * gcut__cuda_tiles(g->n, 128) < cuda->processors;
}

static gcut_status find_kernel(gcut__cuda *cuda, const gcut__cuda_grouped *g,
                               gcut__cuda_multiply *m, gcut_error *err) {
  char name[64];
  const char *type = gcut__cuda_multiply_type(g->type);
  bool wide = m->kind == GCUT_CUDA_MULTIPLY_WIDE;
  gcut__cuda_multiply_describe(m, !wide && wants_small(cuda, g));
  if (wide)
    snprintf(name, sizeof name, "gcut_grouped_wide_%s%s%s", type, g->transpose_b ? "_t" : "",
             g->swiglu ? "_swiglu" : "");
  else
    snprintf(name, sizeof name, "gcut_grouped_%s_%s_%u",
             m->kind == GCUT_CUDA_MULTIPLY_MMA ? "mma" : "plain", type, m->columns);
  return gcut__cuda_multiply_find(cuda, name, m, err);
}

// ---- scratch: the order, where its rows come from, tiles, and how many

typedef struct scratch {
  uint64_t sources, tiles, n_tiles, bytes;
} scratch;

// Rows of a tile: Hopper's are a cluster's.
static int64_t tile_rows(const gcut__cuda_multiply *m) {
  return m->kind == GCUT_CUDA_MULTIPLY_WIDE ? GCUT_CUDA_GROUPED_WIDE_ROWS : m->rows;
}

// A choice's last tile may have one row.
static int64_t most_tiles(const gcut__cuda_grouped *g, const gcut__cuda_multiply *m) {
  return g->rows / tile_rows(m) + g->choices;
}

static scratch scratch_of(const gcut__cuda_grouped *g, const gcut__cuda_multiply *m) {
  const uint64_t rows = ((uint64_t)g->rows * sizeof(int32_t) + 15) / 16 * 16;
  scratch s = {.sources = rows, .tiles = 2 * rows};
  s.n_tiles = s.tiles + (uint64_t)most_tiles(g, m) * sizeof(gcut__cuda_grouped_tile);
  s.bytes = s.n_tiles + sizeof(int32_t);
  return s;
}

// ---- finding

gcut_status gcut__cuda_grouped_load_kind(gcut__cuda *cuda, const gcut__cuda_grouped *g,
                                         gcut__cuda_multiply_kind kind,
                                         gcut__cuda_grouped_multiply *out, gcut_error *err) {
  if (!takes(g, kind))
    return GCUT_FAIL(err, GCUT_UNSUPPORTED, "no kernel of kind %d for such a grouped product",
                     (int)kind);
  *out = (gcut__cuda_grouped_multiply){.multiply.kind = kind};
  GCUT_TRY(gcut__cuda_kernel(cuda, "gcut_route", &out->route, err));
  GCUT_TRY(find_kernel(cuda, g, &out->multiply, err));
  out->scratch_bytes = scratch_of(g, &out->multiply).bytes;
  return GCUT_OK;
}

gcut_status gcut__cuda_grouped_load(gcut__cuda *cuda, const gcut__cuda_grouped *g,
                                    gcut__cuda_grouped_multiply *out, gcut_error *err) {
  if (gcut__cuda_grouped_load_kind(cuda, g, GCUT_CUDA_MULTIPLY_WIDE, out, NULL) == GCUT_OK ||
      gcut__cuda_grouped_load_kind(cuda, g, GCUT_CUDA_MULTIPLY_MMA, out, NULL) == GCUT_OK)
    return GCUT_OK;
  return gcut__cuda_grouped_load_kind(cuda, g, GCUT_CUDA_MULTIPLY_PLAIN, out, err);
}

// ---- launching

static gcut_status route(gcut__cuda *cuda, const gcut__cuda_grouped_multiply *m,
                         const gcut__cuda_grouped *g, const gcut__cuda_grouped_operands *at,
                         CUstream stream, gcut_error *err) {
  const scratch s = scratch_of(g, &m->multiply);
  gcut__cuda_route_job job = {.n_rows = g->rows,
                              .n_choices = (int32_t)g->choices,
                              .tile_rows = (int32_t)tile_rows(&m->multiply),
                              .repeat = (int32_t)g->repeat,
                              .first = (int32_t)at->first,
                              .all = (int32_t)at->all,
                              .wide = g->index_type == GCUT_INT64,
                              .node = at->node,
                              .indices = (const void *)at->indices,
                              .order = (int32_t *)at->scratch,
                              .sources = (int32_t *)(at->scratch + s.sources),
                              .tiles = (gcut__cuda_grouped_tile *)(at->scratch + s.tiles),
                              .n_tiles = (int32_t *)(at->scratch + s.n_tiles),
                              .fault = (uint32_t *)at->fault};
  uint32_t grid[3] = {(uint32_t)g->choices, 1, 1},
           threads = g->rows > FEW_ROWS ? GCUT_CUDA_ROUTE_THREADS : 128;
  void *arguments[] = {&job};
  return gcut__cuda_launch(cuda, m->route, grid, threads, 0, stream, arguments, err);
}

static gcut__cuda_grouped_job job_of(const gcut__cuda_grouped_multiply *m,
                                     const gcut__cuda_grouped *g,
                                     const gcut__cuda_grouped_operands *at) {
  const scratch s = scratch_of(g, &m->multiply);
  const int64_t columns = g->swiglu ? g->n / 2 : g->n;
  return (gcut__cuda_grouped_job){.base = {.m = g->rows,
                                           .n = columns,
                                           .k = g->k,
                                           .batch = 1,
                                           .lda = g->k,
                                           .ldb = g->transpose_b ? g->k : g->n,
                                           .ldc = columns,
                                           .stride_b = g->k * g->n,
                                           .transpose_b = g->transpose_b,
                                           .alpha = 1,
                                           .a = (const void *)at->a,
                                           .b = (const void *)at->b,
                                           .c = (void *)at->c},
                                  .order = (const int32_t *)at->scratch,
                                  .sources = (const int32_t *)(at->scratch + s.sources),
                                  .tiles = (const gcut__cuda_grouped_tile *)(at->scratch + s.tiles),
                                  .n_tiles = (const int32_t *)(at->scratch + s.n_tiles)};
}

static gcut_status map_b(gcut__cuda *cuda, const gcut__cuda_grouped *g,
                         const gcut__cuda_multiply *m, CUdeviceptr b, gcut__cuda_tensor_map *out,
                         gcut_error *err) {
  const int64_t columns = g->transpose_b ? g->k : g->n;
  gcut__cuda_view view = {.data = (const void *)b,
                          .columns = columns,
                          .rows = g->transpose_b ? g->n : g->k,
                          .heads = g->choices,
                          .batch = 1,
                          .row_step = columns,
                          .head_step = g->n * g->k,
                          .batch_step = columns,
                          .element_bytes = 2};
  return gcut__cuda_map(
      cuda, &view,
      g->transpose_b ? m->columns / GCUT_CUDA_PRODUCT_CLUSTER : GCUT_CUDA_PRODUCT_WIDE_K, out, err);
}

gcut_status gcut__cuda_grouped_launch(gcut__cuda *cuda, const gcut__cuda_grouped_multiply *m,
                                      const gcut__cuda_grouped *g,
                                      const gcut__cuda_grouped_operands *at, CUstream stream,
                                      gcut_error *err) {
  const gcut__cuda_multiply *p = &m->multiply;
  const bool is_wide = p->kind == GCUT_CUDA_MULTIPLY_WIDE;
  const int64_t tiles = most_tiles(g, p) * gcut__cuda_tiles(g->n, p->columns),
                most = is_wide ? p->clusters : INT32_MAX; // blocks go on to further tiles
  const uint32_t blocks =
      (uint32_t)(tiles < most ? tiles : most) * (is_wide ? GCUT_CUDA_PRODUCT_CLUSTER : 1);
  gcut__cuda_grouped_wide wide = {.grouped = job_of(m, g, at)};
  void *arguments[] = {is_wide ? (void *)&wide : (void *)&wide.grouped};
  if (is_wide) GCUT_TRY(map_b(cuda, g, p, at->b, &wide.b_map, err));
  GCUT_TRY(route(cuda, m, g, at, stream, err));
  return gcut__cuda_launch(cuda, p->kernel, (uint32_t[]){blocks, 1, 1}, p->threads, p->shared_bytes,
                           stream, arguments, err);
}
