// The cases of attend_bench.c: shapes and masks that are checked, and those that are timed.
#ifndef GCUT_TESTS_CUDA_ATTEND_CASES_H
#define GCUT_TESTS_CUDA_ATTEND_CASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum mask_kind {
  NONE,
  CAUSAL,       // additive, minus infinity above the diagonal
  CAUSAL_LEAST, // the same with the least finite number
  CAUSAL_BOOL,
  PADDED,       // [batch, 1, 1, keys]: the last keys hidden
  PADDED_LEAST, // the same with the least finite number; the second batch sees nothing
  PADDED_BOOL,
  SLOPES, // [1, heads, 1, keys]: distances
  BLOCKS, // [batch, 1, ..]: tiles hidden here and there, some rows see nothing
  RANDOM, // [1, heads, ..]: small numbers everywhere
  RANDOM_BOOL,
  LEAST_ROWS,      // some rows see only the least finite number
  HIDES,           // the same in flags that say what is hidden
  POSITIONS,       // [1, heads, ..]: small numbers, minus infinity above the diagonal
  POSITIONS_LEAST, // the same with the least finite number
} mask_kind;
extern const char *const mask_kind_names[];

typedef struct attend_case {
  int32_t type, batch, heads, kv_heads, queries, keys, size;
  bool swapped; // [batch][row][head][size]
  mask_kind mask;
  bool causal;
  int32_t past;
  bool guard;
  float scale;    // 0: 1 / sqrt(size)
  int32_t v_size; // 0: size
  float softcap;
  bool sinks;
  bool floats;    // masks and result in float32, whatever the type
  mask_kind bias; // of keys alone, beside the mask
} attend_case;

extern const attend_case attend_checks[], attend_times[];
extern const size_t n_attend_checks, n_attend_times;

#endif
