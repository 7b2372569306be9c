// ImageDecoder.
//
// Portable anymaps are read in pnm.c, JPEG 2000 by jpeg2000.c. JPEG, PNG, WebP, TIFF and BMP are
// left to libgd, which Graphviz brings along: it is opened when an image comes, so that nothing
// else depends on it. A stream that cannot be decoded gives an image without pixels, as the
// standard asks.
#include "tracer/ops/image.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdarg.h>

#include "exec/cpu/ops/jpeg2000.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/pnm.h"

// ---- libgd -------------------------------------------------------------------------------------

// X(name, type of the result, parameters)
#define GD_FUNCTIONS(X)                                                                            \
  X(gdImageCreateFromJpegPtr, void *, (int, void *))                                               \
  X(gdImageCreateFromPngPtr, void *, (int, void *))                                                \
  X(gdImageCreateFromWebpPtr, void *, (int, void *))                                               \
  X(gdImageCreateFromTiffPtr, void *, (int, void *))                                               \
  X(gdImageCreateFromBmpPtr, void *, (int, void *))                                                \
  X(gdImageDestroy, void, (void *))                                                                \
  X(gdImageGetClip, void, (void *, int *, int *, int *, int *))                                    \
  X(gdImageGetTrueColorPixel, int, (void *, int, int))                                             \
  X(gdSetErrorMethod, void, (void (*)(int, const char *, va_list)))

typedef struct gd {
  void *library;
#define X(name, result, parameters) result(*name) parameters;
  GD_FUNCTIONS(X)
#undef X
} gd;

// The library must not print.
static void say_nothing(int priority, const char *format, va_list args) {
  (void)priority, (void)format, (void)args;
}

// The libraries that it loads give back less than they take: once there, they stay.
static bool open_gd(gd *g) {
  g->library = dlopen("libgd.so.3", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!g->library) return false;
  bool all = true;
#define X(name, result, parameters)                                                                \
  *(void **)&g->name = dlsym(g->library, #name);                                                   \
  all = all && g->name;
  GD_FUNCTIONS(X)
#undef X
  if (all) g->gdSetErrorMethod(say_nothing);
  return all;
}

static void close_gd(gd *g) {
  if (g->library) dlclose(g->library);
}

// ---- streams -----------------------------------------------------------------------------------

typedef enum stream { UNKNOWN, JPEG, PNG, WEBP, TIFF, BMP, JPEG2000 } stream;

static bool begins(const gcut_tensor *x, size_t at, const char *bytes, size_t n) {
  return x->bytes >= at + n && memcmp((const uint8_t *)x->data + at, bytes, n) == 0;
}

static stream stream_of(const gcut_tensor *x) {
  if (begins(x, 0, "\xff\xd8\xff", 3)) return JPEG;
  if (begins(x, 0, "\x89PNG", 4)) return PNG;
  if (begins(x, 0, "RIFF", 4) && begins(x, 8, "WEBP", 4)) return WEBP;
  if (begins(x, 0, "II*\0", 4) || begins(x, 0, "MM\0*", 4)) return TIFF;
  if (begins(x, 0, "BM", 2)) return BMP;
  if (begins(x, 4, "jP  ", 4) || begins(x, 0, "\xff\x4f\xff\x51", 4)) return JPEG2000;
  return UNKNOWN;
}

static void *decode(const gd *g, stream kind, const gcut_tensor *x) {
  int size = (int)x->bytes;
  if (x->bytes > INT_MAX) return NULL;
  switch (kind) {
  case JPEG: return g->gdImageCreateFromJpegPtr(size, x->data);
  case PNG: return g->gdImageCreateFromPngPtr(size, x->data);
  case WEBP: return g->gdImageCreateFromWebpPtr(size, x->data);
  case TIFF: return g->gdImageCreateFromTiffPtr(size, x->data);
  case BMP: return g->gdImageCreateFromBmpPtr(size, x->data);
  default: return NULL;
  }
}

// ---- pixels ------------------------------------------------------------------------------------

static gcut_status make_output(gcut__cpu_call *c, int64_t height, int64_t width, gcut_error *err) {
  int64_t channels = gcut__pixel_format_of(c->attrs) == GCUT__PIXEL_GRAY ? 1 : 3;
  return gcut__cpu_output(c, 0, GCUT_UINT8, 3, (int64_t[]){height, width, channels}, err);
}

// Gray is the luma of ITU-R 601, in 16-bit fractions.
static uint8_t *write_pixel(gcut__pixel_format format, uint8_t *to, const uint8_t rgb[3]) {
  uint32_t luma = rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u;
  if (format == GCUT__PIXEL_GRAY) {
    *to = (uint8_t)(luma >> 16);
    return to + 1;
  }
  for (int channel = 0; channel < 3; channel++)
    to[channel] = rgb[format == GCUT__PIXEL_RGB ? channel : 2 - channel];
  return to + 3;
}

// rgb [height][width][3], in the format asked for.
static gcut_status copy_rgb(gcut__cpu_call *c, int64_t height, int64_t width, const uint8_t *rgb,
                            gcut_error *err) {
  gcut__pixel_format format = gcut__pixel_format_of(c->attrs);
  GCUT_TRY(make_output(c, height, width, err));
  uint8_t *to = c->outputs[0]->data;
  for (int64_t i = 0; i < height * width; i++) to = write_pixel(format, to, rgb + 3 * i);
  return GCUT_OK;
}

static gcut_status copy_pixels(gcut__cpu_call *c, const gd *g, void *image, gcut_error *err) {
  gcut__pixel_format format = gcut__pixel_format_of(c->attrs);
  int left, top, right, bottom; // of a fresh image: all of it
  g->gdImageGetClip(image, &left, &top, &right, &bottom);
  GCUT_TRY(make_output(c, bottom + 1, right + 1, err));
  uint8_t *to = c->outputs[0]->data;
  for (int y = 0; y <= bottom; y++)
    for (int x = 0; x <= right; x++) {
      int pixel = g->gdImageGetTrueColorPixel(image, x, y);
      to = write_pixel(format, to,
                       (uint8_t[]){(uint8_t)(pixel >> 16), (uint8_t)(pixel >> 8), (uint8_t)pixel});
    }
  return GCUT_OK;
}

static gcut_status decode_with_gd(gcut__cpu_call *c, stream kind, gcut_error *err) {
  gd g = {0};
  if (!open_gd(&g)) {
    close_gd(&g);
    return gcut__cpu_fail(c, GCUT_UNSUPPORTED, err,
                          "libgd.so.3, which decodes images, is not here");
  }
  void *image = decode(&g, kind, c->inputs[0]);
  gcut_status status = image ? copy_pixels(c, &g, image, err) : make_output(c, 0, 0, err);
  if (image) g.gdImageDestroy(image);
  close_gd(&g);
  return status;
}

static gcut_status decode_pnm(gcut__cpu_call *c, gcut__pnm *image, gcut_error *err) {
  size_t pixels = (size_t)image->width * (size_t)image->height;
  // a stream holds at least a bit a pixel: larger sizes are not allocated
  if (pixels / 8 > (size_t)(image->end - image->data)) return make_output(c, 0, 0, err);
  uint8_t *rgb = gcut_arena_alloc(c->scratch, pixels, 3);
  if (!rgb) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  if (!gcut__pnm_read(image, rgb)) return make_output(c, 0, 0, err);
  return copy_rgb(c, image->height, image->width, rgb, err);
}

static gcut_status decode_jpeg2000(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut__jpeg2000 image;
  gcut_error why = {0};
  gcut_status status = gcut__jpeg2000_read(c->scratch, x->data, x->bytes, &image, &why);
  if (status != GCUT_OK) return gcut__cpu_fail(c, status, err, "%s", why.message);
  return copy_rgb(c, image.height, image.width, image.rgb, err);
}

gcut_status gcut__cpu_image_decoder(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  stream kind = stream_of(x);
  gcut__pnm image;
  if (kind == JPEG2000) return decode_jpeg2000(c, err);
  if (kind != UNKNOWN) return decode_with_gd(c, kind, err);
  if (gcut__pnm_open(x->data, x->bytes, &image)) return decode_pnm(c, &image, err);
  return make_output(c, 0, 0, err);
}
