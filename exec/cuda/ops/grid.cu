// A thread an element of the result; in float64, as the CPU does. Points are placed in float32 where the grid is no
// wider, as the standard's reference does: the nearest element depends on it.
#include "grid.h"
#include "types.cuh"
#include "window.cuh"

// As gcut__grid_mode and gcut__grid_padding number them.
enum { GRID_NEAREST, GRID_LINEAR, GRID_CUBIC };
enum { GRID_ZEROS, GRID_BORDER, GRID_REFLECTION };

struct GridTaps {
  int64_t at[4]; // -1: reads zero
  double weights[4];
};

// ---- GridSample: one axis

// From [-1, 1] to an index.
__device__ inline double grid_place(const gcut__cuda_grid_job &job, double at, int64_t size) {
  if (job.grid_type == T_DOUBLE) return job.align ? (at + 1) / 2 * (double)(size - 1) : __dadd_rn(__dmul_rn(at + 1, (double)size), -1) / 2;
  float narrow = (float)at, n = (float)size;
  return job.align ? __fmul_rn((narrow + 1) / 2, n - 1) : __fadd_rn(__fmul_rn(narrow + 1, n), -1) / 2;
}

__device__ inline double grid_reflect(const gcut__cuda_grid_job &job, double x, int64_t size) {
  double low = job.align ? 0 : -0.5, high = low + (double)(job.align ? size - 1 : size), range = high - low;
  if (!(range > 0)) return 0;
  if (x >= low && x <= high) return x;
  double beyond = x < low ? low - x : x - high, turns = floor(beyond / range), rest = fmod(beyond, range);
  return (x < low) == (fmod(turns, 2.0) == 0) ? low + rest : high - rest;
}

__device__ inline int64_t grid_index(const gcut__cuda_grid_job &job, double i, int64_t size) {
  if (job.padding == GRID_REFLECTION) i = trunc(grid_reflect(job, i, size));
  if (job.padding == GRID_ZEROS && !(i >= 0 && i < (double)size)) return -1;
  return !(i >= 0) ? 0 : i >= (double)size ? size - 1 : (int64_t)i;
}

__device__ inline double grid_cubic(double distance) {
  const double a = -0.75, x = fabs(distance);
  return x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}

// Their number is the same for every point: 1, 2 or 4.
__device__ inline void grid_taps(const gcut__cuda_grid_job &job, double at, int64_t size, int n, GridTaps &taps) {
  double x = grid_place(job, at, size), last = (double)size - 1;
  if (x != x) x = -INFINITY; // nowhere
  if (job.mode == GRID_NEAREST) x = rint(x);
  bool outside = job.align ? x < 0 || x > last : x < -0.5 || x > last + 0.5;
  if (outside && job.padding == GRID_BORDER && job.mode != GRID_CUBIC) x = x < 0 ? 0 : last; // cubic: tap by tap
  if (outside && job.padding == GRID_REFLECTION) x = isinf(x) ? 0 : grid_reflect(job, x, size);
  x = x > -8 ? x < last + 9 ? x : last + 9 : -8; // as far outside as any
  double base = floor(x) - (n == 4);
  for (int i = 0; i < n; i++) {
    double distance = x - (base + i);
    taps.at[i] = grid_index(job, base + i, size);
    taps.weights[i] = n == 1 ? 1 : n == 2 ? 1 - fabs(distance) : grid_cubic(distance);
  }
}

// ---- GridSample: one point

// The standard's sum of the axes' products; -1 for the offset of a tap that reads zero.
__device__ inline int64_t grid_corner(const gcut__cuda_grid_job &job, const GridTaps *taps, int corner, int n, double *weight) {
  int64_t offset = 0, stride = 1;
  *weight = 1;
  for (int a = job.axes - 1; a >= 0; a--, corner /= n) {
    int64_t at = taps[a].at[corner % n];
    if (at < 0) return -1;
    *weight *= taps[a].weights[corner % n];
    offset += at * stride;
    stride *= job.dims[a];
  }
  return offset;
}

__device__ inline void grid_pick(const gcut__cuda_grid_job &job, int64_t i, int64_t from) {
  switch (job.type) {
  case T_DOUBLE: case T_INT64: case T_UINT64: ((uint64_t *)job.y)[i] = from < 0 ? 0 : ((const uint64_t *)job.x)[from]; break;
  case T_FLOAT: case T_INT32: case T_UINT32: ((uint32_t *)job.y)[i] = from < 0 ? 0 : ((const uint32_t *)job.x)[from]; break;
  case T_FLOAT16: case T_BFLOAT16: case T_INT16: case T_UINT16: ((uint16_t *)job.y)[i] = from < 0 ? 0 : ((const uint16_t *)job.x)[from]; break;
  default: ((uint8_t *)job.y)[i] = from < 0 ? 0 : ((const uint8_t *)job.x)[from];
  }
}

extern "C" __global__ void gcut_grid_sample(const __grid_constant__ gcut__cuda_grid_job job) {
  int n = job.mode == GRID_NEAREST ? 1 : job.mode == GRID_LINEAR ? 2 : 4, corners = 1;
  for (int a = 0; a < job.axes; a++) corners *= n;
  FOR_EACH_ELEMENT(i, job.batch * job.channels * job.n_out) {
    int64_t plane = i / job.n_out, point = i - plane * job.n_out + plane / job.channels * job.n_out;
    GridTaps taps[GCUT_CUDA_GRID_AXES];
    double sum = 0, weight;
    for (int a = 0; a < job.axes; a++) // the last dimension is the first coordinate
      grid_taps(job, load_as<double>(job.grid, point * job.axes + job.axes - 1 - a, job.grid_type), job.dims[a], n, taps[a]);
    for (int corner = 0; corner < corners; corner++) {
      int64_t from = grid_corner(job, taps, corner, n, &weight);
      if (n == 1) grid_pick(job, i, from < 0 ? -1 : plane * job.n_in + from);
      else if (from >= 0) sum += weight * load_as<double>(job.x, plane * job.n_in + from, job.type);
    }
    if (n > 1) store_as<double>(job.y, i, job.type, job.whole ? rint(sum) : sum);
  }
}

// ---- AffineGrid

__device__ inline double affine_spread(int64_t i, int64_t size, bool align) {
  double n = (double)size;
  if (align) return size > 1 ? -1 + (double)i * (2 / (n - 1)) : 0;
  return -1 + 1 / n + (double)i * (2 / n);
}

extern "C" __global__ void gcut_affine_grid(const __grid_constant__ gcut__cuda_affine_job job) {
  FOR_EACH_ELEMENT(i, job.batch * job.points * job.axes) {
    int64_t all = i / job.axes, row = i - all * job.axes, batch = all / job.points, rest = all - batch * job.points;
    int64_t theta = (batch * job.axes + row) * (job.axes + 1);
    double sum = load_as<double>(job.theta, theta + job.axes, job.type);
    for (int a = 0; a < job.axes; a++) {
      int64_t size = job.dims[job.axes - 1 - a], next = rest / size;
      sum += load_as<double>(job.theta, theta + a, job.type) * affine_spread(rest - next * size, size, job.align);
      rest = next;
    }
    store_as<double>(job.y, i, job.type, sum);
  }
}

// ---- RoiAlign

struct RegionTap { // between two indices, or nowhere
  int64_t low, high;
  double share; // of the higher
  bool inside;
};

__device__ inline RegionTap region_tap(double at, int64_t size) {
  if (!(at >= -1 && at <= (double)size)) return {0, 0, 0, false};
  at = at < 0 ? 0 : at;
  int64_t low = (int64_t)at;
  if (low >= size - 1) return {size - 1, size - 1, 0, size > 0};
  return {low, low + 1, at - (double)low, true};
}

struct RegionAxis {
  double start, bin;
  int64_t samples;
};

__device__ inline RegionAxis region_axis(const gcut__cuda_region_job &job, double start, double end, int64_t bins) {
  double shift = job.half_pixel ? 0.5 : 0, most = 1 << 24;
  start = __dmul_rn(start, job.scale) - shift;
  double length = __dmul_rn(end, job.scale) - shift - start;
  if (!job.half_pixel && !(length >= 1)) length = 1;
  double bin = length / (double)bins, samples = job.samples > 0 ? (double)job.samples : ceil(bin);
  return {start, bin, !(samples <= most) ? -1 : samples > 0 ? (int64_t)samples : 0};
}

__device__ inline double region_at(const RegionAxis &a, int64_t bin, int64_t i) {
  return a.start + (double)bin * a.bin + ((double)i + 0.5) * a.bin / (double)a.samples;
}

// Of max, the standard's reference takes the largest weighted corner.
__device__ inline double region_bin(const gcut__cuda_region_job &job, int64_t map, const RegionAxis &h, const RegionAxis &w, int64_t row, int64_t column) {
  double sum = 0, most = 0;
  for (int64_t i = 0; i < h.samples; i++)
    for (int64_t j = 0; j < w.samples; j++) {
      RegionTap v = region_tap(region_at(h, row, i), job.height), u = region_tap(region_at(w, column, j), job.width);
      double value = 0;
      for (int corner = 0; corner < 4; corner++) {
        double weight = (corner & 2 ? v.share : 1 - v.share) * (corner & 1 ? u.share : 1 - u.share), x = 0;
        int64_t at = map + (corner & 2 ? v.high : v.low) * job.width + (corner & 1 ? u.high : u.low);
        if (v.inside && u.inside) x = weight * load_as<double>(job.x, at, job.type);
        sum += x;
        value = corner == 0 ? x : fmax(value, x);
      }
      most = (i == 0 && j == 0) || value > most ? value : most;
    }
  double count = (double)(h.samples * w.samples);
  return job.max ? most : sum / (count > 0 ? count : 1);
}

extern "C" __global__ void gcut_roi_align(const __grid_constant__ gcut__cuda_region_job job) {
  FOR_EACH_ELEMENT(i, job.count) {
    int64_t row = i / job.columns % job.rows, column = i % job.columns, plane = i / job.columns / job.rows;
    int64_t region = plane / job.channels, batch = job.batches[region];
    double corners[4];
    for (int k = 0; k < 4; k++) corners[k] = load_as<double>(job.regions, region * 4 + k, job.region_type);
    RegionAxis h = region_axis(job, corners[1], corners[3], job.rows), w = region_axis(job, corners[0], corners[2], job.columns);
    bool bad = batch < 0 || batch >= job.batch || h.samples < 0 || w.samples < 0 || h.samples * w.samples > 1 << 24;
    if (bad) *job.fault = job.node + 1;
    double y = bad ? 0 : region_bin(job, (batch * job.channels + plane % job.channels) * job.height * job.width, h, w, row, column);
    store_as<double>(job.y, i, job.type, y);
  }
}

// ---- MaxRoiPool

// Indices [low, high) of a bin along one axis of a region that ends are rounded of.
__device__ inline void region_range(double from, double to, double scale, int64_t bins, int64_t bin, int64_t size, int64_t *low, int64_t *high) {
  double a = round(from * scale), b = round(to * scale), most = 1ll << 40;
  a = a > -most ? a < most ? a : most : -most; // NaN goes far outside, too
  b = b > -most ? b < most ? b : most : -most;
  double each = (b - a + 1 > 1 ? b - a + 1 : 1) / (double)bins;
  *low = (int64_t)a + (int64_t)floor((double)bin * each);
  *high = (int64_t)a + (int64_t)ceil((double)(bin + 1) * each);
  *low = *low < 0 ? 0 : *low > size ? size : *low;
  *high = *high < 0 ? 0 : *high > size ? size : *high;
}

extern "C" __global__ void gcut_roi_pool(const __grid_constant__ gcut__cuda_region_job job) {
  FOR_EACH_ELEMENT(i, job.count) {
    int64_t row = i / job.columns % job.rows, column = i % job.columns, plane = i / job.columns / job.rows;
    double region[5], y = 0;
    for (int k = 0; k < 5; k++) region[k] = load_as<double>(job.regions, plane / job.channels * 5 + k, job.type);
    int64_t top, bottom, left, right;
    region_range(region[2], region[4], job.scale, job.rows, row, job.height, &top, &bottom);
    region_range(region[1], region[3], job.scale, job.columns, column, job.width, &left, &right);
    bool good = region[0] >= 0 && region[0] < (double)job.batch;
    if (!good) *job.fault = job.node + 1;
    int64_t map = good ? ((int64_t)region[0] * job.channels + plane % job.channels) * job.height * job.width : 0;
    for (int64_t v = top; good && v < bottom; v++)
      for (int64_t u = left; u < right; u++) {
        double x = load_as<double>(job.x, map + v * job.width + u, job.type);
        if ((v == top && u == left) || x > y) y = x;
      }
    store_as<double>(job.y, i, job.type, y);
  }
}
