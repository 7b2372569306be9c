// Attention on Hopper, after FlashAttention-3 (Shah et al., 2024): two warpgroups of 64 queries each, and a warp that
// has the copy engine fetch tiles of 128 keys and values into two stages of shared memory, ahead of need. A warpgroup
// runs the product of its last weights beside that of its next scores and their softmax; that the two also take turns by
// barriers, as in the paper, gained nothing here. A block stays for many tiles of queries, so that fetching goes on while
// results are stored.
#include "attend.cuh"
#include "attend_feeder.cuh"

#ifdef __CUDA_ARCH_FEAT_SM90_ALL

namespace attention {
namespace wide {

using namespace hopper;

// ---- the multiplying warpgroups

// Turns products times `unit` into scores in units of log2, with the bias; at(block) is what it adds to a score and its neighbour.
template <int N, typename At> __device__ inline void lean(float unit, float (&score)[N][4], At at) {
#pragma unroll
  for (int b = 0; b < N; b++) {
    const float2 p = at(b);
#pragma unroll
    for (int i = 0; i < 4; i++) score[b][i] = fmaf(score[b][i], unit, i % 2 ? p.y : p.x);
  }
}

template <typename T, int D, Added A> struct Worker {
  const gcut__cuda_attend_job &job;
  const Room<D, A> room;
  const int group;
  Ring<> keys, values;
  Ring<Room<D, A>::MASKS> masks;
  float out[D / 8][4], score[TILE / 8][4], factor[2];
  uint32_t weights[TILE / 16][4];
  Rows rows;

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

  // Two neighbours of the mask in shared memory, of this thread's row or eight below, from column 8 b on. In chunk c of row
  // r of a panel lies what the copy engine took from chunk c ^ r % 8. One way for both types of mask: two ways, unrolled,
  // take more registers than there are.
  __device__ float2 mask_pair(int b, int half) const {
    const uint32_t lane = threadIdx.x % 4;
    if constexpr (A == FLOATS) {
      const uint32_t first = room.mask(masks.stage()) + row() * ROW_BYTES + (row() % 8 ^ lane / 2) * 16 + lane % 2 * 8, chunk = b % 4 * 2;
      return read_shared_pair(first ^ (chunk * 16), b / 4 * PANEL + half * 8 * ROW_BYTES);
    }
    const bool flags = job.mask.type == T_BOOL;
    const float unset = A == PLAIN ? -INFINITY : job.mask.flags[0], set = A == PLAIN ? 0.0f : job.mask.flags[1];
    const uint32_t first = room.mask(masks.stage()) + row() * ROW_BYTES + row() % 8 * 16 + (flags ? lane / 2 * 4 : lane * 4);
    const uint32_t chunk = flags ? b / 2 : b % 8, beyond = flags ? b % 2 * 8 : b / 8 * PANEL;
    uint32_t m = read_shared(first ^ (chunk * 16), beyond + half * 8 * ROW_BYTES);
    if (flags) {
      m >>= lane % 2 * 16;
      m = pack<T>(m & 0xff ? set : unset, m & 0xff00 ? set : unset);
    }
    return unpack(*(const typename PairOf<T>::type *)&m);
  }

  __device__ void cover_with_mask(float unit, int first_row, int first_column) {
    barrier_wait(room.barrier(MASK_FULL + masks.stage()), masks.odd());
    cover<T, A != PLAIN>(job, unit, first_row, first_column, score, [&](int b, int half) { return mask_pair(b, half); });
    free_stage(MASK_FREE + masks.stage()), masks.n++;
  }

  // Ends the product with keys: what its sums are to be multiplied by.
  __device__ float end_scores(int note) {
    float unit = job.scale * TO_LOG2;
    pin(score);
    if (A != PLAIN && note & NOTE_BIAS) {
      const uint32_t first = room.bias(keys.stage()) + threadIdx.x % 4 * 8;
      lean(unit, score, [&](int b) { return read_shared_pair(first, b * 32); });
      unit = 1.0f;
    }
    free_keys();
    return unit;
  }

  // Scores into weights, unpacked.
  __device__ void take_softmax(const Item &item, int note, float unit) {
    const int t = note % NOTE_MASK, first = item.qt * TILE + group * 64;
    const int first_row = item.qt * TILE + row(), first_column = t * TILE + threadIdx.x % 4 * 2;
    const bool edge = (t + 1) * TILE > job.n_keys || (job.causal && (t + 1) * TILE - 1 > first + job.past);
    if (note & NOTE_MASK)
      cover_with_mask(unit, first_row, first_column), unit = 1.0f;
    else if (edge || !(unit > 0.0f))
      cover<T, A != PLAIN>(job, unit, first_row, first_column, score, no_mask), unit = 1.0f;
    weigh(score, unit, rows, factor);
  }

  __device__ void pack_all() {
#pragma unroll
    for (int s = 0; s < TILE / 16; s++) pack_weights<T>(&score[2 * s], weights[s]);
  }

  __device__ void first_tile(const Item &item, int note) {
    begin_scores();
    products_wait<0>();
    take_softmax(item, note, end_scores(note));
    pack_all();
  }

  __device__ void next_tile(const Item &item, int note) {
    begin_scores();
    begin_values();
    products_wait<1>();
    take_softmax(item, note, end_scores(note));
    products_wait<0>();
    pin(out);
    free_values();
    scale_rows(out, factor);
    pack_all();
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
    if (note != NO_MORE) {
      first_tile(item, note);
      while ((note = next_keys()) != NO_MORE) next_tile(item, note);
      last_values();
    }
    free_keys();
    free_stage(QUERIES_FREE);
    store_rows<T>(job, item.batch, item.head, item.qt * TILE + row(), out, rows);
  }

  __device__ void run() {
    Item item;
    for (uint32_t round = 0; find_item(job, round, &item); round++) attend(item, round);
  }
};

// Keys are there with their bias; free is what every warp says is.
template <int D, Added A> __device__ inline void init_barriers(const Room<D, A> &room) {
  for (int i = 0; i < BARRIERS; i++)
    barrier_init(room.barrier(i), i >= FREE ? 4 * GROUPS : A != PLAIN && i >= KEYS_FULL && i < KEYS_FULL + STAGES ? 2 : 1);
  barriers_ready();
}

template <typename T, int D, Added A> __device__ inline void attend(const gcut__cuda_attend_wide &job) {
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

#define ATTEND_WIDE(name, T, D, A)                                                                                        \
  extern "C" __global__ void __launch_bounds__(GCUT_CUDA_ATTEND_WIDE_THREADS, 1)                                       \
      name(const __grid_constant__ gcut__cuda_attend_wide job) {                                                       \
    attention::wide::attend<T, D, attention::wide::A>(job);                                                            \
  }
#define ATTEND_WIDE_ALL(kind, A)                                                                                       \
  ATTEND_WIDE(gcut_attend_##kind##_bf16_64, __nv_bfloat16, 64, A)                                                      \
  ATTEND_WIDE(gcut_attend_##kind##_bf16_128, __nv_bfloat16, 128, A)                                                    \
  ATTEND_WIDE(gcut_attend_##kind##_f16_64, __half, 64, A)                                                              \
  ATTEND_WIDE(gcut_attend_##kind##_f16_128, __half, 128, A)
ATTEND_WIDE_ALL(wide, PLAIN)
ATTEND_WIDE_ALL(biased, BIASED)
ATTEND_WIDE_ALL(floats, FLOATS)

#endif
