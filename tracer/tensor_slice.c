// Slices of tensors along an axis, taken and put back.
//
// Along an axis, a tensor is `rows` stretches of memory; a slice is a piece of each.
#include "graphcut/tensor.h"
#include "tracer/base/error.h"

#include <string.h>

typedef struct pieces {
  uint64_t rows, stride, offset, bytes; // of each row: its length, where the piece begins, how long
} pieces;

static gcut_status find_pieces(const gcut_tensor *t, int axis, int64_t first, int64_t n,
                               pieces *out, gcut_error *err) {
  bool plain = t->kind == GCUT_KIND_TENSOR && t->type != GCUT_STRING &&
               gcut_dtype_bits(t->type) >= 8 && axis >= 0 && axis < t->rank;
  if (!plain || first < 0 || n < 0 || first > t->dims[axis] || n > t->dims[axis] - first)
    return GCUT_FAIL(err, GCUT_ARGUMENT, "a tensor has no elements %lld to %lld along axis %d",
                     (long long)first, (long long)first + (long long)n, axis);
  *out = (pieces){.rows = 1};
  for (int d = 0; d < axis; d++) out->rows *= (uint64_t)t->dims[d];
  if (t->bytes == 0) return GCUT_OK;
  out->stride = t->bytes / out->rows;
  uint64_t each = out->stride / (uint64_t)t->dims[axis];
  out->offset = (uint64_t)first * each;
  out->bytes = (uint64_t)n * each;
  return GCUT_OK;
}

gcut_status gcut_tensor_slice(gcut_tensor *base, int axis, int64_t first, int64_t n,
                              gcut_tensor **out_tensor, gcut_error *err) {
  int64_t dims[GCUT_MAX_RANK];
  pieces p;
  *out_tensor = NULL;
  GCUT_TRY(find_pieces(base, axis, first, n, &p, err));
  memcpy(dims, base->dims, (size_t)base->rank * sizeof *dims);
  dims[axis] = n;
  if (p.rows == 1 && p.bytes > 0) {
    GCUT_TRY(gcut_tensor_wrap(base->type, base->rank, dims, (char *)base->data + p.offset,
                              out_tensor, err));
    (*out_tensor)->base = gcut_tensor_ref(base->base ? base->base : base);
    return GCUT_OK;
  }
  GCUT_TRY(gcut_tensor_create_uninitialized(base->type, base->rank, dims, out_tensor, err));
  for (uint64_t r = 0; r < p.rows && p.bytes > 0; r++)
    memcpy((char *)(*out_tensor)->data + r * p.bytes,
           (const char *)base->data + r * p.stride + p.offset, p.bytes);
  return GCUT_OK;
}

gcut_status gcut_tensor_place(gcut_tensor *whole, int axis, int64_t first, const gcut_tensor *part,
                              gcut_error *err) {
  bool fits = part->kind == whole->kind && part->type == whole->type && part->rank == whole->rank &&
              axis >= 0 && axis < whole->rank;
  for (int d = 0; fits && d < whole->rank; d++) fits = d == axis || part->dims[d] == whole->dims[d];
  if (!fits) return GCUT_FAIL(err, GCUT_ARGUMENT, "a slice does not fit its tensor");
  pieces p;
  GCUT_TRY(find_pieces(whole, axis, first, part->dims[axis], &p, err));
  for (uint64_t r = 0; r < p.rows && p.bytes > 0; r++)
    memcpy((char *)whole->data + r * p.stride + p.offset, (const char *)part->data + r * p.bytes,
           p.bytes);
  return GCUT_OK;
}
