// RNN, GRU, LSTM, DynamicQuantizeLSTM. The input's share of all gates is one product over all
// steps; then each step adds the state's share and runs the cell, sample by sample. Samples shorter
// than the longest stop changing their state; their outputs beyond their end are zero. A reverse
// direction begins at each sample's own end.
#include "tracer/ops/rnn.h"

#include <math.h>

#include "exec/cpu/ops/exponent.h"
#include "exec/cpu/ops/gemm.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/quantize.h"
#include "exec/cpu/ops/widen.h"

typedef struct rnn {
  gcut_dtype real; // GCUT_FLOAT or GCUT_DOUBLE
  int64_t steps, batch, inputs, hidden, directions, gates;
  bool batch_first, reverse, linear_before_reset, input_forget;
  float clip;         // NaN: none
  size_t n_functions; // a direction
  gcut__rnn_activation activations[6];
  const int32_t *lengths; // [batch], or NULL
  // DynamicQuantizeLSTM: X, W and R as floats of 8 bits' precision, in LSTM's layout; or NULL. The
  // state is then rounded to 8 bits before every product, too.
  const void *x, *w, *r;
  void *rounded; // [batch][hidden]
} rnn;

// The row of X [steps * batch] that sample b reads at its `step`, or -1 past its end.
static int64_t row_at(const rnn *r, int64_t b, int64_t step, bool backward) {
  int64_t length = r->lengths ? r->lengths[b] : r->steps;
  if (step >= length) return -1;
  int64_t t = backward ? length - 1 - step : step;
  return r->batch_first ? b * r->steps + t : t * r->batch + b;
}

// As 8 bits chosen for these elements hold them.
static void round_dynamically(const float *x, uint64_t n, float *out) {
  float scale = gcut__quantize_range(x, n, out);
  for (uint64_t i = 0; i < n; i++) out[i] *= scale;
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

static rnn describe(const gcut__cpu_call *c, int64_t gates, size_t n_functions) {
  const gcut__rnn_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  bool batch_first = attrs->layout == 1;
  return (rnn){
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
      .lengths = gcut__cpu_has(c, 4) ? c->inputs[4]->data : NULL,
  };
}

static gcut_status run_described(gcut__cpu_call *c, rnn *r, const gcut__rnn_function *defaults,
                                 gcut_error *err) {
  size_t bad;
  if (r->batch == 0 || r->hidden == 0) return GCUT_OK; // outputs have no elements
  int64_t *rows = GCUT_NEW_ARRAY(c->scratch, int64_t, (size_t)r->batch);
  if (!rows) return GCUT_NO_MEMORY(err);
  if (!gcut__rnn_activations(c->attrs, defaults, r->n_functions,
                             r->n_functions * (size_t)r->directions, r->activations, &bad))
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "activation %zu is unknown or missing", bad);
  return r->real == GCUT_DOUBLE ? run_double(c, r, rows, err) : run_float(c, r, rows, err);
}

static gcut_status run(gcut__cpu_call *c, int64_t gates, const gcut__rnn_function *defaults,
                       size_t n_functions, gcut_error *err) {
  rnn r = describe(c, gates, n_functions);
  return run_described(c, &r, defaults, err);
}

gcut_status gcut__cpu_rnn(gcut__cpu_call *c, gcut_error *err) {
  return run(c, 1, gcut__rnn_defaults, 1, err);
}
gcut_status gcut__cpu_gru(gcut__cpu_call *c, gcut_error *err) {
  return run(c, 3, gcut__gru_defaults, 2, err);
}
gcut_status gcut__cpu_lstm(gcut__cpu_call *c, gcut_error *err) {
  return run(c, 4, gcut__lstm_defaults, 3, err);
}

// ---- DynamicQuantizeLSTM ----------------------------------------------------------------------

// Weights [D, n, G*H] of 8 bits as floats [D, G*H, n]. Scales and zero points: one a direction, or
// one a column.
static gcut_status dequantize_weights(gcut__cpu_call *c, const rnn *r, uint32_t i, uint32_t scales,
                                      gcut_arena *arena, const void **out, gcut_error *err) {
  const gcut_tensor *t = c->inputs[i], *scale = c->inputs[scales];
  const float *q = gcut__dequantized(c, t), *zero = gcut__dequantized(c, c->inputs[scales + 1]);
  float *y = GCUT_NEW_ARRAY(arena, float, t->count);
  int64_t n = t->dims[1], columns = t->dims[2];
  if (!q || !zero || !y) return GCUT_NO_MEMORY(err);
  for (int64_t d = 0; d < r->directions; d++)
    for (int64_t k = 0; k < n; k++)
      for (int64_t j = 0; j < columns; j++) {
        int64_t s = scale->rank > 1 ? d * columns + j : d;
        y[(d * columns + j) * n + k] =
            (q[(d * n + k) * columns + j] - zero[c->inputs[scales + 1]->rank > 1 ? s : d]) *
            ((const float *)scale->data)[s];
      }
  *out = y;
  return GCUT_OK;
}

static gcut_status dequantize_both(gcut__cpu_call *c, rnn *r, gcut_arena *arena, gcut_error *err) {
  GCUT_TRY(dequantize_weights(c, r, 1, 8, arena, &r->w, err));
  return dequantize_weights(c, r, 2, 10, arena, &r->r, err);
}

typedef struct kept_weights {
  gcut__cpu_kept base;
  gcut_arena *arena; // that it all lies in
  const void *w, *r;
} kept_weights;

static void destroy_kept(gcut__cpu_kept *kept) {
  gcut_arena_destroy(((kept_weights *)kept)->arena);
}

// Of constants they are kept between calls, where there is memory for that.
static gcut_status find_weights(gcut__cpu_call *c, rnn *r, gcut_error *err) {
  static const uint32_t constants[] = {1, 2, 8, 9, 10, 11};
  kept_weights *kept = (kept_weights *)gcut__cpu_recall(c);
  bool constant = gcut__cpu_can_keep(c);
  for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
    constant = constant && gcut__cpu_is_constant(c, constants[i]);
  if (!kept && constant) {
    gcut_arena *arena = gcut_arena_create();
    kept = GCUT_NEW(arena, kept_weights);
    gcut_status status = kept ? dequantize_both(c, r, arena, err) : GCUT_NO_MEMORY(err);
    if (status == GCUT_OK) *kept = (kept_weights){{destroy_kept}, arena, r->w, r->r};
    if (status == GCUT_OK && !gcut__cpu_keep(c, &kept->base)) status = GCUT_NO_MEMORY(err);
    if (status != GCUT_OK) gcut_arena_destroy(arena);
    return status;
  }
  if (!kept) return dequantize_both(c, r, c->scratch, err);
  r->w = kept->w, r->r = kept->r;
  return GCUT_OK;
}

gcut_status gcut__cpu_dynamic_quantize_lstm(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  rnn r = describe(c, 4, 3);
  r.hidden = c->inputs[2]->dims[1];
  float *rounded = GCUT_NEW_ARRAY(c->scratch, float, x->count);
  r.rounded = gcut_arena_alloc(c->scratch, (size_t)r.batch, (size_t)r.hidden * sizeof(float));
  if (!rounded || !r.rounded) return GCUT_NO_MEMORY(err);
  round_dynamically(x->data, x->count, rounded);
  r.x = rounded;
  GCUT_TRY(find_weights(c, &r, err));
  return run_described(c, &r, gcut__lstm_defaults, err);
}
