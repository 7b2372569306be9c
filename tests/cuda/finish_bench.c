// What follows a product, in its kernel and as an elementwise program of its own, on a card of
// Hopper's kind: whether the bits are the same; then what both take at the sizes of known models,
// by cuBLASLt, too, where it is found.
//
//   finish_bench [check|time]      both where nothing is said
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "exec/cuda/ops/elementwise_launch.h"
#include "exec/cuda/ops/finish_program.h"
#include "exec/cuda/ops/multiply.h"
#include "tests/cuda/card.h"

// ---- programs

enum { P, V, M, FIRST_NUMBER, N, BEFORE, S }; // product, vector, matrix, a number, before, slots

typedef struct program {
  const char *name;
  int n_steps;
  struct {
    gcut__cuda_element_op op;
    int a, b, keep;
    float p, q;
  } steps[GCUT_CUDA_ELEMENT_STEPS];
} program;

#define _        BEFORE
#define OP(name) GCUT_CUDA_ELEMENT_##name
static const program programs[] = {
    {"bias", 1, {{OP(ADD), P, V, -1}}},
    {"bias, residual", 2, {{OP(ADD), P, V, -1}, {OP(ADD), M, _, -1}}},
    {"bias, Gelu", 2, {{OP(ADD), V, P, -1}, {OP(GELU), _, 0, -1}}},
    {"bias, GELU by erf, spelled out",
     6,
     {{OP(ADD), P, V, 0},
      {OP(DIV), _, N, -1, 1.4140625f},
      {OP(ERF), _, 0, -1},
      {OP(ADD), _, N, -1, 1},
      {OP(MUL), N, _, -1, 0.5f},
      {OP(MUL), S, _, -1}}},
    {"bias, GELU by tanh, spelled out",
     9,
     {{OP(ADD), P, V, 0},
      {OP(MUL), _, N, 1, 0.5f},
      {OP(POW), S, N, -1, 3},
      {OP(MUL), _, N, -1, 0.044677734f},
      {OP(ADD), S, _, -1},
      {OP(MUL), _, N, -1, 0.796875f},
      {OP(TANH), _, 0, -1},
      {OP(ADD), _, N, -1, 1},
      {OP(MUL), S + 1, _, -1}}},
    {"Relu", 1, {{OP(RELU), P, 0, -1}}},
    {"SiLU", 2, {{OP(QUICK_SIGMOID), P, 0, -1}, {OP(MUL), P, _, -1}}},
    {"bias, quick GELU, residual",
     5,
     {{OP(ADD), P, V, 0},
      {OP(MUL), N, _, -1, 1.703125f},
      {OP(QUICK_SIGMOID), _, 0, -1},
      {OP(MUL), S, _, -1},
      {OP(ADD), _, M, -1}}},
    {"all else",
     11,
     {{OP(LEAKYRELU), P, 0, 1, 0.25f},
      {OP(MAX), _, N, -1, -3},
      {OP(MIN), _, N, -1, 40},
      {OP(SWISH), _, 0, 0, 1.5f},
      {OP(POW), S + 1, N, -1, 2},
      {OP(SUB), _, S, -1},
      {OP(DIV), _, N, -1, -3.140625f},
      {OP(CLIP), _, 0, -1, -30, 30},
      {OP(MUL), _, _, -1},
      {OP(GELU_TANH), _, 0, -1},
      {OP(ADD), M, _, -1}}},
};
#undef _
#undef OP
enum { N_PROGRAMS = sizeof programs / sizeof *programs };

// ---- a product and what follows it

typedef struct setup {
  const program *program;
  gcut__cuda_product product;
  gcut__cuda_joint joint;
  gcut__cuda_joint_operands x;
  gcut__cuda_multiply alone, joined;
  gcut__cuda_elements after;
  float numbers[GCUT_CUDA_ELEMENT_INPUTS];
  CUdeviceptr between, y, expected;
} setup;

static gcut__cuda_element_operand operand_of(setup *s, int from, float number) {
  gcut__cuda_element_job *job = &s->after.job;
  uint8_t type = (uint8_t)s->product.type;
  if (from == BEFORE) return (gcut__cuda_element_operand){GCUT_CUDA_ELEMENT_BEFORE, type};
  if (from >= S)
    return (gcut__cuda_element_operand){(uint8_t)(GCUT_CUDA_ELEMENT_SLOT + from - S), type};
  if (from < FIRST_NUMBER) return (gcut__cuda_element_operand){(uint8_t)from, type};
  tensor t = new_tensor(s->product.type, 1);
  put_element(t.host, 0, t.type, (double)number);
  to_card(&t);
  job->inputs[job->n_inputs].data = (const void *)t.device;
  s->numbers[job->n_inputs] = (float)get_element(t.host, 0, t.type);
  free(t.host);
  return (gcut__cuda_element_operand){(uint8_t)job->n_inputs++, type};
}

static int slots_of(const program *p) {
  int n = 0;
  for (int i = 0; i < p->n_steps; i++) n = p->steps[i].keep >= n ? p->steps[i].keep + 1 : n;
  return n;
}

static void write_job(setup *s) {
  const gcut__cuda_product *p = &s->product;
  gcut__cuda_element_job *job = &s->after.job;
  *job = (gcut__cuda_element_job){.count = p->m * p->n,
                                  .dims = {p->n, p->m},
                                  .rank = 2,
                                  .n_inputs = FIRST_NUMBER,
                                  .n_steps = s->program->n_steps,
                                  .n_slots = slots_of(s->program),
                                  .inputs = {{(const void *)s->between, {1, p->n}, 0},
                                             {(const void *)s->x.vectors[0], {1, 0}, 0},
                                             {(const void *)s->x.matrix, {1, p->n}, 0}},
                                  .output = (void *)s->expected};
  for (int i = 0; i < job->n_steps; i++) {
    __typeof__(s->program->steps[0]) *from = &s->program->steps[i];
    gcut__cuda_element_step *to = &job->steps[i];
    *to = (gcut__cuda_element_step){.op = (uint8_t)from->op,
                                    .of = GCUT_CUDA_ELEMENT_FLOAT,
                                    .type = (uint8_t)p->type,
                                    .keep = (int8_t)from->keep,
                                    .p = from->p,
                                    .q = from->q};
    for (int k = 0; k < gcut__cuda_element_operands(from->op); k++)
      to->operands[k] = operand_of(s, k ? from->b : from->a, from->p);
  }
}

static setup make_setup(const program *program, gcut_dtype type, int64_t m, int64_t k, int64_t n,
                        bool turned) {
  setup s = {.program = program, .product = describe_product(type, m, n, k, turned)};
  gcut__cuda_finish_found found;
  for (int i = 0; i < GCUT_CUDA_ELEMENT_INPUTS; i++) s.numbers[i] = NAN;
  s.x = (gcut__cuda_joint_operands){.a = take_scaled(type, m * k, 1),
                                    .b = {take_scaled(type, k * n, 1 / sqrtf((float)k))},
                                    .vectors = {take_scaled(type, n, 1)},
                                    .matrix = take_scaled(type, m * n, 1)};
  s.between = take((size_t)(m * n) * 2);
  s.y = take((size_t)(m * n) * 2);
  s.expected = take((size_t)(m * n) * 2);
  write_job(&s);
  if (!gcut__cuda_finish_find(&s.after.job, P, n, type, s.numbers, &found)) {
    fprintf(stderr, "%s: no such program\n", program->name);
    exit(1);
  }
  if (found.vector < 0) s.x.vectors[0] = 0;
  if (found.matrix < 0) s.x.matrix = 0;
  s.joint = (gcut__cuda_joint){.product = s.product,
                               .n = {n},
                               .n_sides = 1,
                               .finish = found.finish,
                               .program = found.program};
  CHECK(gcut__cuda_multiply_load(&cuda, &s.product, &s.alone, err));
  CHECK(gcut__cuda_joint_load(&cuda, &s.joint, &s.joined, err));
  CHECK(gcut__cuda_elements_load(&cuda, &s.after, err));
  if (blas) CHECK(gcut__cuda_blas_prepare(blas, &s.product, err));
  return s;
}

static void free_setup(const setup *s) {
  for (int k = FIRST_NUMBER; k < s->after.job.n_inputs; k++)
    DRIVER(cuMemFree, (CUdeviceptr)s->after.job.inputs[k].data);
  CUdeviceptr all[] = {s->x.a,     s->x.b[0], (CUdeviceptr)s->after.job.inputs[V].data,
                       s->between, s->y,      (CUdeviceptr)s->after.job.inputs[M].data,
                       s->expected};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) DRIVER(cuMemFree, all[i]);
}

static void launch_after(const setup *s) {
  CHECK(gcut__cuda_elements_launch(&cuda, &s->after, s->after.job, stream, err));
}
static void launch_joined(const void *what, int i) {
  const setup *s = what;
  (void)i;
  CHECK(gcut__cuda_joint_launch(&cuda, &s->joined, &s->joint, &s->x, &s->y, stream, err));
}
static void launch_own(const void *what, int i) {
  const setup *s = what;
  (void)i;
  CHECK(gcut__cuda_multiply_launch(&cuda, &s->alone, &s->product, s->x.a, s->x.b[0], s->between, 0,
                                   stream, err));
}
static void launch_library(const void *what, int i) {
  const setup *s = what;
  (void)i;
  CHECK(gcut__cuda_blas_run(blas, &s->product, s->x.a, s->x.b[0], s->between, 0, workspace, stream,
                            err));
}
static void launch_apart(const void *what, int i) {
  launch_own(what, i);
  launch_after(what);
}
static void launch_apart_library(const void *what, int i) {
  launch_library(what, i);
  launch_after(what);
}

// ---- checks

static int64_t differing(const setup *s) {
  size_t bytes = (size_t)(s->product.m * s->product.n) * 2;
  uint16_t *x = malloc(bytes), *y = malloc(bytes);
  int64_t n = 0;
  if (!x || !y) exit(1);
  DRIVER(cuMemcpyDtoHAsync, x, s->y, bytes, stream);
  DRIVER(cuMemcpyDtoHAsync, y, s->expected, bytes, stream);
  DRIVER(cuStreamSynchronize, stream);
  for (size_t i = 0; i < bytes / 2; i++) n += x[i] != y[i];
  free(x);
  free(y);
  return n;
}

static bool check(const program *program, gcut_dtype type, int64_t m, int64_t k, int64_t n,
                  bool turned) {
  setup s = make_setup(program, type, m, k, n, turned);
  launch_apart(&s, 0);
  launch_joined(&s, 0);
  int64_t wrong = differing(&s);
  printf("%s: %s %lld x %lld by %lld%s: %lld differ%s\n", program->name, gcut_dtype_name(type),
         (long long)m, (long long)k, (long long)n, turned ? ", turned" : "", (long long)wrong,
         wrong ? " WRONG" : "");
  fflush(stdout);
  free_setup(&s);
  return wrong == 0;
}

static int check_all(void) {
  int wrong = 0;
  for (int i = 0; i < N_PROGRAMS; i++) {
    wrong += !check(&programs[i], GCUT_BFLOAT16, 300, 520, 264, false);
    wrong += !check(&programs[i], GCUT_FLOAT16, 2048, 768, 3072, true);
    wrong += !check(&programs[i], GCUT_BFLOAT16, 4096, 1024, 4096, false);
  }
  return wrong;
}

// ---- times

static const struct {
  int64_t m, k, n;
} shapes[] = {{2048, 768, 768},   {2048, 768, 3072},  {2048, 3072, 768},  {6304, 768, 768},
              {6304, 768, 3072},  {6304, 3072, 768},  {4096, 1024, 4096}, {4096, 4096, 1024},
              {2048, 1600, 6400}, {2048, 6400, 1600}, {2048, 4096, 4096}, {2048, 4096, 16384}};

static double least(launcher *launch, const setup *s) {
  double best = 1e30;
  for (int turn = 0; turn < 4; turn++) {
    double us = time_span(launch, s, 40);
    if (us < best) best = us;
  }
  return best;
}

static int time_all(void) {
  printf("us: joined; own product, own and program; cuBLASLt, cuBLASLt and program\n");
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
    for (int k = 0; k < 5; k++) {
      if (shapes[i].n < shapes[i].k && k > 1) continue; // no activation follows these
      setup s = make_setup(&programs[k], GCUT_BFLOAT16, shapes[i].m, shapes[i].k, shapes[i].n, 0);
      printf("%lld x %lld by %lld, %s: %.1f; %.1f, %.1f", (long long)s.product.m,
             (long long)s.product.k, (long long)s.product.n, s.program->name,
             least(launch_joined, &s), least(launch_own, &s), least(launch_apart, &s));
      if (blas) printf("; %.1f, %.1f", least(launch_library, &s), least(launch_apart_library, &s));
      printf("\n");
      fflush(stdout);
      free_setup(&s);
    }
  return 0;
}

int main(int argc, char **argv) {
  static const act acts[] = {{"check", check_all}, {"time", time_all}};
  return perform_acts(argc, argv, acts, sizeof acts / sizeof *acts);
}
