// A pipeline's parts as runs of equal ones, their kinds, and sequences of runs that repeat.
#ifndef GCUT_FORMATS_DOT_RUNS_H
#define GCUT_FORMATS_DOT_RUNS_H

#include "formats/dot/material.h"

enum { GCUT__RUNS_LIMIT = 200, GCUT__KINDS_LIMIT = 64 };

// Equal parts that follow one another.
typedef struct gcut__part_run {
  uint32_t first, n;
  uint32_t kind; // GCUT_NONE: beyond the limit of kinds
} gcut__part_run;

typedef struct gcut__part_kind { // of parts that are equal to the eye
  uint32_t part, n;              // the first of them, how many
} gcut__part_kind;

typedef struct gcut__part_runs {
  gcut__part_run *items; // [n]; where there are too many, the last holds all that is left
  gcut__part_kind kinds[GCUT__KINDS_LIMIT];
  uint32_t n, n_kinds;
  bool limited;
} gcut__part_runs;

GCUT_MUST_USE gcut_status gcut__runs_find(const gcut__material *material, gcut_arena *arena,
                                          gcut__part_runs *out, gcut_error *err);

// Whether two parts are of one class and of the same operators, whatever their weights.
bool gcut__runs_same_structure(const gcut__material *material, uint32_t first, uint32_t second);

// Whether runs from `at` on repeat three times or more: the length of the sequence in runs, and how
// often it is there; 0 where they do not.
uint32_t gcut__runs_repeat(const gcut__part_runs *runs, uint32_t at, uint32_t *out_times);

#endif
