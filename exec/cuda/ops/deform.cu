// A thread an element of the columns: the mean over the corners around its place, those outside counting as zero.
#include "deform.h"
#include "types.cuh"
#include "window.cuh"

// In float32, or float64 for doubles.
template <typename C> __device__ inline C deform_sample(const gcut__cuda_deform_job &job, int64_t plane, const C *at) {
  const gcut__cuda_window &w = job.window;
  C sum = 0;
  for (int corner = 0; corner < 1 << job.axes; corner++) {
    C weight = 1;
    int64_t index = 0;
    for (int i = 0; i < job.axes; i++) {
      int a = GCUT_CUDA_WINDOW_DIMS - job.axes + i, high = corner >> i & 1;
      C low = floor(at[i]), part = at[i] - low, place = low + high;
      bool inside = place >= 0 && place < (C)w.far[a];
      weight *= !inside ? 0 : high ? part : 1 - part;
      index = index * w.far[a] + (inside ? (int64_t)place : 0);
    }
    if (weight != 0) sum += weight * load_as<C>(job.x, plane + index, job.type);
  }
  return sum;
}

template <typename C> __device__ inline void deform_columns(const gcut__cuda_deform_job &job) {
  const gcut__cuda_window &w = job.window;
  FOR_EACH_ELEMENT(i, job.channels * w.n_kernel * w.n_near) {
    int64_t row = i / w.n_near, channel = row / w.n_kernel, near = i - row * w.n_near, tap = row - channel * w.n_kernel;
    int64_t field = channel / job.per_group * w.n_kernel + tap;
    Spot o = spot_of(near, w.near), k = spot_of(tap, w.kernel);
    C at[GCUT_CUDA_WINDOW_DIMS];
    for (int d = 0; d < job.axes; d++) {
      int a = GCUT_CUDA_WINDOW_DIMS - job.axes + d;
      at[d] = (C)(o.d[a] * w.stride[a] - w.begin[a] + k.d[a] * w.dilation[a]) +
              load_as<C>(job.offset, (field * job.axes + d) * w.n_near + near, job.type);
    }
    C x = deform_sample<C>(job, channel * w.n_far, at);
    store_as<C>(job.columns, i, job.type, job.mask ? x * load_as<C>(job.mask, field * w.n_near + near, job.type) : x);
  }
}

extern "C" __global__ void gcut_deform_columns(const __grid_constant__ gcut__cuda_deform_job job) {
  if (job.type == T_DOUBLE) deform_columns<double>(job);
  else deform_columns<float>(job);
}
