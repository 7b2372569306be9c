#include "tests/support/laid.h"

#include "tests/support/check.h"
#include "tests/support/toy.h"

laid lay_out(gcut_graph *g) {
  laid it = {.graph = g, .trace = toy_trace(g, 0), .arena = gcut_arena_create()};
  assert_ok(gcut_plan_whole(it.trace, NULL, &it.plan, err));
  assert_ok(gcut__layout_create(it.trace, &it.plan->parts[0], it.arena, &it.layout, err));
  return it;
}

void take_up(laid *it) {
  gcut_arena_destroy(it->arena);
  gcut_plan_destroy(it->plan);
  gcut_trace_destroy(it->trace);
  gcut_graph_destroy(it->graph);
}
