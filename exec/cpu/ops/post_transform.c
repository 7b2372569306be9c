// Post-transforms of scores.
//
// PROBIT is the inverse of the normal distribution by Winitzki's approximation of the inverse error
// function with a = 0.147, which is what other engines compute.
#include "exec/cpu/ops/post_transform.h"

#include <math.h>

static double logistic(double x) {
  double y = 1 / (1 + exp(-fabs(x)));
  return x < 0 ? 1 - y : y;
}

static double probit(double p) {
  const double a = 0.147, two_over_pi_a = 2 / (3.14159265358979323846 * a);
  double x = 2 * p - 1, rest = (1 - x) * (1 + x);
  if (rest == 0) return 0;
  double l = log(rest), v = two_over_pi_a + l / 2;
  double root = sqrt(sqrt(v * v - l / a) - v);
  return 1.41421356 * (x < 0 ? -root : root);
}

// Scores that are zero stay out of SOFTMAX_ZERO's exponential.
static void softmax(size_t n, double *scores, bool keep_zero) {
  double highest = scores[0], sum = 0;
  for (size_t i = 1; i < n; i++)
    if (scores[i] > highest) highest = scores[i];
  for (size_t i = 0; i < n; i++) {
    bool zero = keep_zero && fabs(scores[i]) <= 1e-7;
    scores[i] = zero ? scores[i] * exp(-highest) : exp(scores[i] - highest);
    sum += scores[i];
  }
  for (size_t i = 0; i < n; i++) scores[i] = sum == 0 ? 0.5 : scores[i] / sum;
}

void gcut__post_transform_row(gcut__post_transform transform, size_t n, double *scores) {
  if (n == 0) return;
  switch (transform) {
  case GCUT__POST_SOFTMAX: softmax(n, scores, false); break;
  case GCUT__POST_SOFTMAX_ZERO: softmax(n, scores, true); break;
  case GCUT__POST_LOGISTIC:
    for (size_t i = 0; i < n; i++) scores[i] = logistic(scores[i]);
    break;
  case GCUT__POST_PROBIT:
    for (size_t i = 0; i < n; i++) scores[i] = probit(scores[i]);
    break;
  default: break;
  }
}

void gcut__post_transform_lone(gcut__post_transform transform, double whole, double score,
                               double out[2]) {
  bool both = transform == GCUT__POST_LOGISTIC;
  out[0] = both ? logistic(-score) : whole - score;
  out[1] = both ? logistic(score) : score;
}
