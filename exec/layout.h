// Where the values inside a part lie while it runs on one batch.
//
// Values of static size get an offset in the part's workspace, taken from when they are made until
// their last reader is done; a view shares what it looks at. Values whose size depends on data live
// on the host's heap. Offsets depend on the part and the shapes alone, so they are found once a
// class of shapes, before the schedule is made.
#ifndef GCUT_EXEC_LAYOUT_H
#define GCUT_EXEC_LAYOUT_H

#include "graphcut/plan.h"
#include "graphcut/schedule.h"
#include "graphcut/trace.h"

typedef enum gcut__home_kind {
  GCUT__HOME_WORKSPACE, // at `offset` of the workspace
  GCUT__HOME_OUTPUT,    // a part's output: the schedule says where
  GCUT__HOME_VIEW,      // shares another value's memory
  GCUT__HOME_HEAP,      // size known at run time only
} gcut__home_kind;

typedef struct gcut__home {
  uint32_t value;
  uint8_t kind; // gcut__home_kind
  uint64_t offset, bytes;
  uint64_t prepared; // offset among what the part makes of weights alone, or GCUT_NOT_PREPARED
} gcut__home;

typedef struct gcut__layout_step { // a node that runs
  uint32_t node;
  uint32_t fusion;              // that stands here, or GCUT_NONE
  bool of_weights;              // it reads nothing but weights: the same for every batch
  uint32_t first_home, n_homes; // of what it makes
  uint32_t first_drop, n_drops; // values that nothing in the part reads after it
} gcut__layout_step;

typedef struct gcut__layout {
  gcut__layout_step *steps;
  gcut__home *homes;
  uint32_t *drops;
  uint32_t n_steps, n_homes, n_drops;
  uint64_t bytes;    // of the workspace
  uint64_t prepared; // of what steps make of weights alone: outside the workspace where it is kept
  uint64_t traffic;  // bytes that the nodes read and write
  uint64_t prepared_traffic; // of these, what those steps do
  double flops;
} gcut__layout;

// Nodes that a device computes in one step, which stands where one of them is: there all that they
// read of others has been made, and what they make is made for all readers, who come later.
typedef struct gcut__fusion {
  uint32_t node;          // where the step stands
  const uint32_t *hidden; // [n_hidden] the others: they have no step
  const uint32_t *reads;  // [n_reads] values that the step reads
  const uint32_t *writes; // [n_writes] values that it makes; others of its nodes have no place
  uint32_t n_hidden, n_reads, n_writes;
} gcut__fusion;

// The part's fused groups of the kinds that are computed in one step, where none of their nodes is
// folded, nobody reads what stays within and the result's size is known. Lives in `arena`.
GCUT_MUST_USE gcut_status gcut__one_step_fusions(const gcut_trace *trace, const gcut_part *part,
                                                 bool (*is_one_step)(gcut_fused_kind kind),
                                                 struct gcut_arena *arena, const gcut__fusion **out,
                                                 uint32_t *out_n, gcut_error *err);
// With fusions, whose groups are disjoint.
GCUT_MUST_USE gcut_status gcut__layout_create_fused(const gcut_trace *trace, const gcut_part *part,
                                                    const gcut__fusion *fusions, uint32_t n_fusions,
                                                    struct gcut_arena *arena, gcut__layout *out,
                                                    gcut_error *err);
// Finds the steps that read weights alone, and where what they make lies if it is kept between
// batches.
GCUT_MUST_USE gcut_status gcut__layout_prepare(const gcut_trace *trace, const gcut__fusion *fusions,
                                               gcut__layout *layout, gcut_error *err);
// With the groups that are one step on every device. Lives in `arena`. Nodes that the trace folded
// are left out.
GCUT_MUST_USE gcut_status gcut__layout_create(const gcut_trace *trace, const gcut_part *part,
                                              struct gcut_arena *arena, gcut__layout *out,
                                              gcut_error *err);

// What the part takes, but for its tokens.
gcut_work gcut__layout_work(const gcut__layout *layout);

// The bytes of a value that has its own range: a tensor of plain elements and static shape.
bool gcut__static_bytes(const gcut_trace *trace, uint32_t value, uint64_t *out_bytes);

#endif
