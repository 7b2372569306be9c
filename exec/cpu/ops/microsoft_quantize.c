// Operators on 8-bit tensors of com.microsoft. An element has 256 values: what does not depend on
// another tensor becomes a table of 256 results. Pools and Softmax run in float between
// dequantising and quantising.
#include "tracer/ops/microsoft_quantize.h"

#include <math.h>

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/quantize.h"
#include "exec/cpu/ops/stride.h"

// Scale and zero point of a tensor; the zero point may be absent.
typedef struct linear {
  float scale, zero;
} linear;

static linear read_linear(const gcut__cpu_call *c, uint32_t scale, uint32_t zero) {
  linear l = {*(const float *)c->inputs[scale]->data, 0};
  if (gcut__cpu_has(c, zero))
    gcut__load_quantized(c->inputs[zero]->type, c->inputs[zero]->data, 0, 1, &l.zero);
  return l;
}

// What each of the 256 bytes of that type stands for.
static void expand_table(gcut_dtype type, linear l, float *table) {
  for (int i = 0; i < 256; i++)
    table[i] = ((float)(type == GCUT_INT8 ? (int8_t)i : i) - l.zero) * l.scale;
}

// n floats as elements of the output from `first` on; x is overwritten.
static void store(gcut_tensor *out, linear l, int64_t first, int64_t n, float *x) {
  for (int64_t i = 0; i < n; i++) x[i] /= l.scale;
  gcut__quantize_store(out->type, out->data, first, n, x, &l.zero, 0, true);
}

// The bytes that 256 floats become.
static void quantize_table(gcut_dtype type, linear l, float *table, uint8_t *bytes) {
  for (int i = 0; i < 256; i++) table[i] /= l.scale;
  gcut__quantize_store(type, bytes, 0, 256, table, &l.zero, 0, true);
}

// ---- two operands -----------------------------------------------------------------------------

enum { BLOCK = 512 };

// out = round(factor * (a times or plus b)) + zero, elements read through tables.
typedef struct binary {
  float of_a[256], of_b[256], factor, zero;
  bool multiply;
} binary;

static void combine(const binary *f, const uint8_t *a, int64_t step_a, const uint8_t *b,
                    int64_t step_b, int64_t n, float *row) {
  if (f->multiply)
    for (int64_t k = 0; k < n; k++)
      row[k] = f->of_a[a[k * step_a]] * f->of_b[b[k * step_b]] * f->factor;
  else
    for (int64_t k = 0; k < n; k++) row[k] = f->of_a[a[k * step_a]] + f->of_b[b[k * step_b]];
}

static gcut_status run_binary(gcut__cpu_call *c, const binary *f, gcut_error *err) {
  const gcut_tensor *a = c->inputs[0], *b = c->inputs[3];
  gcut_tensor *out = c->outputs[0];
  float row[BLOCK];
  gcut__walk *w;
  int64_t at = 0;
  GCUT_TRY(gcut__walk_create(c->scratch, out->rank, out->dims, 2, &w, err));
  gcut__walk_broadcast(w, 0, a->rank, a->dims);
  gcut__walk_broadcast(w, 1, b->rank, b->dims);
  for (bool more = gcut__walk_start(w); more; more = gcut__walk_next(w)) {
    const uint8_t *x = (const uint8_t *)a->data + w->offsets[0];
    const uint8_t *y = (const uint8_t *)b->data + w->offsets[1];
    for (int64_t i = 0; i < w->inner; i += BLOCK) {
      int64_t n = w->inner - i < BLOCK ? w->inner - i : BLOCK;
      combine(f, x + i * w->steps[0], w->steps[0], y + i * w->steps[1], w->steps[1], n, row);
      gcut__quantize_store(out->type, out->data, at, n, row, &f->zero, 0, true);
      at += n;
    }
  }
  return GCUT_OK;
}

// Scales are brought together first, as runtimes do: ties depend on it.
static gcut_status binary_kernel(gcut__cpu_call *c, bool multiply, gcut_error *err) {
  linear a = read_linear(c, 1, 2), b = read_linear(c, 4, 5), to = read_linear(c, 6, 7);
  binary f = {.factor = a.scale * b.scale / to.scale, .zero = to.zero, .multiply = multiply};
  a.scale = multiply ? 1 : a.scale / to.scale;
  b.scale = multiply ? 1 : b.scale / to.scale;
  expand_table(c->inputs[0]->type, a, f.of_a);
  expand_table(c->inputs[3]->type, b, f.of_b);
  return run_binary(c, &f, err);
}

gcut_status gcut__cpu_quantized_add(gcut__cpu_call *c, gcut_error *err) {
  return binary_kernel(c, false, err);
}
gcut_status gcut__cpu_quantized_mul(gcut__cpu_call *c, gcut_error *err) {
  return binary_kernel(c, true, err);
}

gcut_status gcut__cpu_quantized_where(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *operands[3] = {c->inputs[0], c->inputs[1], c->inputs[4]};
  gcut_tensor *out = c->outputs[0];
  float table[256];
  uint8_t of_x[256], of_y[256], *to = out->data;
  linear l = read_linear(c, 7, 8);
  gcut__walk *w;
  expand_table(out->type, read_linear(c, 2, 3), table);
  quantize_table(out->type, l, table, of_x);
  expand_table(out->type, read_linear(c, 5, 6), table);
  quantize_table(out->type, l, table, of_y);
  GCUT_TRY(gcut__walk_create(c->scratch, out->rank, out->dims, 3, &w, err));
  for (uint32_t k = 0; k < 3; k++) gcut__walk_broadcast(w, k, operands[k]->rank, operands[k]->dims);
  for (bool more = gcut__walk_start(w); more; more = gcut__walk_next(w))
    for (int64_t i = 0; i < w->inner; i++) {
      const uint8_t *at[3];
      for (int k = 0; k < 3; k++)
        at[k] = (const uint8_t *)operands[k]->data + w->offsets[k] + i * w->steps[k];
      *to++ = *at[0] ? of_x[*at[1]] : of_y[*at[2]];
    }
  return GCUT_OK;
}

// ---- one operand ------------------------------------------------------------------------------

static gcut_status unary(gcut__cpu_call *c, bool sigmoid) {
  const gcut__quantized_unary_attrs *attrs = c->attrs;
  const uint8_t *x = c->inputs[0]->data;
  uint8_t *y = c->outputs[0]->data, bytes[256];
  float table[256];
  expand_table(c->inputs[0]->type, read_linear(c, 1, 2), table);
  for (int i = 0; i < 256; i++)
    table[i] = sigmoid        ? 1 / (1 + expf(-table[i]))
               : table[i] < 0 ? attrs->alpha * table[i]
                              : table[i];
  quantize_table(c->outputs[0]->type, read_linear(c, 3, 4), table, bytes);
  for (uint64_t i = 0; i < c->inputs[0]->count; i++) y[i] = bytes[x[i]];
  return GCUT_OK;
}

gcut_status gcut__cpu_quantized_sigmoid(gcut__cpu_call *c, gcut_error *err) {
  (void)err;
  return unary(c, true);
}
gcut_status gcut__cpu_quantized_leaky_relu(gcut__cpu_call *c, gcut_error *err) {
  (void)err;
  return unary(c, false);
}

// ---- join -------------------------------------------------------------------------------------

gcut_status gcut__cpu_quantized_concat(gcut__cpu_call *c, gcut_error *err) {
  const gcut__quantized_concat_attrs *attrs = c->attrs;
  gcut_tensor *out = c->outputs[0];
  linear to = read_linear(c, 0, 1);
  int64_t axis = attrs->axis < 0 ? attrs->axis + out->rank : attrs->axis, start = 0;
  (void)err;
  int64_t outer = gcut__product(out->dims, 0, (int)axis);
  int64_t inner = gcut__product(out->dims, (int)axis + 1, out->rank);
  for (uint32_t i = 2; i < c->n_inputs; i += 3) {
    const uint8_t *x = c->inputs[i]->data;
    int64_t run = c->inputs[i]->dims[axis] * inner;
    float table[256];
    uint8_t bytes[256];
    expand_table(c->inputs[i]->type, read_linear(c, i + 1, i + 2), table);
    quantize_table(out->type, to, table, bytes);
    for (int64_t o = 0; o < outer && run > 0; o++) {
      uint8_t *y = (uint8_t *)out->data + o * out->dims[axis] * inner + start;
      for (int64_t k = 0; k < run; k++) y[k] = bytes[x[o * run + k]];
    }
    start += run;
  }
  return GCUT_OK;
}

// ---- in float ---------------------------------------------------------------------------------

// Runs another operator's kernel on the dequantised input and quantises what it gives.
static gcut_status run_in_float(gcut__cpu_call *c, gcut__cpu_kernel kernel, const void *attrs,
                                int32_t version, gcut_error *err) {
  const gcut_tensor *in = c->inputs[0];
  gcut_tensor *x = NULL, *y = NULL, *out = c->outputs[0];
  float table[256];
  expand_table(in->type, read_linear(c, 1, 2), table);
  gcut_status status = gcut_tensor_create_uninitialized(GCUT_FLOAT, in->rank, in->dims, &x, err);
  if (status == GCUT_OK)
    status = gcut_tensor_create_uninitialized(GCUT_FLOAT, out->rank, out->dims, &y, err);
  if (status == GCUT_OK) {
    for (uint64_t i = 0; i < in->count; i++)
      ((float *)x->data)[i] = table[((const uint8_t *)in->data)[i]];
    const gcut_tensor *inputs[1] = {x};
    gcut_node node = *c->node;
    gcut__cpu_call inner = *c;
    node.version = version;
    inner.node = &node, inner.attrs = attrs;
    inner.inputs = inputs, inner.n_inputs = 1, inner.outputs = &y, inner.n_outputs = 1;
    status = kernel(&inner, err);
  }
  if (status == GCUT_OK) store(out, read_linear(c, 3, 4), 0, (int64_t)out->count, y->data);
  gcut_tensor_unref(x);
  gcut_tensor_unref(y);
  return status;
}

gcut_status gcut__cpu_quantized_average_pool(gcut__cpu_call *c, gcut_error *err) {
  const gcut__quantized_pool_attrs *attrs = c->attrs;
  return run_in_float(c, gcut__cpu_average_pool, &attrs->pool, 19, err);
}
gcut_status gcut__cpu_quantized_global_average_pool(gcut__cpu_call *c, gcut_error *err) {
  return run_in_float(c, gcut__cpu_global_average_pool, NULL, 1, err);
}
gcut_status gcut__cpu_quantized_softmax(gcut__cpu_call *c, gcut_error *err) {
  const gcut__quantized_softmax_attrs *attrs = c->attrs;
  return run_in_float(c, gcut__cpu_softmax, &attrs->softmax, (int32_t)attrs->opset, err);
}
