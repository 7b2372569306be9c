// Refining: on small graphs nothing is better, by trying everything; on larger ones it never makes
// things worse, keeps targets where they are and leaves no part empty.
#include <stdio.h>

#include "graphcut/formats.h"
#include "graphcut/plan.h"
#include "partition/refine.h"
#include "tests/support/check.h"
#include "tests/support/random_graph.h"
#include "tests/support/toy.h"

static void release(gcut_trace *trace) {
  gcut_graph_destroy((gcut_graph *)trace->graph);
  gcut_trace_destroy(trace);
}

// ---- everything, tried ------------------------------------------------------------------------

enum { MOST_NODES = 10 };

// A node's runs are a set of parts, a bit each; the lowest is its first run.
typedef struct brute {
  const gcut_trace *t;
  uint32_t nodes[MOST_NODES], n, n_parts;
  uint32_t allowed_first[MOST_NODES]; // parts that may be its first
  bool again[MOST_NODES];             // may have more than one
  uint32_t runs[MOST_NODES];
  uint64_t best;
} brute;

static int find(const brute *b, uint32_t node) {
  for (uint32_t i = 0; i < b->n; i++)
    if (b->nodes[i] == node) return (int)i;
  return -1;
}

static uint64_t cost(const brute *b) {
  const gcut_graph *g = b->t->graph;
  uint64_t sum = 0, bytes;
  for (uint32_t i = 0; i < b->n; i++)
    sum += GCUT__AGAIN_BYTES * (uint64_t)(__builtin_popcount(b->runs[i]) - 1);
  for (uint32_t v = 0; v < g->n_values; v++) {
    int from = g->values[v].producer == GCUT_NONE ? -1 : find(b, g->values[v].producer);
    uint32_t readers = 0;
    for (uint32_t u = 0; u < g->values[v].n_uses; u++) {
      int reader = find(b, g->uses[g->values[v].first_use + u]);
      if (reader >= 0) readers |= b->runs[reader];
    }
    if (from >= 0) readers &= ~b->runs[from];
    assert_true(gcut_trace_bytes(b->t, v, &bytes));
    int n = __builtin_popcount(readers);
    if (from < 0 && n > 0) n--; // a graph input's first reading is free
    sum += bytes * (uint64_t)n;
  }
  return sum;
}

// Whether each run of node i finds its producers run no later.
static bool provided(const brute *b, uint32_t i) {
  const gcut_graph *g = b->t->graph;
  const gcut_node *node = &g->nodes[b->nodes[i]];
  for (uint32_t r = 0; r < node->n_inputs; r++) {
    uint32_t from = g->values[gcut_node_inputs(g, node)[r]].producer;
    if (from == GCUT_NONE) continue;
    if (__builtin_ctz(b->runs[find(b, from)]) > __builtin_ctz(b->runs[i])) return false;
  }
  return true;
}

static void try_all(brute *b, uint32_t i) {
  if (i == b->n) {
    uint32_t firsts = 0;
    for (uint32_t k = 0; k < b->n; k++) firsts |= 1u << __builtin_ctz(b->runs[k]);
    if (firsts != (1u << b->n_parts) - 1) return; // a part would be empty
    uint64_t c = cost(b);
    if (c < b->best) b->best = c;
    return;
  }
  for (uint32_t runs = 1; runs < 1u << b->n_parts; runs++) {
    if (!(b->allowed_first[i] >> __builtin_ctz(runs) & 1)) continue;
    if (!b->again[i] && (runs & (runs - 1))) continue;
    b->runs[i] = runs;
    if (provided(b, i)) try_all(b, i + 1);
  }
}

// Values of very different sizes: [n, 64], [n, 1], [1, 64] and [1, 1], mixed by broadcasting.
static gcut_graph *small_graph(uint64_t *state, uint32_t n_nodes) {
  static const int64_t full[] = {0, 64}, tall[] = {0, 1}, wide[] = {1, 64};
  static const char *const kinds[] = {"Add", "Mul", "Relu", "ReduceSum", "RandomUniformLike",
                                      "Neg", "Sub"};
  gcut_graph *g = toy_begin();
  toy_input(g, "v0", 2, full);
  toy_input(g, "v1", 2, tall);
  toy_input(g, "v2", 2, wide);
  for (uint32_t i = 0; i < n_nodes; i++) {
    char name[16], in[32], out[16];
    const char *kind = kinds[random_below(state, 7)];
    uint32_t a = random_below(state, 3 + i), b = random_below(state, 3 + i);
    bool two = !strcmp(kind, "Add") || !strcmp(kind, "Mul") || !strcmp(kind, "Sub");
    if (i > 0 && random_below(state, 2)) a = 2 + i;
    snprintf(name, sizeof name, "n%u", i);
    snprintf(in, sizeof in, two ? "v%u v%u" : "v%u", a, b);
    snprintf(out, sizeof out, "v%u", 3 + i);
    toy_node(g, 0, name, kind, in, out);
  }
  for (uint32_t i = 0; i < 2; i++) {
    char out[16];
    snprintf(out, sizeof out, "v%u", 2 + n_nodes - i * random_below(state, 3));
    toy_output(g, out);
  }
  return g;
}

// Nodes around attention, which stays whole and where the cutter put it: v5.
static gcut_graph *attending_graph(uint64_t *state, uint32_t n_nodes) {
  static const char *const kinds[] = {"Add", "Mul", "Relu", "ReduceSum", "Neg"};
  char body[1024] = "", text[2048];
  for (uint32_t i = 0, used = 0; i < n_nodes; i++) {
    uint32_t kind = i % 5 < 2 ? 0 : random_below(state, 5), q = 2 * random_below(state, 2);
    uint32_t a = random_below(state, 3 + i), b = random_below(state, 3 + i);
    if (i == 2) {
      used += (uint32_t)sprintf(body + used,
                                "turned = Transpose<perm = [0, 1, 3, 2]>(keys) scores = "
                                "MatMul(v%u, turned) p = Softmax(scores) v5 = MatMul(p, v2) ",
                                q);
      continue;
    }
    if (i > 0 && random_below(state, 2)) a = 2 + i;
    used += (uint32_t)sprintf(body + used,
                              kind < 2 ? "[n%u] v%u = %s(v%u, v%u) " : "[n%u] v%u = %s(v%u) ", i,
                              3 + i, kinds[kind], a, b);
  }
  snprintf(
      text, sizeof text,
      "<ir_version: 10, opset_import: [\"\": 18]> g (float[1,2,n,8] v0, float[1,1,n,1] v1, "
      "float[1,2,n,8] v2, float[1,2,n,8] keys) => (float[1,2,n,8] v5, float[a,b,c,d] v%u) {%s}",
      2 + n_nodes, body);
  gcut_graph *g = NULL;
  assert_ok(gcut_gcir_parse(text, strlen(text), "attending", NULL, &g, err));
  return g;
}

static gcut_trace *trace_of(const gcut_graph *g) {
  gcut_binding n = {"n", 64};
  gcut_trace_options options = {.bindings = &n, .n_bindings = 1};
  gcut_trace *trace = NULL;
  assert_ok(gcut_trace_create(g, &options, &trace, err));
  return trace;
}

static bool holds(const uint32_t *list, uint32_t n, uint32_t item) {
  for (uint32_t i = 0; i < n; i++)
    if (list[i] == item) return true;
  return false;
}

static bool stays(const brute *b, const gcut_node *node, uint32_t id) {
  uint32_t group = b->t->fused_of[id];
  if (group != GCUT_NONE && gcut_fused_is_whole(b->t->fused[group].kind)) return true;
  return !strcmp(node->name, "n2") || !strcmp(node->name, "n4");
}

// What the plan as cut leaves to choose: targets and attention stay, others may go anywhere.
static void set_up(brute *b, const gcut_plan *cut) {
  const gcut_graph *g = b->t->graph;
  for (uint32_t p = 0; p < cut->n_parts; p++)
    for (uint32_t i = 0; i < cut->parts[p].n_nodes; i++) b->nodes[b->n++] = cut->parts[p].nodes[i];
  for (uint32_t i = 1; i < b->n; i++) // in the graph's order, producers first
    for (uint32_t k = i; k > 0 && b->nodes[k - 1] > b->nodes[k]; k--) {
      uint32_t node = b->nodes[k];
      b->nodes[k] = b->nodes[k - 1];
      b->nodes[k - 1] = node;
    }
  b->n_parts = cut->n_parts;
  for (uint32_t i = 0; i < b->n; i++) {
    const gcut_node *node = &g->nodes[b->nodes[i]];
    bool fixed = stays(b, node, b->nodes[i]);
    b->again[i] = !fixed && strcmp(node->op_type, "RandomUniformLike") != 0;
    b->allowed_first[i] = (1u << b->n_parts) - 1;
    for (uint32_t p = 0; p < cut->n_parts && fixed; p++)
      if (holds(cut->parts[p].nodes, cut->parts[p].n_nodes, b->nodes[i]))
        b->allowed_first[i] = 1u << p;
  }
}

static uint64_t plan_cost(const gcut_plan *plan) {
  uint64_t n_again = 0;
  for (uint32_t p = 0; p < plan->n_parts; p++) n_again += plan->parts[p].n_recomputed;
  return plan->crossing_bytes + GCUT__AGAIN_BYTES * n_again;
}

typedef struct tally {
  uint64_t n_compared, n_better, n_again, n_groups;
} tally;

static void compare(gcut_trace *t, tally *n) {
  const char *target = "re:n[24]$";
  gcut_cut_options options = {.targets = &target, .n_targets = 1, .unrefined = true};
  gcut_plan *cut, *refined;
  gcut_error err;
  if (gcut_plan_create(t, &options, &cut, &err) == GCUT_OK && cut->n_parts > 1) {
    options.unrefined = false;
    assert_ok(gcut_plan_create(t, &options, &refined, err));
    assert_ok(gcut_plan_verify(t, refined, err));
    assert_int_equal(refined->n_parts, cut->n_parts);
    brute b = {.t = t, .best = UINT64_MAX};
    set_up(&b, cut);
    try_all(&b, 0);
    assert_int_equal(plan_cost(refined), b.best);
    n->n_compared++;
    n->n_groups += t->n_fused;
    n->n_better += plan_cost(refined) < cut->crossing_bytes;
    n->n_again += plan_cost(refined) > refined->crossing_bytes;
    gcut_plan_destroy(refined);
  }
  gcut_plan_destroy(cut);
  release(t);
}

static void exact(void **state) {
  (void)state;
  uint64_t seed = 17;
  tally n = {0};
  for (int round = 0; round < 300; round++)
    compare(toy_trace(small_graph(&seed, 5 + random_below(&seed, 3)), 64), &n);
  assert_true(n.n_compared > 150 && n.n_better > 50 && n.n_again > 10);
}

static void exact_around_attention(void **state) {
  (void)state;
  uint64_t seed = 29;
  tally n = {0};
  for (int round = 0; round < 300; round++)
    compare(trace_of(attending_graph(&seed, 6 + random_below(&seed, 2))), &n);
  assert_true(n.n_groups == n.n_compared && n.n_compared > 100 && n.n_better > 50);
}

// ---- large graphs -----------------------------------------------------------------------------

static uint32_t part_of(const gcut_plan *plan, uint32_t node) {
  for (uint32_t p = 0; p < plan->n_parts; p++)
    if (holds(plan->parts[p].nodes, plan->parts[p].n_nodes, node)) return p;
  return GCUT_NONE;
}

// An operator that is a target runs once: cheap as it may be, its part is there for it.
static void check_target(const gcut_plan *cut, const gcut_plan *refined, uint32_t node) {
  assert_int_equal(part_of(refined, node), part_of(cut, node));
  for (uint32_t p = 0; p < refined->n_parts; p++)
    assert_false(holds(refined->parts[p].recomputed, refined->parts[p].n_recomputed, node));
}

static void never_worse(void **state) {
  (void)state;
  uint64_t seed = 23;
  for (int round = 0; round < 60; round++) {
    gcut_trace *t = toy_trace(random_graph(&seed, 150), 64);
    const char *target = round % 2 ? "Relu" : "MatMul";
    gcut_cut_options options = {.targets = &target, .n_targets = 1, .unrefined = true};
    gcut_plan *cut, *refined;
    assert_ok(gcut_plan_create(t, &options, &cut, err));
    options.unrefined = false;
    assert_ok(gcut_plan_create(t, &options, &refined, err));
    assert_ok(gcut_plan_verify(t, refined, err));
    assert_true(plan_cost(refined) <= cut->crossing_bytes);
    assert_int_equal(refined->unrefined_bytes, cut->crossing_bytes);
    assert_int_equal(refined->pipeline_bytes, cut->pipeline_bytes);
    assert_true(refined->crossing_bytes <= refined->pipeline_bytes);
    assert_int_equal(refined->n_parts, cut->n_parts);
    for (uint32_t n = 0; n < t->graph->n_nodes; n++)
      if (!strcmp(t->graph->nodes[n].op_type, target) && part_of(cut, n) != GCUT_NONE)
        check_target(cut, refined, n);
    for (uint32_t p = 0; p < refined->n_parts; p++) {
      assert_true(refined->parts[p].n_nodes > refined->parts[p].n_recomputed);
      assert_true(p == 0 || refined->parts[p].n_outputs > 0);
    }
    gcut_plan_destroy(refined);
    gcut_plan_destroy(cut);
    release(t);
  }
}

// A mask made in the head and read by every layer is made in each of them instead.
static void mask(void **state) {
  (void)state;
  static const int64_t full[] = {0, 256}, tall[] = {0, 1}, square[] = {256, 256};
  gcut_graph *g = toy_begin();
  toy_input(g, "ids", 2, full);
  toy_input(g, "keep", 2, tall);
  toy_weight(g, "W", 2, square);
  toy_node(g, 0, "embed", "MatMul", "ids W", "h0");
  toy_node(g, 0, "negate", "Neg", "keep", "k");
  toy_node(g, 0, "spread", "Expand", "k shape", "mask");
  toy_node(g, 0, "shape", "Shape", "ids", "shape");
  for (int i = 0; i < 3; i++) {
    char name[32], in[32], out[16];
    snprintf(name, sizeof name, "layer.%d", i);
    uint32_t layer = toy_scope(g, 0, name, "Layer");
    snprintf(name, sizeof name, "mm%d", i);
    snprintf(in, sizeof in, "h%d W", i);
    snprintf(out, sizeof out, "a%d", i);
    toy_node(g, layer, name, "MatMul", in, out);
    snprintf(name, sizeof name, "add%d", i);
    snprintf(in, sizeof in, "a%d mask", i);
    snprintf(out, sizeof out, "h%d", i + 1);
    toy_node(g, layer, name, "Add", in, out);
  }
  toy_output(g, "h3");
  gcut_trace *t = toy_trace(g, 64);
  const char *target = "Layer";
  gcut_cut_options options = {.targets = &target, .n_targets = 1};
  gcut_plan *plan;
  assert_ok(gcut_plan_create(t, &options, &plan, err));
  assert_ok(gcut_plan_verify(t, plan, err));
  assert_int_equal(plan->n_parts, 4);
  assert_int_equal(plan->unrefined_bytes, 6 * 64 * 256 * 4); // h and the mask, into each layer
  // h into each layer; k, as small as what it is made of, into two more than one
  assert_int_equal(plan->crossing_bytes, 3 * 64 * 256 * 4 + 2 * 64 * 4);
  assert_int_equal(plan->parts[1].n_recomputed, 0); // the first layer is where it is made now
  assert_int_equal(plan->parts[2].n_recomputed, 1);
  gcut_plan_destroy(plan);
  release(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exact),
      cmocka_unit_test(exact_around_attention),
      cmocka_unit_test(never_worse),
      cmocka_unit_test(mask),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
