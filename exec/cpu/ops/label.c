// LabelEncoder: keys sorted once, every element found by bisection.
#include "tracer/ops/label.h"

#include <stdlib.h>

#include "exec/cpu/ops/elements.h"
#include "exec/cpu/ops/kernels.h"

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
static const uint8_t *elements_of(gcut_cpu_call *c, const gcut__labels *list) {
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

gcut_status gcut__cpu_label_encoder(gcut_cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  gcut__label_table t;
  gcut__elements to;
  if (!gcut__label_table_of(c->graph, c->node->version, c->attrs, x->type, &t))
    return gcut_cpu_fail(c, GCUT_FORMAT, err, "no table for %s", gcut_dtype_name(x->type));
  const uint8_t *from = elements_of(c, &t.keys), *values = elements_of(c, &t.values);
  key *keys = GCUT_NEW_ARRAY(c->scratch, key, t.keys.n);
  if (!keys || (t.keys.n > 0 && (!from || !values)))
    return gcut_cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  size_t size = gcut_dtype_bits(x->type) / 8;
  for (size_t i = 0; i < t.keys.n; i++) keys[i] = (key){from + i * size, i};
  qsort_r(keys, t.keys.n, sizeof *keys, compare_keys, &t.keys.type);
  GCUT_TRY(gcut__elements_write(c, y, &to, err));
  for (uint64_t i = 0; i < x->count; i++) {
    const key *found = find(keys, t.keys.n, x->type, (const uint8_t *)x->data + i * size);
    memcpy(to.data + i * to.size, found ? values + found->index * to.size : t.absent, to.size);
  }
  return gcut__elements_store(c, &to, y, err);
}
