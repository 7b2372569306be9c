// What all views end with: groups that became one, labels as far as they can be read, and notes of
// what was left out.
#include "formats/dot/caption.h"
#include "formats/dot/views.h"
#include "tracer/dims.h"

enum { MOST_LABELS = 1200, MOST_SYMBOLS = 4, FAR = 15000 };

static const char *const heats[] = {
#define X(name, text, what) what,
    GCUT_HEAT_LIST(X)
#undef X
};

void gcut__view_note(gcut__drawing *d, const char *note) {
  d->note = d->note && *d->note ? gcut__caption_format(d->arena, "%s; %s", d->note, note) : note;
}

// Boxes are in the order of their nodes. Where links go far, all together, no order keeps them
// apart, frames and labels could not be followed, and Graphviz takes minutes to place them; models
// of a thousand links stay below two thirds of FAR.
static bool is_thicket(const gcut__drawing *d) {
  uint64_t far = 0;
  for (uint32_t i = 0; i < d->n_links; i++) {
    uint32_t a = d->links[i].from, b = d->links[i].to;
    far += a < b ? b - a : a - b;
  }
  return far > FAR;
}

static void clear_thicket(gcut__drawing *d) {
  bool has_frames = d->n_groups > 0;
  d->is_thicket = is_thicket(d);
  if (!d->is_thicket) return;
  d->n_groups = 0;
  for (uint32_t i = 0; i < d->n_boxes; i++) d->boxes[i].group = GCUT_NONE;
  for (uint32_t i = 0; i < d->n_links; i++) d->links[i].label = NULL;
  gcut__view_note(d, has_frames ? "links without labels, modules without frames: too many to follow"
                                : "links without their labels: too many to read");
}

// So many labels are neither read nor laid out in reasonable time; tooltips say the same.
static void limit_labels(gcut__drawing *d) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < d->n_links; i++) n += d->links[i].label != NULL;
  if (n <= MOST_LABELS) return;
  for (uint32_t i = 0; i < d->n_links; i++) d->links[i].label = NULL;
  gcut__view_note(d, "links without their labels: too many to read");
}

// The symbols that inputs have for sizes, as --set takes them: "batch=N,seq=N".
static const char *symbols_of_inputs(const gcut__material *m, gcut_arena *arena) {
  const gcut_trace *trace = m->trace;
  const gcut_body *body = &trace->graph->bodies[0];
  uint32_t seen[MOST_SYMBOLS], n = 0;
  const char *text = "";
  for (uint32_t i = 0; i < body->n_inputs; i++) {
    const gcut_type *type = &trace->facts[body->inputs[i]].type;
    for (int k = 0; k < type->rank && n < MOST_SYMBOLS; k++) {
      uint32_t symbol = gcut_dim_symbol_number(trace->dims, type->dims[k]), at = 0;
      while (at < n && seen[at] != symbol) at++;
      if (symbol == GCUT_NONE || at < n) continue;
      seen[n++] = symbol;
      text = gcut__caption_format(
          arena, "%s%s%s=N", text, n > 1 ? "," : "",
          gcut__caption_name(arena, gcut_dims_symbol_name(trace->dims, symbol), 24));
    }
  }
  return text;
}

// Why there are shapes without bytes.
static void note_symbols(const gcut__material *m, gcut__drawing *d) {
  const char *symbols = symbols_of_inputs(m, d->arena);
  if (symbols && *symbols)
    gcut__view_note(
        d, gcut__caption_format(d->arena, "bytes and compute a batch: with --set %s", symbols));
}

void gcut__view_finish(const gcut__material *m, gcut__drawing *d) {
  gcut_heat by = m->options->by;
  gcut__drawing_merge_groups(d);
  if (m->plan && !d->is_pipeline) gcut__view_membership(m, d);
  clear_thicket(d);
  limit_labels(d);
  gcut__drawing_shorten(d);
  if (m->other.plan) d->other = "the other plan";
  if (d->n_left_out)
    gcut__view_note(d,
                    gcut__caption_format(d->arena, "%s links and values left out: too many to read",
                                         gcut__caption_count(d->arena, d->n_left_out)));
  if (by == GCUT_HEAT_NONE) {
    note_symbols(m, d);
    return;
  }
  d->by = by;
  for (uint32_t i = 0; i < d->n_boxes; i++)
    if (d->boxes[i].heat[by] > d->hottest) d->hottest = d->boxes[i].heat[by];
  if (d->hottest > 0)
    d->heat_title = gcut__caption_format(d->arena, "%s, up to %s", heats[by],
                                         gcut__caption_heat(d->arena, by, d->hottest));
  else
    gcut__view_note(
        d, gcut__caption_format(d->arena, "no %s known: give sizes with --set", heats[by]));
}
