// DFT, STFT, windows, MelWeightMatrix: all in double, rounded once.
#include "tracer/ops/signal.h"

#include <math.h>

#include "exec/cpu/ops/fourier.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/real.h"
#include "exec/cpu/ops/stride.h"

static int64_t scalar(const gcut_tensor *t) {
  return t->type == GCUT_INT32 ? *(const int32_t *)t->data : *(const int64_t *)t->data;
}

// ---- DFT --------------------------------------------------------------------------------------

typedef struct dft {
  gcut__fourier *plan;
  gcut__complex *line;            // [length]
  int64_t length, in, out, inner; // of the axis: transform, input, output; elements behind it
  int64_t in_parts, out_parts;    // 1 real, 2 complex
  bool inverse, mirror;           // mirror: the input is the first half of a symmetric spectrum
} dft;

// One line of input, padded with zeros or cut to the length.
static void load_line(const dft *d, const double *x) {
  int64_t half = d->length / 2 + 1, limit = d->mirror ? half : d->length;
  for (int64_t k = 0; k < d->length; k++) {
    bool there = k < d->in && k < limit;
    const double *at = x + k * d->inner * d->in_parts;
    d->line[k].re = there ? at[0] : 0;
    d->line[k].im = there && d->in_parts == 2 ? at[1] : 0;
  }
  if (!d->mirror) return;
  d->line[0].im = 0;
  if (d->length % 2 == 0) d->line[d->length / 2].im = 0;
  for (int64_t k = half; k < d->length; k++)
    d->line[k] = (gcut__complex){d->line[d->length - k].re, -d->line[d->length - k].im};
}

static void store_line(const dft *d, double *y) {
  double scale = d->inverse ? (double)d->length : 1;
  for (int64_t k = 0; k < d->out; k++, y += d->inner * d->out_parts) {
    y[0] = d->line[k].re / scale;
    if (d->out_parts == 2) y[1] = d->line[k].im / scale;
  }
}

static void transform(const dft *d, int64_t outer, const double *x, double *y) {
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < d->inner; i++) {
      load_line(d, x + (o * d->in * d->inner + i) * d->in_parts);
      gcut__fourier_run(d->plan, d->line);
      store_line(d, y + (o * d->out * d->inner + i) * d->out_parts);
    }
}

static int64_t dft_length(const gcut__cpu_call *c, int64_t in) {
  const gcut__dft_attrs *attrs = c->attrs;
  if (gcut__cpu_has(c, 1)) return scalar(c->inputs[1]);
  return attrs->inverse && attrs->onesided ? 2 * (in - 1) : in;
}

static gcut_status plan_dft(gcut__cpu_call *c, dft *d, gcut_error *err) {
  d->line = GCUT_NEW_ARRAY(c->scratch, gcut__complex, (size_t)d->length);
  if (!d->line) return GCUT_NO_MEMORY(err);
  return gcut__fourier_create(c->scratch, d->length, d->inverse, &d->plan, err);
}

gcut_status gcut__cpu_dft(gcut__cpu_call *c, gcut_error *err) {
  const gcut__dft_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *out = c->outputs[0];
  int64_t axis = c->node->version >= 20 ? -2 : attrs->axis;
  if (gcut__cpu_has(c, 2)) axis = scalar(c->inputs[2]);
  if (axis < 0) axis += x->rank;
  if (out->count == 0) return GCUT_OK;
  int64_t outer = gcut__product(x->dims, 0, (int)axis);
  int64_t inner = gcut__product(x->dims, (int)axis + 1, x->rank - 1);
  dft d = {.length = dft_length(c, x->dims[axis]),
           .in = x->dims[axis],
           .out = out->dims[axis],
           .inner = inner,
           .in_parts = x->dims[x->rank - 1],
           .out_parts = out->dims[out->rank - 1],
           .inverse = attrs->inverse != 0,
           .mirror = attrs->inverse && attrs->onesided};
  const double *from = gcut__tensor_doubles(c, x);
  double *to = GCUT_NEW_ARRAY(c->scratch, double, out->count);
  if (!from || !to) return GCUT_NO_MEMORY(err);
  GCUT_TRY(plan_dft(c, &d, err));
  transform(&d, outer, from, to);
  gcut__store_doubles(out->type, out->data, 0, 1, out->count, to);
  return GCUT_OK;
}

// ---- STFT -------------------------------------------------------------------------------------

static int64_t frame_length(const gcut__cpu_call *c) {
  if (gcut__cpu_has(c, 3)) return scalar(c->inputs[3]);
  return gcut__cpu_has(c, 2) ? c->inputs[2]->dims[0] : c->inputs[0]->dims[1];
}

// frame [length][parts] = signal at `start`, weighted; zero beyond the window.
static void cut_frame(const double *signal, int64_t start, const double *window,
                      int64_t window_length, int64_t length, int64_t parts, double *frame) {
  for (int64_t k = 0; k < length; k++)
    for (int64_t p = 0; p < parts; p++)
      frame[k * parts + p] = !window             ? signal[(start + k) * parts + p]
                             : k < window_length ? signal[(start + k) * parts + p] * window[k]
                                                 : 0;
}

gcut_status gcut__cpu_stft(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *out = c->outputs[0];
  int64_t step = scalar(c->inputs[1]), frames = out->dims[1], parts = x->dims[2];
  dft d = {.length = frame_length(c),
           .out = out->dims[2],
           .inner = 1,
           .in_parts = parts,
           .out_parts = 2};
  d.in = d.length;
  if (out->count == 0) return GCUT_OK;
  const double *signal = gcut__tensor_doubles(c, x);
  const double *window = gcut__cpu_has(c, 2) ? gcut__tensor_doubles(c, c->inputs[2]) : NULL;
  double *to = GCUT_NEW_ARRAY(c->scratch, double, out->count);
  double *frame = GCUT_NEW_ARRAY(c->scratch, double, (size_t)(d.length * parts));
  if (!signal || !to || !frame || (gcut__cpu_has(c, 2) && !window)) return GCUT_NO_MEMORY(err);
  GCUT_TRY(plan_dft(c, &d, err));
  for (int64_t b = 0; b < x->dims[0]; b++)
    for (int64_t f = 0; f < frames; f++) {
      cut_frame(signal + b * x->dims[1] * parts, f * step, window,
                window ? c->inputs[2]->dims[0] : 0, d.length, parts, frame);
      transform(&d, 1, frame, to + (b * frames + f) * d.out * 2);
    }
  gcut__store_doubles(out->type, out->data, 0, 1, out->count, to);
  return GCUT_OK;
}

// ---- windows ----------------------------------------------------------------------------------

// a - b cos(angle) + c cos(2 angle) over one period.
static gcut_status window(gcut__cpu_call *call, double a, double b, double c, gcut_error *err) {
  const gcut__signal_window_attrs *attrs = call->attrs;
  gcut_tensor *out = call->outputs[0];
  int64_t n = out->dims[0], period = attrs->periodic ? n : n - 1;
  double *w = GCUT_NEW_ARRAY(call->scratch, double, (size_t)n);
  if (!w) return GCUT_NO_MEMORY(err);
  for (int64_t i = 0; i < n; i++) {
    double angle = 2 * M_PI * (double)i / (double)period;
    w[i] = period > 0 ? a - b * cos(angle) + c * cos(2 * angle) : 1;
  }
  gcut__store_doubles(out->type, out->data, 0, 1, out->count, w);
  return GCUT_OK;
}

gcut_status gcut__cpu_hann_window(gcut__cpu_call *c, gcut_error *err) {
  return window(c, 0.5, 0.5, 0, err);
}
gcut_status gcut__cpu_hamming_window(gcut__cpu_call *c, gcut_error *err) {
  return window(c, 25.0 / 46, 21.0 / 46, 0, err);
}
gcut_status gcut__cpu_blackman_window(gcut__cpu_call *c, gcut_error *err) {
  return window(c, 0.42, 0.5, 0.08, err);
}

// ---- MelWeightMatrix --------------------------------------------------------------------------

static double to_mel(double hertz) {
  return 2595 * log1p(hertz / 700) / log(10);
}
static double from_mel(double mel) {
  return 700 * expm1(mel / 2595 * log(10));
}

// The triangle that rises from bin `low` to `center` and falls to `high`, in one column.
static void triangle(double *column, int64_t stride, int64_t low, int64_t center, int64_t high) {
  if (low == center) column[center * stride] = 1;
  for (int64_t j = low; low < center && j <= center; j++)
    column[j * stride] = (double)(j - low) / (double)(center - low);
  for (int64_t j = center; j < high; j++)
    column[j * stride] = (double)(high - j) / (double)(high - center);
}

// The spectrogram bin of the k-th of n + 2 frequencies evenly apart in mel, or -1.
static int64_t mel_bin(const gcut__cpu_call *c, const double *edges, int64_t k, int64_t n,
                       int64_t bins) {
  double low = to_mel(edges[0]), high = to_mel(edges[1]);
  double hertz = from_mel(low + (double)k * (high - low) / (double)(n + 2));
  double bin = floor((double)(scalar(c->inputs[1]) + 1) * hertz / (double)scalar(c->inputs[2]));
  return bin >= 0 && bin < (double)bins ? (int64_t)bin : -1;
}

gcut_status gcut__cpu_mel_weight_matrix(gcut__cpu_call *c, gcut_error *err) {
  gcut_tensor *out = c->outputs[0];
  int64_t bins = out->dims[0], n = out->dims[1];
  double edges[2], *w = GCUT_NEW_ARRAY(c->scratch, double, out->count);
  if (!w) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < 2; i++)
    gcut__load_doubles(c->inputs[3 + i]->type, c->inputs[3 + i]->data, 0, 1, 1, &edges[i]);
  for (int64_t k = 0; k < n; k++) {
    int64_t at[3];
    for (int i = 0; i < 3; i++) {
      at[i] = mel_bin(c, edges, k + i, n, bins);
      if (at[i] < 0 || (i > 0 && at[i] < at[i - 1]))
        return gcut__cpu_fail(c, GCUT_FORMAT, err,
                              "mel band %lld from %g to %g Hz lies outside the spectrum",
                              (long long)k, edges[0], edges[1]);
    }
    triangle(w + k, n, at[0], at[1], at[2]);
  }
  gcut__store_doubles(out->type, out->data, 0, 1, out->count, w);
  return GCUT_OK;
}
