// Hopper's own products for the card in software, whose kernels are in assembly: the same jobs,
// read through the same maps, by plain loops. So whole models run through joined products, and host
// code that maps operands or counts sides wrongly shows.
#include "exec/cuda/ops/product.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tests/emulate/map.h"
#include "tracer/base/narrow.h"

#define EXPORT __attribute__((visibility("default")))

typedef struct index3 {
  uint32_t x, y, z;
} index3;
extern index3 emulated_block, emulated_thread;

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
static void multiply_row(const gcut__cuda_product_wide *w, const kind *k, const float *a,
                         const float *b, uint64_t n, float *y) {
  const uint16_t *bias = w->base.bias;
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

static void finish_row(const kind *k, const uint16_t *skip, uint64_t n, float *sums,
                       const float *up, uint16_t *y) {
  for (uint64_t j = 0; j < n; j++) {
    if (k->finish == GCUT_CUDA_FINISH_ADD) sums[j] += k->widen(skip[j]);
    if (k->finish == GCUT_CUDA_FINISH_SWIGLU) sums[j] = gated(k, sums[j], up[j]);
    y[j] = k->narrow(sums[j]);
  }
}

static void multiply_side(const gcut__cuda_product_wide *w, const kind *k, int side,
                          uint64_t batch) {
  const bool pair = k->finish == GCUT_CUDA_FINISH_SWIGLU, add = k->finish == GCUT_CUDA_FINISH_ADD;
  const uint64_t n = dims_of(&w->c_map[side])[0], rows = dims_of(&w->c_map[side])[1],
                 depth = dims_of(&w->a_map)[0];
  float *b = widen(w, k, side, batch), *c = pair ? widen(w, k, 1, batch) : NULL;
  float *sums = malloc((2 * n + depth) * sizeof *sums), *a = sums + 2 * n;
  if (!sums) abort();
  for (uint64_t row = 0; row < rows; row++) {
    const uint16_t *narrow = row_of(&w->a_map, batch, row);
    for (uint64_t i = 0; i < depth; i++) a[i] = k->widen(narrow[i]);
    multiply_row(w, k, a, b, n, sums);
    if (pair) multiply_row(w, k, a, c, n, sums + n);
    finish_row(k, add ? (const uint16_t *)w->skip + row * (uint64_t)w->base.ldc : NULL, n, sums,
               sums + n, row_of(&w->c_map[side], batch, row));
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
  KERNEL(name##_256##suffix##_swiglu, type, turned, GCUT_CUDA_FINISH_SWIGLU)
KERNELS(f16, float16, , false)
KERNELS(f16, float16, _t, true)
KERNELS(bf16, bfloat16, , false)
KERNELS(bf16, bfloat16, _t, true)
