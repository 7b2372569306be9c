// oneDNN for float32. Its types do not leave dnnl.c. Nothing here is kept between calls: an engine
// and a stream cost less than a microsecond, and what is expensive, generated code, lies in
// oneDNN's own cache. Kernels are chosen by shapes alone, never by alignment or by what ran before,
// so the same call gives the same bits.
//
// All tensors are packed row-major and have at least one element. *out_done is false where oneDNN
// has no kernel for the case: then nothing was written and the plain kernel serves.
#ifndef GCUT_EXEC_CPU_DNNL_H
#define GCUT_EXEC_CPU_DNNL_H

#include "exec/cpu/kernel.h"
#include "exec/cpu/ops/convolve.h"
#include "exec/cpu/ops/gemm.h"

// C = alpha * op(A) op(B), floats, m, n and k at least 1; D is ignored.
GCUT_MUST_USE gcut_status gcut__dnnl_gemm(const gcut_gemm *g, const float *a, const float *b,
                                          float *out, gcut_error *err);

// The same of bfloat16, C too, with alpha 1: only where the processor multiplies bfloat16 itself.
GCUT_MUST_USE gcut_status gcut__dnnl_gemm_bfloat16(const gcut_gemm *g, const uint16_t *a,
                                                   const uint16_t *b, uint16_t *out, bool *out_done,
                                                   gcut_error *err);

// Softmax along the middle axis of [outer, n, inner].
GCUT_MUST_USE gcut_status gcut__dnnl_softmax(int64_t outer, int64_t n, int64_t inner,
                                             const float *in, float *out, bool *out_done,
                                             gcut_error *err);

// y = the convolution of x by w, plus bias [groups * out_channels] where that is not NULL.
GCUT_MUST_USE gcut_status gcut__dnnl_convolve(const gcut_convolution *g, const float *x,
                                              const float *w, const float *bias, float *y,
                                              bool *out_done, gcut_error *err);

#endif
