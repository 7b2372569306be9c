#include "exec/cuda/mapped.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tracer/base/map.h"
#include "tracer/base/vector.h"

enum { RING_SLOTS = 4, READERS = 4 };
static const uint64_t CHUNK = UINT64_C(64) << 20, SLOT = UINT64_C(8) << 20;

typedef struct chunk { // of a file, at a multiple of CHUNK
  const uint8_t *data;
  uint64_t bytes;
  uint32_t users;
  bool registered; // false: the driver refused
} chunk;

struct gcut__cuda_chunks {
  gcut__cuda *cuda;
  pthread_mutex_t mutex; // uploads and releases come from different queues
  gcut_map numbers;      // address / page -> chunk
  chunk *chunks;
  uint32_t n, capacity;
  uint8_t *ring; // pinned, RING_SLOTS * SLOT
  CUevent ring_done[RING_SLOTS];
  uint32_t next_slot;
};

gcut_status gcut__cuda_chunks_create(gcut__cuda *cuda, gcut__cuda_chunks **out_chunks,
                                     gcut_error *err) {
  gcut__cuda_chunks *c = *out_chunks = calloc(1, sizeof *c);
  if (!c) return GCUT_NO_MEMORY(err);
  c->cuda = cuda;
  pthread_mutex_init(&c->mutex, NULL);
  return GCUT_OK;
}

void gcut__cuda_chunks_destroy(gcut__cuda_chunks *c) {
  if (!c) return;
  const gcut__cuda_driver *driver = &c->cuda->driver;
  for (uint32_t i = 0; i < c->n; i++)
    if (c->chunks[i].users > 0 && c->chunks[i].registered)
      driver->cuMemHostUnregister((void *)c->chunks[i].data);
  for (int i = 0; i < RING_SLOTS; i++)
    if (c->ring_done[i]) driver->cuEventDestroy(c->ring_done[i]);
  if (c->ring) driver->cuMemFreeHost(c->ring);
  pthread_mutex_destroy(&c->mutex);
  gcut_map_free(&c->numbers);
  free(c->chunks);
  free(c);
}

// ---- chunks -----------------------------------------------------------------------------------

// The chunk of a file at a multiple of CHUNK, made at need; GCUT_NONE where memory is out.
static uint32_t find_chunk(gcut__cuda_chunks *c, const gcut_file *file, uint64_t at) {
  uint64_t key = (uint64_t)(uintptr_t)(file->data + at);
  uint32_t found = gcut_map_get(&c->numbers, key);
  if (found != UINT32_MAX) return found;
  if (!gcut_vector_reserve((void **)&c->chunks, &c->capacity, c->n, 1, sizeof *c->chunks))
    return GCUT_NONE;
  uint64_t left = file->bytes - at;
  c->chunks[c->n] = (chunk){.data = file->data + at, .bytes = left < CHUNK ? left : CHUNK};
  if (!gcut_map_set(&c->numbers, key, c->n)) return GCUT_NONE;
  return c->n++;
}

// A refusal is no failure: the ring takes over.
static void use_chunk(gcut__cuda_chunks *c, chunk *it) {
  if (it->users++ > 0) return;
  CUresult result = c->cuda->driver.cuMemHostRegister(
      (void *)it->data, it->bytes, CU_MEMHOSTREGISTER_READ_ONLY | CU_MEMHOSTREGISTER_DEVICEMAP);
  it->registered = result == CUDA_SUCCESS;
}

static void leave_chunk(gcut__cuda_chunks *c, chunk *it) {
  if (it->users == 0 || --it->users > 0) return;
  if (it->registered) c->cuda->driver.cuMemHostUnregister((void *)it->data);
  it->registered = false;
}

// ---- the ring ---------------------------------------------------------------------------------

static gcut_status make_ring(gcut__cuda_chunks *c, gcut_error *err) {
  const gcut__cuda_driver *driver = &c->cuda->driver;
  void *memory = NULL;
  if (c->ring) return GCUT_OK;
  GCUT_CUDA_TRY(driver, cuMemHostAlloc, &memory, RING_SLOTS * SLOT, CU_MEMHOSTALLOC_PORTABLE);
  c->ring = memory;
  for (int i = 0; i < RING_SLOTS; i++)
    GCUT_CUDA_TRY(driver, cuEventCreate, &c->ring_done[i], CU_EVENT_DISABLE_TIMING);
  return GCUT_OK;
}

// Copies what fits a slot; waits until the slot's last copy has left it.
static gcut_status upload_slot(gcut__cuda_chunks *c, const uint8_t *data, uint64_t bytes,
                               CUdeviceptr to, CUstream stream, gcut_error *err) {
  const gcut__cuda_driver *driver = &c->cuda->driver;
  uint32_t slot = c->next_slot++ % RING_SLOTS;
  GCUT_CUDA_TRY(driver, cuEventSynchronize, c->ring_done[slot]);
  memcpy(c->ring + slot * SLOT, data, bytes);
  GCUT_CUDA_TRY(driver, cuMemcpyHtoDAsync, to, c->ring + slot * SLOT, bytes, stream);
  GCUT_CUDA_TRY(driver, cuEventRecord, c->ring_done[slot], stream);
  return GCUT_OK;
}

gcut_status gcut__cuda_chunks_upload_memory(gcut__cuda_chunks *c, const void *data, uint64_t bytes,
                                            CUdeviceptr to, CUstream stream, gcut_error *err) {
  pthread_mutex_lock(&c->mutex);
  gcut_status status = make_ring(c, err);
  for (uint64_t at = 0; at < bytes && status == GCUT_OK; at += SLOT)
    status = upload_slot(c, (const uint8_t *)data + at, bytes - at < SLOT ? bytes - at : SLOT,
                         to + at, stream, err);
  pthread_mutex_unlock(&c->mutex);
  return status;
}

// ---- ranges of files --------------------------------------------------------------------------

// Takes the chunk at `at` into use.
static gcut_status take_chunk(gcut__cuda_chunks *c, const gcut_file *file, uint64_t at,
                              bool *out_registered, gcut_error *err) {
  pthread_mutex_lock(&c->mutex);
  uint32_t index = find_chunk(c, file, at / CHUNK * CHUNK);
  if (index != GCUT_NONE) use_chunk(c, &c->chunks[index]);
  *out_registered = index != GCUT_NONE && c->chunks[index].registered;
  pthread_mutex_unlock(&c->mutex);
  return index != GCUT_NONE ? GCUT_OK : GCUT_NO_MEMORY(err);
}

static uint64_t end_of_chunk(uint64_t at, uint64_t end) {
  uint64_t next = (at / CHUNK + 1) * CHUNK;
  return next < end ? next : end;
}

// ---- reading ahead: pages that are mapped already are registered at twice the rate, and mapping
// them is what several threads can do beside the one that registers

typedef struct readers {
  uint8_t *data; // from the start of a page
  uint64_t bytes;
  uint64_t next; // atomic: the first piece that nobody took
  pthread_t threads[READERS];
  uint32_t n;
} readers;

static void *read_pieces(void *argument) {
  readers *r = argument;
  const uint64_t piece = UINT64_C(4) << 20;
  for (uint64_t at; (at = __atomic_fetch_add(&r->next, piece, __ATOMIC_RELAXED)) < r->bytes;) {
#ifdef MADV_POPULATE_READ
    madvise(r->data + at, r->bytes - at < piece ? r->bytes - at : piece, MADV_POPULATE_READ);
#endif
  }
  return NULL;
}

// Only helps: without threads, or on a kernel that knows no such advice, registering reads.
static void start_readers(readers *r, const gcut_file *file, uint64_t offset, uint64_t bytes) {
  const uint64_t page = 4096;
  uint8_t *data = (uint8_t *)file->data + offset / page * page;
  *r = (readers){.data = data, .bytes = bytes + offset % page};
  if (bytes < CHUNK / 8) return;
  for (; r->n < READERS; r->n++)
    if (pthread_create(&r->threads[r->n], NULL, read_pieces, r) != 0) return;
}

static void join_readers(readers *r) {
  for (uint32_t i = 0; i < r->n; i++) pthread_join(r->threads[i], NULL);
}

static gcut_status upload_chunks(gcut__cuda_chunks *c, const gcut_file *file, uint64_t offset,
                                 uint64_t bytes, CUdeviceptr to, CUstream stream, gcut_error *err) {
  const gcut__cuda_driver *driver = &c->cuda->driver;
  bool registered;
  for (uint64_t at = offset, end; at < offset + bytes; at = end) {
    CUdeviceptr target = to + (at - offset);
    end = end_of_chunk(at, offset + bytes);
    GCUT_TRY(take_chunk(c, file, at, &registered, err));
    if (registered)
      GCUT_CUDA_TRY(driver, cuMemcpyHtoDAsync, target, file->data + at, end - at, stream);
    else
      GCUT_TRY(gcut__cuda_chunks_upload_memory(c, file->data + at, end - at, target, stream, err));
  }
  return GCUT_OK;
}

gcut_status gcut__cuda_chunks_upload(gcut__cuda_chunks *c, const gcut_file *file, uint64_t offset,
                                     uint64_t bytes, CUdeviceptr to, CUstream stream,
                                     gcut_error *err) {
  readers r;
  start_readers(&r, file, offset, bytes);
  gcut_status status = upload_chunks(c, file, offset, bytes, to, stream, err);
  join_readers(&r);
  return status;
}

gcut_status gcut__cuda_chunks_map(gcut__cuda_chunks *c, const gcut_file *file, uint64_t offset,
                                  uint64_t bytes, CUdeviceptr *out_address, gcut_error *err) {
  bool registered, one = true;
  *out_address = 0;
  for (uint64_t at = offset, end; at < offset + bytes; at = end) {
    CUdeviceptr here = 0;
    end = end_of_chunk(at, offset + bytes);
    GCUT_TRY(take_chunk(c, file, at, &registered, err));
    if (registered && c->cuda->driver.cuMemHostGetDevicePointer(&here, (void *)(file->data + at),
                                                                0) != CUDA_SUCCESS)
      here = 0;
    if (at == offset) *out_address = here;
    one = one && here && here == *out_address + (at - offset);
  }
  if (!one) *out_address = 0;
  return GCUT_OK;
}

void gcut__cuda_chunks_release(gcut__cuda_chunks *c, const gcut_file *file, uint64_t offset,
                               uint64_t bytes) {
  pthread_mutex_lock(&c->mutex);
  for (uint64_t at = offset / CHUNK * CHUNK; bytes > 0 && at < offset + bytes; at += CHUNK) {
    uint32_t index = gcut_map_get(&c->numbers, (uint64_t)(uintptr_t)(file->data + at));
    if (index != UINT32_MAX) leave_chunk(c, &c->chunks[index]);
  }
  pthread_mutex_unlock(&c->mutex);
}
