// Functions of one byte, as quantisers spell them out:
//
//     QuantizeLinear(f(g(.. DequantizeLinear(x)))) of operators that go element by element
//
// with nothing but numbers known before beside x. There are 256 bytes, so a table has all results,
// bit by bit those of the nodes.
#include "tracer/fuse/fuse.h"
#include "tracer/ops/list.h"

// The list begins with the families that go element by element.
#define ONE(domain, name, ident, ...) +1
enum {
  N_ELEMENTWISE = GCUT__OP_LIST_UNARY(ONE, ONE) GCUT__OP_LIST_BINARY(ONE, ONE)
      GCUT__OP_LIST_VARIADIC(ONE, ONE) GCUT__OP_LIST_WHERE(ONE, ONE),
  MOST_STEPS = 8,
  MOST_OPERANDS = 4,
};
#undef ONE

static bool is_floats(const gcut__fuser *f, uint32_t value) {
  const gcut_type *t = gcut__fuse_type(f, value);
  return t && t->type == GCUT_FLOAT;
}

// Nothing, or one element that is known.
static bool is_number(const gcut__fuser *f, uint32_t value) {
  const gcut_constant *k = value == GCUT_NONE ? NULL : f->trace->facts[value].constant;
  return value == GCUT_NONE || (k && k->data && gcut_dtype_bits(k->type) >= 8 &&
                                k->bytes == gcut_dtype_bits(k->type) / 8);
}

// Of a node beside whose operand there are numbers alone, that operand; or GCUT_NONE.
static uint32_t operand_of(const gcut__fuser *f, const gcut_node *node) {
  uint32_t found = GCUT_NONE;
  for (uint32_t i = 0; i < node->n_inputs && node->n_inputs <= MOST_OPERANDS; i++) {
    uint32_t value = gcut__fuse_input(f, node, i);
    if (is_number(f, value)) continue;
    if (found != GCUT_NONE) return GCUT_NONE;
    found = value;
  }
  return found;
}

// The operand of the step that makes the value, which is taken; or GCUT_NONE.
static uint32_t before_step(gcut__fuser *f, uint32_t value) {
  uint32_t id = f->graph->values[value].producer;
  const gcut_node *node = id == GCUT_NONE ? NULL : &f->graph->nodes[id];
  if (!node || !node->op || node->op_row >= N_ELEMENTWISE) return GCUT_NONE;
  node = gcut__fuse_take(f, value, node->op_type, 1);
  uint32_t from = node ? operand_of(f, node) : GCUT_NONE;
  return from != GCUT_NONE && is_floats(f, from) ? from : GCUT_NONE;
}

bool gcut__fuse_lookup(gcut__fuser *f, const gcut_node *node) {
  const gcut_type *y = gcut__fuse_type(f, gcut__fuse_output(f, node));
  uint32_t value = operand_of(f, node);
  if (!y || (y->type != GCUT_UINT8 && y->type != GCUT_INT8) || value == GCUT_NONE ||
      value != gcut__fuse_input(f, node, 0) || !is_floats(f, value))
    return false;
  for (int i = 0; value != GCUT_NONE && i < MOST_STEPS; i++) {
    uint32_t x = gcut__fuse_bytes(f, value);
    if (x != GCUT_NONE) return gcut__fuse_as(f, &x, 1);
    value = before_step(f, value);
  }
  return false;
}
