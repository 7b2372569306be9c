// Functions of one byte, as quantisers spell them out:
//
//     QuantizeLinear(f(g(.. DequantizeLinear(x)))) of operators that go element by element
//
// with nothing but numbers known before beside x. There are 256 bytes, so a table has all results,
// bit by bit those of the nodes. x may be read several times, and steps be quantised in between, as
// x * sigmoid(x) is: from the last node back, what is read as bytes is a source; while there are
// several, or one that follows from bytes again, the latest is looked behind.
#include "tracer/fuse/fuse.h"
#include "tracer/ops/op.h"

enum { MOST_STEPS = 8, MOST_OPERANDS = 4, MOST_SOURCES = 4, MOST_PENDING = 32 };

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

static const gcut_node *maker_of(const gcut__fuser *f, uint32_t value) {
  uint32_t id = f->graph->values[value].producer;
  return id == GCUT_NONE ? NULL : &f->graph->nodes[id];
}

static bool is_step(const gcut_node *node) {
  return node && gcut_op_is_elementwise(node) && node->n_inputs <= MOST_OPERANDS;
}

// ---- from bytes, by any way ---------------------------------------------------------------------

typedef struct sources {
  uint32_t values[MOST_SOURCES], n;
} sources;

static bool add_source(const gcut__fuser *f, sources *s, uint32_t value) {
  const gcut_type *t = gcut__fuse_type(f, value);
  if (!t || (t->type != GCUT_UINT8 && t->type != GCUT_INT8)) return false;
  for (uint32_t i = 0; i < s->n; i++)
    if (s->values[i] == value) return true;
  if (s->n == MOST_SOURCES) return false;
  s->values[s->n++] = value;
  return true;
}

// The bytes that floats are made of, by nodes that join the group.
static bool find_sources(gcut__fuser *f, uint32_t floats, sources *s) {
  uint32_t pending[MOST_PENDING] = {floats}, n = 1;
  for (int i = 0; n > 0; i++) {
    uint32_t value = pending[--n];
    const gcut_node *node = maker_of(f, value), *joined;
    if (i == MOST_PENDING || !node || !is_floats(f, value)) return false;
    if ((joined = gcut__fuse_join(f, value, "DequantizeLinear"))) {
      uint32_t bytes = operand_of(f, joined);
      if (bytes != gcut__fuse_input(f, joined, 0) || !add_source(f, s, bytes)) return false;
      continue;
    }
    if (!is_step(node) || gcut__fuse_join(f, value, node->op_type) != node ||
        n + node->n_inputs > MOST_PENDING)
      return false;
    for (uint32_t k = 0; k < node->n_inputs; k++)
      if (!is_number(f, gcut__fuse_input(f, node, k))) pending[n++] = gcut__fuse_input(f, node, k);
  }
  return true;
}

// Looks behind the latest source; false where it is none of bytes again.
static bool step_back(gcut__fuser *f, sources *s) {
  uint32_t latest = GCUT_NONE, at = 0;
  for (uint32_t i = 0; i < s->n; i++) {
    const gcut_node *node = maker_of(f, s->values[i]);
    uint32_t place = node ? f->place[node - f->graph->nodes] : GCUT_NONE;
    if (place == GCUT_NONE || (latest != GCUT_NONE && place < latest)) continue;
    latest = place, at = i;
  }
  if (latest == GCUT_NONE) return false;
  const gcut_node *node = gcut__fuse_join(f, s->values[at], "QuantizeLinear");
  uint32_t floats = node ? operand_of(f, node) : GCUT_NONE;
  s->values[at] = s->values[--s->n];
  return floats != GCUT_NONE && floats == gcut__fuse_input(f, node, 0) &&
         find_sources(f, floats, s);
}

static bool find_byte(gcut__fuser *f, const gcut_node *last, uint32_t value) {
  sources s = {.n = 0};
  uint32_t source = GCUT_NONE, n_nodes = 0;
  for (bool more = find_sources(f, value, &s); more; more = step_back(f, &s)) {
    if (s.n != 1 || !gcut__fuse_is_closed(f, last)) continue;
    source = s.values[0];
    n_nodes = f->n_nodes;
  }
  f->n_nodes = n_nodes;
  if (source == GCUT_NONE) return false;
  f->group.x.type = gcut__fuse_type(f, source)->type;
  return gcut__fuse_as(f, &source, 1);
}

// ---- from floats that others read, too, step by step --------------------------------------------

// The operand of the step that makes the value, which is taken; or GCUT_NONE.
static uint32_t before_step(gcut__fuser *f, uint32_t value) {
  const gcut_node *node = maker_of(f, value);
  if (!is_step(node)) return GCUT_NONE;
  node = gcut__fuse_take(f, value, node->op_type, 1);
  uint32_t from = node ? operand_of(f, node) : GCUT_NONE;
  return from != GCUT_NONE && is_floats(f, from) ? from : GCUT_NONE;
}

static bool find_number(gcut__fuser *f, uint32_t value) {
  for (int i = 0; value != GCUT_NONE && i < MOST_STEPS; i++) {
    uint32_t x = gcut__fuse_bytes(f, value);
    if (x != GCUT_NONE) return gcut__fuse_as(f, &x, 1);
    value = before_step(f, value);
  }
  return false;
}

bool gcut__fuse_lookup(gcut__fuser *f, const gcut_node *node) {
  const gcut_type *y = gcut__fuse_type(f, gcut__fuse_output(f, node));
  uint32_t value = operand_of(f, node);
  if (!y || (y->type != GCUT_UINT8 && y->type != GCUT_INT8) || value == GCUT_NONE ||
      value != gcut__fuse_input(f, node, 0) || !is_floats(f, value))
    return false;
  return find_byte(f, node, value) || find_number(f, value);
}
