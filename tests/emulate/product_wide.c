// Hopper's own products for the card in software, whose kernels are in assembly: the same jobs,
// read through the same maps, by plain loops. So whole models run through joined products, and host
// code that maps operands or counts sides wrongly shows.
#include "exec/cuda/ops/product.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tests/emulate/loops.h"
#include "tests/emulate/map.h"
#include "tracer/base/narrow.h"

typedef struct kind {
  float (*widen)(uint16_t);
  uint16_t (*narrow)(float);
  bool turned; // b
  gcut__cuda_finish finish;
} kind;

static float rounded(const kind *k, float x) {
  return k->widen(k->narrow(x));
}

// A row of a tensor of 16-bit elements.
static uint16_t *row_of(const gcut__cuda_tensor_map *map, uint64_t batch, uint64_t row) {
  const emulated_map *m = (const emulated_map *)map;
  return (uint16_t *)(m->data + (m->dims[2] > 1 ? batch : 0) * m->strides[1] + row * m->strides[0]);
}

static const uint64_t *dims_of(const gcut__cuda_tensor_map *map) {
  return ((const emulated_map *)map)->dims;
}

// A b of a product as numbers, in panels of so many columns: [n / PANEL][k][PANEL]. Rows are whole
// 16 bytes, so there is no rest.
enum { PANEL = 8 };

static float *widen(const gcut__cuda_product_wide *w, const kind *k, int side, uint64_t batch) {
  const gcut__cuda_tensor_map *b = &w->b_map[side];
  const uint64_t depth = dims_of(&w->a_map)[0], n = dims_of(b)[k->turned ? 1 : 0];
  float *wide = malloc(depth * n * sizeof *wide);
  if (!wide) abort();
  for (uint64_t i = 0; i < depth; i++)
    for (uint64_t j = 0; j < n; j++)
      wide[(j / PANEL * depth + i) * PANEL + j % PANEL] =
          k->widen(k->turned ? row_of(b, batch, j)[i] : row_of(b, batch, i)[j]);
  return wide;
}

// A row of a product, rounded: k in ascending order, one sum an element.
static void multiply_row(const gcut__cuda_product_wide *w, const kind *k, const uint16_t *bias,
                         const float *a, const float *b, uint64_t n, float *y) {
  const uint64_t depth = dims_of(&w->a_map)[0];
  for (uint64_t j = 0; j < n; j += PANEL) {
    float sums[PANEL] = {0};
    for (uint64_t i = 0; i < depth; i++, b += PANEL) {
      for (int c = 0; c < PANEL; c++) sums[c] += a[i] * b[c];
    }
    for (uint64_t c = 0; c < PANEL; c++)
      y[j + c] = rounded(k, w->base.alpha * sums[c] + (bias ? k->widen(bias[j + c]) : 0));
  }
}

static float gated(const kind *k, float g, float u) {
  return rounded(k, g * rounded(k, 1 / (1 + expf(-g)))) * u;
}

// ---- steps

static float two(int op, float a, float b) {
  switch (op) {
  case GCUT_CUDA_FINISH_OP_ADD: return a + b;
  case GCUT_CUDA_FINISH_OP_SUB: return a - b;
  case GCUT_CUDA_FINISH_OP_MUL: return a * b;
  case GCUT_CUDA_FINISH_OP_MIN: return a != a || a < b ? a : b;
  case GCUT_CUDA_FINISH_OP_MAX: return a != a || a > b ? a : b;
  default: return b; // LOAD
  }
}

static float step(const gcut__cuda_finish_step *s, float x, float with) {
  switch (s->op) {
  case GCUT_CUDA_FINISH_OP_DIV: return x / s->p;
  case GCUT_CUDA_FINISH_OP_POW: return s->p == 2 ? x * x : x * x * x;
  case GCUT_CUDA_FINISH_OP_COPY: return x;
  case GCUT_CUDA_FINISH_OP_RELU: return x < 0 ? 0 : x;
  case GCUT_CUDA_FINISH_OP_LEAKYRELU: return x < 0 ? s->p * x : x;
  case GCUT_CUDA_FINISH_OP_CLIP: return x < s->p ? s->p : x > s->q ? s->q : x;
  case GCUT_CUDA_FINISH_OP_TANH: return tanhf(x);
  case GCUT_CUDA_FINISH_OP_ERF: return erff(x);
  case GCUT_CUDA_FINISH_OP_QUICK_SIGMOID: return 1 / (1 + expf(-x));
  case GCUT_CUDA_FINISH_OP_SWISH: return x * (1 / (1 + expf(-(s->p * x))));
  case GCUT_CUDA_FINISH_OP_GELU: return 0.5f * x * (1 + erff(x * 0.70710678118654752440f));
  case GCUT_CUDA_FINISH_OP_GELU_TANH:
    return 0.5f * x * (1 + tanhf(0.79788456080286535588f * (x + 0.044715f * x * x * x)));
  default: return two(s->op, x, with);
  }
}

static float walk(const gcut__cuda_finish_program *program, const kind *k, float x) {
  float slots[GCUT_CUDA_FINISH_SLOTS] = {0};
  if (program->keep >= 0) slots[program->keep] = x;
  for (int i = 0; i < program->n_steps; i++) {
    const gcut__cuda_finish_step *s = &program->steps[i];
    float with = s->with < GCUT_CUDA_FINISH_SLOTS ? slots[s->with] : x;
    x = rounded(k, step(s, x, s->with == GCUT_CUDA_FINISH_NUMBER ? s->p : with));
    if (s->keep >= 0) slots[s->keep] = x;
  }
  return x;
}

// ---- rows and sides

// `vector`, `matrix`: of the row, or NULL.
static void finish_row(const gcut__cuda_product_wide *w, const kind *k, const uint16_t *vector,
                       const uint16_t *matrix, uint64_t n, const float *sums, uint16_t *y) {
  for (uint64_t j = 0; j < n; j++) {
    float x = sums[j];
    if (k->finish == GCUT_CUDA_FINISH_SWIGLU) x = gated(k, x, sums[n + j]);
    if (w->finish.adds_vector && vector) x = rounded(k, x + k->widen(vector[j]));
    if (k->finish == GCUT_CUDA_FINISH_STEPS) x = walk(&w->finish, k, x);
    y[j] = k->narrow(matrix ? x + k->widen(matrix[j]) : x);
  }
}

static void multiply_side(const gcut__cuda_product_wide *w, const kind *k, int side,
                          uint64_t batch) {
  const bool pair = k->finish == GCUT_CUDA_FINISH_SWIGLU;
  const uint16_t *bias = w->finish.adds_vector ? NULL : w->vectors[side];
  const uint64_t n = dims_of(&w->c_map[side])[0], rows = dims_of(&w->c_map[side])[1],
                 depth = dims_of(&w->a_map)[0];
  float *b = widen(w, k, side, batch), *c = pair ? widen(w, k, 1, batch) : NULL;
  float *sums = malloc((2 * n + depth) * sizeof *sums), *a = sums + 2 * n;
  if (!sums) abort();
  for (uint64_t row = 0; row < rows; row++) {
    const uint16_t *narrow = row_of(&w->a_map, batch, row);
    for (uint64_t i = 0; i < depth; i++) a[i] = k->widen(narrow[i]);
    const uint16_t *matrix = w->skip;
    multiply_row(w, k, bias, a, b, n, sums);
    if (pair) multiply_row(w, k, NULL, a, c, n, sums + n);
    finish_row(w, k, w->vectors[side], matrix ? matrix + row * (uint64_t)w->base.ldc : NULL, n,
               sums, row_of(&w->c_map[side], batch, row));
  }
  free(b), free(c), free(sums);
}

// All of it in the first thread of the first block.
static void multiply(const gcut__cuda_product_wide *w, kind k) {
  if (emulated_block.x || emulated_thread.x) return;
  for (int side = 0; side < w->n_sides; side++)
    for (uint64_t batch = 0; batch < dims_of(&w->c_map[side])[2]; batch++)
      multiply_side(w, &k, side, batch);
}

#define KERNEL(name, type, turned, finish)                                                         \
  EXPORT void gcut_product_wide_##name(const void *job);                                           \
  void gcut_product_wide_##name(const void *job) {                                                 \
    multiply(job, (kind){gcut_from_##type, gcut_to_##type, turned, finish});                       \
  }
#define KERNELS(name, type, suffix, turned)                                                        \
  KERNEL(name##_128##suffix, type, turned, GCUT_CUDA_FINISH_NONE)                                  \
  KERNEL(name##_256##suffix, type, turned, GCUT_CUDA_FINISH_NONE)                                  \
  KERNEL(name##_256##suffix##_add, type, turned, GCUT_CUDA_FINISH_ADD)                             \
  KERNEL(name##_256##suffix##_swiglu, type, turned, GCUT_CUDA_FINISH_SWIGLU)                       \
  KERNEL(name##_128##suffix##_add, type, turned, GCUT_CUDA_FINISH_ADD)                             \
  KERNEL(name##_128##suffix##_steps, type, turned, GCUT_CUDA_FINISH_STEPS)                         \
  KERNEL(name##_256##suffix##_steps, type, turned, GCUT_CUDA_FINISH_STEPS)
KERNELS(f16, float16, , false)
KERNELS(f16, float16, _t, true)
KERNELS(bf16, bfloat16, , false)
KERNELS(bf16, bfloat16, _t, true)
