// The same case as a run on a device: whole, and cut with every node a part of its own, streamed,
// against the uncut run bit for bit.
#ifndef GCUT_TESTS_CONFORMANCE_CUT_CASE_H
#define GCUT_TESTS_CONFORMANCE_CUT_CASE_H

#include "exec/cpu/call.h"
#include "graphcut/run.h"

// Whether the case's data contradict what its model declares, as some of onnx 1.12 do: a run
// refuses them before it begins.
bool cut_case_is_refused(const gcut_trace *trace, const gcut__cpu_env *env);
// Runs the graph of `trace` uncut on the inputs that `env` holds and puts its outputs there. False,
// and why, where the run fails.
bool cut_case_run_whole(const gcut_trace *trace, gcut__cpu_env *env, const char *device,
                        gcut_run_result *result, char *why, size_t size);
// Runs it cut at every node and compares each output with the one in `env`. False, and why, where a
// bit differs or the run fails.
bool cut_case_matches(const gcut_trace *trace, gcut__cpu_env *env, const char *device, char *why,
                      size_t size);

#endif
