// The rates of this machine's CPU, memory and disk.
#ifndef GCUT_EXEC_CPU_MEASURE_H
#define GCUT_EXEC_CPU_MEASURE_H

#include "graphcut/simulate.h"

// Fills the host's numbers and the disk's: about a second of work.
GCUT_MUST_USE gcut_status gcut__measure_host(gcut_profile *out, gcut_error *err);
// The wire of the CPU device: copies within memory.
GCUT_MUST_USE gcut_status gcut__measure_copies(gcut_profile *out, gcut_error *err);

#endif
