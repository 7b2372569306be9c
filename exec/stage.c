// How a part's weights lie in the range they are loaded to.
#include <stdlib.h>

#include "graphcut/schedule.h"
#include "tracer/base/error.h"

static int by_file(const void *a, const void *b) {
  const gcut_weight *x = *(const gcut_weight *const *)a, *y = *(const gcut_weight *const *)b;
  if (x->file != y->file) return x->file < y->file ? -1 : 1;
  if (x->file_offset != y->file_offset) return x->file_offset < y->file_offset ? -1 : 1;
  return x < y ? -1 : x > y;
}

static bool is_mapped(const gcut_stage *part, const bool *mapped, uint32_t weight) {
  return mapped && mapped[part->first_weight + weight];
}

uint64_t gcut_stage_bytes(const gcut_stage *part, const bool *mapped) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < part->n_weights; i++)
    if (!is_mapped(part, mapped, i)) bytes += gcut_range_bytes(part->weights[i].bytes);
  return bytes;
}

// One after the other as their files have them. Neighbours whose files leave no more room between
// them than ranges do keep their distance, so that one copy moves both; and a range takes what its
// weights take one by one, which is how plans count them.
gcut_status gcut_stage_layout(const gcut_stage *part, const bool *mapped, uint64_t *offsets,
                              gcut_error *err) {
  const gcut_weight **sorted = malloc((part->n_weights + (size_t)1) * sizeof *sorted);
  uint32_t n = 0;
  if (!sorted) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < part->n_weights; i++) {
    offsets[i] = GCUT_ON_HEAP;
    if (!is_mapped(part, mapped, i)) sorted[n++] = &part->weights[i];
  }
  qsort(sorted, n, sizeof *sorted, by_file);
  uint64_t end = 0;
  for (uint32_t i = 0; i < n; i++) {
    offsets[sorted[i] - part->weights] = end;
    end += gcut_range_bytes(sorted[i]->bytes);
  }
  free(sorted);
  return GCUT_OK;
}
