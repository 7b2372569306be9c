// Attention by blocks with a running softmax, on tensor cores (mma.m16n8k16), after FlashAttention-2 (Dao, 2023): a
// block of four warps takes 64 queries of a head; keys and values stream through two stages of shared memory. Tiles that
// the mask hides whole are skipped, tiles that it leaves alone are not read. A head of any multiple of eight is computed as
// one of the next size there is, with zeros behind it; heads longer than 128 leave registers for queries and room for a
// second stage to their sums. On Turing, where nothing is fetched ahead and a block has 64 KiB, values take the place of
// keys, so that two blocks share a processor, whose warps take turns.
#include "attend.cuh"
#include "mma.cuh"

namespace attention {

using namespace mma;

enum { TILE = GCUT_CUDA_ATTEND_TILE, THREADS = 128 };

// Tiles of shared memory: of keys and values for each stage, then one of queries where they stay behind; on Turing of keys
// or values, and of queries.
template <int D> struct Places {
  enum {
    KEPT = D <= GCUT_CUDA_ATTEND_KEPT, // queries, in registers
    STAGES = KEPT && !MMA_IS_TURING ? 2 : 1,
    VALUES = MMA_IS_TURING ? 0 : 1,
    QUERIES = VALUES + 1,
    TILES = MMA_IS_TURING ? GCUT_CUDA_ATTEND_TURING_TILES : KEPT ? GCUT_CUDA_ATTEND_TILES : GCUT_CUDA_ATTEND_LONG_TILES
  };
};

// Elements from a row of a tile to the next, and bytes of a tile.
template <int D> __device__ constexpr int row_step() { return D < 64 ? D : (D + 63) / 64 * 64; }
template <int D> __device__ constexpr uint32_t tile_bytes() { return TILE * row_step<D>() * 2; }

// Where row r, column c (a multiple of 8) of a tile lies: chunks of 16 bytes change places by row, so that eight rows of
// one column fall into different banks.
template <int D> __device__ inline uint32_t tile_at(uint32_t base, int r, int c) {
  constexpr int chunks = row_step<D>() / 8, mask = chunks >= 8 ? 7 : chunks - 1;
  return base + (uint32_t)(r * row_step<D>() + ((c / 8) ^ (r & mask)) * 8) * 2;
}

template <typename T, int D> __device__ inline void fetch_tile(uint32_t base, const T *from, int64_t stride, int first, int end, int size) {
  constexpr int chunks = D / 8;
  for (int i = threadIdx.x; i < TILE * chunks; i += THREADS) {
    int r = i / chunks, c = i % chunks * 8;
    bool there = first + r < end && c < size;
    fetch16(tile_at<D>(base, r, c), from + (there ? (int64_t)(first + r) * stride + c : 0), there ? 16 : 0);
  }
}

// The tiles of keys that a tile of queries meets, in order.
struct Walk {
  Kinds kinds;
  int end;

  __device__ Walk(const gcut__cuda_attend_job &job, int batch, int head, int qt) {
    kinds.look<false>(job, batch, head, qt);
    end = (job.n_keys + TILE - 1) / TILE;
    if (!job.causal) return;
    int last = qt * TILE + TILE - 1 + job.past; // the last key that any of these queries sees
    if (last / TILE + 1 < end) end = last < 0 ? 0 : last / TILE + 1;
  }
  __device__ int next(int t) const {
    while (t < end && kinds.mask && kinds.skip(kinds.mask[t])) t++;
    return t;
  }
};

// What the mask adds to columns c and c + 1 of a row.
template <typename T> __device__ inline float2 mask_pair(const gcut__cuda_attend_job &job, int64_t base, int r, int c) {
  if (r >= job.n_queries || c >= job.n_keys) return make_float2(0.0f, 0.0f);
  int64_t at = base + r * job.mask.row + c * job.mask.column;
  return make_float2(mask_at<T>(job.mask, at), c + 1 < job.n_keys ? mask_at<T>(job.mask, at + job.mask.column) : 0.0f);
}

// Queries of a warp, read once where registers last.
template <int D> struct Queries {
  enum { KEPT = Places<D>::KEPT };
  uint32_t kept[KEPT ? D / 16 : 1][4], tile;
  int row, column; // of the thread's first eight elements

  __device__ void read(uint32_t *to, int s) const { read_matrices(to, tile_at<D>(tile, row, s * 16 + column)); }
  __device__ void keep() {
    if constexpr (KEPT)
#pragma unroll
      for (int s = 0; s < D / 16; s++) read(kept[s], s);
  }
};

// score = queries times keys; `row` is the thread's of four matrices of 8 x 8.
template <typename T, int D>
__device__ inline void multiply_keys(const Queries<D> &queries, uint32_t keys, int matrix, int row, float (&score)[TILE / 8][4]) {
#pragma unroll
  for (int b = 0; b < TILE / 8; b++) score[b][0] = score[b][1] = score[b][2] = score[b][3] = 0.0f;
#pragma unroll
  for (int s = 0; s < D / 16; s++) {
    uint32_t again[4];
    if constexpr (!Queries<D>::KEPT) queries.read(again, s);
    const uint32_t *query = Queries<D>::KEPT ? queries.kept[Queries<D>::KEPT ? s : 0] : again;
#pragma unroll
    for (int b = 0; b < TILE / 16; b++) {
      uint32_t r[4];
      read_matrices(r, tile_at<D>(keys, b * 16 + (matrix / 2) * 8 + row, s * 16 + (matrix % 2) * 8));
      Mma<T>::run(score[2 * b], query, r);
      Mma<T>::run(score[2 * b + 1], query, r + 2);
    }
  }
}

// out += weights times values.
template <typename T, int D>
__device__ inline void add_values(const float (&score)[TILE / 8][4], uint32_t values, int matrix, int row, float (&out)[D / 8][4]) {
#pragma unroll
  for (int s = 0; s < TILE / 16; s++) {
    uint32_t weights[4];
    pack_weights<T>(&score[2 * s], weights);
#pragma unroll
    for (int d = 0; d < D / 16; d++) {
      uint32_t r[4];
      read_matrices_turned(r, tile_at<D>(values, s * 16 + (matrix % 2) * 8 + row, d * 16 + (matrix / 2) * 8));
      Mma<T>::run(out[2 * d], weights, r);
      Mma<T>::run(out[2 * d + 1], weights, r + 2);
    }
  }
}

template <typename T, int D> __device__ inline void attend(const gcut__cuda_attend_job &job) {
  extern __shared__ __align__(1024) uint8_t shared[];
  enum { STAGES = Places<D>::STAGES, VALUES = Places<D>::VALUES };
  static_assert(Places<D>::TILES * tile_bytes<D>() <= (MMA_IS_TURING ? 64 : 99) << 10, "load_16_tiles in attend_launch.c asks for as much");
  const uint32_t tiles = (uint32_t)__cvta_generic_to_shared(shared);
  const int lane = threadIdx.x % 32, matrix = lane / 8, matrix_row = lane % 8, warp_row = threadIdx.x / 32 * 16;
  const int head = blockIdx.x, batch = blockIdx.z, qt = (int)(gridDim.y - 1 - blockIdx.y); // the longest first
  const T *q = (const T *)job.q + batch * job.q_batch + head * job.q_head;
  const T *k = (const T *)job.k + batch * job.k_batch + head / job.group * job.k_head;
  const T *v = (const T *)job.v + batch * job.v_batch + head / job.group * job.v_head;
  const Walk walk(job, batch, head, qt);
  const int64_t mask = batch * job.mask.batch + head * job.mask.head;
  const int row = qt * TILE + warp_row + lane / 4;

  auto fetch_values = [&](int stage, int t) {
    fetch_tile<T, D>(tiles + (2 * stage + VALUES) * tile_bytes<D>(), v, job.v_row, t * TILE, job.n_keys, job.v_size);
  };
  auto fetch = [&](int stage, int t) {
    if (t < walk.end) {
      fetch_tile<T, D>(tiles + 2 * stage * tile_bytes<D>(), k, job.k_row, t * TILE, job.n_keys, job.size);
      if (VALUES) fetch_values(stage, t);
    }
    fetch_commit();
  };

  // Queries that are kept pass through the second stage, where there are two.
  Queries<D> queries;
  queries.tile = tiles + Places<D>::QUERIES * tile_bytes<D>();
  queries.row = warp_row + (matrix % 2) * 8 + matrix_row;
  queries.column = (matrix / 2) * 8;
  fetch_tile<T, D>(queries.tile, q, job.q_row, qt * TILE, job.n_queries, job.size);
  fetch_commit();
  int now = walk.next(0), stage = 0;
  fetch(0, now);
  fetch_wait<1>();
  __syncthreads();
  queries.keep();
  __syncthreads();

  float out[D / 8][4] = {};
  Rows rows = first_rows<T>(job, head);
  while (now < walk.end) {
    int after = walk.next(now + 1);
    if (STAGES == 2) fetch(stage ^ 1, after);
    fetch_wait<STAGES - 1>();
    __syncthreads();
    float score[TILE / 8][4], factor[2], unit = job.scale;
    multiply_keys<T, D>(queries, tiles + 2 * stage * tile_bytes<D>(), matrix, matrix_row, score);
    if (job.softcap > 0.0f) {
      cap_scores(job, score);
      unit = 1.0f;
    }
    const int column = now * TILE + lane % 4 * 2;
    const bool edge = (now + 1) * TILE > job.n_keys || (job.causal && (now + 1) * TILE - 1 > qt * TILE + job.past);
    if (walk.kinds.mask && walk.kinds.mask[now] != ALL_ZERO) {
      cover<NEAR_LEAST<T>, false>(job.mask.ceiling, unit, score, [&](int b, float2 (&m)[2][2]) {
#pragma unroll
        for (int i = 0; i < 4; i++) m[i / 2][i % 2] = mask_pair<T>(job, mask, row + i % 2 * 8, column + (b + i / 2) * 8);
      });
      unit = 1.0f;
    } else if (!(unit > 0.0f)) {
      scale_all(unit, score);
      unit = 1.0f;
    }
    if (edge) hide_rest(job, row, column, score);
    weigh(score, unit, rows, factor);
    scale_rows(out, factor);
    if (!VALUES) {
      __syncthreads();
      fetch_values(stage, now);
      __syncthreads();
    }
    add_values<T, D>(score, tiles + (2 * stage + VALUES) * tile_bytes<D>(), matrix, matrix_row, out);
    __syncthreads();
    if (STAGES == 1) fetch(0, after);
    else stage ^= 1;
    now = after;
  }
  store_rows<T>(job, batch, head, row, out, rows);
}

} // namespace attention

#define ATTEND(name, T, D)                                                                                             \
  extern "C" __global__ void __launch_bounds__(attention::THREADS, 2)                                                  \
      name(const __grid_constant__ gcut__cuda_attend_job job) {                                                        \
    attention::attend<T, D>(job);                                                                                      \
  }
#define ATTEND_ALL(name, T)                                                                                            \
  ATTEND(name##_16, T, 16)                                                                                             \
  ATTEND(name##_32, T, 32)                                                                                             \
  ATTEND(name##_64, T, 64)                                                                                             \
  ATTEND(name##_96, T, 96)                                                                                             \
  ATTEND(name##_128, T, 128)                                                                                           \
  ATTEND(name##_192, T, 192)                                                                                           \
  ATTEND(name##_256, T, 256)
#if MMA_IS_TURING
ATTEND_ALL(gcut_attend_small_bf16, __nv_bfloat16)
ATTEND_ALL(gcut_attend_small_f16, __half)
#else
ATTEND_ALL(gcut_attend_bf16, __nv_bfloat16)
ATTEND_ALL(gcut_attend_f16, __half)
#endif
