// Slice.
//
// On numbers the rule is the standard's. On symbols: a bound that is itself symbolic is taken to
// lie within the axis (exporters cut position tables to `seq`), bounds that are numbers are clamped
// exactly.
#include "tracer/ops/slice.h"

#include "tracer/ops/carry.h"

int64_t gcut__slice_axis(int64_t size, int64_t start, int64_t end, int64_t step,
                         int64_t *out_first) {
  int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
  *out_first = 0;
  if (size == 0) return 0;
  if (start < 0) start = start < -size ? -1 : start + size;
  if (end < 0) end = end < -size ? -1 : end + size;
  start = start < low ? low : start > high ? high : start;
  end = end < low ? low : end > high ? high : end;
  if (step < 0 && start < 0) start = 0;
  if (step > 0 ? end <= start : end >= start) return 0;
  *out_first = start;
  uint64_t span = (uint64_t)(step > 0 ? end - start : start - end);
  uint64_t stride = step > 0 ? (uint64_t)step : -(uint64_t)step;
  return (int64_t)((span - 1) / stride + 1);
}

static const gcut_attr_row slice_rows[] = {GCUT_ATTR_INTS(gcut__slice_attrs, starts),
                                           GCUT_ATTR_INTS(gcut__slice_attrs, ends),
                                           GCUT_ATTR_INTS(gcut__slice_attrs, axes),
                                           {0}};

// ---- bounds on symbolic axes ------------------------------------------------------------------

enum { TO_THE_END = INT32_MAX }; // an end from here on means all the rest, whatever the size

static bool is_known_negative(gcut_infer *c, gcut_dim x) {
  return gcut_dim_known(x) ? x < 0 : gcut_dim_compare(c->dims, x, 0) == GCUT_LESS;
}

// The smaller of a bound and the axis: exact where one is a number, else the bound unless it is
// surely beyond.
static gcut_dim clamp_bound(gcut_infer *c, gcut_dim bound, gcut_dim size) {
  if (bound == 0) return 0; // no size is negative
  if (gcut_dim_known(bound) && !gcut_dim_known(size) && bound < TO_THE_END)
    return gcut_dim_min(c->dims, bound, size);
  if (gcut_dim_known(bound) && !gcut_dim_known(size)) return size;
  return gcut_dim_compare(c->dims, bound, size) == GCUT_GREATER ? size : bound;
}

// A bound of a forward slice as a place in [0, size].
static gcut_dim forward_bound(gcut_infer *c, gcut_dim bound, gcut_dim size) {
  if (!is_known_negative(c, bound)) return clamp_bound(c, bound, size);
  if (gcut_dim_known(bound) && bound <= -TO_THE_END) return 0;
  gcut_dim place = gcut_dim_add(c->dims, size, bound);
  return gcut_dim_known(bound) ? gcut_dim_max(c->dims, place, 0) : place;
}

static gcut_dim forward_count(gcut_infer *c, gcut_dim size, gcut_dim start, gcut_dim end,
                              int64_t step) {
  bool exact = gcut_dim_known(start) && gcut_dim_known(end);
  start = forward_bound(c, start, size);
  end = forward_bound(c, end, size);
  gcut_dim span = gcut_dim_sub(c->dims, end, start);
  if (start == 0 && end == size) return gcut_dim_ceil_div(c->dims, size, step);
  if (exact || gcut_dim_compare(c->dims, span, 0) == GCUT_LESS)
    span = gcut_dim_max(c->dims, span, 0);
  return gcut_dim_ceil_div(c->dims, span, step);
}

// The same for a backward slice: places in [-1, size - 1].
static gcut_dim backward_bound(gcut_infer *c, gcut_dim bound, gcut_dim size, int64_t low) {
  gcut_dim last = gcut_dim_sub(c->dims, size, 1);
  if (!is_known_negative(c, bound)) return clamp_bound(c, bound, last);
  if (gcut_dim_known(bound) && bound <= -TO_THE_END) return low;
  return gcut_dim_max(c->dims, gcut_dim_add(c->dims, size, bound), low);
}

static gcut_dim backward_count(gcut_infer *c, gcut_dim size, gcut_dim start, gcut_dim end,
                               int64_t step) {
  start = backward_bound(c, start, size, 0);
  end = backward_bound(c, end, size, -1);
  gcut_dim span = gcut_dim_max(c->dims, gcut_dim_sub(c->dims, start, end), 0);
  return gcut_dim_ceil_div(c->dims, span, -step);
}

static gcut_dim count_axis(gcut_infer *c, gcut_dim size, gcut_dim start, gcut_dim end,
                           int64_t step) {
  int64_t first;
  if (gcut_dim_known(size) && gcut_dim_known(start) && gcut_dim_known(end))
    return gcut__slice_axis(size, start, end, step, &first);
  if (step > 0) return gcut__or_fresh(c, forward_count(c, size, start, end, step));
  return gcut__or_fresh(c, backward_count(c, size, start, end, step));
}

// ---- reading the bounds -----------------------------------------------------------------------

typedef struct bounds {
  uint32_t n;
  const gcut_dim *starts, *ends; // [n]; NULL where they are not known
  const int64_t *steps;          // [n] or NULL likewise
  bool all_one;                  // steps are absent
  int axes[GCUT_MAX_RANK];
  bool axes_known;
} bounds;

// A list of bounds, as long as the others.
static gcut_status read_list(gcut_infer *c, uint32_t i, bounds *b, const gcut_dim **out,
                             gcut_error *err) {
  uint32_t n;
  *out = NULL;
  GCUT_TRY(gcut_infer_expect_rank(c, i, 1, 1, err));
  int64_t length = gcut__static_length(c, i);
  if (length >= 0 && b->n != UINT32_MAX && length != b->n)
    return GCUT_NODE_FAIL(c, err, "input %u has %lld elements, input 1 has %u", i,
                          (long long)length, b->n);
  if (length > GCUT_MAX_RANK) return GCUT_NODE_FAIL(c, err, "%lld axes", (long long)length);
  if (length >= 0) b->n = (uint32_t)length;
  if (!gcut_infer_content(c, i, out, &n)) *out = NULL;
  return GCUT_OK;
}

static gcut_status read_steps(gcut_infer *c, bounds *b, gcut_error *err) {
  const gcut_dim *values;
  uint32_t n;
  b->steps = NULL;
  b->all_one = !gcut_infer_has(c, 4);
  if (b->all_one) return GCUT_OK;
  GCUT_TRY(read_list(c, 4, b, &values, err));
  if (!gcut_infer_ints(c, 4, &b->steps, &n)) b->steps = NULL;
  for (uint32_t k = 0; b->steps && k < n; k++)
    if (b->steps[k] == 0) return GCUT_NODE_FAIL(c, err, "a step of 0");
  return GCUT_OK;
}

static gcut_status set_axes(gcut_infer *c, bounds *b, const int64_t *axes, gcut_error *err) {
  b->axes_known = true;
  if (axes) return gcut_infer_axes(c, axes, b->n, gcut_infer_rank(c, 0), b->axes, err);
  if (b->n > (uint32_t)gcut_infer_rank(c, 0))
    return GCUT_NODE_FAIL(c, err, "%u axes of a tensor of rank %d", b->n, gcut_infer_rank(c, 0));
  for (uint32_t k = 0; k < b->n; k++) b->axes[k] = (int)k;
  return GCUT_OK;
}

static gcut_status read_inputs(gcut_infer *c, bounds *b, gcut_error *err) {
  const gcut_dim *values;
  const int64_t *axes = NULL;
  uint32_t n;
  b->n = UINT32_MAX;
  if (!gcut_infer_has(c, 1) || !gcut_infer_has(c, 2))
    return GCUT_NODE_FAIL(c, err, "starts or ends are missing");
  GCUT_TRY(read_list(c, 1, b, &b->starts, err));
  GCUT_TRY(read_list(c, 2, b, &b->ends, err));
  if (gcut_infer_has(c, 3)) GCUT_TRY(read_list(c, 3, b, &values, err));
  GCUT_TRY(read_steps(c, b, err));
  b->axes_known = false;
  if (b->n == UINT32_MAX) return GCUT_OK; // how many axes is not known either
  if (gcut_infer_has(c, 3) && !gcut_infer_ints(c, 3, &axes, &n)) return GCUT_OK;
  return set_axes(c, b, axes, err);
}

static gcut_status read_attributes(gcut_infer *c, bounds *b, gcut_error *err) {
  const gcut__slice_attrs *attrs = c->attrs;
  size_t n = attrs->starts.n;
  if (!attrs->starts.given || !attrs->ends.given || attrs->ends.n != n ||
      (attrs->axes.given && attrs->axes.n != n) || n > GCUT_MAX_RANK)
    return GCUT_NODE_FAIL(c, err, "starts, ends and axes do not go together");
  *b = (bounds){.n = (uint32_t)n,
                .starts = gcut__ints_as_dims(c, attrs->starts),
                .ends = gcut__ints_as_dims(c, attrs->ends),
                .all_one = true};
  if (!b->starts || !b->ends) return GCUT_NO_MEMORY(err);
  return set_axes(c, b, attrs->axes.given ? attrs->axes.data : NULL, err);
}

static gcut_status propagate_slice(gcut_infer *c, const bounds *b, gcut_error *err) {
  const gcut_dim *from;
  uint32_t n_from, n;
  int64_t first = 0, step = b->all_one || b->n == 0 ? 1 : b->steps[0];
  if (gcut_infer_rank(c, 0) != 1 || !gcut__content(c, 0, &from, &n_from)) return GCUT_OK;
  gcut_dim *values = gcut__new_content(c, 0, &n);
  if (!values) return GCUT_OK;
  if (b->n > 0) {
    if (!gcut_dim_known(b->starts[0]) || !gcut_dim_known(b->ends[0])) return GCUT_OK;
    n = (uint32_t)gcut__slice_axis(n_from, b->starts[0], b->ends[0], step, &first);
  }
  for (uint32_t i = 0; i < n; i++) values[i] = from[first + (int64_t)i * step];
  return gcut__keep_content(c, 0, values, n, err);
}

static gcut_status infer_slice(gcut_infer *c, gcut_error *err) {
  bounds b;
  gcut_dim dims[GCUT_MAX_RANK];
  int rank = gcut_infer_rank(c, 0);
  if (c->node->version < 10)
    GCUT_TRY(read_attributes(c, &b, err));
  else
    GCUT_TRY(read_inputs(c, &b, err));
  if (!b.axes_known) return gcut_infer_set_unknown(c, 0, GCUT_UNDEFINED, rank, err);
  memcpy(dims, gcut_infer_dims(c, 0), (size_t)rank * sizeof *dims);
  bool known = b.starts && b.ends && (b.steps || b.all_one);
  for (uint32_t k = 0; k < b.n; k++) {
    gcut_dim *dim = &dims[b.axes[k]];
    *dim = known ? count_axis(c, *dim, b.starts[k], b.ends[k], b.all_one ? 1 : b.steps[k])
                 : gcut_dim_fresh(c->dims);
  }
  GCUT_TRY(gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, dims, err));
  return known ? propagate_slice(c, &b, err) : GCUT_OK;
}

const gcut_op gcut__op_slice = {.inputs = "TU?U?U?U?",
                                .outputs = "T",
                                .U = GCUT_INDICES,
                                .attrs = slice_rows,
                                .attrs_size = sizeof(gcut__slice_attrs),
                                .flags = GCUT_OP_PICKS,
                                .infer = infer_slice,
                                .flops = gcut__no_flops};
