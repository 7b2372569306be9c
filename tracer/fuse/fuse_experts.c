// Mixture of experts, as PyTorch's exporters spell it: every row's matrix is gathered from those of
// all experts, then multiplied with the row:
//
//     MatMul([Transpose] g, x [.., k, 1]) or MatMul(x [.., 1, k], [Transpose] g)
//     of g = Gather(w, ids) or GatherND(w, ids), and x, mostly, an Unsqueeze
//
// or, as other modules have it, Einsum: "beck,bek->bec", where a token's row may stand for all the
// experts that it chose: "beck,bk->bec". Gathered, the matrices are larger than anything else of
// the model by far: rows times what an expert has. Whichever way an Unsqueeze adds its dimension, x
// has the same elements before it.
#include "tracer/fuse/fuse.h"
#include "tracer/ops/einsum.h"
#include "tracer/ops/gather.h"

// Whether indices [.., 1] pick along w's first dimension.
static bool picks_matrices(const gcut__fuser *f, const gcut_node *gather, bool by_tuples) {
  const gcut_type *w = gcut__fuse_type(f, gcut__fuse_input(f, gather, 0)),
                  *ids = gcut__fuse_type(f, gcut__fuse_input(f, gather, 1));
  if (!w || !ids || w->rank != 3 || ids->rank < 1) return false;
  if (ids->type != GCUT_INT64 && ids->type != GCUT_INT32) return false;
  if (by_tuples)
    return ids->dims[ids->rank - 1] == 1 &&
           ((const gcut__gather_nd_attrs *)gather->attrs)->batch_dims == 0;
  int64_t axis = ((const gcut__gather_attrs *)gather->attrs)->axis;
  return axis == 0 || axis == -3;
}

// The node that gathers matrices, taken, behind a Transpose of each of them; or NULL. A Transpose
// turns the group over.
static const gcut_node *behind_matrices(gcut__fuser *f, uint32_t value) {
  const gcut_node *turn = gcut__fuse_take(f, value, "Transpose", 1);
  const gcut_type *type = gcut__fuse_type(f, value);
  if (turn) {
    if (!type || !gcut__fuse_swaps_last(turn, type->rank)) return NULL;
    f->group.turned = !f->group.turned;
    value = gcut__fuse_input(f, turn, 0);
  }
  const gcut_node *node = gcut__fuse_take(f, value, "Gather", 1);
  if (node) return picks_matrices(f, node, false) ? node : NULL;
  node = gcut__fuse_take(f, value, "GatherND", 1);
  return node && picks_matrices(f, node, true) ? node : NULL;
}

static bool is_real(gcut_dtype type) {
  return type == GCUT_FLOAT || type == GCUT_DOUBLE || type == GCUT_FLOAT16 || type == GCUT_BFLOAT16;
}

// Whether the first dimensions of x are those of the matrices, then ones: a row of x for each of
// them, or for as many that follow one another.
static bool leads(const gcut_type *matrices, const gcut_type *x, int n) {
  int d = 0;
  while (d < n && x->dims[d] == matrices->dims[d]) d++;
  while (d < n && x->dims[d] == 1) d++;
  return d == n;
}

static bool read_as(gcut__fuser *f, const gcut_node *gather, uint32_t x) {
  uint32_t reads[] = {gcut__fuse_input(f, gather, 0), gcut__fuse_input(f, gather, 1), x};
  return gcut__fuse_as(f, reads, 3);
}

// ---- MatMul -------------------------------------------------------------------------------------

// Whether x is one row, or one column on the right, for each of the matrices.
static bool fits(const gcut_type *matrices, const gcut_type *x, bool left) {
  if (!matrices || !x || matrices->rank < 3 || x->rank != matrices->rank) return false;
  int rows = x->rank - 2, columns = x->rank - 1;
  if (!leads(matrices, x, rows)) return false;
  return left ? x->dims[rows] == 1 && x->dims[columns] == matrices->dims[rows]
              : x->dims[columns] == 1 && x->dims[rows] == matrices->dims[columns];
}

// The product whose operand `side` are the gathered matrices.
static bool find_side(gcut__fuser *f, const gcut_node *product, uint32_t side) {
  uint32_t g = gcut__fuse_input(f, product, side), x = gcut__fuse_input(f, product, 1 - side);
  const gcut_type *type = gcut__fuse_type(f, g);
  f->n_nodes = 0;
  f->group.turned = side == 1;
  const gcut_node *gather = behind_matrices(f, g);
  if (!gather || !is_real(type->type) || !fits(type, gcut__fuse_type(f, x), side == 1))
    return false;
  const gcut_node *unsqueeze = gcut__fuse_take(f, x, "Unsqueeze", 1);
  return read_as(f, gather, unsqueeze ? gcut__fuse_input(f, unsqueeze, 0) : x);
}

bool gcut__fuse_experts(gcut__fuser *f, const gcut_node *node) {
  return find_side(f, node, 0) || find_side(f, node, 1);
}

// ---- Einsum -------------------------------------------------------------------------------------

static bool same_labels(const gcut__einsum_term *a, const gcut__einsum_term *b, int n) {
  return a->rank >= n && b->rank >= n && !memcmp(a->labels, b->labels, (size_t)n);
}

static bool labels_differ(const gcut__einsum_term *t) {
  bool seen[GCUT__EINSUM_LABELS] = {false};
  for (int d = 0; d < t->rank; d++) {
    if (seen[t->labels[d]]) return false;
    seen[t->labels[d]] = true;
  }
  return true;
}

// Whether the terms are [.., n, k] or [.., k, n], [.., k] and [.., n].
static bool multiplies(const gcut__einsum *e, uint32_t side, bool *turned) {
  const gcut__einsum_term *m = &e->terms[side], *x = &e->terms[1 - side], *y = &e->output;
  int lead = m->rank - 2;
  if (lead < 1 || x->rank < 1 || y->rank != lead + 1 || !labels_differ(m) ||
      !same_labels(m, y, lead) || !same_labels(m, x, x->rank - 1))
    return false;
  uint8_t n = y->labels[lead], k = x->labels[x->rank - 1];
  *turned = m->labels[lead] == k && m->labels[lead + 1] == n;
  return *turned || (m->labels[lead] == n && m->labels[lead + 1] == k);
}

static bool find_term(gcut__fuser *f, const gcut_node *node, uint32_t side) {
  uint32_t g = gcut__fuse_input(f, node, side), x = gcut__fuse_input(f, node, 1 - side);
  const gcut_type *type = gcut__fuse_type(f, g), *row = gcut__fuse_type(f, x);
  gcut__einsum e;
  bool turned;
  f->n_nodes = 0;
  f->group.turned = false;
  const gcut_node *gather = behind_matrices(f, g);
  if (!gather || !is_real(type->type) || !row || row->rank < 1) return false;
  int ranks[] = {side ? row->rank : type->rank, side ? type->rank : row->rank};
  if (gcut__einsum_parse(((const gcut__einsum_attrs *)node->attrs)->equation, ranks, 2,
                         f->trace->arena, &e, NULL) != GCUT_OK ||
      !multiplies(&e, side, &turned))
    return false;
  f->group.turned ^= turned;
  return leads(type, row, row->rank - 1) &&
         row->dims[row->rank - 1] == type->dims[type->rank - (turned ? 2 : 1)] &&
         read_as(f, gather, x);
}

bool gcut__fuse_summed_experts(gcut__fuser *f, const gcut_node *node) {
  return node->n_inputs == 2 && (find_term(f, node, 0) || find_term(f, node, 1));
}

// ---- what indices share -------------------------------------------------------------------------

int64_t gcut__fuse_shared_rows(uint64_t n_indices, uint64_t n_elements, int64_t k) {
  if (k <= 0) return n_elements == 0;
  uint64_t rows = n_elements / (uint64_t)k;
  bool even = rows > 0 && n_indices % rows == 0 && n_elements == rows * (uint64_t)k;
  return even ? (int64_t)(n_indices / rows) : 0;
}
