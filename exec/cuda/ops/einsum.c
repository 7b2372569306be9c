// Einsum, spelled out: operands are taken in from left to right, each by a batched product. What
// both have and nobody needs later is the inner dimension, what is still needed the batch; labels
// of one side that nobody needs are summed before.
#include "tracer/ops/einsum.h"

#include "exec/cuda/ops/spell.h"

typedef struct term {
  uint32_t value;
  int rank;
  uint8_t labels[GCUT_MAX_RANK];
} term;

typedef struct einsum {
  gcut__speller *s;
  gcut__einsum equation;
  int64_t sizes[GCUT__EINSUM_LABELS];
} einsum;

static int place_of(const uint8_t *labels, int n, uint8_t label) {
  for (int i = 0; i < n; i++)
    if (labels[i] == label) return i;
  return -1;
}

// Whether the output or an operand from `next` on has the label.
static bool is_needed(const einsum *e, uint32_t next, uint8_t label) {
  if (place_of(e->equation.output.labels, e->equation.output.rank, label) >= 0) return true;
  for (uint32_t i = next; i < e->equation.n_terms; i++)
    if (place_of(e->equation.terms[i].labels, e->equation.terms[i].rank, label) >= 0) return true;
  return false;
}

static void keep_dims(const einsum *e, const uint8_t *labels, int n, int64_t *dims) {
  for (int i = 0; i < n; i++) dims[i] = e->sizes[labels[i]];
}

// ---- one operand --------------------------------------------------------------------------------

// False where a label is repeated: a diagonal is the host's. Dimensions that broadcast go.
static bool read_term(const einsum *e, uint32_t i, term *t) {
  const gcut__einsum_term *given = &e->equation.terms[i];
  const gcut_type *type = gcut__cuda_input_type(e->s->c, i);
  int64_t dims[GCUT_MAX_RANK];
  *t = (term){.value = gcut__spell_input(e->s, i)};
  for (int d = 0; d < given->rank; d++) {
    if (place_of(given->labels, d, given->labels[d]) >= 0) return false;
    if (type->dims[d] != e->sizes[given->labels[d]]) continue;
    dims[t->rank] = type->dims[d];
    t->labels[t->rank++] = given->labels[d];
  }
  if (t->rank != given->rank) t->value = gcut__spell_reshape(e->s, t->value, dims, (size_t)t->rank);
  return true;
}

// Sums over labels that neither `other` nor anybody later needs.
static void sum_out(const einsum *e, term *t, const term *other, uint32_t next) {
  int64_t axes[GCUT_MAX_RANK];
  int n = 0, kept = 0;
  for (int d = 0; d < t->rank; d++) {
    uint8_t label = t->labels[d];
    if ((other && place_of(other->labels, other->rank, label) >= 0) || is_needed(e, next, label))
      t->labels[kept++] = label;
    else
      axes[n++] = d;
  }
  t->rank = kept;
  if (n == 0) return;
  gcut__spell_int(e->s, "keepdims", 0);
  t->value = gcut__spell_reduce(e->s, "ReduceSum", t->value, axes, (size_t)n);
}

// The term with its labels in that order.
static uint32_t ordered(const einsum *e, const term *t, const uint8_t *labels) {
  int64_t perm[GCUT_MAX_RANK];
  bool moved = false;
  for (int i = 0; i < t->rank; i++) {
    perm[i] = place_of(t->labels, t->rank, labels[i]);
    moved |= perm[i] != i;
  }
  return moved ? gcut__spell_transpose(e->s, t->value, perm, (size_t)t->rank) : t->value;
}

// ---- two operands -------------------------------------------------------------------------------

typedef struct group { // labels, and the product of their sizes
  uint8_t labels[GCUT_MAX_RANK];
  int n;
  int64_t size;
} group;

static void add_label(const einsum *e, group *g, uint8_t label) {
  if (g->n == 0) g->size = 1;
  g->labels[g->n++] = label;
  g->size *= e->sizes[label];
}

// a's and b's labels as batch, inner, and those of one side.
static void sort_labels(const einsum *e, const term *a, const term *b, uint32_t next, group *batch,
                        group *inner, group *left, group *right) {
  *batch = *inner = *left = *right = (group){.size = 1};
  for (int i = 0; i < a->rank; i++) {
    bool both = place_of(b->labels, b->rank, a->labels[i]) >= 0;
    add_label(e, !both ? left : is_needed(e, next, a->labels[i]) ? batch : inner, a->labels[i]);
  }
  for (int i = 0; i < b->rank; i++)
    if (place_of(a->labels, a->rank, b->labels[i]) < 0) add_label(e, right, b->labels[i]);
}

// A term as [batch][x][y].
static uint32_t as_matrices(const einsum *e, const term *t, const group *batch, const group *x,
                            const group *y) {
  uint8_t labels[GCUT_MAX_RANK];
  const group *parts[] = {batch, x, y};
  int n = 0;
  for (int p = 0; p < 3; p++)
    for (int i = 0; i < parts[p]->n; i++) labels[n++] = parts[p]->labels[i];
  return gcut__spell_reshape(e->s, ordered(e, t, labels),
                             (int64_t[]){batch->size, x->size, y->size}, 3);
}

// a becomes the product; false where it has too many dimensions.
static bool take_in(const einsum *e, term *a, term *b, uint32_t next) {
  group batch, inner, left, right;
  int64_t dims[GCUT_MAX_RANK];
  sum_out(e, a, b, next);
  sum_out(e, b, a, next);
  sort_labels(e, a, b, next, &batch, &inner, &left, &right);
  if (batch.n + left.n + right.n > GCUT_MAX_RANK) return false;
  uint32_t x = as_matrices(e, a, &batch, &left, &inner),
           y = as_matrices(e, b, &batch, &inner, &right);
  const group *parts[] = {&batch, &left, &right};
  a->value = SPELL(e->s, "MatMul", x, y);
  a->rank = 0;
  for (int p = 0; p < 3; p++)
    for (int i = 0; i < parts[p]->n; i++) a->labels[a->rank++] = parts[p]->labels[i];
  keep_dims(e, a->labels, a->rank, dims);
  a->value = gcut__spell_reshape(e->s, a->value, dims, (size_t)a->rank);
  return true;
}

// ---- all ----------------------------------------------------------------------------------------

static bool read_equation(einsum *e) {
  const gcut__einsum_attrs *attrs = e->s->c->node->attrs;
  uint32_t n = e->s->c->node->n_inputs;
  gcut_arena *arena = gcut_graph_arena(e->s->graph);
  int *ranks = GCUT_NEW_ARRAY(arena, int, n);
  if (!ranks) return false;
  for (uint32_t i = 0; i < n; i++) ranks[i] = gcut__cuda_input_type(e->s->c, i)->rank;
  if (gcut__einsum_parse(attrs->equation, ranks, n, arena, &e->equation, NULL) != GCUT_OK)
    return false;
  for (uint32_t i = 0; i < n; i++)
    for (int d = 0; d < ranks[i]; d++) {
      int64_t size = gcut__cuda_input_type(e->s->c, i)->dims[d];
      uint8_t label = e->equation.terms[i].labels[d];
      if (size == 0) return false;
      if (size > e->sizes[label]) e->sizes[label] = size;
    }
  return true;
}

static bool einsum_spelled(gcut__speller *s) {
  einsum e = {.s = s};
  term all, more;
  if (!read_equation(&e) || !read_term(&e, 0, &all)) return false;
  for (uint32_t i = 1; i < e.equation.n_terms; i++)
    if (!read_term(&e, i, &more) || !take_in(&e, &all, &more, i + 1)) return false;
  sum_out(&e, &all, NULL, e.equation.n_terms);
  if (all.rank != e.equation.output.rank) return false;
  uint32_t y = ordered(&e, &all, e.equation.output.labels);
  bool same = e.equation.n_terms == 1 && y == gcut__spell_input(s, 0);
  gcut__spell_output(s, 0, same ? SPELL(s, "Identity", y) : y);
  return true;
}

gcut_status gcut__cuda_compile_einsum(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, einsum_spelled, err);
}
