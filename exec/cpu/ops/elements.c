// Spreads packed elements and borrows strings on the way in; packs and copies on the way out.
#include "exec/cpu/ops/elements.h"

#include "tracer/base/codes.h"

static gcut_status no_scratch(gcut__cpu_call *c, gcut_error *err) {
  return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory for scratch");
}

static size_t item_size(gcut_dtype type) {
  unsigned bits = gcut_dtype_bits(type);
  return bits < 8 ? 1 : bits / 8;
}

gcut_status gcut__elements_read(gcut__cpu_call *c, const gcut_tensor *tensor, gcut__elements *out,
                                gcut_error *err) {
  unsigned bits = gcut_dtype_bits(tensor->type);
  *out = (gcut__elements){.data = tensor->data, .size = item_size(tensor->type)};
  if (bits >= 8) return GCUT_OK;
  out->data = gcut_arena_alloc(c->scratch, tensor->count, 1);
  if (!out->data) return no_scratch(c, err);
  for (uint64_t i = 0; i < tensor->count; i++) out->data[i] = gcut_code_get(tensor->data, i, bits);
  return GCUT_OK;
}

gcut_status gcut__elements_write(gcut__cpu_call *c, gcut_tensor *tensor, gcut__elements *out,
                                 gcut_error *err) {
  *out = (gcut__elements){.data = tensor->data, .size = item_size(tensor->type)};
  if (gcut_dtype_bits(tensor->type) >= 8 && tensor->type != GCUT_STRING) return GCUT_OK;
  out->data = gcut_arena_alloc(c->scratch, tensor->count, out->size);
  return out->data ? GCUT_OK : no_scratch(c, err);
}

static void pack(const uint8_t *items, unsigned bits, gcut_tensor *tensor) {
  if (tensor->bytes > 0) memset(tensor->data, 0, tensor->bytes);
  for (uint64_t i = 0; i < tensor->count; i++) gcut_code_set(tensor->data, i, bits, items[i]);
}

gcut_status gcut__elements_store(gcut__cpu_call *c, const gcut__elements *elements,
                                 gcut_tensor *tensor, gcut_error *err) {
  (void)c;
  if (tensor->type == GCUT_STRING) {
    const gcut_string *strings = (const gcut_string *)elements->data;
    for (uint64_t i = 0; i < tensor->count; i++)
      if (strings[i].size > 0)
        GCUT_TRY(gcut_tensor_set_string(tensor, i, strings[i].data, strings[i].size, err));
  } else if (gcut_dtype_bits(tensor->type) < 8) {
    pack(elements->data, gcut_dtype_bits(tensor->type), tensor);
  }
  return GCUT_OK;
}
