// The memory of one thread that runs nodes: what call.c and runner.c share.
#ifndef GCUT_EXEC_CPU_RUNNER_H
#define GCUT_EXEC_CPU_RUNNER_H

#include "exec/cpu/call.h"
#include "tracer/base/arena.h"
#include "tracer/dims.h"

enum { GCUT_CPU_MAX_DEPTH = 128 };

struct gcut_cpu_runner {
  gcut_arena *scratch[GCUT_CPU_MAX_DEPTH]; // one for each depth of nested bodies
  int depth;
  gcut_dims *dims;   // for sizes that depend on data; replaced when it has grown
  gcut_cpu_env *env; // of the node that runs
  void *spare;       // [spare_bytes]
  size_t spare_bytes;
};

#endif
