// Another order of the nodes: each as late as what reads it first allows, by going from the fetched
// values back to what they need, depth first, and listing a node once all that it reads is listed.
// Branches side by side then follow each other where an exporter may have interleaved them. With a
// stack of its own: graphs are deep.
#include "partition/draft.h"
#include "partition/reads.h"
#include "tracer/base/error.h"

typedef struct visit {
  uint32_t node, next; // of its reads
} visit;

typedef struct walk {
  const gcut__draft *d;
  visit *stack; // [n_order]
  bool *seen;   // [n_nodes]
  uint32_t *nodes, n, n_stack;
  bool backwards; // reads are followed from the last to the first
} walk;

static void enter(walk *w, uint32_t node) {
  if (node == GCUT_NONE || !w->d->needed[node] || w->seen[node]) return;
  w->seen[node] = true;
  w->stack[w->n_stack++] = (visit){.node = node};
}

static void follow(walk *w) {
  while (w->n_stack > 0) {
    visit *top = &w->stack[w->n_stack - 1];
    const gcut_node *node = &w->d->graph->nodes[top->node];
    uint32_t n = gcut_node_n_reads(node), i = top->next++;
    if (i == n) {
      w->nodes[w->n++] = top->node;
      w->n_stack--;
      continue;
    }
    uint32_t v = gcut_node_read(w->d->graph, node, w->backwards ? n - 1 - i : i);
    if (v != GCUT_NONE && !gcut__constant(w->d->trace, v))
      enter(w, w->d->graph->values[v].producer);
  }
}

gcut_status gcut__draft_depth_first(gcut__draft *d, bool backwards, gcut_error *err) {
  walk w = {.d = d,
            .stack = GCUT_NEW_ARRAY(d->scratch, visit, d->n_order),
            .seen = GCUT_NEW_ARRAY(d->scratch, bool, d->graph->n_nodes),
            .nodes = GCUT_NEW_ARRAY(d->scratch, uint32_t, d->n_order),
            .backwards = backwards};
  if (!w.stack || !w.seen || !w.nodes) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < d->n_fetches; i++) {
    enter(&w, d->graph->values[d->fetches[i]].producer);
    follow(&w);
  }
  return gcut__draft_arrange(d, w.nodes, w.n, err);
}
