#include "tests/conformance/compare.h"

#include <math.h>
#include <stdio.h>

#include "tracer/base/narrow.h"

// Element `i` as a double; false for types without a plain number.
static bool element(const gcut_tensor *t, uint64_t i, double *out) {
  const void *data = t->data;
  switch (t->type) {
  case GCUT_FLOAT: *out = (double)((const float *)data)[i]; return true;
  case GCUT_DOUBLE: *out = ((const double *)data)[i]; return true;
  case GCUT_FLOAT16: *out = (double)gcut_from_float16(((const uint16_t *)data)[i]); return true;
  case GCUT_BFLOAT16: *out = (double)gcut_from_bfloat16(((const uint16_t *)data)[i]); return true;
  default: return false;
  }
}

static bool close_enough(double a, double b, const conformance_rule *rule) {
  if (isnan(a) || isnan(b)) return isnan(a) && isnan(b);
  if (isinf(a) || isinf(b)) return a == b;
  return fabs(a - b) <= rule->atol + rule->rtol * fabs(b);
}

static bool complain(char *why, size_t size, const char *what) {
  snprintf(why, size, "%s", what);
  return false;
}

static bool same_shape(const gcut_tensor *a, const gcut_tensor *b, char *why, size_t size) {
  if (a->kind != b->kind) return complain(why, size, "another kind of value");
  if (a->type != b->type) {
    snprintf(why, size, "type %s, expected %s", gcut_dtype_name(a->type), gcut_dtype_name(b->type));
    return false;
  }
  if (a->rank != b->rank) {
    snprintf(why, size, "rank %d, expected %d", a->rank, b->rank);
    return false;
  }
  for (int d = 0; d < a->rank; d++)
    if (a->dims[d] != b->dims[d]) {
      snprintf(why, size, "dimension %d is %lld, expected %lld", d, (long long)a->dims[d],
               (long long)b->dims[d]);
      return false;
    }
  return true;
}

// Random 0s and 1s are compared by their mean, within five standard deviations of the expected
// one's.
static bool same_distribution(const gcut_tensor *a, const gcut_tensor *b, char *why, size_t size) {
  double mean_a = 0, mean_b = 0, x;
  for (uint64_t i = 0; i < a->count; i++) {
    if (!element(a, i, &x)) return complain(why, size, "random outputs that are no floats");
    if (x != 0 && x != 1) return complain(why, size, "an element that is neither 0 nor 1");
    mean_a += x / (double)a->count;
    if (element(b, i, &x)) mean_b += x / (double)b->count;
  }
  double bound = 5 * sqrt(0.25 / (double)(a->count ? a->count : 1)) * sqrt(2);
  return fabs(mean_a - mean_b) <= bound || complain(why, size, "another mean");
}

static bool compare_elements(const gcut_tensor *a, const gcut_tensor *b,
                             const conformance_rule *standard, char *why, size_t size) {
  double x, y;
  conformance_rule own = *standard, *rule = &own;
  if (a->type == GCUT_BFLOAT16) own.rtol = fmax(own.rtol, 0x1p-6); // the official runner's two ULPs
  if (a->count > 0 && !element(a, 0, &x))
    return gcut_tensor_equal(a, b) || complain(why, size, "elements differ");
  for (uint64_t i = 0; i < a->count; i++) {
    if (!element(a, i, &x) || !element(b, i, &y) || close_enough(x, y, rule)) continue;
    snprintf(why, size, "element %llu is %.9g, expected %.9g", (unsigned long long)i, x, y);
    return false;
  }
  return true;
}

bool compare_tensors(const gcut_tensor *actual, const gcut_tensor *expected,
                     const conformance_rule *rule, char *why, size_t size) {
  if (actual->kind == GCUT_KIND_SEQUENCE && expected->kind == GCUT_KIND_SEQUENCE) {
    if (actual->n_items != expected->n_items)
      return complain(why, size, "another length of sequence");
    for (size_t i = 0; i < actual->n_items; i++)
      if (!compare_tensors(actual->items[i], expected->items[i], rule, why, size)) return false;
    return true;
  }
  if (!same_shape(actual, expected, why, size)) return false;
  if (rule->random) return same_distribution(actual, expected, why, size);
  return compare_elements(actual, expected, rule, why, size);
}
