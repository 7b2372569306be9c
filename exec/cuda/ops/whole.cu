// A block a tile of 16 x 16, an element a thread. Sums wrap around, so that of 64 bits the low ones are those of any type.
#include "types.cuh"
#include "whole.h"

enum { WHOLE_TILE = GCUT_CUDA_WHOLE_TILE };

__device__ inline uint64_t whole_tile(const gcut__cuda_whole_job &job, int64_t z, int64_t row, int64_t column) {
  __shared__ uint64_t a[WHOLE_TILE][WHOLE_TILE], b[WHOLE_TILE][WHOLE_TILE + 1];
  int y = threadIdx.x / WHOLE_TILE, x = threadIdx.x % WHOLE_TILE;
  uint64_t sum = 0;
  for (int64_t from = 0; from < job.k; from += WHOLE_TILE) {
    bool in_a = row < job.m && from + x < job.k, in_b = column < job.n && from + y < job.k;
    a[y][x] = in_a ? (uint64_t)load_as<int64_t>(job.a, z * job.step_a + row * job.k + from + x, job.type) : 0;
    b[y][x] = in_b ? (uint64_t)load_as<int64_t>(job.b, z * job.step_b + (from + y) * job.n + column, job.type) : 0;
    __syncthreads();
    for (int k = 0; k < WHOLE_TILE; k++) sum += a[y][k] * b[k][x];
    __syncthreads();
  }
  return sum;
}

extern "C" __global__ void __launch_bounds__(GCUT_CUDA_WHOLE_THREADS) gcut_whole_product(const __grid_constant__ gcut__cuda_whole_job job) {
  int64_t rows = (job.m + WHOLE_TILE - 1) / WHOLE_TILE, columns = (job.n + WHOLE_TILE - 1) / WHOLE_TILE;
  for (int64_t tile = blockIdx.x; tile < job.batch * rows * columns; tile += gridDim.x) {
    int64_t z = tile / (rows * columns), rest = tile - z * rows * columns;
    int64_t row = rest / columns * WHOLE_TILE + threadIdx.x / WHOLE_TILE, column = rest % columns * WHOLE_TILE + threadIdx.x % WHOLE_TILE;
    uint64_t sum = whole_tile(job, z, row, column);
    if (row < job.m && column < job.n) store_as<int64_t>(job.y, (z * job.m + row) * job.n + column, job.type, (int64_t)sum);
  }
}
