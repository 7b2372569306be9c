// FusedConv of com.microsoft: Conv, plus a tensor, then an activation. Inputs X, W, B, Z.
#include "tracer/ops/fused_conv.h"

#include "tracer/ops/expect.h"

bool gcut__fused_conv_activation(const gcut__fused_conv_attrs *attrs, gcut__fused_activation *out) {
  if (!gcut__fused_find(attrs->activation, out)) return false;
  if (attrs->activation_params.n > 0) out->alpha = attrs->activation_params.data[0];
  if (attrs->activation_params.n > 1) out->beta = attrs->activation_params.data[1];
  return true;
}

static gcut_status fused_conv_infer(gcut_infer *c, gcut_error *err) {
  const gcut__fused_conv_attrs *attrs = c->attrs;
  gcut__fused_activation activation;
  if (!gcut__fused_conv_activation(attrs, &activation))
    return gcut_infer_fail(c, GCUT_UNSUPPORTED, err, "activation '%.40s' is unknown",
                           attrs->activation.data);
  gcut_infer inner = *c;
  inner.attrs = &attrs->conv;
  GCUT_TRY(gcut__infer_conv(&inner, 0, 1, 2, GCUT_UNDEFINED, err));
  const gcut_type *y = &c->outputs[0].type;
  return gcut__expect_shape(c, 3, y->rank, y->dims, "Z", err);
}

static double fused_conv_flops(const gcut_infer *c) {
  const gcut__fused_conv_attrs *attrs = c->attrs;
  gcut_infer inner = *c;
  inner.attrs = &attrs->conv;
  return gcut__flops_conv(&inner, 1);
}

static const gcut_attr_row fused_conv_rows[] = {
    GCUT__WINDOW_ROWS(gcut__fused_conv_attrs, conv.window),
    {.name = "group",
     .kind = GCUT_ATTRIBUTE_INT,
     .default_int = 1,
     .offset = offsetof(gcut__fused_conv_attrs, conv.group)},
    GCUT_ATTR_STRING(gcut__fused_conv_attrs, activation, ""),
    GCUT_ATTR_FLOATS(gcut__fused_conv_attrs, activation_params),
    {0},
};

const gcut_op gcut__op_fused_conv = {
    .inputs = "TTT?T?",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = fused_conv_rows,
    .attrs_size = sizeof(gcut__fused_conv_attrs),
    .infer = fused_conv_infer,
    .flops = fused_conv_flops,
};
