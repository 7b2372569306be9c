// SVMClassifier and SVMRegressor, in double.
//
// A classifier of support vectors has a function for each pair of classes, whose sign is a vote, as
// libsvm lays them out. Probabilities come from a sigmoid a pair, coupled by the second method of
// Wu, Lin and Weng, "Probability estimates for multi-class classification by pairwise coupling"
// (2004).
#include <math.h>

#include "exec/cpu/ops/features.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/post_transform.h"

// ---- kernels ------------------------------------------------------------------------------------

static double dot(const double *x, const float *v, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += x[i] * (double)v[i];
  return sum;
}

static double squared_distance(const double *x, const float *v, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (x[i] - (double)v[i]) * (x[i] - (double)v[i]);
  return sum;
}

static double kernel(const gcut__svm_attrs *a, const double *x, const float *v, size_t n) {
  const float *p = a->kernel_params.data; // gamma, coef0, degree
  switch (gcut__svm_kernel_of(a->kernel_type)) {
  case GCUT__SVM_POLY: return pow((double)p[0] * dot(x, v, n) + (double)p[1], (double)p[2]);
  case GCUT__SVM_RBF: return exp(-(double)p[0] * squared_distance(x, v, n));
  case GCUT__SVM_SIGMOID: return tanh((double)p[0] * dot(x, v, n) + (double)p[1]);
  default: return dot(x, v, n);
  }
}

static void load_row(const gcut_tensor *x, uint64_t row, size_t n, double *out) {
  for (size_t i = 0; i < n; i++) out[i] = gcut__feature(x, row * n + i);
}

static uint64_t rows_of(const gcut_tensor *x) {
  return x->rank == 2 ? (uint64_t)x->dims[0] : 1;
}

// ---- classifier ---------------------------------------------------------------------------------

typedef struct machine {
  const gcut__svm_attrs *a;
  gcut__classes classes;
  size_t n, features, vectors; // classes, features, support vectors
  double *row, *kernels;       // [features], [vectors]
  double *scores, *votes;      // [pairs or n], [n]
  double *pairs, *q, *qp;      // [n][n], [n][n], [n]
} machine;

static gcut_status make_machine(gcut__cpu_call *c, machine *m, gcut_error *err) {
  const gcut__svm_attrs *a = c->attrs;
  *m = (machine){
      .a = a, .classes = gcut__svm_classes(a), .features = gcut__n_features(c->inputs[0])};
  m->n = gcut__n_classes(m->classes);
  bool paired = a->vectors_per_class.n > 0; // then n is 2 or more
  size_t squared = paired ? m->n * m->n : 0;
  m->vectors = paired ? a->coefficients.n / (m->n - 1) : 0;
  m->row = GCUT_NEW_ARRAY(c->scratch, double, m->features);
  m->kernels = GCUT_NEW_ARRAY(c->scratch, double, m->vectors);
  m->scores = GCUT_NEW_ARRAY(c->scratch, double, m->n + squared / 2);
  m->votes = GCUT_NEW_ARRAY(c->scratch, double, m->n);
  m->pairs = GCUT_NEW_ARRAY(c->scratch, double, squared);
  m->q = GCUT_NEW_ARRAY(c->scratch, double, squared);
  m->qp = GCUT_NEW_ARRAY(c->scratch, double, m->n);
  bool all = m->row && m->kernels && m->scores && m->votes && m->pairs && m->q && m->qp;
  return all ? GCUT_OK : gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
}

// Vectors [from, from + n) weighted by a row of coefficients.
static double weighted(const machine *m, size_t row, size_t from, size_t n) {
  return dot(m->kernels + from, m->a->coefficients.data + row * m->vectors + from, n);
}

// A score for each pair of classes; each votes for one of the two.
static void score_pairs(machine *m) {
  const int64_t *counts = m->a->vectors_per_class.data;
  memset(m->votes, 0, m->n * sizeof *m->votes);
  size_t pair = 0, at_i = 0;
  for (size_t i = 0; i < m->n; at_i += (size_t)counts[i++]) {
    size_t at_j = at_i + (size_t)counts[i];
    for (size_t j = i + 1; j < m->n; at_j += (size_t)counts[j++], pair++) {
      m->scores[pair] = weighted(m, j - 1, at_i, (size_t)counts[i]) +
                        weighted(m, i, at_j, (size_t)counts[j]) + (double)m->a->rho.data[pair];
      m->votes[m->scores[pair] > 0 ? i : j]++;
    }
  }
}

// pairs[i][j]: the probability of class i where it is i or j.
static void make_pairs_probable(machine *m) {
  size_t pair = 0;
  for (size_t i = 0; i < m->n; i++)
    for (size_t j = i + 1; j < m->n; j++, pair++) {
      double at =
          m->scores[pair] * (double)m->a->prob_a.data[pair] + (double)m->a->prob_b.data[pair];
      double p = fmin(fmax(1 / (1 + exp(at)), 1e-7), 1 - 1e-7);
      m->pairs[i * m->n + j] = p, m->pairs[j * m->n + i] = 1 - p;
    }
}

// q of the paper: what the wanted p makes least is p' q p.
static void make_quadratic(machine *m) {
  size_t n = m->n;
  for (size_t t = 0; t < n; t++) {
    m->q[t * n + t] = 0;
    for (size_t j = 0; j < n; j++) {
      double against = m->pairs[j * n + t];
      if (j == t) continue;
      m->q[t * n + t] += against * against;
      m->q[t * n + j] = -against * m->pairs[t * n + j];
    }
  }
}

// qp = q p; returns p' q p.
static double multiply(const machine *m, const double *p) {
  double sum = 0;
  for (size_t t = 0; t < m->n; t++) {
    m->qp[t] = 0;
    for (size_t j = 0; j < m->n; j++) m->qp[t] += m->q[t * m->n + j] * p[j];
    sum += p[t] * m->qp[t];
  }
  return sum;
}

// The probabilities of the classes, into `p`.
static void couple(machine *m, double *p) {
  size_t n = m->n, most = n > 100 ? n : 100;
  make_pairs_probable(m);
  make_quadratic(m);
  for (size_t t = 0; t < n; t++) p[t] = 1 / (double)n;
  for (size_t turn = 0; turn < most; turn++) {
    double pqp = multiply(m, p), worst = 0;
    for (size_t t = 0; t < n; t++) worst = fmax(worst, fabs(m->qp[t] - pqp));
    if (worst < 0.005 / (double)n) return;
    for (size_t t = 0; t < n; t++) {
      double own = m->q[t * n + t], by = (pqp - m->qp[t]) / own;
      p[t] += by;
      pqp = (pqp + by * (by * own + 2 * m->qp[t])) / (1 + by) / (1 + by);
      for (size_t j = 0; j < n; j++) {
        m->qp[j] = (m->qp[j] + by * m->q[t * n + j]) / (1 + by);
        p[j] /= 1 + by;
      }
    }
  }
}

// Scores by pairs; returns the class that most pairs vote for, whatever the probabilities.
static size_t classify_by_pairs(machine *m) {
  for (size_t j = 0; j < m->vectors; j++)
    m->kernels[j] = kernel(m->a, m->row, m->a->support_vectors.data + j * m->features, m->features);
  score_pairs(m);
  gcut__post_transform transform = gcut__post_transform_of(m->a->post_transform);
  bool probable = m->a->prob_a.n > 0;
  if (probable) couple(m, m->scores);
  if (!probable && m->n == 2)
    gcut__post_transform_lone(transform, 0, m->scores[0], m->scores);
  else
    gcut__post_transform_row(transform, probable ? m->n : m->n * (m->n - 1) / 2, m->scores);
  return gcut__best(m->n, m->votes);
}

static size_t classify_linearly(machine *m) {
  for (size_t k = 0; k < m->n; k++)
    m->scores[k] = dot(m->row, m->a->coefficients.data + k * m->features, m->features) +
                   (double)m->a->rho.data[0];
  size_t best = gcut__best(m->n, m->scores);
  gcut__post_transform_row(gcut__post_transform_of(m->a->post_transform), m->n, m->scores);
  return best;
}

gcut_status gcut__cpu_svm_classifier(gcut__cpu_call *c, gcut_error *err) {
  machine m;
  GCUT_TRY(make_machine(c, &m, err));
  for (uint64_t r = 0; r < rows_of(c->inputs[0]); r++) {
    load_row(c->inputs[0], r, m.features, m.row);
    size_t best = m.a->vectors_per_class.n > 0 ? classify_by_pairs(&m) : classify_linearly(&m);
    GCUT_TRY(gcut__store_class(c, r, m.classes, best, m.scores, err));
  }
  return GCUT_OK;
}

// ---- regressor ----------------------------------------------------------------------------------

static double regress(const gcut__svm_attrs *a, const double *x, size_t features) {
  double sum = (double)a->rho.data[0];
  if (a->n_supports == 0) return sum + dot(x, a->coefficients.data, features);
  for (size_t j = 0; j < a->coefficients.n; j++)
    sum += (double)a->coefficients.data[j] *
           kernel(a, x, a->support_vectors.data + j * features, features);
  return sum;
}

gcut_status gcut__cpu_svm_regressor(gcut__cpu_call *c, gcut_error *err) {
  const gcut__svm_attrs *a = c->attrs;
  size_t features = gcut__n_features(c->inputs[0]);
  double *row = GCUT_NEW_ARRAY(c->scratch, double, features);
  if (!row) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  for (uint64_t r = 0; r < rows_of(c->inputs[0]); r++) {
    load_row(c->inputs[0], r, features, row);
    double y = regress(a, row, features);
    if (a->one_class)
      y = y > 0 ? 1 : -1;
    else
      gcut__post_transform_row(gcut__post_transform_of(a->post_transform), 1, &y);
    ((float *)c->outputs[0]->data)[r] = (float)y;
  }
  return GCUT_OK;
}
