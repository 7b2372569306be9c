// Einsum: operands are taken in from left to right. Labels that neither the output nor a later
// operand needs are summed as soon as possible; what two operands share and nobody needs any more
// is the inner axis of a batched matrix product.
//
// 16-bit floats are computed with as floats, integers as unsigned ones, which wrap around as the
// narrower would.
#include "tracer/ops/einsum.h"

#include "exec/cpu/ops/gemm.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/real.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/ops/typed.h"
#include "tracer/base/checked.h"

// A tensor by label. `rank` labels, each once; elements of the computing type.
typedef struct operand {
  const void *data;
  int rank;
  uint8_t labels[GCUT_MAX_RANK];
  int64_t strides[GCUT_MAX_RANK];
} operand;

typedef struct einsum {
  gcut__cpu_call *c;
  gcut__einsum equation;
  gcut_dtype type; // computed with: FLOAT, DOUBLE, UINT32 or UINT64
  size_t bytes;    // of an element of it
  int64_t sizes[GCUT__EINSUM_LABELS];
  uint64_t limit; // elements that an intermediate result may have
} einsum;

// A list of labels.
typedef struct labels {
  int n;
  uint8_t at[GCUT__EINSUM_LABELS];
} labels;

static bool has(const uint8_t *list, int n, uint8_t label) {
  for (int i = 0; i < n; i++)
    if (list[i] == label) return true;
  return false;
}

static void append(labels *to, const labels *more) {
  memcpy(to->at + to->n, more->at, (size_t)more->n);
  to->n += more->n;
}

// Elements of a tensor with those labels; UINT64_MAX where that is too large.
static uint64_t count_of(const einsum *e, const labels *l) {
  int64_t dims[GCUT__EINSUM_LABELS];
  uint64_t count;
  for (int i = 0; i < l->n; i++) dims[i] = e->sizes[l->at[i]];
  return gcut_checked_count(l->n, dims, &count) ? count : UINT64_MAX;
}

// ---- computing types --------------------------------------------------------------------------

static gcut_dtype computing_type(gcut_dtype type) {
  switch (type) {
  case GCUT_DOUBLE: return GCUT_DOUBLE;
  case GCUT_INT64:
  case GCUT_UINT64: return GCUT_UINT64;
  case GCUT_FLOAT:
  case GCUT_FLOAT16:
  case GCUT_BFLOAT16: return GCUT_FLOAT;
  default: return GCUT_UINT32;
  }
}

// X(type, C type)
#define COMPUTING(X)                                                                               \
  X(FLOAT, float)                                                                                  \
  X(DOUBLE, double)                                                                                \
  X(UINT32, uint32_t)                                                                              \
  X(UINT64, uint64_t)
// X(type, C type): integers narrower than they are computed with
#define NARROW(X)                                                                                  \
  X(INT8, int8_t)                                                                                  \
  X(UINT8, uint8_t)                                                                                \
  X(INT16, int16_t)                                                                                \
  X(UINT16, uint16_t)

static const void *widen(const einsum *e, const gcut_tensor *t) {
  if (t->type == GCUT_FLOAT16 || t->type == GCUT_BFLOAT16) return gcut__tensor_floats(e->c, t);
  if (gcut_dtype_bits(t->type) >= 32) return t->data;
  uint32_t *out = gcut_arena_alloc(e->c->scratch, t->count, sizeof *out);
  if (!out) return NULL;
  switch (t->type) {
#define X(name, T)                                                                                 \
  case GCUT_##name:                                                                                \
    for (uint64_t i = 0; i < t->count; i++) out[i] = (uint32_t)((const T *)t->data)[i];            \
    break;
    NARROW(X)
#undef X
  default: break;
  }
  return out;
}

static void narrow(gcut_tensor *t, const void *data) {
  switch (t->type) {
  case GCUT_FLOAT16:
  case GCUT_BFLOAT16: gcut__store_floats(t->type, t->data, 0, t->count, data); break;
#define X(name, T)                                                                                 \
  case GCUT_##name:                                                                                \
    for (uint64_t i = 0; i < t->count; i++) ((T *)t->data)[i] = (T)((const uint32_t *)data)[i];    \
    break;
    NARROW(X)
#undef X
  default: memcpy(t->data, data, t->bytes);
  }
}

// ---- operands ---------------------------------------------------------------------------------

// Repeated labels become one that steps along the diagonal; broadcast ones go.
static gcut_status read_operand(const einsum *e, uint32_t i, operand *o, gcut_error *err) {
  const gcut_tensor *t = e->c->inputs[i];
  const gcut__einsum_term *term = &e->equation.terms[i];
  int64_t packed[GCUT_MAX_RANK];
  gcut__packed_strides(t->rank, t->dims, packed);
  *o = (operand){.data = widen(e, t)};
  for (int d = 0; d < t->rank; d++) {
    uint8_t label = term->labels[d];
    if (t->dims[d] != e->sizes[label]) continue;
    int k = 0;
    while (k < o->rank && o->labels[k] != label) k++;
    if (k == o->rank) o->labels[o->rank++] = label;
    o->strides[k] += packed[d];
  }
  return o->data || t->count == 0 ? GCUT_OK : GCUT_NO_MEMORY(err);
}

#define X(name, T)                                                                                 \
  static void add_##name(gcut__walk *w, const T *in, T *out) {                                     \
    for (bool more = gcut__walk_start(w); more; more = gcut__walk_next(w)) {                       \
      const T *x = in + w->offsets[0];                                                             \
      T *y = out + w->offsets[1];                                                                  \
      for (int64_t i = 0; i < w->inner; i++) y[i * w->steps[1]] += x[i * w->steps[0]];             \
    }                                                                                              \
  }
COMPUTING(X)
#undef X

static void add(gcut_dtype type, gcut__walk *w, const void *in, void *out) {
  switch (type) {
#define X(name, T)                                                                                 \
  case GCUT_##name: add_##name(w, in, out); break;
    COMPUTING(X)
#undef X
  default: break;
  }
}

// Whether the operand's elements lie packed in the order of those labels, all of its own.
static bool lies_in_order(const einsum *e, const operand *o, const labels *order) {
  int64_t step = 1;
  if (order->n != o->rank) return false;
  for (int i = o->rank - 1; i >= 0; i--) {
    int k = 0;
    while (k < o->rank && o->labels[k] != order->at[i]) k++;
    if (k == o->rank || (o->strides[k] != step && e->sizes[order->at[i]] != 1)) return false;
    step *= e->sizes[order->at[i]];
  }
  return true;
}

// The operand packed in the order of labels that it has, the others summed.
static gcut_status arrange(const einsum *e, const operand *o, const labels *order,
                           const void **out_data, gcut_error *err) {
  int64_t dims[GCUT_MAX_RANK], to[GCUT_MAX_RANK] = {0}, step = 1;
  gcut__walk *walk;
  *out_data = o->data;
  if (lies_in_order(e, o, order)) return GCUT_OK;
  void *out = gcut_arena_alloc(e->c->scratch, (size_t)count_of(e, order), e->bytes);
  if (!out) return GCUT_NO_MEMORY(err);
  for (int i = order->n - 1; i >= 0; i--) {
    for (int k = 0; k < o->rank; k++)
      if (o->labels[k] == order->at[i]) to[k] = step;
    step *= e->sizes[order->at[i]];
  }
  for (int k = 0; k < o->rank; k++) dims[k] = e->sizes[o->labels[k]];
  GCUT_TRY(gcut__walk_create(e->c->scratch, o->rank, dims, 2, &walk, err));
  gcut__walk_strides(walk, 0, o->strides);
  gcut__walk_strides(walk, 1, to);
  add(e->type, walk, o->data, out);
  *out_data = out;
  return GCUT_OK;
}

// ---- a product of two -------------------------------------------------------------------------

typedef struct roles {
  labels batch, rows, columns, inner; // in both and needed; in one and needed; in both, not needed
} roles;

static bool needed_after(const einsum *e, uint32_t i, uint8_t label) {
  if (has(e->equation.output.labels, e->equation.output.rank, label)) return true;
  for (uint32_t k = i + 1; k < e->equation.n_terms; k++)
    if (has(e->equation.terms[k].labels, e->equation.terms[k].rank, label)) return true;
  return false;
}

// Roles of the labels when operand `b` is input `i`; what is needed no more and in one operand only
// has none.
static roles share(const einsum *e, const operand *a, const operand *b, uint32_t i) {
  roles r = {0};
  for (int k = 0; k < a->rank; k++) {
    uint8_t label = a->labels[k];
    bool both = has(b->labels, b->rank, label), needed = needed_after(e, i, label);
    labels *to = both ? (needed ? &r.batch : &r.inner) : needed ? &r.rows : NULL;
    if (to) to->at[to->n++] = label;
  }
  for (int k = 0; k < b->rank; k++) {
    uint8_t label = b->labels[k];
    if (!has(a->labels, a->rank, label) && needed_after(e, i, label))
      r.columns.at[r.columns.n++] = label;
  }
  return r;
}

// Products this small are not worth a call of the blocked GEMM.
enum { SMALL = 4096 };

static gcut_status multiply(const einsum *e, const roles *r, const char *a, const char *b,
                            char *out, gcut_error *err) {
  int64_t m = (int64_t)count_of(e, &r->rows), n = (int64_t)count_of(e, &r->columns);
  int64_t k = (int64_t)count_of(e, &r->inner), batches = (int64_t)count_of(e, &r->batch);
  gcut__gemm g = gcut__gemm_packed(m, n, k, false, false);
  bool small = (double)m * (double)n * (double)k < SMALL;
  for (int64_t i = 0; i < batches; i++) {
    const char *x = a ? a + (size_t)(i * m * k) * e->bytes : NULL; // NULL: no elements
    const char *y = b ? b + (size_t)(i * k * n) * e->bytes : NULL;
    char *to = out ? out + (size_t)(i * m * n) * e->bytes : NULL;
    if (small)
      gcut__gemm_plain(e->type, &g, x, y, to);
    else
      GCUT_TRY(gcut__gemm_run(e->c, e->type, &g, x, y, to, err));
  }
  return GCUT_OK;
}

static void set_packed(const einsum *e, operand *o, const labels *order, const void *data) {
  *o = (operand){.data = data, .rank = order->n};
  int64_t step = 1;
  for (int i = order->n - 1; i >= 0; i--) {
    o->labels[i] = order->at[i];
    o->strides[i] = step;
    step *= e->sizes[order->at[i]];
  }
}

// *a becomes its product with input `i`.
static gcut_status take_in(const einsum *e, operand *a, uint32_t i, gcut_error *err) {
  operand b;
  GCUT_TRY(read_operand(e, i, &b, err));
  roles r = share(e, a, &b, i);
  labels left = r.batch, right = r.batch, result = r.batch;
  append(&left, &r.rows), append(&left, &r.inner);
  append(&right, &r.inner), append(&right, &r.columns);
  append(&result, &r.rows), append(&result, &r.columns);
  uint64_t count = count_of(e, &result);
  if (result.n > GCUT_MAX_RANK || count > e->limit)
    return gcut__cpu_fail(e->c, GCUT_UNSUPPORTED, err,
                          "the product of its first %u operands has %llu elements in %d dimensions",
                          i + 1, (unsigned long long)count, result.n);
  const void *x, *y;
  GCUT_TRY(arrange(e, a, &left, &x, err));
  GCUT_TRY(arrange(e, &b, &right, &y, err));
  void *out = gcut_arena_alloc(e->c->scratch, (size_t)count, e->bytes);
  if (!out) return GCUT_NO_MEMORY(err);
  if (count > 0) GCUT_TRY(multiply(e, &r, x, y, out, err));
  set_packed(e, a, &result, out);
  return GCUT_OK;
}

static gcut_status begin(gcut__cpu_call *c, einsum *e, gcut_error *err) {
  const gcut__einsum_attrs *attrs = c->attrs;
  *e = (einsum){.c = c, .type = computing_type(c->outputs[0]->type)};
  e->bytes = gcut_dtype_bits(e->type) / 8;
  int *ranks = gcut_arena_alloc(c->scratch, c->n_inputs, sizeof *ranks);
  if (!ranks) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < c->n_inputs; i++) ranks[i] = c->inputs[i]->rank;
  GCUT_TRY(gcut__einsum_parse(attrs->equation, ranks, c->n_inputs, c->scratch, &e->equation, err));
  for (int label = 0; label < GCUT__EINSUM_LABELS; label++) e->sizes[label] = 1;
  e->limit = (UINT64_C(1) << 28) + 64 * c->outputs[0]->count;
  for (uint32_t i = 0; i < c->n_inputs; i++) {
    e->limit += 64 * c->inputs[i]->count;
    for (int d = 0; d < c->inputs[i]->rank; d++)
      if (c->inputs[i]->dims[d] != 1)
        e->sizes[e->equation.terms[i].labels[d]] = c->inputs[i]->dims[d];
  }
  return GCUT_OK;
}

gcut_status gcut__cpu_einsum(gcut__cpu_call *c, gcut_error *err) {
  einsum e;
  operand a;
  labels order = {0};
  const void *data;
  if (c->outputs[0]->count == 0) return GCUT_OK;
  GCUT_TRY(begin(c, &e, err));
  GCUT_TRY(read_operand(&e, 0, &a, err));
  for (uint32_t i = 1; i < c->n_inputs; i++) GCUT_TRY(take_in(&e, &a, i, err));
  // A label of size 1 may be missing from the operand: it changes nothing in the order of elements.
  for (int d = 0; d < e.equation.output.rank; d++)
    if (has(a.labels, a.rank, e.equation.output.labels[d]))
      order.at[order.n++] = e.equation.output.labels[d];
  GCUT_TRY(arrange(&e, &a, &order, &data, err));
  narrow(c->outputs[0], data);
  return GCUT_OK;
}
