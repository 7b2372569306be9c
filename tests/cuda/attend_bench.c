// Attention kernels on a card: many shapes and masks against a reference in double precision, then
// times beside the kernel that every card has. Random data, poisoned outputs, rotating inputs.
//
//   attend_bench [check|time]      both where nothing is said
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/cuda/ops/attend.h"
#include "tests/cuda/attend_cases.h"
#include "tests/cuda/card.h"

// ---- data

// A mask's element: one of flags says what is not hidden, or what is.
static void set_mask(const tensor *t, mask_kind kind, int64_t i, float x) {
  put_element(t->host, i, t->type, t->type == GCUT_BOOL ? (x == 0) != (kind == HIDES) : (double)x);
}
static double get_mask(const tensor *t, const gcut__cuda_attend_mask *mask, int64_t i) {
  double x = tensor_get(t, i);
  return t->type != GCUT_BOOL ? x : (double)mask->flags[x != 0];
}

static bool is_flags(mask_kind kind) {
  return kind == CAUSAL_BOOL || kind == RANDOM_BOOL || kind == PADDED_BOOL || kind == HIDES;
}
static bool is_of_keys(mask_kind kind) {
  return kind == PADDED || kind == PADDED_LEAST || kind == PADDED_BOOL || kind == SLOPES;
}
static bool is_by_head(mask_kind kind) {
  return kind == RANDOM || kind == SLOPES || kind == POSITIONS || kind == POSITIONS_LEAST;
}
static bool is_by_batch(mask_kind kind) {
  return kind == BLOCKS || kind == LEAST_ROWS || (is_of_keys(kind) && kind != SLOPES);
}

// The least finite number of the type, or of float16 and bfloat16.
static float least_of(const attend_case *t) {
  return t->type == GCUT_FLOAT16 ? -65504.0f : -3.3895314e38f;
}

// What a mask says of a query and key, of a batch or head.
static float mask_value(const attend_case *t, mask_kind kind, int b, int q, int k) {
  const float least = least_of(t);
  bool later = k > q + t->keys - t->queries;
  switch (kind) {
  case CAUSAL: return later ? -INFINITY : 0;
  case CAUSAL_LEAST:
  case HIDES: return later ? least : 0;
  case CAUSAL_BOOL: return later ? -INFINITY : 0;
  case PADDED:
  case PADDED_BOOL: return k >= t->keys - 100 * (b + 1) ? -INFINITY : 0;
  case PADDED_LEAST: return k >= t->keys - 100 * (b + 1) || b == 1 ? least : 0;
  case SLOPES: return (float)(k + 1 - t->keys) * exp2f(-8.0f * (float)(b + 1) / (float)t->heads);
  case POSITIONS: return later ? -INFINITY : random_float();
  case POSITIONS_LEAST: return later ? least : random_float();
  case BLOCKS:
    if (q % 97 == 5) return -INFINITY;
    return (q / 64 * 7 + k / 64 * 3 + b) % 4 == 0 ? -INFINITY
           : (q / 64 * 5 + k / 64 + b) % 9 == 0   ? random_float()
                                                  : 0;
  case RANDOM: return random_float();
  case RANDOM_BOOL: return q % 50 == 7 || random_float() < 0 ? -INFINITY : 0;
  case LEAST_ROWS: return q % 5 == 0 || k > q + 100 ? least : 0;
  case NONE: break;
  }
  return 0;
}

static size_t mask_strides(const attend_case *t, mask_kind kind, gcut__cuda_attend_mask *mask) {
  int64_t plane = is_of_keys(kind) ? t->keys : (int64_t)t->queries * t->keys;
  mask->column = 1;
  mask->factor = 1;
  mask->row = is_of_keys(kind) ? 0 : t->keys;
  mask->head = is_by_head(kind) ? plane : 0;
  mask->batch = is_by_batch(kind) ? plane : 0;
  mask->type = is_flags(kind) ? GCUT_BOOL : t->floats ? GCUT_FLOAT : t->type;
  mask->flags[kind == HIDES] = kind == HIDES ? least_of(t) : -INFINITY;
  return (size_t)plane * (size_t)(mask->head ? t->heads : mask->batch ? t->batch : 1);
}

static tensor make_mask(const attend_case *t, mask_kind kind, gcut__cuda_attend_job *job) {
  gcut__cuda_attend_mask *mask = is_of_keys(kind) ? &job->bias : &job->mask;
  if (kind == NONE) return (tensor){0};
  size_t count = mask_strides(t, kind, mask), i = 0;
  tensor m = new_tensor((gcut_dtype)mask->type, (int64_t)count);
  int rows = mask->row ? t->queries : 1;
  for (; i < count; i++) {
    int k = (int)(i % (size_t)t->keys), q = (int)(i / (size_t)t->keys % (size_t)rows);
    int b = (int)(i / (size_t)t->keys / (size_t)rows);
    set_mask(&m, kind, (int64_t)i, mask_value(t, kind, b, q, k));
  }
  to_card(&m);
  mask->data = (void *)m.device;
  return m;
}

enum { SINKS_STEP = 3 };             // elements from a sink to the next
enum { FENCE = 128, LONGEST = 256 }; // elements behind the result; of a head

typedef struct setup {
  tensor q, k, v, mask, bias, sinks, y;
  CUdeviceptr scratch;
  gcut__cuda_attend_job job;
} setup;

#define STRIDES(job, name, t, n_heads, rows, length)                                               \
  ((job)->name##_batch = (int64_t)(n_heads) * (rows) * (length),                                   \
   (job)->name##_head = (t)->swapped ? (length) : (int64_t)(rows) * (length),                      \
   (job)->name##_row = (t)->swapped ? (int64_t)(n_heads) * (length) : (length))

// For kernels that read one mask: false where the two would have to be made one.
static bool unite(gcut__cuda_attend_job *job) {
  gcut__cuda_attend_inputs inputs = {3, 4, 0};
  gcut__cuda_masks_job masks = {0};
  if (!gcut__cuda_attend_unite(job, &inputs, &masks)) exit(1);
  return masks.n == 0;
}

static uint64_t most_scratch(const gcut__cuda_attend_job *job) {
  gcut__cuda_attend_job one = *job;
  unite(&one);
  uint64_t as_it_is = gcut__cuda_attend_scratch(job), united = gcut__cuda_attend_scratch(&one);
  return as_it_is > united ? as_it_is : united;
}

// A mask that no cache holds is shared by all sets of inputs: to draw one takes seconds.
enum { SHARED_MASK = 64 << 20 };

static setup make_setup(const attend_case *t, const setup *first) {
  setup s = {.job = {.batch = t->batch,
                     .heads = t->heads,
                     .group = t->heads / t->kv_heads,
                     .n_queries = t->queries,
                     .n_keys = t->keys,
                     .size = t->size,
                     .v_size = t->v_size ? t->v_size : t->size,
                     .softcap = t->softcap,
                     .type = t->type,
                     .causal = t->causal,
                     .past = t->past,
                     .guard = t->guard,
                     .wide_result = t->floats,
                     .scale = t->scale != 0 ? t->scale : 1 / sqrtf((float)t->size)}};
  gcut_dtype type = (gcut_dtype)t->type;
  int64_t queries = (int64_t)t->batch * t->heads * t->queries,
          keys = (int64_t)t->batch * t->kv_heads * t->keys;
  s.q = random_tensor(type, queries * t->size);
  s.k = random_tensor(type, keys * t->size);
  s.v = random_tensor(type, keys * s.job.v_size);
  s.y = new_tensor(t->floats ? GCUT_FLOAT : type, queries * s.job.v_size + FENCE);
  if (t->sinks) s.sinks = random_tensor(type, t->heads * SINKS_STEP), s.job.sinks_step = SINKS_STEP;
  bool shared = first && first->mask.bytes >= SHARED_MASK;
  if (shared) s.job.mask = first->job.mask;
  s.mask = shared ? (tensor){0} : make_mask(t, is_of_keys(t->mask) ? NONE : t->mask, &s.job);
  s.bias = make_mask(t, is_of_keys(t->mask) ? t->mask : t->bias, &s.job);
  STRIDES(&s.job, q, t, t->heads, t->queries, t->size);
  STRIDES(&s.job, y, t, t->heads, t->queries, s.job.v_size);
  STRIDES(&s.job, k, t, t->kv_heads, t->keys, t->size);
  STRIDES(&s.job, v, t, t->kv_heads, t->keys, s.job.v_size);
  if (!gcut__cuda_attend_set_tiles(&s.job, &s.job.mask) ||
      !gcut__cuda_attend_set_tiles(&s.job, &s.job.bias))
    exit(1);
  DRIVER(cuMemAlloc, &s.scratch, most_scratch(&s.job) + 16);
  s.job.q = (void *)s.q.device, s.job.k = (void *)s.k.device, s.job.v = (void *)s.v.device;
  s.job.sinks = (void *)s.sinks.device, s.job.y = (void *)s.y.device;
  return s;
}
static void free_setup(setup *s) {
  free_tensor(&s->q), free_tensor(&s->k), free_tensor(&s->v);
  free_tensor(&s->mask), free_tensor(&s->bias), free_tensor(&s->sinks), free_tensor(&s->y);
  DRIVER(cuMemFree, s->scratch);
}

// ---- the reference

// Rounding absorbs scores that the least number of 16 bits is added to: whichever it is, and
// however often, what is left is this.
static const double drowned = -1e33;

static double added(const gcut__cuda_attend_job *j, const gcut__cuda_attend_mask *mask,
                    const tensor *t, int64_t at) {
  if (!mask->type) return 0;
  double m = get_mask(t, mask, at);
  bool drowns = m < -1e30 || (m <= -65504 && j->type == GCUT_FLOAT16 && mask->type != GCUT_FLOAT);
  return m > -INFINITY && drowns ? drowned : m;
}

static double mask_of(const setup *s, int b, int h, int q, int k) {
  const gcut__cuda_attend_job *j = &s->job;
  const gcut__cuda_attend_mask *m = &j->mask, *n = &j->bias;
  if (j->causal && k > q + j->past) return -INFINITY;
  return added(j, m, &s->mask, b * m->batch + h * m->head + q * m->row + k * m->column) +
         added(j, n, &s->bias, b * n->batch + h * n->head + k * n->column);
}

static void reference_row(const setup *s, int b, int h, int q, double *weights, double *out) {
  const gcut__cuda_attend_job *j = &s->job;
  const int64_t x = b * j->q_batch + h * j->q_head + q * j->q_row;
  const double sink = j->sinks ? tensor_get(&s->sinks, h * SINKS_STEP) : -INFINITY;
  double top = sink, sum = 0;
  for (int k = 0; k < j->n_keys; k++) {
    const int64_t y = b * j->k_batch + h / j->group * j->k_head + k * j->k_row;
    double dot = 0;
    for (int d = 0; d < j->size; d++) dot += tensor_get(&s->q, x + d) * tensor_get(&s->k, y + d);
    double m = mask_of(s, b, h, q, k), score = dot * j->scale;
    if (j->softcap > 0) score = j->softcap * tanh(score);
    weights[k] = m == -INFINITY ? m : m <= drowned / 2 ? drowned : score + m;
    if (weights[k] > top) top = weights[k];
  }
  memset(out, 0, sizeof *out * (size_t)j->v_size);
  if (j->sinks) sum = exp(sink - top);
  for (int k = 0; k < j->n_keys && top > -INFINITY; k++) {
    const int64_t y = b * j->v_batch + h / j->group * j->v_head + k * j->v_row;
    double w = exp(weights[k] - top);
    sum += w;
    for (int d = 0; d < j->v_size; d++) out[d] += w * tensor_get(&s->v, y + d);
  }
  for (int d = 0; d < j->v_size; d++) out[d] = sum > 0 ? out[d] / sum : j->guard ? 0 : NAN;
}

// ---- checking

// A byte of elements that nothing computes; rows compared at most.
enum { POISON = 0xff, ROWS = 512 };

// Whether an element is all poison.
static bool is_poison(const tensor *t, size_t i) {
  const size_t bytes = gcut_dtype_bits(t->type) / 8;
  const uint8_t *at = (const uint8_t *)t->host + i * bytes;
  size_t k = 0;
  while (k < bytes && at[k] == POISON) k++;
  return k == bytes;
}

static void launch(const gcut__cuda_attend *a, const setup *s) {
  CHECK(gcut__cuda_attend_launch(&cuda, a, s->job, s->scratch, stream, err));
}

static void run_poisoned(const gcut__cuda_attend *a, setup *s) {
  memset(s->y.host, POISON, s->y.bytes);
  to_card(&s->y);
  launch(a, s);
  from_card(&s->y);
}

// ||out - reference|| / ||reference|| over rows here and there; 1 where a NaN is or lacks.
static double difference(const setup *s) {
  const gcut__cuda_attend_job *j = &s->job;
  int64_t rows = (int64_t)j->batch * j->heads * j->n_queries;
  int64_t step = rows <= ROWS ? 1 : rows / ROWS | 1;
  double *weights = malloc(sizeof *weights * (size_t)j->n_keys), out[LONGEST], wrong = 0,
         all = 1e-30;
  for (int64_t r = 0; r < rows; r += step) {
    int q = (int)(r % j->n_queries), h = (int)(r / j->n_queries % j->heads),
        b = (int)(r / j->n_queries / j->heads);
    reference_row(s, b, h, q, weights, out);
    const int64_t y = b * j->y_batch + h * j->y_head + q * j->y_row;
    for (int d = 0; d < j->v_size; d++) {
      double x = tensor_get(&s->y, y + d);
      if (isnan(x) != isnan(out[d])) wrong = INFINITY;
      if (isnan(out[d])) continue;
      wrong += (x - out[d]) * (x - out[d]);
      all += out[d] * out[d];
    }
  }
  free(weights);
  return sqrt(wrong / all);
}

// Elements left unwritten, and elements written beyond the end.
static size_t strays(const setup *s) {
  size_t n = s->y.bytes / (gcut_dtype_bits(s->y.type) / 8), count = 0;
  for (size_t i = 0; i < n; i++) count += is_poison(&s->y, i) != (i >= n - FENCE);
  return count;
}

static void print_case(const attend_case *t) {
  printf("%s %dx%d/%dx%dx%dx%-3d %s %-11s%s%s%s%s%s%s%s",
         t->type == GCUT_BFLOAT16 ? "bf16"
         : t->type == GCUT_FLOAT  ? "f32 "
                                  : "f16 ",
         t->batch, t->heads, t->kv_heads, t->queries, t->keys, t->size,
         t->swapped ? "bshd" : "bhsd", mask_kind_names[t->mask], t->causal ? " causal" : "",
         t->v_size ? " other-values" : "", t->softcap > 0 ? " cap" : "", t->sinks ? " sinks" : "",
         t->floats ? " floats" : "", t->bias ? " and " : "",
         t->bias ? mask_kind_names[t->bias] : "");
}

static bool check_with(const attend_case *t, const gcut__cuda_attend *a, setup *s) {
  // Weights are rounded to the type before they meet values: half an ulp each, and one of the sum.
  // Beside the least float16 number, scores that stay in float32 are good to 1 / 256.
  const double limit = s->job.type == GCUT_FLOAT ? 3e-6
                       : s->job.type == GCUT_BFLOAT16 || (t->mask == LEAST_ROWS && t->floats)
                           ? 6e-3
                           : 8e-4;
  run_poisoned(a, s);
  void *once = malloc(s->y.bytes);
  memcpy(once, s->y.host, s->y.bytes);
  size_t stray = strays(s);
  double wrong = difference(s);
  run_poisoned(a, s);
  bool same = memcmp(once, s->y.host, s->y.bytes) == 0;
  free(once);
  printf("  %s %.1e%s%s", a->wide ? "wide" : "narrow", wrong, stray ? " STRAY" : "",
         same ? "" : " CHANGES");
  return wrong < limit && !stray && same;
}

static bool check_case(const attend_case *t) {
  setup s = make_setup(t, NULL);
  gcut__cuda_attend best = {.job = s.job}, narrow = {.job = s.job};
  CHECK(gcut__cuda_attend_load(&cuda, &best, err));
  CHECK(gcut__cuda_attend_load_narrow(&cuda, &narrow, err));
  print_case(t);
  setup one = s;
  if (!s.job.mask.type) one.mask = s.bias, one.bias = (tensor){0};
  bool right = unite(&one.job) ? check_with(t, &narrow, &one) : true;
  if (best.wide) right = check_with(t, &best, &s) && right;
  printf("%s\n", right ? "" : "  WRONG");
  fflush(stdout);
  free_setup(&s);
  return right;
}

// ---- timing

enum { SETS = 4, RUNS = 60, WARM = 8 };

typedef struct timed {
  const gcut__cuda_attend *attend;
  const setup *sets; // [SETS]
} timed;

static void launch_timed(const void *what, int i) {
  const timed *t = what;
  launch(t->attend, &t->sets[i % SETS]);
}

// The median of a launch, microseconds, the mask's tiles included.
static float time_with(const gcut__cuda_attend *a, const setup *sets) {
  float us[RUNS];
  time_launches(launch_timed, &(timed){a, sets}, WARM, RUNS, us);
  return us[RUNS / 2];
}

static void time_case(const attend_case *t) {
  setup sets[SETS], ones[SETS];
  bool both = false;
  for (int i = 0; i < SETS; i++) {
    sets[i] = make_setup(t, i > 0 ? &sets[0] : NULL);
    ones[i] = sets[i];
    both = !unite(&ones[i].job);
  }
  gcut__cuda_attend best = {.job = sets[0].job}, narrow = {.job = sets[0].job};
  CHECK(gcut__cuda_attend_load(&cuda, &best, err));
  CHECK(gcut__cuda_attend_load_narrow(&cuda, &narrow, err));
  bool half = t->causal || (t->mask != NONE && t->mask != RANDOM);
  double work = 4.0 * t->batch * t->heads * t->queries * t->keys * t->size / (half ? 2 : 1);
  const setup *with = best.wide ? sets : ones;
  float narrow_us = both ? NAN : time_with(&narrow, ones), us = time_with(&best, with);
  float again = time_with(&best, with);
  print_case(t);
  printf("  narrow %7.1f us  %s %7.1f us, again %7.1f us, %4.0f TFLOP/s\n", narrow_us,
         best.wide ? "wide" : "narrow", us, again, work / us * 1e-6);
  fflush(stdout);
  for (int i = 0; i < SETS; i++) free_setup(&sets[i]);
}

static int check_all(void) {
  int wrong = 0;
  for (size_t i = 0; i < n_attend_checks; i++) wrong += !check_case(&attend_checks[i]);
  return wrong;
}

static int time_all(void) {
  for (size_t i = 0; i < n_attend_times; i++) time_case(&attend_times[i]);
  return 0;
}

int main(int argc, char **argv) {
  static const act acts[] = {{"check", check_all}, {"time", time_all}};
  return perform_acts(argc, argv, acts, sizeof acts / sizeof *acts);
}
