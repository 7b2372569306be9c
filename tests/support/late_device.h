// A device that only enqueues, on top of the CPU's: each queue has a thread that takes work from a
// list, after a random pause. A wait that somebody forgets shows as a wrong result, and as a race
// under the thread sanitizer.
#ifndef GCUT_TESTS_SUPPORT_LATE_DEVICE_H
#define GCUT_TESTS_SUPPORT_LATE_DEVICE_H

#include "exec/device.h"

typedef struct late_device {
  gcut__device base;
  gcut__device *cpu;         // which does the work
  struct stream *streams;    // [GCUT_N_QUEUES]
  _Atomic uint32_t enqueued; // while something before it was not done yet
} late_device;

void late_open(late_device *d, uint64_t seed);
void late_close(late_device *d); // all work is done

#endif
