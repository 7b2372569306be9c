#include "place.h"
#include "types.cuh"

// ---- padding and tiling

// Where index i of an axis of n elements comes from; -1 where a constant stands.
__device__ inline int64_t pad_source(int64_t i, int64_t n, int mode) {
  if (i >= 0 && i < n) return i;
  int64_t period = 2 * (n - 1);
  switch (mode) {
  case GCUT_CUDA_PAD_EDGE: return i < 0 ? 0 : n - 1;
  case GCUT_CUDA_PAD_WRAP: return (i % n + n) % n;
  case GCUT_CUDA_PAD_REFLECT:
    if (n == 1) return 0;
    i = (i % period + period) % period;
    return i < n ? i : period - i;
  default: return -1;
  }
}

template <typename T> __device__ inline void pad(const gcut__cuda_pad_job &job) {
  int64_t step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < job.count; i += step) {
    int64_t rest = i, at = 0;
    bool inside = true;
    for (int d = job.rank - 1; d >= 0; d--) {
      int64_t dim = job.dims[d], next = job.count < INT32_MAX ? (int64_t)((uint32_t)rest / (uint32_t)dim) : rest / dim;
      int64_t from = pad_source(rest - next * dim - job.begins[d], job.from_dims[d], job.mode);
      inside = inside && from >= 0;
      at += from * job.strides[d];
      rest = next;
    }
    ((T *)job.to)[i] = inside ? ((const T *)job.from)[at] : job.value ? *(const T *)job.value : (T)job.fill;
  }
}

#define BY_ELEMENT_SIZE(size, work) \
  switch (size) { \
  case 1: work(uint8_t); break; \
  case 2: work(uint16_t); break; \
  case 4: work(uint32_t); break; \
  default: work(uint64_t); break; \
  }

extern "C" __global__ void gcut_pad(const __grid_constant__ gcut__cuda_pad_job job) {
#define PAD(T) pad<T>(job)
  BY_ELEMENT_SIZE(job.size, PAD)
}

// ---- triangles, ranges, constants

template <typename T> __device__ inline void keep_triangle(const gcut__cuda_trilu_job &job) {
  int64_t step = (int64_t)gridDim.x * blockDim.x, k = job.k ? *job.k : 0;
  k = k < -job.rows ? -job.rows : k > job.columns ? job.columns : k; // beyond these nothing changes
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < job.count; i += step) {
    int64_t line = i / job.columns, beyond = i - line * job.columns - line % job.rows - k;
    ((T *)job.y)[i] = (job.upper ? beyond >= 0 : beyond <= 0) ? ((const T *)job.x)[i] : (T)0;
  }
}

extern "C" __global__ void gcut_trilu(const __grid_constant__ gcut__cuda_trilu_job job) {
#define TRIANGLE(T) keep_triangle<T>(job)
  BY_ELEMENT_SIZE(job.size, TRIANGLE)
}

extern "C" __global__ void gcut_range(const __grid_constant__ gcut__cuda_range_job job) {
  int64_t step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < job.count; i += step) {
    if (job.type == T_DOUBLE)
      store_as<double>(job.y, i, T_DOUBLE, __dadd_rn(*(const double *)job.start, __dmul_rn((double)i, *(const double *)job.delta)));
    else if (job.type == T_FLOAT || job.type == T_FLOAT16 || job.type == T_BFLOAT16)
      store_as<float>(job.y, i, job.type,
                      __fadd_rn(load_as<float>(job.start, 0, job.type), __fmul_rn((float)i, load_as<float>(job.delta, 0, job.type))));
    else
      store_as<int64_t>(job.y, i, job.type, (int64_t)((uint64_t)load_as<int64_t>(job.start, 0, job.type) +
                                                      (uint64_t)i * (uint64_t)load_as<int64_t>(job.delta, 0, job.type)));
  }
}

template <typename T> __device__ inline void fill(const gcut__cuda_fill_job &job) {
  int64_t step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < job.count; i += step) ((T *)job.y)[i] = (T)job.item;
}

extern "C" __global__ void gcut_fill(const __grid_constant__ gcut__cuda_fill_job job) {
#define FILL(T) fill<T>(job)
  BY_ELEMENT_SIZE(job.size, FILL)
}

// ---- running sums: a block a line, 256 elements at a time (Hillis and Steele), what came before carried along

template <typename C> __device__ inline C scan_join(bool product, C a, C b) { return product ? a * b : a + b; }

template <typename C> __device__ inline void scan_line(const gcut__cuda_scan_job &job, int64_t line) {
  __shared__ C sums[2][GCUT_CUDA_SCAN_THREADS];
  C carry = (C)(job.product ? 1 : 0), none = carry;
  int64_t outer = line / job.inner, base = outer * job.size * job.inner + (line - outer * job.inner);
  for (int64_t from = 0; from < job.size; from += GCUT_CUDA_SCAN_THREADS) {
    int64_t k = from + threadIdx.x, at = base + (job.reverse ? job.size - 1 - k : k) * job.inner;
    C x = k < job.size ? load_as<C>(job.x, at, job.type) : none;
    int side = 0;
    sums[0][threadIdx.x] = x;
    __syncthreads();
    for (int reach = 1; reach < GCUT_CUDA_SCAN_THREADS; reach *= 2) {
      x = sums[side][threadIdx.x];
      if ((int)threadIdx.x >= reach) x = scan_join(job.product, sums[side][threadIdx.x - reach], x);
      side = 1 - side;
      sums[side][threadIdx.x] = x;
      __syncthreads();
    }
    C before = threadIdx.x == 0 ? carry : scan_join(job.product, carry, sums[side][threadIdx.x - 1]);
    if (k < job.size) store_as<C>(job.y, at, job.type, job.exclusive ? before : scan_join(job.product, carry, x));
    carry = scan_join(job.product, carry, sums[side][GCUT_CUDA_SCAN_THREADS - 1]);
    __syncthreads();
  }
}

extern "C" __global__ void __launch_bounds__(GCUT_CUDA_SCAN_THREADS) gcut_scan(const __grid_constant__ gcut__cuda_scan_job job) {
  bool real = job.type == T_DOUBLE || job.type == T_FLOAT || job.type == T_FLOAT16 || job.type == T_BFLOAT16;
  for (int64_t line = blockIdx.x; line < job.lines; line += gridDim.x) {
    if (real) scan_line<double>(job, line);
    else scan_line<int64_t>(job, line);
  }
}

// ---- scattering

enum { SCATTER_NONE, SCATTER_ADD, SCATTER_MUL, SCATTER_MAX, SCATTER_MIN }; // as gcut__reduction

template <typename C> __device__ inline C scatter_join(const gcut__cuda_scatter_job &job, C a, C b) {
  bool logical = job.type == T_BOOL;
  switch (job.reduction) {
  case SCATTER_ADD: return logical ? (C)(a != 0 || b != 0) : a + b;
  case SCATTER_MUL: return a * b;
  case SCATTER_MAX: return a != a || a > b ? a : b;
  case SCATTER_MIN: return a != a || a < b ? a : b;
  default: return b;
  }
}

// Every update of the element's line along the axis may meet it.
template <typename C> __device__ inline void scatter_elements(const gcut__cuda_scatter_job &job) {
  int64_t step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < job.count; i += step) {
    int64_t rest = i, at = 0, mine = 0;
    bool met = true;
    for (int d = job.rank - 1; d >= 0; d--) {
      int64_t next = rest / job.dims[d], index = rest - next * job.dims[d];
      if (d == job.axis) mine = index;
      else met = met && index < job.update_dims[d], at += index * job.update_strides[d];
      rest = next;
    }
    C x = load_as<C>(job.x, i, job.type);
    for (int64_t k = 0; met && k < job.update_dims[job.axis]; k++) {
      int64_t from = at + k * job.update_strides[job.axis], limit = job.dims[job.axis];
      int64_t index = job.wide ? ((const int64_t *)job.indices)[from] : ((const int32_t *)job.indices)[from];
      if (index < 0) index += limit;
      if (index < 0 || index >= limit) *job.fault = job.node + 1;
      else if (index == mine) x = scatter_join<C>(job, x, load_as<C>(job.updates, from, job.type));
    }
    store_as<C>(job.y, i, job.type, x);
  }
}

extern "C" __global__ void gcut_scatter_elements(const __grid_constant__ gcut__cuda_scatter_job job) {
  if (job.type == T_DOUBLE) scatter_elements<double>(job);
  else if (job.type == T_FLOAT || job.type == T_FLOAT16 || job.type == T_BFLOAT16) scatter_elements<float>(job);
  else scatter_elements<int64_t>(job);
}

// Which row of y each tuple names; -1 and a fault where there is none.
extern "C" __global__ void gcut_scatter_places(const __grid_constant__ gcut__cuda_scatter_job job) {
  int64_t step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t t = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; t < job.tuples; t += step) {
    int64_t place = 0;
    for (int d = 0; d < job.rank; d++) {
      int64_t index = ((const int64_t *)job.indices)[t * job.rank + d];
      if (index < 0) index += job.dims[d];
      if (index < 0 || index >= job.dims[d]) *job.fault = job.node + 1;
      place = index < 0 || index >= job.dims[d] || place < 0 ? -1 : place + index * job.strides[d];
    }
    job.places[t] = place;
  }
}

// A block a row of y: the places of all tuples in turn, those of this row noted in their order and then applied.
template <typename C> __device__ inline void scatter_row(const gcut__cuda_scatter_job &job, int64_t row) {
  __shared__ int64_t met[GCUT_CUDA_SCAN_THREADS];
  __shared__ int n_met;
  for (int64_t e = threadIdx.x; e < job.row; e += blockDim.x)
    store_as<C>(job.y, row * job.row + e, job.type, load_as<C>(job.x, row * job.row + e, job.type));
  for (int64_t from = 0; from < job.tuples; from += blockDim.x) {
    int64_t t = from + threadIdx.x;
    met[threadIdx.x] = t < job.tuples && job.places[t] == row ? t : -1;
    if (threadIdx.x == 0) n_met = 0;
    __syncthreads();
    if (met[threadIdx.x] >= 0) n_met = 1; // all write the same
    __syncthreads();
    for (int64_t e = threadIdx.x; n_met && e < job.row; e += blockDim.x) {
      C x = load_as<C>(job.y, row * job.row + e, job.type);
      for (int k = 0; k < GCUT_CUDA_SCAN_THREADS; k++)
        if (met[k] >= 0) x = scatter_join<C>(job, x, load_as<C>(job.updates, met[k] * job.row + e, job.type));
      store_as<C>(job.y, row * job.row + e, job.type, x);
    }
    __syncthreads();
  }
}

extern "C" __global__ void __launch_bounds__(GCUT_CUDA_SCAN_THREADS) gcut_scatter_nd(const __grid_constant__ gcut__cuda_scatter_job job) {
  for (int64_t row = blockIdx.x; row < job.count / job.row; row += gridDim.x) {
    if (job.type == T_DOUBLE) scatter_row<double>(job, row);
    else if (job.type == T_FLOAT || job.type == T_FLOAT16 || job.type == T_BFLOAT16) scatter_row<float>(job, row);
    else scatter_row<int64_t>(job, row);
  }
}
