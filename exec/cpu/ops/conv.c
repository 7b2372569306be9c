// Conv, ConvTranspose. Convolutions worth the set-up go to oneDNN in floats (float16 and bfloat16
// are widened), the others to the plain loops in doubles.
#include "tracer/ops/conv.h"

#include "exec/cpu/dnnl.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/real.h"

// Multiply-adds from which on oneDNN is called. Its set-up costs some 20 us, as much as the plain
// loops take for these; where planes are of a few elements they take ten times as long.
static const double LARGE = 1 << 14;

static gcut_status by_dnnl(gcut_cpu_call *c, const gcut_convolution *g, bool *out_done,
                           gcut_error *err) {
  const float *x = gcut__tensor_floats(c, c->inputs[0]), *w = gcut__tensor_floats(c, c->inputs[1]);
  const float *bias = gcut__cpu_has(c, 2) ? gcut__tensor_floats(c, c->inputs[2]) : NULL;
  float *y = gcut__begin_floats(c, c->outputs[0]);
  if (!x || !w || !y || (gcut__cpu_has(c, 2) && !bias)) return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut__dnnl_convolve(g, x, w, bias, y, out_done, err));
  if (*out_done) gcut__finish_floats(c->outputs[0], y);
  return GCUT_OK;
}

// y = bias, channel by channel.
static void fill_bias(const gcut_convolution *g, const double *bias, double *y) {
  int64_t channels = g->groups * g->out_channels, size = gcut__dims_product(g->window.n, g->out);
  for (int64_t i = 0; i < g->batch * channels; i++)
    for (int64_t j = 0; j < size; j++) y[i * size + j] = bias ? bias[i % channels] : 0;
}

static gcut_status plainly(gcut_cpu_call *c, const gcut_convolution *g, gcut_error *err) {
  gcut_tensor *out = c->outputs[0];
  const double *x = gcut__tensor_doubles(c, c->inputs[0]);
  const double *w = gcut__tensor_doubles(c, c->inputs[1]);
  const double *bias = gcut__cpu_has(c, 2) ? gcut__tensor_doubles(c, c->inputs[2]) : NULL;
  double *y = gcut_arena_alloc(c->scratch, out->count, sizeof *y);
  if (!x || !w || !y || (gcut__cpu_has(c, 2) && !bias)) return GCUT_NO_MEMORY(err);
  fill_bias(g, bias, y);
  gcut__convolve_plain(g, x, w, y);
  gcut__store_doubles(out->type, out->data, 0, 1, out->count, y);
  return GCUT_OK;
}

static gcut_status convolve(gcut_cpu_call *c, const gcut_convolution *g, gcut_error *err) {
  bool done = false;
  if (c->outputs[0]->count == 0) return GCUT_OK;
  bool empty = c->inputs[0]->count == 0 || c->inputs[1]->count == 0;
  if (!empty && c->inputs[0]->type != GCUT_DOUBLE && gcut__convolution_products(g) >= LARGE)
    GCUT_TRY(by_dnnl(c, g, &done, err));
  return done ? GCUT_OK : plainly(c, g, err);
}

gcut_status gcut__cpu_conv(gcut_cpu_call *c, gcut_error *err) {
  const gcut_conv_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0], *w = c->inputs[1], *y = c->outputs[0];
  gcut_convolution g = {.batch = x->dims[0],
                        .groups = attrs->group,
                        .in_channels = w->dims[1],
                        .out_channels = w->dims[0] / attrs->group,
                        .in = x->dims + 2,
                        .out = y->dims + 2};
  GCUT_TRY(gcut__window_read(&attrs->window, x->rank - 2, &g.window, err));
  memcpy(g.window.kernel, w->dims + 2, (size_t)g.window.n * sizeof *g.window.kernel);
  gcut__window_place(&g.window, g.in, g.out);
  return convolve(c, &g, err);
}

gcut_status gcut__cpu_conv_transpose(gcut_cpu_call *c, gcut_error *err) {
  const gcut_conv_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0], *w = c->inputs[1], *y = c->outputs[0];
  gcut_convolution g = {.transposed = true,
                        .batch = x->dims[0],
                        .groups = attrs->group,
                        .in_channels = x->dims[1] / attrs->group,
                        .out_channels = w->dims[1],
                        .in = x->dims + 2,
                        .out = y->dims + 2};
  gcut__conv_transpose_window(c->node, attrs, x->rank - 2, w->dims + 2, g.in, g.out, &g.window);
  return convolve(c, &g, err);
}
