// LinearClassifier: a linear function a class; a lone one tells two classes apart by its sign.
#include "tracer/ops/classify.h"

#include "exec/cpu/ops/features.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/post_transform.h"

gcut_status gcut__store_class(gcut__cpu_call *c, uint64_t row, gcut__classes classes, size_t best,
                              const double *scores, gcut_error *err) {
  gcut_tensor *labels = c->outputs[0], *out = c->n_outputs > 1 ? c->outputs[1] : NULL;
  uint64_t n = out ? (uint64_t)out->dims[1] : 0;
  for (uint64_t i = 0; i < n; i++) ((float *)out->data)[row * n + i] = (float)scores[i];
  if (!labels) return GCUT_OK;
  if (labels->type == GCUT_STRING) {
    gcut_string s = classes.strings.data[best];
    return gcut_tensor_set_string(labels, row, s.data, s.size, err);
  }
  ((int64_t *)labels->data)[row] = classes.ints.data[best];
  return GCUT_OK;
}

gcut_status gcut__cpu_linear_classifier(gcut__cpu_call *c, gcut_error *err) {
  const gcut__linear_classifier_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  gcut__classes classes = gcut__linear_classes(attrs);
  gcut__post_transform transform = gcut__post_transform_of(attrs->post_transform);
  size_t functions = gcut__linear_functions(attrs), n = gcut__n_classes(classes);
  uint64_t features = gcut__n_features(x), rows = x->rank == 2 ? (uint64_t)x->dims[0] : 1;
  double *scores = GCUT_NEW_ARRAY(c->scratch, double, n);
  if (!scores) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  for (uint64_t r = 0; r < rows; r++) {
    for (size_t k = 0; k < functions; k++) {
      scores[k] = attrs->intercepts.n > 0 ? (double)attrs->intercepts.data[k] : 0;
      for (uint64_t f = 0; f < features; f++)
        scores[k] +=
            gcut__feature(x, r * features + f) * (double)attrs->coefficients.data[k * features + f];
    }
    size_t best = functions < n ? scores[0] > 0 : gcut__best(n, scores);
    if (functions < n)
      gcut__post_transform_lone(transform, 1, scores[0], scores);
    else
      gcut__post_transform_row(transform, n, scores);
    GCUT_TRY(gcut__store_class(c, r, classes, best, scores, err));
  }
  return GCUT_OK;
}
