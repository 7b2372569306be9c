// oneDNN for float32. Its types do not leave dnnl.c. Nothing but convolutions is kept between
// calls: an engine and a stream cost less than a microsecond, and what is expensive, generated
// code, lies in oneDNN's own cache. Kernels are chosen by shapes alone, never by alignment or by
// what ran before, so the same call gives the same bits.
//
// All tensors are packed row-major and have at least one element. *out_done is false where oneDNN
// has no kernel for the case, or none worth having: then nothing was written and the plain kernel
// serves.
#ifndef GCUT_EXEC_CPU_DNNL_H
#define GCUT_EXEC_CPU_DNNL_H

#include "exec/cpu/kernel.h"
#include "exec/cpu/ops/convolve.h"
#include "exec/cpu/ops/gemm.h"

// C = alpha * op(A) op(B), floats, m, n and k at least 1; D is ignored.
GCUT_MUST_USE gcut_status gcut__dnnl_gemm(const gcut__gemm *g, const float *a, const float *b,
                                          float *out, gcut_error *err);

// The same of bfloat16, C too, with alpha 1: only where the processor multiplies bfloat16 itself.
GCUT_MUST_USE gcut_status gcut__dnnl_gemm_bfloat16(const gcut__gemm *g, const uint16_t *a,
                                                   const uint16_t *b, uint16_t *out, bool *out_done,
                                                   gcut_error *err);

// Whether the processor adds up products of bytes without losing any.
bool gcut__dnnl_multiplies_bytes(void);
// C [m, n] = op(A) op(B) in int32, of uint8 or int8 by int8; the sums must fit.
typedef struct gcut__dnnl_bytes {
  bool transpose_a, transpose_b, a_is_signed;
  int64_t m, n, k, lda, ldb;
} gcut__dnnl_bytes;
GCUT_MUST_USE gcut_status gcut__dnnl_gemm_bytes(const gcut__dnnl_bytes *g, const void *a,
                                                const int8_t *b, int32_t *out, gcut_error *err);

// Softmax along the middle axis of [outer, n, inner].
GCUT_MUST_USE gcut_status gcut__dnnl_softmax(int64_t outer, int64_t n, int64_t inner,
                                             const float *in, float *out, bool *out_done,
                                             gcut_error *err);

// A convolution made ready for any number of runs, by one thread at a time.
typedef struct gcut__dnnl_convolution gcut__dnnl_convolution;

// Of floats, or of `bytes`: x uint8 by w int8 to y int32, exactly, x and y channels last, no bias;
// those only where gcut__dnnl_multiplies_bytes. *out is NULL where oneDNN has none.
GCUT_MUST_USE gcut_status gcut__dnnl_convolution_create(const gcut__convolution *g, bool has_bias,
                                                        bool bytes, gcut__dnnl_convolution **out,
                                                        gcut_error *err);
void gcut__dnnl_convolution_destroy(gcut__dnnl_convolution *convolution);
// Whether it is for that shape.
bool gcut__dnnl_convolution_is(const gcut__dnnl_convolution *convolution,
                               const gcut__convolution *g, bool has_bias);
// Whether it computes from x channels last to y channels last without a copy.
bool gcut__dnnl_convolution_turned(const gcut__dnnl_convolution *convolution);
// Keeps the weights in the layout it wants.
GCUT_MUST_USE gcut_status gcut__dnnl_convolution_pack(gcut__dnnl_convolution *convolution,
                                                      const void *w, gcut_error *err);
// y = the convolution of x by w (NULL: those packed), plus bias [groups * out_channels] where it
// has one. `turned`: where gcut__dnnl_convolution_turned, x and y lie channels last.
GCUT_MUST_USE gcut_status gcut__dnnl_convolution_run(gcut__dnnl_convolution *convolution,
                                                     const void *x, const void *w,
                                                     const float *bias, void *y, bool turned,
                                                     gcut_error *err);
// One that is not kept.
GCUT_MUST_USE gcut_status gcut__dnnl_convolve(const gcut__convolution *g, const float *x,
                                              const float *w, const float *bias, float *y,
                                              bool *out_done, gcut_error *err);

// Maxima or means of the windows, none of which lies in the padding alone. NaN and -infinity are no
// input for maxima. Only where oneDNN generates code for the case: its other pools are slower than
// ours.
typedef struct gcut__pooling {
  bool max, count_padding; // means of all the window, or of what it has of the input
  int64_t batch, channels;
  const int64_t *in, *out;    // [window.n] spatial sizes
  const gcut__window *window; // padding settled
} gcut__pooling;
GCUT_MUST_USE gcut_status gcut__dnnl_pool(const gcut__pooling *p, const float *x, float *y,
                                          bool *out_done, gcut_error *err);

// Rows brought to mean 0 and variance 1, then scaled and shifted, in floats.
typedef struct gcut__float_rows {
  int64_t n_rows, n;
  float epsilon;              // added to the variance
  const float *x;             // [n_rows, n]
  const float *scale, *shift; // [n] or NULL
  float *y;                   // [n_rows, n]
  float *mean, *variance;     // [n_rows]
} gcut__float_rows;
GCUT_MUST_USE gcut_status gcut__dnnl_normalize(const gcut__float_rows *r, bool *out_done,
                                               gcut_error *err);

#endif
