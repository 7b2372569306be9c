// Conv, ConvTranspose. Convolutions worth the set-up go to oneDNN in floats (float16 and bfloat16
// are widened), the others to the plain loops in doubles.
#include "tracer/ops/conv.h"

#include <stdlib.h>

#include "exec/cpu/dnnl.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/real.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/order.h"

// Multiply-adds from which on oneDNN is called. Its set-up costs some 20 us where nothing is kept,
// as much as the plain loops take for 2^14 of them; a call of what is kept costs 2 us.
static const double LARGE = 1 << 11;

typedef struct kept_convolution {
  gcut__cpu_kept base;
  gcut__dnnl_convolution *convolution;
} kept_convolution;

static void destroy_kept(gcut__cpu_kept *kept) {
  gcut__dnnl_convolution_destroy(((kept_convolution *)kept)->convolution);
  free(kept);
}

// Keeps the convolution for the next call, with its weights packed where they are constant; false
// where it is still the caller's.
static bool keep(gcut__cpu_call *c, gcut__dnnl_convolution *convolution) {
  if (!gcut__cpu_is_constant(c, 1)) return false;
  const float *w = gcut__tensor_floats(c, c->inputs[1]);
  kept_convolution *kept = malloc(sizeof *kept);
  if (kept) *kept = (kept_convolution){{destroy_kept}, convolution};
  if (kept && w && gcut__dnnl_convolution_pack(convolution, w, NULL) == GCUT_OK &&
      gcut__cpu_keep(c, &kept->base))
    return true;
  free(kept);
  return false;
}

// What an earlier call kept or, then *out_own, a new one; NULL where oneDNN has none.
static gcut_status find_convolution(gcut__cpu_call *c, const gcut__convolution *g,
                                    gcut__dnnl_convolution **out, bool *out_own, gcut_error *err) {
  bool has_bias = gcut__cpu_has(c, 2);
  kept_convolution *kept = (kept_convolution *)gcut__cpu_recall(c);
  *out_own = false;
  *out = kept ? kept->convolution : NULL;
  if (kept && gcut__dnnl_convolution_is(kept->convolution, g, has_bias)) return GCUT_OK;
  GCUT_TRY(gcut__dnnl_convolution_create(g, has_bias, false, out, err));
  *out_own = *out && !keep(c, *out);
  return GCUT_OK;
}

// x, channels last where that is wanted and it lies otherwise.
static const float *turned_floats(gcut__cpu_call *c) {
  const gcut_tensor *x = c->inputs[0];
  const float *from = gcut__tensor_floats(c, x);
  if (c->order->input || !gcut__cpu_order_matters(x->rank, x->dims)) return from;
  float *to = gcut__cpu_spare(c, x->count * sizeof *to);
  if (from && to) gcut__cpu_turn(sizeof *to, x->rank, x->dims, true, from, to);
  return from ? to : NULL;
}

static gcut_status run_dnnl(gcut__cpu_call *c, gcut__dnnl_convolution *convolution, bool own,
                            gcut_error *err) {
  bool turned = c->order && gcut__dnnl_convolution_turned(convolution);
  if (!turned) GCUT_TRY(gcut__cpu_straighten_input(c, err));
  const float *x = turned ? turned_floats(c) : gcut__tensor_floats(c, c->inputs[0]);
  const float *w = own ? gcut__tensor_floats(c, c->inputs[1]) : NULL;
  const float *bias = gcut__cpu_has(c, 2) ? gcut__tensor_floats(c, c->inputs[2]) : NULL;
  float *y = gcut__begin_floats(c, c->outputs[0]);
  if (!x || (own && !w) || !y || (gcut__cpu_has(c, 2) && !bias)) return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut__dnnl_convolution_run(convolution, x, w, bias, y, turned, err));
  gcut__finish_floats(c->outputs[0], y);
  if (turned) c->order->output = true;
  return GCUT_OK;
}

static gcut_status by_dnnl(gcut__cpu_call *c, const gcut__convolution *g, bool *out_done,
                           gcut_error *err) {
  gcut__dnnl_convolution *convolution;
  bool own;
  GCUT_TRY(find_convolution(c, g, &convolution, &own, err));
  *out_done = convolution != NULL;
  if (!convolution) return GCUT_OK;
  gcut_status status = run_dnnl(c, convolution, own, err);
  if (own) gcut__dnnl_convolution_destroy(convolution);
  return status;
}

// y = bias, channel by channel.
static void fill_bias(const gcut__convolution *g, const double *bias, double *y) {
  int64_t channels = g->groups * g->out_channels, size = gcut__product(g->out, 0, g->window.n);
  for (int64_t i = 0; i < g->batch * channels; i++)
    for (int64_t j = 0; j < size; j++) y[i * size + j] = bias ? bias[i % channels] : 0;
}

static gcut_status plainly(gcut__cpu_call *c, const gcut__convolution *g, gcut_error *err) {
  gcut_tensor *out = c->outputs[0];
  GCUT_TRY(gcut__cpu_straighten_input(c, err));
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

static gcut_status convolve(gcut__cpu_call *c, const gcut__convolution *g, gcut_error *err) {
  bool done = false;
  if (c->outputs[0]->count == 0) return GCUT_OK;
  bool empty = c->inputs[0]->count == 0 || c->inputs[1]->count == 0;
  if (!empty && c->inputs[0]->type != GCUT_DOUBLE && gcut__convolution_products(g) >= LARGE)
    GCUT_TRY(by_dnnl(c, g, &done, err));
  return done ? GCUT_OK : plainly(c, g, err);
}

gcut_status gcut__cpu_conv(gcut__cpu_call *c, gcut_error *err) {
  const gcut__conv_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0], *w = c->inputs[1], *y = c->outputs[0];
  gcut__convolution g = {.batch = x->dims[0],
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

gcut_status gcut__cpu_conv_transpose(gcut__cpu_call *c, gcut_error *err) {
  const gcut__conv_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0], *w = c->inputs[1], *y = c->outputs[0];
  gcut__convolution g = {.transposed = true,
                         .batch = x->dims[0],
                         .groups = attrs->group,
                         .in_channels = x->dims[1] / attrs->group,
                         .out_channels = w->dims[1],
                         .in = x->dims + 2,
                         .out = y->dims + 2};
  gcut__conv_transpose_window(c->node, attrs, x->rank - 2, w->dims + 2, g.in, g.out, &g.window);
  return convolve(c, &g, err);
}
