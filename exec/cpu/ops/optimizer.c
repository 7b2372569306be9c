// Adagrad, Adam, Momentum: one element after another, in double. Gradient is in gradient.c.
#include "tracer/ops/optimizer.h"

#include <math.h>

#include "exec/cpu/ops/kernels.h"

// What is the same for all elements of a node.
typedef struct settings {
  const gcut__optimizer_attrs *attrs;
  double rate; // adjusted to the step
  bool first;  // step 0
} settings;

// One element: its value, its gradient, and its one or two states, updated in place.
typedef void update_function(const settings *s, double *x, double g, double *state);

static double number(const gcut_tensor *x, uint64_t at) {
  return x->type == GCUT_FLOAT ? (double)((const float *)x->data)[at]
                               : ((const double *)x->data)[at];
}

static void set_number(gcut_tensor *y, uint64_t at, double value) {
  if (!y) return;
  if (y->type == GCUT_FLOAT)
    ((float *)y->data)[at] = (float)value;
  else
    ((double *)y->data)[at] = value;
}

// Tensor k of n, of `groups` lists: X, gradients, states.
static void update_tensor(gcut__cpu_call *c, uint32_t k, uint32_t n, uint32_t groups,
                          update_function *update, const settings *s) {
  for (uint64_t at = 0; at < c->inputs[2 + k]->count; at++) {
    double x = number(c->inputs[2 + k], at), g = number(c->inputs[2 + n + k], at), state[2] = {0};
    for (uint32_t j = 2; j < groups; j++) state[j - 2] = number(c->inputs[2 + j * n + k], at);
    update(s, &x, g, state);
    if (k < c->n_outputs) set_number(c->outputs[k], at, x);
    for (uint32_t j = 2; j < groups; j++)
      if ((j - 1) * n + k < c->n_outputs) set_number(c->outputs[(j - 1) * n + k], at, state[j - 2]);
  }
}

static gcut_status run(gcut__cpu_call *c, uint32_t groups, update_function *update,
                       const settings *s) {
  uint32_t n = (c->n_inputs - 2) / groups;
  for (uint32_t k = 0; k < n; k++) update_tensor(c, k, n, groups, update, s);
  return GCUT_OK;
}

static settings settings_of(const gcut__cpu_call *c) {
  return (settings){.attrs = c->attrs,
                    .rate = number(c->inputs[0], 0),
                    .first = *(const int64_t *)c->inputs[1]->data <= 0};
}

static double step_count(const gcut__cpu_call *c) {
  return (double)*(const int64_t *)c->inputs[1]->data;
}

static void adagrad(const settings *s, double *x, double g, double *state) {
  g += (double)s->attrs->norm_coefficient * *x;
  state[0] += g * g;
  *x -= s->rate * g / (sqrt(state[0]) + (double)s->attrs->epsilon);
}

gcut_status gcut__cpu_adagrad(gcut__cpu_call *c, gcut_error *err) {
  settings s = settings_of(c);
  (void)err;
  s.rate /= 1 + step_count(c) * (double)s.attrs->decay_factor;
  return run(c, 3, adagrad, &s);
}

static void adam(const settings *s, double *x, double g, double *state) {
  double alpha = (double)s->attrs->alpha, beta = (double)s->attrs->beta;
  g += (double)s->attrs->norm_coefficient * *x;
  state[0] = alpha * state[0] + (1 - alpha) * g;
  state[1] = beta * state[1] + (1 - beta) * g * g;
  *x -= s->rate * state[0] / (sqrt(state[1]) + (double)s->attrs->epsilon);
  *x *= 1 - (double)s->attrs->norm_coefficient_post;
}

gcut_status gcut__cpu_adam(gcut__cpu_call *c, gcut_error *err) {
  settings s = settings_of(c);
  (void)err;
  if (!s.first) // bias of the moments that began at zero
    s.rate *= sqrt(1 - pow((double)s.attrs->beta, step_count(c))) /
              (1 - pow((double)s.attrs->alpha, step_count(c)));
  return run(c, 4, adam, &s);
}

static void momentum(const settings *s, double *x, double g, double *state) {
  g += (double)s->attrs->norm_coefficient * *x;
  state[0] = (double)s->attrs->alpha * state[0] + (s->first ? 1 : (double)s->attrs->beta) * g;
  bool nesterov = s->attrs->mode.data[0] == 'n';
  *x -= s->rate * (nesterov ? g + (double)s->attrs->alpha * state[0] : state[0]);
}

gcut_status gcut__cpu_momentum(gcut__cpu_call *c, gcut_error *err) {
  settings s = settings_of(c);
  (void)err;
  return run(c, 3, momentum, &s);
}
