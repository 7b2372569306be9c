// What all views end with: groups that became one, labels as far as they can be read, and notes of
// what was left out.
#include "formats/dot/caption.h"
#include "formats/dot/views.h"

enum { MOST_LABELS = 1200 };

static const char *const heats[] = {
#define X(name, text, what) what,
    GCUT_HEAT_LIST(X)
#undef X
};

void gcut__view_note(gcut__drawing *d, const char *note) {
  d->note = d->note && *d->note ? gcut__caption_format(d->arena, "%s; %s", d->note, note) : note;
}

// So many labels are neither read nor laid out in reasonable time; tooltips say the same.
static void limit_labels(gcut__drawing *d) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < d->n_links; i++) n += d->links[i].label != NULL;
  if (n <= MOST_LABELS) return;
  for (uint32_t i = 0; i < d->n_links; i++) d->links[i].label = NULL;
  gcut__view_note(d, "links without their labels: too many to read");
}

void gcut__view_finish(const gcut__material *m, gcut__drawing *d) {
  gcut_heat by = m->options->by;
  gcut__drawing_merge_groups(d);
  limit_labels(d);
  if (m->other.plan) d->other = "the other plan";
  if (d->n_left_out)
    gcut__view_note(d,
                    gcut__caption_format(d->arena, "%s links and values left out: too many to read",
                                         gcut__caption_count(d->arena, d->n_left_out)));
  if (by == GCUT_HEAT_NONE) return;
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
