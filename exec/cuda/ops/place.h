// Elements put where indices and shapes say: padding, tiling, triangles, ranges, running sums,
// scattering. Read by C and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_PLACE_H
#define GCUT_EXEC_CUDA_OPS_PLACE_H

#include <stdint.h>

enum { GCUT_CUDA_PLACE_DIMS = 8, GCUT_CUDA_SCAN_THREADS = 256 };

// Where an output index comes from on an axis of n elements.
typedef enum gcut__cuda_pad_mode {
  GCUT_CUDA_PAD_CONSTANT,
  GCUT_CUDA_PAD_REFLECT,
  GCUT_CUDA_PAD_EDGE,
  GCUT_CUDA_PAD_WRAP,
} gcut__cuda_pad_mode;

// Pad; Tile wraps.
typedef struct gcut__cuda_pad_job {
  int64_t count;
  int64_t dims[GCUT_CUDA_PLACE_DIMS], from_dims[GCUT_CUDA_PLACE_DIMS];
  int64_t strides[GCUT_CUDA_PLACE_DIMS], begins[GCUT_CUDA_PLACE_DIMS]; // of `from`
  int32_t rank, mode, size;
  uint64_t fill;     // the constant, where `value` is NULL
  const void *value; // one element
  const void *from;
  void *to;
} gcut__cuda_pad_job;

// y = x where column - row >= k (upper), <= k (lower), else 0.
typedef struct gcut__cuda_trilu_job {
  int64_t count, rows, columns;
  int32_t upper, size;
  const int64_t *k; // or NULL: 0
  const void *x;
  void *y;
} gcut__cuda_trilu_job;

// y[i] = start + i * delta.
typedef struct gcut__cuda_range_job {
  int64_t count;
  int32_t type;
  const void *start, *delta;
  void *y;
} gcut__cuda_range_job;

typedef struct gcut__cuda_fill_job {
  int64_t count;
  int32_t size;
  uint64_t item;
  void *y;
} gcut__cuda_fill_job;

// y[..][j][..] = the sum (or product) of x[..][up to j][..].
typedef struct gcut__cuda_scan_job {
  int64_t lines, size, inner;
  int32_t type, product, exclusive, reverse;
  const void *x;
  void *y;
} gcut__cuda_scan_job;

// y = x, then update after update, in their order. An element of y asks all updates that may meet
// it, so nothing depends on who comes first.
typedef struct gcut__cuda_scatter_job {
  int64_t count;       // of y
  int64_t tuples, row; // ScatterND: updates are [tuples][row], y is [count / row][row]
  int64_t dims[GCUT_CUDA_PLACE_DIMS], strides[GCUT_CUDA_PLACE_DIMS]; // ScatterND: [depth], in rows;
                                                                     // Elements: of y
  int64_t update_dims[GCUT_CUDA_PLACE_DIMS], update_strides[GCUT_CUDA_PLACE_DIMS];
  int32_t rank, axis, type, reduction, wide; // reduction: gcut__reduction; rank: or depth
  uint32_t node;
  const void *x, *indices, *updates;
  void *y;
  int64_t *places;
  uint32_t *fault;
} gcut__cuda_scatter_job;

#endif
