// Attributes of ai.onnx.ml's ensembles of decision trees.
#ifndef GCUT_TRACER_OPS_TREE_H
#define GCUT_TRACER_OPS_TREE_H

#include "tracer/ops/classify.h"

// TreeEnsemble, version 5: nodes and leaves are two lists, children are indices into either.
typedef struct gcut__tree_attrs {
  int64_t aggregate_function, post_transform, n_targets;
  gcut_ints tree_roots, nodes_featureids, nodes_missing_value_tracks_true;
  gcut_ints nodes_truenodeids, nodes_falsenodeids, nodes_trueleafs, nodes_falseleafs;
  gcut_ints leaf_targetids;
  uint32_t nodes_splits, nodes_modes, leaf_weights, membership_values; // of constants[]
} gcut__tree_attrs;

// TreeEnsembleRegressor: one list of nodes, each named by its tree and a number; leaves among them.
typedef struct gcut__tree_regressor_attrs {
  gcut_string aggregate_function, post_transform;
  int64_t n_targets;
  gcut_ints nodes_treeids, nodes_nodeids, nodes_featureids, nodes_truenodeids, nodes_falsenodeids;
  gcut_ints nodes_missing_value_tracks_true, target_treeids, target_nodeids, target_ids;
  gcut_strings nodes_modes;
  gcut_floats nodes_values, target_weights, base_values;
  uint32_t nodes_values_as_tensor, target_weights_as_tensor, base_values_as_tensor;
} gcut__tree_regressor_attrs;

// TreeEnsembleClassifier: the same trees, whose weights are votes for classes.
typedef struct gcut__tree_classifier_attrs {
  gcut__tree_regressor_attrs trees;
  gcut_ints classlabels_int64s;
  gcut_strings classlabels_strings;
} gcut__tree_classifier_attrs;

gcut__classes gcut__tree_classes(const gcut__tree_classifier_attrs *attrs);

typedef enum gcut__aggregate {
  GCUT__AVERAGE,
  GCUT__SUM,
  GCUT__MIN,
  GCUT__MAX,
  GCUT__AGGREGATE_N
} gcut__aggregate;

// GCUT__AGGREGATE_N where there is no such function.
gcut__aggregate gcut__aggregate_of(gcut_string name);

// How a node decides, by the numbers of TreeEnsemble's nodes_modes.
typedef enum gcut__tree_mode {
  GCUT__TREE_LEQ,
  GCUT__TREE_LT,
  GCUT__TREE_GTE,
  GCUT__TREE_GT,
  GCUT__TREE_EQ,
  GCUT__TREE_NEQ,
  GCUT__TREE_MEMBER,
  GCUT__TREE_LEAF, // of TreeEnsembleRegressor
  GCUT__TREE_N
} gcut__tree_mode;

// By the names of TreeEnsembleRegressor; GCUT__TREE_N where there is no such mode.
gcut__tree_mode gcut__tree_mode_of(gcut_string name);

#endif
