// Fused groups: each pattern as exporters spell it, and what comes close but is something else.
#include <stdio.h>
#include <stdlib.h>

#include "graphcut/formats.h"
#include "graphcut/run.h"
#include "tests/support/check.h"
#include "tests/support/groups.h"

// ---- texts --------------------------------------------------------------------------------------

#define HEAD "<ir_version: 10, opset_import: [\"\": 18]> g "

// Keys and values repeated for groups of queries, both factors scaled, a mask, and the guard.
static const char attention[] =
    HEAD "(float[batch,4,seq,16] q, float[batch,2,keys,16] k, float[batch,2,keys,16] v,"
         " float[batch,1,seq,keys] mask) => (float[batch,4,seq,16] y)"
         "<int64[1] two = {2}, int64[5] wide = {1, 1, 2, 1, 1}, int64[4] heads = {0, 4, -1, 16},"
         " float s = {0.5}, float zero = {0}> {"
         " k1 = Unsqueeze(k, two) k2 = Expand(k1, wide) k3 = Reshape(k2, heads)"
         " v1 = Unsqueeze(v, two) v2 = Expand(v1, wide) v3 = Reshape(v2, heads)"
         " kt = Transpose<perm = [0, 1, 3, 2]>(k3)"
         " qs = Mul(q, s) ks = Mul(kt, s) product = MatMul(qs, ks) scores = Add(product, mask)"
         " p = Softmax<axis = -1>(scores) nan = IsNaN(p) guarded = Where(nan, zero, p)"
         " y = MatMul(guarded, v3) }";

// As TorchDynamo writes it: k^T between Reshapes whose sizes come of the shape of an inner value.
static const char joined[] =
    HEAD "(float[batch,2,seq,16] q, float[batch,1,seq,16] k, float[batch,2,seq,16] v)"
         " => (float[batch,2,seq,16] y, int64[n] sizes)"
         "<int64[1] two = {2}, int64[5] wide = {1, 1, 2, 1, 1}, int64[4] heads = {0, 2, -1, 16},"
         " int64[1] one = {-1}, int64[1] end = {100}, int64[1] before = {-2},"
         " int64[1] first = {-100}, float s = {8}> {"
         " k1 = Unsqueeze(k, two) k2 = Expand(k1, wide) k3 = Reshape(k2, heads)"
         " shape = Shape(k3) d = Slice(shape, one, end) t = Slice(shape, before, one)"
         " b = Slice(shape, first, before) flat = Concat<axis = 0>(one, t, d)"
         " joined = Reshape(k3, flat) turned = Transpose<perm = [0, 2, 1]>(joined)"
         " full = Concat<axis = 0>(b, d, t) kt = Reshape(turned, full)"
         " product = MatMul(q, kt) scores = Div(product, s) p = Softmax(scores) y = MatMul(p, v)"
         " sizes = Identity(shape) }";

// As modules written by hand: k^T by one permutation, softmax in float32.
static const char eager[] =
    HEAD "(float16[batch,2,seq,16] q, float16[batch,seq,2,16] k, float16[batch,2,seq,16] v,"
         " float16[seq,seq] mask) => (float16[batch,2,seq,16] y)"
         "<float16 s = {0.25}> {"
         " kt = Transpose<perm = [0, 2, 3, 1]>(k) product = MatMul(q, kt) scaled = Mul(s, product)"
         " scores = Add(mask, scaled) up = Cast<to = 1>(scores) p = Softmax<axis = 3>(up)"
         " down = Cast<to = 10>(p) y = MatMul(down, v) }";

// Two masks: of flags, then added.
static const char chosen[] =
    HEAD "(float[batch,4,seq,16] q, float[batch,4,keys,16] k, float[batch,4,keys,16] v,"
         " bool[1,1,seq,keys] seen, float[batch,1,1,keys] mask, float[1,4,seq,keys] bias)"
         " => (float[batch,4,seq,16] y)<float least = {-3.0e38}, float s = {4}> {"
         " kt = Transpose<perm = [0, 1, 3, 2]>(k) product = MatMul(q, kt) scaled = Div(product, s)"
         " masked = Where(seen, scaled, least) scores = Add(mask, masked) p = Softmax(scores)"
         " y = MatMul(p, v) }";

// Batch and heads in one dimension, but where the mask is added.
static const char views[] = HEAD
    "(float[8,5,16] q, float[8,7,16] k, float[8,7,16] v, float[2,1,5,7] mask, float[batch] other)"
    " => (float[8,5,16] y)<float s = {0.25}, int64[4] apart = {2, 4, 5, 7},"
    " int64[3] as_one = {8, 5, 7}> {"
    " scaled = Mul(q, s) kt = Transpose<perm = [0, 2, 1]>(k) product = MatMul(scaled, kt)"
    " split = Reshape(product, apart) masked = Add(split, mask) scores = Reshape(masked, as_one)"
    " p = Softmax(scores) y = MatMul(p, v) }";

// As torch's MultiheadAttention spells it: rows before batch and heads, which are one dimension.
static const char rows_outermost[] =
    HEAD "(float[seq,batch,16] q, float[keys,batch,16] k, float[keys,batch,16] v)"
         " => (float[seq,batch,16] z)"
         "<float s = {0.25}> {"
         " qt = Transpose<perm = [1, 0, 2]>(q) vt = Transpose<perm = [1, 0, 2]>(v)"
         " scaled = Mul(qt, s) kt = Transpose<perm = [1, 2, 0]>(k) product = MatMul(scaled, kt)"
         " p = Softmax(product) y = MatMul(p, vt) z = Transpose<perm = [1, 0, 2]>(y) }";

// Shifted windows: a bias by heads, then a mask by windows, which the batch consists of.
static const char windows[] = HEAD
    "(float[batch,3,4,16] q, float[batch,3,4,16] k, float[batch,3,4,16] v,"
    " float[1,3,4,4] bias, float[1,2,1,4,4] mask) => (float[batch,3,4,16] y)"
    "<int64[5] apart = {-1, 2, 3, 4, 4}, int64[4] as_one = {-1, 3, 4, 4}> {"
    " kt = Transpose<perm = [0, 1, 3, 2]>(k) product = MatMul(q, kt) biased = Add(product, bias)"
    " split = Reshape(biased, apart) masked = Add(split, mask) scores = Reshape(masked, as_one)"
    " p = Softmax(scores) y = MatMul(p, v) }";

// The mask gives scores one more dimension.
static const char batches[] =
    HEAD "(float[4,seq,16] q, float[4,keys,16] k, float[4,keys,16] v,"
         " float[batch,1,seq,keys] mask) => (float[batch,4,seq,16] y) {"
         " kt = Transpose<perm = [0, 2, 1]>(k) product = MatMul(q, kt) scores = Add(product, mask)"
         " p = Softmax(scores) y = MatMul(p, v) }";

// As TorchDynamo writes experts: matrices gathered by tuples of one index, rows made columns.
static const char experts[] =
    HEAD "(float[4,8,16] w, int64[batch] e, float[batch,16] x) => (float[batch,8] y)"
         "<int64[1] last = {-1}> {"
         " ids = Unsqueeze(e, last) g = GatherND(w, ids) column = Unsqueeze(x, last)"
         " product = MatMul(g, column) y = Squeeze(product, last) }";

// As modules that sum by letters are: a token's row for all its experts, then a row for each.
static const char summed_experts[] =
    HEAD "(float[4,8,16] w, float[4,16,8] v, int64[batch,2] e, float[batch,16] x)"
         " => (float[batch,2,16] y) {"
         " g = Gather(w, e) up = Einsum<equation = \"beck,bk->bec\">(g, x)"
         " h = Gather(v, e) y = Einsum<equation = \"beck, bek -> bec\">(h, up) }";

// As modules with turned matrices are written, for several experts a token.
static const char experts_turned[] =
    HEAD "(bfloat16[4,16,8] w, int32[batch,2] e, bfloat16[batch,2,16] x) => (bfloat16[batch,2,8] y)"
         "<int64[1] before = {2}> {"
         " g = Gather(w, e) row = Unsqueeze(x, before) product = MatMul(row, g)"
         " y = Squeeze(product, before) }";

// Several factors, a cap, a mask; casts that do nothing, as TorchScript's exporter leaves them.
static const char capped[] =
    HEAD "(float[batch,4,seq,16] q, float[batch,4,keys,16] k, float[batch,4,keys,8] v,"
         " float[batch,1,seq,keys] mask) => (float[batch,4,seq,8] y)"
         "<float s = {0.25}, float cap = {50}> {"
         " q1 = Cast<to = 1>(q) q2 = Cast<to = 1>(q1) kt = Transpose<perm = [0, 1, 3, 2]>(k)"
         " product = MatMul(q2, kt) scaled = Mul(product, s) part = Div(scaled, cap)"
         " bent = Tanh(part) idle = Cast<to = 1>(bent) scores = Mul(idle, cap)"
         " masked = Add(scores, mask) p = Softmax(masked) p1 = Cast<to = 1>(p)"
         " p2 = Cast<to = 1>(p1) y = MatMul(p2, v) }";

// A sink a head beside the keys, and what is greatest taken away before softmax.
static const char sinks[] = HEAD
    "(float[batch,4,seq,16] q, float[batch,4,keys,16] k, float[batch,4,keys,16] v,"
    " float[batch,1,seq,keys] mask, float[1,4,1,1] sink) => (float[batch,4,seq,16] y)"
    "<int64[1] zero = {0}, int64[1] first = {0}, int64[1] end = {-1}, int64[1] axis = {3}, "
    "int64[1] one = {1},"
    " int64[1] four = {4}, int64[1] two = {2}, int64[1] three = {3}> {"
    " kt = Transpose<perm = [0, 1, 3, 2]>(k) product = MatMul(q, kt) masked = Add(product, mask)"
    " shape = Shape(q) b = Slice(shape, zero, one) n = Slice(shape, two, three)"
    " wide = Concat<axis = 0>(b, four, n, one) all = Expand(sink, wide)"
    " c = Concat<axis = -1>(masked, all) top = ReduceMax(c, axis) d = Sub(c, top)"
    " w = Softmax(d) p = Slice(w, first, end, axis) y = MatMul(p, v) }";

// As TorchScript's exporter writes 16 bits: scores and weights in float32, from the operands on.
static const char widened[] =
    HEAD "(float16[batch,2,seq,16] q, float16[batch,2,seq,16] k, float16[batch,2,seq,16] v,"
         " float16[batch,1,seq,seq] mask) => (float16[batch,2,seq,16] y)<float s = {4}> {"
         " qw = Cast<to = 1>(q) kw = Cast<to = 1>(k) kt = Transpose<perm = [0, 1, 3, 2]>(kw)"
         " product = MatMul(qw, kt) scaled = Div(product, s) wide = Cast<to = 1>(mask)"
         " scores = Add(scaled, wide) w = Softmax<axis = -1>(scores) p = Cast<to = 10>(w)"
         " y = MatMul(p, v) }";

// A bias in float32, then flags with the least number of float16.
static const char biased[] =
    HEAD "(float16[batch,2,seq,16] q, float16[batch,2,seq,16] k, float16[batch,2,seq,16] v,"
         " float[2,1,seq] bias, bool[batch,1,seq,seq] hidden) => (float16[batch,2,seq,16] y)"
         "<float16 s = {0.25}, float least = {-65504}> {"
         " kt = Transpose<perm = [0, 1, 3, 2]>(k) product = MatMul(q, kt) scaled = Mul(product, s)"
         " wide = Cast<to = 1>(scaled) sum = Add(wide, bias) scores = Where(hidden, least, sum)"
         " w = Softmax<axis = -1>(scores) p = Cast<to = 10>(w) y = MatMul(p, v) }";

// The result in float32, too; the mask is made of flags.
static const char results[] =
    HEAD "(float16[batch,2,seq,16] q, float16[batch,2,seq,16] k, float16[batch,2,seq,16] v,"
         " bool[batch,1,seq,seq] seen) => (float[batch,2,seq,16] y)"
         "<float16 s = {0.5}, float zero = {0}, float[1] least = {-inf}> {"
         " kt = Transpose<perm = [0, 1, 3, 2]>(k) qs = Mul(q, s) ks = Mul(kt, s)"
         " product = MatMul(qs, ks) wide = Cast<to = 1>(product) mask = Where(seen, zero, least)"
         " scores = Add(wide, mask) p = Softmax<axis = -1>(scores) nan = IsNaN(p)"
         " guarded = Where(nan, zero, p) values = Cast<to = 1>(v) y = MatMul(guarded, values) }";

// Batch and heads in one dimension, but for a mask and softmax.
static const char beside[] =
    HEAD "(float[8,5,16] q, float[8,7,16] k, float[8,7,16] v, float[8,1,7] bias, bool[2,1,5,7] "
         "hidden, float[batch] other)"
         " => (float[8,5,16] y)<float least = {-3.0e38}, int64[4] apart = {2, 4, 5, 7},"
         " int64[3] as_one = {8, 5, 7}> {"
         " kt = Transpose<perm = [0, 2, 1]>(k) product = MatMul(q, kt) scores = Add(product, bias)"
         " split = Reshape(scores, apart) masked = Where(hidden, least, split) w = Softmax(masked)"
         " p = Reshape(w, as_one) y = MatMul(p, v) }";

static const char rms_norm[] =
    HEAD "(float[batch,seq,16] x) => (float[batch,seq,16] y)"
         "<float[16] w = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, float two = {2},"
         " float e = {0.001}, int64[1] axis = {-1}> {"
         " square = Pow(x, two) mean = ReduceMean(square, axis) sum = Add(mean, e)"
         " root = Sqrt(sum) factor = Reciprocal(root) scaled = Mul(x, factor) y = Mul(w, scaled) }";

// In float32 between Casts, with a quotient instead of Reciprocal.
static const char rms_casts[] =
    HEAD "(float16[batch,seq,2] x) => (float16[batch,seq,2] y)"
         "<float16[2] w = {1, 1}, float two = {2}, float one = {1}, float e = {0.001},"
         " int64[1] axis = {-1}> {"
         " wide = Cast<to = 1>(x) square = Pow(wide, two) mean = ReduceMean(square, axis)"
         " sum = Add(e, mean) root = Sqrt(sum) factor = Div(one, root) scaled = Mul(wide, factor)"
         " narrow = Cast<to = 10>(scaled) y = Mul(narrow, w) }";

static const char layer_norm[] =
    HEAD "(float[batch,seq,2] x) => (float[batch,seq,2] y)"
         "<float[2] w = {1, 1}, float[2] b = {0, 0}, float two = {2}, float e = {0.001},"
         " int64[1] axis = {-1}> {"
         " mean = ReduceMean(x, axis) d = Sub(x, mean) square = Pow(d, two)"
         " variance = ReduceMean(square, axis) sum = Add(variance, e) root = Sqrt(sum)"
         " normal = Div(d, root) scaled = Mul(normal, w) y = Add(scaled, b) }";

static const char swiglu[] = HEAD "(float[batch,8] g, float[batch,8] u) => (float[batch,8] y) {"
                                  " s = Sigmoid(g) silu = Mul(g, s) y = Mul(silu, u) }";

static const char gelu[] =
    HEAD "(float[batch,8] x) => (float[batch,8] y)"
         "<float root = {1.4142135}, float one = {1}, float half = {0.5}> {"
         " q = Div(x, root) erf = Erf(q) bell = Add(erf, one) part = Mul(half, bell)"
         " y = Mul(x, part) }";

static const char gelu_tanh[] =
    HEAD "(float[batch,8] x) => (float[batch,8] y)"
         "<float three = {3}, float c = {0.044715}, float r = {0.79788458}, float one = {1},"
         " float half = {0.5}> {"
         " h = Mul(x, half) cube = Pow(x, three) k = Mul(cube, c) sum = Add(x, k)"
         " z = Mul(sum, r) t = Tanh(z) bell = Add(t, one) y = Mul(h, bell) }";

// ---- found --------------------------------------------------------------------------------------

static void expect(const char *text, const char *from, const char *to, const char *groups) {
  expect_groups(text, from, to, groups);
}

static void patterns_are_found(void **state) {
  (void)state;
  expect(attention, "", "", "attention q k v mask: 15 nodes, 0 shapes");
  expect(joined, "", "", "attention q k v: 10 nodes, 5 shapes");
  expect(eager, "", "", "attention q k v mask: 8 nodes, 0 shapes");
  expect(chosen, "", "", "attention q k v seen mask: 7 nodes, 0 shapes");
  expect(views, "", "", "attention q k v mask: 8 nodes, 0 shapes");
  expect(experts, "", "", "experts w ids x: 3 nodes, 0 shapes");
  expect(experts_turned, "", "", "turned experts w e x: 3 nodes, 0 shapes");
  expect(windows, "", "", "attention q k v bias mask: 8 nodes, 0 shapes");
  expect(rows_outermost, "", "", "attention qt k vt: 5 nodes, 0 shapes");
  expect(summed_experts, "", "",
         "experts v e up: 2 nodes, 0 shapes; experts w e x: 2 nodes, 0 shapes");
  expect(capped, "", "", "attention q k v mask: 14 nodes, 0 shapes");
  expect(sinks, "", "", "attention q k v mask sink: 10 nodes, 0 shapes");
  expect(beside, "", "", "attention q k v bias hidden: 8 nodes, 0 shapes");
  expect(rms_norm, "", "", "rms_norm x w: 7 nodes, 0 shapes");
  expect(rms_casts, "", "", "rms_norm x w: 9 nodes, 0 shapes");
  expect(layer_norm, "", "", "layer_norm x w b: 9 nodes, 0 shapes");
  expect(swiglu, "", "", "swiglu g u: 3 nodes, 0 shapes");
  expect(gelu, "", "", "gelu x: 5 nodes, 0 shapes");
  expect(gelu_tanh, "", "", "gelu x: 8 nodes, 0 shapes");
}

static void spellings_vary(void **state) {
  (void)state;
  expect(attention, "Add(product, mask)", "Identity(product)", ""); // no Identity is passed
  expect(attention, "scores = Add(product, mask) p = Softmax<axis = -1>(scores)",
         "p = Softmax<axis = 3>(product)", "attention q k v: 14 nodes, 0 shapes");
  expect(attention, "nan = IsNaN(p) guarded = Where(nan, zero, p) y = MatMul(guarded, v3)",
         "y = MatMul(p, v3)", "attention q k v mask: 13 nodes, 0 shapes");
  expect(attention, "qs = Mul(q, s)", "qs = Identity(q)",
         "attention qs k v mask: 14 nodes, 0 shapes");
  expect(chosen, "Where(seen, scaled, least)", "Where(seen, least, scaled)",
         "attention q k v seen mask: 7 nodes, 0 shapes");
  expect(chosen, "Where(seen, scaled, least)", "Add(bias, scaled)",
         "attention q k v bias mask: 7 nodes, 0 shapes");
  expect(chosen, "Add(mask, masked)", "Identity(masked)", "");
  expect(chosen, "scores = Add(mask, masked) p = Softmax(scores)", "p = Softmax(masked)",
         "attention q k v seen: 6 nodes, 0 shapes");
  expect(
      views,
      "split = Reshape(product, apart) masked = Add(split, mask) scores = Reshape(masked, as_one)"
      " p = Softmax(scores)",
      "p = Softmax(product)", "attention q k v: 5 nodes, 0 shapes");
  expect(views,
         "split = Reshape(product, apart) masked = Add(split, mask)"
         " scores = Reshape(masked, as_one) p = Softmax(scores)",
         "p = Softmax(product)", "attention q k v: 5 nodes, 0 shapes");
  expect(capped, "Mul(idle, cap)", "Identity(bent)", "");
  expect(capped, "scores = Mul(idle, cap) masked = Add(scores, mask)", "masked = Add(mask, idle)",
         "attention q k v mask: 13 nodes, 0 shapes");
  expect(capped, "p1 = Cast<to = 1>(p) p2 = Cast<to = 1>(p1) y = MatMul(p2, v)", "y = MatMul(p, v)",
         "attention q k v mask: 12 nodes, 0 shapes");
  expect(sinks, "float[1,4,1,1] sink) => (float[batch,4,seq,16] y)<",
         "float[other] z) => (float[batch,4,seq,16] y)<float[1,4,1,1] sink = {1, 2, 3, 4},",
         "attention q k v mask sink: 10 nodes, 0 shapes");
  expect(sinks, "top = ReduceMax(c, axis) d = Sub(c, top) w = Softmax(d)", "w = Softmax(c)",
         "attention q k v mask sink: 8 nodes, 0 shapes");
  expect(gelu, "Mul(half, bell) y = Mul(x, part)", "Mul(x, bell) y = Mul(part, half)",
         "gelu x: 5 nodes, 0 shapes");
  expect(gelu_tanh, "cube = Pow(x, three)", "square = Mul(x, x) cube = Mul(square, x)",
         "gelu x: 9 nodes, 0 shapes");
  expect(swiglu, "y = Mul(silu, u)", "y = Add(silu, u)", "silu g: 2 nodes, 0 shapes");
  expect(rms_norm, "Pow(x, two)", "Mul(x, x)", "rms_norm x w: 7 nodes, 0 shapes");
  expect(rms_casts, "scaled = Mul(wide, factor)",
         "again = Cast<to = 1>(x) scaled = Mul(again, factor)", "rms_norm x w: 10 nodes, 0 shapes");
}

static void widths_vary(void **state) {
  (void)state;
  static const char all[] = "attention q k v mask: 10 nodes, 0 shapes",
                    flags[] = "attention q k v seen: 12 nodes, 0 shapes";
  expect(widened, "", "", all);
  expect(biased, "", "", "attention q k v bias hidden: 9 nodes, 0 shapes");
  expect(results, "", "", flags);
  // Softmax in 16 bits, cast to float32 and back; all in 16 bits.
  expect(eager, "up = Cast<to = 1>(scores) p = Softmax<axis = 3>(up)",
         "narrow = Softmax<axis = 3>(scores) p = Cast<to = 1>(narrow)",
         "attention q k v mask: 8 nodes, 0 shapes");
  expect(eager, "up = Cast<to = 1>(scores) p = Softmax<axis = 3>(up) down = Cast<to = 10>(p)",
         "down = Softmax<axis = 3>(scores)", "attention q k v mask: 6 nodes, 0 shapes");
  // A mask in float32; its flags; one that leaves something of scores, which stays a mask.
  expect(widened, "float16[batch,1,seq,seq] mask", "float[batch,1,seq,seq] mask", all);
  expect(results, "float[1] least = {-inf}", "float[1] least = {-3.0e38}", flags);
  expect(results, "Where(seen, zero, least)", "Where(seen, least, zero)", flags);
  expect(results, "least = {-inf}", "least = {-65504}", "attention q k v mask: 11 nodes, 0 shapes");
  expect(results, "mask = Where(seen, zero, least)", "m = Where(seen, s, s) mask = Cast<to = 1>(m)",
         "attention q k v m: 12 nodes, 0 shapes");
  // Operands that were in float32 all along, or that others read so, too.
  expect(results, "product = MatMul(qs, ks) wide = Cast<to = 1>(product)",
         "qw = Cast<to = 1>(qs) kw = Cast<to = 1>(ks) wide = MatMul(qw, kw)",
         "attention q k v seen: 13 nodes, 0 shapes");
  expect(results, "y = MatMul", "other = Relu(values) y = MatMul", "");
}

// What changes numbers between the operands and the result.
static void other_casts_are_none(void **state) {
  (void)state;
  expect(widened, "w = Softmax<axis = -1>(scores) p = Cast<to = 10>(w)",
         "narrow = Cast<to = 10>(scores) p = Softmax<axis = -1>(narrow)", "");
  expect(widened, "product = MatMul(qw, kt)",
         "less = Cast<to = 16>(qw) qx = Cast<to = 1>(less) product = MatMul(qx, kt)", "");
  expect(widened, "p = Cast<to = 10>(w)", "low = Cast<to = 16>(w) p = Cast<to = 10>(low)", "");
}

static void experts_vary(void **state) {
  (void)state;
  expect(experts, "GatherND(w, ids)", "Gather(w, e)", "experts w e x: 3 nodes, 0 shapes");
  expect(experts, "GatherND(w, ids)", "Gather<axis = -3>(w, e)",
         "experts w e x: 3 nodes, 0 shapes");
  // Somebody else reads the columns, or something else makes them.
  expect(experts,
         "product =", "other = Relu(column) product =", "experts w ids column: 2 nodes, 0 shapes");
  expect(experts, "column = Unsqueeze(x, last) product = MatMul(g, column)",
         "column = Unsqueeze(x, last) other = Neg(column) product = MatMul(g, other)",
         "experts w ids other: 2 nodes, 0 shapes");
  // One row for all, and one for those that a token chose.
  expect(experts, "float[batch,16] x)", "float[1,16] x)", "experts w ids x: 3 nodes, 0 shapes");
  expect(experts_turned, "bfloat16[batch,2,16] x)", "bfloat16[batch,1,16] x)",
         "turned experts w e x: 3 nodes, 0 shapes");
  // Matrices turned after they were gathered.
  expect(
      experts, "g = GatherND(w, ids)",
      "z = Transpose<perm = [0, 2, 1]>(w) t = GatherND(z, ids) g = Transpose<perm = [0, 2, 1]>(t)",
      "turned experts z ids x: 4 nodes, 0 shapes");
  expect(
      experts_turned, "g = Gather(w, e)",
      "z = Transpose<perm = [0, 2, 1]>(w) t = Gather(z, e) g = Transpose<perm = [0, 1, 3, 2]>(t)",
      "experts z e x: 4 nodes, 0 shapes");
}

static void experts_are_none(void **state) {
  (void)state;
  // Somebody else reads the gathered matrices, or one product reads them twice.
  expect(experts, "float[batch,8] y)", "float[batch,8] y, float[a,b,c] g)", "");
  expect(experts, "product =", "other = Relu(g) product =", "");
  expect(experts, "column = Unsqueeze(x, last) product = MatMul(g, column)",
         "t = Transpose<perm = [0, 2, 1]>(g) all = MatMul(g, t) product = ReduceMax(all, last)",
         "");
  // Several columns, or more rows than are known to have matrices.
  expect(experts, "column = Unsqueeze(x, last) product = MatMul(g, column)",
         "c = Unsqueeze(x, last) column = Concat<axis = 2>(c, c) both = MatMul(g, column)"
         " product = ReduceMax(both, last)",
         "");
  expect(experts, "float[batch,16] x)", "float[tokens,16] x)", "");
  // A Transpose that turns nothing.
  expect(experts, "g = GatherND(w, ids)", "t = GatherND(w, ids) g = Transpose<perm = [0, 1, 2]>(t)",
         "");
}

// Squares: every equation fits the shapes.
static void summed_experts_vary(void **state) {
  (void)state;
  static const char square[] =
      HEAD "(float[4,16,16] w, int64[2,2] e, float[2,2,16] x, float[batch] z) => (y) {"
           " g = Gather(w, e) y = Einsum<equation = \"beck,bek->bec\">(g, x) }";
  static const struct {
    const char *equation, *found;
  } cases[] = {
      {"beck,bek->bec", "experts w e x: 2 nodes, 0 shapes"},
      {"...ck,...k->...c", "experts w e x: 2 nodes, 0 shapes"},
      {"bekc,bek->bec", "turned experts w e x: 2 nodes, 0 shapes"},
      {"beck,bek->bce", ""}, // another order of results
      {"beck,bek->ebc", ""},
      {"beck,ebk->bec", ""}, // of rows
      {"beck,bek->bc", ""},  // summed over experts
      {"beck,bek", ""},      // which leaves c alone
      {"becc,bec->bec", ""}, // diagonals
      {"beck,bec->bek", "turned experts w e x: 2 nodes, 0 shapes"},
      {"beck,bek->beck", ""},
      {"beck,bek->", ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    expect(square, "beck,bek->bec", cases[i].equation, cases[i].found);
  expect(square, "beck,bek->bec\">(g, x)", "bek,beck->bec\">(x, g)",
         "experts w e x: 2 nodes, 0 shapes");
  expect(square, "beck,bek->bec\">(g, x)", "beck,bek,bek->bec\">(g, x, x)", "");
}

// Each has all shapes of the pattern, so that its own oddity alone tells it.
static void odd_experts_are_none(void **state) {
  (void)state;
  static const char row[] =
      HEAD "(float[4,4,16] w, int64[4] e, float[4,16] x, float[batch] z) => (float[4,4,1] y)"
           "<int64[1] last = {-1}> { g = Gather(w, e)"
           " column = Unsqueeze(x, last) y = MatMul(g, column) }";
  expect(row, "", "", "experts w e x: 3 nodes, 0 shapes");
  expect(row, "Gather(", "Gather<axis = 1>(", "");
  static const char tuples[] =
      HEAD "(float[4,4,16] w, int64[4,4,1] e, float[4,16] x, float[batch] z) => (float[a,b,1] y)"
           "<int64[1] last = {-1}> { g = GatherND<batch_dims = 1>(w, e)"
           " column = Unsqueeze(x, last) y = MatMul(g, column) }";
  expect(tuples, "", "", "");
  static const char deep[] = HEAD
      "(float[4,3,8,16] w, int64[5] e, float[5,3,16,1] x, float[batch] z) => (float[5,3,8,1] y) {"
      " g = Gather(w, e) y = MatMul(g, x) }";
  expect(deep, "", "", "");
  static const char pairs[] = HEAD
      "(float[4,3,8,16] w, int64[5,2] e, float[5,16,1] x, float[batch] z) => (float[5,8,1] y) {"
      " g = GatherND(w, e) y = MatMul(g, x) }";
  expect(pairs, "", "", "");
  static const char one[] =
      HEAD "(float[4,8,16] w, int64 e, float[16,1] x, float[batch] z) => (float[8,1] y) {"
           " g = Gather(w, e) y = MatMul(g, x) }";
  expect(one, "", "", "");
  static const char whole[] = HEAD "(int32[4,8,16] w, int64[5] e, int32[5,16,1] x, float[batch] z)"
                                   " => (int32[5,8,1] y) { g = Gather(w, e) y = MatMul(g, x) }";
  expect(whole, "", "", "");
  expect(deep, "3,8,16] w, int64[5] e, float[5,3,16,1] x, float[batch] z) => (float[5,3,8,1]",
         "8,16] w, int64[5] e, float[5,16,1] x, float[batch] z) => (float[5,8,1]",
         "experts w e x: 2 nodes, 0 shapes");
}

static void near_misses_are_none(void **state) {
  (void)state;
  // Somebody else reads an inner value.
  expect(attention, "seq,16] y)", "seq,16] y, float[a,b,c,d] scores)", "");
  expect(attention, "y = MatMul", "other = Relu(product) y = MatMul", "");
  expect(rms_norm, "seq,16] y)", "seq,16] y, float[a,b,c] scaled)", "");
  expect(swiglu, "y = Mul", "other = Relu(s) y = Mul", "");
  // The group would read what it makes itself.
  expect(attention, "Add(product, mask)", "Add(product, product)", "");
  // Another axis, another permutation.
  expect(attention, "axis = -1", "axis = -2", "");
  expect(attention, "perm = [0, 1, 3, 2]>(k3)", "perm = [0, 1, 2, 3]>(k3)", "");
  expect(windows, "scores = Reshape(masked, as_one)",
         "more = Neg(masked) scores = Reshape(more, as_one)", "");
  expect(gelu_tanh, "cube = Pow(x, three)", "square = Mul(h, h) cube = Mul(square, x)", "");
  // What hides is seen beside large scores; three masks; scores that a mask gives batches.
  expect(chosen, "least = {-3.0e38}", "least = {-10000}", "");
  expect(chosen, "least = {-3.0e38}", "least = {-65504}", "");
  expect(biased, "least = {-65504}", "least = {-65000}", "");
  expect(chosen, "p = Softmax(scores)", "more = Add(scores, bias) p = Softmax(more)", "");
  expect(batches, "", "", "");
  // A cap that turns scores around; sinks a query, sinks before the keys, a key cut off, the least.
  expect(capped, "float cap = {50}", "float cap = {-50}", "");
  expect(sinks, "float[1,4,1,1] sink", "float[1,4,seq,1] sink", "");
  expect(sinks, "Concat<axis = -1>(masked, all)", "Concat<axis = -1>(all, masked)", "");
  expect(sinks, "first = {0}", "first = {1}", "");
  expect(sinks, "ReduceMax", "ReduceMin", "");
  // Other operands: a scale that is divided, a guard that puts a one, a wrong exponent.
  expect(joined, "Div(product, s)", "Div(s, product)", "");
  expect(attention, "zero = {0}", "zero = {1}", "");
  expect(rms_norm, "two = {2}", "two = {3}", "");
  expect(rms_casts, "scaled = Mul(wide, factor)",
         "minus = Neg(x) again = Cast<to = 1>(minus) scaled = Mul(again, factor)", "");
  expect(gelu, "root = {1.4142135}", "root = {1.7320508}", "");
  expect(gelu, "half = {0.5}", "half = {0.25}", "");
  expect(layer_norm, "Sub(x, mean)", "Sub(mean, x)", "");
  // Shapes that do not fit: heads repeated in another order, a weight of one element.
  expect(attention, "two = {2}", "two = {1}", "attention q k3 v3 mask: 9 nodes, 0 shapes");
  expect(rms_norm, "float[16] w = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}",
         "float[1] w = {1}", "");
}

// What computes with shapes of inner values goes with the group, as long as it does nothing else.
static void shapes_of_inner_values(void **state) {
  (void)state;
  expect(joined, "product = MatMul(q, kt)", "more = Add(t, t) product = MatMul(q, kt)",
         "attention q k v: 10 nodes, 6 shapes");
  expect(joined, "product = MatMul(q, kt)",
         "random = RandomUniform<shape = [1]>() noise = Expand(random, t) product = MatMul(q, kt)",
         "");
}

static void unfused_lists_no_whole_groups(void **state) {
  (void)state;
  static const char *const texts[] = {attention, experts};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    gcut_graph *g = parse_groups(texts[i]);
    gcut_trace *t;
    assert_ok(gcut_trace_folded(g, &(gcut_trace_options){.unfused = true}, &t, err));
    assert_int_equal(t->n_fused, 0);
    gcut_trace_destroy(t);
    gcut_graph_destroy(g);
  }
}

// ---- models -------------------------------------------------------------------------------------

static void count(const char *path, const char *expected) {
  gcut_graph *g;
  gcut_trace *t;
  uint32_t n[GCUT_N_FUSED_KINDS] = {0};
  char text[256] = "";
  assert_ok(gcut_graph_read(path, NULL, &g, err));
  assert_ok(gcut_trace_folded(g, NULL, &t, err));
  for (uint32_t i = 0; i < t->n_fused; i++) n[t->fused[i].kind]++;
  for (int k = 0; k < GCUT_N_FUSED_KINDS; k++)
    if (n[k])
      sprintf(text + strlen(text), "%s%u %s", *text ? ", " : "", n[k],
              gcut_fused_name((gcut_fused_kind)k));
  assert_string_equal(text, expected);
  gcut_trace_destroy(t);
  gcut_graph_destroy(g);
}

static void models(void **state) {
  (void)state;
  count("examples/models/llama/model.onnx", "4 attention, 8 rotary, 9 rms_norm, 4 swiglu");
  count("examples/models/mllama/model.onnx",
        "9 attention, 8 rotary, 17 rms_norm, 6 swiglu, 3 gelu");
}

// Every node is in one group, in the graph's order; the trace says which.
static void groups_are_disjoint(void **state) {
  (void)state;
  gcut_graph *g;
  gcut_trace *t;
  assert_ok(gcut_graph_read("examples/models/mllama/model.onnx", NULL, &g, err));
  assert_ok(gcut_trace_folded(g, NULL, &t, err));
  uint32_t listed = 0, marked = 0;
  for (uint32_t i = 0; i < t->n_fused; i++) {
    const gcut_fused *f = &t->fused[i];
    listed += f->n_nodes + f->n_shapes;
    for (uint32_t k = 0; k < f->n_nodes; k++) assert_int_equal(t->fused_of[f->nodes[k]], i);
    for (uint32_t k = 0; k < f->n_shapes; k++) assert_int_equal(t->fused_of[f->shapes[k]], i);
    for (uint32_t k = 1; k < f->n_nodes; k++) assert_true(f->nodes[k - 1] < f->nodes[k]);
  }
  for (uint32_t n = 0; n < g->n_nodes; n++) marked += t->fused_of[n] != GCUT_NONE;
  assert_int_equal(listed, marked);
  gcut_trace_destroy(t);
  gcut_graph_destroy(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(patterns_are_found),
      cmocka_unit_test(spellings_vary),
      cmocka_unit_test(widths_vary),
      cmocka_unit_test(other_casts_are_none),
      cmocka_unit_test(experts_vary),
      cmocka_unit_test(experts_are_none),
      cmocka_unit_test(summed_experts_vary),
      cmocka_unit_test(odd_experts_are_none),
      cmocka_unit_test(near_misses_are_none),
      cmocka_unit_test(shapes_of_inner_values),
      cmocka_unit_test(unfused_lists_no_whole_groups),
      cmocka_unit_test(models),
      cmocka_unit_test(groups_are_disjoint),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
