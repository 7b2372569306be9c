// A thread an element; float64, which holds every type that is pooled.
#include "pool.h"
#include "types.cuh"
#include "window.cuh"

// ---- MaxPool

// A row-major place in a plane as the column-major one.
__device__ inline int64_t by_columns(const gcut__cuda_window &w, int64_t at) {
  int64_t place = 0, step = w.n_far;
  for (int a = GCUT_CUDA_WINDOW_DIMS - 1; a >= 0; a--) {
    step /= w.far[a];
    place += at % w.far[a] * step;
    at /= w.far[a];
  }
  return place;
}

// The first of equals counts; NaN is greater than anything.
extern "C" __global__ void gcut_max_pool(const __grid_constant__ gcut__cuda_max_job job) {
  const gcut__cuda_window &w = job.window;
  FOR_EACH_ELEMENT(i, job.planes * w.n_near) {
    int64_t plane = i / w.n_near, place = -1;
    Spot o = spot_of(i - plane * w.n_near, w.near);
    double most = 0;
    for (int64_t k = 0; k < w.n_kernel; k++) {
      int64_t at = far_of(w, o, spot_of(k, w.kernel));
      if (at < 0) continue;
      double x = load_as<double>(job.x, plane * w.n_far + at, job.type);
      if (place < 0 || x > most || x != x) most = x, place = at;
    }
    store_as<double>(job.y, i, job.type, most);
    if (!job.indices) continue;
    job.indices[i] = place < 0 ? -1 : plane * w.n_far + (job.by_columns ? by_columns(w, place) : place);
  }
}

// ---- LpPool

extern "C" __global__ void gcut_lp_pool(const __grid_constant__ gcut__cuda_lp_job job) {
  const gcut__cuda_window &w = job.window;
  double p = job.p;
  FOR_EACH_ELEMENT(i, job.planes * w.n_near) {
    int64_t plane = i / w.n_near;
    Spot o = spot_of(i - plane * w.n_near, w.near);
    double sum = 0;
    for (int64_t k = 0; k < w.n_kernel; k++) {
      int64_t at = far_of(w, o, spot_of(k, w.kernel));
      if (at < 0) continue;
      double x = fabs(load_as<double>(job.x, plane * w.n_far + at, job.type));
      sum += p == 1 ? x : p == 2 ? x * x : pow(x, p);
    }
    store_as<double>(job.y, i, job.type, p == 1 ? sum : p == 2 ? sqrt(sum) : pow(sum, 1 / p));
  }
}

// ---- MaxUnpool: who comes last to each place, then what they bring

extern "C" __global__ void gcut_unpool_clear(const __grid_constant__ gcut__cuda_unpool_job job) {
  FOR_EACH_ELEMENT(i, job.n_y) job.last[i] = 0;
}

extern "C" __global__ void gcut_unpool_places(const __grid_constant__ gcut__cuda_unpool_job job) {
  FOR_EACH_ELEMENT(i, job.n_x) {
    int64_t rest = job.indices[i], place = 0, step = 1;
    bool inside = rest >= 0 && rest < job.n_from;
    if (!inside) *job.fault = job.node + 1;
    for (int d = job.rank - 1; d >= 0 && inside; d--) {
      int64_t next = rest / job.from[d], index = rest - next * job.from[d];
      inside = index < job.to[d];
      place += index * step;
      step *= job.to[d];
      rest = next;
    }
    if (inside) atomicMax(&job.last[place], (unsigned long long)i + 1); // whoever comes first, the same
  }
}

template <typename T> __device__ inline void take(const gcut__cuda_unpool_job &job) {
  FOR_EACH_ELEMENT(i, job.n_y) ((T *)job.y)[i] = job.last[i] ? ((const T *)job.x)[job.last[i] - 1] : (T)0;
}

extern "C" __global__ void gcut_unpool(const __grid_constant__ gcut__cuda_unpool_job job) {
  if (job.size == 2) take<uint16_t>(job);
  else if (job.size == 4) take<uint32_t>(job);
  else take<uint64_t>(job);
}
