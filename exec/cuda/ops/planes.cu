// Convolutions of planes: a group of one channel (depthwise), a square kernel. What there is to compute is little, so what
// counts is reading each element of the image once from memory and rarely from the cache: a thread takes a few outputs
// below each other, whose windows overlap, and the threads of a warp lie side by side. Sums in float32, in the kernel's
// order.
#include "types.cuh"
#include "window.h"

enum { ROWS = GCUT_CUDA_PLANE_ROWS };

template <int TYPE, int KERNEL, int STRIDE> struct Planes {
  const gcut__cuda_direct_job &job;

  // Outputs of a column from row `top` on; x and w: of the planes.
  __device__ void run(uint32_t plane, int top, int column, int64_t x, int64_t w, float bias) {
    const int width = (int)job.window.far[2], height = (int)job.window.far[1];
    const int left = column * STRIDE - (int)job.window.begin[2], first = top * STRIDE - (int)job.window.begin[1];
    float weights[KERNEL * KERNEL], sums[ROWS];
#pragma unroll
    for (int k = 0; k < KERNEL * KERNEL; k++) weights[k] = load_as<float>(job.w, w + k, TYPE);
#pragma unroll
    for (int j = 0; j < ROWS; j++) sums[j] = bias;
#pragma unroll
    for (int r = 0; r < (ROWS - 1) * STRIDE + KERNEL; r++) {
      const int y = first + r;
      float row[KERNEL];
#pragma unroll
      for (int k = 0; k < KERNEL; k++)
        row[k] = y >= 0 && y < height && left + k >= 0 && left + k < width
                     ? load_as<float>(job.x, x + (int64_t)y * width + left + k, TYPE) : 0.0f;
#pragma unroll
      for (int j = 0; j < ROWS; j++)
#pragma unroll
        for (int k = 0; k < KERNEL; k++) // padding counts for nothing, whatever the weight
          if (r >= j * STRIDE && r < j * STRIDE + KERNEL && y >= 0 && y < height && left + k >= 0 && left + k < width)
            sums[j] += row[k] * weights[(r - j * STRIDE) * KERNEL + k];
    }
    const int rows = (int)job.window.near[1], columns = (int)job.window.near[2];
#pragma unroll
    for (int j = 0; j < ROWS; j++)
      if (top + j < rows) store_as<float>(job.y, ((int64_t)plane * rows + top + j) * columns + column, TYPE, sums[j]);
  }
};

template <int TYPE, int KERNEL, int STRIDE> __device__ inline void convolve_planes(const gcut__cuda_direct_job &job) {
  const uint32_t columns = (uint32_t)job.window.near[2], strips = ((uint32_t)job.window.near[1] + ROWS - 1) / ROWS,
                 out = (uint32_t)job.out_channels, channels = (uint32_t)job.groups * out;
  const uint32_t count = (uint32_t)job.images * channels * strips * columns;
  Planes<TYPE, KERNEL, STRIDE> planes = {job};
  for (uint64_t i = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) {
    const uint32_t strip = (uint32_t)i / columns, plane = strip / strips, channel = plane % channels;
    planes.run(plane, (int)(strip - plane * strips) * ROWS, (int)((uint32_t)i - strip * columns),
               (int64_t)(plane / out) * job.window.n_far, (int64_t)channel * KERNEL * KERNEL,
               job.bias ? load_as<float>(job.bias, channel, TYPE) : 0.0f);
  }
}

#define PLANES(kernel, stride) \
  extern "C" __global__ void gcut_planes_##kernel##_##stride(const __grid_constant__ gcut__cuda_direct_job job) { \
    if (job.type == T_FLOAT) convolve_planes<T_FLOAT, kernel, stride>(job); \
    else if (job.type == T_FLOAT16) convolve_planes<T_FLOAT16, kernel, stride>(job); \
    else convolve_planes<T_BFLOAT16, kernel, stride>(job); \
  }
PLANES(3, 1)
PLANES(3, 2)
PLANES(5, 1)
PLANES(5, 2)
PLANES(7, 1)
PLANES(7, 2)
