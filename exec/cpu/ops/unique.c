// Unique: rows are sorted by their elements, equal ones grouped, and the groups given in sorted
// order or in that of their first rows.
//
// A row is what lies at one index of the axis: one element where there is no axis. NaNs count as
// equal and as greater than anything else, as numpy sorts them.
#include <stdlib.h>

#include "exec/cpu/ops/elements.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/ops/typed.h"
#include "tracer/ops/select.h"

typedef struct rows {
  const gcut_tensor *x;
  int64_t n, outer, inner; // rows; a row's pieces and the elements of each
} rows;

#define COMPARE(a, b) ((a) < (b) ? -1 : (a) > (b) ? 1 : 0)
#define COMPARE_FLOATS(a, b)                                                                       \
  ((a) != (a) || (b) != (b) ? COMPARE((a) != (a), (b) != (b)) : COMPARE(a, b))

static int compare_strings(const gcut_string *a, const gcut_string *b) {
  size_t n = a->size < b->size ? a->size : b->size;
  int order = n > 0 ? memcmp(a->data, b->data, n) : 0;
  return order != 0 ? order : COMPARE(a->size, b->size);
}

// By the real part, then by the imaginary one, as numpy has it.
#define COMPARE_COMPLEX(T)                                                                         \
  {                                                                                                \
    const T *a = (const T *)x->data + 2 * i, *b = (const T *)x->data + 2 * j;                      \
    int order = COMPARE_FLOATS(a[0], b[0]);                                                        \
    return order != 0 ? order : COMPARE_FLOATS(a[1], b[1]);                                        \
  }

static int compare_elements(const gcut_tensor *x, int64_t i, int64_t j) {
  switch (x->type) {
  case GCUT_COMPLEX64: COMPARE_COMPLEX(float)
  case GCUT_COMPLEX128: COMPARE_COMPLEX(double)
#define X(NAME, T, C, letter, load, store)                                                         \
  case GCUT_##NAME: {                                                                              \
    C a = (C)load(((const T *)x->data)[i]), b = (C)load(((const T *)x->data)[j]);                  \
    return COMPARE_FLOATS(a, b);                                                                   \
  }
    GCUT__TYPED_NUMERIC(X)
    GCUT__TYPED_BOOL(X)
#undef X
  default:
    return compare_strings((const gcut_string *)x->data + i, (const gcut_string *)x->data + j);
  }
}

static int compare_rows(const rows *r, int64_t i, int64_t j) {
  for (int64_t o = 0; o < r->outer; o++)
    for (int64_t k = 0; k < r->inner; k++) {
      int64_t base = o * r->n * r->inner + k;
      int order = compare_elements(r->x, base + i * r->inner, base + j * r->inner);
      if (order != 0) return order;
    }
  return 0;
}

// Equal rows keep their order, so that a group begins with its first row.
static int compare_indices(const void *a, const void *b, void *context) {
  int64_t i = *(const int64_t *)a, j = *(const int64_t *)b;
  int order = compare_rows(context, i, j);
  return order != 0 ? order : COMPARE(i, j);
}

typedef struct group {
  int64_t first, count, rank; // row it begins with; rows; place in the output
} group;

static int compare_groups(const void *a, const void *b) {
  int64_t i = ((const group *)a)->first, j = ((const group *)b)->first;
  return COMPARE(i, j);
}

// Sorts and groups the rows: groups[*out_n] in order of output, group_of[row] by place there.
static gcut_status group_rows(gcut__cpu_call *c, rows *r, bool sorted, group **out_groups,
                              int64_t *out_n, int64_t **out_group_of, gcut_error *err) {
  int64_t *order = GCUT_NEW_ARRAY(c->scratch, int64_t, (size_t)r->n);
  int64_t *group_of = *out_group_of = GCUT_NEW_ARRAY(c->scratch, int64_t, (size_t)r->n);
  int64_t *place = GCUT_NEW_ARRAY(c->scratch, int64_t, (size_t)r->n), n = 0;
  group *groups = *out_groups = GCUT_NEW_ARRAY(c->scratch, group, (size_t)r->n);
  if (!order || !group_of || !groups || !place)
    return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory for scratch");
  for (int64_t i = 0; i < r->n; i++) order[i] = i;
  qsort_r(order, (size_t)r->n, sizeof *order, compare_indices, r);
  for (int64_t k = 0; k < r->n; k++) {
    if (k == 0 || compare_rows(r, order[k - 1], order[k]) != 0) {
      groups[n] = (group){.first = order[k], .rank = n};
      n++;
    }
    groups[n - 1].count++;
    group_of[order[k]] = n - 1;
  }
  if (!sorted) qsort(groups, (size_t)n, sizeof *groups, compare_groups);
  for (int64_t g = 0; g < n; g++) place[groups[g].rank] = g;
  for (int64_t i = 0; i < r->n; i++) group_of[i] = place[group_of[i]];
  *out_n = n;
  return GCUT_OK;
}

static gcut_status give_rows(gcut__cpu_call *c, const rows *r, int axis, const group *groups,
                             int64_t n, gcut_error *err) {
  const gcut_tensor *x = r->x;
  int64_t dims[GCUT_MAX_RANK];
  gcut__elements from, to;
  int rank = axis < 0 ? 1 : x->rank;
  for (int d = 0; d < rank; d++) dims[d] = axis < 0 || d == axis ? n : x->dims[d];
  GCUT_TRY(gcut__cpu_output(c, 0, x->type, rank, dims, err));
  if (c->outputs[0]->count == 0) return GCUT_OK;
  GCUT_TRY(gcut__elements_read(c, x, &from, err));
  GCUT_TRY(gcut__elements_write(c, c->outputs[0], &to, err));
  size_t row = (size_t)r->inner * to.size;
  for (int64_t o = 0; o < r->outer; o++)
    for (int64_t g = 0; g < n; g++)
      memcpy(to.data + (size_t)(o * n + g) * row,
             from.data + (size_t)(o * r->n + groups[g].first) * row, row);
  return gcut__elements_store(c, &to, c->outputs[0], err);
}

static gcut_status give_numbers(gcut__cpu_call *c, const rows *r, const group *groups, int64_t n,
                                const int64_t *group_of, gcut_error *err) {
  if (gcut__cpu_wants(c, 1)) GCUT_TRY(gcut__cpu_output(c, 1, GCUT_INT64, 1, &n, err));
  if (gcut__cpu_wants(c, 3)) GCUT_TRY(gcut__cpu_output(c, 3, GCUT_INT64, 1, &n, err));
  for (int64_t g = 0; g < n; g++) {
    if (gcut__cpu_wants(c, 1)) ((int64_t *)c->outputs[1]->data)[g] = groups[g].first;
    if (gcut__cpu_wants(c, 3)) ((int64_t *)c->outputs[3]->data)[g] = groups[g].count;
  }
  if (gcut__cpu_wants(c, 2) && r->n > 0)
    memcpy(c->outputs[2]->data, group_of, (size_t)r->n * sizeof *group_of);
  return GCUT_OK;
}

gcut_status gcut__cpu_unique(gcut__cpu_call *c, gcut_error *err) {
  const gcut__unique_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  rows r = {.x = x, .n = (int64_t)x->count, .outer = 1, .inner = 1};
  group *groups = NULL;
  int64_t n = 0, *group_of = NULL;
  int axis = -1;
  if (attrs->axis != GCUT_NO_AXIS) {
    axis = (int)(attrs->axis < 0 ? attrs->axis + x->rank : attrs->axis);
    r.n = x->dims[axis];
    r.outer = gcut__product(x->dims, 0, axis);
    r.inner = gcut__product(x->dims, axis + 1, x->rank);
  }
  GCUT_TRY(group_rows(c, &r, attrs->sorted != 0, &groups, &n, &group_of, err));
  GCUT_TRY(give_rows(c, &r, axis, groups, n, err));
  return give_numbers(c, &r, groups, n, group_of, err);
}
