// Attributes and activations of RNN, GRU and LSTM.
#ifndef GCUT_TRACER_OPS_RNN_H
#define GCUT_TRACER_OPS_RNN_H

#include "tracer/ops/op.h"

typedef struct gcut__rnn_attrs {
  gcut_floats activation_alpha, activation_beta;
  gcut_strings activations;
  gcut_string direction;
  float clip; // NaN: none
  int64_t hidden_size;
  int64_t layout;              // 1: batch first
  int64_t linear_before_reset; // GRU
  int64_t input_forget;        // LSTM
} gcut__rnn_attrs;

// X(name in lower case, name here, default alpha, default beta); NaN: the function has none.
#define GCUT__RNN_ACTIVATION_LIST(X)                                                               \
  X("relu", RELU, NAN, NAN)                                                                        \
  X("tanh", TANH, NAN, NAN)                                                                        \
  X("sigmoid", SIGMOID, NAN, NAN)                                                                  \
  X("affine", AFFINE, 1, 0)                                                                        \
  X("leakyrelu", LEAKY_RELU, 0.01f, NAN)                                                           \
  X("thresholdedrelu", THRESHOLDED_RELU, 1, NAN)                                                   \
  X("scaledtanh", SCALED_TANH, 1, 1)                                                               \
  X("hardsigmoid", HARD_SIGMOID, 0.2f, 0.5f)                                                       \
  X("elu", ELU, 1, NAN)                                                                            \
  X("softsign", SOFTSIGN, NAN, NAN)                                                                \
  X("softplus", SOFTPLUS, NAN, NAN)

typedef enum gcut__rnn_function {
#define X(text, name, alpha, beta) GCUT__RNN_##name,
  GCUT__RNN_ACTIVATION_LIST(X)
#undef X
      GCUT__RNN_UNKNOWN
} gcut__rnn_function;

typedef struct gcut__rnn_activation {
  gcut__rnn_function function;
  float alpha, beta;
} gcut__rnn_activation;

// 1, or 2 for "bidirectional"; 0 for what is no direction.
int gcut__rnn_directions(const gcut__rnn_attrs *attrs);
// Fills out[n], n at most 6: the names, or `defaults` over and over; alphas and betas are consumed
// by the functions that have one. False where a name is unknown or names are too few; *out_bad then
// says which.
GCUT_MUST_USE bool gcut__rnn_activations(const gcut__rnn_attrs *attrs,
                                         const gcut__rnn_function *defaults, size_t n_defaults,
                                         size_t n, gcut__rnn_activation *out, size_t *out_bad);

// Defaults of one direction: f; f g; f g h.
extern const gcut__rnn_function gcut__rnn_defaults[1], gcut__gru_defaults[2],
    gcut__lstm_defaults[3];

#endif
