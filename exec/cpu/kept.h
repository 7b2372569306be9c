// What kernels keep from call to call: packed weights, prepared trees, and the like. It lies with
// the weights of the part, as a shelf with places by key (a node, mostly), and goes when they are
// unloaded.
#ifndef GCUT_EXEC_CPU_KEPT_H
#define GCUT_EXEC_CPU_KEPT_H

#include "tracer/base/map.h"

// The head of what a kernel keeps.
typedef struct gcut__cpu_kept {
  void (*destroy)(struct gcut__cpu_kept *kept);
} gcut__cpu_kept;

// A zeroed shelf is empty.
typedef struct gcut__cpu_shelf {
  gcut_map places; // key -> index of kept
  gcut__cpu_kept **kept;
  uint32_t n, capacity;
  const void *owner; // whose constants things were made from: the user's to set
} gcut__cpu_shelf;

// Frees what is kept; the shelf is empty then.
void gcut__cpu_shelf_clear(gcut__cpu_shelf *shelf);
// What is kept there, or NULL.
gcut__cpu_kept *gcut__cpu_shelf_find(const gcut__cpu_shelf *shelf, uint64_t key);
// Keeps it there, instead of what was kept; false where memory is out: then it is still the
// caller's.
GCUT_MUST_USE bool gcut__cpu_shelf_put(gcut__cpu_shelf *shelf, uint64_t key, gcut__cpu_kept *kept);

#endif
