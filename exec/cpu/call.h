// Running nodes on the CPU: infer on the actual tensors, allocate outputs, call the kernel.
#ifndef GCUT_EXEC_CPU_CALL_H
#define GCUT_EXEC_CPU_CALL_H

#include "exec/cpu/kept.h"
#include "graphcut/graph.h"
#include "graphcut/trace.h"

// Scratch memory of one thread that runs nodes; one at a time.
typedef struct gcut__cpu_runner gcut__cpu_runner;

GCUT_MUST_USE gcut_status gcut__cpu_runner_create(gcut__cpu_runner **out_runner, gcut_error *err);
void gcut__cpu_runner_destroy(gcut__cpu_runner *runner);

// The values of a graph while its nodes run.
typedef struct gcut__cpu_env {
  const gcut_graph *graph;
  gcut_tensor **values; // [graph->n_values]: a reference each, NULL where not computed (or dropped)
  // Memory for an output of a main graph's node, aligned to 64 bytes, at least `bytes` long and
  // alive as long as the tensor; NULL: the heap. The callback itself may be NULL, too.
  void *(*place)(void *context, uint32_t value, uint64_t bytes);
  void *place_context;
  // What follows may be NULL.
  bool *turned;            // [graph->n_values] values that lie channels last (order.h)
  bool *fixed;             // [graph->n_values] values made of weights alone
  gcut__cpu_shelf *shelf;  // for what kernels keep
  const gcut_trace *trace; // whose constants the values are
} gcut__cpu_env;

GCUT_MUST_USE gcut_status gcut__cpu_env_create(const gcut_graph *graph, gcut__cpu_env *out_env,
                                               gcut_error *err);
void gcut__cpu_env_free(gcut__cpu_env *env);
// Makes `value` that tensor (a reference is taken), or nothing where it is NULL.
void gcut__cpu_env_set(gcut__cpu_env *env, uint32_t value, gcut_tensor *tensor);

// A tensor over a constant's elements: in place where they are aligned to their size, else a copy.
// GCUT_FORMAT naming the file where it is missing.
GCUT_MUST_USE gcut_status gcut__cpu_constant_tensor(const gcut_graph *graph,
                                                    const gcut_constant *constant,
                                                    gcut_tensor **out_tensor, gcut_error *err);

// Runs one node: its inputs are in env (initializers are fetched at need), its outputs will be.
// GCUT_UNSUPPORTED names a node whose operator, or element type, has no kernel.
GCUT_MUST_USE gcut_status gcut__cpu_run_node(gcut__cpu_runner *runner, gcut__cpu_env *env,
                                             uint32_t node, gcut_error *err);

// Whether the CPU has a kernel for groups of that kind.
bool gcut__cpu_is_one_step(gcut_fused_kind kind);
// Runs a group of the trace that is such a step and whose result has a static size:
// what it reads is in env, its result will be.
GCUT_MUST_USE gcut_status gcut__cpu_run_group(gcut__cpu_runner *runner, gcut__cpu_env *env,
                                              const gcut_trace *trace, const gcut_fused *group,
                                              gcut_error *err);

// A gcut_evaluate for the tracer; the context is a gcut__cpu_runner.
gcut_status gcut__cpu_evaluate(void *runner, const gcut_graph *graph, const gcut_node *node,
                               const gcut_tensor *const *inputs, gcut_tensor **outputs,
                               gcut_error *err);

#endif
