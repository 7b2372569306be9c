// DeformConv, image by image: columns, then a product for each group, added to the bias.
#include "exec/cuda/ops/deform.h"

#include "exec/cuda/kernels.h"
#include "exec/cuda/ops/columns.h"
#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/fill_window.h"
#include "tracer/ops/conv.h"

typedef struct deform_params {
  CUfunction columns_kernel, bias_kernel;
  gcut__cuda_product product;
  gcut__cuda_deform_job columns;
  gcut__cuda_bias_job bias;
  int64_t images;
  uint64_t x_bytes, offset_bytes, mask_bytes, y_bytes; // of an image
  bool has_bias, has_mask;
} deform_params;

static gcut_status launch_image(const gcut__cuda_run *r, const deform_params *p, uint64_t image,
                                gcut_error *err) {
  CUdeviceptr columns = r->scratch + GCUT_CUDA_BLAS_WORKSPACE;
  gcut__cuda_deform_job job = p->columns;
  void *arguments[] = {&job};
  job.x = (const void *)(r->inputs[0] + image * p->x_bytes);
  job.offset = (const void *)(r->inputs[2] + image * p->offset_bytes);
  if (p->has_mask) job.mask = (const void *)(r->inputs[4] + image * p->mask_bytes);
  job.columns = (void *)columns;
  GCUT_TRY(gcut__cuda_launch_over(
      r, p->columns_kernel, (uint64_t)(job.channels * job.window.n_kernel * job.window.n_near),
      arguments, err));
  return gcut__cuda_blas_run(r->cuda->blas, &p->product, r->inputs[1], columns,
                             r->outputs[0] + image * p->y_bytes, 0, r->scratch, r->stream, err);
}

static gcut_status launch_deform(const gcut__cuda_run *r, gcut_error *err) {
  const deform_params *p = r->step->params;
  if (p->has_bias) GCUT_TRY(gcut__cuda_fill_bias(r, p->bias_kernel, p->bias, 3, err));
  for (int64_t i = 0; i < p->images; i++) GCUT_TRY(launch_image(r, p, (uint64_t)i, err));
  return GCUT_OK;
}

static gcut_status finish(const gcut__cuda_compile *c, deform_params *p, gcut_error *err) {
  const gcut__cuda_window *w = &p->columns.window;
  int32_t size = gcut__cuda_element_bytes(p->columns.type);
  int64_t rows = p->columns.channels * w->n_kernel,
          fields = p->columns.channels / p->columns.per_group * w->n_kernel * w->n_near * size;
  if (!gcut__cuda_columns_fit(p->columns.channels, w, size)) return GCUT_OK;
  p->x_bytes = (uint64_t)(p->columns.channels * w->n_far * size);
  p->y_bytes = (uint64_t)(p->bias.channels * w->n_near * size);
  p->mask_bytes = (uint64_t)fields;
  p->offset_bytes = (uint64_t)(fields * p->columns.axes);
  GCUT_TRY(gcut__cuda_kernel(c->cuda, "gcut_deform_columns", &p->columns_kernel, err));
  GCUT_TRY(gcut__cuda_kernel(c->cuda, "gcut_bias", &p->bias_kernel, err));
  c->step->params = p;
  c->step->launch = launch_deform;
  c->step->scratch_bytes = GCUT_CUDA_BLAS_WORKSPACE + (uint64_t)(rows * w->n_near * size);
  return gcut__cuda_blas_prepare(c->cuda->blas, &p->product, err);
}

gcut_status gcut__cuda_compile_deform_conv(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__conv_attrs *attrs = c->node->attrs;
  const gcut_type *x = gcut__cuda_input_type(c, 0), *w = gcut__cuda_input_type(c, 1),
                  *y = gcut__cuda_output_type(c, 0);
  gcut__window window;
  deform_params *p = GCUT_NEW(c->arena, deform_params);
  if (!p) return GCUT_NO_MEMORY(err);
  bool real = gcut__cuda_is_float(x) || x->type == GCUT_DOUBLE;
  if (!real || gcut__cuda_count(y) == 0 || gcut__cuda_count(w) == 0 || x->rank < 3 ||
      x->rank > GCUT_CUDA_WINDOW_DIMS + 2)
    return GCUT_OK;
  *p = (deform_params){.columns = {.channels = x->dims[1],
                                   .per_group = x->dims[1] / attrs->offset_group,
                                   .axes = x->rank - 2,
                                   .type = x->type},
                       .bias = {.images = x->dims[0],
                                .channels = y->dims[1],
                                .size = gcut__cuda_element_bytes(x->type)},
                       .images = x->dims[0],
                       .has_bias = gcut__cuda_input_type(c, 3) != NULL,
                       .has_mask = gcut__cuda_input_type(c, 4) != NULL};
  GCUT_TRY(gcut__window_read(&attrs->window, x->rank - 2, &window, err));
  memcpy(window.kernel, w->dims + 2, (size_t)window.n * sizeof *window.kernel);
  gcut__window_place(&window, x->dims + 2, y->dims + 2);
  if (!gcut__cuda_fill_window(&p->columns.window, &window, x->dims + 2, y->dims + 2))
    return GCUT_OK;
  p->bias.each = p->columns.window.n_near;
  p->product = gcut__cuda_columns_product(w->type, attrs->group, w->dims[0] / attrs->group,
                                          w->dims[1] * p->columns.window.n_kernel,
                                          p->columns.window.n_near, p->has_bias);
  return finish(c, p, err);
}
