// Targets that a graph suggests: what repeats.
//
// Modules are grouped by class and, where exporters leave only names, by path with its numbers
// taken out ("layers.0", "layers.1": re:layers\.\d+$). A group of at least two modules, nested ones
// not counted, is a candidate; those of about equal size come first, then those that cover most
// nodes: so the outermost repeated block leads, its attention and feed-forward follow, experts of
// a mixture further down. Modules that are no stack give way to stacks within them. Blocks side by
// side (vision and language layers of one model, layers of two kinds in one stack) are also
// proposed together, ahead of all. A graph without modules is searched for repeated structure
// (blocks.c).
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graphcut/plan.h"
#include "partition/blocks.h"
#include "partition/targets.h"
#include "tracer/base/error.h"
#include "tracer/base/intern.h"

enum { MOST_PROPOSALS = 16 };

typedef struct candidate {
  const char *target;         // as --targets takes it
  uint32_t first, n;          // into members: scopes, ascending, none inside another
  uint32_t n_nodes;           // under all of them
  uint32_t n_largest, n_next; // under the largest; under the largest of the others
  uint32_t place;             // of the first: settles ties
} candidate;

typedef struct labelled { // a scope and what it is grouped by, interned
  const char *label;
  uint32_t scope, place;
} labelled;

typedef struct proposer {
  const gcut_graph *graph;
  gcut_arena *scratch, *arena; // the second: of what is handed out
  gcut_intern *names;
  uint32_t *nodes;        // [n_scopes] nodes that compute, at or under it
  uint32_t *size, *place; // [n_scopes] of its subtree; in preorder: a subtree is a range of places
  labelled *labels;
  uint32_t n_labels;
  uint32_t *members, n_members;
  candidate *items;
  uint32_t n;
} proposer;

static gcut_status allocate(proposer *p, gcut_error *err) {
  uint32_t n = p->graph->n_scopes;
  p->nodes = GCUT_NEW_ARRAY(p->scratch, uint32_t, n);
  p->size = GCUT_NEW_ARRAY(p->scratch, uint32_t, n);
  p->place = GCUT_NEW_ARRAY(p->scratch, uint32_t, n);
  p->labels = GCUT_NEW_ARRAY(p->scratch, labelled, n);
  p->members = GCUT_NEW_ARRAY(p->scratch, uint32_t, n);
  p->items = GCUT_NEW_ARRAY(p->scratch, candidate, n);
  return p->nodes && p->size && p->place && p->labels && p->members && p->items
             ? GCUT_OK
             : GCUT_NO_MEMORY(err);
}

// Constants and what folds with them are no work; a node without inputs is one.
static void count_nodes(proposer *p) {
  const gcut_graph *g = p->graph;
  for (uint32_t i = 0; i < g->bodies[0].n_nodes; i++) {
    const gcut_node *node = &g->nodes[g->bodies[0].nodes[i]];
    p->nodes[node->scope] += gcut_node_n_reads(node) > 0;
  }
  for (uint32_t s = g->n_scopes; s-- > 1;) p->nodes[g->scopes[s].parent] += p->nodes[s];
}

// Scopes are numbered after their parents, so sizes add up backwards and places follow forwards.
static gcut_status lay_out(proposer *p, gcut_error *err) {
  const gcut_graph *g = p->graph;
  uint32_t *next = GCUT_NEW_ARRAY(p->scratch, uint32_t, g->n_scopes);
  if (!next) return GCUT_NO_MEMORY(err);
  for (uint32_t s = g->n_scopes; s-- > 0;) {
    p->size[s]++;
    if (s > 0) p->size[g->scopes[s].parent] += p->size[s];
  }
  for (uint32_t s = 0; s < g->n_scopes; s++) {
    uint32_t *from = s > 0 ? &next[g->scopes[s].parent] : NULL;
    p->place[s] = from ? *from : 0;
    if (from) *from += p->size[s];
    next[s] = p->place[s] + 1;
  }
  return GCUT_OK;
}

// ---- labels -----------------------------------------------------------------------------------

// "re:" and the path as a pattern, its numbers made \d+; NULL where it has none.
static const char *number_pattern(proposer *p, const char *path) {
  char text[512];
  size_t used = (size_t)snprintf(text, sizeof text, "re:");
  bool numbered = false;
  for (const char *c = path; *c; c++) {
    if (used > sizeof text - 8) return NULL;
    bool starts = c == path || strchr("._", c[-1]);
    size_t digits = strspn(c, "0123456789");
    if (starts && digits > 0 && (c[digits] == 0 || strchr("._", c[digits]))) {
      used += (size_t)snprintf(text + used, sizeof text - used, "\\d+");
      c += digits - 1;
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
  const labelled *x = a, *y = b;
  if (x->label != y->label) return (uintptr_t)x->label < (uintptr_t)y->label ? -1 : 1;
  return x->place < y->place ? -1 : x->place > y->place;
}

static void label_scopes(proposer *p) {
  const gcut_graph *g = p->graph;
  for (uint32_t s = 1; s < g->n_scopes; s++) {
    const char *class_name = g->scopes[s].class_name;
    if (p->nodes[s] == 0) continue;
    const char *label = *class_name ? gcut_intern_add(p->names, class_name, strlen(class_name))
                                    : number_pattern(p, g->scopes[s].path);
    if (label) p->labels[p->n_labels++] = (labelled){label, s, p->place[s]};
  }
  qsort(p->labels, p->n_labels, sizeof *p->labels, by_label);
}

// ---- candidates -------------------------------------------------------------------------------

static void rank_size(candidate *c, uint32_t n_nodes) {
  bool largest = n_nodes > c->n_largest;
  if (largest || n_nodes > c->n_next) c->n_next = largest ? c->n_largest : n_nodes;
  if (largest) c->n_largest = n_nodes;
}

static void add_candidate(proposer *p, uint32_t from, uint32_t to) {
  candidate *c = &p->items[p->n++];
  *c = (candidate){.target = p->labels[from].label, .first = p->n_members};
  uint32_t end = 0; // of the last one kept: what begins before it is nested
  for (uint32_t i = from; i < to; i++) {
    uint32_t scope = p->labels[i].scope;
    if (p->place[scope] < end) continue;
    end = p->place[scope] + p->size[scope];
    p->members[p->n_members++] = scope;
    c->n++;
    c->n_nodes += p->nodes[scope];
    rank_size(c, p->nodes[scope]);
  }
}

static bool about_equal(uint64_t n, uint64_t n_nodes, uint64_t n_largest) {
  return 4 * n_largest * n <= 5 * n_nodes;
}

// Of about equal size; one of them, as the layer whose table of positions all others read, may be
// up to twice as large.
static bool uniform(const candidate *c) {
  uint64_t rest = c->n_nodes - c->n_largest;
  if (about_equal(c->n, c->n_nodes, c->n_largest)) return true;
  return c->n > 2 && (uint64_t)c->n_largest * (c->n - 1) <= 2 * rest &&
         about_equal(c->n - 1, rest, c->n_next);
}

static int by_worth(const void *a, const void *b) {
  const candidate *x = a, *y = b;
  if ((x->n > 1) != (y->n > 1)) return x->n > 1 ? -1 : 1;
  if (uniform(x) != uniform(y)) return uniform(x) ? -1 : 1;
  if (x->n_nodes != y->n_nodes) return x->n_nodes > y->n_nodes ? -1 : 1;
  return x->place < y->place ? -1 : x->place > y->place;
}

// Whether some follow one another in a stack: by their numbered paths.
static bool stacked(proposer *p, const candidate *c) {
  const char *last = NULL;
  for (uint32_t i = 0; i < c->n; i++) {
    const char *pattern = number_pattern(p, p->graph->scopes[p->members[c->first + i]].path);
    if (pattern && pattern == last) return true;
    last = pattern;
  }
  return false;
}

// Whether every member of one lies in a member of the other.
static bool within(const proposer *p, const candidate *inner, const candidate *outer) {
  for (uint32_t i = 0, o = 0; i < inner->n; i++) {
    uint32_t place = p->place[p->members[inner->first + i]];
    while (o < outer->n &&
           p->place[p->members[outer->first + o]] + p->size[p->members[outer->first + o]] <= place)
      o++;
    if (o == outer->n || place < p->place[p->members[outer->first + o]]) return false;
  }
  return true;
}

// A few of a kind here and there, as the encoders of texts and of images, give way to the stacks
// that nearly all of them consists of.
static void lead_with_stacks(proposer *p) {
  const candidate lead = p->items[0];
  if (lead.n < 2 || stacked(p, &lead)) return;
  for (uint32_t i = 1; i < p->n; i++) {
    const candidate c = p->items[i];
    if (c.n < 2 * lead.n || !uniform(&c) || 4 * (uint64_t)c.n_nodes < 3 * (uint64_t)lead.n_nodes ||
        !within(p, &c, &lead) || !stacked(p, &c))
      continue;
    memmove(p->items + 1, p->items, i * sizeof *p->items);
    p->items[0] = c;
    return;
  }
}

static void find_candidates(proposer *p) {
  for (uint32_t from = 0, to; from < p->n_labels; from = to) {
    to = from + 1;
    while (to < p->n_labels && p->labels[to].label == p->labels[from].label) to++;
    add_candidate(p, from, to);
    p->items[p->n - 1].place = p->labels[from].place;
  }
  if (p->n == 0) return;
  qsort(p->items, p->n, sizeof *p->items, by_worth);
  lead_with_stacks(p);
}

// ---- blocks side by side ----------------------------------------------------------------------

enum { MOST_TOGETHER = 6 };

typedef struct together {
  const candidate *items[MOST_TOGETHER];
  uint32_t n, n_matches;
  bool *inside;     // [n_scopes] by place: in a module chosen
  uint32_t *before; // [n_scopes + 1] by place: modules chosen that begin before
} together;

static void choose(const proposer *p, together *t, const candidate *c) {
  uint32_t n_scopes = p->graph->n_scopes;
  for (uint32_t i = 0; i < n_scopes; i++) t->before[i] = t->before[i + 1] - t->before[i];
  for (uint32_t i = 0; i < c->n; i++) {
    uint32_t scope = p->members[c->first + i];
    t->before[p->place[scope]] = 1;
    memset(t->inside + p->place[scope], true, p->size[scope]);
  }
  for (uint32_t i = 0, sum = 0; i <= n_scopes; i++) {
    uint32_t begins = i < n_scopes ? t->before[i] : 0;
    t->before[i] = sum;
    sum += begins;
  }
  t->items[t->n++] = c;
  t->n_matches += c->n;
}

static bool disjoint(const proposer *p, const together *t, const candidate *c) {
  for (uint32_t i = 0; i < c->n; i++) {
    uint32_t scope = p->members[c->first + i], place = p->place[scope];
    if (t->inside[place] || t->before[place + p->size[scope]] > t->before[place]) return false;
  }
  return true;
}

// Whether it repeats blocks about as large as the first's, or is of the same stack: by its numbered
// path.
static bool fits(proposer *p, const together *t, const candidate *c) {
  const candidate *first = t->items[0];
  if (c->n > 1 && uniform(c))
    return 3 * (uint64_t)c->n_nodes * first->n >= (uint64_t)first->n_nodes * c->n;
  const char *pattern = number_pattern(p, p->graph->scopes[p->members[c->first]].path);
  for (uint32_t i = 0; pattern && c->n == 1 && i < t->n; i++)
    if (number_pattern(p, p->graph->scopes[p->members[t->items[i]->first]].path) == pattern)
      return true;
  return false;
}

static gcut_status choose_together(proposer *p, together *t, gcut_error *err) {
  *t = (together){.inside = GCUT_NEW_ARRAY(p->scratch, bool, p->graph->n_scopes),
                  .before = GCUT_NEW_ARRAY(p->scratch, uint32_t, (size_t)p->graph->n_scopes + 1)};
  if (!t->inside || !t->before) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < p->n && t->n < MOST_TOGETHER; i++)
    if (t->n == 0 || (disjoint(p, t, &p->items[i]) && fits(p, t, &p->items[i])))
      choose(p, t, &p->items[i]);
  return GCUT_OK;
}

// ---- what is handed out -----------------------------------------------------------------------

// A class by its short name, unless another class has the same.
static const char *target_text(const proposer *p, const candidate *c) {
  const char *text = gcut__short_class(c->target);
  if (!strncmp(c->target, "re:", 3)) return c->target;
  for (uint32_t i = 0; i < p->n; i++)
    if (p->items[i].target != c->target && strncmp(p->items[i].target, "re:", 3) &&
        !strcmp(gcut__short_class(p->items[i].target), text))
      return c->target;
  return text;
}

static gcut_status hand_out(proposer *p, const together *t, gcut_proposals *out, gcut_error *err) {
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
static gcut_status propose_blocks(proposer *p, gcut_proposals *out, gcut_error *err) {
  const char *target;
  uint32_t n;
  GCUT_TRY(gcut__propose_blocks(p->graph, p->scratch, p->arena, &target, &n, err));
  if (!target) return GCUT_OK;
  out->items = GCUT_NEW(p->arena, gcut_proposal);
  if (!out->items) return GCUT_NO_MEMORY(err);
  out->items[out->n++] = (gcut_proposal){target, n};
  return GCUT_OK;
}

static gcut_status propose(proposer *p, gcut_proposals *out, gcut_error *err) {
  together t;
  GCUT_TRY(allocate(p, err));
  count_nodes(p);
  GCUT_TRY(lay_out(p, err));
  label_scopes(p);
  find_candidates(p);
  if (p->n == 0 || p->items[0].n < 2) return propose_blocks(p, out, err);
  GCUT_TRY(choose_together(p, &t, err));
  return hand_out(p, &t, out, err);
}

gcut_status gcut_propose_targets(const gcut_graph *graph, gcut_proposals *out, gcut_error *err) {
  *out = (gcut_proposals){.arena = gcut_arena_create()};
  proposer p = {.graph = graph, .arena = out->arena, .scratch = gcut_arena_create()};
  if (p.scratch) p.names = gcut_intern_create(p.scratch);
  gcut_status status = p.arena && p.names ? propose(&p, out, err) : GCUT_NO_MEMORY(err);
  if (gcut_intern_out_of_memory(p.names)) status = GCUT_NO_MEMORY(err);
  gcut_intern_destroy(p.names);
  gcut_arena_destroy(p.scratch);
  if (status != GCUT_OK) gcut_proposals_free(out);
  return status;
}

void gcut_proposals_free(gcut_proposals *proposals) {
  gcut_arena_destroy(proposals->arena);
  *proposals = (gcut_proposals){0};
}
