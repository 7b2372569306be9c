// Reference-counted tensors in host memory.
#include "graphcut/tensor.h"

#include <stdlib.h>
#include <string.h>

#include "tracer/base/checked.h"
#include "tracer/base/error.h"

enum { ALIGNMENT = 64 };

// The struct and its dims in one piece, without data.
static gcut_status create_header(gcut_dtype type, int rank, const int64_t *dims,
                                 gcut_tensor **out_tensor, gcut_error *err) {
  *out_tensor = NULL;
  uint64_t count, bytes;
  if (rank < 0 || rank > GCUT_MAX_RANK)
    return GCUT_FAIL(err, GCUT_ARGUMENT, "a tensor of rank %d: at most %d", rank, GCUT_MAX_RANK);
  if (!gcut_checked_count(rank, dims, &count) || !gcut_dtype_bytes(type, count, &bytes))
    return GCUT_FAIL(err, GCUT_ARGUMENT, "a tensor of %s: dims negative or too large",
                     gcut_dtype_name(type));
  gcut_tensor *t = calloc(1, sizeof *t + (size_t)rank * sizeof *dims);
  if (!t) return GCUT_NO_MEMORY(err);
  *t = (gcut_tensor){.kind = GCUT_KIND_TENSOR, .type = type, .rank = rank, .n_references = 1};
  t->dims = (int64_t *)(t + 1);
  if (rank > 0) memcpy(t->dims, dims, (size_t)rank * sizeof *dims);
  t->count = count;
  t->bytes = bytes;
  *out_tensor = t;
  return GCUT_OK;
}

static void free_malloced(void *context, void *data, uint64_t bytes) {
  (void)context, (void)bytes;
  free(data);
}

static void free_strings(void *context, void *data, uint64_t bytes) {
  (void)context;
  gcut_string *strings = data;
  for (uint64_t i = 0; i < bytes / sizeof *strings; i++) free((char *)strings[i].data);
  free(data);
}

gcut_status gcut_tensor_create_uninitialized(gcut_dtype type, int rank, const int64_t *dims,
                                             gcut_tensor **out_tensor, gcut_error *err) {
  gcut_tensor *t;
  GCUT_TRY(create_header(type, rank, dims, &t, err));
  *out_tensor = NULL;
  if (t->bytes > 0) {
    uint64_t rounded;
    if (gcut_checked_add(t->bytes, ALIGNMENT - 1, &rounded))
      t->data = aligned_alloc(ALIGNMENT, rounded & ~(uint64_t)(ALIGNMENT - 1));
    if (!t->data) {
      gcut_status status = GCUT_FAIL(err, GCUT_NOMEM, "out of memory: a tensor of %llu bytes",
                                     (unsigned long long)t->bytes);
      free(t);
      return status;
    }
    if (type == GCUT_STRING) memset(t->data, 0, t->bytes);
    if (gcut_dtype_bits(type) < 8) ((uint8_t *)t->data)[t->bytes - 1] = 0; // bits of no element
  }
  t->free_data = type == GCUT_STRING ? free_strings : free_malloced;
  *out_tensor = t;
  return GCUT_OK;
}

gcut_status gcut_tensor_create(gcut_dtype type, int rank, const int64_t *dims,
                               gcut_tensor **out_tensor, gcut_error *err) {
  GCUT_TRY(gcut_tensor_create_uninitialized(type, rank, dims, out_tensor, err));
  if ((*out_tensor)->bytes > 0) memset((*out_tensor)->data, 0, (*out_tensor)->bytes);
  return GCUT_OK;
}

gcut_status gcut_tensor_wrap(gcut_dtype type, int rank, const int64_t *dims, const void *data,
                             gcut_tensor **out_tensor, gcut_error *err) {
  GCUT_TRY(create_header(type, rank, dims, out_tensor, err));
  (*out_tensor)->data = (void *)data;
  return GCUT_OK;
}

gcut_status gcut_tensor_view(gcut_tensor *base, gcut_dtype type, int rank, const int64_t *dims,
                             gcut_tensor **out_tensor, gcut_error *err) {
  gcut_tensor *t;
  GCUT_TRY(create_header(type, rank, dims, &t, err));
  *out_tensor = NULL;
  if (base->kind != GCUT_KIND_TENSOR || t->bytes != base->bytes) {
    free(t);
    return GCUT_FAIL(err, GCUT_ARGUMENT, "a view of %llu bytes under a shape of other size",
                     (unsigned long long)base->bytes);
  }
  t->data = base->data;
  t->base = gcut_tensor_ref(base->base ? base->base : base);
  *out_tensor = t;
  return GCUT_OK;
}

static gcut_status hold_items(gcut_kind kind, gcut_dtype type, gcut_tensor *const *items, size_t n,
                              gcut_tensor **out_tensor, gcut_error *err) {
  *out_tensor = NULL;
  gcut_tensor *t =
      n > SIZE_MAX / sizeof *items / 2 ? NULL : calloc(1, sizeof *t + n * sizeof *items);
  if (!t) return GCUT_NO_MEMORY(err);
  *t = (gcut_tensor){.kind = kind, .type = type, .n_items = n, .n_references = 1};
  t->items = (gcut_tensor **)(t + 1);
  for (size_t i = 0; i < n; i++) t->items[i] = gcut_tensor_ref(items[i]);
  *out_tensor = t;
  return GCUT_OK;
}

gcut_status gcut_tensor_sequence(gcut_dtype type, gcut_tensor *const *items, size_t n,
                                 gcut_tensor **out_tensor, gcut_error *err) {
  return hold_items(GCUT_KIND_SEQUENCE, type, items, n, out_tensor, err);
}

gcut_status gcut_tensor_map(gcut_tensor *keys, gcut_tensor *values, gcut_tensor **out_tensor,
                            gcut_error *err) {
  bool vectors = keys->kind == GCUT_KIND_TENSOR && values->kind == GCUT_KIND_TENSOR &&
                 keys->rank == 1 && values->rank == 1 && keys->count == values->count;
  *out_tensor = NULL;
  if (!vectors || (keys->type != GCUT_INT64 && keys->type != GCUT_STRING))
    return GCUT_FAIL(err, GCUT_ARGUMENT, "a map of %s keys to %s, not two vectors of one length",
                     gcut_dtype_name(keys->type), gcut_dtype_name(values->type));
  return hold_items(GCUT_KIND_MAP, keys->type, (gcut_tensor *[]){keys, values}, 2, out_tensor, err);
}

gcut_status gcut_tensor_none(gcut_dtype type, gcut_tensor **out_tensor, gcut_error *err) {
  gcut_tensor *t = *out_tensor = calloc(1, sizeof *t);
  if (!t) return GCUT_NO_MEMORY(err);
  *t = (gcut_tensor){.kind = GCUT_KIND_OPTIONAL, .type = type, .n_references = 1};
  return GCUT_OK;
}

gcut_status gcut_tensor_set_string(gcut_tensor *tensor, uint64_t index, const char *data,
                                   size_t size, gcut_error *err) {
  if (tensor->type != GCUT_STRING || index >= tensor->count)
    return GCUT_FAIL(err, GCUT_ARGUMENT, "string element %llu of a tensor of %llu",
                     (unsigned long long)index, (unsigned long long)tensor->count);
  char *copy = size == SIZE_MAX ? NULL : malloc(size + 1);
  if (!copy) return GCUT_NO_MEMORY(err);
  if (size > 0) memcpy(copy, data, size);
  copy[size] = '\0';
  gcut_string *element = (gcut_string *)tensor->data + index;
  free((char *)element->data);
  *element = (gcut_string){.data = copy, .size = size};
  return GCUT_OK;
}

gcut_tensor *gcut_tensor_ref(gcut_tensor *tensor) {
  if (tensor) __atomic_add_fetch(&tensor->n_references, 1, __ATOMIC_RELAXED);
  return tensor;
}

void gcut_tensor_unref(gcut_tensor *tensor) {
  if (!tensor || __atomic_sub_fetch(&tensor->n_references, 1, __ATOMIC_ACQ_REL) > 0) return;
  for (size_t i = 0; i < tensor->n_items; i++) gcut_tensor_unref(tensor->items[i]);
  if (tensor->free_data && !tensor->base)
    tensor->free_data(tensor->free_context, tensor->data, tensor->bytes);
  gcut_tensor_unref(tensor->base);
  free(tensor);
}

static bool strings_equal(const gcut_tensor *a, const gcut_tensor *b) {
  const gcut_string *x = a->data, *y = b->data;
  for (uint64_t i = 0; i < a->count; i++)
    if (x[i].size != y[i].size || (x[i].size > 0 && memcmp(x[i].data, y[i].data, x[i].size) != 0))
      return false;
  return true;
}

bool gcut_tensor_equal(const gcut_tensor *a, const gcut_tensor *b) {
  if (a->kind != b->kind || a->type != b->type || a->rank != b->rank || a->n_items != b->n_items)
    return false;
  for (size_t i = 0; i < a->n_items; i++)
    if (!gcut_tensor_equal(a->items[i], b->items[i])) return false;
  if (a->rank > 0 && memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) != 0) return false;
  if (a->type == GCUT_STRING && a->kind == GCUT_KIND_TENSOR) return strings_equal(a, b);
  return a->bytes == 0 || memcmp(a->data, b->data, a->bytes) == 0;
}
