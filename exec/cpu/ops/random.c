// Random numbers, drawn as the standard's reference draws them. Where a node gives no seed, its
// name is the seed: a model then computes the same every time, however it is cut.
#include "tracer/ops/random.h"

#include <math.h>

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/mersenne.h"
#include "exec/cpu/ops/typed.h"
#include "tracer/base/intern.h"

static void seed_by_name(const gcut__cpu_call *c, gcut__mersenne *m) {
  gcut__mersenne_seed(m, (uint32_t)gcut_hash(c->node->name, strlen(c->node->name)));
}

static void seed(const gcut__cpu_call *c, gcut__mersenne *m) {
  float given = ((const gcut__random_attrs *)c->attrs)->seed;
  if (isnan(given))
    seed_by_name(c, m);
  else
    gcut__mersenne_seed(m, (uint32_t)gcut__truncate_uint64((double)given));
}

// Sets element k of a row of that class.
static void put(gcut__class class, gcut__row_buffer *row, size_t k, double value) {
  switch (class) {
  case GCUT__CLASS_f: row->f[k] = (float)value; break;
  case GCUT__CLASS_d: row->d[k] = value; break;
  case GCUT__CLASS_i: row->i[k] = gcut__truncate_int64(value); break;
  default: row->u[k] = gcut__truncate_uint64(value); break;
  }
}

// Fills output 0 with draw() * factor + offset.
static void fill(gcut__cpu_call *c, double (*draw)(gcut__mersenne *), double factor,
                 double offset) {
  gcut_tensor *y = c->outputs[0];
  gcut__class class = gcut__class_of(y->type);
  gcut__mersenne m;
  gcut__row_buffer row;
  seed(c, &m);
  for (uint64_t at = 0; at < y->count; at += GCUT__ROW) {
    size_t n = y->count - at < GCUT__ROW ? y->count - at : GCUT__ROW;
    for (size_t k = 0; k < n; k++) put(class, &row, k, draw(&m) * factor + offset);
    gcut__row_store(y->type, y->data, (int64_t)at, n, &row);
  }
}

static gcut_status run_normal(gcut__cpu_call *c) {
  const gcut__random_attrs *attrs = c->attrs;
  fill(c, gcut__mersenne_normal, (double)attrs->scale, (double)attrs->mean);
  return GCUT_OK;
}

static gcut_status run_uniform(gcut__cpu_call *c) {
  const gcut__random_attrs *attrs = c->attrs;
  fill(c, gcut__mersenne_uniform, (double)attrs->high - (double)attrs->low, (double)attrs->low);
  return GCUT_OK;
}

#define KERNEL(ident, run)                                                                         \
  gcut_status gcut__cpu_##ident(gcut__cpu_call *c, gcut_error *err) {                              \
    (void)err;                                                                                     \
    return run(c);                                                                                 \
  }
KERNEL(random_normal, run_normal)
KERNEL(random_normal_like, run_normal)
KERNEL(random_uniform, run_uniform)
KERNEL(random_uniform_like, run_uniform)

// 1 where a uniform number lies below the element.
static gcut_status run_bernoulli(gcut__cpu_call *c) {
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  gcut__class from = gcut__class_of(x->type), to = gcut__class_of(y->type);
  gcut__mersenne m;
  gcut__row_buffer in, out;
  seed(c, &m);
  for (uint64_t at = 0; at < x->count; at += GCUT__ROW) {
    size_t n = x->count - at < GCUT__ROW ? x->count - at : GCUT__ROW;
    const void *row = gcut__row_load(x->type, x->data, (int64_t)at, 1, n, &in);
    for (size_t k = 0; k < n; k++)
      put(to, &out, k, gcut__mersenne_uniform(&m) < gcut__row_double(from, row, k) ? 1 : 0);
    gcut__row_store(y->type, y->data, (int64_t)at, n, &out);
  }
  return GCUT_OK;
}
KERNEL(bernoulli, run_bernoulli)

// ---- Multinomial ------------------------------------------------------------------------------

// Running sums of exp(x - max x) over a line of log-probabilities.
static void accumulate_line(const gcut_tensor *x, int64_t offset, int64_t n, double *sums) {
  gcut__class class = gcut__class_of(x->type);
  gcut__row_buffer buffer;
  double largest = -(double)INFINITY, sum = 0;
  for (int64_t k = 0; k < n; k++) {
    sums[k] =
        gcut__row_double(class, gcut__row_load(x->type, x->data, offset + k, 1, 1, &buffer), 0);
    if (sums[k] > largest) largest = sums[k];
  }
  for (int64_t k = 0; k < n; k++) sums[k] = sum += exp(sums[k] - largest);
}

// The first class whose running sum passes `target`.
static int64_t find_class(const double *sums, int64_t n, double target) {
  int64_t low = 0, high = n - 1;
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    if (sums[middle] > target)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

gcut_status gcut__cpu_multinomial(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  int64_t n = x->dims[1], n_samples = y->dims[1];
  double *sums = GCUT_NEW_ARRAY(c->scratch, double, (size_t)n);
  gcut__mersenne m;
  if (!sums) return GCUT_NO_MEMORY(err);
  seed(c, &m);
  for (int64_t b = 0; b < x->dims[0]; b++) {
    accumulate_line(x, b * n, n, sums);
    for (int64_t s = 0; s < n_samples; s++) {
      int64_t drawn = find_class(sums, n, gcut__mersenne_uniform(&m) * sums[n - 1]);
      gcut__row_store(y->type, y->data, b * n_samples + s, 1, &drawn);
    }
  }
  return GCUT_OK;
}

// ---- Dropout ----------------------------------------------------------------------------------

static bool is_training(const gcut__cpu_call *c) {
  const gcut__dropout_attrs *attrs = c->attrs;
  if (c->node->version < 7) return !attrs->is_test;
  return gcut__cpu_has(c, 2) && *(const uint8_t *)c->inputs[2]->data;
}

static double read_ratio(const gcut__cpu_call *c) {
  if (!gcut__cpu_has(c, 1)) return (double)((const gcut__dropout_attrs *)c->attrs)->ratio;
  const gcut_tensor *ratio = c->inputs[1];
  gcut__row_buffer row;
  return gcut__row_double(gcut__class_of(ratio->type),
                          gcut__row_load(ratio->type, ratio->data, 0, 0, 1, &row), 0);
}

// What passes is all of it; without a training to thin out, that is everything.
static void pass_all(gcut__cpu_call *c) {
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0], *mask = c->n_outputs > 1 ? c->outputs[1] : NULL;
  gcut__row_buffer ones;
  if (y && x->bytes > 0) memcpy(y->data, x->data, x->bytes);
  if (!mask) return;
  for (size_t k = 0; k < GCUT__ROW; k++) put(gcut__class_of(mask->type), &ones, k, 1);
  for (uint64_t at = 0; at < mask->count; at += GCUT__ROW)
    gcut__row_store(mask->type, mask->data, (int64_t)at,
                    mask->count - at < GCUT__ROW ? mask->count - at : GCUT__ROW, &ones);
}

// Drops each element with probability `ratio` and scales the others up.
static void thin_out(gcut__cpu_call *c, double ratio) {
  const gcut__dropout_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0], *mask = c->n_outputs > 1 ? c->outputs[1] : NULL;
  gcut__class class = gcut__class_of(x->type);
  double scale = 1 / (1 - ratio);
  gcut__mersenne m;
  gcut__row_buffer in, out, kept;
  if (attrs->seed == GCUT__NO_SEED)
    seed_by_name(c, &m);
  else
    gcut__mersenne_seed(&m, (uint32_t)attrs->seed);
  for (uint64_t at = 0; at < x->count; at += GCUT__ROW) {
    size_t n = x->count - at < GCUT__ROW ? x->count - at : GCUT__ROW;
    const void *row = gcut__row_load(x->type, x->data, (int64_t)at, 1, n, &in);
    for (size_t k = 0; k < n; k++) {
      bool keep = gcut__mersenne_uniform(&m) >= ratio;
      put(class, &out, k, keep ? gcut__row_double(class, row, k) * scale : 0);
      if (mask) put(gcut__class_of(mask->type), &kept, k, keep);
    }
    if (y) gcut__row_store(y->type, y->data, (int64_t)at, n, &out);
    if (mask) gcut__row_store(mask->type, mask->data, (int64_t)at, n, &kept);
  }
}

gcut_status gcut__cpu_dropout(gcut__cpu_call *c, gcut_error *err) {
  double ratio = is_training(c) ? read_ratio(c) : 0;
  if (!(ratio >= 0 && ratio < 1))
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "ratio %g, expected 0 up to 1", ratio);
  if (ratio == 0)
    pass_all(c);
  else
    thin_out(c, ratio);
  return GCUT_OK;
}
