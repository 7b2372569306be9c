// Parts within a budget: as few as can be had whose peaks (weights, inputs, outputs, workspace)
// fit.
//
// Parts are stretches of the line of nodes, for over all orders that a graph allows the fewest are
// bin packing. Where there is little to look at, the fewest along the line are found by dynamic
// programming over its places, and of those the cut where least crosses. On longer lines a part is
// made as long as fits, then the next begins: as few, but for parts that take less when they grow
// (what they would hand on is used up in them). Among the cuts that have as few, the one whose
// dearest cut is cheapest is found by allowing only places where at most so many bytes cross, and
// searching for the smallest such limit: O(n log n) a try, a few tries. Unless the graph is large,
// two more orders are tried (depth_first.c) and taken where they do with fewer parts.
#include <stdlib.h>

#include "partition/cutter.h"
#include "partition/line.h"
#include "partition/reads.h"
#include "tracer/base/error.h"
#include "tracer/base/map.h"

// Nodes looked at by the dynamic programming; that are put in other orders.
enum { TRIES = 8, MOST_STEPS = 400000, MOST_REORDERED = 8192 };

typedef struct budgeting {
  gcut__line line;
  gcut__exact exact;
  gcut__stretch stretch;
  uint64_t budget;
  uint32_t *ends, n_ends;  // places where the part at hand might end
  uint32_t *cuts, n_parts; // [n + 1] the cut of the last try
} budgeting;

// ---- what no cut can meet ---------------------------------------------------------------------

// Names an input whose shape is symbolic.
static gcut_status refuse_symbolic(const gcut__draft *d, gcut_error *err) {
  const gcut_body *main = &d->graph->bodies[0];
  uint64_t bytes;
  uint32_t i = 0;
  while (i + 1 < main->n_inputs && (gcut__constant(d->trace, main->inputs[i]) ||
                                    gcut_trace_bytes(d->trace, main->inputs[i], &bytes)))
    i++;
  char name[128], type[256];
  gcut_trace_format(d->trace, main->inputs[i], type, sizeof type);
  return GCUT_FAIL(err, GCUT_ARGUMENT,
                   "budget: the size of input '%s' (%s) is not known; give sizes to its symbols",
                   gcut__printable(d->graph->values[main->inputs[i]].name, name, sizeof name),
                   type);
}

// The largest operand of a node, or of the group that it ends and that is computed in one step.
static uint32_t largest_value(const gcut__draft *d, const gcut_node *node) {
  const gcut_fused *group = gcut__draft_one_step(d, (uint32_t)(node - d->graph->nodes));
  uint32_t largest = GCUT_NONE, n_reads = group ? group->n_reads : gcut_node_n_reads(node);
  uint64_t most = 0, bytes;
  for (uint32_t k = 0; k < n_reads + node->n_outputs; k++) {
    uint32_t v = k >= n_reads ? gcut_node_outputs(d->graph, node)[k - n_reads]
                 : group      ? group->reads[k]
                              : gcut_node_read(d->graph, node, k);
    if (v == GCUT_NONE || !gcut__bytes(d->trace, true, v, &bytes)) continue;
    if (largest == GCUT_NONE || bytes > most) largest = v, most = bytes;
  }
  return largest;
}

// A unit alone is the least that can be had of it.
static gcut_status check_units(budgeting *b, gcut_error *err) {
  const gcut__draft *d = b->line.draft;
  const uint32_t *begins = b->line.begins;
  uint64_t most = 0, bytes = 0;
  uint32_t worst = 0;
  for (uint32_t u = 0; u < b->line.n_units; u++) {
    uint64_t peak = gcut__exact_peak(&b->exact, begins[u], begins[u + 1]);
    if (peak > most) most = peak, worst = u;
  }
  if (most <= b->budget) return GCUT_OK;
  const gcut_node *node = &d->graph->nodes[d->order[begins[worst + 1] - 1]];
  bool alone = begins[worst + 1] - begins[worst] == 1;
  bool divides = !alone && !gcut__draft_one_step(d, (uint32_t)(node - d->graph->nodes));
  uint32_t value = largest_value(d, node);
  char name[128], tensor[128] = "";
  if (value != GCUT_NONE) {
    gcut__printable(d->graph->values[value].name, tensor, sizeof tensor);
    (void)gcut__bytes(d->trace, true, value, &bytes);
  }
  return GCUT_FAIL(err, GCUT_BUDGET,
                   "budget: %llu bytes cannot be met; the least that would do is %llu: %s '%s' "
                   "(%s) alone takes that, %llu of it '%s'%s",
                   (unsigned long long)b->budget, (unsigned long long)most,
                   alone ? "node" : "the fused group of node",
                   gcut__printable(node->name, name, sizeof name), node->op_type,
                   (unsigned long long)bytes, tensor, divides ? " (--no-fuse cuts within)" : "");
}

// ---- cutting ----------------------------------------------------------------------------------

static bool fits(budgeting *b, uint32_t from, uint32_t end) {
  return gcut__exact_peak(&b->exact, from, b->ends[end]) <= b->budget;
}

// The furthest of the ends noted at which a part from `from` fits, or `from` where none does. Peaks
// grow with parts but for rare ties of outputs and workspace, and the last ends are almost it:
// steps back that double, then halving, find it.
static uint32_t furthest_fit(budgeting *b, uint32_t from) {
  uint32_t low = b->n_ends, high = b->n_ends; // ends below low fit, from high on they do not
  for (uint32_t step = 1; low > 0; step *= 2) {
    uint32_t at = low > step ? low - step : 0;
    low = at + 1;
    if (fits(b, from, at)) break;
    low = high = at;
  }
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (fits(b, from, middle))
      low = middle + 1;
    else
      high = middle;
  }
  return low > 0 ? b->ends[low - 1] : from;
}

// Cuts only where at most `limit` bytes cross; false where that cannot be.
static bool cut_within(budgeting *b, uint64_t limit) {
  b->n_parts = 0;
  for (uint32_t from = 0, to; from < b->line.n; from = to) {
    b->n_ends = 0;
    gcut__stretch_begin(&b->stretch, from);
    while (b->stretch.to < b->line.n) {
      gcut__stretch_add(&b->stretch);
      if (gcut__stretch_least(&b->stretch) > b->budget) break;
      uint32_t end = b->stretch.to;
      if (!b->line.within[end] && b->line.crossing[end] <= limit) b->ends[b->n_ends++] = end;
    }
    to = furthest_fit(b, from);
    if (to == from) return false;
    b->cuts[++b->n_parts] = to;
  }
  return true;
}

// ---- cutting in full --------------------------------------------------------------------------

typedef struct reached {  // a place on the line by the best cut up to it
  uint32_t n_parts, from; // GCUT_NONE parts: none yet; where its last part begins
  uint64_t crossing;      // over the cuts before it
} reached;

static bool is_better(const reached *new, const reached *old) {
  return new->n_parts != old->n_parts ? new->n_parts < old->n_parts : new->crossing < old->crossing;
}

// Tries the parts that begin at `from`; false where too much has been looked at.
static bool reach_from(budgeting *b, reached *places, uint32_t from, uint64_t *steps) {
  gcut__stretch *s = &b->stretch;
  gcut__stretch_begin(s, from);
  while (s->to < b->line.n && *steps < MOST_STEPS) {
    gcut__stretch_add(s);
    ++*steps;
    if (s->ranges + s->most_live > b->budget) break; // however it goes on
    reached new = {places[from].n_parts + 1, from, places[from].crossing};
    if (s->to < b->line.n) new.crossing += b->line.crossing[s->to];
    if (b->line.within[s->to] || gcut__stretch_least(s) > b->budget ||
        !is_better(&new, &places[s->to]))
      continue;
    *steps += s->to - from;
    if (gcut__exact_peak(&b->exact, from, s->to) <= b->budget) places[s->to] = new;
  }
  return *steps < MOST_STEPS;
}

// Whether looking at all parts is too much already by the length of the first.
static bool is_long(budgeting *b) {
  gcut__stretch *s = &b->stretch;
  gcut__stretch_begin(s, 0);
  while (s->to < b->line.n && s->ranges + s->most_live <= b->budget) gcut__stretch_add(s);
  return (uint64_t)s->to * b->line.n > MOST_STEPS;
}

static gcut_status cut_exactly(budgeting *b, bool *out_done, gcut_error *err) {
  uint32_t n = b->line.n;
  uint64_t steps = 0;
  reached *places = GCUT_NEW_ARRAY(b->line.draft->scratch, reached, (size_t)n + 1);
  if (!places) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 1; i <= n; i++) places[i].n_parts = GCUT_NONE;
  *out_done = !is_long(b);
  for (uint32_t i = 0; i < n && *out_done; i++)
    if (places[i].n_parts != GCUT_NONE) *out_done = reach_from(b, places, i, &steps);
  if (!*out_done) return GCUT_OK;
  if (places[n].n_parts == GCUT_NONE) return GCUT_FAIL(err, GCUT_BUDGET, "budget: cannot be met");
  b->n_parts = places[n].n_parts;
  for (uint32_t to = n, p = b->n_parts; p > 0; to = places[to].from) b->cuts[p--] = to;
  return GCUT_OK;
}

// ---- the whole --------------------------------------------------------------------------------

static int by_size(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

// What crosses at the places of the line, each size once, ascending: few, for layers repeat.
static gcut_status list_limits(const budgeting *b, uint64_t *limits, uint32_t *out_n,
                               gcut_error *err) {
  gcut_map seen = {0};
  bool ok = true;
  *out_n = 0;
  for (uint32_t u = 0; u < b->line.n_units && ok; u++) {
    uint64_t crossing = b->line.crossing[b->line.begins[u]];
    if (gcut_map_get(&seen, crossing) != UINT32_MAX) continue;
    limits[(*out_n)++] = crossing;
    ok = gcut_map_set(&seen, crossing, 0);
  }
  gcut_map_free(&seen);
  qsort(limits, *out_n, sizeof *limits, by_size);
  return ok ? GCUT_OK : GCUT_NO_MEMORY(err);
}

static gcut_status cut_cheapest(budgeting *b, gcut_error *err) {
  uint64_t *limits = GCUT_NEW_ARRAY(b->line.draft->scratch, uint64_t, b->line.n_units);
  uint32_t n;
  if (!limits) return GCUT_NO_MEMORY(err);
  GCUT_TRY(list_limits(b, limits, &n, err));
  uint32_t low = 0, high = n - 1; // limits[high] is enough
  if (!cut_within(b, limits[high])) return GCUT_FAIL(err, GCUT_BUDGET, "budget: cannot be met");
  uint32_t fewest = b->n_parts;
  for (int i = 0; i < TRIES && low < high && fewest > 1; i++) {
    uint32_t middle = low + (high - low) / 2;
    if (cut_within(b, limits[middle]) && b->n_parts == fewest)
      high = middle;
    else
      low = middle + 1;
  }
  (void)cut_within(b, limits[high]);
  return GCUT_OK;
}

// The cut along the draft's order.
static gcut_status find_cut(budgeting *b, gcut__draft *d, gcut_error *err) {
  GCUT_TRY(gcut__line_create(d, &b->line, err));
  GCUT_TRY(gcut__stretch_create(&b->line, &b->stretch, err));
  b->ends = GCUT_NEW_ARRAY(d->scratch, uint32_t, b->line.n);
  b->cuts = GCUT_NEW_ARRAY(d->scratch, uint32_t, (size_t)b->line.n + 1);
  if (!b->ends || !b->cuts) return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut__exact_create(&b->line, &b->exact, err));
  GCUT_TRY(check_units(b, err));
  bool exact;
  GCUT_TRY(cut_exactly(b, &exact, err));
  if (!exact) GCUT_TRY(cut_cheapest(b, err));
  return gcut__peak_failed(b->exact.peak) ? GCUT_NO_MEMORY(err) : GCUT_OK;
}

// Cuts if that makes fewer parts than *most; out is how many.
static gcut_status cut_along(gcut__draft *d, uint64_t budget, uint32_t *most, gcut_error *err) {
  budgeting b = {.budget = budget};
  gcut_status status = find_cut(&b, d, err);
  if (status == GCUT_OK && b.n_parts < *most) {
    *most = b.n_parts;
    status = gcut__line_cut(&b.line, d, b.cuts, b.n_parts, err);
  }
  gcut__exact_close(&b.exact);
  return status;
}

// Along orders that may do with fewer parts.
static gcut_status cut_elsewhere(gcut__draft *d, uint64_t budget, uint32_t *most, gcut_error *err) {
  uint32_t *own = d->order, n = d->n_order;
  gcut_status status = GCUT_OK;
  for (int i = 0; i < 2 && status == GCUT_OK && *most > 2; i++) {
    d->order = own, d->n_order = n;
    status = gcut__draft_depth_first(d, i > 0, err);
    if (status == GCUT_OK) status = cut_along(d, budget, most, err);
    if (status == GCUT_BUDGET) status = GCUT_OK; // not along this one
  }
  d->order = own, d->n_order = n;
  return status;
}

gcut_status gcut__cut_budget(gcut__draft *d, const gcut_cut_options *options, gcut_error *err) {
  uint32_t n_parts = UINT32_MAX;
  if (options->budget == 0)
    return GCUT_FAIL(err, GCUT_ARGUMENT, "budget: give the bytes that a part may take");
  if (!d->given) return refuse_symbolic(d, err);
  GCUT_TRY(cut_along(d, options->budget, &n_parts, err));
  d->most_peak = options->budget;
  if (d->n_order > MOST_REORDERED) return GCUT_OK;
  return cut_elsewhere(d, options->budget, &n_parts, err);
}
