// RNN, GRU, LSTM, and DynamicQuantizeLSTM of com.microsoft: one layer, in one direction or both.
//
// Inputs X, W, R, B, sequence_lens, initial_h and, of LSTM, initial_c and P. Sizes: S steps, N
// samples, I inputs, H hidden, G gates (1, 3, 4), D directions.
//   X [S, N, I]   W [D, G*H, I]   R [D, G*H, H]   B [D, 2*G*H]   P [D, 3*H]   initial_* [D, N, H]
//   Y [S, D, N, H]   Y_h, Y_c [D, N, H]
// With layout 1 the batch comes first: X [N, S, I], initial_* and Y_* [N, D, H], Y [N, S, D, H].
#include "tracer/ops/rnn.h"

#include <inttypes.h>
#include <math.h>
#include <strings.h>

#include "tracer/ops/expect.h"

const gcut__rnn_function gcut__rnn_defaults[1] = {GCUT__RNN_TANH};
const gcut__rnn_function gcut__gru_defaults[2] = {GCUT__RNN_SIGMOID, GCUT__RNN_TANH};
const gcut__rnn_function gcut__lstm_defaults[3] = {GCUT__RNN_SIGMOID, GCUT__RNN_TANH,
                                                   GCUT__RNN_TANH};

// ---- activations ------------------------------------------------------------------------------

static const struct {
  const char *name;
  float alpha, beta;
} functions[] = {
#define X(text, name, alpha, beta) {text, alpha, beta},
    GCUT__RNN_ACTIVATION_LIST(X)
#undef X
};

static bool is(gcut_string text, const char *name) {
  return text.size == strlen(name) && strncasecmp(text.data, name, text.size) == 0;
}

static gcut__rnn_function find_function(gcut_string name) {
  int i = 0;
  while (i < GCUT__RNN_UNKNOWN && !is(name, functions[i].name)) i++;
  return (gcut__rnn_function)i;
}

// The next of a list for a function that has such a parameter, else its default.
static float consume(const gcut_floats *list, size_t *next, float standard) {
  return isnan(standard) || *next >= list->n ? standard : list->data[(*next)++];
}

bool gcut__rnn_activations(const gcut__rnn_attrs *attrs, const gcut__rnn_function *defaults,
                           size_t n_defaults, size_t n, gcut__rnn_activation *out,
                           size_t *out_bad) {
  size_t alpha = 0, beta = 0;
  bool given = attrs->activations.n > 0;
  for (size_t i = 0; i < n; i++) {
    *out_bad = i;
    if (given && i >= attrs->activations.n) return false;
    gcut__rnn_function f =
        given ? find_function(attrs->activations.data[i]) : defaults[i % n_defaults];
    if (f == GCUT__RNN_UNKNOWN) return false;
    out[i] =
        (gcut__rnn_activation){f, consume(&attrs->activation_alpha, &alpha, functions[f].alpha),
                               consume(&attrs->activation_beta, &beta, functions[f].beta)};
  }
  return true;
}

int gcut__rnn_directions(const gcut__rnn_attrs *attrs) {
  if (is(attrs->direction, "forward") || is(attrs->direction, "reverse")) return 1;
  return is(attrs->direction, "bidirectional") ? 2 : 0;
}

// ---- inference --------------------------------------------------------------------------------

static gcut_status expect_attrs(const gcut_infer *c, const gcut__rnn_function *defaults,
                                size_t n_defaults, gcut_error *err) {
  const gcut__rnn_attrs *attrs = c->attrs;
  gcut__rnn_activation activations[6];
  size_t bad, directions = (size_t)gcut__rnn_directions(attrs);
  if (directions == 0)
    return GCUT_NODE_FAIL(c, err, "direction '%.*s' is none of forward, reverse and bidirectional",
                          (int)(attrs->direction.size < 40 ? attrs->direction.size : 40),
                          attrs->direction.data);
  if (attrs->layout != 0 && attrs->layout != 1)
    return GCUT_NODE_FAIL(c, err, "layout is %" PRId64 "; expected 0 or 1", attrs->layout);
  if (attrs->clip < 0) return GCUT_NODE_FAIL(c, err, "clip is %g", (double)attrs->clip);
  if (!gcut__rnn_activations(attrs, defaults, n_defaults, n_defaults * directions, activations,
                             &bad))
    return GCUT_NODE_FAIL(c, err, "activation %zu is %s", bad,
                          bad < attrs->activations.n ? "no known function" : "missing");
  return GCUT_OK;
}

static gcut_status expect_lengths(gcut_infer *c, gcut_dim steps, gcut_error *err) {
  const int64_t *lengths;
  uint32_t n;
  if (!gcut_dim_known(steps) || !gcut_infer_has(c, 4) || !gcut_infer_ints(c, 4, &lengths, &n))
    return GCUT_OK;
  for (uint32_t i = 0; i < n; i++)
    if (lengths[i] < 0 || lengths[i] > steps)
      return GCUT_NODE_FAIL(c, err, "sequence_lens[%u] is %" PRId64 "; expected 0 to %" PRId64, i,
                            lengths[i], steps);
  return GCUT_OK;
}

typedef struct sizes {
  gcut_dim steps, batch, inputs, hidden, directions;
} sizes;

// transposed: W [D, I, G*H], R [D, H, G*H].
static gcut_status read_sizes(gcut_infer *c, bool transposed, sizes *s, gcut_error *err) {
  const gcut__rnn_attrs *attrs = c->attrs;
  for (uint32_t i = 0; i < 3; i++) GCUT_TRY(gcut_infer_expect_rank(c, i, 3, 3, err));
  const gcut_dim *x = gcut_infer_dims(c, 0), *r = gcut_infer_dims(c, 2);
  s->steps = x[attrs->layout ? 1 : 0], s->batch = x[attrs->layout ? 0 : 1], s->inputs = x[2];
  s->hidden = r[transposed ? 1 : 2];
  s->directions = gcut__rnn_directions(attrs);
  if (attrs->hidden_size > 0)
    return gcut__expect_dim(c, 2, transposed ? 1 : 2, attrs->hidden_size, "hidden_size", err);
  return GCUT_OK;
}

static gcut_status expect_weights(gcut_infer *c, const sizes *s, int64_t gates, bool transposed,
                                  gcut_error *err) {
  gcut_dim rows = gcut_dim_mul(c->dims, gates, s->hidden);
  gcut_dim w[] = {s->directions, rows, s->inputs}, r[] = {s->directions, rows, s->hidden};
  if (transposed) w[1] = s->inputs, r[1] = s->hidden, w[2] = r[2] = rows;
  gcut_dim b[] = {s->directions, gcut_dim_mul(c->dims, 2, rows)};
  gcut_dim p[] = {s->directions, gcut_dim_mul(c->dims, 3, s->hidden)};
  GCUT_TRY(gcut__expect_shape(c, 1, 3, w, "W", err));
  GCUT_TRY(gcut__expect_shape(c, 2, 3, r, "R", err));
  GCUT_TRY(gcut__expect_shape(c, 3, 2, b, "B", err));
  GCUT_TRY(gcut__expect_shape(c, 4, 1, &s->batch, "sequence_lens", err));
  return gcut__expect_shape(c, 7, 2, p, "P", err);
}

static gcut_status rnn_infer(gcut_infer *c, int64_t gates, const gcut__rnn_function *defaults,
                             size_t n_defaults, bool transposed, gcut_error *err) {
  const gcut__rnn_attrs *attrs = c->attrs;
  sizes s;
  GCUT_TRY(expect_attrs(c, defaults, n_defaults, err));
  GCUT_TRY(read_sizes(c, transposed, &s, err));
  GCUT_TRY(expect_weights(c, &s, gates, transposed, err));
  GCUT_TRY(expect_lengths(c, s.steps, err));
  gcut_dim y[] = {s.steps, s.directions, s.batch, s.hidden},
           h[] = {s.directions, s.batch, s.hidden};
  if (attrs->layout) {
    y[0] = s.batch, y[1] = s.steps, y[2] = s.directions;
    h[0] = s.batch, h[1] = s.directions;
  }
  GCUT_TRY(gcut__expect_shape(c, 5, 3, h, "initial_h", err));
  GCUT_TRY(gcut__expect_shape(c, 6, 3, h, "initial_c", err));
  GCUT_TRY(gcut_infer_set(c, 0, 0, 4, y, err));
  GCUT_TRY(gcut_infer_set(c, 1, 0, 3, h, err));
  return gcut_infer_set(c, 2, 0, 3, h, err);
}

static gcut_status infer_rnn(gcut_infer *c, gcut_error *err) {
  return rnn_infer(c, 1, gcut__rnn_defaults, 1, false, err);
}
static gcut_status infer_gru(gcut_infer *c, gcut_error *err) {
  return rnn_infer(c, 3, gcut__gru_defaults, 2, false, err);
}
static gcut_status infer_lstm(gcut_infer *c, gcut_error *err) {
  return rnn_infer(c, 4, gcut__lstm_defaults, 3, false, err);
}

// Scales and zero points of W (8, 9) and R (10, 11): one a direction, or one a column.
static gcut_status infer_dynamic_quantize_lstm(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(rnn_infer(c, 4, gcut__lstm_defaults, 3, true, err));
  gcut_dim columns[] = {gcut_infer_dims(c, 1)[0], gcut_infer_dims(c, 1)[2]};
  for (uint32_t i = 8; i < 12; i++) {
    GCUT_TRY(gcut_infer_expect_rank(c, i, 1, 2, err));
    GCUT_TRY(gcut__expect_shape(c, i, gcut_infer_rank(c, i), columns, "scale or zero point", err));
  }
  return GCUT_OK;
}

// The products: every step multiplies each sample by all of W and R.
static double rnn_flops(const gcut_infer *c) {
  const gcut_dim *x = gcut_infer_dims(c, 0);
  double tokens = gcut__dim_double(x[0]) * gcut__dim_double(x[1]);
  return 2 * tokens * (gcut_fact_count(c->inputs[1]) + gcut_fact_count(c->inputs[2]));
}

static const gcut_attr_row rnn_rows[] = {
    GCUT_ATTR_FLOATS(gcut__rnn_attrs, activation_alpha),
    GCUT_ATTR_FLOATS(gcut__rnn_attrs, activation_beta),
    GCUT_ATTR_STRINGS(gcut__rnn_attrs, activations),
    GCUT_ATTR_STRING(gcut__rnn_attrs, direction, "forward"),
    GCUT_ATTR_FLOAT(gcut__rnn_attrs, clip, NAN),
    GCUT_ATTR_INT(gcut__rnn_attrs, hidden_size, 0),
    GCUT_ATTR_INT(gcut__rnn_attrs, layout, 0),
    GCUT_ATTR_INT(gcut__rnn_attrs, linear_before_reset, 0),
    GCUT_ATTR_INT(gcut__rnn_attrs, input_forget, 0),
    {0},
};

#define RNN_OP(name, in, out)                                                                      \
  const gcut_op gcut__op_##name = {                                                                \
      .inputs = in,                                                                                \
      .outputs = out,                                                                              \
      .T = GCUT_FLOATS_STANDARD,                                                                   \
      .U = GCUT_TYPE(INT32),                                                                       \
      .attrs = rnn_rows,                                                                           \
      .attrs_size = sizeof(gcut__rnn_attrs),                                                       \
      .infer = infer_##name,                                                                       \
      .flops = rnn_flops,                                                                          \
  };
RNN_OP(rnn, "TTTT?U?T?", "T?T?")
RNN_OP(gru, "TTTT?U?T?", "T?T?")
RNN_OP(lstm, "TTTT?U?T?T?T?", "T?T?T?")

const gcut_op gcut__op_dynamic_quantize_lstm = {
    .inputs = "fUUf?V?f?f?f?fUfU",
    .outputs = "f?f?f?",
    .U = GCUT_TYPE(INT8) | GCUT_TYPE(UINT8),
    .V = GCUT_TYPE(INT32),
    .attrs = rnn_rows,
    .attrs_size = sizeof(gcut__rnn_attrs),
    .infer = infer_dynamic_quantize_lstm,
    .flops = rnn_flops,
};
