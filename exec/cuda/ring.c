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
  uint8_t *slots;      // SLOTS of SLOT
  CUevent left[SLOTS]; // the slot's last copy is over
  uint32_t next;       // slot
} copier;

struct gcut__cuda_ring {
  gcut__cuda *cuda;
  gcut__cuda_pinned memory;
  copier copiers[MOST_COPIERS];
  uint32_t n;
  CUstream other; // beside the one that uploads are asked for on
  CUevent turn;   // the last piece of the stream before is over
};

// No more of them than pieces that can be under way, and some cores left for those who launch.
static uint32_t count_copiers(uint64_t bytes) {
  long cores = sysconf(_SC_NPROCESSORS_ONLN) * 3 / 4;
  uint64_t n = cores < 2 ? 2 : cores < MOST_COPIERS ? (uint64_t)cores : MOST_COPIERS;
  return (uint32_t)(bytes / SLOT + 1 < n ? bytes / SLOT + 1 : n);
}

gcut_status gcut__cuda_ring_create(gcut__cuda *cuda, uint64_t bytes, gcut__cuda_ring **out_ring,
                                   gcut_error *err) {
  const gcut__cuda_driver *driver = &cuda->driver;
  gcut__cuda_ring *r = *out_ring = calloc(1, sizeof *r);
  if (!r) return GCUT_NO_MEMORY(err);
  r->cuda = cuda;
  r->n = count_copiers(bytes);
  GCUT_TRY(gcut__cuda_pinned_take(driver, r->n * SLOTS * SLOT, &r->memory, err));
  GCUT_CUDA_TRY(driver, cuStreamCreate, &r->other, CU_STREAM_NON_BLOCKING);
  GCUT_CUDA_TRY(driver, cuEventCreate, &r->turn, CU_EVENT_DISABLE_TIMING);
  for (uint32_t i = 0; i < r->n; i++) {
    r->copiers[i].slots = (uint8_t *)r->memory.data + i * SLOTS * SLOT;
    for (int k = 0; k < SLOTS; k++)
      GCUT_CUDA_TRY(driver, cuEventCreate, &r->copiers[i].left[k], CU_EVENT_DISABLE_TIMING);
  }
  return GCUT_OK;
}

void gcut__cuda_ring_destroy(gcut__cuda_ring *r) {
  if (!r) return;
  // Where an upload failed, who waits for the caller's stream has not waited for this one.
  if (r->other) r->cuda->driver.cuStreamSynchronize(r->other);
  for (uint32_t i = 0; i < r->n * SLOTS; i++)
    if (r->copiers[i / SLOTS].left[i % SLOTS])
      r->cuda->driver.cuEventDestroy(r->copiers[i / SLOTS].left[i % SLOTS]);
  if (r->turn) r->cuda->driver.cuEventDestroy(r->turn);
  if (r->other) r->cuda->driver.cuStreamDestroy(r->other);
  gcut__cuda_pinned_free(&r->cuda->driver, &r->memory);
  free(r);
}

// ---- pieces -----------------------------------------------------------------------------------

typedef struct shipment {
  gcut__cuda_ring *ring;
  CUstream streams[2];              // the one asked for, and the ring's other; [0] has the turn
  uint32_t sent;                    // in this turn
  const gcut__cuda_upload *uploads; // [n]
  uint32_t n;
  pthread_mutex_t mutex;
  uint32_t upload; // the first piece that nobody took is `at` bytes into it
  uint64_t at;
  gcut_status status; // of the first copier that failed; the others stop
  gcut_error *err;
} shipment;

typedef struct hand {
  shipment *shipment;
  copier *copier;
  pthread_t thread;
} hand;

// What goes up from here on goes on the other stream, after what went so far.
static gcut_status turn(shipment *s, gcut_error *err) {
  const gcut__cuda_driver *driver = &s->ring->cuda->driver;
  CUstream before = s->streams[0];
  GCUT_CUDA_TRY(driver, cuEventRecord, s->ring->turn, before);
  GCUT_CUDA_TRY(driver, cuStreamWaitEvent, s->streams[1], s->ring->turn, CU_EVENT_WAIT_DEFAULT);
  s->streams[0] = s->streams[1];
  s->streams[1] = before;
  s->sent = 0;
  return GCUT_OK;
}

static gcut_status send_piece(shipment *s, const gcut__cuda_upload *piece, const void *pinned,
                              CUevent left, gcut_error *err) {
  const gcut__cuda_driver *driver = &s->ring->cuda->driver;
  if (s->sent == PIECES_A_TURN) GCUT_TRY(turn(s, err));
  s->sent++;
  GCUT_CUDA_TRY(driver, cuMemcpyHtoDAsync, piece->to, pinned, piece->bytes, s->streams[0]);
  GCUT_CUDA_TRY(driver, cuEventRecord, left, s->streams[0]);
  return GCUT_OK;
}

static gcut_status move_piece(shipment *s, copier *c, const gcut__cuda_upload *piece,
                              gcut_error *err) {
  uint32_t slot = c->next++ % SLOTS;
  uint8_t *pinned = c->slots + slot * SLOT;
  GCUT_CUDA_TRY(&s->ring->cuda->driver, cuEventSynchronize, c->left[slot]);
  if (!gcut__cuda_populate_read(piece->data, piece->bytes))
    return GCUT_FAIL(err, GCUT_FORMAT, "a file of weights was truncated while it was read");
  memcpy(pinned, piece->data, piece->bytes);
  pthread_mutex_lock(&s->mutex);
  gcut_status status = send_piece(s, piece, pinned, c->left[slot], err);
  pthread_mutex_unlock(&s->mutex);
  return status;
}

// ---- all of them ------------------------------------------------------------------------------

static bool take_piece(shipment *s, gcut__cuda_upload *out) {
  pthread_mutex_lock(&s->mutex);
  while (s->upload < s->n && s->at == s->uploads[s->upload].bytes) s->upload++, s->at = 0;
  bool any = s->upload < s->n && s->status == GCUT_OK;
  if (any) {
    const gcut__cuda_upload *u = &s->uploads[s->upload];
    uint64_t left = u->bytes - s->at;
    *out = (gcut__cuda_upload){u->data + s->at, left < SLOT ? left : SLOT, u->to + s->at};
    s->at += out->bytes;
  }
  pthread_mutex_unlock(&s->mutex);
  return any;
}

static void *ship(void *argument) {
  const hand *h = argument;
  shipment *s = h->shipment;
  gcut__cuda_upload piece;
  gcut_error err = {0};
  gcut_status status = gcut__cuda_enter(s->ring->cuda, &err);
  while (status == GCUT_OK && take_piece(s, &piece))
    status = move_piece(s, h->copier, &piece, &err);
  pthread_mutex_lock(&s->mutex);
  if (status != GCUT_OK && s->status == GCUT_OK) s->status = status, *s->err = err;
  pthread_mutex_unlock(&s->mutex);
  return NULL;
}

static uint64_t count_pieces(const gcut__cuda_upload *uploads, uint32_t n) {
  uint64_t pieces = 0;
  for (uint32_t i = 0; i < n; i++) pieces += (uploads[i].bytes + SLOT - 1) / SLOT;
  return pieces;
}

gcut_status gcut__cuda_ring_upload(gcut__cuda_ring *r, const gcut__cuda_upload *uploads, uint32_t n,
                                   CUstream stream, gcut_error *err) {
  shipment s = {.ring = r, .streams = {stream, r->other}, .uploads = uploads, .n = n, .err = err};
  hand hands[MOST_COPIERS];
  uint64_t pieces = count_pieces(uploads, n);
  uint32_t started = 1; // this thread is the first
  pthread_mutex_init(&s.mutex, NULL);
  for (uint32_t i = 0; i < r->n; i++) hands[i] = (hand){&s, &r->copiers[i], 0};
  while (started < r->n && started < pieces &&
         pthread_create(&hands[started].thread, NULL, ship, &hands[started]) == 0)
    started++;
  ship(&hands[0]);
  while (started-- > 1) pthread_join(hands[started].thread, NULL);
  pthread_mutex_destroy(&s.mutex);
  if (s.status == GCUT_OK && s.streams[0] != stream) s.status = turn(&s, err);
  return s.status;
}
