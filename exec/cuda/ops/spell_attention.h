// Attention spelled out: products, Softmax and what goes between. Where types and sizes allow, the
// patterns of match.c make one kernel of it again.
#ifndef GCUT_EXEC_CUDA_OPS_SPELL_ATTENTION_H
#define GCUT_EXEC_CUDA_OPS_SPELL_ATTENTION_H

#include "exec/cuda/ops/spell.h"

// Values are of `type`; q [batch, heads, queries, size], k and v [batch, kv heads, keys, size].
typedef struct gcut__spelled_attention {
  int64_t batch, heads, kv_heads, queries, keys, size, v_size;
  int type; // that all is computed in
  uint32_t q, k, v;
  uint32_t bias;  // added to scores, broadcast to [batch, heads, queries, keys], or GCUT_NONE
  uint32_t sinks; // [heads]: a logit more in each row's sum, or GCUT_NONE
  float scale, softcap;
  bool guard;         // a row may see nothing: it gives zeros
  uint32_t scores[4]; // set: raw, after softcap, with bias, probabilities
} gcut__spelled_attention;

// The type to compute attention in: the operands' own where one kernel does it, else a wide one.
int gcut__attention_type(int type, int64_t size);
// The result [batch, heads, queries, v_size].
uint32_t gcut__spell_attention(gcut__speller *s, gcut__spelled_attention *a);

// A mask of 0 and -infinity, in a->type, from what is seen (bool).
uint32_t gcut__spell_mask(gcut__speller *s, const gcut__spelled_attention *a, uint32_t seen);
// The sum, or the one that is there.
uint32_t gcut__spell_sum(gcut__speller *s, uint32_t a, uint32_t b);
// Both, or the one that is there.
uint32_t gcut__spell_both(gcut__speller *s, uint32_t a, uint32_t b);

// Positions of queries, int64 [queries, 1], from `first` on (GCUT_NONE: 0); of keys, [keys].
uint32_t gcut__spell_positions(gcut__speller *s, const gcut__spelled_attention *a, uint32_t first);
uint32_t gcut__spell_range(gcut__speller *s, int64_t n);
// Which keys a query at a position sees: at most `right` after it and `left` before, -1 any number.
uint32_t gcut__spell_window(gcut__speller *s, uint32_t positions, uint32_t keys, int64_t left,
                            int64_t right);

// [batch, rows, heads * size] as [batch, heads, rows, size], and back.
uint32_t gcut__spell_heads(gcut__speller *s, uint32_t x, int64_t batch, int64_t rows, int64_t heads,
                           int64_t size);
uint32_t gcut__spell_join_heads(gcut__speller *s, uint32_t x, int64_t batch, int64_t rows,
                                int64_t width);
// x, where it is of another type than `type`.
uint32_t gcut__spell_as(gcut__speller *s, uint32_t x, int from, int type);

#endif
