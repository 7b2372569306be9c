// In a stack of equal blocks the labels repeat with the blocks' length. Hashes of a few labels in a
// row vote for that length by how far on they come again; for each of the lengths with most votes
// the longest stretch that equals itself so much further on is found in one pass, and the length
// whose stretch covers most wins. Within its first block the next may begin where that costs least.
//
// Stacks are seldom so regular: the first block has an input more, every fifth is of another kind.
// So the length only finds where a block begins. The labels that it begins with are then sought in
// all of the row, and what lies between two places where they come is a block if it shares two in
// three of its labels with the first, in whatever order. Of the cheapest places, and of one, two
// and more labels to begin with, those count that give most blocks. Linear but for sorting.
#include "partition/repeats.h"

#include <stdlib.h>

#include "tracer/base/error.h"
#include "tracer/base/map.h"

enum { ROW = 6, CANDIDATES = 8, FEWEST_BLOCKS = 3 };

typedef struct hashed { // a few labels in a row
  uint64_t hash;
  uint32_t place;
} hashed;

typedef struct stretch {
  uint32_t length;   // of a block
  uint32_t from, to; // equal to what is `length` further on
} stretch;

typedef struct finder {
  const gcut__row *row;
  gcut_arena *arena;
  gcut_map kinds;             // labels of the block that others are compared with, numbered
  uint32_t *wanted, *counted; // [length] by that number
  uint32_t length;            // of that block
} finder;

static uint32_t least(uint32_t a, uint32_t b) {
  return a < b ? a : b;
}
static uint32_t most(uint32_t a, uint32_t b) {
  return a > b ? a : b;
}

// ---- the length of a block --------------------------------------------------------------------

static uint64_t hash_row(const gcut__row *r, uint32_t place, uint32_t n) {
  uint64_t h = n;
  for (uint32_t k = 0; k < n; k++) {
    h = (h ^ r->labels[place + k]) * UINT64_C(0x9e3779b97f4a7c15);
    h ^= h >> 29;
  }
  return h;
}

static int by_hash(const void *a, const void *b) {
  const hashed *x = a, *y = b;
  if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
  return x->place < y->place ? -1 : x->place > y->place;
}

// How often rows come again at each distance.
static gcut_status count_votes(const finder *f, uint32_t **out_votes, gcut_error *err) {
  uint32_t n = f->row->to - f->row->from, n_rows = n >= ROW ? n - ROW + 1 : 0;
  hashed *rows = GCUT_NEW_ARRAY(f->arena, hashed, n_rows);
  uint32_t *votes = *out_votes = GCUT_NEW_ARRAY(f->arena, uint32_t, (size_t)n + 1);
  if (!rows || !votes) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < n_rows; i++)
    rows[i] = (hashed){hash_row(f->row, f->row->from + i, ROW), i};
  if (n_rows > 0) qsort(rows, n_rows, sizeof *rows, by_hash);
  for (uint32_t i = 0; i + 1 < n_rows; i++)
    if (rows[i].hash == rows[i + 1].hash) votes[rows[i + 1].place - rows[i].place]++;
  return GCUT_OK;
}

static uint32_t covered(stretch s) {
  return s.to > s.from ? s.to - s.from + s.length : 0;
}

static stretch longest(const gcut__row *r, uint32_t length) {
  stretch best = {.length = length}, here = {.length = length, .from = r->from};
  for (uint32_t i = r->from; i + length < r->to; i++) {
    if (r->labels[i] != r->labels[i + length]) {
      here.from = i + 1;
      continue;
    }
    here.to = i + 1;
    if (here.to - here.from > best.to - best.from) best = here;
  }
  return best;
}

static gcut_status find_stretch(const finder *f, stretch *best, gcut_error *err) {
  uint32_t *votes;
  *best = (stretch){0};
  GCUT_TRY(count_votes(f, &votes, err));
  for (int c = 0; c < CANDIDATES; c++) {
    uint32_t length = 0;
    for (uint32_t d = 1; d < f->row->to - f->row->from; d++)
      if (votes[d] > votes[length]) length = d;
    if (votes[length] == 0) break;
    votes[length] = 0;
    stretch found = longest(f->row, length);
    if (found.to - found.from >= length && covered(found) > covered(*best)) *best = found;
  }
  return GCUT_OK;
}

// What it costs to begin blocks there: but for the first and the last, around which other things
// pass than between blocks.
static uint64_t begin_cost(const finder *f, stretch s, uint32_t place) {
  uint64_t sum = 0;
  for (uint32_t i = 1; i < most(2, covered(s) / s.length - 1); i++)
    sum +=
        (uint64_t)f->row->cost[place + i * s.length] << 32 | f->row->faults[place + i * s.length];
  return sum;
}

// The cheapest places in the first block, some of them; of two blocks, between which lies nothing,
// in what they leave of the stretch.
static uint32_t list_begins(const finder *f, stretch s, uint32_t begins[CANDIDATES]) {
  uint32_t whole = covered(s) / s.length, n = 0;
  uint32_t end = s.from + (whole > 2 ? s.length : covered(s) % s.length + 1);
  uint64_t best = UINT64_MAX;
  for (uint32_t i = s.from; i < end; i++) {
    uint64_t cost = begin_cost(f, s, i);
    if (cost < best) best = cost, n = 0;
    if (cost == best && n < CANDIDATES) begins[n++] = i;
  }
  return n;
}

// ---- blocks that resemble each other ----------------------------------------------------------

static gcut_status list_wanted(finder *f, uint32_t begin, uint32_t end, gcut_error *err) {
  f->length = end - begin;
  gcut_map_free(&f->kinds);
  f->wanted = GCUT_NEW_ARRAY(f->arena, uint32_t, f->length);
  f->counted = GCUT_NEW_ARRAY(f->arena, uint32_t, f->length);
  if (!f->wanted || !f->counted) return GCUT_NO_MEMORY(err);
  for (uint32_t i = begin, n = 0; i < end; i++) {
    uint32_t kind = gcut_map_get(&f->kinds, f->row->labels[i]);
    if (kind == UINT32_MAX && !gcut_map_set(&f->kinds, f->row->labels[i], kind = n++))
      return GCUT_NO_MEMORY(err);
    f->wanted[kind]++;
  }
  return GCUT_OK;
}

// Whether at least two in three of the larger's labels are those of the other, each as often.
static bool resembles(const finder *f, uint32_t begin, uint32_t end) {
  uint32_t shared = 0, n = end - begin;
  if (n > 2 * f->length) return false;
  for (uint32_t i = begin; i < end; i++) {
    uint32_t kind = gcut_map_get(&f->kinds, f->row->labels[i]);
    if (kind != UINT32_MAX && f->counted[kind]++ < f->wanted[kind]) shared++;
  }
  for (uint32_t i = begin; i < end; i++) {
    uint32_t kind = gcut_map_get(&f->kinds, f->row->labels[i]);
    if (kind != UINT32_MAX) f->counted[kind] = 0;
  }
  return 3 * shared >= 2 * most(n, f->length);
}

// Where the `n` labels at `begin` come and a block may begin for `cost`; before them all, the place
// for any cost, for what all blocks share is made before the first.
static gcut_status list_places(const finder *f, uint32_t begin, uint32_t n, uint32_t cost,
                               gcut__repeats *out, gcut_error *err) {
  const gcut__row *r = f->row;
  uint64_t hash = hash_row(r, begin, n);
  uint32_t dear = UINT32_MAX; // the last such place before the others
  size_t most_places = 1;
  for (uint32_t i = r->from; i < r->to; i++) most_places += r->labels[i] == r->labels[begin];
  *out = (gcut__repeats){.begins = GCUT_NEW_ARRAY(f->arena, uint32_t, most_places)};
  if (!out->begins) return GCUT_NO_MEMORY(err);
  uint32_t *next = ++out->begins;
  for (uint32_t i = r->from; i + n <= r->to; i++) {
    if (r->labels[i] != r->labels[begin] || hash_row(r, i, n) != hash) continue;
    if (r->cost[i] <= cost)
      *next++ = i;
    else if (next == out->begins)
      dear = i;
  }
  if (dear != UINT32_MAX) *--out->begins = dear;
  out->n = (uint32_t)(next - out->begins);
  return GCUT_OK;
}

// The last block ends where the next would begin, or is as long as the others.
static void find_end(const finder *f, uint32_t limit, uint32_t longest, gcut__repeats *out) {
  uint32_t last = out->begins[out->n - 1];
  out->end = least(last + longest, limit);
  if (resembles(f, last, out->end)) return;
  out->end = least(last + f->length, limit);
  if (!resembles(f, last, out->end)) out->end = last, out->n--;
}

// The blocks around `begin`, each of which begins with the same `n` labels.
static gcut_status find_alike(finder *f, uint32_t begin, uint32_t length, uint32_t n,
                              gcut__repeats *out, gcut_error *err) {
  uint32_t own = 0, cost = most(f->row->cost[begin], f->row->cost[begin + length]);
  GCUT_TRY(list_places(f, begin, n, cost, out, err));
  while (out->begins[own] != begin) own++; // it is one of them
  uint32_t *at = out->begins, first = own, last = own, n_places = out->n;
  uint32_t next = own + 1 < n_places ? at[own + 1] : f->row->to;
  GCUT_TRY(list_wanted(f, begin, least(next, begin + length), err));
  while (last + 1 < n_places && resembles(f, at[last], at[last + 1])) last++;
  while (first > 0 && resembles(f, at[first - 1], at[first])) first--;
  uint32_t longest = f->length;
  for (uint32_t i = first; i < last; i++) longest = most(longest, at[i + 1] - at[i]);
  out->begins += first;
  out->n = last + 1 - first;
  find_end(f, last + 1 < n_places ? at[last + 1] : f->row->to, longest, out);
  return GCUT_OK;
}

static bool is_better(const gcut__repeats *a, const gcut__repeats *b) {
  if (a->n != b->n) return a->n > b->n;
  return a->n > 0 && a->end - a->begins[0] > b->end - b->begins[0];
}

static gcut_status find_repeats(finder *f, gcut__repeats *out, gcut_error *err) {
  stretch s;
  uint32_t begins[CANDIDATES];
  GCUT_TRY(find_stretch(f, &s, err));
  uint32_t n_begins = s.length > 0 ? list_begins(f, s, begins) : 0;
  for (uint32_t i = 0; i < n_begins; i++)
    for (uint32_t n = 1; n <= ROW && begins[i] + n <= f->row->to; n++) {
      gcut__repeats found;
      GCUT_TRY(find_alike(f, begins[i], s.length, n, &found, err));
      if (is_better(&found, out)) *out = found;
    }
  if (out->n < FEWEST_BLOCKS) out->n = 0;
  return GCUT_OK;
}

gcut_status gcut__repeats_find(const gcut__row *row, gcut_arena *arena, gcut__repeats *out,
                               gcut_error *err) {
  finder f = {.row = row, .arena = arena};
  *out = (gcut__repeats){0};
  gcut_status status = find_repeats(&f, out, err);
  gcut_map_free(&f.kinds);
  return status;
}
