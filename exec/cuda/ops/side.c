// From a value back to its product. Gemm adds its C before anything is rounded, an Add what has
// been rounded: the kernel does the one or the other.
#include "exec/cuda/ops/side.h"

#include <string.h>

#include "exec/cuda/ops/compile.h"
#include "tracer/fuse/fuse.h"

static uint32_t number_of(const gcut__cuda_matcher *m, const gcut_node *node) {
  return (uint32_t)(node - m->graph->nodes);
}

bool gcut__cuda_is_product(const gcut_node *node) {
  if (!node->op) return false;
  if (*node->domain)
    return !strcmp(node->domain, "com.microsoft") && !strcmp(node->op_type, "MatMulNBits");
  return !strcmp(node->op_type, "MatMul") || !strcmp(node->op_type, "Gemm");
}

static bool read_matmul(const gcut__cuda_matcher *m, gcut__cuda_side *out) {
  const gcut_type *a = gcut__match_type(m, out->a), *b = gcut__match_type(m, out->b),
                  *y = gcut__match_type(m, out->result);
  return a && b && y && gcut__cuda_matmul_product(a, b, y, &out->product);
}

static bool read_gemm(const gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_side *out) {
  out->vector = gcut__match_input(m, node, 2);
  const gcut_type *a = gcut__match_type(m, out->a), *b = gcut__match_type(m, out->b),
                  *y = gcut__match_type(m, out->result), *c = gcut__match_type(m, out->vector);
  return a && b && y && (c || out->vector == GCUT_NONE) &&
         gcut__cuda_gemm_product(node, a, b, c, y, &out->product);
}

// Of weights of a few bits as their kernel by eights takes them; few rows are another kernel's.
static bool read_nbits(const gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_side *out) {
  const gcut_type *types[GCUT_CUDA_NBITS_INPUTS];
  for (uint32_t i = 0; i < GCUT_CUDA_NBITS_INPUTS; i++) {
    uint32_t value = gcut__match_input(m, node, i);
    types[i] = gcut__match_type(m, value);
    if (!types[i] && value != GCUT_NONE) return false;
  }
  out->packed = true;
  out->scales = gcut__match_input(m, node, 2);
  out->zeros = gcut__match_input(m, node, 3);
  out->vector = gcut__match_input(m, node, 5);
  if (!gcut__cuda_nbits_read(node, types, number_of(m, node), &out->nbits) ||
      !out->nbits.by_eights || out->nbits.job.m <= GCUT_CUDA_NBITS_ROWS)
    return false;
  out->product = gcut__cuda_nbits_product(&out->nbits, out->vector != GCUT_NONE);
  return true;
}

bool gcut__cuda_side_of_node(const gcut__cuda_matcher *m, const gcut_node *node,
                             gcut__cuda_side *out) {
  if (!m->cuda || !gcut__cuda_is_product(node)) return false;
  *out = (gcut__cuda_side){.a = gcut__match_input(m, node, 0),
                           .b = gcut__match_input(m, node, 1),
                           .vector = GCUT_NONE,
                           .result = gcut__match_output(m, node),
                           .nodes = {number_of(m, node)},
                           .n_nodes = 1};
  bool read = *node->domain                    ? read_nbits(m, node, out)
              : !strcmp(node->op_type, "Gemm") ? read_gemm(m, node, out)
                                               : read_matmul(m, out);
  return read && gcut__cuda_multiply_is_own(m->cuda, &out->product);
}

bool gcut__cuda_side_of(const gcut__cuda_matcher *m, uint32_t value, gcut__cuda_side *out) {
  const gcut_node *view = gcut__match_producer(m, value, "Reshape");
  uint32_t from = view ? gcut__match_input(m, view, 0) : value;
  const gcut_node *node = gcut__match_maker(m, from);
  if (!node || (view && gcut_map_get(&m->uses, from) != 1) ||
      !gcut__cuda_side_of_node(m, node, out))
    return false;
  if (view) out->nodes[out->n_nodes++] = number_of(m, view);
  out->result = value;
  return true;
}

static bool is_vector(const gcut_type *t, const gcut_type *like) {
  return t && like && t->type == like->type && t->rank > 0 && like->rank >= t->rank &&
         t->dims[t->rank - 1] == like->dims[like->rank - 1] &&
         (int64_t)gcut__cuda_count(t) == t->dims[t->rank - 1];
}

bool gcut__cuda_side_with_vector(const gcut__cuda_matcher *m, uint32_t value,
                                 gcut__cuda_side *out) {
  const gcut_node *add = gcut__match_producer(m, value, "Add");
  const gcut_type *t = gcut__match_type(m, value);
  for (uint32_t side = 0; add && side < 2; side++) {
    uint32_t x = gcut__match_input(m, add, side), vector = gcut__match_input(m, add, 1 - side);
    if (!is_vector(gcut__match_type(m, vector), t) || gcut_map_get(&m->uses, x) != 1 ||
        !gcut__fuse_same_shape(gcut__match_type(m, x), t) || !gcut__cuda_side_of(m, x, out) ||
        out->vector != GCUT_NONE || out->product.n != t->dims[t->rank - 1])
      continue;
    out->vector = vector;
    out->after = true;
    out->nodes[out->n_nodes++] = number_of(m, add);
    out->result = value;
    return true;
  }
  return gcut__cuda_side_of(m, value, out);
}
