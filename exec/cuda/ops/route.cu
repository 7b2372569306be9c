// Rows in the order of what they chose, and the tiles of a grouped product. A block for each choice: it counts how many
// rows chose what before it (so that no block waits for another), then lists its own rows in ascending order and their
// tiles. Counts are all that is added in no certain order.
#include "grouped.h"
#include "index.cuh"

namespace route {

enum { MOST_WARPS = GCUT_CUDA_ROUTE_THREADS / 32, AHEAD = 4 };

__device__ inline int warps() { return blockDim.x / 32; }

// Sum of what threads before this one have; *all: of all.
__device__ inline int64_t sum_before(int64_t x, int64_t *all) {
  __shared__ int64_t of_warp[MOST_WARPS];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  int64_t sum = x, before = 0;
  for (int by = 1; by < 32; by *= 2) {
    const int64_t other = __shfl_up_sync(~0u, sum, by);
    if (lane >= by) sum += other;
  }
  if (lane == 31) of_warp[warp] = sum;
  __syncthreads();
  *all = 0;
  for (int w = 0; w < warps(); w++) {
    if (w < warp) before += of_warp[w];
    *all += of_warp[w];
  }
  __syncthreads();
  return before + sum - x;
}

struct Block {
  const gcut__cuda_route_job &job;
  int32_t *counts; // [n_choices] shared

  // The choice of a row, counted from the first that is listed; none beyond the last row, or for one that is not.
  __device__ int choice_of(int64_t row) const {
    if (row >= job.n_rows) return -1;
    const int choice = (int)max(checked_index(job.indices, row, job.wide, job.all, job.fault, job.node), (int64_t)0) - job.first;
    return choice < job.n_choices ? choice : -1;
  }

  // A warp's rows follow one another: `from` is this lane's first.
  __device__ int64_t share() const { return (job.n_rows + blockDim.x - 1) / blockDim.x * 32; }
  __device__ int64_t from() const { return threadIdx.x / 32 * share() + threadIdx.x % 32; }

  // Counts all choices; how many of this warp's rows are this block's.
  __device__ int count() {
    int own = 0;
    for (int64_t i = 0; i < share(); i += 32 * AHEAD) {
      int choices[AHEAD];
#pragma unroll
      for (int j = 0; j < AHEAD; j++) choices[j] = i + j * 32 < share() ? choice_of(from() + i + j * 32) : -1;
#pragma unroll
      for (int j = 0; j < AHEAD; j++) {
        if (choices[j] >= 0) atomicAdd(&counts[choices[j]], 1);
        own += choices[j] == (int)blockIdx.x;
      }
    }
    return own;
  }

  // This block's rows from place `at` on, which is the same for all lanes of a warp.
  __device__ void list(int at) const {
    for (int64_t i = 0; i < share(); i += 32) {
      const bool own = choice_of(from() + i) == (int)blockIdx.x;
      const uint32_t all = __ballot_sync(~0u, own);
      const int place = at + __popc(all & ((1u << threadIdx.x % 32) - 1)), row = (int)(from() + i);
      if (own) job.order[place] = row, job.sources[place] = row / job.repeat;
      at += __popc(all);
    }
  }

  __device__ void list_tiles(int first, int end, int before) const {
    const int n = (end - first + job.tile_rows - 1) / job.tile_rows;
    for (int i = threadIdx.x; i < n; i += blockDim.x)
      job.tiles[before + i] = {(int32_t)blockIdx.x, first + i * job.tile_rows, end, 0};
    if (blockIdx.x + 1 == gridDim.x && threadIdx.x == 0) *job.n_tiles = before + n;
  }

  __device__ void run() {
    for (int i = threadIdx.x; i < job.n_choices; i += blockDim.x) counts[i] = 0;
    __syncthreads();
    const int own = count();
    __syncthreads();
    int64_t rows = 0, tiles = 0, first, before, all;
    for (int i = threadIdx.x; i < (int)blockIdx.x; i += blockDim.x)
      rows += counts[i], tiles += (counts[i] + job.tile_rows - 1) / job.tile_rows;
    sum_before(rows, &first);
    sum_before(tiles, &before);
    const int at = (int)(first + sum_before(own, &all));
    list(__shfl_sync(~0u, at, 0));
    list_tiles((int)first, (int)(first + all), (int)before);
  }
};

} // namespace route

extern "C" __global__ void __launch_bounds__(GCUT_CUDA_ROUTE_THREADS)
    gcut_route(const __grid_constant__ gcut__cuda_route_job job) {
  __shared__ int32_t counts[GCUT_CUDA_ROUTE_CHOICES];
  route::Block{job, counts}.run();
}
