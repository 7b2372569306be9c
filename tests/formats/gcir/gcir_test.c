// GCIR: what is written reads back as an equal graph, ONNX's own texts are read, and what is wrong
// with a text is said with its place.
#include <stdio.h>
#include <stdlib.h>

#include "graphcut/formats.h"
#include "tests/support/check.h"
#include "tests/support/folder.h"
#include "tests/support/round_trip.h"

// ---- what there is ----------------------------------------------------------------------------

// As it is written: reading and writing it changes nothing.
static const char everything[] =
    "<\n"
    "  ir_version: 9,\n"
    "  opset_import: [\"\": 18, \"my.domain\": 3, \"odd domain\": 1],\n"
    "  producer_name: \"me\",\n"
    "  producer_version: \"1\",\n"
    "  domain: \"d\",\n"
    "  model_version: 7,\n"
    "  doc_string: \"two\n"
    "lines, a \\\" and a \\\\\",\n"
    "  metadata_props: [\"k\": \"v\", \"empty\": \"\"],\n"
    "  scopes: [\n"
    "    0: \"\": \"Model\",\n"
    "    1: \"layers.0\": \"a.Layer\",\n"
    "    2: 1/\"mlp\",\n"
    "    3: \"layers\"\n"
    "  ]\n"
    ">\n"
    "\"main graph\" {doc_string: \"d\", metadata_props: [\"a\": \"b\"]} (float[batch, \"past + "
    "seq\", ?, 3] "
    "x, seq(float[n]) s, optional(seq(int64[])) o, map(int64, float[]) m, float \"float\" "
    "{doc_string: \"of x\", metadata_props: [\"q\": \"r\"]}, float[2] w, bool c, untyped) => "
    "(float[batch, \"past + seq\", ?, 3] y, untyped, float[batch, \"past + seq\", ?, 3] y, "
    "string[2] t, k) <\n"
    "  float[2] w = {1, -0.5},\n"
    "  string[2] t = {\"a\", b\"00ff\"},\n"
    "  float16[2] h = {15360, 65535},\n"
    "  float[6] specials = {nan, -nan, 0x7f800001, inf, -inf, -0},\n"
    "  double[2] d = {0.1, 0x7ff8000000000001},\n"
    "  complex64[1] z = {1, 2},\n"
    "  int4[3] i4 = {-8, 7, 1},\n"
    "  uint2[5] u2 = {0, 1, 2, 3, 1},\n"
    "  uint64 big = {18446744073709551615},\n"
    "  int64[0, 9] none = {},\n"
    "  float[batch] k1\n"
    "> {\n"
    "  [n1] y, \"\" = Dropout (x, \"\", c) @2 {doc_string: \"doc\", metadata_props: "
    "[\"namespace\": "
    "\"a/b\"]}\n"
    "  [\"n/2\"] k1 = my.domain.Op:over <f: float = 0.1, i: int = -1, \"odd name\": string = "
    "b\"80\", "
    "fs: floats = [1, 2.5, nan], is: ints = [], ss: strings = [\"\", \"b\"], t: tensor = int64[2] "
    "named {1, 2}, ts: tensors = [float {1}, bool[1] {1}], tp: type_proto = seq(float[2]), tps: "
    "type_protos = [float[], int64], sp: sparse_tensor = sparse [4, 5] (float[1] v {1}, int64[1, "
    "2] "
    "ix {3, 4})> () @1\n"
    "  [n3] \"a:b\" = \"odd domain\".\"odd op\" (k1)\n"
    "  [n4] k = If (c) <then_branch: graph = g1 () => (float[] r) {\n"
    "    [i1] r = Identity (\"a:b\") @3\n"
    "  }, else_branch: graph = g2 () => (r) <\n"
    "    float[1] q = {3}\n"
    "  > {\n"
    "    [i2] r = Add (q, \"float\")\n"
    "  }>\n"
    "}\n";

static void writes_what_it_reads(void **state) {
  (void)state;
  gcut_graph *g = parse_gcir(everything);
  assert_int_equal(gcut_gcir_write(g, in_folder("e.gcir"), NULL), GCUT_OK);
  assert_string_equal(read_file(in_folder("e.gcir")), everything);
  check_round_trip(g);
  assert_int_equal(g->n_scopes, 4);
  assert_string_equal(g->scopes[g->nodes[0].scope].path, "layers.0.mlp");
  assert_string_equal(g->scopes[1].class_name, "a.Layer");
  const gcut_attribute *f = gcut_node_attribute(g, &g->nodes[1], "odd name");
  assert_int_equal(f->s.size, 1);
  const gcut_constant *specials =
      &g->constants[g->values[gcut_graph_find_value(g, 0, "specials")].constant];
  const uint32_t bits[] = {0x7fc00000, 0xffc00000, 0x7f800001, 0x7f800000, 0xff800000, 0x80000000};
  assert_memory_equal(specials->data, bits, sizeof bits);
  const gcut_constant *i4 = &g->constants[g->values[gcut_graph_find_value(g, 0, "i4")].constant];
  assert_memory_equal(i4->data, "\x78\x01", 2);
  gcut_graph_destroy(g);
}

static void numbers_are_exact(void **state) {
  (void)state;
  char text[4096] = HEADER "g () => (f) <float[200] f = {";
  unsigned seed = 7;
  uint32_t bits[200];
  for (int i = 0; i < 200; i++) {
    bits[i] = (uint32_t)rand_r(&seed) << 16 ^ (uint32_t)rand_r(&seed);
    snprintf(text + strlen(text), 16, "%s0x%08x", i ? "," : "", bits[i]);
  }
  strcat(text, "}> {}");
  gcut_graph *g = parse_gcir(text);
  assert_memory_equal(g->constants[0].data, bits, sizeof bits);
  check_round_trip(g);
  gcut_graph_destroy(g);
}

// ---- ONNX's own texts -------------------------------------------------------------------------

static void reads_onnx_text(void **state) {
  (void)state;
  static const char *const texts[] = {
      "<ir_version: 7, opset_import: [ \"\" : 10 ] >\n"
      "agraph (float[N, 128] X, float[128, 10] W, float[10] B) => (float[N, 10] C)\n"
      "{ # a comment\r\n    T = MatMul(X, W)\n    S = Add(T, B)\n    C = Softmax(S)\n}",
      "<ir_version: 10, opset_import: [\"\" : 17, \"com.microsoft\" : 1]>\n"
      "g (float[N # size\n] X, float[1] d = {1.0}) => (float Y, float[] Z, Q) <int64[2] s = {-1, "
      "2}, "
      "float[N] T>\n"
      "{ T, = com.microsoft.Gelu(X,)\n  Y = Foo <a = 1, b = 2.0, c = \"s\", d = [1, 2], e: floats "
      "= [1, 2],"
      " f = int64[2] {4, 5}, g = float t = {1.0}> (T, , \"\", d)\n"
      "[named] Z = Bar (s) <x: ints = []>\n Q = Clip(Z,,s) }",
      "<ir_version: 3, opset_import: [\"\" : 8]>\n"
      "g (float[1] X, float[1] w) => (float[1] Y) <float[1] w = {2}> { Y = Add(X, w) }",
      "<ir_version: 10, opset_import: [\"\" : 18]>\n"
      "g (bool[1] b, float[2] x) => (y) { y = If (b) <"
      "then_branch = t () => (u) { u = Identity(x) }, else_branch = e () => (u) { u = Neg(x) }> }",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    gcut_graph *g = parse_gcir(texts[i]);
    check_round_trip(g);
    if (i == 2) assert_int_equal(g->bodies[0].n_inputs, 1); // before IR 4 weights were listed, too
    gcut_graph_destroy(g);
  }
}

static void inlines_functions(void **state) {
  (void)state;
  gcut_graph *g = parse_gcir(
      "<ir_version: 10, opset_import: [\"\": 18, \"this\": 1]>\n"
      "g (float[n] x) => (y, z) { [call] y, z = this.twice <alpha = 2.0> (x) }\n"
      "<domain: \"this\", opset_import: [\"\": 18]>\n"
      "twice <alpha, axis: int = 1> (a) => (b, a2) { t = this.once <k: float = @alpha> (a)\n"
      " b = Foo <axis: int = @axis, beta: float = @beta> (t, a)\n a2 = Identity (a) }\n"
      "<domain: \"this\", opset_import: [\"\": 18]>\n"
      "once <k> (a) => (b) { b = Scale <k: float = @k> (a) }");
  assert_int_equal(g->n_nodes, 3);
  const gcut_node *scale = &g->nodes[0], *foo = &g->nodes[1];
  assert_true(gcut_node_attribute(g, scale, "k")->f == 2.0f);
  assert_int_equal(gcut_node_attribute(g, foo, "axis")->i, 1);
  assert_null(gcut_node_attribute(g, foo, "beta")); // neither given nor defaulted
  assert_true(gcut_graph_find_value(g, 0, "call/t") != GCUT_NONE);
  assert_string_equal(g->values[gcut_node_outputs(g, foo)[0]].name, "y");
  assert_string_equal(g->scopes[foo->scope].path, "call");
  assert_string_equal(g->scopes[foo->scope].class_name, "this.twice");
  check_round_trip(g);
  gcut_graph_destroy(g);
}

// ---- what is wrong ----------------------------------------------------------------------------

static const struct wrong {
  const char *text, *message;
} wrongs[] = {
    {"", "t.gcir:1:1: an empty file"},
    {"# nothing", "an empty file"},
    {HEADER "g (float x) => (y) { y = Neg (x) ", "expected '=', found the end"},
    {HEADER "g (float x) => (y) {\n  y = Neg (q)\n}",
     "t.gcir:3:3: node '' (Neg): nothing defines 'q'"},
    {HEADER "g (float x) => (y) { y = Neg (x }", "expected ')', found '}'"},
    {HEADER "g (float x) = > (y) {}", "expected '=>'"},
    {HEADER "g (float x, float x) => () {}", "'x' is defined twice"},
    {HEADER "g (float x) => () { x = Neg (x) }", "'x' is defined twice"},
    {HEADER "g () => (y) <float y = {1}, float y = {2}> {}", "'y' is defined twice"},
    {HEADER "g () => (y) {}", "nothing defines the output 'y'"},
    {HEADER "g () => (y) { y = Neg (y) }", "cycle"},
    {HEADER "g () => (y) <float[2] y = {1}> {}", "1 elements, where the shape needs 2"},
    {HEADER "g () => (y) <float[9999999999999] y = {1}> {}", "1 elements, where the shape"},
    {HEADER "g () => (y) <float[4294967296, 4294967296] y = {1}> {}", "shape is too large"},
    {HEADER "g () => (y) <float[n] y = {1}> {}", "is no number"},
    {HEADER "g () => (y) <int8 y = {128}> {}", "128 is not within [-128, 127]"},
    {HEADER "g () => (y) <float y = {1e99}> {}", "'1e99' is not a float"},
    {HEADER "g () => (y) <float y = {0x123456789}> {}", "is not the bits of a float"},
    {HEADER "g () => (y) <uint64 y = {18446744073709551616}> {}", "is not an unsigned integer"},
    {HEADER "g () => (y) <int64 y = {1.5}> {}", "is not an integer"},
    {HEADER "g () => (y) <string y = {1}> {}", "expected a string"},
    {HEADER "g () => (y) <float y = {\"a}> {}", "expected a number"},
    {HEADER "g () => (\"y) {}", "a string that does not end"},
    {HEADER "g () => (b\"0\") {}", "not a string of hexadecimal digits"},
    {HEADER "g () => (b\"00\") {}", "a name with a zero byte"},
    {HEADER "g (floaty[2] x) => () {}", "expected"},
    {HEADER "g (float[a b] x) => () {}", "expected a dimension"},
    {HEADER "g (float[] [1] x) => () {}", "expected a name"},
    {HEADER "g (sparse_tensor(float[2]) x) => () {}", "sparse tensor or opaque"},
    {HEADER "g (seq(seq(seq(seq(seq(seq(seq(seq(seq(seq(seq(seq(seq(seq(seq(seq(seq(seq(float x",
     "types within one another"},
    {HEADER
     "g (float[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1] x) => () {}",
     "more than 32 dimensions"},
    {HEADER "g () => () { = Foo <a = []> () }", "an empty list needs its kind"},
    {HEADER "g () => () { = Foo <a: int = [1]> () }", "a list, where a single value"},
    {HEADER "g () => () { = Foo <a: ints = 1> () }", "a single value, where a list"},
    {HEADER "g () => () { = Foo <a = [1, \"b\"]> () }", "different kinds"},
    {HEADER "g () => () { = Foo <a: thing = 1> () }", "'thing' is no kind of attribute"},
    {HEADER "g () => () { = Foo <a = 1, a = 2> () }", "attribute 'a' is given twice"},
    {HEADER "g () => () { = Foo <a = @b> () }", "refers to a function's, outside of one"},
    {HEADER "g () => () { = Foo () @1 }", "scope 1 is not in the header's list"},
    {"<scopes: [2: \"a\"]> g () => () {}", "numbered"},
    {"<scopes: [1: 1/\"a\"]> g () => () {}", "each after its parent"},
    {"<colour: \"red\"> g () => () {}", "'colour' is no part of a model's header"},
    {"<opset_import: [\"\": 0]> g () => () {}", "opset version 0 is no version"},
    {HEADER "g () => () { = other.Foo () }", "domain 'other' is not imported"},
    {HEADER "g () => () { = f () }\nf () => () { = f () }", "function 'f' calls itself"},
    {HEADER "g () => () { = f (a) }\nf () => () {}",
     "has 0 inputs and 0 outputs, the call 1 and 0"},
    {HEADER "g () => () {}\nf () => () {}\nf () => () {}", "function 'f' is defined twice"},
    {"<ir_version: 8, scopes: [0: \"Model\"]>\ng () => () {}", "scope 0 is the model"},
    {"<ir_version: 8, scopes: [1: \"\"]>\ng () => () {}", "all others have one"},
};

static void says_what_is_wrong(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
    gcut_graph *g;
    gcut_error err = {""};
    gcut_status status =
        gcut_gcir_parse(wrongs[i].text, strlen(wrongs[i].text), "t.gcir", NULL, &g, &err);
    if (status == GCUT_OK || g || !strstr(err.message, wrongs[i].message) ||
        !strstr(err.message, "t.gcir"))
      fail_msg("case %zu (%s): %s", i, wrongs[i].message, err.message);
  }
}

// Every prefix and every changed byte of a text that has everything: an error or a graph.
static void survives_damage(void **state) {
  (void)state;
  char text[sizeof everything];
  gcut_graph *g;
  for (size_t i = 0; i < sizeof everything - 1; i++) {
    memcpy(text, everything, sizeof text);
    if (gcut_gcir_parse(text, i, "t.gcir", NULL, &g, NULL) == GCUT_OK) gcut_graph_destroy(g);
    text[i] ^= 0x15;
    if (gcut_gcir_parse(text, sizeof text - 1, "t.gcir", NULL, &g, NULL) == GCUT_OK)
      gcut_graph_destroy(g);
  }
}

static void bounds_depth_and_growth(void **state) {
  (void)state;
  gcut_graph *g;
  gcut_error err;
  char *deep = repeated(HEADER "g () => () {", " = If () <a = g () => () {", 100000, "");
  assert_int_equal(gcut_gcir_parse(deep, strlen(deep), "t.gcir", NULL, &g, &err), GCUT_FORMAT);
  assert_non_null(strstr(err.message, "graphs within one another"));
  free(deep);
  char text[8192] = HEADER "g (float x) => (y) { y = f0 (x) }\n"; // each calls the next one twice
  for (int i = 0; i < 40; i++)
    sprintf(text + strlen(text), "f%d (a) => (c) { b = f%d (a) c = f%d (b) }\n", i, i + 1, i + 1);
  strcat(text, "f40 (a) => (b) { b = Neg (a) }");
  assert_int_equal(gcut_gcir_parse(text, strlen(text), "t.gcir", NULL, &g, &err), GCUT_FORMAT);
  assert_non_null(strstr(err.message, "too large"));
}

// ---- models -----------------------------------------------------------------------------------

static void converts_models(void **state) {
  (void)state;
  static const char *const models[] = {"examples/models/llama/model.onnx",
                                       "examples/models/mllama/model.onnx",
                                       "examples/models/mlp.gcir"};
  for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
    gcut_graph *g = NULL, *text = NULL, *back = NULL;
    gcut_error err;
    if (gcut_graph_read(models[i], NULL, &g, &err) != GCUT_OK ||
        gcut_graph_write(g, in_folder("m.gcir"), &err) != GCUT_OK ||
        gcut_graph_read(in_folder("m.gcir"), NULL, &text, &err) != GCUT_OK ||
        gcut_graph_write(text, in_folder("m.onnx"), &err) != GCUT_OK ||
        gcut_graph_read(in_folder("m.onnx"), NULL, &back, &err) != GCUT_OK)
      fail_msg("%s: %s", models[i], err.message);
    assert_equal(g, text);
    assert_equal(g, back);
    gcut_graph_destroy(g);
    gcut_graph_destroy(text);
    gcut_graph_destroy(back);
  }
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
  const struct CMUnitTest tests[] = {
      CASE(writes_what_it_reads),    CASE(numbers_are_exact),  CASE(reads_onnx_text),
      CASE(inlines_functions),       CASE(says_what_is_wrong), CASE(survives_damage),
      CASE(bounds_depth_and_growth), CASE(converts_models),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
