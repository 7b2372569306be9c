// Integer inputs as int64_t, checked before anything is read through them.
#include "exec/cpu/ops/indices.h"

gcut_status gcut__indices(gcut__cpu_call *c, uint32_t i, const int64_t **out_values,
                          uint64_t *out_n, gcut_error *err) {
  *out_values = NULL;
  *out_n = 0;
  if (!gcut__cpu_has(c, i)) return GCUT_OK;
  const gcut_tensor *x = c->inputs[i];
  *out_n = x->count;
  *out_values = x->data;
  if (x->type == GCUT_INT64) return GCUT_OK;
  int64_t *values = GCUT_NEW_ARRAY(c->scratch, int64_t, x->count);
  if (!values) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory for indices");
  for (uint64_t k = 0; k < x->count; k++) values[k] = ((const int32_t *)x->data)[k];
  *out_values = values;
  return GCUT_OK;
}

gcut_status gcut__indices_within(gcut__cpu_call *c, uint32_t i, int64_t size,
                                 const int64_t **out_values, uint64_t *out_n, gcut_error *err) {
  const int64_t *from;
  GCUT_TRY(gcut__indices(c, i, &from, out_n, err));
  bool negative = false;
  for (uint64_t k = 0; k < *out_n; k++) {
    if (from[k] < -size || from[k] >= size)
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "index %lld of an axis of %lld elements",
                            (long long)from[k], (long long)size);
    negative |= from[k] < 0;
  }
  *out_values = from;
  if (!negative) return GCUT_OK;
  int64_t *values = GCUT_NEW_ARRAY(c->scratch, int64_t, *out_n);
  if (!values) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory for indices");
  for (uint64_t k = 0; k < *out_n; k++) values[k] = from[k] < 0 ? from[k] + size : from[k];
  *out_values = values;
  return GCUT_OK;
}

gcut_status gcut__place_of(const gcut__cpu_call *c, const int64_t *tuple, int n,
                           const int64_t *dims, int64_t *out, gcut_error *err) {
  int64_t place = 0;
  for (int d = 0; d < n; d++) {
    if (tuple[d] < -dims[d] || tuple[d] >= dims[d])
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "index %lld of an axis of %lld elements",
                            (long long)tuple[d], (long long)dims[d]);
    place = place * dims[d] + (tuple[d] < 0 ? tuple[d] + dims[d] : tuple[d]);
  }
  *out = place;
  return GCUT_OK;
}
