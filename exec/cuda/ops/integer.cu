// A block makes a tile of 64 x 64, 32 terms at a time, four products an instruction (dp4a). Bytes of either sign become
// signed ones by a shift of 128, and so do their zero points; (a - p)(b - q) = ab - qa - pb + pq, so the tile's lines
// are added up beside the product.
#include "integer.h"
#include "window.cuh"

enum { TILE_LINES = GCUT_CUDA_INTEGER_TILE, TILE_WORDS = 8, TILE_PITCH = TILE_LINES + 1, LINES_A_THREAD = 4 };

__device__ inline int as_signed(int byte, int is_signed) { return is_signed ? (int8_t)byte : byte - 128; }

__device__ inline int zero_of(const gcut__cuda_integer_operand &x, int64_t z, int64_t line) {
  int byte = x.zero ? ((const uint8_t *)x.zero)[z * x.zero_batch + line * x.zero_line] : 0;
  return as_signed(byte, x.is_signed);
}

__device__ inline int integer_at(const gcut__cuda_integer_operand &x, int64_t at) {
  return as_signed(((const uint8_t *)x.data)[at], x.is_signed);
}

// Term k of column j of a convolution's image.
__device__ inline int window_at(const gcut__cuda_integer_job &job, int64_t z, int64_t k, int64_t j) {
  const gcut__cuda_window &w = job.window;
  int64_t channel = k / w.n_kernel, at = far_of(w, spot_of(j, w.near), spot_of(k - channel * w.n_kernel, w.kernel));
  return at < 0 ? zero_of(job.b, 0, 0) : integer_at(job.b, z * job.b.batch + channel * w.n_far + at);
}

__device__ inline int a_at(const gcut__cuda_integer_job &job, int64_t z, int64_t i, int64_t k) {
  return i < job.m && k < job.k ? integer_at(job.a, z % job.a_period * job.a.batch + i * job.a.row + k * job.a.column) : 0;
}
__device__ inline int b_at(const gcut__cuda_integer_job &job, int64_t z, int64_t k, int64_t j) {
  if (j >= job.n || k >= job.k) return 0;
  return job.convolves ? window_at(job, z, k, j) : integer_at(job.b, z * job.b.batch + k * job.b.row + j * job.b.column);
}

template <typename F> __device__ inline int pack_word(F at) {
  return (at(0) & 255) | (at(1) & 255) << 8 | (at(2) & 255) << 16 | at(3) << 24;
}

// Words of both tiles, a word of four terms k; threads go along what lies side by side in memory: terms of a, columns of b.
__device__ inline void load_tiles(const gcut__cuda_integer_job &job, int64_t z, int64_t m, int64_t n, int64_t from, int *a, int *b) {
  for (int w = threadIdx.x; w < TILE_LINES * TILE_WORDS; w += GCUT_CUDA_INTEGER_THREADS) {
    int word = w % TILE_WORDS, line = w / TILE_WORDS;
    a[word * TILE_PITCH + line] = pack_word([&](int i) { return a_at(job, z, m + line, from + word * 4 + i); });
    word = w / TILE_LINES, line = w % TILE_LINES;
    b[word * TILE_PITCH + line] = pack_word([&](int i) { return b_at(job, z, from + word * 4 + i, n + line); });
  }
}

__device__ inline void multiply_tiles(const int *a, const int *b, int row, int column, int (*sums)[LINES_A_THREAD]) {
#pragma unroll
  for (int w = 0; w < TILE_WORDS; w++)
#pragma unroll
    for (int i = 0; i < LINES_A_THREAD; i++)
#pragma unroll
      for (int j = 0; j < LINES_A_THREAD; j++)
        sums[i][j] = __dp4a(a[w * TILE_PITCH + row + i * 16], b[w * TILE_PITCH + column + j * 16], sums[i][j]);
}

__device__ inline void integer_tile(const gcut__cuda_integer_job &job, int64_t z, int64_t m, int64_t n) {
  __shared__ int a[TILE_WORDS * TILE_PITCH], b[TILE_WORDS * TILE_PITCH], lines[2 * TILE_LINES];
  int row = threadIdx.x / 16, column = threadIdx.x % 16, sums[LINES_A_THREAD][LINES_A_THREAD] = {}, line = 0;
  for (int64_t from = 0; from < job.k; from += TILE_WORDS * 4) {
    load_tiles(job, z, m, n, from, a, b);
    __syncthreads();
    multiply_tiles(a, b, row, column, sums);
    const int *mine = threadIdx.x < TILE_LINES ? a + threadIdx.x : b + threadIdx.x - TILE_LINES;
    if (threadIdx.x < 2 * TILE_LINES)
      for (int w = 0; w < TILE_WORDS; w++) line = __dp4a(mine[w * TILE_PITCH], 0x01010101, line);
    __syncthreads();
  }
  if (threadIdx.x < 2 * TILE_LINES) lines[threadIdx.x] = line;
  __syncthreads();
  for (int i = 0; i < LINES_A_THREAD; i++)
    for (int j = 0; j < LINES_A_THREAD; j++) {
      int64_t y = m + row + i * 16, x = n + column + j * 16;
      if (y >= job.m || x >= job.n) continue;
      uint32_t p = (uint32_t)zero_of(job.a, z % job.a_period, y), q = (uint32_t)zero_of(job.b, z, x);
      uint32_t of_a = (uint32_t)lines[row + i * 16], of_b = (uint32_t)lines[TILE_LINES + column + j * 16];
      job.y[(z * job.m + y) * job.n + x] = (int32_t)((uint32_t)sums[i][j] - q * of_a - p * of_b + p * q * (uint32_t)job.k);
    }
}

extern "C" __global__ void __launch_bounds__(GCUT_CUDA_INTEGER_THREADS) gcut_integer_product(const __grid_constant__ gcut__cuda_integer_job job) {
  int64_t rows = (job.m + TILE_LINES - 1) / TILE_LINES, columns = (job.n + TILE_LINES - 1) / TILE_LINES;
  for (int64_t tile = blockIdx.x; tile < job.batch * rows * columns; tile += gridDim.x) {
    int64_t z = tile / (rows * columns), rest = tile - z * rows * columns;
    integer_tile(job, z, rest / columns * TILE_LINES, rest % columns * TILE_LINES);
    __syncthreads();
  }
}
