// Hopper's grouped products for the card in software, whose kernel is in assembly: the same job,
// with the order and the tiles that the card made of it and b's through their map, by plain loops.
#include "exec/cuda/ops/grouped.h"

#include <math.h>
#include <stdbool.h>

#include "tests/emulate/loops.h"
#include "tests/emulate/map.h"
#include "tracer/base/narrow.h"

typedef struct kind {
  float (*widen)(uint16_t);
  uint16_t (*narrow)(float);
  bool turned, swiglu; // b; of its halves
} kind;

// Row `row` of a choice's b as it is stored.
static const uint16_t *row_of(const gcut__cuda_tensor_map *map, uint64_t choice, uint64_t row) {
  const emulated_map *m = (const emulated_map *)map;
  return (const uint16_t *)(m->data + choice * m->strides[1] + row * m->strides[0]);
}

static float product(const gcut__cuda_grouped_wide *w, kind k, const uint16_t *a, int32_t choice,
                     int64_t j) {
  float sum = 0;
  for (int64_t i = 0; i < w->grouped.base.k; i++) {
    const uint64_t row = (uint64_t)(k.turned ? j : i), column = (uint64_t)(k.turned ? i : j);
    sum += k.widen(a[i]) * k.widen(row_of(&w->b_map, (uint64_t)choice, row)[column]);
  }
  return k.widen(k.narrow(sum));
}

static void multiply_row(const gcut__cuda_grouped_wide *w, kind k, int32_t choice, int32_t at) {
  const gcut__cuda_product_job *p = &w->grouped.base;
  const uint16_t *a = (const uint16_t *)p->a + w->grouped.sources[at] * p->k;
  uint16_t *c = (uint16_t *)p->c + w->grouped.order[at] * p->ldc;
  for (int64_t j = 0; j < p->n; j++) {
    const float x = product(w, k, a, choice, j);
    const float turned = k.widen(k.narrow(x * k.widen(k.narrow(1 / (1 + expf(-x))))));
    c[j] = k.narrow(k.swiglu ? turned * product(w, k, a, choice, p->n + j) : x);
  }
}

// All of it in the first thread of the first block.
static void multiply(const gcut__cuda_grouped_wide *w, kind k) {
  if (emulated_block.x || emulated_thread.x) return;
  for (int32_t t = 0; t < *w->grouped.n_tiles; t++) {
    const gcut__cuda_grouped_tile tile = w->grouped.tiles[t];
    for (int32_t at = tile.first; at < tile.end && at - tile.first < GCUT_CUDA_GROUPED_WIDE_ROWS;
         at++)
      multiply_row(w, k, tile.choice, at);
  }
}

#define KERNEL(name, type, turned, swiglu)                                                         \
  EXPORT void gcut_grouped_wide_##name(const void *job);                                           \
  void gcut_grouped_wide_##name(const void *job) {                                                 \
    multiply(job, (kind){gcut_from_##type, gcut_to_##type, turned, swiglu});                       \
  }
#define KERNELS(name, type)                                                                        \
  KERNEL(name, type, false, false)                                                                 \
  KERNEL(name##_t, type, true, false)                                                              \
  KERNEL(name##_swiglu, type, false, true)                                                         \
  KERNEL(name##_t_swiglu, type, true, true)
KERNELS(f16, float16)
KERNELS(bf16, bfloat16)
