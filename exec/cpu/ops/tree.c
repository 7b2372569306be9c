// TreeEnsemble and TreeEnsembleRegressor: every row of features walks every tree.
#include "exec/cpu/ops/tree.h"

#include <math.h>

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/post_transform.h"
#include "tracer/base/narrow.h"

static double load(const gcut_tensor *x, uint64_t i) {
  switch (x->type) {
  case GCUT_FLOAT: return (double)((const float *)x->data)[i];
  case GCUT_DOUBLE: return ((const double *)x->data)[i];
  case GCUT_FLOAT16: return (double)gcut_from_float16(((const uint16_t *)x->data)[i]);
  case GCUT_INT64: return (double)((const int64_t *)x->data)[i];
  default: return ((const int32_t *)x->data)[i];
  }
}

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
    at = node->children[decide(f, node, load(x, row * features + node->feature))];
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

static gcut_status score_row(gcut_cpu_call *c, const gcut__forest *f, uint64_t row,
                             uint64_t features, double *scores, bool *seen, gcut_error *err) {
  memset(scores, 0, f->n_targets * sizeof *scores);
  memset(seen, 0, f->n_targets * sizeof *seen);
  for (size_t t = 0; t < f->n_roots; t++) {
    const gcut__tree_node *leaf = walk(f, f->roots[t], c->inputs[0], row, features);
    if (!leaf)
      return gcut_cpu_fail(c, GCUT_FORMAT, err,
                           "tree %zu runs in circles, or asks for a feature beyond %llu", t,
                           (unsigned long long)features);
    add_leaf(f, leaf, scores, seen);
  }
  for (size_t k = 0; k < f->n_targets; k++) {
    if (f->aggregate == GCUT__AVERAGE && f->n_roots > 0) scores[k] /= (double)f->n_roots;
    if (f->base_values) scores[k] += f->base_values[k];
  }
  gcut__post_transform_row(f->post_transform, f->n_targets, scores);
  return GCUT_OK;
}

static gcut_status score(gcut_cpu_call *c, const gcut__forest *f, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  uint64_t features = (uint64_t)x->dims[x->rank - 1];
  double *scores = GCUT_NEW_ARRAY(c->scratch, double, f->n_targets);
  bool *seen = GCUT_NEW_ARRAY(c->scratch, bool, f->n_targets);
  if (!scores || !seen) return gcut_cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  for (uint64_t row = 0; row < (uint64_t)y->dims[0]; row++) {
    GCUT_TRY(score_row(c, f, row, features, scores, seen, err));
    for (size_t k = 0; k < f->n_targets; k++) store(y, row * f->n_targets + k, scores[k]);
  }
  return GCUT_OK;
}

gcut_status gcut__cpu_tree_ensemble(gcut_cpu_call *c, gcut_error *err) {
  gcut__forest f;
  GCUT_TRY(gcut__forest_read(c, &f, err));
  return score(c, &f, err);
}

gcut_status gcut__cpu_tree_ensemble_regressor(gcut_cpu_call *c, gcut_error *err) {
  gcut__forest f;
  GCUT_TRY(gcut__forest_read_regressor(c, &f, err));
  return score(c, &f, err);
}
