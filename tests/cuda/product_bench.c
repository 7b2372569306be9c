// Products on a card: our own kernels and, where it is found, cuBLASLt, over many shapes and types
// against sums in double precision; then times of a decoder's products beside cuBLASLt. Random
// data, poisoned outputs, operands in turn so that none is still in the cache.
//
//   product_bench [check|time|layer]      all of them where nothing is said
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/cuda/ops/multiply.h"
#include "tests/cuda/card.h"

// ---- who multiplies

typedef struct engine {
  const char *name;
  bool own;
  gcut__cuda_multiply_kind kind;
  bool small;
} engine;
static const engine engines[] = {
    {"plain-64", true, GCUT_CUDA_MULTIPLY_PLAIN, true},
    {"plain-128", true, GCUT_CUDA_MULTIPLY_PLAIN, false},
    {"mma-64", true, GCUT_CUDA_MULTIPLY_MMA, true},
    {"mma-128", true, GCUT_CUDA_MULTIPLY_MMA, false},
    {"wide-128", true, GCUT_CUDA_MULTIPLY_WIDE, true},
    {"wide-256", true, GCUT_CUDA_MULTIPLY_WIDE, false},
    {"cuBLASLt", false, 0, false},
};
enum { N_ENGINES = sizeof engines / sizeof *engines };

typedef struct operands {
  CUdeviceptr a, b, c, bias;
} operands;

// False where the card or the kernel has no such product.
static bool find(const engine *e, const gcut__cuda_product *p, gcut__cuda_multiply *out) {
  if (!e->own) return blas != NULL;
  return gcut__cuda_multiply_load_kind(&cuda, p, e->kind, e->small, out, NULL) == GCUT_OK;
}

static void multiply(const engine *e, const gcut__cuda_multiply *m, const gcut__cuda_product *p,
                     const operands *o) {
  if (e->own)
    CHECK(gcut__cuda_multiply_launch(&cuda, m, p, o->a, o->b, o->c, o->bias, stream, err));
  else
    CHECK(gcut__cuda_blas_run(blas, p, o->a, o->b, o->c, o->bias, workspace, stream, err));
}

// ---- checks

typedef struct test {
  gcut_dtype type;
  int64_t m, n, k, batch;
  bool transpose_a, transpose_b;
  int64_t pad; // of every row, elements
  bool one_a, one_b;
  float alpha, beta;
  bool bias;
} test;

#define F GCUT_FLOAT
#define H GCUT_FLOAT16
#define B GCUT_BFLOAT16
#define D GCUT_DOUBLE
static const test checks[] = {
    {B, 128, 256, 64, 1, 0, 0, 0, 0, 0, 1, 0, 0},
    {B, 256, 512, 256, 1, 0, 0, 0, 0, 0, 1, 0, 0},
    {B, 256, 512, 256, 1, 0, 1, 0, 0, 0, 1, 0, 0},
    {B, 512, 384, 1024, 1, 0, 0, 0, 0, 0, 1, 0, 1},
    {H, 300, 520, 200, 1, 0, 0, 0, 0, 0, 0.5f, 0, 1},
    {H, 300, 520, 200, 1, 0, 1, 8, 0, 0, -2, 0, 1},
    {B, 200, 328, 136, 3, 0, 0, 0, 0, 0, 1, 0, 0},
    {B, 200, 328, 136, 3, 0, 1, 8, 1, 0, 1, 0, 1},
    {H, 70, 72, 8, 5, 0, 0, 0, 0, 1, 1, 0, 0},
    {B, 129, 129, 65, 1, 0, 0, 0, 0, 0, 1, 0, 0},
    {B, 129, 127, 33, 2, 1, 0, 0, 0, 0, 1, 0, 1},
    {H, 61, 67, 71, 2, 1, 1, 3, 0, 0, 1, 1, 0},
    {H, 61, 67, 71, 2, 0, 1, 1, 0, 0, 1, 0.5f, 1},
    {B, 256, 256, 128, 1, 1, 0, 0, 0, 0, 1, 0, 0},
    {H, 256, 256, 128, 1, 1, 1, 0, 0, 0, 1, 1, 0},
    {B, 1, 1000, 500, 1, 0, 0, 0, 0, 0, 1, 0, 0},
    {B, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0},
    {H, 7, 3, 1000, 4, 0, 1, 0, 0, 0, 1, 0, 0},
    {F, 129, 127, 65, 1, 0, 0, 0, 0, 0, 1, 0, 1},
    {F, 200, 300, 100, 3, 0, 1, 5, 0, 1, 0.25f, 0, 0},
    {F, 200, 300, 100, 3, 1, 0, 1, 1, 0, 1, 1, 0},
    {F, 256, 512, 1024, 1, 1, 1, 0, 0, 0, 1, 0, 0},
    {F, 1, 1, 3, 2, 0, 0, 0, 0, 0, 1, 0, 0},
    {D, 129, 65, 77, 2, 0, 0, 0, 0, 0, 1, 0, 0},
    {D, 64, 200, 99, 1, 1, 1, 3, 0, 0, 0.5f, 1, 0},
    {B, 2048, 1024, 4096, 1, 0, 0, 0, 0, 0, 1, 0, 0},
    {B, 4000, 3000, 2000, 1, 0, 0, 0, 0, 0, 1, 0, 0},
    {B, 2048, 4096, 4096, 1, 0, 0, 0, 0, 0, 1, 0, 0},
    {B, 2048, 14336, 4096, 1, 0, 0, 0, 0, 0, 1, 0, 0},
    {B, 2048, 4096, 14336, 1, 0, 0, 0, 0, 0, 1, 0, 0},
};

static gcut__cuda_product product_of(const test *t) {
  gcut__cuda_product p = {.type = t->type,
                          .m = t->m,
                          .n = t->n,
                          .k = t->k,
                          .batch = t->batch,
                          .lda = (t->transpose_a ? t->m : t->k) + t->pad,
                          .ldb = (t->transpose_b ? t->k : t->n) + t->pad,
                          .ldc = t->n + t->pad,
                          .transpose_a = t->transpose_a,
                          .transpose_b = t->transpose_b,
                          .alpha = t->alpha,
                          .beta = t->beta,
                          .epilogue = t->bias ? GCUT_CUDA_EPILOGUE_BIAS : GCUT_CUDA_EPILOGUE_NONE};
  p.stride_a = t->one_a ? 0 : (t->transpose_a ? t->k : t->m) * p.lda;
  p.stride_b = t->one_b ? 0 : (t->transpose_b ? t->n : t->k) * p.ldb;
  p.stride_c = t->m * p.ldc;
  return p;
}

typedef struct setup {
  gcut__cuda_product p;
  tensor a, b, c, before, bias; // `before`: what c holds at first
} setup;

enum { FENCE = 256 };

static setup make_setup(const test *t) {
  setup s = {.p = product_of(t)};
  s.a = random_tensor(t->type, (t->transpose_a ? t->k : t->m) * s.p.lda * t->batch);
  s.b = random_tensor(t->type, (t->transpose_b ? t->n : t->k) * s.p.ldb * t->batch);
  s.c = random_tensor(t->type, s.p.stride_c * t->batch + FENCE);
  s.before = random_tensor(t->type, s.p.stride_c * t->batch + FENCE);
  s.bias = random_tensor(t->type, t->n);
  if (t->beta == 0) memset(s.before.host, 0xa5, s.before.bytes);
  return s;
}
static void free_setup(setup *s) {
  free_tensor(&s->a), free_tensor(&s->b), free_tensor(&s->c);
  free_tensor(&s->before), free_tensor(&s->bias);
}

static double reference(const setup *s, int64_t batch, int64_t row, int64_t column) {
  const gcut__cuda_product *p = &s->p;
  double sum = 0;
  for (int64_t k = 0; k < p->k; k++) {
    int64_t a = p->transpose_a ? k * p->lda + row : row * p->lda + k;
    int64_t b = p->transpose_b ? column * p->ldb + k : k * p->ldb + column;
    sum += tensor_get(&s->a, batch * p->stride_a + a) * tensor_get(&s->b, batch * p->stride_b + b);
  }
  sum *= (double)p->alpha;
  if (p->beta != 0)
    sum += (double)p->beta * tensor_get(&s->before, batch * p->stride_c + row * p->ldc + column);
  return p->epilogue == GCUT_CUDA_EPILOGUE_BIAS ? sum + tensor_get(&s->bias, column) : sum;
}

// ||c - reference|| / ||reference|| over elements here and there, as many as take a moment.
static double difference(const setup *s) {
  const gcut__cuda_product *p = &s->p;
  int64_t count = p->m * p->n * p->batch, most = INT64_C(6000000) / p->k;
  int64_t step = count <= most ? 1 : count / most | 1;
  double wrong = 0, all = 1e-30;
  for (int64_t i = 0; i < count; i += step) {
    int64_t column = i % p->n, row = i / p->n % p->m, batch = i / p->n / p->m;
    double x = tensor_get(&s->c, batch * p->stride_c + row * p->ldc + column);
    double y = reference(s, batch, row, column);
    wrong += (x - y) * (x - y);
    all += y * y;
  }
  return sqrt(wrong / all);
}

// Bytes written where nothing is to be, and elements left as they were though poisoned.
static size_t strays(const setup *s) {
  const gcut__cuda_product *p = &s->p;
  size_t size = gcut_dtype_bits(p->type) / 8, count = 0;
  for (size_t i = 0; i < s->c.bytes / size; i++) {
    bool inside = (int64_t)i < p->stride_c * p->batch && (int64_t)i % p->ldc < p->n;
    const char *now = (const char *)s->c.host + i * size;
    bool same = memcmp(now, (const char *)s->before.host + i * size, size) == 0;
    count += inside ? same && p->beta == 0 : !same;
  }
  return count;
}

static void run_once(const engine *e, const gcut__cuda_multiply *m, setup *s) {
  memcpy(s->c.host, s->before.host, s->c.bytes);
  to_card(&s->c);
  operands o = {s->a.device, s->b.device, s->c.device, s->bias.device};
  multiply(e, m, &s->p, &o);
  from_card(&s->c);
}

static double limit_of(gcut_dtype type) {
  return type == B ? 5e-3 : type == H ? 6e-4 : type == F ? 2e-6 : 1e-14;
}

// Prints: the error; what is wrong; `=` and the number of the first engine that gave the same bits.
static bool check_with(const engine *e, setup *s, void **results, int at) {
  gcut__cuda_multiply m;
  if (!find(e, &s->p, &m)) return true;
  run_once(e, &m, s);
  results[at] = malloc(s->c.bytes);
  if (!results[at]) exit(1);
  memcpy(results[at], s->c.host, s->c.bytes);
  size_t stray = strays(s);
  double wrong = difference(s);
  run_once(e, &m, s);
  bool same = memcmp(results[at], s->c.host, s->c.bytes) == 0;
  int twin = 0;
  while (!results[twin] || memcmp(results[twin], results[at], s->c.bytes) != 0) twin++;
  printf("  %s %.1e", e->name, wrong);
  if (twin < at) printf("=%s", engines[twin].name);
  printf("%s%s", stray ? " STRAY" : "", same ? "" : " CHANGES");
  bool right = wrong < limit_of(s->p.type) && !stray && same;
  if (!right) printf(" WRONG");
  return right;
}

static bool check_case(const test *t) {
  setup s = make_setup(t);
  void *results[N_ENGINES] = {0};
  bool right = true;
  printf("%s %lld x %lld x %lld by %lld%s%s pad %lld beta %g:", gcut_dtype_name(t->type),
         (long long)t->m, (long long)t->n, (long long)t->k, (long long)t->batch,
         t->transpose_a ? " at" : "", t->transpose_b ? " bt" : "", (long long)t->pad,
         (double)t->beta);
  for (int i = 0; i < N_ENGINES; i++) right = check_with(&engines[i], &s, results, i) && right;
  printf("\n");
  fflush(stdout);
  for (int i = 0; i < N_ENGINES; i++) free(results[i]);
  free_setup(&s);
  return right;
}

// ---- times

enum { RUNS = 30, WARM = 4, MOST_SETS = 8 };
static const size_t POOL = (size_t)3 << 30; // device memory of random numbers
static CUdeviceptr pool;

static void fill_pool(void) {
  if (pool) return;
  tensor piece = random_tensor(B, 1 << 22);
  pool = take(POOL);
  // Pieces of an odd length, so that operands differ.
  size_t step = piece.bytes - 34 * 2;
  for (size_t at = 0; at < POOL; at += step) {
    size_t n = POOL - at < step ? POOL - at : step;
    DRIVER(cuMemcpyDtoDAsync, pool + at, piece.device, n, stream);
  }
  DRIVER(cuStreamSynchronize, stream);
  free_tensor(&piece);
}

// Sets of operands one after the other in the pool: how many, at most MOST_SETS.
static int make_sets(const gcut__cuda_product *p, operands *sets) {
  size_t a = (size_t)(p->m * p->k) * 2, b = (size_t)(p->k * p->n) * 2,
         c = (size_t)(p->m * p->n) * 2;
  CUdeviceptr at = pool;
  int n = 0;
  for (; n < MOST_SETS && at + a + b + c <= pool + POOL; n++, at += a + b + c)
    sets[n] = (operands){at, at + a, at + a + b, 0};
  return n;
}

typedef struct timed {
  const engine *engine;
  const gcut__cuda_product *product;
  gcut__cuda_multiply multiply;
  operands sets[MOST_SETS];
  int n_sets;
} timed;

static void launch_timed(const void *what, int i) {
  const timed *t = what;
  multiply(t->engine, &t->multiply, t->product, &t->sets[i % t->n_sets]);
}

// Microseconds of a launch, in ascending order.
static void time_with(const engine *e, const gcut__cuda_product *p, float *us) {
  timed t = {.engine = e, .product = p};
  t.n_sets = make_sets(p, t.sets);
  find(e, p, &t.multiply);
  time_launches(launch_timed, &t, WARM, RUNS, us);
}

static const struct {
  int64_t m, k, n;
} shapes[] = {{2048, 4096, 4096}, {2048, 4096, 1024}, {2048, 4096, 14336}, {2048, 14336, 4096},
              {2048, 8192, 8192}, {2048, 8192, 1024}, {2048, 8192, 28672}, {2048, 28672, 8192},
              {512, 4096, 4096},  {1576, 768, 3072},  {1576, 3072, 768},   {4096, 768, 768},
              {4096, 1024, 4096}, {8192, 512, 512},   {256, 4096, 14336}};

static int time_shapes(void) {
  fill_pool();
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    gcut__cuda_product p = describe_product(B, shapes[i].m, shapes[i].n, shapes[i].k, false);
    double work = 2.0 * (double)p.m * (double)p.n * (double)p.k;
    printf("m %lld k %lld n %lld%s:", (long long)p.m, (long long)p.k, (long long)p.n,
           gcut__cuda_multiply_is_own(&cuda, &p) ? " (ours)" : "");
    for (int j = 2; j < N_ENGINES; j++) {
      float us[RUNS];
      gcut__cuda_multiply m;
      if (!find(&engines[j], &p, &m)) continue;
      time_with(&engines[j], &p, us);
      printf("  %s %.1f (least %.1f) us %.0f T/s", engines[j].name, us[RUNS / 2], us[0],
             work / us[RUNS / 2] * 1e-6);
    }
    printf("\n");
    fflush(stdout);
  }
  return 0;
}

// ---- a layer's products back to back

typedef struct layer {
  const char *name;
  int64_t hidden, kv, inner;
} layer;
static const layer layers[] = {{"8B", 4096, 1024, 14336}, {"70B", 8192, 1024, 28672}};
enum { PRODUCTS = 7 };

static void products_of(const layer *l, gcut__cuda_product *p) {
  const int64_t of[PRODUCTS][2] = {
      {l->hidden, l->hidden}, {l->hidden, l->kv},    {l->hidden, l->kv},   {l->hidden, l->hidden},
      {l->hidden, l->inner},  {l->hidden, l->inner}, {l->inner, l->hidden}};
  for (int i = 0; i < PRODUCTS; i++) p[i] = describe_product(B, 2048, of[i][1], of[i][0], false);
}

typedef struct timed_layer {
  engine engine; // ours: as it is chosen for the shape
  gcut__cuda_product products[PRODUCTS];
  gcut__cuda_multiply multiplies[PRODUCTS];
} timed_layer;

static void launch_layer(const void *what, int run) {
  const timed_layer *t = what;
  for (int i = 0; i < PRODUCTS; i++) {
    operands sets[MOST_SETS];
    int n = make_sets(&t->products[i], sets);
    multiply(&t->engine, &t->multiplies[i], &t->products[i], &sets[run % n]);
  }
}

// At first, and after a second at full power.
static void time_layer(const layer *l, bool own) {
  timed_layer t = {.engine = {.own = own}};
  products_of(l, t.products);
  for (int i = 0; i < PRODUCTS && own; i++)
    CHECK(gcut__cuda_multiply_load(&cuda, &t.products[i], &t.multiplies[i], err));
  double once = time_span(launch_layer, &t, 2), first = time_span(launch_layer, &t, 10);
  int second = (int)(1e6 / first);
  double warm = time_span(launch_layer, &t, second),
         later = time_span(launch_layer, &t, second / 4 + 1);
  printf("%s layer, %s: %.0f us at first, %.0f over a second, %.0f then\n", l->name,
         own ? "ours" : "cuBLASLt", first < once ? first : once, warm, later);
  fflush(stdout);
}

static int time_all_layers(void) {
  fill_pool();
  for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
    for (int turn = 0; turn < 4; turn++)
      if (turn % 2 == 0 || blas) time_layer(&layers[i], turn % 2 == 0);
  return 0;
}

static int check_all(void) {
  int wrong = 0;
  for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) wrong += !check_case(&checks[i]);
  return wrong;
}

int main(int argc, char **argv) {
  static const act acts[] = {
      {"check", check_all}, {"time", time_shapes}, {"layer", time_all_layers}};
  return perform_acts(argc, argv, acts, sizeof acts / sizeof *acts);
}
