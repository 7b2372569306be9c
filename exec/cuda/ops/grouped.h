// Products of rows each of which chooses one of several b's, as tokens choose experts. Read by C
// and CUDA.
//
// The rows stay where they are: a list of them in the order of their choice, made on the card, says
// which rows a tile has, and from there results go straight to their places.
#ifndef GCUT_EXEC_CUDA_OPS_GROUPED_H
#define GCUT_EXEC_CUDA_OPS_GROUPED_H

#include "product.h"

enum { GCUT_CUDA_ROUTE_THREADS = 1024, GCUT_CUDA_ROUTE_CHOICES = 4096 };

// Rows of one choice, `first` to `end` of the order, of which a tile takes as many as it has.
typedef struct gcut__cuda_grouped_tile {
  int32_t choice, first, end, unused;
} gcut__cuda_grouped_tile;

typedef struct gcut__cuda_route_job {
  int64_t n_rows;
  int32_t n_choices, tile_rows, repeat;
  int32_t first, all;  // of choices there are `all`; rows of n_choices from `first` on are listed
  int32_t wide;        // indices are int64
  uint32_t node;       // for *fault
  const void *indices; // [n_rows], counted from the end where negative
  int32_t *order;      // [n_rows]: by choice, those of one in ascending order
  int32_t *sources;    // [n_rows]: the same / repeat
  gcut__cuda_grouped_tile *tiles; // [n_rows / tile_rows + n_choices] at most
  int32_t *n_tiles;
  uint32_t *fault; // set to node + 1 where an index is out of range; the row counts as choice 0's
} gcut__cuda_route_job;

// c[row] = a[source of the row] op(b[choice of the row]): batch 1, no
// bias, alpha 1, beta 0; stride_b from choice to choice.
typedef struct gcut__cuda_grouped_job {
  gcut__cuda_product_job base;
  const int32_t *order, *sources, *n_tiles;
  const gcut__cuda_grouped_tile *tiles;
} gcut__cuda_grouped_job;

// The same for Hopper; b as [1][choice][rows as stored][columns].
typedef struct gcut__cuda_grouped_wide {
  gcut__cuda_tensor_map b_map;
  gcut__cuda_grouped_job grouped;
} gcut__cuda_grouped_wide;

enum { GCUT_CUDA_GROUPED_WIDE_ROWS = 2 * GCUT_CUDA_PRODUCT_WIDE_M, GCUT_CUDA_GROUPED_WIDE_N = 256 };

#endif
