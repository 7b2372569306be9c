// A thread an output element; where it lies among the input's is found in float64, as the CPU does.
#include "resize.h"
#include "types.cuh"

// As gcut_resize_transform and gcut_resize_nearest number them.
enum { HALF_PIXEL, HALF_PIXEL_SYMMETRIC, PYTORCH_HALF_PIXEL, ALIGN_CORNERS, ASYMMETRIC, TF_HALF_PIXEL_FOR_NN };
enum { ROUND_PREFER_FLOOR, ROUND_PREFER_CEIL, ROUND_FLOOR, ROUND_CEIL, ROUND_SIMPLE };

__device__ inline double resize_source(const gcut__cuda_resize_axis &a, int transform, double x) {
  double in = (double)a.in, out = (double)a.out, exact = a.scale * in;
  switch (transform) {
  case ALIGN_CORNERS: return exact == 1 ? 0 : x * (in - 1) / (exact - 1);
  case ASYMMETRIC: return x / a.scale;
  case TF_HALF_PIXEL_FOR_NN: return (x + 0.5) / a.scale;
  case PYTORCH_HALF_PIXEL: return out > 1 ? (x + 0.5) / a.scale - 0.5 : 0;
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
  if (job.linear && job.type == T_DOUBLE) resize_linearly<double>(job);
  else if (job.linear) resize_linearly<float>(job);
  else if (job.size == 1) resize_by_nearest<uint8_t>(job);
  else if (job.size == 2) resize_by_nearest<uint16_t>(job);
  else if (job.size == 4) resize_by_nearest<uint32_t>(job);
  else resize_by_nearest<uint64_t>(job);
}
