// Attention in float32 by blocks with a running softmax (FlashAttention, Dao 2022), on the card's ordinary units: their
// sums keep 24 bits, which no tensor core's do. A block of 256 threads takes a tile of queries of a head and meets it with
// one tile of keys, then of values, after the other; both pass through one place in shared memory, so two blocks share a
// processor. A thread has rows and columns of a tile sixteen by sixteen, so that it reads what others read, too.
#include "fused.h"
#include "types.cuh"

// Of shared memory, what a block has on every card that runs this.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
#define BLOCK_BYTES (64 << 10) // Turing
#else
#define BLOCK_BYTES (99 << 10)
#endif

namespace attention32 {

enum { THREADS = GCUT_CUDA_ATTEND_F32_THREADS, ACROSS = 16, PAD = GCUT_CUDA_ATTEND_F32_PAD };

// Copies `rows` of a tensor from `first` on; what lies outside is 0. `wide`: four elements at once.
template <int D, int TILE> __device__ inline void load(float *to, const float *from, int64_t row_step, int first, int end, int size, bool wide) {
  for (int i = threadIdx.x; i < TILE * D / 4; i += THREADS) {
    const int r = i / (D / 4), c = i % (D / 4) * 4;
    const float *at = from + (first + r) * row_step + c;
    float *place = to + r * (D + PAD) + c;
    if (wide) {
      *(float4 *)place = first + r < end && c < size ? *(const float4 *)at : float4{0.0f, 0.0f, 0.0f, 0.0f};
      continue;
    }
    for (int k = 0; k < 4; k++) place[k] = first + r < end && c + k < size ? at[k] : 0.0f;
  }
}

// What the mask adds.
__device__ inline float mask_at(const gcut__cuda_attend_mask &mask, int64_t at) {
  if (mask.type == T_BOOL) return ((const uint8_t *)mask.data)[at] ? mask.flags[1] : mask.flags[0];
  return ((const float *)mask.data)[at];
}

// A large number hides where a row sees anything else: its weights are 0 then.
__device__ inline bool hides(float m, float top) { return m == -INFINITY || (m < -1e30f && top > -1e30f); }

template <int D, int TILE> struct Work {
  enum { ROWS = TILE / ACROSS, FOURS = D / 4 / ACROSS, STEP = D + PAD };
  const gcut__cuda_attend_job &job;
  float *q, *kv, *p;
  int tx, row0, first_query; // of the thread: its keys are tx + 16 j, its columns 4 tx + 64 j
  float score[ROWS][ROWS], top[ROWS], sum[ROWS], out[ROWS][FOURS][4];

  __device__ int query(int i) const { return first_query + row0 + i; }
  // Keys that a row sees end here.
  __device__ int end_of(int i) const { return job.causal ? min(job.n_keys, query(i) + job.past + 1) : job.n_keys; }

  // Fetches what the mask adds to a tile; false where it hides all of it. Asked by the whole block.
  __device__ bool look(int64_t mask, int first_key) {
    int seen = 0;
#pragma unroll
    for (int i = 0; i < ROWS; i++)
#pragma unroll
      for (int j = 0; j < ROWS; j++) {
        const int key = first_key + tx + ACROSS * j;
        const bool there = query(i) < job.n_queries && key < end_of(i);
        score[i][j] = !there ? -INFINITY : job.mask.type ? mask_at(job.mask, mask + query(i) * job.mask.row + key * job.mask.column) : 0.0f;
        seen |= there && !hides(score[i][j], top[i]);
      }
    return __syncthreads_or(seen);
  }

  // score = scale * queries times keys + what score was.
  __device__ void multiply_keys() {
    float x[ROWS][ROWS] = {};
    for (int d = 0; d < job.size; d += 4) {
      float4 a[ROWS], b[ROWS];
#pragma unroll
      for (int i = 0; i < ROWS; i++) a[i] = *(const float4 *)(q + (row0 + i) * STEP + d);
#pragma unroll
      for (int j = 0; j < ROWS; j++) b[j] = *(const float4 *)(kv + (tx + ACROSS * j) * STEP + d);
#pragma unroll
      for (int i = 0; i < ROWS; i++)
#pragma unroll
        for (int j = 0; j < ROWS; j++) {
          x[i][j] = fmaf(a[i].x, b[j].x, x[i][j]);
          x[i][j] = fmaf(a[i].y, b[j].y, x[i][j]);
          x[i][j] = fmaf(a[i].z, b[j].z, x[i][j]);
          x[i][j] = fmaf(a[i].w, b[j].w, x[i][j]);
        }
    }
#pragma unroll
    for (int i = 0; i < ROWS; i++)
#pragma unroll
      for (int j = 0; j < ROWS; j++)
        score[i][j] = job.softcap > 0.0f ? fmaf(job.softcap, tanhf(job.scale * x[i][j]), score[i][j]) : fmaf(job.scale, x[i][j], score[i][j]);
  }

  // Scores become weights, in shared memory; what was summed before shrinks by as much as the greatest score grew.
  __device__ void weigh() {
#pragma unroll
    for (int i = 0; i < ROWS; i++) {
      float most = top[i], weights = 0.0f;
#pragma unroll
      for (int j = 0; j < ROWS; j++) most = fmaxf(most, score[i][j]);
      for (int by = ACROSS / 2; by > 0; by /= 2) most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, by));
      const float shift = most == -INFINITY ? 0.0f : most, factor = expf(top[i] - shift);
#pragma unroll
      for (int j = 0; j < ROWS; j++) {
        const float w = expf(score[i][j] - shift);
        weights += w;
        p[(row0 + i) * (TILE + PAD) + tx + ACROSS * j] = w;
      }
      top[i] = most;
      sum[i] = fmaf(sum[i], factor, weights);
#pragma unroll
      for (int f = 0; f < FOURS; f++)
#pragma unroll
        for (int k = 0; k < 4; k++) out[i][f][k] *= factor;
    }
  }

  // out += weights times values.
  __device__ void add_values() {
    for (int key = 0; key < TILE; key += 4) {
      float4 w[ROWS];
#pragma unroll
      for (int i = 0; i < ROWS; i++) w[i] = *(const float4 *)(p + (row0 + i) * (TILE + PAD) + key);
#pragma unroll
      for (int k = 0; k < 4; k++)
#pragma unroll
        for (int f = 0; f < FOURS; f++) {
          const float4 v = *(const float4 *)(kv + (key + k) * STEP + 4 * (tx + ACROSS * f));
#pragma unroll
          for (int i = 0; i < ROWS; i++) {
            const float weight = k == 0 ? w[i].x : k == 1 ? w[i].y : k == 2 ? w[i].z : w[i].w;
            out[i][f][0] = fmaf(weight, v.x, out[i][f][0]);
            out[i][f][1] = fmaf(weight, v.y, out[i][f][1]);
            out[i][f][2] = fmaf(weight, v.z, out[i][f][2]);
            out[i][f][3] = fmaf(weight, v.w, out[i][f][3]);
          }
        }
    }
  }

  __device__ void store(float *y, bool wide) {
#pragma unroll
    for (int i = 0; i < ROWS; i++) {
      float all = sum[i];
      for (int by = ACROSS / 2; by > 0; by /= 2) all += __shfl_xor_sync(0xffffffffu, all, by);
      const bool nothing = !(all > 0.0f);
      const float over = nothing ? 0.0f : 1.0f / all, empty = job.guard ? 0.0f : NAN;
      if (query(i) >= job.n_queries) continue;
#pragma unroll
      for (int f = 0; f < FOURS; f++) {
        const int c = 4 * (tx + ACROSS * f);
        float *at = y + query(i) * job.y_row + c;
        float value[4];
#pragma unroll
        for (int k = 0; k < 4; k++) value[k] = nothing ? empty : out[i][f][k] * over;
        if (wide && c < job.v_size) *(float4 *)at = float4{value[0], value[1], value[2], value[3]};
        for (int k = 0; k < 4 && !wide; k++)
          if (c + k < job.v_size) at[k] = value[k];
      }
    }
  }
};

// Whether rows of a tensor, and where they begin, are multiples of four elements apart.
__device__ inline bool in_fours(int64_t batch, int64_t head, int64_t row, int64_t size) {
  return (batch | head | row | size) % 4 == 0;
}

template <int D, int TILE> __device__ inline void attend(const gcut__cuda_attend_job &job) {
  extern __shared__ float memory[];
  static_assert(TILE * (2 * (D + PAD) + TILE + PAD) * 4 <= BLOCK_BYTES, "load_f32_tiles in attend_launch.c asks for as much");
  const int head = blockIdx.x, batch = blockIdx.z, qt = (int)(gridDim.y - 1 - blockIdx.y); // the longest first
  const float *k = (const float *)job.k + batch * job.k_batch + head / job.group * job.k_head;
  const float *v = (const float *)job.v + batch * job.v_batch + head / job.group * job.v_head;
  const bool k_wide = in_fours(job.k_batch, job.k_head, job.k_row, job.size), v_wide = in_fours(job.v_batch, job.v_head, job.v_row, job.v_size);
  Work<D, TILE> w = {job};
  w.q = memory;
  w.kv = w.q + TILE * w.STEP;
  w.p = w.kv + TILE * w.STEP;
  w.tx = threadIdx.x % ACROSS;
  w.row0 = threadIdx.x / ACROSS * w.ROWS;
  w.first_query = qt * TILE;
  for (int i = 0; i < w.ROWS; i++) {
    w.top[i] = job.sinks ? ((const float *)job.sinks)[head * job.sinks_step] : -INFINITY;
    w.sum[i] = job.sinks && w.tx == 0 ? 1.0f : 0.0f;
  }
  load<D, TILE>(w.q, (const float *)job.q + batch * job.q_batch + head * job.q_head, job.q_row, w.first_query, job.n_queries, job.size,
                in_fours(job.q_batch, job.q_head, job.q_row, job.size));
  const int end = job.causal ? min(job.n_keys, w.first_query + TILE + job.past) : job.n_keys;
  for (int first = 0; first < end; first += TILE) {
    if (!w.look(batch * job.mask.batch + head * job.mask.head, first)) continue;
    load<D, TILE>(w.kv, k, job.k_row, first, job.n_keys, job.size, k_wide);
    __syncthreads();
    w.multiply_keys();
    w.weigh();
    __syncthreads();
    load<D, TILE>(w.kv, v, job.v_row, first, job.n_keys, job.v_size, v_wide);
    __syncthreads();
    w.add_values();
  }
  w.store((float *)job.y + batch * job.y_batch + head * job.y_head, in_fours(job.y_batch, job.y_head, job.y_row, job.v_size));
}

} // namespace attention32

#define ATTEND_F32(name, D, TILE)                                                                                          \
  extern "C" __global__ void __launch_bounds__(GCUT_CUDA_ATTEND_F32_THREADS, 2)                                        \
      name(const __grid_constant__ gcut__cuda_attend_job job) {                                                        \
    attention32::attend<D, TILE>(job);                                                                                 \
  }
ATTEND_F32(gcut_attend_f32_64, 64, 64)
#if BLOCK_BYTES < 99 << 10
ATTEND_F32(gcut_attend_small_f32_128, 128, 32)
ATTEND_F32(gcut_attend_small_f32_256, 256, 16)
#else
ATTEND_F32(gcut_attend_f32_128, 128, 64)
ATTEND_F32(gcut_attend_f32_256, 256, 32)
#endif
