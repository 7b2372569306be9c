// Random weights: a counter-based generator (splitmix64 of seed, constant and index), so that any
// thread can write any piece. Values are uniform with the variance that keeps activations steady: 1
// / fan-in for matrices; near 1 for the scales of norms; small for other vectors.
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graphcut/output.h"
#include "synth.h"

enum { PIECE = 4 << 20, MAX_THREADS = 16 };

static gcut_status fail(gcut_error *err, gcut_status status, const char *what, const char *name) {
  if (err)
    snprintf(err->message, sizeof err->message, "%s '%.500s'%s%s", what, name,
             status == GCUT_IO ? ": " : "", status == GCUT_IO ? strerror(errno) : "");
  return status;
}

// ---- values -----------------------------------------------------------------------------------

typedef struct recipe {
  gcut_dtype type;
  float center, spread; // center + spread * (-1 to 1)
  uint64_t stream;
} recipe;

static uint64_t mix(uint64_t x) {
  x += UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

static recipe recipe_of(const gcut_constant *k, uint64_t seed) {
  recipe r = {.type = k->type, .stream = mix(seed ^ mix(k->offset))};
  double fan_in = k->rank == 2 ? (double)k->dims[0] : 1; // of x * w
  for (int d = 1; d < k->rank && k->rank > 2; d++)
    fan_in *= (double)k->dims[d]; // of a convolution: all but the first
  if (k->rank == 3 && strstr(k->name, "experts")) fan_in = (double)k->dims[2]; // of w * x
  r.spread = k->rank >= 2 ? (float)sqrt(3 / (fan_in > 1 ? fan_in : 1)) : 0.05f;
  if (k->rank < 2 && strstr(k->name, "norm")) r.center = 1;
  return r;
}

static uint16_t to_bfloat16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return (uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
}

// Values here are neither infinite nor NaN, and subnormals may go to zero.
static uint16_t to_float16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint32_t sign = (bits >> 16) & 0x8000u, magnitude = bits & 0x7fffffffu;
  if (magnitude < 0x38800000u) return (uint16_t)sign;
  return (uint16_t)(sign | ((magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1)) >> 13));
}

static float value_at(const recipe *r, uint64_t bits16) {
  return r->center + r->spread * ((float)(int32_t)(bits16 & 0xffff) / 32768.0f - 1.0f);
}

// Elements [first, first + n) of a constant; first is a multiple of 4. Four elements come from one
// draw.
static void fill(const recipe *r, uint64_t first, uint64_t n, void *to) {
  for (uint64_t i = 0; i < n; i++) {
    uint64_t draw = mix(r->stream + (first + i) / 4) >> (16 * ((first + i) % 4));
    float value = value_at(r, draw);
    switch (r->type) {
    case GCUT_BFLOAT16: ((uint16_t *)to)[i] = to_bfloat16(value); break;
    case GCUT_FLOAT16: ((uint16_t *)to)[i] = to_float16(value); break;
    case GCUT_FLOAT: ((float *)to)[i] = value; break;
    case GCUT_DOUBLE: ((double *)to)[i] = (double)value; break;
    default: ((uint8_t *)to)[i] = (uint8_t)draw; break; // a byte of integers
    }
  }
}

static bool is_float(gcut_dtype type) {
  return type == GCUT_BFLOAT16 || type == GCUT_FLOAT16 || type == GCUT_FLOAT || type == GCUT_DOUBLE;
}

// Integers of a byte or less are quantised weights and their zero points: any bits will do.
static bool is_quantized(gcut_dtype type) {
  return type == GCUT_INT8 || type == GCUT_UINT8 || type == GCUT_INT4 || type == GCUT_UINT4 ||
         type == GCUT_INT2 || type == GCUT_UINT2;
}

// ---- writing ----------------------------------------------------------------------------------

typedef struct writer { // of one file, shared by its threads
  const gcut_graph *graph;
  uint32_t file;
  uint64_t seed;
  int descriptor;
  uint32_t next; // constant to take, changed atomically
  int failed;    // errno of the first failure
} writer;

static bool write_all(int descriptor, const uint8_t *data, size_t bytes, uint64_t offset) {
  while (bytes > 0) {
    ssize_t n = pwrite(descriptor, data, bytes, (off_t)offset);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    data += n, bytes -= (size_t)n, offset += (uint64_t)n;
  }
  return true;
}

// Other integers, which may be places, stay zero: the file is sparse there.
static bool write_constant(writer *w, const gcut_constant *k, uint8_t *piece) {
  uint64_t size = is_float(k->type) ? gcut_dtype_bits(k->type) / 8 : 1, per_piece = PIECE / size;
  recipe r = recipe_of(k, w->seed);
  if (!is_float(k->type) && !is_quantized(k->type)) return true;
  for (uint64_t first = 0, count = k->bytes / size; first < count; first += per_piece) {
    uint64_t n = count - first < per_piece ? count - first : per_piece;
    fill(&r, first, n, piece);
    if (!write_all(w->descriptor, piece, n * size, k->offset + first * size)) return false;
  }
  return true;
}

static void *write_constants(void *context) {
  writer *w = context;
  uint8_t *piece = malloc(PIECE);
  if (!piece) w->failed = ENOMEM;
  for (uint32_t i;
       piece && !w->failed &&
       (i = __atomic_fetch_add(&w->next, 1, __ATOMIC_RELAXED)) < w->graph->n_constants;) {
    const gcut_constant *k = &w->graph->constants[i];
    if (k->file == w->file && !write_constant(w, k, piece)) w->failed = errno ? errno : EIO;
  }
  free(piece);
  return NULL;
}

static void run_threads(writer *w) {
  pthread_t threads[MAX_THREADS];
  long n = sysconf(_SC_NPROCESSORS_ONLN), started = 0;
  if (n > MAX_THREADS) n = MAX_THREADS;
  for (; started < n - 1; started++)
    if (pthread_create(&threads[started], NULL, write_constants, w) != 0) break;
  write_constants(w);
  for (long i = 0; i < started; i++) pthread_join(threads[i], NULL);
}

// Bytes of the file: to the end of its last constant.
static uint64_t file_bytes(const gcut_graph *g, uint32_t file) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < g->n_constants; i++) {
    const gcut_constant *k = &g->constants[i];
    if (k->file == file && k->offset + k->bytes > bytes) bytes = k->offset + k->bytes;
  }
  return bytes;
}

static gcut_status write_file(const gcut_graph *g, uint32_t file, const char *path, uint64_t seed,
                              gcut_error *err) {
  gcut_output output;
  gcut_status status = gcut_output_open(path, &output, err);
  if (status != GCUT_OK) return status;
  writer w = {.graph = g, .file = file, .seed = seed, .descriptor = fileno(output.stream)};
  if (ftruncate(w.descriptor, (off_t)file_bytes(g, file)) != 0) w.failed = errno;
  if (!w.failed) run_threads(&w);
  if (!w.failed) return gcut_output_commit(&output, err);
  gcut_output_abort(&output);
  errno = w.failed;
  return fail(err, GCUT_IO, "cannot write", path);
}

gcut_status synth_weights(const gcut_graph *g, const char *folder, uint64_t seed,
                          uint64_t *out_bytes, gcut_error *err) {
  *out_bytes = 0;
  for (uint32_t f = 0; f < g->n_files; f++) {
    char path[4096];
    if (g->files[f].data || !*g->files[f].location) continue;
    if (strchr(g->files[f].location, '/') || g->files[f].location[0] == '.')
      return fail(err, GCUT_FORMAT,
                  "weights in a folder of their own are not written:", g->files[f].location);
    if (snprintf(path, sizeof path, "%s/%s", folder, g->files[f].location) >= (int)sizeof path)
      return fail(err, GCUT_FORMAT, "a name too long:", g->files[f].location);
    gcut_status status = write_file(g, f, path, seed, err);
    if (status != GCUT_OK) return status;
    *out_bytes += file_bytes(g, f);
  }
  return GCUT_OK;
}
