// The half of Hopper's attention that fetches: what lies where in shared memory, which tiles of keys a tile of queries
// meets, and the warp that has the copy engine bring them, with their masks, and writes the bias beside them.
#ifndef GCUT_EXEC_CUDA_OPS_ATTEND_FEEDER_CUH
#define GCUT_EXEC_CUDA_OPS_ATTEND_FEEDER_CUH

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
  NO_MORE = -1 // for a tile of keys; queries that meet none are told so
};

// What is added to scores: a mask, by the bytes of its elements (FLAGS: or none), and maybe a bias. Kernels of their own: to
// ask at each element what it is takes longer than to add it.
enum { FLAGS = 1, HALVES = 2, FLOATS = 4, ELEMENT = 7, BIAS = 8 };

// ---- shared memory

// Barriers, by what they tell: one a stage, but for queries.
enum {
  QUERIES_FULL, MASK_FULL, KEYS_FULL = MASK_FULL + STAGES, VALUES_FULL = KEYS_FULL + STAGES, FREE = VALUES_FULL + STAGES,
  QUERIES_FREE = FREE, MASK_FREE, KEYS_FREE = MASK_FREE + STAGES, VALUES_FREE = KEYS_FREE + STAGES, BARRIERS = VALUES_FREE + STAGES
};

template <int D, int A> struct Room {
  static constexpr uint32_t TILE_BYTES = TILE * D * 2, MASK_BYTES = TILE * TILE * (A & ELEMENT);
  static constexpr int MASKS = A & FLOATS && D > 64 ? 1 : STAGES; // as many as there is room for
  uint32_t base;

  __device__ uint32_t queries() const { return base; }
  __device__ uint32_t keys(uint32_t stage) const { return base + (1 + stage) * TILE_BYTES; }
  __device__ uint32_t values(uint32_t stage) const { return base + (1 + STAGES + stage) * TILE_BYTES; }
  __device__ uint32_t mask(uint32_t stage) const { return base + (1 + 2 * STAGES) * TILE_BYTES + stage * MASK_BYTES; }
  __device__ uint32_t barrier(int i) const { return mask(MASKS) + i * 8; }
  __device__ uint32_t bias(uint32_t stage) const { return mask(MASKS) + GCUT_CUDA_ATTEND_WIDE_BARRIERS + stage * BIAS_BYTES; }
};
static_assert(BARRIERS * 8 <= GCUT_CUDA_ATTEND_WIDE_BARRIERS, "wide_bytes in attend_launch.c asks for as much");

// What the fetching warp tells of the keys in a stage: the tile's number, whether it comes with its mask and bias, and
// whether it is the last that the queries meet.
__shared__ volatile int notes[STAGES];
enum { NOTE_MASK = 1 << 24, NOTE_BIAS = 1 << 25, NOTE_LAST = 1 << 26 };

// How far a ring of stages has been filled or used.
template <int N = STAGES> struct Ring {
  uint32_t n = 0;
  __device__ uint32_t stage() const { return n % N; }
  __device__ uint32_t odd() const { return n / N % 2; }
};

// ---- the bias

// What an element of the bias adds.
template <typename T> __device__ inline float bias_of(const gcut__cuda_attend_mask &bias, uint32_t bits) {
  const uint16_t half = (uint16_t)bits;
  const float m = bias.type == T_FLOAT ? __uint_as_float(bits) : bias.type == T_BOOL ? bias.flags[bits != 0] : (float)*(const T *)&half;
  return add_second<NEAR_LEAST<T>>(bias.ceiling, 0.0f, 0.0f, m * bias.factor);
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

// The tiles of keys that a tile of queries meets, 32 at a time, from `first` on: a bit a tile.
template <int A> struct Walk {
  const gcut__cuda_attend_job &job;
  Kinds kinds[GROUPS]; // of 64 queries with 64 keys
  int n_kinds, end, first;
  uint32_t met, mixed, leant;

  __device__ Walk(const gcut__cuda_attend_job &job, const Item &item) : job(job), first(0) {
    const int half = GCUT_CUDA_ATTEND_TILE;
    n_kinds = (job.n_keys + half - 1) / half;
    end = (job.n_keys + TILE - 1) / TILE;
    if (job.causal) end = max(0, min(end, (item.qt * TILE + TILE - 1 + job.past + TILE) / TILE));
#pragma unroll
    for (int g = 0; g < GROUPS; g++) {
      const int row = item.qt * GROUPS + g;
      kinds[g].mask = kinds[g].bias = nullptr;
      if (row * half < job.n_queries) kinds[g].template look<(A & BIAS) != 0>(job, item.batch, item.head, row);
    }
    look();
  }

  __device__ void look() {
    const int t = first + threadIdx.x % 32;
    bool meets = !job.mask.type && !((A & BIAS) && job.bias.type), reads = false, leans = false;
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
    leant = A & BIAS ? __ballot_sync(~0u, leans) : 0;
  }

  // The note of the next, or NO_MORE.
  __device__ int next() {
    while (!met) {
      if ((first += 32) >= end) return NO_MORE;
      look();
    }
    const int i = __ffs(met) - 1;
    met &= met - 1;
    return (first + i) | (mixed >> i & 1 ? NOTE_MASK : 0) | (leant >> i & 1 ? NOTE_BIAS : 0);
  }
};

template <typename T, int D, int A> struct Feeder {
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
    if constexpr (A & BIAS) read_bias(item, note, bias);
    if (may_fill(KEYS_FREE + stage, keys.odd())) {
      notes[stage] = note;
      if (note == NO_MORE)
        barrier_arrive(room.barrier(KEYS_FULL + stage));
      else
        fetch_tile(room.keys(stage), KEYS_FULL + stage, &job.k_map, note % NOTE_MASK * TILE, item.head / job.base.group, item.batch);
    }
    if constexpr (A & BIAS) write_bias(stage, note, bias);
    keys.n++;
  }
  __device__ void fetch_values(const Item &item, int note) {
    const uint32_t stage = values.stage();
    if (may_fill(VALUES_FREE + stage, values.odd()))
      fetch_tile(room.values(stage), VALUES_FULL + stage, &job.v_map, note % NOTE_MASK * TILE, item.head / job.base.group, item.batch);
    values.n++;
  }
  static constexpr int MASK_COLUMNS = ROW_BYTES / (A & ELEMENT); // of a panel
  __device__ void fetch_mask(const Item &item, int note) {
    const uint32_t stage = masks.stage();
    if (may_fill(MASK_FREE + stage, masks.odd())) {
      barrier_expect(room.barrier(MASK_FULL + stage), room.MASK_BYTES);
      for (int c = 0; c < TILE; c += MASK_COLUMNS)
        fetch_box(room.mask(stage) + c / MASK_COLUMNS * PANEL, &job.m_map, room.barrier(MASK_FULL + stage), note % NOTE_MASK * TILE + c,
                  item.qt * TILE, job.base.mask.head ? item.head : 0, job.base.mask.batch ? item.batch : 0);
    }
    masks.n++;
  }
  // Values come a tile after their keys: that is when they are needed.
  __device__ void feed(const Item &item, uint32_t round) {
    Walk<A> walk(job.base, item);
    int before = NO_MORE, note = walk.next();
    fetch_queries(item, round);
    if (note == NO_MORE) return fetch_keys(item, NO_MORE);
    for (int after; note != NO_MORE; before = note, note = after) {
      after = walk.next();
      fetch_keys(item, after == NO_MORE ? note | NOTE_LAST : note);
      if (note & NOTE_MASK) fetch_mask(item, note);
      if (before != NO_MORE) fetch_values(item, before);
    }
    fetch_values(item, before);
  }

  __device__ void run() {
    Item item;
    for (uint32_t round = 0; find_item(job.base, round, &item); round++) feed(item, round);
  }
};

} // namespace wide
} // namespace attention

#endif
#endif
