// Which tiles of keys a tile of queries meets, by a mask's own account, for kernels that pass over the others. Of a mask
// that every head has its own of, a tile's corners are read first: where none hides anything and something is added, which
// is all of a position bias, the tile is met, whatever else is in it. Kernels read such a mask once, then, not twice.
#include "attend.cuh"

namespace attention {

enum { VISIBLE = 1, FINITE = 2, OTHER = 4, COVERED = 8 }; // other than zero; not visible

__device__ inline uint32_t kind_of(const gcut__cuda_attend_mask &mask, float m) {
  return (m <= mask.hides ? COVERED : VISIBLE) | (m == -INFINITY ? 0 : FINITE) | (m == 0.0f ? 0 : OTHER);
}

__device__ inline float mask_value(const gcut__cuda_attend_mask &mask, uint32_t raw) {
  if (mask.type == T_BOOL) return raw & 0xff ? mask.flags[1] : mask.flags[0];
  return mask.type == T_BFLOAT16 ? __uint_as_float(raw << 16) : __half2float(__ushort_as_half((unsigned short)raw));
}

// What eight neighbours of a row say, read at once: most often the same.
__device__ inline uint32_t kinds_of_words(const gcut__cuda_attend_mask &mask, uint4 v) {
  const bool flags = mask.type == T_BOOL;
  const uint32_t words[4] = {v.x, v.y, v.z, v.w}, repeated = flags ? (v.x & 0xff) * 0x01010101u : (v.x & 0xffff) * 0x00010001u;
  if (v.x == repeated && v.y == repeated && v.z == repeated && v.w == repeated) return kind_of(mask, mask_value(mask, v.x & 0xffff));
  uint32_t kinds = 0;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    kinds |= kind_of(mask, mask_value(mask, words[i] & 0xffff)) | kind_of(mask, mask_value(mask, words[i] >> 16));
    if (flags) kinds |= kind_of(mask, mask_value(mask, words[i] >> 8 & 0xff)) | kind_of(mask, mask_value(mask, words[i] >> 24));
  }
  return kinds;
}

__device__ inline uint32_t kinds_of_four(const gcut__cuda_attend_mask &mask, float4 v) {
  return kind_of(mask, v.x) | kind_of(mask, v.y) | kind_of(mask, v.z) | kind_of(mask, v.w);
}

// The same of float32, at most eight.
__device__ inline uint32_t kinds_of_floats(const gcut__cuda_attend_mask &mask, const float *from, int n) {
  if (n == 8 && mask.column == 1 && (uintptr_t)from % 16 == 0)
    return kinds_of_four(mask, ((const float4 *)from)[0]) | kinds_of_four(mask, ((const float4 *)from)[1]);
  uint32_t kinds = 0;
  for (int i = 0; i < n; i++, from += mask.column) kinds |= kind_of(mask, *from);
  return kinds;
}

// What n neighbours of a row say, at most eight.
template <bool ANY> __device__ inline uint32_t kinds_of(const gcut__cuda_attend_mask &mask, int64_t at, int n) {
  const bool flags = mask.type == T_BOOL;
  const uint8_t *from = (const uint8_t *)mask.data + at * (flags ? 1 : 2);
  uint32_t kinds = 0;
  if (ANY && mask.type == T_FLOAT) return kinds_of_floats(mask, (const float *)mask.data + at, n);
  if (n == 8 && mask.column == 1 && (uintptr_t)from % (flags ? 8 : 16) == 0) {
    const uint4 v = flags ? make_uint4(((const uint2 *)from)->x, ((const uint2 *)from)->y, 0, 0) : *(const uint4 *)from;
    return kinds_of_words(mask, flags ? make_uint4(v.x, v.y, v.x, v.y) : v);
  }
  for (int i = 0; i < n; i++, at += mask.column)
    kinds |= kind_of(mask, mask_value(mask, flags ? ((const uint8_t *)mask.data)[at] : ((const uint16_t *)mask.data)[at]));
  return kinds;
}

// A tile of a mask: of which queries, of which keys, and where what is said of it goes.
struct Tile {
  int64_t from, to;
  int n_rows, n_columns;
  bool at_end; // of its row of tiles

  __device__ Tile(const gcut__cuda_attend_mask &mask, int n_queries, int n_keys, int i) {
    const int tile = GCUT_CUDA_ATTEND_TILE, n_k = (n_keys + tile - 1) / tile, kt = i % n_k, qt = i / n_k;
    to = first_tile(mask, blockIdx.z, blockIdx.y, qt, n_k) + kt;
    from = blockIdx.z * mask.batch + blockIdx.y * mask.head + qt * tile * mask.row + kt * tile * mask.column;
    n_rows = min(tile, n_queries - qt * tile), n_columns = min(tile, n_keys - kt * tile);
    at_end = kt == 0 || kt == n_k - 1;
  }
  template <bool ANY> __device__ uint32_t kinds(const gcut__cuda_attend_mask &mask, int row, int column) const {
    return row < n_rows ? kinds_of<ANY>(mask, from + row * mask.row + column * mask.column, min(8, n_columns - column)) : 0;
  }
};

// Asked by a warp: whether a tile is met by what its corners say, which it notes then. Of tiles at both ends every row is
// asked, so that queries are known to see something: tiles that large numbers hide are skipped then.
__device__ inline bool is_dense(const gcut__cuda_attend_mask &mask, const Tile &tile) {
  const int lane = threadIdx.x % 32, right = max(0, tile.n_columns - 8), low = tile.n_rows - 1;
  uint32_t seen = VISIBLE, any = 0;
  for (int i = lane; i < (tile.at_end ? tile.n_rows : 4); i += 32) {
    const uint32_t kinds = tile.at_end ? tile.kinds<true>(mask, i, 0) : tile.kinds<true>(mask, i / 2 * low, i % 2 * right);
    seen &= kinds, any |= kinds;
  }
  if (!__all_sync(~0u, seen) || !__any_sync(~0u, any & OTHER)) return false;
  if (lane == 0) mask.tiles[tile.to] = MIXED, mask.rows[tile.to] = tile.at_end ? ~0ull : 0;
  return true;
}

// Asked by a block of 256 threads: a thread has eight columns of a row, and of the row 32 below. `rows` tells which queries
// see a key in the tile.
template <bool ANY> __device__ inline void find_kind(const gcut__cuda_attend_mask &mask, const Tile &tile) {
  __shared__ uint32_t alive[2], all;
  uint32_t kinds[2];
  __syncthreads();
  if (threadIdx.x < 2) alive[threadIdx.x] = all = 0;
#pragma unroll
  for (int half = 0; half < 2; half++) kinds[half] = tile.kinds<ANY>(mask, threadIdx.x / 8 + half * 32, threadIdx.x % 8 * 8);
  __syncthreads();
#pragma unroll
  for (int half = 0; half < 2; half++) {
    const uint32_t seen = __ballot_sync(~0u, kinds[half] & VISIBLE), any = bits_of_warp(kinds[half]);
    if (threadIdx.x % 32 != 0) continue;
    uint32_t four = 0; // rows of this warp
    for (int r = 0; r < 4; r++) four |= (seen >> 8 * r & 0xff ? 1u : 0u) << r;
    atomicOr(&alive[half], four << threadIdx.x / 32 * 4);
    atomicOr(&all, any);
  }
  __syncthreads();
  if (threadIdx.x != 0) return;
  mask.tiles[tile.to] = !(all & FINITE) ? HIDDEN : !(all & VISIBLE) ? LARGE : !(all & OTHER) ? ALL_ZERO : all & COVERED ? MIXED : ALL_SEEN;
  mask.rows[tile.to] = (unsigned long long)alive[1] << 32 | alive[0];
}

} // namespace attention

// A block a tile.
extern "C" __global__ void __launch_bounds__(256) gcut_mask_tiles(const __grid_constant__ gcut__cuda_attend_mask mask, int n_queries, int n_keys) {
  attention::find_kind<false>(mask, attention::Tile(mask, n_queries, n_keys, blockIdx.x));
}
extern "C" __global__ void __launch_bounds__(256) gcut_mask_tiles_floats(const __grid_constant__ gcut__cuda_attend_mask mask, int n_queries, int n_keys) {
  attention::find_kind<true>(mask, attention::Tile(mask, n_queries, n_keys, blockIdx.x));
}
// Of a mask that each head has its own of, `n_tiles` a head: a block has as many as warps. Each asks of one first.
extern "C" __global__ void __launch_bounds__(256)
    gcut_mask_tiles_heads(const __grid_constant__ gcut__cuda_attend_mask mask, int n_queries, int n_keys, int n_tiles) {
  using namespace attention;
  __shared__ bool dense[8];
  const int first = blockIdx.x * 8, own = threadIdx.x / 32;
  if (threadIdx.x % 32 == 0) dense[own] = true;
  if (first + own < n_tiles) {
    const bool is = is_dense(mask, Tile(mask, n_queries, n_keys, first + own));
    if (threadIdx.x % 32 == 0) dense[own] = is;
  }
  __syncthreads();
  for (int i = 0; i < 8; i++)
    if (!dense[i]) find_kind<true>(mask, Tile(mask, n_queries, n_keys, first + i));
}
