// Threads fill the ring in pieces; pieces that lie side by side in it go up together, as a group.
// Small pieces give every thread work from the first byte on; large copies come near the wire's
// rate (of 55.2 GB/s, 53.0 by 4 MiB, 54.1 by 8 and 54.6 by 16). Which thread fills which piece
// makes no difference to what arrives.
//
// A stream that always has a copy ready keeps the card's copy engine: activations on their way up
// waited for tens of milliseconds, until all weights of a part had gone. So groups go up by turns
// on two streams, each of which waits for the other's last group, and at every turn the engine
// takes what else there is.
#include "exec/cuda/ring.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec/cuda/populate.h"

// More threads than twelve gain nothing; of a larger ring less is still in the processor's caches
// when the card reads it.
enum { MOST_COPIERS = 12, GROUPS = 4, MOST_RUNS = 64 };
static const uint64_t PIECE = UINT64_C(1) << 20, GROUP = UINT64_C(16) << 20, ALIGNMENT = 256;

typedef struct run { // bytes that lie side by side here and on the card
  CUdeviceptr to;
  uint64_t at, bytes; // of the group's memory
} run;

// Takes pieces while it is open; goes up once it is closed and its last piece is there.
typedef struct group {
  uint8_t *data;
  CUevent left; // its last copies are over
  run runs[MOST_RUNS];
  uint32_t n_runs, n_moving; // pieces under way
  bool closed;
} group;

typedef struct piece {
  group *group;
  const uint8_t *from;
  uint8_t *to;
  uint64_t bytes;
} piece;

struct gcut__cuda_ring {
  gcut__cuda *cuda;
  gcut__cuda_pinned memory;
  pthread_t threads[MOST_COPIERS - 1]; // beside the caller of an upload
  uint32_t n_threads;
  CUstream other; // beside the one that uploads are asked for on
  CUevent turn;   // the last group of the stream before is over

  pthread_mutex_t mutex;  // of all that follows
  pthread_cond_t changed; // there are pieces to take, or none under way, or the ring is closing
  bool closing;
  group groups[GROUPS];
  uint64_t group_bytes;             // of each
  uint32_t open;                    // the group that takes the next piece
  CUstream streams[2];              // the one asked for, and the other; [0] has the turn
  const gcut__cuda_upload *uploads; // [n_uploads]
  uint32_t n_uploads, upload;       // the first piece that nobody took is
  uint64_t at;                      // so many bytes into its upload
  uint32_t n_moving;                // pieces under way
  gcut_status status;               // of the first piece that failed; nothing follows it
  gcut_error err;
};

static uint64_t least(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

static uint64_t aligned(uint64_t at) {
  return (at + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

// ---- create and destroy -----------------------------------------------------------------------

// No more of them than pieces that can be under way, and some cores left for those who launch.
static uint32_t count_copiers(uint64_t bytes) {
  long cores = sysconf(_SC_NPROCESSORS_ONLN) * 3 / 4;
  uint64_t n = cores < 2 ? 2 : least((uint64_t)cores, MOST_COPIERS);
  return (uint32_t)least(bytes / PIECE + 1, n);
}

static void *copy(void *argument);

static gcut_status create_groups(gcut__cuda_ring *r, gcut_error *err) {
  GCUT_TRY(gcut__cuda_pinned_take(&r->cuda->driver, GROUPS * r->group_bytes, &r->memory, err));
  for (uint32_t i = 0; i < GROUPS; i++) {
    r->groups[i].data = (uint8_t *)r->memory.data + i * r->group_bytes;
    GCUT_CUDA_TRY(&r->cuda->driver, cuEventCreate, &r->groups[i].left, CU_EVENT_DISABLE_TIMING);
  }
  return GCUT_OK;
}

gcut_status gcut__cuda_ring_create(gcut__cuda *cuda, uint64_t bytes, gcut__cuda_ring **out_ring,
                                   gcut_error *err) {
  const gcut__cuda_driver *driver = &cuda->driver;
  gcut__cuda_ring *r = *out_ring = calloc(1, sizeof *r);
  if (!r) return GCUT_NO_MEMORY(err);
  r->cuda = cuda;
  r->group_bytes = least((bytes / GROUPS / PIECE + 1) * PIECE, GROUP);
  pthread_mutex_init(&r->mutex, NULL);
  pthread_cond_init(&r->changed, NULL);
  GCUT_TRY(create_groups(r, err));
  GCUT_CUDA_TRY(driver, cuStreamCreate, &r->other, CU_STREAM_NON_BLOCKING);
  GCUT_CUDA_TRY(driver, cuEventCreate, &r->turn, CU_EVENT_DISABLE_TIMING);
  // Fewer of them, or none but the caller, do the same more slowly.
  for (uint32_t n = count_copiers(bytes); r->n_threads + 1 < n; r->n_threads++)
    if (pthread_create(&r->threads[r->n_threads], NULL, copy, r) != 0) break;
  return GCUT_OK;
}

static void stop_copiers(gcut__cuda_ring *r) {
  pthread_mutex_lock(&r->mutex);
  r->closing = true;
  pthread_cond_broadcast(&r->changed);
  pthread_mutex_unlock(&r->mutex);
  for (uint32_t i = 0; i < r->n_threads; i++) pthread_join(r->threads[i], NULL);
}

void gcut__cuda_ring_destroy(gcut__cuda_ring *r) {
  if (!r) return;
  stop_copiers(r);
  // Where an upload failed, who waits for the caller's stream has not waited for this one.
  if (r->other) r->cuda->driver.cuStreamSynchronize(r->other);
  for (uint32_t i = 0; i < GROUPS; i++)
    if (r->groups[i].left) r->cuda->driver.cuEventDestroy(r->groups[i].left);
  if (r->turn) r->cuda->driver.cuEventDestroy(r->turn);
  if (r->other) r->cuda->driver.cuStreamDestroy(r->other);
  gcut__cuda_pinned_free(&r->cuda->driver, &r->memory);
  pthread_cond_destroy(&r->changed);
  pthread_mutex_destroy(&r->mutex);
  free(r);
}

// ---- groups, with the ring's mutex held -------------------------------------------------------

// What goes up from here on goes on the other stream, after what went so far.
static gcut_status take_turn(gcut__cuda_ring *r, gcut_error *err) {
  const gcut__cuda_driver *driver = &r->cuda->driver;
  CUstream before = r->streams[0];
  GCUT_CUDA_TRY(driver, cuEventRecord, r->turn, before);
  GCUT_CUDA_TRY(driver, cuStreamWaitEvent, r->streams[1], r->turn, CU_EVENT_WAIT_DEFAULT);
  r->streams[0] = r->streams[1];
  r->streams[1] = before;
  return GCUT_OK;
}

static void empty(group *g) {
  g->n_runs = 0;
  g->closed = false;
}

static gcut_status send(gcut__cuda_ring *r, group *g, gcut_error *err) {
  const gcut__cuda_driver *driver = &r->cuda->driver;
  for (uint32_t i = 0; i < g->n_runs; i++) {
    const run *it = &g->runs[i];
    GCUT_CUDA_TRY(driver, cuMemcpyHtoDAsync, it->to, g->data + it->at, it->bytes, r->streams[0]);
  }
  GCUT_CUDA_TRY(driver, cuEventRecord, g->left, r->streams[0]);
  empty(g);
  return take_turn(r, err);
}

static uint64_t end_of(const group *g) {
  return g->n_runs ? g->runs[g->n_runs - 1].at + g->runs[g->n_runs - 1].bytes : 0;
}

// The run that goes on at `to`: the last, or a new one.
static run *run_to(group *g, CUdeviceptr to) {
  run *last = g->n_runs ? &g->runs[g->n_runs - 1] : NULL;
  if (last && last->to + last->bytes == to) return last;
  run next = {to, aligned(end_of(g)), 0};
  g->runs[g->n_runs] = next;
  return &g->runs[g->n_runs++];
}

// ---- pieces, with the ring's mutex held -------------------------------------------------------

static bool is_full(const gcut__cuda_ring *r, const group *g) {
  return g->n_runs == MOST_RUNS || aligned(end_of(g)) >= r->group_bytes;
}

static bool has_pieces(const gcut__cuda_ring *r) {
  return r->status == GCUT_OK && r->upload < r->n_uploads;
}

static void skip_to_bytes(gcut__cuda_ring *r) {
  while (r->upload < r->n_uploads && r->at == r->uploads[r->upload].bytes) r->upload++, r->at = 0;
}

// False where there is none, or no group to take it: all wait for pieces under way.
static bool take_piece(gcut__cuda_ring *r, piece *out) {
  group *g = &r->groups[r->open];
  if (!has_pieces(r) || g->closed) return false;
  const gcut__cuda_upload *u = &r->uploads[r->upload];
  run *here = run_to(g, u->to + r->at);
  uint64_t at = here->at + here->bytes;
  uint64_t bytes = least(least(u->bytes - r->at, PIECE), r->group_bytes - at);
  *out = (piece){g, u->data + r->at, g->data + at, bytes};
  here->bytes += bytes;
  g->n_moving++, r->n_moving++;
  r->at += bytes;
  skip_to_bytes(r);
  if (!is_full(r, g) && has_pieces(r)) return true;
  g->closed = true;
  r->open = (r->open + 1) % GROUPS;
  return true;
}

static void put_down(gcut__cuda_ring *r, group *g, gcut_status status, gcut_error *err) {
  g->n_moving--, r->n_moving--;
  if (status == GCUT_OK && r->status == GCUT_OK && g->closed && g->n_moving == 0)
    status = send(r, g, err);
  if (status != GCUT_OK && r->status == GCUT_OK) r->status = status, r->err = *err;
  if (g->n_moving == 0) pthread_cond_broadcast(&r->changed);
}

// ---- copiers ----------------------------------------------------------------------------------

static gcut_status fill(gcut__cuda_ring *r, const piece *p, gcut_error *err) {
  GCUT_CUDA_TRY(&r->cuda->driver, cuEventSynchronize, p->group->left);
  if (!gcut__cuda_populate_read(p->from, p->bytes))
    return GCUT_FAIL(err, GCUT_FORMAT, "a file of weights was truncated while it was read");
  memcpy(p->to, p->from, p->bytes);
  return GCUT_OK;
}

// All pieces that nobody else takes; with the mutex held before and after.
static void move_pieces(gcut__cuda_ring *r) {
  piece p;
  while (take_piece(r, &p)) {
    gcut_error err = {0};
    pthread_mutex_unlock(&r->mutex);
    gcut_status status = fill(r, &p, &err);
    pthread_mutex_lock(&r->mutex);
    put_down(r, p.group, status, &err);
  }
}

static void *copy(void *argument) {
  gcut__cuda_ring *r = argument;
  gcut_error err;
  if (gcut__cuda_enter(r->cuda, &err) != GCUT_OK) return NULL; // one fewer
  pthread_mutex_lock(&r->mutex);
  while (!r->closing) {
    move_pieces(r);
    if (!r->closing) pthread_cond_wait(&r->changed, &r->mutex);
  }
  pthread_mutex_unlock(&r->mutex);
  return NULL;
}

static gcut_status move_all(gcut__cuda_ring *r, gcut_error *err) {
  for (move_pieces(r); has_pieces(r) || r->n_moving > 0; move_pieces(r))
    pthread_cond_wait(&r->changed, &r->mutex);
  if (r->status != GCUT_OK && err) *err = r->err;
  return r->status;
}

gcut_status gcut__cuda_ring_upload(gcut__cuda_ring *r, const gcut__cuda_upload *uploads, uint32_t n,
                                   CUstream stream, gcut_error *err) {
  pthread_mutex_lock(&r->mutex);
  for (uint32_t i = 0; i < GROUPS; i++) empty(&r->groups[i]);
  r->streams[0] = stream;
  r->streams[1] = r->other;
  r->uploads = uploads;
  r->n_uploads = n;
  r->upload = 0;
  r->at = 0;
  r->status = GCUT_OK;
  skip_to_bytes(r);
  pthread_cond_broadcast(&r->changed);
  gcut_status status = move_all(r, err);
  if (status == GCUT_OK && r->streams[0] != stream) status = take_turn(r, err);
  r->n_uploads = r->upload = 0;
  pthread_mutex_unlock(&r->mutex);
  return status;
}
