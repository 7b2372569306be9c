// RNN, GRU, LSTM. The input's share of all gates is one product over all steps; then each step adds
// the state's share and runs the cell, sample by sample. Samples shorter than the longest stop
// changing their state; their outputs beyond their end are zero. A reverse direction begins at each
// sample's own end.
#include "tracer/ops/rnn.h"

#include <math.h>

#include "exec/cpu/ops/exponent.h"
#include "exec/cpu/ops/gemm.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/widen.h"

typedef struct rnn {
  gcut_dtype real; // GCUT_FLOAT or GCUT_DOUBLE
  int64_t steps, batch, inputs, hidden, directions, gates;
  bool batch_first, reverse, linear_before_reset, input_forget;
  float clip;         // NaN: none
  size_t n_functions; // a direction
  gcut_rnn_activation activations[6];
  const int32_t *lengths; // [batch], or NULL
} rnn;

// The row of X [steps * batch] that sample b reads at its `step`, or -1 past its end.
static int64_t row_at(const rnn *r, int64_t b, int64_t step, bool backward) {
  int64_t length = r->lengths ? r->lengths[b] : r->steps;
  if (step >= length) return -1;
  int64_t t = backward ? length - 1 - step : step;
  return r->batch_first ? b * r->steps + t : t * r->batch + b;
}

static void tanh_doubles(double *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) x[i] = tanh(x[i]);
}
static void sigmoid_doubles(double *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) x[i] = 1 / (1 + exp(-x[i]));
}

#define REAL    float
#define NAME(x) x##_float
#define F(x)    x##f
#define TANH    gcut__tanh_floats
#define SIGMOID gcut__sigmoid_floats
#include "exec/cpu/ops/rnn_real.inc"
#undef REAL
#undef NAME
#undef F
#undef TANH
#undef SIGMOID

#define REAL    double
#define NAME(x) x##_double
#define F(x)    x
#define TANH    tanh_doubles
#define SIGMOID sigmoid_doubles
#include "exec/cpu/ops/rnn_real.inc"

static gcut_status run(gcut_cpu_call *c, int64_t gates, const gcut_rnn_function *defaults,
                       size_t n_functions, gcut_error *err) {
  const gcut_rnn_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  bool batch_first = attrs->layout == 1;
  rnn r = {
      .real = x->type == GCUT_DOUBLE ? GCUT_DOUBLE : GCUT_FLOAT,
      .steps = x->dims[batch_first ? 1 : 0],
      .batch = x->dims[batch_first ? 0 : 1],
      .inputs = x->dims[2],
      .hidden = c->inputs[2]->dims[2],
      .directions = gcut__rnn_directions(attrs),
      .gates = gates,
      .batch_first = batch_first,
      .reverse = attrs->direction.size > 0 && (attrs->direction.data[0] | 0x20) == 'r',
      .linear_before_reset = attrs->linear_before_reset != 0,
      .input_forget = attrs->input_forget != 0,
      .clip = attrs->clip,
      .n_functions = n_functions,
      .lengths = gcut_cpu_has(c, 4) ? c->inputs[4]->data : NULL,
  };
  size_t bad;
  if (r.batch == 0 || r.hidden == 0) return GCUT_OK; // outputs have no elements
  int64_t *rows = GCUT_NEW_ARRAY(c->scratch, int64_t, (size_t)r.batch);
  if (!rows) return GCUT_NO_MEMORY(err);
  if (!gcut__rnn_activations(attrs, defaults, n_functions, n_functions * (size_t)r.directions,
                             r.activations, &bad))
    return gcut_cpu_fail(c, GCUT_FORMAT, err, "activation %zu is unknown or missing", bad);
  return r.real == GCUT_DOUBLE ? run_double(c, &r, rows, err) : run_float(c, &r, rows, err);
}

gcut_status gcut__cpu_rnn(gcut_cpu_call *c, gcut_error *err) {
  return run(c, 1, gcut__rnn_defaults, 1, err);
}
gcut_status gcut__cpu_gru(gcut_cpu_call *c, gcut_error *err) {
  return run(c, 3, gcut__gru_defaults, 2, err);
}
gcut_status gcut__cpu_lstm(gcut_cpu_call *c, gcut_error *err) {
  return run(c, 4, gcut__lstm_defaults, 3, err);
}
