// Named tensors.
#include <stdlib.h>
#include <string.h>

#include "graphcut/formats.h"
#include "tracer/base/error.h"

void gcut_batch_free(gcut_batch *batch) {
  if (!batch) return;
  for (size_t i = 0; i < batch->n; i++) {
    free(batch->names[i]);
    gcut_tensor_unref(batch->tensors[i]);
  }
  free(batch->names);
  free(batch->tensors);
  *batch = (gcut_batch){0};
}

gcut_tensor *gcut_batch_find(const gcut_batch *batch, const char *name) {
  for (size_t i = 0; i < batch->n; i++)
    if (strcmp(batch->names[i], name) == 0) return batch->tensors[i];
  return NULL;
}

// Room for one more: capacity is the power of two at or above n.
static bool reserve(gcut_batch *batch) {
  if (batch->n & (batch->n - 1)) return true;
  size_t capacity = batch->n ? batch->n * 2 : 1;
  char **names = realloc(batch->names, capacity * sizeof *names);
  if (!names) return false;
  batch->names = names;
  gcut_tensor **tensors = realloc(batch->tensors, capacity * sizeof(gcut_tensor *));
  if (!tensors) return false;
  batch->tensors = tensors;
  return true;
}

gcut_status gcut_batch_add(gcut_batch *batch, const char *name, gcut_tensor *tensor,
                           gcut_error *err) {
  if (gcut_batch_find(batch, name))
    return GCUT_FAIL(err, GCUT_ARGUMENT, "tensor '%.300s' is given twice", name);
  char *copy = strdup(name);
  if (!copy || !reserve(batch)) {
    free(copy);
    return GCUT_NO_MEMORY(err);
  }
  batch->names[batch->n] = copy;
  batch->tensors[batch->n++] = gcut_tensor_ref(tensor);
  return GCUT_OK;
}
