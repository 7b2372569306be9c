// What patterns ask of the graph and of the facts of its trace.
#include <math.h>
#include <string.h>

#include "tracer/base/narrow.h"
#include "tracer/fuse/fuse.h"
#include "tracer/ops/transpose.h"

// ---- readers ------------------------------------------------------------------------------------

// Whether a node is gone once shapes are known: integers that follow from shapes.
bool gcut__fuse_vanishes(const gcut__fuser *f, uint32_t id) {
  const gcut_node *node = &f->graph->nodes[id];
  if (node->body != 0 || node->n_captures > 0 || node->n_outputs == 0) return false;
  for (uint32_t o = 0; o < node->n_outputs; o++) {
    uint32_t v = gcut_node_outputs(f->graph, node)[o];
    if (v != GCUT_NONE && !f->trace->facts[v].content && !f->trace->facts[v].constant) return false;
  }
  return true;
}

// Nodes that read a value's elements; UINT32_MAX where they are too many to look at, or where the
// value leaves the graph.
static uint32_t count_readers(const gcut__fuser *f, uint32_t value) {
  const gcut_value *v = &f->graph->values[value];
  uint32_t n = 0;
  if (v->is_output || v->n_uses > GCUT__FUSED_USES) return UINT32_MAX;
  for (uint32_t u = 0; u < v->n_uses; u++) {
    uint32_t reader = f->graph->uses[v->first_use + u];
    n += !f->trace->folded[reader] && !gcut__fuse_vanishes(f, reader);
  }
  return n;
}

bool gcut__fuse_is_op(const gcut_node *node, const char *op) {
  return node && !*node->domain && node->op && !strcmp(node->op_type, op);
}

// gcut__fuse_maker of a node of however many results.
static const gcut_node *free_maker(const gcut__fuser *f, uint32_t value, const char *op) {
  uint32_t id = value == GCUT_NONE ? GCUT_NONE : f->graph->values[value].producer;
  if (id == GCUT_NONE || f->place[id] == GCUT_NONE || f->trace->folded[id] ||
      f->trace->fused_of[id] != GCUT_NONE)
    return NULL;
  const gcut_node *node = &f->graph->nodes[id];
  return gcut__fuse_is_op(node, op) ? node : NULL;
}

const gcut_node *gcut__fuse_maker(const gcut__fuser *f, uint32_t value, const char *op) {
  const gcut_node *node = free_maker(f, value, op);
  return node && node->n_outputs == 1 ? node : NULL;
}

static const gcut_node *take(gcut__fuser *f, const gcut_node *node, uint32_t readers) {
  if (!node || f->n_nodes == GCUT__FUSED_NODES ||
      count_readers(f, gcut__fuse_output(f, node)) != readers)
    return NULL;
  f->nodes[f->n_nodes++] = (uint32_t)(node - f->graph->nodes);
  return node;
}

const gcut_node *gcut__fuse_exact_cast(const gcut__fuser *f, uint32_t value, gcut_dtype narrow) {
  const gcut_node *cast = gcut__fuse_maker(f, value, "Cast");
  const gcut_type *in = gcut__fuse_type(f, gcut__fuse_input(f, cast, 0)),
                  *out = gcut__fuse_type(f, value);
  if (!in || !out) return NULL;
  bool widens = narrow && in->type == narrow && out->type == GCUT_FLOAT;
  return widens || in->type == out->type ? cast : NULL;
}

const gcut_node *gcut__fuse_take(gcut__fuser *f, uint32_t value, const char *op, uint32_t readers) {
  uint32_t kept = f->n_nodes;
  for (const gcut_node *node; !(node = gcut__fuse_maker(f, value, op)); readers = 1) {
    node = take(f, gcut__fuse_exact_cast(f, value, f->widened), readers);
    value = gcut__fuse_input(f, node, 0);
    if (!node) break;
  }
  const gcut_node *found = take(f, gcut__fuse_maker(f, value, op), readers);
  if (!found) f->n_nodes = kept;
  return found;
}

// ---- nodes whose values others of the group read, too -------------------------------------------

static bool is_taken(const gcut__fuser *f, uint32_t id) {
  for (uint32_t i = 0; i < f->n_nodes; i++)
    if (f->nodes[i] == id) return true;
  return false;
}

static const gcut_node *join(gcut__fuser *f, const gcut_node *node) {
  uint32_t id = node ? (uint32_t)(node - f->graph->nodes) : GCUT_NONE;
  if (!node || is_taken(f, id)) return node;
  if (f->n_nodes == GCUT__FUSED_NODES) return NULL;
  f->nodes[f->n_nodes++] = id;
  return node;
}

const gcut_node *gcut__fuse_join(gcut__fuser *f, uint32_t value, const char *op) {
  uint32_t kept = f->n_nodes;
  const gcut_node *node;
  while (!(node = free_maker(f, value, op))) {
    const gcut_node *cast = join(f, gcut__fuse_exact_cast(f, value, f->widened));
    value = gcut__fuse_input(f, cast, 0);
    if (cast) continue;
    f->n_nodes = kept;
    return NULL;
  }
  return join(f, node);
}

static uint32_t reads_by(const gcut__fuser *f, const gcut_node *node, uint32_t value) {
  uint32_t n = 0;
  for (uint32_t k = 0; k < node->n_inputs; k++) n += gcut__fuse_input(f, node, k) == value;
  return n;
}

bool gcut__fuse_is_inner(const gcut__fuser *f, uint32_t value, const gcut_node *last) {
  uint32_t n = last ? reads_by(f, last, value) : 0;
  for (uint32_t i = 0; i < f->n_nodes; i++) n += reads_by(f, &f->graph->nodes[f->nodes[i]], value);
  return count_readers(f, value) == n;
}

bool gcut__fuse_is_closed(const gcut__fuser *f, const gcut_node *last) {
  for (uint32_t i = 0; i < f->n_nodes; i++) {
    const gcut_node *node = &f->graph->nodes[f->nodes[i]];
    for (uint32_t o = 0; o < node->n_outputs; o++) {
      uint32_t value = gcut_node_outputs(f->graph, node)[o];
      if (value != GCUT_NONE && !gcut__fuse_is_inner(f, value, last)) return false;
    }
  }
  return true;
}

// ---- operands -----------------------------------------------------------------------------------

uint32_t gcut__fuse_input(const gcut__fuser *f, const gcut_node *node, uint32_t i) {
  return node && i < node->n_inputs ? gcut_node_inputs(f->graph, node)[i] : GCUT_NONE;
}

uint32_t gcut__fuse_output(const gcut__fuser *f, const gcut_node *node) {
  return gcut_node_outputs(f->graph, node)[0];
}

const gcut_type *gcut__fuse_type(const gcut__fuser *f, uint32_t value) {
  const gcut_type *type = value == GCUT_NONE ? NULL : &f->trace->facts[value].type;
  return type && type->kind == GCUT_KIND_TENSOR && type->type && type->rank >= 0 ? type : NULL;
}

bool gcut__fuse_same_shape(const gcut_type *a, const gcut_type *b) {
  if (!a || !b || a->type != b->type || a->rank != b->rank) return false;
  for (int d = 0; d < a->rank; d++)
    if (a->dims[d] != b->dims[d]) return false;
  return true;
}

bool gcut__fuse_swaps_last(const gcut_node *transpose, int32_t rank) {
  const gcut__transpose_attrs *attrs = transpose->attrs;
  if (rank < 2 || !attrs->perm.given || attrs->perm.n != (size_t)rank) return false;
  for (int d = 0; d < rank - 2; d++)
    if (attrs->perm.data[d] != d) return false;
  return attrs->perm.data[rank - 2] == rank - 1 && attrs->perm.data[rank - 1] == rank - 2;
}

// ---- constants ----------------------------------------------------------------------------------

bool gcut__fuse_constant(const gcut_constant *k, float *out) {
  uint16_t narrow = 0;
  double wide = 0;
  if (!k || !k->data) return false;
  if (k->type == GCUT_FLOAT && k->bytes == sizeof *out) {
    memcpy(out, k->data, sizeof *out);
  } else if (k->type == GCUT_DOUBLE && k->bytes == sizeof wide) {
    memcpy(&wide, k->data, sizeof wide);
    *out = (float)wide;
  } else if ((k->type == GCUT_BFLOAT16 || k->type == GCUT_FLOAT16) && k->bytes == sizeof narrow) {
    memcpy(&narrow, k->data, sizeof narrow);
    *out = k->type == GCUT_BFLOAT16 ? gcut_from_bfloat16(narrow) : gcut_from_float16(narrow);
  } else {
    return false;
  }
  return true;
}

bool gcut__fuse_number(const gcut__fuser *f, uint32_t value, float *out) {
  return gcut__fuse_constant(value == GCUT_NONE ? NULL : f->trace->facts[value].constant, out);
}

bool gcut__fuse_is(const gcut__fuser *f, uint32_t value, float number) {
  float found;
  return gcut__fuse_number(f, value, &found) && fabsf(found - number) <= fabsf(number) / 256;
}

bool gcut__fuse_int(const gcut__fuser *f, uint32_t value, int64_t *out) {
  const gcut_fact *fact = value == GCUT_NONE ? NULL : &f->trace->facts[value];
  if (!fact) return false;
  if (fact->content && fact->n_content == 1 && gcut_dim_known(fact->content[0])) {
    *out = fact->content[0];
    return true;
  }
  const gcut_constant *k = fact->constant;
  if (!k || !k->data || k->type != GCUT_INT64 || k->bytes != sizeof *out) return false;
  memcpy(out, k->data, sizeof *out);
  return true;
}

uint32_t gcut__fuse_beside_number(const gcut__fuser *f, const gcut_node *node, float *number) {
  for (uint32_t side = 0; node && node->n_inputs == 2 && side < 2; side++)
    if (gcut__fuse_number(f, gcut__fuse_input(f, node, side), number))
      return gcut__fuse_input(f, node, 1 - side);
  return GCUT_NONE;
}

bool gcut__fuse_as(gcut__fuser *f, const uint32_t *reads, uint32_t n) {
  f->group.n_reads = n;
  for (uint32_t i = 0; i < n; i++) {
    f->group.reads[i] = reads[i];
    for (const gcut_node *cast;
         (cast = take(f, gcut__fuse_exact_cast(f, f->group.reads[i], f->widened), 1));)
      f->group.reads[i] = gcut__fuse_input(f, cast, 0);
  }
  return true;
}
