// A thread an output element; where it lies among the input's is found in float64, as the CPU does.
#include "resize.h"
#include "types.cuh"

// As gcut__resize_mode, gcut__resize_transform and gcut__resize_nearest number them.
enum { RESIZE_NEAREST, RESIZE_LINEAR, RESIZE_CUBIC };
enum { HALF_PIXEL, HALF_PIXEL_SYMMETRIC, PYTORCH_HALF_PIXEL, ALIGN_CORNERS, ASYMMETRIC, TF_HALF_PIXEL_FOR_NN, TF_CROP };
enum { ROUND_PREFER_FLOOR, ROUND_PREFER_CEIL, ROUND_FLOOR, ROUND_CEIL, ROUND_SIMPLE };

__device__ inline double resize_source(const gcut__cuda_resize_axis &a, int transform, double x) {
  double in = (double)a.in, out = (double)a.out, exact = a.scale * in;
  switch (transform) {
  case ALIGN_CORNERS: return exact == 1 ? 0 : x * (in - 1) / (exact - 1);
  case ASYMMETRIC: return x / a.scale;
  case TF_HALF_PIXEL_FOR_NN: return (x + 0.5) / a.scale;
  case PYTORCH_HALF_PIXEL: return out > 1 ? (x + 0.5) / a.scale - 0.5 : 0;
  case TF_CROP: return __dadd_rn(a.from * (in - 1), (exact == 1 ? 0.5 : x / (exact - 1)) * ((a.to - a.from) * (in - 1)));
  case HALF_PIXEL_SYMMETRIC: return __dadd_rn(in / 2 * (1 - out / exact), (x + 0.5) / a.scale) - 0.5;
  default: return (x + 0.5) / a.scale - 0.5;
  }
}

__device__ inline int64_t resize_clamp(double x, int64_t n) { return !(x >= 0) ? 0 : x >= (double)n ? n - 1 : (int64_t)x; }

__device__ inline int64_t resize_nearest(const gcut__cuda_resize_job &job, const gcut__cuda_resize_axis &a, double at) {
  switch (job.nearest) {
  case ROUND_PREFER_FLOOR: at = ceil(at - 0.5); break;
  case ROUND_PREFER_CEIL: at = floor(at + 0.5); break;
  case ROUND_CEIL: at = ceil(at); break;
  case ROUND_SIMPLE: at = a.scale < 1 ? ceil(at) : floor(at); break;
  default: at = floor(at); break;
  }
  return resize_clamp(at, a.in);
}

template <typename T> __device__ inline void resize_by_nearest(const gcut__cuda_resize_job &job) {
  int64_t step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < job.count; i += step) {
    int64_t rest = i, from = 0;
    for (int d = job.rank - 1; d >= 0; d--) {
      const gcut__cuda_resize_axis &a = job.axes[d];
      int64_t next = rest / a.out, index = rest - next * a.out;
      from += (a.same ? index : resize_nearest(job, a, resize_source(a, job.transform, (double)index))) * a.stride;
      rest = next;
    }
    ((T *)job.y)[i] = ((const T *)job.x)[from];
  }
}

// Between two neighbours on each axis that changes.
template <typename C> __device__ inline void resize_linearly(const gcut__cuda_resize_job &job) {
  int64_t step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < job.count; i += step) {
    int64_t low[GCUT_CUDA_RESIZE_DIMS], high[GCUT_CUDA_RESIZE_DIMS], rest = i, base = 0;
    double share[GCUT_CUDA_RESIZE_DIMS]; // of the higher neighbour
    int n = 0;
    for (int d = job.rank - 1; d >= 0; d--) {
      const gcut__cuda_resize_axis &a = job.axes[d];
      int64_t next = rest / a.out, index = rest - next * a.out;
      rest = next;
      if (a.same) {
        base += index * a.stride;
        continue;
      }
      double at = resize_source(a, job.transform, (double)index), floor_at = floor(at);
      share[n] = at - floor_at;
      low[n] = resize_clamp(floor_at, a.in) * a.stride;
      high[n++] = resize_clamp(floor_at + 1, a.in) * a.stride;
    }
    double sum = 0;
    for (int corner = 0; corner < 1 << n; corner++) {
      int64_t from = base;
      double weight = 1;
      for (int k = 0; k < n; k++) {
        from += corner >> k & 1 ? high[k] : low[k];
        weight *= corner >> k & 1 ? share[k] : 1 - share[k];
      }
      if (weight != 0) sum = __dadd_rn(sum, __dmul_rn(weight, load_as<double>(job.x, from, job.type)));
    }
    store_as<C>(job.y, i, job.type, (C)sum);
  }
}

extern "C" __global__ void gcut_resize(const __grid_constant__ gcut__cuda_resize_job job) {
  if (job.mode == RESIZE_LINEAR && job.type == T_DOUBLE) resize_linearly<double>(job);
  else if (job.mode == RESIZE_LINEAR) resize_linearly<float>(job);
  else if (job.size == 1) resize_by_nearest<uint8_t>(job);
  else if (job.size == 2) resize_by_nearest<uint16_t>(job);
  else if (job.size == 4) resize_by_nearest<uint32_t>(job);
  else resize_by_nearest<uint64_t>(job);
}

// ---- weighing: cubic, antialiased, cropping, of integers

// The elements of one axis that an output element is made of: base + k, k < n.
struct ResizeTaps {
  double at, squeeze, sum; // the kernel is wider where it shrinks; weights are shares of their sum
  int64_t base, n, in, stride;
};

__device__ inline double resize_kernel(const gcut__cuda_resize_job &job, const ResizeTaps &t, int64_t k) {
  int64_t i = t.base + k;
  double x = fabs(((double)i - t.at) * t.squeeze), a = job.cubic;
  if (job.exclude && (i < 0 || i >= t.in)) return 0;
  if (job.mode == RESIZE_NEAREST) return 1;
  if (job.mode == RESIZE_LINEAR) return x < 1 ? 1 - x : 0;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

// False where the index lies outside of a crop.
__device__ inline bool resize_taps(const gcut__cuda_resize_job &job, const gcut__cuda_resize_axis &a, int64_t index, ResizeTaps *t) {
  double at = resize_source(a, job.transform, (double)index), in = (double)a.in;
  *t = {at, job.antialias && a.scale < 1 ? a.scale : 1, 1, 0, 1, a.in, a.stride};
  if (job.transform == TF_CROP && !(at >= 0 && at <= in - 1)) return false;
  t->at = at = !(at > -in - 2) ? -in - 2 : at > 2 * in + 2 ? 2 * in + 2 : at;
  if (job.mode == RESIZE_NEAREST) t->base = resize_nearest(job, a, at);
  else t->n = -2 * (int64_t)floor(-(job.mode == RESIZE_CUBIC ? 2 : 1) / t->squeeze), t->base = (int64_t)floor(at) - t->n / 2 + 1;
  if (!job.exclude && t->squeeze == 1) return true; // they sum to 1 already
  double sum = 0;
  for (int64_t k = 0; k < t->n; k++) sum += resize_kernel(job, *t, k);
  t->sum = sum != 0 ? sum : 1;
  return true;
}

__device__ inline int64_t resize_offset(const ResizeTaps &t, int64_t k) {
  int64_t i = t.base + k;
  return (i < 0 ? 0 : i >= t.in ? t.in - 1 : i) * t.stride;
}

// The sum over all axes' taps, the last one's in the inner loop.
__device__ inline double resize_sum(const gcut__cuda_resize_job &job, const ResizeTaps *taps, int n, int64_t base) {
  int64_t outer = 1;
  double sum = 0;
  for (int a = 1; a < n; a++) outer *= taps[a].n;
  for (int64_t o = 0; o < outer; o++) {
    int64_t from = base, rest = o;
    double weight = 1;
    for (int a = 1; a < n; a++) {
      int64_t next = rest / taps[a].n, k = rest - next * taps[a].n;
      rest = next;
      weight *= resize_kernel(job, taps[a], k) / taps[a].sum;
      from += resize_offset(taps[a], k);
    }
    for (int64_t k = 0; weight != 0 && k < taps[0].n; k++) {
      double share = weight * (resize_kernel(job, taps[0], k) / taps[0].sum);
      if (share != 0) sum += share * load_as<double>(job.x, from + resize_offset(taps[0], k), job.type);
    }
  }
  return sum;
}

extern "C" __global__ void gcut_resize_weighed(const __grid_constant__ gcut__cuda_resize_job job) {
  int64_t step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < job.count; i += step) {
    ResizeTaps taps[GCUT_CUDA_RESIZE_DIMS];
    int64_t rest = i, base = 0;
    bool inside = true;
    int n = 0;
    for (int d = job.rank - 1; d >= 0; d--) {
      const gcut__cuda_resize_axis &a = job.axes[d];
      int64_t next = rest / a.out, index = rest - next * a.out;
      rest = next;
      if (a.same) base += index * a.stride;
      else inside = resize_taps(job, a, index, &taps[n++]) && inside;
    }
    double y = !inside ? job.outside : n > 0 ? resize_sum(job, taps, n, base) : load_as<double>(job.x, base, job.type);
    store_as<double>(job.y, i, job.type, job.whole ? rint(y) : y);
  }
}
