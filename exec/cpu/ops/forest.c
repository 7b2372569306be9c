// Reads ensembles of trees from attributes.
//
// A child is an index into one list of nodes, leaves among them; what a leaf adds is a range of
// weights. Indices are checked here, and loops are found while walking: no walk is longer than the
// list.
#include <stdlib.h>

#include "exec/cpu/ops/tree.h"
#include "tracer/base/narrow.h"

static gcut_status wrong(gcut__cpu_call *c, gcut_error *err, const char *what) {
  return gcut__cpu_fail(c, GCUT_FORMAT, err, "its trees are malformed: %s", what);
}

static gcut_status no_memory(gcut__cpu_call *c, gcut_error *err) {
  return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
}

// ---- lists of numbers --------------------------------------------------------------------------

static double element(const gcut_constant *k, size_t i) {
  float f;
  double d;
  uint16_t h;
  const uint8_t *data = k->data;
  switch (k->type) {
  case GCUT_FLOAT: memcpy(&f, data + i * sizeof f, sizeof f); return (double)f;
  case GCUT_DOUBLE: memcpy(&d, data + i * sizeof d, sizeof d); return d;
  case GCUT_FLOAT16: memcpy(&h, data + i * sizeof h, sizeof h); return (double)gcut_from_float16(h);
  default: return data[i];
  }
}

// The numbers of a constant, or of a list of floats where there is none, as doubles.
static gcut_status read_numbers(gcut__cpu_call *c, uint32_t constant, gcut_floats floats,
                                double **out, size_t *out_n, gcut_error *err) {
  const gcut_constant *k = constant == GCUT_NONE ? NULL : &c->graph->constants[constant];
  *out_n = floats.n;
  if (k) {
    unsigned bits = gcut_dtype_bits(k->type);
    bool known = k->type == GCUT_FLOAT || k->type == GCUT_DOUBLE || k->type == GCUT_FLOAT16 ||
                 k->type == GCUT_UINT8;
    if (!known || (!k->data && k->bytes > 0)) return wrong(c, err, "numbers of no known type");
    *out_n = (size_t)(k->bytes / (bits / 8));
  }
  *out = GCUT_NEW_ARRAY(c->scratch, double, *out_n);
  if (!*out) return no_memory(c, err);
  for (size_t i = 0; i < *out_n; i++) (*out)[i] = k ? element(k, i) : (double)floats.data[i];
  return GCUT_OK;
}

static gcut_status check_targets(gcut__cpu_call *c, gcut_ints targets, int64_t n_targets,
                                 gcut_error *err) {
  for (size_t i = 0; i < targets.n; i++)
    if (targets.data[i] < 0 || targets.data[i] >= n_targets) return wrong(c, err, "a target's id");
  return GCUT_OK;
}

// ---- TreeEnsemble ------------------------------------------------------------------------------

static gcut_status allocate(gcut__cpu_call *c, gcut__forest *f, gcut_error *err) {
  f->nodes = GCUT_NEW_ARRAY(c->scratch, gcut__tree_node, f->n_nodes);
  f->roots = GCUT_NEW_ARRAY(c->scratch, size_t, f->n_roots);
  return f->nodes && f->roots ? GCUT_OK : no_memory(c, err);
}

// A child's place in the list: leaves come after all inner nodes.
static gcut_status place_child(gcut__cpu_call *c, int64_t id, bool leaf, size_t n_inner,
                               size_t n_leaves, size_t *out, gcut_error *err) {
  if (id < 0 || (uint64_t)id >= (leaf ? n_leaves : n_inner)) return wrong(c, err, "a child's id");
  *out = (size_t)id + (leaf ? n_inner : 0);
  return GCUT_OK;
}

static gcut_status read_inner(gcut__cpu_call *c, gcut__forest *f, size_t i, double mode,
                              double split, size_t n_leaves, gcut_error *err) {
  const gcut__tree_attrs *a = c->attrs;
  gcut__tree_node *node = &f->nodes[i];
  size_t n_inner = a->nodes_featureids.n;
  if (!(mode >= 0 && mode <= GCUT__TREE_MEMBER)) return wrong(c, err, "a node's mode");
  if (a->nodes_featureids.data[i] < 0) return wrong(c, err, "a feature's id");
  *node = (gcut__tree_node){.mode = (gcut__tree_mode)mode,
                            .split = split,
                            .feature = (size_t)a->nodes_featureids.data[i],
                            .missing_is_true = i < a->nodes_missing_value_tracks_true.n &&
                                               a->nodes_missing_value_tracks_true.data[i] != 0};
  GCUT_TRY(place_child(c, a->nodes_falsenodeids.data[i], a->nodes_falseleafs.data[i] != 0, n_inner,
                       n_leaves, &node->children[0], err));
  return place_child(c, a->nodes_truenodeids.data[i], a->nodes_trueleafs.data[i] != 0, n_inner,
                     n_leaves, &node->children[1], err);
}

// Deals the sets of members, each ended by a NaN, to the nodes that ask for one, in order.
static gcut_status deal_members(gcut__cpu_call *c, gcut__forest *f, size_t n_inner,
                                gcut_error *err) {
  const gcut__tree_attrs *a = c->attrs;
  double *members;
  size_t n, at = 0;
  GCUT_TRY(read_numbers(c, a->membership_values, (gcut_floats){0}, &members, &n, err));
  f->members = members;
  for (size_t i = 0; i < n_inner; i++) {
    if (f->nodes[i].mode != GCUT__TREE_MEMBER) continue;
    f->nodes[i].first_member = at;
    while (at < n && members[at] == members[at]) at++;
    if (at == n) return wrong(c, err, "too few sets of members");
    f->nodes[i].n_members = at++ - f->nodes[i].first_member;
  }
  return GCUT_OK;
}

// A root that only leads to one leaf is that leaf.
static size_t root_of(const gcut__forest *f, size_t id, size_t n_inner) {
  const gcut__tree_node *node = &f->nodes[id];
  return node->children[0] == node->children[1] && node->children[0] >= n_inner ? node->children[0]
                                                                                : id;
}

static gcut_status read_roots(gcut__cpu_call *c, gcut__forest *f, size_t n_inner, gcut_error *err) {
  const gcut__tree_attrs *a = c->attrs;
  for (size_t i = 0; i < f->n_roots; i++) {
    int64_t id = a->tree_roots.data[i];
    if (id < 0 || (uint64_t)id >= n_inner) return wrong(c, err, "a root's id");
    f->roots[i] = root_of(f, (size_t)id, n_inner);
  }
  return GCUT_OK;
}

static gcut_status read_forest(gcut__cpu_call *c, gcut__forest *f, gcut_error *err) {
  const gcut__tree_attrs *a = c->attrs;
  size_t n = a->nodes_featureids.n, n_leaves = a->leaf_targetids.n, n_modes, n_splits, n_weights;
  double *modes, *splits, *weights;
  *f = (gcut__forest){.n_nodes = n + n_leaves,
                      .n_roots = a->tree_roots.n,
                      .targets = a->leaf_targetids.data,
                      .n_targets = (size_t)a->n_targets,
                      .aggregate = (gcut__aggregate)a->aggregate_function,
                      .post_transform = (gcut__post_transform)a->post_transform};
  GCUT_TRY(read_numbers(c, a->nodes_modes, (gcut_floats){0}, &modes, &n_modes, err));
  GCUT_TRY(read_numbers(c, a->nodes_splits, (gcut_floats){0}, &splits, &n_splits, err));
  GCUT_TRY(read_numbers(c, a->leaf_weights, (gcut_floats){0}, &weights, &n_weights, err));
  f->weights = weights;
  if (n_modes != n || n_splits != n || a->nodes_truenodeids.n != n ||
      a->nodes_falsenodeids.n != n || a->nodes_trueleafs.n != n || a->nodes_falseleafs.n != n ||
      n_weights != n_leaves)
    return wrong(c, err, "lists of different lengths");
  GCUT_TRY(check_targets(c, a->leaf_targetids, a->n_targets, err));
  GCUT_TRY(allocate(c, f, err));
  for (size_t i = 0; i < n; i++) GCUT_TRY(read_inner(c, f, i, modes[i], splits[i], n_leaves, err));
  for (size_t i = 0; i < n_leaves; i++)
    f->nodes[n + i] = (gcut__tree_node){.mode = GCUT__TREE_LEAF, .first_weight = i, .n_weights = 1};
  GCUT_TRY(deal_members(c, f, n, err));
  return read_roots(c, f, n, err);
}

// ---- TreeEnsembleRegressor, TreeEnsembleClassifier ---------------------------------------------

// A node's or a weight's name, and its place in the list.
typedef struct named {
  int64_t tree, node;
  size_t place;
} named;

static int compare_names(const void *a, const void *b) {
  const named *x = a, *y = b;
  if (x->tree != y->tree) return x->tree < y->tree ? -1 : 1;
  if (x->node != y->node) return x->node < y->node ? -1 : 1;
  return x->place < y->place ? -1 : x->place > y->place;
}

static gcut_status sort_names(gcut__cpu_call *c, gcut_ints trees, gcut_ints nodes, named **out,
                              gcut_error *err) {
  *out = GCUT_NEW_ARRAY(c->scratch, named, trees.n);
  if (!*out) return no_memory(c, err);
  for (size_t i = 0; i < trees.n; i++) (*out)[i] = (named){trees.data[i], nodes.data[i], i};
  qsort(*out, trees.n, sizeof **out, compare_names);
  return GCUT_OK;
}

// The first entry that is not before (tree, node).
static size_t find_name(const named *names, size_t n, int64_t tree, int64_t node) {
  size_t low = 0, high = n;
  named sought = {tree, node, 0};
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (compare_names(&names[middle], &sought) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static bool is_name(const named *names, size_t n, size_t at, int64_t tree, int64_t node) {
  return at < n && names[at].tree == tree && names[at].node == node;
}

static gcut_status check_lists(gcut__cpu_call *c, const gcut__tree_regressor_attrs *a,
                               size_t n_splits, size_t n_weights, int64_t n_targets,
                               gcut_error *err) {
  size_t n = a->nodes_treeids.n;
  if (n == 0 || a->nodes_nodeids.n != n || a->nodes_featureids.n != n || a->nodes_modes.n != n ||
      a->nodes_truenodeids.n != n || a->nodes_falsenodeids.n != n || n_splits != n ||
      a->target_treeids.n != n_weights || a->target_nodeids.n != n_weights ||
      a->target_ids.n != n_weights)
    return wrong(c, err, "lists of different lengths");
  return check_targets(c, a->target_ids, n_targets, err);
}

static gcut_status read_branch(gcut__cpu_call *c, const gcut__tree_regressor_attrs *a,
                               gcut__forest *f, const named *names, size_t i, gcut_error *err) {
  const int64_t ids[2] = {a->nodes_falsenodeids.data[i], a->nodes_truenodeids.data[i]};
  for (int side = 0; side < 2; side++) {
    size_t at = find_name(names, f->n_nodes, a->nodes_treeids.data[i], ids[side]);
    if (!is_name(names, f->n_nodes, at, a->nodes_treeids.data[i], ids[side]))
      return wrong(c, err, "a child's id");
    f->nodes[i].children[side] = names[at].place;
  }
  return GCUT_OK;
}

static gcut_status read_nodes(gcut__cpu_call *c, const gcut__tree_regressor_attrs *a,
                              gcut__forest *f, const named *names, const double *splits,
                              gcut_error *err) {
  for (size_t i = 0; i < f->n_nodes; i++) {
    gcut__tree_mode mode = gcut__tree_mode_of(a->nodes_modes.data[i]);
    if (mode == GCUT__TREE_N || mode == GCUT__TREE_MEMBER) return wrong(c, err, "a node's mode");
    if (a->nodes_featureids.data[i] < 0) return wrong(c, err, "a feature's id");
    f->nodes[i] =
        (gcut__tree_node){.mode = mode,
                          .split = splits[i],
                          .feature = (size_t)a->nodes_featureids.data[i],
                          .missing_is_true = i < a->nodes_missing_value_tracks_true.n &&
                                             a->nodes_missing_value_tracks_true.data[i] != 0};
    if (mode != GCUT__TREE_LEAF) GCUT_TRY(read_branch(c, a, f, names, i, err));
  }
  return GCUT_OK;
}

// Gives leaves their weights, sorted by leaf. A tree's root is its first node.
static gcut_status read_weights(gcut__cpu_call *c, const gcut__tree_regressor_attrs *a,
                                gcut__forest *f, const double *weights, size_t n, gcut_error *err) {
  named *names;
  int64_t *targets = GCUT_NEW_ARRAY(c->scratch, int64_t, n);
  double *sorted = GCUT_NEW_ARRAY(c->scratch, double, n);
  if (!targets || !sorted) return no_memory(c, err);
  GCUT_TRY(sort_names(c, a->target_treeids, a->target_nodeids, &names, err));
  for (size_t i = 0; i < n; i++) {
    targets[i] = a->target_ids.data[names[i].place];
    sorted[i] = weights[names[i].place];
  }
  for (size_t i = 0; i < f->n_nodes; i++) {
    gcut__tree_node *node = &f->nodes[i];
    int64_t tree = a->nodes_treeids.data[i], id = a->nodes_nodeids.data[i];
    if (i == 0 || tree != a->nodes_treeids.data[i - 1]) f->roots[f->n_roots++] = i;
    if (node->mode != GCUT__TREE_LEAF) continue;
    node->first_weight = find_name(names, n, tree, id);
    while (is_name(names, n, node->first_weight + node->n_weights, tree, id)) node->n_weights++;
  }
  f->targets = targets;
  f->weights = sorted;
  return GCUT_OK;
}

// All weights vote for one of two classes, or for more.
static void judge_weights(gcut__forest *f) {
  f->column = f->n_targets == 2 && f->n_weights > 0 ? (size_t)f->targets[0] : 2;
  f->probable = true;
  for (size_t i = 0; i < f->n_weights; i++) {
    if (f->targets[i] != f->targets[0]) f->column = 2;
    if (f->weights[i] < 0) f->probable = false;
  }
}

static gcut_status read_named(gcut__cpu_call *c, const gcut__tree_regressor_attrs *a,
                              int64_t n_targets, gcut__forest *f, gcut_error *err) {
  double *splits, *weights, *base;
  size_t n_splits, n_weights, n_base;
  named *names;
  *f = (gcut__forest){.n_nodes = a->nodes_treeids.n,
                      .n_roots = a->nodes_treeids.n, // room for all
                      .n_targets = (size_t)n_targets,
                      .aggregate = gcut__aggregate_of(a->aggregate_function),
                      .post_transform = gcut__post_transform_of(a->post_transform)};
  GCUT_TRY(read_numbers(c, a->nodes_values_as_tensor, a->nodes_values, &splits, &n_splits, err));
  GCUT_TRY(
      read_numbers(c, a->target_weights_as_tensor, a->target_weights, &weights, &n_weights, err));
  GCUT_TRY(read_numbers(c, a->base_values_as_tensor, a->base_values, &base, &n_base, err));
  GCUT_TRY(check_lists(c, a, n_splits, n_weights, n_targets, err));
  if (f->aggregate == GCUT__AGGREGATE_N) f->aggregate = GCUT__SUM; // classifiers name none
  f->base_values = base, f->n_base = n_base, f->n_weights = n_weights;
  GCUT_TRY(allocate(c, f, err));
  f->n_roots = 0;
  GCUT_TRY(sort_names(c, a->nodes_treeids, a->nodes_nodeids, &names, err));
  GCUT_TRY(read_nodes(c, a, f, names, splits, err));
  GCUT_TRY(read_weights(c, a, f, weights, n_weights, err));
  judge_weights(f);
  return GCUT_OK;
}

// ---- kept between calls ------------------------------------------------------------------------

typedef struct kept_forest {
  gcut__cpu_kept base;
  gcut_arena *arena; // that it all lies in
  gcut__forest forest;
} kept_forest;

static void destroy_kept(gcut__cpu_kept *kept) {
  gcut_arena_destroy(((kept_forest *)kept)->arena);
}

// Reads into memory of the forest's own, `named` for the operators that have `attrs`.
static gcut_status read_kept(gcut__cpu_call *c, gcut_arena *arena,
                             const gcut__tree_regressor_attrs *attrs, int64_t n_targets,
                             kept_forest **out, gcut_error *err) {
  gcut__cpu_call inner = *c;
  kept_forest *kept = *out = GCUT_NEW(arena, kept_forest);
  if (!kept) return no_memory(c, err);
  *kept = (kept_forest){.base = {destroy_kept}, .arena = arena};
  inner.scratch = arena;
  return attrs ? read_named(&inner, attrs, n_targets, &kept->forest, err)
               : read_forest(&inner, &kept->forest, err);
}

static gcut_status find_forest(gcut__cpu_call *c, const gcut__tree_regressor_attrs *attrs,
                               int64_t n_targets, const gcut__forest **out, gcut_error *err) {
  kept_forest *kept = (kept_forest *)gcut__cpu_recall(c);
  if (!kept && gcut__cpu_can_keep(c)) {
    gcut_arena *arena = gcut_arena_create();
    gcut_status status =
        arena ? read_kept(c, arena, attrs, n_targets, &kept, err) : no_memory(c, err);
    if (status == GCUT_OK && !gcut__cpu_keep(c, &kept->base)) status = no_memory(c, err);
    if (status != GCUT_OK) {
      gcut_arena_destroy(arena);
      return status;
    }
  }
  if (!kept) GCUT_TRY(read_kept(c, c->scratch, attrs, n_targets, &kept, err));
  *out = &kept->forest;
  return GCUT_OK;
}

gcut_status gcut__forest_find(gcut__cpu_call *c, const gcut__forest **out, gcut_error *err) {
  return find_forest(c, NULL, 0, out, err);
}

gcut_status gcut__forest_find_named(gcut__cpu_call *c, const gcut__tree_regressor_attrs *attrs,
                                    int64_t n_targets, const gcut__forest **out, gcut_error *err) {
  return find_forest(c, attrs, n_targets, out, err);
}
