// Attention on Hopper, after FlashAttention-3 (Shah et al., 2024): two warpgroups of 64 queries each, and a warp that
// has the copy engine fetch tiles of 128 keys and values into two stages of shared memory, ahead of need. A warpgroup
// runs the product of its last weights beside that of its next scores and their softmax; that the two also take turns by
// barriers, as in the paper, gained 3 % at most, and lost 2 % with heads of 64. A block stays for many tiles of queries,
// so that fetching goes on while results are stored.
#include "attend.cuh"
#include "attend_feeder.cuh"
#include "mma.cuh"

#ifdef __CUDA_ARCH_FEAT_SM90_ALL

namespace attention {
namespace wide {

using namespace hopper;

// ---- the multiplying warpgroups

// Turns products times `unit` into scores with the bias; at(block) is what it adds to a score and its neighbour.
template <int N, typename At> __device__ inline void lean(float unit, float (&score)[N][4], At at) {
#pragma unroll
  for (int b = 0; b < N; b++) {
    const float2 p = at(b);
#pragma unroll
    for (int i = 0; i < 4; i++) score[b][i] = fmaf(score[b][i], unit, i % 2 ? p.y : p.x);
  }
}

template <typename T, int D, int A> struct Worker {
  const gcut__cuda_attend_job &job;
  const Room<D, A> room;
  const int group;
  Ring<> keys, values;
  Ring<Room<D, A>::MASKS> masks;
  float out[D / 8][4], score[TILE / 8][4], factor[2];
  uint32_t weights[TILE / 16][4];
  Rows rows;
  float unset, set; // what flags add

  __device__ void free_stage(int barrier) {
    __syncwarp();
    if (threadIdx.x % 32 == 0) barrier_arrive(room.barrier(barrier));
  }
  __device__ void free_keys() { free_stage(KEYS_FREE + keys.stage()), keys.n++; }
  __device__ void free_values() { free_stage(VALUES_FREE + values.stage()), values.n++; }

  // Waits for the next tile of keys: its note, or NO_MORE. The lane that will free the stage reads it for its warp.
  __device__ int next_keys() {
    barrier_wait(room.barrier(KEYS_FULL + keys.stage()), keys.odd());
    return __shfl_sync(~0u, threadIdx.x % 32 == 0 ? notes[keys.stage()] : 0, 0);
  }

  // Begins score = queries times keys.
  __device__ void begin_scores() {
    const uint64_t q = matrix_at(room.queries() + group * 64 * ROW_BYTES, 16), k = matrix_at(room.keys(keys.stage()), 16);
    pin(score);
    products_begin();
    Product<T>::template turned<false>(score, q, k);
#pragma unroll
    for (int s = 1; s < D / 16; s++) {
      const uint32_t at = (s / 4 * PANEL + s % 4 * 32) / 16;
      Product<T>::template turned<true>(score, q + at, k + at);
    }
    products_commit();
  }

  // Begins out += weights times values.
  __device__ void begin_values() {
    barrier_wait(room.barrier(VALUES_FULL + values.stage()), values.odd());
    const uint64_t v = matrix_at(room.values(values.stage()), PANEL);
    pin(out);
    products_begin();
#pragma unroll
    for (int s = 0; s < TILE / 16; s++) Product<T>::add(out, weights[s], v + s * 16 * ROW_BYTES / 16);
    products_commit();
  }

  // The first row of this thread, of the tile.
  __device__ int row() const { return group * 64 + threadIdx.x % 128 / 32 * 16 + threadIdx.x % 32 / 4; }

  // What the mask adds to this thread's pairs of two blocks from an even b on, in its row and eight below. In chunk c of row r
  // of a panel lies what the copy engine took from chunk c ^ r % 8. Of 16 bits, four matrices of 8 x 8 are read at once.
  __device__ void read_mask(int b, float2 (&m)[2][2]) const {
    const uint32_t lane = threadIdx.x % 32, at = room.mask(masks.stage()) + (row() - lane / 4) * ROW_BYTES, own = at + lane / 4 * ROW_BYTES;
    uint32_t pairs[4];
    if constexpr (A & HALVES) mma::read_matrices(pairs, (at + lane % 16 * ROW_BYTES + (lane / 16 ^ lane % 8 ^ b % 8) * 16) + b / 8 * PANEL);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      const uint32_t block = b + i / 2, below = i % 2 * 8 * ROW_BYTES;
      if constexpr (A & HALVES) {
        m[i / 2][i % 2] = unpack<T>(pairs[i]);
      } else if constexpr (A & FLOATS) {
        m[i / 2][i % 2] = read_shared_pair(own + (lane % 4 / 2 ^ lane / 4 ^ block % 4 * 2) * 16, lane % 2 * 8 + block / 4 * PANEL + below);
      } else {
        const uint32_t flags = read_shared_half(own + (lane / 4 ^ b / 2) * 16 + lane % 4 * 2 + i / 2 * 8 + below);
        m[i / 2][i % 2] = make_float2(flags & 0xff ? set : unset, flags & 0xff00 ? set : unset);
      }
    }
  }

  __device__ void cover_with_mask(float unit) {
    barrier_wait(room.barrier(MASK_FULL + masks.stage()), masks.odd());
    cover<NEAR_LEAST<T> && (A & HALVES) != 0, (A & BIAS) != 0>(job.mask.ceiling, unit, score, [&](int b, float2 (&m)[2][2]) { read_mask(b, m); });
    free_stage(MASK_FREE + masks.stage()), masks.n++;
  }

  // Ends the product with keys: what its sums are to be multiplied by.
  __device__ float end_scores(int note) {
    float unit = job.scale;
    pin(score);
    if (A & BIAS && note & NOTE_BIAS) {
      const uint32_t first = room.bias(keys.stage()) + threadIdx.x % 4 * 8;
      lean(unit, score, [&](int b) { return read_shared_pair(first, b * 32); });
      unit = 1.0f;
    }
    free_keys();
    if (note & NOTE_LAST) free_stage(QUERIES_FREE);
    return unit;
  }

  // Scores into weights, unpacked.
  __device__ void take_softmax(const Item &item, int note, float unit) {
    const int t = note % NOTE_MASK, first = item.qt * TILE + group * 64;
    const int first_row = item.qt * TILE + row(), first_column = t * TILE + threadIdx.x % 4 * 2;
    const bool edge = (t + 1) * TILE > job.n_keys || (job.causal && (t + 1) * TILE - 1 > first + job.past);
    if (note & NOTE_MASK)
      cover_with_mask(unit), unit = 1.0f;
    else if (!(unit > 0.0f))
      scale_all(unit, score), unit = 1.0f;
    if (edge) hide_rest(job, first_row, first_column, score);
    weigh(score, unit, rows, factor);
    pin(score);
  }

  __device__ void pack_all() {
#pragma unroll
    for (int s = 0; s < TILE / 16; s++) pack_weights<T>(&score[2 * s], weights[s]);
  }

  // The first tile, and the others: the note of the tile that follows.
  __device__ int first_tile(const Item &item, int note) {
    begin_scores();
    products_wait<0>();
    take_softmax(item, note, end_scores(note));
    pack_all();
    return note & NOTE_LAST ? NO_MORE : next_keys();
  }

  // Keys are waited for before the product of values: else the compiler has the softmax wait for that product, too.
  __device__ int next_tile(const Item &item, int note) {
    begin_scores();
    begin_values();
    products_wait<1>();
    take_softmax(item, note, end_scores(note));
    const int after = note & NOTE_LAST ? NO_MORE : next_keys();
    products_wait<0>();
    pin(out);
    free_values();
    scale_rows(out, factor);
    pack_all();
    return after;
  }

  __device__ void last_values() {
    begin_values();
    products_wait<0>();
    pin(out);
    free_values();
  }

  __device__ void attend(const Item &item, uint32_t round) {
#pragma unroll
    for (int b = 0; b < D / 8; b++) out[b][0] = out[b][1] = out[b][2] = out[b][3] = 0.0f;
    rows = first_rows<T>(job, item.head);
    barrier_wait(room.barrier(QUERIES_FULL), round % 2);
    int note = next_keys();
    if (note == NO_MORE) {
      free_keys();
      free_stage(QUERIES_FREE);
    } else {
      note = first_tile(item, note);
      while (note != NO_MORE) note = next_tile(item, note);
      last_values();
    }
    store_rows<T>(job, item.batch, item.head, item.qt * TILE + row(), out, rows);
  }

  __device__ void run() {
    Item item;
    unset = add_mask<NEAR_LEAST<T>>(job.mask.ceiling, 0.0f, 0.0f, job.mask.flags[0]);
    set = add_mask<NEAR_LEAST<T>>(job.mask.ceiling, 0.0f, 0.0f, job.mask.flags[1]);
    for (uint32_t round = 0; find_item(job, round, &item); round++) attend(item, round);
  }
};

// Keys are there with their bias; free is what every warp says is.
template <int D, int A> __device__ inline void init_barriers(const Room<D, A> &room) {
  for (int i = 0; i < BARRIERS; i++)
    barrier_init(room.barrier(i), i >= FREE ? 4 * GROUPS : A & BIAS && i >= KEYS_FULL && i < KEYS_FULL + STAGES ? 2 : 1);
  barriers_ready();
}

template <typename T, int D, int A> __device__ inline void attend(const gcut__cuda_attend_wide &job) {
  extern __shared__ __align__(1024) uint8_t shared[];
  const Room<D, A> room = {((uint32_t)__cvta_generic_to_shared(shared) + 1023) / 1024 * 1024};
  if (threadIdx.x == 0) init_barriers(room);
  __syncthreads();
  if (threadIdx.x < 128) {
    leave_registers<40>();
    if (threadIdx.x < 32) Feeder<T, D, A>{job, room}.run();
  } else {
    take_registers<232>();
    Worker<T, D, A>{job.base, room, (int)threadIdx.x / 128 - 1}.run();
  }
}

} // namespace wide
} // namespace attention

#define ATTEND_WIDE(name, T, D, A)                                                                                     \
  extern "C" __global__ void __launch_bounds__(GCUT_CUDA_ATTEND_WIDE_THREADS, 1)                                       \
      name(const __grid_constant__ gcut__cuda_attend_wide job) {                                                       \
    using namespace attention::wide;                                                                                   \
    attend<T, D, A>(job);                                                                                              \
  }
#define ATTEND_WIDE_ALL(kind, A)                                                                                       \
  ATTEND_WIDE(gcut_attend_##kind##_bf16_64, __nv_bfloat16, 64, A)                                                      \
  ATTEND_WIDE(gcut_attend_##kind##_bf16_128, __nv_bfloat16, 128, A)                                                    \
  ATTEND_WIDE(gcut_attend_##kind##_f16_64, __half, 64, A)                                                              \
  ATTEND_WIDE(gcut_attend_##kind##_f16_128, __half, 128, A)
ATTEND_WIDE_ALL(flags, FLAGS)
ATTEND_WIDE_ALL(halves, HALVES)
ATTEND_WIDE_ALL(floats, FLOATS)
ATTEND_WIDE_ALL(biased_flags, FLAGS | BIAS)
ATTEND_WIDE_ALL(biased_halves, HALVES | BIAS)
ATTEND_WIDE_ALL(biased_floats, FLOATS | BIAS)

#endif
