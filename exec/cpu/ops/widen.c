// Operands as float or double: thin over real.h, with the checks that a kernel would repeat.
#include "exec/cpu/ops/widen.h"

#include "exec/cpu/ops/real.h"
#include "tracer/base/narrow.h"

static bool is_float(gcut_dtype type) {
  return type == GCUT_FLOAT || type == GCUT_FLOAT16 || type == GCUT_BFLOAT16;
}

gcut_status gcut__input_float(gcut__cpu_call *c, uint32_t i, const float **out, gcut_error *err) {
  *out = NULL;
  if (!gcut__cpu_has(c, i)) return GCUT_OK;
  if (!is_float(c->inputs[i]->type)) return gcut__cpu_type_unsupported(c, c->inputs[i]->type, err);
  *out = gcut__tensor_floats(c, c->inputs[i]);
  return *out ? GCUT_OK : GCUT_NO_MEMORY(err);
}

gcut_status gcut__input_double(gcut__cpu_call *c, uint32_t i, const double **out, gcut_error *err) {
  *out = NULL;
  if (!gcut__cpu_has(c, i)) return GCUT_OK;
  *out = gcut__tensor_doubles(c, c->inputs[i]);
  return *out ? GCUT_OK : GCUT_NO_MEMORY(err);
}

gcut_status gcut__output_float(gcut__cpu_call *c, uint32_t i, float **out, gcut_error *err) {
  *out = NULL;
  if (!gcut__cpu_wants(c, i)) return GCUT_OK;
  if (!is_float(c->outputs[i]->type))
    return gcut__cpu_type_unsupported(c, c->outputs[i]->type, err);
  *out = gcut__begin_floats(c, c->outputs[i]);
  return *out ? GCUT_OK : GCUT_NO_MEMORY(err);
}

gcut_status gcut__output_double(gcut__cpu_call *c, uint32_t i, double **out, gcut_error *err) {
  *out = NULL;
  if (!gcut__cpu_wants(c, i)) return GCUT_OK;
  gcut_tensor *tensor = c->outputs[i];
  *out = tensor->type == GCUT_DOUBLE && tensor->count
             ? tensor->data
             : gcut_arena_alloc(c->scratch, tensor->count, sizeof(double));
  return *out ? GCUT_OK : GCUT_NO_MEMORY(err);
}

void gcut__finish_float(gcut__cpu_call *c, uint32_t i, const float *written) {
  if (written) gcut__finish_floats(c->outputs[i], written);
}

void gcut__finish_double(gcut__cpu_call *c, uint32_t i, const double *written) {
  gcut_tensor *tensor = written ? c->outputs[i] : NULL;
  if (tensor && tensor->data != written)
    gcut__store_doubles(tensor->type, tensor->data, 0, 1, tensor->count, written);
}

gcut_status gcut__input_real(gcut__cpu_call *c, gcut_dtype real, uint32_t i, const void **out,
                             gcut_error *err) {
  const float *f = NULL;
  const double *d = NULL;
  GCUT_TRY(real == GCUT_DOUBLE ? gcut__input_double(c, i, &d, err)
                               : gcut__input_float(c, i, &f, err));
  *out = real == GCUT_DOUBLE ? (const void *)d : f;
  return GCUT_OK;
}

gcut_status gcut__output_real(gcut__cpu_call *c, gcut_dtype real, uint32_t i, void **out,
                              gcut_error *err) {
  float *f = NULL;
  double *d = NULL;
  GCUT_TRY(real == GCUT_DOUBLE ? gcut__output_double(c, i, &d, err)
                               : gcut__output_float(c, i, &f, err));
  *out = real == GCUT_DOUBLE ? (void *)d : f;
  return GCUT_OK;
}

void gcut__finish_real(gcut__cpu_call *c, gcut_dtype real, uint32_t i, const void *written) {
  if (real == GCUT_DOUBLE)
    gcut__finish_double(c, i, written);
  else
    gcut__finish_float(c, i, written);
}

void gcut__round_float(gcut_dtype type, float *x, int64_t n) {
  if (type == GCUT_FLOAT16)
    for (int64_t i = 0; i < n; i++) x[i] = gcut_from_float16(gcut_to_float16(x[i]));
  if (type == GCUT_BFLOAT16)
    for (int64_t i = 0; i < n; i++) x[i] = gcut_from_bfloat16(gcut_to_bfloat16(x[i]));
}

void gcut__round_double(gcut_dtype type, double *x, int64_t n) {
  if (type == GCUT_FLOAT)
    for (int64_t i = 0; i < n; i++) x[i] = (double)(float)x[i];
  if (type == GCUT_FLOAT16)
    for (int64_t i = 0; i < n; i++) x[i] = (double)gcut_from_float16(gcut_to_float16((float)x[i]));
  if (type == GCUT_BFLOAT16)
    for (int64_t i = 0; i < n; i++)
      x[i] = (double)gcut_from_bfloat16(gcut_to_bfloat16((float)x[i]));
}
