// Fused groups on a card: the same for every cut, by types and shapes.
#include "tests/exec/cuda/steps.h"

// A residual, attention over two heads of 16 in that type, and what is wanted of it.
static const char text[] =
    "<ir_version: 10, opset_import: [\"\": 18]> g (%1$s[batch,seq,32] x, %1$s[32,32] w,"
    " %1$s[batch,1,seq,seq] mask) => (%1$s[batch,seq,32] z)"
    "<int64[4] split = {0, 0, 2, 16}, int64[3] flat = {0, 0, 32}, %1$s s = {0.5}> {"
    " qw = MatMul(x, w) qs = Reshape(qw, split) q = Transpose<perm = [0, 2, 1, 3]>(qs)"
    " kw = MatMul(x, w) ks = Reshape(kw, split) kt = Transpose<perm = [0, 2, 3, 1]>(ks)"
    " vw = MatMul(x, w) vs = Reshape(vw, split) v = Transpose<perm = [0, 2, 1, 3]>(vs)"
    " half = Mul(q, s) product = MatMul(half, kt) scores = Add(product, mask) p = Softmax(scores)"
    " y = MatMul(p, v) t = Transpose<perm = [0, 2, 1, 3]>(y) back = Reshape(t, flat)"
    " out = MatMul(back, w) z = Add(out, x) }";

// The operator as PyTorch writes it for opset 23: heads turned, keys and values repeated before it.
static const char operator[] =
    "<ir_version: 10, opset_import: [\"\": 23]> g (%1$s[batch,seq,4,64] qs,"
    " %1$s[batch,2,seq,64] k, %1$s[batch,seq,2,64] vs, bool[batch,1,seq,seq] mask)"
    " => (%1$s[batch,seq,256] z)"
    "<int64[1] two = {2}, int64[5] wide = {1, 1, 2, 1, 1}, int64[4] heads = {0, 4, -1, 64},"
    " int64[3] flat = {0, -1, 256}> {"
    " q = Transpose<perm = [0, 2, 1, 3]>(qs) v = Transpose<perm = [0, 2, 1, 3]>(vs)"
    " k1 = Unsqueeze(k, two) k2 = Expand(k1, wide) k3 = Reshape(k2, heads)"
    " v1 = Unsqueeze(v, two) v2 = Expand(v1, wide) v3 = Reshape(v2, heads)"
    " y = Attention<scale = 0.125>(q, k3, v3, mask)"
    " t = Transpose<perm = [0, 2, 1, 3]>(y) z = Reshape(t, flat) }";

static fixture begin(const char *type, bool unfused) {
  return begin_text(text, type, unfused);
}

static bool hides(const fixture *f, const gcut__fusion *fusion, const char *value) {
  for (uint32_t i = 0; i < fusion->n_hidden; i++)
    if (!strcmp(made(f, fusion->hidden[i]), value)) return true;
  return false;
}

// Attention computed in one step, over all parts of the plan: "t: qs ks vs mask", "" where there is
// none. Fails where it is there twice.
static const char *attention(fixture *f, const gcut_plan *plan) {
  char *found = gcut_arena_alloc(f->arena, 256, 1);
  for (uint32_t p = 0; p < plan->n_parts; p++) {
    gcut__cuda_fusions all;
    assert_ok(gcut__cuda_fuse(NULL, f->t, &plan->parts[p], f->arena, &all, err));
    for (uint32_t i = 0; i < all.n; i++) {
      const gcut__fusion *fusion = &all.bases[i];
      if (!hides(f, fusion, "p") || !hides(f, fusion, "product")) continue;
      assert_string_equal(found, "");
      int n = snprintf(found, 256, "%s:", made(f, fusion->node));
      for (uint32_t r = 0; r < fusion->n_reads; r++)
        n += snprintf(found + n, 256 - (size_t)n, " %s", f->g->values[fusion->reads[r]].name);
    }
  }
  return found;
}

static void expect(fixture *f, const gcut_cut_options *options, const char *expected) {
  gcut_plan *plan;
  assert_ok(gcut_plan_create(f->t, options, &plan, err));
  assert_string_equal(attention(f, plan), expected);
  gcut_plan_destroy(plan);
}

// Transposes around it may be cut away; what is computed in one step is the same.
static void attention_is_whole_in_every_cut(void **state) {
  (void)state;
  fixture f = begin("float16", false);
  const char *targets[] = {"MatMul", "Softmax", "Mul", "Add", "Reshape"};
  gcut_cut_options one = {.cutter = "balanced", .n_parts = 1};
  expect(&f, &one, "t: qs ks vs mask");
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
    gcut_plan *plan;
    gcut_cut_options o = {.targets = &targets[i], .n_targets = 1};
    assert_ok(gcut_plan_create(f.t, &o, &plan, err));
    assert_true(plan->n_parts > 1);
    assert_string_not_equal(attention(&f, plan), "");
    gcut_plan_destroy(plan);
  }
  end(f);
}

// Of 16 bits, scores in float32: with a bias, and flags that choose; of operands in float32, with
// the result.
static void attention_between_casts(void **state) {
  (void)state;
  static const char biased[] =
      "<ir_version: 10, opset_import: [\"\": 18]> g (%1$s[batch,2,seq,16] q,"
      " %1$s[batch,2,seq,16] k, %1$s[batch,2,seq,16] v, float[2,1,seq] bias,"
      " bool[batch,1,seq,seq] hidden) => (%1$s[batch,2,seq,16] y) <float least = {-65504}> {"
      " kt = Transpose<perm = [0, 1, 3, 2]>(k) product = MatMul(q, kt) wide = Cast<to = 1>(product)"
      " sum = Add(wide, bias) scores = Where(hidden, least, sum) w = Softmax(scores)"
      " p = Cast<to = 10>(w) y = MatMul(p, v) }";
  static const char results[] =
      "<ir_version: 10, opset_import: [\"\": 18]> g (%1$s[batch,2,seq,16] q,"
      " %1$s[batch,2,seq,16] k, %1$s[batch,2,seq,16] v, bool[batch,1,seq,seq] seen)"
      " => (float[batch,2,seq,16] y) <float zero = {0}, float least = {-inf}> {"
      " qw = Cast<to = 1>(q) kw = Cast<to = 1>(k) kt = Transpose<perm = [0, 1, 3, 2]>(kw)"
      " product = MatMul(qw, kt) mask = Where(seen, zero, least) scores = Add(product, mask)"
      " p = Softmax(scores) vw = Cast<to = 1>(v) y = MatMul(p, vw) }";
  gcut_cut_options one = {.cutter = "balanced", .n_parts = 1};
  fixture f = begin_text(biased, "float16", false);
  expect(&f, &one, "y: q k v bias hidden");
  end(f);
  for (int i = 0; i < 2; i++) {
    f = begin_text(results, i ? "bfloat16" : "float16", false);
    expect(&f, &one, "y: q k v seen");
    end(f);
  }
}

static void what_there_is_no_kernel_for(void **state) {
  (void)state;
  gcut_cut_options one = {.cutter = "balanced", .n_parts = 1};
  fixture wide = begin("double", false);
  expect(&wide, &one, "");
  end(wide);
  fixture unfused = begin("float16", true);
  expect(&unfused, &one, "");
  end(unfused);
  fixture fetched = begin("bfloat16", false);
  expect(&fetched, &one, "t: qs ks vs mask");
  one.fetch = (const char *[]){"z", "p"};
  one.n_fetch = 2;
  expect(&fetched, &one, "");
  end(fetched);
}

static void the_operator_reads_through_what_moves_heads(void **state) {
  (void)state;
  expect_steps(NULL, operator, "", "", "bfloat16", "t: qs k vs mask, hides 9");
  // Somebody else reads the repeated keys: values alone could be grouped, which no kernel does.
  expect_steps(NULL, operator, "z = Reshape(t, flat)",
               "u = Reshape(k3, flat) z0 = Reshape(t, flat) z = Add(u, z0)", "float16", "");
  // Somebody else reads the result.
  expect_steps(NULL, operator, "z = Reshape(t, flat)",
               "u = Reshape(y, flat) z0 = Reshape(t, flat) z = Add(u, z0)", "float16",
               "y: qs k vs mask, hides 8");
  expect_steps(NULL, operator, "", "", "double", "");
}

// A residual of two sums, the first of a bias, its norm, and what reads both.
#define NORM(name, weights, norm)                                                                  \
  static const char name[] =                                                                       \
      "<ir_version: 10, opset_import: [\"\": 23]> g (%1$s[batch,seq,64] x, %1$s[batch,seq,64] r,"  \
      " %1$s[64] w, %1$s[64] b, %1$s[64,64] m) => (%1$s[batch,seq,64] z)" weights " {"             \
      " a = MatMul(x, m) c = Add(b, a) s = Add(r, c) " norm                                        \
      " t = MatMul(y, m) z = Where(q, s, t) }"
NORM(rms, "<bool q = {1}>", "y = RMSNormalization<axis = -1>(s, w)");
NORM(layer, "<bool q = {1}>", "y = LayerNormalization<axis = -1>(s, w, b)");
// Between Casts: of bfloat16.
NORM(spelled_rms, "<bool q = {1}, float two = {2}, float e = {0.001}, int64[1] axis = {-1}>",
     "u = Cast<to = 1>(s) p = Pow(u, two) e1 = ReduceMean(p, axis) e2 = Add(e1, e) e3 = Sqrt(e2)"
     " e4 = Reciprocal(e3) e5 = Mul(u, e4) e6 = Cast<to = 16>(e5) y = Mul(w, e6)");
NORM(spelled_layer, "<bool q = {1}, %1$s two = {2.0}, %1$s e = {0.001}, int64[1] axis = {-1}>",
     "e1 = ReduceMean(s, axis) d = Sub(s, e1) p = Pow(d, two) e2 = ReduceMean(p, axis)"
     " e3 = Add(e2, e) e4 = Sqrt(e3) e5 = Div(d, e4) e6 = Mul(e5, w) y = Add(e6, b)");

static void a_sum_and_its_norm_are_one_step(void **state) {
  (void)state;
  const char *types[] = {"float", "float16", "bfloat16"};
  for (size_t i = 0; i < 3; i++) {
    expect_steps(NULL, rms, "", "", types[i], "y: a w r b, hides 2 but s");
    expect_steps(NULL, layer, "", "", types[i], "y: a w b r b, hides 2 but s");
    expect_steps(NULL, spelled_layer, "", "", types[i], "y: a w b r b, hides 10 but s");
  }
  expect_steps(NULL, spelled_rms, "", "", "bfloat16", "y: a w r b, hides 10 but s");
  // Nobody else reads the sum.
  expect_steps(NULL, rms, "Where(q, s, t)", "Where(q, t, r)", "float16", "y: a w r b, hides 2");
  // Somebody reads it before the norm is there.
  expect_steps(NULL, rms, "y = RMSNormalization<axis = -1>(s, w)",
               "n = MatMul(s, m) o = RMSNormalization(s, w) y = MatMul(o, n)", "float16",
               "s: b a r, hides 1");
  // The bias is read with it, or is none; what is normalised is no sum of two tensors.
  expect_steps(NULL, rms, "Where(q, s, t)", "Where(q, c, t)", "float16", "y: c w r, hides 1");
  expect_steps(NULL, rms, "Add(b, a)", "Sub(a, b)", "float16", "y: c w r, hides 1 but s");
  expect_steps(NULL, layer, "s = Add(r, c)", "s = Add(c, w)", "float16", "s: b a w, hides 1");
  // Statistics are wanted, too.
  expect_steps(NULL, layer, "y = Layer", "y, mean = Layer", "float16", "s: b a r, hides 1");
}

// Halves of the last dimension, turned.
static const char rotary[] =
    "<ir_version: 10, opset_import: [\"\": 23]> g (%1$s[batch,2,seq,16] x, %1$s[1,1,seq,16] c,"
    " %1$s[seq,16] s) => (%1$s[batch,2,seq,16] z) <int64[1] zero = {0}, int64[1] half = {8},"
    " int64[1] end = {100}, int64[1] axis = {3}, int64 one = {1}> { x1 = CumSum(x, one)"
    " straight = Mul(x1, c) low = Slice(x1, zero, half, axis) high = Slice(x1, half, end, axis)"
    " minus = Neg(high) turned = Concat<axis = -1>(minus, low) across = Mul(s, turned)"
    " y = Add(straight, across) z = CumSum(y, one) }";

static void tables_of_any_rank_turn_heads(void **state) {
  (void)state;
  expect_steps(NULL, rotary, "", "", "bfloat16", "y: x1 c s, hides 6");
  expect_steps(NULL, rotary, "[1,1,seq,16] c", "[1,seq,16] c", "float", "y: x1 c s, hides 6");
  // One row for all, or rows of each head's own.
  const char *by_elements = "y: s turned x1 c, hides 2";
  expect_steps(NULL, rotary, "[1,1,seq,16] c", "[16] c", "bfloat16", by_elements);
  expect_steps(NULL, rotary, "[1,1,seq,16] c", "[2,seq,16] c", "bfloat16", by_elements);
}

// A part of heads, neighbours: what is not turned is copied within the step, and heads are read as
// they lie before a Transpose.
static const char partly[] =
    "<ir_version: 10, opset_import: [\"\": 23]> g (%1$s[batch,seq,2,16] x, %1$s[1,1,seq,4] c,"
    " %1$s[1,1,seq,4] s) => (%1$s[batch,2,seq,16] z) <int64[1] zero = {0}, int64[1] one = {1},"
    " int64[1] two = {2}, int64[1] end = {100}, int64[1] axis = {3}, int64 first = {1}> {"
    " x1 = CumSum(x, first) xt = Transpose<perm = [0, 2, 1, 3]>(x1)"
    " own, rest = Split<axis = 3, num_outputs = 2>(xt) low = Slice(own, zero, end, axis, two)"
    " high = Slice(own, one, end, axis, two) p = Mul(low, c) q = Mul(high, s) less = Sub(p, q)"
    " r = Mul(high, c) t = Mul(low, s) more = Add(r, t)"
    " y = Concat<axis = -1>(less, more, rest) z = CumSum(y, first) }";

static void parts_of_heads_are_turned_in_one_step(void **state) {
  (void)state;
  expect_steps(NULL, partly, "", "", "float16", "y: x1 c s, hides 10");
  // Where another reads what is not turned, nodes are computed one by one.
  expect_steps(NULL, partly, "r = Mul(high, c)", "w = CumSum(rest, first) r = Mul(high, c)",
               "float16", "less: high s low c, hides 2; more: low s high c, hides 2");
}

// Tables of a rotary embedding: an outer product, turned and repeated.
static const char tables[] =
    "<ir_version: 10, opset_import: [\"\": 23]> g (%1$s[1,64,1] f, %1$s[1,1,seq] p,"
    " %1$s[batch,seq,128] x) => (%1$s[batch,seq,128] z) <int64 one = {1}> {"
    " a = MatMul(f, p) t = Transpose<perm = [0, 2, 1]>(a) c = Concat<axis = -1>(t, t)"
    " c1 = Cos(c) c2 = Neg(c1) s1 = Sin(c) s2 = Neg(s1)"
    " d = Sub(c2, s2) e = CumSum(d, one) z = Mul(x, e) }";

static void what_lies_behind_a_table_is_read(void **state) {
  (void)state;
  const char *end = "d = Sub(c2, s2) e = CumSum(d, one)", *types[] = {"float", "bfloat16"};
  for (size_t i = 0; i < 2; i++) {
    expect_steps(NULL, tables, "", "", types[i], "d: f p, hides 7");
    // Two steps read it: nobody makes the table.
    expect_steps(NULL, tables, end, "u = CumSum(c2, one) v = CumSum(s2, one) e = Mul(u, v)",
                 types[i], "c2: f p, hides 4; s2: f p, hides 1; z: u v x, hides 1");
    // Somebody else reads the table.
    expect_steps(NULL, tables, end, "u = CumSum(c, one) v = CumSum(s2, one) e = Mul(u, v)",
                 types[i], "s2: f p, hides 1; z: u v x, hides 1");
    // What was moved is no product.
    expect_steps(NULL, tables, "a = MatMul(f, p)", "a0 = MatMul(f, p) a = CumSum(a0, one)",
                 types[i], "d: c, hides 4");
  }
}

// Rows that pick their matrices.
static const char experts[] =
    "<ir_version: 10, opset_import: [\"\": 21]> g (%1$s[4,16,32] w, int64[batch,seq,1] ids,"
    " %1$s[batch,seq,32] x) => (%1$s[batch,seq,16,1] z) <int64[1] end = {-1}> {"
    " g = GatherND(w, ids) u = Unsqueeze(x, end) z = MatMul(g, u) }";

static void matrices_that_rows_pick_are_not_gathered(void **state) {
  (void)state;
  const char *types[] = {"float", "float16", "bfloat16", "double"};
  for (size_t i = 0; i < 4; i++)
    expect_steps(NULL, experts, "", "", types[i], "z: w ids x, hides 2");
  // One row for all that a sample picks.
  expect_steps(NULL, experts, "%1$s[batch,seq,32] x", "%1$s[batch,1,32] x", "float",
               "z: w ids x, hides 2");
  // They are wanted by others, too.
  expect_steps(NULL, experts, "z = MatMul(g, u)",
               "y = MatMul(g, u) n = ReduceSum(g, end) z = Add(y, n)", "float", "");
  // More of them than the card lists rows of.
  expect_steps(NULL, experts, "%1$s[4,16,32] w", "%1$s[5000,16,32] w", "float", "");
}

// A token's row is written for each of its choices.
static const char repeated[] =
    "<ir_version: 10, opset_import: [\"\": 21]> g (%1$s[4,16,32] w, int64[batch,seq,2] chosen,"
    " %1$s[batch,seq,32] x) => (%1$s[batch,seq,32] z) <int64[1] end = {-1}, int64[1] at = {2},"
    " int64[4] twice = {1, 1, 2, 1}, int64[2] flat = {-1, 32}, int64[2] tuples = {-1, 1},"
    " int64[3] back = {1, -1, 32}> {"
    " ids = Reshape(chosen, tuples) x1 = Unsqueeze(x, at) x2 = Expand(x1, twice)"
    " x3 = Reshape(x2, flat) g = GatherND(w, ids) u = Unsqueeze(x3, end) p = MatMul(g, u)"
    " z = Reshape(p, back) }";

static void rows_are_not_repeated(void **state) {
  (void)state;
  expect_steps(NULL, repeated, "", "", "bfloat16", "p: w ids x1, hides 4");
  // Others read them, too.
  expect_steps(NULL, repeated, "z = Reshape(p, back)",
               "y = Reshape(p, back) s = ReduceSum(x3) z = Add(y, s)", "bfloat16",
               "p: w ids x3, hides 2");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(attention_is_whole_in_every_cut),
      cmocka_unit_test(attention_between_casts),
      cmocka_unit_test(what_there_is_no_kernel_for),
      cmocka_unit_test(a_sum_and_its_norm_are_one_step),
      cmocka_unit_test(the_operator_reads_through_what_moves_heads),
      cmocka_unit_test(tables_of_any_rank_turn_heads),
      cmocka_unit_test(parts_of_heads_are_turned_in_one_step),
      cmocka_unit_test(what_lies_behind_a_table_is_read),
      cmocka_unit_test(matrices_that_rows_pick_are_not_gathered),
      cmocka_unit_test(rows_are_not_repeated),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
