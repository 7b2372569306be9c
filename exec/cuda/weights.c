// Weights lie sorted as in their files, so that neighbours go up in one run. Those that kernels
// read in place are registered where they are; what cannot be (the driver refuses, no file holds
// them, or their address is less aligned than matrix products need) gets a pinned copy.
#include "exec/cuda/weights.h"

#include <stdlib.h>
#include <string.h>

#include "exec/cuda/mapped.h"
#include "exec/cuda/populate.h"
#include "exec/cuda/ring.h"

enum { NEIGHBOUR_GAP = 4096, PRODUCT_ALIGN = 16 };

typedef struct extent { // of a file, registered for kernels
  const gcut_file *file;
  uint64_t offset, bytes;
} extent;

typedef struct weights_state {
  CUdeviceptr *addresses; // [n] of those read in place
  void **copies;          // [n] pinned
  extent *extents;        // [n_extents], at most n
  uint32_t n_extents;
} weights_state;

CUdeviceptr gcut__cuda_weight_address(const gcut__part_weights *w, uint32_t i) {
  const weights_state *s = w->state;
  return s ? s->addresses[i] : 0;
}

static void free_state(weights_state *s) {
  free(s->addresses);
  free(s->copies);
  free(s->extents);
  free(s);
}

static weights_state *new_state(uint32_t n) {
  weights_state *s = calloc(1, sizeof *s);
  if (!s) return NULL;
  s->addresses = calloc((size_t)n + 1, sizeof *s->addresses);
  s->copies = calloc((size_t)n + 1, sizeof *s->copies);
  s->extents = calloc((size_t)n + 1, sizeof *s->extents);
  if (s->addresses && s->copies && s->extents) return s;
  free_state(s);
  return NULL;
}

static extent *add_extent(const gcut__part_weights *w, const gcut_constant *k, uint64_t bytes) {
  weights_state *s = w->state;
  extent *it = &s->extents[s->n_extents++];
  *it = (extent){&w->graph->files[k->file], k->offset, bytes};
  return it;
}

// ---- copies into the range --------------------------------------------------------------------

typedef struct moved {
  uint64_t offset; // in the range
  uint32_t weight;
} moved;

static int by_offset(const void *a, const void *b) {
  const moved *x = a, *y = b;
  if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
  return x->weight < y->weight ? -1 : x->weight > y->weight;
}

static moved *sort_moved(const gcut__part_weights *w, uint32_t *out_n) {
  moved *list = calloc((size_t)w->n + 1, sizeof *list);
  *out_n = 0;
  if (!list) return NULL;
  for (uint32_t i = 0; i < w->n; i++)
    if (w->offsets[i] != GCUT_ON_HEAP) list[(*out_n)++] = (moved){w->offsets[i], i};
  qsort(list, *out_n, sizeof *list, by_offset);
  return list;
}

// Whether `k` lies behind `first`, of whose run `bytes` are known, at the same distance in the file
// as on the device.
static bool joins(const gcut_constant *first, uint64_t bytes, const gcut_constant *k,
                  uint64_t distance) {
  return k->file == first->file && k->offset >= first->offset &&
         k->offset - first->offset == distance && distance >= bytes &&
         distance - bytes < NEIGHBOUR_GAP;
}

// The run of weights that begins the list: neighbours in a file and on the device alike.
static uint32_t find_run(const gcut__part_weights *w, const moved *list, uint32_t n,
                         CUdeviceptr range, gcut__cuda_upload *out) {
  const gcut_constant *first = w->constants[list[0].weight];
  uint32_t taken = 1;
  *out = (gcut__cuda_upload){first->data, first->bytes, range + list[0].offset};
  for (; taken < n && first->file != GCUT_NONE; taken++) {
    const gcut_constant *k = w->constants[list[taken].weight];
    uint64_t distance = list[taken].offset - list[0].offset;
    if (!joins(first, out->bytes, k, distance)) break;
    out->bytes = distance + k->bytes;
  }
  return taken;
}

static gcut_status upload(gcut__cuda *cuda, const gcut__part_weights *w, uint64_t offset,
                          gcut_error *err) {
  uint32_t n, n_runs = 0;
  moved *list = sort_moved(w, &n);
  gcut__cuda_upload *runs = calloc((size_t)n + 1, sizeof *runs);
  gcut_status status = list && runs ? GCUT_OK : GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < n && status == GCUT_OK;)
    i += find_run(w, list + i, n - i, cuda->slab + offset, &runs[n_runs++]);
  if (status == GCUT_OK)
    status =
        gcut__cuda_ring_upload(cuda->ring, runs, n_runs, cuda->streams[GCUT_QUEUE_WEIGHTS], err);
  free(runs);
  free(list);
  return status;
}

// ---- in place ---------------------------------------------------------------------------------

static gcut_status copy_pinned(gcut__cuda *cuda, const gcut__part_weights *w, uint32_t i,
                               gcut_error *err) {
  weights_state *s = w->state;
  const gcut_constant *k = w->constants[i];
  if (!gcut__cuda_populate_read(k->data, k->bytes))
    return GCUT_FAIL(err, GCUT_FORMAT, "a file of weights was truncated while it was read");
  GCUT_CUDA_TRY(&cuda->driver, cuMemHostAlloc, &s->copies[i], k->bytes, CU_MEMHOSTALLOC_DEVICEMAP);
  memcpy(s->copies[i], k->data, k->bytes);
  GCUT_CUDA_TRY(&cuda->driver, cuMemHostGetDevicePointer, &s->addresses[i], s->copies[i], 0);
  return GCUT_OK;
}

static gcut_status map_weight(gcut__cuda *cuda, const gcut__part_weights *w, uint32_t i,
                              gcut_error *err) {
  weights_state *s = w->state;
  const gcut_constant *k = w->constants[i];
  if (k->bytes == 0) return GCUT_OK;
  if (k->file != GCUT_NONE && (uintptr_t)k->data % PRODUCT_ALIGN == 0) {
    const extent *it = add_extent(w, k, k->bytes);
    GCUT_TRY(gcut__cuda_chunks_map(cuda->chunks, it->file, it->offset, it->bytes, &s->addresses[i],
                                   err));
  }
  return s->addresses[i] ? GCUT_OK : copy_pinned(cuda, w, i, err);
}

// ---- the whole --------------------------------------------------------------------------------

gcut_status gcut__cuda_weights_load(gcut__device *device, gcut__part_weights *w, uint64_t offset,
                                    gcut_error *err) {
  gcut__cuda *cuda = (gcut__cuda *)device;
  GCUT_TRY(gcut__cuda_enter(cuda, err));
  weights_state *s = w->state = new_state(w->n);
  if (!s) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < w->n; i++)
    if (w->offsets[i] == GCUT_ON_HEAP) GCUT_TRY(map_weight(cuda, w, i, err));
  if (offset != GCUT_ON_HEAP) GCUT_TRY(upload(cuda, w, offset, err));
  return GCUT_OK;
}

// Kernels are over when a schedule drops what they read; not where a run is given up half-way.
static void await_kernels(gcut__cuda *cuda, const weights_state *s, uint32_t n) {
  bool in_place = false;
  for (uint32_t i = 0; i < n; i++) in_place = in_place || s->addresses[i];
  for (int q = 0; q < GCUT_N_QUEUES && in_place; q++)
    if (cuda->streams[q]) cuda->driver.cuStreamSynchronize(cuda->streams[q]);
}

void gcut__cuda_weights_unload(gcut__device *device, gcut__part_weights *w) {
  gcut__cuda *cuda = (gcut__cuda *)device;
  const gcut__cuda_driver *driver = &cuda->driver;
  weights_state *s = w->state;
  if (!s || driver->cuCtxSetCurrent(cuda->context) != CUDA_SUCCESS) return;
  await_kernels(cuda, s, w->n);
  for (uint32_t i = 0; i < s->n_extents; i++)
    gcut__cuda_chunks_release(cuda->chunks, s->extents[i].file, s->extents[i].offset,
                              s->extents[i].bytes);
  for (uint32_t i = 0; i < w->n; i++)
    if (s->copies[i]) driver->cuMemFreeHost(s->copies[i]);
  free_state(s);
  w->state = NULL;
}
