// Which tiles of keys a tile of queries meets, by the mask's own account, for kernels that pass over the others.
#include "attend.cuh"

namespace attention {

// Eight neighbours of a row of the mask.
__device__ inline void mask_run(const gcut__cuda_attend_job &job, int64_t at, int n, float *m) {
  bool bfloat = job.mask_type == T_BFLOAT16;
  if (job.m_column == 1 && job.mask_type != T_BOOL && n == 8 && ((uintptr_t)job.mask + at * 2) % 16 == 0) {
    uint4 raw = *(const uint4 *)((const uint16_t *)job.mask + at);
    const uint32_t words[4] = {raw.x, raw.y, raw.z, raw.w};
#pragma unroll
    for (int i = 0; i < 4; i++) {
      float2 pair = bfloat ? unpack(*(const __nv_bfloat162 *)&words[i]) : unpack(*(const __half2 *)&words[i]);
      m[2 * i] = pair.x;
      m[2 * i + 1] = pair.y;
    }
    return;
  }
  for (int i = 0; i < 8; i++)
    m[i] = i >= n ? 0.0f : bfloat ? mask_at<__nv_bfloat16>(job, at + i * job.m_column) : mask_at<__half>(job, at + i * job.m_column);
}

} // namespace attention

// A block a tile. `rows` tells which queries see a key in the tile.
extern "C" __global__ void __launch_bounds__(256) gcut_mask_tiles(const __grid_constant__ gcut__cuda_attend_job job) {
  using namespace attention;
  enum { TILE = GCUT_CUDA_ATTEND_TILE };
  __shared__ unsigned long long alive;
  int n_k = (job.n_keys + TILE - 1) / TILE;
  int kt = blockIdx.x % n_k, qt = blockIdx.x / n_k, head = blockIdx.y, batch = blockIdx.z;
  int64_t base = batch * job.m_batch + head * job.m_head;
  bool infinite = true, hidden = true, zero = true;
  if (threadIdx.x == 0) alive = 0;
  __syncthreads();
  for (int i = threadIdx.x * 8; i < TILE * TILE; i += 256 * 8) {
    int row = i / TILE, q = qt * TILE + row, k = kt * TILE + i % TILE, n = min(8, job.n_keys - k);
    if (q >= job.n_queries || n <= 0) continue;
    float m[8];
    bool sees = false;
    mask_run(job, base + q * job.m_row + k * job.m_column, n, m);
    for (int e = 0; e < n; e++) {
      infinite = infinite && m[e] == -INFINITY;
      sees = sees || !hides(m[e]);
      zero = zero && m[e] == 0.0f;
    }
    hidden = hidden && !sees;
    if (sees) atomicOr(&alive, 1ull << row);
  }
  int some = __syncthreads_or(!infinite), visible = __syncthreads_or(!hidden), other = __syncthreads_or(!zero);
  if (threadIdx.x != 0) return;
  int64_t at = batch * (int64_t)job.tiles_batch + head * (int64_t)job.tiles_head + (int64_t)qt * n_k + kt;
  job.tiles[at] = !some ? 0 : !visible ? 3 : other ? 1 : 2;
  job.rows[at] = alive;
}
