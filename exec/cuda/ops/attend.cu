// Attention by blocks with a running softmax, on tensor cores (mma.m16n8k16), after FlashAttention-2 (Dao, 2023): a
// block of four warps takes 64 queries of a head; keys and values stream through two stages of shared memory. Tiles that
// the mask hides whole are skipped, tiles that it leaves alone are not read.
#include "fused.h"
#include "types.cuh"

enum { TILE = GCUT_CUDA_ATTEND_TILE, THREADS = 128 };

template <typename T> struct Mma;
template <> struct Mma<__nv_bfloat16> {
  __device__ static void run(float *c, const uint32_t *a, const uint32_t *b) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
  __device__ static uint32_t pack(float x, float y) {
    __nv_bfloat162 p = __floats2bfloat162_rn(x, y);
    return *(uint32_t *)&p;
  }
};
template <> struct Mma<__half> {
  __device__ static void run(float *c, const uint32_t *a, const uint32_t *b) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
  __device__ static uint32_t pack(float x, float y) {
    __half2 p = __floats2half2_rn(x, y);
    return *(uint32_t *)&p;
  }
};

__device__ inline void read_matrices(uint32_t *r, uint32_t at) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3},[%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(at));
}
__device__ inline void read_matrices_turned(uint32_t *r, uint32_t at) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3},[%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(at));
}
__device__ inline void fetch16(uint32_t to, const void *from, bool there) {
  asm volatile("cp.async.cg.shared.global [%0],[%1],16,%2;" ::"r"(to), "l"(from), "r"(there ? 16 : 0));
}
__device__ inline void fetch_commit() { asm volatile("cp.async.commit_group;"); }
template <int N> __device__ inline void fetch_wait() { asm volatile("cp.async.wait_group %0;" ::"n"(N)); }

// Where row r, column c (a multiple of 8) of a tile lies: chunks of 16 bytes change places by row, so that eight rows of
// one column fall into different banks.
template <int D> __device__ inline uint32_t tile_at(uint32_t base, int r, int c) {
  constexpr int chunks = D / 8, mask = chunks >= 8 ? 7 : chunks - 1;
  return base + (uint32_t)(r * D + ((c / 8) ^ (r & mask)) * 8) * 2;
}

template <typename T, int D> __device__ inline void fetch_tile(uint32_t base, const T *from, int64_t stride, int first, int end) {
  constexpr int chunks = D / 8;
  for (int i = threadIdx.x; i < TILE * chunks; i += THREADS) {
    int r = i / chunks, c = i % chunks * 8;
    bool there = first + r < end;
    fetch16(tile_at<D>(base, r, c), from + (there ? (int64_t)(first + r) * stride + c : 0), there);
  }
}

__device__ inline float mask_at(const gcut__cuda_attend_job &job, int64_t at) {
  if (job.mask_type == T_BOOL) return ((const uint8_t *)job.mask)[at] ? 0.0f : -INFINITY;
  return load_as<float>(job.mask, at, job.mask_type);
}

// What is added is as good as minus infinity beside any key that is visible: exporters write the least finite number.
__device__ inline bool hides(float m) { return m < -1e30f; }

// Eight neighbours of a row of the mask.
__device__ inline void mask_run(const gcut__cuda_attend_job &job, int64_t at, int n, float *m) {
  if (job.m_column == 1 && job.mask_type == T_BFLOAT16 && n == 8 && ((uintptr_t)job.mask + at * 2) % 16 == 0) {
    uint4 raw = *(const uint4 *)((const __nv_bfloat16 *)job.mask + at);
    const __nv_bfloat16 *x = (const __nv_bfloat16 *)&raw;
#pragma unroll
    for (int i = 0; i < 8; i++) m[i] = __bfloat162float(x[i]);
    return;
  }
  for (int i = 0; i < 8; i++) m[i] = i < n ? mask_at(job, at + i * job.m_column) : 0.0f;
}

// Which tiles of keys a tile of queries meets, by the mask's own account: a block a tile. `rows` tells which queries see
// a key in the tile.
extern "C" __global__ void __launch_bounds__(256) gcut_mask_tiles(const __grid_constant__ gcut__cuda_attend_job job) {
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

// Whether every query of a tile sees a key somewhere: then what is hidden by a large number counts for nothing.
__device__ inline bool all_see(const gcut__cuda_attend_job &job, const unsigned long long *rows, int n_k, int qt) {
  __shared__ unsigned long long alive;
  int n = min((int)TILE, job.n_queries - qt * TILE);
  unsigned long long all = n == 64 ? ~0ull : (1ull << n) - 1;
  if (threadIdx.x == 0) alive = 0;
  __syncthreads();
  for (int t = threadIdx.x; t < n_k; t += THREADS) atomicOr(&alive, rows[t]);
  __syncthreads();
  return (alive & all) == all;
}

template <typename T, int D> __device__ inline void attend(const gcut__cuda_attend_job &job) {
  extern __shared__ __align__(128) uint8_t shared[];
  constexpr int BLOCKS = TILE / 8, STEPS = D / 16; // of 8 keys; of 16 elements of a head
  const uint32_t keys = (uint32_t)__cvta_generic_to_shared(shared), stage_bytes = TILE * D * 2, values = keys + 2 * stage_bytes;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, group_row = lane / 4, pair = lane % 4 * 2;
  const int matrix = lane / 8, matrix_row = lane % 8;
  const int n_k = (job.n_keys + TILE - 1) / TILE, qt = (int)(gridDim.x - 1 - blockIdx.x), head = blockIdx.y, batch = blockIdx.z;
  const T *q = (const T *)job.q + batch * job.q_batch + head * job.q_head;
  const T *k = (const T *)job.k + batch * job.k_batch + head / job.group * job.k_head;
  const T *v = (const T *)job.v + batch * job.v_batch + head / job.group * job.v_head;
  const uint8_t *tiles = job.mask_type ? job.tiles + batch * (int64_t)job.tiles_batch + head * (int64_t)job.tiles_head + (int64_t)qt * n_k : nullptr;
  const bool all = tiles && all_see(job, job.rows + (tiles - job.tiles), n_k, qt);
  const int64_t mask_base = batch * job.m_batch + head * job.m_head;
  int end = n_k;
  if (job.causal) {
    int last = qt * TILE + TILE - 1 + job.past; // the last key that any of these queries sees
    if (last / TILE + 1 < end) end = last < 0 ? 0 : last / TILE + 1;
  }
  auto next = [&](int t) {
    while (t < end && tiles && (tiles[t] == 0 || (all && tiles[t] == 3))) t++;
    return t;
  };

  uint32_t query[STEPS][4];
  float out[D / 8][4];
  float top[2] = {-INFINITY, -INFINITY}, sum[2] = {0.0f, 0.0f};
#pragma unroll
  for (int i = 0; i < D / 8; i++) out[i][0] = out[i][1] = out[i][2] = out[i][3] = 0.0f;

  // Queries pass through the second stage into registers.
  fetch_tile<T, D>(keys + stage_bytes, q, job.q_row, qt * TILE, job.n_queries);
  fetch_commit();
  int now = next(0), stage = 0;
  if (now < end) {
    fetch_tile<T, D>(keys, k, job.k_row, now * TILE, job.n_keys);
    fetch_tile<T, D>(values, v, job.v_row, now * TILE, job.n_keys);
  }
  fetch_commit();
  fetch_wait<1>();
  __syncthreads();
#pragma unroll
  for (int s = 0; s < STEPS; s++)
    read_matrices(query[s], tile_at<D>(keys + stage_bytes, warp * 16 + (matrix % 2) * 8 + matrix_row, s * 16 + (matrix / 2) * 8));
  __syncthreads();

  const float to_log2 = 1.4426950408889634f;
  while (now < end) {
    int after = next(now + 1);
    if (after < end) {
      fetch_tile<T, D>(keys + (stage ^ 1) * stage_bytes, k, job.k_row, after * TILE, job.n_keys);
      fetch_tile<T, D>(values + (stage ^ 1) * stage_bytes, v, job.v_row, after * TILE, job.n_keys);
    }
    fetch_commit();
    fetch_wait<1>();
    __syncthreads();
    const uint32_t key_tile = keys + stage * stage_bytes, value_tile = values + stage * stage_bytes;

    float score[BLOCKS][4];
#pragma unroll
    for (int b = 0; b < BLOCKS; b++) score[b][0] = score[b][1] = score[b][2] = score[b][3] = 0.0f;
#pragma unroll
    for (int s = 0; s < STEPS; s++)
#pragma unroll
      for (int b = 0; b < BLOCKS / 2; b++) {
        uint32_t r[4];
        read_matrices(r, tile_at<D>(key_tile, b * 16 + (matrix / 2) * 8 + matrix_row, s * 16 + (matrix % 2) * 8));
        Mma<T>::run(score[2 * b], query[s], r);
        Mma<T>::run(score[2 * b + 1], query[s], r + 2);
      }

    // Scores in units of log2, masked.
    const int row = qt * TILE + warp * 16 + group_row, column = now * TILE + pair;
    const bool read_mask = tiles && tiles[now] != 2;
    const bool edge = (now + 1) * TILE > job.n_keys || (job.causal && (now + 1) * TILE - 1 > qt * TILE + job.past);
#pragma unroll
    for (int b = 0; b < BLOCKS; b++)
#pragma unroll
      for (int i = 0; i < 4; i++) {
        float x = score[b][i] * job.scale;
        if (read_mask || edge) {
          int r = row + (i / 2) * 8, c = column + b * 8 + i % 2;
          if (c >= job.n_keys || (job.causal && c > r + job.past)) x = -INFINITY;
          else if (read_mask && r < job.n_queries) x += mask_at(job, mask_base + r * job.m_row + c * job.m_column);
        }
        score[b][i] = x * to_log2;
      }

    float factor[2], shift[2];
#pragma unroll
    for (int i = 0; i < 2; i++) {
      float most = top[i];
#pragma unroll
      for (int b = 0; b < BLOCKS; b++) most = fmaxf(most, fmaxf(score[b][2 * i], score[b][2 * i + 1]));
      most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 1));
      most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 2));
      shift[i] = most == -INFINITY ? 0.0f : most;
      factor[i] = exp2f(top[i] - shift[i]);
      top[i] = most;
      sum[i] *= factor[i];
    }
#pragma unroll
    for (int b = 0; b < BLOCKS; b++)
#pragma unroll
      for (int i = 0; i < 4; i++) {
        score[b][i] = exp2f(score[b][i] - shift[i / 2]);
        sum[i / 2] += score[b][i];
      }
#pragma unroll
    for (int d = 0; d < D / 8; d++)
#pragma unroll
      for (int i = 0; i < 4; i++) out[d][i] *= factor[i / 2];
#pragma unroll
    for (int s = 0; s < TILE / 16; s++) {
      uint32_t p[4] = {Mma<T>::pack(score[2 * s][0], score[2 * s][1]), Mma<T>::pack(score[2 * s][2], score[2 * s][3]),
                       Mma<T>::pack(score[2 * s + 1][0], score[2 * s + 1][1]), Mma<T>::pack(score[2 * s + 1][2], score[2 * s + 1][3])};
#pragma unroll
      for (int d = 0; d < D / 16; d++) {
        uint32_t r[4];
        read_matrices_turned(r, tile_at<D>(value_tile, s * 16 + (matrix % 2) * 8 + matrix_row, d * 16 + (matrix / 2) * 8));
        Mma<T>::run(out[2 * d], p, r);
        Mma<T>::run(out[2 * d + 1], p, r + 2);
      }
    }
    __syncthreads();
    stage ^= 1;
    now = after;
  }

#pragma unroll
  for (int i = 0; i < 2; i++) {
    sum[i] += __shfl_xor_sync(0xffffffffu, sum[i], 1);
    sum[i] += __shfl_xor_sync(0xffffffffu, sum[i], 2);
    int row = qt * TILE + warp * 16 + group_row + i * 8;
    if (row >= job.n_queries) continue;
    T *y = (T *)job.y + batch * job.y_batch + head * job.y_head + row * job.y_row + pair;
    bool nothing = !(sum[i] > 0.0f);
    float over = nothing ? 0.0f : 1.0f / sum[i];
#pragma unroll
    for (int d = 0; d < D / 8; d++) {
      float a = out[d][2 * i] * over, b = out[d][2 * i + 1] * over;
      if (nothing) a = b = job.guard ? 0.0f : NAN;
      *(uint32_t *)(y + d * 8) = Mma<T>::pack(a, b);
    }
  }
}

#define ATTEND(name, T, D)                                                                                             \
  extern "C" __global__ void __launch_bounds__(THREADS, 2) name(const __grid_constant__ gcut__cuda_attend_job job) {   \
    attend<T, D>(job);                                                                                                 \
  }
ATTEND(gcut_attend_bf16_16, __nv_bfloat16, 16)
ATTEND(gcut_attend_bf16_64, __nv_bfloat16, 64)
ATTEND(gcut_attend_bf16_128, __nv_bfloat16, 128)
ATTEND(gcut_attend_f16_16, __half, 16)
ATTEND(gcut_attend_f16_64, __half, 64)
ATTEND(gcut_attend_f16_128, __half, 128)
