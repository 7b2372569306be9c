// Parts that look up: the head of a decoder, which picks a row of the embedding table a token.
//
// Such a part needs the rows and not the table, and what it computes, if anything, has the same
// bits everywhere; so a strategy may leave it to the host, where the table is.
#include "exec/problem.h"
#include "tracer/ops/op.h"

static bool is_whole(const gcut_trace *trace, uint32_t value) {
  const gcut_type *type = &trace->facts[value].type;
  return type->kind == GCUT_KIND_TENSOR && (GCUT_TYPE(BOOL) | GCUT_INTEGERS) >> type->type & 1;
}

static bool are_whole(const gcut_trace *trace, const uint32_t *values, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (values[i] != GCUT_NONE && !is_whole(trace, values[i])) return false;
  return true;
}

// One operation an output element, on integers and bools alone.
static bool counts(const gcut_trace *trace, const gcut_node *node) {
  return !node->op->flops && !(node->op->flags & (GCUT_OP_RANDOM | GCUT_OP_CONTROL)) &&
         are_whole(trace, gcut_node_inputs(trace->graph, node), node->n_inputs) &&
         are_whole(trace, gcut_node_outputs(trace->graph, node), node->n_outputs);
}

// All that it reads of weights is picked from them, but for integers: axes, positions.
static bool picks_weights(const gcut_trace *trace, const gcut_node *node) {
  const uint32_t *inputs = gcut_node_inputs(trace->graph, node);
  for (uint32_t i = node->op->flags & GCUT_OP_PICKS ? 1 : 0; i < node->n_inputs; i++)
    if (inputs[i] != GCUT_NONE && !is_whole(trace, inputs[i]) &&
        gcut__is_weight(gcut__constant_of(trace, inputs[i])))
      return false;
  return true;
}

bool gcut__looks_up(const gcut_trace *trace, const gcut_part *part) {
  const uint32_t moving = GCUT_OP_VIEW | GCUT_OP_MOVES | GCUT_OP_PICKS;
  for (uint32_t i = 0; i < part->n_nodes; i++) {
    const gcut_node *node = &trace->graph->nodes[part->nodes[i]];
    if (trace->folded[part->nodes[i]]) continue;
    if (!node->op || node->n_captures > 0) return false;
    if (counts(trace, node)) continue;
    if (!(node->op->flags & moving) || !picks_weights(trace, node)) return false;
  }
  return true;
}
