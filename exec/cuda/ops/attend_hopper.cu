// Attention on Hopper, after FlashAttention-3 (Shah et al., 2024): two warpgroups of 64 queries each, and a warp that
// has the copy engine fetch tiles of 128 keys and values into two stages of shared memory, ahead of need. A warpgroup
// runs the product of its last weights beside that of its next scores and their softmax; that the two also take turns by
// barriers, as in the paper, gained nothing here. A block stays for many tiles of queries, so that fetching goes on while
// results are stored.
#include "attend.cuh"
#include "hopper.cuh"

#ifdef __CUDA_ARCH_FEAT_SM90_ALL

namespace attention {
namespace wide {

using namespace hopper;

enum {
  TILE = GCUT_CUDA_ATTEND_WIDE, // of queries, of keys
  STAGES = GCUT_CUDA_ATTEND_WIDE_STAGES, // of keys and values; the most of a mask
  GROUPS = TILE / 64,
  ROW_BYTES = 128, // of a panel
  PANEL = TILE * ROW_BYTES,
  BIAS_BYTES = TILE * 4,
  NO_MORE = -1 // for a tile of keys
};

// What is added to scores: a mask of 16 bits or of flags that hide by minus infinity; such a mask, of any flags, and a
// bias; a mask in float32 and a bias. Kinds of their own, so that the first has all registers to itself.
enum Added { PLAIN, BIASED, FLOATS };

// ---- shared memory

// Barriers, by what they tell: one a stage, but for queries.
enum {
  QUERIES_FULL, MASK_FULL, KEYS_FULL = MASK_FULL + STAGES, VALUES_FULL = KEYS_FULL + STAGES, FREE = VALUES_FULL + STAGES,
  QUERIES_FREE = FREE, MASK_FREE, KEYS_FREE = MASK_FREE + STAGES, VALUES_FREE = KEYS_FREE + STAGES, BARRIERS = VALUES_FREE + STAGES
};

template <int D, Added A> struct Room {
  static constexpr uint32_t TILE_BYTES = TILE * D * 2, MASK_BYTES = TILE * TILE * (A == FLOATS ? 4 : 2);
  static constexpr int MASKS = A == FLOATS && D > 64 ? 1 : STAGES; // as many as there is room for
  uint32_t base;

  __device__ uint32_t queries() const { return base; }
  __device__ uint32_t keys(uint32_t stage) const { return base + (1 + stage) * TILE_BYTES; }
  __device__ uint32_t values(uint32_t stage) const { return base + (1 + STAGES + stage) * TILE_BYTES; }
  __device__ uint32_t mask(uint32_t stage) const { return base + (1 + 2 * STAGES) * TILE_BYTES + stage * MASK_BYTES; }
  __device__ uint32_t barrier(int i) const { return mask(MASKS) + i * 8; }
  __device__ uint32_t bias(uint32_t stage) const { return mask(MASKS) + GCUT_CUDA_ATTEND_WIDE_BARRIERS + stage * BIAS_BYTES; }
};
static_assert(BARRIERS * 8 <= GCUT_CUDA_ATTEND_WIDE_BARRIERS, "wide_bytes in attend_launch.c asks for as much");

// What the fetching warp tells of the keys in a stage: the tile's number, and whether it comes with its mask and bias.
__shared__ volatile int notes[STAGES];
enum { NOTE_MASK = 1 << 24, NOTE_BIAS = 1 << 25 };

// How far a ring of stages has been filled or used.
template <int N = STAGES> struct Ring {
  uint32_t n = 0;
  __device__ uint32_t stage() const { return n % N; }
  __device__ uint32_t odd() const { return n / N % 2; }
};

// ---- the bias

// What an element of the bias adds, in units of log2.
template <typename T> __device__ inline float bias_of(const gcut__cuda_attend_mask &bias, uint32_t bits) {
  const uint16_t half = (uint16_t)bits;
  const float m = bias.type == T_FLOAT ? __uint_as_float(bits) : bias.type == T_BOOL ? bias.flags[bits != 0] : (float)*(const T *)&half;
  return add_mask<T>(bias.ceiling, 0.0f, m * bias.factor);
}

// Turns products times `unit` into scores in units of log2, with the bias; at(block) is what it adds to a score and its neighbour.
template <int N, typename At> __device__ inline void lean(float unit, float (&score)[N][4], At at) {
#pragma unroll
  for (int b = 0; b < N; b++) {
    const float2 p = at(b);
#pragma unroll
    for (int i = 0; i < 4; i++) score[b][i] = fmaf(score[b][i], unit, i % 2 ? p.y : p.x);
  }
}

// ---- what a block does: tiles of queries, the longest first, dealt to and fro so that all have about as much

struct Item {
  int qt, head, batch;
};
__device__ inline bool find_item(const gcut__cuda_attend_job &job, uint32_t round, Item *out) {
  const uint32_t n_qt = (job.n_queries + TILE - 1) / TILE, heads = job.heads * job.batch;
  const uint32_t at = round * gridDim.x + (round % 2 ? gridDim.x - 1 - blockIdx.x : blockIdx.x);
  if (at >= n_qt * heads) return false;
  out->qt = n_qt - 1 - at / heads;
  out->head = at % heads % job.heads;
  out->batch = at % heads / job.heads;
  return true;
}

// ---- the fetching warp

// The tiles of keys that a tile of queries meets, 32 at a time: a bit a tile.
template <Added A> struct Walk {
  Kinds kinds[GROUPS]; // of 64 queries with 64 keys
  int n_kinds, end;
  uint32_t met, mixed, leant;

  __device__ Walk(const gcut__cuda_attend_job &job, const Item &item) {
    const int half = GCUT_CUDA_ATTEND_TILE;
    n_kinds = (job.n_keys + half - 1) / half;
    end = (job.n_keys + TILE - 1) / TILE;
    if (job.causal) end = max(0, min(end, (item.qt * TILE + TILE - 1 + job.past + TILE) / TILE));
#pragma unroll
    for (int g = 0; g < GROUPS; g++) {
      const int row = item.qt * GROUPS + g;
      kinds[g].mask = kinds[g].bias = nullptr;
      if (row * half < job.n_queries) kinds[g].template look<A != PLAIN>(job, item.batch, item.head, row);
    }
  }

  // Looks at tiles first to first + 31.
  __device__ void look(const gcut__cuda_attend_job &job, int first) {
    const int t = first + threadIdx.x % 32;
    bool meets = !job.mask.type && !(A != PLAIN && job.bias.type), reads = false, leans = false;
#pragma unroll
    for (int g = 0; g < GROUPS; g++) {
      const Kinds &k = kinds[g];
      if (t >= end || (!k.mask && !k.bias)) continue;
      const int a = 2 * t, b = min(a + 1, n_kinds - 1), none = ALL_ZERO;
      const int mask_a = k.mask ? k.mask[a] : none, mask_b = k.mask ? k.mask[b] : none;
      const int bias_a = k.bias ? k.bias[a] : none, bias_b = k.bias ? k.bias[b] : none;
      meets = meets || (!k.skip(mask_a) && !k.skip(bias_a)) || (!k.skip(mask_b) && !k.skip(bias_b));
      reads = reads || mask_a != ALL_ZERO || mask_b != ALL_ZERO;
      leans = leans || bias_a != ALL_ZERO || bias_b != ALL_ZERO;
    }
    met = __ballot_sync(~0u, t < end && meets);
    mixed = __ballot_sync(~0u, reads);
    leant = A != PLAIN ? __ballot_sync(~0u, leans) : 0;
  }

  // The note of the next of them, or NO_MORE.
  __device__ int next(int first) {
    if (!met) return NO_MORE;
    const int i = __ffs(met) - 1;
    met &= met - 1;
    return (first + i) | (mixed >> i & 1 ? NOTE_MASK : 0) | (leant >> i & 1 ? NOTE_BIAS : 0);
  }
};

template <typename T, int D, Added A> struct Feeder {
  const gcut__cuda_attend_wide &job;
  const Room<D, A> room;
  Ring<> keys, values;
  Ring<Room<D, A>::MASKS> masks;

  // Waits until a place is free; then one lane may fill it.
  __device__ bool may_fill(int free, uint32_t odd) {
    barrier_wait(room.barrier(free), odd ^ 1);
    return threadIdx.x == 0;
  }
  __device__ void fetch_tile(uint32_t to, int full, const void *map, int row, int head, int batch) {
    barrier_expect(room.barrier(full), room.TILE_BYTES);
#pragma unroll
    for (int p = 0; p < D * 2 / ROW_BYTES; p++)
      fetch_box(to + p * PANEL, map, room.barrier(full), p * (ROW_BYTES / 2), row, head, batch);
  }

  __device__ void fetch_queries(const Item &item, uint32_t round) {
    if (may_fill(QUERIES_FREE, round % 2))
      fetch_tile(room.queries(), QUERIES_FULL, &job.q_map, item.qt * TILE, item.head, item.batch);
  }
  // Of the bias, keys lane, lane + 32 and so on of a tile: all are asked for before any is waited for.
  __device__ void read_bias(const Item &item, int note, uint32_t (&to)[TILE / 32]) const {
    const gcut__cuda_attend_mask &bias = job.base.bias;
    const int64_t base = item.batch * bias.batch + item.head * bias.head;
    const int first = note % NOTE_MASK * TILE + threadIdx.x, last = job.base.n_keys - 1;
    if (note == NO_MORE || !(note & NOTE_BIAS)) return;
    if (bias.type == T_FLOAT)
#pragma unroll
      for (int i = 0; i < TILE / 32; i++) to[i] = ((const uint32_t *)bias.data)[base + min(first + i * 32, last) * bias.column];
    else if (bias.type == T_BOOL)
#pragma unroll
      for (int i = 0; i < TILE / 32; i++) to[i] = ((const uint8_t *)bias.data)[base + min(first + i * 32, last) * bias.column];
    else
#pragma unroll
      for (int i = 0; i < TILE / 32; i++) to[i] = ((const uint16_t *)bias.data)[base + min(first + i * 32, last) * bias.column];
  }
  // What it adds; behind the last key it hides.
  __device__ void write_bias(uint32_t stage, int note, const uint32_t (&from)[TILE / 32]) const {
    if (note != NO_MORE && note & NOTE_BIAS)
#pragma unroll
      for (int i = 0; i < TILE / 32; i++) {
        const int key = note % NOTE_MASK * TILE + threadIdx.x + i * 32;
        const float m = key < job.base.n_keys ? bias_of<T>(job.base.bias, from[i]) : -INFINITY;
        write_shared(room.bias(stage) + (threadIdx.x + i * 32) * 4, __float_as_uint(m));
      }
    __syncwarp();
    if (threadIdx.x == 0) barrier_arrive(room.barrier(KEYS_FULL + stage));
  }
  __device__ void fetch_keys(const Item &item, int note) {
    const uint32_t stage = keys.stage();
    uint32_t bias[TILE / 32];
    if constexpr (A != PLAIN) read_bias(item, note, bias);
    if (may_fill(KEYS_FREE + stage, keys.odd())) {
      notes[stage] = note;
      if (note == NO_MORE)
        barrier_arrive(room.barrier(KEYS_FULL + stage));
      else
        fetch_tile(room.keys(stage), KEYS_FULL + stage, &job.k_map, note % NOTE_MASK * TILE, item.head / job.base.group, item.batch);
    }
    if constexpr (A != PLAIN) write_bias(stage, note, bias);
    keys.n++;
  }
  __device__ void fetch_values(const Item &item, int note) {
    const uint32_t stage = values.stage();
    if (may_fill(VALUES_FREE + stage, values.odd()))
      fetch_tile(room.values(stage), VALUES_FULL + stage, &job.v_map, note % NOTE_MASK * TILE, item.head / job.base.group, item.batch);
    values.n++;
  }
  __device__ void fetch_mask(const Item &item, int note) {
    const int columns = A == FLOATS ? ROW_BYTES / 4 : job.base.mask.type == T_BOOL ? ROW_BYTES : ROW_BYTES / 2; // of a panel
    const uint32_t stage = masks.stage();
    if (may_fill(MASK_FREE + stage, masks.odd())) {
      barrier_expect(room.barrier(MASK_FULL + stage), TILE / columns * PANEL);
      for (int p = 0; p < TILE / columns; p++)
        fetch_box(room.mask(stage) + p * PANEL, &job.m_map, room.barrier(MASK_FULL + stage), note % NOTE_MASK * TILE + p * columns,
                  item.qt * TILE, job.base.mask.head ? item.head : 0, job.base.mask.batch ? item.batch : 0);
    }
    masks.n++;
  }

  // Values come a tile after their keys: that is when they are needed.
  __device__ void feed(const Item &item, uint32_t round) {
    Walk<A> walk(job.base, item);
    int before = NO_MORE;
    fetch_queries(item, round);
    for (int first = 0; first < walk.end; first += 32) {
      walk.look(job.base, first);
      for (int note; (note = walk.next(first)) != NO_MORE; before = note) {
        fetch_keys(item, note);
        if (note & NOTE_MASK) fetch_mask(item, note);
        if (before != NO_MORE) fetch_values(item, before);
      }
    }
    fetch_keys(item, NO_MORE);
    if (before != NO_MORE) fetch_values(item, before);
  }

  __device__ void run() {
    Item item;
    for (uint32_t round = 0; find_item(job.base, round, &item); round++) feed(item, round);
  }
};

// ---- the multiplying warpgroups

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
