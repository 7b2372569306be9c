// Constants, Expand, Tile, Gather, Scatter, NonZero, sequences in symbols.
#include "tests/support/symbolic.h"

static void constant(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"Constant", 13, "value_ints=[3,-1]", "", "int64[2]"},
      {"Constant", 13, "", "", "!no value"},
      {"ConstantOfShape", 9, "", "{batch,4}", "float[batch,4]"},
      {"ConstantOfShape", 9, "", "{}", "float"},
      {"ConstantOfShape", 9, "", "int64[3]", "float[?,?,?]"},
      {"ConstantOfShape", 9, "", "{-1}", "!negative"},
      {"ConstantOfShape", 9, "", "int64[40]", "!rank"},
      {"Range", 11, "", "(0) (seq) (1)", "int64[seq]"},
      {"Range", 11, "", "(past) (past+seq) (1)", "int64[seq]"},
      {"Range", 11, "", "(0) (seq) (2)", "int64[floor((seq + 1)/2)]"},
      {"Range", 11, "", "(2) (-3) (-2)", "int64[3] {2,0,-2}"},
      {"Range", 11, "", "(5) (2) (1)", "int64[0] {}"},
      {"Range", 11, "", "(0) int64 (1)", "int64[?]"},
      {"Range", 11, "", "(0) (9) (0)", "!step of 0"},
      {"Range", 11, "", "(-9000000000000000000) (9000000000000000000) (1)", "!counted"},
      {"Range", 11, "", "(0) {1,2} (1)", "!no scalar"},
      {"EyeLike", 9, "dtype=7", "float[n,3]", "int64[n,3]"},
      {"EyeLike", 9, "dtype=8", "float[n,3]", "!type 8"},
      {"EyeLike", 9, "", "float[3]", "!rank 1"},
      {"OneHot", 11, "axis=1", "int64[batch,seq] (5) float[2]", "float[batch,5,seq]"},
      {"OneHot", 11, "", "int64[batch] {vocab} float[2]", "float[batch,vocab]"},
      {"OneHot", 11, "", "int64[batch] int64 float[2]", "float[batch,?]"},
      {"OneHot", 11, "", "int64[batch] (-5) float[2]", "!negative"},
      {"OneHot", 11, "", "int64[batch] (5) float[3]", "!expected 2"},
      {"OneHot", 11, "axis=2", "int64[batch] (5) float[2]", "!axis 2"},
  };
  SYMBOLIC_TABLE(rows);
}

static void expand(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"Expand", 13, "", "float[batch,1,1,seq] {batch,1,seq,seq}", "float[batch,1,seq,seq]"},
      {"Expand", 13, "", "float[1,4] {batch,3,1}", "float[batch,3,4]"},
      {"Expand", 13, "", "float[3,1] {2,1,6}", "float[2,3,6]"},
      {"Expand", 13, "", "float[n] {seq}", "float[seq]"},
      {"Expand", 13, "", "float[3] {seq}", "float[3]"},
      {"Expand", 13, "", "(seq) {3}", "int64[3] {seq,seq,seq}"},
      {"Expand", 13, "", "float[3,1] int64[3]", "float[?,3,?]"},
      {"Expand", 13, "", "float[3] int64[n]", "float[...]"},
      {"Expand", 13, "", "float[3] {2}", "!dim 0"},
      {"Expand", 13, "", "float[1] {-1}", "!-1"},
      {"Tile", 13, "", "float[batch,seq] {1,3}", "float[batch,3*seq]"},
      {"Tile", 13, "", "{a,b} {2}", "int64[4] {a,b,a,b}"},
      {"Tile", 13, "", "float[batch,seq] {1}", "!1 repeats"},
      {"Tile", 13, "", "float[batch] {-1}", "!-1 times"},
      {"Tile", 13, "", "float[9223372036854775807] {3}", "!too large"},
      {"Tile", 1, "", "float[2] float float", "float[?]"},
      {"Transpose", 13, "perm=[0,2,1,3]", "float[batch,seq,4,16]", "float[batch,4,seq,16]"},
      {"Transpose", 13, "", "{a,b}", "int64[2] {a,b}"},
      {"Transpose", 13, "perm=[0,0]", "float[2,3]", "!twice"},
      {"Transpose", 13, "perm=[0]", "float[2,3]", "!perm has 1"},
      {"DepthToSpace", 13, "blocksize=2", "float[n,12,h,w]", "float[n,3,2*h,2*w]"},
      {"DepthToSpace", 13, "blocksize=2", "float[n,6,h,w]", "!depth"},
      {"DepthToSpace", 13, "blocksize=0", "float[n,6,h,w]", "!blocksize 0"},
      {"SpaceToDepth", 13, "blocksize=2", "float[n,3,2*h,w]", "float[n,12,h,floor(w/2)]"},
      {"Trilu", 14, "", "float[seq,seq] {0}", "float[seq,seq]"},
      {"Trilu", 14, "", "float[seq]", "!rank"},
  };
  SYMBOLIC_TABLE(rows);
}

static void gather(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"Gather", 13, "", "float[1000,64] int64[batch,seq]", "float[batch,seq,64]"},
      {"Gather", 13, "", "{batch,seq} (1)", "int64 (seq)"},
      {"Gather", 13, "", "{batch,seq,5} {-1,0}", "int64[2] {5,batch}"},
      {"Gather", 13, "", "{batch,seq} (2)", "!index 2"},
      {"Gather", 13, "axis=2", "float[2,3] (0)", "!axis 2"},
      {"Gather", 13, "", "float (0)", "!axis 0"},
      {"GatherElements", 13, "axis=1", "float[batch,9] int64[batch,k]", "float[batch,k]"},
      {"GatherElements", 13, "axis=1", "float[2,9] int64[3,9]", "!dim 0"},
      {"GatherElements", 13, "", "{a,b} {1}", "int64[1] {b}"},
      {"GatherND", 13, "", "float[batch,seq,8] int64[n,2]", "float[n,8]"},
      {"GatherND", 13, "batch_dims=1", "float[batch,seq,8] int64[batch,1]", "float[batch,8]"},
      {"GatherND", 13, "", "float[batch,seq] int64[n,m]", "float[...]"},
      {"GatherND", 13, "", "float[batch,seq] int64[n,3]", "!coordinates"},
      {"GatherND", 13, "", "float[batch,seq] int64[n,0]", "!coordinates"},
      {"GatherND", 13, "batch_dims=2", "float[batch,seq] int64[n,1]", "!batch_dims 2"},
      {"ScatterND", 16, "", "float[batch,seq,8] int64[n,2] float[n,8]", "float[batch,seq,8]"},
      {"ScatterND", 16, "", "float[2,3] int64[n,1] float[n,4]", "!dim 1"},
      {"ScatterND", 16, "", "float[2,3] int64[n,3] float[n]", "!coordinates"},
      {"ScatterND", 18, "reduction=xor", "float[2] int64[n,1] float[n]", "!xor"},
      {"ScatterElements", 16, "", "{a,b,c} {1} {9}", "int64[3] {a,9,c}"},
      {"ScatterElements", 16, "", "{a,b,c} {3} {9}", "!index 3"},
      {"ScatterElements", 16, "axis=1", "float[2,3] int64[3,3] float[3,3]", "!dim 0"},
      {"ScatterElements", 16, "", "float[2] int64[2] float[3]", "!updates"},
      {"TensorScatter", 24, "", "float[batch,4,max,8] float[batch,4,seq,8] int64[batch]",
       "float[batch,4,max,8]"},
      {"TensorScatter", 24, "axis=0", "float[2,4] float[2,4]", "!batch"},
      {"TensorScatter", 24, "axis=1", "float[2,4] float[2,5]", "!update of 5"},
  };
  SYMBOLIC_TABLE(rows);
}

static void select(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"NonZero", 13, "", "{3,0,5}", "int64[1,2]"},
      {"NonZero", 13, "", "float[batch,seq]", "int64[2,?]"},
      {"NonZero", 13, "", "float", "int64[0,?]"},
      {"Compress", 11, "axis=1", "float[batch,seq] bool[3]", "float[batch,?]"},
      {"Compress", 11, "", "float[batch,seq] bool[3]", "float[?]"},
      {"Compress", 11, "", "float[batch,seq] bool[3,3]", "!rank 2"},
      {"Unique", 11, "", "float[batch,seq]", "float[?] int64[?] int64[batch*seq] int64[?]"},
      {"Unique", 11, "axis=1", "float[batch,seq]", "float[batch,?] int64[?] int64[seq] int64[?]"},
      {"ReverseSequence", 10, "", "float[seq,batch,3] int64[batch]", "float[seq,batch,3]"},
      {"ReverseSequence", 10, "", "float[seq,4,3] int64[3]", "!3 lengths"},
      {"ReverseSequence", 10, "batch_axis=2", "float[seq,4,3] int64[3]", "!batch_axis 2"},
      {"StringSplit", 20, "", "string[n]", "string[n,?] int64[n]"},
      {"StringNormalizer", 10, "", "string[2,3]", "!rows"},
      {"StringConcat", 20, "", "string[n,1] string[m]", "string[n,m]"},
  };
  SYMBOLIC_TABLE(rows);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(constant), cmocka_unit_test(expand),
                                     cmocka_unit_test(gather), cmocka_unit_test(select)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
