// Joint products on a card of Hopper's kind: whether they give the bits of their products, sums and
// SwiGLU one by one; then a decoder's layer with them and, by cuBLASLt where it is found, without.
//
//   joint_bench [check|layer]      both where nothing is said
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/cuda/ops/multiply.h"
#include "tests/cuda/card.h"

static void *bring(CUdeviceptr from, size_t bytes) {
  void *host = malloc(bytes);
  if (!host) exit(1);
  DRIVER(cuMemcpyDtoHAsync, host, from, bytes, stream);
  DRIVER(cuStreamSynchronize, stream);
  return host;
}

static void poison(CUdeviceptr at, size_t bytes) {
  void *host = malloc(bytes);
  if (!host) exit(1);
  memset(host, 0xa5, bytes);
  DRIVER(cuMemcpyHtoDAsync, at, host, bytes, stream);
  DRIVER(cuStreamSynchronize, stream);
  free(host);
}

// ---- nodes one by one

static void pair(const char *kernel, gcut_dtype type, int64_t count, CUdeviceptr g, CUdeviceptr u,
                 CUdeviceptr y) {
  gcut__cuda_swiglu_job job = {count, (int32_t)type, (void *)g, (void *)u, (void *)y};
  uint32_t grid[3] = {(uint32_t)(count / 8 + 255) / 256, 1, 1};
  void *arguments[] = {&job};
  CUfunction f;
  CHECK(gcut__cuda_kernel(&cuda, kernel, &f, err));
  CHECK(gcut__cuda_launch(&cuda, f, grid, 256, 0, stream, arguments, err));
}

static void apart(const gcut__cuda_product *p, CUdeviceptr a, CUdeviceptr b, CUdeviceptr y) {
  gcut__cuda_multiply m;
  CHECK(gcut__cuda_multiply_load_kind(&cuda, p, GCUT_CUDA_MULTIPLY_WIDE, false, &m, err));
  CHECK(gcut__cuda_multiply_launch(&cuda, &m, p, a, b, y, 0, stream, err));
}

// ---- checks

typedef struct test {
  gcut_dtype type;
  int64_t m, k, n[GCUT_CUDA_SIDES];
  bool turned;
  gcut__cuda_finish finish;
} test;

#define H GCUT_FLOAT16
#define B GCUT_BFLOAT16
static const test checks[] = {
    {B, 256, 512, {512}, 0, GCUT_CUDA_FINISH_NONE},
    {B, 2048, 4096, {4096, 1024, 1024}, 0, GCUT_CUDA_FINISH_NONE},
    {B, 300, 520, {264, 512, 8}, 0, GCUT_CUDA_FINISH_NONE},
    {H, 777, 136, {1000, 256, 520}, 1, GCUT_CUDA_FINISH_NONE},
    {B, 2048, 4096, {14336, 14336}, 0, GCUT_CUDA_FINISH_SWIGLU},
    {B, 300, 520, {264, 264}, 0, GCUT_CUDA_FINISH_SWIGLU},
    {H, 129, 72, {648, 648}, 1, GCUT_CUDA_FINISH_SWIGLU},
    {B, 2048, 4096, {4096}, 0, GCUT_CUDA_FINISH_ADD},
    {B, 2048, 14336, {4096}, 0, GCUT_CUDA_FINISH_ADD},
    {H, 300, 520, {328}, 0, GCUT_CUDA_FINISH_ADD},
    {B, 1000, 64, {1032}, 1, GCUT_CUDA_FINISH_ADD},
};

typedef struct setup {
  gcut__cuda_joint joint;
  gcut__cuda_joint_operands x;
  CUdeviceptr y[GCUT_CUDA_SIDES], expected[GCUT_CUDA_SIDES];
  uint32_t n_results;
} setup;

static setup make_setup(const test *t) {
  setup s = {.joint = {.product = describe_product(t->type, t->m, t->n[0], t->k, t->turned),
                       .finish = t->finish}};
  s.x.a = take_scaled(t->type, t->m * t->k, 1);
  s.x.matrix = take_scaled(t->type, t->m * t->n[0], 4);
  for (; s.joint.n_sides < GCUT_CUDA_SIDES && t->n[s.joint.n_sides]; s.joint.n_sides++) {
    uint32_t i = s.joint.n_sides;
    s.joint.n[i] = t->n[i];
    s.x.b[i] = take_scaled(t->type, t->k * t->n[i], 0.3f);
    s.y[i] = take((size_t)(t->m * t->n[i]) * 2);
    s.expected[i] = take((size_t)(t->m * t->n[i]) * 2);
    poison(s.y[i], (size_t)(t->m * t->n[i]) * 2);
  }
  s.n_results = t->finish == GCUT_CUDA_FINISH_SWIGLU ? 1 : s.joint.n_sides;
  return s;
}

static void free_setup(const setup *s) {
  DRIVER(cuMemFree, s->x.a);
  DRIVER(cuMemFree, s->x.matrix);
  for (uint32_t i = 0; i < s->joint.n_sides; i++) {
    DRIVER(cuMemFree, s->x.b[i]);
    DRIVER(cuMemFree, s->y[i]);
    DRIVER(cuMemFree, s->expected[i]);
  }
}

static void compute_expected(const test *t, const setup *s) {
  for (uint32_t i = 0; i < s->joint.n_sides; i++) {
    gcut__cuda_product p = describe_product(t->type, t->m, t->n[i], t->k, t->turned);
    apart(&p, s->x.a, s->x.b[i], s->expected[i]);
  }
  if (t->finish == GCUT_CUDA_FINISH_ADD)
    pair("gcut_add", t->type, t->m * t->n[0], s->expected[0], s->x.matrix, s->expected[0]);
  if (t->finish == GCUT_CUDA_FINISH_SWIGLU)
    pair("gcut_swiglu", t->type, t->m * t->n[0], s->expected[0], s->expected[1], s->expected[0]);
}

static int64_t differing(const test *t, const setup *s) {
  int64_t n = 0;
  for (uint32_t i = 0; i < s->n_results; i++) {
    size_t count = (size_t)(t->m * t->n[i]);
    uint16_t *x = bring(s->y[i], count * 2), *y = bring(s->expected[i], count * 2);
    for (size_t e = 0; e < count; e++) n += x[e] != y[e];
    free(x);
    free(y);
  }
  return n;
}

static bool check_case(const test *t) {
  setup s = make_setup(t);
  gcut__cuda_multiply m;
  CHECK(gcut__cuda_joint_load(&cuda, &s.joint, &m, err));
  compute_expected(t, &s);
  CHECK(gcut__cuda_joint_launch(&cuda, &m, &s.joint, &s.x, s.y, stream, err));
  int64_t wrong = differing(t, &s);
  printf("%s %lld x %lld by %lld, %lld, %lld%s finish %d: %lld differ%s\n",
         gcut_dtype_name(t->type), (long long)t->m, (long long)t->k, (long long)t->n[0],
         (long long)t->n[1], (long long)t->n[2], t->turned ? " turned" : "", (int)t->finish,
         (long long)wrong, wrong ? " WRONG" : "");
  fflush(stdout);
  free_setup(&s);
  return wrong == 0;
}

// ---- a layer back to back

enum { TOKENS = 2048, HIDDEN = 4096, KV = 1024, INNER = 14336, SETS = 4 };

typedef struct layer { // its weights, and what it computes
  CUdeviceptr q, k, v, o, gate, up, down;
  CUdeviceptr hidden, heads[3], sum, inner[3], out;
} layer;

static void make_layer(layer *l, const layer *shared) {
  const int64_t square = HIDDEN * HIDDEN, wide = (int64_t)HIDDEN * INNER;
  if (shared) *l = *shared;
  l->q = take_scaled(B, square, 0.02f), l->o = take_scaled(B, square, 0.02f);
  l->k = take_scaled(B, HIDDEN * KV, 0.02f), l->v = take_scaled(B, HIDDEN * KV, 0.02f);
  l->gate = take_scaled(B, wide, 0.02f), l->up = take_scaled(B, wide, 0.02f);
  l->down = take_scaled(B, wide, 0.02f);
  if (shared) return;
  l->hidden = take_scaled(B, TOKENS * HIDDEN, 1);
  l->heads[0] = take(TOKENS * HIDDEN * 2), l->sum = take(TOKENS * HIDDEN * 2);
  l->heads[1] = take(TOKENS * KV * 2), l->heads[2] = take(TOKENS * KV * 2);
  for (int i = 0; i < 3; i++) l->inner[i] = take((size_t)TOKENS * INNER * 2);
  l->out = take(TOKENS * HIDDEN * 2);
}

static void join(const layer *l, const CUdeviceptr *b, const int64_t *n, uint32_t n_sides,
                 int64_t k, gcut__cuda_finish finish, CUdeviceptr a, const CUdeviceptr *y) {
  gcut__cuda_joint_operands x = {.a = a, .matrix = l->hidden};
  gcut__cuda_joint j = {
      .product = describe_product(B, TOKENS, n[0], k, false), .n_sides = n_sides, .finish = finish};
  gcut__cuda_multiply m;
  memcpy(j.n, n, n_sides * sizeof *n);
  memcpy(x.b, b, n_sides * sizeof *b);
  CHECK(gcut__cuda_joint_load(&cuda, &j, &m, err));
  CHECK(gcut__cuda_joint_launch(&cuda, &m, &j, &x, y, stream, err));
}

static void run_joint(const layer *l) {
  join(l, (CUdeviceptr[]){l->q, l->k, l->v}, (int64_t[]){HIDDEN, KV, KV}, 3, HIDDEN,
       GCUT_CUDA_FINISH_NONE, l->hidden, l->heads);
  join(l, &l->o, (int64_t[]){HIDDEN}, 1, HIDDEN, GCUT_CUDA_FINISH_ADD, l->heads[0], &l->sum);
  join(l, (CUdeviceptr[]){l->gate, l->up}, (int64_t[]){INNER, INNER}, 2, HIDDEN,
       GCUT_CUDA_FINISH_SWIGLU, l->sum, l->inner);
  join(l, &l->down, (int64_t[]){HIDDEN}, 1, INNER, GCUT_CUDA_FINISH_ADD, l->inner[0], &l->out);
}

static void by_library(int64_t n, int64_t k, CUdeviceptr a, CUdeviceptr b, CUdeviceptr y) {
  gcut__cuda_product p = describe_product(B, TOKENS, n, k, false);
  CHECK(gcut__cuda_blas_run(blas, &p, a, b, y, 0, workspace, stream, err));
}

static void run_apart(const layer *l) {
  by_library(HIDDEN, HIDDEN, l->hidden, l->q, l->heads[0]);
  by_library(KV, HIDDEN, l->hidden, l->k, l->heads[1]);
  by_library(KV, HIDDEN, l->hidden, l->v, l->heads[2]);
  by_library(HIDDEN, HIDDEN, l->heads[0], l->o, l->sum);
  pair("gcut_add", B, TOKENS * HIDDEN, l->sum, l->hidden, l->sum);
  by_library(INNER, HIDDEN, l->sum, l->gate, l->inner[0]);
  by_library(INNER, HIDDEN, l->sum, l->up, l->inner[1]);
  pair("gcut_swiglu", B, (int64_t)TOKENS * INNER, l->inner[0], l->inner[1], l->inner[2]);
  by_library(HIDDEN, INNER, l->inner[2], l->down, l->out);
  pair("gcut_add", B, TOKENS * HIDDEN, l->out, l->hidden, l->out);
}

static void launch_joint(const void *layers, int i) {
  run_joint((const layer *)layers + i % SETS);
}
static void launch_apart(const void *layers, int i) {
  run_apart((const layer *)layers + i % SETS);
}

static int time_all(void) {
  layer layers[SETS];
  for (int i = 0; i < SETS; i++) make_layer(&layers[i], i ? &layers[0] : NULL);
  for (int turn = 0; turn < 6; turn++) {
    bool joint = turn % 2 == 0;
    if (!joint && !blas) continue;
    launcher *launch = joint ? launch_joint : launch_apart;
    double first = time_span(launch, layers, 8), warm = time_span(launch, layers, 1000);
    printf("products of a layer, %s: %.0f us at first, %.0f over a second\n",
           joint ? "joint" : "apart by cuBLASLt", first, warm);
    fflush(stdout);
  }
  return 0;
}

static int check_all(void) {
  int wrong = 0;
  for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) wrong += !check_case(&checks[i]);
  return wrong;
}

int main(int argc, char **argv) {
  static const act acts[] = {{"check", check_all}, {"layer", time_all}};
  return perform_acts(argc, argv, acts, sizeof acts / sizeof *acts);
}
