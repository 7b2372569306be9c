// LabelEncoder, CategoryMapper, OneHotEncoder: keys sorted once, every element found by bisection.
#include "tracer/ops/label.h"

#include <stdlib.h>

#include "exec/cpu/ops/elements.h"
#include "exec/cpu/ops/features.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/typed.h"

typedef struct key {
  const uint8_t *at; // the element
  size_t index;      // in the list
} key;

#define COMPARE(a, b) ((a) < (b) ? -1 : (a) > (b) ? 1 : 0)
#define COMPARE_AS(T)                                                                              \
  {                                                                                                \
    T x, y;                                                                                        \
    memcpy(&x, a, sizeof x);                                                                       \
    memcpy(&y, b, sizeof y);                                                                       \
    return x != x || y != y ? COMPARE(x != x, y != y) : COMPARE(x, y);                             \
  }

static int compare_strings(const gcut_string *a, const gcut_string *b) {
  if (a->size != b->size) return COMPARE(a->size, b->size);
  return a->size > 0 ? memcmp(a->data, b->data, a->size) : 0;
}

// NaN equals NaN, so that it can be a key.
static int compare_elements(gcut_dtype type, const uint8_t *a, const uint8_t *b) {
  switch (type) {
  case GCUT_STRING: return compare_strings((const gcut_string *)a, (const gcut_string *)b);
  case GCUT_FLOAT: COMPARE_AS(float)
  case GCUT_DOUBLE: COMPARE_AS(double)
  case GCUT_INT64: COMPARE_AS(int64_t)
  case GCUT_INT32: COMPARE_AS(int32_t)
  default: COMPARE_AS(int16_t)
  }
}

static int compare_keys(const void *a, const void *b, void *context) {
  const key *x = a, *y = b;
  int order = compare_elements(*(const gcut_dtype *)context, x->at, y->at);
  return order != 0 ? order : COMPARE(x->index, y->index);
}

// Elements of a list: its own, or the numbers from 0 on.
static const uint8_t *elements_of(gcut__cpu_call *c, const gcut__labels *list) {
  if (list->data || list->type != GCUT_INT64) return list->data;
  int64_t *numbers = GCUT_NEW_ARRAY(c->scratch, int64_t, list->n);
  for (size_t i = 0; numbers && i < list->n; i++) numbers[i] = (int64_t)i;
  return (const uint8_t *)numbers;
}

// The first of the keys that equal an element, or NULL.
static const key *find(const key *keys, size_t n, gcut_dtype type, const uint8_t *element) {
  size_t low = 0, high = n;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (compare_elements(type, keys[middle].at, element) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low < n && compare_elements(type, keys[low].at, element) == 0 ? &keys[low] : NULL;
}

// The keys of a list in order; the elements stay where they are.
static gcut_status sort_keys(gcut__cpu_call *c, gcut__labels *list, key **out, gcut_error *err) {
  const uint8_t *from = elements_of(c, list);
  size_t size = gcut_dtype_bits(list->type) / 8;
  *out = GCUT_NEW_ARRAY(c->scratch, key, list->n);
  if (!*out || (list->n > 0 && !from)) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  for (size_t i = 0; i < list->n; i++) (*out)[i] = (key){from + i * size, i};
  qsort_r(*out, list->n, sizeof **out, compare_keys, &list->type);
  return GCUT_OK;
}

static gcut_status map_labels(gcut__cpu_call *c, gcut__label_table *t, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  gcut__elements to;
  key *keys;
  const uint8_t *values = elements_of(c, &t->values);
  if (t->keys.n > 0 && !values) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  GCUT_TRY(sort_keys(c, &t->keys, &keys, err));
  GCUT_TRY(gcut__elements_write(c, y, &to, err));
  size_t size = gcut_dtype_bits(x->type) / 8;
  for (uint64_t i = 0; i < x->count; i++) {
    const key *found = find(keys, t->keys.n, x->type, (const uint8_t *)x->data + i * size);
    memcpy(to.data + i * to.size, found ? values + found->index * to.size : t->absent, to.size);
  }
  return gcut__elements_store(c, &to, y, err);
}

gcut_status gcut__cpu_label_encoder(gcut__cpu_call *c, gcut_error *err) {
  gcut__label_table t;
  gcut_dtype in = c->inputs[0]->type;
  if (!gcut__label_table_of(c->graph, c->node->version, c->attrs, in, &t))
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "no table for %s", gcut_dtype_name(in));
  return map_labels(c, &t, err);
}

gcut_status gcut__cpu_category_mapper(gcut__cpu_call *c, gcut_error *err) {
  gcut__label_table t;
  if (!gcut__category_table_of(c->attrs, c->inputs[0]->type, &t))
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "no table");
  return map_labels(c, &t, err);
}

// Element `i` as a category: numbers as whole ones.
static const void *category_at(const gcut_tensor *x, uint64_t i, int64_t *number) {
  if (x->type == GCUT_STRING) return (const gcut_string *)x->data + i;
  *number = x->type == GCUT_INT64 ? ((const int64_t *)x->data)[i]
                                  : gcut__truncate_int64(gcut__feature(x, i));
  return number;
}

gcut_status gcut__cpu_one_hot_encoder(gcut__cpu_call *c, gcut_error *err) {
  const gcut__category_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  gcut__labels categories = gcut__categories_of(attrs);
  float *y = c->outputs[0]->data;
  key *keys;
  GCUT_TRY(sort_keys(c, &categories, &keys, err));
  if (c->outputs[0]->bytes > 0) memset(y, 0, c->outputs[0]->bytes);
  for (uint64_t i = 0; i < x->count; i++) {
    int64_t number;
    const key *found = find(keys, categories.n, categories.type, category_at(x, i, &number));
    if (found)
      y[i * categories.n + found->index] = 1;
    else if (!attrs->zeros)
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "element %llu is of no category",
                            (unsigned long long)i);
  }
  return GCUT_OK;
}
