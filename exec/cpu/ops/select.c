// NonZero and Compress: a pass to count, one to pick.
#include "tracer/ops/select.h"

#include "exec/cpu/ops/elements.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"

// ---- NonZero ----------------------------------------------------------------------------------

// Bits of an element that tell zero from anything else: all but the signs of floats.
static void value_mask(gcut_dtype type, uint64_t mask[2]) {
  mask[0] = mask[1] = UINT64_MAX;
  switch (type) {
  case GCUT_FLOAT: mask[0] = 0x7fffffff; break;
  case GCUT_DOUBLE:
  case GCUT_COMPLEX128: mask[0] = mask[1] = UINT64_MAX >> 1; break;
  case GCUT_COMPLEX64: mask[0] = UINT64_C(0x7fffffff7fffffff); break;
  case GCUT_FLOAT16:
  case GCUT_BFLOAT16: mask[0] = 0x7fff; break;
  case GCUT_FLOAT8E4M3FN:
  case GCUT_FLOAT8E5M2: mask[0] = 0x7f; break;
  case GCUT_FLOAT6E2M3:
  case GCUT_FLOAT6E3M2: mask[0] = 0x1f; break;
  case GCUT_FLOAT4E2M1: mask[0] = 0x7; break;
  case GCUT_STRING: mask[0] = 0; break; // a gcut_string's size is what counts
  default: break;
  }
}

static bool is_zero(const gcut__elements *x, uint64_t i, const uint64_t mask[2]) {
  uint64_t bits[2] = {0};
  memcpy(bits, x->data + i * x->size, x->size);
  return (bits[0] & mask[0]) == 0 && (bits[1] & mask[1]) == 0;
}

gcut_status gcut__cpu_non_zero(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut__elements from;
  uint64_t mask[2], n = 0;
  int64_t index[GCUT_MAX_RANK] = {0};
  GCUT_TRY(gcut__elements_read(c, x, &from, err));
  value_mask(x->type, mask);
  for (uint64_t i = 0; i < x->count; i++) n += !is_zero(&from, i, mask);
  GCUT_TRY(gcut__cpu_output(c, 0, GCUT_INT64, 2, (int64_t[]){x->rank, (int64_t)n}, err));
  int64_t *y = c->outputs[0]->data;
  uint64_t at = 0;
  for (uint64_t i = 0; i < x->count; i++) {
    if (!is_zero(&from, i, mask)) {
      for (int d = 0; d < x->rank; d++) y[(uint64_t)d * n + at] = index[d];
      at++;
    }
    for (int d = x->rank - 1; d >= 0 && ++index[d] == x->dims[d]; d--) index[d] = 0;
  }
  return GCUT_OK;
}

// ---- Compress ---------------------------------------------------------------------------------

gcut_status gcut__cpu_compress(gcut__cpu_call *c, gcut_error *err) {
  const gcut__compress_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  const uint8_t *keep = c->inputs[1]->data;
  int64_t n = c->inputs[1]->dims[0], size = (int64_t)x->count, outer = 1, inner = 1, kept = 0;
  int64_t dims[GCUT_MAX_RANK];
  gcut__elements from, to;
  int axis = 0, rank = 1;
  if (attrs->axis != GCUT_NO_AXIS) {
    axis = (int)(attrs->axis < 0 ? attrs->axis + x->rank : attrs->axis);
    rank = x->rank;
    size = x->dims[axis];
    outer = gcut__product(x->dims, 0, axis);
    inner = gcut__product(x->dims, axis + 1, rank);
  }
  for (int64_t k = 0; k < n; k++) {
    if (keep[k] && k >= size)
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "element %lld of an axis of %lld is to be kept",
                            (long long)k, (long long)size);
    kept += keep[k] != 0;
  }
  for (int d = 0; d < rank; d++) dims[d] = d == axis ? kept : x->dims[d];
  GCUT_TRY(gcut__cpu_output(c, 0, x->type, rank, dims, err));
  if (c->outputs[0]->count == 0) return GCUT_OK;
  GCUT_TRY(gcut__elements_read(c, x, &from, err));
  GCUT_TRY(gcut__elements_write(c, c->outputs[0], &to, err));
  size_t row = (size_t)inner * to.size;
  uint8_t *at = to.data;
  for (int64_t o = 0; o < outer; o++)
    for (int64_t k = 0; k < n; k++) {
      if (!keep[k]) continue;
      memcpy(at, from.data + (size_t)(o * size + k) * row, row);
      at += row;
    }
  return gcut__elements_store(c, &to, c->outputs[0], err);
}
