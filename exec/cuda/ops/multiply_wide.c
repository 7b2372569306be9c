// A launch has as many blocks as the card holds at once; clusters that had to wait for others would
// begin their tiles when those end theirs.
#include "exec/cuda/ops/multiply_wide.h"

#include "exec/cuda/kernels.h"
#include "exec/cuda/ops/tensor_map.h"

enum { WIDE_M = GCUT_CUDA_PRODUCT_WIDE_M, CLUSTER = GCUT_CUDA_PRODUCT_CLUSTER };

// Two stages more of the narrower tiles, which are used up faster; two panels of the result for
// each of two warpgroups; barriers, and to begin at a multiple of 1024.
void gcut__cuda_wide_describe(gcut__cuda_multiply *m, bool small) {
  const uint32_t stages = small ? 6 : 4, panel = 64 * 128;
  m->rows = WIDE_M;
  m->columns = small ? 128 : 256;
  m->threads = GCUT_CUDA_PRODUCT_WIDE_THREADS;
  m->shared_bytes = stages * (m->rows + m->columns) * 128 + 4 * panel + 1024 + 256;
}

gcut_status gcut__cuda_wide_count(gcut__cuda *cuda, gcut__cuda_multiply *m, gcut_error *err) {
  CUlaunchAttribute cluster = {.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION,
                               .value.clusterDim = {CLUSTER, 1, 1}};
  CUlaunchConfig config = {.gridDimX = (uint32_t)cuda->processors / CLUSTER * CLUSTER,
                           .gridDimY = 1,
                           .gridDimZ = 1,
                           .blockDimX = m->threads,
                           .blockDimY = 1,
                           .blockDimZ = 1,
                           .sharedMemBytes = m->shared_bytes,
                           .attrs = &cluster,
                           .numAttrs = 1};
  int n = 0;
  GCUT_CUDA_TRY(&cuda->driver, cuOccupancyMaxActiveClusters, &n, m->kernel, &config);
  m->clusters = n > 0 ? (uint32_t)n : 1;
  return GCUT_OK;
}

// ---- launching

static gcut_status map_operand(gcut__cuda *cuda, CUdeviceptr data, int64_t rows, int64_t columns,
                               int64_t step, int64_t batch_step, int64_t batch, uint32_t box_rows,
                               gcut__cuda_tensor_map *out, gcut_error *err) {
  gcut__cuda_view view = {.data = (const void *)data,
                          .columns = columns,
                          .rows = rows,
                          .heads = batch_step ? batch : 1,
                          .batch = 1,
                          .row_step = step,
                          .head_step = batch_step ? batch_step : step,
                          .batch_step = step,
                          .element_bytes = 2};
  return gcut__cuda_map(cuda, &view, box_rows, out, err);
}

static gcut_status map_b(gcut__cuda *cuda, const gcut__cuda_multiply *m,
                         const gcut__cuda_product *p, CUdeviceptr b, gcut__cuda_tensor_map *out,
                         gcut_error *err) {
  return map_operand(cuda, b, p->transpose_b ? p->n : p->k, p->transpose_b ? p->k : p->n, p->ldb,
                     p->stride_b, p->batch,
                     p->transpose_b ? m->columns / CLUSTER : GCUT_CUDA_PRODUCT_WIDE_K, out, err);
}

static gcut_status map_c(gcut__cuda *cuda, const gcut__cuda_product *p, CUdeviceptr c,
                         gcut__cuda_tensor_map *out, gcut_error *err) {
  return map_operand(cuda, c, p->m, p->n, p->ldc, p->stride_c, p->batch, 64, out, err);
}

// What has tiles of all sides.
static gcut_status launch(gcut__cuda *cuda, const gcut__cuda_multiply *m,
                          const gcut__cuda_product *p, gcut__cuda_product_wide *wide,
                          CUstream stream, gcut_error *err) {
  GCUT_TRY(map_operand(cuda, (CUdeviceptr)wide->base.a, p->m, p->k, p->lda, p->stride_a, p->batch,
                       WIDE_M, &wide->a_map, err));
  int64_t clusters = gcut__cuda_tiles(p->m, WIDE_M * CLUSTER) * wide->all_tiles * p->batch;
  uint32_t at_once = clusters < m->clusters ? (uint32_t)clusters : m->clusters;
  uint32_t grid[3] = {at_once * CLUSTER, 1, 1};
  void *arguments[] = {wide};
  return gcut__cuda_launch(cuda, m->kernel, grid, m->threads, m->shared_bytes, stream, arguments,
                           err);
}

gcut_status gcut__cuda_wide_launch(gcut__cuda *cuda, const gcut__cuda_multiply *m,
                                   const gcut__cuda_product *p, const gcut__cuda_product_job *job,
                                   CUstream stream, gcut_error *err) {
  int32_t tiles = (int32_t)gcut__cuda_tiles(p->n, m->columns);
  gcut__cuda_product_wide wide = {.base = *job,
                                  .n_sides = 1,
                                  .n = {(int32_t)p->n},
                                  .tiles = {tiles},
                                  .all_tiles = tiles,
                                  .vectors = {job->bias}};
  GCUT_TRY(map_b(cuda, m, p, (CUdeviceptr)job->b, &wide.b_map[0], err));
  GCUT_TRY(map_c(cuda, p, (CUdeviceptr)job->c, &wide.c_map[0], err));
  return launch(cuda, m, p, &wide, stream, err);
}

// ---- joint products

// Side i as a product of its own.
static gcut__cuda_product side_of(const gcut__cuda_joint *j, uint32_t i) {
  gcut__cuda_product p = j->product;
  p.n = p.ldc = j->n[i];
  p.ldb = p.transpose_b ? p.k : p.n;
  p.stride_b = p.k * p.n;
  p.stride_c = p.m * p.n;
  return p;
}

gcut_status gcut__cuda_joint_launch(gcut__cuda *cuda, const gcut__cuda_multiply *m,
                                    const gcut__cuda_joint *j, const gcut__cuda_joint_operands *x,
                                    const CUdeviceptr *y, CUstream stream, gcut_error *err) {
  bool pairs = j->finish == GCUT_CUDA_FINISH_SWIGLU;
  gcut__cuda_product first = side_of(j, 0);
  gcut__cuda_product_wide wide = {.base = {.m = first.m,
                                           .n = first.n,
                                           .k = first.k,
                                           .batch = 1,
                                           .ldc = first.ldc,
                                           .alpha = first.alpha,
                                           .a = (const void *)x->a},
                                  .n_sides = pairs ? 1 : (int32_t)j->n_sides,
                                  .skip = (const void *)x->matrix,
                                  .finish = j->program};
  for (uint32_t i = 0; i < j->n_sides; i++) {
    gcut__cuda_product side = side_of(j, i);
    GCUT_TRY(map_b(cuda, m, &side, x->b[i], &wide.b_map[i], err));
    if (pairs && i > 0) continue;
    GCUT_TRY(map_c(cuda, &side, y[i], &wide.c_map[i], err));
    wide.n[i] = (int32_t)side.n;
    wide.vectors[i] = (const void *)x->vectors[i];
    wide.tiles[i] = (int32_t)gcut__cuda_tiles(side.n, pairs ? m->columns / 2 : m->columns);
    wide.all_tiles += wide.tiles[i];
  }
  return launch(cuda, m, &first, &wide, stream, err);
}
