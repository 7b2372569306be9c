// Layer normalisation. Described as for training, since only then mean and variance come out.
#include "exec/cpu/dnnl_job.h"

static gcut_status bind_all(gcut__dnnl_job *j, const gcut__float_rows *r,
                            const dnnl_memory_desc_t *data, gcut_error *err) {
  dnnl_memory_desc_t row = gcut__dnnl_shape(1, &r->n, NULL);
  dnnl_memory_desc_t column = gcut__dnnl_shape(1, &r->n_rows, NULL);
  GCUT_TRY(gcut__dnnl_bind(j, DNNL_ARG_SRC, data, r->x, err));
  GCUT_TRY(gcut__dnnl_bind(j, DNNL_ARG_DST, data, r->y, err));
  GCUT_TRY(gcut__dnnl_bind(j, DNNL_ARG_MEAN, &column, r->mean, err));
  GCUT_TRY(gcut__dnnl_bind(j, DNNL_ARG_VARIANCE, &column, r->variance, err));
  if (r->scale) GCUT_TRY(gcut__dnnl_bind(j, DNNL_ARG_SCALE, &row, r->scale, err));
  return r->shift ? gcut__dnnl_bind(j, DNNL_ARG_SHIFT, &row, r->shift, err) : GCUT_OK;
}

gcut_status gcut__dnnl_normalize(const gcut__float_rows *r, bool *out_done, gcut_error *err) {
  dnnl_memory_desc_t data = gcut__dnnl_shape(2, (int64_t[]){r->n_rows, r->n}, NULL);
  dnnl_memory_desc_t column = gcut__dnnl_shape(1, &r->n_rows, NULL);
  unsigned flags = (r->scale ? dnnl_use_scale : 0u) | (r->shift ? dnnl_use_shift : 0u);
  dnnl_layer_normalization_desc_t desc;
  *out_done = false;
  if (dnnl_layer_normalization_forward_desc_init(&desc, dnnl_forward_training, &data, &column,
                                                 r->epsilon, flags) != dnnl_success)
    return GCUT_OK;
  int threads = gcut__dnnl_threads_for(8 * (double)r->n_rows * (double)r->n);
  gcut__dnnl_job j;
  gcut_status status = gcut__dnnl_begin(&j, &desc, out_done, err);
  if (status == GCUT_OK && *out_done) status = bind_all(&j, r, &data, err);
  if (status == GCUT_OK && *out_done) status = gcut__dnnl_execute(&j, err);
  gcut__dnnl_finish(&j);
  gcut__dnnl_threads_restore(threads);
  return status;
}
