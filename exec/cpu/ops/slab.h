// Slabs of a tensor along an axis: taken out, and put together again.
#ifndef GCUT_EXEC_CPU_OPS_SLAB_H
#define GCUT_EXEC_CPU_OPS_SLAB_H

#include "exec/cpu/kernel.h"

// A new tensor of the elements [start, start + length) along `axis` of x; without that axis where
// `drop` is set (length is 1 then).
GCUT_MUST_USE gcut_status gcut__slab_take(gcut__cpu_call *c, const gcut_tensor *x, int axis,
                                          int64_t start, int64_t length, bool drop,
                                          gcut_tensor **out_tensor, gcut_error *err);

// A new tensor of `n` tensors of one shape side by side along a new axis (from the last to the
// first where `reverse` is set). n > 0; the axis counts from the back where negative. GCUT_FORMAT
// where shapes or types differ.
GCUT_MUST_USE gcut_status gcut__slab_stack(gcut__cpu_call *c, gcut_tensor *const *items, size_t n,
                                           int64_t axis, bool reverse, gcut_tensor **out_tensor,
                                           gcut_error *err);
// The same along an axis they have: shapes may differ there.
GCUT_MUST_USE gcut_status gcut__slab_join(gcut__cpu_call *c, gcut_tensor *const *items, size_t n,
                                          int64_t axis, gcut_tensor **out_tensor, gcut_error *err);

// A list of tensors that grows; owns a reference to each. Zeroed: empty.
typedef struct gcut__tensor_list {
  gcut_tensor **items;
  size_t n, capacity;
} gcut__tensor_list;

// Takes over the caller's reference, also where it fails.
GCUT_MUST_USE gcut_status gcut__tensor_list_add(gcut__tensor_list *list, gcut_tensor *tensor,
                                                gcut_error *err);
void gcut__tensor_list_free(gcut__tensor_list *list);

#endif
