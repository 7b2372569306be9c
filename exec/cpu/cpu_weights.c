// Weights of a part on the CPU: used where they are mapped, if they are aligned to their element;
// their range in the slab then stays untouched and takes no memory. Others are copied into it.
#include <stdlib.h>
#include <string.h>

#include "exec/cpu/cpu_device.h"
#include "exec/cpu/pages.h"
#include "tracer/base/error.h"

static bool is_aligned(const gcut_constant *k) {
  unsigned bits = gcut_dtype_bits(k->type);
  return bits <= 8 || (uintptr_t)k->data % (bits / 8) == 0;
}

// The tensor of one weight: in place, in the slab, or (read in place but not aligned) on the heap.
static gcut_status weight_tensor(const gcut__cpu_device *d, const gcut__part_weights *w, uint32_t i,
                                 uint64_t range, gcut_tensor **out, gcut_error *err) {
  const gcut_constant *k = w->constants[i];
  if (is_aligned(k) || range == GCUT_ON_HEAP || w->offsets[i] == GCUT_ON_HEAP)
    return gcut__cpu_constant_tensor(w->graph, k, out, err);
  uint8_t *copy = d->slab + range + w->offsets[i];
  memcpy(copy, k->data, k->bytes);
  return gcut_tensor_wrap(k->type, k->rank, k->dims, copy, out, err);
}

static gcut_status read_pages(const gcut__part_weights *w, uint32_t i, gcut_error *err) {
  const gcut_constant *k = w->constants[i];
  if (k->file == GCUT_NONE || k->bytes == 0) return GCUT_OK;
  return gcut__pages_read(k->data, k->bytes, w->graph->files[k->file].path, err);
}

void gcut__cpu_unload(gcut__device *device, gcut__part_weights *w) {
  (void)device;
  gcut__cpu_weights *s = w->state;
  for (uint32_t i = 0; s && i < s->n; i++) {
    gcut_tensor_unref(s->tensors[i]);
    if (w->constants[i]->file != GCUT_NONE)
      gcut__pages_drop(w->constants[i]->data, w->constants[i]->bytes);
  }
  if (s) gcut__cpu_shelf_clear(&s->shelf);
  free(s);
  w->state = NULL;
}

void gcut__cpu_rest(gcut__device *device, const gcut__part_weights *w, bool all) {
  (void)device;
  gcut__cpu_weights *s = w->state;
  if (s && all) gcut__cpu_shelf_clear(&s->shelf);
  for (uint32_t i = 0; i < w->n; i++)
    if ((all || w->offsets[i] == GCUT_ON_HEAP) && w->constants[i]->file != GCUT_NONE)
      gcut__pages_drop(w->constants[i]->data, w->constants[i]->bytes);
}

gcut_status gcut__cpu_load_weights(gcut__cpu_device *d, gcut__part_weights *w, uint64_t range,
                                   gcut_error *err) {
  gcut__cpu_weights *s = w->state = calloc(1, sizeof *s + w->n * sizeof *s->tensors);
  if (!s) return GCUT_NO_MEMORY(err);
  s->n = w->n;
  for (uint32_t i = 0; i < w->n; i++) {
    if (range != GCUT_ON_HEAP && w->offsets[i] != GCUT_ON_HEAP) GCUT_TRY(read_pages(w, i, err));
    GCUT_TRY(weight_tensor(d, w, i, range, &s->tensors[i], err));
  }
  return GCUT_OK;
}

gcut_status gcut__cpu_load(gcut__device *device, gcut__part_weights *w, uint64_t offset,
                           gcut_error *err) {
  return gcut__cpu_load_weights((gcut__cpu_device *)device, w, offset, err);
}
