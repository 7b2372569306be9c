// Elementwise programs on a card, compiled and walked, against formulas in plain C; then times and
// the memory's rate. Random data, poisoned outputs, rotating inputs.
//
//   elementwise_bench [check|time]      both where nothing is said
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exec/cuda/ops/elementwise_launch.h"
#include "graphcut/dtype.h"
#include "tests/cuda/card.h"
#include "tracer/base/narrow.h"

// ---- cases

enum {
  F32 = GCUT_FLOAT,
  BF = GCUT_BFLOAT16,
  HF = GCUT_FLOAT16,
  I64 = GCUT_INT64,
  I32 = GCUT_INT32
};
enum { U8 = GCUT_UINT8, U32 = GCUT_UINT32, BOOL = GCUT_BOOL, F64 = GCUT_DOUBLE };

typedef struct test {
  const char *name;
  int64_t dims[GCUT_CUDA_ELEMENT_DIMS]; // the last first, up to the first 0
  struct {
    int type;
    int64_t strides[GCUT_CUDA_ELEMENT_DIMS];
  } inputs[GCUT_CUDA_ELEMENT_INPUTS];                     // up to the first without a type
  gcut__cuda_element_step steps[GCUT_CUDA_ELEMENT_STEPS]; // up to the first without one
  double (*formula)(const double *x);                     // of an element of each input
  double limit;                                           // on the relative error
  int shift;                                              // elements by which addresses are off
} test;

#define OP(name, class, result)                                                                    \
  .op = GCUT_CUDA_ELEMENT_##name, .of = GCUT_CUDA_ELEMENT_##class, .type = result
#define LAST(type)                                                                                 \
  { GCUT_CUDA_ELEMENT_BEFORE, type }
#define SLOT(n, type)                                                                              \
  { GCUT_CUDA_ELEMENT_SLOT + (n), type }
#define STEP(name, class, result, ...)                                                             \
  {                                                                                                \
    OP(name, class, result), .keep = -1, .operands = { __VA_ARGS__ }                               \
  }
#define KEPT(slot, name, class, result, ...)                                                       \
  {                                                                                                \
    OP(name, class, result), .keep = slot, .operands = { __VA_ARGS__ }                             \
  }

static double rounded(int type, double x) {
  return type == BF   ? (double)gcut_from_bfloat16(gcut_to_bfloat16((float)x))
         : type == HF ? (double)gcut_from_float16(gcut_to_float16((float)x))
                      : (double)(float)x;
}

static double mask(const double *x) {
  return x[2] != 0 && x[0] <= x[1] && x[3] != 0 ? x[4] : x[5];
}
static double sum(const double *x) {
  return (double)((float)x[0] + (float)x[1]);
}
static double wide_sum(const double *x) {
  return x[0] + x[1];
}
static double swiglu(const double *x) {
  double s = rounded(BF, 1 / (1 + exp(-x[0])));
  return rounded(BF, x[0] * s) * x[1];
}
static double exponent(const double *x) {
  return (double)((float)exp(x[0]) * (float)x[1] * (float)x[2]);
}
static double same(const double *x) {
  return x[0];
}
static double square(const double *x) { // of what is kept
  double t = rounded(HF, x[0] + x[1]);
  return rounded(HF, t * t) - t;
}
static double whole(const double *x) { // int32 and uint8 wrap
  int32_t t =
      (int32_t)((uint32_t)(int32_t)x[0] * (uint32_t)(int32_t)x[1] - (uint32_t)(int32_t)x[2]);
  return t < (int32_t)x[0] ? (double)(uint8_t)t : x[3];
}
static double unsigned_less(const double *x) {
  return x[0] < x[1];
}
static double polynomial(const double *x) {
  double t = x[0] * x[1];
  return t + x[0];
}
static double six(const double *x) {
  return (double)((float)x[0] * (float)x[1]);
}
static double table(const double *x) {
  return cos((double)((float)x[0] * (float)x[1]));
}
static double hyperbolic(const double *x) {
  return tanh(x[0]) + 0;
}

static const test tests[] = {
    {"mask of a decoder",
     {2048, 2048},
     {{I64, {1, 0}}, {I64, {0, 1}}, {BOOL, {0}}, {BOOL, {1, 0}}, {BF, {0}}, {BF, {0}}},
     {STEP(LESS_EQUAL, INT, BOOL, {0, I64}, {1, I64}), STEP(AND, INT, BOOL, {2, BOOL}, LAST(BOOL)),
      STEP(AND, INT, BOOL, LAST(BOOL), {3, BOOL}),
      STEP(SELECT, FLOAT, BF, LAST(BOOL), {4, BF}, {5, BF})},
     mask,
     0,
     0},
    {"bf16 sum",
     {2048 * 4096},
     {{BF, {1}}, {BF, {1}}},
     {STEP(ADD, FLOAT, BF, {0, BF}, {1, BF})},
     sum,
     0,
     0},
    {"bf16 sum, addresses off",
     {2048 * 4096},
     {{BF, {1}}, {BF, {1}}},
     {STEP(ADD, FLOAT, BF, {0, BF}, {1, BF})},
     sum,
     0,
     1},
    {"f32 sum",
     {2048 * 4096},
     {{F32, {1}}, {F32, {1}}},
     {STEP(ADD, FLOAT, F32, {0, F32}, {1, F32})},
     sum,
     0,
     0},
    {"bf16 sigmoid x gate x up",
     {2048 * 14336},
     {{BF, {1}}, {BF, {1}}},
     {STEP(SIGMOID, FLOAT, BF, {0, BF}), STEP(MUL, FLOAT, BF, {0, BF}, LAST(BF)),
      STEP(MUL, FLOAT, BF, LAST(BF), {1, BF})},
     swiglu,
     0.01,
     0},
    {"bf16 bias",
     {4096, 2048},
     {{BF, {1, 4096}}, {BF, {1, 0}}},
     {STEP(ADD, FLOAT, BF, {0, BF}, {1, BF})},
     sum,
     0,
     0},
    {"f32 exp x a x b",
     {2048 * 4096},
     {{F32, {1}}, {F32, {0}}, {F32, {0}}},
     {STEP(EXP, FLOAT, F32, {0, F32}), STEP(MUL, FLOAT, F32, LAST(F32), {1, F32}),
      STEP(MUL, FLOAT, F32, LAST(F32), {2, F32})},
     exponent,
     1e-5,
     0},
    {"f32 tanh",
     {2048 * 4096},
     {{F32, {1}}},
     {STEP(TANH, FLOAT, F32, {0, F32})},
     hyperbolic,
     1e-5,
     0},
    {"table of a rotary embedding",
     {64, 2, 2048},
     {{F32, {1, 0, 0}}, {F32, {0, 0, 1}}},
     {STEP(MUL, FLOAT, F32, {0, F32}, {1, F32}), STEP(COS, FLOAT, F32, LAST(F32)),
      STEP(COPY, FLOAT, BF, LAST(F32))},
     table,
     0.05,
     0},
    {"bf16 read transposed",
     {4096, 2048},
     {{BF, {2048, 1}}},
     {STEP(COPY, FLOAT, BF, {0, BF})},
     same,
     0,
     0},
    {"f32 to bf16, heads swapped",
     {128, 32, 2048},
     {{F32, {1, 2048 * 128, 128}}},
     {STEP(COPY, FLOAT, BF, {0, F32})},
     same,
     0,
     0},
    {"int64 sum (wide)",
     {2048 * 4096},
     {{I64, {1}}, {I64, {1}}},
     {STEP(ADD, INT, I64, {0, I64}, {1, I64})},
     wide_sum,
     0,
     0},
    {"f16 kept",
     {580, 577, 4},
     {{HF, {1, 580, 580 * 577}}, {HF, {1, 580, 0}}},
     {KEPT(0, ADD, FLOAT, HF, {0, HF}, {1, HF}), STEP(MUL, FLOAT, HF, LAST(HF), LAST(HF)),
      STEP(SUB, FLOAT, HF, LAST(HF), SLOT(0, HF))},
     square,
     0,
     0},
    {"int32 wraps",
     {1 << 21},
     {{I32, {1}}, {I32, {1}}, {I32, {0}}, {U8, {0}}},
     {KEPT(1, MUL, INT, I32, {0, I32}, {1, I32}), KEPT(2, SUB, INT, I32, LAST(I32), {2, I32}),
      STEP(LESS, INT, BOOL, LAST(I32), {0, I32}),
      STEP(SELECT, INT, U8, LAST(BOOL), SLOT(2, I32), {3, U8})},
     whole,
     0,
     0},
    {"f16 kept, odd rows",
     {577, 577, 3},
     {{HF, {1, 577, 577 * 577}}, {HF, {1, 577, 0}}},
     {KEPT(0, ADD, FLOAT, HF, {0, HF}, {1, HF}), STEP(MUL, FLOAT, HF, LAST(HF), LAST(HF)),
      STEP(SUB, FLOAT, HF, LAST(HF), SLOT(0, HF))},
     square,
     0,
     0},
    {"int32 wraps, odd count",
     {1000003},
     {{I32, {1}}, {I32, {1}}, {I32, {0}}, {U8, {0}}},
     {KEPT(1, MUL, INT, I32, {0, I32}, {1, I32}), KEPT(2, SUB, INT, I32, LAST(I32), {2, I32}),
      STEP(LESS, INT, BOOL, LAST(I32), {0, I32}),
      STEP(SELECT, INT, U8, LAST(BOOL), SLOT(2, I32), {3, U8})},
     whole,
     0,
     0},
    {"uint32 compared",
     {1024, 1025},
     {{U32, {1, 1024}}, {U32, {0, 1}}},
     {STEP(LESS, INT, BOOL, {0, U32}, {1, U32})},
     unsigned_less,
     0,
     0},
    {"uint32 compared, few",
     {77, 99},
     {{U32, {1, 77}}, {U32, {0, 1}}},
     {STEP(LESS, INT, BOOL, {0, U32}, {1, U32})},
     unsigned_less,
     0,
     0},
    {"double kept (wide)",
     {33, 5, 44},
     {{F64, {1, 33, 165}}, {F64, {0, 1, 5}}},
     {KEPT(3, MUL, DOUBLE, F64, {0, F64}, {1, F64}), STEP(COPY, DOUBLE, F64, {0, F64}),
      STEP(ADD, DOUBLE, F64, SLOT(3, F64), LAST(F64))},
     polynomial,
     0,
     0},
    {"six dimensions",
     {6, 5, 4, 3, 2, 7},
     {{F32, {1, 0, 6, 0, 24, 48}}, {BF, {0, 1, 0, 5, 0, 15}}},
     {STEP(MUL, FLOAT, F32, {0, F32}, {1, BF})},
     six,
     0,
     0},
    {"short rows",
     {3, 100001},
     {{F32, {1, 3}}, {F32, {0, 1}}},
     {STEP(ADD, FLOAT, F32, {0, F32}, {1, F32})},
     sum,
     0,
     0},
    {"five elements",
     {5},
     {{BF, {1}}, {BF, {0}}},
     {STEP(ADD, FLOAT, BF, {0, BF}, {1, BF})},
     sum,
     0,
     0},
};

// ---- elements

static size_t bytes_of(int type) {
  return gcut_dtype_bits((gcut_dtype)type) / 8;
}

static void put(void *data, int64_t i, int type, double x) {
  switch (type) {
  case F32: ((float *)data)[i] = (float)x; break;
  case BF: ((uint16_t *)data)[i] = gcut_to_bfloat16((float)x); break;
  case HF: ((uint16_t *)data)[i] = gcut_to_float16((float)x); break;
  case F64: ((double *)data)[i] = x; break;
  case I64: ((int64_t *)data)[i] = (int64_t)x; break;
  case I32: ((int32_t *)data)[i] = (int32_t)x; break;
  case U32: ((uint32_t *)data)[i] = (uint32_t)x; break;
  default: ((uint8_t *)data)[i] = (uint8_t)x; break;
  }
}
static double get(const void *data, int64_t i, int type) {
  switch (type) {
  case F32: return (double)((const float *)data)[i];
  case BF: return (double)gcut_from_bfloat16(((const uint16_t *)data)[i]);
  case HF: return (double)gcut_from_float16(((const uint16_t *)data)[i]);
  case F64: return ((const double *)data)[i];
  case I64: return (double)((const int64_t *)data)[i];
  case I32: return ((const int32_t *)data)[i];
  case U32: return ((const uint32_t *)data)[i];
  default: return ((const uint8_t *)data)[i];
  }
}

static double random_element(int type) {
  double unit = (double)(random_bits() >> 11) * 0x1p-53;
  switch (type) {
  case I64: return floor(unit * 2048);
  case I32: return floor((unit - 0.5) * 4294967296.0);
  case U32: return floor(unit * 4294967296.0);
  case U8: return floor(unit * 256);
  case BOOL: return unit < 0.8;
  default: return (unit - 0.5) * 8;
  }
}

// ---- setting up

typedef struct setup {
  gcut__cuda_elements e;
  gcut__cuda_element_job job; // with addresses
  void *host[GCUT_CUDA_ELEMENT_INPUTS];
  CUdeviceptr device[GCUT_CUDA_ELEMENT_INPUTS], output;
  size_t output_bytes, traffic;
  double load_ms; // what finding or compiling the kernel took
} setup;

enum { FENCE = 64 }; // bytes behind the output

static void make_input(const test *t, setup *s, int k) {
  int64_t n = 1;
  for (int d = 0; d < s->job.rank; d++) n += (t->dims[d] - 1) * t->inputs[k].strides[d];
  size_t size = bytes_of(t->inputs[k].type), bytes = (size_t)(n + t->shift) * size;
  s->host[k] = malloc(bytes);
  if (!s->host[k]) exit(1);
  for (int64_t i = 0; i < n + t->shift; i++)
    put(s->host[k], i, t->inputs[k].type, random_element(t->inputs[k].type));
  DRIVER(cuMemAlloc, &s->device[k], bytes);
  DRIVER(cuMemcpyHtoDAsync, s->device[k], s->host[k], bytes, stream);
  DRIVER(cuStreamSynchronize, stream);
  s->job.inputs[k].data = (const void *)(s->device[k] + (size_t)t->shift * size);
  s->traffic += bytes;
}

static setup make_setup(const test *t) {
  setup s = {.job.count = 1};
  gcut__cuda_element_job *job = &s.job;
  for (; job->rank < GCUT_CUDA_ELEMENT_DIMS && t->dims[job->rank]; job->rank++) {
    job->dims[job->rank] = t->dims[job->rank];
    job->count *= t->dims[job->rank];
  }
  for (; t->inputs[job->n_inputs].type; job->n_inputs++)
    memcpy(job->inputs[job->n_inputs].strides, t->inputs[job->n_inputs].strides,
           sizeof t->inputs[0].strides);
  for (; t->steps[job->n_steps].type; job->n_steps++) {
    job->steps[job->n_steps] = t->steps[job->n_steps];
    if (t->steps[job->n_steps].keep >= job->n_slots) job->n_slots = t->steps[job->n_steps].keep + 1;
  }
  s.e.job = *job;
  struct timespec from, to;
  clock_gettime(CLOCK_MONOTONIC, &from);
  CHECK(gcut__cuda_elements_load(&cuda, &s.e, err));
  clock_gettime(CLOCK_MONOTONIC, &to);
  s.load_ms = (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) * 1e-6;
  *job = s.e.job;
  for (int k = 0; k < job->n_inputs; k++) make_input(t, &s, k);
  size_t size = bytes_of(job->steps[job->n_steps - 1].type);
  s.output_bytes = (size_t)job->count * size;
  s.traffic += s.output_bytes;
  DRIVER(cuMemAlloc, &s.output, s.output_bytes + (size_t)t->shift * size + FENCE);
  job->output = (void *)(s.output + (size_t)t->shift * size);
  return s;
}

static void free_setup(setup *s) {
  for (int k = 0; k < s->job.n_inputs; k++) {
    free(s->host[k]);
    DRIVER(cuMemFree, s->device[k]);
  }
  DRIVER(cuMemFree, s->output);
}

static void launch(const setup *s) {
  CHECK(gcut__cuda_elements_launch(&cuda, &s->e, s->job, stream, err));
}

// ---- checking

// The output with a fence behind it, of bytes `poison` before the launch.
static uint8_t *run_poisoned(const setup *s, uint8_t poison) {
  uint8_t *out = malloc(s->output_bytes + FENCE);
  if (!out) exit(1);
  memset(out, poison, s->output_bytes + FENCE);
  CUdeviceptr at = (CUdeviceptr)s->job.output;
  DRIVER(cuMemcpyHtoDAsync, at, out, s->output_bytes + FENCE, stream);
  launch(s);
  DRIVER(cuMemcpyDtoHAsync, out, at, s->output_bytes + FENCE, stream);
  DRIVER(cuStreamSynchronize, stream);
  return out;
}

static double expected(const test *t, const setup *s, int64_t i) {
  double x[GCUT_CUDA_ELEMENT_INPUTS];
  for (int k = 0; k < s->job.n_inputs; k++) {
    int64_t rest = i, at = t->shift;
    for (int d = 0; d < s->job.rank; d++, rest /= t->dims[d - 1])
      at += rest % t->dims[d] * t->inputs[k].strides[d];
    x[k] = get(s->host[k], at, t->inputs[k].type);
  }
  return t->formula(x);
}

static int64_t count_wrong(const test *t, const setup *s, const uint8_t *out) {
  int type = s->job.steps[s->job.n_steps - 1].type;
  int64_t wrong = 0;
  for (int64_t i = 0; i < s->job.count; i++) {
    double want, x = get(out, i, type);
    uint8_t stored[8];
    put(stored, 0, type, expected(t, s, i));
    want = get(stored, 0, type);
    wrong += !(fabs(x - want) <= t->limit * fabs(want));
  }
  return wrong;
}

// Right, all of it written, nothing beyond.
static bool check_kernel(const test *t, const setup *s) {
  uint8_t *a = run_poisoned(s, 0xa5), *b = run_poisoned(s, 0x5a);
  int64_t wrong = count_wrong(t, s, a);
  bool same_bits = memcmp(a, b, s->output_bytes) == 0, stray = false;
  for (int i = 0; i < FENCE; i++) stray |= a[s->output_bytes + (size_t)i] != 0xa5;
  printf("  %s %lld wrong%s%s", s->e.compiled ? "compiled" : "walked", (long long)wrong,
         same_bits ? "" : ", UNWRITTEN", stray ? ", STRAY" : "");
  free(a), free(b);
  return wrong == 0 && same_bits && !stray;
}

static bool check_case(const test *t) {
  setup s = make_setup(t);
  printf("%-30s  loaded in %.1f ms", t->name, s.load_ms);
  bool right = !s.e.compiled || check_kernel(t, &s);
  s.e.compiled = NULL;
  right = check_kernel(t, &s) && right;
  printf("\n");
  fflush(stdout);
  free_setup(&s);
  return right;
}

// ---- timing

enum { SETS = 3, RUNS = 15, BURST = 20 };

// The median over bursts of a launch's share, microseconds.
static float time_of(const setup *sets) {
  CUevent from, to;
  float us[RUNS];
  DRIVER(cuEventCreate, &from, CU_EVENT_DEFAULT);
  DRIVER(cuEventCreate, &to, CU_EVENT_DEFAULT);
  for (int r = 0; r < RUNS; r++) {
    launch(&sets[0]);
    DRIVER(cuEventRecord, from, stream);
    for (int i = 0; i < BURST; i++) launch(&sets[(i + 1) % SETS]);
    DRIVER(cuEventRecord, to, stream);
    DRIVER(cuStreamSynchronize, stream);
    DRIVER(cuEventElapsedTime, &us[r], from, to);
    us[r] *= 1000.0f / BURST;
  }
  DRIVER(cuEventDestroy, from);
  DRIVER(cuEventDestroy, to);
  sort_times(us, RUNS);
  return us[RUNS / 2];
}

static void time_kernel(const setup *sets) {
  float us = time_of(sets), again = time_of(sets);
  printf("  %s %7.1f us, again %7.1f us, %5.0f GB/s", sets->e.compiled ? "compiled" : "walked", us,
         again, (double)sets->traffic / us * 1e-3);
}

static void time_case(const test *t) {
  setup sets[SETS];
  for (int i = 0; i < SETS; i++) sets[i] = make_setup(t);
  printf("%-30s", t->name);
  if (sets->e.compiled) time_kernel(sets);
  for (int i = 0; i < SETS; i++) sets[i].e.compiled = NULL;
  time_kernel(sets);
  printf("\n");
  fflush(stdout);
  for (int i = 0; i < SETS; i++) free_setup(&sets[i]);
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  int wrong = 0, n = (int)(sizeof tests / sizeof *tests);
  open_card();
  for (int i = 0; i < n && (!*what || strcmp(what, "check") == 0); i++)
    wrong += !check_case(&tests[i]);
  for (int i = 0; i < n && (!*what || strcmp(what, "time") == 0); i++) time_case(&tests[i]);
  printf("%d wrong\n", wrong);
  return wrong > 0;
}
