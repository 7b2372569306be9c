// Scaled dot-product attention, a block of query rows at a time: the scores of one block against
// all keys it sees, softmax, then their product with the values. Memory is a block of scores and
// one transposed head of keys, never the whole score matrix.
#include "exec/cpu/ops/attend.h"

#include <math.h>

#include "exec/cpu/ops/product.h"
#include "exec/cpu/ops/widen.h"

enum { ROWS = 32 }; // query rows of a block

typedef struct block {
  void *scores;                  // REAL [ROWS][to - from]
  double *bias;                  // [ROWS][total], or NULL
  int64_t low[ROWS], high[ROWS]; // keys that each row sees
  int64_t from, to;              // keys that the block computes
} block;

// Asks for the bias of each row, and finds the keys that some row sees.
static void see(const gcut_attend *a, block *b, int64_t batch, int64_t head, int64_t i, int64_t n) {
  b->from = a->total, b->to = 0;
  for (int64_t r = 0; r < n; r++) {
    b->low[r] = 0, b->high[r] = a->total;
    if (a->bias)
      a->bias(a->context, batch, head, i + r, b->bias + r * a->total, &b->low[r], &b->high[r]);
    if (b->low[r] < b->from) b->from = b->low[r];
    if (b->high[r] > b->to) b->to = b->high[r];
  }
  if (a->qk) b->from = 0, b->to = a->total;
  if (b->from > b->to) b->from = b->to;
}

#define REAL    float
#define NAME(x) x##_float
#define EXP     expf
#define TANH    tanhf
#include "exec/cpu/ops/attend_real.inc"
#undef REAL
#undef NAME
#undef EXP
#undef TANH

#define REAL    double
#define NAME(x) x##_double
#define EXP     exp
#define TANH    tanh
#include "exec/cpu/ops/attend_real.inc"

gcut_strided4 gcut__strided_heads(const void *data, int64_t heads, int64_t rows, int64_t size) {
  return (gcut_strided4){data, heads * rows * size, rows * size, size};
}
gcut_strided4 gcut__strided_packed(const void *data, int64_t heads, int64_t rows, int64_t size) {
  return (gcut_strided4){data, heads * rows * size, size, heads * size};
}

gcut_status gcut__attend(const gcut_attend *a, gcut_arena *scratch, gcut_error *err) {
  size_t size = a->real == GCUT_DOUBLE ? sizeof(double) : sizeof(float);
  size_t total = (size_t)a->total;
  block b = {0};
  void *keys = gcut_arena_alloc(scratch, total * size, (size_t)a->head_size);
  b.scores = gcut_arena_alloc(scratch, total * size, ROWS);
  if (a->bias) b.bias = gcut_arena_alloc(scratch, total * sizeof(double), ROWS);
  if (!keys || !b.scores || (a->bias && !b.bias)) return GCUT_NO_MEMORY(err);
  if (a->real == GCUT_DOUBLE)
    attend_double(a, &b, keys);
  else
    attend_float(a, &b, keys);
  return GCUT_OK;
}
