// Elementwise programs on a card, compiled and walked, against formulas in plain C; then times and
// the memory's rate. Random data, poisoned outputs, rotating inputs.
//
//   elementwise_bench [check|time]      both where nothing is said
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/cuda/card.h"
#include "tests/cuda/elementwise_cases.h"

// ---- setting up

static double random_element(gcut_dtype type) {
  double unit = (double)(random_bits() >> 11) * 0x1p-53;
  switch (type) {
  case GCUT_INT64: return floor(unit * 2048);
  case GCUT_INT32: return floor((unit - 0.5) * 4294967296.0);
  case GCUT_UINT32: return floor(unit * 4294967296.0);
  case GCUT_UINT8: return floor(unit * 256);
  case GCUT_BOOL: return unit < 0.8;
  default: return (unit - 0.5) * 8;
  }
}

typedef struct setup {
  gcut__cuda_elements e;
  gcut__cuda_element_job job; // with addresses
  void *host[GCUT_CUDA_ELEMENT_INPUTS];
  CUdeviceptr device[GCUT_CUDA_ELEMENT_INPUTS], output;
  size_t output_bytes, traffic;
  double load_ms; // what finding or compiling the kernel took
} setup;

enum { FENCE = 64 }; // bytes behind the output

static void make_input(const elementwise_case *t, setup *s, int k) {
  int64_t n = 1;
  for (int d = 0; d < s->job.rank; d++) n += (t->dims[d] - 1) * t->inputs[k].strides[d];
  gcut_dtype type = (gcut_dtype)t->inputs[k].type;
  size_t size = gcut_dtype_bits(type) / 8, bytes = (size_t)(n + t->shift) * size;
  s->host[k] = malloc(bytes);
  if (!s->host[k]) exit(1);
  for (int64_t i = 0; i < n + t->shift; i++) put_element(s->host[k], i, type, random_element(type));
  s->device[k] = take(bytes);
  DRIVER(cuMemcpyHtoDAsync, s->device[k], s->host[k], bytes, stream);
  DRIVER(cuStreamSynchronize, stream);
  s->job.inputs[k].data = (const void *)(s->device[k] + (size_t)t->shift * size);
  s->traffic += bytes;
}

static setup make_setup(const elementwise_case *t) {
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
  size_t size = gcut_dtype_bits((gcut_dtype)job->steps[job->n_steps - 1].type) / 8;
  s.output_bytes = (size_t)job->count * size;
  s.traffic += s.output_bytes;
  s.output = take(s.output_bytes + (size_t)t->shift * size + FENCE);
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

static double expected(const elementwise_case *t, const setup *s, int64_t i) {
  double x[GCUT_CUDA_ELEMENT_INPUTS];
  for (int k = 0; k < s->job.n_inputs; k++) {
    int64_t rest = i, at = t->shift;
    for (int d = 0; d < s->job.rank; d++, rest /= t->dims[d - 1])
      at += rest % t->dims[d] * t->inputs[k].strides[d];
    x[k] = get_element(s->host[k], at, (gcut_dtype)t->inputs[k].type);
  }
  return t->formula(x);
}

static int64_t count_wrong(const elementwise_case *t, const setup *s, const uint8_t *out) {
  gcut_dtype type = (gcut_dtype)s->job.steps[s->job.n_steps - 1].type;
  int64_t wrong = 0;
  for (int64_t i = 0; i < s->job.count; i++) {
    double want, x = get_element(out, i, type);
    uint8_t stored[8];
    put_element(stored, 0, type, expected(t, s, i));
    want = get_element(stored, 0, type);
    wrong += !(fabs(x - want) <= t->limit * fabs(want));
  }
  return wrong;
}

// Right, all of it written, nothing beyond.
static bool check_kernel(const elementwise_case *t, const setup *s) {
  uint8_t *a = run_poisoned(s, 0xa5), *b = run_poisoned(s, 0x5a);
  int64_t wrong = count_wrong(t, s, a);
  bool same_bits = memcmp(a, b, s->output_bytes) == 0, stray = false;
  for (int i = 0; i < FENCE; i++) stray |= a[s->output_bytes + (size_t)i] != 0xa5;
  printf("  %s %lld wrong%s%s", s->e.compiled ? "compiled" : "walked", (long long)wrong,
         same_bits ? "" : ", UNWRITTEN", stray ? ", STRAY" : "");
  free(a), free(b);
  return wrong == 0 && same_bits && !stray;
}

static bool check_case(const elementwise_case *t) {
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

static void launch_one(const void *sets, int i) {
  launch((const setup *)sets + (i + 1) % SETS);
}

// The median over bursts of a launch's share, microseconds.
static float time_of(const setup *sets) {
  float us[RUNS];
  for (int r = 0; r < RUNS; r++) {
    launch(&sets[0]);
    us[r] = (float)time_span(launch_one, sets, BURST);
  }
  sort_times(us, RUNS);
  return us[RUNS / 2];
}

static void time_kernel(const setup *sets) {
  float us = time_of(sets), again = time_of(sets);
  printf("  %s %7.1f us, again %7.1f us, %5.0f GB/s", sets->e.compiled ? "compiled" : "walked", us,
         again, (double)sets->traffic / us * 1e-3);
}

static void time_case(const elementwise_case *t) {
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

static int check_all(void) {
  int wrong = 0;
  for (int i = 0; i < n_elementwise_cases; i++) wrong += !check_case(&elementwise_cases[i]);
  return wrong;
}

static int time_all(void) {
  for (int i = 0; i < n_elementwise_cases; i++) time_case(&elementwise_cases[i]);
  return 0;
}

int main(int argc, char **argv) {
  static const act acts[] = {{"check", check_all}, {"time", time_all}};
  return perform_acts(argc, argv, acts, sizeof acts / sizeof *acts);
}
