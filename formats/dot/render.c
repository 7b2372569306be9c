// Builds an Agraph from a drawing. Labels are HTML-like tables, every text in them escaped, so no
// name of a model can become markup; attribute values go through libcgraph, which quotes them.
#include "formats/dot/render.h"

#include <graphviz/gvc.h>
#include <math.h>
#include <pthread.h>

#include "formats/dot/numbering.h"
#include "tracer/base/error.h"

typedef struct canvas {
  Agraph_t *graph;
  Agnode_t **nodes;  // [n_boxes]
  Agraph_t **groups; // [n_groups]
  const gcut_drawing *d;
  const gcut_theme *theme;
  gcut_arena *arena;
  bool dark;
} canvas;

// ---- text -------------------------------------------------------------------------------------

// Markup-safe text for HTML-like labels. A backslash begins an escape (\N, \G), doubled or as an
// entity, too: a word joiner, which is not seen, stands between it and what it would escape.
static const char *escape(const canvas *c, const char *text) {
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
static const char *escape_plain(const canvas *c, const char *text) {
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

static void set(void *object, const char *name, const char *value) {
  agsafeset(object, (char *)name, (char *)value, "");
}

// An HTML-like label; libcgraph tells it from plain text by how the string was made.
static void set_markup(const canvas *c, void *object, const char *name, const char *markup) {
  char *text = agstrdup_html(c->graph, (char *)markup);
  agsafeset(object, (char *)name, text, "");
  agstrfree(c->graph, text);
}

typedef struct text_style {
  const char *color;
  int size;
  bool bold, centred;
} text_style;

static const char *one_row(const canvas *c, const char *text, text_style s) {
  return gcut_arena_format(c->arena,
                           "<tr><td%s><font color=\"%s\" point-size=\"%d\">%s%s%s</font></td></tr>",
                           s.centred ? "" : " align=\"left\"", s.color, s.size, s.bold ? "<b>" : "",
                           escape(c, text), s.bold ? "</b>" : "");
}

// A row a line of the text.
static const char *row(const canvas *c, const char *text, text_style style) {
  const char *rows = "";
  while (text && *text && rows) {
    size_t n = strcspn(text, "\n");
    const char *line = gcut_arena_string(c->arena, text, n);
    rows = gcut_arena_format(c->arena, "%s%s", rows, one_row(c, line, style));
    text += n + (text[n] == '\n');
  }
  return rows;
}

// Of a cut and of what crosses it: whose cut it is.
static const char *cut_color(const canvas *c, bool crosses, bool crosses_other) {
  if (crosses && crosses_other) return c->theme->cut_both;
  return crosses ? c->theme->cut : c->theme->cut_other;
}

// ---- boxes ------------------------------------------------------------------------------------

static const char *box_label(const canvas *c, const gcut_box *box) {
  bool op = box->shape == GCUT_BOX_OP;
  text_style small = {c->theme->faint_text, 9, false, false};
  return gcut_arena_format(
      c->arena,
      "<table border=\"0\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"1\">%s%s%s%s</table>",
      row(c, box->title, (text_style){c->theme->text, op ? 10 : 12, !op, false}),
      row(c, box->subtitle, small), row(c, box->detail, small),
      row(c, box->extra, (text_style){c->theme->cut_other, 9, false, false}));
}

static const char *fill_of(const canvas *c, const gcut_box *box) {
  if (!box->has_heat || c->d->hottest <= 0) return gcut_paint_fill(box->paint, c->dark);
  unsigned step = (unsigned)(box->heat[c->d->by] / c->d->hottest * GCUT_HEAT_STEPS);
  return gcut_heat_fill_color(step < GCUT_HEAT_STEPS ? step : GCUT_HEAT_STEPS - 1, c->dark);
}

static void style_box(const canvas *c, Agnode_t *node, const gcut_box *box) {
  set(node, "shape", "box");
  set(node, "style", "rounded,filled");
  set(node, "fillcolor", fill_of(c, box));
  set(node, "color", gcut_paint_line(box->paint, c->dark));
  set(node, "margin", "0.09,0.04");
  if (box->shape == GCUT_BOX_STACK) {
    set(node, "peripheries", "2");
    set(node, "style", "filled");
  }
  if (box->shape == GCUT_BOX_OP) set(node, "margin", "0.05,0.02");
  if (box->shape == GCUT_BOX_VALUE) {
    set(node, "style", "filled");
    set(node, "fillcolor", c->theme->page);
    set(node, "color", c->theme->line);
    set(node, "shape", "box");
  }
}

// A cut is a red line, what crosses it beneath: a table whose first row is the line.
static void style_cut(const canvas *c, Agnode_t *node, const gcut_box *box) {
  const char *color = cut_color(c, box->crosses, box->crosses_other);
  const char *label = gcut_arena_format(
      c->arena,
      "<table border=\"0\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"1\"><tr><td "
      "width=\"360\" height=\"2\" cellpadding=\"0\" bgcolor=\"%s\"></td></tr>%s%s</table>",
      color, row(c, box->title, (text_style){color, 10, true, true}),
      row(c, box->subtitle, (text_style){color, 9, false, true}));
  set(node, "shape", "plain");
  set_markup(c, node, "label", label);
}

static void add_box(canvas *c, uint32_t i) {
  const gcut_box *box = &c->d->boxes[i];
  char name[32];
  snprintf(name, sizeof name, "b%u", i);
  Agraph_t *parent = box->group == GCUT_NONE ? c->graph : c->groups[box->group];
  Agnode_t *node = agnode(parent, name, 1);
  c->nodes[i] = node;
  set(node, "id", name);
  if (box->tooltip) set(node, "tooltip", escape_plain(c, box->tooltip));
  if (box->url) set(node, "URL", box->url);
  if (box->shape == GCUT_BOX_CUT) {
    style_cut(c, node, box);
    return;
  }
  set_markup(c, node, "label", box_label(c, box));
  style_box(c, node, box);
}

static void add_group(canvas *c, uint32_t i) {
  const gcut_group *group = &c->d->groups[i];
  bool is_part = group->part != GCUT_NONE;
  char name[32];
  snprintf(name, sizeof name, "cluster_%u", i);
  Agraph_t *parent = group->parent == GCUT_NONE ? c->graph : c->groups[group->parent];
  if (group->merged) {
    c->groups[i] = parent;
    return;
  }
  Agraph_t *g = c->groups[i] = agsubg(parent, name, 1);
  if (is_part) snprintf(name, sizeof name, "part_%u", group->part);
  set(g, "id", name);
  set(g, "style", is_part ? "solid" : "dashed");
  set(g, "color", is_part ? c->theme->cut : c->theme->frame);
  set(g, "labeljust", "l");
  if (group->url) set(g, "URL", group->url);
  set_markup(c, g, "label",
             gcut_arena_format(c->arena, "<font color=\"%s\" point-size=\"10\">%s%s%s</font>",
                               c->theme->faint_text, escape(c, group->title),
                               *group->class_name ? " · " : "", escape(c, group->class_name)));
}

// Width by bytes: a point a factor of 32 from 1 KiB on.
static double link_width(const gcut_link *link) {
  if (link->bytes < 1024) return 0.8;
  double width = 0.8 + log2((double)link->bytes / 1024) / 5;
  return width > 6 ? 6 : width;
}

// The text keeps clear of the line, however wide that is.
static const char *link_label(const canvas *c, const gcut_link *link, const char *color) {
  return gcut_arena_format(c->arena,
                           "<table border=\"0\" cellborder=\"0\" cellspacing=\"0\" "
                           "cellpadding=\"%d\"><tr><td><font color=\"%s\" "
                           "point-size=\"8\">%s</font></td></tr></table>",
                           3 + (int)(link_width(link) / 2), color, escape(c, link->label));
}

static void add_link(canvas *c, uint32_t i) {
  const gcut_link *link = &c->d->links[i];
  char text[32];
  Agedge_t *edge = agedge(c->graph, c->nodes[link->from], c->nodes[link->to], NULL, 1);
  snprintf(text, sizeof text, "%.2f", link_width(link));
  set(edge, "penwidth", text);
  if (link->is_spine) set(edge, "weight", "8");
  bool cut = link->crosses || link->crosses_other;
  const char *color = cut ? cut_color(c, link->crosses, link->crosses_other) : c->theme->line;
  set(edge, "color", color);
  if (link->crosses_other && !link->crosses) set(edge, "style", "dashed");
  if (link->tooltip) set(edge, "tooltip", escape_plain(c, link->tooltip));
  if (link->tooltip) set(edge, "labeltooltip", escape_plain(c, link->tooltip));
  if (link->label)
    set_markup(c, edge, "label", link_label(c, link, cut ? color : c->theme->faint_text));
}

// ---- the page ---------------------------------------------------------------------------------

typedef struct legend { // cells of one row, and about how wide they are, in points
  const char *cells;
  double width;
} legend;

static void add_cell(const canvas *c, legend *l, const char *fill, const char *line,
                     const char *color, const char *text) {
  l->cells = gcut_arena_format(
      c->arena,
      "%s<td bgcolor=\"%s\" border=\"1\" color=\"%s\" cellpadding=\"3\"><font color=\"%s\" "
      "point-size=\"9\">%s</font></td>",
      l->cells, fill, line, color, escape(c, text));
  l->width += 11 + 4.6 * (double)strlen(text);
}

static void add_text(const canvas *c, legend *l, const char *text) {
  l->cells = gcut_arena_format(c->arena,
                               "%s<td border=\"0\"><font color=\"%s\" "
                               "point-size=\"9\">%s</font></td>",
                               l->cells, c->theme->faint_text, escape(c, text));
  l->width += 6 + 4.6 * (double)strlen(text);
}

// The paints that the drawing uses.
static void add_paints(const canvas *c, legend *l) {
  bool used[GCUT_N_PAINTS] = {false};
  for (uint32_t i = 0; i < c->d->n_boxes; i++)
    if (c->d->boxes[i].shape != GCUT_BOX_CUT && c->d->boxes[i].shape != GCUT_BOX_VALUE)
      used[c->d->boxes[i].paint] = true;
  for (int p = 0; p < GCUT_N_PAINTS; p++)
    if (used[p])
      add_cell(c, l, gcut_paint_fill((gcut_paint)p, c->dark),
               gcut_paint_line((gcut_paint)p, c->dark), c->theme->text,
               gcut_paint_legend((gcut_paint)p));
}

static void add_heats(const canvas *c, legend *l) {
  for (unsigned step = 0; step < GCUT_HEAT_STEPS; step++)
    add_cell(c, l, gcut_heat_fill_color(step, c->dark), c->theme->frame, c->theme->text,
             step == 0 ? "0" : "  ");
  add_text(c, l, c->d->heat_title);
}

static void add_plans(const canvas *c, legend *l) {
  static const char *const texts[] = {"cut by this plan", "by the other", "by both"};
  for (int i = 0; i < 3; i++) {
    const char *color = cut_color(c, i != 1, i != 0);
    add_cell(c, l, c->theme->page, color, color, texts[i]);
  }
}

// A row of small cells at the left; what the title is wider goes to an empty last one.
static const char *legend_row(const canvas *c, const legend *l) {
  double left = 7.8 * (double)strlen(c->d->title) - l->width;
  if (!*l->cells) return "";
  return gcut_arena_format(
      c->arena,
      "<tr><td align=\"left\"><table border=\"0\" cellborder=\"1\" "
      "cellspacing=\"3\"><tr>%s<td border=\"0\" width=\"%d\"></td></tr></table>"
      "</td></tr>",
      l->cells, left > 1 ? (int)left : 1);
}

static const char *legends(const canvas *c) {
  legend paints = {"", 0}, plans = {"", 0};
  if (c->d->heat_title)
    add_heats(c, &paints);
  else
    add_paints(c, &paints);
  if (c->d->other) add_plans(c, &plans);
  return gcut_arena_format(c->arena, "%s%s", legend_row(c, &paints), legend_row(c, &plans));
}

static void set_page(const canvas *c) {
  set(c->graph, "bgcolor", c->theme->page);
  set(c->graph, "fontname", "Helvetica,Arial,sans-serif");
  set(c->graph, "rankdir", "TB");
  set(c->graph, "nodesep", "0.25");
  set(c->graph, "ranksep", "0.3");
  // Ranks of the whole graph at once: where frames link to each other both ways, ranks of frames
  // put linked boxes side by side, and Graphviz 2.43 frees twice when such a link of the top rank
  // has a label.
  set(c->graph, "newrank", "true");
  set(c->graph, "labelloc", "t");
  set(c->graph, "nslimit", "2");
  set(c->graph, "nslimit1", "2");
  set(c->graph, "mclimit", "0.5");
  set_markup(c, c->graph, "label",
             gcut_arena_format(
                 c->arena, "<table border=\"0\" cellborder=\"0\" cellspacing=\"2\">%s%s%s</table>",
                 row(c, c->d->title, (text_style){c->theme->text, 14, true, false}), legends(c),
                 row(c, c->d->note, (text_style){c->theme->faint_text, 9, false, false})));
  agattr(c->graph, AGNODE, "fontname", "Helvetica,Arial,sans-serif");
  agattr(c->graph, AGEDGE, "fontname", "Helvetica,Arial,sans-serif");
  agattr(c->graph, AGEDGE, "arrowsize", "0.6");
}

static gcut_status build(canvas *c, gcut_error *err) {
  Agdisc_t discipline = gcut__dot_discipline();
  c->graph = agopen("graphcut", Agdirected, &discipline);
  c->nodes = GCUT_NEW_ARRAY(c->arena, Agnode_t *, c->d->n_boxes);
  c->groups = GCUT_NEW_ARRAY(c->arena, Agraph_t *, c->d->n_groups);
  if (!c->graph || !c->nodes || !c->groups) return GCUT_NO_MEMORY(err);
  set_page(c);
  for (uint32_t i = 0; i < c->d->n_groups; i++) add_group(c, i);
  for (uint32_t i = 0; i < c->d->n_boxes; i++) add_box(c, i);
  for (uint32_t i = 0; i < c->d->n_links; i++) add_link(c, i);
  if (c->d->url) set(c->graph, "URL", c->d->url); // last: groups made later would take it over
  return GCUT_OK;
}

static int ignore_message(char *text) {
  (void)text; // Graphviz would print it: the library never prints
  return 0;
}

// Graphviz keeps state of its own (its pango plugin remembers the name of a font of the last
// context, even a freed one) and is not made for threads. So there is one context a process, never
// freed, and one drawing at a time.
static pthread_mutex_t graphviz_mutex = PTHREAD_MUTEX_INITIALIZER;
static GVC_t *graphviz_context;

// By way of memory: where a file cannot be written, Graphviz ends the process.
static gcut_status write_picture(Agraph_t *graph, const char *format, FILE *stream,
                                 gcut_error *err) {
  char *data = NULL;
  unsigned size = 0;
  if (gvRenderData(graphviz_context, graph, format, &data, &size) != 0 || !data)
    return GCUT_FAIL(err, GCUT_UNSUPPORTED, "Graphviz cannot draw '%s'", format);
  fwrite(data, 1, size, stream); // what fails is the stream's to tell
  gvFreeRenderData(data);
  return GCUT_OK;
}

static gcut_status lay_out(Agraph_t *graph, const char *format, FILE *stream, gcut_error *err) {
  if (!graphviz_context) graphviz_context = gvContext();
  if (!graphviz_context) return GCUT_NO_MEMORY(err);
  if (gvLayout(graphviz_context, graph, "dot") != 0)
    return GCUT_FAIL(err, GCUT_UNSUPPORTED, "Graphviz cannot lay the drawing out");
  gcut_status status = write_picture(graph, format, stream, err);
  gvFreeLayout(graphviz_context, graph);
  return status;
}

static gcut_status write_text(Agraph_t *graph, FILE *stream, gcut_error *err) {
  if (agwrite(graph, stream) == 0 || ferror(stream)) return GCUT_OK; // the stream tells
  return GCUT_FAIL(err, GCUT_IO, "cannot write the drawing");
}

gcut_status gcut_drawing_render(const gcut_drawing *drawing, const char *format, bool dark,
                                FILE *stream, gcut_error *err) {
  canvas c = {
      .d = drawing, .theme = gcut_theme_get(dark), .dark = dark, .arena = gcut_arena_create()};
  if (!c.arena) return GCUT_NO_MEMORY(err);
  pthread_mutex_lock(&graphviz_mutex);
  agusererrf before = agseterrf(ignore_message);
  gcut_status status = build(&c, err);
  if (status == GCUT_OK)
    status = strcmp(format, "dot") == 0 ? write_text(c.graph, stream, err)
                                        : lay_out(c.graph, format, stream, err);
  if (c.graph) agclose(c.graph);
  agseterrf(before);
  pthread_mutex_unlock(&graphviz_mutex);
  gcut_arena_destroy(c.arena);
  return status;
}
