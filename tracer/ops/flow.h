// Facts that flow into bodies and out of them.
//
// A value carried around a loop may change its shape from one turn to the next: what differs
// between the turn's begin and end becomes a symbol of its own, until begin and end agree.
#ifndef GCUT_TRACER_OPS_FLOW_H
#define GCUT_TRACER_OPS_FLOW_H

#include "tracer/ops/op.h"

// The body of a loop. inputs: [n_inputs], of which [first, first + n) are carried; outputs:
// [n_outputs], of which [out_first, out_first + n) are what is carried on.
typedef struct gcut__flow {
  uint32_t body, n_inputs, first, n, n_outputs, out_first;
  gcut_fact *inputs, *outputs;
  uint32_t *free_dims; // [n] a bit for each dim that differs from turn to turn
} gcut__flow;

// Room for the facts; the counts must be set.
GCUT_MUST_USE gcut_status gcut__flow_open(gcut_infer *c, gcut__flow *flow, gcut_error *err);
// Infers the body from its inputs, which are widened until they hold for every turn.
GCUT_MUST_USE gcut_status gcut__infer_turns(gcut_infer *c, gcut__flow *flow, gcut_error *err);

// A fact without what holds for one turn only.
gcut_fact gcut__type_only(const gcut_fact *fact);
bool gcut__same_type(const gcut_type *a, const gcut_type *b);
// What holds of both: dims that differ become fresh symbols, marked in *free_dims.
GCUT_MUST_USE gcut_status gcut__join_types(gcut_infer *c, const gcut_type *a, const gcut_type *b,
                                           uint32_t *free_dims, gcut_type *out, gcut_error *err);

#endif
