// Products of bytes between scales, spelled out (tracer/fuse/fuse_quantized.c), in one step: the
// bytes are multiplied and added up exactly, then a result is rounded once. What a product computes
// between its scales in floats is within their rounding of that, so a byte is off by one at most,
// where it stands halfway between two.
#include "exec/cpu/ops/byte_gemm.h"
#include "exec/cpu/ops/bytes.h"
#include "exec/cpu/ops/integer_conv.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/order.h"
#include "tracer/ops/conv.h"
#include "tracer/ops/matmul.h"

enum { X, W, W_SCALE, BIAS, COLUMNS = 1024, FLIP = 128 };

typedef struct quantized {
  const gcut_fused *group;
  const gcut_node *product;
  gcut_tensor x; // bytes
  int32_t x_zero;
} quantized;

// The one node of the group with attributes and two factors.
static const gcut_node *find_product(const gcut__cpu_call *c, const gcut_fused *group) {
  for (uint32_t i = 0; i < group->n_nodes; i++) {
    const gcut_node *node = &c->graph->nodes[group->nodes[i]];
    gcut__cpu_kernel kernel = gcut__cpu_find(node);
    if (kernel == gcut__cpu_conv || kernel == gcut__cpu_matmul || kernel == gcut__cpu_gemm)
      return node;
  }
  return NULL;
}

static gcut_status fail_sizes(const gcut__cpu_call *c, gcut_error *err) {
  return gcut__cpu_fail(c, GCUT_FORMAT, err, "%llu and %llu elements give no product of %llu",
                        (unsigned long long)c->inputs[X]->count,
                        (unsigned long long)c->inputs[W]->count,
                        (unsigned long long)c->outputs[0]->count);
}

// The bytes of x, as they are or, from floats, as uint8.
static gcut_status read_x(gcut__cpu_call *c, quantized *q, gcut_error *err) {
  const gcut_fused_bytes *x = &q->group->x;
  q->x = *c->inputs[X];
  q->x_zero = x->zero;
  if (q->x.type != GCUT_FLOAT) return GCUT_OK;
  const float *from = q->x.data;
  float row[COLUMNS];
  q->x.type = GCUT_UINT8;
  q->x.bytes = q->x.count;
  q->x.data = gcut_arena_alloc(c->scratch, q->x.count, 1);
  if (x->type == GCUT_INT8) q->x_zero += FLIP;
  for (uint64_t i = 0; q->x.data && i < q->x.count; i += COLUMNS) {
    size_t n = (size_t)(q->x.count - i < COLUMNS ? q->x.count - i : COLUMNS);
    gcut__scale_floats(n, from + i, 0, 1 / x->scale, row);
    gcut__narrow_bytes(n, row, (float)q->x_zero, 0, 255, (uint8_t *)q->x.data + i);
  }
  return q->x.data ? GCUT_OK : GCUT_NO_MEMORY(err);
}

static gcut_status read_rounding(gcut__cpu_call *c, const quantized *q, int64_t channels,
                                 gcut__rounding *r, gcut_error *err) {
  const gcut_fused *g = q->group;
  const gcut_tensor *w_scale = c->inputs[W_SCALE];
  const float *bias = gcut__cpu_has(c, BIAS) ? c->inputs[BIAS]->data : NULL;
  if ((w_scale->count != 1 && w_scale->count != (uint64_t)channels) ||
      (bias && c->inputs[BIAS]->count != (uint64_t)channels))
    return fail_sizes(c, err);
  GCUT_TRY(gcut__rounding_create(c->scratch, g->y.type, (float)g->y.zero, channels, r, err));
  for (int64_t i = 0; i < channels; i++) {
    float scale = ((const float *)w_scale->data)[w_scale->count == 1 ? 0 : i];
    r->scale[i] = g->x.scale * scale / g->y.scale;
    r->shift[i] = bias ? bias[i] / g->y.scale : 0;
  }
  r->low = (float)g->low;
  r->high = (float)g->high;
  return GCUT_OK;
}

// ---- Conv -------------------------------------------------------------------------------------

static gcut_status convolve(gcut__cpu_call *c, quantized *q, gcut_error *err) {
  const gcut_tensor zero = {.kind = GCUT_KIND_TENSOR,
                            .type = q->x.type,
                            .count = 1,
                            .bytes = 1,
                            .data = &(uint8_t){(uint8_t)q->x_zero}};
  const gcut_tensor *x = c->inputs[X], *w = c->inputs[W], *y = c->outputs[0];
  const gcut_tensor *inputs[] = {q->x.data == x->data ? x : &q->x, w, &zero};
  const gcut__conv_attrs *attrs = q->product->attrs;
  gcut__rounding r;
  if (x->rank != y->rank || w->rank != y->rank || x->dims[0] != y->dims[0] ||
      x->dims[1] != w->dims[1] * attrs->group || y->dims[1] != w->dims[0])
    return fail_sizes(c, err);
  GCUT_TRY(read_rounding(c, q, y->dims[1], &r, err));
  gcut__cpu_call inner = *c;
  inner.node = q->product;
  inner.attrs = attrs;
  inner.inputs = inputs;
  inner.n_inputs = 3;
  return gcut__convolve_rounded(&inner, (gcut__byte_conv){0, 1, 2, 3}, &r, err);
}

// ---- MatMul, Gemm -----------------------------------------------------------------------------

typedef struct product {
  gcut__byte_gemm g;
  gcut__rounding r;
  double *sum; // [m, COLUMNS] where sums do not fit int32, else NULL
  float *row;  // [COLUMNS]
} product;

// Columns [j, j + g->n), where sums fit.
static gcut_status round_raw(const product *p, const gcut__byte_gemm *g, int64_t j, uint8_t *y,
                             gcut_error *err) {
  const gcut__rounding *r = &p->r;
  GCUT_TRY(gcut__byte_gemm_raw(g, err));
  for (int64_t i = 0; i < g->m; i++)
    gcut__round_sums((size_t)g->n, g->raw + i * g->n, g->rows[i], g->columns, r->scale + j,
                     r->shift + j, r->zero, r->low, r->high, y + i * p->g.n + j);
  return GCUT_OK;
}

static gcut_status round_long(const product *p, const gcut__byte_gemm *g, int64_t j, uint8_t *y,
                              gcut_error *err) {
  const gcut__rounding *r = &p->r;
  GCUT_TRY(gcut__byte_gemm_run(g, p->sum, err));
  for (int64_t i = 0; i < g->m; i++) {
    for (int64_t k = 0; k < g->n; k++)
      p->row[k] = (float)p->sum[i * g->n + k] * r->scale[j + k] + r->shift[j + k];
    gcut__narrow_bytes((size_t)g->n, p->row, r->zero, r->low, r->high, y + i * p->g.n + j);
  }
  return GCUT_OK;
}

// Of one pair of matrices, a block of columns at a time.
static gcut_status multiply(const product *p, uint8_t *y, gcut_error *err) {
  gcut__byte_gemm g = p->g;
  for (int64_t j = 0; j < p->g.n; j += COLUMNS) {
    g.n = p->g.n - j < COLUMNS ? p->g.n - j : COLUMNS;
    g.b = (const uint8_t *)p->g.b + (g.transpose_b ? j * g.ldb : j);
    GCUT_TRY((p->sum ? round_long : round_raw)(p, &g, j, y, err));
  }
  return GCUT_OK;
}

// Every matrix of w meets its rows: one of a Gemm, and of a MatMul with one matrix.
static gcut__byte_gemm sizes_of(const gcut__cpu_call *c, const quantized *q) {
  const gcut__gemm_attrs *attrs =
      gcut__cpu_find(q->product) == gcut__cpu_gemm ? q->product->attrs : NULL;
  const gcut_tensor *w = c->inputs[W], *y = c->outputs[0];
  bool ta = attrs && attrs->transA, tb = attrs && attrs->transB;
  int64_t n = y->dims[y->rank - 1], k = w->dims[w->rank - (tb ? 1 : 2)];
  int64_t m = w->rank > 2 ? y->dims[y->rank - 2] : (int64_t)y->count / n;
  return (gcut__byte_gemm){.m = m,
                           .n = n,
                           .k = k,
                           .lda = ta ? m : k,
                           .ldb = tb ? k : n,
                           .transpose_a = ta,
                           .transpose_b = tb,
                           .a_type = q->x.type,
                           .b_type = w->type,
                           .a = q->x.data,
                           .b = w->data};
}

// Room for a block of columns.
static gcut_status make_room(gcut__cpu_call *c, product *p, gcut_error *err) {
  int64_t n = p->g.n;
  size_t columns = (size_t)(n < COLUMNS ? n : COLUMNS);
  bool can, fits = gcut__byte_gemm_fits(p->g.k);
  p->g.n = (int64_t)columns;
  GCUT_TRY(gcut__byte_gemm_begin(c, &p->g, &can, err));
  p->g.n = n;
  p->row = GCUT_NEW_ARRAY(c->scratch, float, columns);
  if (!fits) p->sum = gcut_arena_alloc(c->scratch, (size_t)p->g.m, columns * sizeof *p->sum);
  return p->row && (fits || p->sum) ? GCUT_OK : GCUT_NO_MEMORY(err);
}

static gcut_status multiply_all(gcut__cpu_call *c, quantized *q, gcut_error *err) {
  gcut_tensor *y = c->outputs[0];
  if (y->count == 0) return GCUT_OK;
  product p = {.g = sizes_of(c, q)};
  uint64_t out = (uint64_t)(p.g.m * p.g.n), a = (uint64_t)(p.g.m * p.g.k),
           b = (uint64_t)(p.g.k * p.g.n), matrices = y->count / out;
  float a_zero = (float)q->x_zero, b_zero = (float)q->group->w.zero;
  if (y->count != matrices * out || q->x.count != matrices * a ||
      c->inputs[W]->count != matrices * b)
    return fail_sizes(c, err);
  p.g.a_zero = &a_zero, p.g.b_zero = &b_zero;
  GCUT_TRY(read_rounding(c, q, p.g.n, &p.r, err));
  GCUT_TRY(make_room(c, &p, err));
  for (uint64_t i = 0; i < matrices; i++) {
    GCUT_TRY(multiply(&p, (uint8_t *)y->data + i * out, err));
    p.g.a = (const uint8_t *)p.g.a + a;
    p.g.b = (const uint8_t *)p.g.b + b;
  }
  return GCUT_OK;
}

gcut_status gcut__cpu_group_quantized(gcut__cpu_call *c, gcut_error *err) {
  quantized q = {.group = c->attrs, .product = find_product(c, c->attrs)};
  bool convolves = gcut__cpu_find(q.product) == gcut__cpu_conv;
  if (!convolves) GCUT_TRY(gcut__cpu_straighten_input(c, err));
  GCUT_TRY(read_x(c, &q, err));
  return convolves ? convolve(c, &q, err) : multiply_all(c, &q, err);
}
