// TreeEnsemble, TreeEnsembleRegressor, TreeEnsembleClassifier: every row of features walks every
// tree.
#include "exec/cpu/ops/tree.h"

#include <math.h>

#include "exec/cpu/ops/features.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/post_transform.h"

static void store(gcut_tensor *y, uint64_t i, double value) {
  switch (y->type) {
  case GCUT_DOUBLE: ((double *)y->data)[i] = value; break;
  case GCUT_FLOAT16: ((uint16_t *)y->data)[i] = gcut_to_float16((float)value); break;
  default: ((float *)y->data)[i] = (float)value; break;
  }
}

static bool is_member(const gcut__forest *f, const gcut__tree_node *node, double x) {
  for (size_t i = 0; i < node->n_members; i++)
    if (f->members[node->first_member + i] == x) return true;
  return false;
}

static bool decide(const gcut__forest *f, const gcut__tree_node *node, double x) {
  if (isnan(x) && node->missing_is_true) return true;
  switch (node->mode) {
  case GCUT__TREE_LEQ: return x <= node->split;
  case GCUT__TREE_LT: return x < node->split;
  case GCUT__TREE_GTE: return x >= node->split;
  case GCUT__TREE_GT: return x > node->split;
  case GCUT__TREE_EQ: return x == node->split;
  case GCUT__TREE_NEQ: return x != node->split;
  default: return is_member(f, node, x);
  }
}

// The leaf that a row reaches, or NULL where the tree leads in circles or asks for a feature that
// is not there.
static const gcut__tree_node *walk(const gcut__forest *f, size_t at, const gcut_tensor *x,
                                   uint64_t row, uint64_t features) {
  for (size_t steps = 0; steps <= f->n_nodes; steps++) {
    const gcut__tree_node *node = &f->nodes[at];
    if (node->mode == GCUT__TREE_LEAF) return node;
    if (node->feature >= features) return NULL;
    at = node->children[decide(f, node, gcut__feature(x, row * features + node->feature))];
  }
  return NULL;
}

static void add_leaf(const gcut__forest *f, const gcut__tree_node *leaf, double *scores,
                     bool *seen) {
  for (size_t i = leaf->first_weight; i < leaf->first_weight + leaf->n_weights; i++) {
    size_t target = (size_t)f->targets[i];
    double weight = f->weights[i], *score = &scores[target];
    bool replaces =
        !seen[target] || (f->aggregate == GCUT__MIN ? weight < *score : weight > *score);
    if (f->aggregate == GCUT__SUM || f->aggregate == GCUT__AVERAGE)
      *score += weight;
    else if (replaces)
      *score = weight;
    seen[target] = true;
  }
}

// What the leaves that a row reaches add up to.
static gcut_status add_row(gcut__cpu_call *c, const gcut__forest *f, uint64_t row,
                           uint64_t features, double *scores, bool *seen, gcut_error *err) {
  memset(scores, 0, f->n_targets * sizeof *scores);
  memset(seen, 0, f->n_targets * sizeof *seen);
  for (size_t t = 0; t < f->n_roots; t++) {
    const gcut__tree_node *leaf = walk(f, f->roots[t], c->inputs[0], row, features);
    if (!leaf)
      return gcut__cpu_fail(c, GCUT_FORMAT, err,
                            "tree %zu runs in circles, or asks for a feature beyond %llu", t,
                            (unsigned long long)features);
    add_leaf(f, leaf, scores, seen);
  }
  return GCUT_OK;
}

static gcut_status score_row(gcut__cpu_call *c, const gcut__forest *f, uint64_t row,
                             uint64_t features, double *scores, bool *seen, gcut_error *err) {
  GCUT_TRY(add_row(c, f, row, features, scores, seen, err));
  for (size_t k = 0; k < f->n_targets; k++) {
    if (f->aggregate == GCUT__AVERAGE && f->n_roots > 0) scores[k] /= (double)f->n_roots;
    if (f->n_base > 0) scores[k] += f->base_values[k];
  }
  gcut__post_transform_row(f->post_transform, f->n_targets, scores);
  return GCUT_OK;
}

static gcut_status score(gcut__cpu_call *c, const gcut__forest *f, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  uint64_t features = (uint64_t)x->dims[x->rank - 1];
  double *scores = GCUT_NEW_ARRAY(c->scratch, double, f->n_targets);
  bool *seen = GCUT_NEW_ARRAY(c->scratch, bool, f->n_targets);
  if (!scores || !seen) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  for (uint64_t row = 0; row < (uint64_t)y->dims[0]; row++) {
    GCUT_TRY(score_row(c, f, row, features, scores, seen, err));
    for (size_t k = 0; k < f->n_targets; k++) store(y, row * f->n_targets + k, scores[k]);
  }
  return GCUT_OK;
}

gcut_status gcut__cpu_tree_ensemble(gcut__cpu_call *c, gcut_error *err) {
  const gcut__forest *f;
  GCUT_TRY(gcut__forest_find(c, &f, err));
  return score(c, f, err);
}

gcut_status gcut__cpu_tree_ensemble_regressor(gcut__cpu_call *c, gcut_error *err) {
  const gcut__tree_regressor_attrs *attrs = c->attrs;
  const gcut__forest *f;
  GCUT_TRY(gcut__forest_find_named(c, attrs, attrs->n_targets, &f, err));
  if (f->n_base > 0 && f->n_base != f->n_targets)
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "%zu base values, expected %zu", f->n_base,
                          f->n_targets);
  return score(c, f, err);
}

// ---- classes ----------------------------------------------------------------------------------

// The highest score among classes that were voted for.
static size_t best_seen(size_t n, const double *scores, const bool *seen) {
  size_t best = n;
  for (size_t i = 0; i < n; i++)
    if (seen[i] && (best == n || scores[i] > scores[best])) best = i;
  return best == n ? 0 : best;
}

// Sums become scores; returns the class. Where all votes are for one of two classes their sum is
// that of the second, whichever it is for, as other engines have it.
static size_t choose_class(const gcut__forest *f, double *scores, const bool *seen) {
  size_t n = f->n_targets, column = f->column;
  bool lone = column == 0 && f->n_base < 2;
  if (f->n_base == n || lone)
    for (size_t k = 0; k < f->n_base; k++) scores[k] += f->base_values[k];
  bool second = column < 2 && scores[column] > (f->probable ? 0.5 : 0);
  size_t best = column < 2       ? (size_t)second
                : f->n_base == n ? gcut__best(n, scores)
                                 : best_seen(n, scores, seen);
  if (lone)
    gcut__post_transform_lone(f->post_transform, f->probable ? 1 : 0, scores[0], scores);
  else
    gcut__post_transform_row(f->post_transform, n, scores);
  return best;
}

gcut_status gcut__cpu_tree_ensemble_classifier(gcut__cpu_call *c, gcut_error *err) {
  const gcut__tree_classifier_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  gcut__classes classes = gcut__tree_classes(attrs);
  const gcut__forest *f;
  GCUT_TRY(gcut__forest_find_named(c, &attrs->trees, (int64_t)gcut__n_classes(classes), &f, err));
  if (f->n_base > 1 && f->n_base != f->n_targets)
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "%zu base values for %zu classes", f->n_base,
                          f->n_targets);
  uint64_t features = gcut__n_features(x), rows = x->rank == 2 ? (uint64_t)x->dims[0] : 1;
  double *scores = GCUT_NEW_ARRAY(c->scratch, double, f->n_targets);
  bool *seen = GCUT_NEW_ARRAY(c->scratch, bool, f->n_targets);
  if (!scores || !seen) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  for (uint64_t row = 0; row < rows; row++) {
    GCUT_TRY(add_row(c, f, row, features, scores, seen, err));
    size_t best = choose_class(f, scores, seen);
    GCUT_TRY(gcut__store_class(c, row, classes, best, scores, err));
  }
  return GCUT_OK;
}
