// Convolutions and their transposes over any number of spatial axes.
#ifndef GCUT_EXEC_CPU_OPS_CONVOLVE_H
#define GCUT_EXEC_CPU_OPS_CONVOLVE_H

#include "tracer/ops/window.h"

// x [batch, groups * in_channels, in...], y [batch, groups * out_channels, out...]
// w [groups * out_channels, in_channels, kernel...], transposed [groups * in_channels,
// out_channels, kernel...]
typedef struct gcut__convolution {
  bool transposed;
  int64_t batch, groups;
  int64_t in_channels, out_channels; // of one group
  const int64_t *in, *out;           // [window.n] spatial sizes
  gcut__window window;               // kernel and padding settled
} gcut__convolution;

// Multiply-adds that it takes.
double gcut__convolution_products(const gcut__convolution *g);
// Adds the convolution to y, which holds the bias (or zeros) before.
void gcut__convolve_plain(const gcut__convolution *g, const double *x, const double *w, double *y);

// To the next index in row-major order over n dims, none of them 0; false after the last.
bool gcut__index_next(int n, const int64_t *dims, int64_t *index);

// The outputs o in [*from, *to) of `n` whose input o * stride + shift lies in [0, size).
void gcut__window_range(int64_t shift, int64_t stride, int64_t size, int64_t n, int64_t *from,
                        int64_t *to);

#endif
