// N parts that take about equally long to load and to compute.
//
// Along the line of nodes (a fused group that stays whole counts as one), the least time that the
// slowest of N parts can take is found by halving: a time is enough where filling parts up to it,
// one after the other, needs no more than N. Within a little more than that time, each cut goes
// where the fewest bytes cross, near where the rest would divide evenly, and not so early that what
// follows no longer fits. A unit that takes more than an even share is left out of that division,
// as is the part that it fills: else the parts before it would be as large, and one would be empty.
#include "partition/cutter.h"
#include "partition/line.h"
#include "partition/reads.h"
#include "tracer/base/error.h"

// Rates that transfer and compute are weighed by where the caller names none: PCIe 5 and a
// datacenter card's matrix products; and the share by which a part may pass the least.
static const double TRANSFER_RATE = 5e10, COMPUTE_RATE = 5e14, SLACK = 0.1;

typedef struct balancing {
  gcut__line line;
  double *before;       // [n_units + 1] seconds of all units before one
  double *large_before; // [n_units + 1] of those that take more than an even share
  uint32_t *n_large;    // [n_units + 1] how many those are
  double cap;           // seconds that a part may take
  uint32_t n_parts;
  uint32_t *cuts;    // [n_parts + 1] units
  uint32_t *no_less; // [n_parts + 1] units before which no cut may be, lest the rest not fit
} balancing;

// A constant's transfer falls on its first reader.
static gcut_status sum_costs(balancing *b, const gcut_cut_options *o, gcut_error *err) {
  double transfer = o->transfer_rate > 0 ? o->transfer_rate : TRANSFER_RATE;
  double compute = o->compute_rate > 0 ? o->compute_rate : COMPUTE_RATE;
  const gcut__draft *d = b->line.draft;
  gcut__stretch all;
  GCUT_TRY(gcut__stretch_create(&b->line, &all, err));
  b->before = GCUT_NEW_ARRAY(d->scratch, double, (size_t)b->line.n_units + 1);
  b->large_before = GCUT_NEW_ARRAY(d->scratch, double, (size_t)b->line.n_units + 1);
  b->n_large = GCUT_NEW_ARRAY(d->scratch, uint32_t, (size_t)b->line.n_units + 1);
  if (!b->before || !b->large_before || !b->n_large) return GCUT_NO_MEMORY(err);
  gcut__stretch_begin(&all, 0);
  for (uint32_t u = 0; u < b->line.n_units; u++) {
    b->before[u + 1] = b->before[u];
    for (uint32_t i = b->line.begins[u]; i < b->line.begins[u + 1]; i++) {
      uint64_t loaded = all.weight_bytes;
      gcut__stretch_add(&all);
      b->before[u + 1] += (double)(all.weight_bytes - loaded) / transfer +
                          d->trace->flops[d->order[i]] / compute + 1e-9; // a node is never nothing
    }
  }
  return GCUT_OK;
}

// The furthest end of a part from `from` within the cap, at least one unit on.
static uint32_t furthest(const balancing *b, uint32_t from) {
  uint32_t low = from + 1, high = b->line.n_units; // low is allowed
  while (low < high) {
    uint32_t middle = low + (high - low + 1) / 2;
    if (b->before[middle] - b->before[from] <= b->cap)
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

static bool enough(balancing *b, double cap) {
  uint32_t n = 0;
  b->cap = cap;
  for (uint32_t from = 0; from < b->line.n_units && n <= b->n_parts; n++) {
    uint32_t to = furthest(b, from);
    if (b->before[to] - b->before[from] > cap) return false; // one unit alone
    from = to;
  }
  return n <= b->n_parts;
}

static void find_cap(balancing *b) {
  double low = 0, high = b->before[b->line.n_units];
  for (int i = 0; i < 50; i++) {
    double middle = (low + high) / 2;
    *(enough(b, middle) ? &high : &low) = middle;
  }
  b->cap = high * (1 + SLACK);
}

// From the end backwards: the earliest place from which the parts that are left can take the rest.
static void find_earliest(balancing *b) {
  b->no_less[b->n_parts] = b->line.n_units;
  for (uint32_t p = b->n_parts; p-- > 0;) {
    uint32_t place = b->no_less[p + 1];
    while (place > p && b->before[b->no_less[p + 1]] - b->before[place - 1] <= b->cap) place--;
    if (place == b->no_less[p + 1] && place > p) place--; // a part has a unit
    b->no_less[p] = place;
  }
}

// What takes more than an even share of what is left is large; the share then shrinks, and others
// are.
static void find_large(balancing *b) {
  uint32_t n = b->line.n_units, found;
  do {
    found = b->n_large[n];
    double share = (b->before[n] - b->large_before[n]) / (b->n_parts - found);
    for (uint32_t u = 0; u < n; u++) {
      double seconds = b->before[u + 1] - b->before[u];
      bool is_large = seconds > share;
      b->n_large[u + 1] = b->n_large[u] + is_large;
      b->large_before[u + 1] = b->large_before[u] + (is_large ? seconds : 0);
    }
  } while (b->n_large[n] > found && b->n_large[n] < b->n_parts);
}

// What an even share of the units from `from` on is, for that many parts.
static double even_share(const balancing *b, uint32_t from, uint32_t left) {
  uint32_t n = b->line.n_units, n_large = b->n_large[n] - b->n_large[from];
  double rest = b->before[n] - b->before[from], large = b->large_before[n] - b->large_before[from];
  return n_large < left ? (rest - large) / (left - n_large) : rest / left;
}

// The end of part `p` that begins at cuts[p]: within the window the place where least crosses, the
// one nearest to an even share of the rest where several do.
static uint32_t choose_end(const balancing *b, uint32_t p) {
  uint32_t from = b->cuts[p], left = b->n_parts - p, n = b->line.n_units;
  const uint64_t *crossing = b->line.crossing;
  const uint32_t *begins = b->line.begins;
  double aim = even_share(b, from, left);
  uint32_t first = b->no_less[p + 1], last = furthest(b, from), best = GCUT_NONE;
  if (first <= from) first = from + 1;
  if (last > n - (left - 1)) last = n - (left - 1);
  double best_gap = 0;
  for (uint32_t place = first; place <= last; place++) {
    double time = b->before[place] - b->before[from], gap = time > aim ? time - aim : aim - time;
    bool in_window = gap <= SLACK * aim, best_in = best_gap <= SLACK * aim;
    bool better =
        best == GCUT_NONE || (in_window && !best_in) ||
        (in_window == best_in && (in_window && crossing[begins[place]] != crossing[begins[best]]
                                      ? crossing[begins[place]] < crossing[begins[best]]
                                      : gap < best_gap));
    if (better) best = place, best_gap = gap;
  }
  return best == GCUT_NONE ? last : best;
}

gcut_status gcut__cut_balanced(gcut__draft *d, const gcut_cut_options *options, gcut_error *err) {
  balancing b = {.n_parts = options->n_parts};
  if (b.n_parts == 0) return GCUT_FAIL(err, GCUT_ARGUMENT, "balanced: give the number of parts");
  GCUT_TRY(gcut__line_create(d, &b.line, err));
  if (b.n_parts > b.line.n_units)
    return GCUT_FAIL(err, GCUT_ARGUMENT, "balanced: %u nodes%s make no %u parts", b.line.n_units,
                     b.line.n_units < b.line.n ? " and fused groups" : "", b.n_parts);
  GCUT_TRY(sum_costs(&b, options, err));
  b.cuts = GCUT_NEW_ARRAY(d->scratch, uint32_t, (size_t)b.n_parts + 1);
  b.no_less = GCUT_NEW_ARRAY(d->scratch, uint32_t, (size_t)b.n_parts + 1);
  if (!b.cuts || !b.no_less) return GCUT_NO_MEMORY(err);
  d->keeps_balance = true;
  find_large(&b);
  find_cap(&b);
  find_earliest(&b);
  for (uint32_t p = 0; p + 1 < b.n_parts; p++) b.cuts[p + 1] = choose_end(&b, p);
  b.cuts[b.n_parts] = b.line.n_units;
  for (uint32_t p = 0; p <= b.n_parts; p++) b.cuts[p] = b.line.begins[b.cuts[p]];
  return gcut__line_cut(&b.line, d, b.cuts, b.n_parts, err);
}
