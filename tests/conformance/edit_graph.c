#include "tests/conformance/edit_graph.h"

#include <math.h>
#include <string.h>

#include "tracer/base/intern.h"

uint64_t next_random(uint64_t *state) {
  *state += UINT64_C(0x9e3779b97f4a7c15);
  return gcut_hash(state, sizeof *state);
}

static uint64_t below(uint64_t *random, uint64_t n) {
  return n > 0 ? next_random(random) % n : 0;
}

static int64_t telling_int(uint64_t *random) {
  static const int64_t ints[] = {0, 1,  -1, 2,         3,         -2,
                                 7, 31, 33, INT64_MAX, INT64_MIN, INT64_C(1) << 40};
  return ints[below(random, sizeof ints / sizeof *ints)];
}

static float telling_float(uint64_t *random) {
  static const float floats[] = {0, -1, 0.5f, 1e30f, 1e-30f, NAN, INFINITY, -INFINITY};
  return floats[below(random, sizeof floats / sizeof *floats)];
}

// Integers of a list change, or fewer of them are left.
static void edit_ints(int64_t *ints, size_t *n, uint64_t *random) {
  if (*n > 0 && below(random, 3) > 0)
    ints[below(random, *n)] = telling_int(random);
  else
    *n = below(random, *n + 1);
}

static void edit_attribute(gcut_attribute *a, uint64_t *random) {
  switch (a->kind) {
  case GCUT_ATTRIBUTE_INT: a->i = telling_int(random); break;
  case GCUT_ATTRIBUTE_FLOAT: a->f = telling_float(random); break;
  case GCUT_ATTRIBUTE_STRING: a->s.size = below(random, a->s.size + 1); break;
  case GCUT_ATTRIBUTE_INTS: edit_ints((int64_t *)a->ints, &a->n, random); break;
  case GCUT_ATTRIBUTE_FLOATS:
  case GCUT_ATTRIBUTE_STRINGS: a->n = below(random, a->n + 1); break;
  default: break;
  }
}

// An operand becomes absent, or another value of any kind and shape.
static void edit_operand(gcut_graph *g, uint64_t *random) {
  uint32_t *operand = &g->operands[below(random, g->n_operands)];
  *operand = below(random, 3) == 0 ? GCUT_NONE : (uint32_t)below(random, g->n_values);
}

static void edit_arity(gcut_node *node, uint64_t *random) {
  uint32_t *n = below(random, 4) > 0 ? &node->n_inputs : &node->n_outputs;
  *n = (uint32_t)below(random, *n + 1);
}

static void edit_type(gcut_type *type, uint64_t *random) {
  if (type->rank > 0 && below(random, 2) == 0)
    ((gcut_dim *)type->dims)[below(random, (uint64_t)type->rank)] = (int64_t)below(random, 9);
  else if (below(random, 2) == 0)
    type->rank = type->rank > 0 ? (int16_t)below(random, (uint64_t)type->rank) : -1;
  else
    type->type = (uint8_t)below(random, GCUT_N_DTYPES);
}

// One element of the integers at `data`. A lone one may be a trip count: it stays small.
static void edit_elements(gcut_dtype type, void *data, uint64_t bytes, uint64_t *random) {
  uint64_t size = type == GCUT_INT64 ? 8 : type == GCUT_INT32 ? 4 : 0;
  int64_t value = telling_int(random);
  if (bytes == size && value > 33) value = -value;
  if (size > 0 && bytes >= size)
    memcpy((char *)data + below(random, bytes / size) * size, &value, size);
}

static void edit_constant(gcut_constant *k, uint64_t *random) {
  if (k->rank > 0 && below(random, 4) == 0)
    k->rank = (int32_t)below(random, (uint64_t)k->rank); // no longer fits its elements
  else if (k->data)
    edit_elements(k->type, (void *)k->data, k->bytes, random);
}

void edit_graph(gcut_graph *g, uint64_t *random) {
  if (g->n_nodes == 0 || g->n_operands == 0) return;
  switch (below(random, 8)) {
  case 0: edit_operand(g, random); break;
  case 1: edit_arity(&g->nodes[below(random, g->n_nodes)], random); break;
  case 2: edit_type(&g->values[below(random, g->n_values)].declared, random); break;
  case 3:
  case 4:
    if (g->n_constants > 0) edit_constant(&g->constants[below(random, g->n_constants)], random);
    break;
  default:
    if (g->n_attributes > 0) edit_attribute(&g->attributes[below(random, g->n_attributes)], random);
  }
}

void edit_tensor(gcut_tensor *t, uint64_t *random) {
  if (t->kind == GCUT_KIND_TENSOR) edit_elements(t->type, t->data, t->bytes, random);
}
