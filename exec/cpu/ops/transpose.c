// Permutations of axes as strided copies.
#include "tracer/ops/transpose.h"

#include "exec/cpu/ops/copy.h"
#include "exec/cpu/ops/elements.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"

// Writes the elements of input 0, seen as a tensor of `dims`, in the order of `perm`.
static gcut_status permute(gcut__cpu_call *c, int rank, const int64_t *dims, const int *perm,
                           gcut_error *err) {
  int64_t strides[GCUT_MAX_RANK], from_strides[GCUT_MAX_RANK], to_strides[GCUT_MAX_RANK],
      to_dims[GCUT_MAX_RANK];
  gcut__elements from, to;
  gcut_tensor *y = c->outputs[0];
  if (!y) return GCUT_OK;
  gcut__packed_strides(rank, dims, strides);
  for (int d = 0; d < rank; d++) {
    to_dims[d] = dims[perm[d]];
    from_strides[d] = strides[perm[d]];
  }
  gcut__packed_strides(rank, to_dims, to_strides);
  GCUT_TRY(gcut__elements_read(c, c->inputs[0], &from, err));
  GCUT_TRY(gcut__elements_write(c, y, &to, err));
  gcut__copy_box(to.size, rank, to_dims, to.data, to_strides, from.data, from_strides);
  return gcut__elements_store(c, &to, y, err);
}

gcut_status gcut__cpu_transpose(gcut__cpu_call *c, gcut_error *err) {
  const gcut__transpose_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  int perm[GCUT_MAX_RANK];
  for (int d = 0; d < x->rank; d++) {
    int64_t axis = attrs->perm.given ? attrs->perm.data[d] : x->rank - 1 - d;
    perm[d] = (int)(axis < 0 ? axis + x->rank : axis);
  }
  return permute(c, x->rank, x->dims, perm, err);
}

gcut_status gcut__cpu_depth_to_space(gcut__cpu_call *c, gcut_error *err) {
  const gcut__depth_attrs *attrs = c->attrs;
  const int64_t *x = c->inputs[0]->dims, b = attrs->blocksize, depth = x[1] / (b * b);
  if (gcut__depth_is_crd(attrs))
    return permute(c, 6, (int64_t[]){x[0], depth, b, b, x[2], x[3]}, (int[]){0, 1, 4, 2, 5, 3},
                   err);
  return permute(c, 6, (int64_t[]){x[0], b, b, depth, x[2], x[3]}, (int[]){0, 3, 4, 1, 5, 2}, err);
}

gcut_status gcut__cpu_space_to_depth(gcut__cpu_call *c, gcut_error *err) {
  const gcut__depth_attrs *attrs = c->attrs;
  const int64_t *x = c->inputs[0]->dims, b = attrs->blocksize;
  int64_t dims[] = {x[0], x[1], x[2] / b, b, x[3] / b, b};
  if (gcut__depth_is_crd(attrs)) return permute(c, 6, dims, (int[]){0, 1, 3, 5, 2, 4}, err);
  return permute(c, 6, dims, (int[]){0, 3, 5, 1, 2, 4}, err);
}
