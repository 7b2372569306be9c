// Losses: every position [n, d...] looks up the log-probability of its right class along axis 1,
// weighted, and all of them are summed in double. SoftmaxCrossEntropyLoss takes the logarithm of
// the softmax along that axis first, shifted by the largest score.
#include "tracer/ops/loss.h"

#include <inttypes.h>
#include <math.h>

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/ops/typed.h"

static double get(const gcut_tensor *x, int64_t at) {
  gcut__row_buffer row;
  const void *loaded = gcut__row_load(x->type, x->data, at, 0, 1, &row);
  return gcut__row_double(gcut__class_of(x->type), loaded, 0);
}

static void put(gcut_tensor *y, int64_t at, double value) {
  gcut__row_buffer row;
  if (gcut__class_of(y->type) == GCUT__CLASS_f)
    row.f[0] = (float)value;
  else
    row.d[0] = value;
  gcut__row_store(y->type, y->data, at, 1, &row);
}

static int64_t get_index(const gcut_tensor *x, int64_t at) {
  return x->type == GCUT_INT32 ? ((const int32_t *)x->data)[at] : ((const int64_t *)x->data)[at];
}

// Scores as [n, classes, inner].
typedef struct layout {
  int64_t classes, inner, n_positions;
} layout;

static layout layout_of(const gcut__cpu_call *c) {
  const gcut_tensor *scores = c->inputs[0];
  return (layout){.classes = scores->dims[1],
                  .inner = gcut__product(scores->dims, 2, scores->rank),
                  .n_positions = (int64_t)c->inputs[1]->count};
}

// Where the scores of a position begin; they are `inner` apart.
static int64_t first_score(const layout *l, int64_t position) {
  return position / l->inner * l->classes * l->inner + position % l->inner;
}

// log(sum(exp(scores))) of a position: what to take from a score to make it a log-probability.
static double log_of_sum(const gcut_tensor *scores, const layout *l, int64_t position) {
  int64_t first = first_score(l, position);
  double largest = -(double)INFINITY, sum = 0;
  for (int64_t k = 0; k < l->classes; k++) {
    double x = get(scores, first + k * l->inner);
    if (x > largest || x != x) largest = x;
  }
  for (int64_t k = 0; k < l->classes; k++) sum += exp(get(scores, first + k * l->inner) - largest);
  return largest + log(sum);
}

static void write_log_probabilities(const gcut_tensor *scores, const layout *l, int64_t position,
                                    double taken, gcut_tensor *y) {
  int64_t first = first_score(l, position);
  for (int64_t k = 0; k < l->classes; k++)
    put(y, first + k * l->inner, get(scores, first + k * l->inner) - taken);
}

typedef struct totals {
  double loss, weight;
} totals;

// The loss of one position joins the totals; with reduction "none" it is written.
static gcut_status add_position(gcut__cpu_call *c, const layout *l, int64_t position, double taken,
                                totals *sum, gcut_error *err) {
  const gcut__loss_attrs *attrs = c->attrs;
  int64_t class = get_index(c->inputs[1], position);
  double loss = 0, weight = 0;
  if (class != attrs->ignore_index || class == GCUT__NO_IGNORE_INDEX) {
    if (class < 0 || class >= l->classes)
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "class %" PRId64 " of %" PRId64, class,
                            l->classes);
    weight = gcut__cpu_has(c, 2) ? get(c->inputs[2], class) : 1;
    loss = -weight * (get(c->inputs[0], first_score(l, position) + class * l->inner) - taken);
  }
  sum->loss += loss;
  sum->weight += weight;
  if (attrs->reduction.data[0] == 'n' && c->outputs[0]) put(c->outputs[0], position, loss);
  return GCUT_OK;
}

static gcut_status run(gcut__cpu_call *c, bool softmax, gcut_error *err) {
  const gcut__loss_attrs *attrs = c->attrs;
  gcut_tensor *log_probabilities = c->n_outputs > 1 ? c->outputs[1] : NULL;
  layout l = layout_of(c);
  totals sum = {0};
  for (int64_t p = 0; p < l.n_positions; p++) {
    double taken = softmax ? log_of_sum(c->inputs[0], &l, p) : 0;
    if (log_probabilities) write_log_probabilities(c->inputs[0], &l, p, taken, log_probabilities);
    GCUT_TRY(add_position(c, &l, p, taken, &sum, err));
  }
  if (!c->outputs[0] || attrs->reduction.data[0] == 'n') return GCUT_OK;
  put(c->outputs[0], 0, attrs->reduction.data[0] == 'm' ? sum.loss / sum.weight : sum.loss);
  return GCUT_OK;
}

gcut_status gcut__cpu_negative_log_likelihood_loss(gcut__cpu_call *c, gcut_error *err) {
  return run(c, false, err);
}

gcut_status gcut__cpu_softmax_cross_entropy_loss(gcut__cpu_call *c, gcut_error *err) {
  return run(c, true, err);
}
