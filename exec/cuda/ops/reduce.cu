// Each output by one block in a fixed order (by thread, then by warp, then by block), or by one thread where outputs are
// many and short, eight neighbours at once where they are whole eights: which, the shapes say. So bits repeat.
#include "eight.cuh"
#include "reduce.h"
#include "types.cuh"

__device__ inline int64_t axes_offset(const gcut__cuda_axes &axes, int64_t i) {
  int64_t offset = 0;
  for (int d = axes.n - 1; d > 0; d--) {
    int64_t next = (uint64_t)(i | axes.dims[d]) >> 32 ? i / axes.dims[d] : (int64_t)((uint32_t)i / (uint32_t)axes.dims[d]);
    offset += (i - next * axes.dims[d]) * axes.strides[d];
    i = next;
  }
  return axes.n > 0 ? offset + i * axes.strides[0] : 0;
}

template <typename C> struct Extreme;
template <> struct Extreme<float> {
  __device__ static float most() { return INFINITY; }
  __device__ static float least() { return -INFINITY; }
};
template <> struct Extreme<double> {
  __device__ static double most() { return INFINITY; }
  __device__ static double least() { return -INFINITY; }
};
template <> struct Extreme<int64_t> {
  __device__ static int64_t most() { return INT64_MAX; }
  __device__ static int64_t least() { return INT64_MIN; }
};

enum { JOIN_SUM, JOIN_MAX, JOIN_MIN, JOIN_PROD };

template <typename C> __device__ inline C join_two(int how, C a, C b) {
  switch (how) {
  case JOIN_MAX: return a != a || a > b ? a : b; // NaN stays
  case JOIN_MIN: return a != a || a < b ? a : b;
  case JOIN_PROD: return a * b;
  default: return a + b;
  }
}
template <typename C> __device__ inline C join_start(int how) {
  return how == JOIN_MAX ? Extreme<C>::least() : how == JOIN_MIN ? Extreme<C>::most() : (C)(how == JOIN_PROD);
}

// Over the block's threads, in every thread; blocks are 32 threads or GCUT_CUDA_REDUCE_THREADS.
template <typename C> __device__ inline C join_threads(int how, C x) {
  __shared__ C parts[GCUT_CUDA_REDUCE_THREADS / 32];
  for (int offset = 16; offset > 0; offset /= 2) x = join_two<C>(how, x, __shfl_xor_sync(0xffffffffu, x, offset));
  __syncthreads(); // the parts of the last join have been read
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
  __syncthreads();
  x = parts[0];
  for (int w = 1; w < (int)blockDim.x / 32; w++) x = join_two<C>(how, x, parts[w]);
  return x;
}

// `value` of every element reduced, from `start` in steps of `step`.
template <typename C, typename F>
__device__ inline C join_elements(const gcut__cuda_reduce_job &job, int64_t base, int how, int64_t start, int64_t step, F value) {
  C x = join_start<C>(how);
  for (int64_t k = start; k < job.n_reduced; k += step)
    x = join_two<C>(how, x, value(load_as<C>(job.x, base + axes_offset(job.reduced, k), job.type)));
  return step > 1 ? join_threads<C>(how, x) : x;
}

template <typename C> __device__ inline C root_of(C x) { return sqrt(x); }
template <> __device__ inline int64_t root_of(int64_t x) { return (int64_t)sqrt((double)x); }
template <typename C> __device__ inline C log_of(C x) { return log(x); }
template <> __device__ inline int64_t log_of(int64_t x) { return (int64_t)log((double)x); }

template <typename C> __device__ inline C log_sum_exp(const gcut__cuda_reduce_job &job, int64_t base, int64_t start, int64_t step) {
  C top = join_elements<C>(job, base, JOIN_MAX, start, step, [](C x) { return x; });
  C shift = top - top == 0 ? top : (C)0; // infinite: nothing to be kept small
  return log(join_elements<C>(job, base, JOIN_SUM, start, step, [=](C x) { return exp(x - shift); })) + shift;
}
template <>
__device__ inline int64_t log_sum_exp(const gcut__cuda_reduce_job &, int64_t, int64_t, int64_t) { return 0; } // not of integers

// How elements are joined, what of each, and what becomes of the result.
__device__ inline int how_of(int op) {
  return op == GCUT_CUDA_REDUCE_MAX    ? JOIN_MAX
         : op == GCUT_CUDA_REDUCE_MIN  ? JOIN_MIN
         : op == GCUT_CUDA_REDUCE_PROD ? JOIN_PROD
                                       : JOIN_SUM;
}
template <typename C> __device__ inline C joined_of(int op, C x) {
  if (op == GCUT_CUDA_REDUCE_L2 || op == GCUT_CUDA_REDUCE_SUM_SQUARE) return x * x;
  return op == GCUT_CUDA_REDUCE_L1 && x < 0 ? -x : x;
}
template <typename C> __device__ inline C result_of(const gcut__cuda_reduce_job &job, C x) {
  if (job.op == GCUT_CUDA_REDUCE_MEAN) return x / (C)job.n_reduced;
  return job.op == GCUT_CUDA_REDUCE_L2 ? root_of<C>(x) : job.op == GCUT_CUDA_REDUCE_LOG_SUM ? log_of<C>(x) : x;
}

template <typename C> __device__ inline C reduce_one(const gcut__cuda_reduce_job &job, int64_t base, int64_t start, int64_t step) {
  if (job.op == GCUT_CUDA_REDUCE_LOG_SUM_EXP) return log_sum_exp<C>(job, base, start, step);
  C x = join_elements<C>(job, base, how_of(job.op), start, step, [=](C v) { return joined_of<C>(job.op, v); });
  return result_of<C>(job, x);
}

template <typename C> __device__ inline void reduce_outputs(const gcut__cuda_reduce_job &job) {
  if (job.alone) {
    for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < job.n_outputs; i += (int64_t)gridDim.x * blockDim.x)
      store_as<C>(job.y, i, job.type, reduce_one<C>(job, axes_offset(job.kept, i), 0, 1));
    return;
  }
  for (int64_t i = blockIdx.x; i < job.n_outputs; i += gridDim.x) {
    C x = reduce_one<C>(job, axes_offset(job.kept, i), threadIdx.x, blockDim.x);
    if (threadIdx.x == 0) store_as<C>(job.y, i, job.type, x);
  }
}

extern "C" __global__ void __launch_bounds__(GCUT_CUDA_REDUCE_THREADS) gcut_reduce(const __grid_constant__ gcut__cuda_reduce_job job) {
  if (job.type == T_DOUBLE) reduce_outputs<double>(job);
  else if (job.type == T_FLOAT || job.type == T_FLOAT16 || job.type == T_BFLOAT16) reduce_outputs<float>(job);
  else reduce_outputs<int64_t>(job);
}

template <typename T> __device__ inline void reduce_eights(const gcut__cuda_reduce_job &job) {
  const int how = how_of(job.op);
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < job.n_outputs / 8; i += (int64_t)gridDim.x * blockDim.x) {
    const T *from = (const T *)job.x + axes_offset(job.kept, i * 8);
    Eight all;
    for (float &x : all.x) x = join_start<float>(how);
    for (int64_t k = 0; k < job.n_reduced; k++) {
      const Eight next = load8(from + axes_offset(job.reduced, k));
#pragma unroll
      for (int j = 0; j < 8; j++) all.x[j] = join_two<float>(how, all.x[j], joined_of<float>(job.op, next.x[j]));
    }
    for (float &x : all.x) x = result_of<float>(job, x);
    store8((T *)job.y + i * 8, all);
  }
}

extern "C" __global__ void __launch_bounds__(256) gcut_reduce_eights(const __grid_constant__ gcut__cuda_reduce_job job) {
  if (job.type == T_FLOAT) reduce_eights<float>(job);
  else if (job.type == T_FLOAT16) reduce_eights<__half>(job);
  else reduce_eights<__nv_bfloat16>(job);
}

// ---- the best of a line: elements become 64-bit keys whose order is theirs

__device__ inline uint64_t key_of(const gcut__cuda_best_job &job, int64_t at) {
  uint64_t key;
  if (job.type == T_FLOAT || job.type == T_FLOAT16 || job.type == T_BFLOAT16 || job.type == T_DOUBLE) {
    double x = load_as<double>(job.x, at, job.type) + 0.0; // -0 becomes 0
    if (x != x) return job.least && !job.nan_first ? 0 : UINT64_MAX;
    memcpy(&key, &x, sizeof key);
    key = key >> 63 ? ~key : key | (uint64_t)1 << 63;
  } else {
    key = (uint64_t)load_as<int64_t>(job.x, at, job.type) ^ (uint64_t)1 << 63;
  }
  return job.least ? ~key : key;
}

struct Best {
  uint64_t key;
  int64_t index; // -1: none
};

__device__ inline bool beats(const gcut__cuda_best_job &job, const Best &a, const Best &b) {
  if (a.index < 0 || b.index < 0) return b.index < 0 && a.index >= 0;
  return a.key != b.key ? a.key > b.key : job.last ? a.index > b.index : a.index < b.index;
}

__device__ inline Best best_of_threads(const gcut__cuda_best_job &job, Best x) {
  __shared__ Best parts[GCUT_CUDA_REDUCE_THREADS / 32];
  for (int offset = 16; offset > 0; offset /= 2) {
    Best other = {__shfl_xor_sync(0xffffffffu, x.key, offset), __shfl_xor_sync(0xffffffffu, x.index, offset)};
    if (beats(job, other, x)) x = other;
  }
  __syncthreads();
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
  __syncthreads();
  x = parts[0];
  for (int w = 1; w < (int)blockDim.x / 32; w++)
    if (beats(job, parts[w], x)) x = parts[w];
  return x;
}

// A block a line: the best, then the best of those that it beats, k times.
extern "C" __global__ void __launch_bounds__(GCUT_CUDA_REDUCE_THREADS) gcut_best(const __grid_constant__ gcut__cuda_best_job job) {
  for (int64_t line = blockIdx.x; line < job.lines; line += gridDim.x) {
    int64_t outer = line / job.inner, e = line - outer * job.inner, base = outer * job.size * job.inner + e;
    Best before = {0, -1};
    for (int64_t n = 0; n < job.k; n++) {
      Best best = {0, -1};
      for (int64_t k = threadIdx.x; k < job.size; k += blockDim.x) {
        Best x = {key_of(job, base + k * job.inner), k};
        if ((n == 0 || beats(job, before, x)) && beats(job, x, best)) best = x;
      }
      before = best = best_of_threads(job, best);
      int64_t to = (outer * job.k + n) * job.inner + e;
      if (threadIdx.x == 0) job.indices[to] = best.index;
      if (threadIdx.x != 0 || !job.values) continue;
      if (job.type == T_DOUBLE) ((double *)job.values)[to] = ((const double *)job.x)[base + best.index * job.inner];
      else if (job.type == T_FLOAT || job.type == T_FLOAT16 || job.type == T_BFLOAT16)
        store_as<float>(job.values, to, job.type, load_as<float>(job.x, base + best.index * job.inner, job.type));
      else store_as<int64_t>(job.values, to, job.type, load_as<int64_t>(job.x, base + best.index * job.inner, job.type));
    }
  }
}
