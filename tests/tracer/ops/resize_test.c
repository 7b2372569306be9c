// Sizes of Resize, of grids, of recurrent layers and of signals over symbolic shapes, and what
// they refuse.
#include "tests/support/symbolic.h"

static void resize(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"Resize", 19, "", "float[n,3,h,w] - - {n,3,10,20}", "float[n,3,10,20]"},
      {"Resize", 19, "axes=[2,3]", "float[n,3,h,w] - - {2*h,7}", "float[n,3,2*h,7]"},
      {"Resize", 19, "axes=[-1]", "float[n,3,h,8] - - {0}", "float[n,3,h,0]"},
      {"Resize", 19, "axes=[2,3] keep_aspect_ratio_policy=not_larger", "float[1,3,5,6] - - {9,8}",
       "float[1,3,7,8]"},
      {"Resize", 19, "axes=[2,3] keep_aspect_ratio_policy=not_larger", "float[1,3,h,6] - - {9,8}",
       "float[1,3,?,?]"},
      {"Resize", 19, "", "float[1,3,5,6] - - {1,3,9}", "!3 sizes for 4 axes"},
      {"Resize", 19, "", "float[1,3,0,6] - - {1,3,9,9}", "!dim 2 has size 0 and cannot become 9"},
      {"Resize", 19, "axes=[2,2]", "float[1,3,5,6] - - {9,8}", "!axis 2 twice"},
      {"Resize", 19, "mode=quintic", "float[1,3,5,6] - - {1,3,9,9}", "!mode is none of"},
      {"Resize", 19, "coordinate_transformation_mode=tf_crop_and_resize",
       "float[1,3,5,6] - - {1,3,9,9}", "!needs roi"},
      {"Resize", 19, "", "float[1,3,5,6]", "!found neither"},
      {"Resize", 19, "antialias=1", "float[1,3,5,6] - - {1,3,9,9}", "!antialias goes with"},
  };
  SYMBOLIC_TABLE(rows);
}

static void grids(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"GridSample", 20, "", "float[n,c,h,w] float[n,5,6,2]", "float[n,c,5,6]"},
      {"GridSample", 20, "", "float[n,c,h,w] float[n,5,6,3]", "!expected 2 (coordinates"},
      {"GridSample", 20, "mode=nearer", "float[n,c,h,w] float[n,5,6,2]", "!unknown mode"},
      {"AffineGrid", 20, "", "float[n,2,3] {n,3,h,7}", "float[n,h,7,2]"},
      {"AffineGrid", 20, "", "float[n,2,3] {n,3,4,5,6}", "!expected 3 (rows of theta)"},
      {"RoiAlign", 16, "output_height=7 output_width=5", "float[n,c,h,w] float[r,4] int64[r]",
       "float[r,c,7,5]"},
      {"RoiAlign", 16, "output_height=0", "float[n,c,h,w] float[r,4] int64[r]",
       "!output of 0 by 1"},
      {"NonMaxSuppression", 11, "", "float[n,b,4] float[n,c,b]", "int64[?,3]"},
      {"NonMaxSuppression", 11, "", "float[n,9,4] float[n,c,8]", "!expected 9 (scores)"},
  };
  SYMBOLIC_TABLE(rows);
}

static void recurrent(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"LSTM", 14, "hidden_size=6", "float[s,n,4] float[1,24,4] float[1,24,6]", "float[s,1,n,6]"},
      {"GRU", 14, "hidden_size=6 layout=1 direction=bidirectional",
       "float[n,s,4] float[2,18,4] float[2,18,6]", "float[n,s,2,6]"},
      {"RNN", 14, "hidden_size=5", "float[s,n,4] float[1,6,4] float[1,6,6]",
       "!expected 5 (hidden_size)"},
      {"LSTM", 14, "direction=sideways", "float[s,n,4] float[1,24,4] float[1,24,6]",
       "!direction 'sideways' is none of"},
      {"LSTM", 14, "direction=bidirectional", "float[s,n,4] float[1,24,4] float[1,24,6]",
       "!expected 2 (W)"},
      {"RNN", 14, "layout=2", "float[s,n,4] float[1,6,4] float[1,6,6]", "!layout is 2"},
  };
  SYMBOLIC_TABLE(rows);
}

static void signals(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"DFT", 20, "", "float[n,l,1]", "float[n,l,2]"},
      {"DFT", 17, "onesided=1", "float[n,l,1]", "float[n,floor(l/2) + 1,2]"},
      {"DFT", 20, "", "float[n,l,5,1] (16) (1)", "float[n,16,5,2]"},
      {"DFT", 20, "onesided=1 inverse=1", "float[n,l,2]", "float[n,2*l - 2,1]"},
      {"DFT", 20, "", "float[n,l,3]", "!the last dim is 3"},
      {"DFT", 20, "", "float[n,l,1] (0)", "!the length of the transform is 0"},
      {"DFT", 17, "axis=2", "float[n,l,1]", "!the axis is that of the complex parts"},
      {"STFT", 17, "", "float[n,100,1] (10) float[20]", "float[n,9,11,2]"},
      {"STFT", 17, "", "float[n,l,1] (10) float[20]", "float[n,floor(l/10) - 1,11,2]"},
      {"STFT", 17, "", "float[n,100,1] (0) float[20]", "!frame_step is 0"},
      {"STFT", 17, "", "float[n,10,1] (10) float[20]", "!frames of 20 in a signal of 10"},
      {"HannWindow", 17, "", "(n)", "float[n]"},
      {"HannWindow", 17, "output_datatype=8", "(10)", "!output_datatype is 8"},
      {"HannWindow", 17, "", "(-3)", "!negative"},
  };
  SYMBOLIC_TABLE(rows);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(resize),
      cmocka_unit_test(grids),
      cmocka_unit_test(recurrent),
      cmocka_unit_test(signals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
