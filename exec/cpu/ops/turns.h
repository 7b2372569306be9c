// Bodies that run again and again: what Loop and Scan share.
//
// A turn takes references to tensors and gives references back. Outputs of all turns are kept as
// they come and laid side by side at the end.
#ifndef GCUT_EXEC_CPU_OPS_TURNS_H
#define GCUT_EXEC_CPU_OPS_TURNS_H

#include "exec/cpu/ops/slab.h"

// inputs: the counter and the condition (Loop alone), then states, then what this turn scans;
// outputs: the condition (Loop alone), states, and what is stacked.
typedef struct gcut__turns {
  uint32_t body, n_inputs, n_outputs;
  uint32_t first_state, first_output, n_states; // of inputs, of outputs
  gcut_tensor **inputs, **outputs;              // each a reference or NULL
  gcut__tensor_list *lists;                     // [n_stacked]
  uint32_t n_stacked;
} gcut__turns;

// Room for operands and lists; the counts must be set. Close it also where it fails.
GCUT_MUST_USE gcut_status gcut__turns_open(gcut__cpu_call *c, gcut__turns *t, gcut_error *err);
void gcut__turns_close(gcut__turns *t);
// One turn: states move on, what is to be stacked is kept, the rest stays in outputs.
GCUT_MUST_USE gcut_status gcut__turns_take(gcut__cpu_call *c, gcut__turns *t, gcut_error *err);
// A new tensor of what the turns gave for stacked output `k`. Where no turn was taken: nothing, of
// the shape that the model declares for one turn; a dim it leaves open is 0.
GCUT_MUST_USE gcut_status gcut__turns_stack(gcut__cpu_call *c, const gcut__turns *t, uint32_t k,
                                            int64_t axis, bool reverse, gcut_tensor **out_tensor,
                                            gcut_error *err);

// Fails where no bodies can run.
GCUT_MUST_USE gcut_status gcut__check_bodies(const gcut__cpu_call *c, gcut_error *err);
// Gives a new tensor to output `i` and the caller's reference away.
void gcut__give(gcut__cpu_call *c, uint32_t i, gcut_tensor *tensor);
// Drops references and clears them.
void gcut__unref_all(gcut_tensor **tensors, size_t n);

#endif
