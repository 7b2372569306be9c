// The head of a drawing: its title, what its colours mean, what was folded.
#include "formats/dot/canvas.h"
#include "formats/dot/caption.h"
#include "formats/dot/paint.h"

typedef struct legend { // cells of one row, and about how wide they are, in points
  const char *cells;
  double width;
} legend;

static void add_cell(const gcut__canvas *c, legend *l, const char *fill, const char *line,
                     const char *color, const char *text) {
  l->cells = gcut__caption_format(
      c->arena,
      "%s<td bgcolor=\"%s\" border=\"1\" color=\"%s\" cellpadding=\"3\"><font color=\"%s\" "
      "point-size=\"9\">%s</font></td>",
      l->cells, fill, line, color, gcut__canvas_escape(c, text));
  l->width += 11 + 4.6 * (double)strlen(text);
}

static void add_text(const gcut__canvas *c, legend *l, const char *text) {
  l->cells = gcut__caption_format(c->arena,
                                  "%s<td border=\"0\"><font color=\"%s\" "
                                  "point-size=\"9\">%s</font></td>",
                                  l->cells, c->theme->faint_text, gcut__canvas_escape(c, text));
  l->width += 6 + 4.6 * (double)strlen(text);
}

// The paints that the drawing uses.
static void add_paints(const gcut__canvas *c, legend *l) {
  bool used[GCUT__N_PAINTS] = {false};
  for (uint32_t i = 0; i < c->d->n_boxes; i++)
    if (c->d->boxes[i].shape != GCUT__BOX_CUT && c->d->boxes[i].shape != GCUT__BOX_VALUE)
      used[c->d->boxes[i].paint] = true;
  for (int p = 0; p < GCUT__N_PAINTS; p++)
    if (used[p])
      add_cell(c, l, gcut__paint_fill((gcut__paint)p, c->dark),
               gcut__paint_line((gcut__paint)p, c->dark), c->theme->text,
               gcut__paint_legend((gcut__paint)p));
}

static void add_heats(const gcut__canvas *c, legend *l) {
  for (unsigned step = 0; step < GCUT__HEAT_STEPS; step++)
    add_cell(c, l, gcut__heat_fill_color(step, c->dark), c->theme->frame, c->theme->text,
             step == 0 ? "0" : "  ");
  add_text(c, l, c->d->heat_title);
}

static void add_plans(const gcut__canvas *c, legend *l) {
  static const char *const texts[] = {"cut by this plan", "by the other", "by both"};
  for (int i = 0; i < 3; i++) {
    const char *color = gcut__canvas_cut_color(c, i != 1, i != 0);
    add_cell(c, l, c->theme->page, color, color, texts[i]);
  }
}

static bool has_shape(const gcut__drawing *d, gcut__box_shape shape) {
  for (uint32_t i = 0; i < d->n_boxes; i++)
    if (d->boxes[i].shape == shape) return true;
  return false;
}

static bool has_bytes(const gcut__drawing *d) {
  for (uint32_t i = 0; i < d->n_links; i++)
    if (d->links[i].bytes > 0) return true;
  return false;
}

static bool has_crossing(const gcut__drawing *d) {
  for (uint32_t i = 0; i < d->n_links; i++)
    if (d->links[i].crosses) return true;
  return false;
}

// What lines, widths, frames and bars mean, as far as the drawing has them.
static void add_keys(const gcut__canvas *c, legend *l) {
  const gcut__drawing *d = c->d;
  const char *cut = has_shape(d, GCUT__BOX_CUT) ? "a cut, what crosses it"
                    : has_crossing(d)           ? "crosses a cut"
                                                : NULL;
  if (cut && !d->other) add_cell(c, l, c->theme->page, c->theme->cut, c->theme->cut, cut);
  if (d->bar_title) add_text(c, l, d->bar_title);
  if (has_shape(d, GCUT__BOX_STACK)) add_text(c, l, "double frame: equal ones, folded");
  if (has_bytes(d)) add_text(c, l, "wider line: more bytes");
}

// A row of small cells at the left; what others are wider goes to an empty last one.
static const char *legend_row(const gcut__canvas *c, const legend *l, double widest) {
  double left = widest - l->width;
  if (!*l->cells) return "";
  return gcut__caption_format(
      c->arena,
      "<tr><td align=\"left\"><table border=\"0\" cellborder=\"1\" "
      "cellspacing=\"3\"><tr>%s<td border=\"0\" width=\"%d\"></td></tr></table>"
      "</td></tr>",
      l->cells, left > 1 ? (int)left : 1);
}

static const char *legends(const gcut__canvas *c) {
  legend rows[] = {{"", 0}, {"", 0}, {"", 0}}, *paints = &rows[0], *plans = &rows[1],
         *keys = &rows[2];
  double widest = 7.8 * (double)strlen(c->d->title);
  const char *text = "";
  if (c->d->heat_title)
    add_heats(c, paints);
  else
    add_paints(c, paints);
  if (c->d->other) add_plans(c, plans);
  add_keys(c, keys);
  for (int i = 0; i < 3; i++)
    if (rows[i].width > widest) widest = rows[i].width;
  for (int i = 0; i < 3; i++)
    text = gcut__caption_format(c->arena, "%s%s", text, legend_row(c, &rows[i], widest));
  return text;
}

const char *gcut__canvas_legends(const gcut__canvas *c) {
  return gcut__caption_format(
      c->arena, "<table border=\"0\" cellborder=\"0\" cellspacing=\"2\">%s%s%s</table>",
      gcut__canvas_rows(c, c->d->title, (gcut__text_style){c->theme->text, 14, true, false}),
      legends(c),
      gcut__canvas_rows(c, c->d->note, (gcut__text_style){c->theme->faint_text, 9, false, false}));
}
