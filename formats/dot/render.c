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

// Markup-safe text for HTML-like labels.
static const char *escape(const canvas *c, const char *text) {
  static const char *const entities[] = {
      ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;"};
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

// Backslashes begin escapes (\N, \G) in plain labels and tooltips.
static const char *escape_plain(const canvas *c, const char *text) {
  char *out = gcut_arena_alloc(c->arena, strlen(text) + 1, 2), *to = out;
  if (!out) return "";
  for (; *text; text++) {
    if (*text == '\\') *to++ = '\\';
    *to++ = *text;
  }
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

static const char *row(const canvas *c, const char *text, const char *color, int size, bool bold) {
  if (!text || !*text) return "";
  return gcut_arena_format(
      c->arena,
      "<tr><td align=\"left\"><font color=\"%s\" point-size=\"%d\">%s%s%s</font></td></tr>", color,
      size, bold ? "<b>" : "", escape(c, text), bold ? "</b>" : "");
}

// ---- boxes ------------------------------------------------------------------------------------

static const char *box_label(const canvas *c, const gcut_box *box) {
  bool op = box->shape == GCUT_BOX_OP;
  return gcut_arena_format(
      c->arena,
      "<table border=\"0\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"1\">%s%s%s</table>",
      row(c, box->title, c->theme->text, op ? 10 : 12, !op),
      row(c, box->subtitle, c->theme->faint_text, 9, false),
      row(c, box->detail, c->theme->faint_text, 9, false));
}

// From the paint's fill towards red as the heat grows: white over amber to red on light pages.
static const char *heat_fill(const canvas *c, double heat) {
  int r = c->dark ? 40 + (int)(170 * heat) : 255, g = c->dark ? 40 : 250 - (int)(170 * heat),
      b = c->dark ? 44 : 240 - (int)(200 * heat);
  return gcut_arena_format(c->arena, "#%02x%02x%02x", r, g, b);
}

static void style_box(const canvas *c, Agnode_t *node, const gcut_box *box) {
  const char *fill =
      box->heat >= 0 ? heat_fill(c, box->heat) : gcut_paint_fill(box->paint, c->dark);
  set(node, "shape", "box");
  set(node, "style", "rounded,filled");
  set(node, "fillcolor", fill);
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
  const char *color = c->theme->cut;
  const char *label =
      gcut_arena_format(c->arena,
                        "<table border=\"0\" cellborder=\"0\" cellspacing=\"0\" "
                        "cellpadding=\"2\"><tr><td width=\"360\" "
                        "height=\"2\" bgcolor=\"%s\"></td></tr><tr><td><font color=\"%s\" "
                        "point-size=\"10\"><b>%s</b></font></td></tr><tr><td><font color=\"%s\" "
                        "point-size=\"9\">%s</font></td></tr></table>",
                        color, color, escape(c, box->title), color, escape(c, box->subtitle));
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
  char name[32];
  snprintf(name, sizeof name, "cluster_%u", i);
  Agraph_t *parent = group->parent == GCUT_NONE ? c->graph : c->groups[group->parent];
  Agraph_t *g = c->groups[i] = agsubg(parent, name, 1);
  set(g, "style", group->is_part ? "solid" : "dashed");
  set(g, "color", group->is_part ? c->theme->part_frame : c->theme->frame);
  set(g, "labeljust", "l");
  set_markup(c, g, "label",
             gcut_arena_format(c->arena, "<font color=\"%s\" point-size=\"10\">%s</font>",
                               c->theme->faint_text, escape(c, group->title)));
}

// Width by bytes: a point a factor of 32 from 1 KiB on.
static double link_width(const gcut_link *link) {
  if (link->bytes < 1024) return 0.8;
  double width = 0.8 + log2((double)link->bytes / 1024) / 5;
  return width > 6 ? 6 : width;
}

static void add_link(canvas *c, uint32_t i) {
  const gcut_link *link = &c->d->links[i];
  char text[32];
  Agedge_t *edge = agedge(c->graph, c->nodes[link->from], c->nodes[link->to], NULL, 1);
  snprintf(text, sizeof text, "%.2f", link_width(link));
  set(edge, "penwidth", text);
  set(edge, "color", link->crosses ? c->theme->cut : c->theme->line);
  if (link->faint) set(edge, "arrowhead", "none");
  if (link->tooltip) set(edge, "tooltip", escape_plain(c, link->tooltip));
  if (link->tooltip) set(edge, "labeltooltip", escape_plain(c, link->tooltip));
  if (link->label)
    set_markup(c, edge, "label",
               gcut_arena_format(c->arena, "<font color=\"%s\" point-size=\"8\"> %s </font>",
                                 link->crosses ? c->theme->cut : c->theme->faint_text,
                                 escape(c, link->label)));
}

// ---- the page ---------------------------------------------------------------------------------

// One small table: the paints that the drawing uses.
static const char *legend(const canvas *c) {
  bool used[GCUT_N_PAINTS] = {false};
  const char *cells = "";
  for (uint32_t i = 0; i < c->d->n_boxes; i++)
    if (c->d->boxes[i].shape != GCUT_BOX_CUT && c->d->boxes[i].shape != GCUT_BOX_VALUE)
      used[c->d->boxes[i].paint] = true;
  for (int p = 0; p < GCUT_N_PAINTS; p++)
    if (used[p])
      cells = gcut_arena_format(
          c->arena,
          "%s<td bgcolor=\"%s\" border=\"1\" color=\"%s\" cellpadding=\"3\"><font color=\"%s\" "
          "point-size=\"9\">%s</font></td>",
          cells, gcut_paint_fill((gcut_paint)p, c->dark), gcut_paint_line((gcut_paint)p, c->dark),
          c->theme->text, gcut_paint_legend((gcut_paint)p));
  if (!*cells) return "";
  return gcut_arena_format(c->arena,
                           "<tr><td align=\"left\"><table border=\"0\" cellborder=\"1\" "
                           "cellspacing=\"3\"><tr>%s</tr></table></td></tr>",
                           cells);
}

static void set_page(const canvas *c) {
  set(c->graph, "bgcolor", c->theme->page);
  set(c->graph, "fontname", "Helvetica,Arial,sans-serif");
  set(c->graph, "rankdir", "TB");
  set(c->graph, "nodesep", "0.25");
  set(c->graph, "ranksep", "0.3");
  // Ranks of the whole graph at once: where frames link to each other both ways, ranks of frames put
  // linked boxes side by side, and Graphviz 2.43 frees twice when such a link of the top rank has a
  // label.
  set(c->graph, "newrank", "true");
  set(c->graph, "labelloc", "t");
  set(c->graph, "nslimit", "2");
  set(c->graph, "nslimit1", "2");
  set(c->graph, "mclimit", "0.5");
  set_markup(c, c->graph, "label",
             gcut_arena_format(
                 c->arena, "<table border=\"0\" cellborder=\"0\" cellspacing=\"2\">%s%s%s</table>",
                 row(c, c->d->title, c->theme->text, 14, true), legend(c),
                 row(c, c->d->note, c->theme->faint_text, 9, false)));
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

static gcut_status lay_out(Agraph_t *graph, const char *format, FILE *stream, gcut_error *err) {
  if (!graphviz_context) graphviz_context = gvContext();
  if (!graphviz_context) return GCUT_NO_MEMORY(err);
  if (gvLayout(graphviz_context, graph, "dot") != 0)
    return GCUT_FAIL(err, GCUT_UNSUPPORTED, "Graphviz cannot lay the drawing out");
  int failed = gvRender(graphviz_context, graph, format, stream);
  gvFreeLayout(graphviz_context, graph);
  return failed ? GCUT_FAIL(err, GCUT_UNSUPPORTED, "Graphviz cannot draw '%s'", format) : GCUT_OK;
}

static gcut_status write_text(Agraph_t *graph, FILE *stream, gcut_error *err) {
  return agwrite(graph, stream) == 0 ? GCUT_OK
                                     : GCUT_FAIL(err, GCUT_IO, "cannot write the drawing");
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
