// Cast, CastLike, BitCast.
//
// Values are converted a row at a time: from the type in memory to its computing type, from there
// to the computing type of the other, and to memory. Where a second rounding could show (double to
// float16 by way of float; anything to float8 and narrower) the way is another one.
#include "tracer/ops/cast.h"

#include <inttypes.h>
#include <stdio.h>

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/typed.h"
#include "tracer/base/decimal.h"
#include "tracer/base/minifloat.h"

// ---- between the computing types --------------------------------------------------------------

// Out of range conversions to integers are what x86-64 makes of them: by way of 32 bits for types
// that fit there, else of 64; the high bits are then lost.
static bool by_int32(gcut_dtype to) {
  return gcut_dtype_bits(to) < 32 || to == GCUT_INT32;
}

// Odd rounding: a float that, rounded again to fewer bits, comes out as the double would have.
static float round_to_odd(double x) {
  float y = (float)x;
  if ((double)y == x || x != x) return y;
  uint32_t bits = gcut_float_bits(y);
  bool away = (double)gcut_bits_float(bits & 0x7fffffff) > (x < 0 ? -x : x);
  return gcut_bits_float((bits - (away ? 1 : 0)) | 1);
}

#define EACH(to, formula)                                                                          \
  for (size_t k = 0; k < n; k++) (to)[k] = (formula)

// From floats: a row of the computing type of `type`, in y.
#define FROM_FLOATING(name, x_type, narrowed)                                                      \
  static void name(const x_type *restrict x, size_t n, gcut_dtype type,                            \
                   gcut__row_buffer *restrict y) {                                                 \
    switch (gcut__class_of(type)) {                                                                \
    case GCUT__CLASS_f: EACH(y->f, narrowed); return;                                              \
    case GCUT__CLASS_d: EACH(y->d, (double)x[k]); return;                                          \
    case GCUT__CLASS_i:                                                                            \
      if (by_int32(type))                                                                          \
        EACH(y->i, gcut__truncate_int32((double)x[k]));                                            \
      else                                                                                         \
        EACH(y->i, gcut__truncate_int64((double)x[k]));                                            \
      return;                                                                                      \
    default:                                                                                       \
      if (type == GCUT_BOOL)                                                                       \
        EACH(y->u, x[k] != 0);                                                                     \
      else if (by_int32(type))                                                                     \
        EACH(y->u, (uint64_t)gcut__truncate_int32((double)x[k]));                                  \
      else                                                                                         \
        EACH(y->u, gcut__truncate_uint64((double)x[k]));                                           \
    }                                                                                              \
  }
FROM_FLOATING(from_float, float, x[k])
FROM_FLOATING(from_double, double, type == GCUT_FLOAT ? (float)x[k] : round_to_odd(x[k]))

// From integers to floats.
#define FROM_INTEGER(name, x_type)                                                                 \
  static void name(const x_type *restrict x, size_t n, gcut_dtype type,                            \
                   gcut__row_buffer *restrict y) {                                                 \
    if (gcut__class_of(type) == GCUT__CLASS_f)                                                     \
      EACH(y->f, (float)x[k]);                                                                     \
    else                                                                                           \
      EACH(y->d, (double)x[k]);                                                                    \
  }
FROM_INTEGER(from_signed, int64_t)
FROM_INTEGER(from_unsigned, uint64_t)

static bool is_integer(gcut__class class) {
  return class == GCUT__CLASS_i || class == GCUT__CLASS_u;
}

// `row` of class `from` as a row of the computing type of `to`: y, or `row` itself where its bits
// serve (integers differ only in how many bits they keep).
static const void *convert(gcut__class from, const void *row, size_t n, gcut_dtype to,
                           gcut__row_buffer *y) {
  gcut__class class = gcut__class_of(to);
  if (class == from || (is_integer(class) && is_integer(from))) return row;
  switch (from) {
  case GCUT__CLASS_f: from_float(row, n, to, y); break;
  case GCUT__CLASS_d: from_double(row, n, to, y); break;
  case GCUT__CLASS_i: from_signed(row, n, to, y); break;
  default: from_unsigned(row, n, to, y); break;
  }
  return y;
}

// ---- numbers ----------------------------------------------------------------------------------

// To a float of 8 bits: rounded once, from double.
static void store_float8(gcut_dtype type, uint8_t *y, size_t n, const double *x,
                         const gcut__cast_attrs *attrs) {
  char mode = attrs->round_mode.data[0];
  gcut_round round = mode == 'u'   ? GCUT_ROUND_UP
                     : mode == 'd' ? GCUT_ROUND_DOWN
                                   : GCUT_ROUND_NEAREST;
  bool saturate = attrs->saturate != 0;
  for (size_t k = 0; k < n; k++)
    y[k] = type == GCUT_FLOAT8E8M0 ? gcut_float8e8m0_encode((float)x[k], round, saturate)
                                   : gcut_minifloat_encode(type, x[k], saturate);
}

static bool is_float8(gcut_dtype type) {
  return type == GCUT_FLOAT8E8M0 || (GCUT_FLOATS_8 >> type & 1);
}

static void cast_numbers(const gcut_tensor *x, gcut_tensor *y, const gcut__cast_attrs *attrs) {
  gcut__class from = gcut__class_of(x->type);
  gcut__row_buffer in, out;
  for (uint64_t at = 0; at < x->count; at += GCUT__ROW) {
    size_t n = x->count - at < GCUT__ROW ? x->count - at : GCUT__ROW;
    const void *row = gcut__row_load(x->type, x->data, (int64_t)at, 1, n, &in);
    if (is_float8(y->type))
      store_float8(y->type, (uint8_t *)y->data + at, n, convert(from, row, n, GCUT_DOUBLE, &out),
                   attrs);
    else
      gcut__row_store(y->type, y->data, (int64_t)at, n, convert(from, row, n, y->type, &out));
  }
}

// ---- strings ----------------------------------------------------------------------------------

static size_t format_element(gcut_dtype type, const void *row, size_t k, char *text) {
  const uint64_t *integers = row;
  gcut__class class = gcut__class_of(type);
  if (type == GCUT_BOOL) return strlen(strcpy(text, integers[k] ? "True" : "False"));
  if (class == GCUT__CLASS_i)
    return (size_t)snprintf(text, GCUT_DECIMAL_SIZE, "%" PRId64, (int64_t)integers[k]);
  if (class == GCUT__CLASS_u)
    return (size_t)snprintf(text, GCUT_DECIMAL_SIZE, "%" PRIu64, integers[k]);
  return gcut_decimal_format(type, gcut__row_double(class, row, k), text);
}

static gcut_status numbers_to_strings(const gcut_tensor *x, gcut_tensor *y, gcut_error *err) {
  char text[GCUT_DECIMAL_SIZE];
  gcut__row_buffer in;
  for (uint64_t at = 0; at < x->count; at += GCUT__ROW) {
    size_t n = x->count - at < GCUT__ROW ? x->count - at : GCUT__ROW;
    const void *row = gcut__row_load(x->type, x->data, (int64_t)at, 1, n, &in);
    for (size_t k = 0; k < n; k++) {
      size_t size = format_element(x->type, row, k, text);
      GCUT_TRY(gcut_tensor_set_string(y, at + k, text, size, err));
    }
  }
  return GCUT_OK;
}

// A text of nothing but digits, with a sign: exact where a double would not be. False for what does
// not fit.
static bool parse_integer(gcut_string s, int64_t *out) {
  size_t k = s.size > 0 && (s.data[0] == '-' || s.data[0] == '+');
  bool negative = k == 1 && s.data[0] == '-';
  if (k == s.size) return false;
  uint64_t magnitude = 0;
  for (; k < s.size; k++) {
    if (s.data[k] < '0' || s.data[k] > '9') return false;
    if (__builtin_mul_overflow(magnitude, 10, &magnitude) ||
        __builtin_add_overflow(magnitude, (uint64_t)(s.data[k] - '0'), &magnitude))
      return false;
  }
  *out = (int64_t)(negative ? 0 - magnitude : magnitude);
  return true;
}

static gcut_status string_to_number(gcut__cpu_call *c, gcut_string s, gcut_tensor *y, uint64_t k,
                                    gcut_error *err) {
  gcut__row_buffer in, out;
  gcut__class class = gcut__class_of(y->type);
  double value;
  if (is_integer(class) && parse_integer(s, &in.i[0])) {
    gcut__row_store(y->type, y->data, (int64_t)k, 1, &in);
    return GCUT_OK;
  }
  if (!gcut_decimal_parse(s.data, s.size, &value)) {
    char copy[64], printable[64];
    snprintf(copy, sizeof copy, "%.*s", (int)(s.size < 63 ? s.size : 63), s.size ? s.data : "");
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "element %" PRIu64 " is no number: '%s'", k,
                          gcut__printable(copy, printable, sizeof printable));
  }
  if (is_float8(y->type))
    store_float8(y->type, (uint8_t *)y->data + k, 1, &value, c->attrs);
  else
    gcut__row_store(y->type, y->data, (int64_t)k, 1,
                    convert(GCUT__CLASS_d, &value, 1, y->type, &out));
  return GCUT_OK;
}

static gcut_status copy_strings(const gcut_tensor *x, gcut_tensor *y, gcut_error *err) {
  const gcut_string *strings = x->data;
  for (uint64_t k = 0; k < x->count; k++)
    GCUT_TRY(gcut_tensor_set_string(y, k, strings[k].data, strings[k].size, err));
  return GCUT_OK;
}

// ---- kernels ----------------------------------------------------------------------------------

static gcut_status cast(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  if (x->type == GCUT_STRING && y->type == GCUT_STRING) return copy_strings(x, y, err);
  if (y->type == GCUT_STRING) return numbers_to_strings(x, y, err);
  if (x->type == GCUT_STRING) {
    for (uint64_t k = 0; k < x->count; k++)
      GCUT_TRY(string_to_number(c, ((const gcut_string *)x->data)[k], y, k, err));
    return GCUT_OK;
  }
  if (x->type != y->type)
    cast_numbers(x, y, c->attrs);
  else if (x->bytes > 0)
    memcpy(y->data, x->data, x->bytes);
  return GCUT_OK;
}

gcut_status gcut__cpu_cast(gcut__cpu_call *c, gcut_error *err) {
  return cast(c, err);
}

gcut_status gcut__cpu_cast_like(gcut__cpu_call *c, gcut_error *err) {
  return cast(c, err);
}

gcut_status gcut__cpu_bitcast(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  (void)err;
  if (x->bytes > 0) memcpy(c->outputs[0]->data, x->data, x->bytes);
  return GCUT_OK;
}
