// Folding: a node whose outputs follow from constants alone need not run.
#ifndef GCUT_TRACER_FOLD_H
#define GCUT_TRACER_FOLD_H

#include "graphcut/trace.h"

// Gives `outputs` of an inferred node their constants where they are known: from integer content,
// as a view of a constant, or by evaluating the node. Large results are left to run time: constants
// that are not in the model's files would have to be stored.
GCUT_MUST_USE gcut_status gcut__fold_node(gcut_trace *trace, const gcut_trace_options *options,
                                          const gcut_node *node, const gcut_fact *const *inputs,
                                          gcut_fact *outputs, gcut_error *err);

#endif
