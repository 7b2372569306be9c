// Exporters make tables of a few thousand numbers by way of an outer product (MatMul with one
// column and one row), a Transpose and a Concat of the value with itself. An elementwise group that
// reads such a table finds its elements by strides instead, and multiplies for itself: that is less
// than reading the table. Moving data changes no bits, and such a product is a multiplication
// wherever it is computed (products.c).
#include "exec/cuda/behind.h"

#include <string.h>

#include "tracer/ops/concat.h"
#include "tracer/ops/transpose.h"

enum { WORTH = 8 }; // bytes of the value for each byte behind it

// The dimensions of a node's input as the output's are walked; false where the move is none of
// these.
typedef bool move(const gcut_node *node, const gcut_type *in, const gcut_type *out,
                  const gcut__cuda_view *from, gcut__cuda_view *to);

static bool transpose(const gcut_node *node, const gcut_type *in, const gcut_type *out,
                      const gcut__cuda_view *from, gcut__cuda_view *to) {
  const gcut__transpose_attrs *attrs = node->attrs;
  (void)out;
  if (attrs->perm.n > 0 && (int32_t)attrs->perm.n != in->rank) return false;
  for (int d = 0; d < in->rank; d++) {
    int64_t p = attrs->perm.n > 0 ? attrs->perm.data[d] : in->rank - 1 - d;
    if (p < 0 || p >= in->rank) return false;
    to->of[p] = from->of[d];
    to->wraps[p] = from->wraps[d];
  }
  return true;
}

// Of a value with itself.
static bool concat(const gcut_node *node, const gcut_type *in, const gcut_type *out,
                   const gcut__cuda_view *from, gcut__cuda_view *to) {
  int64_t axis = gcut__concat_axis(node->attrs);
  if (axis < 0) axis += in->rank;
  if (axis < 0 || axis >= in->rank || out->rank != in->rank || from->wraps[axis]) return false;
  *to = *from;
  to->wraps[axis] = from->of[axis] >= 0 && in->dims[axis] != out->dims[axis];
  return in->dims[axis] > 1;
}

// Dimensions of 1 put in or taken out.
static bool reshape(const gcut_node *node, const gcut_type *in, const gcut_type *out,
                    const gcut__cuda_view *from, gcut__cuda_view *to) {
  int d = 0;
  (void)node;
  for (int i = 0; i < in->rank; i++) {
    to->of[i] = -1;
    to->wraps[i] = false;
    if (in->dims[i] == 1) continue;
    while (d < out->rank && out->dims[d] == 1) d++;
    if (d == out->rank || out->dims[d] != in->dims[i]) return false;
    to->of[i] = from->of[d];
    to->wraps[i] = from->wraps[d++];
  }
  while (d < out->rank && out->dims[d] == 1) d++;
  return d == out->rank;
}

static bool expand(const gcut_node *node, const gcut_type *in, const gcut_type *out,
                   const gcut__cuda_view *from, gcut__cuda_view *to) {
  int more = out->rank - in->rank;
  (void)node;
  for (int i = 0; i < in->rank; i++) {
    bool one = in->dims[i] == 1;
    if (more < 0 || (!one && in->dims[i] != out->dims[i + more])) return false;
    to->of[i] = one ? -1 : from->of[i + more];
    to->wraps[i] = !one && from->wraps[i + more];
  }
  return true;
}

static move *move_of(const gcut_node *node) {
  static const struct {
    const char *name;
    move *move;
  } rows[] = {{"Transpose", transpose}, {"Concat", concat},   {"Reshape", reshape},
              {"Unsqueeze", reshape},   {"Squeeze", reshape}, {"Expand", expand}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows && !*node->domain; i++)
    if (strcmp(rows[i].name, node->op_type) == 0) return rows[i].move;
  return NULL;
}

// The node of the part that makes the value.
static const gcut_node *producer(const gcut__cuda_matcher *m, uint32_t value) {
  uint32_t id = value == GCUT_NONE ? GCUT_NONE : m->graph->values[value].producer;
  if (id == GCUT_NONE || gcut_map_get(&m->nodes, id) == UINT32_MAX) return NULL;
  const gcut_node *node = &m->graph->nodes[id];
  return node->n_outputs == 1 && node->n_captures == 0 ? node : NULL;
}

static bool reads_one_value(const gcut__cuda_matcher *m, const gcut_node *node) {
  bool concat = strcmp(node->op_type, "Concat") == 0;
  for (uint32_t i = 1; i < node->n_inputs && concat; i++)
    if (gcut__match_input(m, node, i) != gcut__match_input(m, node, 0)) return false;
  return true;
}

// One step back along `node`, which makes the only source.
static bool step_back(const gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_behind *b) {
  uint32_t next = gcut__match_input(m, node, 0);
  const gcut_type *in = gcut__match_type(m, next), *out = gcut__match_type(m, b->sources[0]);
  gcut__cuda_view view = {{0}};
  move *way = move_of(node);
  if (!way || !in || !out || !reads_one_value(m, node) || !way(node, in, out, &b->views[0], &view))
    return false;
  b->sources[0] = next;
  b->views[0] = view;
  b->nodes[b->n_nodes++] = node;
  return true;
}

// The factors, where `node` is an outer product.
static void split_product(const gcut__cuda_matcher *m, const gcut_node *node,
                          gcut__cuda_behind *b) {
  uint32_t x = gcut__match_input(m, node, 0), y = gcut__match_input(m, node, 1);
  const gcut_type *a = gcut__match_type(m, x), *c = gcut__match_type(m, y),
                  *out = gcut__match_type(m, b->sources[0]);
  gcut__cuda_view views[2] = {{{0}}};
  if (*node->domain || strcmp(node->op_type, "MatMul") != 0 || !a || !c || !out ||
      !gcut__cuda_is_outer_product(a, c) || !expand(node, a, out, &b->views[0], &views[0]) ||
      !expand(node, c, out, &b->views[0], &views[1]))
    return;
  b->sources[0] = x;
  b->sources[1] = y;
  memcpy(b->views, views, sizeof views);
  b->n_sources = 2;
  b->nodes[b->n_nodes++] = node;
}

static uint64_t bytes_of(const gcut__cuda_matcher *m, uint32_t value) {
  uint64_t bytes = UINT64_MAX / WORTH / 2;
  return gcut__static_bytes(m->trace, value, &bytes) ? bytes : UINT64_MAX / WORTH / 2;
}

bool gcut__cuda_look_behind(gcut__cuda_matcher *m, uint32_t value, const gcut_type *type,
                            gcut__cuda_behind *out) {
  const gcut_type *own = gcut__match_type(m, value);
  const gcut_node *node = NULL;
  gcut__cuda_behind b = {.value = value, .sources = {value}, .n_sources = 1};
  if (!own || !gcut__cuda_view_of(own, type, &b.views[0])) return false;
  while (b.n_nodes + 1 < GCUT_CUDA_MOVES && (node = producer(m, b.sources[0])))
    if (!step_back(m, node, &b)) break;
  if (node) split_product(m, node, &b);
  uint64_t bytes = bytes_of(m, b.sources[0]) + (b.n_sources > 1 ? bytes_of(m, b.sources[1]) : 0);
  *out = b;
  return b.n_nodes > 0 && bytes * WORTH <= bytes_of(m, value);
}
