// Attributes and output sizes of sliding windows.
#include "tracer/ops/window.h"

// Copies a list of n numbers in [low, INT32_MAX], or fills in `usual` where none is given.
static gcut_status read_list(const char *name, gcut_ints list, size_t n, int64_t low, int64_t usual,
                             int64_t *out, gcut_error *err) {
  if (list.given && list.n != n)
    return GCUT_FAIL(err, GCUT_FORMAT, "%s has %zu elements, expected %zu", name, list.n, n);
  for (size_t i = 0; i < n; i++) {
    out[i] = list.given ? list.data[i] : usual;
    if (out[i] < low || out[i] > INT32_MAX)
      return GCUT_FAIL(err, GCUT_FORMAT, "%s[%zu] is %lld, expected %lld to %d", name, i,
                       (long long)out[i], (long long)low, INT32_MAX);
  }
  return GCUT_OK;
}

static bool is(gcut_string s, const char *text) {
  return s.size == strlen(text) && memcmp(s.data, text, s.size) == 0;
}

// auto_pad, where set, stands over pads.
static gcut_status read_padding(const gcut__window_attrs *a, gcut__window *w, gcut_error *err) {
  gcut_ints pads = a->pads;
  w->padding = GCUT__PADDING_GIVEN;
  if (is(a->auto_pad, "SAME_UPPER"))
    w->padding = GCUT__PADDING_SAME_UPPER;
  else if (is(a->auto_pad, "SAME_LOWER"))
    w->padding = GCUT__PADDING_SAME_LOWER;
  else if (is(a->auto_pad, "VALID"))
    pads.given = false;
  else if (!is(a->auto_pad, "NOTSET") && a->auto_pad.size != 0)
    return GCUT_FAIL(err, GCUT_FORMAT, "auto_pad is '%.*s'",
                     (int)(a->auto_pad.size < 32 ? a->auto_pad.size : 32), a->auto_pad.data);
  if (w->padding != GCUT__PADDING_GIVEN) pads.given = false;
  int64_t both[2 * GCUT_MAX_RANK];
  GCUT_TRY(read_list("pads", pads, 2 * (size_t)w->n, 0, 0, both, err));
  memcpy(w->begin, both, (size_t)w->n * sizeof *both);
  memcpy(w->end, both + w->n, (size_t)w->n * sizeof *both);
  return GCUT_OK;
}

gcut_status gcut__window_read(const gcut__window_attrs *attrs, int n, gcut__window *out,
                              gcut_error *err) {
  *out = (gcut__window){.n = n, .ceil = attrs->ceil_mode != 0};
  size_t size = (size_t)n;
  if (attrs->kernel_shape.given)
    GCUT_TRY(read_list("kernel_shape", attrs->kernel_shape, size, 1, 1, out->kernel, err));
  GCUT_TRY(read_list("strides", attrs->strides, size, 1, 1, out->stride, err));
  GCUT_TRY(read_list("dilations", attrs->dilations, size, 1, 1, out->dilation, err));
  return read_padding(attrs, out, err);
}

gcut_status gcut__window_infer(const gcut_infer *c, const gcut__window_attrs *attrs, int n,
                               gcut__window *out, gcut_error *err) {
  gcut_error why;
  gcut_status status = gcut__window_read(attrs, n, out, &why);
  if (status == GCUT_OK) return GCUT_OK;
  return gcut_infer_fail(c, status, err, "%s", why.message);
}

gcut_status gcut__window_weight(const gcut_infer *c, gcut__window *w, uint32_t weight,
                                gcut_error *err) {
  const gcut_dim *dims = gcut_infer_dims(c, weight) + gcut_infer_rank(c, weight) - w->n;
  for (int i = 0; i < w->n; i++) {
    bool known = gcut_dim_known(dims[i]);
    if (known && (dims[i] < 1 || dims[i] > INT32_MAX))
      return GCUT_NODE_FAIL(c, err, "axis %d of the kernel has size %lld", i, (long long)dims[i]);
    if (known && w->kernel[i] != 0 && w->kernel[i] != dims[i])
      return GCUT_NODE_FAIL(c, err, "kernel_shape[%d] is %lld, the weight has %lld", i,
                            (long long)w->kernel[i], (long long)dims[i]);
    if (known || w->kernel[i] == 0) w->kernel[i] = dims[i];
  }
  return GCUT_OK;
}

gcut_dim gcut__window_span(gcut_dims *dims, const gcut__window *w, int axis) {
  gcut_dim steps = gcut_dim_sub(dims, w->kernel[axis], 1);
  return gcut_dim_add(dims, gcut_dim_mul(dims, steps, w->dilation[axis]), 1);
}

// Rounding up, a window that would begin in the padding at the end does not count.
static gcut_dim rounded_up(gcut_dims *dims, const gcut__window *w, int axis, gcut_dim in,
                           gcut_dim room) {
  gcut_dim out = gcut_dim_add(dims, gcut_dim_ceil_div(dims, room, w->stride[axis]), 1);
  gcut_dim reach = gcut_dim_add(dims, in, w->begin[axis]);
  return gcut_dim_min(dims, out, gcut_dim_ceil_div(dims, reach, w->stride[axis]));
}

void gcut__window_output(gcut_dims *dims, const gcut__window *w, const gcut_dim *in,
                         gcut_dim *out) {
  for (int i = 0; i < w->n; i++) {
    if (w->padding != GCUT__PADDING_GIVEN) {
      out[i] = gcut_dim_ceil_div(dims, in[i], w->stride[i]);
      continue;
    }
    gcut_dim padded = gcut_dim_add(dims, in[i], w->begin[i] + w->end[i]);
    gcut_dim room = gcut_dim_sub(dims, padded, gcut__window_span(dims, w, i));
    out[i] = w->ceil ? rounded_up(dims, w, i, in[i], room)
                     : gcut_dim_add(dims, gcut_dim_floor_div(dims, room, w->stride[i]), 1);
  }
}

void gcut__window_place(gcut__window *w, const int64_t *in, const int64_t *out) {
  if (w->padding == GCUT__PADDING_GIVEN) return;
  for (int i = 0; i < w->n; i++) {
    int64_t span = (w->kernel[i] - 1) * w->dilation[i] + 1;
    int64_t total = (out[i] - 1) * w->stride[i] + span - in[i];
    if (total < 0) total = 0;
    w->begin[i] = w->padding == GCUT__PADDING_SAME_UPPER ? total / 2 : total - total / 2;
    w->end[i] = total - w->begin[i];
  }
}
