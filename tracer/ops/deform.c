// DeformConv.
#include "tracer/ops/conv.h"

static const gcut_attr_row deform_conv_attrs[] = {
    GCUT__CONV_ROWS,
    GCUT_ATTR_INT(gcut__conv_attrs, offset_group, 1),
    {0},
};

// Input `i` must be [batch, channels, output's spatial axes].
static gcut_status expect_field(gcut_infer *c, uint32_t i, gcut_dim channels, const gcut_dim *out,
                                int rank, gcut_error *err) {
  GCUT_TRY(gcut_infer_expect_rank(c, i, rank, rank, err));
  for (int d = 0; d < rank; d++) {
    gcut_dim have = gcut_infer_dims(c, i)[d], want = d == 1 ? channels : out[d];
    if (gcut_dim_known(have) && gcut_dim_known(want) && have != want)
      return GCUT_NODE_FAIL(c, err, "dimension %d of input %u is %lld, expected %lld", d, i,
                            (long long)have, (long long)want);
  }
  return GCUT_OK;
}

static gcut_status infer_deform_conv(gcut_infer *c, gcut_error *err) {
  const gcut__conv_attrs *attrs = c->attrs;
  gcut__window window;
  GCUT_TRY(gcut__infer_conv(c, 0, 1, 3, GCUT_UNDEFINED, err));
  GCUT_TRY(gcut__infer_conv_window(c, 0, 1, &window, err));
  GCUT_TRY(gcut__infer_divisible(c, "input channels", gcut_infer_dims(c, 0)[1], attrs->offset_group,
                                 err));
  gcut_dim taps = gcut_infer_product(c, window.kernel, 0, window.n);
  taps = gcut_dim_mul(c->dims, taps, attrs->offset_group);
  gcut_dim out[GCUT_MAX_RANK] = {gcut_infer_dims(c, 0)[0]};
  gcut__window_output(c->dims, &window, gcut_infer_dims(c, 0) + 2, out + 2);
  int rank = window.n + 2;
  GCUT_TRY(expect_field(c, 2, gcut_dim_mul(c->dims, taps, window.n), out, rank, err));
  return gcut_infer_has(c, 4) ? expect_field(c, 4, taps, out, rank, err) : GCUT_OK;
}

static double flops_deform_conv(const gcut_infer *c) {
  return gcut__flops_conv(c, 1);
}

const gcut_op gcut__op_deform_conv = {
    .inputs = "TTTT?T?",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = deform_conv_attrs,
    .attrs_size = sizeof(gcut__conv_attrs),
    .infer = infer_deform_conv,
    .flops = flops_deform_conv,
};
