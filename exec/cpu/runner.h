// The memory of one thread that runs nodes: what call.c and runner.c share.
#ifndef GCUT_EXEC_CPU_RUNNER_H
#define GCUT_EXEC_CPU_RUNNER_H

#include "exec/cpu/call.h"
#include "exec/cpu/kernel.h"
#include "tracer/base/arena.h"
#include "tracer/dims.h"

enum { GCUT__CPU_MAX_DEPTH = 128 };

struct gcut__cpu_runner {
  gcut_arena *scratch[GCUT__CPU_MAX_DEPTH]; // one for each depth of nested bodies
  int depth;
  gcut_dims *dims;    // for sizes that depend on data; replaced when it has grown
  gcut__cpu_env *env; // of the node that runs
  void *spare;        // [spare_bytes]
  size_t spare_bytes;
};

// The value's tensor, row-major, fetching an initializer at need.
GCUT_MUST_USE gcut_status gcut__cpu_fetch(gcut__cpu_env *env, uint32_t value,
                                          const gcut_tensor **out_tensor, gcut_error *err);
// Whether the value is the same in every run of the part.
bool gcut__cpu_is_fixed(const gcut__cpu_env *env, uint32_t value);
// A call's run_body.
gcut_status gcut__cpu_run_body(gcut__cpu_call *c, uint32_t body, gcut_tensor *const *inputs,
                               uint32_t n_inputs, gcut_tensor **outputs, uint32_t n_outputs,
                               gcut_error *err);

#endif
