#include "exec/cpu/dnnl.h"

#include <dnnl.h>

static gcut_status check(dnnl_status_t status, const char *what, gcut_error *err) {
  if (status == dnnl_success) return GCUT_OK;
  if (status == dnnl_out_of_memory) return GCUT_NO_MEMORY(err);
  return GCUT_FAIL(err, GCUT_DEVICE, "oneDNN failed at %s (status %d)", what, (int)status);
}

gcut_status gcut__dnnl_gemm(const gcut_gemm *g, const float *a, const float *b, float *out,
                            gcut_error *err) {
  return check(dnnl_sgemm(g->transpose_a ? 'T' : 'N', g->transpose_b ? 'T' : 'N', g->m, g->n, g->k,
                          g->alpha, a, g->lda, b, g->ldb, 0.0f, out, g->ldc),
               "a matrix product", err);
}
