// Resize and Upsample.
//
// Each axis becomes a table: for every output index the input indices it takes from and their
// weights. Nearest gathers elements of any type through the tables; linear and cubic work axis by
// axis in double on the part of the tensor behind the first axis that changes.
#include "tracer/ops/resize.h"

#include <math.h>

#include "exec/cpu/ops/copy.h"
#include "exec/cpu/ops/elements.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/real.h"
#include "exec/cpu/ops/stride.h"

// What one axis does.
typedef struct axis_table {
  gcut__resize_axis axis;
  double roi[2];   // start and end, in shares of the axis
  bool same;       // output index i is input index i
  int64_t taps;    // weights an output index
  int64_t *first;  // [out] first input index, or -1: extrapolated
  int64_t *count;  // [out] weights in use, at most taps
  double *weights; // [out][taps]
} axis_table;

typedef struct resize {
  const gcut__resize_attrs *attrs;
  gcut__resize_rules rules;
  axis_table tables[GCUT_MAX_RANK];
  int rank;
} resize;

// ---- coordinates ------------------------------------------------------------------------------

// Where output index x lies among the input's indices.
static double source_of(const resize *r, const axis_table *t, double x) {
  double in = (double)t->axis.in, out = (double)t->axis.out, scale = t->axis.scale;
  double exact = scale * in; // the output's size before it was made whole
  switch (r->rules.transform) {
  case GCUT__RESIZE_ALIGN_CORNERS: return exact == 1 ? 0 : x * (in - 1) / (exact - 1);
  case GCUT__RESIZE_ASYMMETRIC: return x / scale;
  case GCUT__RESIZE_TF_HALF_PIXEL_FOR_NN: return (x + 0.5) / scale;
  case GCUT__RESIZE_PYTORCH_HALF_PIXEL: return out > 1 ? (x + 0.5) / scale - 0.5 : 0;
  case GCUT__RESIZE_HALF_PIXEL_SYMMETRIC:
    return in / 2 * (1 - out / exact) + (x + 0.5) / scale - 0.5;
  case GCUT__RESIZE_TF_CROP: {
    double span = (t->roi[1] - t->roi[0]) * (in - 1);
    return t->roi[0] * (in - 1) + (exact == 1 ? span / 2 : x * span / (exact - 1));
  }
  default: return (x + 0.5) / scale - 0.5;
  }
}

// False where the index lies outside and the output is extrapolated. *at is kept within reach of
// the axis, so that it converts to an integer.
static bool locate(const resize *r, const axis_table *t, int64_t x, double *at) {
  double in = (double)t->axis.in;
  *at = source_of(r, t, (double)x);
  if (r->rules.transform == GCUT__RESIZE_TF_CROP && !(*at >= 0 && *at <= in - 1)) return false;
  if (!(*at > -in - 2)) *at = -in - 2;
  if (*at > 2 * in + 2) *at = 2 * in + 2;
  return true;
}

static int64_t clamp(int64_t i, int64_t size) {
  return i < 0 ? 0 : i >= size ? size - 1 : i;
}

static double nearest_of(const resize *r, double at, double scale) {
  switch (r->rules.nearest) {
  case GCUT__RESIZE_ROUND_PREFER_FLOOR: return ceil(at - 0.5);
  case GCUT__RESIZE_ROUND_PREFER_CEIL: return floor(at + 0.5);
  case GCUT__RESIZE_CEIL: return ceil(at);
  case GCUT__RESIZE_SIMPLE: return scale < 1 ? ceil(at) : floor(at);
  default: return floor(at);
  }
}

// ---- weights ----------------------------------------------------------------------------------

static double kernel_at(const resize *r, double distance) {
  double x = fabs(distance), a = (double)r->attrs->cubic_coeff_a;
  if (r->rules.mode == GCUT__RESIZE_LINEAR) return x < 1 ? 1 - x : 0;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

// The weights of the indices around `at`, those outside the axis counted at its edge, or not at
// all.
static void weigh(const resize *r, axis_table *t, int64_t x, double at, double squeeze) {
  bool exclude = r->attrs->exclude_outside != 0;
  int64_t before = t->taps / 2 - 1, base = (int64_t)floor(at) - before;
  int64_t first = clamp(base, t->axis.in);
  double *weights = t->weights + x * t->taps, sum = 0;
  t->first[x] = first;
  for (int64_t k = 0; k < t->taps; k++) {
    int64_t i = base + k;
    double w = kernel_at(r, ((double)i - at) * squeeze);
    if (exclude && (i < 0 || i >= t->axis.in)) w = 0;
    int64_t slot = clamp(i, t->axis.in) - first;
    weights[slot] += w, sum += w;
    t->count[x] = slot + 1;
  }
  if (!exclude && squeeze == 1) return; // they sum to 1 already
  for (int64_t k = 0; k < t->count[x] && sum != 0; k++) weights[k] /= sum;
}

static gcut_status build_table(gcut__cpu_call *c, const resize *r, axis_table *t, gcut_error *err) {
  bool nearest = r->rules.mode == GCUT__RESIZE_NEAREST,
       aa = r->attrs->antialias && t->axis.scale < 1;
  double squeeze = aa ? t->axis.scale : 1; // widens the kernel when shrinking
  double reach = (r->rules.mode == GCUT__RESIZE_CUBIC ? 2 : 1) / squeeze;
  size_t out = (size_t)t->axis.out;
  if (!(reach < 0x1p31)) return gcut__cpu_fail(c, GCUT_FORMAT, err, "a scale is too small");
  t->taps = nearest ? 1 : -2 * (int64_t)floor(-reach);
  t->first = GCUT_NEW_ARRAY(c->scratch, int64_t, out);
  t->count = GCUT_NEW_ARRAY(c->scratch, int64_t, out);
  t->weights = gcut_arena_alloc(c->scratch, out, (nearest ? 0 : (size_t)t->taps) * sizeof(double));
  if (!t->first || !t->count || !t->weights) return GCUT_NO_MEMORY(err);
  for (int64_t x = 0; x < t->axis.out; x++) {
    double at;
    t->first[x] = -1;
    if (!locate(r, t, x, &at)) continue;
    if (nearest)
      t->first[x] = clamp((int64_t)nearest_of(r, at, t->axis.scale), t->axis.in);
    else
      weigh(r, t, x, at, squeeze);
  }
  return GCUT_OK;
}

// ---- geometry ---------------------------------------------------------------------------------

static gcut_status read_doubles(gcut__cpu_call *c, uint32_t i, const double **out, size_t *n,
                                gcut_error *err) {
  *n = (size_t)c->inputs[i]->count;
  *out = gcut__tensor_doubles(c, c->inputs[i]);
  return *out ? GCUT_OK : GCUT_NO_MEMORY(err);
}

// Sizes and scales of the axes that the node speaks of; the other axes stay as they are.
static gcut_status read_sizes(gcut__cpu_call *c, const resize *r, gcut__resize_axis *axes, size_t n,
                              gcut_error *err) {
  gcut__resize_inputs in = gcut__resize_inputs_of(c->node);
  double own[GCUT_MAX_RANK];
  const double *scales = own;
  const char *problem;
  size_t given = n;
  if (in.sizes != GCUT_NONE && gcut__cpu_has(c, in.sizes) && c->inputs[in.sizes]->count > 0) {
    problem = gcut__resize_by_sizes(r->attrs, c->inputs[in.sizes]->data, n, axes);
    return problem ? gcut__cpu_fail(c, GCUT_FORMAT, err, "%s", problem) : GCUT_OK;
  }
  if (c->n_inputs > 1)
    GCUT_TRY(read_doubles(c, in.scales, &scales, &given, err));
  else
    given = gcut__upsample_scales(c->node, r->attrs, r->rank, own);
  problem = given == n ? gcut__resize_by_scales(scales, n, axes) : "too few scales";
  return problem ? gcut__cpu_fail(c, GCUT_FORMAT, err, "%s", problem) : GCUT_OK;
}

static gcut_status read_geometry(gcut__cpu_call *c, resize *r, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut__resize_axis axes[GCUT_MAX_RANK] = {{0}};
  size_t n = r->attrs->axes.given ? r->attrs->axes.n : (size_t)x->rank, n_roi = 0;
  int which[GCUT_MAX_RANK];
  const double *roi = NULL;
  if (r->rules.transform == GCUT__RESIZE_TF_CROP)
    GCUT_TRY(read_doubles(c, gcut__resize_inputs_of(c->node).roi, &roi, &n_roi, err));
  for (size_t i = 0; i < n; i++) {
    int64_t axis = r->attrs->axes.given ? r->attrs->axes.data[i] : (int64_t)i;
    which[i] = (int)(axis < 0 ? axis + x->rank : axis);
    axes[i].in = x->dims[which[i]];
  }
  GCUT_TRY(read_sizes(c, r, axes, n, err));
  for (int d = 0; d < x->rank; d++)
    r->tables[d] = (axis_table){.axis = {x->dims[d], x->dims[d], 1}, .roi = {0, 1}, .same = true};
  for (size_t i = 0; i < n; i++) {
    axis_table *t = &r->tables[which[i]];
    t->axis = axes[i];
    if (roi) t->roi[0] = roi[i], t->roi[1] = roi[n + i];
    t->same = t->axis.in == t->axis.out && t->axis.scale == 1 && t->roi[0] == 0 && t->roi[1] == 1;
  }
  return GCUT_OK;
}

// ---- nearest ----------------------------------------------------------------------------------

// n items picked by row[]; -1 leaves an item alone.
static void copy_row(size_t size, const uint8_t *from, const int64_t *row, int64_t n, uint8_t *to,
                     bool whole) {
  if (whole) {
    gcut__pick(size, to, from, row, (uint64_t)n);
    return;
  }
  for (int64_t x = 0; x < n; x++)
    if (row[x] >= 0) memcpy(to + (size_t)x * size, from + (size_t)row[x] * size, size);
}

// An item of extrapolation_value in the output's own type.
static void extrapolate(const resize *r, const gcut_tensor *out, gcut__elements *to) {
  double value = (double)r->attrs->extrapolation_value;
  uint64_t item[2] = {0};
  gcut__store_doubles(out->type, item, 0, 1, 1, &value); // leaves 0 of what is no number
  gcut__fill(to->size, to->data, (const uint8_t *)item, out->count);
}

static gcut_status gather(gcut__cpu_call *c, const resize *r, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *out = c->outputs[0];
  bool whole = r->rules.transform != GCUT__RESIZE_TF_CROP;
  int last = r->rank - 1;
  const int64_t *row = r->tables[last].first;
  int64_t strides[GCUT_MAX_RANK], index[GCUT_MAX_RANK] = {0}, n = r->tables[last].axis.out;
  gcut__elements in, to;
  GCUT_TRY(gcut__elements_read(c, x, &in, err));
  GCUT_TRY(gcut__elements_write(c, out, &to, err));
  if (!whole) extrapolate(r, out, &to);
  gcut__packed_strides(r->rank, x->dims, strides);
  for (int64_t at = 0; at < (int64_t)out->count; at += n) {
    int64_t from = 0;
    for (int d = 0; d < last && from >= 0; d++) {
      int64_t i = r->tables[d].first[index[d]];
      from = i < 0 ? -1 : from + i * strides[d];
    }
    if (from >= 0)
      copy_row(in.size, in.data + (size_t)from * in.size, row, n, to.data + (size_t)at * in.size,
               whole);
    for (int d = last - 1; d >= 0 && ++index[d] == r->tables[d].axis.out; d--) index[d] = 0;
  }
  return gcut__elements_store(c, &to, out, err);
}

// ---- linear and cubic -------------------------------------------------------------------------

// x [outer][in][inner] becomes y [outer][out][inner].
static void resample(const axis_table *t, double extrapolation, int64_t outer, int64_t inner,
                     const double *x, double *y) {
  for (int64_t o = 0; o < outer; o++, x += t->axis.in * inner)
    for (int64_t j = 0; j < t->axis.out; j++, y += inner) {
      const double *weights = t->weights + j * t->taps;
      bool outside = t->first[j] < 0;
      for (int64_t i = 0; i < inner; i++) y[i] = outside ? extrapolation : 0;
      for (int64_t k = 0; !outside && k < t->count[j]; k++) {
        const double *from = x + (t->first[j] + k) * inner;
        if (weights[k] != 0)
          for (int64_t i = 0; i < inner; i++) y[i] += weights[k] * from[i];
      }
    }
}

// One part: dims [from, rank) of x, in `a`; the result is in the buffer returned.
static double *resample_part(const resize *r, int from, double *a, double *b) {
  int64_t dims[GCUT_MAX_RANK];
  for (int d = from; d < r->rank; d++) dims[d] = r->tables[d].axis.in;
  for (int d = from; d < r->rank; d++) {
    if (r->tables[d].same) continue;
    int64_t outer = 1, inner = 1;
    for (int i = from; i < d; i++) outer *= dims[i];
    for (int i = d + 1; i < r->rank; i++) inner *= dims[i];
    resample(&r->tables[d], (double)r->attrs->extrapolation_value, outer, inner, a, b);
    dims[d] = r->tables[d].axis.out;
    double *swap = a;
    a = b, b = swap;
  }
  return a;
}

// Elements of the largest tensor between two axes' passes over dims [from, rank).
static bool largest_part(const resize *r, int from, uint64_t *out) {
  uint64_t count = 1;
  for (int d = from; d < r->rank; d++) {
    int64_t in = r->tables[d].axis.in, result = r->tables[d].axis.out;
    if (__builtin_mul_overflow(count, (uint64_t)(in > result ? in : result), &count)) return false;
  }
  *out = count;
  return count < SIZE_MAX / sizeof(double);
}

static bool is_integer(gcut_dtype type) {
  return (GCUT_INTEGERS >> type & 1) != 0;
}

static gcut_status interpolate(gcut__cpu_call *c, const resize *r, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *out = c->outputs[0];
  int from = 0;
  uint64_t in_part = 1, out_part = 1, parts = 1, most;
  for (; from < r->rank && r->tables[from].same; from++) parts *= (uint64_t)x->dims[from];
  for (int d = from; d < r->rank; d++)
    in_part *= (uint64_t)x->dims[d], out_part *= (uint64_t)out->dims[d];
  if (!largest_part(r, from, &most)) return GCUT_NO_MEMORY(err);
  double *a = GCUT_NEW_ARRAY(c->scratch, double, most),
         *b = GCUT_NEW_ARRAY(c->scratch, double, most);
  if (!a || !b) return GCUT_NO_MEMORY(err);
  for (uint64_t p = 0; p < parts; p++) {
    gcut__load_doubles(x->type, x->data, p * in_part, 1, in_part, a);
    double *y = resample_part(r, from, a, b);
    for (uint64_t i = 0; is_integer(out->type) && i < out_part; i++) y[i] = rint(y[i]);
    gcut__store_doubles(out->type, out->data, p * out_part, 1, out_part, y);
  }
  return GCUT_OK;
}

// ---- the kernels ------------------------------------------------------------------------------

static gcut_status run(gcut__cpu_call *c, gcut_error *err) {
  resize r = {.attrs = c->attrs, .rank = c->inputs[0]->rank};
  gcut_tensor *out = c->outputs[0];
  const char *problem = gcut__resize_rules_of(c->node, r.attrs, &r.rules);
  if (problem) return gcut__cpu_fail(c, GCUT_FORMAT, err, "%s", problem);
  bool nearest = r.rules.mode == GCUT__RESIZE_NEAREST;
  if (!nearest && !(GCUT_NUMERIC >> out->type & 1))
    return gcut__cpu_type_unsupported(c, out->type, err);
  GCUT_TRY(read_geometry(c, &r, err));
  if (out->count == 0) return GCUT_OK;
  if (r.rank == 0) {
    gcut__cpu_output_tensor(c, 0, (gcut_tensor *)c->inputs[0]);
    return GCUT_OK;
  }
  for (int d = 0; d < r.rank; d++)
    if (nearest || !r.tables[d].same) GCUT_TRY(build_table(c, &r, &r.tables[d], err));
  return nearest ? gather(c, &r, err) : interpolate(c, &r, err);
}

gcut_status gcut__cpu_resize(gcut__cpu_call *c, gcut_error *err) {
  return run(c, err);
}
gcut_status gcut__cpu_upsample(gcut__cpu_call *c, gcut_error *err) {
  return run(c, err);
}
