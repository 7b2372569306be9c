// ImageDecoder beyond the official cases: every portable anymap, channels, broken streams.
#include <dlfcn.h>

#include "tests/support/onenode.h"

static onenode decoder(const char *pixel_format, const void *data, int64_t size) {
  onenode n = onenode_make("ImageDecoder", 20);
  if (pixel_format) onenode_string(&n, "pixel_format", pixel_format);
  onenode_input(&n, GCUT_UINT8, 1, &size, data);
  return n;
}

static void decodes(const char *pixel_format, const void *data, int64_t size, int64_t height,
                    int64_t width, uint64_t count, const uint8_t *expected) {
  onenode n = decoder(pixel_format, data, size);
  onenode_gives(&n, GCUT_UINT8, count, expected);
  assert_int_equal(n.outputs[0]->rank, 3);
  assert_int_equal(n.outputs[0]->dims[0], height);
  assert_int_equal(n.outputs[0]->dims[1], width);
  onenode_free(&n);
}

#define DECODES(pixel_format, text, height, width, ...)                                            \
  decodes(pixel_format, text, sizeof(text) - 1, height, width, sizeof((uint8_t[]){__VA_ARGS__}),   \
          (uint8_t[]){__VA_ARGS__})

static void anymaps(void **unused) {
  (void)unused;
  DECODES("Grayscale", "P1\n# a comment\n3 2\n010\n1 0 1", 2, 3, 255, 0, 255, 0, 255, 0);
  DECODES("Grayscale", "P2 2 1 15 0 15", 1, 2, 0, 255);
  DECODES(NULL, "P3 1 1 255 1 2 3", 1, 1, 1, 2, 3);
  DECODES("BGR", "P3 1 1 255 1 2 3", 1, 1, 3, 2, 1);
  DECODES("Grayscale", "P4 9 2\n\x80\x80\x00\x00", 2, 9, 0, 255, 255, 255, 255, 255, 255, 255, 0,
          255, 255, 255, 255, 255, 255, 255, 255, 255);
  DECODES(NULL, "P5 2 1 255\n\x07\xff", 1, 2, 7, 7, 7, 255, 255, 255);
  DECODES("Grayscale", "P5 1 1 65535\n\x80\x00", 1, 1, 128);
  DECODES(NULL, "P6 1 1 255\n\x01\x02\x03", 1, 1, 1, 2, 3);
}

static void gives_nothing(const void *data, int64_t size) {
  onenode n = decoder(NULL, data, size);
  onenode_gives(&n, GCUT_UINT8, 0, NULL);
  assert_int_equal(n.outputs[0]->dims[2], 3);
  onenode_free(&n);
}

#define GIVES_NOTHING(text) gives_nothing(text, sizeof(text) - 1)

static void broken_streams(void **unused) {
  (void)unused;
  GIVES_NOTHING("");
  GIVES_NOTHING("no image");
  GIVES_NOTHING("P6 1 1 255\n\x01\x02");
  GIVES_NOTHING("P6 16777216 16777216 255\n\x01\x02\x03");
  GIVES_NOTHING("P6 99999999999999999999 1 255\n");
  GIVES_NOTHING("P5 0 1 255\n");
  GIVES_NOTHING("P2 1 1 15 16");
  GIVES_NOTHING("P2 1 1 0 0");
  GIVES_NOTHING("P1 2 1 0");
  onenode n = decoder(NULL, "\xff\x4f\xff\x51", 4);
  assert_fails(onenode_run(&n, err), GCUT_UNSUPPORTED, "JPEG 2000");
  onenode_free(&n);
  n = decoder("CMYK", "", 0);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "pixel_format");
  onenode_free(&n);
}

// A bitmap of two pixels, blue and red.
static void bitmaps_by_libgd(void **unused) {
  (void)unused;
  void *gd = dlopen("libgd.so.3", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!gd) skip();
  dlclose(gd);
  uint8_t bmp[62] = {'B', 'M', 62, [10] = 54, [14] = 40, [18] = 2, [22] = 1, [26] = 1, [28] = 24};
  memcpy(bmp + 54, (const uint8_t[]){255, 0, 0, 0, 0, 255}, 6);
  decodes(NULL, bmp, 62, 1, 2, 6, (const uint8_t[]){0, 0, 255, 255, 0, 0});
  decodes("BGR", bmp, 62, 1, 2, 6, (const uint8_t[]){255, 0, 0, 0, 0, 255});
  gives_nothing(bmp, 20);
  GIVES_NOTHING("\x89PNG\r\n\x1a\n");
  GIVES_NOTHING("\xff\xd8\xff\xe0");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(anymaps), cmocka_unit_test(broken_streams),
                                     cmocka_unit_test(bitmaps_by_libgd)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
