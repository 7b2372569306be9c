// Rotary embedding: each form as exporters spell it, and what comes close but is something else.
#include "graphcut/run.h"
#include "tests/support/check.h"
#include "tests/support/groups.h"

// ---- texts --------------------------------------------------------------------------------------

#define NUMBERS                                                                                    \
  "<int64[1] zero = {0}, int64[1] one = {1}, int64[1] two = {2}, int64[1] half = {8},"             \
  " int64[1] end = {100}, int64[1] axis = {3}, int64[1] last = {-1}, int64 none = {0},"            \
  " int64 single = {1}, int64[4] flat = {0, 0, 2, 16}, int64[5] deep = {0, 0, 2, 8, 2}> "

// The first half and the second, as Llama has them.
static const char halves[] =
    HEAD "(float[batch,seq,2,16] x, float[1,seq,1,16] c, float[1,seq,1,16] s)"
         " => (float[batch,seq,2,16] y)" NUMBERS "{"
         " straight = Mul(x, c) low = Slice(x, zero, half, axis) high = Slice(x, half, end, axis)"
         " minus = Neg(high) turned = Concat<axis = -1>(minus, low) across = Mul(s, turned)"
         " y = Add(straight, across) }";

// Every other element, stacked again, as GPT-J has them.
static const char neighbours[] =
    HEAD "(float[batch,seq,2,16] x, float[1,seq,1,16] c, float[1,seq,1,16] s)"
         " => (float[batch,seq,2,16] y)" NUMBERS "{"
         " straight = Mul(x, c) low = Slice(x, zero, end, axis, two)"
         " high = Slice(x, one, end, axis, two) minus = Neg(high) m = Unsqueeze(minus, last)"
         " l = Unsqueeze(low, last) pairs = Concat<axis = -1>(m, l) turned = Reshape(pairs, flat)"
         " across = Mul(turned, s) y = Add(across, straight) }";

// Pairs in a dimension of their own, in float32, as Flux has them.
static const char apart[] =
    HEAD "(float16[batch,seq,2,16] x, float[1,seq,1,16] c, float[1,seq,1,16] s)"
         " => (float16[batch,seq,2,16] y)" NUMBERS "{"
         " view = Reshape(x, deep) l1 = Slice(view, zero, one, last) low = Squeeze(l1, last)"
         " h1 = Slice(view, one, two, last) high = Squeeze(h1, last) minus = Neg(high)"
         " m = Unsqueeze(minus, last) l = Unsqueeze(low, last) pairs = Concat<axis = -1>(m, l)"
         " turned = Reshape(pairs, flat) wide = Cast<to = 1>(x) straight = Mul(wide, c)"
         " more = Cast<to = 1>(turned) across = Mul(more, s) sum = Add(straight, across)"
         " y = Cast<to = 10>(sum) }";

// Products of halves, as gpt-oss has them.
static const char split[] =
    HEAD "(float[batch,2,seq,16] x, float[1,1,seq,8] c, float[1,1,seq,8] s)"
         " => (float[batch,2,seq,16] y) {"
         " low, high = Split<axis = 3, num_outputs = 2>(x) p = Mul(low, c) q = Mul(high, s)"
         " less = Sub(p, q) r = Mul(high, c) t = Mul(low, s) more = Add(r, t)"
         " y = Concat<axis = -1>(less, more) }";

// Complex numbers as real ones: products of the elements of pairs, in float32.
static const char complex[] =
    HEAD "(float16[batch,seq,2,16] x, float[1,seq,1,8] c, float[1,seq,1,8] s)"
         " => (float16[batch,seq,2,16] y)" NUMBERS "{"
         " wide = Cast<to = 1>(x) view = Reshape(wide, deep) low = Gather<axis = -1>(view, none)"
         " high = Gather<axis = -1>(view, single) p = Mul(c, low) q = Mul(high, s)"
         " less = Sub(p, q) r = Mul(high, c) t = Mul(low, s) more = Add(t, r)"
         " m = Unsqueeze(less, last) l = Unsqueeze(more, last) pairs = Concat<axis = -1>(m, l)"
         " sum = Reshape(pairs, flat) y = Cast<to = 10>(sum) }";

// The last eight of sixteen, neighbours sorted into halves, as DeepSeek-V3 has them.
static const char behind[] =
    HEAD "(float[batch,2,seq,16] x, float[1,1,seq,4] c, float[1,1,seq,4] s)"
         " => (float[batch,2,seq,16] y)" NUMBERS "{"
         " rest, own = Split<axis = 3, num_outputs = 2>(x) low = Slice(own, zero, end, axis, two)"
         " high = Slice(own, one, end, axis, two) p = Mul(low, c) q = Mul(high, s)"
         " less = Sub(p, q) r = Mul(high, c) t = Mul(low, s) more = Add(r, t)"
         " turned = Concat<axis = -1>(less, more) y = Concat<axis = -1>(rest, turned) }";

// The first eight of sixteen, as GPT-NeoX has them.
static const char before[] =
    HEAD "(float[batch,2,seq,16] x, float[1,1,seq,8] c, float[1,1,seq,8] s)"
         " => (float[batch,2,seq,16] y)<int64[1] zero = {0}, int64[1] four = {4},"
         " int64[1] eight = {8}, int64[1] end = {100}, int64[1] axis = {3}> {"
         " own = Slice(x, zero, eight, axis) rest = Slice(x, eight, end, axis)"
         " straight = Mul(own, c) low = Slice(own, zero, four, axis)"
         " high = Slice(own, four, end, axis) minus = Neg(high)"
         " turned = Concat<axis = -1>(minus, low) across = Mul(turned, s)"
         " sum = Add(straight, across) y = Concat<axis = -1>(sum, rest) }";

// Neighbours sorted into halves first, as DeepSeek wrote it.
static const char sorted[] =
    HEAD "(float[batch,2,seq,16] x, float[seq,16] c, float[seq,16] s)"
         " => (float[batch,2,seq,16] y)"
         "<int64[1] zero = {0}, int64[1] half = {8}, int64[1] end = {100}, int64[1] axis = {-1},"
         " int64[5] deep = {0, 0, 0, 8, 2}, int64[4] flat = {0, 0, 0, 16}> {"
         " pairs = Reshape(x, deep) swapped = Transpose<perm = [0, 1, 2, 4, 3]>(pairs)"
         " z = Reshape(swapped, flat) straight = Mul(z, c) low = Slice(z, zero, half, axis)"
         " high = Slice(z, half, end, axis) minus = Neg(high)"
         " turned = Concat<axis = -1>(minus, low) across = Mul(s, turned)"
         " y = Add(straight, across) }";

// Halves of the dimension before the last.
static const char rows[] =
    HEAD "(float[batch,2,16,16] x, float[16,16] c, float[16,16] s)"
         " => (float[batch,2,16,16] y)"
         "<int64[1] zero = {0}, int64[1] half = {8}, int64[1] end = {100}, int64[1] axis = {2}> {"
         " straight = Mul(x, c) low = Slice(x, zero, half, axis) high = Slice(x, half, end, axis)"
         " minus = Neg(high) turned = Concat<axis = 2>(minus, low) across = Mul(s, turned)"
         " y = Add(straight, across) }";

// ---- found --------------------------------------------------------------------------------------

static void forms_are_found(void **state) {
  (void)state;
  expect(halves, "", "", "rotary x c s: 7 nodes, 0 shapes");
  expect(neighbours, "", "", "rotary x c s of neighbours to neighbours: 10 nodes, 0 shapes");
  expect(apart, "", "", "rotary x c s of neighbours to neighbours in float32: 16 nodes, 0 shapes");
  expect(split, "", "", "rotary x c s: 8 nodes, 0 shapes");
  expect(complex, "", "",
         "rotary x c s of neighbours to neighbours in float32: 15 nodes, 0 shapes");
  expect(behind, "", "", "rotary x c s of neighbours 8 from 8: 11 nodes, 0 shapes");
  expect(before, "", "", "rotary x c s 8 from 0: 10 nodes, 0 shapes");
  expect(sorted, "", "", "rotary x c s of neighbours: 10 nodes, 0 shapes");
}

static void spellings_vary(void **state) {
  (void)state;
  // Halves by Split, pairs by Split, products the other way round.
  expect(halves, "low = Slice(x, zero, half, axis) high = Slice(x, half, end, axis)",
         "low, high = Split<axis = -1, num_outputs = 2>(x)", "rotary x c s: 6 nodes, 0 shapes");
  expect(apart,
         "l1 = Slice(view, zero, one, last) low = Squeeze(l1, last)"
         " h1 = Slice(view, one, two, last)",
         "l1, h1 = Split<axis = -1, num_outputs = 2>(view) low = Squeeze(l1, last)",
         "rotary x c s of neighbours to neighbours in float32: 15 nodes, 0 shapes");
  expect(split, "more = Add(r, t)", "more = Add(t, r)", "rotary x c s: 8 nodes, 0 shapes");
  expect(split, "q = Mul(high, s)", "q = Mul(s, high)", "rotary x c s: 8 nodes, 0 shapes");
  // The halves are operands of the last Concat themselves.
  expect(behind, "turned = Concat<axis = -1>(less, more) y = Concat<axis = -1>(rest, turned)",
         "y = Concat<axis = -1>(rest, less, more)",
         "rotary x c s of neighbours 8 from 8: 10 nodes, 0 shapes");
  // Casts that do nothing, between x and one of its readers.
  expect(halves, "straight = Mul(x, c) low = Slice(x, zero, half, axis)",
         "x1 = Cast<to = 1>(x) straight = Mul(x, c) low = Slice(x1, zero, half, axis)", "");
  expect(halves, "low = Slice(x, zero, half, axis) high = Slice(x, half, end, axis)",
         "x1 = Cast<to = 1>(x) low = Slice(x1, zero, half, axis)"
         " high = Slice(x1, half, end, axis)",
         "rotary x c s: 8 nodes, 0 shapes");
  // Where others read what sorting makes, it is read, too.
  expect(sorted, "y = Add(straight, across)", "y = Add(straight, across) w = Relu(z)",
         "rotary z c s: 7 nodes, 0 shapes");
}

// What is turned is found, but not with what is not.
static void parts_that_do_not_fit(void **state) {
  (void)state;
  const char *inner = "rotary own c s: 7 nodes, 0 shapes";
  expect(before, "rest = Slice(x, eight, end, axis)", "rest = Slice(x, zero, eight, axis)", inner);
  expect(before, "rest = Slice(x, eight, end, axis)",
         "other = Relu(x) rest = Slice(other, eight, end, axis)", inner);
  expect(before, "Concat<axis = -1>(sum, rest)", "Concat<axis = -1>(rest, sum)", inner);
  expect(behind, "Concat<axis = -1>(rest, turned)", "Concat<axis = -1>(turned, rest)",
         "rotary own c s of neighbours: 9 nodes, 0 shapes");
}

static void near_misses_are_none(void **state) {
  (void)state;
  // Signs, places, tables.
  expect(halves, "Concat<axis = -1>(minus, low)", "Concat<axis = -1>(low, minus)", "");
  expect(halves, "low = Slice(x, zero, half, axis)", "low = Slice(x, half, end, axis)", "");
  expect(halves, "half = {8}", "half = {4}", "");
  expect(halves, "across = Mul(s, turned) y = Add(straight, across)",
         "across = Mul(x, turned) y = Add(across, across)", "");
  expect(halves, "y = Add(straight", "y = Sub(straight", "");
  expect(halves, "straight = Mul(x, c)", "w = Relu(x) straight = Mul(w, c)", "");
  expect(neighbours, "high = Slice(x, one,", "high = Slice(x, zero,", "");
  expect(neighbours, "Unsqueeze(minus, last) l = Unsqueeze(low, last)",
         "Unsqueeze(low, last) l = Unsqueeze(minus, last)", "");
  expect(split, "less = Sub(p, q)", "less = Sub(q, p)", "");
  expect(split, "less = Sub(p, q)", "less = Add(p, q)", "");
  expect(split, "r = Mul(high, c) t = Mul(low, s)", "r = Mul(high, s) t = Mul(low, c)", "");
  expect(split, "Concat<axis = -1>(less, more)", "Concat<axis = -1>(more, less)", "");
  // Pairs taken one way and joined another; in neither.
  expect(neighbours, "low = Slice(x, zero, end, axis, two) high = Slice(x, one, end, axis, two)",
         "low = Slice(x, zero, half, axis) high = Slice(x, half, end, axis)", "");
  expect(apart, "deep = {0, 0, 2, 8, 2}", "deep = {0, 0, 4, 4, 2}", "");
  expect(neighbours, "m = Unsqueeze(minus, last) l = Unsqueeze(low, last)",
         "m = Unsqueeze(minus, axis) l = Unsqueeze(low, axis)", "");
  expect(sorted, "perm = [0, 1, 2, 4, 3]", "perm = [0, 2, 1, 4, 3]",
         "rotary z c s: 7 nodes, 0 shapes");
  expect(rows, "", "", "");
  // Somebody else reads an inner value.
  expect(split, "y = Concat", "other = Relu(more) y = Concat", "");
  expect(behind, "seq,16] y)", "seq,16] y, float[a,b,c,d] turned)",
         "rotary own c s of neighbours: 9 nodes, 0 shapes");
  // Types: x loses bits first, the result has another.
  expect(apart, "y = Cast<to = 10>(sum)", "other = Cast<to = 16>(sum) y = Cast<to = 10>(other)",
         "");
  expect(complex, "wide = Cast<to = 1>(x)", "n = Cast<to = 16>(x) wide = Cast<to = 1>(n)",
         "rotary wide c s of neighbours to neighbours: 13 nodes, 0 shapes");
  // Tables that give x more rows.
  expect(split, "float[batch,2,seq,16] x, float[1,1,seq,8] c, float[1,1",
         "float[batch,1,seq,16] x, float[1,2,seq,8] c, float[1,2", "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(forms_are_found),
      cmocka_unit_test(spellings_vary),
      cmocka_unit_test(parts_that_do_not_fit),
      cmocka_unit_test(near_misses_are_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
