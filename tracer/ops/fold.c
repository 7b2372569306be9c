// Col2Im: columns of blocks added up into an image.
#include "tracer/ops/fold.h"

static const gcut_attr_row fold_attrs[] = {
    GCUT__WINDOW_INTS(gcut__fold_attrs, window, strides),
    GCUT__WINDOW_INTS(gcut__fold_attrs, window, dilations),
    GCUT__WINDOW_INTS(gcut__fold_attrs, window, pads),
    {0},
};

// The number of blocks along all axes must be input 0's last dim.
static gcut_status check_blocks(gcut_infer *c, gcut__window *w, const gcut_dim *image,
                                const gcut_dim *block, gcut_error *err) {
  gcut_dim blocks[GCUT_MAX_RANK], have = gcut_infer_dims(c, 0)[2];
  for (int i = 0; i < w->n; i++) {
    if (gcut_dim_known(block[i]) && (block[i] < 1 || block[i] > INT32_MAX))
      return GCUT_NODE_FAIL(c, err, "block_shape[%d] is %lld", i, (long long)block[i]);
    w->kernel[i] = block[i];
  }
  gcut__window_output(c->dims, w, image, blocks);
  for (int i = 0; i < w->n; i++)
    if (gcut_dim_known(blocks[i]) && blocks[i] < 0)
      return GCUT_NODE_FAIL(c, err, "axis %d of the image is smaller than a block", i);
  gcut_dim want = gcut_infer_product(c, blocks, 0, w->n);
  if (gcut_dim_known(want) && gcut_dim_known(have) && want != have)
    return GCUT_NODE_FAIL(c, err, "%lld columns, %lld blocks in the image", (long long)have,
                          (long long)want);
  return GCUT_OK;
}

// Where the image's or the block's shape is not known: the batch stays, the rank may be known.
static gcut_status col2im_unknown(gcut_infer *c, gcut_error *err) {
  gcut_dim axes = gcut_infer_dims(c, 1)[0], dims[GCUT_MAX_RANK] = {gcut_infer_dims(c, 0)[0]};
  if (!gcut_dim_known(axes) || axes > GCUT_MAX_RANK - 2)
    return gcut_infer_set_unknown(c, 0, GCUT_UNDEFINED, -1, err);
  for (gcut_dim d = 1; d < axes + 2; d++) dims[d] = gcut_dim_fresh(c->dims);
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, (int)axes + 2, dims, err);
}

static gcut_status infer_col2im(gcut_infer *c, gcut_error *err) {
  const gcut__fold_attrs *attrs = c->attrs;
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 3, 3, err));
  GCUT_TRY(gcut_infer_expect_rank(c, 1, 1, 1, err));
  GCUT_TRY(gcut_infer_expect_rank(c, 2, 1, 1, err));
  const gcut_dim *image, *block;
  uint32_t n, n_block;
  if (!gcut_infer_content(c, 1, &image, &n) || !gcut_infer_content(c, 2, &block, &n_block))
    return col2im_unknown(c, err);
  if (n != n_block || n < 1 || n > GCUT_MAX_RANK - 2)
    return GCUT_NODE_FAIL(c, err, "image_shape has %u elements, block_shape %u", n, n_block);
  gcut__window window;
  GCUT_TRY(gcut__window_infer(c, &attrs->window, (int)n, &window, err));
  GCUT_TRY(check_blocks(c, &window, image, block, err));
  const gcut_dim *in = gcut_infer_dims(c, 0);
  gcut_dim taps = gcut_infer_product(c, block, 0, (int)n);
  if (gcut_dim_known(in[1]) && gcut_dim_known(taps) && in[1] % taps != 0)
    return GCUT_NODE_FAIL(c, err, "%lld rows are no multiple of a block of %lld", (long long)in[1],
                          (long long)taps);
  gcut_dim dims[GCUT_MAX_RANK] = {in[0], gcut_dim_floor_div(c->dims, in[1], taps)};
  memcpy(dims + 2, image, n * sizeof *dims);
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, (int)n + 2, dims, err);
}

static double flops_col2im(const gcut_infer *c) {
  return gcut_fact_count(c->inputs[0]);
}

const gcut_op gcut__op_col2im = {
    .inputs = "Tii",
    .outputs = "T",
    .attrs = fold_attrs,
    .attrs_size = sizeof(gcut__fold_attrs),
    .infer = infer_col2im,
    .flops = flops_col2im,
};
