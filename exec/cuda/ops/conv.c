// Conv and ConvTranspose: by cuDNN where it is there and has a way; where it has none, or products
// are faster, by columns and a product by cuBLASLt, of several images at once where there are no
// groups; where a group has few input channels (depthwise) directly. AveragePool, MaxPool, the
// global pools and BatchNormalization.
#include "tracer/ops/conv.h"

#include "exec/cuda/dnn.h"
#include "exec/cuda/kernels.h"
#include "exec/cuda/ops/columns.h"
#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/fill_window.h"
#include "tracer/ops/normalization.h"
#include "tracer/ops/pool.h"

enum { WARP = 32, MOST_AT_ONCE = 65535 };
static const int64_t FEW_TAPS = 32;                          // of a group
static const int64_t FEW_RESULTS = 128, SOME_RESULTS = 4096; // of a channel
static const int64_t MANY_CHANNELS = 256;                    // of results
static const int64_t COLUMNS_AT_ONCE = INT64_C(1) << 25;     // bytes of several
static const int64_t FEW_COLUMNS = INT64_C(1) << 22;         // bytes of all

bool gcut__cuda_fill_window(gcut__cuda_window *w, const gcut__window *from, const int64_t *far,
                            const int64_t *near) {
  int missing = GCUT_CUDA_WINDOW_DIMS - from->n;
  if (missing < 0) return false;
  *w = (gcut__cuda_window){.n_far = 1, .n_near = 1, .n_kernel = 1};
  for (int a = 0; a < GCUT_CUDA_WINDOW_DIMS; a++) {
    int i = a - missing;
    w->far[a] = i < 0 ? 1 : far[i];
    w->near[a] = i < 0 ? 1 : near[i];
    w->kernel[a] = i < 0 ? 1 : from->kernel[i];
    w->stride[a] = i < 0 ? 1 : from->stride[i];
    w->dilation[a] = i < 0 ? 1 : from->dilation[i];
    w->begin[a] = i < 0 ? 0 : from->begin[i];
    w->end[a] = i < 0 ? 0 : from->end[i];
    w->n_far *= w->far[a];
    w->n_near *= w->near[a];
    w->n_kernel *= w->kernel[a];
  }
  return w->n_far > 0 && w->n_near > 0 && w->n_kernel > 0;
}

// Whether columns would be the image itself.
static bool is_plain(const gcut__cuda_window *w) {
  for (int a = 0; a < GCUT_CUDA_WINDOW_DIMS; a++)
    if (w->kernel[a] != 1 || w->stride[a] != 1 || w->begin[a] != 0 || w->near[a] != w->far[a])
      return false;
  return true;
}

// ---- by cuDNN -----------------------------------------------------------------------------------

// As measured (docs/measured.md): where a product is faster. Columns are then no more than the
// image, or few; in float32, where cuDNN adds the bias for nothing and a product passes over its
// results twice more, results are no more than columns, and columns that repeat the image serve
// many channels.
static bool is_product(const gcut__cuda_direct_job *g) {
  const gcut__cuda_window *w = &g->window;
  int64_t depth = g->in_channels * w->n_kernel, results = g->images * w->n_near;
  int64_t column_bytes = depth * gcut__cuda_element_bytes(g->type);
  bool once = w->n_kernel <= w->n_far / w->n_near;
  if (g->groups > 1 || depth <= FEW_TAPS) return false;
  if (results <= FEW_RESULTS) return true;
  if (g->type != GCUT_FLOAT)
    return once || (results <= SOME_RESULTS && column_bytes <= FEW_COLUMNS / results);
  return g->out_channels <= depth && (once || (g->out_channels >= MANY_CHANNELS &&
                                               column_bytes <= COLUMNS_AT_ONCE / w->n_near));
}

static gcut_status compile_by_library(const gcut__cuda_compile *c, const gcut__cuda_direct_job *g,
                                      bool transposed, gcut_error *err) {
  gcut__cuda_convolution what = {.window = g->window,
                                 .images = g->images,
                                 .groups = g->groups,
                                 .in_channels = g->in_channels,
                                 .out_channels = g->out_channels,
                                 .type = g->type,
                                 .has_bias = gcut__cuda_input_type(c, 2) != NULL,
                                 .transposed = transposed};
  return gcut__cuda_dnn_compile(c, &what, err);
}

// ---- products -----------------------------------------------------------------------------------

typedef struct conv_params {
  CUfunction columns_kernel, bias_kernel, image_kernel;
  gcut__cuda_product product, rest; // of images at once; of the last, fewer ones
  gcut__cuda_columns_job columns;
  gcut__cuda_bias_job bias;
  gcut__cuda_image_job image;
  int64_t images, at_once;
  uint64_t x_bytes, y_bytes; // of an image
  bool plain, has_bias;
} conv_params;

static CUdeviceptr columns_at(const gcut__cuda_run *r) {
  return r->scratch + GCUT_CUDA_BLAS_WORKSPACE;
}

// Several images side by side are one of more channels.
static gcut_status make_columns(const gcut__cuda_run *r, int64_t images, CUdeviceptr x,
                                gcut_error *err) {
  const conv_params *p = r->step->params;
  gcut__cuda_columns_job job = p->columns;
  void *arguments[] = {&job};
  job.channels *= images;
  job.x = (const void *)x;
  job.columns = (void *)columns_at(r);
  int64_t pieces = (job.window.n_near + GCUT_CUDA_PIECE - 1) / GCUT_CUDA_PIECE;
  return gcut__cuda_launch_over(r, p->columns_kernel,
                                (uint64_t)(job.channels * job.window.n_kernel * pieces * WARP),
                                arguments, err);
}

static gcut_status launch_conv(const gcut__cuda_run *r, gcut_error *err) {
  const conv_params *p = r->step->params;
  if (p->has_bias) GCUT_TRY(gcut__cuda_fill_bias(r, p->bias_kernel, p->bias, 2, err));
  for (int64_t i = 0; i < p->images; i += p->at_once) {
    int64_t n = p->images - i < p->at_once ? p->images - i : p->at_once;
    CUdeviceptr x = r->inputs[0] + (uint64_t)i * p->x_bytes,
                y = r->outputs[0] + (uint64_t)i * p->y_bytes;
    if (!p->plain) GCUT_TRY(make_columns(r, n, x, err));
    GCUT_TRY(gcut__cuda_blas_run(r->cuda->blas, n == p->at_once ? &p->product : &p->rest,
                                 r->inputs[1], p->plain ? x : columns_at(r), y, 0, r->scratch,
                                 r->stream, err));
  }
  return GCUT_OK;
}

static int64_t columns_bytes(const gcut__cuda_columns_job *c) { // of an image
  return c->channels * c->window.n_kernel * c->window.n_near * c->size;
}

static gcut_status finish_products(const gcut__cuda_compile *c, conv_params *p,
                                   gcut__cuda_launch_step launch, gcut_error *err) {
  c->step->params = p;
  c->step->launch = launch;
  c->step->scratch_bytes = GCUT_CUDA_BLAS_WORKSPACE;
  if (!p->plain) c->step->scratch_bytes += (uint64_t)(p->at_once * columns_bytes(&p->columns));
  if (p->images % p->at_once) GCUT_TRY(gcut__cuda_blas_prepare(c->cuda->blas, &p->rest, err));
  return gcut__cuda_blas_prepare(c->cuda->blas, &p->product, err);
}

// Without groups the images are a batch of products, as many as a bound on their columns allows.
static void take_images_at_once(conv_params *p, int64_t groups) {
  int64_t room = p->plain ? p->images : COLUMNS_AT_ONCE / columns_bytes(&p->columns);
  if (room > MOST_AT_ONCE) room = MOST_AT_ONCE;
  if (room < 1 || groups > 1) room = 1;
  int64_t passes = (p->images + room - 1) / room;
  p->at_once = (p->images + passes - 1) / passes;
  if (groups > 1) return;
  p->product.stride_a = 0;
  p->product.batch = p->at_once;
  p->rest = p->product;
  p->rest.batch = p->images % p->at_once;
}

// w: [groups * out][in][kernel].
static gcut_status compile_by_product(const gcut__cuda_compile *c, const gcut__cuda_direct_job *g,
                                      gcut_error *err) {
  const gcut__cuda_window *w = &g->window;
  int32_t size = gcut__cuda_element_bytes(g->type);
  int64_t depth = g->in_channels * w->n_kernel, channels = g->groups * g->in_channels,
          out = g->groups * g->out_channels;
  conv_params *p = GCUT_NEW(c->arena, conv_params);
  if (!p) return GCUT_NO_MEMORY(err);
  if (!gcut__cuda_columns_fit(channels, w, size)) return GCUT_OK;
  *p = (conv_params){
      .columns = {.window = *w, .channels = channels, .size = size},
      .bias = {.images = g->images, .channels = out, .each = w->n_near, .size = size},
      .images = g->images,
      .x_bytes = (uint64_t)(channels * w->n_far * size),
      .y_bytes = (uint64_t)(out * w->n_near * size),
      .plain = is_plain(w),
      .has_bias = gcut__cuda_input_type(c, 2) != NULL,
      .product = gcut__cuda_columns_product(g->type, g->groups, g->out_channels, depth, w->n_near,
                                            gcut__cuda_input_type(c, 2) != NULL)};
  take_images_at_once(p, g->groups);
  GCUT_TRY(gcut__cuda_kernel(c->cuda, "gcut_columns", &p->columns_kernel, err));
  GCUT_TRY(gcut__cuda_kernel(c->cuda, "gcut_bias", &p->bias_kernel, err));
  return finish_products(c, p, launch_conv, err);
}

static gcut_status compile_directly(const gcut__cuda_compile *c, const gcut__cuda_direct_job *g,
                                    const char *kernel, int64_t count, gcut_error *err) {
  static const gcut__cuda_pointer pointers[] = {
      GCUT_CUDA_IN(gcut__cuda_direct_job, x, 0), GCUT_CUDA_IN(gcut__cuda_direct_job, w, 1),
      GCUT_CUDA_IN(gcut__cuda_direct_job, bias, 2), GCUT_CUDA_OUT(gcut__cuda_direct_job, y, 0)};
  return GCUT_CUDA_PLAIN(c, kernel, g, (uint64_t)count, 0, pointers, err);
}

// The kernel for planes of that window, and its threads; NULL where there is none.
static const char *planes_kernel(const gcut__cuda_direct_job *g, int64_t *out_count) {
  static const struct {
    int64_t kernel, stride;
    const char *name;
  } kernels[] = {{3, 1, "gcut_planes_3_1"}, {3, 2, "gcut_planes_3_2"}, {5, 1, "gcut_planes_5_1"},
                 {5, 2, "gcut_planes_5_2"}, {7, 1, "gcut_planes_7_1"}, {7, 2, "gcut_planes_7_2"}};
  const gcut__cuda_window *w = &g->window;
  int64_t strips = (w->near[1] + GCUT_CUDA_PLANE_ROWS - 1) / GCUT_CUDA_PLANE_ROWS;
  if (g->groups == 1 || g->in_channels > 1 || g->type == GCUT_DOUBLE || w->far[0] > 1 ||
      w->near[0] > 1 || w->kernel[1] != w->kernel[2] || w->stride[1] != w->stride[2] ||
      w->dilation[1] > 1 || w->dilation[2] > 1 || w->n_far > INT32_MAX / 4 ||
      w->n_near > INT32_MAX / 4 || w->begin[1] > INT32_MAX / 4 || w->begin[2] > INT32_MAX / 4 ||
      g->groups > INT32_MAX / g->out_channels / g->images / strips / w->near[2])
    return NULL;
  *out_count = g->images * g->groups * g->out_channels * strips * w->near[2];
  for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
    if (w->n_kernel == kernels[i].kernel * kernels[i].kernel && w->kernel[1] == kernels[i].kernel &&
        w->stride[1] == kernels[i].stride)
      return kernels[i].name;
  return NULL;
}

gcut_status gcut__cuda_compile_conv(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__conv_attrs *attrs = c->node->attrs;
  const gcut_type *x = gcut__cuda_input_type(c, 0), *w = gcut__cuda_input_type(c, 1),
                  *y = gcut__cuda_output_type(c, 0);
  gcut__window window;
  int64_t count;
  gcut__cuda_direct_job g = {.images = x->dims[0],
                             .groups = attrs->group,
                             .in_channels = w->dims[1],
                             .out_channels = w->dims[0] / attrs->group,
                             .type = x->type};
  if (!gcut__cuda_is_real(x->type) || gcut__cuda_count(y) == 0 || gcut__cuda_count(w) == 0 ||
      x->rank < 3 || x->rank > GCUT_CUDA_WINDOW_DIMS + 2)
    return GCUT_OK;
  GCUT_TRY(gcut__window_read(&attrs->window, x->rank - 2, &window, err));
  memcpy(window.kernel, w->dims + 2, (size_t)window.n * sizeof *window.kernel);
  gcut__window_place(&window, x->dims + 2, y->dims + 2);
  if (!gcut__cuda_fill_window(&g.window, &window, x->dims + 2, y->dims + 2)) return GCUT_OK;
  const char *planes = planes_kernel(&g, &count);
  if (planes) return compile_directly(c, &g, planes, count, err);
  if (is_product(&g)) GCUT_TRY(compile_by_product(c, &g, err));
  if (!c->step->launch) GCUT_TRY(compile_by_library(c, &g, false, err));
  if (c->step->launch) return GCUT_OK;
  count = g.images * g.groups * g.out_channels * g.window.n_near;
  if (g.in_channels * g.window.n_kernel <= FEW_TAPS)
    return compile_directly(c, &g, "gcut_convolve", count, err);
  return compile_by_product(c, &g, err);
}

// ---- ConvTranspose: the product makes columns, from which the image is gathered

static gcut_status launch_transposed(const gcut__cuda_run *r, gcut_error *err) {
  const conv_params *p = r->step->params;
  for (int64_t i = 0; i < p->images; i++) {
    gcut__cuda_image_job job = p->image;
    void *arguments[] = {&job};
    job.columns = (const void *)columns_at(r);
    job.bias = p->has_bias ? (const void *)r->inputs[2] : NULL;
    job.y = (void *)(r->outputs[0] + (uint64_t)i * p->y_bytes);
    GCUT_TRY(gcut__cuda_blas_run(r->cuda->blas, &p->product, r->inputs[1],
                                 r->inputs[0] + (uint64_t)i * p->x_bytes, columns_at(r), 0,
                                 r->scratch, r->stream, err));
    GCUT_TRY(gcut__cuda_launch_over(r, p->image_kernel, (uint64_t)(job.channels * job.window.n_far),
                                    arguments, err));
  }
  return GCUT_OK;
}

// w: [groups * in][out][kernel].
static gcut_status compile_transposed(const gcut__cuda_compile *c, const gcut__cuda_direct_job *g,
                                      gcut_error *err) {
  const gcut__cuda_window *w = &g->window;
  int32_t size = gcut__cuda_element_bytes(g->type);
  int64_t channels = g->groups * g->out_channels, rows = g->out_channels * w->n_kernel;
  conv_params *p = GCUT_NEW(c->arena, conv_params);
  if (!p) return GCUT_NO_MEMORY(err);
  if (!gcut__cuda_columns_fit(channels, w, size)) return GCUT_OK;
  *p = (conv_params){.columns = {.window = *w, .channels = channels, .size = size},
                     .image = {.window = *w, .channels = channels, .type = g->type},
                     .images = g->images,
                     .at_once = 1,
                     .x_bytes = (uint64_t)(g->groups * g->in_channels * w->n_near * size),
                     .y_bytes = (uint64_t)(channels * w->n_far * size),
                     .has_bias = gcut__cuda_input_type(c, 2) != NULL,
                     .product = {.type = (gcut_dtype)g->type,
                                 .m = rows,
                                 .n = w->n_near,
                                 .k = g->in_channels,
                                 .batch = g->groups,
                                 .lda = rows,
                                 .ldb = w->n_near,
                                 .ldc = w->n_near,
                                 .stride_a = g->in_channels * rows,
                                 .stride_b = g->in_channels * w->n_near,
                                 .stride_c = rows * w->n_near,
                                 .transpose_a = true,
                                 .alpha = 1}};
  GCUT_TRY(gcut__cuda_kernel(c->cuda, "gcut_image", &p->image_kernel, err));
  return finish_products(c, p, launch_transposed, err);
}

gcut_status gcut__cuda_compile_conv_transpose(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__conv_attrs *attrs = c->node->attrs;
  const gcut_type *x = gcut__cuda_input_type(c, 0), *w = gcut__cuda_input_type(c, 1),
                  *y = gcut__cuda_output_type(c, 0);
  gcut__window window;
  gcut__cuda_direct_job g = {.images = x->dims[0],
                             .groups = attrs->group,
                             .in_channels = x->dims[1] / attrs->group,
                             .out_channels = w->dims[1],
                             .type = x->type};
  if (!gcut__cuda_is_real(x->type) || gcut__cuda_count(y) == 0 || gcut__cuda_count(w) == 0 ||
      x->rank < 3 || x->rank > GCUT_CUDA_WINDOW_DIMS + 2)
    return GCUT_OK;
  gcut__conv_transpose_window(c->node, attrs, x->rank - 2, w->dims + 2, x->dims + 2, y->dims + 2,
                              &window);
  memcpy(window.kernel, w->dims + 2, (size_t)window.n * sizeof *window.kernel);
  if (!gcut__cuda_fill_window(&g.window, &window, y->dims + 2, x->dims + 2)) return GCUT_OK;
  GCUT_TRY(compile_by_library(c, &g, true, err));
  return c->step->launch ? GCUT_OK : compile_transposed(c, &g, err);
}

// ---- pools ------------------------------------------------------------------------------------

gcut_status gcut__cuda_compile_pool(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__pool_attrs *attrs = c->node->attrs;
  const gcut_type *x = gcut__cuda_input_type(c, 0), *y = gcut__cuda_output_type(c, 0);
  gcut__window window;
  static const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_pool_job, x, 0),
                                                GCUT_CUDA_OUT(gcut__cuda_pool_job, y, 0)};
  gcut__cuda_pool_job job = {.planes = x->dims[0] * x->dims[1],
                             .type = x->type,
                             .average = strcmp(c->node->op_type, "AveragePool") == 0,
                             .count_padding = attrs->count_include_pad != 0};
  if (!gcut__cuda_is_real(x->type) || gcut__cuda_output_type(c, 1) || x->rank < 3 ||
      x->rank > GCUT_CUDA_WINDOW_DIMS + 2)
    return GCUT_OK;
  GCUT_TRY(gcut__window_read(&attrs->window, x->rank - 2, &window, err));
  gcut__window_place(&window, x->dims + 2, y->dims + 2);
  if (!gcut__cuda_fill_window(&job.window, &window, x->dims + 2, y->dims + 2)) return GCUT_OK;
  return GCUT_CUDA_PLAIN(c, "gcut_pool", &job, (uint64_t)(job.planes * job.window.n_near), 0,
                         pointers, err);
}

// ---- BatchNormalization -----------------------------------------------------------------------

gcut_status gcut__cuda_compile_batch_norm(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__batch_norm_attrs *attrs = c->node->attrs;
  const gcut_type *x = gcut__cuda_input_type(c, 0), *scale = gcut__cuda_input_type(c, 1),
                  *mean = gcut__cuda_input_type(c, 3);
  static const gcut__cuda_pointer pointers[] = {
      GCUT_CUDA_IN(gcut__cuda_channel_norm_job, x, 0),
      GCUT_CUDA_IN(gcut__cuda_channel_norm_job, scale, 1),
      GCUT_CUDA_IN(gcut__cuda_channel_norm_job, bias, 2),
      GCUT_CUDA_IN(gcut__cuda_channel_norm_job, mean, 3),
      GCUT_CUDA_IN(gcut__cuda_channel_norm_job, variance, 4),
      GCUT_CUDA_OUT(gcut__cuda_channel_norm_job, y, 0)};
  gcut__cuda_channel_norm_job job = {.count = (int64_t)gcut__cuda_count(x),
                                     .channels = x->rank > 1 ? x->dims[1] : 1,
                                     .each = 1,
                                     .type = x->type,
                                     .scale_type = scale->type,
                                     .mean_type = mean->type,
                                     .epsilon = attrs->epsilon};
  if (!gcut__cuda_is_real(x->type) || !gcut__cuda_is_real(scale->type) ||
      !gcut__cuda_is_real(mean->type) || job.count == 0 ||
      gcut__batch_norm_trains(c->node, attrs) || (!attrs->spatial && c->node->version < 9))
    return GCUT_OK;
  for (int d = 2; d < x->rank; d++) job.each *= x->dims[d];
  return GCUT_CUDA_PLAIN(c, "gcut_channel_norm", &job, (uint64_t)job.count, 0, pointers, err);
}
