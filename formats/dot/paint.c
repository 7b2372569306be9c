#include "formats/dot/paint.h"

#include <ctype.h>
#include <string.h>

static const struct {
  const char *legend, *light, *light_line, *dark, *dark_line, *words, *operators;
} paints[] = {
#define X(name, legend, light, light_line, dark, dark_line, words, operators)                      \
  {legend, light, light_line, dark, dark_line, words, operators},
    GCUT__PAINT_LIST(X)
#undef X
};

static const gcut__theme themes[2] = {
    {.page = "#ffffff",
     .text = "#1b2127",
     .faint_text = "#56606a",
     .line = "#7b8792",
     .frame = "#9aa5b0",
     .cut = "#d0021b",
     .cut_other = "#1763c6",
     .cut_both = "#7b2d8e"},
    {.page = "#14181d",
     .text = "#eef2f6",
     .faint_text = "#a9b4bf",
     .line = "#76828e",
     .frame = "#5c6874",
     .cut = "#ff5a66",
     .cut_other = "#6fb1ff",
     .cut_both = "#d79be6"},
};

static const char *const heat_fills[2][GCUT__HEAT_STEPS] = {
    {"#fffaf0", "#fff0d4", "#ffe2b0", "#ffcf87", "#ffb968", "#ff9f55", "#fb854b", "#f26d45"},
    {"#1d1b19", "#2c2018", "#3d2517", "#502a15", "#652f13", "#7b3512", "#923b10", "#a9410e"},
};

const gcut__theme *gcut__theme_get(bool dark) {
  return &themes[dark];
}
const char *gcut__paint_fill(gcut__paint p, bool dark) {
  return dark ? paints[p].dark : paints[p].light;
}
const char *gcut__paint_line(gcut__paint p, bool dark) {
  return dark ? paints[p].dark_line : paints[p].light_line;
}
const char *gcut__paint_legend(gcut__paint p) {
  return paints[p].legend;
}

const char *gcut__heat_fill_color(unsigned step, bool dark) {
  return heat_fills[dark][step];
}

const char *gcut__theme_pair(unsigned i, const char **out_dark) {
  enum { N_NAMED = sizeof(gcut__theme) / sizeof(const char *) };
  const char *const *light = (const char *const *)&themes[0];
  const char *const *dark = (const char *const *)&themes[1];
  if (i < N_NAMED) return *out_dark = dark[i], light[i];
  i -= N_NAMED;
  if (i < GCUT__HEAT_STEPS) return *out_dark = heat_fills[1][i], heat_fills[0][i];
  i -= GCUT__HEAT_STEPS;
  if (i < GCUT__N_PAINTS) return *out_dark = paints[i].dark, paints[i].light;
  i -= GCUT__N_PAINTS;
  if (i < GCUT__N_PAINTS) return *out_dark = paints[i].dark_line, paints[i].light_line;
  return NULL;
}

// Calls `holds` for each word of a list until one answers.
static bool any_word(const char *list, const char *text,
                     bool (*holds)(const char *, const char *, size_t)) {
  for (size_t n; *list; list += n + (list[n] == ' ')) {
    n = strcspn(list, " ");
    if (n > 0 && holds(text, list, n)) return true;
  }
  return false;
}

static bool holds_word(const char *text, const char *word, size_t n) {
  for (; *text; text++) {
    size_t i = 0;
    while (i < n && text[i] && tolower((unsigned char)text[i]) == word[i]) i++;
    if (i == n) return true;
  }
  return false;
}

static bool is_word(const char *text, const char *word, size_t n) {
  return strlen(text) == n && memcmp(text, word, n) == 0;
}

static const char *short_class(const gcut_graph *g, uint32_t scope) {
  const char *dot = strrchr(g->scopes[scope].class_name, '.');
  return dot ? dot + 1 : g->scopes[scope].class_name;
}

static bool begins_word(const char *name, size_t i) {
  return isupper((unsigned char)name[i]) &&
         (!isupper((unsigned char)name[i - 1]) || islower((unsigned char)name[i + 1]));
}

// What of a class is its own: without the words that it begins with like the outermost around it,
// as the classes of a model do. A Qwen3MoeRMSNorm of a Qwen3MoeModel has nothing of experts.
static const char *own_class(const gcut_graph *g, uint32_t scope) {
  enum { MOST_AROUND = 16 };
  const char *name = short_class(g, scope), *own = name;
  uint32_t around = g->scopes[scope].parent;
  for (int i = 0; i < MOST_AROUND && around != GCUT_NONE; i++, around = g->scopes[around].parent) {
    const char *other = short_class(g, around);
    size_t n = 0;
    while (name[n] && name[n] == other[n]) n++;
    while (n > 0 && !begins_word(name, n)) n--;
    if (n > 0) own = name + n;
  }
  return own;
}

// A class tells more than a name, and the innermost module more than those around it. A layer is
// one whatever kind of attention it is named after.
gcut__paint gcut__paint_of_scope(const gcut_graph *g, uint32_t scope) {
  const char *texts[] = {own_class(g, scope), g->scopes[scope].name};
  if (any_word("decoderlayer encoderlayer", texts[0], holds_word)) return GCUT__PAINT_BLOCK;
  for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
    for (int p = 0; p < GCUT__N_PAINTS; p++)
      if (any_word(paints[p].words, texts[k], holds_word)) return (gcut__paint)p;
  return GCUT__PAINT_OTHER;
}

gcut__paint gcut__paint_inside(const gcut_graph *g, uint32_t scope) {
  gcut__paint paint = gcut__paint_of_scope(g, scope);
  return paint == GCUT__PAINT_BLOCK ? GCUT__PAINT_OTHER : paint;
}

gcut__paint gcut__paint_of_node(const gcut_graph *g, const gcut_node *node) {
  for (int p = 0; p < GCUT__N_PAINTS; p++)
    if (any_word(paints[p].operators, node->op_type, is_word)) return (gcut__paint)p;
  return gcut__paint_inside(g, node->scope);
}
