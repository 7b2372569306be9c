// What the pieces of a rendering share: the graph that is being built for Graphviz, and its texts.
// Labels are HTML-like tables, every text in them escaped, so no name of a model can become markup;
// attribute values go through libcgraph, which quotes them.
#ifndef GCUT_FORMATS_DOT_CANVAS_H
#define GCUT_FORMATS_DOT_CANVAS_H

#include <graphviz/gvc.h>

#include "formats/dot/drawing.h"
#include "formats/dot/numbering.h"
#include "formats/dot/paint.h"

typedef struct gcut__canvas {
  Agraph_t *graph;
  gcut__numbering numbering;
  Agnode_t **nodes;  // [n_boxes]
  Agraph_t **groups; // [n_groups]
  Agnode_t **labels; // [n_links] of links, as nodes; NULL: none
  const gcut__drawing *d;
  const gcut__theme *theme;
  gcut_arena *arena;
  bool dark;
  bool laid_out;   // not only written as text
  bool has_labels; // of links
} gcut__canvas;

typedef struct gcut__text_style {
  const char *color;
  int size;
  bool bold, centred;
} gcut__text_style;

// Text for HTML-like labels, and for tooltips.
const char *gcut__canvas_escape(const gcut__canvas *canvas, const char *text);
const char *gcut__canvas_escape_plain(const gcut__canvas *canvas, const char *text);
// Sets an attribute of a graph, node or edge.
void gcut__canvas_set(void *object, const char *name, const char *value);
void gcut__canvas_set_markup(const gcut__canvas *canvas, void *object, const char *name,
                             const char *markup);
// A row of a table for each line of the text; "" of NULL.
const char *gcut__canvas_rows(const gcut__canvas *canvas, const char *text, gcut__text_style style);
// Of a cut and of what crosses it: whose cut it is.
const char *gcut__canvas_cut_color(const gcut__canvas *canvas, bool crosses, bool crosses_other);

// The title, the legends and the note: the label of the whole graph, as markup.
const char *gcut__canvas_legends(const gcut__canvas *canvas);
// Adds a link between boxes that are there.
void gcut__canvas_add_link(gcut__canvas *canvas, uint32_t link);

// A bar of a length that says a share of the largest: a row of a table; "" of 0.
const char *gcut__canvas_bar(const gcut__canvas *canvas, double share, const char *color);

// Before: the lines of cuts.
void gcut__canvas_add_lines(gcut__canvas *canvas);
// Once laid out: what stands one above the other gets one axis, each cut a line across the drawing.
void gcut__canvas_straighten(gcut__canvas *canvas);
// Once laid out: draws titles of frames over the lines that cross them. Undo it before the layout
// is freed.
typedef struct gcut__lifted { // a title that has changed its owner
  Agraph_t *group;
  Agnode_t *node;
} gcut__lifted;
uint32_t gcut__canvas_lift_titles(gcut__canvas *canvas, gcut__lifted *out_lifted); // [n_groups]
void gcut__canvas_lower_titles(const gcut__lifted *lifted, uint32_t n);

#endif
