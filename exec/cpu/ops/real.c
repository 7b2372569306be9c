// Conversions are branch-free loops that compilers vectorise; strided ones are for axes that are
// not the last.
#include "exec/cpu/ops/real.h"

#include "exec/cpu/ops/halves.h"
#include "exec/cpu/ops/typed.h"

// To the nearest value that the integer type holds; NaN gives 0.
#define TO_INTEGER(T, low, high)                                                                   \
  static inline T to_##T(double x) {                                                               \
    if (!(x > (double)(low))) return x == x ? (T)(low) : 0;                                        \
    return x >= (double)(high) ? (T)(high) : (T)x;                                                 \
  }
TO_INTEGER(int8_t, INT8_MIN, INT8_MAX)
TO_INTEGER(uint8_t, 0, UINT8_MAX)
TO_INTEGER(int16_t, INT16_MIN, INT16_MAX)
TO_INTEGER(uint16_t, 0, UINT16_MAX)
TO_INTEGER(int32_t, INT32_MIN, INT32_MAX)
TO_INTEGER(uint32_t, 0, UINT32_MAX)
TO_INTEGER(int64_t, INT64_MIN, INT64_MAX)
TO_INTEGER(uint64_t, 0, UINT64_MAX)

void gcut__load_doubles(gcut_dtype type, const void *data, uint64_t first, uint64_t stride,
                        uint64_t n, double *out) {
  switch (type) {
#define X(name, stored, computed, letter, load, store)                                             \
  case GCUT_##name: {                                                                              \
    const stored *x = (const stored *)data + first;                                                \
    if (stride == 1)                                                                               \
      for (uint64_t i = 0; i < n; i++) out[i] = (double)load(x[i]);                                \
    else                                                                                           \
      for (uint64_t i = 0; i < n; i++) out[i] = (double)load(x[i * stride]);                       \
    break;                                                                                         \
  }
    GCUT__TYPED_NUMERIC(X)
#undef X
  default: break;
  }
}

void gcut__store_doubles(gcut_dtype type, void *data, uint64_t first, uint64_t stride, uint64_t n,
                         const double *in) {
  switch (type) {
#define STORE(name, stored, convert)                                                               \
  case GCUT_##name: {                                                                              \
    stored *x = (stored *)data + first;                                                            \
    for (uint64_t i = 0; i < n; i++) x[i * stride] = convert(in[i]);                               \
    break;                                                                                         \
  }
#define FLOATS(name, stored, computed, letter, load, store)   STORE(name, stored, store)
#define INTEGERS(name, stored, computed, letter, load, store) STORE(name, stored, to_##stored)
    GCUT__TYPED_FLOATS(FLOATS)
    GCUT__TYPED_SIGNED(INTEGERS)
    GCUT__TYPED_UNSIGNED(INTEGERS)
#undef FLOATS
#undef INTEGERS
#undef STORE
  default: break;
  }
}

void gcut__put_doubles(gcut__cpu_call *c, uint32_t i, const double *values) {
  if (!gcut__cpu_wants(c, i)) return;
  const gcut_tensor *to = c->outputs[i];
  gcut__store_doubles(to->type, to->data, 0, 1, to->count, values);
}

void gcut__load_floats(gcut_dtype type, const void *data, uint64_t first, uint64_t n, float *out) {
  const uint16_t *x = (const uint16_t *)data + first;
  switch (type) {
  case GCUT_FLOAT:
    if (n > 0) memcpy(out, (const float *)data + first, n * sizeof *out);
    break;
  case GCUT_FLOAT16: gcut__widen_float16(n, x, out); break;
  case GCUT_BFLOAT16: gcut__widen_bfloat16(n, x, out); break;
  default: break;
  }
}

void gcut__store_floats(gcut_dtype type, void *data, uint64_t first, uint64_t n, const float *in) {
  uint16_t *x = (uint16_t *)data + first;
  switch (type) {
  case GCUT_FLOAT:
    if (n > 0) memcpy((float *)data + first, in, n * sizeof *in);
    break;
  case GCUT_FLOAT16: gcut__narrow_float16(n, in, x); break;
  case GCUT_BFLOAT16: gcut__narrow_bfloat16(n, in, x); break;
  default: break;
  }
}

const double *gcut__tensor_doubles(gcut__cpu_call *c, const gcut_tensor *tensor) {
  if (tensor->type == GCUT_DOUBLE && tensor->count) return tensor->data;
  double *out = gcut_arena_alloc(c->scratch, tensor->count, sizeof *out);
  if (out) gcut__load_doubles(tensor->type, tensor->data, 0, 1, tensor->count, out);
  return out;
}

const float *gcut__tensor_floats(gcut__cpu_call *c, const gcut_tensor *tensor) {
  if (tensor->type == GCUT_FLOAT && tensor->count) return tensor->data;
  float *out = gcut_arena_alloc(c->scratch, tensor->count, sizeof *out);
  if (out) gcut__load_floats(tensor->type, tensor->data, 0, tensor->count, out);
  return out;
}

float *gcut__begin_floats(gcut__cpu_call *c, gcut_tensor *tensor) {
  if (tensor->type == GCUT_FLOAT && tensor->count) return tensor->data;
  return gcut_arena_alloc(c->scratch, tensor->count, sizeof(float));
}

void gcut__finish_floats(gcut_tensor *tensor, const float *floats) {
  if (floats != tensor->data)
    gcut__store_floats(tensor->type, tensor->data, 0, tensor->count, floats);
}

#define LANES 8

double gcut__sum(const double *x, uint64_t n) {
  double lane[LANES] = {0}, tail = 0;
  uint64_t whole = n - n % LANES;
  for (uint64_t i = 0; i < whole; i += LANES)
    for (int j = 0; j < LANES; j++) lane[j] += x[i + (uint64_t)j];
  for (uint64_t i = whole; i < n; i++) tail += x[i];
  return ((lane[0] + lane[4]) + (lane[1] + lane[5])) + ((lane[2] + lane[6]) + (lane[3] + lane[7])) +
         tail;
}

double gcut__sum_squares(const double *x, uint64_t n) {
  double lane[LANES] = {0}, tail = 0;
  uint64_t whole = n - n % LANES;
  for (uint64_t i = 0; i < whole; i += LANES)
    for (int j = 0; j < LANES; j++) lane[j] += x[i + (uint64_t)j] * x[i + (uint64_t)j];
  for (uint64_t i = whole; i < n; i++) tail += x[i] * x[i];
  return ((lane[0] + lane[4]) + (lane[1] + lane[5])) + ((lane[2] + lane[6]) + (lane[3] + lane[7])) +
         tail;
}
