// Shapes in symbols: Reshape and its kin, Shape, Size.
#include "tests/support/symbolic.h"

static void reshape(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"Reshape", 14, "", "float[batch,seq,64] {0,0,4,-1}", "float[batch,seq,4,16]"},
      {"Reshape", 14, "", "float[batch,seq,64] {-1,64}", "float[batch*seq,64]"},
      {"Reshape", 14, "", "float[batch*seq,64] {batch,seq,-1}", "float[batch,seq,64]"},
      {"Reshape", 14, "", "float[batch,seq,4,16] {batch,-1,64}", "float[batch,seq,64]"},
      {"Reshape", 14, "", "float[batch,4,seq,16] {batch*4,seq,16}", "float[4*batch,seq,16]"},
      {"Reshape", 14, "", "float[4*batch,seq,16] {-1,4,seq,16}", "float[batch,4,seq,16]"},
      {"Reshape", 14, "", "float[seq+1,2] {-1}", "float[2*seq + 2]"},
      // an empty batch stands beside -1, for it is on both sides
      {"Reshape", 14, "", "float[0,seq,8] {0,-1}", "float[0,8*seq]"},
      {"Reshape", 14, "", "float[0,3] {0,-1}", "float[0,3]"},
      {"Reshape", 14, "", "float[0,3] {1,-1}", "float[1,0]"},
      {"Reshape", 14, "", "float[0,16,64] {-1,64}", "float[0,64]"},
      {"Reshape", 14, "", "float[0,1,2,1] {0}", "float[0]"},
      {"Reshape", 14, "", "float[0,3] {2,3}", "!elements"},
      {"Reshape", 14, "allowzero=1", "float[0,3] {3,0}", "float[3,0]"},
      {"Reshape", 14, "", "float {1,1}", "float[1,1]"},
      {"Reshape", 14, "", "float[1,1] {}", "float"},
      {"Reshape", 14, "", "{seq,4} {1,2}", "int64[1,2]"},
      {"Reshape", 14, "", "(seq) {-1}", "int64[1] {seq}"},
      {"Reshape", 14, "", "float[2,3] int64[2]", "float[?,?]"},
      {"Reshape", 14, "", "float[2,3] int64[n]", "float[...]"},
      {"Reshape", 1, "shape=[3,-1]", "float[6,n]", "float[3,2*n]"},
      {"Reshape", 14, "", "float[2,3] {4,-1}", "!do not divide"},
      {"Reshape", 14, "", "float[2,3] {7}", "!elements"},
      {"Reshape", 14, "", "float[2,3] {-1,-1}", "!twice"},
      {"Reshape", 14, "", "float[2,3] {-2,3}", "!-2"},
      {"Reshape", 14, "", "float[6] {6,0}", "!rank 1"},
      {"Reshape", 14, "allowzero=1", "float[2,3] {0,-1}", "!do not divide"},
      {"Reshape", 14, "", "float[4294967296,4294967296] {4294967296,-1,3}", "!"},
      {"Reshape", 14, "", "float[2,3]", "!missing"},
      {"Reshape", 1, "shape=[-9223372036854775808]", "float[6]", "!a shape with"},
  };
  SYMBOLIC_TABLE(rows);
}

static void squeeze(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"Squeeze", 13, "", "float[1,seq,1] {0,-1}", "float[seq]"},
      {"Squeeze", 13, "", "float[1,seq+1,1]", "float[seq + 1]"},
      {"Squeeze", 13, "", "float[1,seq,1]", "float[...]"}, // seq might be 1
      {"Squeeze", 13, "", "float[n,seq] {0}", "float[seq]"},
      {"Squeeze", 13, "", "{seq} {0}", "int64 (seq)"},
      {"Squeeze", 13, "", "float[1,n,1] int64[2]", "float[?]"},
      {"Squeeze", 11, "axes=[0]", "float[1,seq]", "float[seq]"},
      {"Squeeze", 13, "", "float[2,3] {0}", "!axis 0"},
      {"Squeeze", 13, "", "float[1,3] {2}", "!axis 2"},
      {"Squeeze", 13, "", "float[1,3] {0,-2}", "!twice"},
      {"Unsqueeze", 13, "", "float[seq] {0,-1}", "float[1,seq,1]"},
      {"Unsqueeze", 13, "", "(seq) {0}", "int64[1] {seq}"},
      {"Unsqueeze", 11, "axes=[1]", "float[seq,2]", "float[seq,1,2]"},
      {"Unsqueeze", 13, "", "float[n] int64[2]", "float[?,?,?]"},
      {"Unsqueeze", 13, "", "float[seq] {3}", "!axis 3"},
      {"Unsqueeze", 13, "", "float[seq] {0,0}", "!twice"},
      {"Unsqueeze", 13, "", "float[seq] -", "!missing"},
      {"Flatten", 13, "axis=2", "float[batch,4,seq,2]", "float[4*batch,2*seq]"},
      {"Flatten", 13, "axis=0", "float", "float[1,1]"},
      {"Flatten", 13, "axis=-1", "float[a,b,c]", "float[a*b,c]"},
      {"Flatten", 13, "axis=3", "float[a,b]", "!axis 3"},
  };
  SYMBOLIC_TABLE(rows);
}

static void shape(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"Shape", 15, "", "float[batch,seq,64]", "int64[3] {batch,seq,64}"},
      {"Shape", 15, "start=1", "float[batch,seq,64]", "int64[2] {seq,64}"},
      {"Shape", 15, "start=-2 end=-1", "float[batch,seq,64]", "int64[1] {seq}"},
      {"Shape", 15, "start=9", "float[batch,seq]", "int64[0] {}"},
      {"Shape", 15, "end=-9223372036854775808", "float[batch]", "int64[0] {}"},
      {"Shape", 15, "", "float", "int64[0] {}"},
      {"Size", 13, "", "float[batch,seq,4]", "int64 (4*batch*seq)"},
      {"Identity", 16, "", "{seq,2}", "int64[2] {seq,2}"},
  };
  SYMBOLIC_TABLE(rows);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(reshape), cmocka_unit_test(squeeze),
                                     cmocka_unit_test(shape)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
