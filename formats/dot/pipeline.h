// A pipeline while it is drawn: what the next box hangs under.
#ifndef GCUT_FORMATS_DOT_PIPELINE_H
#define GCUT_FORMATS_DOT_PIPELINE_H

#include "formats/dot/crossing.h"
#include "formats/dot/runs.h"

enum { GCUT__MOST_ENDS = 8 }; // boxes of an open part that are linked to the cut above, and below

typedef struct gcut__pipeline_end {
  uint32_t box;
  uint64_t bytes; // that pass it, where they are known
} gcut__pipeline_end;

typedef struct gcut__pipeline {
  gcut__material *m;
  gcut__drawing *d;
  gcut__part_runs runs;
  uint32_t open_depth[GCUT__KINDS_LIMIT]; // of a kind's first part; GCUT_NONE: stays closed
  uint32_t *last_readers;                 // [n_values]
  gcut__cut_size *cuts;                   // [n_parts] after each
  uint64_t passing;                       // bytes that cross the last cut; 0: unknown
  double largest;                         // of all parts, what bars show
  gcut__pipeline_end ends[GCUT__MOST_ENDS];
  uint32_t n_ends;
  uint32_t first_open, last_open; // boxes of the open part that they stand in; equal: none
  uint32_t hidden;
} gcut__pipeline;

// Hangs a box under the last ends, and makes it the next.
GCUT_MUST_USE gcut_status gcut__pipeline_hang(gcut__pipeline *pipeline, uint32_t box,
                                              gcut_error *err);
// Hangs what was drawn of an open part, from box `first` on: what reads what comes in under the
// last ends; what makes what goes out is the next.
GCUT_MUST_USE gcut_status gcut__pipeline_hang_open(gcut__pipeline *pipeline, const gcut_part *part,
                                                   uint32_t first, gcut_error *err);

#endif
