// What If, Loop, Scan and SequenceMap share between rooms.
#ifndef GCUT_TRACER_OPS_CONTROL_H
#define GCUT_TRACER_OPS_CONTROL_H

#include "tracer/ops/op.h"

typedef struct gcut__if_attrs {
  uint32_t then_branch, else_branch; // of bodies[]
} gcut__if_attrs;

typedef struct gcut__body_attrs { // Loop, SequenceMap
  uint32_t body;
} gcut__body_attrs;

typedef struct gcut__scan_attrs {
  uint32_t body;
  int64_t num_scan_inputs;
  gcut_ints directions; // opset 8
  gcut_ints scan_input_directions, scan_input_axes, scan_output_directions, scan_output_axes;
} gcut__scan_attrs;

// The operands of a Scan: states first, then what is scanned. Opset 8 has the lengths of the
// sequences before them and a batch dim before all.
typedef struct gcut__scan_form {
  bool batched;
  uint32_t first;                        // input
  uint32_t n_states, n_scans, n_outputs; // n_outputs: of the body
} gcut__scan_form;

GCUT_MUST_USE gcut_status gcut__scan_form_of(const gcut_graph *graph, const gcut_node *node,
                                             const gcut__scan_attrs *attrs, gcut__scan_form *out,
                                             gcut_error *err);
// Entry `i` of a list of directions or axes, 0 where the list is absent.
static inline int64_t gcut__scan_entry(gcut_ints list, uint32_t i) {
  return list.given && i < list.n ? list.data[i] : 0;
}

#endif
