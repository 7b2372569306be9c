// Blocks by structure alone. Each node of the main graph, in order, gets a label: a hash of its
// operator, the shapes of the constants that it reads, and how far back its other inputs are made
// (if near: what all blocks share is ever farther back).
// In a stack of equal blocks the labels repeat with the blocks' length. Hashes of a few labels in a
// row vote for that length by how far on they come again; for each of the lengths with most votes
// the longest stretch that equals itself so much further on is found in one pass, and the length
// whose stretch covers most wins. It grows as far as operators go on alike, for the first block and
// the last read other things than those between. Where the blocks begin within it is where the
// fewest values pass; the first and the last block count where most of them lies in it. Linear but
// for sorting.
#include "partition/blocks.h"

#include <stdlib.h>
#include <string.h>

#include "tracer/base/error.h"
#include "tracer/base/intern.h"

enum { ROW = 6, CANDIDATES = 8, FARTHEST = 8, FEWEST_BLOCKS = 3, MOST_BLOCKS = 4096 };

typedef struct sequence {
  const gcut_graph *g;
  uint32_t *nodes, n; // that read something
  uint32_t *place;    // [n_nodes] 1 + of nodes[]; 0: not among them
  uint64_t *labels;   // [n]
  uint32_t *live;     // [n] values made before a place and read at it or after
  bool *rooted;       // [n] depends on a graph input
} sequence;

static uint64_t mix(uint64_t h, uint64_t x) {
  h = (h ^ x) * UINT64_C(0x9e3779b97f4a7c15);
  return h ^ (h >> 29);
}

static uint64_t mix_shape(uint64_t h, const gcut_constant *k) {
  h = mix(h, (uint64_t)k->type << 32 | (uint32_t)k->rank);
  for (int d = 0; d < k->rank; d++) h = mix(h, (uint64_t)k->dims[d]);
  return h;
}

// What a value is to a node at `place`: a constant's shape, or how far back it is made.
static uint64_t mix_input(const sequence *s, uint64_t h, uint32_t place, uint32_t v) {
  if (v == GCUT_NONE) return mix(h, 1);
  const gcut_value *value = &s->g->values[v];
  if (value->constant != GCUT_NONE) return mix_shape(mix(h, 2), &s->g->constants[value->constant]);
  if (value->producer == GCUT_NONE) return mix(h, 3);
  uint32_t from = s->place[value->producer];
  if (from == 0) return mix(h, 4); // made of nothing: a constant
  uint32_t back = place - (from - 1);
  return mix(h, back < FARTHEST ? 16 + back : 5);
}

static uint64_t label_of(const sequence *s, uint32_t place) {
  const gcut_node *node = &s->g->nodes[s->nodes[place]];
  uint64_t h = gcut_hash(node->op_type, strlen(node->op_type));
  for (uint32_t i = 0; i < node->n_inputs; i++)
    h = mix_input(s, h, place, gcut_node_inputs(s->g, node)[i]);
  return mix(h, node->n_outputs);
}

static bool depends_on_input(const sequence *s, uint32_t place) {
  const gcut_node *node = &s->g->nodes[s->nodes[place]];
  for (uint32_t i = 0; i < node->n_inputs; i++) {
    uint32_t v = gcut_node_inputs(s->g, node)[i];
    if (v == GCUT_NONE || s->g->values[v].constant != GCUT_NONE) continue;
    uint32_t from = s->g->values[v].producer;
    if (from == GCUT_NONE || (s->place[from] > 0 && s->rooted[s->place[from] - 1])) return true;
  }
  return false;
}

static void count_live(sequence *s, int32_t *change) {
  for (uint32_t i = 0; i < s->n; i++) {
    const gcut_node *node = &s->g->nodes[s->nodes[i]];
    for (uint32_t o = 0; o < node->n_outputs; o++) {
      uint32_t v = gcut_node_outputs(s->g, node)[o], last = i;
      if (v == GCUT_NONE) continue;
      for (uint32_t u = 0; u < s->g->values[v].n_uses; u++) {
        uint32_t reader = s->place[s->g->uses[s->g->values[v].first_use + u]];
        if (reader > last + 1) last = reader - 1;
      }
      if (last > i) change[i + 1]++, change[last + 1]--;
    }
  }
  int32_t live = 0;
  for (uint32_t i = 0; i < s->n; i++) s->live[i] = (uint32_t)(live += change[i]);
}

static gcut_status open(sequence *s, gcut_arena *arena, gcut_error *err) {
  const gcut_body *main = &s->g->bodies[0];
  s->nodes = GCUT_NEW_ARRAY(arena, uint32_t, main->n_nodes);
  s->place = GCUT_NEW_ARRAY(arena, uint32_t, s->g->n_nodes);
  s->labels = GCUT_NEW_ARRAY(arena, uint64_t, main->n_nodes);
  s->live = GCUT_NEW_ARRAY(arena, uint32_t, main->n_nodes);
  int32_t *change = GCUT_NEW_ARRAY(arena, int32_t, (size_t)main->n_nodes + 2);
  s->rooted = GCUT_NEW_ARRAY(arena, bool, main->n_nodes);
  if (!s->nodes || !s->place || !s->labels || !s->live || !s->rooted || !change)
    return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < main->n_nodes; i++) {
    const gcut_node *node = &s->g->nodes[main->nodes[i]];
    if (node->n_inputs + node->n_captures == 0) continue;
    s->nodes[s->n++] = main->nodes[i];
    s->place[main->nodes[i]] = s->n;
  }
  for (uint32_t i = 0; i < s->n; i++) {
    s->labels[i] = label_of(s, i);
    s->rooted[i] = depends_on_input(s, i);
  }
  count_live(s, change);
  return GCUT_OK;
}

// ---- the length of a block --------------------------------------------------------------------

typedef struct row { // a few labels in a row
  uint64_t hash;
  uint32_t place;
} row;

static int by_hash(const void *a, const void *b) {
  const row *x = a, *y = b;
  if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
  return x->place < y->place ? -1 : x->place > y->place;
}

typedef struct stretch {
  uint32_t length;   // of a block
  uint32_t from, to; // equal to what is `length` further on
} stretch;

static uint32_t covered(stretch s) {
  return s.to > s.from ? s.to - s.from + s.length : 0;
}

static stretch longest(const sequence *s, uint32_t length) {
  stretch best = {.length = length}, here = {.length = length};
  for (uint32_t i = 0; i + length < s->n; i++) {
    if (s->labels[i] != s->labels[i + length]) {
      here.from = i + 1;
      continue;
    }
    here.to = i + 1;
    if (here.to - here.from > best.to - best.from) best = here;
  }
  return best;
}

// How often rows come again at each distance.
static gcut_status count_votes(const sequence *s, gcut_arena *arena, uint32_t **out_votes,
                               gcut_error *err) {
  uint32_t n_rows = s->n >= ROW ? s->n - ROW + 1 : 0;
  row *rows = GCUT_NEW_ARRAY(arena, row, n_rows);
  uint32_t *votes = *out_votes = GCUT_NEW_ARRAY(arena, uint32_t, (size_t)s->n + 1);
  if (!rows || !votes) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < n_rows; i++) {
    rows[i].place = i;
    for (uint32_t k = 0; k < ROW; k++) rows[i].hash = mix(rows[i].hash, s->labels[i + k]);
  }
  if (n_rows > 0) qsort(rows, n_rows, sizeof *rows, by_hash);
  for (uint32_t i = 0; i + 1 < n_rows; i++)
    if (rows[i].hash == rows[i + 1].hash) votes[rows[i + 1].place - rows[i].place]++;
  return GCUT_OK;
}

static gcut_status find_stretch(const sequence *s, gcut_arena *arena, stretch *best,
                                gcut_error *err) {
  uint32_t *votes;
  *best = (stretch){0};
  GCUT_TRY(count_votes(s, arena, &votes, err));
  for (int c = 0; c < CANDIDATES; c++) {
    uint32_t length = 0;
    for (uint32_t d = 1; d < s->n; d++)
      if (votes[d] > votes[length]) length = d;
    if (votes[length] == 0) break;
    votes[length] = 0;
    stretch found = longest(s, length);
    if (found.to - found.from >= length && covered(found) > covered(*best)) *best = found;
  }
  return GCUT_OK;
}

static bool is_alike(const sequence *s, uint32_t place, uint32_t length) {
  const gcut_node *a = &s->g->nodes[s->nodes[place]], *b = &s->g->nodes[s->nodes[place + length]];
  return !strcmp(a->op_type, b->op_type) && !strcmp(a->domain, b->domain);
}

static void extend(const sequence *s, stretch *b) {
  while (b->from > 0 && is_alike(s, b->from - 1, b->length)) b->from--;
  while (b->to + b->length < s->n && is_alike(s, b->to, b->length)) b->to++;
}

// ---- the blocks -------------------------------------------------------------------------------

// The place in the first block's length at which the fewest values pass, the earliest of them;
// never at a node that depends on no input, for it might run anywhere. GCUT_NONE: there is none.
static uint32_t find_begin(const sequence *s, stretch b) {
  uint32_t best = GCUT_NONE;
  for (uint32_t i = b.from; i < b.from + b.length; i++)
    if (s->rooted[i] && (best == GCUT_NONE || s->live[i] < s->live[best])) best = i;
  return best;
}

static bool can_name(const sequence *s, uint32_t node) {
  const char *name = s->g->nodes[node].name;
  return !strchr(name, ',') && strncmp(name, "re:", 3) && gcut_graph_find_node(s->g, name) == node;
}

static gcut_status write_target(const sequence *s, stretch b, gcut_arena *arena, const char **out,
                                uint32_t *out_n, gcut_error *err) {
  uint32_t begin = find_begin(s, b), end = b.to + b.length, most = b.length - b.length / 4;
  size_t size = 1, used = 0;
  if (begin == GCUT_NONE) return GCUT_OK;
  if (begin - b.from >= most && begin >= b.length && s->rooted[begin - b.length]) begin -= b.length;
  uint32_t n = (end - begin + b.length - most) / b.length;
  if (n < FEWEST_BLOCKS || n > MOST_BLOCKS) return GCUT_OK;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t node = s->nodes[begin + i * b.length];
    if (!can_name(s, node)) return GCUT_OK;
    size += strlen(s->g->nodes[node].name) + 1;
  }
  char *text = GCUT_NEW_ARRAY(arena, char, size);
  if (!text) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < n; i++) {
    const char *name = s->g->nodes[s->nodes[begin + i * b.length]].name;
    if (i > 0) text[used++] = ',';
    memcpy(text + used, name, strlen(name));
    used += strlen(name);
  }
  *out = text;
  *out_n = n;
  return GCUT_OK;
}

gcut_status gcut__propose_blocks(const gcut_graph *graph, gcut_arena *scratch, gcut_arena *arena,
                                 const char **out_target, uint32_t *out_n, gcut_error *err) {
  sequence s = {.g = graph};
  stretch best;
  *out_target = NULL;
  *out_n = 0;
  GCUT_TRY(open(&s, scratch, err));
  GCUT_TRY(find_stretch(&s, scratch, &best, err));
  if (best.length > 0) extend(&s, &best);
  if (3 * (uint64_t)covered(best) < s.n) return GCUT_OK; // no more than a corner of the graph
  return write_target(&s, best, arena, out_target, out_n, err);
}
