// JPEG 2000 is left to OpenJPEG. Like libgd it is opened when such an image comes; its header is
// needed to build. Its planes become red, green and blue of 8 bits here: gray is repeated,
// subsampled planes are stretched, sYCC is turned, alpha is left out.
#include "exec/cpu/ops/jpeg2000.h"

#include <dlfcn.h>
#include <openjpeg.h>
#include <string.h>

#include "exec/cpu/ops/kernels.h"

// ---- the library --------------------------------------------------------------------------------

#define OPENJPEG_FUNCTIONS(X)                                                                      \
  X(opj_stream_create)                                                                             \
  X(opj_stream_destroy)                                                                            \
  X(opj_stream_set_read_function)                                                                  \
  X(opj_stream_set_skip_function)                                                                  \
  X(opj_stream_set_seek_function)                                                                  \
  X(opj_stream_set_user_data)                                                                      \
  X(opj_stream_set_user_data_length)                                                               \
  X(opj_create_decompress)                                                                         \
  X(opj_destroy_codec)                                                                             \
  X(opj_set_default_decoder_parameters)                                                            \
  X(opj_setup_decoder)                                                                             \
  X(opj_read_header)                                                                               \
  X(opj_decode)                                                                                    \
  X(opj_image_destroy)

typedef struct openjpeg {
  void *library;
#define X(name) __typeof__(&name) name;
  OPENJPEG_FUNCTIONS(X)
#undef X
} openjpeg;

static bool open_library(openjpeg *o) {
  *o = (openjpeg){.library = dlopen("libopenjp2.so.7", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)};
  if (!o->library) return false;
  bool all = true;
#define X(name)                                                                                    \
  *(void **)&o->name = dlsym(o->library, #name);                                                   \
  all = all && o->name;
  OPENJPEG_FUNCTIONS(X)
#undef X
  return all;
}

// ---- the stream ---------------------------------------------------------------------------------

typedef struct cursor {
  const uint8_t *data;
  size_t size, at;
} cursor;

static OPJ_SIZE_T read_bytes(void *to, OPJ_SIZE_T n, void *user) {
  cursor *c = user;
  size_t left = c->size - c->at;
  if (left == 0) return (OPJ_SIZE_T)-1;
  if (n > left) n = left;
  memcpy(to, c->data + c->at, n);
  c->at += n;
  return n;
}

static OPJ_BOOL seek_to(OPJ_OFF_T at, void *user) {
  cursor *c = user;
  if (at < 0 || (uint64_t)at > c->size) return OPJ_FALSE;
  c->at = (size_t)at;
  return OPJ_TRUE;
}

static OPJ_OFF_T skip_bytes(OPJ_OFF_T n, void *user) {
  cursor *c = user;
  if (n < 0 || (uint64_t)n > c->size - c->at) return -1;
  c->at += (size_t)n;
  return n;
}

static opj_stream_t *make_stream(const openjpeg *o, cursor *c) {
  opj_stream_t *stream = o->opj_stream_create(OPJ_J2K_STREAM_CHUNK_SIZE, OPJ_TRUE);
  if (!stream) return NULL;
  o->opj_stream_set_read_function(stream, read_bytes);
  o->opj_stream_set_skip_function(stream, skip_bytes);
  o->opj_stream_set_seek_function(stream, seek_to);
  o->opj_stream_set_user_data(stream, c, NULL);
  o->opj_stream_set_user_data_length(stream, c->size);
  return stream;
}

// ---- decoding -----------------------------------------------------------------------------------

// A few bytes may announce any size: what is beyond this many samples is not allocated.
enum { MOST_SAMPLES = 1 << 28 };

static bool of_sensible_size(const opj_image_t *image) {
  if (image->x1 <= image->x0 || image->y1 <= image->y0 || image->numcomps == 0) return false;
  uint64_t pixels = (uint64_t)(image->x1 - image->x0) * (image->y1 - image->y0);
  return pixels <= MOST_SAMPLES / image->numcomps;
}

// The image, or NULL where the stream makes none.
static opj_image_t *decode(const openjpeg *o, cursor *c) {
  bool boxed = c->size > 8 && memcmp(c->data + 4, "jP  ", 4) == 0;
  opj_codec_t *codec = o->opj_create_decompress(boxed ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K);
  opj_stream_t *stream = make_stream(o, c);
  opj_image_t *image = NULL;
  opj_dparameters_t parameters;
  o->opj_set_default_decoder_parameters(&parameters);
  bool good = codec && stream && o->opj_setup_decoder(codec, &parameters) &&
              o->opj_read_header(stream, codec, &image) && of_sensible_size(image) &&
              o->opj_decode(codec, stream, image);
  if (stream) o->opj_stream_destroy(stream);
  if (codec) o->opj_destroy_codec(codec);
  if (good || !image) return image;
  o->opj_image_destroy(image);
  return NULL;
}

// ---- pixels -------------------------------------------------------------------------------------

static bool has_samples(const opj_image_t *image) {
  for (uint32_t k = 0; k < image->numcomps; k++) {
    const opj_image_comp_t *plane = &image->comps[k];
    if (!plane->data || plane->w == 0 || plane->h == 0 || plane->prec < 1 || plane->prec > 31)
      return false;
  }
  return true;
}

// The plane's sample at pixel (y, x) of the image, in 0 to 255.
static double sample(const opj_image_t *image, uint32_t k, uint32_t y, uint32_t x) {
  const opj_image_comp_t *plane = &image->comps[k];
  uint64_t row = (uint64_t)y * plane->h / (image->y1 - image->y0);
  uint64_t column = (uint64_t)x * plane->w / (image->x1 - image->x0);
  double highest = (double)((INT64_C(1) << plane->prec) - 1);
  double value = plane->data[row * plane->w + column];
  if (plane->sgnd) value += (double)(INT64_C(1) << (plane->prec - 1));
  return value * 255 / highest;
}

static uint8_t rounded(double x) {
  return x <= 0 ? 0 : x >= 255 ? 255 : (uint8_t)(x + 0.5);
}

static void write_pixel(const opj_image_t *image, uint32_t y, uint32_t x, uint8_t *rgb) {
  double c[3];
  for (uint32_t k = 0; k < 3; k++) c[k] = sample(image, image->numcomps < 3 ? 0 : k, y, x);
  if (image->numcomps >= 3 && image->color_space == OPJ_CLRSPC_SYCC) { // BT.601, full range
    double luma = c[0], blue = c[1] - 128, red = c[2] - 128;
    c[0] = luma + 1.402 * red;
    c[1] = luma - 0.344136 * blue - 0.714136 * red;
    c[2] = luma + 1.772 * blue;
  }
  for (int k = 0; k < 3; k++) rgb[k] = rounded(c[k]);
}

static gcut_status write_pixels(gcut_arena *arena, const opj_image_t *image, gcut__jpeg2000 *out,
                                gcut_error *err) {
  uint32_t width = image->x1 - image->x0, height = image->y1 - image->y0;
  out->rgb = gcut_arena_alloc(arena, (size_t)width * height, 3);
  if (!out->rgb) return GCUT_NO_MEMORY(err);
  uint8_t *to = out->rgb;
  for (uint32_t y = 0; y < height; y++)
    for (uint32_t x = 0; x < width; x++, to += 3) write_pixel(image, y, x, to);
  out->width = width, out->height = height;
  return GCUT_OK;
}

gcut_status gcut__jpeg2000_read(gcut_arena *arena, const uint8_t *data, size_t size,
                                gcut__jpeg2000 *out, gcut_error *err) {
  openjpeg o;
  cursor c = {data, size, 0};
  gcut_status status = GCUT_OK;
  *out = (gcut__jpeg2000){0};
  if (!open_library(&o)) {
    if (o.library) dlclose(o.library);
    return GCUT_FAIL(err, GCUT_UNSUPPORTED,
                     "libopenjp2.so.7, which decodes JPEG 2000, is not here");
  }
  opj_image_t *image = decode(&o, &c);
  if (image && has_samples(image)) status = write_pixels(arena, image, out, err);
  if (image) o.opj_image_destroy(image);
  dlclose(o.library);
  return status;
}
