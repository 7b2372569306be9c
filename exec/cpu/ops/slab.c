// Slabs: rows of one tensor copied out of it, or between rows of others.
#include "exec/cpu/ops/slab.h"

#include <stdlib.h>

#include "exec/cpu/ops/copy.h"
#include "exec/cpu/ops/elements.h"
#include "exec/cpu/ops/stride.h"

static gcut_status create(gcut__cpu_call *c, gcut_dtype type, int rank, const int64_t *dims,
                          gcut_tensor **out_tensor, gcut_error *err) {
  gcut_error cause = {{0}};
  gcut_status status = gcut_tensor_create_uninitialized(type, rank, dims, out_tensor, &cause);
  if (status == GCUT_OK) return GCUT_OK;
  return gcut__cpu_fail(c, status == GCUT_ARGUMENT ? GCUT_FORMAT : status, err, "%s",
                        cause.message);
}

gcut_status gcut__slab_take(gcut__cpu_call *c, const gcut_tensor *x, int axis, int64_t start,
                            int64_t length, bool drop, gcut_tensor **out_tensor, gcut_error *err) {
  int64_t dims[GCUT_MAX_RANK];
  gcut__elements from, to;
  int rank = 0;
  *out_tensor = NULL;
  for (int d = 0; d < x->rank; d++)
    if (d != axis || !drop) dims[rank++] = d == axis ? length : x->dims[d];
  GCUT_TRY(gcut__elements_read(c, x, &from, err));
  gcut_tensor *y;
  GCUT_TRY(create(c, x->type, rank, dims, &y, err));
  gcut_status status = gcut__elements_write(c, y, &to, err);
  if (status == GCUT_OK && y->count > 0) {
    int64_t inner = gcut__product(x->dims, axis + 1, x->rank), row = x->dims[axis] * inner;
    gcut__copy_rows(to.size, gcut__product(x->dims, 0, axis), length * inner, to.data,
                    length * inner, from.data + (size_t)(start * inner) * to.size, row);
    status = gcut__elements_store(c, &to, y, err);
  }
  if (status == GCUT_OK)
    *out_tensor = y;
  else
    gcut_tensor_unref(y);
  return status;
}

static gcut_status check_alike(gcut__cpu_call *c, gcut_tensor *const *items, size_t n, int free_dim,
                               gcut_error *err) {
  for (size_t i = 0; i < n; i++) {
    const gcut_tensor *a = items[0], *b = items[i];
    bool alike = b->kind == GCUT_KIND_TENSOR && a->type == b->type && a->rank == b->rank;
    for (int d = 0; alike && d < a->rank; d++) alike = d == free_dim || a->dims[d] == b->dims[d];
    if (!alike)
      return gcut__cpu_fail(c, GCUT_FORMAT, err,
                            "tensor %zu differs in type or shape from the first", i);
  }
  return GCUT_OK;
}

// Copies each item's rows of `part` elements beside those of the others.
static gcut_status lay_side_by_side(gcut__cpu_call *c, gcut_tensor *const *items, size_t n,
                                    bool reverse, int64_t rows, gcut_tensor *y, gcut_error *err) {
  gcut__elements from, to;
  if (y->count == 0) return GCUT_OK;
  GCUT_TRY(gcut__elements_write(c, y, &to, err));
  int64_t at = 0, row = (int64_t)y->count / rows;
  for (size_t i = 0; i < n; i++) {
    const gcut_tensor *x = items[reverse ? n - 1 - i : i];
    int64_t part = (int64_t)x->count / rows;
    if (part == 0) continue;
    GCUT_TRY(gcut__elements_read(c, x, &from, err));
    gcut__copy_rows(to.size, rows, part, to.data + (size_t)at * to.size, row, from.data, part);
    at += part;
  }
  return gcut__elements_store(c, &to, y, err);
}

static gcut_status assemble(gcut__cpu_call *c, gcut_tensor *const *items, size_t n, bool reverse,
                            int rank, const int64_t *dims, int axis, gcut_tensor **out_tensor,
                            gcut_error *err) {
  gcut_tensor *y;
  *out_tensor = NULL;
  GCUT_TRY(create(c, items[0]->type, rank, dims, &y, err));
  gcut_status status = lay_side_by_side(c, items, n, reverse, gcut__product(dims, 0, axis), y, err);
  if (status == GCUT_OK)
    *out_tensor = y;
  else
    gcut_tensor_unref(y);
  return status;
}

// An axis of a tensor of that rank, checked.
static gcut_status check_axis(gcut__cpu_call *c, int64_t axis, int rank, int *out,
                              gcut_error *err) {
  if (axis < -(int64_t)rank || axis >= rank)
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "axis %lld of a tensor of rank %d", (long long)axis,
                          rank);
  *out = (int)(axis < 0 ? axis + rank : axis);
  return GCUT_OK;
}

gcut_status gcut__slab_stack(gcut__cpu_call *c, gcut_tensor *const *items, size_t n, int64_t axis,
                             bool reverse, gcut_tensor **out_tensor, gcut_error *err) {
  int64_t dims[GCUT_MAX_RANK + 1];
  int at = 0, rank = items[0]->rank + 1;
  *out_tensor = NULL;
  GCUT_TRY(check_axis(c, axis, rank, &at, err));
  GCUT_TRY(check_alike(c, items, n, -1, err));
  for (int d = 0, from = 0; d < rank; d++) dims[d] = d == at ? (int64_t)n : items[0]->dims[from++];
  return assemble(c, items, n, reverse, rank, dims, at, out_tensor, err);
}

gcut_status gcut__slab_join(gcut__cpu_call *c, gcut_tensor *const *items, size_t n, int64_t axis,
                            gcut_tensor **out_tensor, gcut_error *err) {
  int64_t dims[GCUT_MAX_RANK];
  int at = 0, rank = items[0]->rank;
  *out_tensor = NULL;
  GCUT_TRY(check_axis(c, axis, rank, &at, err));
  GCUT_TRY(check_alike(c, items, n, at, err));
  for (int d = 0; d < rank; d++) dims[d] = items[0]->dims[d];
  for (size_t i = 1; i < n; i++)
    if (__builtin_add_overflow(dims[at], items[i]->dims[at], &dims[at]))
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "more elements than can be counted");
  return assemble(c, items, n, false, rank, dims, at, out_tensor, err);
}

gcut_status gcut__tensor_list_add(gcut__tensor_list *list, gcut_tensor *tensor, gcut_error *err) {
  if (list->n == list->capacity) {
    size_t capacity = list->capacity ? 2 * list->capacity : 16;
    gcut_tensor **items = capacity > SIZE_MAX / sizeof *items / 2
                              ? NULL
                              : realloc(list->items, capacity * sizeof *items);
    if (!items) {
      gcut_tensor_unref(tensor);
      return GCUT_NO_MEMORY(err);
    }
    list->items = items;
    list->capacity = capacity;
  }
  list->items[list->n++] = tensor;
  return GCUT_OK;
}

void gcut__tensor_list_free(gcut__tensor_list *list) {
  for (size_t i = 0; i < list->n; i++) gcut_tensor_unref(list->items[i]);
  free(list->items);
  *list = (gcut__tensor_list){0};
}
