// The one interpreter of schedules.
#ifndef GCUT_EXEC_INTERPRET_H
#define GCUT_EXEC_INTERPRET_H

#include "exec/device.h"
#include "exec/store.h"

typedef struct gcut__execution {
  const gcut_problem *problem;
  const gcut_schedule *schedule;
  gcut__device *device,
      *host;                // host: a CPU that computes in host memory, for RUN of the host queue
  gcut__program **programs; // [n_parts * n_classes], a part's classes together
  gcut__program **host_programs;    // the same for the host; NULL where the schedule needs none
  gcut__part_weights *weights;      // [n_parts]
  gcut__part_weights *host_weights; // the same for the host, which keeps its own state of them
  gcut__store *store;
  gcut_progress progress; // in runs; never from two threads at a time
} gcut__execution;

// Runs a verified schedule to its end, or to the first failure. The timeline is the caller's to
// free.
GCUT_MUST_USE gcut_status gcut__interpret(const gcut__execution *execution,
                                          gcut_timeline *out_timeline, gcut_error *err);

#endif
