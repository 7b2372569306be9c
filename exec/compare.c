// Comparing results: with a reference, within tolerance, and with themselves, by digest.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "graphcut/run.h"
#include "tracer/base/error.h"
#include "tracer/base/narrow.h"

// ---- one element ------------------------------------------------------------------------------

static bool is_float(gcut_dtype type) {
  return type == GCUT_FLOAT || type == GCUT_DOUBLE || type == GCUT_FLOAT16 || type == GCUT_BFLOAT16;
}

static double element(const gcut_tensor *t, uint64_t i) {
  switch (t->type) {
  case GCUT_FLOAT: return ((const float *)t->data)[i];
  case GCUT_DOUBLE: return ((const double *)t->data)[i];
  case GCUT_FLOAT16: return gcut_from_float16(((const uint16_t *)t->data)[i]);
  default: return gcut_from_bfloat16(((const uint16_t *)t->data)[i]);
  }
}

// The larger error; NaN is larger than any.
static double worse(double a, double b) {
  return isnan(b) || b > a ? b : a;
}

static void compare_element(double a, double b, double rtol, double atol, gcut_comparison *out) {
  if (a == b || (isnan(a) && isnan(b))) return;
  double error = fabs(a - b), relative = error / fabs(b);
  if (!(error <= atol + rtol * fabs(b)) || isinf(a) || isinf(b)) out->ok = false;
  out->max_abs_error = worse(out->max_abs_error, error);
  if (b != 0) out->max_rel_error = worse(out->max_rel_error, relative);
}

static void compare_floats(const gcut_tensor *a, const gcut_tensor *b, double rtol, double atol,
                           gcut_comparison *out) {
  for (uint64_t i = 0; i < a->count; i++)
    compare_element(element(a, i), element(b, i), rtol, atol, out);
}

// ---- one tensor -------------------------------------------------------------------------------

static void shape_text(const gcut_tensor *t, char *buffer, size_t size) {
  size_t used = 0;
  *buffer = 0;
  for (int d = 0; d < t->rank && used < size; d++)
    used += (size_t)snprintf(buffer + used, size - used, "%s%" PRId64, d ? "," : "", t->dims[d]);
}

static bool types_agree(gcut_dtype actual, gcut_dtype expected) {
  return actual == expected ||
         (expected == GCUT_FLOAT && (actual == GCUT_FLOAT16 || actual == GCUT_BFLOAT16));
}

static bool same_shape(const gcut_tensor *a, const gcut_tensor *b) {
  return a->rank == b->rank && memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) == 0;
}

static gcut_status differ(const char *name, const gcut_tensor *a, const gcut_tensor *b,
                          gcut_error *err) {
  char found[200], wanted[200];
  shape_text(a, found, sizeof found);
  shape_text(b, wanted, sizeof wanted);
  return GCUT_FAIL(err, GCUT_MISMATCH, "output '%.200s' is %s[%s], expected %s[%s]", name,
                   gcut_dtype_name(a->type), found, gcut_dtype_name(b->type), wanted);
}

static gcut_status compare_items(const char *name, const gcut_tensor *a, const gcut_tensor *b,
                                 double rtol, double atol, gcut_comparison *out, gcut_error *err) {
  if (a->n_items != b->n_items)
    return GCUT_FAIL(err, GCUT_MISMATCH, "output '%.200s' has %zu items, expected %zu", name,
                     a->n_items, b->n_items);
  for (size_t i = 0; i < a->n_items; i++) {
    gcut_comparison one;
    GCUT_TRY(gcut_compare(name, a->items[i], b->items[i], rtol, atol, &one, err));
    out->ok &= one.ok;
    out->max_abs_error = worse(out->max_abs_error, one.max_abs_error);
    out->max_rel_error = worse(out->max_rel_error, one.max_rel_error);
  }
  return GCUT_OK;
}

gcut_status gcut_compare(const char *name, const gcut_tensor *actual, const gcut_tensor *expected,
                         double rtol, double atol, gcut_comparison *out, gcut_error *err) {
  *out = (gcut_comparison){.ok = true};
  if (actual->kind != expected->kind)
    return GCUT_FAIL(err, GCUT_MISMATCH, "output '%.200s' is of another kind than expected", name);
  if (actual->kind == GCUT_KIND_SEQUENCE || actual->kind == GCUT_KIND_MAP)
    return compare_items(name, actual, expected, rtol, atol, out, err);
  if (actual->kind != GCUT_KIND_TENSOR) return GCUT_OK;
  if (!types_agree(actual->type, expected->type) || !same_shape(actual, expected))
    return differ(name, actual, expected, err);
  if (is_float(actual->type)) {
    compare_floats(actual, expected, rtol, atol, out);
  } else if (!gcut_tensor_equal(actual, expected)) {
    out->ok = false;
    out->max_abs_error = NAN;
  }
  return GCUT_OK;
}

// ---- digest -----------------------------------------------------------------------------------

static void mix(gcut_digest *d, const void *data, size_t size) {
  const uint8_t *bytes = data;
  while (size > 0) {
    uint64_t word = 0;
    size_t n = size < 8 ? size : 8;
    memcpy(&word, bytes, n);
    d->words[0] = (d->words[0] ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    d->words[0] ^= d->words[0] >> 29;
    d->words[1] = (d->words[1] + word + n) * UINT64_C(0xd6e8feb86659fd93);
    d->words[1] ^= d->words[1] >> 32;
    bytes += n;
    size -= n;
  }
}

static void mix_tensor(gcut_digest *d, const gcut_tensor *t) {
  int64_t head[] = {t->kind, t->type, t->rank, (int64_t)t->n_items, (int64_t)t->count};
  mix(d, head, sizeof head);
  if (t->rank > 0) mix(d, t->dims, (size_t)t->rank * sizeof *t->dims);
  for (uint64_t i = 0; t->type == GCUT_STRING && i < t->count; i++) {
    const gcut_string *s = (const gcut_string *)t->data + i;
    mix(d, &s->size, sizeof s->size);
    mix(d, s->data, s->size);
  }
  if (t->type != GCUT_STRING && t->bytes) mix(d, t->data, t->bytes);
  for (size_t i = 0; i < t->n_items; i++) mix_tensor(d, t->items[i]);
}

gcut_digest gcut_tensor_digest(const gcut_tensor *tensor) {
  gcut_digest d = {{UINT64_C(0x243f6a8885a308d3), UINT64_C(0x13198a2e03707344)}};
  mix_tensor(&d, tensor);
  return d;
}
