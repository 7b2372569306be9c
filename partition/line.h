// The nodes that run as a line, and what a stretch of it takes: for cutters that choose places on
// it.
#ifndef GCUT_PARTITION_LINE_H
#define GCUT_PARTITION_LINE_H

#include "partition/draft.h"
#include "partition/peak.h"

typedef struct gcut__line {
  const gcut__draft *draft;
  uint32_t n;         // nodes: draft->order
  uint32_t *place;    // [n_nodes] of a node that runs
  uint64_t *bytes;    // [n_values]; where not static, as if every symbol were GCUT__NOMINAL_SIZE
  uint32_t *last;     // [n_values] place of the last reader, GCUT_NONE where there is none
  uint64_t *crossing; // [n + 1] bytes made before a place and read at it or after
  bool *within;       // [n + 1] a place within a fused group that is kept: no part begins there
  uint32_t *begins, n_units; // [n_units + 1] the other places, from 0 to n
} gcut__line;

enum { GCUT__NOMINAL_SIZE = 64 };

// Lives in the draft's scratch.
gcut_status gcut__line_create(const gcut__draft *draft, gcut__line *out_line, gcut_error *err);
// Sizes alone: bytes[n_values] as above.
gcut_status gcut__nominal_bytes(const gcut__draft *draft, uint64_t **out_bytes, gcut_error *err);

// A stretch of the line that grows node by node.
typedef struct gcut__stretch {
  const gcut__line *line;
  uint32_t from, to; // places [from, to)
  uint32_t stamp;    // of this stretch in the marks
  uint32_t *loaded;  // [n_constants] counted
  uint32_t *seen;    // [n_values] read from outside, or done with
  uint64_t *inner;   // [n_nodes] bytes of constants in its bodies
  uint64_t weight_bytes, input_bytes;
  uint64_t ranges;            // what the weights and inputs take on a device
  uint64_t handed_on;         // made in the stretch and read after it
  uint64_t live;              // the same without views, which share what they look at
  uint64_t most_live;         // at any time so far
  uint32_t *inputs, n_inputs; // [n_values] what it reads from outside
} gcut__stretch;

gcut_status gcut__stretch_create(const gcut__line *line, gcut__stretch *out, gcut_error *err);
// Starts anew at a place, empty.
void gcut__stretch_begin(gcut__stretch *s, uint32_t from);
void gcut__stretch_add(gcut__stretch *s);
// No part of these nodes takes less than this.
uint64_t gcut__stretch_least(const gcut__stretch *s);

// Peaks of stretches as parts.
typedef struct gcut__exact {
  gcut__stretch stretch;
  gcut__peak *peak;
  uint32_t *outputs; // [n_values]
  uint64_t *sorted;  // [n] places in the draft's own order and nodes, of the part at hand
  uint32_t *nodes;   // [n] in that order
} gcut__exact;
gcut_status gcut__exact_create(const gcut__line *line, gcut__exact *out, gcut_error *err);
void gcut__exact_close(gcut__exact *e);
// What plans give as peak_bytes of a part [from, to); UINT64_MAX where sizes overflow. Sizes must
// be static.
uint64_t gcut__exact_peak(gcut__exact *e, uint32_t from, uint32_t to);

// Makes the draft's parts: part i is [cuts[i], cuts[i + 1]), named after its modules.
gcut_status gcut__line_cut(const gcut__line *line, gcut__draft *draft, const uint32_t *cuts,
                           uint32_t n_parts, gcut_error *err);

#endif
