// Hopper's grouped products for the card in software, whose kernel is in assembly: the same job,
// with the order and the tiles that the card made of it and b's through their map, by plain loops.
#include "exec/cuda/ops/grouped.h"

#include <stdbool.h>

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
} kind;

// Row `row` of a choice's b as it is stored.
static const uint16_t *row_of(const gcut__cuda_tensor_map *map, uint64_t choice, uint64_t row) {
  const emulated_map *m = (const emulated_map *)map;
  return (const uint16_t *)(m->data + choice * m->strides[1] + row * m->strides[0]);
}

static void multiply_row(const gcut__cuda_grouped_wide *w, kind k, int32_t choice, int32_t at) {
  const gcut__cuda_product_job *p = &w->grouped.base;
  const uint16_t *a = (const uint16_t *)p->a + w->grouped.sources[at] * p->k;
  uint16_t *c = (uint16_t *)p->c + w->grouped.order[at] * p->ldc;
  for (int64_t j = 0; j < p->n; j++) {
    float sum = 0;
    for (int64_t i = 0; i < p->k; i++) {
      const uint64_t row = (uint64_t)(k.turned ? j : i), column = (uint64_t)(k.turned ? i : j);
      sum += k.widen(a[i]) * k.widen(row_of(&w->b_map, (uint64_t)choice, row)[column]);
    }
    c[j] = k.narrow(sum);
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

#define KERNEL(name, type, turned)                                                                 \
  EXPORT void gcut_grouped_wide_##name(const void *job);                                           \
  void gcut_grouped_wide_##name(const void *job) {                                                 \
    multiply(job, (kind){gcut_from_##type, gcut_to_##type, turned});                               \
  }
KERNEL(f16, float16, false)
KERNEL(f16_t, float16, true)
KERNEL(bf16, bfloat16, false)
KERNEL(bf16_t, bfloat16, true)
