// Conversions between element types and the float or double that kernels compute in.
#include "exec/cpu/ops/widen.h"

#include "exec/cpu/ops/typed.h"

#define WIDEN(name, memory, compute, letter, load, store)                                          \
  case GCUT_##name: {                                                                              \
    const memory *from = (const memory *)tensor->data + first;                                     \
    for (int64_t i = 0; i < n; i++) to[i] = (REAL)load(from[i]);                                   \
    return true;                                                                                   \
  }
#define NARROW(name, memory, compute, letter, load, store)                                         \
  case GCUT_##name: {                                                                              \
    memory *to = tensor->data;                                                                     \
    for (uint64_t i = 0; i < tensor->count; i++) to[i] = store((compute)written[i]);               \
    break;                                                                                         \
  }

// ---- float and double

#define REAL float
static bool widen_float(const gcut_tensor *tensor, int64_t first, int64_t n, float *to) {
  switch (tensor->type) {
    GCUT_TYPED_NUMERIC(WIDEN)
    GCUT_TYPED_BOOL(WIDEN)
  default: return false;
  }
}
void gcut__finish_float(gcut_cpu_call *c, uint32_t i, const float *written) {
  if (!written || c->outputs[i]->data == written) return;
  gcut_tensor *tensor = c->outputs[i];
  switch (tensor->type) {
    GCUT_TYPED_FLOATS(NARROW)
  default: break; // gcut__output_float refused it
  }
}
#undef REAL

#define REAL double
static bool widen_double(const gcut_tensor *tensor, int64_t first, int64_t n, double *to) {
  switch (tensor->type) {
    GCUT_TYPED_NUMERIC(WIDEN)
    GCUT_TYPED_BOOL(WIDEN)
  default: return false;
  }
}
void gcut__finish_double(gcut_cpu_call *c, uint32_t i, const double *written) {
  if (!written || c->outputs[i]->data == written) return;
  gcut_tensor *tensor = c->outputs[i];
  switch (tensor->type) {
    GCUT_TYPED_FLOATS(NARROW)
  default: break; // gcut__output_double refused it
  }
}

void gcut__widen_row(const gcut_tensor *tensor, int64_t first, int64_t n, double *to) {
  if (!widen_double(tensor, first, n, to) && n > 0) memset(to, 0, (size_t)n * sizeof *to);
}

gcut_status gcut__widen_float(gcut_cpu_call *c, const gcut_tensor *tensor, const float **out,
                              gcut_error *err) {
  *out = tensor->data;
  if (tensor->type == GCUT_FLOAT) return GCUT_OK;
  float *to = GCUT_NEW_ARRAY(c->scratch, float, tensor->count);
  *out = to;
  if (!to) return GCUT_NO_MEMORY(err);
  if (!widen_float(tensor, 0, (int64_t)tensor->count, to))
    return gcut_cpu_type_unsupported(c, tensor->type, err);
  return GCUT_OK;
}

gcut_status gcut__widen_double(gcut_cpu_call *c, const gcut_tensor *tensor, const double **out,
                               gcut_error *err) {
  *out = tensor->data;
  if (tensor->type == GCUT_DOUBLE) return GCUT_OK;
  double *to = GCUT_NEW_ARRAY(c->scratch, double, tensor->count);
  *out = to;
  if (!to) return GCUT_NO_MEMORY(err);
  if (!widen_double(tensor, 0, (int64_t)tensor->count, to))
    return gcut_cpu_type_unsupported(c, tensor->type, err);
  return GCUT_OK;
}

// ---- operands

gcut_status gcut__input_float(gcut_cpu_call *c, uint32_t i, const float **out, gcut_error *err) {
  *out = NULL;
  return gcut_cpu_has(c, i) ? gcut__widen_float(c, c->inputs[i], out, err) : GCUT_OK;
}
gcut_status gcut__input_double(gcut_cpu_call *c, uint32_t i, const double **out, gcut_error *err) {
  *out = NULL;
  return gcut_cpu_has(c, i) ? gcut__widen_double(c, c->inputs[i], out, err) : GCUT_OK;
}

// Memory for output `i`: its own where it is of type `own`, else scratch of `size` bytes an
// element.
static gcut_status output_memory(gcut_cpu_call *c, uint32_t i, gcut_dtype own, size_t size,
                                 void **out, gcut_error *err) {
  *out = NULL;
  if (!gcut_cpu_wants(c, i)) return GCUT_OK;
  const gcut_tensor *tensor = c->outputs[i];
  gcut_dtype type = tensor->type;
  if (type != GCUT_FLOAT && type != GCUT_DOUBLE && type != GCUT_FLOAT16 && type != GCUT_BFLOAT16)
    return gcut_cpu_type_unsupported(c, type, err);
  *out = type == own ? tensor->data : gcut_arena_alloc(c->scratch, tensor->count, size);
  return *out || tensor->count == 0 ? GCUT_OK : GCUT_NO_MEMORY(err);
}

gcut_status gcut__output_float(gcut_cpu_call *c, uint32_t i, float **out, gcut_error *err) {
  void *memory;
  GCUT_TRY(output_memory(c, i, GCUT_FLOAT, sizeof(float), &memory, err));
  *out = memory;
  return GCUT_OK;
}
gcut_status gcut__output_double(gcut_cpu_call *c, uint32_t i, double **out, gcut_error *err) {
  void *memory;
  GCUT_TRY(output_memory(c, i, GCUT_DOUBLE, sizeof(double), &memory, err));
  *out = memory;
  return GCUT_OK;
}

// ---- rounding

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
