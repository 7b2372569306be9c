// Convolutions. oneDNN chooses the layouts it is fast in; what it wants otherwise than it is given
// is reordered before and after. Weights can be kept as wanted, and where it wants images channels
// last, as it mostly does, callers can hand them over so.
#include <stdlib.h>

#include "exec/cpu/dnnl_job.h"

enum { MOST_AXES = 3, MOST_RANK = MOST_AXES + 3, SRC = 0, WEIGHTS, DST, N_OPERANDS };

struct gcut__dnnl_convolution {
  gcut__convolution g; // its `in` and `out` are these
  int64_t in[MOST_AXES], out[MOST_AXES];
  bool has_bias, bytes; // bytes: uint8 by int8 to int32
  gcut__dnnl_job job;
  dnnl_memory_desc_t given[N_OPERANDS]; // row-major
  const dnnl_memory_desc_t *wanted[N_OPERANDS];
  dnnl_memory_desc_t bias;
  dnnl_memory_t packed; // weights as wanted, or NULL
  bool turned;          // source and result are wanted channels last
};

static dnnl_data_type_t type_of(const gcut__dnnl_convolution *c, int operand) {
  static const dnnl_data_type_t bytes[N_OPERANDS] = {dnnl_u8, dnnl_s8, dnnl_s32};
  return c->bytes ? bytes[operand] : dnnl_f32;
}

static dnnl_memory_desc_t typed(dnnl_memory_desc_t desc, dnnl_data_type_t type) {
  dnnl_memory_desc_t out = {0};
  (void)dnnl_memory_desc_init_by_strides(&out, desc.ndims, desc.dims, type,
                                         desc.format_desc.blocking.strides);
  return out;
}

static dnnl_memory_desc_t image_shape(int64_t batch, int64_t channels, int n, const int64_t *dims) {
  int64_t all[MOST_RANK] = {batch, channels};
  for (int i = 0; i < n; i++) all[2 + i] = dims[i];
  return gcut__dnnl_shape(n + 2, all, NULL);
}

// oneDNN wants [groups, out, in, kernel]: a transposed convolution's weight is that with in and out
// exchanged. Without groups there is no first dim.
static dnnl_memory_desc_t weight_shape(const gcut__convolution *g) {
  int64_t dims[MOST_RANK] = {g->groups, g->out_channels, g->in_channels}, strides[MOST_RANK];
  int n = g->window.n, skip = g->groups == 1 ? 1 : 0;
  int64_t step = 1;
  for (int i = n - 1; i >= 0; i--) {
    dims[3 + i] = g->window.kernel[i];
    strides[3 + i] = step;
    step *= g->window.kernel[i];
  }
  strides[0] = step * g->in_channels * g->out_channels;
  strides[1] = g->transposed ? step : step * g->in_channels;
  strides[2] = g->transposed ? step * g->out_channels : step;
  return gcut__dnnl_shape(n + 3 - skip, dims + skip, strides + skip);
}

// The same shape in whichever layout oneDNN prefers.
static dnnl_memory_desc_t any_layout(const dnnl_memory_desc_t *desc) {
  dnnl_memory_desc_t any = {0};
  (void)dnnl_memory_desc_init_by_tag(&any, desc->ndims, desc->dims, desc->data_type,
                                     dnnl_format_tag_any);
  return any;
}

// Padding at the end as the output's size says: what the last window leaves over is cut off.
static void settle_end(const gcut__convolution *g, dnnl_dims_t end) {
  const gcut__window *w = &g->window;
  for (int i = 0; i < w->n; i++) {
    int64_t far = g->transposed ? g->out[i] : g->in[i], near = g->transposed ? g->in[i] : g->out[i];
    end[i] =
        (near - 1) * w->stride[i] + (w->kernel[i] - 1) * w->dilation[i] + 1 - far - w->begin[i];
  }
}

// dnnl_deconvolution_desc_t is the same type.
static bool describe(const gcut__dnnl_convolution *c, dnnl_convolution_desc_t *out) {
  const gcut__convolution *g = &c->g;
  dnnl_memory_desc_t src = any_layout(&c->given[SRC]), weights = any_layout(&c->given[WEIGHTS]);
  dnnl_memory_desc_t dst = any_layout(&c->given[DST]);
  const dnnl_memory_desc_t *bias = c->has_bias ? &c->bias : NULL;
  dnnl_dims_t strides, dilates, begin, end;
  for (int i = 0; i < g->window.n; i++) {
    strides[i] = g->window.stride[i];
    dilates[i] = g->window.dilation[i] - 1;
    begin[i] = g->window.begin[i];
  }
  settle_end(g, end);
  dnnl_status_t status =
      g->transposed
          ? dnnl_dilated_deconvolution_forward_desc_init(out, dnnl_forward_inference,
                                                         dnnl_deconvolution_direct, &src, &weights,
                                                         bias, &dst, strides, dilates, begin, end)
          : dnnl_dilated_convolution_forward_desc_init(out, dnnl_forward_inference,
                                                       dnnl_convolution_direct, &src, &weights,
                                                       bias, &dst, strides, dilates, begin, end);
  return status == dnnl_success;
}

// ---- made ready

// Whether the layout is that of the shape, channels last.
static bool is_turned(const dnnl_memory_desc_t *wanted, const dnnl_memory_desc_t *given) {
  int64_t strides[MOST_RANK], step = given->dims[1];
  strides[1] = 1;
  for (int d = given->ndims - 1; d > 1; d--) {
    strides[d] = step;
    step *= given->dims[d];
  }
  strides[0] = step;
  dnnl_memory_desc_t last =
      typed(gcut__dnnl_shape(given->ndims, given->dims, strides), given->data_type);
  return dnnl_memory_desc_equal(wanted, &last);
}

static gcut_status make_ready(gcut__dnnl_convolution *c, bool *out_found, gcut_error *err) {
  static const dnnl_query_t query_of[N_OPERANDS] = {dnnl_query_src_md, dnnl_query_weights_md,
                                                    dnnl_query_dst_md};
  const gcut__convolution *g = &c->g;
  int n = g->window.n;
  dnnl_convolution_desc_t desc;
  *out_found = false;
  c->given[SRC] = image_shape(g->batch, g->groups * g->in_channels, n, g->in);
  c->given[WEIGHTS] = weight_shape(g);
  c->given[DST] = image_shape(g->batch, g->groups * g->out_channels, n, g->out);
  for (int i = 0; i < N_OPERANDS; i++) c->given[i] = typed(c->given[i], type_of(c, i));
  c->bias = gcut__dnnl_shape(1, (int64_t[]){g->groups * g->out_channels}, NULL);
  if (!describe(c, &desc)) return GCUT_OK;
  GCUT_TRY(gcut__dnnl_begin(&c->job, &desc, out_found, err));
  for (int i = 0; *out_found && i < N_OPERANDS; i++)
    c->wanted[i] = dnnl_primitive_desc_query_md(c->job.described, query_of[i], 0);
  c->turned = *out_found && is_turned(c->wanted[SRC], &c->given[SRC]) &&
              is_turned(c->wanted[DST], &c->given[DST]);
  return GCUT_OK;
}

// Without the axes of one element that the kernel does not look beyond: oneDNN goes row by row, and
// is slow where the last axis is such. `in` and `out` are [MOST_AXES].
static gcut__convolution squeeze(const gcut__convolution *g, int64_t *in, int64_t *out) {
  gcut__convolution s = *g;
  gcut__window *w = &s.window;
  int n = 0, kept = g->window.n;
  for (int i = 0; i < g->window.n; i++) {
    bool idle = g->in[i] == 1 && g->out[i] == 1 && w->kernel[i] == 1 && w->begin[i] == 0;
    if (idle && kept > 1) {
      kept--;
      continue;
    }
    in[n] = g->in[i], out[n] = g->out[i];
    w->kernel[n] = w->kernel[i], w->stride[n] = w->stride[i], w->dilation[n] = w->dilation[i];
    w->begin[n] = w->begin[i], w->end[n] = w->end[i];
    n++;
  }
  w->n = n;
  s.in = in, s.out = out;
  return s;
}

gcut_status gcut__dnnl_convolution_create(const gcut__convolution *g, bool has_bias, bool bytes,
                                          gcut__dnnl_convolution **out, gcut_error *err) {
  bool found;
  *out = NULL;
  if (g->window.n > MOST_AXES) return GCUT_OK;
  gcut__dnnl_convolution *c = calloc(1, sizeof *c);
  if (!c) return GCUT_NO_MEMORY(err);
  c->g = squeeze(g, c->in, c->out);
  c->has_bias = has_bias;
  c->bytes = bytes;
  int threads = gcut__dnnl_threads_for(2 * gcut__convolution_products(g));
  gcut_status status = make_ready(c, &found, err);
  gcut__dnnl_threads_restore(threads);
  if (status == GCUT_OK && found && (c->turned || !bytes))
    *out = c;
  else
    gcut__dnnl_convolution_destroy(c);
  return status;
}

void gcut__dnnl_convolution_destroy(gcut__dnnl_convolution *c) {
  if (!c) return;
  dnnl_memory_destroy(c->packed);
  gcut__dnnl_finish(&c->job);
  free(c);
}

bool gcut__dnnl_convolution_is(const gcut__dnnl_convolution *c, const gcut__convolution *wanted,
                               bool has_bias) {
  const gcut__convolution *k = &c->g;
  int64_t in[MOST_AXES], out[MOST_AXES];
  if (wanted->window.n > MOST_AXES) return false;
  gcut__convolution s = squeeze(wanted, in, out), *g = &s;
  if (k->batch != g->batch || k->groups != g->groups || k->in_channels != g->in_channels ||
      k->out_channels != g->out_channels || c->has_bias != has_bias ||
      k->transposed != g->transposed || k->window.n != g->window.n)
    return false;
  for (int i = 0; i < g->window.n; i++)
    if (k->in[i] != g->in[i] || k->out[i] != g->out[i] ||
        k->window.kernel[i] != g->window.kernel[i])
      return false;
  return true;
}

bool gcut__dnnl_convolution_turned(const gcut__dnnl_convolution *c) {
  return c->turned;
}

// ---- run

// Memory for an operand in the layout wanted: the user's own where that is its layout (*out_user is
// NULL then), else new memory beside *out_user.
static gcut_status bind_operand(gcut__dnnl_convolution *c, int i, const void *data, bool turned,
                                dnnl_memory_t *out_user, gcut_error *err) {
  static const int arg_of[N_OPERANDS] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST};
  bool same = turned || dnnl_memory_desc_equal(c->wanted[i], &c->given[i]);
  *out_user = NULL;
  GCUT_TRY(gcut__dnnl_bind(&c->job, arg_of[i], c->wanted[i], same ? data : NULL, err));
  if (same) return GCUT_OK;
  return gcut__dnnl_check(
      dnnl_memory_create(out_user, &c->given[i], c->job.engine, (void *)(uintptr_t)data),
      "binding memory", err);
}

static gcut_status bind_weights(gcut__dnnl_convolution *c, const void *w, dnnl_memory_t *out_user,
                                gcut_error *err) {
  void *packed;
  if (w) return bind_operand(c, WEIGHTS, w, false, out_user, err);
  GCUT_TRY(
      gcut__dnnl_check(dnnl_memory_get_data_handle(c->packed, &packed), "finding weights", err));
  return gcut__dnnl_bind(&c->job, DNNL_ARG_WEIGHTS, c->wanted[WEIGHTS], packed, err);
}

// The operands in arg order: source, weights, result, bias.
static gcut_status run(gcut__dnnl_convolution *c, const void *x, const void *w, const float *bias,
                       void *y, bool turned, dnnl_memory_t *user, gcut_error *err) {
  gcut__dnnl_job *j = &c->job;
  GCUT_TRY(bind_operand(c, SRC, x, turned, &user[SRC], err));
  if (user[SRC]) GCUT_TRY(gcut__dnnl_reorder(j, user[SRC], j->args[SRC].memory, err));
  GCUT_TRY(bind_weights(c, w, &user[WEIGHTS], err));
  if (user[WEIGHTS]) GCUT_TRY(gcut__dnnl_reorder(j, user[WEIGHTS], j->args[WEIGHTS].memory, err));
  GCUT_TRY(bind_operand(c, DST, y, turned, &user[DST], err));
  if (bias) GCUT_TRY(gcut__dnnl_bind(j, DNNL_ARG_BIAS, &c->bias, bias, err));
  GCUT_TRY(gcut__dnnl_execute(j, err));
  return user[DST] ? gcut__dnnl_reorder(j, j->args[DST].memory, user[DST], err) : GCUT_OK;
}

gcut_status gcut__dnnl_convolution_run(gcut__dnnl_convolution *c, const void *x, const void *w,
                                       const float *bias, void *y, bool turned, gcut_error *err) {
  dnnl_memory_t user[N_OPERANDS] = {NULL};
  GCUT_TRY(gcut__dnnl_room(0, err));
  int threads = gcut__dnnl_threads_for(2 * gcut__convolution_products(&c->g));
  gcut_status status = run(c, x, w, bias, y, turned, user, err);
  for (int i = 0; i < N_OPERANDS; i++) dnnl_memory_destroy(user[i]);
  gcut__dnnl_unbind(&c->job);
  gcut__dnnl_threads_restore(threads);
  return status;
}

gcut_status gcut__dnnl_convolution_pack(gcut__dnnl_convolution *c, const void *w, gcut_error *err) {
  dnnl_memory_t user = NULL;
  GCUT_TRY(gcut__dnnl_room(dnnl_memory_desc_get_size(c->wanted[WEIGHTS]), err));
  GCUT_TRY(gcut__dnnl_check(
      dnnl_memory_create(&c->packed, c->wanted[WEIGHTS], c->job.engine, DNNL_MEMORY_ALLOCATE),
      "binding memory", err));
  gcut_status status = gcut__dnnl_check(
      dnnl_memory_create(&user, &c->given[WEIGHTS], c->job.engine, (void *)(uintptr_t)w),
      "binding memory", err);
  int threads = gcut__dnnl_threads_for((double)dnnl_memory_desc_get_size(c->wanted[WEIGHTS]));
  if (status == GCUT_OK) status = gcut__dnnl_reorder(&c->job, user, c->packed, err);
  gcut__dnnl_threads_restore(threads);
  dnnl_memory_destroy(user);
  return status;
}

gcut_status gcut__dnnl_convolve(const gcut__convolution *g, const float *x, const float *w,
                                const float *bias, float *y, bool *out_done, gcut_error *err) {
  gcut__dnnl_convolution *c;
  GCUT_TRY(gcut__dnnl_convolution_create(g, bias != NULL, false, &c, err));
  *out_done = c != NULL;
  if (!c) return GCUT_OK;
  gcut_status status = gcut__dnnl_convolution_run(c, x, w, bias, y, false, err);
  gcut__dnnl_convolution_destroy(c);
  return status;
}
