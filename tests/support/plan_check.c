#include "tests/support/plan_check.h"

#include <stdlib.h>

#include "tests/support/check.h"

void plan_release(gcut_trace *trace) {
  gcut_graph_destroy((gcut_graph *)trace->graph);
  gcut_trace_destroy(trace);
}

bool plan_holds(const uint32_t *list, uint32_t n, uint32_t item) {
  for (uint32_t i = 0; i < n; i++)
    if (list[i] == item) return true;
  return false;
}

static bool makes(const gcut_graph *g, const gcut_part *p, uint32_t value) {
  return g->values[value].producer != GCUT_NONE &&
         plan_holds(p->nodes, p->n_nodes, g->values[value].producer);
}

static bool reads(const gcut_graph *g, const gcut_part *p, uint32_t value) {
  for (uint32_t i = 0; i < p->n_nodes; i++) {
    const gcut_node *node = &g->nodes[p->nodes[i]];
    if (plan_holds(gcut_node_inputs(g, node), node->n_inputs, value)) return true;
  }
  return false;
}

static bool is_constant(const gcut_trace *t, uint32_t value) {
  return t->facts[value].constant != NULL;
}

// By definition, whatever made the plan.
void plan_check_lists(const gcut_trace *t, const gcut_plan *plan) {
  const gcut_graph *g = t->graph;
  for (uint32_t v = 0; v < g->n_values; v++) {
    bool fetched = plan_holds(plan->fetches, plan->n_fetches, v), later = false;
    for (uint32_t i = plan->n_parts; i-- > 0;) {
      const gcut_part *p = &plan->parts[i];
      bool outside = reads(g, p, v) && !makes(g, p, v);
      bool input = outside && !is_constant(t, v);
      bool own =
          makes(g, p, v) && !plan_holds(p->recomputed, p->n_recomputed, g->values[v].producer);
      assert_int_equal(plan_holds(p->inputs, p->n_inputs, v), input);
      assert_int_equal(plan_holds(p->constants, p->n_constants, v), outside && is_constant(t, v));
      assert_int_equal(plan_holds(p->outputs, p->n_outputs, v), own && (later || fetched));
      assert_int_equal(plan_holds(p->consumed, p->n_consumed, v), input && !later && !fetched);
      later |= input;
    }
  }
}

static void check_bytes(const gcut_trace *t, const gcut_plan *plan) {
  uint64_t crossing = 0;
  for (uint32_t v = 0; v < t->graph->n_values; v++) {
    uint64_t bytes, n_readers = 0;
    for (uint32_t i = 0; i < plan->n_parts; i++)
      n_readers += plan_holds(plan->parts[i].inputs, plan->parts[i].n_inputs, v);
    if (n_readers == 0) continue;
    assert_true(gcut_trace_bytes(t, v, &bytes));
    crossing += bytes * (n_readers - (t->graph->values[v].producer == GCUT_NONE));
  }
  assert_int_equal(plan->crossing_bytes, crossing);
  assert_true(plan->crossing_bytes <= plan->unrefined_bytes);
  assert_true(plan->unrefined_bytes <= plan->pipeline_bytes);
}

// Runs the plan on a store of values: a part sees its inputs and constants, no more.
void plan_check_run(const gcut_trace *t, const gcut_plan *plan) {
  const gcut_graph *g = t->graph;
  bool *stored = calloc(g->n_values, 1), *local = malloc(g->n_values);
  for (uint32_t i = 0; i < g->bodies[0].n_inputs; i++) stored[g->bodies[0].inputs[i]] = true;
  for (uint32_t i = 0; i < plan->n_parts; i++) {
    const gcut_part *p = &plan->parts[i];
    memset(local, 0, g->n_values);
    for (uint32_t k = 0; k < p->n_inputs; k++) assert_true(stored[p->inputs[k]]);
    for (uint32_t k = 0; k < p->n_inputs; k++) local[p->inputs[k]] = true;
    for (uint32_t k = 0; k < p->n_constants; k++) local[p->constants[k]] = true;
    for (uint32_t k = 0; k < p->n_nodes; k++) {
      const gcut_node *node = &g->nodes[p->nodes[k]];
      for (uint32_t r = 0; r < node->n_inputs; r++)
        assert_true(local[gcut_node_inputs(g, node)[r]]);
      for (uint32_t o = 0; o < node->n_outputs; o++) local[gcut_node_outputs(g, node)[o]] = true;
    }
    for (uint32_t k = 0; k < p->n_outputs; k++) assert_true(local[p->outputs[k]]);
    for (uint32_t k = 0; k < p->n_outputs; k++) stored[p->outputs[k]] = true;
    for (uint32_t k = 0; k < p->n_consumed; k++) stored[p->consumed[k]] = false;
  }
  for (uint32_t k = 0; k < plan->n_fetches; k++) assert_true(stored[plan->fetches[k]]);
  free(stored);
  free(local);
}

void plan_check(const gcut_trace *t, const gcut_plan *plan) {
  gcut_error err = {0};
  if (gcut_plan_verify(t, plan, &err) != GCUT_OK) fail_msg("%s", err.message);
  plan_check_lists(t, plan);
  check_bytes(t, plan);
  plan_check_run(t, plan);
}
