// RoiAlign and MaxRoiPool.
//
// RoiAlign averages (or takes the maximum of) bilinear samples on a grid within each bin. Where the
// samples lie is found once a region and axis, and serves all channels.
#include <math.h>

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/real.h"
#include "tracer/ops/detection.h"

// A sample along one axis: between two indices, or nowhere.
typedef struct tap {
  int64_t low, high;
  double high_weight;
  bool inside;
} tap;

typedef struct axis {
  int64_t size, bins, samples; // of the map; of the output; a bin
  tap *taps;                   // [bins][samples]
} axis;

enum { MOST_SAMPLES = 1 << 24 }; // a bin: regions that ask for more are no regions of any image

static tap tap_at(double at, int64_t size) {
  if (!(at >= -1 && at <= (double)size)) return (tap){0};
  if (at < 0) at = 0;
  int64_t low = (int64_t)at;
  if (low >= size - 1) return (tap){size - 1, size - 1, 0, size > 0};
  return (tap){low, low + 1, at - (double)low, true};
}

static gcut_status spread_taps(gcut__cpu_call *c, const gcut__roi_align_attrs *attrs, double start,
                               double end, axis *a, gcut_error *err) {
  double scale = (double)attrs->spatial_scale;
  bool half_pixel = gcut__roi_half_pixel(c->node, attrs);
  start = start * scale - (half_pixel ? 0.5 : 0), end = end * scale - (half_pixel ? 0.5 : 0);
  double length = end - start;
  if (!half_pixel && !(length >= 1)) length = 1;
  double bin = length / (double)a->bins;
  double samples = attrs->sampling_ratio > 0 ? (double)attrs->sampling_ratio : ceil(bin);
  if (!(samples <= MOST_SAMPLES))
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "a region asks for %g samples a bin", samples);
  a->samples = samples > 0 ? (int64_t)samples : 0;
  a->taps = gcut_arena_alloc(c->scratch, (size_t)a->bins, (size_t)a->samples * sizeof(tap));
  if (!a->taps) return GCUT_NO_MEMORY(err);
  for (int64_t b = 0; b < a->bins; b++)
    for (int64_t i = 0; i < a->samples; i++)
      a->taps[b * a->samples + i] =
          tap_at(start + (double)b * bin + ((double)i + 0.5) * bin / samples, a->size);
  return GCUT_OK;
}

// One bin of one channel. Of max, the standard's reference takes the largest weighted corner.
static double pool_bin(const double *map, const axis *h, const axis *w, int64_t y, int64_t x,
                       bool max) {
  double sum = 0, most = 0;
  bool first = true;
  for (int64_t i = 0; i < h->samples; i++)
    for (int64_t j = 0; j < w->samples; j++) {
      tap v = h->taps[y * h->samples + i], u = w->taps[x * w->samples + j];
      double corner[4] = {0};
      if (v.inside && u.inside) {
        const double *low = map + v.low * w->size, *high = map + v.high * w->size;
        corner[0] = (1 - v.high_weight) * (1 - u.high_weight) * low[u.low];
        corner[1] = (1 - v.high_weight) * u.high_weight * low[u.high];
        corner[2] = v.high_weight * (1 - u.high_weight) * high[u.low];
        corner[3] = v.high_weight * u.high_weight * high[u.high];
      }
      sum += corner[0] + corner[1] + corner[2] + corner[3];
      double value = fmax(fmax(corner[0], corner[1]), fmax(corner[2], corner[3]));
      most = first || value > most ? value : most;
      first = false;
    }
  double count = (double)(h->samples * w->samples);
  return max ? most : sum / (count > 0 ? count : 1);
}

static gcut_status align_region(gcut__cpu_call *c, const double *x, const double *roi,
                                int64_t batch, double *y, gcut_error *err) {
  const gcut__roi_align_attrs *attrs = c->attrs;
  const int64_t *dims = c->inputs[0]->dims;
  bool max = attrs->mode.data[0] == 'm';
  axis h = {.size = dims[2], .bins = attrs->output_height};
  axis w = {.size = dims[3], .bins = attrs->output_width};
  if (batch < 0 || batch >= dims[0])
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "batch index %lld of %lld samples", (long long)batch,
                          (long long)dims[0]);
  GCUT_TRY(spread_taps(c, attrs, roi[1], roi[3], &h, err));
  GCUT_TRY(spread_taps(c, attrs, roi[0], roi[2], &w, err));
  if (h.samples * w.samples > MOST_SAMPLES)
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "a region asks for %lld by %lld samples a bin",
                          (long long)h.samples, (long long)w.samples);
  for (int64_t channel = 0; channel < dims[1]; channel++) {
    const double *map = x + (batch * dims[1] + channel) * h.size * w.size;
    for (int64_t i = 0; i < h.bins; i++)
      for (int64_t j = 0; j < w.bins; j++) *y++ = pool_bin(map, &h, &w, i, j, max);
  }
  return GCUT_OK;
}

gcut_status gcut__cpu_roi_align(gcut__cpu_call *c, gcut_error *err) {
  gcut_tensor *out = c->outputs[0];
  const double *x = gcut__tensor_doubles(c, c->inputs[0]);
  const double *rois = gcut__tensor_doubles(c, c->inputs[1]);
  const int64_t *batches = c->inputs[2]->data;
  double *y = GCUT_NEW_ARRAY(c->scratch, double, out->count);
  if (!x || !rois || !y) return GCUT_NO_MEMORY(err);
  int64_t n = out->dims[0], region = n ? (int64_t)out->count / n : 0;
  for (int64_t i = 0; i < n; i++)
    GCUT_TRY(align_region(c, x, rois + 4 * i, batches[i], y + i * region, err));
  gcut__store_doubles(out->type, out->data, 0, 1, out->count, y);
  return GCUT_OK;
}

// ---- MaxRoiPool -------------------------------------------------------------------------------

// A region along one axis: its first index and its length, at least 1.
static void round_region(double from, double to, double scale, int64_t *start, double *length) {
  double a = round(from * scale), b = round(to * scale);
  a = a > -0x1p40 ? (a < 0x1p40 ? a : 0x1p40) : -0x1p40; // NaN goes far outside, too
  b = b > -0x1p40 ? (b < 0x1p40 ? b : 0x1p40) : -0x1p40;
  *start = (int64_t)a;
  *length = b - a + 1 > 1 ? b - a + 1 : 1;
}

// Indices [*low, *high) of bin i.
static void bin_range(int64_t start, double length, int64_t bins, int64_t i, int64_t size,
                      int64_t *low, int64_t *high) {
  double bin = length / (double)bins;
  *low = start + (int64_t)floor((double)i * bin);
  *high = start + (int64_t)ceil((double)(i + 1) * bin);
  *low = *low < 0 ? 0 : *low > size ? size : *low;
  *high = *high < 0 ? 0 : *high > size ? size : *high;
}

static double largest(const double *map, int64_t width, int64_t top, int64_t bottom, int64_t left,
                      int64_t right) {
  if (bottom <= top || right <= left) return 0;
  double most = map[top * width + left];
  for (int64_t i = top; i < bottom; i++)
    for (int64_t j = left; j < right; j++)
      if (map[i * width + j] > most) most = map[i * width + j];
  return most;
}

static void pool_region(const gcut__max_roi_pool_attrs *attrs, const int64_t *dims, const double *x,
                        const double *roi, double *y) {
  double scale = (double)attrs->spatial_scale, height, width;
  int64_t rows = attrs->pooled_shape.data[0], columns = attrs->pooled_shape.data[1], top, left;
  round_region(roi[2], roi[4], scale, &top, &height);
  round_region(roi[1], roi[3], scale, &left, &width);
  const double *map = x + (int64_t)roi[0] * dims[1] * dims[2] * dims[3];
  for (int64_t channel = 0; channel < dims[1]; channel++, map += dims[2] * dims[3])
    for (int64_t i = 0; i < rows; i++)
      for (int64_t j = 0; j < columns; j++) {
        int64_t from, to, first, last;
        bin_range(top, height, rows, i, dims[2], &from, &to);
        bin_range(left, width, columns, j, dims[3], &first, &last);
        *y++ = largest(map, dims[3], from, to, first, last);
      }
}

gcut_status gcut__cpu_max_roi_pool(gcut__cpu_call *c, gcut_error *err) {
  gcut_tensor *out = c->outputs[0];
  const int64_t *dims = c->inputs[0]->dims;
  const double *x = gcut__tensor_doubles(c, c->inputs[0]);
  const double *rois = gcut__tensor_doubles(c, c->inputs[1]);
  double *y = GCUT_NEW_ARRAY(c->scratch, double, out->count);
  if (!x || !rois || !y) return GCUT_NO_MEMORY(err);
  int64_t n = out->dims[0], region = n ? (int64_t)out->count / n : 0;
  for (int64_t i = 0; i < n; i++) {
    double batch = rois[5 * i];
    if (!(batch >= 0 && batch < (double)dims[0]))
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "batch index %g of %lld samples", batch,
                            (long long)dims[0]);
    pool_region(c->attrs, dims, x, rois + 5 * i, y + i * region);
  }
  gcut__store_doubles(out->type, out->data, 0, 1, out->count, y);
  return GCUT_OK;
}
