// ImageDecoder: an encoded stream to rows of pixels.
#include "tracer/ops/image.h"

#include "tracer/ops/carry.h"

static const gcut_attr_row image_rows[] = {GCUT_ATTR_STRING(gcut__image_attrs, pixel_format, "RGB"),
                                           {0}};

gcut__pixel_format gcut__pixel_format_of(const gcut__image_attrs *attrs) {
  static const char *const names[] = {"RGB", "BGR", "Grayscale"};
  int f = 0;
  while (f < GCUT__PIXEL_N_FORMATS && !gcut__is_text(attrs->pixel_format, names[f])) f++;
  return (gcut__pixel_format)f;
}

static gcut_status infer_image_decoder(gcut_infer *c, gcut_error *err) {
  gcut__pixel_format format = gcut__pixel_format_of(c->attrs);
  if (format == GCUT__PIXEL_N_FORMATS)
    return GCUT_NODE_FAIL(c, err, "pixel_format is none of RGB, BGR, Grayscale");
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 1, 1, err));
  gcut_dim dims[3] = {gcut_dim_fresh(c->dims), gcut_dim_fresh(c->dims),
                      format == GCUT__PIXEL_GRAY ? 1 : 3};
  return gcut_infer_set(c, 0, GCUT_UINT8, 3, dims, err);
}

const gcut_op gcut__op_image_decoder = {.inputs = "T",
                                        .outputs = "T",
                                        .T = GCUT_TYPE(UINT8),
                                        .attrs = image_rows,
                                        .attrs_size = sizeof(gcut__image_attrs),
                                        .infer = infer_image_decoder};
