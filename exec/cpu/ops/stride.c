// The N-dimensional walk: an odometer over collapsed dims.
#include "exec/cpu/ops/stride.h"

void gcut__packed_strides(int rank, const int64_t *dims, int64_t *out_strides) {
  int64_t stride = 1;
  for (int i = rank - 1; i >= 0; i--) {
    out_strides[i] = stride;
    stride *= dims[i] > 0 ? dims[i] : 1;
  }
}

void gcut__broadcast_strides(int rank, const int64_t *dims, int out_rank, int64_t *out_strides) {
  int64_t packed[GCUT_MAX_RANK];
  gcut__packed_strides(rank, dims, packed);
  int missing = out_rank - rank;
  for (int i = 0; i < out_rank; i++)
    out_strides[i] = i < missing || dims[i - missing] == 1 ? 0 : packed[i - missing];
}

gcut_status gcut__walk_create(gcut_arena *arena, int rank, const int64_t *dims, uint32_t n_operands,
                              gcut__walk **out_walk, gcut_error *err) {
  gcut__walk *walk = *out_walk = GCUT_NEW(arena, gcut__walk);
  if (!walk) return GCUT_NO_MEMORY(err);
  walk->n_operands = n_operands;
  walk->rank = rank;
  for (int i = 0; i < rank; i++) walk->dims[i] = dims[i];
  walk->steps = GCUT_NEW_ARRAY(arena, int64_t, n_operands);
  walk->offsets = GCUT_NEW_ARRAY(arena, int64_t, n_operands);
  walk->strides = GCUT_NEW_ARRAY(arena, int64_t, (size_t)n_operands * GCUT_MAX_RANK);
  if (walk->steps && walk->offsets && walk->strides) return GCUT_OK;
  *out_walk = NULL;
  return GCUT_NO_MEMORY(err);
}

void gcut__walk_broadcast(gcut__walk *walk, uint32_t k, int rank, const int64_t *dims) {
  gcut__broadcast_strides(rank, dims, walk->rank, walk->strides + (size_t)k * GCUT_MAX_RANK);
}

void gcut__walk_strides(gcut__walk *walk, uint32_t k, const int64_t *strides) {
  for (int i = 0; i < walk->rank; i++) walk->strides[(size_t)k * GCUT_MAX_RANK + i] = strides[i];
}

// Whether every operand steps through dim `inner` and then on to the next of `outer` evenly.
static bool continues(const gcut__walk *walk, int outer, int inner) {
  for (uint32_t k = 0; k < walk->n_operands; k++) {
    const int64_t *strides = walk->strides + (size_t)k * GCUT_MAX_RANK;
    if (strides[outer] != strides[inner] * walk->dims[inner]) return false;
  }
  return true;
}

static void move_dim(gcut__walk *walk, int from, int to) {
  walk->dims[to] = walk->dims[from];
  for (uint32_t k = 0; k < walk->n_operands; k++)
    walk->strides[(size_t)k * GCUT_MAX_RANK + to] = walk->strides[(size_t)k * GCUT_MAX_RANK + from];
}

static void collapse(gcut__walk *walk) {
  int kept = 0;
  for (int i = 0; i < walk->rank; i++) {
    if (walk->dims[i] == 1) continue;
    if (kept > 0 && continues(walk, kept - 1, i)) {
      int64_t size = walk->dims[kept - 1] * walk->dims[i];
      move_dim(walk, i, kept - 1);
      walk->dims[kept - 1] = size;
    } else {
      move_dim(walk, i, kept++);
    }
  }
  walk->rank = kept;
}

bool gcut__walk_start(gcut__walk *walk) {
  for (int i = 0; i < walk->rank; i++)
    if (walk->dims[i] == 0) return false;
  collapse(walk);
  walk->inner = 1;
  if (walk->rank == 0) return true;
  walk->inner = walk->dims[--walk->rank];
  for (uint32_t k = 0; k < walk->n_operands; k++)
    walk->steps[k] = walk->strides[(size_t)k * GCUT_MAX_RANK + walk->rank];
  return true;
}

bool gcut__walk_next(gcut__walk *walk) {
  for (int i = walk->rank - 1; i >= 0; i--) {
    bool carry = ++walk->index[i] == walk->dims[i];
    int64_t steps = carry ? 1 - walk->dims[i] : 1; // back to the first, or one on
    for (uint32_t k = 0; k < walk->n_operands; k++)
      walk->offsets[k] += steps * walk->strides[(size_t)k * GCUT_MAX_RANK + i];
    if (!carry) return true;
    walk->index[i] = 0;
  }
  return false;
}
