// What all parts of the ONNX reader use: its stacks, fields of one number, metadata.
#include "formats/onnx/reader.h"

#include "tracer/base/error.h"
#include "tracer/base/vector.h"

void *gcut__push(gcut__stack *stack, size_t size) {
  if (!gcut_vector_reserve(&stack->items, &stack->capacity, stack->n, 1, size)) return NULL;
  void *item = (uint8_t *)stack->items + stack->n++ * size;
  memset(item, 0, size);
  return item;
}

bool gcut__next_of(gcut__span *message, uint32_t number, gcut__field *out_field) {
  while (gcut__wire_next(message, out_field))
    if (out_field->number == number) return true;
  return false;
}

// ---- metadata ---------------------------------------------------------------------------------

void gcut__entry_fields(gcut__span bytes, gcut__span *out_key, gcut__span *out_value) {
  *out_key = *out_value = (gcut__span){(const uint8_t *)"", 0};
  for (gcut__field field; gcut__wire_next(&bytes, &field);)
    if (field.number <= 2) *(field.number == 1 ? out_key : out_value) = field.bytes;
}

gcut_status gcut__push_metadata(gcut__reader *r, gcut__span key, gcut__span value,
                                gcut_error *err) {
  gcut_metadata entry = {gcut__intern(r, key), gcut__text(r, value)};
  gcut_metadata *pushed = gcut__push(&r->metadata, sizeof entry);
  if (!pushed || !entry.value) return GCUT_NO_MEMORY(err);
  *pushed = entry;
  return GCUT_OK;
}

void gcut__keep_metadata(gcut__reader *r, uint32_t first, uint32_t *out_first, uint32_t *out_n) {
  gcut_graph_add_metadata(r->graph, (gcut_metadata *)r->metadata.items + first,
                          r->metadata.n - first, out_first, out_n);
  r->metadata.n = first;
}

gcut_status gcut__push_entry(gcut__reader *r, gcut__span bytes, gcut_error *err) {
  gcut__span key, value;
  gcut__entry_fields(bytes, &key, &value);
  return gcut__push_metadata(r, key, value, err);
}
