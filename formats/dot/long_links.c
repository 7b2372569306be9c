// Leaves out the longest links of a drawing, where all are too long to be laid out.
//
// Graphviz puts a node of its own on every rank that a link passes. With them its time grows faster
// than with their square, and its recursion as deep as they are many: 400 boxes in a row that all
// link to the last overran the stack. So their number is found before any layout, from ranks as
// longest paths give them: a box is one rank below the last of those that link to it.
#include <stdlib.h>

#include "formats/dot/drawing.h"

enum { MOST_PASSED = 8000 }; // ranks, by all links together

typedef struct length {
  uint32_t link, passed; // ranks between its ends
} length;

// What makes a value is drawn before it; what reads one comes before it, too, as inputs come last.
static bool is_of_input(const gcut__drawing *d, const gcut__link *link) {
  return link->from > link->to && d->boxes[link->from].shape == GCUT__BOX_VALUE;
}

// Boxes stand in the order of their first nodes, so few rounds do. Links that go back are what
// Graphviz turns round.
static void find_ranks(const gcut__drawing *d, uint32_t *ranks) {
  for (bool changed = true; changed;) {
    changed = false;
    for (const gcut__link *link = d->links; link < d->links + d->n_links; link++) {
      if (link->from >= link->to || ranks[link->to] > ranks[link->from]) continue;
      ranks[link->to] = ranks[link->from] + 1;
      changed = true;
    }
  }
}

// An input stands above the first of its readers.
static void place_inputs(const gcut__drawing *d, uint32_t *ranks) {
  for (uint32_t i = 0; i < d->n_links; i++)
    if (is_of_input(d, &d->links[i])) ranks[d->links[i].from] = UINT32_MAX;
  for (uint32_t i = 0; i < d->n_links; i++) {
    uint32_t *rank = &ranks[d->links[i].from], reader = ranks[d->links[i].to];
    if (is_of_input(d, &d->links[i]) && reader < *rank) *rank = reader;
  }
}

static int by_length(const void *a, const void *b) {
  const length *x = a, *y = b;
  if (x->passed != y->passed) return x->passed < y->passed ? 1 : -1;
  return (x->link > y->link) - (x->link < y->link);
}

static uint64_t measure(const gcut__drawing *d, const uint32_t *ranks, length *lengths) {
  uint64_t sum = 0;
  uint32_t each = 1;
  for (uint32_t i = 0; i < d->n_links; i++)
    if (d->links[i].label) each = 2; // labels have ranks, too
  for (uint32_t i = 0; i < d->n_links; i++) {
    uint32_t from = ranks[d->links[i].from], to = ranks[d->links[i].to];
    lengths[i] = (length){i, (from < to ? to - from : from - to) * each};
    sum += lengths[i].passed;
  }
  return sum;
}

void gcut__drawing_shorten(gcut__drawing *d) {
  uint32_t *ranks = GCUT_NEW_ARRAY(d->arena, uint32_t, d->n_boxes + 1u), kept = 0;
  length *lengths = GCUT_NEW_ARRAY(d->arena, length, d->n_links + 1u);
  bool *left_out = GCUT_NEW_ARRAY(d->arena, bool, d->n_links + 1u);
  if (!ranks || !lengths || !left_out) return; // the arena tells
  find_ranks(d, ranks);
  place_inputs(d, ranks);
  uint64_t passed = measure(d, ranks, lengths);
  if (passed <= MOST_PASSED) return;
  qsort(lengths, d->n_links, sizeof *lengths, by_length);
  for (uint32_t i = 0; passed > MOST_PASSED; i++) {
    passed -= lengths[i].passed;
    left_out[lengths[i].link] = true;
    d->n_left_out++;
  }
  for (uint32_t i = 0; i < d->n_links; i++)
    if (!left_out[i]) d->links[kept++] = d->links[i];
  d->n_links = kept;
}
