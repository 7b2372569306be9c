// The same case, cut: every node a part of its own, streamed, against the uncut run bit for bit.
#ifndef GCUT_TESTS_CONFORMANCE_CUT_CASE_H
#define GCUT_TESTS_CONFORMANCE_CUT_CASE_H

#include "exec/cpu/call.h"
#include "graphcut/trace.h"

// Runs the graph of `trace` cut at every node, on the inputs that `env` holds, and compares each
// output with the one in `env`. False, and why, where a bit differs or the run fails.
bool cut_case_matches(const gcut_trace *trace, const gcut_cpu_env *env, char *why, size_t size);

#endif
