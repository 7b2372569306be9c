// Kernels that make tensors from attributes and sizes.
#include "tracer/ops/constant.h"

#include "exec/cpu/ops/copy.h"
#include "exec/cpu/ops/elements.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/ops/typed.h"
#include "tracer/base/codes.h"

// ---- Constant ---------------------------------------------------------------------------------

// Fills a tensor from packed elements that may be unaligned.
static gcut_status copy_elements(gcut__cpu_call *c, const void *data, gcut_tensor *y,
                                 gcut_error *err) {
  if (y->bytes == 0) return GCUT_OK;
  if (!data) return gcut__cpu_fail(c, GCUT_FORMAT, err, "its value has no data");
  if (y->type != GCUT_STRING) {
    memcpy(y->data, data, y->bytes);
    return GCUT_OK;
  }
  const gcut_string *strings = data;
  for (uint64_t i = 0; i < y->count; i++)
    GCUT_TRY(gcut_tensor_set_string(y, i, strings[i].data, strings[i].size, err));
  return GCUT_OK;
}

// The place of sparse value `i` in the dense tensor, or -1 where it lies outside.
static int64_t sparse_place(const gcut_constant *indices, const gcut_tensor *y, int64_t i) {
  const uint8_t *data = indices->data;
  int64_t place = 0, at;
  if (indices->rank == 1) {
    memcpy(&at, data + i * (int64_t)sizeof at, sizeof at);
    return at >= 0 && (uint64_t)at < y->count ? at : -1;
  }
  for (int d = 0; d < y->rank; d++) {
    memcpy(&at, data + (i * y->rank + d) * (int64_t)sizeof at, sizeof at);
    if (at < 0 || at >= y->dims[d]) return -1;
    place = place * y->dims[d] + at;
  }
  return place;
}

// Element `to` of y = element `from` of a constant of its type.
static gcut_status place_element(const gcut_constant *values, uint64_t from, gcut_tensor *y,
                                 uint64_t to, gcut_error *err) {
  unsigned bits = gcut_dtype_bits(y->type);
  if (y->type == GCUT_STRING) {
    gcut_string s = ((const gcut_string *)values->data)[from];
    return gcut_tensor_set_string(y, to, s.data, s.size, err);
  }
  if (bits < 8)
    gcut_code_set(y->data, to, bits, gcut_code_get(values->data, from, bits));
  else
    memcpy((uint8_t *)y->data + to * (bits / 8), (const uint8_t *)values->data + from * (bits / 8),
           bits / 8);
  return GCUT_OK;
}

static gcut_status make_dense(gcut__cpu_call *c, const gcut_attribute *a, gcut_tensor *y,
                              gcut_error *err) {
  const gcut_constant *values = &c->graph->constants[a->sparse.values];
  const gcut_constant *indices = &c->graph->constants[a->sparse.indices];
  if (y->bytes > 0 && y->type != GCUT_STRING) memset(y->data, 0, y->bytes);
  if (values->dims[0] == 0) return GCUT_OK;
  if (!values->data || !indices->data)
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "its sparse value has no data");
  for (int64_t i = 0; i < values->dims[0]; i++) {
    int64_t place = sparse_place(indices, y, i);
    if (place < 0)
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "sparse index %lld lies outside", (long long)i);
    GCUT_TRY(place_element(values, (uint64_t)i, y, (uint64_t)place, err));
  }
  return GCUT_OK;
}

gcut_status gcut__cpu_constant(gcut__cpu_call *c, gcut_error *err) {
  const gcut_attribute *a = gcut__constant_value(c->graph, c->node);
  gcut_tensor *y = c->outputs[0];
  if (!y) return GCUT_OK;
  switch (a->kind) {
  case GCUT_ATTRIBUTE_TENSOR: return copy_elements(c, c->graph->constants[a->tensor].data, y, err);
  case GCUT_ATTRIBUTE_SPARSE_TENSOR: return make_dense(c, a, y, err);
  case GCUT_ATTRIBUTE_INT: return copy_elements(c, &a->i, y, err);
  case GCUT_ATTRIBUTE_FLOAT: return copy_elements(c, &a->f, y, err);
  case GCUT_ATTRIBUTE_STRING: return copy_elements(c, &a->s, y, err);
  case GCUT_ATTRIBUTE_INTS: return copy_elements(c, a->ints, y, err);
  case GCUT_ATTRIBUTE_FLOATS: return copy_elements(c, a->floats, y, err);
  default: return copy_elements(c, a->strings, y, err);
  }
}

// ---- ConstantOfShape --------------------------------------------------------------------------

gcut_status gcut__cpu_constant_of_shape(gcut__cpu_call *c, gcut_error *err) {
  const gcut__constant_of_shape_attrs *attrs = c->attrs;
  gcut_tensor *y = c->outputs[0];
  gcut__elements to;
  uint8_t item[16] = {0};
  if (!y) return GCUT_OK;
  GCUT_TRY(gcut__elements_write(c, y, &to, err));
  if (attrs->value != GCUT_NONE) memcpy(item, c->graph->constants[attrs->value].data, to.size);
  gcut__fill(to.size, to.data, item, y->count);
  return gcut__elements_store(c, &to, y, err);
}

// ---- Range ------------------------------------------------------------------------------------

// Integers wrap: the last step may pass the limit and the type.
#define RANGE_INTEGERS(T)                                                                          \
  {                                                                                                \
    uint64_t start = (uint64_t) * (const T *)c->inputs[0]->data;                                   \
    uint64_t delta = (uint64_t) * (const T *)c->inputs[2]->data;                                   \
    for (uint64_t i = 0; i < y->count; i++) ((T *)y->data)[i] = (T)(start + i * delta);            \
    return GCUT_OK;                                                                                \
  }

#define RANGE_FLOATS(T, C, load, store)                                                            \
  {                                                                                                \
    C start = (C)load(*(const T *)c->inputs[0]->data),                                             \
      delta = load(*(const T *)c->inputs[2]->data);                                                \
    for (uint64_t i = 0; i < y->count; i++) ((T *)y->data)[i] = store(start + (C)i * delta);       \
    return GCUT_OK;                                                                                \
  }

gcut_status gcut__cpu_range(gcut__cpu_call *c, gcut_error *err) {
  gcut_tensor *y = c->outputs[0];
  if (!y) return GCUT_OK;
  switch (y->type) {
  case GCUT_INT16: RANGE_INTEGERS(int16_t)
  case GCUT_INT32: RANGE_INTEGERS(int32_t)
  case GCUT_INT64: RANGE_INTEGERS(int64_t)
  case GCUT_FLOAT: RANGE_FLOATS(float, float, GCUT__AS_IS, GCUT__AS_IS)
  case GCUT_DOUBLE: RANGE_FLOATS(double, double, GCUT__AS_IS, GCUT__AS_IS)
  case GCUT_FLOAT16: RANGE_FLOATS(uint16_t, float, gcut_from_float16, gcut_to_float16)
  case GCUT_BFLOAT16: RANGE_FLOATS(uint16_t, float, gcut_from_bfloat16, gcut_to_bfloat16)
  default: return gcut__cpu_type_unsupported(c, y->type, err);
  }
}

// ---- EyeLike ----------------------------------------------------------------------------------

// One of that type, as its bytes lie in memory.
static void make_one(gcut_dtype type, uint8_t *item) {
  uint64_t bits = 1;
  switch (type) {
  case GCUT_FLOAT: bits = 0x3f800000; break;
  case GCUT_DOUBLE: bits = UINT64_C(0x3ff0000000000000); break;
  case GCUT_FLOAT16: bits = 0x3c00; break;
  case GCUT_BFLOAT16: bits = 0x3f80; break;
  default: break;
  }
  memcpy(item, &bits, sizeof bits);
}

gcut_status gcut__cpu_eye_like(gcut__cpu_call *c, gcut_error *err) {
  const gcut__eye_like_attrs *attrs = c->attrs;
  gcut_tensor *y = c->outputs[0];
  uint8_t one[8];
  (void)err;
  if (!y || y->bytes == 0) return GCUT_OK;
  size_t size = gcut_dtype_bits(y->type) / 8;
  memset(y->data, 0, y->bytes);
  make_one(y->type, one);
  int64_t rows = y->dims[0], columns = y->dims[1], k = attrs->k;
  if (k <= -rows || k >= columns) return GCUT_OK;
  for (int64_t i = k < 0 ? -k : 0; i < rows && i + k < columns; i++)
    memcpy((uint8_t *)y->data + (size_t)(i * columns + i + k) * size, one, size);
  return GCUT_OK;
}

// ---- OneHot -----------------------------------------------------------------------------------

// The class that element `i` of the indices names, or -1 where it names none.
static int64_t class_at(const gcut_tensor *indices, uint64_t i, int64_t depth) {
  gcut__row_buffer buffer;
  const void *row = gcut__row_load(indices->type, indices->data, (int64_t)i, 1, 1, &buffer);
  double x = 0;
  switch (gcut__class_of(indices->type)) {
  case GCUT__CLASS_f: x = (double)*(const float *)row; break;
  case GCUT__CLASS_d: x = *(const double *)row; break;
  case GCUT__CLASS_u: {
    uint64_t u = *(const uint64_t *)row;
    return u < (uint64_t)depth ? (int64_t)u : -1;
  }
  default: {
    int64_t s = *(const int64_t *)row;
    if (s < 0 && s >= -depth) s += depth;
    return s >= 0 && s < depth ? s : -1;
  }
  }
  if (!(x > -(double)depth - 1 && x < (double)depth)) return -1;
  int64_t s = (int64_t)x;
  return s < -depth ? -1 : s < 0 ? s + depth : s;
}

gcut_status gcut__cpu_one_hot(gcut__cpu_call *c, gcut_error *err) {
  const gcut__one_hot_attrs *attrs = c->attrs;
  const gcut_tensor *indices = c->inputs[0], *values = c->inputs[2];
  gcut_tensor *y = c->outputs[0];
  gcut__elements from, to;
  if (!y) return GCUT_OK;
  int axis = (int)(attrs->axis < 0 ? attrs->axis + y->rank : attrs->axis);
  int64_t depth = y->dims[axis], inner = gcut__product(y->dims, axis + 1, y->rank);
  GCUT_TRY(gcut__elements_read(c, values, &from, err));
  GCUT_TRY(gcut__elements_write(c, y, &to, err));
  gcut__fill(to.size, to.data, from.data, y->count);
  for (uint64_t i = 0; i < indices->count && depth > 0; i++) {
    int64_t hot = class_at(indices, i, depth);
    if (hot < 0) continue;
    uint64_t outer = i / (uint64_t)inner, rest = i % (uint64_t)inner;
    uint64_t at = (outer * (uint64_t)depth + (uint64_t)hot) * (uint64_t)inner + rest;
    memcpy(to.data + at * to.size, from.data + from.size, to.size);
  }
  return gcut__elements_store(c, &to, y, err);
}
