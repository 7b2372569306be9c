// RNN, GRU and LSTM: one step of all sequences. Read by C and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_RNN_H
#define GCUT_EXEC_CUDA_OPS_RNN_H

#include <stdint.h>

enum { GCUT_CUDA_RNN_THREADS = 256, GCUT_CUDA_RNN_UNITS = 8, GCUT_CUDA_RNN_SAMPLES = 8 };

typedef struct gcut__cuda_rnn_activation {
  int32_t function; // gcut__rnn_function
  float alpha, beta;
} gcut__cuda_rnn_activation;

// Gates g of hidden unit i are line g * hidden + i. Directions are the outermost dimension of x, r,
// bias, peephole, h, c and reset.
typedef struct gcut__cuda_rnn_job {
  int64_t steps, batch, hidden, directions, step;
  int32_t gates; // 1, 3 (GRU), 4 (LSTM)
  int32_t batch_first, reverse, late_reset, input_forget;
  int32_t phase; // of GRU where the reset comes first: 0 its two gates, 1 the rest
  float clip;    // NaN: none
  gcut__cuda_rnn_activation activations[6]; // [directions][1, 2, 3]
  const float *x;                           // [rows of X][gates * hidden]: the input's share
  const float *r, *bias, *peephole; // [gates * hidden][hidden]; [2 * gates * hidden]; [3 * hidden]
  const int32_t *lengths;           // [batch] or NULL
  const float *h0, *c0;             // initial states as the operator has them, or NULL
  const float *h_before;            // [batch][hidden]
  const float *rounded;       // DynamicQuantizeLSTM: what products read in their place; or NULL
  float *h_after, *c, *reset; // [batch][hidden]; reset: GRU's reset * h, then update
  float *update;
  float *y, *y_h, *y_c; // outputs, or NULL
} gcut__cuda_rnn_job;

// y = x as 8 bits chosen for these elements hold them: a block for each `count` of them.
typedef struct gcut__cuda_rnn_round_job {
  int64_t count;
  const float *x; // NULL: zeros
  float *y;
} gcut__cuda_rnn_round_job;

// Weights [directions, rows, columns] of 8 bits as floats [directions, columns, rows]. Scales and
// zero points are one a direction, or one a column.
typedef struct gcut__cuda_rnn_weights_job {
  int64_t directions, rows, columns;
  int32_t type, scale_by_column, zero_by_column;
  const void *q, *zero;
  const float *scale;
  float *to;
} gcut__cuda_rnn_weights_job;

#endif
