// QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear, in floats. A tensor is gone through in
// runs whose scale is one or steps along with the elements.
#include "exec/cpu/ops/quantize.h"

#include <math.h>

#include "exec/cpu/ops/bytes.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/typed.h"
#include "tracer/base/minifloat.h"
#include "tracer/ops/quantize.h"

// ---- rows as floats ---------------------------------------------------------------------------

static int64_t least(int64_t a, int64_t b) {
  return a < b ? a : b;
}

// n <= GCUT__ROW elements as floats; the result lies in `row` or in the data itself.
static const float *load_floats(gcut_dtype type, const void *data, int64_t first, int64_t n,
                                gcut__row_buffer *row, float *floats) {
  if (type == GCUT_UINT8 || type == GCUT_INT8) {
    if (type == GCUT_UINT8)
      gcut__widen_uint8((size_t)n, (const uint8_t *)data + first, floats);
    else
      gcut__widen_int8((size_t)n, (const int8_t *)data + first, floats);
    return floats;
  }
  const void *x = gcut__row_load(type, data, first, 1, (size_t)n, row);
  gcut__class class = gcut__class_of(type);
  if (class == GCUT__CLASS_f) return x;
  for (int64_t i = 0; i < n; i++)
    floats[i] =
        class == GCUT__CLASS_i ? (float)((const int64_t *)x)[i] : (float)((const uint64_t *)x)[i];
  return floats;
}

void gcut__load_quantized(gcut_dtype type, const void *data, int64_t first, int64_t n, float *out) {
  gcut__row_buffer row;
  for (int64_t i = 0; i < n; i += GCUT__ROW) {
    int64_t part = least(GCUT__ROW, n - i);
    const float *x = load_floats(type, data, first + i, part, &row, out + i);
    if (x != out + i) memcpy(out + i, x, (size_t)part * sizeof *x);
  }
}

const float *gcut__dequantized(gcut__cpu_call *c, const gcut_tensor *tensor) {
  float *all = gcut_arena_alloc(c->scratch, tensor->count, sizeof *all);
  if (all) gcut__load_quantized(tensor->type, tensor->data, 0, (int64_t)tensor->count, all);
  return all;
}

// Least and greatest value of an integer type.
static void limits(gcut_dtype type, double *low, double *high) {
  double half = ldexp(1, (int)gcut_dtype_bits(type) - 1);
  bool is_signed = gcut__class_of(type) == GCUT__CLASS_i;
  *low = is_signed ? -half : 0;
  *high = is_signed ? half - 1 : 2 * half - 1;
}

static void store_integers(gcut_dtype type, void *out, int64_t first, int64_t n, const float *x,
                           const float *zero, int64_t zero_step) {
  gcut__row_buffer row;
  double low, high;
  limits(type, &low, &high);
  if (gcut_dtype_bits(type) == 8 && zero_step == 0) {
    gcut__narrow_bytes((size_t)n, x, *zero, (float)low, (float)high, (uint8_t *)out + first);
    return;
  }
  for (int64_t i = 0; i < n; i++) {
    double value = rint((double)x[i]) + (double)zero[i * zero_step];
    row.i[i] = value != value ? 0 : (int64_t)(value < low ? low : value > high ? high : value);
  }
  gcut__row_store(type, out, first, (size_t)n, &row);
}

// Floats of fewer than 8 bits always saturate, and their elements share bytes.
static void store_minifloats(gcut_dtype type, void *out, int64_t first, int64_t n, const float *x,
                             const float *zero, int64_t zero_step, bool saturate) {
  gcut__row_buffer row;
  for (int64_t i = 0; i < n; i++) row.f[i] = x[i] + zero[i * zero_step];
  if (gcut_dtype_bits(type) < 8 || saturate)
    gcut__row_store(type, out, first, (size_t)n, &row);
  else
    for (int64_t i = 0; i < n; i++)
      ((uint8_t *)out)[first + i] = gcut_minifloat_encode(type, (double)row.f[i], false);
}

void gcut__quantize_store(gcut_dtype type, void *out, int64_t first, int64_t n, const float *x,
                          const float *zero, int64_t zero_step, bool saturate) {
  for (int64_t i = 0; i < n; i += GCUT__ROW) {
    int64_t part = least(GCUT__ROW, n - i);
    if (gcut__class_of(type) == GCUT__CLASS_f)
      store_minifloats(type, out, first + i, part, x + i, zero + i * zero_step, zero_step,
                       saturate);
    else
      store_integers(type, out, first + i, part, x + i, zero + i * zero_step, zero_step);
  }
}

// ---- runs -------------------------------------------------------------------------------------

typedef struct linear {
  const gcut_tensor *x;
  gcut_tensor *y;
  const float *scale, *zero; // of equal shape
  gcut_dtype precision;      // that the division is rounded to
  bool saturate;
} linear;

// n elements from `first` on; the scale of element i is scale[at + i * step].
typedef void (*run_kernel)(const linear *l, int64_t first, int64_t n, int64_t at, int64_t step);

static void quantize_run(const linear *l, int64_t first, int64_t n, int64_t at, int64_t step) {
  gcut__row_buffer row;
  float floats[GCUT__ROW];
  for (int64_t i = 0; i < n; i += GCUT__ROW) {
    int64_t part = least(GCUT__ROW, n - i), from = at + i * step;
    const float *x = load_floats(l->x->type, l->x->data, first + i, part, &row, floats);
    if (step == 0)
      gcut__divide_floats((size_t)part, x, l->scale[from], floats);
    else
      for (int64_t k = 0; k < part; k++) floats[k] = x[k] / l->scale[from + k * step];
    if (l->precision == GCUT_FLOAT16)
      for (int64_t k = 0; k < part; k++) floats[k] = gcut_from_float16(gcut_to_float16(floats[k]));
    if (l->precision == GCUT_BFLOAT16)
      for (int64_t k = 0; k < part; k++)
        floats[k] = gcut_from_bfloat16(gcut_to_bfloat16(floats[k]));
    gcut__quantize_store(l->y->type, l->y->data, first + i, part, floats, l->zero + from, step,
                         l->saturate);
  }
}

static void dequantize_run(const linear *l, int64_t first, int64_t n, int64_t at, int64_t step) {
  gcut__row_buffer row, out;
  float floats[GCUT__ROW];
  for (int64_t i = 0; i < n; i += GCUT__ROW) {
    int64_t part = least(GCUT__ROW, n - i), from = at + i * step;
    const float *x = load_floats(l->x->type, l->x->data, first + i, part, &row, floats);
    if (step == 0)
      gcut__scale_floats((size_t)part, x, l->zero[from], l->scale[from], out.f);
    else
      for (int64_t k = 0; k < part; k++)
        out.f[k] = (x[k] - l->zero[from + k * step]) * l->scale[from + k * step];
    gcut__row_store(l->y->type, l->y->data, first + i, (size_t)part, &out);
  }
}

// The tensor as [outer, size, inner] around the axis.
typedef struct split {
  int64_t outer, size, inner;
} split;

static split split_at(const gcut_tensor *x, int64_t axis) {
  split s = {1, 1, 1};
  for (int d = 0; d < x->rank; d++)
    *(d < axis ? &s.outer : d == axis ? &s.size : &s.inner) *= x->dims[d];
  return s;
}

static void run_axis(const linear *l, split s, run_kernel kernel) {
  if (s.inner == 1)
    for (int64_t o = 0; o < s.outer; o++) kernel(l, o * s.size, s.size, 0, 1);
  else
    for (int64_t i = 0; i < s.outer * s.size; i++) kernel(l, i * s.inner, s.inner, i % s.size, 0);
}

static void run_blocks(const linear *l, split s, int64_t block, run_kernel kernel) {
  int64_t blocks = s.size / block + (s.size % block != 0);
  for (int64_t o = 0; o < s.outer; o++)
    for (int64_t b = 0; b < blocks; b++) {
      int64_t from = b * block, to = from + least(block, s.size - from);
      int64_t at = (o * blocks + b) * s.inner;
      if (s.inner == 1) {
        kernel(l, o * s.size + from, to - from, at, 0);
        continue;
      }
      for (int64_t k = from; k < to; k++) kernel(l, (o * s.size + k) * s.inner, s.inner, at, 1);
    }
}

static void run_all(gcut__cpu_call *c, const linear *l, run_kernel kernel) {
  const gcut__quantize_attrs *attrs = c->attrs;
  const gcut_tensor *scale = c->inputs[1];
  gcut__granularity kind =
      gcut__granularity_of(attrs, scale->rank, scale->rank > 0 ? scale->dims[0] : 1);
  if (l->y->count == 0) return;
  if (gcut_dtype_bits(l->y->type) < 8) memset(l->y->data, 0, l->y->bytes);
  if (kind == GCUT__PER_TENSOR) {
    kernel(l, 0, (int64_t)l->x->count, 0, 0);
    return;
  }
  split s = split_at(l->x, gcut__quantize_axis(attrs, l->x->rank));
  if (kind == GCUT__PER_AXIS)
    run_axis(l, s, kernel);
  else
    run_blocks(l, s, attrs->block_size, kernel);
}

// Reads scale and zero point; zeros where the model gives none.
static gcut_status read_linear(gcut__cpu_call *c, linear *l, gcut_error *err) {
  *l = (linear){.x = c->inputs[0], .y = c->outputs[0]};
  l->scale = gcut__dequantized(c, c->inputs[1]);
  l->zero = gcut__cpu_has(c, 2) ? gcut__dequantized(c, c->inputs[2])
                                : gcut_arena_alloc(c->scratch, c->inputs[1]->count, sizeof(float));
  return l->scale && l->zero ? GCUT_OK : GCUT_NO_MEMORY(err);
}

gcut_status gcut__cpu_quantize_linear(gcut__cpu_call *c, gcut_error *err) {
  const gcut__quantize_attrs *attrs = c->attrs;
  linear l;
  GCUT_TRY(read_linear(c, &l, err));
  l.precision = attrs->precision ? (gcut_dtype)attrs->precision : c->inputs[1]->type;
  l.saturate = attrs->saturate != 0;
  run_all(c, &l, quantize_run);
  return GCUT_OK;
}

gcut_status gcut__cpu_dequantize_linear(gcut__cpu_call *c, gcut_error *err) {
  linear l;
  GCUT_TRY(read_linear(c, &l, err));
  run_all(c, &l, dequantize_run);
  return GCUT_OK;
}

// ---- DynamicQuantizeLinear --------------------------------------------------------------------

// The range always includes 0, so that 0 is exact.
static float find_range(const float *x, uint64_t n, float *out_zero) {
  float low = 0, high = 0;
  for (uint64_t i = 0; i < n; i++) {
    low = x[i] < low ? x[i] : low;
    high = x[i] > high ? x[i] : high;
  }
  float scale = low == high ? 1 : (high - low) / 255, zero = rintf(-low / scale);
  *out_zero = zero > 0 ? (zero < 255 ? zero : 255) : 0;
  return scale;
}

gcut_status gcut__cpu_dynamic_quantize_linear(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  float zero, scale = find_range(x->data, x->count, &zero);
  linear l = {.x = x, .y = c->outputs[0], .scale = &scale, .zero = &zero, .saturate = true};
  if (l.y->count) quantize_run(&l, 0, (int64_t)x->count, 0, 0);
  if (c->n_outputs > 1 && c->outputs[1]) *(float *)c->outputs[1]->data = scale;
  if (c->n_outputs > 2 && c->outputs[2]) *(uint8_t *)c->outputs[2]->data = (uint8_t)zero;
  (void)err;
  return GCUT_OK;
}

float gcut__quantize_bytes(const float *x, uint64_t n, uint8_t *out, float *out_zero) {
  float scale = find_range(x, n, out_zero), row[GCUT__ROW];
  for (uint64_t i = 0; i < n; i += GCUT__ROW) {
    size_t part = n - i < GCUT__ROW ? (size_t)(n - i) : GCUT__ROW;
    gcut__divide_floats(part, x + i, scale, row);
    gcut__narrow_bytes(part, row, *out_zero, 0, 255, out + i);
  }
  return scale;
}

float gcut__quantize_range(const float *x, uint64_t n, float *out) {
  float zero, scale = find_range(x, n, &zero);
  for (uint64_t i = 0; i < n; i++) {
    float value = rintf(x[i] / scale) + zero;
    value = value > 0 ? (value < 255 ? value : 255) : 0;
    out[i] = value - zero;
  }
  return scale;
}
