// What the attention kernels share: pairs of numbers, the mask, the running softmax, storing.
//
// Scores of a warp lie as the tensor cores leave them: a thread has rows lane / 4 and lane / 4 + 8 of sixteen, and of each
// block of eight columns two neighbours, from lane % 4 * 2: score[block] = {row, row, row + 8, row + 8}.
#ifndef GCUT_EXEC_CUDA_OPS_ATTEND_CUH
#define GCUT_EXEC_CUDA_OPS_ATTEND_CUH

#include <float.h>

#include "fused.h"
#include "types.cuh"

namespace attention {

const float TO_LOG2 = 1.4426950408889634f;

// Two neighbours of 16 bits.
template <typename T> __device__ inline float2 unpack(uint32_t pair);
template <> __device__ inline float2 unpack<__nv_bfloat16>(uint32_t pair) {
  return make_float2(__uint_as_float(pair << 16), __uint_as_float(pair & 0xffff0000));
}
template <> __device__ inline float2 unpack<__half>(uint32_t pair) { return __half22float2(*(const __half2 *)&pair); }
// Whether a type's least number is as near to others as to absorb them only by rounding.
template <typename T> constexpr bool NEAR_LEAST = false;
template <> constexpr bool NEAR_LEAST<__half> = true;

// 2^x; less than the least normal number is 0.
__device__ inline float power2(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// ---- masks

template <typename T> __device__ inline float mask_at(const gcut__cuda_attend_mask &mask, int64_t at) {
  if (mask.type == T_BOOL) return ((const uint8_t *)mask.data)[at] ? mask.flags[1] : mask.flags[0];
  if (mask.type == T_FLOAT) return ((const float *)mask.data)[at];
  return (float)((const T *)mask.data)[at];
}

// The bits that any lane of the warp has.
__device__ inline uint32_t bits_of_warp(uint32_t x) {
#if __CUDA_ARCH__ >= 800
  return __reduce_or_sync(~0u, x);
#else
  for (int apart = 16; apart > 0; apart /= 2) x |= __shfl_xor_sync(~0u, x, apart);
  return x;
#endif
}

// What masks say of tiles, of 64 queries by 64 keys.
enum { HIDDEN = 0, MIXED = 1, ALL_ZERO = 2, LARGE = 3, ALL_SEEN = 4 };

__device__ inline int64_t first_tile(const gcut__cuda_attend_mask &mask, int batch, int head, int row, int n_tiles) {
  return batch * (int64_t)mask.tiles_batch + head * (int64_t)mask.tiles_head + (int64_t)row * n_tiles;
}

// What they say to a tile of queries.
struct Kinds {
  const uint8_t *mask, *bias; // NULL: there is none
  bool all;                   // every query sees something: what is hidden by a large number counts for nothing

  // Asked by a whole warp. Where there are two, a tile counts as seen where the bias hides nothing of it.
  template <bool BIASED> __device__ void look(const gcut__cuda_attend_job &job, int batch, int head, int row) {
    const int n = (job.n_keys + GCUT_CUDA_ATTEND_TILE - 1) / GCUT_CUDA_ATTEND_TILE, n_rows = job.n_queries - row * GCUT_CUDA_ATTEND_TILE;
    const int64_t at = first_tile(job.mask, batch, head, row, n);
    const unsigned long long wanted = n_rows >= 64 ? ~0ull : (1ull << n_rows) - 1;
    unsigned long long seen = 0;
    mask = job.mask.type ? job.mask.tiles + at : nullptr;
    bias = BIASED && job.bias.type ? job.bias.tiles + first_tile(job.bias, batch, head, 0, n) : nullptr;
    all = false;
    if (!mask && !bias) return;
    for (int t = threadIdx.x % 32; t < n; t += 32)
      if (!bias) seen |= job.mask.rows[at + t];
      else if (!mask) seen |= bias[t] == HIDDEN || bias[t] == LARGE ? 0 : ~0ull;
      else if (bias[t] == ALL_ZERO || bias[t] == ALL_SEEN) seen |= job.mask.rows[at + t];
    seen = (unsigned long long)bits_of_warp((uint32_t)(seen >> 32)) << 32 | bits_of_warp((uint32_t)seen);
    all = !job.causal && (wanted & ~seen) == 0; // which keys of a tile a query sees that sees earlier ones alone, nobody has noted
  }
  __device__ bool skip(int kind) const { return kind == HIDDEN || (kind == LARGE && all); }
};

// The least number of bfloat16.
const float LEAST = -3.3895314e38f;

// A score, of a product times `unit`, with what a mask adds; NEAR: whose least number is near. Large numbers stay finite: a row that
// sees nothing else weighs such keys alike.
template <bool NEAR> __device__ inline float add_mask(float ceiling, float product, float unit, float m) {
  const float x = fmaf(product, unit, m);
  return NEAR ? fminf(x, fmaf(m, 1e30f, ceiling)) : x;
}
// The same beside a bias, which may have hidden it, or have added as large a number.
template <bool NEAR> __device__ inline float add_second(float ceiling, float product, float unit, float m) {
  const float x = add_mask<NEAR>(ceiling, product, unit, m);
  return m == -INFINITY || product == -INFINITY ? -INFINITY : fmaxf(x, LEAST);
}

// Products become scores.
template <int N> __device__ inline void cap_scores(const gcut__cuda_attend_job &job, float (&score)[N][4]) {
#pragma unroll
  for (int b = 0; b < N; b++)
#pragma unroll
    for (int i = 0; i < 4; i++) // tanh(x) is 1 - 2 / (e^2x + 1)
      score[b][i] = job.softcap * (1.0f - __fdividef(2.0f, power2(2.0f * TO_LOG2 * job.scale * score[b][i]) + 1.0f));
}

// Turns products times `unit` into masked scores, two blocks at a time: read(block, m) says what the mask adds to each one's pairs.
template <bool NEAR, bool SECOND, int N, typename Read>
__device__ inline void cover(float ceiling, float unit, float (&score)[N][4], Read read) {
#pragma unroll
  for (int b = 0; b < N; b += 2) {
    float2 m[2][2];
    read(b, m);
#pragma unroll
    for (int i = 0; i < 8; i++) {
      float &x = score[b + i / 4][i % 4];
      const float2 pair = m[i / 4][i % 4 / 2];
      x = SECOND ? add_second<NEAR>(ceiling, x, unit, i % 2 ? pair.y : pair.x) : add_mask<NEAR>(ceiling, x, unit, i % 2 ? pair.y : pair.x);
    }
  }
}

// Hides keys behind the last that a query sees. `row` and `column` are of the thread's first score.
template <int N> __device__ inline void hide_rest(const gcut__cuda_attend_job &job, int row, int column, float (&score)[N][4]) {
#pragma unroll
  for (int half = 0; half < 2; half++) {
    const int end = (job.causal ? min(job.n_keys, row + half * 8 + job.past + 1) : job.n_keys) - column;
#pragma unroll
    for (int b = 0; b < N; b++) {
      if (b * 8 >= end) score[b][half * 2] = -INFINITY;
      if (b * 8 + 1 >= end) score[b][half * 2 + 1] = -INFINITY;
    }
  }
}

template <int N> __device__ inline void scale_all(float unit, float (&score)[N][4]) {
#pragma unroll
  for (int b = 0; b < N; b++)
#pragma unroll
    for (int i = 0; i < 4; i++) score[b][i] *= unit;
}

// ---- the running softmax

// Of a thread's two rows: the greatest score so far, and its share of the sum of weights.
struct Rows {
  float top[2], sum[2];
};
template <typename T> __device__ inline Rows first_rows(const gcut__cuda_attend_job &job, int head) {
  if (!job.sinks) return {{-INFINITY, -INFINITY}, {0.0f, 0.0f}};
  const float sink = (float)((const T *)job.sinks)[head * job.sinks_step], share = threadIdx.x % 4 == 0 ? 1.0f : 0.0f;
  return {{sink, sink}, {share, share}};
}

template <int N> __device__ inline float greatest(const float (&score)[N][4], int half) {
  float a = -INFINITY, b = -INFINITY;
#pragma unroll
  for (int i = 0; i < N; i++) {
    a = fmaxf(a, score[i][2 * half]);
    b = fmaxf(b, score[i][2 * half + 1]);
  }
  a = fmaxf(a, b);
  a = fmaxf(a, __shfl_xor_sync(0xffffffffu, a, 1));
  return fmaxf(a, __shfl_xor_sync(0xffffffffu, a, 2));
}

// Turns scores times `unit`, which is positive, into weights. What was summed before is to be multiplied by `factor`. Where
// a row has seen nothing but large numbers, they differ by nothing or by more than weights tell, in any unit; in that of
// log2 some would be none.
template <int N> __device__ inline void weigh(float (&score)[N][4], float unit, Rows &rows, float (&factor)[2]) {
  const float drowned = -134217728.0f; // 2^27: floats beyond are 16 apart
#pragma unroll
  for (int half = 0; half < 2; half++) {
    const float top = fmaxf(rows.top[half], greatest(score, half) * unit), to_log2 = top < drowned ? 1.0f : TO_LOG2;
    const float shift = top == -INFINITY ? 0.0f : __fmul_rn(top, to_log2), step = unit * to_log2;
    float a = 0.0f, b = 0.0f;
    factor[half] = power2(__fmul_rn(rows.top[half], to_log2) - shift);
#pragma unroll
    for (int i = 0; i < N; i++) {
      a += score[i][2 * half] = power2(fmaf(score[i][2 * half], step, -shift));
      b += score[i][2 * half + 1] = power2(fmaf(score[i][2 * half + 1], step, -shift));
    }
    rows.top[half] = top;
    rows.sum[half] = rows.sum[half] * factor[half] + (a + b);
  }
}

// Weights of sixteen keys as the left side of a product.
template <typename T> __device__ inline void pack_weights(const float (*score)[4], uint32_t *to) {
  to[0] = pack<T>(score[0][0], score[0][1]);
  to[1] = pack<T>(score[0][2], score[0][3]);
  to[2] = pack<T>(score[1][0], score[1][1]);
  to[3] = pack<T>(score[1][2], score[1][3]);
}

template <int N> __device__ inline void scale_rows(float (&out)[N][4], const float (&factor)[2]) {
#pragma unroll
  for (int b = 0; b < N; b++)
#pragma unroll
    for (int i = 0; i < 4; i++) out[b][i] *= factor[i / 2];
}

// ---- the end of a row

// Four words of each of four neighbouring lanes change places: word i of lane j becomes word j of lane i.
__device__ inline void turn(uint32_t *w) {
#pragma unroll
  for (int by = 1; by < 4; by *= 2)
#pragma unroll
    for (int i = 0; i < 4; i++) {
      if (i & by) continue;
      const bool upper = threadIdx.x & by;
      const uint32_t got = __shfl_xor_sync(0xffffffffu, upper ? w[i] : w[i + by], by);
      (upper ? w[i] : w[i + by]) = got;
    }
}

// Writes the first `size` elements of a row's words, which four lanes share: 16 bytes a lane where there are enough.
template <int N> __device__ inline void store_words(uint16_t *y, bool there, int size, uint32_t (&word)[N]) {
  const int lane = threadIdx.x % 4;
#pragma unroll
  for (int b = 0; b < N; b += N % 4 ? 1 : 4)
    if constexpr (N % 4 == 0) {
      turn(word + b);
      if (there && (b + lane) * 8 < size) *(uint4 *)(y + (b + lane) * 8) = make_uint4(word[b], word[b + 1], word[b + 2], word[b + 3]);
    } else if (there && b * 8 < size) {
      *(uint32_t *)(y + b * 8 + lane * 2) = word[b];
    }
}

// Writes weighted values over their sums; `row` is of the thread's first. In float32 a lane has two neighbours of a chunk.
template <typename T, int N>
__device__ inline void store_rows(const gcut__cuda_attend_job &job, int batch, int head, int row, const float (&out)[N][4], const Rows &rows) {
#pragma unroll
  for (int half = 0; half < 2; half++) {
    float sum = rows.sum[half];
    sum += __shfl_xor_sync(0xffffffffu, sum, 1);
    sum += __shfl_xor_sync(0xffffffffu, sum, 2);
    const bool nothing = !(sum > 0.0f);
    const float over = nothing ? 0.0f : 1.0f / sum, empty = job.guard ? 0.0f : NAN;
    const int r = row + half * 8;
    const int64_t at = batch * job.y_batch + head * job.y_head + r * job.y_row;
    if (job.wide_result) {
      float *y = (float *)job.y + at + threadIdx.x % 4 * 2;
#pragma unroll
      for (int b = 0; b < N; b++)
        if (r < job.n_queries && b * 8 < job.v_size)
          *(float2 *)(y + b * 8) = nothing ? make_float2(empty, empty) : make_float2(out[b][2 * half] * over, out[b][2 * half + 1] * over);
      continue;
    }
    uint32_t word[N];
#pragma unroll
    for (int b = 0; b < N; b++) word[b] = nothing ? pack<T>(empty, empty) : pack<T>(out[b][2 * half] * over, out[b][2 * half + 1] * over);
    store_words((uint16_t *)job.y + at, r < job.n_queries, job.v_size, word);
  }
}

} // namespace attention

#endif
