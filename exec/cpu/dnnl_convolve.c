// Convolutions. oneDNN chooses the layouts it is fast in; what it wants otherwise than row-major is
// reordered before and after, which costs little beside the convolution. The copies live for the
// call.
#include "exec/cpu/dnnl_job.h"

enum { MOST_AXES = 3, MOST_RANK = MOST_AXES + 3, SRC = 0, WEIGHTS, DST, N_OPERANDS };

// The operands as they lie in memory.
typedef struct operands {
  dnnl_memory_desc_t desc[N_OPERANDS];
  const float *data[N_OPERANDS];
} operands;

static dnnl_memory_desc_t image_shape(int64_t batch, int64_t channels, int n, const int64_t *dims) {
  int64_t all[MOST_RANK] = {batch, channels};
  for (int i = 0; i < n; i++) all[2 + i] = dims[i];
  return gcut__dnnl_shape(n + 2, all, NULL);
}

// oneDNN wants [groups, out, in, kernel]: a transposed convolution's weight is that with in and out
// exchanged. Without groups there is no first dim.
static dnnl_memory_desc_t weight_shape(const gcut_convolution *g) {
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
  (void)dnnl_memory_desc_init_by_tag(&any, desc->ndims, desc->dims, dnnl_f32, dnnl_format_tag_any);
  return any;
}

// Padding at the end as the output's size says: what the last window leaves over is cut off.
static void settle_end(const gcut_convolution *g, dnnl_dims_t end) {
  const gcut_window *w = &g->window;
  for (int i = 0; i < w->n; i++) {
    int64_t far = g->transposed ? g->out[i] : g->in[i], near = g->transposed ? g->in[i] : g->out[i];
    end[i] =
        (near - 1) * w->stride[i] + (w->kernel[i] - 1) * w->dilation[i] + 1 - far - w->begin[i];
  }
}

// dnnl_deconvolution_desc_t is the same type.
static bool describe(const gcut_convolution *g, const operands *o, const dnnl_memory_desc_t *bias,
                     dnnl_convolution_desc_t *out) {
  dnnl_memory_desc_t src = any_layout(&o->desc[SRC]), weights = any_layout(&o->desc[WEIGHTS]);
  dnnl_memory_desc_t dst = any_layout(&o->desc[DST]);
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

static const int arg_of[N_OPERANDS] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST};
static const dnnl_query_t query_of[N_OPERANDS] = {dnnl_query_src_md, dnnl_query_weights_md,
                                                  dnnl_query_dst_md};

// Binds operand `i`, in place where its layout is the one wanted; *out_user is the memory in the
// user's layout to reorder from or to, or NULL.
static gcut_status bind_operand(gcut_dnnl_job *j, const operands *o, int i, dnnl_memory_t *out_user,
                                gcut_error *err) {
  const dnnl_memory_desc_t *wanted = dnnl_primitive_desc_query_md(j->described, query_of[i], 0);
  bool same = dnnl_memory_desc_equal(wanted, &o->desc[i]);
  *out_user = NULL;
  GCUT_TRY(gcut__dnnl_bind(j, arg_of[i], wanted, same ? o->data[i] : NULL, err));
  if (same) return GCUT_OK;
  return gcut__dnnl_check(
      dnnl_memory_create(out_user, &o->desc[i], j->engine, (void *)(uintptr_t)o->data[i]),
      "binding memory", err);
}

static gcut_status run(gcut_dnnl_job *j, const operands *o, const dnnl_memory_desc_t *bias_shape,
                       const float *bias, dnnl_memory_t *user, gcut_error *err) {
  for (int i = 0; i < N_OPERANDS; i++) {
    GCUT_TRY(bind_operand(j, o, i, &user[i], err));
    if (user[i] && i != DST) GCUT_TRY(gcut__dnnl_reorder(j, user[i], j->args[i].memory, err));
  }
  if (bias) GCUT_TRY(gcut__dnnl_bind(j, DNNL_ARG_BIAS, bias_shape, bias, err));
  GCUT_TRY(gcut__dnnl_execute(j, err));
  return user[DST] ? gcut__dnnl_reorder(j, j->args[DST].memory, user[DST], err) : GCUT_OK;
}

static gcut_status convolve(const gcut_convolution *g, const float *x, const float *w,
                            const float *bias, float *y, bool *out_done, gcut_error *err) {
  int n = g->window.n;
  operands o = {{image_shape(g->batch, g->groups * g->in_channels, n, g->in), weight_shape(g),
                 image_shape(g->batch, g->groups * g->out_channels, n, g->out)},
                {x, w, y}};
  dnnl_memory_desc_t bias_shape =
      gcut__dnnl_shape(1, (int64_t[]){g->groups * g->out_channels}, NULL);
  dnnl_convolution_desc_t desc;
  if (!describe(g, &o, bias ? &bias_shape : NULL, &desc)) return GCUT_OK;
  gcut_dnnl_job j;
  dnnl_memory_t user[N_OPERANDS] = {NULL};
  gcut_status status = gcut__dnnl_begin(&j, &desc, out_done, err);
  if (status == GCUT_OK && *out_done) status = run(&j, &o, &bias_shape, bias, user, err);
  for (int i = 0; i < N_OPERANDS; i++) dnnl_memory_destroy(user[i]);
  gcut__dnnl_finish(&j);
  return status;
}

gcut_status gcut__dnnl_convolve(const gcut_convolution *g, const float *x, const float *w,
                                const float *bias, float *y, bool *out_done, gcut_error *err) {
  *out_done = false;
  if (g->window.n > MOST_AXES) return GCUT_OK;
  int threads = gcut__dnnl_threads_for(2 * gcut__convolution_products(g));
  gcut_status status = convolve(g, x, w, bias, y, out_done, err);
  gcut__dnnl_threads_restore(threads);
  return status;
}
