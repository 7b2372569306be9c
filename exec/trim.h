// A plan without what no batch needs.
#ifndef GCUT_EXEC_TRIM_H
#define GCUT_EXEC_TRIM_H

#include "exec/shapes.h"

// The same parts for batches of several shapes, without the nodes that all their traces have
// folded, what only those read, and what nobody reads then. Lies in the shapes' arena; names,
// fetches and bytes are the plan's.
GCUT_MUST_USE gcut_status gcut__trim(const gcut_plan *plan, const gcut__shapes *shapes,
                                     gcut_plan *out, gcut_error *err);

#endif
