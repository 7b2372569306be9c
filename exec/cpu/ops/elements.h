// Elements as items of whole bytes, for kernels that move them about without looking at them.
//
// Most types lie in a tensor that way. Packed types of fewer than 8 bits are spread to a byte each
// in scratch memory; strings move as gcut_string structs that still belong to the input. Storing
// packs the one and copies the other, so a kernel between `read` and `store` knows sizes only.
#ifndef GCUT_EXEC_CPU_OPS_ELEMENTS_H
#define GCUT_EXEC_CPU_OPS_ELEMENTS_H

#include "exec/cpu/kernel.h"

typedef struct gcut__elements {
  uint8_t *data; // [count] items
  size_t size;   // bytes an item: 1, 2, 4, 8 or 16
} gcut__elements;

// The elements of an input: only for reading.
GCUT_MUST_USE gcut_status gcut__elements_read(gcut__cpu_call *c, const gcut_tensor *tensor,
                                              gcut__elements *out, gcut_error *err);
// Where to write the elements of an output: uninitialised, or zeroed scratch.
GCUT_MUST_USE gcut_status gcut__elements_write(gcut__cpu_call *c, gcut_tensor *tensor,
                                               gcut__elements *out, gcut_error *err);
// After the last write.
GCUT_MUST_USE gcut_status gcut__elements_store(gcut__cpu_call *c, const gcut__elements *elements,
                                               gcut_tensor *tensor, gcut_error *err);

#endif
