// What `auto` varies of each strategy.
#ifndef GCUT_EXEC_OFFLOAD_AXES_H
#define GCUT_EXEC_OFFLOAD_AXES_H

#include "exec/offload/list.h"
#include "graphcut/schedule.h"

#define X(name, stays, options, summary) +1
enum {
  GCUT__MOST_FAMILIES = 0 GCUT__STRATEGY_LIST(X), // one a strategy
  GCUT__MOST_AXES = 5,
  GCUT__MOST_VALUES = 16,
  GCUT__MOST_TEXT = 160, // of a candidate, as --offload takes it
};
#undef X

typedef struct gcut__axis {
  const char *key;                    // of an option
  char values[GCUT__MOST_VALUES][24]; // values[0] "" leaves the option out: its default
  uint32_t n;
} gcut__axis;

typedef struct gcut__axes { // of one strategy
  const char *strategy;
  gcut__axis items[GCUT__MOST_AXES];
  uint32_t n;
} gcut__axes;

// Fills in those of all strategies; returns how many there are, at most GCUT__MOST_FAMILIES.
uint32_t gcut__axes_list(const gcut_problem *problem, gcut__axes *out);
// The candidate with value at[i] of axis i.
void gcut__axes_text(const gcut__axes *axes, const uint32_t *at, char text[GCUT__MOST_TEXT]);
uint64_t gcut__axes_combinations(const gcut__axes *axes);

#endif
