// Links. Graphviz puts the label of an edge beside it, in a place that may lie outside the frame
// around both ends (2.43), and bends the edge to go there. So where a link is laid out its label is
// a node on its way, in the innermost frame that holds both ends.
#include <math.h>

#include "formats/dot/canvas.h"
#include "formats/dot/caption.h"
#include "formats/dot/paint.h"

// Width by bytes: a point a factor of 32 from 1 KiB on.
static double link_width(const gcut__link *link) {
  if (link->bytes < 1024) return 0.8;
  double width = 0.8 + log2((double)link->bytes / 1024) / 5;
  return width > 6 ? 6 : width;
}

static const char *link_label(const gcut__canvas *c, const gcut__link *link, const char *color) {
  // Beside the line the text keeps clear of it, however wide that is.
  int padding = c->laid_out ? 1 : 3 + (int)(link_width(link) / 2);
  return gcut__caption_format(
      c->arena,
      "<table border=\"0\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"%d\"><tr><td><font "
      "color=\"%s\" point-size=\"8\">%s</font></td></tr></table>",
      padding, color, gcut__canvas_escape(c, link->label));
}

static Agedge_t *add_edge(const gcut__canvas *c, const gcut__link *link, Agnode_t *from,
                          Agnode_t *to, const char *color) {
  char text[32];
  Agedge_t *edge = agedge(c->graph, from, to, NULL, 1);
  snprintf(text, sizeof text, "%.2f", link_width(link));
  gcut__canvas_set(edge, "penwidth", text);
  gcut__canvas_set(edge, "color", color);
  if (link->is_spine) gcut__canvas_set(edge, "weight", "8");
  if (link->crosses_other && !link->crosses) gcut__canvas_set(edge, "style", "dashed");
  if (link->is_unseen) gcut__canvas_set(edge, "style", "invis");
  if (link->is_inside) gcut__canvas_set(edge, "style", "dotted");
  if (link->tooltip) gcut__canvas_set(edge, "tooltip", gcut__canvas_escape_plain(c, link->tooltip));
  return edge;
}

// ---- labels as nodes --------------------------------------------------------------------------

static bool holds(const gcut__drawing *d, uint32_t group, uint32_t inner) {
  while (inner != GCUT_NONE && inner != group) inner = d->groups[inner].parent;
  return group == GCUT_NONE || inner == group;
}

// The innermost frame around both boxes.
static Agraph_t *frame_around(const gcut__canvas *c, uint32_t a, uint32_t b) {
  uint32_t group = c->d->boxes[a].group;
  while (!holds(c->d, group, c->d->boxes[b].group)) group = c->d->groups[group].parent;
  return group == GCUT_NONE ? c->graph : c->groups[group];
}

static void add_labelled(gcut__canvas *c, uint32_t i, const char *color, const char *label) {
  const gcut__link *link = &c->d->links[i];
  char name[32];
  snprintf(name, sizeof name, "l%u", i);
  Agnode_t *node = agnode(frame_around(c, link->from, link->to), name, 1);
  c->labels[i] = node;
  gcut__canvas_set(node, "id", name);
  gcut__canvas_set(node, "shape", "plain");
  gcut__canvas_set_markup(c, node, "label", label);
  if (link->tooltip) gcut__canvas_set(node, "tooltip", gcut__canvas_escape_plain(c, link->tooltip));
  Agedge_t *before = add_edge(c, link, c->nodes[link->from], node, color);
  Agedge_t *after = add_edge(c, link, node, c->nodes[link->to], color);
  gcut__canvas_set(before, "arrowhead", "none");
  if (link->is_spine) return;
  gcut__canvas_set(before, "weight", "3"); // straight, rather than those that have no label
  gcut__canvas_set(after, "weight", "3");
}

// The frame of a part around a box that another does not stand in; NULL: none.
static Agraph_t *part_entered(const gcut__canvas *c, uint32_t from, uint32_t to) {
  for (uint32_t g = c->d->boxes[to].group; g != GCUT_NONE; g = c->d->groups[g].parent)
    if (c->d->groups[g].part != GCUT_NONE)
      return holds(c->d, g, c->d->boxes[from].group) ? NULL : c->groups[g];
  return NULL;
}

// By way of a point at the top of the frame that it enters: from there on it stays inside.
static void add_entering(gcut__canvas *c, uint32_t i, Agraph_t *frame, const char *color) {
  const gcut__link *link = &c->d->links[i];
  char name[32];
  snprintf(name, sizeof name, "e%u", i);
  Agnode_t *point = agnode(frame, name, 1);
  gcut__canvas_set(point, "shape", "box"); // as wide as the line, and of its colour
  gcut__canvas_set(point, "style", "filled");
  gcut__canvas_set(point, "fillcolor", color);
  gcut__canvas_set(point, "color", color);
  gcut__canvas_set(point, "penwidth", "0");
  gcut__canvas_set(point, "label", "");
  gcut__canvas_set(point, "fixedsize", "true");
  gcut__canvas_set(point, "width", "0.01");
  gcut__canvas_set(point, "height", "0.01");
  Agedge_t *before = add_edge(c, link, c->nodes[link->from], point, color);
  Agedge_t *after = add_edge(c, link, point, c->nodes[link->to], color);
  gcut__canvas_set(before, "arrowhead", "none");
  gcut__canvas_set(before, "minlen", "2");   // room to get there
  gcut__canvas_set(before, "headport", "n"); // on without a bend
  gcut__canvas_set(after, "tailport", "s");
  gcut__canvas_set(before, "weight", "8"); // short
}

void gcut__canvas_add_link(gcut__canvas *c, uint32_t i) {
  const gcut__link *link = &c->d->links[i];
  bool cut = link->crosses || link->crosses_other;
  const char *color =
      cut ? gcut__canvas_cut_color(c, link->crosses, link->crosses_other) : c->theme->line;
  const char *label = link->label ? link_label(c, link, cut ? color : c->theme->faint_text) : NULL;
  if (c->laid_out && label) {
    add_labelled(c, i, color, label);
    return;
  }
  Agraph_t *entered =
      c->laid_out && !link->is_unseen ? part_entered(c, link->from, link->to) : NULL;
  if (entered && !label) {
    add_entering(c, i, entered, color);
    return;
  }
  Agedge_t *edge = add_edge(c, link, c->nodes[link->from], c->nodes[link->to], color);
  // As long as with a label.
  if (c->laid_out && c->has_labels) gcut__canvas_set(edge, "minlen", "2");
  if (label) gcut__canvas_set_markup(c, edge, "label", label);
  if (label && link->tooltip)
    gcut__canvas_set(edge, "labeltooltip", gcut__canvas_escape_plain(c, link->tooltip));
}
