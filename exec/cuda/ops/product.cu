// Products for every card, type and layout, without tensor cores: a block of 16 x 16 threads computes a tile, a thread
// 4 x 4 or 8 x 8 elements of it in registers; operands pass through shared memory, 16 deep, the next ones on their way
// meanwhile. Sums in float32, of doubles in double. GROUPED: rows by what they chose (grouped.h).
#include "product_rows.cuh"
#include "types.cuh"

namespace products {
namespace plain {

enum { K = 16, SIDE = 16, THREADS = GCUT_CUDA_PRODUCT_PLAIN_THREADS, PAD = 4 };

template <typename T> struct Sum { typedef float type; };
template <> struct Sum<double> { typedef double type; };

// An operand of TILE rows (of a) or columns (of b) by K; `down`: k goes from row to row as stored. Of a grouped product's a
// the rows lie where `rows` says.
template <typename T, int TILE, typename Rows> struct Operand {
  enum { EACH = TILE * K / THREADS };
  typedef typename Sum<T>::type C;
  const T *data;
  int64_t step, n, depth;
  bool down;
  Rows rows;
  C ahead[EACH];

  __device__ void place(int i, int *x, int *k) const {
    const int at = (int)threadIdx.x + i * THREADS;
    *x = down ? at % TILE : at / K;
    *k = down ? at / TILE : at % K;
  }
  __device__ void fetch(int64_t first_x, int64_t first_k) {
#pragma unroll
    for (int i = 0; i < EACH; i++) {
      int x, k;
      place(i, &x, &k);
      const int64_t at_x = first_x + x, at_k = first_k + k;
      ahead[i] = at_x < n && at_k < depth ? (C)data[down ? at_k * step + at_x : rows.source(at_x) * step + at_k] : (C)0;
    }
  }
  __device__ void put(C (*to)[TILE + PAD]) const {
#pragma unroll
    for (int i = 0; i < EACH; i++) {
      int x, k;
      place(i, &x, &k);
      to[k][x] = ahead[i];
    }
  }
};

// The i-th of a thread's rows or columns: four neighbours, and four more 64 beyond.
__device__ inline int spread(int i, int thread) { return i / 4 * 64 + thread * 4 + i % 4; }

template <typename T, int EACH, typename Rows> struct Block {
  enum { TILE = SIDE * EACH };
  typedef typename Sum<T>::type C;
  const gcut__cuda_product_job &job;
  const Rows rows;
  C (*a_tile)[TILE + PAD], (*b_tile)[TILE + PAD];
  C sum[EACH][EACH];

  __device__ void multiply() {
#pragma unroll
    for (int k = 0; k < K; k++) {
      C a[EACH], b[EACH];
#pragma unroll
      for (int i = 0; i < EACH; i++) a[i] = a_tile[k][spread(i, threadIdx.x / SIDE)], b[i] = b_tile[k][spread(i, threadIdx.x % SIDE)];
#pragma unroll
      for (int i = 0; i < EACH; i++)
#pragma unroll
        for (int j = 0; j < EACH; j++) sum[i][j] += a[i] * b[j];
    }
  }

  __device__ void store_element(const RowTile &tile, int64_t row, int64_t column, C x) {
    if (row >= tile.end || column >= job.n) return;
    T *at = (T *)job.c + tile.batch * job.stride_c + rows.place(row) * job.ldc + column;
    x = (C)job.alpha * x;
    if (job.beta != 0.0f) x += (C)job.beta * (C)*at;
    if (job.bias) x += (C)((const T *)job.bias)[column];
    *at = (T)x;
  }

  __device__ void run(const RowTile &tile, int64_t column) {
    Operand<T, TILE, Rows> a = {(const T *)job.a + tile.batch * job.stride_a, job.lda, tile.end, job.k, job.transpose_a != 0, rows};
    Operand<T, TILE, AllRows> b = {(const T *)job.b + tile.batch * job.stride_b, job.ldb, job.n, job.k, job.transpose_b == 0};
#pragma unroll
    for (int i = 0; i < EACH * EACH; i++) sum[i / EACH][i % EACH] = 0;
    a.fetch(tile.first, 0), b.fetch(column, 0);
    for (int64_t k = 0; k < job.k; k += K) {
      a.put(a_tile), b.put(b_tile);
      __syncthreads();
      if (k + K < job.k) a.fetch(tile.first, k + K), b.fetch(column, k + K);
      multiply();
      __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < EACH; i++)
#pragma unroll
      for (int j = 0; j < EACH; j++)
        store_element(tile, tile.first + spread(i, threadIdx.x / SIDE), column + spread(j, threadIdx.x % SIDE), sum[i][j]);
  }

  __device__ void run_all() {
    RowTile tile;
    int64_t column;
    for (int64_t t = blockIdx.x; rows.find(job, t, TILE, &tile, &column); t += gridDim.x) run(tile, column);
  }
};

template <typename T, int EACH, typename Rows> __device__ inline void multiply(const gcut__cuda_product_job &job, const Rows &rows) {
  typedef typename Sum<T>::type C;
  __shared__ __align__(16) C a_tile[K][SIDE * EACH + PAD], b_tile[K][SIDE * EACH + PAD];
  Block<T, EACH, Rows>{job, rows, a_tile, b_tile}.run_all();
}

} // namespace plain
} // namespace products

#define PRODUCT_PLAIN(type, T, size, EACH)                                                                             \
  extern "C" __global__ void __launch_bounds__(GCUT_CUDA_PRODUCT_PLAIN_THREADS, sizeof(T) == 8 ? 1 : 2)                \
      gcut_product_plain_##type##_##size(const __grid_constant__ gcut__cuda_product_job job) {                         \
    products::plain::multiply<T, EACH>(job, products::AllRows{});                                                      \
  }                                                                                                                    \
  extern "C" __global__ void __launch_bounds__(GCUT_CUDA_PRODUCT_PLAIN_THREADS, sizeof(T) == 8 ? 1 : 2)                \
      gcut_grouped_plain_##type##_##size(const __grid_constant__ gcut__cuda_grouped_job job) {                         \
    products::plain::multiply<T, EACH>(job.base, products::GroupedRows{job});                                          \
  }
PRODUCT_PLAIN(f32, float, 64, 4)
PRODUCT_PLAIN(f32, float, 128, 8)
PRODUCT_PLAIN(f64, double, 64, 4)
PRODUCT_PLAIN(f64, double, 128, 8)
PRODUCT_PLAIN(f16, __half, 64, 4)
PRODUCT_PLAIN(f16, __half, 128, 8)
PRODUCT_PLAIN(bf16, __nv_bfloat16, 64, 4)
PRODUCT_PLAIN(bf16, __nv_bfloat16, 128, 8)
