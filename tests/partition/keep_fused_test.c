// Fused groups that stay whole: no cutter divides one, whatever the graph and the cut.
#include <stdlib.h>

#include "exec/layout.h"
#include "graphcut/formats.h"
#include "graphcut/plan.h"
#include "graphcut/run.h"
#include "tests/support/check.h"
#include "tests/support/random_decoder.h"
#include "tests/support/random_graph.h"
#include "tracer/base/arena.h"

// ---- what must hold -----------------------------------------------------------------------------

// Nodes of groups that must stay whole and run in another part than the group's last, or again.
static uint32_t count_divided(const gcut_trace *t, const gcut_plan *plan) {
  uint32_t n = 0, *owner = malloc((t->graph->n_nodes + 1) * sizeof *owner);
  bool *runs_again = calloc(t->graph->n_nodes + 1, sizeof *runs_again);
  for (uint32_t i = 0; i < t->graph->n_nodes; i++) owner[i] = GCUT_NONE;
  for (uint32_t p = 0; p < plan->n_parts; p++) {
    const gcut_part *part = &plan->parts[p];
    for (uint32_t i = 0; i < part->n_nodes; i++)
      if (owner[part->nodes[i]] == GCUT_NONE) owner[part->nodes[i]] = p;
    for (uint32_t i = 0; i < part->n_recomputed; i++) runs_again[part->recomputed[i]] = true;
  }
  for (uint32_t i = 0; i < t->n_fused; i++) {
    const gcut_fused *f = &t->fused[i];
    uint32_t last = owner[f->nodes[f->n_nodes - 1]];
    for (uint32_t k = 0; k < f->n_nodes && gcut_fused_is_whole(f->kind); k++)
      n += (owner[f->nodes[k]] != GCUT_NONE && owner[f->nodes[k]] != last) ||
           runs_again[f->nodes[k]];
  }
  free(owner);
  free(runs_again);
  return n;
}

static uint64_t ranges_of(const gcut_trace *t, const uint32_t *values, uint32_t n) {
  uint64_t sum = 0, bytes;
  for (uint32_t i = 0; i < n; i++) {
    assert_true(gcut_trace_bytes(t, values[i], &bytes));
    sum += gcut_range_bytes(bytes);
  }
  return sum;
}

// Peaks that the plan says are those that devices lay out, groups of one step in one step.
static void check_peaks(const gcut_trace *t, const gcut_plan *plan) {
  gcut_arena *arena = gcut_arena_create();
  for (uint32_t i = 0; i < plan->n_parts; i++) {
    const gcut_part *p = &plan->parts[i];
    gcut__layout l;
    assert_ok(gcut__layout_create(t, p, arena, &l, err));
    assert_int_equal(p->peak_bytes, l.bytes + ranges_of(t, p->inputs, p->n_inputs) +
                                        ranges_of(t, p->outputs, p->n_outputs) +
                                        ranges_of(t, p->constants, p->n_constants));
  }
  gcut_arena_destroy(arena);
}

static void check_whole(const gcut_trace *t, const gcut_plan *plan) {
  gcut_error err = {{0}};
  if (gcut_plan_verify(t, plan, &err) != GCUT_OK) fail_msg("%s", err.message);
  assert_int_equal(count_divided(t, plan), 0);
  if (plan->sized) check_peaks(t, plan);
}

static void choose(gcut_cut_options *o, const char **targets, uint64_t *state) {
  static const char *const all[] = {"MatMul", "Softmax", "Transpose", "Reshape", "Mul",
                                    "Add",    "Shape",   "Slice",     "Concat",  "Where",
                                    "Expand", "Gather",  "Unsqueeze", "Squeeze"};
  *o = (gcut_cut_options){.unrefined = random_below(state, 2)};
  uint32_t cutter = random_below(state, 4);
  if (cutter == 0) o->n_parts = 2 + random_below(state, 12);
  if (cutter == 1) o->budget = 4096 + random_below(state, 40000);
  if (cutter < 2) return;
  o->targets = targets;
  o->n_targets = 1 + random_below(state, 2);
  for (size_t i = 0; i < o->n_targets; i++)
    targets[i] = all[random_below(state, sizeof all / sizeof *all)];
  o->targets_per_part = random_below(state, 4);
}

typedef struct traces {
  gcut_trace *symbolic, *given;
} traces;

static traces trace_both(const gcut_graph *g) {
  traces t;
  gcut_binding bound[] = {{"batch", 1}, {"seq", 8}};
  gcut_trace_options options = {.bindings = bound, .n_bindings = 2};
  assert_ok(gcut_trace_folded(g, NULL, &t.symbolic, err));
  assert_ok(gcut_trace_folded(g, &options, &t.given, err));
  assert_int_equal(t.symbolic->n_fused, t.given->n_fused);
  return t;
}

// Cuts at one trace and takes the plan to the other, as runs do. Whether it could be cut.
static bool cut_and_take(const gcut_trace *from, const gcut_trace *to, const gcut_cut_options *o) {
  gcut_plan *plan, *other;
  gcut_error err = {{0}};
  gcut_status status = gcut_plan_create(from, o, &plan, &err);
  if (status != GCUT_OK) {
    bool expected = status == GCUT_BUDGET || strstr(err.message, "matches no") ||
                    strstr(err.message, "folded away") || strstr(err.message, "make no");
    if (!expected) fail_msg("%s", err.message);
    return false;
  }
  check_whole(from, plan);
  assert_ok(gcut_plan_rebase(to, plan, NULL, 0, &other, err));
  check_whole(to, other);
  gcut_plan_destroy(other);
  gcut_plan_destroy(plan);
  return true;
}

static void random_decoders_are_not_cut_through(void **state) {
  (void)state;
  uint64_t seed = 1;
  int n_cut = 0, n_groups = 0;
  for (int round = 0; round < 200; round++) {
    gcut_graph *g = random_decoder(&seed);
    traces t = trace_both(g);
    n_groups += (int)t.symbolic->n_fused;
    for (int cut = 0; cut < 8; cut++) {
      const char *targets[2];
      gcut_cut_options o;
      choose(&o, targets, &seed);
      n_cut += cut_and_take(t.given, t.symbolic, &o);
      if (o.budget == 0) n_cut += cut_and_take(t.symbolic, t.given, &o);
    }
    gcut_trace_destroy(t.symbolic);
    gcut_trace_destroy(t.given);
    gcut_graph_destroy(g);
  }
  assert_true(n_groups > 150);
  assert_true(n_cut > 1000);
}

// ---- models -------------------------------------------------------------------------------------

static gcut_plan *plan_of(const gcut_trace *t, const gcut_cut_options *o) {
  gcut_plan *plan = NULL;
  assert_ok(gcut_plan_create(t, o, &plan, err));
  return plan;
}

typedef struct model {
  gcut_graph *g;
  gcut_trace *t;
} model;

static model open_llama(void) {
  model m;
  assert_ok(gcut_graph_read("examples/models/llama/model.onnx", NULL, &m.g, err));
  assert_ok(gcut_trace_folded(m.g, NULL, &m.t, err));
  return m;
}

static void close_model(model m) {
  gcut_trace_destroy(m.t);
  gcut_graph_destroy(m.g);
}

static void targets_within_a_group_are_one(void **state) {
  (void)state;
  model m = open_llama();
  const char *target = "MatMul";
  gcut_cut_options o = {.targets = &target, .n_targets = 1};
  gcut_plan *plan = plan_of(m.t, &o);
  check_whole(m.t, plan);
  assert_int_equal(plan->n_inner_targets, 8); // two in each of four layers
  assert_int_equal(plan->n_standing_groups, 4);
  uint32_t n_parts = plan->n_parts;
  gcut_plan_destroy(plan);
  o.unfused = true;
  plan = plan_of(m.t, &o);
  assert_true(count_divided(m.t, plan) > 0);
  assert_int_equal(plan->n_parts, n_parts + 4);
  assert_int_equal(plan->n_inner_targets, 0);
  gcut_plan_destroy(plan);
  target = "LlamaAttention"; // holds a group: no target within
  o.unfused = false;
  plan = plan_of(m.t, &o);
  assert_int_equal(plan->n_inner_targets, 0);
  gcut_plan_destroy(plan);
  close_model(m);
}

// The parts of a plan that was cut through, said to be fused.
static void divided_groups_are_refused(void **state) {
  (void)state;
  model m = open_llama();
  const char *target = "Softmax";
  gcut_cut_options o = {.targets = &target, .n_targets = 1, .unfused = true, .unrefined = true};
  gcut_plan *plan = plan_of(m.t, &o), *again;
  gcut_part_spec *parts = calloc(plan->n_parts, sizeof *parts);
  for (uint32_t p = 0; p < plan->n_parts; p++)
    parts[p] = (gcut_part_spec){
        .name = "", .nodes = plan->parts[p].nodes, .n_nodes = plan->parts[p].n_nodes};
  gcut_plan_spec spec = {.parts = parts, .n_parts = plan->n_parts, .unfused = true};
  assert_ok(gcut_plan_build(m.t, &spec, &again, err));
  assert_true(again->unfused);
  gcut_plan_destroy(again);
  spec.unfused = false;
  assert_fails(gcut_plan_build(m.t, &spec, &again, err), GCUT_FORMAT,
               "cut off from the fused attention");
  assert_fails(gcut_plan_build(m.t, &spec, &again, err), GCUT_FORMAT, "--no-fuse");
  free(parts);
  gcut_plan_destroy(plan);
  close_model(m);
}

// Where somebody fetches an inner value the group is no longer one; cuts may go through.
static void fetched_values_open_a_group(void **state) {
  (void)state;
  model m = open_llama();
  const gcut_fused *f = NULL;
  for (uint32_t i = 0; i < m.t->n_fused && !f; i++)
    if (m.t->fused[i].kind == GCUT_FUSED_ATTENTION) f = &m.t->fused[i];
  assert_non_null(f);
  const gcut_node *before = &m.g->nodes[f->nodes[f->n_nodes - 2]];
  const char *target = "MatMul", *fetch = m.g->values[gcut_node_outputs(m.g, before)[0]].name;
  gcut_cut_options o = {.targets = &target, .n_targets = 1, .fetch = &fetch, .n_fetch = 1};
  gcut_plan *plan = plan_of(m.t, &o);
  assert_ok(gcut_plan_verify(m.t, plan, err));
  gcut_plan_destroy(plan);
  close_model(m);
}

// A module that feeds the mask and reads a shape of the keys: attention as one would feed it.
static const char crossing[] =
    "<ir_version: 10, opset_import: [\"\": 18], scopes: [0: \"\", 1: \"block\": \"Block\"]>"
    " g (float[batch,2,seq,8] q, float[batch,2,seq,8] k, float[batch,1,seq,seq] m)"
    " => (float[batch,2,seq,8] y, int64[4] sizes) {"
    " kt = Transpose<perm = [0, 1, 3, 2]>(k) shape = Shape(kt) product = MatMul(q, kt)"
    " mask = Relu(m) @1 scores = Add(product, mask) p = Softmax(scores) y = MatMul(p, k)"
    " sizes = Abs(shape) @1 }";

static void a_module_on_both_sides_is_refused(void **state) {
  (void)state;
  gcut_graph *g;
  gcut_trace *t;
  gcut_plan *plan;
  const char *target = "Block";
  gcut_cut_options o = {.targets = &target, .n_targets = 1};
  assert_ok(gcut_gcir_parse(crossing, sizeof crossing - 1, "crossing", NULL, &g, err));
  assert_ok(gcut_trace_folded(g, NULL, &t, err));
  assert_int_equal(t->n_fused, 1);
  assert_fails(gcut_plan_create(t, &o, &plan, err), GCUT_ARGUMENT, "--no-fuse may do");
  o.unfused = true;
  assert_ok(gcut_plan_create(t, &o, &plan, err));
  gcut_plan_destroy(plan);
  gcut_trace_destroy(t);
  gcut_graph_destroy(g);
}

static void a_budget_too_small_names_the_group(void **state) {
  (void)state;
  gcut_graph *g;
  gcut_trace *t;
  gcut_plan *plan;
  gcut_binding bound[] = {{"batch", 1}, {"seq", 512}};
  gcut_trace_options options = {.bindings = bound, .n_bindings = 2};
  gcut_cut_options o = {.budget = 1 << 20};
  assert_ok(gcut_graph_read("examples/models/llama/model.onnx", NULL, &g, err));
  assert_ok(gcut_trace_folded(g, &options, &t, err));
  assert_fails(gcut_plan_create(t, &o, &plan, err), GCUT_BUDGET, "fused group of node");
  gcut_trace_destroy(t);
  gcut_graph_destroy(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_decoders_are_not_cut_through),
      cmocka_unit_test(targets_within_a_group_are_one),
      cmocka_unit_test(divided_groups_are_refused),
      cmocka_unit_test(fetched_values_open_a_group),
      cmocka_unit_test(a_module_on_both_sides_is_refused),
      cmocka_unit_test(a_budget_too_small_names_the_group),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
