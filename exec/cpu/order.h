// Activations of convolutions lie channels last while they stay inside a part.
//
// oneDNN convolves fastest from [batch, space..., channels] to the same. Between two convolutions
// there are mostly operators that go element by element, which do not care in what order: so a
// convolution leaves its result as it made it, they compute in that order, and the next convolution
// takes it. Whatever else reads a value has it turned back first, in place. Only where elements lie
// differs, never what is computed, so a cut changes no bit.
#ifndef GCUT_EXEC_CPU_ORDER_H
#define GCUT_EXEC_CPU_ORDER_H

#include "exec/cpu/call.h"
#include "exec/cpu/kernel.h"

// What a kernel that knows of the order sees of it.
typedef struct gcut__cpu_order {
  bool input;  // input 0 lies channels last
  bool output; // all outputs do: for the kernel to set
  bool
      shown; // GCUT__CPU_ANY_ORDER: all operands are shown as they lie, [batch, space..., channels]
} gcut__cpu_order;

typedef enum gcut__cpu_orders {
  GCUT__CPU_ROW_MAJOR, // the kernel wants every operand row-major
  GCUT__CPU_ANY_ORDER, // it goes by the dims it is given and by gcut__cpu_axis
  GCUT__CPU_ASKS,      // it looks at c->order
} gcut__cpu_orders;

// What the kernel of a node copes with.
gcut__cpu_orders gcut__cpu_orders_of(const gcut_node *node);

// Whether the order of its axes makes a difference to where the elements of a tensor lie.
bool gcut__cpu_order_matters(int rank, const int64_t *dims);
// Copies a tensor of those dims, [batch, channels, space...], into the other order: to channels
// last, or back. `size` bytes an element.
void gcut__cpu_turn(size_t size, int rank, const int64_t *dims, bool last, const void *from,
                    void *to);
// Turns a value of the environment back to row-major, where it lies otherwise.
GCUT_MUST_USE gcut_status gcut__cpu_straighten(gcut__cpu_env *env, uint32_t value, gcut_error *err);
// The same of input 0 of a kernel that looks at c->order.
GCUT_MUST_USE gcut_status gcut__cpu_straighten_input(gcut__cpu_call *c, gcut_error *err);

// Where axis `axis` of a tensor of that rank is shown to the kernel.
static inline int gcut__cpu_axis(const gcut__cpu_call *c, int axis, int rank) {
  if (!c->order || !c->order->shown || axis == 0) return axis;
  return axis == 1 ? rank - 1 : axis - 1;
}

// Makes copies of a call's operands (of the headers alone, where they lie channels last already)
// that show the axes as they lie, so that a kernel that goes element by element computes in that
// order. *out_can is false where an operand does not lend itself to it.
GCUT_MUST_USE gcut_status gcut__cpu_turn_call(gcut__cpu_call *c, const bool *turned, bool *out_can,
                                              gcut_error *err);

#endif
