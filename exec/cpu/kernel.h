// What a CPU kernel is given. One kernel an operator, in exec/cpu/ops/<family>.c: plain C, correct
// first; oneDNN where it serves. A kernel reads c->inputs, writes c->outputs, and touches nothing
// else.
#ifndef GCUT_EXEC_CPU_KERNEL_H
#define GCUT_EXEC_CPU_KERNEL_H

#include "exec/cpu/kept.h"
#include "graphcut/tensor.h"
#include "tracer/base/arena.h"
#include "tracer/base/error.h"
#include "tracer/ops/op.h"

typedef struct gcut__cpu_call {
  const gcut_graph *graph;
  const gcut_node *node;
  const void *attrs; // the operator's struct, parsed
  const gcut_tensor *const
      *inputs; // [n_inputs]; NULL where absent; checked against the signature and by infer
  const uint32_t *values; // [n_inputs] of the graph
  uint32_t n_inputs;
  gcut_tensor *
      *outputs; // [n_outputs]: allocated as inferred, uninitialised; NULL where the node names
                // none, and where the size depends on data: then the kernel calls gcut__cpu_output
  uint32_t n_outputs;
  gcut_arena *scratch; // reset after the call
  // Runs a body of a control operator on `inputs` and gives new references to its outputs.
  gcut_status (*run_body)(struct gcut__cpu_call *c, uint32_t body, gcut_tensor *const *inputs,
                          uint32_t n_inputs, gcut_tensor **outputs, uint32_t n_outputs,
                          gcut_error *err);
  void *private_state;
  struct gcut__cpu_env *env; // NULL while the tracer evaluates
  // Where it is not NULL, input 0 may lie channels last (order.h); the kernel may leave its outputs
  // so and say it here.
  struct gcut__cpu_order *order;
} gcut__cpu_call;

typedef gcut_status (*gcut__cpu_kernel)(gcut__cpu_call *c, gcut_error *err);

// The kernel of a node's operator, or NULL (views and unknown operators have none).
gcut__cpu_kernel gcut__cpu_find(const gcut_node *node);

// The kernel of a kind of fused groups, or NULL: then its nodes run one by one. Bytes are
// multiplied only where the processor does it itself.
gcut__cpu_kernel gcut__cpu_find_group(gcut_fused_kind kind);
// Whether it looks at c->order.
bool gcut__cpu_group_asks(gcut_fused_kind kind);

static inline bool gcut__cpu_has(const gcut__cpu_call *c, uint32_t i) {
  return i < c->n_inputs && c->inputs[i];
}
static inline bool gcut__cpu_wants(const gcut__cpu_call *c, uint32_t i) {
  return i < c->n_outputs && gcut_node_outputs(c->graph, c->node)[i] != GCUT_NONE;
}

// Whether input `i` has the same elements in every call of this node.
bool gcut__cpu_is_constant(const gcut__cpu_call *c, uint32_t i);
// Whether anything can be kept.
bool gcut__cpu_can_keep(const gcut__cpu_call *c);
// What the node kept of an earlier call, made from constants alone; NULL: nothing.
gcut__cpu_kept *gcut__cpu_recall(const gcut__cpu_call *c);
// Keeps it for later calls, instead of what was kept; false where nothing can be: it is still the
// caller's.
GCUT_MUST_USE bool gcut__cpu_keep(const gcut__cpu_call *c, gcut__cpu_kept *kept);

// Uninitialised memory, aligned to 64 bytes, until the kernel asks again or returns: for what is
// large and need not be cleared. NULL where memory is out.
void *gcut__cpu_spare(gcut__cpu_call *c, size_t bytes);

// Allocates output `i` (whose size depended on data) uninitialised and puts it in c->outputs.
GCUT_MUST_USE gcut_status gcut__cpu_output(gcut__cpu_call *c, uint32_t i, gcut_dtype type, int rank,
                                           const int64_t *dims, gcut_error *err);
// Makes output `i` that tensor (a new reference is taken): sequences, pass-through.
void gcut__cpu_output_tensor(gcut__cpu_call *c, uint32_t i, gcut_tensor *tensor);

// A failure that names the node; the message follows "node 'x' (Op): ".
gcut_status gcut__cpu_fail(const gcut__cpu_call *c, gcut_status status, gcut_error *err,
                           const char *format, ...) GCUT_PRINTF(4, 5);
// For an element type that the kernel does not have: GCUT_UNSUPPORTED.
gcut_status gcut__cpu_type_unsupported(const gcut__cpu_call *c, gcut_dtype type, gcut_error *err);

#endif
