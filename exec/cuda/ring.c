// Each thread has slots of its own, which it fills in turn: while one is on the wire, it copies
// into the next. Which thread takes which piece makes no difference to what arrives.
//
// A stream that always has a copy ready keeps the card's copy engine: activations on their way up
// waited for tens of milliseconds, until all weights of a part had gone. So pieces go up by turns
// on two streams, each of which waits for the other's last piece, and at every turn the engine
// takes what else there is.
#include "exec/cuda/ring.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec/cuda/populate.h"

// Pieces of 4 MiB move faster than those of 1 MiB (which wait too often for one another) and of 16
// (which leave the caches before the card has read them). More threads than twelve gain nothing.
enum { MOST_COPIERS = 12, SLOTS = 2, PIECES_A_TURN = 2 };
static const uint64_t SLOT = UINT64_C(4) << 20;

typedef struct copier {
  gcut__cuda_ring *ring;
  uint8_t *slots;      // SLOTS of SLOT
  CUevent left[SLOTS]; // the slot's last copy is over
  uint32_t next;       // slot
  pthread_t thread;    // of all but the first, who is the caller of an upload
} copier;

struct gcut__cuda_ring {
  gcut__cuda *cuda;
  gcut__cuda_pinned memory;
  copier copiers[MOST_COPIERS];
  uint32_t n, n_started;
  CUstream other; // beside the one that uploads are asked for on
  CUevent turn;   // the last piece of the stream before is over

  pthread_mutex_t mutex; // of all that follows
  pthread_cond_t more;   // there are pieces to take, or the ring is closing
  pthread_cond_t done;   // nobody moves a piece
  bool closing;
  CUstream streams[2];              // the one asked for, and the other; [0] has the turn
  uint32_t sent;                    // in this turn
  const gcut__cuda_upload *uploads; // [n_uploads]
  uint32_t n_uploads, upload;       // the first piece that nobody took is
  uint64_t at;                      // so many bytes into its upload
  uint32_t n_moving;                // pieces under way
  gcut_status status;               // of the first copier that failed; the others stop
  gcut_error err;
};

// No more of them than pieces that can be under way, and some cores left for those who launch.
static uint32_t count_copiers(uint64_t bytes) {
  long cores = sysconf(_SC_NPROCESSORS_ONLN) * 3 / 4;
  uint64_t n = cores < 2 ? 2 : cores < MOST_COPIERS ? (uint64_t)cores : MOST_COPIERS;
  return (uint32_t)(bytes / SLOT + 1 < n ? bytes / SLOT + 1 : n);
}

static void *copy(void *argument);

static gcut_status create_events(gcut__cuda_ring *r, gcut_error *err) {
  const gcut__cuda_driver *driver = &r->cuda->driver;
  GCUT_CUDA_TRY(driver, cuStreamCreate, &r->other, CU_STREAM_NON_BLOCKING);
  GCUT_CUDA_TRY(driver, cuEventCreate, &r->turn, CU_EVENT_DISABLE_TIMING);
  for (uint32_t i = 0; i < r->n * SLOTS; i++)
    GCUT_CUDA_TRY(driver, cuEventCreate, &r->copiers[i / SLOTS].left[i % SLOTS],
                  CU_EVENT_DISABLE_TIMING);
  return GCUT_OK;
}

gcut_status gcut__cuda_ring_create(gcut__cuda *cuda, uint64_t bytes, gcut__cuda_ring **out_ring,
                                   gcut_error *err) {
  gcut__cuda_ring *r = *out_ring = calloc(1, sizeof *r);
  if (!r) return GCUT_NO_MEMORY(err);
  r->cuda = cuda;
  r->n = count_copiers(bytes);
  pthread_mutex_init(&r->mutex, NULL);
  pthread_cond_init(&r->more, NULL);
  pthread_cond_init(&r->done, NULL);
  GCUT_TRY(gcut__cuda_pinned_take(&cuda->driver, r->n * SLOTS * SLOT, &r->memory, err));
  GCUT_TRY(create_events(r, err));
  for (uint32_t i = 0; i < r->n; i++) {
    r->copiers[i].ring = r;
    r->copiers[i].slots = (uint8_t *)r->memory.data + i * SLOTS * SLOT;
  }
  // Fewer of them, or none but the caller, do the same more slowly.
  while (r->n_started + 1 < r->n) {
    copier *c = &r->copiers[r->n_started + 1];
    if (pthread_create(&c->thread, NULL, copy, c) != 0) break;
    r->n_started++;
  }
  return GCUT_OK;
}

static void stop_copiers(gcut__cuda_ring *r) {
  pthread_mutex_lock(&r->mutex);
  r->closing = true;
  pthread_cond_broadcast(&r->more);
  pthread_mutex_unlock(&r->mutex);
  for (uint32_t i = 1; i <= r->n_started; i++) pthread_join(r->copiers[i].thread, NULL);
}

void gcut__cuda_ring_destroy(gcut__cuda_ring *r) {
  if (!r) return;
  stop_copiers(r);
  // Where an upload failed, who waits for the caller's stream has not waited for this one.
  if (r->other) r->cuda->driver.cuStreamSynchronize(r->other);
  for (uint32_t i = 0; i < r->n * SLOTS; i++)
    if (r->copiers[i / SLOTS].left[i % SLOTS])
      r->cuda->driver.cuEventDestroy(r->copiers[i / SLOTS].left[i % SLOTS]);
  if (r->turn) r->cuda->driver.cuEventDestroy(r->turn);
  if (r->other) r->cuda->driver.cuStreamDestroy(r->other);
  gcut__cuda_pinned_free(&r->cuda->driver, &r->memory);
  pthread_cond_destroy(&r->done);
  pthread_cond_destroy(&r->more);
  pthread_mutex_destroy(&r->mutex);
  free(r);
}

// ---- pieces, with the ring's mutex held -------------------------------------------------------

// What goes up from here on goes on the other stream, after what went so far.
static gcut_status take_turn(gcut__cuda_ring *r, gcut_error *err) {
  const gcut__cuda_driver *driver = &r->cuda->driver;
  CUstream before = r->streams[0];
  GCUT_CUDA_TRY(driver, cuEventRecord, r->turn, before);
  GCUT_CUDA_TRY(driver, cuStreamWaitEvent, r->streams[1], r->turn, CU_EVENT_WAIT_DEFAULT);
  r->streams[0] = r->streams[1];
  r->streams[1] = before;
  r->sent = 0;
  return GCUT_OK;
}

static gcut_status send_piece(gcut__cuda_ring *r, const gcut__cuda_upload *piece,
                              const void *pinned, CUevent left, gcut_error *err) {
  const gcut__cuda_driver *driver = &r->cuda->driver;
  if (r->sent == PIECES_A_TURN) GCUT_TRY(take_turn(r, err));
  r->sent++;
  GCUT_CUDA_TRY(driver, cuMemcpyHtoDAsync, piece->to, pinned, piece->bytes, r->streams[0]);
  GCUT_CUDA_TRY(driver, cuEventRecord, left, r->streams[0]);
  return GCUT_OK;
}

static bool take_piece(gcut__cuda_ring *r, gcut__cuda_upload *out) {
  while (r->upload < r->n_uploads && r->at == r->uploads[r->upload].bytes) r->upload++, r->at = 0;
  if (r->upload == r->n_uploads || r->status != GCUT_OK) return false;
  const gcut__cuda_upload *u = &r->uploads[r->upload];
  uint64_t left = u->bytes - r->at;
  *out = (gcut__cuda_upload){u->data + r->at, left < SLOT ? left : SLOT, u->to + r->at};
  r->at += out->bytes;
  r->n_moving++;
  return true;
}

static void put_down(gcut__cuda_ring *r, gcut_status status, const gcut_error *err) {
  if (status != GCUT_OK && r->status == GCUT_OK) r->status = status, r->err = *err;
  if (--r->n_moving == 0) pthread_cond_signal(&r->done);
}

// ---- copiers ----------------------------------------------------------------------------------

static gcut_status move_piece(copier *c, const gcut__cuda_upload *piece, gcut_error *err) {
  gcut__cuda_ring *r = c->ring;
  uint32_t slot = c->next++ % SLOTS;
  uint8_t *pinned = c->slots + slot * SLOT;
  GCUT_CUDA_TRY(&r->cuda->driver, cuEventSynchronize, c->left[slot]);
  if (!gcut__cuda_populate_read(piece->data, piece->bytes))
    return GCUT_FAIL(err, GCUT_FORMAT, "a file of weights was truncated while it was read");
  memcpy(pinned, piece->data, piece->bytes);
  pthread_mutex_lock(&r->mutex);
  gcut_status status = send_piece(r, piece, pinned, c->left[slot], err);
  pthread_mutex_unlock(&r->mutex);
  return status;
}

// All pieces that nobody else takes; with the mutex held before and after.
static void move_pieces(copier *c) {
  gcut__cuda_ring *r = c->ring;
  gcut__cuda_upload piece;
  while (take_piece(r, &piece)) {
    pthread_mutex_unlock(&r->mutex);
    gcut_error err = {0};
    gcut_status status = gcut__cuda_enter(r->cuda, &err);
    if (status == GCUT_OK) status = move_piece(c, &piece, &err);
    pthread_mutex_lock(&r->mutex);
    put_down(r, status, &err);
  }
}

static void *copy(void *argument) {
  copier *c = argument;
  gcut__cuda_ring *r = c->ring;
  pthread_mutex_lock(&r->mutex);
  while (!r->closing) {
    move_pieces(c);
    if (!r->closing) pthread_cond_wait(&r->more, &r->mutex);
  }
  pthread_mutex_unlock(&r->mutex);
  return NULL;
}

gcut_status gcut__cuda_ring_upload(gcut__cuda_ring *r, const gcut__cuda_upload *uploads, uint32_t n,
                                   CUstream stream, gcut_error *err) {
  pthread_mutex_lock(&r->mutex);
  r->streams[0] = stream;
  r->streams[1] = r->other;
  r->uploads = uploads;
  r->n_uploads = n;
  r->upload = r->sent = 0;
  r->at = 0;
  r->status = GCUT_OK;
  pthread_cond_broadcast(&r->more);
  move_pieces(&r->copiers[0]);
  while (r->n_moving > 0) pthread_cond_wait(&r->done, &r->mutex);
  gcut_status status = r->status;
  if (status != GCUT_OK && err) *err = r->err;
  if (status == GCUT_OK && r->streams[0] != stream) status = take_turn(r, err);
  r->n_uploads = r->upload = 0;
  pthread_mutex_unlock(&r->mutex);
  return status;
}
