// Attention: each form as exporters spell it, and what comes close but is something else.
#include "tests/support/check.h"
#include "tests/support/groups.h"

// ---- texts --------------------------------------------------------------------------------------

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

// ---- found --------------------------------------------------------------------------------------

static void patterns_are_found(void **state) {
  (void)state;
  expect(attention, "", "", "attention q k v mask: 15 nodes, 0 shapes");
  expect(joined, "", "", "attention q k v: 10 nodes, 5 shapes");
  expect(eager, "", "", "attention q k v mask: 8 nodes, 0 shapes");
  expect(chosen, "", "", "attention q k v seen mask: 7 nodes, 0 shapes");
  expect(views, "", "", "attention q k v mask: 8 nodes, 0 shapes");
  expect(windows, "", "", "attention q k v bias mask: 8 nodes, 0 shapes");
  expect(rows_outermost, "", "", "attention qt k vt: 5 nodes, 0 shapes");
  expect(capped, "", "", "attention q k v mask: 14 nodes, 0 shapes");
  expect(sinks, "", "", "attention q k v mask sink: 10 nodes, 0 shapes");
  expect(beside, "", "", "attention q k v bias hidden: 8 nodes, 0 shapes");
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
}

// As Falcon's eager attention: a bias before the factor, a mask behind it.
static const char scaled[] =
    HEAD "(float16[batch,4,seq,16] q, float16[batch,4,keys,16] k, float16[batch,4,keys,16] v,"
         " float[batch,4,1,keys] bias, float16[batch,4,seq,keys] mask)"
         " => (float16[batch,4,seq,16] y) <float s = {0.25}> {"
         " kt = Transpose<perm = [0, 1, 3, 2]>(k) product = MatMul(q, kt)"
         " wide = Cast<to = 1>(product) biased = Add(wide, bias) scores = Mul(biased, s)"
         " up = Cast<to = 1>(mask) masked = Add(scores, up) w = Softmax<axis = -1>(masked)"
         " p = Cast<to = 10>(w) y = MatMul(p, v) }";

static void masks_may_be_scaled(void **state) {
  (void)state;
  expect(scaled, "", "", "attention q k v bias mask: 10 nodes, 0 shapes");
  expect(scaled, "s = {0.25}", "s = {-0.25}", "");
  expect(scaled, "Mul(biased, s)", "Div(biased, s)",
         "attention q k v bias mask: 10 nodes, 0 shapes");
  expect(scaled, "masked = Add(scores, up)", "other = Relu(up) masked = Add(scores, up)",
         "attention q k v bias up: 9 nodes, 0 shapes");
  // The least number of float16 would be one among others.
  expect(scaled,
         "wide = Cast<to = 1>(product) biased = Add(wide, bias) scores = Mul(biased, s)"
         " up = Cast<to = 1>(mask) masked = Add(scores, up) w = Softmax<axis = -1>(masked)"
         " p = Cast<to = 10>(w)",
         "half = Cast<to = 10>(s) some = Add(product, mask) scores = Mul(some, half)"
         " p = Softmax<axis = -1>(scores)",
         "");
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

static void near_misses_are_none(void **state) {
  (void)state;
  // Somebody else reads an inner value.
  expect(attention, "seq,16] y)", "seq,16] y, float[a,b,c,d] scores)", "");
  expect(attention, "y = MatMul", "other = Relu(product) y = MatMul", "");
  // The group would read what it makes itself.
  expect(attention, "Add(product, mask)", "Add(product, product)", "");
  // Another axis, another permutation.
  expect(attention, "axis = -1", "axis = -2", "");
  expect(attention, "perm = [0, 1, 3, 2]>(k3)", "perm = [0, 1, 2, 3]>(k3)", "");
  expect(windows, "scores = Reshape(masked, as_one)",
         "more = Neg(masked) scores = Reshape(more, as_one)", "");
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
  // Other operands: a scale that is divided, a guard that puts a one; heads repeated in
  // another order.
  expect(joined, "Div(product, s)", "Div(s, product)", "");
  expect(attention, "zero = {0}", "zero = {1}", "");
  expect(attention, "two = {2}", "two = {1}", "attention q k3 v3 mask: 9 nodes, 0 shapes");
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(patterns_are_found),
      cmocka_unit_test(spellings_vary),
      cmocka_unit_test(widths_vary),
      cmocka_unit_test(masks_may_be_scaled),
      cmocka_unit_test(other_casts_are_none),
      cmocka_unit_test(near_misses_are_none),
      cmocka_unit_test(shapes_of_inner_values),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
