// Drawings for a page: drawn once, in the light theme. The page's style sheet maps each of its
// colours to that of the theme at hand, so what is needed of a drawing is its shapes.
#include <stdlib.h>

#include "formats/dot/page_parts.h"
#include "formats/dot/paint.h"
#include "formats/dot/render.h"
#include "tracer/base/error.h"

// Removes all from each `begin` to the next `end`, in place.
static void strip(char *text, const char *begin, const char *end) {
  char *to = text;
  for (char *from = text; *from;) {
    size_t n = strlen(begin);
    char *stop = strncmp(from, begin, n) == 0 ? strstr(from + n, end) : NULL;
    if (stop)
      from = stop + strlen(end);
    else
      *to++ = *from++;
  }
  *to = '\0';
}

gcut_status gcut__page_svg(const gcut__drawing *d, json_t **out_svg, gcut_error *err) {
  char *text = NULL;
  size_t size = 0;
  *out_svg = NULL;
  FILE *stream = open_memstream(&text, &size);
  if (!stream) return GCUT_NO_MEMORY(err);
  gcut_status status = gcut__drawing_render(d, "svg", false, stream, err);
  if (fclose(stream) != 0 && status == GCUT_OK) status = GCUT_NO_MEMORY(err);
  char *start = status == GCUT_OK ? strstr(text, "<svg") : NULL;
  if (start) { // Graphviz escapes '<' and '"' in all names, so these begin in its own markup alone
    strip(start, "<!--", "-->");
    strip(start, "<title>", "</title>");
    strip(start, " font-family=\"", "\"");
  }
  *out_svg = start ? json_string(start) : NULL;
  free(text);
  return status != GCUT_OK || *out_svg ? status : GCUT_NO_MEMORY(err);
}

static json_t *heats_json(gcut__json *j) {
  json_t *heats = json_array();
#define X(name, text, what) gcut__json_append(j, heats, json_pack("[s, s]", text, what));
  GCUT_HEAT_LIST(X)
#undef X
  return heats;
}

json_t *gcut__page_theme(gcut__json *j) {
  json_t *pairs = json_array(), *steps = json_array();
  const char *color, *darker;
  for (unsigned i = 0; (color = gcut__theme_pair(i, &darker)); i++)
    gcut__json_append(j, pairs, json_pack("[s, s]", color, darker));
  for (unsigned step = 0; step < GCUT__HEAT_STEPS; step++)
    gcut__json_append(j, steps, json_string(gcut__heat_fill_color(step, false)));
  const gcut__theme *theme = gcut__theme_get(false);
  return json_pack("{s:o, s:o, s:o, s:s, s:s, s:s, s:s}", "pairs", pairs, "steps", steps, "heats",
                   heats_json(j), "line", theme->line, "cut", theme->cut, "other", theme->cut_other,
                   "both", theme->cut_both);
}
