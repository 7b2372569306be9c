// Grouped products on Hopper: as product_hopper.cu, but that four warps copy rows of a (cp.async), which lie anywhere,
// in place of the copy engine, which takes them from b's alone; and that threads store rows of results, from shared
// memory, where they belong. A cluster's tile has up to 256 rows of one choice, of which each block takes half; where
// there are 128 or fewer, one warpgroup of each has 64, so that neither block multiplies what nobody asked for.
//
// SWIGLU: a b has gates and their other sides side by side, of which a tile has as many columns each; the result is
// SwiGLU of both.
#include "formulas.cuh"
#include "grouped.h"
#include "mma.cuh"
#include "product_hopper.cuh"
#include "types.cuh"

#ifdef __CUDA_ARCH_FEAT_SM90_ALL

namespace products {
namespace grouped {

using namespace wide;

enum { N = GCUT_CUDA_GROUPED_WIDE_N, STAGES = 4, PANELS = 2, COPIERS = 128 };
typedef Room<N, STAGES, PANELS> Space;

struct Tile {
  int first, rows, column, choice; // of this block: the first of the order, how many
};

// Columns of the result that a tile is.
template <bool SWIGLU> constexpr int width_of() { return SWIGLU ? N / 2 : N; }

// Tiles go down a band of rows, then along it. Some have less work: clusters take turns at them.
__device__ inline bool find_tile(const gcut__cuda_grouped_job &job, uint32_t round, int width, Tile *out) {
  const uint32_t rows = *job.n_tiles, columns = (uint32_t)(job.base.n + width - 1) / width, clusters = gridDim.x / CLUSTER;
  const uint32_t at = round * clusters + (blockIdx.x / CLUSTER + round) % clusters;
  if (at >= rows * columns) return false;
  const uint32_t band = at / (BAND * columns), within = at - band * BAND * columns, high = min((uint32_t)BAND, rows - band * BAND);
  const gcut__cuda_grouped_tile tile = job.tiles[band * BAND + within % high];
  const int share = tile.end - tile.first > M ? M : M / CLUSTER;
  out->first = tile.first + blockIdx.x % CLUSTER * share;
  out->rows = max(0, min(share, tile.end - out->first));
  out->column = (int)(within / high) * width;
  out->choice = tile.choice;
  return true;
}

// ---- the fetching warps: a thread copies a chunk of 16 bytes of each sixteenth row

template <typename T, bool TURNED, bool SWIGLU> struct Feeder {
  enum { APART = COPIERS / 8, EACH = M / APART, HALF = N / CLUSTER, WIDTH = width_of<SWIGLU>() };
  const gcut__cuda_grouped_wide &wide;
  const gcut__cuda_grouped_job &job;
  const Space room;
  uint32_t chunks[EACH]; // where each row begins, in chunks

  __device__ int row() const { return threadIdx.x / 8; }
  __device__ int chunk() const { return threadIdx.x % 8; }

  __device__ void find_rows(const Tile &tile) {
#pragma unroll
    for (int i = 0; i < EACH; i++) {
      const int r = row() + i * APART;
      chunks[i] = r < tile.rows ? (uint32_t)job.sources[tile.first + r] * (uint32_t)(job.base.k / 8) : 0;
    }
  }

  // Rows that a tile lacks keep what was there: nothing of it is stored. Beyond the last column there are zeros.
  __device__ void copy_a(const Tile &tile, uint32_t stage, int k) {
    const int column = k / 8 + chunk(), bytes = column * 8 < job.base.k ? 16 : 0;
    const uint32_t to = room.a(stage) + row() * ROW_BYTES + (chunk() ^ row() % 8) * 16;
    const uint4 *from = (const uint4 *)job.base.a + (bytes ? column : 0);
#pragma unroll
    for (int i = 0; i < EACH; i++)
      if (row() + i * APART < tile.rows) mma::fetch16(to + i * APART * ROW_BYTES, from + chunks[i], bytes);
    copies_arrive(room.full(stage));
  }

  // This block's half of b's tile, for both: of SwiGLU gates, or their other sides.
  __device__ void fetch_b(const Tile &tile, uint32_t stage, int k) {
    const int rank = blockIdx.x % CLUSTER, box = TURNED ? HALF : 64, first = tile.column + rank * (SWIGLU ? (int)job.base.n : HALF);
    barrier_expect(room.full(stage), Space::B_BYTES);
#pragma unroll
    for (int i = 0; i < HALF; i += box) {
      const uint32_t to = room.b(stage) + (rank * HALF + i) * (TURNED ? ROW_BYTES : B_PANEL / 64);
      const int column = first + i;
      fetch_box_to_all(to, &wide.b_map, room.full(stage), TURNED ? k : column, TURNED ? column : k, tile.choice, (1 << CLUSTER) - 1);
    }
  }

  __device__ void run() {
    Tile tile;
    Ring<STAGES> ring;
    for (uint32_t round = 0; find_tile(job, round, WIDTH, &tile); round++) {
      find_rows(tile);
      for (int k = 0; k < job.base.k; k += K, ring.next()) {
        barrier_wait(room.free(ring.stage), ring.odd ^ 1);
        if (threadIdx.x == 0) fetch_b(tile, ring.stage, k);
        copy_a(tile, ring.stage, k);
      }
    }
  }
};

// ---- the multiplying warpgroups

template <typename T, bool TURNED, bool SWIGLU> struct Worker {
  enum { APART = 128 / 8, EACH = 64 / APART, WIDTH = width_of<SWIGLU>() };
  const gcut__cuda_grouped_job &job;
  Sums<T, N, STAGES, PANELS, TURNED, true> sums;
  uint32_t panels_out = 0;
  int places[EACH]; // of the rows of which this thread stores a chunk; -1: none

  __device__ void find_places(const Tile &tile) {
#pragma unroll
    for (int i = 0; i < EACH; i++) {
      const int r = sums.group * 64 + threadIdx.x % 128 / 8 + i * APART;
      places[i] = r < tile.rows ? job.order[tile.first + r] : -1;
    }
  }

  __device__ uint32_t rounded(int b, int row) const { return pack<T>(sums.sum[b][row * 2], sums.sum[b][row * 2 + 1]); }

  // A pair of columns in the first or second row.
  __device__ uint32_t pair(int b, int row) const {
    const uint32_t x = rounded(b, row);
    if (!SWIGLU) return x;
    const float2 gate = unpack<T>(x);
    const uint32_t turned = multiply_pairs<T>(x, pack<T>(quick_sigmoid(gate.x), quick_sigmoid(gate.y)));
    return multiply_pairs<T>(turned, rounded((b + WIDTH / 8) % (N / 8), row));
  }

  __device__ void write_panel(int panel, uint32_t to) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      const int b = panel * 8 + i * 2;
      sums.write_chunks(to, i, pair(b, 0), pair(b, 1), pair(b + 1, 0), pair(b + 1, 1));
    }
  }

  __device__ void store_panel(const Tile &tile, int panel, uint32_t from) {
    const int row = threadIdx.x % 128 / 8, chunk = threadIdx.x % 8, column = tile.column + panel * 64 + chunk * 8;
    if (column >= job.base.n) return;
#pragma unroll
    for (int i = 0; i < EACH; i++) {
      const uint4 x = read_chunk(from + (row + i * APART) * ROW_BYTES + (chunk ^ row % 8) * 16);
      if (places[i] >= 0) *(uint4 *)((T *)job.base.c + places[i] * job.base.ldc + column) = x;
    }
  }

  // Panels in turns: who writes one again has met all who read it at the barrier of the one between.
  __device__ void store_tile(const Tile &tile) {
#pragma unroll
    for (int panel = 0; panel < WIDTH / 64; panel++) {
      const uint32_t at = sums.room.c(sums.group, panels_out++ % PANELS);
      write_panel(panel, at);
      sums.wait_for_group();
      store_panel(tile, panel, at);
    }
  }

  __device__ void run() {
    Tile tile;
    for (uint32_t round = 0; find_tile(job, round, WIDTH, &tile); round++) {
      if (tile.rows <= sums.group * 64) {
        sums.skip_tile(job.base.k);
        continue;
      }
      find_places(tile);
      sums.multiply_tile(job.base.k);
      store_tile(tile);
    }
  }
};

template <typename T, bool TURNED, bool SWIGLU> __device__ inline void multiply(const gcut__cuda_grouped_wide &job) {
  extern __shared__ __align__(1024) uint8_t shared[];
  const Space room = Space::begin(shared, 1 + COPIERS);
  if (threadIdx.x < COPIERS) {
    leave_registers<56>();
    Feeder<T, TURNED, SWIGLU>{job, job.grouped, room}.run();
  } else {
    take_registers<224>();
    Worker<T, TURNED, SWIGLU>{job.grouped, {room, threadIdx.x / 128 - 1}}.run();
  }
  __syncwarp();
  cluster_barrier(); // the other block may still free stages of this one
}

} // namespace grouped
} // namespace products

#define GROUPED_WIDE(name, T, TURNED, SWIGLU)                                                                          \
  extern "C" __global__ void __cluster_dims__(GCUT_CUDA_PRODUCT_CLUSTER, 1, 1)                                         \
      __launch_bounds__(GCUT_CUDA_PRODUCT_WIDE_THREADS, 1) name(const __grid_constant__ gcut__cuda_grouped_wide job) { \
    products::grouped::multiply<T, TURNED, SWIGLU>(job);                                                               \
  }
#define GROUPEDS_WIDE(type, T)                                                                                         \
  GROUPED_WIDE(gcut_grouped_wide_##type, T, false, false)                                                              \
  GROUPED_WIDE(gcut_grouped_wide_##type##_t, T, true, false)                                                           \
  GROUPED_WIDE(gcut_grouped_wide_##type##_swiglu, T, false, true)                                                      \
  GROUPED_WIDE(gcut_grouped_wide_##type##_t_swiglu, T, true, true)
GROUPEDS_WIDE(bf16, __nv_bfloat16)
GROUPEDS_WIDE(f16, __half)

#endif
