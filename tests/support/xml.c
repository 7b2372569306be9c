// A scanner for XML without document types of its own, which is what this library writes.
#include "tests/support/xml.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "graphcut/utf8.h"

enum { DEEPEST = 100, LONGEST = 40 };

typedef struct scan {
  const char *at;
  char open[DEEPEST][LONGEST]; // names of the elements around `at`
  int depth;
  char flaw[200];
} scan;

static bool complain(scan *s, const char *what, const char *where) {
  snprintf(s->flaw, sizeof s->flaw, "%s: %.60s", what, where);
  return false;
}

static bool check_entity(scan *s) {
  static const char *const names[] = {"amp;", "lt;", "gt;", "quot;", "apos;"};
  const char *name = s->at + 1;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (!strncmp(name, names[i], strlen(names[i]))) return true;
  size_t digits = *name == '#' ? strspn(name + 1, "0123456789") : 0;
  if (digits > 0 && name[1 + digits] == ';') return true;
  return complain(s, "an & that begins no entity", s->at);
}

// One character of text or of a value; on to the next.
static bool take_character(scan *s) {
  size_t n;
  uint32_t code = gcut_utf8_read(s->at, strlen(s->at) < 4 ? strlen(s->at) : 4, &n);
  if (code == GCUT_NOT_UTF8) return complain(s, "no UTF-8", s->at);
  if ((code < 0x20 && !strchr("\n\t", (int)code)) || code == 0xfffe || code == 0xffff)
    return complain(s, "a control character", s->at);
  if (code == '&' && !check_entity(s)) return false;
  s->at += n;
  return true;
}

static size_t name_length(const char *text) {
  size_t n = 0;
  while (isalnum((unsigned char)text[n]) || (text[n] && strchr("_:-.", text[n]))) n++;
  return n;
}

static void skip_space(scan *s) {
  s->at += strspn(s->at, " \t\n");
}

static bool take_attribute(scan *s) {
  const char *name = s->at;
  size_t n = name_length(name);
  if (n == 0 || s->at[n] != '=') return complain(s, "no attribute", s->at);
  if (!strncasecmp(name, "on", 2)) return complain(s, "a handler", name);
  s->at += n + 1;
  char quote = *s->at++;
  if (quote != '"' && quote != '\'') return complain(s, "a value without quotes", name);
  if (!strncasecmp(s->at, "javascript:", 11)) return complain(s, "a link to a script", name);
  while (*s->at != quote) {
    if (*s->at == '\0' || *s->at == '<') return complain(s, "a value that does not end", name);
    if (!take_character(s)) return false;
  }
  s->at++;
  return true;
}

static bool take_end(scan *s) {
  size_t n = name_length(s->at + 2);
  const char *name = s->at + 2;
  if (s->depth == 0) return complain(s, "nothing is open", s->at);
  const char *open = s->open[--s->depth];
  if (strlen(open) != n || strncmp(open, name, n) != 0) return complain(s, "closes another", s->at);
  s->at += 2 + n;
  skip_space(s);
  return *s->at++ == '>' || complain(s, "an end that does not end", name);
}

static bool take_element(scan *s) {
  const char *name = ++s->at;
  size_t n = name_length(name);
  if (n == 0 || n >= LONGEST) return complain(s, "a < that begins no element", name - 1);
  if (n == 6 && !strncasecmp(name, "script", 6)) return complain(s, "a script", name);
  if (s->depth == DEEPEST) return complain(s, "too deep", name);
  snprintf(s->open[s->depth++], LONGEST, "%.*s", (int)n, name);
  s->at += n;
  for (skip_space(s); *s->at != '>' && *s->at != '/'; skip_space(s))
    if (!take_attribute(s)) return false;
  if (*s->at == '/') {
    s->depth--;
    s->at++;
  }
  return *s->at++ == '>' || complain(s, "an element that does not end", name);
}

// <?...?>, <!-- ... -->, <!...>: past their ends.
static bool take_aside(scan *s) {
  bool comment = !strncmp(s->at, "<!--", 4);
  const char *end = strstr(s->at, comment ? "-->" : s->at[1] == '?' ? "?>" : ">");
  if (!end) return complain(s, "what does not end", s->at);
  s->at = strchr(end, '>') + 1;
  return true;
}

static bool take(scan *s) {
  if (*s->at != '<') return take_character(s);
  if (s->at[1] == '!' || s->at[1] == '?') return take_aside(s);
  return s->at[1] == '/' ? take_end(s) : take_element(s);
}

const char *test_xml_flaw(const char *text) {
  static scan s;
  s = (scan){.at = text};
  while (*s.at)
    if (!take(&s)) return s.flaw;
  return s.depth == 0 ? NULL : (complain(&s, "is not closed", s.open[s.depth - 1]), s.flaw);
}
