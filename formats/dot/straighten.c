// A pipeline on one axis. Graphviz lets boxes that follow one another drift sideways, the more the
// wider the frames between them; the eye then looks for each cut. What stands one above the other
// never overlaps in height, so all that stands at one height may move by the same: a band (a cut, a
// box, a frame with all in it) by what brings its middle to the axis, what is between two bands by
// something between. Cuts then become lines across the whole drawing.
#include <stdlib.h>

#include <graphviz/xdot.h>

#include "formats/dot/canvas.h"
#include "formats/dot/caption.h"

typedef struct band { // what moves as one, from the top of the drawing down
  double top, bottom, middle, width;
} band;

typedef struct bands {
  band *items;
  uint32_t n;
  double axis;
} bands;

// ---- bands ------------------------------------------------------------------------------------

static band band_of_node(Agnode_t *node) {
  pointf at = ND_coord(node);
  double half = ND_ht(node) / 2;
  return (band){at.y + half, at.y - half, at.x, ND_lw(node) + ND_rw(node)};
}

static band band_of_frame(Agraph_t *frame) {
  boxf bb = GD_bb(frame);
  return (band){bb.UR.y, bb.LL.y, (bb.LL.x + bb.UR.x) / 2, bb.UR.x - bb.LL.x};
}

static int higher_first(const void *a, const void *b) {
  double x = ((const band *)a)->top, y = ((const band *)b)->top;
  return (x < y) - (x > y);
}

// False where two are beside each other: then nothing can be moved.
static bool find_bands(const gcut__canvas *c, bands *out) {
  const gcut__drawing *d = c->d;
  double widest = -1;
  *out = (bands){.items = GCUT_NEW_ARRAY(c->arena, band, d->n_boxes + d->n_groups)};
  if (!out->items) return false;
  for (uint32_t i = 0; i < d->n_boxes; i++)
    if (d->boxes[i].group == GCUT_NONE) out->items[out->n++] = band_of_node(c->nodes[i]);
  for (uint32_t i = 0; i < d->n_groups; i++)
    if (d->groups[i].parent == GCUT_NONE) out->items[out->n++] = band_of_frame(c->groups[i]);
  qsort(out->items, out->n, sizeof *out->items, higher_first);
  for (uint32_t i = 0; i < out->n; i++) {
    if (i > 0 && out->items[i].top > out->items[i - 1].bottom) return false;
    if (out->items[i].width <= widest) continue;
    widest = out->items[i].width;
    out->axis = out->items[i].middle;
  }
  return out->n > 0;
}

// The first band whose bottom is at `y` or below it.
static uint32_t band_at(const bands *b, double y) {
  uint32_t low = 0, high = b->n - 1;
  while (low < high) {
    uint32_t mid = (low + high) / 2;
    if (b->items[mid].bottom <= y)
      high = mid;
    else
      low = mid + 1;
  }
  return low;
}

// By how much what stands at `y` moves to the right; without bands, all by the same.
static double shift_at(const bands *b, double y) {
  if (b->n == 0) return b->axis;
  uint32_t i = band_at(b, y);
  const band *it = &b->items[i], *above = i > 0 ? it - 1 : NULL;
  double shift = b->axis - it->middle;
  if (y <= it->top || !above) return shift;
  double gap = above->bottom - it->top;
  double share = gap > 0 ? (y - it->top) / gap : 1;
  return shift + share * (it->middle - above->middle);
}

// ---- moving -----------------------------------------------------------------------------------

// By what stands there, or by `given`.
static void move(const bands *b, pointf *point, const double *given) {
  point->x += given ? *given : shift_at(b, point->y);
}

// What stands on the axis by itself; NULL: a box within a frame, or what is no box.
static const gcut__box *band_box(const gcut__canvas *c, Agnode_t *node) {
  const char *name = agnameof(node);
  const gcut__box *box = *name == 'b' ? &c->d->boxes[strtoul(name + 1, NULL, 10)] : NULL;
  return box && box->group == GCUT_NONE ? box : NULL;
}

static bool is_cut(const gcut__canvas *c, Agnode_t *node) {
  const gcut__box *box = band_box(c, node);
  return box && box->shape == GCUT__BOX_CUT;
}

static void move_line(const bands *b, bezier *line, const double *given) {
  for (int k = 0; k < line->size; k++) move(b, &line->list[k], given);
  if (line->sflag) move(b, &line->sp, given);
  if (line->eflag) move(b, &line->ep, given);
}

static void make_straight(bezier *line) {
  pointf from = line->list[0], to = line->list[line->size - 1];
  if (line->size < 4) return;
  line->size = 4;
  for (int i = 1; i < 4; i++)
    line->list[i] = (pointf){from.x + (to.x - from.x) * i / 3, from.y + (to.y - from.y) * i / 3};
}

// From a cut into a frame: as it was, from the cut's line on, where that is beside the cut's text.
static bool starts_beside(const bands *b, Agedge_t *edge, bezier *line) {
  Agnode_t *cut = agtail(edge);
  double shift = shift_at(b, ND_coord(aghead(edge)).y);
  double away = line->list[0].x + shift - ND_coord(cut).x;
  if (away < ND_rw(cut) && away > -ND_lw(cut)) return false;
  move_line(b, line, &shift);
  line->list[0].y = ND_coord(cut).y + ND_ht(cut) / 2;
  return true;
}

// Between two on the axis a line is straight; one that leads to a cut may end at it anywhere, and
// keeps its form.
static void move_edge(const gcut__canvas *c, const bands *b, Agedge_t *edge) {
  splines *spline = ED_spl(edge);
  Agnode_t *from = agtail(edge), *to = aghead(edge);
  bezier *line = spline && spline->size == 1 ? spline->list : NULL;
  double shift = shift_at(b, ND_coord(from).y);
  if (!line) return;
  if (b->n == 0) {
    move_line(b, line, NULL);
  } else if (!band_box(c, from) && is_cut(c, to)) {
    move_line(b, line, &shift);
  } else if (!(is_cut(c, from) && !band_box(c, to) && starts_beside(b, edge, line))) {
    move_line(b, line, NULL);
    if (band_box(c, from) && band_box(c, to)) make_straight(line);
  }
}

static void move_frame(const bands *b, Agraph_t *frame) {
  boxf *bb = &GD_bb(frame);
  double shift = shift_at(b, (bb->LL.y + bb->UR.y) / 2);
  bb->LL.x += shift, bb->UR.x += shift;
  if (GD_label(frame)) GD_label(frame)->pos.x += shift;
}

static void move_all(const gcut__canvas *c, const bands *b) {
  Agraph_t *g = c->graph;
  for (uint32_t i = 0; i < c->d->n_groups; i++)
    if (!c->d->groups[i].merged) move_frame(b, c->groups[i]);
  for (Agnode_t *n = agfstnode(g); n; n = agnxtnode(g, n)) move(b, &ND_coord(n), NULL);
  for (Agnode_t *n = agfstnode(g); n; n = agnxtnode(g, n))
    for (Agedge_t *e = agfstout(g, n); e; e = agnxtout(g, e)) move_edge(c, b, e);
}

// ---- the drawing around them ------------------------------------------------------------------

static void cover(boxf *bb, double left, double right) {
  if (left < bb->LL.x) bb->LL.x = left;
  if (right > bb->UR.x) bb->UR.x = right;
}

static void cover_edge(boxf *bb, Agedge_t *edge) {
  const splines *spline = ED_spl(edge);
  for (int i = 0; spline && i < spline->size; i++)
    for (int k = 0; k < spline->list[i].size; k++)
      cover(bb, spline->list[i].list[k].x, spline->list[i].list[k].x);
}

static boxf box_around(const gcut__canvas *c) {
  Agraph_t *g = c->graph;
  boxf bb = {{1e9, GD_bb(g).LL.y}, {-1e9, GD_bb(g).UR.y}};
  for (Agnode_t *n = agfstnode(g); n; n = agnxtnode(g, n)) {
    cover(&bb, ND_coord(n).x - ND_lw(n), ND_coord(n).x + ND_rw(n));
    for (Agedge_t *e = agfstout(g, n); e; e = agnxtout(g, e)) cover_edge(&bb, e);
  }
  for (uint32_t i = 0; i < c->d->n_groups; i++)
    if (!c->d->groups[i].merged) cover(&bb, GD_bb(c->groups[i]).LL.x, GD_bb(c->groups[i]).UR.x);
  return bb;
}

// As wide as what is in it, or as its title, which begins at the left.
static void fit_page(gcut__canvas *c) {
  enum { MARGIN = 8 };
  boxf bb = box_around(c);
  textlabel_t *label = GD_label(c->graph);
  double width = bb.UR.x - bb.LL.x + 2 * MARGIN, title = label ? label->dimen.x : 0;
  double page = title > width ? title : width;
  move_all(c, &(bands){.axis = (page - bb.LL.x - bb.UR.x) / 2});
  if (label) label->pos.x = title / 2;
  GD_bb(c->graph) = (boxf){{0, bb.LL.y}, {page, bb.UR.y}};
}

// ---- lines of cuts ----------------------------------------------------------------------------

// What is drawn under all else is said before the layout, in Graphviz's own language for it (a
// colour, a width, a line), and has its place after it.
void gcut__canvas_add_lines(gcut__canvas *c) {
  const char *ops = "";
  if (!c->d->is_pipeline) return;
  for (uint32_t i = 0; i < c->d->n_boxes; i++) {
    const gcut__box *box = &c->d->boxes[i];
    if (box->shape == GCUT__BOX_CUT)
      ops = gcut__caption_format(c->arena, "%sc 7 -%s S 15 -setlinewidth(2) L 2 0 0 1 0 ", ops,
                                 gcut__canvas_cut_color(c, box->crosses, box->crosses_other));
  }
  gcut__canvas_set(c->graph, "_background", ops);
}

// The next line of what is drawn under all else.
static xdot_op *next_line(const xdot *all, int *at) {
  while (*at < all->cnt) {
    xdot_op *op = (xdot_op *)((char *)all->ops + (size_t)(*at)++ * (size_t)all->sz);
    if (op->kind == xd_polyline && op->u.polyline.cnt == 2) return op;
  }
  return NULL;
}

static void place_lines(const gcut__canvas *c) {
  boxf bb = GD_bb(c->graph);
  const xdot *all = GD_drawing(c->graph)->xdots;
  int at = 0;
  for (uint32_t i = 0; i < c->d->n_boxes && all; i++) {
    if (c->d->boxes[i].shape != GCUT__BOX_CUT) continue;
    xdot_op *line = next_line(all, &at);
    if (!line) return;
    double y = ND_coord(c->nodes[i]).y + ND_ht(c->nodes[i]) / 2;
    line->u.polyline.pts[0] = (xdot_point){bb.LL.x, y, 0};
    line->u.polyline.pts[1] = (xdot_point){bb.UR.x, y, 0};
  }
}

void gcut__canvas_straighten(gcut__canvas *c) {
  bands b;
  if (!c->d->is_pipeline) return;
  if (find_bands(c, &b)) {
    move_all(c, &b);
    fit_page(c);
  }
  place_lines(c);
}
