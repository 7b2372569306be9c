// Attributes of conv.c and deform.c, and what the quantised convolutions share with it.
#ifndef GCUT_TRACER_OPS_CONV_H
#define GCUT_TRACER_OPS_CONV_H

#include "tracer/ops/window.h"

typedef struct gcut__conv_attrs {
  gcut__window_attrs window;
  int64_t group;
  gcut_ints output_padding, output_shape; // of ConvTranspose
  int64_t offset_group;                   // of DeformConv
} gcut__conv_attrs;

// Rows for the attributes that every convolution has.
#define GCUT__CONV_ROWS                                                                            \
  GCUT__WINDOW_ROWS(gcut__conv_attrs, window), GCUT_ATTR_INT(gcut__conv_attrs, group, 1)

// Output 0 is the convolution of input `x` by input `w`; input `b` (GCUT_NONE: none) is its bias.
GCUT_MUST_USE gcut_status gcut__infer_conv(gcut_infer *c, uint32_t x, uint32_t w, uint32_t b,
                                           gcut_dtype type, gcut_error *err);
// What it and its kin check: ranks agree and leave at least one spatial axis (the window is read);
// `groups` is at least 1 and divides `size`.
GCUT_MUST_USE gcut_status gcut__infer_conv_window(gcut_infer *c, uint32_t x, uint32_t w,
                                                  gcut__window *window, gcut_error *err);
GCUT_MUST_USE gcut_status gcut__infer_divisible(const gcut_infer *c, const char *what,
                                                gcut_dim size, int64_t groups, gcut_error *err);
double gcut__flops_conv(const gcut_infer *c, uint32_t w);

// At run time: the window of ConvTranspose with its padding settled, for those spatial sizes.
void gcut__conv_transpose_window(const gcut_node *node, const gcut__conv_attrs *attrs, int n,
                                 const int64_t *kernel, const int64_t *in, const int64_t *out,
                                 gcut__window *w);

#endif
