// Products and the primitives of one input and one output.
#include "exec/cpu/dnnl.h"

#include "exec/cpu/dnnl_job.h"

gcut_status gcut__dnnl_gemm(const gcut_gemm *g, const float *a, const float *b, float *out,
                            gcut_error *err) {
  int threads = gcut__dnnl_threads_for(2.0 * (double)g->m * (double)g->n * (double)g->k);
  dnnl_status_t status = dnnl_sgemm(g->transpose_a ? 'T' : 'N', g->transpose_b ? 'T' : 'N', g->m,
                                    g->n, g->k, g->alpha, a, g->lda, b, g->ldb, 0.0f, out, g->ldc);
  gcut__dnnl_threads_restore(threads);
  return gcut__dnnl_check(status, "a matrix product", err);
}

// Binds the one input and the one output of `desc`'s primitive and runs it.
static gcut_status run_in_out(const_dnnl_op_desc_t desc, const dnnl_memory_desc_t *in_desc,
                              const float *in, const dnnl_memory_desc_t *out_desc, float *out,
                              bool *out_done, gcut_error *err) {
  gcut_dnnl_job j;
  gcut_status status = gcut__dnnl_begin(&j, desc, out_done, err);
  if (status == GCUT_OK && *out_done) {
    status = gcut__dnnl_bind(&j, DNNL_ARG_SRC, in_desc, in, err);
    if (status == GCUT_OK) status = gcut__dnnl_bind(&j, DNNL_ARG_DST, out_desc, out, err);
    if (status == GCUT_OK) status = gcut__dnnl_execute(&j, err);
  }
  gcut__dnnl_finish(&j);
  return status;
}

gcut_status gcut__dnnl_softmax(int64_t outer, int64_t n, int64_t inner, const float *in, float *out,
                               bool *out_done, gcut_error *err) {
  dnnl_memory_desc_t shape = gcut__dnnl_shape(3, (int64_t[]){outer, n, inner}, NULL);
  dnnl_softmax_v2_desc_t desc;
  *out_done = false;
  if (dnnl_softmax_v2_forward_desc_init(&desc, dnnl_forward_inference, dnnl_softmax_accurate,
                                        &shape, &shape, 1) != dnnl_success)
    return GCUT_OK;
  double operations = 20 * (double)outer * (double)n * (double)inner; // an exponential an element
  int threads = gcut__dnnl_threads_for(operations);
  gcut_status status = run_in_out(&desc, &shape, in, &shape, out, out_done, err);
  gcut__dnnl_threads_restore(threads);
  return status;
}
