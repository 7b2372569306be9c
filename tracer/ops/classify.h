// Attributes of ai.onnx.ml's linear classifiers and support vector machines, and the classes that
// classifiers choose among.
#ifndef GCUT_TRACER_OPS_CLASSIFY_H
#define GCUT_TRACER_OPS_CLASSIFY_H

#include "tracer/ops/feature.h"

// The labels of classes: one list or the other.
typedef struct gcut__classes {
  gcut_ints ints;
  gcut_strings strings;
} gcut__classes;

static inline size_t gcut__n_classes(gcut__classes classes) {
  return classes.strings.given ? classes.strings.n : classes.ints.n;
}
// Outputs of a classifier: for each row of input 0 a label and `scores` scores. Fails unless there
// is one list of labels.
GCUT_MUST_USE gcut_status gcut__set_classes(gcut_infer *c, gcut__classes classes, size_t scores,
                                            gcut_error *err);

typedef struct gcut__linear_classifier_attrs {
  gcut_floats coefficients, intercepts; // [rows][features], [rows]
  gcut_ints classlabels_ints;
  gcut_strings classlabels_strings;
  gcut_string post_transform;
} gcut__linear_classifier_attrs;

gcut__classes gcut__linear_classes(const gcut__linear_classifier_attrs *attrs);
// Linear functions; one alone tells two classes apart.
size_t gcut__linear_functions(const gcut__linear_classifier_attrs *attrs);

typedef enum gcut__svm_kernel {
  GCUT__SVM_LINEAR,
  GCUT__SVM_POLY,
  GCUT__SVM_RBF,
  GCUT__SVM_SIGMOID,
  GCUT__SVM_N
} gcut__svm_kernel;

// GCUT__SVM_N where there is no such kernel.
gcut__svm_kernel gcut__svm_kernel_of(gcut_string name);

// SVMClassifier and SVMRegressor. Without support vectors coefficients are those of a linear
// function, of each class where there are classes.
typedef struct gcut__svm_attrs {
  gcut_string kernel_type, post_transform;
  gcut_floats kernel_params; // gamma, coef0, degree
  gcut_floats support_vectors, coefficients, rho;
  gcut_floats prob_a, prob_b;  // of classifiers that give probabilities: one a pair of classes
  gcut_ints vectors_per_class; // of classifiers
  gcut_ints classlabels_ints;
  gcut_strings classlabels_strings;
  int64_t n_supports, one_class; // of regressors
} gcut__svm_attrs;

gcut__classes gcut__svm_classes(const gcut__svm_attrs *attrs);

#endif
