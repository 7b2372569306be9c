// Norms of rows whose length is a multiple of eight, alone or with the sum before them. Read by C
// and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_NORM_ROWS_H
#define GCUT_EXEC_CUDA_OPS_NORM_ROWS_H

#include <stdint.h>

enum {
  GCUT_CUDA_NORM_THREADS = 256,
  GCUT_CUDA_NORM_RUN = GCUT_CUDA_NORM_THREADS * 8, // of a row, that a block takes at once
  GCUT_CUDA_NORM_RUNS = 8,                         // of the longest row
};

typedef enum gcut__cuda_norm_kind {
  GCUT_CUDA_NORM_RMS,     // round(x / sqrt(mean(x^2) + epsilon)) * scale
  GCUT_CUDA_NORM_LAYER,   // (x - mean) / sqrt(variance + epsilon) * scale + bias, rounded once
  GCUT_CUDA_NORM_SPELLED, // the same, rounded as nodes do that spell it out
} gcut__cuda_norm_kind;

// y = norm(x), or of sum = round(round(x + before) + skip).
typedef struct gcut__cuda_norm_job {
  int64_t rows, columns;
  int32_t type, kind;
  float epsilon;
  const void *x, *skip;              // [rows][columns]; skip may be NULL
  const void *scale, *bias, *before; // [columns]; the last two may be NULL
  void *y, *sum;                     // [rows][columns]; sum may be NULL
} gcut__cuda_norm_job;

#endif
