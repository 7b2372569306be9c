// GridSample and AffineGrid.
//
// A sample's taps (offsets and weights) are found once a point and used for all channels. Points
// are placed in float where the grid is no wider, as the standard's reference does: the nearest
// element depends on it.
#include "tracer/ops/grid.h"

#include <math.h>

#include "exec/cpu/ops/elements.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/real.h"
#include "exec/cpu/ops/stride.h"

enum { MOST_TAPS = 4096 }; // 4 to the power of GCUT__GRID_AXES

typedef struct sampler {
  gcut__grid_mode mode;
  gcut__grid_padding padding;
  bool align, wide; // wide: the grid is double
  int axes;
  int64_t dims[GCUT__GRID_AXES], strides[GCUT__GRID_AXES]; // spatial, of the input
  int n_taps;
  int64_t offsets[MOST_TAPS]; // into a channel; -1: reads zero
  double weights[MOST_TAPS];
} sampler;

// ---- one axis ---------------------------------------------------------------------------------

// From [-1, 1] to an index.
static double place(const sampler *s, double at, int64_t size) {
  float narrow = (float)at, n = (float)size;
  if (s->wide) {
    double d = (double)size;
    return s->align ? (at + 1) / 2 * (d - 1) : ((at + 1) * d - 1) / 2;
  }
  return (double)(s->align ? (narrow + 1) / 2 * (n - 1) : ((narrow + 1) * n - 1) / 2);
}

static double reflect(double x, double low, double high) {
  double range = high - low;
  if (!(range > 0)) return 0;
  if (x >= low && x <= high) return x;
  double beyond = x < low ? low - x : x - high, turns = floor(beyond / range);
  double rest = fmod(beyond, range);
  bool from_low = (x < low) == (fmod(turns, 2) == 0);
  return from_low ? low + rest : high - rest;
}

static double reflect_into(const sampler *s, double x, int64_t size) {
  return s->align ? reflect(x, 0, (double)size - 1) : reflect(x, -0.5, (double)size - 0.5);
}

// The index to read for tap i, or -1.
static int64_t pad_index(const sampler *s, double i, int64_t size) {
  if (s->padding == GCUT__GRID_REFLECTION) i = trunc(reflect_into(s, i, size));
  if (s->padding == GCUT__GRID_ZEROS && !(i >= 0 && i < (double)size)) return -1;
  if (!(i >= 0)) return 0;
  return i >= (double)size ? size - 1 : (int64_t)i;
}

static int cubic_weights(double x, double *w) {
  const double a = -0.75;
  double y = 1 - x;
  w[0] = ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a;
  w[1] = ((a + 2) * x - (a + 3)) * x * x + 1;
  w[2] = ((a + 2) * y - (a + 3)) * y * y + 1;
  w[3] = ((a * (y + 1) - 5 * a) * (y + 1) + 8 * a) * (y + 1) - 4 * a;
  return 4;
}

// Taps along one axis; their number.
static int axis_taps(const sampler *s, double at, int64_t size, int64_t *indices, double *weights) {
  double x = place(s, at, size);
  if (isnan(x)) x = -INFINITY; // nowhere
  if (s->mode == GCUT__GRID_NEAREST) x = rint(x);
  bool outside = s->align ? x < 0 || x > (double)size - 1 : x < -0.5 || x > (double)size - 0.5;
  // Cubic taps go to the border one by one; reflected, they come out the same either way.
  if (outside && s->padding == GCUT__GRID_BORDER && s->mode != GCUT__GRID_CUBIC)
    x = x < 0 ? 0 : (double)size - 1;
  if (outside && s->padding == GCUT__GRID_REFLECTION) x = isinf(x) ? 0 : reflect_into(s, x, size);
  if (!(x > -8)) x = -8; // as far outside as any
  if (x > (double)size + 8) x = (double)size + 8;
  double base = floor(x);
  int n = 1;
  weights[0] = 1;
  if (s->mode == GCUT__GRID_LINEAR) weights[0] = 1 - (x - base), weights[1] = x - base, n = 2;
  if (s->mode == GCUT__GRID_CUBIC) n = cubic_weights(x - base, weights), base -= 1;
  for (int i = 0; i < n; i++) indices[i] = pad_index(s, base + i, size);
  return n;
}

// ---- one point --------------------------------------------------------------------------------

// Multiplies the axes' taps out. point: [axes], last axis first.
static void find_taps(sampler *s, const double *point) {
  s->n_taps = 1, s->offsets[0] = 0, s->weights[0] = 1;
  for (int a = 0; a < s->axes; a++) {
    int64_t indices[4];
    double weights[4];
    int n = axis_taps(s, point[s->axes - 1 - a], s->dims[a], indices, weights);
    for (int t = s->n_taps * n - 1; t >= 0; t--) { // from the back: each old tap is read last
      int64_t offset = s->offsets[t / n], index = indices[t % n];
      s->weights[t] = s->weights[t / n] * weights[t % n];
      s->offsets[t] = offset < 0 || index < 0 ? -1 : offset + index * s->strides[a];
    }
    s->n_taps *= n;
  }
}

static double sample(const sampler *s, const double *channel) {
  double sum = 0;
  for (int t = 0; t < s->n_taps; t++)
    if (s->offsets[t] >= 0) sum += s->weights[t] * channel[s->offsets[t]];
  return sum;
}

// ---- all points -------------------------------------------------------------------------------

typedef struct extent {
  int64_t batch, channels, in, out; // in, out: elements of a channel
} extent;

static bool is_integer(gcut_dtype type) {
  return (GCUT_INTEGERS >> type & 1) != 0;
}

static gcut_status interpolate(gcut__cpu_call *c, sampler *s, const extent *e, const double *grid,
                               gcut_error *err) {
  gcut_tensor *out = c->outputs[0];
  const double *x = gcut__tensor_doubles(c, c->inputs[0]);
  double *y = GCUT_NEW_ARRAY(c->scratch, double, out->count);
  if (!x || !y) return GCUT_NO_MEMORY(err);
  for (int64_t b = 0; b < e->batch; b++)
    for (int64_t p = 0; p < e->out; p++) {
      find_taps(s, grid + (b * e->out + p) * s->axes);
      for (int64_t ch = 0; ch < e->channels; ch++) {
        int64_t plane = b * e->channels + ch;
        y[plane * e->out + p] = sample(s, x + plane * e->in);
      }
    }
  for (uint64_t i = 0; is_integer(out->type) && i < out->count; i++) y[i] = rint(y[i]);
  gcut__store_doubles(out->type, out->data, 0, 1, out->count, y);
  return GCUT_OK;
}

// Nearest moves elements of any type.
static gcut_status pick(gcut__cpu_call *c, sampler *s, const extent *e, const double *grid,
                        gcut_error *err) {
  static const uint8_t nothing[16] = {0};
  gcut__elements in, out;
  GCUT_TRY(gcut__elements_read(c, c->inputs[0], &in, err));
  GCUT_TRY(gcut__elements_write(c, c->outputs[0], &out, err));
  for (int64_t b = 0; b < e->batch; b++)
    for (int64_t p = 0; p < e->out; p++) {
      find_taps(s, grid + (b * e->out + p) * s->axes);
      for (int64_t ch = 0; ch < e->channels; ch++) {
        int64_t plane = b * e->channels + ch, from = plane * e->in + s->offsets[0];
        memcpy(out.data + (size_t)(plane * e->out + p) * out.size,
               s->offsets[0] < 0 ? nothing : in.data + (size_t)from * in.size, in.size);
      }
    }
  return gcut__elements_store(c, &out, c->outputs[0], err);
}

gcut_status gcut__cpu_grid_sample(gcut__cpu_call *c, gcut_error *err) {
  const gcut__grid_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  sampler *s = GCUT_NEW(c->scratch, sampler);
  if (!s) return GCUT_NO_MEMORY(err);
  s->align = attrs->align_corners != 0, s->wide = c->inputs[1]->type == GCUT_DOUBLE;
  s->axes = x->rank - 2;
  if (!gcut__grid_modes(attrs, &s->mode, &s->padding))
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "unknown mode or padding_mode");
  bool nearest = s->mode == GCUT__GRID_NEAREST;
  if (!nearest && !(GCUT_NUMERIC >> x->type & 1))
    return gcut__cpu_type_unsupported(c, x->type, err);
  if (c->outputs[0]->count == 0) return GCUT_OK;
  extent e = {x->dims[0], x->dims[1], 1, 1};
  for (int a = s->axes - 1; a >= 0; a--) {
    s->dims[a] = x->dims[a + 2], s->strides[a] = e.in;
    e.in *= s->dims[a], e.out *= c->outputs[0]->dims[a + 2];
  }
  const double *grid = gcut__tensor_doubles(c, c->inputs[1]);
  if (!grid) return GCUT_NO_MEMORY(err);
  return nearest ? pick(c, s, &e, grid, err) : interpolate(c, s, &e, grid, err);
}

// ---- AffineGrid -------------------------------------------------------------------------------

// Position i of `size` points spread over [-1, 1].
static double spread(int64_t i, int64_t size, bool align) {
  double n = (double)size;
  if (align) return size > 1 ? -1 + (double)i * (2 / (n - 1)) : 0;
  return -1 + 1 / n + (double)i * (2 / n);
}

gcut_status gcut__cpu_affine_grid(gcut__cpu_call *c, gcut_error *err) {
  const gcut__grid_attrs *attrs = c->attrs;
  gcut_tensor *out = c->outputs[0];
  int axes = out->rank - 2;
  if (out->count == 0) return GCUT_OK;
  const double *theta = gcut__tensor_doubles(c, c->inputs[0]);
  double *y = GCUT_NEW_ARRAY(c->scratch, double, out->count);
  if (!theta || !y) return GCUT_NO_MEMORY(err);
  double *to = y, point[4] = {0};
  int64_t points = gcut__product(out->dims, 1, axes + 1);
  for (int64_t b = 0; b < out->dims[0]; b++, theta += axes * (axes + 1))
    for (int64_t p = 0; p < points; p++) {
      int64_t rest = p;
      for (int a = 0; a < axes; a++) { // the last dim is the first coordinate
        int64_t size = out->dims[axes - a];
        point[a] = spread(rest % size, size, attrs->align_corners != 0);
        rest /= size;
      }
      point[axes] = 1;
      for (int row = 0; row < axes; row++, to++)
        for (int k = 0; k <= axes; k++) *to += theta[row * (axes + 1) + k] * point[k];
    }
  gcut__store_doubles(out->type, out->data, 0, 1, out->count, y);
  return GCUT_OK;
}
