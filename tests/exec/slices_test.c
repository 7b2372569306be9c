// Batches in slices: what is proved to keep samples apart gives the same in slices as in whole
// batches, and what mixes them is refused, naming the node.
#include "exec/slices.h"

#include <stdio.h>

#include "tests/support/sliced.h"

// ---- texts ------------------------------------------------------------------------------------

#define X  "(float[batch,4,6] x)"
#define XZ "(float[batch,4,6] x, float[batch,4,6] z)"

// An index of GatherND and ScatterND: places 3 and 1 of each sample of u.
#define COUNTED                                                                                    \
  "n = Shape<start = 0, end = 1>(u) k = Squeeze(n) b = Range(s0, k, s1) b1 = Unsqueeze(b, p1)"     \
  " l = Concat<axis = 0>(n, p2) b2 = Expand(b1, l) q2 = Expand(pair, l) b3 = Unsqueeze(b2, p2)"    \
  " q3 = Unsqueeze(q2, p2) i = Concat<axis = 2>(b3, q3)"

typedef struct row {
  const char *inputs, *outputs, *nodes; // nodes: the one that bars is called "bad"
  const char *why;                      // NULL: may be sliced
} row;

static const row rows[] = {
    {X, "(y)", "y = Relu(x)", NULL},
    {XZ, "(y)", "y = Add(x, z)", NULL},
    // A symbol that happens to have the size of the batch.
    {"(float[batch,4] x, float[other,4] z)", "(y)", "[bad] y = Add(x, z)", "different axes"},
    {"(float[batch] x, float[batch,1] z)", "(y)", "[bad] y = Add(x, z)", "different axes"},
    {"(float[2*batch,4] x, float[batch] z)", "(y, w)", "y = Relu(x) w = Neg(z)", NULL},
    {X, "(y)", "y = Softmax<axis = 1>(x)", NULL},
    {X, "(y)", "[bad] y = Softmax<axis = 0>(x)", "along the batch"},
    {X, "(y)", "[bad] y = Softmax<axis = -3>(x)", "along the batch"},
    {X, "(y)", "y = ReduceSum<keepdims = 0>(x, p1)", NULL},
    {X, "(y)", "[bad] y = ReduceSum<keepdims = 0>(x, p0)", "along the batch"},
    {X, "(y)", "[bad] y = ReduceMax(x)", "along the batch"},
    {X, "(y)", "t = Transpose<perm = [1, 0, 2]>(x) y = ReduceMean<keepdims = 0>(t, p0)", NULL},
    {X, "(y)", "t = Transpose<perm = [1, 0, 2]>(x) [bad] y = ReduceMean(t, p1)", "along the batch"},
    {X, "(y)", "y = CumSum(x, s1)", NULL},
    {X, "(y)", "[bad] y = CumSum(x, s0)", "along the batch"},
    {X, "(y, i)", "y, i = TopK<axis = 1>(x, p2)", NULL},
    {X, "(y, i)", "[bad] y, i = TopK<axis = 0>(x, p1)", "along the batch"},
    {X, "(y)", "y = ArgMax<axis = 2>(x)", NULL},
    {X, "(y)", "[bad] y = ArgMax<axis = 0>(x)", "along the batch"},
    {X, "(y)", "t = Transpose<perm = [0, 2, 1]>(x) y = MatMul(x, t)", NULL},
    {X, "(y)", "t = Transpose<perm = [2, 1, 0]>(x) [bad] y = MatMul(t, x)", "along the batch"},
    {"(float[batch,6] x)", "(y)", "t = Transpose(x) y = MatMul(t, x)", "along the batch"},
    {"(float[batch,6] x)", "(y)", "t = Transpose(x) [bad] y = MatMul(x, t)", "different axes"},
    {"(float[batch,6] x, float[6] w)", "(y)", "y = MatMul(x, w)", NULL},
    {"(float[batch,4,6] x, float[4] w)", "(y)", "y = MatMul(w, x)", NULL},
    {"(float[batch,6] x, float[6,6] w)", "(y)", "y = Gemm(x, w)", NULL},
    {"(float[batch,6] x, float[6,6] w)", "(y)", "y = Gemm<transB = 1>(x, w, w)", "different axes"},
    {"(float[batch,6] x)", "(y)", "[bad] y = Gemm<transA = 1>(x, x)", "different axes"},
    {XZ, "(y)", "y = Einsum<equation = \"bij,bkj->bik\">(x, z)", NULL},
    {XZ, "(y)", "[bad] y = Einsum<equation = \"bij,bkj->ik\">(x, z)", "along the batch"},
    {XZ, "(y)", "[bad] y = Einsum<equation = \"bij,ckj->bick\">(x, z)", "different axes"},
    {"(float[batch,4,6] x, float[4,4,3] w)", "(y)", "y = Conv<pads = [1, 1]>(x, w)", NULL},
    {"(float[batch,4,6] x, float[2,4,9] w)", "(y)",
     "t = Transpose<perm = [1, 0, 2]>(x) [bad] y = Conv(w, t)", "different axes"},
    {X, "(y)", "y = MaxPool<kernel_shape = [2]>(x)", NULL},
    {X, "(y, i)", "[bad] y, i = MaxPool<kernel_shape = [2]>(x)", "whole batch"},
    {"(float[batch,4,6] x, float[4] w)", "(y)", "y = InstanceNormalization(x, w, w)", NULL},
    {"(float[batch,4,6] x, float[4] w)", "(y)", "y = BatchNormalization(x, w, w, w, w)", NULL},
    {"(float[batch,4,6] x, float[4] w)", "(y)",
     "[bad] y, a, b = BatchNormalization<training_mode = 1>(x, w, w, w, w)", "statistics"},
    {"(float[batch,4,6] x, float[6] w)", "(y)", "y = LayerNormalization(x, w)", NULL},
    {"(float[batch,6] x, float[6] w)", "(y)", "[bad] y = LayerNormalization<axis = 0>(x, w)",
     "along the batch"},
    {X, "(y)", "y = LpNormalization<axis = 1>(x)", NULL},
    {X, "(y)", "[bad] y = LpNormalization<axis = 0>(x)", "along the batch"},
    {"(float[batch,4,6,2] x)", "(y)", "[bad] y = MeanVarianceNormalization(x)", "along the batch"},
    {X, "(y)", "[bad] y = Dropout(x, half, on)", "random"},
    {X, "(y)", "y = Dropout(x)", NULL},
    {X, "(y)", "a = Relu(x) c = CastLike(a, x) h = CastLike(half, x) y = Mul(c, h)", NULL},
    {X, "(y)", "n = Size(x) f = CastLike(n, x) [bad] y = Div(x, f)", "the size"},
    {X, "(y)", "[bad] r = RandomNormalLike(x) y = Add(x, r)", "random"},
    {X, "(y)", "[bad] y, a, b = DynamicQuantizeLinear(x)", "no rule"},
    // Laid out anew.
    {X, "(y)", "f = Reshape(x, m1) n = Shape(x) y = Reshape(f, n)", NULL},
    {X, "(y)", "f = Flatten<axis = 2>(x) y = Softmax(f)", NULL},
    {X, "(y)", "f = Flatten<axis = 2>(x) [bad] y = Softmax<axis = 0>(f)", "along the batch"},
    {"(float[batch,seq,4] x)", "(y)", // of which nobody knows how many there are
     "l = Shape<start = 1, end = 2>(x) h = Mod(l, p2) c = Concat<axis = 0>(p0, p0, p0, p0, h, p0)"
     " d = Pad(x, c) n = Shape<start = 0, end = 1>(x) w = Concat<axis = 0>(n, m1, p2, p2, p2)"
     " y = Reshape(d, w)",
     NULL},
    // Axes that the batch lies in the middle of: in runs, which may come apart again.
    {X, "(y)",
     "t = Transpose<perm = [1, 0, 2]>(x) f = Reshape(t, sixes) g = Softmax(f) n = Shape(t)"
     " u = Reshape(g, n) y = Transpose<perm = [1, 0, 2]>(u)",
     NULL},
    {X, "(y)", // and into more runs, then fewer
     "t = Transpose<perm = [1, 2, 0]>(x) f = Reshape(t, m1) s = Sigmoid(f) n = Shape(t)"
     " u = Reshape(s, n) y = Transpose<perm = [2, 0, 1]>(u)",
     NULL},
    {"(float[batch,4,6] x, float[6,6] w)", "(y)",
     "t = Transpose<perm = [1, 0, 2]>(x) f = Reshape(t, sixes) g = Gemm(f, w) a = Add(f, g)"
     " n = Shape(t) u = Reshape(a, n) y = ReduceMean<keepdims = 0>(u, p0)",
     NULL},
    {X, "(y)", "t = Transpose<perm = [1, 0, 2]>(x) y = Reshape(t, m1)", "several runs"},
    {X, "(y)",
     "t = Transpose<perm = [1, 0, 2]>(x) f = Reshape(t, sixes) n = Shape(x) [bad] y = Reshape(f, "
     "n)",
     "apart"},
    {X, "(y)",
     "t = Transpose<perm = [1, 0, 2]>(x) f = Reshape(t, sixes) g = Reshape(x, sixes)"
     " [bad] y = Add(f, g)",
     "different orders"},
    {X, "(y)", "t = Transpose<perm = [1, 2, 0]>(x) [bad] f = Reshape(t, sixes) y = Softmax(f)",
     "apart"},
    {X, "(y)", "[bad] f = Reshape(x, to) n = Shape(x) y = Reshape(f, n)", "apart"},
    {X, "(y)", "u = Unsqueeze(x, p0) y = Squeeze(u, p0)", NULL},
    {XZ, "(y)", "y = Concat<axis = 1>(x, z)", NULL},
    {XZ, "(y)", "[bad] y = Concat<axis = 0>(x, z)", "along the batch"},
    {X, "(y, v)", "y, v = Split<axis = 2, num_outputs = 2>(x)", NULL},
    {"(float[2*batch,4] x, float[batch] z)", "(y, v)",
     "[bad] y, v = Split<axis = 0, num_outputs = 2>(x)", "along the batch"},
    {X, "(y)", "y = Slice(x, p1, far, p2)", NULL},
    {X, "(y)", "y = Slice(x, p0, far, p0)", NULL},
    {X, "(y)", "[bad] y = Slice(x, p1, far, p0)", "along the batch"},
    {X, "(y)", "[bad] y = Slice(x, m1, low, p0, m1)", "along the batch"},
    {"(float[batch,4] x, float[9,4] w)", "(y)",
     "n = Shape<start = 0, end = 1>(x) [bad] t = Slice(w, p0, n, p0) y = Add(x, t)", "the size"},
    {"(float[batch,9] x)", "(y)", "n = Shape<start = 0, end = 1>(x) [bad] y = Slice(x, n, far, p1)",
     "the size"},
    {X, "(y)", "y = Pad(x, pads)", NULL},
    {X, "(y)", "[bad] y = Pad(x, pads0)", "along the batch"},
    {X, "(y)", "y = Pad(x, shift)", NULL},
    {X, "(y)", "[bad] y = Pad(x, shift0)", "along the batch"}, // of the same size, but moved
    {X, "(y)", "y = Pad<mode = \"wrap\">(x, pair, \"\", m1)", NULL},
    {X, "(y)", "[bad] y = Pad<mode = \"wrap\">(x, pair, \"\", p0)", "along the batch"},
    {"(float[batch,4] x, float[1,4] w)", "(y)", "n = Shape(x) e = Expand(w, n) y = Add(x, e)",
     NULL},
    {"(float[batch,4] x, float[4] w)", "(y)",
     "n = Shape<start = 0, end = 1>(x) c = Concat<axis = 0>(n, p1) t = Unsqueeze(w, p0)"
     " e = Tile(t, c) y = Add(x, e)",
     NULL},
    {X, "(y)", "n = Shape(x) z = ConstantOfShape(n) y = Add(x, z)", NULL},
    {X, "(y)", "[bad] y = Resize(x, \"\", scales)", "along the batch"},
    {X, "(y)", "y = Resize(x, \"\", scales1)", NULL},
    // The size of the batch, and numbers counted along it.
    {X, "(y)", "n = Size(x) f = Cast<to = 1>(n) [bad] y = Div(x, f)", "the size"},
    {X, "(n)", "n = Shape(x)", "size of the batch"},
    {"(float[batch,4] x)", "(y)",
     "n = Shape<start = 0, end = 1>(x) k = Squeeze(n) r = Range(s0, k, s1) f = Cast<to = 1>(r)"
     " u = Unsqueeze(f, p1) y = Add(x, u)",
     "counted"},
    {"(float[batch,4] x)", "(r)",
     "n = Shape<start = 0, end = 1>(x) k = Squeeze(n) r = Range(s0, k, s1)", "counts"},
    {"(float[batch,4] x)", "(y)", "[bad] y = NonZero(x)", "no rule"},
    // Picked by number.
    {"(int64[batch,seq] x, float[7,4] w)", "(y)", "y = Gather(w, x)", NULL},
    {"(float[batch,4] x, int64[2] i)", "(y)", "y = Gather<axis = 1>(x, i)", NULL},
    {"(float[batch,4] x, int64[2] i)", "(y)", "[bad] y = Gather(x, i)", "along the batch"},
    {"(float[batch,4] x, int64[batch] i)", "(y)", "[bad] y = Gather(x, i)", "along the batch"},
    {"(float[batch,4] x, int64[batch,2] i)", "(y)", "y = GatherElements<axis = 1>(x, i)", NULL},
    {"(float[9,4] x, int64[batch,2] i)", "(y)", "[bad] y = GatherElements<axis = 1>(x, i)",
     "different axes"},
    {"(float[batch,4] x, int64[batch,2] i)", "(y)", "[bad] y = GatherElements<axis = 0>(x, i)",
     "along the batch"},
    {"(float[batch,4] x, int64[batch,1] i)", "(y)", "y = GatherND<batch_dims = 1>(x, i)", NULL},
    {"(float[batch,4] x, int64[batch,1] i)", "(y)", "[bad] y = GatherND(x, i)", "different axes"},
    // An attention mask, read at (sample, position) and at sample * positions + position.
    {"(float[batch,seq] x)", "(y)",
     "n = Shape<start = 0, end = 1>(x) k = Squeeze(n) l = Shape<start = 1>(x) j = Squeeze(l)"
     " b = Range(s0, k, s1) q = Range(s0, j, s1) b1 = Unsqueeze(b, p1) q1 = Unsqueeze(q, p0)"
     " both = Concat<axis = 0>(n, l) b2 = Expand(b1, both) q2 = Expand(q1, both)"
     " b3 = Unsqueeze(b2, p2) q3 = Unsqueeze(q2, p2) i = Concat<axis = 2>(b3, q3)"
     " y = GatherND(x, i)",
     NULL},
    {"(float[batch,seq] x)", "(y)",
     "n = Shape<start = 0, end = 1>(x) k = Squeeze(n) l = Shape<start = 1>(x) j = Squeeze(l)"
     " b = Range(s0, k, s1) q = Range(s0, j, s1) b1 = Unsqueeze(b, p1) q1 = Unsqueeze(q, p0)"
     " step = Mul(b1, l) i = Add(step, q1) f = Reshape(x, m1) y = Gather(f, i)",
     NULL},
    {"(float[batch,seq] x)", "(y)", // one position further: the next sample's
     "n = Shape<start = 0, end = 1>(x) k = Squeeze(n) l = Shape<start = 1>(x) j = Squeeze(l)"
     " b = Range(s0, k, s1) q0 = Range(s0, j, s1) q = Add(q0, s0)"
     " b1 = Unsqueeze(b, p1) q1 = Unsqueeze(q, p0)"
     " step = Mul(b1, l) i = Add(step, q1) f = Reshape(x, m1) [bad] y = Gather(f, i)",
     "stay within"},
    {"(float[batch,seq] x)", "(y)", // steps of another size
     "n = Shape<start = 0, end = 1>(x) k = Squeeze(n) b = Range(s0, k, s1) i = Mul(b, s2)"
     " f = Reshape(x, m1) [bad] y = Gather(f, i)",
     "stay within"},
    {"(float[batch,4] x)", "(y)", // places within a sample as constants
     "n = Shape<start = 0, end = 1>(x) k = Squeeze(n) b = Range(s0, k, s1) m = Mul(b, s4)"
     " u = Unsqueeze(m, p1) i = Add(u, places) f = Reshape(x, m1) y = Gather(f, i)",
     NULL},
    {"(float[batch,4] x)", "(y)", // of which one is the next sample's
     "n = Shape<start = 0, end = 1>(x) k = Squeeze(n) b = Range(s0, k, s1) m = Mul(b, s4)"
     " u = Unsqueeze(m, p1) i = Add(u, beyond) f = Reshape(x, m1) [bad] y = Gather(f, i)",
     "stay within"},
    {X, "(y)", // the first of the largest of each sample
     "n = Shape<start = 0, end = 1>(x) k = Squeeze(n) b = Range(s0, k, s1) m = Mul(b, s4)"
     " r = ReduceSum<keepdims = 0>(x, p2) g = ArgMax<axis = 1, keepdims = 0>(r) i = Add(m, g)"
     " f = Reshape(x, sixes) y = Gather(f, i)",
     NULL},
    {X, "(y)", // among more places than there are
     "n = Shape<start = 0, end = 1>(x) k = Squeeze(n) b = Range(s0, k, s1) m = Mul(b, s4)"
     " r = ReduceSum<keepdims = 0>(x, p1) g = ArgMax<axis = 1, keepdims = 0>(r) i = Add(m, g)"
     " f = Reshape(x, sixes) [bad] y = Gather(f, i)",
     "stay within"},
    {"(float[batch,4] x, float[batch,2] u)", "(y)", // what is written to places of each sample
     COUNTED " y = ScatterND(x, i, u)", NULL},
    {"(float[batch,4] x, float[2,2] u)", "(y)",
     COUNTED " e = Expand(u, two2) [bad] y = ScatterND(x, i, e)", "different axes"},
    {"(float[9,4] x, float[batch,2] u)", "(y)", COUNTED " [bad] y = ScatterND(x, i, u)", "counted"},
    {"(float[batch,4] x, float[9,4] w)", "(y)", // positions from the batch
     "n = Shape<start = 0, end = 1>(x) k = Squeeze(n) b = Range(s0, k, s1) [bad] t = Gather(w, b)"
     " y = Add(x, t)",
     "counted"},
    {"(float[batch,4] x, int64[batch,2] i, float[batch,2] u)", "(y)",
     "y = ScatterElements<axis = 1, reduction = \"add\">(x, i, u)", NULL},
    {"(float[batch,4] x, int64[batch,2] i, float[batch,2] u)", "(y)",
     "[bad] y = ScatterElements<axis = 0, reduction = \"add\">(x, i, u)", "along the batch"},
    {"(float[4,batch] x, int64[2,1] i, float[2,batch] u)", "(y)", "y = ScatterND(x, i, u)", NULL},
    {"(int64[batch] x)", "(y)", "y = OneHot(x, s2, values)", NULL},
    {"(float[4,batch,6] x, int64[batch] l)", "(y)",
     "y = ReverseSequence<batch_axis = 1, time_axis = 0>(x, l)", NULL},
    {"(float[batch,4,6] x, int64[4] l)", "(y)",
     "[bad] y = ReverseSequence<batch_axis = 1, time_axis = 0>(x, l)", "along the batch"},
    // Operators whose batch is where they say.
    {"(float[seq,batch,4] x, float[1,8,4] w, float[1,8,2] r)", "(y)",
     "y, h, c = LSTM<hidden_size = 2>(x, w, r)", NULL},
    {"(float[seq,batch,4] x, float[1,8,4] w, float[1,8,2] r)", "(h)",
     "\"\", h = LSTM<hidden_size = 2>(x, w, r)", NULL},
    {"(float[batch,seq,4] x, float[1,8,4] w, float[1,8,2] r)", "(y)",
     "[bad] y, h, c = LSTM<hidden_size = 2>(x, w, r)", NULL}, // along seq, that is
    {"(float[batch,seq,4] x, float[batch,2,seq,seq] m)", "(y)",
     "y = com.microsoft.MultiHeadAttention<num_heads = 2>(x, x, x, \"\", \"\", m)", NULL},
    {"(float[batch,seq,4] x, float[4] w)", "(y)",
     "y = com.microsoft.SkipLayerNormalization(x, x, w)", NULL},
    {"(float[batch,4,32] x, uint8[80] w, float[10] m)", "(y)",
     "y = com.microsoft.MatMulBnb4<K = 32, N = 5, block_size = 16, quant_type = 1>(x, w, m)", NULL},
    {"(float[4,batch] x, uint8[80] w, float[10] m)", "(y)", // whose rows are a batch of 32
     "[bad] y = com.microsoft.MatMulBnb4<K = 32, N = 5, block_size = 16, quant_type = 1>(x, w, m)",
     "along the batch"},
    {"(float[batch,seq,4] x, float[2,4,4] w, float[2,4] b)", "(y)",
     "t = Unsqueeze(x, p2) r = ReduceSum<keepdims = 0>(t, p2) n = Reshape(r, fours)"
     " l = Slice(n, p0, two, p1) y = com.microsoft.MoE<k = 1>(x, l, w, b, w, b)",
     NULL},
    {"(float[batch,4] x, bool c)", "(y)",
     "[bad] y = If<then_branch = t () => (float[batch,4] a) { a = Relu(x) }, else_branch = e () => "
     "(float[batch,4] b) "
     "{ b = Neg(x) }>(c)",
     "no rule"},
    {"(float[4,6] x)", "(y)", "y = Relu(x)", "a symbolic dimension"},
    // What stands against it is told with the result that needs it.
    {X, "(y, s)", "y = Relu(x) [bad] s = Softmax<axis = 0>(x)", "for 's': node"},
    {"(float[batch,4] x, float[other,4] z)", "(y)", "[bad] y = Add(x, z)",
     "input 'z' begins with 'other'"},
};

static void build_text(const row *r, char *text) {
  // Every output is a value without a declared shape.
  snprintf(
      text, SLICED_TEXT,
      SLICED_HEAD
      "%s => %s <int64[1] p0 = {0}, int64[1] p1 = {1}, int64[1] p2 = {2},"
      " int64[1] m1 = {-1}, int64[1] far = {9223372036854775807}, int64[1] low ="
      " {-9223372036854775807}, int64 s0 = {0}, int64 s1 = {1}, int64 s2 = {2},"
      " int64[2] to = {4, -1}, int64[2] fours = {-1, 4}, int64[1] two = {2}, int64[6] pads = "
      "{0, 1, 0, 0, 0, 2},"
      " int64[6] pads0 = {0, 1, 0, 1, 0, 2}, float[3] scales = {2, 1, 1},"
      " float[3] scales1 = {1, 1, 2}, float[2] values = {0, 1}, float half = {0.5},"
      " int64[6] shift = {0, 1, 0, 0, -1, 0}, int64[6] shift0 = {1, 0, 0, -1, 0, 0},"
      " int64[2] pair = {3, 1}, int64[2] two2 = {2, 2}, int64[2] sixes = {-1, 6}, int64 s4 = {4},"
      " int64[4] places = {2, 0, 3, 3}, int64[2] beyond = {2, 4},"
      " bool on = {1}> { %s }",
      r->inputs, r->outputs, r->nodes);
}

static bool check_refused(const sliced_model *m, const row *r, const char *text) {
  sliced_results got;
  gcut_error err = {{0}};
  gcut_status status = sliced_run(m, 2, "sequential", &got, &err);
  sliced_drop(&got);
  bool named = !strstr(r->nodes, "[bad]") || strstr(err.message, "'bad'");
  if (status == GCUT_UNSUPPORTED && strstr(err.message, r->why) && named) return true;
  print_error("%s: '%s' for %s\n", gcut_status_name(status), err.message, text);
  return false;
}

static void texts_are_told_apart(void **state) {
  static char text[SLICED_TEXT];
  bool good = true;
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    build_text(&rows[i], text);
    sliced_model m = sliced_open(text);
    good = (rows[i].why ? check_refused(&m, &rows[i], text) : sliced_check(&m, text)) && good;
    sliced_close(&m);
  }
  assert_true(good);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts_are_told_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
