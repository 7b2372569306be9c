// Fused groups on a card: the same for every cut, by types and shapes. Only what joins products
// needs a card, of Hopper's kind, as the one in software is.
#include "exec/cuda/cuda_open.h"
#include "exec/cuda/fuse.h"

#include <stdio.h>
#include <stdlib.h>

#include "graphcut/formats.h"
#include "graphcut/run.h"
#include "tests/support/check.h"
#include "tests/support/open_card.h"

static gcut__device *card; // in software; NULL: there is none
static gcut__cuda *joins;  // the card, for tests of products; NULL for others

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

typedef struct fixture {
  gcut_graph *g;
  gcut_trace *t;
  gcut_arena *arena;
} fixture;

static fixture begin_text(const char *text, const char *type, bool unfused) {
  fixture f = {.arena = gcut_arena_create()};
  char whole[2048];
  gcut_binding bound[] = {{"batch", 1}, {"seq", 64}};
  gcut_trace_options options = {.bindings = bound, .n_bindings = 2, .unfused = unfused};
  snprintf(whole, sizeof whole, text, type);
  assert_ok(gcut_gcir_parse(whole, strlen(whole), "test", NULL, &f.g, err));
  assert_ok(gcut_trace_folded(f.g, &options, &f.t, err));
  return f;
}

static fixture begin(const char *type, bool unfused) {
  return begin_text(text, type, unfused);
}

static void end(fixture f) {
  gcut_trace_destroy(f.t);
  gcut_graph_destroy(f.g);
  gcut_arena_destroy(f.arena);
}

static const char *made(const fixture *f, uint32_t node) {
  return f->g->values[gcut_node_outputs(f->g, &f->g->nodes[node])[0]].name;
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
    assert_ok(gcut__cuda_fuse(joins, f->t, &plan->parts[p], f->arena, &all, err));
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

// The steps of the whole model: what the last nodes of each make, what it reads and hides; fused
// ones alone.
static const char *steps(fixture *f) {
  char *found = gcut_arena_alloc(f->arena, 1024, 1);
  gcut_cut_options one = {.cutter = "balanced", .n_parts = 1};
  gcut__cuda_fusions all;
  gcut_plan *plan;
  size_t n = 0;
  assert_ok(gcut_plan_create(f->t, &one, &plan, err));
  assert_ok(gcut__cuda_fuse(joins, f->t, &plan->parts[0], f->arena, &all, err));
  for (uint32_t i = all.n; i-- > 0;) {
    const gcut__fusion *fusion = &all.bases[i];
    n += (size_t)snprintf(found + n, 1024 - n, "%s%s:", n ? "; " : "", made(f, fusion->node));
    for (uint32_t r = 0; r < fusion->n_reads; r++)
      if (fusion->reads[r] != GCUT_NONE)
        n += (size_t)snprintf(found + n, 1024 - n, " %s", f->g->values[fusion->reads[r]].name);
    n += (size_t)snprintf(found + n, 1024 - n, ", hides %u", fusion->n_hidden);
    for (uint32_t w = 1; w < fusion->n_writes; w++)
      n += (size_t)snprintf(found + n, 1024 - n, " but %s", f->g->values[fusion->writes[w]].name);
  }
  gcut_plan_destroy(plan);
  return found;
}

// The text with `from` replaced by `to` makes those fused steps.
static void expect_steps(const char *text, const char *from, const char *to, const char *type,
                         const char *expected) {
  const char *at = strstr(text, from);
  char whole[2048];
  assert_non_null(at);
  snprintf(whole, sizeof whole, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
  fixture f = begin_text(whole, type, false);
  assert_string_equal(steps(&f), expected);
  end(f);
}

static void the_operator_reads_through_what_moves_heads(void **state) {
  (void)state;
  expect_steps(operator, "", "", "bfloat16", "t: qs k vs mask, hides 9");
  // Somebody else reads the repeated keys: values alone could be grouped, which no kernel does.
  expect_steps(operator, "z = Reshape(t, flat)",
               "u = Reshape(k3, flat) z0 = Reshape(t, flat) z = Add(u, z0)", "float16", "");
  // Somebody else reads the result.
  expect_steps(operator, "z = Reshape(t, flat)",
               "u = Reshape(y, flat) z0 = Reshape(t, flat) z = Add(u, z0)", "float16",
               "y: qs k vs mask, hides 8");
  expect_steps(operator, "", "", "double", "");
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
    expect_steps(rms, "", "", types[i], "y: a w r b, hides 2 but s");
    expect_steps(layer, "", "", types[i], "y: a w b r b, hides 2 but s");
    expect_steps(spelled_layer, "", "", types[i], "y: a w b r b, hides 10 but s");
  }
  expect_steps(spelled_rms, "", "", "bfloat16", "y: a w r b, hides 10 but s");
  // Nobody else reads the sum.
  expect_steps(rms, "Where(q, s, t)", "Where(q, t, r)", "float16", "y: a w r b, hides 2");
  // Somebody reads it before the norm is there.
  expect_steps(rms, "y = RMSNormalization<axis = -1>(s, w)",
               "n = MatMul(s, m) o = RMSNormalization(s, w) y = MatMul(o, n)", "float16",
               "s: b a r, hides 1");
  // The bias is read with it, or is none; what is normalised is no sum of two tensors.
  expect_steps(rms, "Where(q, s, t)", "Where(q, c, t)", "float16", "y: c w r, hides 1");
  expect_steps(rms, "Add(b, a)", "Sub(a, b)", "float16", "y: c w r, hides 1 but s");
  expect_steps(layer, "s = Add(r, c)", "s = Add(c, w)", "float16", "s: b a w, hides 1");
  // Statistics are wanted, too.
  expect_steps(layer, "y = Layer", "y, mean = Layer", "float16", "s: b a r, hides 1");
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
  expect_steps(rotary, "", "", "bfloat16", "y: x1 c s, hides 6");
  expect_steps(rotary, "[1,1,seq,16] c", "[1,seq,16] c", "float", "y: x1 c s, hides 6");
  // One row for all, or rows of each head's own.
  const char *by_elements = "y: s turned x1 c, hides 2";
  expect_steps(rotary, "[1,1,seq,16] c", "[16] c", "bfloat16", by_elements);
  expect_steps(rotary, "[1,1,seq,16] c", "[2,seq,16] c", "bfloat16", by_elements);
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
  expect_steps(partly, "", "", "float16", "y: x1 c s, hides 10");
  // Where another reads what is not turned, nodes are computed one by one.
  expect_steps(partly, "r = Mul(high, c)", "w = CumSum(rest, first) r = Mul(high, c)", "float16",
               "less: high s low c, hides 2; more: low s high c, hides 2");
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
    expect_steps(tables, "", "", types[i], "d: f p, hides 7");
    // Two steps read it: nobody makes the table.
    expect_steps(tables, end, "u = CumSum(c2, one) v = CumSum(s2, one) e = Mul(u, v)", types[i],
                 "c2: f p, hides 4; s2: f p, hides 1; z: u v x, hides 1");
    // Somebody else reads the table.
    expect_steps(tables, end, "u = CumSum(c, one) v = CumSum(s2, one) e = Mul(u, v)", types[i],
                 "s2: f p, hides 1; z: u v x, hides 1");
    // What was moved is no product.
    expect_steps(tables, "a = MatMul(f, p)", "a0 = MatMul(f, p) a = CumSum(a0, one)", types[i],
                 "d: c, hides 4");
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
  for (size_t i = 0; i < 4; i++) expect_steps(experts, "", "", types[i], "z: w ids x, hides 2");
  // One row for all that a sample picks.
  expect_steps(experts, "%1$s[batch,seq,32] x", "%1$s[batch,1,32] x", "float",
               "z: w ids x, hides 2");
  // They are wanted by others, too.
  expect_steps(experts, "z = MatMul(g, u)", "y = MatMul(g, u) n = ReduceSum(g, end) z = Add(y, n)",
               "float", "");
  // More of them than the card lists rows of.
  expect_steps(experts, "%1$s[4,16,32] w", "%1$s[5000,16,32] w", "float", "");
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
  expect_steps(repeated, "", "", "bfloat16", "p: w ids x1, hides 4");
  // Others read them, too.
  expect_steps(repeated, "z = Reshape(p, back)",
               "y = Reshape(p, back) s = ReduceSum(x3) z = Add(y, s)", "bfloat16",
               "p: w ids x3, hides 2");
}

// SwiGLU of halves of it.
static const char gated[] =
    "<ir_version: 10, opset_import: [\"\": 21]> g (%1$s[4,32,64] w, int64[batch,seq,1] ids,"
    " %1$s[batch,seq,64] x) => (%1$s[batch,seq,16] z) <int64[1] end = {-1}> {"
    " g = GatherND(w, ids) u = Unsqueeze(x, end) p = MatMul(g, u) y = Squeeze(p, end)"
    " a, b = Split<axis = -1, num_outputs = 2>(y) s = Sigmoid(a) t = Mul(a, s) z = Mul(t, b) }";

static void swiglu_of_what_rows_picked(void **state) {
  (void)state;
  joins = NULL;
  expect_steps(gated, "", "", "bfloat16", "p: w ids x, hides 2; z: a b, hides 2");
  if (!card) skip(); // it was not built
  joins = (gcut__cuda *)card;
  expect_steps(gated, "", "", "bfloat16", "z: w ids x, hides 7");
  // Of float32 there is no such kernel, nor where halves change places or others read one.
  const char *apart = "p: w ids x, hides 2; z: a b, hides 2";
  expect_steps(gated, "", "", "float", apart);
  expect_steps(gated, "a, b = Split", "b, a = Split", "bfloat16", apart);
  expect_steps(gated, "z = Mul(t, b)", "c = Mul(t, b) d = CumSum(b, end) z = Sub(c, d)", "bfloat16",
               "p: w ids x, hides 2; c: a b, hides 2");
  joins = NULL;
}

// ---- products

// What a decoder's layer does about its products.
static const char decoder[] =
    "<ir_version: 10, opset_import: [\"\": 23]> g (%1$s[batch,seq,32,1024] x, %1$s[1024,1024] wq,"
    " %1$s[1024,1024] wk, %1$s[1024,1024] wv, %1$s[1024,1024] wo, %1$s[batch,seq,32,1024] r,"
    " %1$s[1024] w, %1$s[1024,1024] wg, %1$s[1024,1024] wu) => (%1$s[batch,seq,32,1024] z)"
    "<int64 one = {1}> {"
    " q = MatMul(x, wq) q1 = CumSum(q, one) k = MatMul(x, wk) k1 = CumSum(k, one)"
    " v = MatMul(x, wv) t0 = Sub(q1, k1) t = Sub(t0, v)"
    " o = MatMul(t, wo) s = Add(r, o) y = RMSNormalization<axis = -1>(s, w)"
    " g = MatMul(y, wg) p = Sigmoid(g) gs = Mul(g, p) u = MatMul(y, wu) h = Mul(gs, u)"
    " d = MatMul(h, wo) z = Add(d, s) }";

#define T_STEP "t: q1 k1 v, hides 1"
#define Q_STEP "q: x wv wk wq, hides 2 but k but q"
#define S_STEP "s: t wo r, hides 1"
#define H_STEP "h: y wg wu, hides 4"
#define Z_STEP "z: h wo s, hides 1"

static void expect_decoder(const char *from, const char *to, const char *expected) {
  expect_steps(decoder, from, to, "bfloat16", expected);
}

static void products_that_meet(void **state) {
  (void)state;
  if (!card) skip(); // it was not built
  joins = (gcut__cuda *)card;
  expect_steps(decoder, "", "", "float16", T_STEP "; " Q_STEP "; " S_STEP "; " H_STEP "; " Z_STEP);
  // What one multiplies by is made in between, another product is, or the left side is another's.
  expect_decoder("v = MatMul(x, wv)", "wn = Neg(wv) v = MatMul(x, wn)",
                 T_STEP "; q: x wk wq, hides 1 but q; " S_STEP "; " H_STEP "; " Z_STEP);
  expect_decoder("k1 = CumSum(k, one)", "k0 = MatMul(k, wo) k1 = CumSum(k0, one)",
                 T_STEP "; q: x wk wq, hides 1 but q; " S_STEP "; " H_STEP "; " Z_STEP);
  expect_decoder("k = MatMul(x, wk)", "x1 = CumSum(x, one) k = MatMul(x1, wk)",
                 T_STEP "; " S_STEP "; " H_STEP "; " Z_STEP);
  // The norm takes a sum that its product cannot: read by others, too. That of a bias goes with it.
  expect_decoder("s = Add(r, o)", "s = Add(w, o)",
                 T_STEP "; s: t wo w, hides 1; " Q_STEP "; " H_STEP "; " Z_STEP);
  expect_decoder("d = MatMul(h, wo)", "d0 = CumSum(o, one) d = Mul(h, d0)",
                 T_STEP "; z: h d0 s, hides 1; " Q_STEP "; y: o w r, hides 1 but s; " H_STEP);
  // Of two products the last goes with their sum.
  expect_decoder("s = Add(r, o)", "o1 = MatMul(r, wo) s = Add(o1, o)",
                 T_STEP "; " Q_STEP "; s: r wo o, hides 1; " H_STEP "; " Z_STEP);
  // The gate or the other side is read by others, too; then both are of one left side, at least.
  expect_decoder("z = Add(d, s)", "e = Add(d, s) z = Sub(e, u)",
                 T_STEP "; " Q_STEP "; g: y wu wg, hides 1 but g; " S_STEP
                        "; h: g u, hides 2; e: h wo s, hides 1");
  expect_decoder("u = MatMul(y, wu)", "u = MatMul(s, wu)",
                 T_STEP "; " Q_STEP "; " S_STEP "; h: g u, hides 2; " Z_STEP);
  joins = NULL;
}

// What an encoder's layer does about its products.
static const char encoder[] =
    "<ir_version: 10, opset_import: [\"\": 20]> g (%1$s[batch,seq,32,1024] x, %1$s[1024,1024] wq,"
    " %1$s[1024,1024] wk, %1$s[1024,1024] wv, %1$s[1024] bq, %1$s[1024] bv, %1$s[1024] b,"
    " %1$s[4096,1024] wg, %1$s[4096] bg, %1$s[4096,1024] wd) => (%1$s[batch,seq,32,1024] z)"
    "<int64 axis = {1}, int64[2] flat = {-1, 1024}, int64[4] deep = {1, -1, 32, 4096},"
    " %1$s root = {1.414}, %1$s one = {1.0}, %1$s half = {0.5}> {"
    " q0 = MatMul(x, wq) q = Add(q0, bq) q1 = CumSum(q, axis) k = MatMul(x, wk)"
    " k1 = CumSum(k, axis) v0 = MatMul(x, wv) v = Add(bv, v0) t0 = Sub(q1, k1) t = Sub(t0, v)"
    " o0 = MatMul(t, wq) o = Add(b, o0) s = Add(o, x) y = LayerNormalization(s, b, b)"
    " f = Reshape(y, flat) g0 = Gemm<transB = 1>(f, wg, bg) g = Reshape(g0, deep)"
    " e1 = Div(g, root) e2 = Erf(e1) e3 = Add(e2, one) e4 = Mul(half, e3) e = Mul(g, e4)"
    " d0 = MatMul(e, wd) d = Add(d0, b) z = Add(y, d) }";

#define E_STEP "t: q1 k1 v, hides 1; e: "
#define REST                                                                                       \
  "; q0: x wv wk wq bv bq, hides 4 but k but q; s: t wq b x, hides 2; z: e wd b y, hides 2"

static void products_with_biases(void **state) {
  static const char erf[] = "e1 = Div(g, root) e2 = Erf(e1) e3 = Add(e2, one) e4 = Mul(half, e3) "
                            "e = Mul(g, e4)";
  (void)state;
  if (!card) skip();
  joins = (gcut__cuda *)card;
  expect_steps(encoder, "", "", "bfloat16", E_STEP "f wg bg, hides 6" REST);
  expect_steps(encoder, erf, "e = Gelu(g)", "float16", E_STEP "f wg bg, hides 2" REST);
  expect_steps(encoder, "(f, wg, bg)", "(f, wg)", "float16", E_STEP "f wg, hides 6" REST);
  // A vector beside Gemm's own, what the kernel lacks, a third value for later.
  expect_steps(encoder, "Div(g, root)", "Div(g, bg)", "float16",
               E_STEP "g bg one half, hides 4" REST);
  expect_steps(encoder, "Erf(e1)", "Sin(e1)", "float16", E_STEP "g root one half, hides 4" REST);
  joins = NULL;
}

// The same of weights of a few bits.
static const char packed[] =
    "<ir_version: 10, opset_import: [\"\": 23, \"com.microsoft\": 1]> g"
    " (%1$s[batch,seq,32,1024] x, uint8[1024,32,16] wq, %1$s[1024,32] sq, uint8[1024,16] zq,"
    " uint8[1024,16,64] wk, %1$s[1024,16] sk, %1$s[1024] b, %1$s[batch,seq,32,1024] r)"
    " => (%1$s[batch,seq,32,1024] z) <int64 one = {1}> {"
    " q = com.microsoft.MatMulNBits<K = 1024, N = 1024, bits = 4, block_size = 32>(x, wq, sq, zq)"
    " k = com.microsoft.MatMulNBits<K = 1024, N = 1024, bits = 8, block_size = 64>(x, wk, sk)"
    " q1 = CumSum(q, one) k1 = CumSum(k, one) t = Sub(q1, k1) o = "
    "com.microsoft.MatMulNBits<K = 1024, N = 1024, bits = 4, block_size = 32>(t, wq, sq, , , b)"
    " z = Add(r, o) }";

static void products_of_few_bits(void **state) {
  const char *together = "q: x wk wq sk sq zq, hides 1 but q; z: t wq b sq r, hides 1";
  (void)state;
  if (!card) skip();
  joins = (gcut__cuda *)card;
  expect_steps(packed, "", "", "bfloat16", together);
  joins = NULL;
}

static void products_that_do_not(void **state) {
  (void)state;
  const char *alone = T_STEP "; y: o w r, hides 1 but s; h: g u, hides 2";
  joins = NULL;
  expect_decoder("", "", alone); // another card
  if (!card) skip();
  joins = (gcut__cuda *)card;
  expect_steps(decoder, "", "", "float", alone);
  joins = NULL;
}

int main(int argc, char **argv) {
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
      cmocka_unit_test(swiglu_of_what_rows_picked),
      cmocka_unit_test(products_that_meet),
      cmocka_unit_test(products_with_biases),
      cmocka_unit_test(products_of_few_bits),
      cmocka_unit_test(products_that_do_not),
  };
  if (argc > 0 && open_card_in_software(argv[0]) &&
      gcut__cuda_device_create("cuda", &card, NULL) != GCUT_OK)
    return 1;
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  if (card) card->ops->destroy(card);
  return failed;
}
