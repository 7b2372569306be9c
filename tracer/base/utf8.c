// UTF-8, and which of it may be shown. What may not: the characters that a terminal takes for
// commands (C0 and C1 controls, of which U+009B alone begins an escape sequence), those that end a
// line where only one is to be, those that write what follows backwards so that a name reads as
// another (Unicode's bidirectional controls), and what XML has not.
#include "graphcut/utf8.h"

#include <string.h>

// Bytes of a sequence by its first byte; 0 where it cannot begin one.
static size_t length_of(uint8_t first) {
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
}

uint32_t gcut_utf8_read(const char *text, size_t size, size_t *out_n) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const uint8_t *bytes = (const uint8_t *)text;
  size_t n = length_of(bytes[0]);
  *out_n = 1;
  if (n == 1) return bytes[0];
  if (n == 0 || n > size) return GCUT_NOT_UTF8;
  uint32_t code = bytes[0] & (0x7fu >> n);
  for (size_t i = 1; i < n; i++) {
    if ((bytes[i] & 0xc0) != 0x80) return GCUT_NOT_UTF8;
    code = code << 6 | (bytes[i] & 0x3f);
  }
  if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return GCUT_NOT_UTF8;
  *out_n = n;
  return code;
}

bool gcut_utf8_is_shown(uint32_t code) {
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return false;
  if (code == 0x61c || code == 0x200e || code == 0x200f) return false; // marks of direction
  if (code >= 0x2028 && code <= 0x202e) return false;                  // ends of lines, embeddings
  if (code >= 0x2066 && code <= 0x2069) return false;                  // isolates
  return code != GCUT_NOT_UTF8 && (code & 0xfffe) != 0xfffe;           // noncharacters
}

char *gcut_utf8_clean(char *text, const char *keep) {
  size_t size = strlen(text), n;
  char *to = text;
  for (const char *from = text, *end = text + size; from < end; from += n) {
    if (gcut_utf8_is_shown(gcut_utf8_read(from, (size_t)(end - from), &n)) || strchr(keep, *from)) {
      memmove(to, from, n);
      to += n;
    } else {
      *to++ = '?';
    }
  }
  *to = '\0';
  return text;
}
