// How long things take on a machine: what the simulator and the strategies that weigh rates share.
#ifndef GCUT_EXEC_RATES_H
#define GCUT_EXEC_RATES_H

#include "graphcut/simulate.h"

typedef struct gcut__rates {
  const gcut_problem *problem;
  const gcut_profile *profile;
  double load_cap; // bytes a second at which weights can be had: the disk's, where they do not fit
                   // into host memory
} gcut__rates;

// A middling card on PCIe 4: for strategies asked for rates where nothing is known.
extern const gcut_profile gcut__default_profile;

void gcut__rates_init(gcut__rates *rates, const gcut_problem *problem, const gcut_profile *profile);
// Bytes a second of a copy of that size with the wire to itself.
double gcut__copy_rate(const gcut_wire *wire, double bytes);
// What a part reads of the weights that are mapped (NULL: all of them) where they lie, at most: no
// more than its nodes read of anything, for of tables and experts they read what is picked.
uint64_t gcut__bytes_in_place(const gcut_stage *part, const bool *mapped, uint32_t shape_class);
// A part on a batch of that class, on the device or on the host; `prepared`: what it makes of
// weights alone is there.
double gcut__run_seconds(const gcut__rates *rates, const bool *mapped, uint32_t part,
                         uint32_t shape_class, bool on_host, bool prepared);
// Making that on the device.
double gcut__prepare_seconds(const gcut__rates *rates, uint32_t part, uint32_t shape_class);

#endif
