// Scaled dot-product attention over strided operands: what every attention operator comes down to.
#ifndef GCUT_EXEC_CPU_OPS_ATTEND_H
#define GCUT_EXEC_CPU_OPS_ATTEND_H

#include "exec/cpu/kernel.h"

// A tensor [batch][head][row][size] in any order of its first three dims; strides in elements,
// the last dim is dense.
typedef struct gcut__strided4 {
  const void *data;
  int64_t batch, head, row;
} gcut__strided4;

typedef struct gcut__attention {
  gcut_dtype real; // GCUT_FLOAT or GCUT_DOUBLE: elements of q, k, v, y and qk
  int64_t batch, heads, kv_heads, q_length, total, head_size, v_size; // total: keys
  gcut__strided4 q, k, v, y;                                          // y is written
  double scale, softcap;                                              // softcap 0: none
  gcut_dtype precision; // scores are rounded to it before softmax, probabilities after; 0: not
  void *qk;             // [batch, heads, q_length, total], or NULL
  int qk_mode;          // what it receives: 0 raw, 1 after softcap, 2 with bias, 3 probabilities
  const float *sinks;   // [heads] a logit more in each row's sum, or NULL
  // Writes row[j], what is added to the score of key j, for the keys [*low, *high) that query row
  // (batch, head, i) sees; the others it does not see. NULL: sees all, adds nothing.
  void (*bias)(const void *context, int64_t batch, int64_t head, int64_t i, double *row,
               int64_t *low, int64_t *high);
  const void *context;
} gcut__attention;

// The strides of a dense [batch, heads, rows, size], and of a dense [batch, rows, heads, size].
gcut__strided4 gcut__strided_heads(const void *data, int64_t heads, int64_t rows, int64_t size);
gcut__strided4 gcut__strided_packed(const void *data, int64_t heads, int64_t rows, int64_t size);

// A row that sees no key gives zeros.
GCUT_MUST_USE gcut_status gcut__attend(gcut__cpu_call *c, const gcut__attention *a,
                                       gcut_error *err);

#endif
