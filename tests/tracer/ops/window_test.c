// Sizes of convolutions and pools over symbolic shapes, and what they refuse.
#include "tests/support/symbolic.h"

static void convolutions(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"Conv", 22, "", "float[n,3,h,w] float[8,3,3,3]", "float[n,8,h - 2,w - 2]"},
      {"Conv", 22, "pads=[1,1,1,1]", "float[n,3,h,w] float[8,3,3,3] float[8]", "float[n,8,h,w]"},
      {"Conv", 22, "strides=[2] dilations=[3]", "float[1,4,20] float[2,4,3]", "float[1,2,7]"},
      {"Conv", 22, "strides=[2] auto_pad=SAME_UPPER", "float[1,4,9] float[2,4,3]", "float[1,2,5]"},
      {"Conv", 22, "group=2", "float[1,4,9] float[6,2,3]", "float[1,6,7]"},
      {"Conv", 22, "group=0", "float[1,4,9] float[6,2,3]", "!0 groups of output channels"},
      {"Conv", 22, "group=4", "float[1,4,9] float[6,1,3]", "!6 output channels in 4 groups"},
      {"Conv", 22, "", "float[1,4,9] float[6,2,3]", "!has 4 channels, the weight wants 2"},
      {"Conv", 22, "strides=[0]", "float[1,4,9] float[6,4,3]", "!strides[0] is 0"},
      {"Conv", 22, "dilations=[0]", "float[1,4,9] float[6,4,3]", "!dilations[0] is 0"},
      {"Conv", 22, "pads=[-1,0]", "float[1,4,9] float[6,4,3]", "!pads[0] is -1"},
      {"Conv", 22, "pads=[1]", "float[1,4,9] float[6,4,3]", "!pads has 1 elements, expected 2"},
      {"Conv", 22, "kernel_shape=[5]", "float[1,4,9] float[6,4,3]", "!kernel_shape[0] is 5"},
      {"Conv", 22, "auto_pad=SAME", "float[1,4,9] float[6,4,3]", "!auto_pad is 'SAME'"},
      {"Conv", 22, "", "float[1,4,9] float[6,4,0]", "!axis 0 of the kernel has size 0"},
      {"Conv", 22, "", "float[1,4,9] float[6,4]", "!input 1 has rank 2, expected 3"},
      {"Conv", 22, "", "float[4,9] float[6,4]", "!input 0 has rank 2"},
      {"Conv", 22, "", "float[1,4,9] float[6,4,3] float[5]", "!the bias has 5 elements"},
      {"Conv", 22, "", "float[1,4,2] float[6,4,5]", "!dimension 2 of output 0 is negative"},
      {"Conv", 22, "", "float[1,4,0] float[6,4,1]", "float[1,6,0]"},
  };
  SYMBOLIC_TABLE(rows);
}

static void transposed(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"ConvTranspose", 22, "", "float[n,3,h] float[3,8,3]", "float[n,8,h + 2]"},
      {"ConvTranspose", 22, "strides=[2] group=2 output_padding=[1] pads=[1,1]",
       "float[n,4,h] float[4,3,3]", "float[n,6,2*h]"},
      {"ConvTranspose", 22, "strides=[3] auto_pad=SAME_LOWER", "float[1,3,5] float[3,8,2]",
       "float[1,8,15]"},
      {"ConvTranspose", 22, "output_shape=[9]", "float[1,3,h] float[3,8,2]", "float[1,8,9]"},
      {"ConvTranspose", 1, "output_shape=[1,8,9]", "float[1,3,h] float[3,8,2]", "float[1,8,9]"},
      {"ConvTranspose", 22, "output_shape=[9,9]", "float[1,3,h] float[3,8,2]",
       "!output_shape has 2 elements, expected 1"},
      {"ConvTranspose", 22, "group=2", "float[1,3,5] float[3,8,2]",
       "!3 input channels in 2 groups"},
      {"ConvTranspose", 22, "", "float[1,3,5] float[4,8,2]", "!has 3 channels, the weight wants 4"},
  };
  SYMBOLIC_TABLE(rows);
}

static void pools(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"MaxPool", 22, "kernel_shape=[2,2] strides=[2,2]", "float[n,c,8,6]", "float[n,c,4,3]"},
      {"MaxPool", 22, "kernel_shape=[2] strides=[2]", "float[n,c,w]", "float[n,c,floor(w/2)]"},
      {"MaxPool", 22, "kernel_shape=[3] strides=[2] ceil_mode=1", "float[1,1,6]", "float[1,1,3]"},
      // rounded up, the last window would begin in the padding
      {"MaxPool", 22, "kernel_shape=[1] strides=[2] ceil_mode=1 pads=[0,1]", "float[1,1,4]",
       "float[1,1,2]"},
      {"AveragePool", 22, "kernel_shape=[3] auto_pad=SAME_UPPER strides=[2]", "float[1,1,w]",
       "float[1,1,floor((w + 1)/2)]"},
      {"AveragePool", 22, "", "float[1,1,4]", "!'kernel_shape' is missing"},
      {"AveragePool", 22, "kernel_shape=[0]", "float[1,1,4]", "!kernel_shape[0] is 0"},
      {"AveragePool", 22, "kernel_shape=[2,2]", "float[1,1,4]", "!kernel_shape has 2 elements"},
      {"GlobalMaxPool", 22, "", "float[n,c,h,w]", "float[n,c,1,1]"},
      {"GlobalMaxPool", 22, "", "float[n]", "!input 0 has rank 1"},
      {"MaxUnpool", 22, "kernel_shape=[2] strides=[2]", "float[1,1,w] int64[1,1,w]",
       "float[1,1,2*w]"},
      {"MaxUnpool", 22, "kernel_shape=[2]", "float[1,1,4] int64[1,1,4] {1,1,9}", "float[1,1,9]"},
      {"MaxUnpool", 22, "kernel_shape=[2]", "float[1,1,4] int64[1,1,3]", "!dimension 2 is 4"},
  };
  SYMBOLIC_TABLE(rows);
}

static void columns(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"Col2Im", 18, "", "float[n,12,20] {5,6} {2,2}", "float[n,3,5,6]"},
      {"Col2Im", 18, "", "float[n,13,20] {5,6} {2,2}", "!13 rows are no multiple of a block of 4"},
      {"Col2Im", 18, "", "float[n,12,21] {5,6} {2,2}", "!21 columns, 20 blocks"},
      {"Col2Im", 18, "", "float[n,12,21] {5,6} {0,2}", "!block_shape[0] is 0"},
      {"Col2Im", 18, "", "float[n,12,20] {5} {2,2}", "!image_shape has 1 elements, block_shape 2"},
      {"Col2Im", 18, "", "float[n,12,l] int64[2] int64[2]", "float[n,?,?,?]"},
  };
  SYMBOLIC_TABLE(rows);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(convolutions),
      cmocka_unit_test(transposed),
      cmocka_unit_test(pools),
      cmocka_unit_test(columns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
