// Scaled dot-product attention, a block of query rows at a time: the scores of one block against
// all keys it sees, softmax, then their product with the values. Memory is a block of scores, never
// the whole score matrix.
#include "exec/cpu/ops/attend.h"

#include <math.h>

#include "exec/cpu/ops/exponent.h"
#include "exec/cpu/ops/gemm.h"
#include "exec/cpu/ops/widen.h"

enum { ROWS = 32 }; // query rows of a block

typedef struct block {
  void *scores;                  // REAL [ROWS][to - from]
  double *bias;                  // [ROWS][total], or NULL
  int64_t low[ROWS], high[ROWS]; // keys that each row sees
  int64_t from, to;              // keys that the block computes
} block;

// Asks for the bias of each row, and finds the keys that some row sees.
static void see(const gcut__attention *a, block *b, int64_t batch, int64_t head, int64_t i,
                int64_t n) {
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
  for (int64_t r = 0; r < n; r++) // a row that sees nothing may lie outside
    if (b->low[r] >= b->high[r]) b->low[r] = b->high[r] = b->from;
}

#define REAL    float
#define NAME(x) x##_float
#define EXP     expf
#define TANH    tanhf
#define EXP_ROW gcut__exp_floats
#include "exec/cpu/ops/attend_real.inc"
#undef REAL
#undef NAME
#undef EXP
#undef TANH
#undef EXP_ROW

static double exp_doubles(double *x, int64_t n, double less) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += x[i] = exp(x[i] - less);
  return sum;
}

#define REAL    double
#define NAME(x) x##_double
#define EXP     exp
#define TANH    tanh
#define EXP_ROW exp_doubles
#include "exec/cpu/ops/attend_real.inc"

gcut__strided4 gcut__strided_heads(const void *data, int64_t heads, int64_t rows, int64_t size) {
  return (gcut__strided4){data, heads * rows * size, rows * size, size};
}
gcut__strided4 gcut__strided_packed(const void *data, int64_t heads, int64_t rows, int64_t size) {
  return (gcut__strided4){data, heads * rows * size, size, heads * size};
}

static gcut_status attend_block(gcut__cpu_call *c, const gcut__attention *a, block *b,
                                int64_t batch, int64_t head, int64_t i, gcut_error *err) {
  int64_t n = a->q_length - i < ROWS ? a->q_length - i : ROWS;
  return a->real == GCUT_DOUBLE ? attend_block_double(c, a, b, batch, head, i, n, err)
                                : attend_block_float(c, a, b, batch, head, i, n, err);
}

gcut_status gcut__attend(gcut__cpu_call *c, const gcut__attention *a, gcut_error *err) {
  size_t size = a->real == GCUT_DOUBLE ? sizeof(double) : sizeof(float);
  if (a->v_size == 0 && (!a->qk || a->total == 0)) return GCUT_OK; // nothing to write
  block b = {0};
  b.scores = gcut_arena_alloc(c->scratch, (size_t)a->total, ROWS * size);
  if (a->bias) b.bias = gcut_arena_alloc(c->scratch, (size_t)a->total, ROWS * sizeof(double));
  if (!b.scores || (a->bias && !b.bias)) return GCUT_NO_MEMORY(err);
  for (int64_t batch = 0; batch < a->batch; batch++)
    for (int64_t head = 0; head < a->heads; head++)
      for (int64_t i = 0; i < a->q_length; i += ROWS)
        GCUT_TRY(attend_block(c, a, &b, batch, head, i, err));
  return GCUT_OK;
}
