// Kernels of fused groups. Read by C and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_FUSED_H
#define GCUT_EXEC_CUDA_OPS_FUSED_H

#include <stdint.h>

// y = round(g * round(sigmoid(g))) * u.
typedef struct gcut__cuda_swiglu_job {
  int64_t count;
  int32_t type;
  const void *g, *u;
  void *y;
} gcut__cuda_swiglu_job;

// y = softmax(scale * q k^T + mask) v by blocks of 64 rows, without a matrix of scores. With a
// softcap, scores before the mask are softcap * tanh(scale * q k^T); with sinks, each head has a
// score more, whose value is 0.
enum { GCUT_CUDA_ATTEND_TILE = 64 };

// Of 16 bits: the longest heads whose queries stay in registers, and how many tiles a block keeps
// in shared memory: of such heads, of longer ones, and of any on Turing, where a block has 64 KiB.
enum {
  GCUT_CUDA_ATTEND_KEPT = 128,
  GCUT_CUDA_ATTEND_TILES = 4,
  GCUT_CUDA_ATTEND_LONG_TILES = 3,
  GCUT_CUDA_ATTEND_TURING_TILES = 2
};

// What is added to scores, [batch, heads, queries, keys] wherever it does not repeat.
typedef struct gcut__cuda_attend_mask {
  int64_t batch, head, row, column; // elements from one to the next; 0 repeats
  int32_t type;                     // 0: nothing; BOOL: flags; else the job's, or float32
  int32_t tiles_batch, tiles_head;  // of `tiles`: how far the next batch or head; 0 repeats
  float flags[2];                   // what a flag adds: one that is not set, one that is
  // An element hides from `hides` down, beside any key that is visible. Where it adds m, scores
  // stay below 1e30 m + ceiling: far below all others where rounding leaves nothing of what m is
  // added to, so that a row that sees nothing else weighs such keys alike; above all elsewhere.
  float hides, ceiling;
  float factor; // of a bias: its elements are multiplied by that first; else 1
  const void *data;
  // [..][query tiles][key tiles]: 0 hidden by minus infinity, 1 some of it hidden, 2 all zero, 3
  // hidden by a large number, which counts where a query sees nothing else, 4 nothing hidden (or 1,
  // of a mask that has rows).
  uint8_t *tiles;
  unsigned long long *rows; // the same: a bit a query that is known to see a key of the tile
} gcut__cuda_attend_mask;

typedef struct gcut__cuda_attend_job {
  int64_t q_batch, q_head, q_row, k_batch, k_head, k_row, v_batch, v_head, v_row; // elements
  int64_t y_batch, y_head, y_row;
  int32_t batch, heads, group, n_queries, n_keys;
  int32_t size, v_size;        // of queries and keys; of values
  int32_t type, wide_result;   // y is float32, whatever the type
  int32_t causal, past;        // query i sees keys up to i + past
  int32_t guard;               // a row that sees nothing is 0, not NaN
  float scale, softcap;        // softcap 0: none
  gcut__cuda_attend_mask mask; // of queries and keys
  gcut__cuda_attend_mask bias; // of keys alone: `row` is 0, and so is that of its tiles
  const void *q, *k, *v;
  const void *sinks;  // NULL, or one a head
  int64_t sinks_step; // elements to that of the next
  void *y;
} gcut__cuda_attend_job;

// The same in float32, by tiles of 64 queries and keys, or of 32 where heads are longer than 128;
// rows of a tile lie so many elements further apart in shared memory than they are long.
enum { GCUT_CUDA_ATTEND_F32_THREADS = 256, GCUT_CUDA_ATTEND_F32_PAD = 4 };

// The same for cards of Hopper's kind, by tiles of 128 queries and 128 keys. The copy engine
// fetches boxes of 128 rows by 128 bytes of q, k, v and mask, all [batch][head][row][column].
// Beside them a block has room for barriers and, for each of its stages, a bias in float32.
enum {
  GCUT_CUDA_ATTEND_WIDE = 128,
  GCUT_CUDA_ATTEND_WIDE_THREADS = 384,
  GCUT_CUDA_ATTEND_WIDE_STAGES = 2,
  GCUT_CUDA_ATTEND_WIDE_BARRIERS = 128
};

#ifdef __cplusplus
#define GCUT_CUDA_ALIGNAS alignas
#else
#define GCUT_CUDA_ALIGNAS _Alignas
#endif

typedef struct gcut__cuda_tensor_map { // a CUtensorMap
  GCUT_CUDA_ALIGNAS(64) uint64_t words[16];
} gcut__cuda_tensor_map;

typedef struct gcut__cuda_attend_wide {
  gcut__cuda_tensor_map q_map, k_map, v_map, m_map;
  gcut__cuda_attend_job base;
} gcut__cuda_attend_wide;

#endif
