// Reading the known elements of an input: from its symbolic content, or from its constant's bytes.
#include "tracer/base/narrow.h"
#include "tracer/ops/op.h"

enum { CONTENT_LIMIT = 1 << 16 }; // elements: more is data, not shape arithmetic

static uint64_t count_of(const gcut_constant *k) {
  uint64_t count = 1;
  for (int d = 0; d < k->rank; d++) count *= (uint64_t)k->dims[d];
  return count;
}

#define READ(T)                                                                                    \
  {                                                                                                \
    T x;                                                                                           \
    memcpy(&x, bytes + i * sizeof x, sizeof x);                                                    \
    values[i] = x;                                                                                 \
    break;                                                                                         \
  }

// False for a type that is no plain integer.
static bool read_ints(const gcut_constant *k, uint64_t n, int64_t *values) {
  const uint8_t *bytes = k->data;
  for (uint64_t i = 0; i < n; i++) {
    switch (k->type) {
    case GCUT_INT64: READ(int64_t)
    case GCUT_INT32: READ(int32_t)
    case GCUT_INT16: READ(int16_t)
    case GCUT_INT8: READ(int8_t)
    case GCUT_UINT32: READ(uint32_t)
    case GCUT_UINT16: READ(uint16_t)
    case GCUT_UINT8: READ(uint8_t)
    case GCUT_BOOL: READ(uint8_t)
    case GCUT_UINT64: {
      uint64_t x;
      memcpy(&x, bytes + i * sizeof x, sizeof x);
      values[i] = x > INT64_MAX ? INT64_MAX : (int64_t)x;
      break;
    }
    default: return false;
    }
  }
  return true;
}

static bool read_doubles(const gcut_constant *k, uint64_t n, double *values) {
  const uint8_t *bytes = k->data;
  for (uint64_t i = 0; i < n; i++) {
    uint16_t half;
    switch (k->type) {
    case GCUT_FLOAT: READ(float)
    case GCUT_DOUBLE: READ(double)
    case GCUT_FLOAT16:
      memcpy(&half, bytes + i * sizeof half, sizeof half);
      values[i] = (double)gcut_from_float16(half);
      break;
    case GCUT_BFLOAT16:
      memcpy(&half, bytes + i * sizeof half, sizeof half);
      values[i] = (double)gcut_from_bfloat16(half);
      break;
    default: return false;
    }
  }
  return true;
}

// The constant of an input whose elements can be read now, or NULL. At run time any size will do.
static const gcut_constant *readable(const gcut_infer *c, uint32_t i, uint64_t *out_n) {
  if (!gcut_infer_has(c, i)) return NULL;
  const gcut_constant *k = c->inputs[i]->constant;
  if (!k) return NULL;
  *out_n = count_of(k);
  if (*out_n > UINT32_MAX || (!k->data && *out_n > 0)) return NULL;
  return *out_n <= CONTENT_LIMIT || c->inputs[i]->tensor ? k : NULL;
}

bool gcut_infer_content(gcut_infer *c, uint32_t i, const gcut_dim **out_values, uint32_t *out_n) {
  if (gcut_infer_has(c, i) && c->inputs[i]->content) {
    *out_values = c->inputs[i]->content;
    *out_n = c->inputs[i]->n_content;
    return true;
  }
  uint64_t n;
  const gcut_constant *k = readable(c, i, &n);
  if (!k) return false;
  int64_t *values = GCUT_NEW_ARRAY(c->arena, int64_t, n);
  if (!values || !read_ints(k, n, values)) return false;
  for (uint64_t e = 0; e < n; e++) // the lowest integers are the numbers of expressions
    if (!gcut_dim_known(values[e])) values[e] = GCUT_DIM_EXPRESSION_LIMIT;
  *out_values = values;
  *out_n = (uint32_t)n;
  return true;
}

bool gcut_infer_ints(gcut_infer *c, uint32_t i, const int64_t **out_values, uint32_t *out_n) {
  if (!gcut_infer_content(c, i, out_values, out_n)) return false;
  for (uint32_t e = 0; e < *out_n; e++)
    if (!gcut_dim_known((*out_values)[e])) return false;
  return true;
}

bool gcut_infer_floats(gcut_infer *c, uint32_t i, const double **out_values, uint32_t *out_n) {
  uint64_t n;
  const gcut_constant *k = readable(c, i, &n);
  if (!k) return false;
  double *values = GCUT_NEW_ARRAY(c->arena, double, n);
  if (!values || !read_doubles(k, n, values)) return false;
  *out_values = values;
  *out_n = (uint32_t)n;
  return true;
}
