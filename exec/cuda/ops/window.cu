// A thread an element of the result; sums in float32 (float64 for doubles), in the kernel's order.
#include "types.cuh"
#include "window.cuh"

// A warp a piece of a row of columns: which channel and which element of the kernel it is, is found once. Columns are
// counted in 32 bits: there are less than 2^30 bytes of them.
template <typename T> __device__ inline void make_columns(const gcut__cuda_columns_job &job) {
  const gcut__cuda_window &w = job.window;
  const uint32_t n_near = (uint32_t)w.n_near, pieces = (n_near + GCUT_CUDA_PIECE - 1) / GCUT_CUDA_PIECE,
                 inner = (uint32_t)(w.near[1] * w.near[2]), width = (uint32_t)w.near[2], n_kernel = (uint32_t)w.n_kernel,
                 lane = threadIdx.x % 32, warps = gridDim.x * (blockDim.x / 32);
  const uint64_t count = (uint64_t)job.channels * n_kernel * pieces;
  for (uint64_t u = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32; u < count; u += warps) {
    const uint32_t row = (uint32_t)u / pieces, channel = row / n_kernel, first = ((uint32_t)u - row * pieces) * GCUT_CUDA_PIECE;
    const Spot k = spot_of(row - channel * n_kernel, w.kernel);
    const T *x = (const T *)job.x + channel * w.n_far;
    T *to = (T *)job.columns + (uint64_t)row * n_near;
    int64_t from[GCUT_CUDA_WINDOW_DIMS]; // where the window's first output meets the image
    for (int a = 0; a < GCUT_CUDA_WINDOW_DIMS; a++) from[a] = k.d[a] * w.dilation[a] - w.begin[a];
    for (uint32_t i = first + lane; i < first + GCUT_CUDA_PIECE && i < n_near; i += 32) {
      const uint32_t outer = inner == n_near ? 0 : i / inner, rest = i - outer * inner, line = rest / width;
      const int64_t z = outer * w.stride[0] + from[0], y = line * w.stride[1] + from[1],
                    c = (rest - line * width) * w.stride[2] + from[2];
      const bool inside = (uint64_t)z < (uint64_t)w.far[0] && (uint64_t)y < (uint64_t)w.far[1] && (uint64_t)c < (uint64_t)w.far[2];
      to[i] = inside ? x[(z * w.far[1] + y) * w.far[2] + c] : (T)0;
    }
  }
}

extern "C" __global__ void gcut_columns(const __grid_constant__ gcut__cuda_columns_job job) {
  if (job.size == 2) make_columns<uint16_t>(job);
  else if (job.size == 4) make_columns<uint32_t>(job);
  else make_columns<uint64_t>(job);
}

template <typename C> __device__ inline void make_image(const gcut__cuda_image_job &job) {
  const gcut__cuda_window &w = job.window;
  FOR_EACH_ELEMENT(i, job.channels * w.n_far) {
    int64_t channel = i / w.n_far;
    Spot at = spot_of(i - channel * w.n_far, w.far);
    C sum = job.bias ? load_as<C>(job.bias, channel, job.type) : (C)0;
    for (int64_t k = 0; k < w.n_kernel; k++) {
      int64_t o = near_of(w, at, spot_of(k, w.kernel));
      if (o >= 0) sum += load_as<C>(job.columns, (channel * w.n_kernel + k) * w.n_near + o, job.type);
    }
    store_as<C>(job.y, i, job.type, sum);
  }
}

extern "C" __global__ void gcut_image(const __grid_constant__ gcut__cuda_image_job job) {
  if (job.type == T_DOUBLE) make_image<double>(job);
  else make_image<float>(job);
}

// A warp a plane, which is of one value.
template <typename T> __device__ inline void fill_planes(const gcut__cuda_bias_job &job) {
  const int64_t each = job.each, warps = (int64_t)gridDim.x * (blockDim.x / 32);
  const int lane = threadIdx.x % 32;
  for (int64_t plane = (int64_t)blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32; plane < job.images * job.channels;
       plane += warps) {
    union { T one[16 / sizeof(T)]; uint4 all; } value;
    T *y = (T *)job.y + plane * each;
    const T x = ((const T *)job.bias)[plane % job.channels];
    for (int k = 0; k < (int)(16 / sizeof(T)); k++) value.one[k] = x;
    if (each * sizeof(T) % 16 == 0)
      for (int64_t i = lane; i < each * (int64_t)sizeof(T) / 16; i += 32) ((uint4 *)y)[i] = value.all;
    else
      for (int64_t i = lane; i < each; i += 32) y[i] = x;
  }
}

extern "C" __global__ void gcut_bias(const __grid_constant__ gcut__cuda_bias_job job) {
  if (job.size == 2) fill_planes<uint16_t>(job);
  else if (job.size == 4) fill_planes<uint32_t>(job);
  else fill_planes<uint64_t>(job);
}

template <typename C> __device__ inline void convolve_directly(const gcut__cuda_direct_job &job) {
  const gcut__cuda_window &w = job.window;
  FOR_EACH_ELEMENT(i, job.images * job.groups * job.out_channels * w.n_near) {
    int64_t plane = i / w.n_near, channel = plane % (job.groups * job.out_channels), image = plane / (job.groups * job.out_channels);
    int64_t first = (image * job.groups + channel / job.out_channels) * job.in_channels; // input plane
    Spot o = spot_of(i - plane * w.n_near, w.near);
    C sum = job.bias ? load_as<C>(job.bias, channel, job.type) : (C)0;
    for (int64_t c = 0; c < job.in_channels; c++)
      for (int64_t k = 0; k < w.n_kernel; k++) {
        int64_t at = far_of(w, o, spot_of(k, w.kernel));
        if (at >= 0)
          sum += load_as<C>(job.x, (first + c) * w.n_far + at, job.type) *
                 load_as<C>(job.w, (channel * job.in_channels + c) * w.n_kernel + k, job.type);
      }
    store_as<C>(job.y, i, job.type, sum);
  }
}

extern "C" __global__ void gcut_convolve(const __grid_constant__ gcut__cuda_direct_job job) {
  if (job.type == T_DOUBLE) convolve_directly<double>(job);
  else convolve_directly<float>(job);
}

// Elements of the window at o that lie in the input, or in its padding.
__device__ inline int64_t window_count(const gcut__cuda_window &w, const Spot &o, bool padding) {
  int64_t n = 1;
#pragma unroll
  for (int a = 0; a < GCUT_CUDA_WINDOW_DIMS; a++) {
    int64_t met = 0;
    for (int64_t k = 0; k < w.kernel[a]; k++) {
      int64_t i = o.d[a] * w.stride[a] - w.begin[a] + k * w.dilation[a];
      met += padding ? i < w.far[a] + w.end[a] : i >= 0 && i < w.far[a];
    }
    n *= met;
  }
  return n;
}

template <typename C> __device__ inline void pool_windows(const gcut__cuda_pool_job &job) {
  const gcut__cuda_window &w = job.window;
  FOR_EACH_ELEMENT(i, job.planes * w.n_near) {
    int64_t plane = i / w.n_near;
    Spot o = spot_of(i - plane * w.n_near, w.near);
    C result = 0;
    bool any = false;
    for (int64_t k = 0; k < w.n_kernel; k++) {
      int64_t at = far_of(w, o, spot_of(k, w.kernel));
      if (at < 0) continue;
      C x = load_as<C>(job.x, plane * w.n_far + at, job.type);
      result = job.average ? result + x : !any || x > result || x != x ? x : result;
      any = true;
    }
    if (job.average) {
      int64_t n = window_count(w, o, job.count_padding);
      result = n > 0 ? result / (C)n : (C)0;
    }
    store_as<C>(job.y, i, job.type, result);
  }
}

extern "C" __global__ void gcut_pool(const __grid_constant__ gcut__cuda_pool_job job) {
  if (job.type == T_DOUBLE) pool_windows<double>(job);
  else pool_windows<float>(job);
}

template <typename C> __device__ inline void normalize_channels(const gcut__cuda_channel_norm_job &job) {
  FOR_EACH_ELEMENT(i, job.count) {
    int64_t channel = i / job.each % job.channels;
    C factor = load_as<C>(job.scale, channel, job.scale_type) / sqrt(load_as<C>(job.variance, channel, job.mean_type) + (C)job.epsilon);
    C x = load_as<C>(job.x, i, job.type) - load_as<C>(job.mean, channel, job.mean_type);
    store_as<C>(job.y, i, job.type, x * factor + load_as<C>(job.bias, channel, job.scale_type));
  }
}

extern "C" __global__ void gcut_channel_norm(const __grid_constant__ gcut__cuda_channel_norm_job job) {
  if (job.type == T_DOUBLE) normalize_channels<double>(job);
  else normalize_channels<float>(job);
}
