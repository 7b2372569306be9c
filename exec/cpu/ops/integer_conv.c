// ConvInteger, QLinearConv.
//
// As in integer_matmul.c, a sum of at most 256 products of centred 8-bit integers is exact in
// floats: as many input channels at a time as stay below that go through the float convolution, and
// are added up in doubles. Small convolutions are done in doubles at once.
#include "exec/cpu/dnnl.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/quantize.h"
#include "exec/cpu/ops/real.h"
#include "tracer/ops/conv.h"

enum { EXACT_PRODUCTS = 256, LARGE = 1 << 18 };

typedef struct operands {
  uint32_t x, w, zero_x, zero_w; // inputs
} operands;

typedef struct centred {
  gcut_convolution g;
  int64_t taps, size_in; // elements of kernel and plane
  const float *x, *w;    // less their zero points
} centred;

// A tensor less its zero point, one for all or one for each of `lines` equal runs.
static const float *centre(gcut_cpu_call *c, uint32_t i, uint32_t zero, int64_t lines) {
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

static gcut_status read_operands(gcut_cpu_call *c, operands o, centred *k, gcut_error *err) {
  const gcut_conv_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[o.x], *w = c->inputs[o.w], *y = c->outputs[0];
  *k = (centred){.g = {.batch = x->dims[0],
                       .groups = attrs->group,
                       .in_channels = w->dims[1],
                       .out_channels = w->dims[0] / attrs->group,
                       .in = x->dims + 2,
                       .out = y->dims + 2}};
  gcut_window *window = &k->g.window;
  GCUT_TRY(gcut__window_read(&attrs->window, x->rank - 2, window, err));
  memcpy(window->kernel, w->dims + 2, (size_t)window->n * sizeof *window->kernel);
  gcut__window_place(window, k->g.in, k->g.out);
  k->taps = gcut__dims_product(window->n, window->kernel);
  k->size_in = gcut__dims_product(window->n, k->g.in);
  k->x = centre(c, o.x, o.zero_x, 1);
  k->w = centre(c, o.w, o.zero_w, w->dims[0]);
  return k->x && k->w ? GCUT_OK : GCUT_NO_MEMORY(err);
}

static gcut_status plainly(gcut_cpu_call *c, const centred *k, operands o, double *y,
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
  gcut_convolution g = k->g;
  int64_t all = g.in_channels, outputs = g.groups * g.out_channels;
  g.in_channels = n;
  pick(k->x, g.batch * g.groups, all, from, n, k->size_in, x);
  pick(k->w, outputs, all, from, n, k->taps, w);
  GCUT_TRY(gcut__dnnl_convolve(&g, x, w, NULL, y, out_done, err));
  int64_t count = g.batch * outputs * gcut__dims_product(g.window.n, g.out);
  for (int64_t i = 0; *out_done && i < count; i++) sum[i] += (double)y[i];
  return GCUT_OK;
}

static gcut_status by_dnnl(gcut_cpu_call *c, const centred *k, double *sum, bool *out_done,
                           gcut_error *err) {
  const gcut_convolution *g = &k->g;
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
static gcut_status convolve(gcut_cpu_call *c, operands o, double **out_sum, gcut_error *err) {
  centred k;
  bool done = false;
  GCUT_TRY(read_operands(c, o, &k, err));
  double *sum = *out_sum = gcut_arena_alloc(c->scratch, c->outputs[0]->count, sizeof *sum);
  if (!sum) return GCUT_NO_MEMORY(err);
  if (c->inputs[o.x]->count == 0 || c->inputs[o.w]->count == 0) return GCUT_OK;
  if (gcut__convolution_products(&k.g) >= LARGE && k.taps <= EXACT_PRODUCTS)
    GCUT_TRY(by_dnnl(c, &k, sum, &done, err));
  if (done) return GCUT_OK;
  memset(sum, 0, c->outputs[0]->count * sizeof *sum);
  return plainly(c, &k, o, sum, err);
}

gcut_status gcut__cpu_conv_integer(gcut_cpu_call *c, gcut_error *err) {
  double *sum;
  if (c->outputs[0]->count == 0) return GCUT_OK;
  GCUT_TRY(convolve(c, (operands){0, 1, 2, 3}, &sum, err));
  int32_t *y = c->outputs[0]->data;
  for (uint64_t i = 0; i < c->outputs[0]->count; i++)
    y[i] = (int32_t)(uint32_t)(int64_t)sum[i]; // wraps around
  return GCUT_OK;
}

gcut_status gcut__cpu_qlinear_conv(gcut_cpu_call *c, gcut_error *err) {
  gcut_tensor *out = c->outputs[0];
  double *sum;
  if (out->count == 0) return GCUT_OK;
  GCUT_TRY(convolve(c, (operands){0, 3, 2, 5}, &sum, err));
  const float *zero = gcut__dequantized(c, c->inputs[7]), *w_scale = c->inputs[4]->data;
  const int32_t *bias = gcut__cpu_has(c, 8) ? c->inputs[8]->data : NULL;
  float x_scale = *(const float *)c->inputs[1]->data, y_scale = *(const float *)c->inputs[6]->data;
  int64_t channels = out->dims[1], size = gcut__dims_product(out->rank - 2, out->dims + 2);
  float *row = gcut_arena_alloc(c->scratch, (size_t)size, sizeof *row);
  if (!zero || !row) return GCUT_NO_MEMORY(err);
  for (int64_t i = 0; i < out->dims[0] * channels; i++) {
    int64_t channel = i % channels;
    double scale = (double)(x_scale * w_scale[c->inputs[4]->count == 1 ? 0 : channel] / y_scale);
    double add = bias ? (double)bias[channel] : 0;
    for (int64_t k = 0; k < size; k++) row[k] = (float)((sum[i * size + k] + add) * scale);
    gcut__quantize_store(out->type, out->data, i * size, size, row, zero, 0, true);
  }
  return GCUT_OK;
}
