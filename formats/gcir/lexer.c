// Characters and tokens of GCIR. "#" begins a comment. In strings a backslash takes the next
// character as it is, and only quotes and backslashes need one, as in ONNX's text; b"00ff" is a
// string in hexadecimal, for bytes that are no text.
#include <stdarg.h>
#include <stdio.h>

#include "formats/gcir/gcir.h"

void *gcut__gcir_append(gcir_parser *p, gcir_list *list, size_t size) {
  if (list->n == list->capacity) {
    uint32_t capacity = list->capacity ? list->capacity * 2 : 2;
    void *items = capacity > list->n ? gcut_arena_alloc(p->scratch, capacity, size) : NULL;
    if (!items) return NULL;
    if (list->n > 0) memcpy(items, list->items, list->n * size);
    list->items = items, list->capacity = capacity;
  }
  return (char *)list->items + list->n++ * size;
}

gcut_status gcut__gcir_fail(const gcir_parser *p, size_t at, const char *format, ...) {
  char text[800];
  size_t line = 1, column = 1;
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  for (size_t i = 0; i < at && i < p->size; i++) {
    column = p->text[i] == '\n' ? 1 : column + 1;
    line += p->text[i] == '\n';
  }
  return GCUT_FAIL(p->err, GCUT_FORMAT, "%.150s:%zu:%zu: %s", p->path, line, column, text);
}

// ---- characters -------------------------------------------------------------------------------

static bool is_letter(int c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
static bool is_digit(int c) {
  return c >= '0' && c <= '9';
}
static bool is_space(int c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

int gcut__gcir_peek(gcir_parser *p) {
  for (; p->at < p->size; p->at++) {
    if (p->text[p->at] == '#') {
      const char *end = memchr(p->text + p->at, '\n', p->size - p->at);
      p->at = end ? (size_t)(end - p->text) : p->size - 1;
    } else if (!is_space(p->text[p->at])) {
      return (unsigned char)p->text[p->at];
    }
  }
  return -1;
}

bool gcut__gcir_accept(gcir_parser *p, char wanted) {
  if (gcut__gcir_peek(p) != (unsigned char)wanted) return false;
  p->at++;
  return true;
}

gcut_status gcut__gcir_expect(gcir_parser *p, char wanted) {
  if (gcut__gcir_accept(p, wanted)) return GCUT_OK;
  int found = gcut__gcir_peek(p);
  if (found < 0) return gcut__gcir_fail(p, p->at, "expected '%c', found the end", wanted);
  if (found < 0x20 || found >= 0x7f)
    return gcut__gcir_fail(p, p->at, "expected '%c', found byte 0x%02x", wanted, found);
  return gcut__gcir_fail(p, p->at, "expected '%c', found '%c'", wanted, found);
}

gcut_status gcut__gcir_expect_arrow(gcir_parser *p) {
  GCUT_TRY(gcut__gcir_expect(p, '='));
  if (p->at < p->size && p->text[p->at] == '>') {
    p->at++;
    return GCUT_OK;
  }
  return gcut__gcir_fail(p, p->at, "expected '=>'");
}

// ---- identifiers ------------------------------------------------------------------------------

gcut_string gcut__gcir_peek_identifier(gcir_parser *p) {
  int c = gcut__gcir_peek(p);
  size_t end = p->at;
  if (is_letter(c))
    while (end < p->size && (is_letter(p->text[end]) || is_digit(p->text[end]))) end++;
  return (gcut_string){p->text + p->at, end - p->at};
}

gcut_string gcut__gcir_identifier(gcir_parser *p) {
  gcut_string found = gcut__gcir_peek_identifier(p);
  p->at += found.size;
  return found;
}

bool gcut__gcir_is(gcut_string identifier, const char *word) {
  return identifier.size == strlen(word) && memcmp(identifier.data, word, identifier.size) == 0;
}

// ---- strings ----------------------------------------------------------------------------------

bool gcut__gcir_at_string(gcir_parser *p) {
  int c = gcut__gcir_peek(p);
  return c == '"' || (c == 'b' && p->at + 1 < p->size && p->text[p->at + 1] == '"');
}

// The end of a quoted string that begins at `at`: the closing quote, or p->size.
static size_t closing_quote(const gcir_parser *p, size_t at) {
  while (at < p->size && p->text[at] != '"') at += p->text[at] == '\\' ? 2 : 1;
  return at < p->size ? at : p->size;
}

static size_t unescape(const char *from, size_t size, char *to) {
  size_t n = 0;
  for (size_t i = 0; i < size; i++) {
    if (from[i] == '\\' && i + 1 < size) i++;
    to[n++] = from[i];
  }
  return n;
}

static int hex_digit(char c) {
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool decode_hex(const char *from, size_t size, char *to) {
  for (size_t i = 0; i + 1 < size; i += 2) {
    int high = hex_digit(from[i]), low = hex_digit(from[i + 1]);
    if (high < 0 || low < 0) return false;
    to[i / 2] = (char)(high << 4 | low);
  }
  return size % 2 == 0;
}

gcut_status gcut__gcir_string(gcir_parser *p, gcut_arena *arena, gcut_string *out) {
  bool hex = gcut__gcir_peek(p) == 'b';
  size_t start = p->at;
  p->at += hex;
  GCUT_TRY(gcut__gcir_expect(p, '"'));
  size_t end = closing_quote(p, p->at), size = end - p->at;
  if (end == p->size) return gcut__gcir_fail(p, start, "a string that does not end");
  char *copy = gcut_arena_string(arena, p->text + p->at, size);
  if (!copy) return GCUT_NO_MEMORY(p->err);
  if (hex && !decode_hex(p->text + p->at, size, copy))
    return gcut__gcir_fail(p, start, "not a string of hexadecimal digits");
  *out = (gcut_string){copy, hex ? size / 2 : unescape(p->text + p->at, size, copy)};
  copy[out->size] = '\0';
  p->at = end + 1;
  return GCUT_OK;
}

gcut_status gcut__gcir_text(gcir_parser *p, const char **out) {
  gcut_string text;
  size_t start = p->at;
  if (!gcut__gcir_at_string(p)) return gcut__gcir_fail(p, p->at, "expected a string");
  GCUT_TRY(gcut__gcir_string(p, p->arena, &text));
  *out = text.data;
  if (strlen(text.data) == text.size) return GCUT_OK;
  return gcut__gcir_fail(p, start, "a text with a zero byte");
}

gcut_status gcut__gcir_optional_name(gcir_parser *p, const char **out) {
  *out = NULL;
  size_t start = p->at;
  gcut_string name;
  if (gcut__gcir_at_string(p)) {
    GCUT_TRY(gcut__gcir_string(p, p->scratch, &name));
  } else {
    name = gcut__gcir_identifier(p);
    if (name.size == 0) return GCUT_OK;
  }
  if (memchr(name.data, 0, name.size)) return gcut__gcir_fail(p, start, "a name with a zero byte");
  *out = gcut_graph_intern(p->graph, name.data, name.size);
  return GCUT_OK;
}

gcut_status gcut__gcir_name(gcir_parser *p, const char **out) {
  GCUT_TRY(gcut__gcir_optional_name(p, out));
  return *out ? GCUT_OK : gcut__gcir_fail(p, p->at, "expected a name");
}

gcut_status gcut__gcir_int(gcir_parser *p, int64_t *out) {
  gcir_literal literal;
  if (!gcut__gcir_at_number(p)) return gcut__gcir_fail(p, p->at, "expected a number");
  GCUT_TRY(gcut__gcir_literal(p, &literal));
  return gcut__gcir_as_int(p, &literal, out);
}
