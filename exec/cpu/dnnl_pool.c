// Pools. oneDNN has generated code for them and, where that does not serve, plain loops that are
// slower than ours by up to ten times: those are not taken.
#include <string.h>

#include "exec/cpu/dnnl_job.h"

enum { MOST_AXES = 3 };

static dnnl_memory_desc_t image_shape(const gcut__pooling *p, const int64_t *sizes) {
  int64_t dims[MOST_AXES + 2] = {p->batch, p->channels};
  for (int i = 0; i < p->window->n; i++) dims[2 + i] = sizes[i];
  return gcut__dnnl_shape(p->window->n + 2, dims, NULL);
}

static bool describe(const gcut__pooling *p, const dnnl_memory_desc_t *in,
                     const dnnl_memory_desc_t *out, dnnl_pooling_v2_desc_t *desc) {
  const gcut__window *w = p->window;
  dnnl_dims_t strides, kernel, dilation, begin, end;
  for (int i = 0; i < w->n; i++) {
    strides[i] = w->stride[i];
    kernel[i] = w->kernel[i];
    dilation[i] = w->dilation[i] - 1;
    begin[i] = w->begin[i];
    end[i] = (p->out[i] - 1) * w->stride[i] + (w->kernel[i] - 1) * w->dilation[i] + 1 - p->in[i] -
             w->begin[i];
  }
  dnnl_alg_kind_t kind = p->max             ? dnnl_pooling_max
                         : p->count_padding ? dnnl_pooling_avg_include_padding
                                            : dnnl_pooling_avg_exclude_padding;
  return dnnl_pooling_v2_forward_desc_init(desc, dnnl_forward_inference, kind, in, out, strides,
                                           kernel, dilation, begin, end) == dnnl_success;
}

static bool generated(const gcut__dnnl_job *j) {
  const char *name = "";
  return dnnl_primitive_desc_query(j->described, dnnl_query_impl_info_str, 0, &name) ==
             dnnl_success &&
         strncmp(name, "jit", 3) == 0;
}

static gcut_status run(const dnnl_pooling_v2_desc_t *desc, const dnnl_memory_desc_t *in_desc,
                       const float *in, const dnnl_memory_desc_t *out_desc, float *out,
                       bool *out_done, gcut_error *err) {
  gcut__dnnl_job j;
  gcut_status status = gcut__dnnl_begin(&j, desc, out_done, err);
  *out_done = *out_done && generated(&j);
  if (status == GCUT_OK && *out_done)
    status = gcut__dnnl_transform(&j, in_desc, in, out_desc, out, err);
  gcut__dnnl_finish(&j);
  return status;
}

gcut_status gcut__dnnl_pool(const gcut__pooling *p, const float *x, float *y, bool *out_done,
                            gcut_error *err) {
  *out_done = false;
  if (p->window->n > MOST_AXES) return GCUT_OK;
  dnnl_memory_desc_t in = image_shape(p, p->in), out = image_shape(p, p->out);
  dnnl_pooling_v2_desc_t desc;
  if (!describe(p, &in, &out, &desc)) return GCUT_OK;
  double operations = (double)p->batch * (double)p->channels;
  for (int i = 0; i < p->window->n; i++)
    operations *= (double)p->out[i] * (double)p->window->kernel[i];
  int threads = gcut__dnnl_threads_for(operations);
  gcut_status status = run(&desc, &in, x, &out, y, out_done, err);
  gcut__dnnl_threads_restore(threads);
  return status;
}
