// See elementwise_cases.h. A formula rounds where its program does.
#include "tests/cuda/elementwise_cases.h"

#include <math.h>

#include "graphcut/dtype.h"
#include "tracer/base/narrow.h"

enum {
  F32 = GCUT_FLOAT,
  BF = GCUT_BFLOAT16,
  HF = GCUT_FLOAT16,
  I64 = GCUT_INT64,
  I32 = GCUT_INT32
};
enum { U8 = GCUT_UINT8, U32 = GCUT_UINT32, BOOL = GCUT_BOOL, F64 = GCUT_DOUBLE };

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

const elementwise_case elementwise_cases[] = {
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
     {STEP(QUICK_SIGMOID, FLOAT, BF, {0, BF}), STEP(MUL, FLOAT, BF, {0, BF}, LAST(BF)),
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
const int n_elementwise_cases = sizeof elementwise_cases / sizeof *elementwise_cases;
