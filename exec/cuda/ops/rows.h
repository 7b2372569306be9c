// Computations over rows: one block a row. Read by C and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_ROWS_H
#define GCUT_EXEC_CUDA_OPS_ROWS_H

#include <stdint.h>

enum { GCUT_CUDA_ROW_THREADS = 256 };

typedef enum gcut__cuda_row_op {
  GCUT_CUDA_ROW_SUM,
  GCUT_CUDA_ROW_MEAN,
  GCUT_CUDA_ROW_MAX,
  GCUT_CUDA_ROW_MIN,
  GCUT_CUDA_ROW_SOFTMAX,
  GCUT_CUDA_ROW_LOG_SOFTMAX,
  GCUT_CUDA_ROW_LAYER_NORM, // (x - mean) / sqrt(variance + epsilon) * scale + bias
  GCUT_CUDA_ROW_RMS_NORM,   // x / sqrt(mean(x^2) + epsilon) * scale
} gcut__cuda_row_op;

// A row's elements lie `inner` apart, for softmax; norms and reductions have 1.
typedef struct gcut__cuda_row_job {
  int64_t rows, columns, inner;
  int32_t type, op; // float, float16 or bfloat16
  float epsilon;
  const void *x, *scale, *bias; // or NULL
  void *y;                      // [rows], or [rows][columns]
  // Of norms. Scale and bias of element c of a row: (row % period) * step + c / span.
  int64_t period, step, span;
  const void *skip, *skip_bias; // added to x before, or NULL; skip repeats after skip_count
  int64_t skip_count;
  void *sum;             // [rows][columns]: what was normalised, or NULL
  float *mean, *inverse; // [rows], or NULL
} gcut__cuda_row_job;

#endif
