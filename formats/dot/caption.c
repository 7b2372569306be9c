#include "formats/dot/caption.h"

#include <stdarg.h>
#include <stdio.h>

#include "graphcut/utf8.h"

const char *gcut__caption_text(gcut_arena *arena, const char *text, size_t size) {
  const char *copy = gcut_arena_string(arena, text, size);
  return copy ? copy : "";
}

const char *gcut__caption_format(gcut_arena *arena, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const char *text = gcut_arena_vformat(arena, format, args);
  va_end(args);
  return text ? text : "";
}

// A number with three digits: "9.31", "87.2", "872".
static const char *scaled(gcut_arena *arena, double x, const char *const *units, size_t n_units,
                          const char *suffix) {
  size_t unit = 0;
  while (x >= 999.5 && unit + 1 < n_units) x /= 1000, unit++;
  int digits = unit == 0 ? 0 : x < 9.995 ? 2 : x < 99.95 ? 1 : 0;
  return gcut__caption_format(arena, "%.*f %s%s", digits, x, units[unit], suffix);
}

const char *gcut__caption_bytes(gcut_arena *arena, uint64_t bytes) {
  static const char *const units[] = {"", "k", "M", "G", "T", "P"};
  return scaled(arena, (double)bytes, units, 6, "B");
}

const char *gcut__caption_flops(gcut_arena *arena, double flops) {
  static const char *const units[] = {"", "k", "M", "G", "T", "P", "E"};
  return scaled(arena, flops, units, 7, "FLOP");
}

const char *gcut__caption_count(gcut_arena *arena, uint64_t n) {
  char digits[32], text[48];
  int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n), at = 0;
  for (int i = 0; i < length; i++) {
    if (i > 0 && (length - i) % 3 == 0) text[at++] = ',';
    text[at++] = digits[i];
  }
  return gcut__caption_text(arena, text, (size_t)at);
}

static const char *shortened(gcut_arena *arena, const char *name, size_t limit) {
  size_t length = strlen(name), head = limit * 2 / 3, tail = limit - head - 1;
  if (length <= limit) {
    char *text = gcut_arena_string(arena, name, length);
    return text ? gcut_utf8_clean(text, "") : "";
  }
  // Not from the middle of a character to the middle of another.
  while (((unsigned char)name[head] & 0xc0) == 0x80 && head > 0) head--;
  const char *end = name + length - tail;
  while (((unsigned char)*end & 0xc0) == 0x80) end++;
  char *text = gcut_arena_format(arena, "%.*s…%s", (int)head, name, end);
  return text ? gcut_utf8_clean(text, "") : "";
}

// Whether letters of Hebrew, Arabic or another script that goes to the left are in a text.
static bool goes_left(const char *text) {
  for (size_t size = strlen(text), n; size > 0; text += n, size -= n) {
    uint32_t code = gcut_utf8_read(text, size, &n);
    if ((code >= 0x590 && code <= 0x8ff) || (code >= 0xfb1d && code <= 0xfdff) ||
        (code >= 0xfe70 && code <= 0xfeff) || (code >= 0x10800 && code <= 0x10fff) ||
        (code >= 0x1e800 && code <= 0x1efff))
      return true;
  }
  return false;
}

// A name that goes to the left is kept apart (first strong isolate, pop): numbers and signs after
// it would be drawn within it.
const char *gcut__caption_name(gcut_arena *arena, const char *name, size_t limit) {
  const char *text = shortened(arena, name, limit);
  return goes_left(text) ? gcut__caption_format(arena, "\u2068%s\u2069", text) : text;
}

enum { LONGEST_DIM = 16 };

// Where the dim that begins at `text` ends: at a comma or bracket outside parentheses.
static size_t dim_length(const char *text) {
  size_t n = 0;
  for (int depth = 0; text[n] && (depth > 0 || (text[n] != ',' && text[n] != ']')); n++)
    depth += (text[n] == '(') - (text[n] == ')');
  return n;
}

// "float[batch,floor((p2o.Dynami…1)/2)]": each long dim shortened by itself.
static const char *short_type(gcut_arena *arena, const char *type) {
  const char *open = strchr(type, '[');
  if (!open) return gcut__caption_name(arena, type, 60);
  const char *text = gcut__caption_text(arena, type, (size_t)(open + 1 - type));
  for (const char *at = open + 1; *at;) {
    size_t n = dim_length(at);
    const char *dim = gcut__caption_text(arena, at, n);
    at += n + (at[n] != '\0');
    text = gcut__caption_format(arena, "%s%s%c", text, gcut__caption_name(arena, dim, LONGEST_DIM),
                                at[-1] == ',' ? ',' : ']');
  }
  return gcut__caption_name(arena, text, 80);
}

const char *gcut__caption_value(gcut_arena *arena, const gcut_trace *trace, uint32_t value) {
  char type[256];
  uint64_t bytes;
  gcut_trace_format(trace, value, type, sizeof type);
  const char *shape = short_type(arena, type);
  if (!gcut_trace_bytes(trace, value, &bytes)) return shape;
  return gcut__caption_format(arena, "%s  %s", shape, gcut__caption_bytes(arena, bytes));
}

// "3.21 ms".
static const char *caption_seconds(gcut_arena *arena, double seconds) {
  static const char *const units[] = {"n", "µ", "m", ""};
  size_t unit = seconds < 1e-6 ? 0 : seconds < 1e-3 ? 1 : seconds < 1 ? 2 : 3;
  static const double factors[] = {1e9, 1e6, 1e3, 1};
  return gcut__caption_format(arena, "%.3g %ss", seconds * factors[unit], units[unit]);
}

const char *gcut__caption_heat(gcut_arena *arena, gcut_heat by, double value) {
  if (by == GCUT_HEAT_FLOPS) return gcut__caption_flops(arena, value);
  if (by == GCUT_HEAT_TIME) return caption_seconds(arena, value);
  return gcut__caption_bytes(arena, (uint64_t)value);
}

const char *gcut__caption_class(const char *class_name) {
  const char *dot = strrchr(class_name, '.');
  return dot ? dot + 1 : class_name;
}
