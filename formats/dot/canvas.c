#include "formats/dot/canvas.h"
#include "formats/dot/caption.h"

// Markup-safe text for HTML-like labels. A backslash begins an escape (\N, \G), doubled or as an
// entity, too: a word joiner, which is not seen, stands between it and what it would escape.
const char *gcut__canvas_escape(const gcut__canvas *c, const char *text) {
  static const char *const entities[] = {
      ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\\'] = "\\\u2060"};
  char *out = text ? gcut_arena_alloc(c->arena, strlen(text) + 1, 6) : NULL, *to = out;
  if (!out) return "";
  for (; *text; text++) {
    unsigned char ch = (unsigned char)*text;
    const char *entity = ch < sizeof entities / sizeof *entities ? entities[ch] : NULL;
    if (entity)
      to = stpcpy(to, entity);
    else
      *to++ = (char)ch;
  }
  return out;
}

// For tooltips: Graphviz reads entities in them, and goes over escapes twice.
const char *gcut__canvas_escape_plain(const gcut__canvas *c, const char *text) {
  char *out = gcut_arena_alloc(c->arena, strlen(text) + 1, 6), *to = out;
  if (!out) return "";
  for (; *text; text++)
    if (*text == '\\')
      to = stpcpy(to, "\\\\\u2060");
    else if (*text == '&')
      to = stpcpy(to, "&amp;");
    else
      *to++ = *text;
  return out;
}

void gcut__canvas_set(void *object, const char *name, const char *value) {
  agsafeset(object, (char *)name, (char *)value, "");
}

// An HTML-like label; libcgraph tells it from plain text by how the string was made.
void gcut__canvas_set_markup(const gcut__canvas *c, void *object, const char *name,
                             const char *markup) {
  char *text = agstrdup_html(c->graph, (char *)markup);
  agsafeset(object, (char *)name, text, "");
  agstrfree(c->graph, text);
}

static const char *one_row(const gcut__canvas *c, const char *text, gcut__text_style s) {
  return gcut__caption_format(
      c->arena, "<tr><td%s><font color=\"%s\" point-size=\"%d\">%s%s%s</font></td></tr>",
      s.centred ? "" : " align=\"left\"", s.color, s.size, s.bold ? "<b>" : "",
      gcut__canvas_escape(c, text), s.bold ? "</b>" : "");
}

const char *gcut__canvas_rows(const gcut__canvas *c, const char *text, gcut__text_style style) {
  const char *rows = "";
  while (text && *text && rows) {
    size_t n = strcspn(text, "\n");
    const char *line = gcut__caption_text(c->arena, text, n);
    rows = gcut__caption_format(c->arena, "%s%s", rows, one_row(c, line, style));
    text += n + (text[n] == '\n');
  }
  return rows;
}

const char *gcut__canvas_bar(const gcut__canvas *c, double share, const char *color) {
  enum { LONGEST = 140, HEIGHT = 4 };
  int length = (int)(share * LONGEST + 0.5);
  if (share <= 0) return "";
  if (length < 1) length = 1;
  return gcut__caption_format(
      c->arena,
      "<tr><td><table align=\"left\" border=\"0\" cellborder=\"0\" cellspacing=\"0\" "
      "cellpadding=\"0\" fixedsize=\"true\" width=\"%d\" height=\"%d\"><tr><td "
      "fixedsize=\"true\" width=\"%d\" height=\"%d\" bgcolor=\"%s\"></td></tr></table></td></tr>",
      length, HEIGHT, length, HEIGHT, color);
}

const char *gcut__canvas_cut_color(const gcut__canvas *c, bool crosses, bool crosses_other) {
  if (crosses && crosses_other) return c->theme->cut_both;
  return crosses ? c->theme->cut : c->theme->cut_other;
}
