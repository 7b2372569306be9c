// Products of 16-bit types on tensor cores (mma.sync), for every card from Turing on: four warps of a block take a
// quarter of its tile each; operands stream through three stages of shared memory, 32 deep, as they are stored, and are
// turned on the way to the tensor cores (ldmatrix.trans) where need be. After NVIDIA's CUTLASS (its multistage kernels of
// Ampere) for the order of things.
#include "mma.cuh"
#include "product_rows.cuh"
#include "types.cuh"

#include <type_traits>

namespace products {
namespace narrow {

using namespace mma;

enum { K = 32, STAGES = GCUT_CUDA_PRODUCT_MMA_STAGES, THREADS = GCUT_CUDA_PRODUCT_MMA_THREADS };

// An operand of TILE rows (of a) or columns (of b) by K: stored with k along rows, or, where DOWN, from row to row.
// Chunks of 16 bytes change places by row, so that eight rows of a column fall into different banks. A thread fetches
// chunks of one column, APART rows from one to the next; those that begin ANYwhere, and all on Turing, pass through its
// registers, and land when what they are fetched ahead of has been multiplied.
// Of a grouped product's a (Rows) each row has a place of its own.
template <typename T, int TILE, bool DOWN, bool ANY, typename Rows> struct Operand {
  static constexpr int ROWS = DOWN ? K : TILE, CHUNKS = (DOWN ? TILE : K) / 8, APART = THREADS / CHUNKS;
  static constexpr bool HELD = ANY || MMA_IS_TURING, APART_ROWS = !std::is_same<Rows, AllRows>::value;
  const T *data, *from; // where it begins; this thread's first chunk of the next step
  int64_t step;
  int rows, columns; // that are left from there
  uint4 held[HELD ? ROWS / APART : 1];
  int64_t places[APART_ROWS ? ROWS / APART : 1]; // of this thread's rows, elements

  __device__ static uint32_t place(int row, int chunk) {
    return (uint32_t)(row * CHUNKS + (chunk ^ (DOWN ? row % 8 : row / 2 % 4))) * 16;
  }

  // Rows and columns as stored; from row or column x on.
  __device__ Operand(const T *data, int64_t step, int64_t n_rows, int64_t n_columns, int64_t x, const Rows &of) : data(data), step(step) {
    const int64_t row = threadIdx.x / CHUNKS + (DOWN ? 0 : x), column = threadIdx.x % CHUNKS * 8 + (DOWN ? x : 0);
    from = data + (APART_ROWS ? 0 : row * step) + column;
    rows = (int)(n_rows - row), columns = (int)(n_columns - column);
#pragma unroll
    for (int r = 0; r < ROWS && APART_ROWS; r += APART) places[r / APART] = r < rows ? of.source(row + r) * step : 0;
  }

  // The next step; what lies outside is zero.
  __device__ void fetch(uint32_t to) {
    const int width = columns >= 8 ? 16 : columns > 0 ? columns * 2 : 0;
    to += place(threadIdx.x / CHUNKS, threadIdx.x % CHUNKS);
#pragma unroll
    for (int r = 0; r < ROWS; r += APART) {
      const int bytes = r < rows ? width : 0;
      const T *at = bytes ? from + (APART_ROWS ? places[r / APART] : r * step) : data;
      if (HELD) held[r / APART] = ANY ? read_elements(at, bytes) : read16(at, bytes);
      else fetch16(to + r * CHUNKS * 16, at, bytes);
    }
    from += DOWN ? K * step : K;
    (DOWN ? rows : columns) -= K;
  }

  __device__ void land(uint32_t to) const {
    to += place(threadIdx.x / CHUNKS, threadIdx.x % CHUNKS);
#pragma unroll
    for (int r = 0; r < ROWS && HELD; r += APART) write16(to + r * CHUNKS * 16, held[r / APART]);
  }

  // Sixteen rows or columns from x on, sixteen of k; the second of four matrices lies beside the first along k where
  // K_FIRST, else along x.
  template <bool K_FIRST> __device__ static void read(uint32_t *r, uint32_t from, int x, int k) {
    const int matrix = threadIdx.x % 32 / 8, row = threadIdx.x % 8;
    const int x_at = x + (K_FIRST ? matrix / 2 : matrix % 2) * 8, k_at = k + (K_FIRST ? matrix % 2 : matrix / 2) * 8;
    if (DOWN) read_matrices_turned(r, from + place(k_at + row, x_at / 8));
    else read_matrices(r, from + place(x_at + row, k_at / 8));
  }
};

template <typename T> __device__ inline float element(const gcut__cuda_product_job &job, T *at, float sum, int64_t column) {
  float x = job.alpha * sum;
  if (job.beta != 0.0f) x += job.beta * (float)*at;
  return job.bias ? x + (float)((const T *)job.bias)[column] : x;
}

// Two neighbours of a row.
template <typename T>
__device__ inline void store_pair(const gcut__cuda_product_job &job, T *c, int64_t row, int64_t column, float x, float y) {
  if (column >= job.n) return;
  T *at = c + row * job.ldc + column;
  if (column + 1 < job.n && (uintptr_t)at % 4 == 0) {
    *(uint32_t *)at = pack<T>(element(job, at, x, column), element(job, at + 1, y, column + 1));
    return;
  }
  at[0] = (T)element(job, at, x, column);
  if (column + 1 < job.n) at[1] = (T)element(job, at + 1, y, column + 1);
}

template <typename T, int TILE, bool ANY, bool A_DOWN, bool B_DOWN, typename Rows> struct Block {
  typedef Operand<T, TILE, A_DOWN, ANY, Rows> A;
  typedef Operand<T, TILE, B_DOWN, ANY, AllRows> B;
  enum { BYTES = TILE * K * 2, HALF = TILE / 2 }; // of an operand's stage; of a warp's quarter
  const gcut__cuda_product_job &job;
  const Rows rows;
  const uint32_t shared;
  float sum[HALF / 16][HALF / 8][4];

  __device__ int warp_row() const { return threadIdx.x / 64 * HALF; }
  __device__ int warp_column() const { return threadIdx.x / 32 % 2 * HALF; }
  __device__ uint32_t stage(int i) const { return shared + i * 2 * BYTES; }

  __device__ bool is_there(int step) const { return step * (int64_t)K < job.k; }
  __device__ void fetch(A &a, B &b, int step) {
    if (is_there(step)) {
      a.fetch(stage(step % STAGES));
      b.fetch(stage(step % STAGES) + BYTES);
    }
    fetch_commit();
  }
  __device__ void land(const A &a, const B &b, int step) {
    if (!is_there(step)) return;
    a.land(stage(step % STAGES));
    b.land(stage(step % STAGES) + BYTES);
  }

  __device__ void multiply(uint32_t from) {
#pragma unroll
    for (int k = 0; k < K; k += 16) {
      uint32_t a[HALF / 16][4];
#pragma unroll
      for (int i = 0; i < HALF / 16; i++) A::template read<false>(a[i], from, warp_row() + i * 16, k);
#pragma unroll
      for (int j = 0; j < HALF / 16; j++) {
        uint32_t b[4];
        B::template read<true>(b, from + BYTES, warp_column() + j * 16, k);
#pragma unroll
        for (int i = 0; i < HALF / 16; i++) {
          Mma<T>::run(sum[i][2 * j], a[i], b);
          Mma<T>::run(sum[i][2 * j + 1], a[i], b + 2);
        }
      }
    }
  }

  __device__ void store(const RowTile &tile, int64_t first_column) {
    T *c = (T *)job.c + tile.batch * job.stride_c;
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int i = 0; i < HALF / 16; i++)
#pragma unroll
      for (int low = 0; low < 2; low++) {
        const int64_t row = tile.first + warp_row() + i * 16 + lane / 4 + low * 8;
        if (row >= tile.end) continue;
        const int64_t place = rows.place(row);
#pragma unroll
        for (int j = 0; j < HALF / 8; j++)
          store_pair(job, c, place, first_column + warp_column() + j * 8 + lane % 4 * 2, sum[i][j][low * 2], sum[i][j][low * 2 + 1]);
      }
  }

  __device__ void run(const RowTile &tile, int64_t column) {
    A a((const T *)job.a + tile.batch * job.stride_a, job.lda, A_DOWN ? job.k : tile.end, A_DOWN ? tile.end : job.k, tile.first, rows);
    B b((const T *)job.b + tile.batch * job.stride_b, job.ldb, B_DOWN ? job.k : job.n, B_DOWN ? job.n : job.k, column, AllRows{});
    memset(sum, 0, sizeof sum);
#pragma unroll
    for (int s = 0; s < STAGES - 1; s++) fetch(a, b, s), land(a, b, s);
    const int steps = (int)((job.k + K - 1) / K);
    for (int s = 0; s < steps; s++) {
      fetch_wait<STAGES - 2>();
      __syncthreads();
      fetch(a, b, s + STAGES - 1);
      multiply(stage(s % STAGES));
      land(a, b, s + STAGES - 1);
    }
    fetch_wait<0>();
    __syncthreads();
    store(tile, column);
  }

  __device__ void run_all() {
    RowTile tile;
    int64_t column;
    for (int64_t t = blockIdx.x; rows.find(job, t, TILE, &tile, &column); t += gridDim.x) run(tile, column);
  }
};

template <typename T, int TILE, bool ANY, typename Rows>
__device__ inline void multiply(const gcut__cuda_product_job &job, const Rows &rows) {
  extern __shared__ __align__(1024) uint8_t shared[];
  static_assert(STAGES * 2 * TILE * K * 2 <= 64 << 10, "describe in multiply.c asks for as much");
  const uint32_t at = (uint32_t)__cvta_generic_to_shared(shared);
  if constexpr (TILE == 64 && std::is_same<Rows, AllRows>::value) { // the only one for a turned a, which is rare
    if (job.transpose_a && job.transpose_b) return Block<T, TILE, ANY, true, false, Rows>{job, rows, at}.run_all();
    if (job.transpose_a) return Block<T, TILE, ANY, true, true, Rows>{job, rows, at}.run_all();
  }
  if (job.transpose_b) Block<T, TILE, ANY, false, false, Rows>{job, rows, at}.run_all();
  else Block<T, TILE, ANY, false, true, Rows>{job, rows, at}.run_all();
}

} // namespace narrow
} // namespace products

#define PRODUCT_MMA(name, T, TILE, ANY)                                                                                \
  extern "C" __global__ void __launch_bounds__(GCUT_CUDA_PRODUCT_MMA_THREADS, TILE == 64 ? 4 : 2)                      \
      name(const __grid_constant__ gcut__cuda_product_job job) {                                                       \
    products::narrow::multiply<T, TILE, ANY>(job, products::AllRows{});                                                                       \
  }
#define GROUPED_MMA(name, T, TILE)                                                                                     \
  extern "C" __global__ void __launch_bounds__(GCUT_CUDA_PRODUCT_MMA_THREADS, TILE == 64 ? 4 : 2)                      \
      name(const __grid_constant__ gcut__cuda_grouped_job job) {                                                       \
    products::narrow::multiply<T, TILE, false>(job.base, products::GroupedRows{job});                                  \
  }
PRODUCT_MMA(gcut_product_mma_f16_64, __half, 64, false)
PRODUCT_MMA(gcut_product_mma_f16_128, __half, 128, false)
PRODUCT_MMA(gcut_product_mma_f16_64_any, __half, 64, true)
GROUPED_MMA(gcut_grouped_mma_f16_64, __half, 64)
GROUPED_MMA(gcut_grouped_mma_f16_128, __half, 128)
#if !MMA_IS_TURING
GROUPED_MMA(gcut_grouped_mma_bf16_64, __nv_bfloat16, 64)
GROUPED_MMA(gcut_grouped_mma_bf16_128, __nv_bfloat16, 128)
PRODUCT_MMA(gcut_product_mma_bf16_64, __nv_bfloat16, 64, false)
PRODUCT_MMA(gcut_product_mma_bf16_128, __nv_bfloat16, 128, false)
PRODUCT_MMA(gcut_product_mma_bf16_64_any, __nv_bfloat16, 64, true)
#endif
