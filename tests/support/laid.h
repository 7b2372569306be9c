// A graph as one part, laid out.
#ifndef GCUT_TESTS_SUPPORT_LAID_H
#define GCUT_TESTS_SUPPORT_LAID_H

#include "exec/layout.h"
#include "tracer/base/arena.h"

typedef struct laid {
  gcut_graph *graph;
  gcut_trace *trace;
  gcut_plan *plan;
  gcut_arena *arena;
  gcut__layout layout;
} laid;

laid lay_out(gcut_graph *g);
void take_up(laid *it); // gives all of it back, the graph as well

#endif
