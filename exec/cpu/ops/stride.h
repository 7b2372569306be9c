// Walks several operands of one shape in row-major order, each with its own strides: broadcasting,
// transposing, reducing.
//
// The shape is collapsed first: dims of 1 go, and neighbouring dims that every operand steps
// through evenly become one, so that most walks are a few long rows. The caller works on a row at a
// time, with a constant step an operand:
//
//   for (bool more = gcut__walk_start(w); more; more = gcut__walk_next(w))
//     for (int64_t i = 0; i < w->inner; i++)
//       y[w->offsets[0] + i * w->steps[0]] = x[w->offsets[1] + i * w->steps[1]];
#ifndef GCUT_EXEC_CPU_OPS_STRIDE_H
#define GCUT_EXEC_CPU_OPS_STRIDE_H

#include "graphcut/tensor.h"
#include "tracer/base/arena.h"
#include "tracer/base/error.h"

typedef struct gcut__walk {
  uint32_t n_operands;
  int rank;         // outer dims, once started
  int64_t inner;    // elements a row, once started
  int64_t *steps;   // [n_operands] elements from one to the next within a row
  int64_t *offsets; // [n_operands] element at which the current row begins
  int64_t *strides; // [n_operands][GCUT_MAX_RANK] elements
  int64_t dims[GCUT_MAX_RANK], index[GCUT_MAX_RANK];
} gcut__walk;

// A walk over that shape; lives in the arena. Every operand's strides must be set before the start.
GCUT_MUST_USE gcut_status gcut__walk_create(gcut_arena *arena, int rank, const int64_t *dims,
                                            uint32_t n_operands, gcut__walk **out_walk,
                                            gcut_error *err);
// Operand k is packed row-major of that shape, broadcast to the walk's: aligned at the last dims, a
// dim of 1 repeats.
void gcut__walk_broadcast(gcut__walk *walk, uint32_t k, int rank, const int64_t *dims);
// Operand k has those strides, in elements: [rank of the walk].
void gcut__walk_strides(gcut__walk *walk, uint32_t k, const int64_t *strides);

// To the first row; false where the shape has no elements. A walk starts once.
GCUT_MUST_USE bool gcut__walk_start(gcut__walk *walk);
// To the next row; false after the last.
GCUT_MUST_USE bool gcut__walk_next(gcut__walk *walk);

// Elements of dims [from, to). Beside a dim of 0 the others may be more than int64_t holds.
static inline int64_t gcut__product(const int64_t *dims, int from, int to) {
  uint64_t product = 1;
  for (int d = from; d < to; d++) product *= (uint64_t)dims[d];
  return (int64_t)product;
}
// Strides of a packed row-major tensor.
void gcut__packed_strides(int rank, const int64_t *dims, int64_t *out_strides);
// Strides of a packed tensor seen through a broadcast to `out_rank` dims: 0 along repeated ones.
void gcut__broadcast_strides(int rank, const int64_t *dims, int out_rank, int64_t *out_strides);

#endif
