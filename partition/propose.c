// Targets that a graph suggests: what repeats.
//
// Modules are grouped by class and, where exporters leave only names, by path with its numbers
// taken out ("layers.0", "layers.1": re:layers\.\d+$). A group of at least two modules, nested ones
// not counted, is a candidate. They are weighed by the nodes that compute with weights. First come
// blocks: of about equal weight, and before which no more values pass than pass anyway around what
// they are in, as along a residual stream; of these, and of the others behind them, those that
// cover most: so the outermost repeated block leads, its attention and feed-forward follow, experts
// of a mixture further down. A few stages, and modules that are no stack, give way to the blocks
// within them. Blocks side by side (vision and language layers of one model, layers of two kinds in
// one stack) are also proposed together, ahead of all. A graph without modules is searched for
// repeated structure (blocks.c).
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graphcut/plan.h"
#include "partition/blocks.h"
#include "partition/proposer.h"
#include "partition/targets.h"
#include "tracer/base/error.h"

enum { MOST_PROPOSALS = 16, MOST_STAGES = 5 };

static gcut_status allocate(gcut__proposer *p, gcut_error *err) {
  uint32_t n = p->graph->n_scopes;
  p->floor = GCUT_NEW_ARRAY(p->scratch, uint32_t, n);
  p->labels = GCUT_NEW_ARRAY(p->scratch, gcut__labelled, n);
  p->members = GCUT_NEW_ARRAY(p->scratch, uint32_t, n);
  p->items = GCUT_NEW_ARRAY(p->scratch, gcut__candidate, n);
  return p->floor && p->labels && p->members && p->items ? GCUT_OK : GCUT_NO_MEMORY(err);
}

// ---- labels -----------------------------------------------------------------------------------

// Where a number ends that begins at `c`, with the letter that counts on in it ("3a", "3b", at the
// end of a name); NULL where none begins.
static const char *number_end(const char *path, const char *c) {
  if (!isdigit((unsigned char)*c) || (c > path && isdigit((unsigned char)c[-1]))) return NULL;
  return c + strspn(c, "0123456789");
}

static bool is_counting_letter(const char *c) {
  return islower((unsigned char)c[0]) && (c[1] == 0 || c[1] == '.');
}

const char *gcut__number_pattern(gcut__proposer *p, const char *path) {
  char text[512];
  size_t used = (size_t)snprintf(text, sizeof text, "re:");
  bool numbered = false;
  for (const char *c = path, *end; *c; c++) {
    if (used > sizeof text - 12) return NULL;
    if ((end = number_end(path, c))) {
      bool letter = is_counting_letter(end);
      used += (size_t)snprintf(text + used, sizeof text - used, "\\d+%s", letter ? "[a-z]" : "");
      c = end - !letter;
      numbered = true;
      continue;
    }
    if (!isalnum((unsigned char)*c) && *c != '_' && (unsigned char)*c < 0x80) text[used++] = '\\';
    text[used++] = *c;
  }
  text[used++] = '$';
  return numbered ? gcut_intern_add(p->names, text, used) : NULL;
}

static int by_label(const void *a, const void *b) {
  const gcut__labelled *x = a, *y = b;
  if (x->label != y->label) return (uintptr_t)x->label < (uintptr_t)y->label ? -1 : 1;
  return x->place < y->place ? -1 : x->place > y->place;
}

static void label_scopes(gcut__proposer *p) {
  const gcut_graph *g = p->graph;
  for (uint32_t s = 1; s < g->n_scopes; s++) {
    const char *class_name = g->scopes[s].class_name;
    if (!p->of.computes[s]) continue;
    const char *label = *class_name ? gcut_intern_add(p->names, class_name, strlen(class_name))
                                    : gcut__number_pattern(p, g->scopes[s].path);
    if (label) p->labels[p->n_labels++] = (gcut__labelled){label, s, p->of.place[s]};
  }
  qsort(p->labels, p->n_labels, sizeof *p->labels, by_label);
}

// ---- candidates -------------------------------------------------------------------------------

static void rank_size(gcut__candidate *c, uint32_t n_nodes) {
  bool largest = n_nodes > c->n_largest;
  if (largest || n_nodes > c->n_next) c->n_next = largest ? c->n_largest : n_nodes;
  if (largest) c->n_largest = n_nodes;
}

static void add_candidate(gcut__proposer *p, uint32_t from, uint32_t to) {
  gcut__candidate *c = &p->items[p->n++];
  *c = (gcut__candidate){
      .target = p->labels[from].label, .first = p->n_members, .place = p->labels[from].place};
  uint32_t end = 0; // of the last one kept: what begins before it is nested
  for (uint32_t i = from; i < to; i++) {
    uint32_t scope = p->labels[i].scope;
    if (p->of.place[scope] < end) continue;
    end = p->of.place[scope] + p->of.size[scope];
    p->members[p->n_members++] = scope;
    c->n++;
    c->n_nodes += p->of.nodes[scope];
    c->n_counting += p->of.nodes[scope] > 0;
    rank_size(c, p->of.nodes[scope]);
  }
  if (c->n_nodes == 0) p->n--, p->n_members = c->first;
}

static bool about_equal(uint64_t n, uint64_t n_nodes, uint64_t n_largest) {
  return 4 * n_largest * n < 5 * n_nodes;
}

bool gcut__is_uniform(const gcut__candidate *c) {
  uint64_t rest = c->n_nodes - c->n_largest, n = c->n_counting;
  if (about_equal(n, c->n_nodes, c->n_largest)) return true;
  return n > 2 && c->n_largest * (n - 1) <= 2 * rest && about_equal(n - 1, rest, c->n_next);
}

bool gcut__is_narrow(const gcut__candidate *c) {
  return 4 * (uint64_t)c->n_passing <= c->n_counting;
}

// How much of a row of blocks it is: those of equal size, or of which none is twice as large as
// others are, if they are narrow, more than an operation each, and no mere corner of the graph.
static int rank(const gcut__candidate *c, uint32_t n_counting) {
  uint64_t rest = c->n_nodes - c->n_largest, n = c->n_counting;
  bool block = gcut__is_narrow(c) && c->n_largest > 1 && 4 * (uint64_t)c->n_nodes >= n_counting;
  if (block && gcut__is_uniform(c)) return 3;
  if (block && n > 2 && c->n_largest * (n - 1) <= 2 * rest) return 2;
  return gcut__is_uniform(c);
}

// What passes beside members is known once it is known what is repeated.
static void find_floors(gcut__proposer *p) {
  const gcut_graph *g = p->graph;
  memset(p->floor, 0xff, g->n_scopes * sizeof *p->floor);
  for (uint32_t i = 0; i < p->n; i++)
    for (uint32_t k = 0; k < p->items[i].n && p->items[i].n > 1; k++) {
      uint32_t s = p->members[p->items[i].first + k];
      p->floor[s] = p->of.entry[s] > p->of.exit[s] ? p->of.entry[s] : p->of.exit[s];
    }
  for (uint32_t s = 1; s < g->n_scopes; s++)
    if (p->floor[g->scopes[s].parent] < p->floor[s]) p->floor[s] = p->floor[g->scopes[s].parent];
}

static void rank_candidates(gcut__proposer *p) {
  find_floors(p);
  for (uint32_t i = 0; i < p->n; i++) {
    gcut__candidate *c = &p->items[i];
    for (uint32_t k = c->first; k < c->first + c->n; k++) {
      uint32_t s = p->members[k];
      if (p->of.nodes[s] > 0 && p->of.entry[s] > p->floor[s])
        c->n_passing += p->of.entry[s] - p->floor[s];
    }
    c->rank = rank(c, p->of.n_counting);
  }
}

static int by_worth(const void *a, const void *b) {
  const gcut__candidate *x = a, *y = b;
  if ((x->n > 1) != (y->n > 1)) return x->n > 1 ? -1 : 1;
  if (x->rank != y->rank) return x->rank > y->rank ? -1 : 1;
  if (x->n_nodes != y->n_nodes) return x->n_nodes > y->n_nodes ? -1 : 1;
  return x->place < y->place ? -1 : x->place > y->place;
}

// Whether some follow one another in a stack: by their numbered paths.
static bool stacked(gcut__proposer *p, const gcut__candidate *c) {
  const char *last = NULL;
  for (uint32_t i = 0; i < c->n; i++) {
    const char *pattern = gcut__number_pattern(p, p->graph->scopes[p->members[c->first + i]].path);
    if (pattern && pattern == last) return true;
    last = pattern;
  }
  return false;
}

// Whether every member of one lies in a member of the other.
static bool within(const gcut__proposer *p, const gcut__candidate *inner,
                   const gcut__candidate *outer) {
  for (uint32_t i = 0, o = 0; i < inner->n; i++) {
    uint32_t place = p->of.place[p->members[inner->first + i]];
    while (o < outer->n &&
           p->of.place[p->members[outer->first + o]] + p->of.size[p->members[outer->first + o]] <=
               place)
      o++;
    if (o == outer->n || place < p->of.place[p->members[outer->first + o]]) return false;
  }
  return true;
}

// Stages, and a few of a kind here and there as the encoders of texts and of images, give way to
// the stacks that nearly all of them consists of.
static bool leads_better(gcut__proposer *p, const gcut__candidate *c, const gcut__candidate *lead) {
  return lead->n <= MOST_STAGES && c->n >= 2 * lead->n && c->rank > 1 &&
         4 * (uint64_t)c->n_nodes >= 3 * (uint64_t)lead->n_nodes && within(p, c, lead) &&
         stacked(p, c);
}

// Layers of two kinds, which nothing but a class would tell apart, are less alike than what each
// has one of within: they lead nevertheless.
static bool is_around(gcut__proposer *p, const gcut__candidate *c, const gcut__candidate *lead) {
  return c->rank == 2 && c->n >= lead->n && c->n <= lead->n + 1 && c->n_nodes > lead->n_nodes &&
         within(p, lead, c) && stacked(p, c);
}

static void lead_with_stacks(gcut__proposer *p) {
  for (uint32_t i = 1; i < p->n && p->items[0].n > 1; i++) {
    const gcut__candidate c = p->items[i];
    if (!leads_better(p, &c, &p->items[0]) && !is_around(p, &c, &p->items[0])) continue;
    memmove(p->items + 1, p->items, i * sizeof *p->items);
    p->items[0] = c;
  }
}

static void find_candidates(gcut__proposer *p) {
  for (uint32_t from = 0, to; from < p->n_labels; from = to) {
    to = from + 1;
    while (to < p->n_labels && p->labels[to].label == p->labels[from].label) to++;
    add_candidate(p, from, to);
  }
  if (p->n == 0) return;
  rank_candidates(p);
  qsort(p->items, p->n, sizeof *p->items, by_worth);
  lead_with_stacks(p);
}

// ---- what is handed out -----------------------------------------------------------------------

// A class by its short name, unless another class has the same.
static const char *target_text(const gcut__proposer *p, const gcut__candidate *c) {
  const char *text = gcut__short_class(c->target);
  if (!strncmp(c->target, "re:", 3)) return c->target;
  for (uint32_t i = 0; i < p->n; i++)
    if (p->items[i].target != c->target && strncmp(p->items[i].target, "re:", 3) &&
        !strcmp(gcut__short_class(p->items[i].target), text))
      return c->target;
  return text;
}

static gcut_status hand_out(gcut__proposer *p, const gcut__together *t, gcut_proposals *out,
                            gcut_error *err) {
  out->items = GCUT_NEW_ARRAY(p->arena, gcut_proposal, MOST_PROPOSALS);
  if (!out->items) return GCUT_NO_MEMORY(err);
  const char *text = "";
  for (uint32_t i = 0; t->n > 1 && i < t->n && text; i++)
    text = gcut_arena_format(p->arena, "%s%s%s", text, i ? "," : "", target_text(p, t->items[i]));
  if (!text) return GCUT_NO_MEMORY(err);
  if (t->n > 1) out->items[out->n++] = (gcut_proposal){text, t->n_matches};
  for (uint32_t i = 0; i < p->n && p->items[i].n > 1 && out->n < MOST_PROPOSALS; i++) {
    text = target_text(p, &p->items[i]);
    text = gcut_arena_string(p->arena, text, strlen(text));
    if (!text) return GCUT_NO_MEMORY(err);
    out->items[out->n++] = (gcut_proposal){text, p->items[i].n};
  }
  return GCUT_OK;
}

// Where neither classes nor numbers tell anything, the structure may.
static gcut_status propose_blocks(gcut__proposer *p, gcut_proposals *out, gcut_error *err) {
  const char *target;
  uint32_t n;
  GCUT_TRY(gcut__propose_blocks(&p->of.passing, p->scratch, p->arena, &target, &n, err));
  if (!target) return GCUT_OK;
  out->items = GCUT_NEW(p->arena, gcut_proposal);
  if (!out->items) return GCUT_NO_MEMORY(err);
  out->items[out->n++] = (gcut_proposal){target, n};
  return GCUT_OK;
}

static gcut_status propose(gcut__proposer *p, gcut_proposals *out, gcut_error *err) {
  gcut__together t;
  GCUT_TRY(allocate(p, err));
  GCUT_TRY(gcut__modules_open(p->graph, p->scratch, &p->of, err));
  label_scopes(p);
  find_candidates(p);
  if (p->n == 0 || p->items[0].n < 2) return propose_blocks(p, out, err);
  GCUT_TRY(gcut__choose_together(p, &t, err));
  return hand_out(p, &t, out, err);
}

static gcut_status propose_structure(gcut__proposer *p, gcut_proposals *out, gcut_error *err) {
  GCUT_TRY(gcut__modules_open(p->graph, p->scratch, &p->of, err));
  return propose_blocks(p, out, err);
}

static gcut_status propose_by(gcut_status (*find)(gcut__proposer *, gcut_proposals *, gcut_error *),
                              const gcut_graph *graph, gcut_proposals *out, gcut_error *err) {
  *out = (gcut_proposals){.arena = gcut_arena_create()};
  gcut__proposer p = {.graph = graph, .arena = out->arena, .scratch = gcut_arena_create()};
  if (p.scratch) p.names = gcut_intern_create(p.scratch);
  gcut_status status = p.arena && p.names ? find(&p, out, err) : GCUT_NO_MEMORY(err);
  if (gcut_intern_out_of_memory(p.names)) status = GCUT_NO_MEMORY(err);
  gcut_intern_destroy(p.names);
  gcut_arena_destroy(p.scratch);
  if (status != GCUT_OK) gcut_proposals_free(out);
  return status;
}

gcut_status gcut_propose_targets(const gcut_graph *graph, gcut_proposals *out, gcut_error *err) {
  return propose_by(propose, graph, out, err);
}

gcut_status gcut__propose_structure(const gcut_graph *graph, gcut_proposals *out, gcut_error *err) {
  return propose_by(propose_structure, graph, out, err);
}

void gcut_proposals_free(gcut_proposals *proposals) {
  gcut_arena_destroy(proposals->arena);
  *proposals = (gcut_proposals){0};
}
