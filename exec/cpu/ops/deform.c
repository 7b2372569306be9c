// DeformConv: the input is sampled where the offsets say, into a column a tap, and the columns are
// multiplied by the weight.
#include <math.h>

#include "exec/cpu/ops/convolve.h"
#include "exec/cpu/ops/gemm.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/real.h"
#include "exec/cpu/ops/stride.h"
#include "tracer/ops/conv.h"

enum { MOST_AXES = 6 }; // a sample is a mean over 2 ^ axes corners

typedef struct deform {
  gcut__window window;
  const int64_t *in, *out;         // spatial sizes
  int64_t size_in, size_out, taps; // elements
  int64_t channels, per_group;     // input channels in all, in a group
  int64_t per_offset_group, offset_groups;
  const double *x, *w, *offset, *mask; // mask NULL: ones
} deform;

// Linear interpolation between the corners around `at`; those outside the image count as zero.
static double sample(const deform *d, const double *plane, const double *at) {
  int n = d->window.n;
  double sum = 0;
  for (int corner = 0; corner < 1 << n; corner++) {
    double weight = 1;
    int64_t index = 0;
    for (int i = 0; i < n && weight != 0; i++) {
      double low = floor(at[i]), place = low + (corner >> i & 1), part = at[i] - low;
      weight *= corner >> i & 1 ? part : 1 - part;
      if (!(place >= 0 && place < (double)d->in[i])) weight = 0;
      if (weight != 0) index = index * d->in[i] + (int64_t)place;
    }
    if (weight != 0) sum += weight * plane[index];
  }
  return sum;
}

// One tap's column for one channel: the samples under all outputs. `field` is the tap's first
// channel among the offsets.
static void sample_tap(const deform *d, const double *plane, const int64_t *k, const double *field,
                       const double *mask, double *column) {
  const gcut__window *w = &d->window;
  int64_t o[GCUT_MAX_RANK] = {0};
  double at[MOST_AXES];
  for (int64_t j = 0; j < d->size_out; j++) {
    for (int i = 0; i < w->n; i++)
      at[i] = (double)(o[i] * w->stride[i] - w->begin[i] + k[i] * w->dilation[i]) +
              field[i * d->size_out + j];
    column[j] = sample(d, plane, at) * (mask ? mask[j] : 1);
    gcut__index_next(w->n, d->out, o);
  }
}

// The columns [per_group * taps, size_out] of one sample's group.
static void sample_group(const deform *d, int64_t batch, int64_t group, double *columns) {
  for (int64_t i = 0; i < d->per_group; i++) {
    int64_t channel = group * d->per_group + i, k[GCUT_MAX_RANK] = {0};
    int64_t first = (batch * d->offset_groups + channel / d->per_offset_group) * d->taps;
    const double *plane = d->x + (batch * d->channels + channel) * d->size_in;
    for (int64_t tap = 0; tap < d->taps; tap++) {
      sample_tap(d, plane, k, d->offset + (first + tap) * d->window.n * d->size_out,
                 d->mask ? d->mask + (first + tap) * d->size_out : NULL,
                 columns + (i * d->taps + tap) * d->size_out);
      gcut__index_next(d->window.n, d->window.kernel, k);
    }
  }
}

static gcut_status read_deform(gcut__cpu_call *c, deform *d, gcut_error *err) {
  const gcut__conv_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0], *w = c->inputs[1], *y = c->outputs[0];
  int n = x->rank - 2;
  if (n > MOST_AXES)
    return gcut__cpu_fail(c, GCUT_UNSUPPORTED, err, "%d spatial axes, at most %d", n, MOST_AXES);
  *d = (deform){.in = x->dims + 2,
                .out = y->dims + 2,
                .channels = x->dims[1],
                .per_group = w->dims[1],
                .offset_groups = attrs->offset_group};
  d->per_offset_group = d->channels / d->offset_groups;
  GCUT_TRY(gcut__window_read(&attrs->window, n, &d->window, err));
  memcpy(d->window.kernel, w->dims + 2, (size_t)n * sizeof *w->dims);
  gcut__window_place(&d->window, d->in, d->out);
  d->size_in = gcut__product(d->in, 0, n);
  d->size_out = gcut__product(d->out, 0, n);
  d->taps = gcut__product(d->window.kernel, 0, n);
  d->x = gcut__tensor_doubles(c, x);
  d->w = gcut__tensor_doubles(c, w);
  d->offset = gcut__tensor_doubles(c, c->inputs[2]);
  if (gcut__cpu_has(c, 4)) d->mask = gcut__tensor_doubles(c, c->inputs[4]);
  bool ok = d->x && d->w && d->offset && (d->mask || !gcut__cpu_has(c, 4));
  return ok ? GCUT_OK : GCUT_NO_MEMORY(err);
}

gcut_status gcut__cpu_deform_conv(gcut__cpu_call *c, gcut_error *err) {
  const gcut__conv_attrs *attrs = c->attrs;
  gcut_tensor *out = c->outputs[0];
  deform d;
  if (out->count == 0) return GCUT_OK;
  GCUT_TRY(read_deform(c, &d, err));
  int64_t m = c->inputs[1]->dims[0] / attrs->group, k = d.per_group * d.taps;
  gcut__gemm g = gcut__gemm_packed(m, d.size_out, k, false, false);
  double *columns = gcut_arena_alloc(c->scratch, (size_t)k, (size_t)d.size_out * sizeof *columns);
  double *y = gcut_arena_alloc(c->scratch, out->count, sizeof *y), *at = y;
  const double *bias = gcut__cpu_has(c, 3) ? gcut__tensor_doubles(c, c->inputs[3]) : NULL;
  if (!columns || !y || (gcut__cpu_has(c, 3) && !bias)) return GCUT_NO_MEMORY(err);
  for (int64_t batch = 0; batch < out->dims[0]; batch++)
    for (int64_t group = 0; group < attrs->group; group++) {
      sample_group(&d, batch, group, columns);
      gcut__gemm_plain(GCUT_DOUBLE, &g, d.w + group * m * k, columns, at);
      for (int64_t i = 0; bias && i < m * d.size_out; i++)
        at[i] += bias[group * m + i / d.size_out];
      at += m * d.size_out;
    }
  gcut__store_doubles(out->type, out->data, 0, 1, out->count, y);
  return GCUT_OK;
}
