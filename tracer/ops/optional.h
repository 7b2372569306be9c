// What operators on optionals share between rooms.
#ifndef GCUT_TRACER_OPS_OPTIONAL_H
#define GCUT_TRACER_OPS_OPTIONAL_H

#include "tracer/ops/op.h"

// What an Optional without input would hold, by its attribute `type`; NULL where it does not say.
const gcut_type *gcut__optional_type(const gcut_graph *graph, const gcut_node *node);

#endif
