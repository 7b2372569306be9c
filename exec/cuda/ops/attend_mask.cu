// Which tiles of keys a tile of queries meets, by the mask's own account, for kernels that pass over the others.
#include "attend.cuh"

namespace attention {

enum { VISIBLE = 1, FINITE = 2, OTHER = 4 }; // than zero

__device__ inline uint32_t kind_of(const gcut__cuda_attend_job &job, float m) {
  return (m <= job.hides ? 0 : VISIBLE) | (m == -INFINITY ? 0 : FINITE) | (m == 0.0f ? 0 : OTHER);
}

__device__ inline float mask_value(const gcut__cuda_attend_job &job, uint32_t raw) {
  if (job.mask_type == T_BOOL) return raw & 0xff ? 0.0f : -INFINITY;
  return job.mask_type == T_BFLOAT16 ? __uint_as_float(raw << 16) : __half2float(__ushort_as_half((unsigned short)raw));
}

// What eight neighbours of a row say, read at once: most often the same.
__device__ inline uint32_t kinds_of_words(const gcut__cuda_attend_job &job, uint4 v) {
  const bool flags = job.mask_type == T_BOOL;
  const uint32_t words[4] = {v.x, v.y, v.z, v.w}, repeated = flags ? (v.x & 0xff) * 0x01010101u : (v.x & 0xffff) * 0x00010001u;
  if (v.x == repeated && v.y == repeated && v.z == repeated && v.w == repeated) return kind_of(job, mask_value(job, v.x & 0xffff));
  uint32_t kinds = 0;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    kinds |= kind_of(job, mask_value(job, words[i] & 0xffff)) | kind_of(job, mask_value(job, words[i] >> 16));
    if (flags) kinds |= kind_of(job, mask_value(job, words[i] >> 8 & 0xff)) | kind_of(job, mask_value(job, words[i] >> 24));
  }
  return kinds;
}

// What n neighbours of a row say, at most eight.
__device__ inline uint32_t kinds_of(const gcut__cuda_attend_job &job, int64_t at, int n) {
  const bool flags = job.mask_type == T_BOOL;
  const uint8_t *from = (const uint8_t *)job.mask + at * (flags ? 1 : 2);
  uint32_t kinds = 0;
  if (job.mask_type == T_FLOAT) {
    for (int i = 0; i < n; i++, at += job.m_column) kinds |= kind_of(job, ((const float *)job.mask)[at]);
    return kinds;
  }
  if (n == 8 && job.m_column == 1 && (uintptr_t)from % (flags ? 8 : 16) == 0) {
    const uint4 v = flags ? make_uint4(((const uint2 *)from)->x, ((const uint2 *)from)->y, 0, 0) : *(const uint4 *)from;
    return kinds_of_words(job, flags ? make_uint4(v.x, v.y, v.x, v.y) : v);
  }
  for (int i = 0; i < n; i++, at += job.m_column)
    kinds |= kind_of(job, mask_value(job, flags ? ((const uint8_t *)job.mask)[at] : ((const uint16_t *)job.mask)[at]));
  return kinds;
}

} // namespace attention

// A block of 256 threads a tile: a thread has eight columns of a row, and of the row 32 below. `rows` tells which queries
// see a key in the tile.
extern "C" __global__ void __launch_bounds__(256) gcut_mask_tiles(const __grid_constant__ gcut__cuda_attend_job job) {
  using namespace attention;
  const int tile = GCUT_CUDA_ATTEND_TILE, n_k = (job.n_keys + tile - 1) / tile;
  const int kt = blockIdx.x % n_k, qt = blockIdx.x / n_k, head = blockIdx.y, batch = blockIdx.z;
  const int64_t base = batch * job.m_batch + head * job.m_head;
  const int k = kt * tile + threadIdx.x % 8 * 8, q = qt * tile + threadIdx.x / 8;
  __shared__ uint32_t alive[2], all;
  uint32_t kinds[2];
  if (threadIdx.x < 2) alive[threadIdx.x] = all = 0;
#pragma unroll
  for (int half = 0; half < 2; half++) {
    const int r = q + half * 32;
    kinds[half] = r < job.n_queries ? kinds_of(job, base + r * job.m_row + k * job.m_column, min(8, job.n_keys - k)) : 0;
  }
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
  const int64_t at = batch * (int64_t)job.tiles_batch + head * (int64_t)job.tiles_head + (int64_t)qt * n_k + kt;
  job.tiles[at] = !(all & FINITE) ? 0 : !(all & VISIBLE) ? 3 : all & OTHER ? 1 : 2;
  job.rows[at] = (unsigned long long)alive[1] << 32 | alive[0];
}
