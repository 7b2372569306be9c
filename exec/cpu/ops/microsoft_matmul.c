// FusedMatMul, FusedGemm, MatMulNBits, MatMulBnb4, GatherBlockQuantized of com.microsoft.
#include "tracer/ops/microsoft_matmul.h"

#include <math.h>

#include "exec/cpu/ops/fused.h"
#include "exec/cpu/ops/gemm.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/packed.h"
#include "exec/cpu/ops/quantize.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/ops/widen.h"

// ---- FusedMatMul ------------------------------------------------------------------------------

// Strides of an operand's batch dims through the walk's, and how its matrices lie.
static gcut__matrix_axes set_operand(const gcut_tensor *t, bool transpose, bool transpose_batch,
                                     uint32_t i, gcut__walk *walk, int64_t *strides) {
  gcut__matrix_axes m;
  int64_t through[GCUT_MAX_RANK] = {0};
  gcut__fused_axes(t->rank, transpose, transpose_batch, i == 1, &m);
  gcut__packed_strides(t->rank, t->dims, strides);
  for (int b = 0; b < m.n_batch; b++) {
    int at = walk->rank - m.n_batch + b;
    through[at] = t->dims[m.batch[b]] == 1 ? 0 : strides[m.batch[b]];
  }
  gcut__walk_strides(walk, i, through);
  return m;
}

static int64_t axis_size(const gcut_tensor *t, int axis) {
  return axis < 0 ? 1 : t->dims[axis];
}

// The matrices of both operands; of each one axis has stride 1.
static gcut__gemm plan_product(const gcut_tensor *a, const gcut_tensor *b,
                               const gcut__matrix_axes *m,
                               const int64_t strides[2][GCUT_MAX_RANK]) {
  gcut__gemm g = {.m = axis_size(a, m[0].rows),
                  .n = axis_size(b, m[1].columns),
                  .k = axis_size(a, m[0].columns)};
  g.transpose_a = m[0].rows == a->rank - 1 && a->rank > 1;
  g.transpose_b = m[1].rows == b->rank - 1 && b->rank > 1;
  int far_a = g.transpose_a ? m[0].columns : m[0].rows;
  int far_b = g.transpose_b ? m[1].columns : m[1].rows;
  g.lda = a->rank > 1 ? strides[0][far_a] : g.k;
  g.ldb = b->rank > 1 ? strides[1][far_b] : 1;
  g.ldc = g.n;
  return g;
}

gcut_status gcut__cpu_fused_matmul(gcut__cpu_call *c, gcut_error *err) {
  const gcut__fused_matmul_attrs *attrs = c->attrs;
  const gcut_tensor *a = c->inputs[0], *b = c->inputs[1];
  gcut_tensor *out = c->outputs[0];
  int64_t strides[2][GCUT_MAX_RANK], size = gcut_dtype_bits(out->type) / 8;
  gcut__matrix_axes m[2];
  gcut__walk *walk;
  if (out->count == 0) return GCUT_OK;
  GCUT_TRY(gcut__walk_create(c->scratch, out->rank - (a->rank > 1) - (b->rank > 1), out->dims, 2,
                             &walk, err));
  m[0] = set_operand(a, attrs->transA, attrs->transBatchA, 0, walk, strides[0]);
  m[1] = set_operand(b, attrs->transB, attrs->transBatchB, 1, walk, strides[1]);
  gcut__gemm g = plan_product(a, b, m, strides);
  g.alpha = attrs->alpha;
  char *to = out->data;
  for (bool more = gcut__walk_start(walk); more; more = gcut__walk_next(walk))
    for (int64_t i = 0; i < walk->inner; i++, to += g.m * g.n * size)
      GCUT_TRY(gcut__gemm_run(
          c, out->type, &g, (const char *)a->data + (walk->offsets[0] + i * walk->steps[0]) * size,
          (const char *)b->data + (walk->offsets[1] + i * walk->steps[1]) * size, to, err));
  return GCUT_OK;
}

// ---- FusedGemm --------------------------------------------------------------------------------

gcut_status gcut__cpu_fused_gemm(gcut__cpu_call *c, gcut_error *err) {
  const gcut__fused_gemm_attrs *attrs = c->attrs;
  gcut__fused_activation f;
  if (!gcut__fused_find(attrs->activation, &f))
    return gcut__cpu_fail(c, GCUT_UNSUPPORTED, err, "unknown activation");
  if (!isnan(attrs->activation_alpha)) f.alpha = attrs->activation_alpha;
  if (!isnan(attrs->activation_beta)) f.beta = attrs->activation_beta;
  gcut__cpu_call inner = *c;
  inner.attrs = &attrs->gemm;
  GCUT_TRY(gcut__cpu_gemm(&inner, err));
  gcut__fused_apply(&f, c->outputs[0]);
  return GCUT_OK;
}

// ---- MatMulNBits ------------------------------------------------------------------------------

typedef struct blocks {
  const uint8_t *data;   // [N][n_blocks][bytes]
  const float *scales;   // [N][n_blocks]
  const uint8_t *packed; // zero points [N][ceil(n_blocks * bits / 8)], or NULL
  const float *zeros;    // zero points [N][n_blocks], or NULL
  const int32_t *groups; // [K] block of each value, or NULL: by its place
  int64_t k, n_blocks, block_size, bits;
} blocks;

static float zero_of(const blocks *b, int64_t row, int64_t block) {
  if (b->zeros) return b->zeros[row * b->n_blocks + block];
  if (!b->packed) return (float)(1 << (b->bits - 1));
  int64_t bytes = (b->n_blocks * b->bits + 7) / 8;
  return gcut__packed_value(b->packed + row * bytes, block, b->bits);
}

// One row of B, its columns [0, k), as floats.
static void expand_row(const blocks *b, int64_t row, float *out) {
  int64_t bytes = b->block_size / 8 * b->bits;
  const uint8_t *data = b->data + row * b->n_blocks * bytes;
  for (int64_t block = 0; block < b->n_blocks; block++) {
    int64_t first = block * b->block_size, left = b->k - first;
    gcut__packed_expand(data + block * bytes, b->bits, left < b->block_size ? left : b->block_size,
                        zero_of(b, row, block), b->scales[row * b->n_blocks + block], out + first);
  }
  for (int64_t i = 0; b->groups && i < b->k; i++) {
    int64_t g = b->groups[i];
    out[i] = (gcut__packed_value(data, i, b->bits) - zero_of(b, row, g)) *
             b->scales[row * b->n_blocks + g];
  }
}

static gcut_status read_blocks(gcut__cpu_call *c, blocks *b, gcut_error *err) {
  const gcut__nbits_attrs *attrs = c->attrs;
  *b = (blocks){.data = c->inputs[1]->data,
                .k = attrs->K,
                .block_size = attrs->block_size,
                .bits = attrs->bits};
  b->n_blocks = (attrs->K + attrs->block_size - 1) / attrs->block_size;
  GCUT_TRY(gcut__input_float(c, 2, &b->scales, err));
  if (gcut__cpu_has(c, 3) && c->inputs[3]->type == GCUT_UINT8)
    b->packed = c->inputs[3]->data;
  else
    GCUT_TRY(gcut__input_float(c, 3, &b->zeros, err));
  if (!gcut__cpu_has(c, 4) || c->inputs[4]->count == 0) return GCUT_OK;
  if (c->inputs[4]->type != GCUT_INT32 || c->inputs[4]->dims[0] < b->k)
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "g_idx is no int32 tensor of %lld elements",
                          (long long)b->k);
  b->groups = c->inputs[4]->data;
  for (int64_t i = 0; i < b->k; i++)
    if (b->groups[i] < 0 || b->groups[i] >= b->n_blocks)
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "g_idx[%lld] is %d; there are %lld blocks",
                            (long long)i, b->groups[i], (long long)b->n_blocks);
  return GCUT_OK;
}

enum { CHUNK_FLOATS = 1 << 18 }; // of B expanded at once: stays in the second-level cache

gcut_status gcut__cpu_matmul_nbits(gcut__cpu_call *c, gcut_error *err) {
  const gcut__nbits_attrs *attrs = c->attrs;
  gcut_tensor *out = c->outputs[0];
  blocks b;
  const float *a, *bias;
  float *y;
  if (out->count == 0) return GCUT_OK;
  GCUT_TRY(read_blocks(c, &b, err));
  GCUT_TRY(gcut__input_float(c, 0, &a, err));
  GCUT_TRY(gcut__input_float(c, 5, &bias, err));
  GCUT_TRY(gcut__output_float(c, 0, &y, err));
  int64_t n = attrs->N, rows = (int64_t)out->count / n, chunk = CHUNK_FLOATS / b.k + 1;
  float *expanded = gcut_arena_alloc(c->scratch, (size_t)chunk, (size_t)b.k * sizeof *expanded);
  if (!expanded) return GCUT_NO_MEMORY(err);
  for (int64_t first = 0; first < n; first += chunk) {
    gcut__gemm g = gcut__gemm_packed(rows, n - first < chunk ? n - first : chunk, b.k, false, true);
    for (int64_t i = 0; i < g.n; i++) expand_row(&b, first + i, expanded + i * b.k);
    g.ldc = n;
    if (bias) g.d = bias + first, g.d_column = 1, g.beta = 1;
    GCUT_TRY(gcut__gemm_run(c, GCUT_FLOAT, &g, a, expanded, y + first, err));
  }
  gcut__finish_float(c, 0, y);
  return GCUT_OK;
}

// ---- MatMulBnb4 -------------------------------------------------------------------------------

// The n values of B from `first` on, the first of two in the higher bits.
static void expand_bnb4(const gcut__bnb4_attrs *attrs, const uint8_t *data, const float *absmax,
                        int64_t first, int64_t n, float *out) {
  const float *values = gcut__bnb4_values(attrs->quant_type);
  for (int64_t i = first; i < first + n; i++)
    *out++ = values[i % 2 ? data[i / 2] & 15 : data[i / 2] >> 4] * absmax[i / attrs->block_size];
}

gcut_status gcut__cpu_matmul_bnb4(gcut__cpu_call *c, gcut_error *err) {
  const gcut__bnb4_attrs *attrs = c->attrs;
  const float *a, *absmax;
  float *y;
  if (c->outputs[0]->count == 0) return GCUT_OK;
  GCUT_TRY(gcut__input_float(c, 0, &a, err));
  GCUT_TRY(gcut__input_float(c, 2, &absmax, err));
  GCUT_TRY(gcut__output_float(c, 0, &y, err));
  int64_t n = attrs->N, k = attrs->K, chunk = CHUNK_FLOATS / k + 1;
  float *expanded = gcut_arena_alloc(c->scratch, (size_t)chunk, (size_t)k * sizeof *expanded);
  if (!expanded) return GCUT_NO_MEMORY(err);
  for (int64_t first = 0; first < n; first += chunk) {
    gcut__gemm g = gcut__gemm_packed((int64_t)c->outputs[0]->count / n,
                                     n - first < chunk ? n - first : chunk, k, false, true);
    expand_bnb4(attrs, c->inputs[1]->data, absmax, first * k, g.n * k, expanded);
    g.ldc = n;
    GCUT_TRY(gcut__gemm_run(c, GCUT_FLOAT, &g, a, expanded, y + first, err));
  }
  gcut__finish_float(c, 0, y);
  return GCUT_OK;
}

// ---- GatherBlockQuantized ---------------------------------------------------------------------

typedef struct table {
  gcut_dtype type;
  const gcut_tensor *data, *zero_points; // zero_points may be NULL
  const float *scales;
  int64_t bits;                // of a value in a byte of uint8
  int64_t axis, size;          // gathered: which, and values along it
  int64_t width;               // values of the last dim
  bool block_last;             // the last dim is the quantised one
  int64_t block_size, blocked; // of the quantised axis: values a block, or 0; which axis
  int64_t dims[GCUT_MAX_RANK], scale_strides[GCUT_MAX_RANK];
  int rank;
} table;

// The values [first, first + width) of data as floats.
static void load_row(const table *t, int64_t first, float *out) {
  if (t->type == GCUT_UINT8) {
    for (int64_t j = 0; j < t->width; j++)
      out[j] = gcut__packed_value(t->data->data, first + j, t->bits);
    return;
  }
  gcut__load_quantized(t->type, t->data->data, first, t->width, out);
}

// The zero point at index[] (of blocks along the quantised axis).
static float zero_at(const table *t, const int64_t *index) {
  if (!t->zero_points) return t->type == GCUT_UINT8 ? (float)(1 << (t->bits - 1)) : 0;
  const int64_t *dims = t->zero_points->dims;
  int64_t row = 0;
  float zero;
  for (int d = 0; d < t->rank - 1; d++) row = row * dims[d] + index[d];
  if (t->type == GCUT_UINT8)
    return gcut__packed_value((const uint8_t *)t->zero_points->data + row * dims[t->rank - 1],
                              index[t->rank - 1], t->bits);
  gcut__load_quantized(t->type, t->zero_points->data, row * dims[t->rank - 1] + index[t->rank - 1],
                       1, &zero);
  return zero;
}

// Row index[0 .. rank-1) of the values, dequantised.
static void expand_values(const table *t, const int64_t *index, float *out) {
  int64_t row = 0, at[GCUT_MAX_RANK], scale = 0;
  for (int d = 0; d < t->rank - 1; d++) {
    row = row * t->dims[d] + index[d];
    at[d] = d == t->blocked && t->block_size ? index[d] / t->block_size : index[d];
    if (d == t->blocked && !t->block_size) at[d] = 0;
    scale += at[d] * t->scale_strides[d];
  }
  load_row(t, row * t->width, out);
  for (int64_t j = 0; j < t->width; j++) {
    at[t->rank - 1] = !t->block_last ? j : t->block_size ? j / t->block_size : 0;
    out[j] = (out[j] - zero_at(t, at)) *
             t->scales[scale + at[t->rank - 1] * t->scale_strides[t->rank - 1]];
  }
}

static gcut_status read_table(gcut__cpu_call *c, table *t, gcut_error *err) {
  const gcut__gather_blocks_attrs *attrs = c->attrs;
  const gcut_tensor *data = c->inputs[0], *scales = c->inputs[2];
  *t = (table){.type = data->type,
               .data = data,
               .bits = attrs->bits,
               .rank = data->rank,
               .block_size = attrs->block_size};
  t->zero_points = gcut__cpu_has(c, 3) ? c->inputs[3] : NULL;
  t->axis = attrs->gather_axis < 0 ? attrs->gather_axis + t->rank : attrs->gather_axis;
  t->blocked = attrs->quantize_axis < 0 ? attrs->quantize_axis + t->rank : attrs->quantize_axis;
  t->block_last = t->blocked == t->rank - 1;
  for (int d = 0; d < t->rank; d++) t->dims[d] = data->dims[d];
  if (t->type == GCUT_UINT8) t->dims[t->rank - 1] *= 8 / t->bits;
  t->width = t->dims[t->rank - 1], t->size = t->dims[t->axis];
  gcut__broadcast_strides(t->rank, scales->dims, t->rank, t->scale_strides);
  return gcut__input_float(c, 2, &t->scales, err);
}

static int64_t index_at(const gcut_tensor *t, int64_t i) {
  return t->type == GCUT_INT32 ? ((const int32_t *)t->data)[i] : ((const int64_t *)t->data)[i];
}

// Gathers along an axis before the last: whole rows. An index out of range gives zeros.
static void gather_rows(const table *t, const gcut_tensor *indices, int64_t outer, int64_t inner,
                        float *y) {
  int64_t index[GCUT_MAX_RANK];
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < (int64_t)indices->count; i++)
      for (int64_t r = 0; r < inner; r++, y += t->width) {
        int64_t at = index_at(indices, i), rest = o;
        if (at < 0) at += t->size;
        for (int64_t d = t->axis - 1; d >= 0; d--) index[d] = rest % t->dims[d], rest /= t->dims[d];
        rest = r;
        for (int64_t d = t->rank - 2; d > t->axis; d--)
          index[d] = rest % t->dims[d], rest /= t->dims[d];
        index[t->axis] = at;
        if (at >= 0 && at < t->size)
          expand_values(t, index, y);
        else
          for (int64_t j = 0; j < t->width; j++) y[j] = 0;
      }
}

// Gathers along the last axis: elements of each row.
static void gather_columns(const table *t, const gcut_tensor *indices, int64_t outer, float *row,
                           float *y) {
  int64_t index[GCUT_MAX_RANK];
  for (int64_t o = 0; o < outer; o++) {
    int64_t rest = o;
    for (int64_t d = t->rank - 2; d >= 0; d--) index[d] = rest % t->dims[d], rest /= t->dims[d];
    expand_values(t, index, row);
    for (int64_t i = 0; i < (int64_t)indices->count; i++, y++) {
      int64_t at = index_at(indices, i);
      if (at < 0) at += t->width;
      *y = at >= 0 && at < t->width ? row[at] : 0;
    }
  }
}

gcut_status gcut__cpu_gather_block_quantized(gcut__cpu_call *c, gcut_error *err) {
  table t;
  float *y;
  if (c->outputs[0]->count == 0) return GCUT_OK;
  GCUT_TRY(read_table(c, &t, err));
  GCUT_TRY(gcut__output_float(c, 0, &y, err));
  float *row = GCUT_NEW_ARRAY(c->scratch, float, (size_t)t.width);
  if (!row) return GCUT_NO_MEMORY(err);
  int64_t outer = gcut__product(t.dims, 0, (int)t.axis);
  int64_t inner = gcut__product(t.dims, (int)t.axis + 1, (int)t.rank - 1);
  if (t.axis == t.rank - 1)
    gather_columns(&t, c->inputs[1], outer, row, y);
  else
    gather_rows(&t, c->inputs[1], outer, inner, y);
  gcut__finish_float(c, 0, y);
  return GCUT_OK;
}
