// Random graphs in slices: statements that keep samples apart, and some that mix them. Whatever is
// proved gives the same in slices as in whole batches.
#include <stdio.h>

#include "tests/support/random_graph.h"
#include "tests/support/sliced.h"

enum { N_RANDOM = 300 };

// Statements over a[batch,4,6] and b likewise that make %s, of the same shape: first those that
// keep samples apart, then those that do not, or that nobody can tell of.
static const char *const apart[] = {
    "%s = Sigmoid(a)",
    "%s = Add(a, b)",
    "%s = Softmax<axis = 1>(a)",
    "%s = Softmax<axis = -1>(a)",
    "%s_m = ReduceMean(a, p2) %s = Sub(a, %s_m)",
    "%s_m = ReduceMax<keepdims = 0>(a, p1) %s_u = Unsqueeze(%s_m, p1) %s = Sub(b, %s_u)",
    "%s = MatMul(a, square)",
    "%s = MatMul(mixer, a)",
    "%s_t = Transpose<perm = [0, 2, 1]>(b) %s_s = MatMul(a, %s_t) %s = MatMul(%s_s, b)",
    "%s_f = Reshape(a, rows) %s_g = Gemm(%s_f, square) %s_n = Shape(a) %s = Reshape(%s_g, %s_n)",
    "%s_t = Transpose<perm = [1, 0, 2]>(a) %s_f = Reshape(%s_t, rows) %s_g = Gemm(%s_f, square)"
    " %s_n = Shape(%s_t) %s_u = Reshape(%s_g, %s_n) %s = Transpose<perm = [1, 0, 2]>(%s_u)",
    "%s = Pad(a, shift)",
    "%s_t = Transpose<perm = [1, 2, 0]>(a) %s_s = Softmax<axis = 1>(%s_t)"
    " %s = Transpose<perm = [2, 0, 1]>(%s_s)",
    "%s = CumSum(a, s2)",
    "%s_c = Concat<axis = 1>(a, b) %s = Slice(%s_c, p2, six, p1)",
    "%s = Gather<axis = 2>(a, picks)",
    "%s_i = ArgMax<axis = 2>(a) %s_e = Gather(square, %s_i) %s_s = Squeeze(%s_e, p2)"
    " %s = Add(%s_s, b)",
    "%s = Slice(a, m1, low, p2, m1)",
    "%s_n = Shape(b) %s_e = Expand(row, %s_n) %s = Mul(a, %s_e)",
    "%s_g = Greater(a, b) %s = Where(%s_g, a, b)",
    "%s = InstanceNormalization(a, four, four)",
    "%s = Conv(a, filter)",
    "%s = MaxPool<kernel_shape = [3], pads = [1, 1]>(a)",
    "%s = Einsum<equation = \"bij,jk->bik\">(a, square)",
    "%s_v, %s_i = TopK<axis = 2>(a, k6) %s = Add(%s_v, b)",
};
static const char *const mixing[] = {
    "%s = Softmax<axis = 0>(a)",
    "%s_m = ReduceMean(a, p0) %s = Sub(a, %s_m)",
    "%s = CumSum(a, s0)",
    "%s_f = Reshape(a, fours) %s_s = Softmax(%s_f) %s_n = Shape(a) %s = Reshape(%s_s, %s_n)",
    "%s_l = Slice(a, m1, far, p0) %s_r = Slice(a, p0, m1, p0) %s = Concat<axis = 0>(%s_l, %s_r)",
    "%s = Slice(a, m1, low, p0, m1)",
    "%s_n = Size(a) %s_f = Cast<to = 1>(%s_n) %s = Div(a, %s_f)",
    "%s_n = Shape<start = 0, end = 1>(a) %s_k = Squeeze(%s_n) %s_r = Range(s0, %s_k, s1)"
    " %s_f = Cast<to = 1>(%s_r) %s_u = Unsqueeze(%s_f, late) %s = Add(a, %s_u)",
    "%s_t = Transpose<perm = [1, 0, 2]>(a) %s_f = Reshape(%s_t, rows) %s_n = Shape(a)"
    " %s = Reshape(%s_f, %s_n)",
    "%s_i = ArgMax<axis = 0>(a) %s_e = Cast<to = 1>(%s_i) %s = Add(a, %s_e)",
};

// The statement with its output's name for %s and two earlier values for a and b.
static size_t write_statement(const char *statement, uint32_t number, uint64_t *random, char *out) {
  char *at = out;
  uint32_t first = random_below(random, number), second = random_below(random, number);
  for (const char *c = statement; *c; c++) {
    bool word = c > statement && (c[-1] == '(' || c[-1] == ' ') && (c[1] == ',' || c[1] == ')');
    if (c[0] == '%' && c[1] == 's')
      at += sprintf(at, "v%u", number), c++;
    else if (word && (*c == 'a' || *c == 'b'))
      at += sprintf(at, "v%u", *c == 'a' ? first : second);
    else
      *at++ = *c;
  }
  *at = 0;
  return (size_t)(at - out);
}

// v0 and v1 are inputs, the last is the output. *out_mixes: of those statements there is one.
static void random_text(uint64_t *random, char *nodes, bool *out_mixes) {
  uint32_t n = 3 + random_below(random, 8);
  *out_mixes = false;
  for (uint32_t i = 2; i < n + 2; i++) {
    bool mixes = random_below(random, 12) == 0;
    const char *statement = mixes ? mixing[random_below(random, sizeof mixing / sizeof *mixing)]
                                  : apart[random_below(random, sizeof apart / sizeof *apart)];
    nodes += write_statement(statement, i, random, nodes);
    *nodes++ = ' ';
    *out_mixes = *out_mixes || mixes;
  }
  sprintf(nodes, "y = Identity(v%u)", n + 1);
}

static void wrap_text(const char *nodes, char *text) {
  snprintf(text, SLICED_TEXT,
           SLICED_HEAD
           "(float[batch,4,6] v0, float[batch,4,6] v1, float[6,6] square, float[4,4] mixer,"
           " float[6] row, float[4] four, float[4,4,1] filter) => (y) <int64[1] p0 = {0},"
           " int64[1] p1 = {1}, int64[1] p2 = {2}, int64[1] m1 = {-1}, int64[1] k6 = {6},"
           " int64[1] six = {6}, int64[1] far = {9223372036854775807}, int64[1] low ="
           " {-9223372036854775807}, int64 s0 = {0}, int64 s1 = {1}, int64 s2 = {2},"
           " int64[2] rows = {-1, 6}, int64[2] fours = {4, -1}, int64[2] late = {1, 2},"
           " int64[6] shift = {0, -1, 0, 0, 1, 0}, int64[6] picks = {5, 0, 3, 3, 1, 2}> { %s }",
           nodes);
}

// What is proved gives the same; what keeps samples apart is proved, whatever of the rest is.
static void random_graphs_are_proved_or_refused(void **state) {
  static char nodes[SLICED_TEXT / 2], text[SLICED_TEXT];
  uint64_t random = 4;
  uint32_t n_proved = 0, n_refused = 0;
  (void)state;
  for (int i = 0; i < N_RANDOM; i++) {
    bool mixes;
    gcut_error err = {{0}};
    sliced_results got;
    random_text(&random, nodes, &mixes);
    wrap_text(nodes, text);
    sliced_model m = sliced_open(text);
    gcut_status status = sliced_run(&m, 2, "sequential", &got, &err);
    sliced_drop(&got);
    if (status == GCUT_OK) assert_true(sliced_check(&m, text));
    if (status != GCUT_OK && (!mixes || status != GCUT_UNSUPPORTED))
      fail_msg("%s: %s\n%s", gcut_status_name(status), err.message, text);
    n_proved += status == GCUT_OK;
    n_refused += status != GCUT_OK;
    sliced_close(&m);
  }
  assert_true(n_proved > N_RANDOM / 4 && n_refused > N_RANDOM / 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_graphs_are_proved_or_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
