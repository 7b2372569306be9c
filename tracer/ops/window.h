// Windows sliding over the spatial axes of [batch, channels, d1, d2, ...]: what convolutions and
// pools share. The window's element k at output o reads input o * stride - begin + k * dilation.
#ifndef GCUT_TRACER_OPS_WINDOW_H
#define GCUT_TRACER_OPS_WINDOW_H

#include "tracer/ops/op.h"

typedef struct gcut__window_attrs {
  gcut_ints kernel_shape, strides, dilations, pads;
  gcut_string auto_pad;
  int64_t ceil_mode;
} gcut__window_attrs;

#define GCUT__WINDOW_INTS(S, field, attr)                                                          \
  { .name = #attr, .kind = GCUT_ATTRIBUTE_INTS, .offset = offsetof(S, field.attr) }

// Rows of the attribute table of a struct with a gcut__window_attrs `field`.
#define GCUT__WINDOW_ROWS(S, field)                                                                \
  GCUT__WINDOW_INTS(S, field, kernel_shape), GCUT__WINDOW_INTS(S, field, strides),                 \
      GCUT__WINDOW_INTS(S, field, dilations), GCUT__WINDOW_INTS(S, field, pads), {                 \
    .name = "auto_pad", .kind = GCUT_ATTRIBUTE_STRING, .offset = offsetof(S, field.auto_pad),      \
    .default_string = "NOTSET"                                                                     \
  }
#define GCUT__WINDOW_CEIL_ROW(S, field)                                                            \
  { .name = "ceil_mode", .kind = GCUT_ATTRIBUTE_INT, .offset = offsetof(S, field.ceil_mode) }

typedef enum gcut__padding {
  GCUT__PADDING_GIVEN, // begin and end are set
  GCUT__PADDING_SAME_UPPER,
  GCUT__PADDING_SAME_LOWER,
} gcut__padding;

// The attributes, checked. Every number is in [0, INT32_MAX], so that products of two cannot
// overflow.
typedef struct gcut__window {
  int n; // spatial axes
  gcut__padding padding;
  bool ceil;
  gcut_dim kernel[GCUT_MAX_RANK]; // 0 where neither kernel_shape nor weights were given yet
  int64_t stride[GCUT_MAX_RANK], dilation[GCUT_MAX_RANK]; // at least 1
  int64_t begin[GCUT_MAX_RANK], end[GCUT_MAX_RANK];
} gcut__window;

// Reads the attributes for `n` spatial axes; GCUT_FORMAT says what is wrong without naming the
// node.
GCUT_MUST_USE gcut_status gcut__window_read(const gcut__window_attrs *attrs, int n,
                                            gcut__window *out, gcut_error *err);
// The same for an infer function: the failure names the node.
GCUT_MUST_USE gcut_status gcut__window_infer(const gcut_infer *c, const gcut__window_attrs *attrs,
                                             int n, gcut__window *out, gcut_error *err);
// Sets the kernel from the last n dims of a weight's shape; kernel_shape, where given, must agree.
GCUT_MUST_USE gcut_status gcut__window_weight(const gcut_infer *c, gcut__window *w, uint32_t weight,
                                              gcut_error *err);

// Elements along one axis that the window spans: (kernel - 1) * dilation + 1.
gcut_dim gcut__window_span(gcut_dims *dims, const gcut__window *w, int axis);
// Sizes of the output for those spatial input sizes.
void gcut__window_output(gcut_dims *dims, const gcut__window *w, const gcut_dim *in, gcut_dim *out);

// At run time: settles begin and end of SAME padding for actual sizes [n].
void gcut__window_place(gcut__window *w, const int64_t *in, const int64_t *out);

#endif
