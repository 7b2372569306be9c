// Keys and values of attention behind what turns k and repeats heads for groups of queries.
#include <string.h>

#include "tracer/fuse/fuse.h"
#include "tracer/ops/transpose.h"

bool gcut__fuse_repeats_heads(const gcut_type *in, const gcut_type *one, const gcut_type *wide,
                              const gcut_type *out) {
  if (!in || !one || !wide || !out || in->rank != 4 || one->rank != 5 || wide->rank != 5 ||
      out->rank != 4 || one->dims[2] != 1 || one->dims[1] != in->dims[1])
    return false;
  for (int d = 0; d < 5; d++)
    if (d != 2 && wide->dims[d] != in->dims[d < 2 ? d : d - 1]) return false;
  for (int d = 0; d < 4; d++)
    if (d != 1 && out->dims[d] != in->dims[d]) return false;
  return gcut_dim_known(in->dims[1]) && gcut_dim_known(wide->dims[2]) &&
         gcut_dim_known(out->dims[1]) && wide->dims[2] > 0 &&
         out->dims[1] / wide->dims[2] == in->dims[1] && out->dims[1] % wide->dims[2] == 0;
}

// k of Expand(Unsqueeze(k)), which joined to `out` repeats its heads; or GCUT_NONE.
static uint32_t behind_wide(gcut__fuser *f, uint32_t wide, const gcut_type *out) {
  const gcut_node *expand = gcut__fuse_take(f, wide, "Expand", 1);
  uint32_t one = gcut__fuse_input(f, expand, 0);
  const gcut_node *unsqueeze = gcut__fuse_take(f, one, "Unsqueeze", 1);
  uint32_t in = gcut__fuse_input(f, unsqueeze, 0);
  bool found =
      unsqueeze && gcut__fuse_repeats_heads(gcut__fuse_type(f, in), gcut__fuse_type(f, one),
                                            gcut__fuse_type(f, wide), out);
  return found ? in : GCUT_NONE;
}

uint32_t gcut__fuse_behind_repeat(gcut__fuser *f, uint32_t value) {
  uint32_t kept = f->n_nodes;
  const gcut_node *join = gcut__fuse_take(f, value, "Reshape", 1);
  uint32_t in =
      join ? behind_wide(f, gcut__fuse_input(f, join, 0), gcut__fuse_type(f, value)) : GCUT_NONE;
  if (in != GCUT_NONE) return in;
  f->n_nodes = kept;
  return value;
}

static bool permutes(const gcut_node *transpose, const int64_t *perm, size_t rank) {
  const gcut__transpose_attrs *attrs = transpose->attrs;
  return attrs->perm.given && attrs->perm.n == rank &&
         !memcmp(attrs->perm.data, perm, rank * sizeof *perm);
}

// k of Reshape(Transpose(Reshape(k))), which joins batch and heads meanwhile (of k repeated, too);
// or GCUT_NONE.
static uint32_t behind_joined_turn(gcut__fuser *f, uint32_t value) {
  const gcut_node *last = gcut__fuse_take(f, value, "Reshape", 1);
  uint32_t turned = gcut__fuse_input(f, last, 0);
  const gcut_node *turn = gcut__fuse_take(f, turned, "Transpose", 1);
  const gcut_node *first = gcut__fuse_take(f, gcut__fuse_input(f, turn, 0), "Reshape", 1);
  uint32_t k = gcut__fuse_input(f, first, 0);
  const gcut_type *in = gcut__fuse_type(f, k), *t = gcut__fuse_type(f, turned),
                  *out = gcut__fuse_type(f, value);
  if (!first || !in || !t || !out || t->rank != 3 || out->rank != 4 ||
      !gcut__fuse_swaps_last(turn, 3) || t->dims[1] != out->dims[2] || t->dims[2] != out->dims[3])
    return GCUT_NONE;
  gcut_dim dims[] = {out->dims[0], out->dims[1], out->dims[3], out->dims[2]};
  gcut_type heads = {.kind = GCUT_KIND_TENSOR, .type = in->type, .rank = 4, .dims = dims};
  if (gcut__fuse_same_shape(in, &heads)) return k;
  return in->rank == 5 ? behind_wide(f, k, &heads) : GCUT_NONE;
}

uint32_t gcut__fuse_behind_turn(gcut__fuser *f, uint32_t value) {
  static const int64_t rows_first[] = {0, 2, 3, 1}, rows_outermost[] = {1, 2, 0};
  uint32_t kept = f->n_nodes;
  const gcut_node *turn = gcut__fuse_take(f, value, "Transpose", 1);
  if (!turn) return behind_joined_turn(f, value);
  f->group.rows_first = permutes(turn, rows_first, 4) || permutes(turn, rows_outermost, 3);
  if (f->group.rows_first || gcut__fuse_swaps_last(turn, 4) || gcut__fuse_swaps_last(turn, 3))
    return gcut__fuse_input(f, turn, 0);
  f->n_nodes = kept;
  return GCUT_NONE;
}
