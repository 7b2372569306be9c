// The plain convolution: for each pair of rows that meet under a tap of the kernel, one
// multiply-add along the row. A transposed convolution meets the same pairs and adds the other way.
#include "exec/cpu/ops/convolve.h"
#include "exec/cpu/ops/stride.h"

bool gcut__index_next(int n, const int64_t *dims, int64_t *index) {
  for (int d = n - 1; d >= 0; d--) {
    if (++index[d] < dims[d]) return true;
    index[d] = 0;
  }
  return false;
}

void gcut__window_range(int64_t shift, int64_t stride, int64_t size, int64_t n, int64_t *from,
                        int64_t *to) {
  *from = shift < 0 ? (-shift + stride - 1) / stride : 0;
  *to = shift < size ? (size - shift + stride - 1) / stride : 0;
  if (*to > n) *to = n;
}

double gcut__convolution_products(const gcut__convolution *g) {
  int n = g->window.n;
  double outputs = (double)gcut__product(g->transposed ? g->in : g->out, 0, n);
  return outputs * (double)gcut__product(g->window.kernel, 0, n) * (double)(g->batch * g->groups) *
         (double)(g->in_channels * g->out_channels);
}

// Planes that slide along one another: element k of the kernel joins near[o] and
// far[o * stride - begin + k * dilation].
typedef struct planes {
  const gcut__window *w;
  const int64_t *far, *near; // sizes
  bool to_far;               // where sums go
} planes;

// The row of the far plane that tap k joins to the near row o (both without the last axis); -1
// where it lies in the padding.
static int64_t far_row(const planes *p, const int64_t *o, const int64_t *k) {
  int64_t row = 0;
  for (int d = 0; d < p->w->n - 1; d++) {
    int64_t i = o[d] * p->w->stride[d] - p->w->begin[d] + k[d] * p->w->dilation[d];
    if (i < 0 || i >= p->far[d]) return -1;
    row = row * p->far[d] + i;
  }
  return row;
}

static void slide_row(const planes *p, const double *taps, double *far, double *near) {
  int last = p->w->n - 1;
  int64_t stride = p->w->stride[last];
  for (int64_t k = 0; k < p->w->kernel[last]; k++) {
    int64_t shift = k * p->w->dilation[last] - p->w->begin[last], from, to;
    gcut__window_range(shift, stride, p->far[last], p->near[last], &from, &to);
    double tap = taps[k];
    if (p->to_far)
      for (int64_t o = from; o < to; o++) far[o * stride + shift] += tap * near[o];
    else
      for (int64_t o = from; o < to; o++) near[o] += tap * far[o * stride + shift];
  }
}

// One input channel's plane with one output channel's.
static void slide(const planes *p, const double *taps, double *far, double *near) {
  int n = p->w->n;
  int64_t o[GCUT_MAX_RANK] = {0};
  for (int64_t row = 0;; row++) {
    int64_t k[GCUT_MAX_RANK] = {0};
    const double *at = taps;
    do {
      int64_t f = far_row(p, o, k);
      if (f >= 0) slide_row(p, at, far + f * p->far[n - 1], near + row * p->near[n - 1]);
      at += p->w->kernel[n - 1];
    } while (gcut__index_next(n - 1, p->w->kernel, k));
    if (!gcut__index_next(n - 1, p->near, o)) return;
  }
}

void gcut__convolve_plain(const gcut__convolution *g, const double *x, const double *w, double *y) {
  int n = g->window.n;
  int64_t in = gcut__product(g->in, 0, n), out = gcut__product(g->out, 0, n),
          taps = gcut__product(g->window.kernel, 0, n);
  if (in == 0 || out == 0) return;
  planes p = {.w = &g->window, .far = g->in, .near = g->out};
  if (g->transposed) p = (planes){&g->window, g->out, g->in, true};
  for (int64_t b = 0; b < g->batch * g->groups; b++)
    for (int64_t i = 0; i < g->in_channels; i++)
      for (int64_t j = 0; j < g->out_channels; j++) {
        int64_t group = b % g->groups;
        int64_t weight = g->transposed ? (group * g->in_channels + i) * g->out_channels + j
                                       : (group * g->out_channels + j) * g->in_channels + i;
        // The plane that is only read is not written through the pointer that it shares.
        double *from = (double *)(uintptr_t)(x + (b * g->in_channels + i) * in);
        double *to = y + (b * g->out_channels + j) * out;
        slide(&p, w + weight * taps, g->transposed ? to : from, g->transposed ? from : to);
      }
}
