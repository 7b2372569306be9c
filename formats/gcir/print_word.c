// Words of GCIR: each reads back as the bytes it was written from.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "formats/gcir/print.h"
#include "tracer/base/narrow.h"

void gcut__gcir_put(gcir_printer *p, const char *text) {
  fputs(text, p->out);
}

// ---- strings ----------------------------------------------------------------------------------

// Bytes of the UTF-8 character at `s`, or 0 where there is none.
static size_t utf8_size(const uint8_t *s, size_t left) {
  size_t n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
  if (n > left || (s[0] >= 0x80 && s[0] < 0xc2) || s[0] > 0xf4) return 0;
  for (size_t i = 1; i < n; i++)
    if ((s[i] & 0xc0) != 0x80) return 0;
  if (n == 3 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0))) return 0;
  if (n == 4 && ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))) return 0;
  return n;
}

// Whether a text editor would show and keep it.
static bool is_text(const char *data, size_t size) {
  const uint8_t *s = (const uint8_t *)data;
  for (size_t i = 0; i < size;) {
    size_t n = utf8_size(s + i, size - i);
    if (n == 0 || (s[i] < 0x20 && s[i] != '\n' && s[i] != '\t') || s[i] == 0x7f) return false;
    i += n;
  }
  return true;
}

void gcut__gcir_put_string(gcir_printer *p, const char *data, size_t size) {
  bool text = is_text(data, size);
  fputs(text ? "\"" : "b\"", p->out);
  for (size_t i = 0; i < size; i++) {
    if (!text) {
      fprintf(p->out, "%02x", (uint8_t)data[i]);
      continue;
    }
    if (data[i] == '"' || data[i] == '\\') putc('\\', p->out);
    putc(data[i], p->out);
  }
  putc('"', p->out);
}

void gcut__gcir_put_text(gcir_printer *p, const char *text) {
  gcut__gcir_put_string(p, text, strlen(text));
}

// ---- names ------------------------------------------------------------------------------------

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// Words that begin a type, a number or a sparse tensor where a name could stand.
static bool is_reserved(const char *name) {
  static const char *const words[] = {"seq",           "optional", "map",
                                      "sparse_tensor", "opaque",   "sparse"};
  static const char *const numbers[] = {"nan", "inf", "infinity"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcmp(name, words[i]) == 0) return true;
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (strcasecmp(name, numbers[i]) == 0) return true;
  return gcut_dtype_find(name, strlen(name)) != GCUT_UNDEFINED;
}

void gcut__gcir_put_name(gcir_printer *p, const char *name) {
  bool identifier = is_letter(name[0]);
  for (size_t i = 1; identifier && name[i]; i++)
    identifier = is_letter(name[i]) || (name[i] >= '0' && name[i] <= '9');
  if (identifier && !is_reserved(name))
    gcut__gcir_put(p, name);
  else
    gcut__gcir_put_text(p, name);
}

// ---- numbers ----------------------------------------------------------------------------------

void gcut__gcir_put_int(gcir_printer *p, int64_t value) {
  fprintf(p->out, "%lld", (long long)value);
}

// NaNs other than the usual one are written as their bits.
void gcut__gcir_put_float(gcir_printer *p, float value) {
  char text[32];
  uint32_t bits = gcut_float_bits(value);
  if (isnan(value)) {
    if ((bits & 0x7fffffff) == 0x7fc00000)
      gcut__gcir_put(p, signbit(value) ? "-nan" : "nan");
    else
      fprintf(p->out, "0x%08x", bits);
    return;
  }
  for (int digits = 6; digits <= 9; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, (double)value);
    if (strtof(text, NULL) == value) break;
  }
  gcut__gcir_put(p, text);
}

void gcut__gcir_put_double(gcir_printer *p, double value) {
  char text[40];
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  if (isnan(value)) {
    if ((bits & INT64_MAX) == UINT64_C(0x7ff8000000000000))
      gcut__gcir_put(p, signbit(value) ? "-nan" : "nan");
    else
      fprintf(p->out, "0x%016llx", (unsigned long long)bits);
    return;
  }
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  gcut__gcir_put(p, text);
}
