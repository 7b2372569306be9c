// Operators on quantised tensors, spelled out: exact products of integers, then one factor in
// double as the CPU has it, or the operator in float between dequantising and quantising.
#include "exec/cuda/ops/spell.h"
#include "tracer/ops/microsoft_integer.h"
#include "tracer/ops/microsoft_quantize.h"

// ---- scales and zero points ---------------------------------------------------------------------

static uint32_t one(gcut__speller *s) {
  return gcut__spell_scalar(s, GCUT_FLOAT, 1);
}

// Input i, a single number, as a scalar.
static uint32_t single(gcut__speller *s, uint32_t i) {
  const gcut_type *t = gcut__cuda_input_type(s->c, i);
  uint32_t x = gcut__spell_input(s, i);
  return !t || t->rank == 0 ? x : gcut__spell_reshape(s, x, NULL, 0);
}

static uint32_t dequantized(gcut__speller *s, uint32_t x, uint32_t scale, uint32_t zero) {
  return SPELL(s, "DequantizeLinear", x, scale, zero);
}

// Output 0 from floats already divided by its scale; its zero point is input `zero`.
static void quantize(gcut__speller *s, uint32_t x, uint32_t zero) {
  uint32_t point = single(s, zero), scale = one(s);
  gcut__spell_int(s, "output_dtype", gcut__cuda_output_type(s->c, 0)->type);
  gcut__spell_output(s, 0, SPELL(s, "QuantizeLinear", x, scale, point));
}

// ---- products -----------------------------------------------------------------------------------

// Sums of more terms may be beyond int32.
static const int64_t MOST_TERMS = INT32_MAX / (255 * 255);

static bool is_byte(const gcut__speller *s, uint32_t i) {
  int type = gcut__cuda_input_type(s->c, i)->type;
  return type == GCUT_INT8 || type == GCUT_UINT8;
}

// int32 sums times a float, both as double.
static uint32_t scaled(gcut__speller *s, uint32_t sum, uint32_t scale) {
  sum = gcut__spell_cast(s, sum, GCUT_DOUBLE);
  return SPELL(s, "Mul", sum, gcut__spell_cast(s, scale, GCUT_DOUBLE));
}

static void quantize_product(gcut__speller *s, uint32_t sum, uint32_t scale, uint32_t zero) {
  quantize(s, gcut__spell_cast(s, scaled(s, sum, scale), GCUT_FLOAT), zero);
}

// Scales of rows, a vector, become a column.
static uint32_t row_scale(gcut__speller *s, uint32_t i) {
  const gcut_type *t = gcut__cuda_input_type(s->c, i);
  uint32_t x = gcut__spell_input(s, i);
  if (t->rank != 1 || t->dims[0] == 1) return x;
  return gcut__spell_reshape(s, x, (int64_t[]){t->dims[0], 1}, 2);
}

static bool qlinear_matmul(gcut__speller *s) {
  const gcut_type *a = gcut__cuda_input_type(s->c, 0);
  if (!is_byte(s, 0) || !is_byte(s, 3) || gcut__cuda_input_type(s->c, 1)->type != GCUT_FLOAT ||
      a->rank < 1 || a->dims[a->rank - 1] > MOST_TERMS)
    return false;
  uint32_t sum = SPELL(s, "MatMulInteger", gcut__spell_input(s, 0), gcut__spell_input(s, 3),
                       gcut__spell_input(s, 2), gcut__spell_input(s, 5));
  uint32_t scale = SPELL(s, "Mul", row_scale(s, 1), gcut__spell_input(s, 4));
  quantize_product(s, sum, SPELL(s, "Div", scale, single(s, 6)), 7);
  return true;
}

// A number for each channel of an image.
static uint32_t by_channel(gcut__speller *s, uint32_t i) {
  const gcut_type *t = gcut__cuda_input_type(s->c, i), *y = gcut__cuda_output_type(s->c, 0);
  int64_t dims[GCUT_MAX_RANK];
  if (!t || gcut__cuda_count(t) == 1) return single(s, i);
  for (int d = 1; d < y->rank; d++) dims[d - 1] = d == 1 ? t->dims[0] : 1;
  return gcut__spell_reshape(s, gcut__spell_input(s, i), dims, (size_t)y->rank - 1);
}

static bool qlinear_conv(gcut__speller *s) {
  const gcut_type *w = gcut__cuda_input_type(s->c, 3), *y = gcut__cuda_output_type(s->c, 0);
  if (w->dims[0] == 0 || y->rank < 3 || (int64_t)gcut__cuda_count(w) / w->dims[0] > MOST_TERMS)
    return false;
  gcut__spell_same(s, (const char *const[]){"auto_pad", "dilations", "group", "kernel_shape",
                                            "pads", "strides", NULL});
  uint32_t sum = SPELL(s, "ConvInteger", gcut__spell_input(s, 0), gcut__spell_input(s, 3),
                       gcut__spell_input(s, 2), gcut__spell_input(s, 5));
  if (gcut__cuda_input_type(s->c, 8)) sum = SPELL(s, "Add", sum, by_channel(s, 8));
  uint32_t scale = SPELL(s, "Mul", single(s, 1), by_channel(s, 4));
  quantize_product(s, sum, SPELL(s, "Div", scale, single(s, 6)), 7);
  return true;
}

gcut_status gcut__cuda_compile_qlinear_matmul(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, qlinear_matmul, err);
}
gcut_status gcut__cuda_compile_qlinear_conv(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, qlinear_conv, err);
}

static uint32_t matrix(gcut__speller *s, uint32_t i, bool transpose) {
  uint32_t x = gcut__spell_input(s, i);
  return transpose ? gcut__spell_transpose(s, x, (int64_t[]){1, 0}, 2) : x;
}

static bool quantized_gemm(gcut__speller *s) {
  const gcut__quantized_gemm_attrs *attrs = s->c->node->attrs;
  const gcut_type *a = gcut__cuda_input_type(s->c, 0);
  if (a->dims[attrs->transA ? 0 : 1] > MOST_TERMS) return false;
  uint32_t left = matrix(s, 0, attrs->transA != 0), right = matrix(s, 3, attrs->transB != 0);
  uint32_t sum =
      SPELL(s, "MatMulInteger", left, right, gcut__spell_input(s, 2), gcut__spell_input(s, 5));
  if (gcut__cuda_input_type(s->c, 6)) sum = SPELL(s, "Add", sum, gcut__spell_input(s, 6));
  uint32_t alpha = gcut__spell_scalar(s, GCUT_FLOAT, (double)attrs->alpha),
           scale = SPELL(s, "Mul", alpha, single(s, 1));
  scale = SPELL(s, "Mul", scale, gcut__spell_input(s, 4));
  if (gcut__cuda_input_type(s->c, 7)) scale = SPELL(s, "Div", scale, single(s, 7));
  if (gcut__cuda_output_type(s->c, 0)->type == GCUT_FLOAT)
    gcut__spell_output(s, 0, gcut__spell_cast(s, scaled(s, sum, scale), GCUT_FLOAT));
  else
    quantize_product(s, sum, scale, 8);
  return true;
}

gcut_status gcut__cuda_compile_quantized_gemm(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, quantized_gemm, err);
}

// ---- floats out ---------------------------------------------------------------------------------

// Output 0 = sum * (a_scale * b_scale) + bias, in double.
static void finish_floats(gcut__speller *s, uint32_t sum, uint32_t a_scale, uint32_t b_scale,
                          uint32_t bias) {
  uint32_t a = gcut__spell_cast(s, a_scale, GCUT_DOUBLE),
           b = gcut__spell_cast(s, b_scale, GCUT_DOUBLE), scale = SPELL(s, "Mul", a, b);
  uint32_t y = SPELL(s, "Mul", gcut__spell_cast(s, sum, GCUT_DOUBLE), scale);
  if (bias != GCUT_NONE) y = SPELL(s, "Add", y, gcut__spell_cast(s, bias, GCUT_DOUBLE));
  gcut__spell_output(s, 0, gcut__spell_cast(s, y, gcut__cuda_output_type(s->c, 0)->type));
}

static bool fits_terms(const gcut__speller *s) {
  const gcut_type *a = gcut__cuda_input_type(s->c, 0);
  return a->rank > 0 && a->dims[a->rank - 1] <= MOST_TERMS;
}

static bool integer_to_float(gcut__speller *s) {
  if (!fits_terms(s)) return false;
  uint32_t sum = SPELL(s, "MatMulInteger", gcut__spell_input(s, 0), gcut__spell_input(s, 1),
                       gcut__spell_input(s, 4), gcut__spell_input(s, 5));
  finish_floats(s, sum, single(s, 2), gcut__spell_input(s, 3), gcut__spell_input(s, 6));
  return true;
}

// The least or greatest element: of lines first, so that many blocks are at it.
static uint32_t extreme(gcut__speller *s, const char *op) {
  const gcut_type *t = gcut__cuda_input_type(s->c, 0);
  uint32_t x = gcut__spell_input(s, 0);
  if (t->rank > 1) x = gcut__spell_reduce(s, op, x, (int64_t[]){t->rank - 1}, 1);
  gcut__spell_int(s, "keepdims", 0);
  return SPELL(s, op, x);
}

// Input 0 as uint8 over a range that holds all of it and 0.
static uint32_t quantize_range(gcut__speller *s, uint32_t *out_scale, uint32_t *out_zero) {
  uint32_t nought = gcut__spell_scalar(s, GCUT_FLOAT, 0),
           most = gcut__spell_scalar(s, GCUT_FLOAT, 255);
  uint32_t low = SPELL(s, "Min", extreme(s, "ReduceMin"), nought),
           high = SPELL(s, "Max", extreme(s, "ReduceMax"), nought);
  uint32_t step = SPELL(s, "Div", SPELL(s, "Sub", high, low), most);
  uint32_t scale = SPELL(s, "Where", SPELL(s, "Equal", low, high), one(s), step);
  uint32_t zero = SPELL(s, "Round", SPELL(s, "Div", SPELL(s, "Neg", low), scale));
  zero = gcut__spell_cast(s, SPELL(s, "Clip", zero, nought, most), GCUT_UINT8);
  *out_scale = scale;
  *out_zero = zero;
  return SPELL(s, "QuantizeLinear", gcut__spell_input(s, 0), scale, zero);
}

static bool dynamic_quantize(gcut__speller *s) {
  uint32_t scale, zero;
  if (gcut__cuda_count(gcut__cuda_input_type(s->c, 0)) == 0) return false;
  gcut__spell_output(s, 0, quantize_range(s, &scale, &zero));
  gcut__spell_output(s, 1, scale);
  gcut__spell_output(s, 2, zero);
  return true;
}

static bool dynamic_matmul(gcut__speller *s) {
  uint32_t scale, zero;
  if (!fits_terms(s) || gcut__cuda_count(gcut__cuda_input_type(s->c, 0)) == 0) return false;
  uint32_t x = quantize_range(s, &scale, &zero);
  uint32_t sum =
      SPELL(s, "MatMulInteger", x, gcut__spell_input(s, 1), zero, gcut__spell_input(s, 3));
  finish_floats(s, sum, scale, gcut__spell_input(s, 2), gcut__spell_input(s, 4));
  return true;
}

gcut_status gcut__cuda_compile_integer_to_float(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, integer_to_float, err);
}
gcut_status gcut__cuda_compile_dynamic_quantize(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, dynamic_quantize, err);
}
gcut_status gcut__cuda_compile_dynamic_matmul(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, dynamic_matmul, err);
}

// ---- elementwise --------------------------------------------------------------------------------

// Scales are brought together first, as the CPU does: ties depend on it.
static bool quantized_add(gcut__speller *s) {
  uint32_t to = single(s, 6), a_scale = SPELL(s, "Div", single(s, 1), to),
           b_scale = SPELL(s, "Div", single(s, 4), to);
  uint32_t a = dequantized(s, gcut__spell_input(s, 0), a_scale, single(s, 2)),
           b = dequantized(s, gcut__spell_input(s, 3), b_scale, single(s, 5));
  quantize(s, SPELL(s, "Add", a, b), 7);
  return true;
}

static bool quantized_mul(gcut__speller *s) {
  uint32_t a = dequantized(s, gcut__spell_input(s, 0), one(s), single(s, 2)),
           b = dequantized(s, gcut__spell_input(s, 3), one(s), single(s, 5));
  uint32_t factor = SPELL(s, "Mul", single(s, 1), single(s, 4));
  factor = SPELL(s, "Div", factor, single(s, 6));
  quantize(s, SPELL(s, "Mul", SPELL(s, "Mul", a, b), factor), 7);
  return true;
}

// Input i, whose scale and zero point follow it, as floats.
static uint32_t floats(gcut__speller *s, uint32_t i) {
  return dequantized(s, gcut__spell_input(s, i), single(s, i + 1), single(s, i + 2));
}

// Output 0 from floats; its scale is input `scale`, its zero point the next.
static bool quantize_by(gcut__speller *s, uint32_t x, uint32_t scale) {
  quantize(s, SPELL(s, "Div", x, single(s, scale)), scale + 1);
  return true;
}

static bool quantized_where(gcut__speller *s) {
  uint32_t x = floats(s, 1), y = floats(s, 4);
  return quantize_by(s, SPELL(s, "Where", gcut__spell_input(s, 0), x, y), 7);
}

static bool quantized_sigmoid(gcut__speller *s) {
  return quantize_by(s, SPELL(s, "Sigmoid", floats(s, 0)), 3);
}

static bool quantized_leaky_relu(gcut__speller *s) {
  uint32_t x = floats(s, 0);
  gcut__spell_same(s, (const char *const[]){"alpha", NULL});
  return quantize_by(s, SPELL(s, "LeakyRelu", x), 3);
}

enum { MOST_JOINED = 64 };

static bool quantized_concat(gcut__speller *s) {
  const gcut__quantized_concat_attrs *attrs = s->c->node->attrs;
  uint32_t all[MOST_JOINED], n = 0;
  for (uint32_t i = 2; i + 2 < s->c->node->n_inputs; i += 3) {
    if (n == MOST_JOINED) return false;
    all[n++] = floats(s, i);
  }
  gcut__spell_int(s, "axis", attrs->axis);
  return quantize_by(s, gcut__spell_op(s, "Concat", all, n), 0);
}

#define SPELLED(name)                                                                              \
  gcut_status gcut__cuda_compile_##name(const gcut__cuda_compile *c, gcut_error *err) {            \
    return gcut__spell(c, name, err);                                                              \
  }
SPELLED(quantized_add)
SPELLED(quantized_mul)
SPELLED(quantized_where)
SPELLED(quantized_sigmoid)
SPELLED(quantized_leaky_relu)
SPELLED(quantized_concat)

// ---- pools and Softmax, in float ----------------------------------------------------------------

static bool quantized_average_pool(gcut__speller *s) {
  const gcut__quantized_pool_attrs *attrs = s->c->node->attrs;
  if (attrs->channels_last) return false;
  uint32_t x = floats(s, 0);
  gcut__spell_same(s, (const char *const[]){"auto_pad", "ceil_mode", "count_include_pad",
                                            "kernel_shape", "pads", "strides", NULL});
  return quantize_by(s, SPELL(s, "AveragePool", x), 3);
}

static bool quantized_global_average_pool(gcut__speller *s) {
  const gcut__quantized_pool_attrs *attrs = s->c->node->attrs;
  if (attrs->channels_last) return false;
  return quantize_by(s, SPELL(s, "GlobalAveragePool", floats(s, 0)), 3);
}

// Before opset 13 the dimensions from the axis on are one.
static bool quantized_softmax(gcut__speller *s) {
  const gcut__quantized_softmax_attrs *attrs = s->c->node->attrs;
  const gcut_type *t = gcut__cuda_input_type(s->c, 0);
  if (attrs->opset < 13 && t->rank != 0) return false;
  uint32_t x = floats(s, 0);
  gcut__spell_same(s, (const char *const[]){"axis", NULL});
  return quantize_by(s, SPELL(s, "Softmax", x), 3);
}

SPELLED(quantized_average_pool)
SPELLED(quantized_global_average_pool)
SPELLED(quantized_softmax)
