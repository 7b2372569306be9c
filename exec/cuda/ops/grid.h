// Sampling images at points and within regions: GridSample, AffineGrid, RoiAlign, MaxRoiPool. Read
// by C and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_GRID_H
#define GCUT_EXEC_CUDA_OPS_GRID_H

#include <stdint.h>

enum { GCUT_CUDA_GRID_AXES = 3 };

// y [batch][channels][n_out] = x [batch][channels][n_in] at the points of grid
// [batch][n_out][axes].
typedef struct gcut__cuda_grid_job {
  int64_t batch, channels, n_in, n_out;
  int64_t dims[GCUT_CUDA_GRID_AXES];  // of the image
  int32_t axes, mode, padding, align; // as gcut__grid_mode, gcut__grid_padding
  int32_t type, grid_type, whole;     // whole: results are rounded to integers
  const void *x, *grid;
  void *y;
} gcut__cuda_grid_job;

// y [batch][points][axes] = theta [batch][axes][axes + 1] * (a point of [-1, 1]^axes, 1); the last
// dimension is the first coordinate.
typedef struct gcut__cuda_affine_job {
  int64_t batch, points;
  int64_t dims[GCUT_CUDA_GRID_AXES];
  int32_t axes, align, type;
  const void *theta;
  void *y;
} gcut__cuda_affine_job;

// y [regions][channels][rows][columns] from x [batch][channels][height][width].
typedef struct gcut__cuda_region_job {
  int64_t count, batch, channels, height, width, rows, columns;
  int64_t samples; // a bin and axis; 0: as many as it spans
  float scale;
  int32_t half_pixel, max, type, region_type;
  uint32_t node;
  const void *x, *regions;
  const int64_t *batches; // of the regions; MaxRoiPool has them before each region
  void *y;
  uint32_t *fault;
} gcut__cuda_region_job;

#endif
