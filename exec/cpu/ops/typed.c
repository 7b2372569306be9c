// Rows of any element type, in and out of the four computing types.
#include "exec/cpu/ops/typed.h"

#include "exec/cpu/ops/halves.h"
#include "tracer/base/codes.h"
#include "tracer/base/minifloat.h"

gcut__class gcut__class_of(gcut_dtype type) {
  switch (type) {
#define CLASS(name, stored, computed, letter, load, store)                                         \
  case GCUT_##name: return GCUT__CLASS_##letter;
    GCUT__TYPED_NUMERIC(CLASS)
    GCUT__TYPED_BOOL(CLASS)
#undef CLASS
  case GCUT_FLOAT8E4M3FN:
  case GCUT_FLOAT8E4M3FNUZ:
  case GCUT_FLOAT8E5M2:
  case GCUT_FLOAT8E5M2FNUZ:
  case GCUT_FLOAT8E8M0:
  case GCUT_FLOAT6E2M3:
  case GCUT_FLOAT6E3M2:
  case GCUT_FLOAT4E2M1: return GCUT__CLASS_f;
  case GCUT_INT4:
  case GCUT_INT2: return GCUT__CLASS_i;
  case GCUT_UINT4:
  case GCUT_UINT2: return GCUT__CLASS_u;
  default: return GCUT__CLASS_NONE;
  }
}

#define ROW_FUNCTIONS(name, stored, computed, letter, load, store)                                 \
  static const void *load_##name(const stored *restrict x, int64_t step, size_t n,                 \
                                 computed *restrict y) {                                           \
    if (step == 1)                                                                                 \
      for (size_t k = 0; k < n; k++) y[k] = load(x[k]);                                            \
    else if (step == 0)                                                                            \
      for (size_t k = 0; k < n; k++) y[k] = load(x[0]);                                            \
    else                                                                                           \
      for (size_t k = 0; k < n; k++) y[k] = load(x[(int64_t)k * step]);                            \
    return y;                                                                                      \
  }                                                                                                \
  static void store_##name(stored *restrict y, size_t n, const computed *restrict x) {             \
    for (size_t k = 0; k < n; k++) y[k] = store(x[k]);                                             \
  }
GCUT__TYPED_NUMERIC(ROW_FUNCTIONS)
GCUT__TYPED_BOOL(ROW_FUNCTIONS)
#undef ROW_FUNCTIONS

static void load_codes(gcut_dtype type, const uint8_t *data, int64_t offset, int64_t step, size_t n,
                       gcut__row_buffer *row) {
  unsigned bits = gcut_dtype_bits(type);
  gcut__class class = gcut__class_of(type);
  uint8_t sign = (uint8_t)(1u << (bits - 1));
  for (size_t k = 0; k < n; k++) {
    uint8_t code = gcut_code_get(data, (uint64_t)(offset + (int64_t)k * step), bits);
    if (class == GCUT__CLASS_f)
      row->f[k] = (float)gcut_minifloat_decode(type, code);
    else if (class == GCUT__CLASS_i)
      row->i[k] = (int64_t)(code ^ sign) - sign;
    else
      row->u[k] = code;
  }
}

static void store_codes(gcut_dtype type, uint8_t *data, int64_t offset, size_t n,
                        const void *values) {
  unsigned bits = gcut_dtype_bits(type);
  bool is_float = gcut__class_of(type) == GCUT__CLASS_f;
  for (size_t k = 0; k < n; k++) {
    uint8_t code = is_float ? gcut_minifloat_encode(type, (double)((const float *)values)[k], true)
                            : (uint8_t)((const uint64_t *)values)[k];
    gcut_code_set(data, (uint64_t)offset + k, bits, code);
  }
}

// Whether elements lie in memory as they are computed with.
static bool is_native(gcut_dtype type) {
  return type == GCUT_FLOAT || type == GCUT_DOUBLE || type == GCUT_INT64 || type == GCUT_UINT64;
}

const void *gcut__row_load(gcut_dtype type, const void *data, int64_t offset, int64_t step,
                           size_t n, gcut__row_buffer *buffer) {
  if (step == 1 && is_native(type))
    return (const char *)data + offset * (gcut_dtype_bits(type) / 8);
  if (step == 1 && type == GCUT_FLOAT16) {
    gcut__widen_float16(n, (const uint16_t *)data + offset, buffer->f);
    return buffer;
  }
  if (step == 1 && type == GCUT_BFLOAT16) {
    gcut__widen_bfloat16(n, (const uint16_t *)data + offset, buffer->f);
    return buffer;
  }
  switch (type) {
#define LOAD(name, stored, computed, letter, load, store)                                          \
  case GCUT_##name: return load_##name((const stored *)data + offset, step, n, buffer->letter);
    GCUT__TYPED_NUMERIC(LOAD)
    GCUT__TYPED_BOOL(LOAD)
#undef LOAD
  default: load_codes(type, data, offset, step, n, buffer); return buffer;
  }
}

void *gcut__row_target(gcut_dtype type, void *data, int64_t offset, gcut__row_buffer *buffer) {
  return is_native(type) ? (char *)data + offset * (gcut_dtype_bits(type) / 8) : (void *)buffer;
}

void gcut__row_store(gcut_dtype type, void *data, int64_t offset, size_t n, const void *row) {
  if (is_native(type) && row == (char *)data + offset * (gcut_dtype_bits(type) / 8)) return;
  if (type == GCUT_FLOAT16) {
    gcut__narrow_float16(n, row, (uint16_t *)data + offset);
    return;
  }
  if (type == GCUT_BFLOAT16) {
    gcut__narrow_bfloat16(n, row, (uint16_t *)data + offset);
    return;
  }
  switch (type) {
#define STORE(name, stored, computed, letter, load, store)                                         \
  case GCUT_##name: store_##name((stored *)data + offset, n, row); return;
    GCUT__TYPED_NUMERIC(STORE)
    GCUT__TYPED_BOOL(STORE)
#undef STORE
  default: store_codes(type, data, offset, n, row);
  }
}
