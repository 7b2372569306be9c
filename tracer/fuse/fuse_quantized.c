// Products of bytes, as quantisers spell them out around those of floats:
//
//     QuantizeLinear([Relu | Clip] p) of p = Conv, MatMul or Gemm(DequantizeLinear x,
//     DequantizeLinear w[, bias])
//
// Bytes multiply faster, and exactly. Where others read the numbers of x, too, their
// DequantizeLinear stays outside, and the group reads floats: from those the bytes are had again,
// for a difference of two bytes times a scale, over the scale, rounds to the difference. A small
// w's numbers may be known since it was folded; its bytes are read all the same.
#include <math.h>

#include "tracer/fuse/fuse.h"
#include "tracer/ops/matmul.h"
#include "tracer/ops/quantize.h"
#include "tracer/ops/unary.h"

// ---- scales -------------------------------------------------------------------------------------

static bool is_byte(gcut_dtype type) {
  return type == GCUT_UINT8 || type == GCUT_INT8;
}

static bool has_type(const gcut__fuser *f, uint32_t value, gcut_dtype type) {
  const gcut_type *t = gcut__fuse_type(f, value);
  return t && t->type == type;
}

// The zero point, where all are one: none is 0.
static bool read_zero(const gcut__fuser *f, const gcut_node *node, int32_t *out) {
  uint32_t value = gcut__fuse_input(f, node, 2);
  *out = 0;
  if (value == GCUT_NONE) return true;
  const gcut_constant *k = f->trace->facts[value].constant;
  if (!k || !k->data || !is_byte(k->type) || k->bytes == 0) return false;
  const uint8_t *data = k->data;
  for (uint64_t i = 1; i < k->bytes; i++)
    if (data[i] != data[0]) return false;
  *out = k->type == GCUT_INT8 ? (int8_t)data[0] : data[0];
  return true;
}

// What QuantizeLinear makes, or DequantizeLinear reads, where one scale is for all: `bytes`, of
// `floats`.
static bool read_bytes(const gcut__fuser *f, const gcut_node *node, uint32_t bytes, uint32_t floats,
                       gcut_fused_bytes *out) {
  const gcut_type *type = gcut__fuse_type(f, bytes);
  uint32_t scale = gcut__fuse_input(f, node, 1);
  if (!type || !is_byte(type->type) || !has_type(f, floats, GCUT_FLOAT) ||
      !has_type(f, scale, GCUT_FLOAT) || !gcut__fuse_number(f, scale, &out->scale))
    return false;
  out->type = type->type;
  return out->scale >= 0x1p-100f && out->scale <= 0x1p100f && read_zero(f, node, &out->zero);
}

// ---- x and w ------------------------------------------------------------------------------------

uint32_t gcut__fuse_bytes(gcut__fuser *f, uint32_t value) {
  const gcut_node *node = gcut__fuse_maker(f, value, "DequantizeLinear");
  uint32_t bytes = gcut__fuse_input(f, node, 0);
  if (!node || !read_bytes(f, node, bytes, value, &f->group.x)) return GCUT_NONE;
  return gcut__fuse_take(f, value, "DequantizeLinear", 1) ? bytes : value;
}

// The DequantizeLinear behind w: folded, or taken.
static const gcut_node *behind_w(gcut__fuser *f, uint32_t value) {
  uint32_t id = value == GCUT_NONE ? GCUT_NONE : f->graph->values[value].producer;
  const gcut_node *node = id == GCUT_NONE ? NULL : &f->graph->nodes[id];
  if (!gcut__fuse_is_op(node, "DequantizeLinear")) return NULL;
  return f->trace->folded[id] ? node : gcut__fuse_take(f, value, "DequantizeLinear", 1);
}

// w, whose channels lie along `axis`: a scale for each, or one for all; one zero point.
static bool read_w(gcut__fuser *f, uint32_t value, int axis, uint32_t *reads) {
  const gcut_node *node = behind_w(f, value);
  uint32_t bytes = gcut__fuse_input(f, node, 0), scale = gcut__fuse_input(f, node, 1);
  const gcut_type *w = gcut__fuse_type(f, bytes), *s = gcut__fuse_type(f, scale);
  if (!w || !is_byte(w->type) || !has_type(f, value, GCUT_FLOAT) || !s || s->type != GCUT_FLOAT ||
      s->rank > 1 || !f->trace->facts[scale].constant || !read_zero(f, node, &f->group.w.zero))
    return false;
  const gcut__quantize_attrs *attrs = node->attrs;
  bool single = s->rank == 0 || s->dims[0] == 1;
  if (!single && (attrs->block_size != 0 || gcut__quantize_axis(attrs, w->rank) != axis ||
                  s->dims[0] != w->dims[axis]))
    return false;
  f->group.w.type = w->type;
  reads[0] = bytes;
  reads[1] = scale;
  return true;
}

// ---- products -----------------------------------------------------------------------------------

static bool is_vector(const gcut_type *t, gcut_dim size) {
  return t && t->type == GCUT_FLOAT && t->rank == 1 && t->dims[0] == size;
}

// Each tells the axis of w along which channels lie, or -1: not that product.

static int conv_channels(const gcut__fuser *f, const gcut_node *node) {
  const gcut_type *w = gcut__fuse_type(f, gcut__fuse_input(f, node, 1));
  return w && w->rank >= 3 ? 0 : -1;
}

static int gemm_channels(const gcut__fuser *f, const gcut_node *node) {
  const gcut__gemm_attrs *attrs = node->attrs;
  const gcut_type *y = gcut__fuse_type(f, gcut__fuse_output(f, node));
  uint32_t c = gcut__fuse_input(f, node, 2);
  bool adds = c == GCUT_NONE ||
              (attrs->beta == 1 && y && is_vector(gcut__fuse_type(f, c), y->dims[y->rank - 1]));
  return attrs->alpha == 1 && adds ? !attrs->transB : -1;
}

// Rows by one matrix, or matrices one by one.
static int matmul_channels(const gcut__fuser *f, const gcut_node *node) {
  const gcut_type *a = gcut__fuse_type(f, gcut__fuse_input(f, node, 0)),
                  *b = gcut__fuse_type(f, gcut__fuse_input(f, node, 1));
  if (!a || !b || a->rank < 2 || b->rank < 2 || (b->rank > 2 && a->rank != b->rank)) return -1;
  for (int d = 0; d < b->rank - 2; d++)
    if (a->dims[d] != b->dims[d]) return -1;
  return b->rank - 1;
}

static const struct {
  const char *op;
  int (*channels)(const gcut__fuser *f, const gcut_node *node);
  bool centred; // w is int8 without a zero point
} products[] = {{"Conv", conv_channels, true},
                {"MatMul", matmul_channels, false},
                {"Gemm", gemm_channels, false}};

static bool find_product(gcut__fuser *f, uint32_t value) {
  uint32_t reads[4], n = 3;
  for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
    const gcut_node *node = gcut__fuse_take(f, value, products[i].op, 1);
    if (!node) continue;
    int axis = products[i].channels(f, node);
    if (axis < 0) return false;
    reads[0] = gcut__fuse_bytes(f, gcut__fuse_input(f, node, 0));
    if (reads[0] == GCUT_NONE || !read_w(f, gcut__fuse_input(f, node, 1), axis, reads + 1))
      return false;
    reads[3] = gcut__fuse_input(f, node, 2);
    n += reads[3] != GCUT_NONE;
    bool centred = f->group.w.type == GCUT_INT8 && f->group.w.zero == 0;
    return (centred || !products[i].centred) && gcut__fuse_as(f, reads, n);
  }
  return false;
}

// ---- bounds -------------------------------------------------------------------------------------

static int32_t quantized(const gcut_fused *g, float number) {
  double value = rint((double)(number / g->y.scale)) + g->y.zero;
  return (int32_t)(value < g->low ? g->low : value > g->high ? g->high : value);
}

// Bound `i` of Clip, before opset 11 an attribute; where there is none NaN.
static bool read_bound(const gcut__fuser *f, const gcut_node *clip, uint32_t i, float *out) {
  const gcut__clip_attrs *attrs = clip->attrs;
  uint32_t value = gcut__fuse_input(f, clip, i);
  *out = i == 1 ? attrs->min : attrs->max;
  return value == GCUT_NONE || (gcut__fuse_number(f, value, out) && !isnan(*out));
}

// What Relu and Clip do to the result is done to its bytes.
static bool find_bounds(gcut__fuser *f, uint32_t *value) {
  gcut_fused *g = &f->group;
  float low, high;
  g->low = g->y.type == GCUT_INT8 ? -128 : 0;
  g->high = g->low + 255;
  const gcut_node *node = gcut__fuse_take(f, *value, "Relu", 1);
  if (node) {
    g->low = quantized(g, 0);
  } else if ((node = gcut__fuse_take(f, *value, "Clip", 1))) {
    if (!read_bound(f, node, 1, &low) || !read_bound(f, node, 2, &high)) return false;
    int32_t least = isnan(low) ? g->low : quantized(g, low);
    g->high = isnan(high) ? g->high : quantized(g, high);
    g->low = least < g->high ? least : g->high;
  }
  if (node) *value = gcut__fuse_input(f, node, 0);
  return true;
}

bool gcut__fuse_quantized(gcut__fuser *f, const gcut_node *node) {
  uint32_t value = gcut__fuse_input(f, node, 0);
  const gcut__quantize_attrs *attrs = node->attrs;
  bool floats = attrs->precision == 0 || attrs->precision == GCUT_FLOAT;
  return floats && read_bytes(f, node, gcut__fuse_output(f, node), value, &f->group.y) &&
         find_bounds(f, &value) && find_product(f, value);
}
