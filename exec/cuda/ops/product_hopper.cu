// Products on Hopper: two warpgroups multiply (wgmma), a warp fetches (TMA) into a ring of stages ahead of them. A block
// computes tiles of 128 rows, a warpgroup 64 of them; two blocks of a cluster take tiles one below the other and share
// the tile of b, of which each fetches half for both. Blocks stay for many tiles, so that fetching goes on while results
// leave through shared memory. After NVIDIA's CUTLASS (the persistent cooperative kernel of its Hopper examples) and
// P. Shankhdhar, "Outperforming cuBLAS on H100" (2024), for what pays. Larger clusters (four, eight), which read less of
// L2, were slower by a quarter, and hints of what is to stay in L2 made no difference.
//
// One a may meet several b's, whose tiles follow one another; and what a model does with a product next (the sum with
// a bias or a residual, an activation, SwiGLU of two of them) is done to the sums in registers, every result rounded as
// the nodes would. The ring of stages fills up meanwhile, but nothing multiplies.
#include "finish.cuh"
#include "product_hopper.cuh"

#ifdef __CUDA_ARCH_FEAT_SM90_ALL

namespace products {
namespace wide {

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

template <typename T, int N, int STAGES, int PANELS, bool TURNED, int FINISH>
struct Worker : Sums<T, N, STAGES, PANELS, TURNED, false> {
  enum { WIDTH = width_of<N, FINISH>() };
  const gcut__cuda_product_wide &job;
  uint32_t panels_out = 0;
  uint32_t vector[8], matrix[8][2]; // what is added to a panel: pairs of columns, in two rows

  // What a tile reads beside its sums: this thread's first pair of columns, and the same in its two rows of the matrix.
  // Rows beyond the last are stored nowhere.
  const uint32_t *vector_at, *rows_at[2];
  int columns; // from this thread's first on

  __device__ Worker(const gcut__cuda_product_wide &job, Room<N, STAGES, PANELS> room, uint32_t group)
      : Sums<T, N, STAGES, PANELS, TURNED, false>{room, group}, job(job) {}

  __device__ void find_operands(const Tile &tile) {
    const int first = tile.row + this->group * 64 + threadIdx.x % 128 / 32 * 16 + threadIdx.x % 32 / 4, last = (int)job.base.m - 1;
    const int column = tile.column + threadIdx.x % 4 * 2;
    const T *skip = (const T *)job.skip + column;
    vector_at = (const uint32_t *)((const T *)job.vectors[tile.side] + column);
    rows_at[0] = (const uint32_t *)(skip + min(first, last) * job.base.ldc);
    rows_at[1] = (const uint32_t *)(skip + min(first + 8, last) * job.base.ldc);
    columns = job.n[tile.side] - column;
  }

  __device__ void fetch_vector(const Tile &tile, int panel) {
    const bool has_vector = job.vectors[tile.side] != NULL;
#pragma unroll
    for (int b = 0; b < 8; b++) {
      const int column = panel * 64 + b * 8;
      vector[b] = has_vector && column < columns ? vector_at[column / 2] : 0;
    }
  }

  __device__ void fetch_matrix(int panel) {
#pragma unroll
    for (int b = 0; b < 8; b++) {
      const int column = panel * 64 + b * 8;
      const bool inside = job.skip && column < columns;
      matrix[b][0] = inside ? rows_at[0][column / 2] : 0;
      matrix[b][1] = inside ? rows_at[1][column / 2] : 0;
    }
  }

  // ---- what becomes of sums: sum[b] are those of columns 8 b to 8 b + 7, of which a thread has a pair in two rows

  // A pair of columns in the first or second row, with the vector's, rounded.
  __device__ uint32_t rounded(int b, int row) {
    const bool after = (FINISH == GCUT_CUDA_FINISH_ADD || FINISH == GCUT_CUDA_FINISH_STEPS) && job.finish.adds_vector;
    const float2 bias = unpack<T>(after || FINISH == GCUT_CUDA_FINISH_SWIGLU ? 0 : vector[b % 8]);
    const uint32_t x = pack<T>(fmaf(job.base.alpha, this->sum[b][row * 2], bias.x), fmaf(job.base.alpha, this->sum[b][row * 2 + 1], bias.y));
    return after ? add_pairs<T>(x, vector[b % 8]) : x;
  }

  __device__ uint32_t finish(int b, int row) {
    const uint32_t x = rounded(b, row);
    if (FINISH == GCUT_CUDA_FINISH_ADD) return job.skip ? add_pairs<T>(x, matrix[b % 8][row]) : x;
    if (FINISH == GCUT_CUDA_FINISH_NONE) return x;
    const float2 gate = unpack<T>(x);
    const uint32_t turned = multiply_pairs<T>(x, pack<T>(quick_sigmoid(gate.x), quick_sigmoid(gate.y)));
    return multiply_pairs<T>(turned, rounded((b + WIDTH / 8) % (N / 8), row));
  }

  // ---- panels go through a ring of panels, which the copy engine empties

  __device__ uint32_t begin_panel() {
    const uint32_t to = this->room.c(this->group, panels_out++ % PANELS);
    if (threadIdx.x % 128 == 0) stores_wait<PANELS - 1>();
    this->wait_for_group();
    return to;
  }
  __device__ void end_panel(const Tile &tile, int panel, uint32_t from) {
    shared_written();
    this->wait_for_group();
    if (threadIdx.x % 128 == 0)
      store_box(&job.c_map[tile.side], from, tile.column + panel * 64, tile.row + this->group * 64, tile.batch), stores_commit();
  }

  __device__ void fetch_operands(const Tile &tile, int panel) {
    if (FINISH != GCUT_CUDA_FINISH_SWIGLU) fetch_vector(tile, panel);
    if (FINISH == GCUT_CUDA_FINISH_ADD) fetch_matrix(panel);
  }

  __device__ void store_tile(const Tile &tile) {
#pragma unroll
    for (int panel = 0; panel < WIDTH / 64; panel++) {
      const uint32_t to = begin_panel();
#pragma unroll
      for (int i = 0; i < 4; i++) {
        const int b = panel * 8 + i * 2;
        this->write_chunks(to, i, finish(b, 0), finish(b, 1), finish(b + 1, 0), finish(b + 1, 1));
      }
      if (panel + 1 < WIDTH / 64) fetch_operands(tile, panel + 1);
      end_panel(tile, panel, to);
    }
  }

  // ---- steps: the same code for every half of a panel, for there is much of it

  enum { HALF = 4, WORDS = HALF * 2 }; // blocks of eight columns
  typedef finish::Hand<WORDS> Hand;

  __device__ void take_half(int half, Hand *hand) {
#pragma unroll
    for (int i = 0; i < N / 8 / HALF; i++) {
      if (i != half) continue;
#pragma unroll
      for (int w = 0; w < WORDS; w++) hand->x[w] = rounded(i * HALF + w / 2, w % 2);
    }
  }

  __device__ void add_matrix(int half, Hand *hand) {
#pragma unroll
    for (int w = 0; w < WORDS; w++) {
      const int column = half * HALF * 8 + w / 2 * 8;
      hand->x[w] = add_pairs<T>(hand->x[w], column < columns ? rows_at[w % 2][column / 2] : 0);
    }
  }

  __device__ void store_walked(const Tile &tile) {
    uint32_t to = 0;
#pragma unroll 1
    for (int half = 0; half < N / 8 / HALF; half++) {
      Hand hand;
      take_half(half, &hand);
      if (half % 2) fetch_vector(tile, half / 2 + 1);
      finish::walk<T>(job.finish, &hand);
      if (job.skip) add_matrix(half, &hand);
      if (half % 2 == 0) to = begin_panel();
#pragma unroll
      for (int i = 0; i < HALF / 2; i++)
        this->write_chunks(to, half % 2 * (HALF / 2) + i, hand.x[i * 4], hand.x[i * 4 + 1], hand.x[i * 4 + 2], hand.x[i * 4 + 3]);
      if (half % 2) end_panel(tile, half / 2, to);
    }
  }

  // What the first panel reads has arrived long before it is needed.
  __device__ void run() {
    Tile tile;
    for (uint32_t round = 0; find_tile(job, round, WIDTH, &tile); round++) {
      find_operands(tile);
      fetch_operands(tile, 0);
      this->multiply_tile(job.base.k);
      if (FINISH == GCUT_CUDA_FINISH_STEPS) store_walked(tile);
      else store_tile(tile);
    }
    stores_finish();
  }
};

template <typename T, int N, int STAGES, int PANELS, bool TURNED, int FINISH>
__device__ inline void multiply(const gcut__cuda_product_wide &job) {
  extern __shared__ __align__(1024) uint8_t shared[];
  const auto room = Room<N, STAGES, PANELS>::begin(shared, 1);
  if (threadIdx.x < 128) {
    leave_registers<40>();
    if (threadIdx.x == 0) Feeder<N, STAGES, PANELS, TURNED, FINISH>{job, room}.run();
  } else {
    take_registers<232>();
    Worker<T, N, STAGES, PANELS, TURNED, FINISH>(job, room, threadIdx.x / 128 - 1).run();
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
  PRODUCT_WIDE(gcut_product_wide_##type##_128##suffix##_add, T, 128, 6, 2, TURNED, GCUT_CUDA_FINISH_ADD)               \
  PRODUCT_WIDE(gcut_product_wide_##type##_256##suffix##_swiglu, T, 256, 4, 2, TURNED, GCUT_CUDA_FINISH_SWIGLU)          \
  PRODUCT_WIDE(gcut_product_wide_##type##_256##suffix##_steps, T, 256, 4, 2, TURNED, GCUT_CUDA_FINISH_STEPS)            \
  PRODUCT_WIDE(gcut_product_wide_##type##_128##suffix##_steps, T, 128, 6, 2, TURNED, GCUT_CUDA_FINISH_STEPS)
PRODUCTS_WIDE(bf16, __nv_bfloat16, , false)
PRODUCTS_WIDE(bf16, __nv_bfloat16, _t, true)
PRODUCTS_WIDE(f16, __half, , false)
PRODUCTS_WIDE(f16, __half, _t, true)

#endif
