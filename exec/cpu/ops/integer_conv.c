// ConvInteger, QLinearConv.
//
// As in integer_matmul.c, a sum of at most 256 products of centred 8-bit integers is exact in
// floats: as many input channels at a time as stay below that go through the float convolution, and
// are added up in doubles. Small convolutions are done in doubles at once. Where the processor
// multiplies bytes itself it does: all ways are exact, so they agree.
#include "exec/cpu/ops/integer_conv.h"

#include "exec/cpu/dnnl.h"
#include "exec/cpu/ops/bytes.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/quantize.h"
#include "exec/cpu/ops/real.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/order.h"
#include "tracer/ops/conv.h"

enum { EXACT_PRODUCTS = 256, LARGE = 1 << 18, RUN = 512, MOST_ADDED = 1 << 29 };

typedef struct centred {
  gcut__convolution g;
  int64_t taps, size_in; // elements of kernel and plane
  const float *x, *w;    // less their zero points
} centred;

// A tensor less its zero point, one for all or one for each of `lines` equal runs.
static const float *centre(gcut__cpu_call *c, uint32_t i, uint32_t zero, int64_t lines) {
  const gcut_tensor *t = c->inputs[i];
  float *x = gcut_arena_alloc(c->scratch, t->count, sizeof *x);
  if (!x) return NULL;
  gcut__load_quantized(t->type, t->data, 0, (int64_t)t->count, x);
  if (!gcut__cpu_has(c, zero)) return x;
  const float *zeros = gcut__dequantized(c, c->inputs[zero]);
  if (!zeros) return NULL;
  bool single = c->inputs[zero]->count == 1;
  int64_t run = single || lines == 0 ? (int64_t)t->count : (int64_t)t->count / lines;
  for (int64_t k = 0; k < (int64_t)t->count; k++) x[k] -= zeros[single ? 0 : k / run];
  return x;
}

static gcut_status read_shape(gcut__cpu_call *c, gcut__byte_conv o, gcut__convolution *g,
                              gcut_error *err) {
  const gcut__conv_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[o.x], *w = c->inputs[o.w], *y = c->outputs[0];
  *g = (gcut__convolution){.batch = x->dims[0],
                           .groups = attrs->group,
                           .in_channels = w->dims[1],
                           .out_channels = w->dims[0] / attrs->group,
                           .in = x->dims + 2,
                           .out = y->dims + 2};
  gcut__window *window = &g->window;
  GCUT_TRY(gcut__window_read(&attrs->window, x->rank - 2, window, err));
  memcpy(window->kernel, w->dims + 2, (size_t)window->n * sizeof *window->kernel);
  gcut__window_place(window, g->in, g->out);
  return GCUT_OK;
}

static gcut_status read_operands(gcut__cpu_call *c, gcut__byte_conv o, const gcut__convolution *g,
                                 centred *k, gcut_error *err) {
  const gcut__window *window = &g->window;
  *k = (centred){.g = *g};
  k->taps = gcut__product(window->kernel, 0, window->n);
  k->size_in = gcut__product(k->g.in, 0, window->n);
  k->x = centre(c, o.x, o.zero_x, 1);
  k->w = centre(c, o.w, o.zero_w, c->inputs[o.w]->dims[0]);
  return k->x && k->w ? GCUT_OK : GCUT_NO_MEMORY(err);
}

static gcut_status plainly(gcut__cpu_call *c, const centred *k, gcut__byte_conv o, double *y,
                           gcut_error *err) {
  double *x = gcut_arena_alloc(c->scratch, c->inputs[o.x]->count, sizeof *x);
  double *w = gcut_arena_alloc(c->scratch, c->inputs[o.w]->count, sizeof *w);
  if (!x || !w) return GCUT_NO_MEMORY(err);
  for (uint64_t i = 0; i < c->inputs[o.x]->count; i++) x[i] = (double)k->x[i];
  for (uint64_t i = 0; i < c->inputs[o.w]->count; i++) w[i] = (double)k->w[i];
  gcut__convolve_plain(&k->g, x, w, y);
  return GCUT_OK;
}

// From each of `lines` lines of `size` runs, runs [from, from + n) packed.
static void pick(const float *all, int64_t lines, int64_t size, int64_t from, int64_t n,
                 int64_t run, float *out) {
  for (int64_t i = 0; i < lines; i++)
    memcpy(out + i * n * run, all + (i * size + from) * run, (size_t)(n * run) * sizeof *out);
}

// Adds the part of the convolution that input channels [from, from + n) of each group make.
static gcut_status add_channels(const centred *k, int64_t from, int64_t n, float *x, float *w,
                                float *y, double *sum, bool *out_done, gcut_error *err) {
  gcut__convolution g = k->g;
  int64_t all = g.in_channels, outputs = g.groups * g.out_channels;
  g.in_channels = n;
  pick(k->x, g.batch * g.groups, all, from, n, k->size_in, x);
  pick(k->w, outputs, all, from, n, k->taps, w);
  GCUT_TRY(gcut__dnnl_convolve(&g, x, w, NULL, y, out_done, err));
  int64_t count = g.batch * outputs * gcut__product(g.out, 0, g.window.n);
  for (int64_t i = 0; *out_done && i < count; i++) sum[i] += (double)y[i];
  return GCUT_OK;
}

static gcut_status by_dnnl(gcut__cpu_call *c, const centred *k, double *sum, bool *out_done,
                           gcut_error *err) {
  const gcut__convolution *g = &k->g;
  int64_t most = EXACT_PRODUCTS / k->taps;
  if (most > g->in_channels) most = g->in_channels;
  float *x = gcut_arena_alloc(c->scratch, (size_t)(g->batch * g->groups * most * k->size_in), 4);
  float *w =
      gcut_arena_alloc(c->scratch, (size_t)(g->groups * g->out_channels * most * k->taps), 4);
  float *y = gcut_arena_alloc(c->scratch, c->outputs[0]->count, sizeof *y);
  if (!x || !w || !y) return GCUT_NO_MEMORY(err);
  *out_done = true;
  for (int64_t i = 0; i < g->in_channels && *out_done; i += most) {
    int64_t n = g->in_channels - i < most ? g->in_channels - i : most;
    GCUT_TRY(add_channels(k, i, n, x, w, y, sum, out_done, err));
  }
  return GCUT_OK;
}

// The exact sums, in the output's order.
static gcut_status convolve(gcut__cpu_call *c, gcut__byte_conv o, const gcut__convolution *g,
                            double **out_sum, gcut_error *err) {
  centred k;
  bool done = false;
  GCUT_TRY(gcut__cpu_straighten_input(c, err));
  GCUT_TRY(read_operands(c, o, g, &k, err));
  double *sum = *out_sum = gcut_arena_alloc(c->scratch, c->outputs[0]->count, sizeof *sum);
  if (!sum) return GCUT_NO_MEMORY(err);
  if (c->inputs[o.x]->count == 0 || c->inputs[o.w]->count == 0) return GCUT_OK;
  if (gcut__convolution_products(&k.g) >= LARGE && k.taps <= EXACT_PRODUCTS)
    GCUT_TRY(by_dnnl(c, &k, sum, &done, err));
  if (done) return GCUT_OK;
  memset(sum, 0, c->outputs[0]->count * sizeof *sum);
  return plainly(c, &k, o, sum, err);
}

// By bytes, channels last; sums.sums is NULL where that cannot be.
static gcut_status by_bytes(gcut__cpu_call *c, gcut__byte_conv o, const gcut__convolution *g,
                            gcut__byte_sums *out, gcut_error *err) {
  *out = (gcut__byte_sums){0};
  if (c->inputs[o.x]->count == 0 || c->inputs[o.w]->count == 0) return GCUT_OK;
  return gcut__convolve_bytes(c, g, o, out, err);
}

gcut_status gcut__cpu_conv_integer(gcut__cpu_call *c, gcut_error *err) {
  static const gcut__byte_conv o = {0, 1, 2, 3};
  gcut__convolution g;
  gcut__byte_sums bytes;
  double *sum;
  uint64_t n = c->outputs[0]->count;
  int32_t *y = c->outputs[0]->data;
  if (n == 0) return GCUT_OK;
  GCUT_TRY(read_shape(c, o, &g, err));
  GCUT_TRY(by_bytes(c, o, &g, &bytes, err));
  if (bytes.sums) {
    uint64_t channels = (uint64_t)c->outputs[0]->dims[1];
    for (uint64_t i = 0; i < n; i += channels)
      for (uint64_t k = 0; k < channels; k++) y[i + k] = bytes.sums[i + k] + bytes.correction[k];
    c->order->output = true;
    return GCUT_OK;
  }
  GCUT_TRY(convolve(c, o, &g, &sum, err));
  for (uint64_t i = 0; i < n; i++) y[i] = (int32_t)(uint32_t)(int64_t)sum[i]; // wraps around
  return GCUT_OK;
}

// ---- QLinearConv ------------------------------------------------------------------------------

// Numbers of channels, over and over: pixels of few channels are rounded many at a time.
static gcut_status repeat(gcut__cpu_call *c, const gcut__rounding *r, const int32_t *correction,
                          int64_t channels, int64_t n, gcut__rounding *out, gcut_error *err) {
  GCUT_TRY(gcut__rounding_create(c->scratch, c->outputs[0]->type, r->zero, n, out, err));
  out->low = r->low;
  out->high = r->high;
  for (int64_t i = 0, at = 0; i < n; i++, at = at + 1 < channels ? at + 1 : 0) {
    out->add[i] = r->add[at] + correction[at];
    out->scale[i] = r->scale[at];
    out->shift[i] = r->shift[at];
  }
  return GCUT_OK;
}

static gcut_status store_pixels(gcut__cpu_call *c, const gcut__rounding *rounding,
                                gcut__byte_sums bytes, gcut_error *err) {
  gcut_tensor *y = c->outputs[0];
  int64_t channels = y->dims[1], count = (int64_t)y->count;
  int64_t n = channels < RUN ? RUN / channels * channels : channels;
  gcut__rounding r;
  GCUT_TRY(repeat(c, rounding, bytes.correction, channels, n, &r, err));
  for (int64_t i = 0; i < count; i += n)
    gcut__round_sums((size_t)(count - i < n ? count - i : n), bytes.sums + i, 0, r.add, r.scale,
                     r.shift, r.zero, r.low, r.high, (uint8_t *)y->data + i);
  c->order->output = true;
  return GCUT_OK;
}

static gcut_status store_planes(gcut__cpu_call *c, const gcut__rounding *r, const double *sum,
                                gcut_error *err) {
  gcut_tensor *y = c->outputs[0];
  int64_t channels = y->dims[1], size = gcut__product(y->dims, 2, y->rank);
  float *row = GCUT_NEW_ARRAY(c->scratch, float, size);
  if (!row) return GCUT_NO_MEMORY(err);
  for (int64_t i = 0; i < y->dims[0] * channels; i++) {
    int64_t at = i % channels;
    for (int64_t k = 0; k < size; k++)
      row[k] = (float)(sum[i * size + k] + (double)r->add[at]) * r->scale[at] + r->shift[at];
    gcut__narrow_bytes((size_t)size, row, r->zero, r->low, r->high, (uint8_t *)y->data + i * size);
  }
  return GCUT_OK;
}

gcut_status gcut__convolve_rounded(gcut__cpu_call *c, gcut__byte_conv o, const gcut__rounding *r,
                                   gcut_error *err) {
  gcut__convolution g;
  gcut__byte_sums bytes;
  double *sum;
  if (c->outputs[0]->count == 0) return GCUT_OK;
  GCUT_TRY(read_shape(c, o, &g, err));
  GCUT_TRY(by_bytes(c, o, &g, &bytes, err));
  if (bytes.sums) return store_pixels(c, r, bytes, err);
  GCUT_TRY(convolve(c, o, &g, &sum, err));
  return store_planes(c, r, sum, err);
}

gcut_status gcut__rounding_create(gcut_arena *arena, gcut_dtype type, float zero, int64_t channels,
                                  gcut__rounding *out, gcut_error *err) {
  *out = (gcut__rounding){.zero = zero};
  out->low = type == GCUT_INT8 ? -128 : 0;
  out->high = out->low + 255;
  out->add = GCUT_NEW_ARRAY(arena, int32_t, channels);
  out->scale = GCUT_NEW_ARRAY(arena, float, channels);
  out->shift = GCUT_NEW_ARRAY(arena, float, channels);
  return out->scale && out->add && out->shift ? GCUT_OK : GCUT_NO_MEMORY(err);
}

gcut_status gcut__cpu_qlinear_conv(gcut__cpu_call *c, gcut_error *err) {
  static const gcut__byte_conv o = {0, 3, 2, 5};
  const float *w_scale = c->inputs[4]->data, *zero = gcut__dequantized(c, c->inputs[7]);
  const int32_t *bias = gcut__cpu_has(c, 8) ? c->inputs[8]->data : NULL;
  float x_scale = *(const float *)c->inputs[1]->data, y_scale = *(const float *)c->inputs[6]->data;
  int64_t channels = c->outputs[0]->dims[1];
  gcut__rounding r;
  if (!zero) return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut__rounding_create(c->scratch, c->outputs[0]->type, *zero, channels, &r, err));
  for (int64_t i = 0; i < channels; i++) {
    int32_t add = bias ? bias[i] : 0;
    r.scale[i] = x_scale * w_scale[c->inputs[4]->count == 1 ? 0 : i] / y_scale;
    if (add > -MOST_ADDED && add < MOST_ADDED)
      r.add[i] = add;
    else
      r.shift[i] = (float)add * r.scale[i];
  }
  return gcut__convolve_rounded(c, o, &r, err);
}
