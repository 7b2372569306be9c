// One algorithm for all of them: a code's magnitude is its mantissa, in units of the last place of
// its exponent, so rounding a value to a whole number of such units rounds it to the nearest code,
// and a mantissa that overflows carries into the exponent by itself.
// The formats are those of the OCP 8-bit and microscaling specifications; fnuz is Graphcore's.
#include "tracer/base/minifloat.h"

#include <math.h>

#include "tracer/base/narrow.h"

typedef struct format {
  int mantissa_bits, bias;
  uint8_t max, infinity, nan, sign; // magnitudes' codes; infinity 0: none; sign: its bit
  bool negative_zero;               // false: the code of -0 is the one NaN
} format;

static const format formats[GCUT_N_DTYPES] = {
    [GCUT_FLOAT8E4M3FN] = {3, 7, 0x7e, 0, 0x7f, 0x80, true},
    [GCUT_FLOAT8E4M3FNUZ] = {3, 8, 0x7f, 0, 0x80, 0x80, false},
    [GCUT_FLOAT8E5M2] = {2, 15, 0x7b, 0x7c, 0x7e, 0x80, true},
    [GCUT_FLOAT8E5M2FNUZ] = {2, 16, 0x7f, 0, 0x80, 0x80, false},
    [GCUT_FLOAT6E2M3] = {3, 1, 0x1f, 0, 0x20, 0x20, true},
    [GCUT_FLOAT6E3M2] = {2, 3, 0x1f, 0, 0x20, 0x20, true},
    [GCUT_FLOAT4E2M1] = {1, 1, 0x7, 0, 0x8, 0x8, true},
};

// Whether every code is a finite number.
static bool is_finite(gcut_dtype type) {
  return gcut_dtype_bits(type) < 8;
}

static bool is_nan(gcut_dtype type, const format *f, uint8_t code) {
  if (is_finite(type)) return false;
  if (!f->negative_zero) return code == f->nan;
  return (code & (f->sign - 1)) > (f->infinity ? f->infinity : f->max);
}

double gcut_minifloat_decode(gcut_dtype type, uint8_t code) {
  if (type == GCUT_FLOAT8E8M0) return code == 0xff ? (double)NAN : ldexp(1, code - 127);
  const format *f = &formats[type];
  if (is_nan(type, f, code)) return (double)NAN;
  int magnitude = code & (f->sign - 1), exponent = magnitude >> f->mantissa_bits;
  int mantissa = magnitude & ((1 << f->mantissa_bits) - 1);
  double value = (double)INFINITY;
  if (!f->infinity || magnitude < f->infinity) {
    if (exponent > 0) mantissa += 1 << f->mantissa_bits;
    value = ldexp(mantissa, (exponent > 0 ? exponent : 1) - f->bias - f->mantissa_bits);
  }
  return code & f->sign ? -value : value;
}

// The code of a finite magnitude, perhaps beyond the format's largest: then INT32_MAX at most.
static int32_t round_magnitude(const format *f, double magnitude) {
  int exponent;
  if (magnitude == 0) return 0;
  frexp(magnitude, &exponent); // magnitude = 0.5..1 * 2^exponent
  int biased = exponent - 1 + f->bias;
  if (biased < 1) biased = 1; // subnormal
  if (biased > 255) return INT32_MAX;
  double units = ldexp(magnitude, f->mantissa_bits + f->bias - biased);
  return (int32_t)rint(units) + ((biased - 1) << f->mantissa_bits);
}

uint8_t gcut_minifloat_encode(gcut_dtype type, double value, bool saturate) {
  if (type == GCUT_FLOAT8E8M0) return gcut_float8e8m0_encode((float)value, GCUT_ROUND_UP, saturate);
  const format *f = &formats[type];
  uint8_t sign = signbit(value) ? f->sign : 0;
  if (isnan(value)) return f->negative_zero && !is_finite(type) ? f->nan | sign : f->nan;
  int32_t code = isinf(value) ? INT32_MAX : round_magnitude(f, fabs(value));
  if (code > f->max) {
    if (saturate || is_finite(type)) return f->max | sign;
    if (!f->negative_zero) return f->nan;
    return (f->infinity ? f->infinity : f->nan) | sign;
  }
  return code == 0 && !f->negative_zero ? 0 : (uint8_t)code | sign;
}

// Whether the exponent must grow by one to round `bits` as asked.
static bool rounds_up(uint32_t bits, gcut_round round) {
  uint32_t mantissa = bits & 0x7fffff;
  if (round == GCUT_ROUND_UP) return mantissa != 0;
  if (round == GCUT_ROUND_DOWN) return false;
  return mantissa > 0x400000 || (mantissa == 0x400000 && (bits >> 23 & 0xff) > 0);
}

uint8_t gcut_float8e8m0_encode(float value, gcut_round round, bool saturate) {
  uint32_t bits = gcut_float_bits(value), exponent = bits >> 23 & 0xff;
  if (exponent == 0xff || !rounds_up(bits, round)) return (uint8_t)exponent;
  return (uint8_t)(exponent == 0xfe && saturate ? exponent : exponent + 1);
}
