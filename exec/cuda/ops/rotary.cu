// Rotary embedding: a thread turns `lanes` pairs of a row, or copies as many elements. Products and sums are rounded as
// nodes would, and never contracted, so the bits are those of the nodes.
#include "eight.cuh"
#include "rotary.h"

// N pairs: what comes first in each, and second; or, as they lie in memory, two runs of N elements.
template <int N> struct PairsOf {
  Several<N> a, b;
};

// The runs of pair `at` and those behind it, which are neighbours or `half` apart. No branch, so that all loads of a
// thread are under way at once.
template <int N, typename T> __device__ inline PairsOf<N> load_runs(const T *p, int64_t at, int64_t half, bool neighbours) {
  return {load_several<N>(p + (neighbours ? 2 * at : at)), load_several<N>(p + (neighbours ? 2 * at + N : half + at))};
}

template <int N, typename T>
__device__ inline void store_runs(T *p, int64_t at, int64_t half, bool neighbours, const PairsOf<N> &runs) {
  store_several<N>(p + (neighbours ? 2 * at : at), runs.a);
  store_several<N>(p + (neighbours ? 2 * at + N : half + at), runs.b);
}

// Pairs of runs of neighbours, and back.
template <int N> __device__ inline PairsOf<N> sorted(const PairsOf<N> &runs) {
  PairsOf<N> out;
#pragma unroll
  for (int k = 0; k < N; k++) {
    out.a.x[k] = 2 * k < N ? runs.a.x[2 * k % N] : runs.b.x[2 * k % N];
    out.b.x[k] = 2 * k + 1 < N ? runs.a.x[(2 * k + 1) % N] : runs.b.x[(2 * k + 1) % N];
  }
  return out;
}

template <int N> __device__ inline PairsOf<N> unsorted(const PairsOf<N> &pairs) {
  PairsOf<N> out;
#pragma unroll
  for (int k = 0; k < N; k++) {
    out.a.x[k] = k % 2 ? pairs.b.x[k / 2] : pairs.a.x[k / 2];
    out.b.x[k] = (k + N) % 2 ? pairs.b.x[(k + N) / 2] : pairs.a.x[(k + N) / 2];
  }
  return out;
}

// Angles: one an element, as y has them, or one a pair.
template <int N, typename C>
__device__ inline PairsOf<N> load_angles(const void *table, int64_t at, int64_t half, bool neighbours, bool full) {
  return load_runs<N>((const C *)table, at, full ? half : 0, full && neighbours);
}

// Where the row of cosines of a token lies; -1 and a fault where there is none.
__device__ inline int64_t find_angles(const gcut__cuda_rotary_job &job, int64_t batch, int64_t head, int64_t token) {
  if (!job.ids)
    return batch * job.table_strides[0] + head * job.table_strides[1] + token * job.table_strides[2];
  int64_t row = job.from_first ? (int64_t)((uint64_t)job.ids[0] + (uint64_t)token) : job.ids[batch * job.dims[2] + token];
  if (row >= 0 && row < job.positions) return row * job.table_strides[2];
  *job.fault = job.node + 1;
  return -1;
}

template <typename T> __device__ inline float product(const gcut__cuda_rotary_job &job, float a, float b) {
  float p = __fmul_rn(a, b);
  return job.wide ? p : rounded<T>(p);
}

// `PLAIN`: halves, with an angle an element, as most models have them.
template <typename T, typename C, int N, bool PLAIN> __device__ inline void turn(const gcut__cuda_rotary_job &job) {
  bool in = !PLAIN && job.neighbours, out = !PLAIN && job.neighbours_out, full = PLAIN || job.full;
  int64_t turned = job.half / N, units = turned + (job.size - 2 * job.half) / N;
  int64_t count = job.dims[0] * job.dims[1] * job.dims[2] * units, step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += step) {
    int64_t unit = i % units, rest = i / units, head = rest % job.dims[1];
    int64_t token = rest / job.dims[1] % job.dims[2], batch = rest / job.dims[1] / job.dims[2];
    int64_t row = find_angles(job, batch, head, token);
    const T *x = (const T *)job.x + batch * job.x_strides[0] + head * job.x_strides[1] + token * job.x_strides[2];
    T *y = (T *)job.y + batch * job.y_strides[0] + head * job.y_strides[1] + token * job.y_strides[2];
    if (row < 0) continue;
    if (unit >= turned) {
      int64_t at = (unit - turned) * N;
      if (at >= job.first) at += 2 * job.half;
      *(Pack<T, N> *)(y + at) = *(const Pack<T, N> *)(x + at);
      continue;
    }
    int64_t at = unit * N;
    PairsOf<N> p = load_runs<N>(x + job.first, at, job.half, in), q;
    PairsOf<N> c = load_angles<N, C>((const C *)job.cosine + row, at, job.half, out, full);
    PairsOf<N> s = load_angles<N, C>((const C *)job.sine + row, at, job.half, out, full);
    if (in) p = sorted(p);
    if (full && out) c = sorted(c), s = sorted(s);
#pragma unroll
    for (int k = 0; k < N; k++) {
      q.a.x[k] = __fadd_rn(product<T>(job, p.a.x[k], c.a.x[k]), product<T>(job, -p.b.x[k], s.a.x[k]));
      q.b.x[k] = __fadd_rn(product<T>(job, p.b.x[k], c.b.x[k]), product<T>(job, p.a.x[k], s.b.x[k]));
    }
    store_runs<N>(y + job.first, at, job.half, out, out ? unsorted(q) : q);
  }
}

template <typename T, typename C> __device__ inline void turn_by(const gcut__cuda_rotary_job &job) {
  if (job.lanes > 2) turn<T, C, 16 / sizeof(C), false>(job);
  else if (job.lanes == 2) turn<T, C, 2, false>(job);
  else turn<T, C, 1, false>(job);
}

template <typename T> __device__ inline void turn_as(const gcut__cuda_rotary_job &job) {
  if (job.table_type == T_FLOAT) turn_by<T, float>(job);
  else turn_by<T, T>(job);
}

extern "C" __global__ void __launch_bounds__(256) gcut_rotary(const __grid_constant__ gcut__cuda_rotary_job job) {
  if (job.type == T_BFLOAT16) turn_as<__nv_bfloat16>(job);
  else if (job.type == T_FLOAT16) turn_as<__half>(job);
  else turn_by<float, float>(job);
}

// A kernel of its own takes fewer registers.
extern "C" __global__ void __launch_bounds__(256) gcut_rotary_plain(const __grid_constant__ gcut__cuda_rotary_job job) {
  if (job.type == T_BFLOAT16) turn<__nv_bfloat16, __nv_bfloat16, 8, true>(job);
  else if (job.type == T_FLOAT16) turn<__half, __half, 8, true>(job);
  else turn<float, float, 4, true>(job);
}
