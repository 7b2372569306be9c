// Convolutions and pools over up to three spatial axes; fewer begin with axes of 1. Read by C and
// CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_WINDOW_H
#define GCUT_EXEC_CUDA_OPS_WINDOW_H

#include <stdint.h>

enum { GCUT_CUDA_WINDOW_DIMS = 3 };
enum { GCUT_CUDA_PLANE_ROWS = 4 }; // outputs of a thread that convolves planes
enum { GCUT_CUDA_PIECE = 128 };    // of a row of columns, which a warp writes

// Element k of the kernel at position o of `near` meets o * stride - begin + k * dilation of `far`.
// A convolution goes from far to near, its transpose the other way.
typedef struct gcut__cuda_window {
  int64_t far[GCUT_CUDA_WINDOW_DIMS], near[GCUT_CUDA_WINDOW_DIMS], kernel[GCUT_CUDA_WINDOW_DIMS];
  int64_t stride[GCUT_CUDA_WINDOW_DIMS], dilation[GCUT_CUDA_WINDOW_DIMS];
  int64_t begin[GCUT_CUDA_WINDOW_DIMS], end[GCUT_CUDA_WINDOW_DIMS];
  int64_t n_far, n_near, n_kernel; // products
} gcut__cuda_window;

// The far image [channels][far] as columns [channels * kernel][near], zero in the padding.
typedef struct gcut__cuda_columns_job {
  gcut__cuda_window window;
  int64_t channels;
  int32_t size;
  const void *x;
  void *columns;
} gcut__cuda_columns_job;

// The way back: y [channels][far] = bias + the sum of the columns that meet it, in the kernel's
// order.
typedef struct gcut__cuda_image_job {
  gcut__cuda_window window;
  int64_t channels;
  int32_t type;
  const void *columns, *bias; // bias: [channels] or NULL
  void *y;
} gcut__cuda_image_job;

// y [images][channels][each] = bias.
typedef struct gcut__cuda_bias_job {
  int64_t images, channels, each;
  int32_t size;
  const void *bias;
  void *y;
} gcut__cuda_bias_job;

// A channel of outputs from a few channels of inputs: no product is worth it.
typedef struct gcut__cuda_direct_job {
  gcut__cuda_window window;
  int64_t images, groups, in_channels, out_channels; // of a group
  int32_t type;
  const void *x, *w, *bias;
  void *y;
} gcut__cuda_direct_job;

typedef struct gcut__cuda_pool_job {
  gcut__cuda_window window;
  int64_t planes;
  int32_t type, average, count_padding;
  const void *x;
  void *y;
} gcut__cuda_pool_job;

// y = (x - mean) / sqrt(variance + epsilon) * scale + bias, by channel.
typedef struct gcut__cuda_channel_norm_job {
  int64_t count, channels, each;
  int32_t type, scale_type, mean_type;
  float epsilon;
  const void *x, *scale, *bias, *mean, *variance;
  void *y;
} gcut__cuda_channel_norm_job;

#endif
