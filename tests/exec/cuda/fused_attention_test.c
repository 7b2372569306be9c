// Attention in float32 as one step on a card, near to what the CPU computes: the operator, and
// forms that spell it out.
#include <stdio.h>

#include "exec/cuda/fuse.h"
#include "graphcut/formats.h"
#include "graphcut/run.h"
#include "tests/support/check.h"
#include "tests/support/on_card.h"

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
    MASKED(", float[2,4,1,%2$d] bias, bool[2,1,%1$d,%2$d] seen",
           "p3 = Add(p2, bias) p5 = Mul(p3, s) p4 = Where(seen, p5, least)"),
    MASKED(", float[2,1,%1$d,%2$d] mask", "p3 = Add(p2, mask) p4 = Mul(p3, s)"),
    MASKED(", float[4,1,%2$d] bias, bool[2,1,%1$d,%2$d] hidden",
           "p3 = Add(p2, bias) p4 = Where(hidden, least, p3)"),
    MASKED(", bool[2,1,1,%2$d] seen, float[1,4,1,%2$d] bias",
           "p3 = Add(p2, bias) m = Where(seen, zero, least) p4 = Add(p3, m)"),
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
  if (!*state) skip();
  for (size_t i = 0; i < sizeof attentions / sizeof *attentions; i++)
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
      char text[1024];
      snprintf(text, sizeof text, attentions[i], shapes[k][0], shapes[k][1], shapes[k][2]);
      expect_one_step(text);
      expect_near(text, 1e-5);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(attention_in_float32),
  };
  return cmocka_run_group_tests(tests, hold_card, let_card_go);
}
