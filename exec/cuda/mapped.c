#include "exec/cuda/mapped.h"

#include <stdlib.h>
#include <unistd.h>

#include "exec/cuda/populate.h"
#include "tracer/base/map.h"
#include "tracer/base/vector.h"

// Large enough that few registrations are needed, small enough that a launch waits a millisecond
// for one at most: registering holds the driver's lock.
static const uint64_t CHUNK = UINT64_C(32) << 20;

typedef struct chunk { // of a file, at a multiple of CHUNK
  const uint8_t *data;
  uint64_t bytes;
  uint32_t users; // parts whose kernels read it in place
  bool registered;
} chunk;

struct gcut__cuda_chunks {
  gcut__cuda *cuda;
  pthread_mutex_t mutex; // ranges are mapped and released from different queues
  gcut_map numbers;      // address -> chunk
  chunk *chunks;         // [n] in the order of first use
  uint32_t n, capacity;
  uint64_t registered, most; // bytes
};

gcut_status gcut__cuda_chunks_create(gcut__cuda *cuda, gcut__cuda_chunks **out_chunks,
                                     gcut_error *err) {
  gcut__cuda_chunks *c = *out_chunks = calloc(1, sizeof *c);
  if (!c) return GCUT_NO_MEMORY(err);
  c->cuda = cuda;
  c->most = (uint64_t)sysconf(_SC_PHYS_PAGES) / 2 * (uint64_t)sysconf(_SC_PAGESIZE);
  pthread_mutex_init(&c->mutex, NULL);
  return GCUT_OK;
}

static void unregister(gcut__cuda_chunks *c, chunk *it) {
  c->cuda->driver.cuMemHostUnregister((void *)it->data);
  it->registered = false;
  c->registered -= it->bytes;
}

void gcut__cuda_chunks_destroy(gcut__cuda_chunks *c) {
  if (!c) return;
  for (uint32_t i = 0; i < c->n; i++)
    if (c->chunks[i].registered) unregister(c, &c->chunks[i]);
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

// An eighth of what may be registered is given up at once: one for one takes longer.
static void make_room(gcut__cuda_chunks *c, uint64_t bytes) {
  if (c->registered + bytes <= c->most) return;
  for (uint32_t i = 0; i < c->n && c->registered > c->most / 8 * 7; i++)
    if (c->chunks[i].registered && c->chunks[i].users == 0) unregister(c, &c->chunks[i]);
}

// A refusal is no failure: the caller takes a copy.
static void register_chunk(gcut__cuda_chunks *c, chunk *it) {
  make_room(c, it->bytes);
  it->registered = gcut__cuda_populate_read(it->data, it->bytes) &&
                   c->cuda->driver.cuMemHostRegister(
                       (void *)it->data, it->bytes,
                       CU_MEMHOSTREGISTER_READ_ONLY | CU_MEMHOSTREGISTER_DEVICEMAP) == CUDA_SUCCESS;
  if (it->registered) c->registered += it->bytes;
}

// Registers the chunk at `at` for one more user, where it can be.
static gcut_status take_chunk(gcut__cuda_chunks *c, const gcut_file *file, uint64_t at,
                              bool *out_registered, gcut_error *err) {
  pthread_mutex_lock(&c->mutex);
  uint32_t index = find_chunk(c, file, at / CHUNK * CHUNK);
  if (index != GCUT_NONE) {
    c->chunks[index].users++;
    if (!c->chunks[index].registered) register_chunk(c, &c->chunks[index]);
    *out_registered = c->chunks[index].registered;
  }
  pthread_mutex_unlock(&c->mutex);
  return index != GCUT_NONE ? GCUT_OK : GCUT_NO_MEMORY(err);
}

static uint64_t end_of_chunk(uint64_t at, uint64_t end) {
  uint64_t next = (at / CHUNK + 1) * CHUNK;
  return next < end ? next : end;
}

// ---- in place ---------------------------------------------------------------------------------

gcut_status gcut__cuda_chunks_map(gcut__cuda_chunks *c, const gcut_file *file, uint64_t offset,
                                  uint64_t bytes, CUdeviceptr *out_address, gcut_error *err) {
  bool registered = false, one = true;
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
    if (index != UINT32_MAX && c->chunks[index].users > 0) c->chunks[index].users--;
  }
  pthread_mutex_unlock(&c->mutex);
}
