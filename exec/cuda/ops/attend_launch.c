#include <math.h>
#include <stdio.h>

#include "exec/cuda/kernels.h"
#include "exec/cuda/ops/attend.h"
#include "exec/cuda/ops/tensor_map.h"
#include "graphcut/dtype.h"

enum { TILE = GCUT_CUDA_ATTEND_TILE, WIDE = GCUT_CUDA_ATTEND_WIDE };

static int64_t tiles_of(int64_t n, int64_t tile) {
  return (n + tile - 1) / tile;
}

// ---- which kernel

enum { LEAST_HEAD = 16, LONGEST_HEAD = 256 };

bool gcut__cuda_attend_has_kernel(int32_t type, int64_t size) {
  if (size <= 0 || size > LONGEST_HEAD) return false;
  if (type == GCUT_FLOAT) return true;
  return (type == GCUT_BFLOAT16 || type == GCUT_FLOAT16) && size >= LEAST_HEAD && size % 8 == 0;
}

// The least size not below the head's that there is a kernel for.
static int32_t kernel_size(const gcut__cuda_attend_job *job) {
  static const int32_t sizes[] = {16, 32, 64, 96, 128, 192, LONGEST_HEAD},
                       wide[] = {64, 128, LONGEST_HEAD};
  const int32_t *size = job->type == GCUT_FLOAT ? wide : sizes;
  const int32_t longest = job->size > job->v_size ? job->size : job->v_size;
  while (*size < longest && *size < LONGEST_HEAD) size++;
  return *size;
}

static gcut_status load(gcut__cuda *cuda, gcut__cuda_attend *a, const char *kind, int32_t size,
                        gcut_error *err) {
  char name[64];
  snprintf(name, sizeof name, "gcut_attend_%s%s_%d", kind,
           a->job.type == GCUT_FLOAT      ? "f32"
           : a->job.type == GCUT_BFLOAT16 ? "bf16"
                                          : "f16",
           size);
  GCUT_TRY(gcut__cuda_kernel(cuda, name, &a->kernel, err));
  GCUT_CUDA_TRY(&cuda->driver, cuFuncSetAttribute, a->kernel,
                CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, (int)a->shared_bytes);
  a->tiles = a->float_tiles = a->head_tiles = NULL;
  if (a->job.type == GCUT_FLOAT) return GCUT_OK;
  GCUT_TRY(gcut__cuda_kernel(cuda, "gcut_mask_tiles", &a->tiles, err));
  GCUT_TRY(gcut__cuda_kernel(cuda, "gcut_mask_tiles_floats", &a->float_tiles, err));
  return gcut__cuda_kernel(cuda, "gcut_mask_tiles_heads", &a->head_tiles, err);
}

// Queries, keys or values, weights.
static gcut_status load_f32_tiles(gcut__cuda *cuda, gcut__cuda_attend *a, const char *kind,
                                  int32_t size, uint32_t tile, gcut_error *err) {
  const uint32_t pad = GCUT_CUDA_ATTEND_F32_PAD;
  a->tile = tile;
  a->threads = GCUT_CUDA_ATTEND_F32_THREADS;
  a->shared_bytes = tile * (2 * ((uint32_t)size + pad) + tile + pad) * 4;
  return load(cuda, a, kind, size, err);
}

// Smaller tiles where the kernels are Turing's, whose blocks have less shared memory.
static gcut_status load_f32(gcut__cuda *cuda, gcut__cuda_attend *a, gcut_error *err) {
  const int32_t size = kernel_size(&a->job);
  const uint32_t tile = size == LONGEST_HEAD ? TILE / 2 : TILE;
  if (load_f32_tiles(cuda, a, "", size, tile, NULL) == GCUT_OK) return GCUT_OK;
  return load_f32_tiles(cuda, a, "small_", size, tile / 2, err);
}

static gcut_status load_16_tiles(gcut__cuda *cuda, gcut__cuda_attend *a, const char *kind,
                                 int32_t size, uint32_t tiles, gcut_error *err) {
  const int32_t row = size < 64 ? size : (size + 63) / 64 * 64;
  a->tile = TILE;
  a->threads = 128;
  a->shared_bytes = tiles * TILE * (uint32_t)row * 2;
  return load(cuda, a, kind, size, err);
}

// Fewer tiles where the kernels are Turing's.
static gcut_status load_16(gcut__cuda *cuda, gcut__cuda_attend *a, gcut_error *err) {
  const int32_t size = kernel_size(&a->job);
  const uint32_t tiles =
      size <= GCUT_CUDA_ATTEND_KEPT ? GCUT_CUDA_ATTEND_TILES : GCUT_CUDA_ATTEND_LONG_TILES;
  if (load_16_tiles(cuda, a, "", size, tiles, NULL) == GCUT_OK) return GCUT_OK;
  return load_16_tiles(cuda, a, "small_", size, GCUT_CUDA_ATTEND_TURING_TILES, err);
}

gcut_status gcut__cuda_attend_load_narrow(gcut__cuda *cuda, gcut__cuda_attend *a, gcut_error *err) {
  a->wide = false;
  return a->job.type == GCUT_FLOAT ? load_f32(cuda, a, err) : load_16(cuda, a, err);
}

// The copy engine takes strides of whole 16 bytes.
static bool strides_fit(int64_t row, int64_t head, int64_t batch, int64_t element_bytes) {
  return row > 0 && (row | head | batch) * element_bytes % 16 == 0;
}

// Bytes of an element; where there is no mask, of a flag.
static int64_t mask_element(const gcut__cuda_attend_mask *mask) {
  return !mask->type || mask->type == GCUT_BOOL ? 1 : mask->type == GCUT_FLOAT ? 4 : 2;
}

// Heads that are shorter than a kernel's have zeros behind them, which the copy engine writes.
static int32_t wide_size(const gcut__cuda_attend_job *job) {
  return job->size > 64 || job->v_size > 64 ? 128 : 64;
}

static bool fits_wide(const gcut__cuda_attend_job *job) {
  const gcut__cuda_attend_mask *mask = &job->mask;
  int64_t items = tiles_of(job->n_queries, WIDE) * job->heads * job->batch;
  if (job->type == GCUT_FLOAT || job->size > 128 || job->v_size > 128 || job->n_queries <= TILE ||
      items > INT32_MAX / 2 || job->softcap > 0 || kernel_size(job) < 32)
    return false;
  if (mask->type &&
      (mask->column != 1 || !strides_fit(mask->row, mask->head, mask->batch, mask_element(mask))))
    return false;
  return strides_fit(job->q_row, job->q_head, job->q_batch, 2) &&
         strides_fit(job->k_row, job->k_head, job->k_batch, 2) &&
         strides_fit(job->v_row, job->v_head, job->v_batch, 2);
}

// Queries, stages of keys and values with their bias, of the mask as many as there is room for,
// barriers.
static uint32_t wide_bytes(const gcut__cuda_attend_job *job) {
  const uint32_t stages = GCUT_CUDA_ATTEND_WIDE_STAGES,
                 element = (uint32_t)mask_element(&job->mask),
                 masks = element == 4 && wide_size(job) > 64 ? 1 : stages;
  return (1 + 2 * stages) * WIDE * (uint32_t)wide_size(job) * 2 + masks * WIDE * WIDE * element +
         GCUT_CUDA_ATTEND_WIDE_BARRIERS + stages * WIDE * 4;
}

// Of the kinds of Hopper's kernel, the one that adds no more than it must.
static gcut_status load_wide(gcut__cuda *cuda, gcut__cuda_attend *a, gcut_error *err) {
  const int64_t element = mask_element(&a->job.mask);
  char kind[32];
  snprintf(kind, sizeof kind, "%s%s_", a->job.bias.type ? "biased_" : "",
           element == 4   ? "floats"
           : element == 2 ? "halves"
                          : "flags");
  a->shared_bytes = wide_bytes(&a->job);
  return load(cuda, a, kind, wide_size(&a->job), err);
}

gcut_status gcut__cuda_attend_load(gcut__cuda *cuda, gcut__cuda_attend *a, gcut_error *err) {
  a->wide = fits_wide(&a->job);
  // Cards of other kinds lack it.
  if (a->wide && load_wide(cuda, a, NULL) == GCUT_OK) return GCUT_OK;
  return gcut__cuda_attend_load_narrow(cuda, a, err);
}

// ---- tiles of masks

enum { WARPS = 8 }; // of a block

// Of a head.
static int64_t mask_tiles(const gcut__cuda_attend_job *job, const gcut__cuda_attend_mask *mask) {
  return (mask == &job->bias ? 1 : tiles_of(job->n_queries, TILE)) * tiles_of(job->n_keys, TILE);
}

// The least number of float16 hides beside all scores that float16 has, and the next, 32 above, is
// another; of other types those that exporters write are far below any score.
bool gcut__cuda_attend_set_tiles(gcut__cuda_attend_job *job, gcut__cuda_attend_mask *mask) {
  mask->hides = (job->type == GCUT_FLOAT16 ? -6e4f : -1e30f) / mask->factor;
  mask->ceiling = job->type == GCUT_FLOAT16 && mask->type != GCUT_FLOAT ? 65488e30f : INFINITY;
  int64_t tiles = mask_tiles(job, mask), a_batch = tiles * (mask->head ? job->heads : 1);
  if (a_batch * (mask->batch ? job->batch : 1) > INT32_MAX) return false;
  mask->tiles_head = mask->head ? (int32_t)tiles : 0;
  mask->tiles_batch = mask->batch ? (int32_t)a_batch : 0;
  return true;
}

static int64_t tiles_in_all(const gcut__cuda_attend_job *job, const gcut__cuda_attend_mask *mask) {
  if (!mask->type || job->type == GCUT_FLOAT) return 0;
  return mask_tiles(job, mask) * (mask->tiles_head ? job->heads : 1) *
         (mask->tiles_batch ? job->batch : 1);
}

uint64_t gcut__cuda_attend_scratch(const gcut__cuda_attend_job *job) {
  return (uint64_t)(tiles_in_all(job, &job->mask) + tiles_in_all(job, &job->bias)) *
         9; // a mask of rows and a byte
}

static gcut_status find_tiles(gcut__cuda *cuda, const gcut__cuda_attend *a,
                              gcut__cuda_attend_job *job, gcut__cuda_attend_mask *mask,
                              CUstream stream, gcut_error *err) {
  int32_t n_queries = mask == &job->bias ? 1 : job->n_queries;
  int32_t n_tiles = (int32_t)mask_tiles(job, mask);
  bool of_head = mask->head && mask->row;
  uint32_t grid[3] = {of_head ? (uint32_t)tiles_of(n_tiles, WARPS) : (uint32_t)n_tiles,
                      mask->tiles_head ? (uint32_t)job->heads : 1,
                      mask->tiles_batch ? (uint32_t)job->batch : 1};
  void *arguments[] = {mask, &n_queries, &job->n_keys, &n_tiles};
  if (!mask->type || !a->tiles) return GCUT_OK;
  CUfunction kernel = of_head                    ? a->head_tiles
                      : mask->type == GCUT_FLOAT ? a->float_tiles
                                                 : a->tiles;
  return gcut__cuda_launch(cuda, kernel, grid, WARPS * 32, 0, stream, arguments, err);
}

// Where they lie: rows of both masks, then kinds of both.
static void place_tiles(gcut__cuda_attend_job *job, CUdeviceptr scratch) {
  job->mask.rows = (unsigned long long *)scratch;
  job->bias.rows = job->mask.rows + tiles_in_all(job, &job->mask);
  job->mask.tiles = (uint8_t *)(job->bias.rows + tiles_in_all(job, &job->bias));
  job->bias.tiles = job->mask.tiles + tiles_in_all(job, &job->mask);
}

// ---- launching

// What repeats has one element; its step counts for nothing, but must not be 0.
static gcut__cuda_view mask_view(const gcut__cuda_attend_job *job) {
  const gcut__cuda_attend_mask *mask = &job->mask;
  return (gcut__cuda_view){mask->data,
                           job->n_keys,
                           job->n_queries,
                           mask->head ? job->heads : 1,
                           mask->batch ? job->batch : 1,
                           mask->row,
                           mask->head ? mask->head : mask->row,
                           mask->batch ? mask->batch : mask->row,
                           mask_element(mask)};
}

static gcut_status launch_wide(gcut__cuda *cuda, const gcut__cuda_attend *a,
                               const gcut__cuda_attend_job *job, CUstream stream, gcut_error *err) {
  gcut__cuda_attend_wide wide = {.base = *job};
  const int64_t heads = job->heads, kv_heads = job->heads / job->group;
  const gcut__cuda_view q = {job->q,     job->size,   job->n_queries, heads, job->batch,
                             job->q_row, job->q_head, job->q_batch,   2};
  const gcut__cuda_view k = {job->k,     job->size,   job->n_keys,  kv_heads, job->batch,
                             job->k_row, job->k_head, job->k_batch, 2};
  const gcut__cuda_view v = {job->v,     job->v_size, job->n_keys,  kv_heads, job->batch,
                             job->v_row, job->v_head, job->v_batch, 2};
  const gcut__cuda_view m = mask_view(job);
  GCUT_TRY(gcut__cuda_map(cuda, &q, WIDE, &wide.q_map, err));
  GCUT_TRY(gcut__cuda_map(cuda, &k, WIDE, &wide.k_map, err));
  GCUT_TRY(gcut__cuda_map(cuda, &v, WIDE, &wide.v_map, err));
  if (job->mask.type) GCUT_TRY(gcut__cuda_map(cuda, &m, WIDE, &wide.m_map, err));
  int64_t items = tiles_of(job->n_queries, WIDE) * heads * job->batch;
  uint32_t grid[3] = {(uint32_t)(items < cuda->processors ? items : cuda->processors), 1, 1};
  void *arguments[] = {&wide};
  return gcut__cuda_launch(cuda, a->kernel, grid, GCUT_CUDA_ATTEND_WIDE_THREADS, a->shared_bytes,
                           stream, arguments, err);
}

static gcut_status launch_narrow(gcut__cuda *cuda, const gcut__cuda_attend *a,
                                 gcut__cuda_attend_job *job, CUstream stream, gcut_error *err) {
  uint32_t grid[3] = {(uint32_t)job->heads, (uint32_t)tiles_of(job->n_queries, a->tile),
                      (uint32_t)job->batch};
  void *arguments[] = {job};
  return gcut__cuda_launch(cuda, a->kernel, grid, a->threads, a->shared_bytes, stream, arguments,
                           err);
}

gcut_status gcut__cuda_attend_launch(gcut__cuda *cuda, const gcut__cuda_attend *a,
                                     gcut__cuda_attend_job job, CUdeviceptr scratch,
                                     CUstream stream, gcut_error *err) {
  place_tiles(&job, scratch);
  GCUT_TRY(find_tiles(cuda, a, &job, &job.mask, stream, err));
  GCUT_TRY(find_tiles(cuda, a, &job, &job.bias, stream, err));
  return a->wide ? launch_wide(cuda, a, &job, stream, err)
                 : launch_narrow(cuda, a, &job, stream, err);
}
