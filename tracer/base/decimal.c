// printf and strtod do the exact work; the shortest form is the first precision at which what is
// printed reads back as the same value (Steele and White's criterion, found by trying: at most 17
// times). Both follow the locale, so a thread borrows the C locale for the call.
#include "tracer/base/decimal.h"

#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/base/narrow.h"

enum { MAX_DIGITS = 17, MAX_TEXT = 1 << 12 };

// ---- to text ----------------------------------------------------------------------------------

static bool reads_back(gcut_dtype type, const char *text, double value) {
  switch (type) {
  case GCUT_DOUBLE: return strtod(text, NULL) == value;
  case GCUT_FLOAT16: return gcut_from_float16(gcut_to_float16(strtof(text, NULL))) == (float)value;
  case GCUT_BFLOAT16:
    return gcut_from_bfloat16(gcut_to_bfloat16(strtof(text, NULL))) == (float)value;
  default: return strtof(text, NULL) == (float)value;
  }
}

// The digits of a finite value and its decimal exponent: d.ddd * 10^exponent.
static int shortest_digits(gcut_dtype type, double value, char *digits, int *out_exponent) {
  char text[GCUT_DECIMAL_SIZE];
  for (int precision = 0; precision < MAX_DIGITS; precision++) {
    snprintf(text, sizeof text, "%.*e", precision, value);
    if (reads_back(type, text, value)) break;
  }
  const char *e = strchr(text, 'e');
  int n = 0;
  for (const char *p = text; p < e; p++)
    if (isdigit((unsigned char)*p)) digits[n++] = *p;
  *out_exponent = atoi(e + 1);
  return n;
}

static size_t write_scientific(const char *digits, int n, int exponent, char *out) {
  size_t size = 0;
  out[size++] = digits[0];
  if (n > 1) out[size++] = '.';
  for (int k = 1; k < n; k++) out[size++] = digits[k];
  return size + (size_t)snprintf(out + size, GCUT_DECIMAL_SIZE - MAX_DIGITS - 3, "e%c%02d",
                                 exponent < 0 ? '-' : '+', abs(exponent));
}

static size_t write_positional(const char *digits, int n, int exponent, char *out) {
  size_t size = 0;
  if (exponent < 0) out[size++] = '0';
  for (int k = 0; k <= exponent; k++) out[size++] = k < n ? digits[k] : '0';
  out[size++] = '.';
  for (int k = -1; k > exponent; k--) out[size++] = '0';
  for (int k = exponent < 0 ? 0 : exponent + 1; k < n; k++) out[size++] = digits[k];
  if (out[size - 1] == '.') out[size++] = '0';
  return size;
}

static size_t format_finite(gcut_dtype type, double value, char *buffer) {
  char digits[MAX_DIGITS + 1];
  int exponent, n = shortest_digits(type, fabs(value), digits, &exponent);
  size_t sign = signbit(value) ? 1 : 0;
  if (sign) buffer[0] = '-';
  bool positional = value == 0 || (fabs(value) >= 1e-4 && fabs(value) < 1e16);
  return sign +
         (positional ? write_positional : write_scientific)(digits, n, exponent, buffer + sign);
}

size_t gcut_decimal_format(gcut_dtype type, double value, char *buffer) {
  if (!isfinite(value)) {
    const char *text = isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
    return strlen(strcpy(buffer, text));
  }
  locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0), old = uselocale(c_locale);
  size_t size = format_finite(type, value, buffer);
  uselocale(old);
  if (c_locale) freelocale(c_locale);
  buffer[size] = 0;
  return size;
}

// ---- from text --------------------------------------------------------------------------------

// strtod also knows hexadecimal floats and "nan(...)", which are no decimals.
static bool is_decimal(const char *text) {
  if (*text == '+' || *text == '-') text++;
  if (isdigit((unsigned char)*text) || *text == '.') return !strpbrk(text, "xXpP");
  return strcasecmp(text, "inf") == 0 || strcasecmp(text, "infinity") == 0 ||
         strcasecmp(text, "nan") == 0;
}

static bool parse_terminated(const char *text, double *out_value) {
  if (!is_decimal(text)) return false;
  char *end;
  locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0), old = uselocale(c_locale);
  *out_value = strtod(text, &end);
  uselocale(old);
  if (c_locale) freelocale(c_locale);
  return end != text && *end == 0;
}

bool gcut_decimal_parse(const char *text, size_t size, double *out_value) {
  char copy[MAX_TEXT];
  while (size > 0 && isspace((unsigned char)text[0])) text++, size--;
  while (size > 0 && isspace((unsigned char)text[size - 1])) size--;
  if (size == 0 || size >= sizeof copy || memchr(text, 0, size)) return false;
  memcpy(copy, text, size);
  copy[size] = 0;
  return parse_terminated(copy, out_value);
}
