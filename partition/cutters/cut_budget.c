// Parts within a budget: the fewest whose peaks (weights, inputs, outputs, workspace) fit.
//
// Along the line of nodes a part is made as long as fits, then the next begins: no cut along the
// line has fewer parts. Among the cuts that have as few, the one whose dearest cut is cheapest is
// found by allowing only places where at most so many bytes cross, and searching for the smallest
// such limit: O(n log n) a try, a few tries.
#include <stdlib.h>

#include "partition/cutter.h"
#include "partition/line.h"
#include "partition/reads.h"
#include "tracer/base/error.h"

enum { TRIES = 8 };

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

// The largest operand of a node.
static uint32_t largest_value(const gcut__draft *d, const gcut_node *node) {
  uint32_t largest = GCUT_NONE;
  uint64_t most = 0, bytes;
  for (uint32_t k = 0; k < gcut__n_reads(node) + node->n_outputs; k++) {
    uint32_t v = k < gcut__n_reads(node)
                     ? gcut__read(d->graph, node, k)
                     : gcut_node_outputs(d->graph, node)[k - gcut__n_reads(node)];
    if (v == GCUT_NONE || !gcut__bytes(d->trace, true, v, &bytes)) continue;
    if (largest == GCUT_NONE || bytes > most) largest = v, most = bytes;
  }
  return largest;
}

// A node alone is the least that can be had of it.
static gcut_status check_nodes(budgeting *b, gcut_error *err) {
  const gcut__draft *d = b->line.draft;
  uint64_t most = 0, bytes = 0;
  uint32_t worst = 0;
  for (uint32_t i = 0; i < b->line.n; i++) {
    uint64_t peak = gcut__exact_peak(&b->exact, i, i + 1);
    if (peak > most) most = peak, worst = i;
  }
  if (most <= b->budget) return GCUT_OK;
  const gcut_node *node = &d->graph->nodes[d->order[worst]];
  uint32_t value = largest_value(d, node);
  char name[128], tensor[128] = "";
  if (value != GCUT_NONE) {
    gcut__printable(d->graph->values[value].name, tensor, sizeof tensor);
    (void)gcut__bytes(d->trace, true, value, &bytes);
  }
  return GCUT_FAIL(err, GCUT_BUDGET,
                   "budget: %llu bytes cannot be met; the least that would do is %llu: node '%s' "
                   "(%s) alone takes that, %llu of it '%s'",
                   (unsigned long long)b->budget, (unsigned long long)most,
                   gcut__printable(node->name, name, sizeof name), node->op_type,
                   (unsigned long long)bytes, tensor);
}

// ---- cutting ----------------------------------------------------------------------------------

// The furthest of the ends noted at which a part from `from` fits, or `from` where none does. Peaks
// grow with parts but for rare ties of outputs and workspace, so halving finds it.
static uint32_t furthest_fit(budgeting *b, uint32_t from) {
  uint32_t low = 0, high = b->n_ends; // ends below low fit, from high on they do not
  if (high > 0 && gcut__exact_peak(&b->exact, from, b->ends[high - 1]) <= b->budget)
    return b->ends[high - 1];
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (gcut__exact_peak(&b->exact, from, b->ends[middle]) <= b->budget)
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
      if (b->line.crossing[b->stretch.to] <= limit) b->ends[b->n_ends++] = b->stretch.to;
    }
    to = furthest_fit(b, from);
    if (to == from) return false;
    b->cuts[++b->n_parts] = to;
  }
  return true;
}

static int by_size(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

static gcut_status cut_cheapest(budgeting *b, gcut_error *err) {
  gcut_arena *arena = b->line.draft->scratch;
  uint64_t *limits = gcut_arena_copy(arena, b->line.crossing, b->line.n * sizeof *limits);
  if (!limits) return GCUT_NO_MEMORY(err);
  qsort(limits, b->line.n, sizeof *limits, by_size);
  uint32_t n = 0;
  for (uint32_t i = 0; i < b->line.n; i++)
    if (n == 0 || limits[n - 1] != limits[i]) limits[n++] = limits[i];
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

static gcut_status cut(budgeting *b, gcut__draft *d, gcut_error *err) {
  GCUT_TRY(gcut__line_create(d, &b->line, err));
  GCUT_TRY(gcut__stretch_create(&b->line, &b->stretch, err));
  b->ends = GCUT_NEW_ARRAY(d->scratch, uint32_t, b->line.n);
  b->cuts = GCUT_NEW_ARRAY(d->scratch, uint32_t, (size_t)b->line.n + 1);
  if (!b->ends || !b->cuts) return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut__exact_create(&b->line, &b->exact, err));
  GCUT_TRY(check_nodes(b, err));
  d->most_peak = b->budget;
  if (b->line.n > 0) GCUT_TRY(cut_cheapest(b, err));
  if (gcut__peak_failed(b->exact.peak)) return GCUT_NO_MEMORY(err);
  return gcut__line_cut(&b->line, d, b->cuts, b->n_parts, err);
}

gcut_status gcut__cut_budget(gcut__draft *d, const gcut_cut_options *options, gcut_error *err) {
  budgeting b = {.budget = options->budget};
  if (b.budget == 0)
    return GCUT_FAIL(err, GCUT_ARGUMENT, "budget: give the bytes that a part may take");
  if (!d->given) return refuse_symbolic(d, err);
  gcut_status status = cut(&b, d, err);
  gcut__exact_close(&b.exact);
  return status;
}
