// Products on Hopper: two warpgroups multiply (wgmma), a warp fetches (TMA) into a ring of stages ahead of them. A block
// computes tiles of 128 rows, a warpgroup 64 of them; two blocks of a cluster take tiles one below the other and share
// the tile of b, of which each fetches half for both. Blocks stay for many tiles, so that fetching goes on while results
// leave through shared memory. After NVIDIA's CUTLASS (the persistent cooperative kernel of its Hopper examples) and
// P. Shankhdhar, "Outperforming cuBLAS on H100" (2024), for what pays. Larger clusters (four, eight), which read less of
// L2, were slower by a quarter, and hints of what is to stay in L2 made no difference.
//
// One a may meet several b's, whose tiles follow one another; and what a decoder does with a product next (the sum with
// a residual, SwiGLU of two of them) is done to the sums in registers, every result rounded as the nodes would.
#include "formulas.cuh"
#include "hopper.cuh"
#include "product.h"
#include "types.cuh"

#ifdef __CUDA_ARCH_FEAT_SM90_ALL

namespace products {
namespace wide {

using namespace hopper;

enum {
  M = GCUT_CUDA_PRODUCT_WIDE_M,
  K = GCUT_CUDA_PRODUCT_WIDE_K, // of a stage
  CLUSTER = GCUT_CUDA_PRODUCT_CLUSTER,
  GROUPS = M / 64,           // warpgroups that multiply
  ROW_BYTES = 128,           // of a panel: 64 elements
  A_BYTES = M * ROW_BYTES,   // of a stage
  B_PANEL = K * ROW_BYTES,   // 64 columns of b
  C_PANEL = 64 * ROW_BYTES,  // 64 rows and columns of c
  BAND = 8                   // rows of clusters that run through b together
};

// ---- shared memory: stages of a and b, panels of c of each warpgroup, barriers

template <int N, int STAGES, int PANELS> struct Room {
  static constexpr uint32_t B_BYTES = N * ROW_BYTES, STAGE = A_BYTES + B_BYTES;
  uint32_t base;

  __device__ uint32_t a(uint32_t stage) const { return base + stage * STAGE; }
  __device__ uint32_t b(uint32_t stage) const { return a(stage) + A_BYTES; }
  __device__ uint32_t c(uint32_t group, uint32_t panel) const { return base + STAGES * STAGE + (group * PANELS + panel) * C_PANEL; }
  __device__ uint32_t full(uint32_t stage) const { return c(GROUPS, 0) + stage * 8; }
  __device__ uint32_t free(uint32_t stage) const { return full(STAGES) + stage * 8; }
};

// How far a ring of stages has been filled or used.
template <int STAGES> struct Ring {
  uint32_t stage = 0, odd = 0;
  __device__ void next() {
    if (++stage == STAGES) stage = 0, odd ^= 1;
  }
};

// ---- the order of tiles: down a band of rows, then along it, so that blocks at work share rows and columns in L2

struct Tile {
  int row, column, side, batch; // the first row and column
};

// The side of a tile, by its number among those of all sides, and its column there.
__device__ inline void find_side(const gcut__cuda_product_wide &job, int number, int width, Tile *out) {
  out->side = 0;
#pragma unroll
  for (int i = 1; i < GCUT_CUDA_SIDES; i++)
    if (i < job.n_sides && out->side == i - 1 && number >= job.tiles[i - 1]) number -= job.tiles[i - 1], out->side = i;
  out->column = number * width;
}

// `width`: columns of the result that a tile is.
__device__ inline bool find_tile(const gcut__cuda_product_wide &job, uint32_t round, int width, Tile *out) {
  const uint32_t rows = (uint32_t)((job.base.m + CLUSTER * M - 1) / (CLUSTER * M)), columns = (uint32_t)job.all_tiles;
  uint32_t at = (blockIdx.x + round * gridDim.x) / CLUSTER;
  const uint32_t batch = at / (rows * columns);
  if (batch >= job.base.batch) return false;
  at -= batch * rows * columns;
  const uint32_t band = at / (BAND * columns), within = at - band * BAND * columns, high = min((uint32_t)BAND, rows - band * BAND);
  out->row = (int)((band * BAND + within % high) * CLUSTER + blockIdx.x % CLUSTER) * M;
  out->batch = (int)batch;
  find_side(job, (int)(within / high), width, out);
  return true;
}

// ---- the fetching warp

// What becomes of sums: columns of the result that a tile is, of N columns of b.
template <int N, int FINISH> constexpr int width_of() { return FINISH == GCUT_CUDA_FINISH_SWIGLU ? N / 2 : N; }

template <int N, int STAGES, int PANELS, bool TURNED, int FINISH> struct Feeder {
  enum { WIDTH = width_of<N, FINISH>() };
  const gcut__cuda_product_wide &job;
  const Room<N, STAGES, PANELS> room;

  // Columns of b's tile from `first` on, as many as a box has, for both blocks. The second half of a tile may be another's.
  __device__ void fetch_columns(const Tile &tile, uint32_t stage, int first, int k, int batch) {
    const gcut__cuda_tensor_map *map = &job.b_map[first < WIDTH ? tile.side : 1];
    const uint32_t to = room.b(stage) + first * (TURNED ? ROW_BYTES : B_PANEL / 64);
    const int column = tile.column + first % WIDTH;
    fetch_box_to_all(to, map, room.full(stage), TURNED ? k : column, TURNED ? column : k, batch, (1 << CLUSTER) - 1);
  }

  // This block's half of b's tile.
  __device__ void fetch_b(const Tile &tile, uint32_t stage, int k, int batch) {
    const int rank = blockIdx.x % CLUSTER, box = TURNED ? N / CLUSTER : 64;
#pragma unroll
    for (int i = 0; i < N / CLUSTER; i += box) fetch_columns(tile, stage, rank * (N / CLUSTER) + i, k, batch);
  }

  __device__ void run() {
    Tile tile;
    Ring<STAGES> ring;
    for (uint32_t round = 0; find_tile(job, round, WIDTH, &tile); round++) {
      const int a_batch = job.base.stride_a ? tile.batch : 0, b_batch = job.base.stride_b ? tile.batch : 0;
      for (int k = 0; k < job.base.k; k += K, ring.next()) {
        barrier_wait(room.free(ring.stage), ring.odd ^ 1);
        barrier_expect(room.full(ring.stage), room.STAGE);
        fetch_box(room.a(ring.stage), &job.a_map, room.full(ring.stage), k, tile.row, a_batch, 0);
        fetch_b(tile, ring.stage, k, b_batch);
      }
    }
  }
};

// ---- the multiplying warpgroups

template <typename T, int N, int STAGES, int PANELS, bool TURNED, int FINISH> struct Worker {
  enum { WIDTH = width_of<N, FINISH>() };
  const gcut__cuda_product_wide &job;
  const Room<N, STAGES, PANELS> room;
  const uint32_t group;
  Ring<STAGES> ring;
  uint32_t panels_out = 0;
  float sum[N / 8][4];
  uint32_t skip[8][2]; // what is added to a panel: pairs of columns, in two rows

  // A block's warpgroups free a stage in each block of the cluster: all of these wrote to it.
  __device__ void free_stage(uint32_t stage) {
    if (threadIdx.x % 128 < CLUSTER) barrier_arrive_at(room.free(stage), threadIdx.x % 128);
  }

  __device__ void multiply_stage(bool add) {
    const uint64_t a = matrix_at(room.a(ring.stage) + group * 64 * ROW_BYTES, 16);
    const uint64_t b = matrix_at(room.b(ring.stage), TURNED ? 16 : B_PANEL);
    pin(sum);
    products_begin();
#pragma unroll
    for (int s = 0; s < K / 16; s++)
      Product<T>::template multiply<!TURNED>(sum, a + s * 32 / 16, b + s * (TURNED ? 32 : 16 * ROW_BYTES) / 16, add || s > 0);
    products_commit();
  }

  // A stage is free when the products of the next one have begun and its own are done.
  __device__ void multiply_tile() {
    uint32_t before = 0;
    for (int k = 0; k < job.base.k; k += K, ring.next()) {
      barrier_wait(room.full(ring.stage), ring.odd);
      multiply_stage(k > 0);
      products_wait<1>();
      if (k > 0) free_stage(before);
      before = ring.stage;
    }
    products_wait<0>();
    pin(sum);
    free_stage(before);
  }

  __device__ void wait_for_group() { named_barrier(1 + group, 128); }

  // ---- what becomes of sums: sum[b] are those of columns 8 b to 8 b + 7, of which a thread has a pair in two rows

  __device__ int column_of(const Tile &tile, int b) const { return tile.column + b * 8 + threadIdx.x % 4 * 2; }

  // Brings what will be added to a panel. Rows beyond the last are stored nowhere.
  __device__ void fetch_skip(const Tile &tile, int panel) {
    const int first = tile.row + group * 64 + threadIdx.x % 128 / 32 * 16 + threadIdx.x % 32 / 4, last = (int)job.base.m - 1;
    const uint32_t *top = (const uint32_t *)((const T *)job.skip + min(first, last) * job.base.ldc + column_of(tile, panel * 8));
    const uint32_t *low = (const uint32_t *)((const T *)job.skip + min(first + 8, last) * job.base.ldc + column_of(tile, panel * 8));
#pragma unroll
    for (int b = 0; b < 8; b++) {
      const bool inside = tile.column + (panel * 8 + b) * 8 < job.base.n;
      skip[b][0] = inside ? top[b * 4] : 0;
      skip[b][1] = inside ? low[b * 4] : 0;
    }
  }

  // alpha times a pair of sums, plus the bias of their columns.
  __device__ uint32_t scaled(float x, float y, float2 bias) {
    return pack<T>(fmaf(job.base.alpha, x, bias.x), fmaf(job.base.alpha, y, bias.y));
  }
  __device__ float2 bias_at(int column) {
    const T *bias = (const T *)job.base.bias;
    if (FINISH != GCUT_CUDA_FINISH_NONE || !bias) return make_float2(0.0f, 0.0f);
    return make_float2(column < job.base.n ? (float)bias[column] : 0.0f, column + 1 < job.base.n ? (float)bias[column + 1] : 0.0f);
  }

  // A pair of columns in the first or second row.
  __device__ uint32_t finish(int b, int row, float2 bias) {
    const uint32_t x = scaled(sum[b][row * 2], sum[b][row * 2 + 1], bias);
    if (FINISH == GCUT_CUDA_FINISH_ADD) return add_pairs<T>(x, skip[b % 8][row]);
    if (FINISH == GCUT_CUDA_FINISH_NONE) return x;
    const int up = (b + WIDTH / 8) % (N / 8);
    const float2 gate = unpack<T>(x);
    const uint32_t turned = multiply_pairs<T>(x, pack<T>(quick_sigmoid(gate.x), quick_sigmoid(gate.y)));
    return multiply_pairs<T>(turned, scaled(sum[up][row * 2], sum[up][row * 2 + 1], bias));
  }

  // A panel of 64 columns into shared memory, as the copy engine will read it: chunk c of row r at c ^ r % 8.
  __device__ void write_panel(const Tile &tile, int panel, uint32_t to) {
    const uint32_t lane = threadIdx.x % 32, row = threadIdx.x % 128 / 32 * 16 + lane % 16;
#pragma unroll
    for (int i = 0; i < 4; i++) {
      const int b = panel * 8 + i * 2;
      const float2 left = bias_at(column_of(tile, b)), right = bias_at(column_of(tile, b + 1));
      write_matrices(to + row * ROW_BYTES + ((i * 2 + lane / 16) ^ (row % 8)) * 16, finish(b, 0, left), finish(b, 1, left),
                     finish(b + 1, 0, right), finish(b + 1, 1, right));
    }
  }

  // Panel by panel through a ring of panels, which the copy engine empties.
  __device__ void store_tile(const Tile &tile) {
    const bool first = threadIdx.x % 128 == 0;
#pragma unroll
    for (int panel = 0; panel < WIDTH / 64; panel++) {
      const uint32_t to = room.c(group, panels_out % PANELS);
      panels_out++;
      if (first) stores_wait<PANELS - 1>();
      wait_for_group();
      write_panel(tile, panel, to);
      if (FINISH == GCUT_CUDA_FINISH_ADD && panel + 1 < WIDTH / 64) fetch_skip(tile, panel + 1);
      shared_written();
      wait_for_group();
      if (first) store_box(&job.c_map[tile.side], to, tile.column + panel * 64, tile.row + group * 64, tile.batch), stores_commit();
    }
  }

  __device__ void run() {
    Tile tile;
    for (uint32_t round = 0; find_tile(job, round, WIDTH, &tile); round++) {
      if (FINISH == GCUT_CUDA_FINISH_ADD) fetch_skip(tile, 0); // it has arrived long before it is needed
      multiply_tile();
      store_tile(tile);
    }
    stores_finish();
  }
};

template <typename T, int N, int STAGES, int PANELS, bool TURNED, int FINISH>
__device__ inline void multiply(const gcut__cuda_product_wide &job) {
  extern __shared__ __align__(1024) uint8_t shared[];
  const Room<N, STAGES, PANELS> room = {((uint32_t)__cvta_generic_to_shared(shared) + 1023) / 1024 * 1024};
  if (threadIdx.x == 0) {
    for (int i = 0; i < STAGES; i++) barrier_init(room.full(i), 1), barrier_init(room.free(i), GROUPS * CLUSTER);
    barriers_ready();
  }
  cluster_barrier();
  if (threadIdx.x < 128) {
    leave_registers<40>();
    if (threadIdx.x == 0) Feeder<N, STAGES, PANELS, TURNED, FINISH>{job, room}.run();
  } else {
    take_registers<232>();
    Worker<T, N, STAGES, PANELS, TURNED, FINISH>{job, room, threadIdx.x / 128 - 1}.run();
  }
  __syncwarp();
  cluster_barrier(); // the other block may still free stages of this one
}

} // namespace wide
} // namespace products

#define PRODUCT_WIDE(name, T, N, STAGES, PANELS, TURNED, FINISH)                                                       \
  extern "C" __global__ void __cluster_dims__(GCUT_CUDA_PRODUCT_CLUSTER, 1, 1)                                         \
      __launch_bounds__(GCUT_CUDA_PRODUCT_WIDE_THREADS, 1) name(const __grid_constant__ gcut__cuda_product_wide job) { \
    products::wide::multiply<T, N, STAGES, PANELS, TURNED, FINISH>(job);                                               \
  }
#define PRODUCTS_WIDE(type, T, suffix, TURNED)                                                                         \
  PRODUCT_WIDE(gcut_product_wide_##type##_256##suffix, T, 256, 4, 2, TURNED, GCUT_CUDA_FINISH_NONE)                    \
  PRODUCT_WIDE(gcut_product_wide_##type##_128##suffix, T, 128, 6, 2, TURNED, GCUT_CUDA_FINISH_NONE)                    \
  PRODUCT_WIDE(gcut_product_wide_##type##_256##suffix##_add, T, 256, 4, 2, TURNED, GCUT_CUDA_FINISH_ADD)               \
  PRODUCT_WIDE(gcut_product_wide_##type##_256##suffix##_swiglu, T, 256, 4, 2, TURNED, GCUT_CUDA_FINISH_SWIGLU)
PRODUCTS_WIDE(bf16, __nv_bfloat16, , false)
PRODUCTS_WIDE(bf16, __nv_bfloat16, _t, true)
PRODUCTS_WIDE(f16, __half, , false)
PRODUCTS_WIDE(f16, __half, _t, true)

#endif
