// Builds an Agraph from a drawing, and has it laid out.
#include "formats/dot/render.h"
#include "formats/dot/caption.h"

#include <pthread.h>

#include "formats/dot/canvas.h"
#include "tracer/base/error.h"
#include "tracer/base/room.h"

// ---- boxes ------------------------------------------------------------------------------------

static bool is_heated(const gcut__canvas *c, const gcut__box *box) {
  return box->has_heat && c->d->hottest > 0;
}

static const char *box_label(const gcut__canvas *c, const gcut__box *box) {
  bool op = box->shape == GCUT__BOX_OP;
  // On the fills of heat faint text would not be read.
  const char *color = is_heated(c, box) ? c->theme->text : c->theme->faint_text;
  gcut__text_style small = {color, 9, false, false}, cut = {c->theme->cut, 9, false, false};
  return gcut__caption_format(
      c->arena,
      "<table border=\"0\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"1\">"
      "%s%s%s%s%s%s%s</table>",
      op ? "" : "<tr><td height=\"2\"></td></tr>", // a large first line stands high in its row
      gcut__canvas_rows(c, box->title,
                        (gcut__text_style){c->theme->text, op ? 10 : 12, !op, false}),
      gcut__canvas_rows(c, box->subtitle, small),
      gcut__canvas_bar(c, box->bar, gcut__paint_line(box->paint, c->dark)),
      gcut__canvas_rows(c, box->detail, small),
      gcut__canvas_rows(c, box->within, is_heated(c, box) ? small : cut),
      gcut__canvas_rows(c, box->extra, (gcut__text_style){c->theme->cut_other, 9, false, false}));
}

static const char *fill_of(const gcut__canvas *c, const gcut__box *box) {
  if (!is_heated(c, box)) return gcut__paint_fill(box->paint, c->dark);
  unsigned step = (unsigned)(box->heat[c->d->by] / c->d->hottest * GCUT__HEAT_STEPS);
  return gcut__heat_fill_color(step < GCUT__HEAT_STEPS ? step : GCUT__HEAT_STEPS - 1, c->dark);
}

static void style_box(const gcut__canvas *c, Agnode_t *node, const gcut__box *box) {
  gcut__canvas_set(node, "shape", "box");
  gcut__canvas_set(node, "style", "rounded,filled");
  gcut__canvas_set(node, "fillcolor", fill_of(c, box));
  gcut__canvas_set(node, "color", gcut__paint_line(box->paint, c->dark));
  gcut__canvas_set(node, "margin", "0.09,0.04");
  if (box->shape == GCUT__BOX_STACK) {
    gcut__canvas_set(node, "peripheries", "2");
    gcut__canvas_set(node, "style", "filled");
  }
  if (box->shape == GCUT__BOX_OP) {
    gcut__canvas_set(node, "margin", "0.06,0.03");
    gcut__canvas_set(node, "height", "0.3");
  }
  if (box->shape == GCUT__BOX_VALUE) {
    gcut__canvas_set(node, "style", "filled");
    gcut__canvas_set(node, "fillcolor", c->theme->page);
    gcut__canvas_set(node, "color", c->theme->line);
    gcut__canvas_set(node, "shape", "box");
  }
}

// A cut is a red line, what crosses it beneath: a table whose first row is the line, or, where it
// is laid out, room below the one that is drawn across (straighten.c).
static void style_cut(const gcut__canvas *c, Agnode_t *node, const gcut__box *box) {
  const char *color = gcut__canvas_cut_color(c, box->crosses, box->crosses_other);
  const char *line = gcut__caption_format(c->arena, " bgcolor=\"%s\"", color);
  const char *label = gcut__caption_format(
      c->arena,
      "<table border=\"0\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"1\"><tr><td "
      "width=\"360\" height=\"2\" cellpadding=\"0\"%s></td></tr><tr><td height=\"3\"></td></tr>"
      "%s%s</table>",
      c->laid_out ? "" : line,
      gcut__canvas_rows(c, box->title, (gcut__text_style){color, 11, true, true}),
      gcut__canvas_rows(c, box->subtitle, (gcut__text_style){color, 9, false, true}));
  gcut__canvas_set(node, "shape", "plain");
  gcut__canvas_set_markup(c, node, "label", label);
}

static void add_box(gcut__canvas *c, uint32_t i) {
  const gcut__box *box = &c->d->boxes[i];
  char name[32];
  snprintf(name, sizeof name, "b%u", i);
  Agraph_t *parent = box->group == GCUT_NONE ? c->graph : c->groups[box->group];
  Agnode_t *node = agnode(parent, name, 1);
  c->nodes[i] = node;
  gcut__canvas_set(node, "id", name);
  if (box->tooltip) gcut__canvas_set(node, "tooltip", gcut__canvas_escape_plain(c, box->tooltip));
  if (box->url) gcut__canvas_set(node, "URL", box->url);
  if (box->shape == GCUT__BOX_CUT) {
    style_cut(c, node, box);
    return;
  }
  gcut__canvas_set_markup(c, node, "label", box_label(c, box));
  style_box(c, node, box);
}

// Two lines where there is more to say: a title wider than what it stands above would push lines
// out of its frame.
static const char *group_label(const gcut__canvas *c, const gcut__box_group *group) {
  bool is_part = group->part != GCUT_NONE;
  const char *color = is_part ? c->theme->text : c->theme->faint_text;
  const char *title = gcut__caption_format(c->arena, "%s%s%s", group->title,
                                           *group->class_name ? " · " : "", group->class_name);
  return gcut__caption_format(
      c->arena,
      "<table border=\"0\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"1\" "
      "bgcolor=\"%s\">%s%s%s%s</table>",
      c->theme->page,
      gcut__canvas_rows(c, title, (gcut__text_style){color, is_part ? 12 : 10, is_part, false}),
      gcut__canvas_bar(c, group->bar, gcut__paint_line(GCUT__PAINT_BLOCK, c->dark)),
      gcut__canvas_rows(c, group->detail,
                        (gcut__text_style){c->theme->faint_text, 9, false, false}),
      gcut__canvas_rows(c, group->within, (gcut__text_style){c->theme->cut, 9, false, false}));
}

static void add_group(gcut__canvas *c, uint32_t i) {
  const gcut__box_group *group = &c->d->groups[i];
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
  gcut__canvas_set(g, "id", name);
  gcut__canvas_set(g, "style", is_part ? "solid" : "dashed");
  gcut__canvas_set(g, "color",
                   is_part ? gcut__paint_line(GCUT__PAINT_BLOCK, c->dark) : c->theme->frame);
  gcut__canvas_set(g, "labeljust", "l");
  if (group->url) gcut__canvas_set(g, "URL", group->url);
  gcut__canvas_set_markup(c, g, "label", group_label(c, group));
}

static void set_page(const gcut__canvas *c) {
  gcut__canvas_set(c->graph, "bgcolor", c->theme->page);
  gcut__canvas_set(c->graph, "fontname", "Helvetica,Arial,sans-serif");
  gcut__canvas_set(c->graph, "rankdir", "TB");
  gcut__canvas_set(c->graph, "nodesep", "0.25");
  gcut__canvas_set(c->graph, "ranksep",
                   c->laid_out && c->has_labels ? "0.15" : "0.3"); // they have ranks, too
  gcut__canvas_set(c->graph, "outputorder", "edgesfirst");
  // Ranks of the whole graph at once: where frames link to each other both ways, ranks of frames
  // put linked boxes side by side, and Graphviz 2.43 frees twice when such a link of the top rank
  // has a label.
  gcut__canvas_set(c->graph, "newrank", "true");
  gcut__canvas_set(c->graph, "labelloc", "t");
  gcut__canvas_set(c->graph, "labeljust", "l");
  gcut__canvas_set(c->graph, "nslimit", c->d->is_thicket ? "0.2" : "2");
  gcut__canvas_set(c->graph, "nslimit1", c->d->is_thicket ? "0.2" : "2");
  gcut__canvas_set(c->graph, "mclimit", c->d->is_thicket ? "0.05" : "0.5");
  if (c->d->is_thicket) gcut__canvas_set(c->graph, "splines", "line");
  gcut__canvas_set_markup(c, c->graph, "label", gcut__canvas_legends(c));
  agattr(c->graph, AGNODE, "fontname", "Helvetica,Arial,sans-serif");
  agattr(c->graph, AGEDGE, "fontname", "Helvetica,Arial,sans-serif");
  agattr(c->graph, AGEDGE, "arrowsize", "0.6");
}

static gcut_status build(gcut__canvas *c, gcut_error *err) {
  gcut__numbering_init(&c->numbering);
  c->graph = agopen("graphcut", Agdirected, &c->numbering.discipline);
  c->nodes = GCUT_NEW_ARRAY(c->arena, Agnode_t *, c->d->n_boxes);
  c->groups = GCUT_NEW_ARRAY(c->arena, Agraph_t *, c->d->n_groups);
  c->labels = GCUT_NEW_ARRAY(c->arena, Agnode_t *, c->d->n_links);
  if (!c->graph || !c->nodes || !c->groups || !c->labels) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < c->d->n_links; i++) c->has_labels |= c->d->links[i].label != NULL;
  set_page(c);
  for (uint32_t i = 0; i < c->d->n_groups; i++) add_group(c, i);
  for (uint32_t i = 0; i < c->d->n_boxes; i++) add_box(c, i);
  for (uint32_t i = 0; i < c->d->n_links; i++) gcut__canvas_add_link(c, i);
  if (c->laid_out) gcut__canvas_add_lines(c);
  if (c->d->url)
    gcut__canvas_set(c->graph, "URL", c->d->url); // last: groups made later would take it over
  return c->numbering.out_of_memory || gcut_arena_out_of_memory(c->arena) ? GCUT_NO_MEMORY(err)
                                                                          : GCUT_OK;
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
enum { ROOM = 384 << 20 }; // for a drawing that can be read, and the threads that look for fonts

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

static gcut_status lay_out(gcut__canvas *c, const char *format, FILE *stream, gcut_error *err) {
  gcut__lifted *lifted = GCUT_NEW_ARRAY(c->arena, gcut__lifted, c->d->n_groups);
  // Graphviz, pango and fontconfig do not live through running out.
  if (!gcut__has_room(ROOM)) return GCUT_NO_MEMORY(err);
  if (!graphviz_context) graphviz_context = gvContext();
  if (!graphviz_context || !lifted) return GCUT_NO_MEMORY(err);
  if (gvLayout(graphviz_context, c->graph, "dot") != 0)
    return GCUT_FAIL(err, GCUT_UNSUPPORTED, "Graphviz cannot lay the drawing out");
  gcut__canvas_straighten(c);
  uint32_t n_lifted = gcut__canvas_lift_titles(c, lifted);
  gcut_status status = write_picture(c->graph, format, stream, err);
  gcut__canvas_lower_titles(lifted, n_lifted);
  gvFreeLayout(graphviz_context, c->graph);
  return status;
}

static gcut_status write_text(Agraph_t *graph, FILE *stream, gcut_error *err) {
  if (agwrite(graph, stream) == 0 || ferror(stream)) return GCUT_OK; // the stream tells
  return GCUT_FAIL(err, GCUT_IO, "cannot write the drawing");
}

gcut_status gcut__drawing_render(const gcut__drawing *drawing, const char *format, bool dark,
                                 FILE *stream, gcut_error *err) {
  gcut__canvas c = {.d = drawing,
                    .theme = gcut__theme_get(dark),
                    .dark = dark,
                    .laid_out = strcmp(format, "dot") != 0,
                    .arena = gcut_arena_create()};
  if (!c.arena) return GCUT_NO_MEMORY(err);
  pthread_mutex_lock(&graphviz_mutex);
  agusererrf before = agseterrf(ignore_message);
  gcut_status status = build(&c, err);
  if (status == GCUT_OK)
    status = c.laid_out ? lay_out(&c, format, stream, err) : write_text(c.graph, stream, err);
  if (c.graph) agclose(c.graph);
  agseterrf(before);
  pthread_mutex_unlock(&graphviz_mutex);
  gcut_arena_destroy(c.arena);
  return status;
}
