// Conv, ConvTranspose.
#include "tracer/ops/conv.h"

// The channels of input `x` must be `groups` times `each` (that of input `w` along `axis`).
static gcut_status expect_channels(gcut_infer *c, gcut_dim channels, gcut_dim wanted,
                                   gcut_error *err) {
  if (gcut_dim_known(channels) && gcut_dim_known(wanted) && channels != wanted)
    return GCUT_NODE_FAIL(c, err, "the input has %lld channels, the weight wants %lld",
                          (long long)channels, (long long)wanted);
  return GCUT_OK;
}

gcut_status gcut__infer_divisible(const gcut_infer *c, const char *what, gcut_dim size,
                                  int64_t groups, gcut_error *err) {
  if (groups < 1 || groups > INT32_MAX)
    return GCUT_NODE_FAIL(c, err, "%lld groups of %s", (long long)groups, what);
  if (gcut_dim_known(size) && size % groups != 0)
    return GCUT_NODE_FAIL(c, err, "%lld %s in %lld groups", (long long)size, what,
                          (long long)groups);
  return GCUT_OK;
}

// Input `b`, where there is one, must be a vector of `size` elements.
static gcut_status expect_bias(gcut_infer *c, uint32_t b, gcut_dim size, gcut_error *err) {
  if (b == GCUT_NONE || !gcut_infer_has(c, b)) return GCUT_OK;
  GCUT_TRY(gcut_infer_expect_rank(c, b, 1, 1, err));
  gcut_dim have = gcut_infer_dims(c, b)[0];
  if (gcut_dim_known(have) && gcut_dim_known(size) && have != size)
    return GCUT_NODE_FAIL(c, err, "the bias has %lld elements, expected %lld", (long long)have,
                          (long long)size);
  return GCUT_OK;
}

gcut_status gcut__infer_conv_window(gcut_infer *c, uint32_t x, uint32_t w, gcut__window *window,
                                    gcut_error *err) {
  const gcut__conv_attrs *attrs = c->attrs;
  int rank = gcut_infer_rank(c, x);
  GCUT_TRY(gcut_infer_expect_rank(c, x, 3, GCUT_MAX_RANK, err));
  GCUT_TRY(gcut_infer_expect_rank(c, w, rank, rank, err));
  GCUT_TRY(gcut__window_infer(c, &attrs->window, rank - 2, window, err));
  return gcut__window_weight(c, window, w, err);
}

// ---- Conv -------------------------------------------------------------------------------------

gcut_status gcut__infer_conv(gcut_infer *c, uint32_t x, uint32_t w, uint32_t b, gcut_dtype type,
                             gcut_error *err) {
  const gcut__conv_attrs *attrs = c->attrs;
  gcut__window window;
  GCUT_TRY(gcut__infer_conv_window(c, x, w, &window, err));
  const gcut_dim *in = gcut_infer_dims(c, x), *weight = gcut_infer_dims(c, w);
  gcut_dim dims[GCUT_MAX_RANK] = {in[0], weight[0]};
  GCUT_TRY(gcut__infer_divisible(c, "output channels", weight[0], attrs->group, err));
  GCUT_TRY(expect_channels(c, in[1], gcut_dim_mul(c->dims, weight[1], attrs->group), err));
  GCUT_TRY(expect_bias(c, b, weight[0], err));
  gcut__window_output(c->dims, &window, in + 2, dims + 2);
  return gcut_infer_set(c, 0, type, window.n + 2, dims, err);
}

static double product_of(const gcut_dim *dims, int from, int to) {
  double product = 1;
  for (int d = from; d < to; d++) product *= gcut_dim_known(dims[d]) ? (double)dims[d] : 0;
  return product;
}

// A multiply-add for each output and each element of one output channel's weight.
double gcut__flops_conv(const gcut_infer *c, uint32_t w) {
  return 2 * gcut_fact_count(&c->outputs[0]) *
         product_of(gcut_infer_dims(c, w), 1, gcut_infer_rank(c, w));
}

static gcut_status infer_conv(gcut_infer *c, gcut_error *err) {
  return gcut__infer_conv(c, 0, 1, 2, GCUT_UNDEFINED, err);
}

static double flops_conv(const gcut_infer *c) {
  return gcut__flops_conv(c, 1);
}

static const gcut_attr_row conv_attrs[] = {GCUT__CONV_ROWS, {0}};

const gcut_op gcut__op_conv = {
    .inputs = "TTT?",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = conv_attrs,
    .attrs_size = sizeof(gcut__conv_attrs),
    .infer = infer_conv,
    .flops = flops_conv,
};

// ---- ConvTranspose ----------------------------------------------------------------------------

static const gcut_attr_row conv_transpose_attrs[] = {
    GCUT__CONV_ROWS,
    GCUT_ATTR_INTS(gcut__conv_attrs, output_padding),
    GCUT_ATTR_INTS(gcut__conv_attrs, output_shape),
    {0},
};

static gcut_status check_list(const gcut_infer *c, const char *name, gcut_ints list, size_t n,
                              gcut_error *err) {
  if (list.given && list.n != n)
    return GCUT_NODE_FAIL(c, err, "%s has %zu elements, expected %zu", name, list.n, n);
  for (size_t i = 0; list.given && i < n; i++)
    if (list.data[i] < 0 || list.data[i] > INT32_MAX)
      return GCUT_NODE_FAIL(c, err, "%s[%zu] is %lld", name, i, (long long)list.data[i]);
  return GCUT_OK;
}

// Old models write output_shape with batch and channels in front.
static gcut_ints spatial_shape(gcut_ints shape, int n) {
  if (shape.n == (size_t)n + 2) shape.data += 2, shape.n -= 2;
  return shape;
}

// stride * (in - 1) + output_padding + span: the output without any padding taken off.
static gcut_dim unpadded(gcut_dims *dims, const gcut__conv_attrs *attrs, const gcut__window *w,
                         int i, gcut_dim in) {
  gcut_dim steps = gcut_dim_mul(dims, gcut_dim_sub(dims, in, 1), w->stride[i]);
  int64_t more = attrs->output_padding.given ? attrs->output_padding.data[i] : 0;
  return gcut_dim_add(dims, gcut_dim_add(dims, steps, more), gcut__window_span(dims, w, i));
}

static void transposed_output(gcut_dims *dims, const gcut__conv_attrs *attrs, const gcut__window *w,
                              const gcut_dim *in, gcut_dim *out) {
  gcut_ints shape = spatial_shape(attrs->output_shape, w->n);
  for (int i = 0; i < w->n; i++) {
    if (shape.given)
      out[i] = shape.data[i];
    else if (w->padding != GCUT__PADDING_GIVEN)
      out[i] = gcut_dim_mul(dims, in[i], w->stride[i]);
    else
      out[i] = gcut_dim_sub(dims, unpadded(dims, attrs, w, i, in[i]), w->begin[i] + w->end[i]);
  }
}

static gcut_status infer_conv_transpose(gcut_infer *c, gcut_error *err) {
  const gcut__conv_attrs *attrs = c->attrs;
  gcut__window window;
  GCUT_TRY(gcut__infer_conv_window(c, 0, 1, &window, err));
  size_t n = (size_t)window.n;
  GCUT_TRY(check_list(c, "output_padding", attrs->output_padding, n, err));
  GCUT_TRY(check_list(c, "output_shape", spatial_shape(attrs->output_shape, window.n), n, err));
  const gcut_dim *in = gcut_infer_dims(c, 0), *weight = gcut_infer_dims(c, 1);
  GCUT_TRY(expect_channels(c, in[1], weight[0], err));
  GCUT_TRY(gcut__infer_divisible(c, "input channels", in[1], attrs->group, err));
  gcut_dim dims[GCUT_MAX_RANK] = {in[0], gcut_dim_mul(c->dims, weight[1], attrs->group)};
  GCUT_TRY(expect_bias(c, 2, dims[1], err));
  transposed_output(c->dims, attrs, &window, in + 2, dims + 2);
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, window.n + 2, dims, err);
}

// SAME padding and output_shape leave the padding to be found. Which side takes the odd element
// was said the other way round before opset 11.
void gcut__conv_transpose_window(const gcut_node *node, const gcut__conv_attrs *attrs, int n,
                                 const int64_t *kernel, const int64_t *in, const int64_t *out,
                                 gcut__window *w) {
  gcut_error ignored;
  (void)!gcut__window_read(&attrs->window, n, w, &ignored); // infer found it sound
  bool less_first = (w->padding == GCUT__PADDING_SAME_UPPER) == (node->version >= 11);
  for (int i = 0; i < n; i++) {
    w->kernel[i] = kernel[i];
    if (!attrs->output_shape.given && w->padding == GCUT__PADDING_GIVEN) continue;
    int64_t more = attrs->output_padding.given ? attrs->output_padding.data[i] : 0;
    int64_t span = (kernel[i] - 1) * w->dilation[i] + 1;
    int64_t total = (in[i] - 1) * w->stride[i] + more + span - out[i];
    if (total < 0) total = 0;
    w->begin[i] = less_first ? total / 2 : total - total / 2;
    w->end[i] = total - w->begin[i];
  }
}

// A multiply-add for each input and each element of one input channel's weight.
static double flops_conv_transpose(const gcut_infer *c) {
  return 2 * gcut_fact_count(c->inputs[0]) *
         product_of(gcut_infer_dims(c, 1), 1, gcut_infer_rank(c, 1));
}

const gcut_op gcut__op_conv_transpose = {
    .inputs = "TTT?",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = conv_transpose_attrs,
    .attrs_size = sizeof(gcut__conv_attrs),
    .infer = infer_conv_transpose,
    .flops = flops_conv_transpose,
};
