// Titles of frames. Graphviz draws frames, then what is in them: a line that enters at the top is
// drawn over the title. Nodes can be drawn last, and one may carry a second label wherever that
// stands: so titles, on a ground of the page's colour, are handed to nodes that are labels of links
// and have none. Titles that are links stay where they are; so do those for which no node is left.
#include "formats/dot/canvas.h"

uint32_t gcut__canvas_lift_titles(gcut__canvas *c, gcut__lifted *out_lifted) {
  uint32_t n = 0, link = 0;
  for (uint32_t i = 0; i < c->d->n_groups; i++) {
    const gcut__box_group *group = &c->d->groups[i];
    while (link < c->d->n_links && !c->labels[link]) link++;
    if (link == c->d->n_links) break;
    if (group->merged || group->url || !GD_label(c->groups[i])) continue;
    Agnode_t *node = c->labels[link++];
    ND_xlabel(node) = GD_label(c->groups[i]);
    GD_label(c->groups[i]) = NULL;
    out_lifted[n++] = (gcut__lifted){c->groups[i], node};
  }
  return n;
}

void gcut__canvas_lower_titles(const gcut__lifted *lifted, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    GD_label(lifted[i].group) = ND_xlabel(lifted[i].node);
    ND_xlabel(lifted[i].node) = NULL;
  }
}
