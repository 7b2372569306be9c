// Numbers of GCIR: -12, 0.5, 1e-05, inf, -nan, and 0x7fc00001: the bits of a float or integer, for
// NaNs that decimals cannot tell apart.
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "formats/gcir/gcir.h"
#include "tracer/base/narrow.h"

enum { MAX_LITERAL = 1100 }; // more than the longest exact double

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_special(gcut_string word) {
  static const char *const words[] = {"nan", "inf", "infinity"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (word.size == strlen(words[i]) && strncasecmp(word.data, words[i], word.size) == 0)
      return true;
  return false;
}

bool gcut__gcir_at_number(gcir_parser *p) {
  int c = gcut__gcir_peek(p);
  return c == '-' || (c >= 0 && is_digit((char)c)) || is_special(gcut__gcir_peek_identifier(p));
}

// Takes characters from `end` on while they belong to a decimal.
static size_t decimal_end(const gcir_parser *p, size_t end, gcir_literal_kind *kind) {
  while (end < p->size && is_digit(p->text[end])) end++;
  if (end < p->size && p->text[end] == '.') {
    *kind = GCIR_FLOAT;
    for (end++; end < p->size && is_digit(p->text[end]);) end++;
  }
  if (end < p->size && (p->text[end] == 'e' || p->text[end] == 'E')) {
    *kind = GCIR_FLOAT;
    end++;
    if (end < p->size && (p->text[end] == '+' || p->text[end] == '-')) end++;
    while (end < p->size && is_digit(p->text[end])) end++;
  }
  return end;
}

gcut_status gcut__gcir_literal(gcir_parser *p, gcir_literal *out) {
  gcut__gcir_peek(p);
  size_t start = p->at, end = p->at;
  *out = (gcir_literal){.kind = GCIR_INT, .at = start};
  end += end < p->size && p->text[end] == '-';
  if (end < p->size && is_digit(p->text[end])) {
    if (p->text[end] == '0' && end + 1 < p->size && p->text[end + 1] == 'x') {
      out->kind = GCIR_BITS;
      for (end += 2; end < p->size && is_word(p->text[end]);) end++;
    } else {
      end = decimal_end(p, end, &out->kind);
    }
  } else {
    p->at = end;
    gcut_string word = gcut__gcir_peek_identifier(p);
    out->kind = GCIR_FLOAT;
    if (!is_special(word)) return gcut__gcir_fail(p, start, "expected a number");
    end = p->at + word.size;
  }
  if (end < p->size && is_word(p->text[end]))
    return gcut__gcir_fail(p, start, "a number runs into a name");
  out->text = (gcut_string){p->text + start, end - start};
  p->at = end;
  return GCUT_OK;
}

static gcut_status wrong(gcir_parser *p, const gcir_literal *l, const char *what) {
  return gcut__gcir_fail(p, l->at, "'%.*s' is not %s", (int)(l->text.size < 60 ? l->text.size : 60),
                         l->text.data, what);
}

static int digit_value(char c) {
  return is_digit(c)            ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : 99;
}

// The digits after an optional sign and "0x".
static bool parse_magnitude(const gcir_literal *l, bool *negative, uint64_t *out) {
  const char *at = l->text.data, *end = at + l->text.size;
  uint64_t value = 0, base = l->kind == GCIR_BITS ? 16 : 10;
  *negative = *at == '-';
  at += *negative;
  if (base == 16) at += 2;
  if (at >= end || l->kind == GCIR_FLOAT) return false;
  for (; at < end; at++)
    if (digit_value(*at) >= (int)base || __builtin_mul_overflow(value, base, &value) ||
        __builtin_add_overflow(value, (uint64_t)digit_value(*at), &value))
      return false;
  *out = value;
  return true;
}

gcut_status gcut__gcir_as_int(gcir_parser *p, const gcir_literal *l, int64_t *out) {
  bool negative;
  uint64_t magnitude;
  if (!parse_magnitude(l, &negative, &magnitude) ||
      magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0))
    return wrong(p, l, "an integer of 64 bits");
  *out = (int64_t)(negative ? 0 - magnitude : magnitude);
  return GCUT_OK;
}

gcut_status gcut__gcir_as_uint(gcir_parser *p, const gcir_literal *l, uint64_t *out) {
  bool negative;
  if (!parse_magnitude(l, &negative, out) || (negative && *out != 0))
    return wrong(p, l, "an unsigned integer of 64 bits");
  return GCUT_OK;
}

// A zero-terminated copy for strtof and strtod, which the caller runs in the C locale.
static bool copy_decimal(const gcir_literal *l, char buffer[MAX_LITERAL]) {
  if (l->text.size >= MAX_LITERAL) return false;
  memcpy(buffer, l->text.data, l->text.size);
  buffer[l->text.size] = '\0';
  return true;
}

// Underflow rounds to what it should; overflow is an error, as in ONNX's parser.
gcut_status gcut__gcir_as_float(gcir_parser *p, const gcir_literal *l, float *out) {
  char buffer[MAX_LITERAL], *end;
  bool negative;
  uint64_t bits;
  if (l->kind == GCIR_BITS) {
    if (!parse_magnitude(l, &negative, &bits) || negative || bits > UINT32_MAX)
      return wrong(p, l, "the bits of a float");
    *out = gcut_bits_float((uint32_t)bits);
    return GCUT_OK;
  }
  if (!copy_decimal(l, buffer)) return wrong(p, l, "a float");
  errno = 0;
  *out = strtof(buffer, &end);
  return *end || (errno == ERANGE && isinf(*out)) ? wrong(p, l, "a float") : GCUT_OK;
}

gcut_status gcut__gcir_as_double(gcir_parser *p, const gcir_literal *l, double *out) {
  char buffer[MAX_LITERAL], *end;
  bool negative;
  uint64_t bits;
  if (l->kind == GCIR_BITS) {
    if (!parse_magnitude(l, &negative, &bits) || negative)
      return wrong(p, l, "the bits of a double");
    memcpy(out, &bits, sizeof bits);
    return GCUT_OK;
  }
  if (!copy_decimal(l, buffer)) return wrong(p, l, "a double");
  errno = 0;
  *out = strtod(buffer, &end);
  return *end || (errno == ERANGE && isinf(*out)) ? wrong(p, l, "a double") : GCUT_OK;
}
