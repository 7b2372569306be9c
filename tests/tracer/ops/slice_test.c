// Slice, Concat, Split, Pad in symbols.
#include "tests/support/symbolic.h"

static void slice(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"Slice", 13, "", "float[batch,seq] {1} {9223372036854775807} {1}", "float[batch,seq - 1]"},
      {"Slice", 13, "", "float[batch,seq] {0} {2147483647} {1}", "float[batch,seq]"},
      {"Slice", 13, "", "float[batch,seq] {-1} {9223372036854775807} {1}", "float[batch,1]"},
      {"Slice", 13, "", "float[batch,seq] {0} {-1} {-1}", "float[batch,seq - 1]"},
      {"Slice", 13, "", "float[1,1,2048,2048] {0,0} {seq,seq} {2,3}", "float[1,1,seq,seq]"},
      {"Slice", 13, "", "float[2048] {past} {past+seq} {0}", "float[seq]"},
      {"Slice", 13, "", "float[seq] {0} {5} {0}", "float[min(seq, 5)]"},
      {"Slice", 13, "", "float[seq] {0} {9223372036854775807} {0} {2}",
       "float[floor((seq + 1)/2)]"},
      {"Slice", 13, "", "float[2*seq] {0} {9223372036854775807} {0} {2}", "float[seq]"},
      {"Slice", 13, "", "float[seq] {-1} {-9223372036854775808} {0} {-1}", "float[seq]"},
      {"Slice", 13, "", "float[seq] {0} {0} {0}", "float[0]"},
      {"Slice", 13, "", "float[7] {-100} {100} {0} {3}", "float[3]"},
      {"Slice", 13, "", "float[7,n] int64[1] int64[1] {0}", "float[?,n]"},
      {"Slice", 13, "", "float[7,n] int64[1] int64[1] int64[1]", "float[?,?]"},
      {"Slice", 13, "", "{batch,seq,64} {1} {3} {0}", "int64[2] {seq,64}"},
      {"Slice", 13, "", "{batch,seq,64} {-1} {-4} {0} {-1}", "int64[3] {64,seq,batch}"},
      {"Slice", 9, "starts=[1] ends=[-1] axes=[1]", "float[batch,seq+2]", "float[batch,seq]"},
      {"Slice", 9, "starts=[-9223372036854775808] ends=[2]", "float[seq]", "float[min(seq, 2)]"},
      {"Slice", 13, "", "float[7] {0} {5} {0} {0}", "!step of 0"},
      {"Slice", 13, "", "float[7] {0} {5} {1}", "!axis 1"},
      {"Slice", 13, "", "float[7,7] {0,0} {5,5} {0,-2}", "!twice"},
      {"Slice", 13, "", "float[7] {0} {5,6} {0}", "!elements"},
      {"Slice", 13, "", "float[7] {0,0} {5,5}", "!axes"},
      {"Slice", 9, "starts=[0] ends=[1,2]", "float[7,7]", "!do not go together"},
  };
  SYMBOLIC_TABLE(rows);
}

static void concat(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"Concat", 13, "axis=1", "float[batch,past] float[batch,seq]", "float[batch,past + seq]"},
      {"Concat", 13, "axis=0", "{batch} {4,-1}", "int64[3] {batch,4,-1}"},
      {"Concat", 13, "axis=-1", "float[n,2] float[3,2]", "float[3,4]"},
      {"Concat", 3, "", "float[n,2] float[n,2]", "float[n,4]"},
      {"Concat", 13, "", "float[n,2]", "!'axis' is missing"},
      {"Concat", 13, "axis=0", "float[2,3] float[2,4]", "!dim 1"},
      {"Concat", 13, "axis=0", "float[2,3] float[2]", "!rank"},
      {"Concat", 13, "axis=0", "float int64[2]", "!agree"},
      {"Concat", 13, "axis=0", "float[9223372036854775807] float[9223372036854775807]",
       "!too large"},
  };
  SYMBOLIC_TABLE(rows);
}

static void split(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"Split", 13, "axis=1", "float[n,6] {2,4}", "float[n,2] float[n,4]"},
      {"Split", 18, "axis=-1 num_outputs=3", "float[batch,3*h]",
       "float[batch,h] float[batch,h] float[batch,h]"},
      {"Split", 18, "num_outputs=2", "float[5]", "float[3] float[2]"},
      {"Split", 18, "num_outputs=3", "float[1]", "float[1] float[0] float[0]"},
      {"Split", 18, "num_outputs=2", "float[n]",
       "float[floor((n + 1)/2)] float[n - floor((n + 1)/2)]"},
      {"Split", 11, "", "float[2*n]", "float[n] float[n]"},
      {"Split", 11, "split=[1,2]", "float[3]", "float[1] float[2]"},
      {"Split", 13, "", "{a,b,7} {2,1}", "int64[2] {a,b} int64[1] {7}"},
      {"Split", 13, "axis=1", "float[n,6] int64[2]", "float[n,?] float[n,?]"},
      {"Split", 13, "", "float[5] {2,3}", "!2 lengths for 1"},
      {"Split", 13, "", "float[5]", "float[5]"},
      {"Split", 11, "split=[4]", "float[3]", "!add up to 4"},
      {"Split", 11, "split=[-9223372036854775808]", "float[3]", "!length 0"},
      {"Split", 18, "num_outputs=2", "float[5] -", "float[3] float[2]"},
      {"Split", 18, "num_outputs=3", "float[5]", "!num_outputs is 3"},
  };
  SYMBOLIC_TABLE(rows);
}

static void pad(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"Pad", 18, "", "float[batch,seq] {1,2} - {1}", "float[batch,seq + 3]"},
      {"Pad", 13, "", "float[batch,seq] {0,-1,0,0}", "float[batch,seq - 1]"},
      {"Pad", 13, "", "float[batch,3] int64[4]", "float[?,?]"},
      {"Pad", 2, "pads=[0,1,0,1] mode=edge", "float[batch,3]", "float[batch,5]"},
      {"Pad", 1, "paddings=[1,1]", "float[n]", "float[n + 2]"},
      {"Pad", 13, "mode=mirror", "float[3] {1,1}", "!mirror"},
      {"Pad", 13, "", "float[3] {-2,-2}", "!negative"},
      {"Pad", 13, "", "float[3] {1}", "!1 pads"},
      {"Pad", 13, "mode=reflect", "float[2,0] {0,1,0,1}", "!no elements"},
      {"Pad", 19, "mode=wrap", "float[3] {-3,4}", "!no elements"},
      {"Pad", 18, "", "float[3,3] {1,1,1,1} - {0,-2}", "!twice"},
      {"Pad", 13, "", "float[3] {9223372036854775807,9223372036854775807}", "!too large"},
      {"CenterCropPad", 18, "axes=[1]", "float[n,5] {seq}", "float[n,seq]"},
      {"CenterCropPad", 18, "", "float[n,5] {7,8}", "float[7,8]"},
      {"CenterCropPad", 18, "", "float[n,5] {7}", "!1 sizes for 2"},
      {"CenterCropPad", 18, "axes=[0]", "float[n,5] {-7}", "!negative"},
      {"Crop", 1, "border=[1,2,3,4]", "float[n,3,h,w]", "float[n,3,h - 6,w - 4]"},
      {"Crop", 1, "border=[1,2,0,0] scale=[4,5]", "float[n,3,h,w]", "float[n,3,4,5]"},
      {"Crop", 1, "border=[1,2,0,0] scale=[4,5]", "float[n,3,6,5]", "!axis 3 is too small"},
      {"Crop", 1, "border=[0,4,0,4]", "float[n,3,7,5]", "!axis 2 is too small"},
      {"Crop", 1, "border=[0,-1,0,4]", "float[n,3,7,5]", "!axis 2 is too small"},
      {"Crop", 1, "border=[9223372036854775807,0,9223372036854775807,0]", "float[n,3,7,5]",
       "!axis 3 is too small"},
      {"Crop", 1, "border=[0,1,0]", "float[n,3,7,5]", "!3 numbers of border"},
      {"Crop", 1, "border=[0,1,0,0]", "float[n,3,7]", "!rank 3"},
      {"ImageScaler", 1, "", "float[n,c,h,w]", "float[n,c,h,w]"},
      {"ImageScaler", 1, "", "float[n,3,h,w]", "!0 biases for 3 channels"},
  };
  SYMBOLIC_TABLE(rows);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(slice), cmocka_unit_test(concat),
                                     cmocka_unit_test(split), cmocka_unit_test(pad)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
