// Resize, grids, regions and recurrent layers beyond the official cases.
#include <math.h>

#include "tests/support/onenode.h"

static onenode resize(int64_t version, const char *mode, const char *transform) {
  onenode n = onenode_make("Resize", version);
  onenode_string(&n, "mode", mode);
  if (transform) onenode_string(&n, "coordinate_transformation_mode", transform);
  return n;
}

static void any_type(void **unused) {
  (void)unused;
  const char *const words[] = {"a", "bc", "def"};
  onenode n = resize(13, "nearest", "asymmetric");
  onenode_input(&n, GCUT_STRING, 1, (const int64_t[]){3}, words);
  onenode_absent(&n);
  VECTOR(&n, GCUT_FLOAT, float, 2);
  GIVES(&n, GCUT_STRING, char *, "a", "a", "bc", "bc", "def", "def");
  onenode_free(&n);
  n = resize(13, "linear", "asymmetric");
  VECTOR(&n, GCUT_INT16, int16_t, -3, 0, 32767);
  onenode_absent(&n);
  VECTOR(&n, GCUT_FLOAT, float, 2);
  GIVES(&n, GCUT_INT16, int16_t, -3, -2, 0, 16384, 32767, 32767); // ties to even
  onenode_free(&n);
}

static void before_opset_11(void **unused) {
  (void)unused;
  onenode n = resize(10, "nearest", NULL);
  VECTOR(&n, GCUT_FLOAT, float, 1, 2, 3, 4);
  VECTOR(&n, GCUT_FLOAT, float, 0.6f);
  GIVES(&n, GCUT_FLOAT, float, 1, 3); // shrinking rounds up
  onenode_free(&n);
}

static void sizes_from_scales(void **unused) {
  (void)unused;
  float x[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  onenode n = resize(13, "nearest", "asymmetric");
  onenode_input(&n, GCUT_FLOAT, 1, (const int64_t[]){10}, x);
  onenode_absent(&n);
  VECTOR(&n, GCUT_FLOAT, float, 0.7f);
  assert_ok(onenode_run(&n, err));
  assert_int_equal(n.outputs[0]->dims[0], 7); // 10 * 0.7f is 7 in float, though 0.7f < 0.7
  onenode_free(&n);
}

static void odd_scales(void **unused) {
  (void)unused;
  static const float scales[] = {NAN, -1, 0, INFINITY, 1e30f};
  for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
    onenode n = resize(13, "linear", NULL);
    VECTOR(&n, GCUT_FLOAT, float, 1, 2);
    onenode_absent(&n);
    onenode_input(&n, GCUT_FLOAT, 1, (const int64_t[]){1}, &scales[i]);
    assert_fails(onenode_run(&n, err), GCUT_FORMAT, "scale");
    onenode_free(&n);
  }
}

static void cropped(void **unused) {
  (void)unused;
  onenode n = resize(13, "nearest", "tf_crop_and_resize");
  onenode_float(&n, "extrapolation_value", 9);
  VECTOR(&n, GCUT_UINT8, uint8_t, 1, 2, 3);
  VECTOR(&n, GCUT_FLOAT, float, 0.5f, 1.5f);
  onenode_absent(&n);
  VECTOR(&n, GCUT_INT64, int64_t, 3);
  GIVES(&n, GCUT_UINT8, uint8_t, 2, 3, 9);
  onenode_free(&n);
}

static void grid_beyond_the_image(void **unused) {
  (void)unused;
  static const char *const paddings[] = {"zeros", "border", "reflection"};
  static const float expected[3][3] = {{0, 0, 0}, {1, 3, 1}, {1, 3, 1}};
  const float x[] = {1, 2, 3}, points[] = {-1e30f, 1e30f, NAN};
  for (int i = 0; i < 3; i++) {
    onenode n = onenode_make("GridSample", 20);
    onenode_string(&n, "padding_mode", paddings[i]);
    onenode_string(&n, "mode", "nearest");
    onenode_input(&n, GCUT_FLOAT, 3, (const int64_t[]){1, 1, 3}, x);
    onenode_input(&n, GCUT_FLOAT, 3, (const int64_t[]){1, 3, 1}, points);
    assert_ok(onenode_run(&n, err));
    const float *y = n.outputs[0]->data;
    for (int k = 0; k < 3; k++) { // where a reflection ends so far out nobody can tell
      if (i == 2)
        assert_true(y[k] >= 1 && y[k] <= 3);
      else
        assert_true(y[k] == expected[i][k]);
    }
    onenode_free(&n);
  }
}

static void regions_that_make_no_sense(void **unused) {
  (void)unused;
  const float x[4] = {1, 2, 3, 4}, wide[] = {0, 0, 1e20f, 1e20f}, good[] = {0, 0, 1, 1};
  const int64_t batches[] = {0, 1, -1};
  for (int i = 0; i < 3; i++) {
    onenode n = onenode_make("RoiAlign", 16);
    onenode_input(&n, GCUT_FLOAT, 4, (const int64_t[]){1, 1, 2, 2}, x);
    onenode_input(&n, GCUT_FLOAT, 2, (const int64_t[]){1, 4}, i == 0 ? wide : good);
    onenode_input(&n, GCUT_INT64, 1, (const int64_t[]){1}, &batches[i]);
    assert_fails(onenode_run(&n, err), GCUT_FORMAT, i == 0 ? "samples a bin" : "batch index");
    onenode_free(&n);
  }
}

// One step of an RNN by hand: H = clip(x W + h R + b), reversed and with a sequence that ends.
static void recurrent(void **unused) {
  (void)unused;
  const float x[] = {1, 2, 3, 4, 5, 6}, w[] = {1}, r[] = {10}, b[] = {0.5f, 0.25f}; // [3, 2, 1]
  const int32_t lengths[] = {3, 1};
  onenode n = onenode_make("RNN", 14);
  const gcut_string relu = {"Relu", 4};
  n.attributes[n.n_attributes++] = (gcut_attribute){
      .name = "activations", .kind = GCUT_ATTRIBUTE_STRINGS, .n = 1, .strings = &relu};
  onenode_string(&n, "direction", "reverse");
  onenode_float(&n, "clip", 40);
  onenode_input(&n, GCUT_FLOAT, 3, (const int64_t[]){3, 2, 1}, x);
  onenode_input(&n, GCUT_FLOAT, 3, (const int64_t[]){1, 1, 1}, w);
  onenode_input(&n, GCUT_FLOAT, 3, (const int64_t[]){1, 1, 1}, r);
  onenode_input(&n, GCUT_FLOAT, 2, (const int64_t[]){1, 2}, b);
  onenode_input(&n, GCUT_INT32, 1, (const int64_t[]){2}, lengths);
  n.n_outputs = 2;
  // sample 0: 5.75; 3.75 + 57.5 clipped; 1.75 + 400 clipped. sample 1: 2.75, then nothing
  GIVES(&n, GCUT_FLOAT, float, 40, 2.75f, 40, 0, 5.75f, 0);
  onenode_expect(&n, 1, GCUT_FLOAT, 2, (const float[]){40, 2.75f});
  n.n_attributes--;
  onenode_float(&n, "clip", -1);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "clip is -1");
  onenode_free(&n);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_type),
      cmocka_unit_test(before_opset_11),
      cmocka_unit_test(sizes_from_scales),
      cmocka_unit_test(odd_scales),
      cmocka_unit_test(cropped),
      cmocka_unit_test(grid_beyond_the_image),
      cmocka_unit_test(regions_that_make_no_sense),
      cmocka_unit_test(recurrent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
