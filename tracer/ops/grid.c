// GridSample: X [N, C, spatial...] sampled at the points of grid [N, out..., spatial rank], each a
// position in [-1, 1] with the last spatial dim first. AffineGrid: such a grid from matrices theta
// [N, rank, rank + 1] and a size (N, C, out...).
#include "tracer/ops/grid.h"

#include "tracer/ops/expect.h"

static int choose(gcut_string text, const char *const *names) {
  for (int i = 0; names[i]; i++)
    if (text.size == strlen(names[i]) && memcmp(text.data, names[i], text.size) == 0) return i;
  return -1;
}

bool gcut__grid_modes(const gcut__grid_attrs *attrs, gcut__grid_mode *out_mode,
                      gcut__grid_padding *out_padding) {
  // opset 16 says bilinear and bicubic
  static const char *const modes[] = {"nearest",  "linear",  "cubic", "",
                                      "bilinear", "bicubic", NULL};
  static const char *const paddings[] = {"zeros", "border", "reflection", NULL};
  int mode = choose(attrs->mode, modes), padding = choose(attrs->padding_mode, paddings);
  if (mode < 0 || mode == 3 || padding < 0) return false;
  *out_mode = (gcut__grid_mode)(mode > 3 ? mode - 3 : mode);
  *out_padding = (gcut__grid_padding)padding;
  return true;
}

static gcut_status grid_sample_infer(gcut_infer *c, gcut_error *err) {
  gcut__grid_mode mode;
  gcut__grid_padding padding;
  if (!gcut__grid_modes(c->attrs, &mode, &padding))
    return GCUT_NODE_FAIL(c, err, "unknown mode or padding_mode");
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 3, GCUT__GRID_AXES + 2, err));
  int rank = gcut_infer_rank(c, 0);
  GCUT_TRY(gcut_infer_expect_rank(c, 1, rank, rank, err));
  const gcut_dim *x = gcut_infer_dims(c, 0), *grid = gcut_infer_dims(c, 1);
  GCUT_TRY(gcut__expect_dim(c, 1, 0, x[0], "batch", err));
  GCUT_TRY(gcut__expect_dim(c, 1, rank - 1, rank - 2, "coordinates of a point", err));
  gcut_dim y[GCUT__GRID_AXES + 2] = {x[0], x[1]};
  for (int d = 2; d < rank; d++) y[d] = grid[d - 1];
  for (int d = 2; d < rank; d++)
    if (x[d] == 0) return GCUT_NODE_FAIL(c, err, "dim %d of the input is empty", d);
  return gcut_infer_set(c, 0, 0, rank, y, err);
}

static double grid_sample_flops(const gcut_infer *c) {
  return 8 * gcut_fact_count(&c->outputs[0]);
}

static const gcut_attr_row grid_sample_rows[] = {
    GCUT_ATTR_INT(gcut__grid_attrs, align_corners, 0),
    GCUT_ATTR_STRING(gcut__grid_attrs, mode, "linear"),
    GCUT_ATTR_STRING(gcut__grid_attrs, padding_mode, "zeros"),
    {0},
};

const gcut_op gcut__op_grid_sample = {
    .inputs = "TU",
    .outputs = "T",
    .U = GCUT_FLOATS_STANDARD,
    .attrs = grid_sample_rows,
    .attrs_size = sizeof(gcut__grid_attrs),
    .infer = grid_sample_infer,
    .flops = grid_sample_flops,
};

// Where the size is not known: theta [batch, n, n + 1] tells of n.
static gcut_status affine_grid_unknown(gcut_infer *c, gcut_error *err) {
  const gcut_dim *theta = gcut_infer_dims(c, 0);
  if (!gcut_dim_known(theta[1]) || theta[1] < 2 || theta[1] > 3)
    return gcut_infer_set_unknown(c, 0, 0, -1, err);
  gcut_dim grid[5] = {theta[0]};
  for (gcut_dim d = 1; d <= theta[1]; d++) grid[d] = gcut_dim_fresh(c->dims);
  grid[theta[1] + 1] = theta[1];
  return gcut_infer_set(c, 0, 0, (int)theta[1] + 2, grid, err);
}

static gcut_status affine_grid_infer(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 3, 3, err));
  GCUT_TRY(gcut_infer_expect_rank(c, 1, 1, 1, err));
  const gcut_dim *size;
  uint32_t n;
  if (!gcut_infer_content(c, 1, &size, &n)) return affine_grid_unknown(c, err);
  if (n != 4 && n != 5) return GCUT_NODE_FAIL(c, err, "size has %u elements, expected 4 or 5", n);
  GCUT_TRY(gcut__expect_dim(c, 0, 0, size[0], "batch", err));
  GCUT_TRY(gcut__expect_dim(c, 0, 1, (gcut_dim)n - 2, "rows of theta", err));
  GCUT_TRY(gcut__expect_dim(c, 0, 2, (gcut_dim)n - 1, "columns of theta", err));
  gcut_dim grid[5] = {size[0]};
  for (uint32_t d = 2; d < n; d++) grid[d - 1] = size[d];
  grid[n - 1] = (gcut_dim)n - 2;
  return gcut_infer_set(c, 0, 0, (int)n, grid, err);
}

static double affine_grid_flops(const gcut_infer *c) {
  return 6 * gcut_fact_count(&c->outputs[0]);
}

static const gcut_attr_row affine_grid_rows[] = {
    GCUT_ATTR_INT(gcut__grid_attrs, align_corners, 0),
    {0},
};

const gcut_op gcut__op_affine_grid = {
    .inputs = "Ti",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = affine_grid_rows,
    .attrs_size = sizeof(gcut__grid_attrs),
    .infer = affine_grid_infer,
    .flops = affine_grid_flops,
};
