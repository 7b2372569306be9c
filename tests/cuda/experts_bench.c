// Grouped products on a card: rows that each choose one of several matrices, as a mixture of
// experts has them. Checks every kind of kernel that takes a case against sums in double precision,
// and that kinds of 16 bits agree; then times layers of known models beside one dense product of as
// much work, by our kernel and by cuBLASLt where it is found.
//
//   experts_bench [check|time]      both where nothing is said
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/cuda/ops/multiply_grouped.h"
#include "tests/cuda/card.h"

#define F GCUT_FLOAT
#define D GCUT_DOUBLE
#define H GCUT_FLOAT16
#define B GCUT_BFLOAT16

// How rows choose: at random, the same for all, none but the first and the last, negative numbers.
typedef enum choosing { ANY, ONE, ENDS, NEGATIVE } choosing;

typedef struct test {
  gcut_dtype type;
  int64_t rows, choices, n, k, repeat;
  bool transpose_b;
  choosing how;
  bool swiglu;
  int64_t at_once; // matrices of a launch; 0: all
} test;

static const test checks[] = {
    {F, 5, 3, 7, 9, 1, true, ANY},
    {F, 300, 4, 130, 70, 2, false, ANY},
    {F, 4096, 8, 256, 128, 1, true, ANY},
    {D, 77, 5, 33, 65, 1, false, ENDS},
    {H, 5, 3, 7, 9, 1, true, ANY},
    {B, 100, 3, 65, 31, 1, false, NEGATIVE},
    {B, 64, 8, 256, 64, 8, true, ANY},
    {B, 64, 8, 256, 64, 1, false, ONE},
    {B, 300, 4, 264, 136, 2, true, ANY},
    {H, 300, 4, 264, 136, 1, false, ENDS},
    {H, 1000, 16, 520, 72, 4, true, ANY},
    {B, 1000, 6, 8, 8, 1, true, NEGATIVE},
    {B, 2048, 8, 768, 512, 2, false, ANY},
    {B, 2048, 8, 768, 512, 2, true, ONE},
    {H, 4096, 128, 512, 256, 8, true, ANY},
    {B, 16384, 512, 256, 128, 8, true, ANY},
    {B, 1, 8, 512, 2048, 1, true, ANY},
    {F, 2000, 4096, 16, 24, 1, true, ANY},
    {B, 300, 4, 528, 136, 2, true, ANY, 1},
    {H, 1000, 8, 1536, 264, 8, false, ENDS, 1},
    {B, 2048, 8, 768, 512, 2, true, ANY, 0, 3},
    {F, 300, 7, 130, 70, 2, false, ENDS, 0, 2},
    {H, 64, 16, 256, 64, 1, true, NEGATIVE, 0, 1},
};

// ---- a case

typedef struct setup {
  gcut__cuda_grouped g;
  int64_t at_once;
  tensor a, b, indices, y;
  uint32_t *fault;
  CUdeviceptr fault_device;
} setup;

static int64_t columns_of(const gcut__cuda_grouped *g) {
  return g->swiglu ? g->n / 2 : g->n;
}

static int64_t choose(const test *t) {
  int64_t any = (int64_t)(random_bits() % (uint64_t)t->choices);
  switch (t->how) {
  case ONE: return t->choices / 2;
  case ENDS: return any % 2 ? t->choices - 1 : 0;
  case NEGATIVE: return any % 2 ? any : any - t->choices;
  default: return any;
  }
}

static tensor scaled_tensor(gcut_dtype type, int64_t count, double scale) {
  tensor t = new_tensor(type, count);
  for (int64_t i = 0; i < count; i++) put_element(t.host, i, type, (double)random_float() * scale);
  to_card(&t);
  return t;
}

static setup make_setup(const test *t) {
  gcut_dtype ids = t->rows % 2 ? GCUT_INT32 : GCUT_INT64;
  setup s = {.g = {.type = t->type,
                   .rows = t->rows,
                   .choices = t->choices,
                   .n = t->n,
                   .k = t->k,
                   .repeat = t->repeat,
                   .transpose_b = t->transpose_b,
                   .swiglu = t->swiglu,
                   .index_type = ids}};
  s.a = scaled_tensor(t->type, t->rows / t->repeat * t->k, 1);
  s.b = scaled_tensor(t->type, t->choices * t->n * t->k, 0.3);
  s.y = new_tensor(t->type, t->rows * columns_of(&s.g));
  s.indices = new_tensor(ids, t->rows);
  for (int64_t i = 0; i < t->rows; i++) put_element(s.indices.host, i, ids, (double)choose(t));
  to_card(&s.indices);
  s.fault_device = take(sizeof *s.fault);
  s.at_once = t->at_once ? t->at_once : t->choices;
  return s;
}

static void free_setup(setup *s) {
  free_tensor(&s->a), free_tensor(&s->b), free_tensor(&s->y), free_tensor(&s->indices);
  DRIVER(cuMemFree, s->fault_device);
}

static void run_setup(setup *s, const gcut__cuda_grouped_multiply *m) {
  gcut__cuda_grouped_operands at = {.a = s->a.device,
                                    .indices = s->indices.device,
                                    .c = s->y.device,
                                    .scratch = take(m->scratch_bytes),
                                    .fault = s->fault_device,
                                    .all = s->g.choices};
  const int64_t matrix = s->g.n * s->g.k * gcut_dtype_bits(s->g.type) / 8;
  memset(s->y.host, 0xa5, s->y.bytes);
  to_card(&s->y);
  for (gcut__cuda_grouped g = s->g; at.first < at.all; at.first += s->at_once) {
    g.choices = at.all - at.first < s->at_once ? at.all - at.first : s->at_once;
    at.b = s->b.device + (CUdeviceptr)(at.first * matrix);
    CHECK(gcut__cuda_grouped_launch(&cuda, m, &g, &at, stream, err));
  }
  from_card(&s->y);
  DRIVER(cuMemFree, at.scratch);
}

// ---- checks

// The sum of a product in double precision; *size: of its terms without their signs.
static double sum_at(const setup *s, int64_t row, int64_t column, double *size) {
  const gcut__cuda_grouped *g = &s->g;
  int64_t choice = (int64_t)tensor_get(&s->indices, row);
  double sum = 0;
  *size = 0;
  if (choice < 0) choice += g->choices;
  for (int64_t k = 0; k < g->k; k++) {
    int64_t at = g->transpose_b ? column * g->k + k : k * g->n + column;
    double x = tensor_get(&s->a, row / g->repeat * g->k + k) *
               tensor_get(&s->b, choice * g->n * g->k + at);
    sum += x, *size += fabs(x);
  }
  return sum;
}

// How far element [row][column] is from what it is in double precision, in units of what rounding
// and sums of the type may do to it: SwiGLU rounds four times, and twice sums.
static double error_at(const setup *s, int64_t row, int64_t column) {
  const gcut__cuda_grouped *g = &s->g;
  double unit = g->type == B ? 0x1p-8 : g->type == H ? 0x1p-11 : g->type == D ? 0x1p-52 : 0x1p-23;
  double sums = g->type == D ? 0x1p-52 : 0x1p-23, size, up_size;
  double x = sum_at(s, row, column, &size), may = fabs(x) * unit + size * sums * 8;
  if (g->swiglu) {
    double up = sum_at(s, row, column + g->n / 2, &up_size), turned = x / (1 + exp(-x));
    may = (6 + fabs(x)) * fabs(turned * up) * unit + (size + up_size) * sums * 64 + 0x1p-20;
    x = turned * up;
  }
  return fabs(tensor_get(&s->y, row * columns_of(g) + column) - x) / (may + 1e-30);
}

// The largest over all rows and some columns.
static double worst_error(const setup *s) {
  double worst = 0;
  int64_t n = columns_of(&s->g), step = n / 16 + 1;
  for (int64_t row = 0; row < s->g.rows; row++)
    for (int64_t column = row % step; column < n; column += step) {
      double e = error_at(s, row, column);
      if (!(e <= worst)) worst = e;
    }
  return worst;
}

static const char *const kinds[] = {"plain", "tensor cores", "Hopper's"};

// Whether the kernel of that kind is right; *bits: of the tensor cores' results, NULL before.
static bool check_kind(const test *t, setup *s, gcut__cuda_multiply_kind kind, void **bits) {
  gcut__cuda_grouped_multiply m;
  if (gcut__cuda_grouped_load_kind(&cuda, &s->g, kind, &m, NULL) != GCUT_OK) return true;
  run_setup(s, &m);
  double error = worst_error(s);
  bool same = true;
  if (kind != GCUT_CUDA_MULTIPLY_PLAIN && *bits) same = memcmp(*bits, s->y.host, s->y.bytes) == 0;
  if (kind != GCUT_CUDA_MULTIPLY_PLAIN && !*bits) {
    *bits = malloc(s->y.bytes);
    if (*bits) memcpy(*bits, s->y.host, s->y.bytes);
  }
  bool right = error <= 1;
  printf("%s %lld rows, %lld of %lld x %lld%s%s, %s: error %.2f%s%s\n", gcut_dtype_name(t->type),
         (long long)t->rows, (long long)t->choices, (long long)t->k, (long long)t->n,
         t->transpose_b ? " turned" : "", t->swiglu ? " SwiGLU" : "", kinds[kind], error,
         right ? "" : " WRONG", same ? "" : ", other bits than tensor cores");
  fflush(stdout);
  return right;
}

static int check(const test *t) {
  setup s = make_setup(t);
  void *bits = NULL;
  int wrong = 0;
  for (int kind = 0; kind < 3; kind++) {
    wrong += !check_kind(t, &s, (gcut__cuda_multiply_kind)kind, &bits);
  }
  free(bits);
  free_setup(&s);
  return wrong;
}

// ---- times

enum { SETS = 2 };

typedef struct timing {
  gcut__cuda_grouped g;
  gcut__cuda_grouped_multiply m;
  gcut__cuda_product dense;
  gcut__cuda_multiply own;
  CUdeviceptr a, b[SETS], indices, y, scratch;
} timing;

static void launch_grouped(const void *what, int i) {
  const timing *t = what;
  gcut__cuda_grouped_operands at = {.a = t->a,
                                    .indices = t->indices,
                                    .b = t->b[i % SETS],
                                    .c = t->y,
                                    .scratch = t->scratch,
                                    .fault = t->scratch,
                                    .all = t->g.choices};
  CHECK(gcut__cuda_grouped_launch(&cuda, &t->m, &t->g, &at, stream, err));
}
static void launch_own(const void *what, int i) {
  const timing *t = what;
  CHECK(gcut__cuda_multiply_launch(&cuda, &t->own, &t->dense, t->a, t->b[i % SETS], t->y, 0, stream,
                                   err));
}
static void launch_library(const void *what, int i) {
  const timing *t = what;
  CHECK(
      gcut__cuda_blas_run(blas, &t->dense, t->a, t->b[i % SETS], t->y, 0, workspace, stream, err));
}

// Random numbers, repeated.
static CUdeviceptr take_random(size_t bytes) {
  enum { PIECE = 1 << 22 };
  CUdeviceptr at = take(bytes);
  uint16_t *piece = malloc(PIECE);
  if (!piece) exit(1);
  for (size_t i = 0; i < PIECE / 2; i++)
    put_element(piece, (int64_t)i, B, (double)random_float() * 0.05);
  for (size_t i = 0; i < bytes; i += PIECE)
    DRIVER(cuMemcpyHtoDAsync, at + i, piece, bytes - i < PIECE ? bytes - i : PIECE, stream);
  DRIVER(cuStreamSynchronize, stream);
  free(piece);
  return at;
}

static double median_of(launcher *launch, const timing *t) {
  float us[20];
  time_launches(launch, t, 3, 20, us);
  return (double)us[10];
}

static void print_time(const char *what, double us, double flops) {
  printf("  %-34s %8.1f us %7.0f TFLOP/s\n", what, us, flops / us * 1e-6);
  fflush(stdout);
}

static void make_timing(timing *t) {
  const gcut__cuda_grouped *g = &t->g;
  int64_t *ids = malloc((size_t)g->rows * sizeof *ids);
  if (!ids) exit(1);
  // Each token chooses different experts.
  int64_t each = g->choices == 8 ? 2 : 8;
  for (int64_t i = 0; i < g->rows; i += each) {
    int64_t first = (int64_t)(random_bits() % (uint64_t)g->choices);
    for (int64_t j = 0; j < each && i + j < g->rows; j++)
      ids[i + j] =
          (first + j * (1 + (int64_t)(random_bits() % 2) * (g->choices / each - 1))) % g->choices;
  }
  t->dense = describe_product(g->type, g->rows, g->n, g->k, g->transpose_b);
  t->a = take_random((size_t)(g->rows * g->k) * 2);
  for (int i = 0; i < SETS; i++) t->b[i] = take_random((size_t)(g->choices * g->n * g->k) * 2);
  t->y = take((size_t)(g->rows * g->n) * 2);
  t->indices = take((size_t)g->rows * sizeof *ids);
  DRIVER(cuMemcpyHtoDAsync, t->indices, ids, (size_t)g->rows * sizeof *ids, stream);
  DRIVER(cuStreamSynchronize, stream);
  free(ids);
}

static void free_timing(timing *t) {
  DRIVER(cuStreamSynchronize, stream);
  for (int i = 0; i < SETS; i++) DRIVER(cuMemFree, t->b[i]);
  DRIVER(cuMemFree, t->a);
  DRIVER(cuMemFree, t->y);
  DRIVER(cuMemFree, t->indices);
}

static void time_kind(timing *t, gcut__cuda_multiply_kind kind, double flops) {
  char name[64];
  if (gcut__cuda_grouped_load_kind(&cuda, &t->g, kind, &t->m, NULL) != GCUT_OK) return;
  t->scratch = take(t->m.scratch_bytes);
  snprintf(name, sizeof name, "grouped, %s%s", kinds[kind], t->g.swiglu ? ", SwiGLU" : "");
  print_time(name, median_of(launch_grouped, t), flops);
  DRIVER(cuStreamSynchronize, stream);
  DRIVER(cuMemFree, t->scratch);
}

static void time_case(const char *name, gcut__cuda_grouped g) {
  timing t = {.g = g};
  double flops = 2.0 * (double)g.rows * (double)g.n * (double)g.k;
  make_timing(&t);
  printf("%s: %lld rows, %lld matrices of %lld x %lld: %.0f GFLOP, %.0f MB of weights\n", name,
         (long long)g.rows, (long long)g.choices, (long long)g.k, (long long)g.n, flops * 1e-9,
         (double)(g.choices * g.n * g.k) * 2e-6);
  time_kind(&t, GCUT_CUDA_MULTIPLY_WIDE, flops);
  t.g.swiglu = true;
  time_kind(&t, GCUT_CUDA_MULTIPLY_WIDE, flops);
  t.g.swiglu = false;
  time_kind(&t, GCUT_CUDA_MULTIPLY_MMA, flops);
  if (gcut__cuda_multiply_load(&cuda, &t.dense, &t.own, NULL) == GCUT_OK)
    print_time("one dense product, ours", median_of(launch_own, &t), flops);
  if (blas) print_time("one dense product, cuBLASLt", median_of(launch_library, &t), flops);
  free_timing(&t);
}

static int time_all(void) {
  static const struct {
    const char *name;
    int64_t rows, choices, n, k, repeat;
  } layers[] = {{"Mixtral's first", 4096, 8, 28672, 4096, 2},
                {"Mixtral's second", 4096, 8, 4096, 14336, 1},
                {"Qwen3's first", 16384, 128, 1536, 2048, 8},
                {"Qwen3's second", 16384, 128, 2048, 768, 1},
                {"Qwen3's first, one token", 8, 128, 1536, 2048, 8}};
  for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
    time_case(layers[i].name, (gcut__cuda_grouped){.type = B,
                                                   .rows = layers[i].rows,
                                                   .choices = layers[i].choices,
                                                   .n = layers[i].n,
                                                   .k = layers[i].k,
                                                   .repeat = layers[i].repeat,
                                                   .transpose_b = true,
                                                   .index_type = GCUT_INT64});
  return 0;
}

static int check_all(void) {
  int wrong = 0;
  for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) wrong += check(&checks[i]);
  return wrong;
}

int main(int argc, char **argv) {
  static const act acts[] = {{"check", check_all}, {"time", time_all}};
  return perform_acts(argc, argv, acts, sizeof acts / sizeof *acts);
}
