// Ensembles of decision trees in one form, whatever the operator that describes them.
#ifndef GCUT_EXEC_CPU_OPS_TREE_H
#define GCUT_EXEC_CPU_OPS_TREE_H

#include "exec/cpu/kernel.h"
#include "tracer/ops/tree.h"

typedef struct gcut__tree_node {
  gcut__tree_mode mode; // GCUT__TREE_LEAF: first_weight and n_weights say what it adds
  bool missing_is_true;
  size_t feature;
  double split;
  size_t children[2];             // if false, if true: of nodes[]
  size_t first_weight, n_weights; // of targets[] and weights[]
  size_t first_member, n_members; // of members[], for GCUT__TREE_MEMBER
} gcut__tree_node;

typedef struct gcut__forest {
  gcut__tree_node *nodes;
  size_t n_nodes;
  size_t *roots;
  size_t n_roots;
  const int64_t *targets; // parallel to weights
  const double *weights;
  const double *members;
  const double *base_values; // [n_base]
  size_t n_base, n_weights, n_targets;
  size_t column; // the one of two classes that all weights vote for; 2 where there is none such
  bool probable; // no weight is negative
  gcut__aggregate aggregate;
  gcut__post_transform post_transform;
} gcut__forest;

// Reads the node's attributes; every index in them is checked. What an earlier call has read is
// found again.
GCUT_MUST_USE gcut_status gcut__forest_find(gcut__cpu_call *c, const gcut__forest **out,
                                            gcut_error *err);
GCUT_MUST_USE gcut_status gcut__forest_find_named(gcut__cpu_call *c,
                                                  const gcut__tree_regressor_attrs *attrs,
                                                  int64_t n_targets, const gcut__forest **out,
                                                  gcut_error *err);

#endif
