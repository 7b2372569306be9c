// What a part makes of weights alone: weights of a few bits expanded, weights turned or cast. It is
// the same for every batch, so a schedule that sends several through the part may have it made once
// (PREPARE) and kept beside the workspace.
//
// Steps are marked in order: one that reads nothing but weights and what marked steps made is
// marked, too. What any other step reads of theirs is kept; the rest is in the workspace as ever.
#include "exec/layout.h"
#include "exec/problem.h"
#include "tracer/base/error.h"
#include "tracer/base/map.h"
#include "tracer/ops/op.h"

typedef struct preparer {
  const gcut_trace *trace;
  const gcut_graph *graph;
  const gcut__fusion *fusions;
  gcut__layout *layout;
  gcut_map roots; // value that marked steps make -> home whose memory it has, or OF_WEIGHT
  gcut_map kept;  // homes to keep
} preparer;

static const uint32_t OF_WEIGHT = UINT32_MAX - 1;

static gcut__home *home_of(const preparer *p, const gcut__layout_step *step) {
  return &p->layout->homes[step->first_home];
}

static const gcut__fusion *fusion_of(const preparer *p, const gcut__layout_step *step) {
  return step->fusion == GCUT_NONE ? NULL : &p->fusions[step->fusion];
}

static uint32_t n_reads(const preparer *p, const gcut__layout_step *step) {
  const gcut__fusion *f = fusion_of(p, step);
  return f ? f->n_reads : gcut_node_n_reads(&p->graph->nodes[step->node]);
}

static uint32_t read_of(const preparer *p, const gcut__layout_step *step, uint32_t i) {
  const gcut__fusion *f = fusion_of(p, step);
  return f ? f->reads[i] : gcut_node_read(p->graph, &p->graph->nodes[step->node], i);
}

// ---- which steps ------------------------------------------------------------------------------

static bool is_view(const preparer *p, const gcut__layout_step *step) {
  return step->n_homes == 1 && home_of(p, step)->kind == GCUT__HOME_VIEW;
}

static bool is_of_weights(const preparer *p, uint32_t value) {
  return value == GCUT_NONE || gcut__constant_of(p->trace, value) ||
         gcut_map_get(&p->roots, value) != UINT32_MAX;
}

// All that reads what it makes is within the part.
static bool stays_within(const preparer *p, const gcut__layout_step *step) {
  if (is_view(p, step)) return true;
  for (uint32_t i = 0; i < step->n_homes; i++)
    if (home_of(p, step)[i].kind != GCUT__HOME_WORKSPACE) return false;
  return step->n_homes > 0;
}

static bool reads_weights_alone(const preparer *p, const gcut__layout_step *step) {
  const gcut_op *op = p->graph->nodes[step->node].op;
  if (!op || op->flags & (GCUT_OP_RANDOM | GCUT_OP_CONTROL) || !stays_within(p, step)) return false;
  for (uint32_t i = 0; i < n_reads(p, step); i++)
    if (!is_of_weights(p, read_of(p, step, i))) return false;
  return true;
}

static gcut_status mark(preparer *p, gcut__layout_step *step, gcut_error *err) {
  if (!reads_weights_alone(p, step)) return GCUT_OK;
  step->of_weights = true;
  for (uint32_t i = 0; i < step->n_homes; i++) {
    uint32_t root = step->first_home + i;
    if (is_view(p, step)) {
      uint32_t seen = gcut_node_inputs(p->graph, &p->graph->nodes[step->node])[0];
      root = gcut_map_get(&p->roots, seen);
      if (root == UINT32_MAX) root = OF_WEIGHT;
    }
    if (!gcut_map_set(&p->roots, home_of(p, step)[i].value, root)) return GCUT_NO_MEMORY(err);
  }
  return GCUT_OK;
}

// ---- what is kept -----------------------------------------------------------------------------

static gcut_status keep(preparer *p, uint32_t value, gcut_error *err) {
  uint32_t root = value == GCUT_NONE ? UINT32_MAX : gcut_map_get(&p->roots, value);
  if (root == UINT32_MAX || root == OF_WEIGHT) return GCUT_OK;
  return gcut_map_set(&p->kept, root, 0) ? GCUT_OK : GCUT_NO_MEMORY(err);
}

// What a step that is not marked reads; and what a view looks at, so that the view is there, too.
static gcut_status keep_reads(preparer *p, const gcut__layout_step *step, gcut_error *err) {
  if (step->of_weights && !is_view(p, step)) return GCUT_OK;
  for (uint32_t i = 0; i < n_reads(p, step); i++) GCUT_TRY(keep(p, read_of(p, step, i), err));
  return GCUT_OK;
}

static uint64_t bytes_read(const preparer *p, const gcut__layout_step *step) {
  uint64_t bytes, sum = 0;
  for (uint32_t i = 0; i < n_reads(p, step); i++) {
    uint32_t value = read_of(p, step, i);
    if (value != GCUT_NONE && gcut_trace_bytes(p->trace, value, &bytes)) sum += bytes;
  }
  return sum;
}

static void place(preparer *p, const gcut__layout_step *step) {
  gcut__layout *l = p->layout;
  for (uint32_t i = step->first_home; i < step->first_home + step->n_homes; i++) {
    uint32_t root = gcut_map_get(&p->roots, l->homes[i].value);
    l->prepared_traffic += root == i ? l->homes[i].bytes : 0;
    if (gcut_map_get(&p->kept, root) == UINT32_MAX) continue;
    if (root != i) {
      l->homes[i].prepared = l->homes[root].prepared;
      continue;
    }
    l->homes[i].prepared = l->prepared;
    l->prepared += gcut_range_bytes(l->homes[i].bytes);
  }
  if (!is_view(p, step)) l->prepared_traffic += bytes_read(p, step);
}

// ---- the whole --------------------------------------------------------------------------------

static gcut_status prepare(preparer *p, gcut_error *err) {
  gcut__layout *l = p->layout;
  for (uint32_t s = 0; s < l->n_steps; s++) GCUT_TRY(mark(p, &l->steps[s], err));
  for (uint32_t s = 0; s < l->n_steps; s++) GCUT_TRY(keep_reads(p, &l->steps[s], err));
  for (uint32_t s = 0; s < l->n_steps; s++)
    if (l->steps[s].of_weights) place(p, &l->steps[s]);
  return GCUT_OK;
}

gcut_status gcut__layout_prepare(const gcut_trace *trace, const gcut__fusion *fusions,
                                 gcut__layout *layout, gcut_error *err) {
  preparer p = {.trace = trace, .graph = trace->graph, .fusions = fusions, .layout = layout};
  gcut_status status = prepare(&p, err);
  gcut_map_free(&p.roots);
  gcut_map_free(&p.kept);
  return status;
}
