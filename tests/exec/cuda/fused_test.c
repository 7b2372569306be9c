// What fused groups compute on a card, in software where the machine has that one: the bits of
// their nodes one by one, near to what the CPU computes.
#include <stdio.h>
#include <stdlib.h>

#include "exec/cuda/fuse.h"
#include "graphcut/formats.h"
#include "graphcut/run.h"
#include "tests/support/check.h"
#include "tests/support/open_card.h"
#include "tests/support/random_graph.h"
#include "tracer/base/narrow.h"

static bool has_card;

enum { MOST_OUTPUTS = 4, MOST_TYPES = 32 };

typedef struct job {
  const gcut_graph *graph;
  const gcut_trace *trace;
  gcut_tensor *made[MOST_OUTPUTS];
  uint32_t n_made;
} job;

// ---- running ------------------------------------------------------------------------------------

// Eighths between -2 and 2 in some order: every type has them.
static gcut_status read_inputs(void *context, size_t batch, gcut_tensor **inputs, gcut_error *err) {
  const job *j = context;
  const gcut_body *body = &j->graph->bodies[0];
  uint64_t random = 1;
  (void)batch;
  for (uint32_t i = 0; i < body->n_inputs; i++) {
    const gcut_type *t = &j->trace->facts[body->inputs[i]].type;
    gcut_status status =
        gcut_tensor_create_uninitialized((gcut_dtype)t->type, t->rank, t->dims, &inputs[i], err);
    if (status != GCUT_OK) return status;
    uint64_t n = inputs[i]->bytes * 8 / gcut_dtype_bits(inputs[i]->type);
    for (uint64_t k = 0; k < n; k++) {
      float x = (float)random_below(&random, 33) / 8 - 2;
      if (t->type == GCUT_FLOAT) ((float *)inputs[i]->data)[k] = x;
      if (t->type == GCUT_FLOAT16) ((uint16_t *)inputs[i]->data)[k] = gcut_to_float16(x);
      if (t->type == GCUT_BFLOAT16) ((uint16_t *)inputs[i]->data)[k] = gcut_to_bfloat16(x);
      if (t->type == GCUT_BOOL) ((uint8_t *)inputs[i]->data)[k] = x > -1;
      if (t->type == GCUT_UINT8)
        ((uint8_t *)inputs[i]->data)[k] = (uint8_t)random_below(&random, 256);
    }
  }
  return GCUT_OK;
}

static gcut_status keep(void *context, size_t batch, gcut_tensor *const *made, gcut_error *err) {
  job *j = context;
  (void)batch;
  for (uint32_t i = 0; i < j->n_made; i++) {
    gcut_status status = gcut_tensor_create_uninitialized(made[i]->type, made[i]->rank,
                                                          made[i]->dims, &j->made[i], err);
    if (status != GCUT_OK) return status;
    memcpy(j->made[i]->data, made[i]->data, made[i]->bytes);
  }
  return GCUT_OK;
}

// Every operator begins a part where `apart`: types are interned.
static gcut_cut_options cut_options(const gcut_graph *g, bool apart, const char **types) {
  gcut_cut_options o = {.cutter = apart ? NULL : "balanced", .n_parts = !apart, .unrefined = true};
  for (uint32_t i = 0; apart && i < g->n_nodes; i++) {
    size_t k = 0;
    while (k < o.n_targets && types[k] != g->nodes[i].op_type) k++;
    assert_true(k < MOST_TYPES);
    types[k] = g->nodes[i].op_type;
    if (k == o.n_targets) o.n_targets++;
  }
  o.targets = types;
  return o;
}

static job compute(const char *text, const char *device, bool apart) {
  const char *types[MOST_TYPES];
  gcut_graph *g;
  gcut_trace *trace;
  gcut_plan *plan;
  gcut_run_result result;
  job j = {0};
  assert_ok(gcut_gcir_parse(text, strlen(text), "test", NULL, &g, err));
  assert_ok(gcut_trace_folded(g, NULL, &trace, err));
  gcut_cut_options cut = cut_options(g, apart, types);
  assert_ok(gcut_plan_create(trace, &cut, &plan, err));
  j.graph = g;
  j.trace = trace;
  j.n_made = plan->n_fetches;
  if (apart) assert_true(plan->n_parts > 1);
  gcut_run_options options = {.device = device, .offload = "sequential"};
  gcut_source source = {.read = read_inputs, .context = &j, .n_batches = 1};
  gcut_sink sink = {.write = keep, .context = &j};
  assert_ok(gcut_run(g, plan, &options, &source, &sink, &result, err));
  assert_string_equal(result.host_operators, "");
  gcut_plan_destroy(plan);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
  return j;
}

static void end(job *j) {
  for (uint32_t i = 0; i < j->n_made; i++) gcut_tensor_unref(j->made[i]);
}

// As near to what the CPU computes.
static job expect_near(const char *text, double tolerance) {
  job whole = compute(text, "cuda", false), cpu = compute(text, "cpu", false);
  for (uint32_t i = 0; i < whole.n_made; i++) {
    gcut_comparison c;
    assert_ok(gcut_compare("made", whole.made[i], cpu.made[i], tolerance, tolerance, &c, err));
    if (!c.ok) fail_msg("%g away from the CPU's in %s", c.max_abs_error, text);
  }
  end(&cpu);
  return whole;
}

// And with the bits of the nodes one by one.
static void expect_bits(const char *text, double tolerance) {
  job whole = expect_near(text, tolerance), apart = compute(text, "cuda", true);
  for (uint32_t i = 0; i < whole.n_made; i++)
    if (!gcut_tensor_equal(whole.made[i], apart.made[i])) fail_msg("other bits in %s", text);
  end(&whole);
  end(&apart);
}

// ---- a sum and its norm -------------------------------------------------------------------------

#define HEAD                                                                                       \
  "<ir_version: 10, opset_import: [\"\": 23]> g (%1$s[2,3,%2$d] x, %1$s[2,3,%2$d] r, %1$s[%2$d] "  \
  "w, %1$s[%2$d] b) => (%1$s[2,3,%2$d] y, %1$s[2,3,%2$d] s) "
static const char *const norms[] = {
    HEAD "{ c = Add(b, x) s = Add(r, c) y = RMSNormalization<epsilon = 0.01>(s, w) }",
    HEAD "{ c = Add(x, b) s = Add(c, r) y = LayerNormalization(s, w, b) }",
    HEAD "{ s = Add(x, r) y = LayerNormalization(s, w) }",
    HEAD "<float two = {2}, float e = {0.001}, int64[1] axis = {-1}> {"
         " s = Add(x, r) u = Cast<to = 1>(s) p = Pow(u, two) e1 = ReduceMean(p, axis)"
         " e2 = Add(e1, e) e3 = Sqrt(e2) e4 = Reciprocal(e3) e5 = Mul(u, e4)"
         " e6 = CastLike(e5, s) y = Mul(w, e6) }",
    HEAD "<%1$s two = {2.0}, %1$s e = {0.001}, int64[1] axis = {-1}> {"
         " s = Add(x, r) e1 = ReduceMean(s, axis) d = Sub(s, e1) p = Pow(d, two)"
         " e2 = ReduceMean(p, axis) e3 = Add(e2, e) e4 = Sqrt(e3) e5 = Div(d, e4)"
         " e6 = Mul(e5, w) y = Add(e6, b) }"};

// Rows of one, two, four and eight runs, the last ones cut off.
static void a_sum_and_its_norm(void **state) {
  (void)state;
  if (!has_card) skip(); // no driver, and none in software
  static const struct {
    const char *type;
    double tolerance;
  } types[] = {{"float", 1e-5}, {"float16", 1e-2}, {"bfloat16", 5e-2}};
  static const int columns[] = {8, 2056, 8184, 8200};
  for (size_t t = 0; t < 3; t++)
    for (size_t i = 0; i < sizeof norms / sizeof *norms; i++)
      for (size_t k = 0; k < 4; k++) {
        char text[1024];
        snprintf(text, sizeof text, norms[i], types[t].type, columns[k]);
        expect_bits(text, types[t].tolerance);
      }
}

// ---- attention in float32 -----------------------------------------------------------------------

#define OPERATOR(mask, attributes, operands)                                                       \
  "<ir_version: 10, opset_import: [\"\": 23]> g (float[2,4,%1$d,%3$d] q, float[2,2,%2$d,%3$d] k,"  \
  " float[2,2,%2$d,%3$d] v" mask ") => (float[2,4,%1$d,%3$d] y) {"                                 \
  " y = Attention" attributes "(q, k, v" operands ") }"

// Heads as rows of one matrix, keys repeated for groups of queries, a mask that hides much.
static const char turned[] =
    "<ir_version: 10, opset_import: [\"\": 23]> g (float[2,%1$d,4,%3$d] q, float[2,%2$d,2,%3$d] k,"
    " float[2,2,%2$d,%3$d] v, bool[2,1,%1$d,%2$d] mask) => (float[2,%1$d,4,%3$d] z)"
    "<int64[1] two = {2}, int64[5] wide = {1, 1, 2, 1, 1}, int64[4] heads = {0, 4, -1, %3$d}> {"
    " qt = Transpose<perm = [0, 2, 1, 3]>(q) kt = Transpose<perm = [0, 2, 1, 3]>(k)"
    " k1 = Unsqueeze(kt, two) k2 = Expand(k1, wide) k3 = Reshape(k2, heads)"
    " v1 = Unsqueeze(v, two) v2 = Expand(v1, wide) v3 = Reshape(v2, heads)"
    " y = Attention<scale = 0.125>(qt, k3, v3, mask) z = Transpose<perm = [0, 2, 1, 3]>(y) }";

// Spelled out, with the guard: some rows see nothing but the least number.
static const char spelled[] =
    "<ir_version: 10, opset_import: [\"\": 18]> g (float[2,4,%1$d,%3$d] q, float[2,4,%2$d,%3$d] k,"
    " float[2,4,%2$d,%3$d] v, bool[2,1,%1$d,%2$d] seen) => (float[2,4,%1$d,%3$d] y)"
    "<float zero = {0}, float least = {-3.0e38}, float s = {0.25}> {"
    " mask = Where(seen, zero, least) kt = Transpose<perm = [0, 1, 3, 2]>(k) p1 = MatMul(q, kt)"
    " p2 = Mul(p1, s) p3 = Add(p2, mask) p = Softmax<axis = -1>(p3) nan = IsNaN(p)"
    " w = Where(nan, zero, p) y = MatMul(w, v) }";

// Scores chosen by flags, then added to; and the other way round, with two that are added.
#define MASKED(operands, nodes)                                                                    \
  "<ir_version: 10, opset_import: [\"\": 18]> g (float[2,4,%1$d,%3$d] q, float[2,4,%2$d,%3$d] k,"  \
  " float[2,4,%2$d,%3$d] v" operands ") => (float[2,4,%1$d,%3$d] y)"                               \
  "<float least = {-3.0e38}, float zero = {0}, float s = {0.25}> {"                                \
  " kt = Transpose<perm = [0, 1, 3, 2]>(k) p1 = MatMul(q, kt) p2 = Mul(s, p1) " nodes              \
  " p = Softmax<axis = -1>(p4) y = MatMul(p, v) }"

// Batch and heads in one dimension, the mask by batches, or for all.
static const char views[] =
    "<ir_version: 10, opset_import: [\"\": 18]> g (float[8,%1$d,%3$d] q, float[8,%2$d,%3$d] k,"
    " float[8,%2$d,%3$d] v, float[2,1,%1$d,%2$d] mask) => (float[8,%1$d,%3$d] y)"
    "<float s = {0.25}, int64[4] apart = {2, 4, %1$d, %2$d}, int64[3] as_one = {8, %1$d, %2$d}> {"
    " qs = Mul(q, s) kt = Transpose<perm = [0, 2, 1]>(k) p1 = MatMul(qs, kt)"
    " p2 = Reshape(p1, apart) p3 = Add(p2, mask) p4 = Reshape(p3, as_one) p = Softmax<axis = "
    "-1>(p4)"
    " y = MatMul(p, v) }";
static const char joined[] =
    "<ir_version: 10, opset_import: [\"\": 18]> g (float[8,%1$d,%3$d] q, float[8,%2$d,%3$d] k,"
    " float[8,%2$d,%3$d] v, float[%1$d,%2$d] mask) => (float[8,%1$d,%3$d] y) {"
    " kt = Transpose<perm = [0, 2, 1]>(k) p1 = MatMul(q, kt) p2 = Add(p1, mask)"
    " p = Softmax<axis = -1>(p2) y = MatMul(p, v) }";

// Rows before batch and heads, which are one dimension, on either side.
static const char rows_outermost[] =
    "<ir_version: 10, opset_import: [\"\": 18]> g (float[%1$d,8,%3$d] q, float[%2$d,8,%3$d] k,"
    " float[%2$d,8,%3$d] v, float[2,1,%1$d,%2$d] mask) => (float[%1$d,8,%3$d] z)"
    "<float s = {0.25}, int64[4] apart = {2, 4, %1$d, %2$d}, int64[3] as_one = {8, %1$d, %2$d}> {"
    " qt = Transpose<perm = [1, 0, 2]>(q) vt = Transpose<perm = [1, 0, 2]>(v)"
    " qs = Mul(qt, s) kt = Transpose<perm = [1, 2, 0]>(k) p1 = MatMul(qs, kt)"
    " p2 = Reshape(p1, apart) p3 = Add(p2, mask) p4 = Reshape(p3, as_one) p = Softmax<axis = "
    "-1>(p4)"
    " y = MatMul(p, vt) z = Transpose<perm = [1, 0, 2]>(y) }";
// What is added to scores, and to what: in one dimension, then apart until softmax is done.
static const char beside[] =
    "<ir_version: 10, opset_import: [\"\": 18]> g (float[8,%1$d,%3$d] q, float[8,%2$d,%3$d] k,"
    " float[8,%2$d,%3$d] v, float[8,1,%2$d] bias, float[2,1,%1$d,%2$d] mask)"
    " => (float[8,%1$d,%3$d] y)"
    "<float s = {0.25}, int64[4] apart = {2, 4, %1$d, %2$d}, int64[3] as_one = {8, %1$d, %2$d}> {"
    " kt = Transpose<perm = [0, 2, 1]>(k) p1 = MatMul(q, kt) p2 = Mul(p1, s) p3 = Add(p2, bias)"
    " p4 = Reshape(p3, apart) p5 = Add(p4, mask) p6 = Softmax<axis = -1>(p5)"
    " p = Reshape(p6, as_one) y = MatMul(p, v) }";

// Values of another size than queries, scores within a cap, a sink a head.
#define SIZED(size, operands, constants, nodes)                                                    \
  "<ir_version: 10, opset_import: [\"\": 18]> g (float[2,4,%1$d,%3$d] q, float[2,4,%2$d,%3$d] k,"  \
  " float[2,4,%2$d," size "] v" operands ") => (float[2,4,%1$d," size "] y)"                       \
  "<float s = {0.25}" constants "> {"                                                              \
  " kt = Transpose<perm = [0, 1, 3, 2]>(k) p1 = MatMul(q, kt) p2 = Mul(s, p1) " nodes              \
  " y = MatMul(p, v) }"
#define SINKS                                                                                      \
  ", int64[4] wide = {2, 4, %1$d, 1}, int64[1] last = {-1}, int64[1] zero = {0}, int64[1] axis = " \
  "{3}"
#define CAP ", float cap = {1.5}"

// A batch of windows, each with a mask of its own, beside a bias.
#define WINDOWS(operand, scores)                                                                   \
  "<ir_version: 10, opset_import: [\"\": 18]> g (float[6,4,%1$d,%3$d] q, float[6,4,%2$d,%3$d] k,"  \
  " float[6,4,%2$d,%3$d] v, float[1,3,1,%1$d,%2$d] mask" operand ") => (float[6,4,%1$d,%3$d] y)"   \
  "<float s = {0.25}, int64[5] apart = {-1, 3, 4, %1$d, %2$d},"                                    \
  " int64[4] as_one = {-1, 4, %1$d, %2$d}> {"                                                      \
  " kt = Transpose<perm = [0, 1, 3, 2]>(k) qs = Mul(q, s) p1 = MatMul(qs, kt) " scores             \
  " p3 = Reshape(p2, apart) p4 = Add(p3, mask) p5 = Reshape(p4, as_one)"                           \
  " p = Softmax<axis = -1>(p5) y = MatMul(p, v) }"

static const char *const attentions[] = {
    beside,
    SIZED("20", "", "", "p = Softmax<axis = -1>(p2)"),
    SIZED("72", ", float[2,1,%1$d,%2$d] mask", "", "p3 = Add(p2, mask) p = Softmax<axis = -1>(p3)"),
    SIZED("%3$d", "", CAP,
          "p3 = Div(p2, cap) p4 = Tanh(p3) p5 = Mul(p4, cap) p = Softmax<axis = -1>(p5)"),
    SIZED("%3$d", ", float[1,1,%1$d,%2$d] mask", CAP,
          "p3 = Div(p2, cap) p4 = Tanh(p3) p5 = Mul(cap, p4) p6 = Add(mask, p5)"
          " p = Softmax<axis = -1>(p6)"),
    SIZED("%3$d", ", float[1,4,1,1] sinks", SINKS,
          "all = Expand(sinks, wide) c = Concat<axis = -1>(p2, all) w = Softmax<axis = -1>(c)"
          " p = Slice(w, zero, last, axis)"),
    SIZED("24", ", float[1,4,1,1] sinks, bool[2,1,%1$d,%2$d] seen", SINKS ", float least = {-3e38}",
          "p3 = Where(seen, p2, least) all = Expand(sinks, wide)"
          " c = Concat<axis = -1>(p3, all) top = ReduceMax(c, axis) d = Sub(c, top)"
          " w = Softmax<axis = -1>(d) p = Slice(w, zero, last, axis)"),
    SIZED("%3$d", "", SINKS ", float[1,4,1,1] sinks = {0.5, -1, 2, 0}",
          "all = Expand(sinks, wide) c = Concat<axis = -1>(p2, all) w = Softmax<axis = -1>(c)"
          " p = Slice(w, zero, last, axis)"),
    OPERATOR("", "<softcap = 1.5>", ""),
    OPERATOR(", float[2,4,%1$d,%2$d] mask", "<softcap = 0.75, scale = 0.5>", ", mask"),
    OPERATOR("", "", ""),
    OPERATOR("", "<is_causal = 1>", ""),
    OPERATOR(", float[2,4,%1$d,%2$d] mask", "<scale = 0.5>", ", mask"),
    OPERATOR(", bool[%1$d,%2$d] mask", "", ", mask"),
    turned,
    spelled,
    MASKED(", bool[1,1,%1$d,%2$d] seen", "p4 = Where(seen, p2, least)"),
    MASKED(", bool[2,1,1,%2$d] hidden, float[1,4,%1$d,%2$d] bias",
           "p3 = Where(hidden, least, p2) p4 = Add(bias, p3)"),
    MASKED(", float[2,1,1,%2$d] mask, float[4,%1$d,%2$d] bias",
           "p3 = Add(p2, bias) p4 = Add(p3, mask)"),
    MASKED(", bool[2,1,%1$d,%2$d] hidden", "m = Where(hidden, least, zero) p4 = Add(m, p2)"),
    MASKED(", bool[2,1,%1$d,%2$d] seen, float[1,4,%1$d,%2$d] bias",
           "p3 = Add(p2, bias) m = Where(seen, zero, least) p4 = Add(p3, m)"),
    SIZED("%3$d", ", bool[2,1,%1$d,%2$d] seen", ", float zero = {0}, float none = {-inf}",
          "m = Where(seen, zero, none) p3 = Add(p2, m) p = Softmax<axis = -1>(p3)"),
    SIZED("%3$d", ", bool[1,4,%1$d,%2$d] hidden", ", float zero = {0}, float none = {-inf}",
          "m = Where(hidden, none, zero) p3 = Add(m, p2) p = Softmax<axis = -1>(p3)"),
    views,
    joined,
    rows_outermost,
    WINDOWS(", float[1,4,%1$d,%2$d] bias", "p2 = Add(p1, bias)"),
    WINDOWS(", float[4,1,1] bias", "p2 = Add(p1, bias)"),
};

// All of it runs in one step, but for a mask that is made before.
static void expect_one_step(const char *text) {
  gcut_graph *g;
  gcut_trace *trace;
  gcut_plan *plan;
  gcut__cuda_fusions all;
  gcut_arena *arena = gcut_arena_create();
  uint32_t hidden = 0, nodes = 0;
  assert_ok(gcut_gcir_parse(text, strlen(text), "test", NULL, &g, err));
  assert_ok(gcut_trace_folded(g, NULL, &trace, err));
  assert_ok(gcut_plan_whole(trace, NULL, &plan, err));
  assert_ok(gcut__cuda_fuse(NULL, trace, &plan->parts[0], arena, &all, err));
  for (uint32_t i = 0; i < all.n; i++) hidden += all.bases[i].n_hidden;
  for (uint32_t i = 0; i < plan->parts[0].n_nodes; i++)
    nodes += !trace->folded[plan->parts[0].nodes[i]];
  if (nodes > 2 && (all.n == 0 || nodes - hidden > 2))
    fail_msg("%u nodes, %u hidden in %s", nodes, hidden, text);
  gcut_plan_destroy(plan);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
  gcut_arena_destroy(arena);
}

// Less than a tile, a tile, more; heads shorter than four, of odd and even lengths, of each kernel.
static void attention_in_float32(void **state) {
  static const int shapes[][3] = {{1, 1, 1},    {3, 70, 5},    {64, 64, 16},  {65, 130, 64},
                                  {70, 40, 80}, {20, 33, 128}, {33, 65, 129}, {16, 100, 256}};
  (void)state;
  if (!has_card) skip();
  for (size_t i = 0; i < sizeof attentions / sizeof *attentions; i++)
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
      char text[1024];
      snprintf(text, sizeof text, attentions[i], shapes[k][0], shapes[k][1], shapes[k][2]);
      expect_one_step(text);
      job whole = expect_near(text, 1e-5);
      end(&whole);
    }
}

// ---- products in company
// -------------------------------------------------------------------------

// Queries, keys and values of so many rows that the card's own kernel takes each.
static const char side_by_side[] =
    "<ir_version: 10, opset_import: [\"\": 23]> g (%1$s[3969,1024] x, %1$s[1024,264] wq,"
    " %1$s[1024,264] wk, %1$s[1024,520] wv) => (%1$s[3969,264] y, %1$s[3969,520] z)"
    "<%1$s s = {0.015625}> {"
    " q = MatMul(x, wq) q1 = Mul(q, s) k = MatMul(x, wk) k1 = Mul(k, s) v = MatMul(x, wv)"
    " y = Sub(q1, k1) z = Mul(v, s) }";
static const char with_a_gate[] =
    "<ir_version: 10, opset_import: [\"\": 23]> g (%1$s[2,4033,1024] x, %1$s[1024,72] wg,"
    " %1$s[1024,72] wu) => (%1$s[2,4033,72] y) <%1$s s = {0.015625}> {"
    " xs = Mul(x, s) u = MatMul(xs, wu) g = MatMul(xs, wg) p = Sigmoid(g) gs = Mul(p, g)"
    " y = Mul(gs, u) }";
static const char with_a_residual[] =
    "<ir_version: 10, opset_import: [\"\": 23]> g (%1$s[2,4033,1024] x, %1$s[1024,72] w,"
    " %1$s[2,4033,72] r) => (%1$s[2,4033,72] s) {"
    " p = MatMul(x, w) s = Add(r, p) }";

// With vectors added to rows, by Add or by Gemm, or to some; a residual; activations.
#define ROWS(weights)                                                                              \
  "<ir_version: 10, opset_import: [\"\": 20]> g (%1$s[2,2033,1024] x," weights                     \
  ", %1$s[264] b, %1$s[2,2033,264] r) "
#define ENCODED ROWS(" %1$s[1024,264] w") "=> (%1$s[2,2033,264] y)"
#define FLAT    ROWS(" %1$s[264,1024] w") "=> (%1$s[2,2033,264] y)"
#define SCALED  " xs = Mul(x, s) "
static const char *const with_vectors[] = {
    ROWS(" %1$s[1024,264] w") "=> (%1$s[2,2033,264] q1, %1$s[2,2033,264] k1, %1$s[2,2033,264] v1)"
                              "<%1$s s = {0.015625}> {" SCALED
                              "q = MatMul(xs, w) q0 = Add(q, b) k0 = MatMul(xs, w)"
                              " v = MatMul(xs, w) v0 = Add(b, v) q1 = Mul(q0, s) k1 = Mul(k0, s)"
                              " v1 = Mul(v0, s) }",
    ENCODED "<%1$s s = {0.015625}> {" SCALED "p = MatMul(xs, w) q = Add(p, b) y = Add(r, q) }",
    ENCODED "<%1$s s = {0.015625}> {" SCALED "p = MatMul(xs, w) q = Add(p, b) y = Gelu(q) }",
    ENCODED
    "<%1$s s = {0.015625}, %1$s root = {1.414}, %1$s one = {1.0}, %1$s half = {0.5}> {" SCALED
    "p = MatMul(xs, w) q = Add(p, b) d = Div(q, root) e = Erf(d) f = Add(e, one)"
    " g = Mul(half, f) y = Mul(q, g) }",
    FLAT "<%1$s s = {0.015625}, int64[2] flat = {-1, 1024}, int64[3] deep = {2, -1, 264},"
         " %1$s three = {3.0}, %1$s c = {0.0447}, %1$s k = {0.797}, %1$s one = {1.0},"
         " %1$s half = {0.5}> {" SCALED
         "f = Reshape(xs, flat) p = Gemm<transB = 1>(f, w, b) q = Reshape(p, deep)"
         " h = Mul(q, half) u = Pow(q, three) v = Mul(u, c) t = Add(q, v) m = Mul(t, k)"
         " n = Tanh(m) o = Add(n, one) y = Mul(h, o) }",
    FLAT "<%1$s s = {0.015625}, int64[2] flat = {-1, 1024}, int64[3] deep = {2, -1, 264}> {" SCALED
         "f = Reshape(xs, flat) p = Gemm<transB = 1, alpha = 2.0>(f, w, b) q = Reshape(p, deep)"
         " y = Add(q, r) }",
    ENCODED "<%1$s s = {0.015625}, %1$s c = {1.702}> {" SCALED
            "p = MatMul(xs, w) q = Add(p, b) t = Mul(q, c) u = Sigmoid(t) v = Mul(q, u)"
            " y = Sub(v, r) }",
    ENCODED "<%1$s s = {0.015625}> {" SCALED "p = MatMul(xs, w) q = Relu(p) y = Max(q, r) }",
    ENCODED "<%1$s s = {0.015625}> {" SCALED
            "p = MatMul(xs, w) q = Gelu<approximate = \"tanh\">(p) t = LeakyRelu(q) y = Tanh(t) }"};

static void products_with_what_follows(void **state) {
  (void)state;
  if (!has_card) skip();
  for (size_t i = 0; i < sizeof with_vectors / sizeof *with_vectors; i++) {
    char text[1024];
    snprintf(text, sizeof text, with_vectors[i], i % 2 ? "float16" : "bfloat16");
    expect_bits(text, 5e-2);
  }
}

static void products_in_company(void **state) {
  static const char *const texts[] = {side_by_side, with_a_gate, with_a_residual};
  (void)state;
  if (!has_card) skip();
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    for (int half = 0; half < 2; half++) {
      char text[1024];
      snprintf(text, sizeof text, texts[i], half ? "float16" : "bfloat16");
      expect_bits(text, 5e-2);
    }
}

// Weights of 4 and 8 bits, some with zero points, some beside whole ones.
#define PACKED                                                                                     \
  "<ir_version: 10, opset_import: [\"\": 20, \"com.microsoft\": 1]> g (%1$s[2,2033,1024] x,"       \
  " uint8[264,32,16] w, %1$s[264,32] t, uint8[264,16] o, uint8[264,16,64] w8, %1$s[264,16] t8,"    \
  " %1$s[1024,264] m, %1$s[264] b, %1$s[2,2033,264] r) "
#define BITS4 "com.microsoft.MatMulNBits<K = 1024, N = 264, bits = 4, block_size = 32>"
#define BITS8 "com.microsoft.MatMulNBits<K = 1024, N = 264, bits = 8, block_size = 64>"
static const char *const of_few_bits[] = {
    PACKED "=> (%1$s[2,2033,264] q1, %1$s[2,2033,264] k1)"
           "<%1$s s = {0.015625}> {" SCALED "q = " BITS4 "(xs, w, t, o) q1 = Mul(q, s)"
           " k = " BITS4 "(xs, w, t) k1 = Mul(k, s) }",
    PACKED "=> (%1$s[2,2033,264] y) <%1$s s = {0.015625}, %1$s eighth = {0.125}> {" SCALED
           "t1 = Mul(t8, eighth) q = " BITS8 "(xs, w8, t1, , , b) y = Add(q, r) }",
    PACKED "=> (%1$s[2,2033,264] y) <%1$s s = {0.015625}> {" SCALED "g = " BITS4
           "(xs, w, t, o) p = Sigmoid(g) gs = Mul(p, g) u = " BITS4 "(xs, w, t) y = Mul(gs, u) }",
    PACKED "=> (%1$s[2,2033,264] y) <%1$s s = {0.015625}> {" SCALED "q = " BITS4
           "(xs, w, t, o) a = Add(q, b) y = Gelu(a) }"};

static void products_of_few_bits(void **state) {
  (void)state;
  if (!has_card) skip();
  for (size_t i = 0; i < sizeof of_few_bits / sizeof *of_few_bits; i++) {
    char text[2048];
    snprintf(text, sizeof text, of_few_bits[i], i % 2 ? "float16" : "bfloat16");
    expect_bits(text, 5e-2);
  }
}

// ---- reductions of so many outputs that threads have eight each ---------------------------------

static const char over_rows[] =
    "<ir_version: 10, opset_import: [\"\": 23]> g (%1$s[3,2,5,32776] x) => (%1$s[3,5,32776] y,"
    " %1$s[2,5,32776] z, %1$s[3,1,1,1] s) <int64[1] one = {1}, int64[1] zero = {0},"
    " int64[3] rest = {1, 2, 3}> { y = ReduceMean<keepdims = 0>(x, one)"
    " z = ReduceL1<keepdims = 0>(x, zero) s = ReduceMax(x, rest) }";

static void reductions_over_rows(void **state) {
  static const char *const types[] = {"float", "float16", "bfloat16"};
  (void)state;
  if (!has_card) skip();
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    char text[1024];
    snprintf(text, sizeof text, over_rows, types[i]);
    job whole = expect_near(text, 1e-6);
    end(&whole);
  }
}

// ---- rotary embedding ---------------------------------------------------------------------------

// Heads of %2$d, turned by tables of %3$d a row, in forms of exporters: halves, neighbours, their
// products, the last of a head as neighbours sorted into halves, and in float32 between Casts.
#define TURNED(x, tables, nodes)                                                                   \
  "<ir_version: 10, opset_import: [\"\": 20]> g (%1$s[" x "] x, " tables ") => (%1$s[" x "] y)"    \
  "<int64[1] zero = {0}, int64[1] one = {1}, int64[1] two = {2}, int64[1] half = {%3$d},"          \
  " int64[1] end = {1000}, int64[1] last = {-1}, int64[4] flat = {0, 0, 0, %2$d},"                 \
  " int64[5] deep = {0, 0, 0, -1, 2}> {" nodes " }"
#define HEADS_FIRST(nodes, width)                                                                  \
  TURNED("2,3,5,%2$d", "%1$s[1,1,5," width "] c, %1$s[5," width "] s", nodes)
#define OWN_HALF "low = Slice(x, zero, half, last) high = Slice(x, half, end, last) "
static const char *const turns[] = {
    HEADS_FIRST(OWN_HALF "straight = Mul(x, c) minus = Neg(high)"
                         " turned = Concat<axis = -1>(minus, low) across = Mul(s, turned)"
                         " y = Add(straight, across)",
                "%2$d"),
    TURNED("2,5,3,%2$d", "%1$s[2,5,1,%2$d] c, %1$s[2,5,1,%2$d] s",
           "straight = Mul(x, c) low = Slice(x, zero, end, last, two)"
           " high = Slice(x, one, end, last, two) minus = Neg(high) m = Unsqueeze(minus, last)"
           " l = Unsqueeze(low, last) pairs = Concat<axis = -1>(m, l)"
           " turned = Reshape(pairs, flat) across = Mul(turned, s) y = Add(across, straight)"),
    HEADS_FIRST(OWN_HALF "p = Mul(low, c) q = Mul(high, s) less = Sub(p, q) r = Mul(high, c)"
                         " t = Mul(low, s) more = Add(r, t) y = Concat<axis = -1>(less, more)",
                "%3$d"),
    HEADS_FIRST("rest, own = Split<axis = -1, num_outputs = 2>(x)"
                " low = Slice(own, zero, end, last, two) high = Slice(own, one, end, last, two)"
                " p = Mul(low, c) q = Mul(high, s) less = Sub(p, q) r = Mul(high, c)"
                " t = Mul(low, s) more = Add(r, t) y = Concat<axis = -1>(rest, less, more)",
                "%4$d"),
    TURNED("2,5,3,%2$d", "float[5,1,%2$d] c, float[5,1,%2$d] s",
           "wide = Cast<to = 1>(x) view = Reshape(x, deep) straight = Mul(wide, c)"
           " l1, h1 = Split<axis = -1, num_outputs = 2>(view) low = Squeeze(l1, last)"
           " high = Squeeze(h1, last) minus = Neg(high) m = Unsqueeze(minus, last)"
           " l = Unsqueeze(low, last) pairs = Concat<axis = -1>(m, l)"
           " turned = Reshape(pairs, flat) more = Cast<to = 1>(turned) across = Mul(more, s)"
           " sum = Add(straight, across) y = CastLike(sum, x)")};

// Sizes that come out even for eight pairs a thread, for two, and for one.
static void pairs_are_turned(void **state) {
  static const char *const types[] = {"float", "float16", "bfloat16"};
  static const int sizes[] = {32, 20, 12, 36};
  (void)state;
  if (!has_card) skip();
  for (size_t t = 0; t < 3; t++)
    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++)
      for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        char text[1024];
        snprintf(text, sizeof text, turns[i], types[t], sizes[k], sizes[k] / 2, sizes[k] / 4);
        expect_bits(text, 5e-2);
      }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reductions_over_rows),       cmocka_unit_test(a_sum_and_its_norm),
      cmocka_unit_test(attention_in_float32),       cmocka_unit_test(products_in_company),
      cmocka_unit_test(products_with_what_follows), cmocka_unit_test(products_of_few_bits),
      cmocka_unit_test(pairs_are_turned),
  };
  has_card = argc > 0 && open_card(argv[0]);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
