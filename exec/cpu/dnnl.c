// Products and softmax.
#include "exec/cpu/dnnl.h"

#include "exec/cpu/dnnl_job.h"

gcut_status gcut__dnnl_gemm(const gcut__gemm *g, const float *a, const float *b, float *out,
                            gcut_error *err) {
  GCUT_TRY(gcut__dnnl_room(0, err));
  int threads = gcut__dnnl_threads_for(2.0 * (double)g->m * (double)g->n * (double)g->k);
  dnnl_status_t status =
      dnnl_sgemm(g->transpose_a ? 'T' : 'N', g->transpose_b ? 'T' : 'N', g->m, g->n, g->k, g->alpha,
                 a, g->lda, b, g->ldb, g->accumulate ? 1.0f : 0.0f, out, g->ldc);
  gcut__dnnl_threads_restore(threads);
  return gcut__dnnl_check(status, "a matrix product", err);
}

static dnnl_memory_desc_t matrix_bfloat16(int64_t rows, int64_t columns, int64_t ld,
                                          bool transposed) {
  dnnl_memory_desc_t desc = {0};
  dnnl_dims_t dims = {rows, columns}, strides = {transposed ? 1 : ld, transposed ? ld : 1};
  (void)dnnl_memory_desc_init_by_strides(&desc, 2, dims, dnnl_bf16, strides);
  return desc;
}

static bool multiplies_bfloat16(void) {
  return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_bf16) ==
         dnnl_cpu_isa_avx512_core_bf16;
}

gcut_status gcut__dnnl_gemm_bfloat16(const gcut__gemm *g, const uint16_t *a, const uint16_t *b,
                                     uint16_t *out, bool *out_done, gcut_error *err) {
  *out_done = false;
  if (!multiplies_bfloat16()) return GCUT_OK;
  dnnl_memory_desc_t left = matrix_bfloat16(g->m, g->k, g->lda, g->transpose_a);
  dnnl_memory_desc_t right = matrix_bfloat16(g->k, g->n, g->ldb, g->transpose_b);
  dnnl_memory_desc_t result = matrix_bfloat16(g->m, g->n, g->ldc, false);
  dnnl_matmul_desc_t desc;
  if (dnnl_matmul_desc_init(&desc, &left, &right, NULL, &result) != dnnl_success) return GCUT_OK;
  int threads = gcut__dnnl_threads_for(2.0 * (double)g->m * (double)g->n * (double)g->k);
  gcut__dnnl_job j;
  gcut_status status = gcut__dnnl_begin(&j, &desc, out_done, err);
  if (status == GCUT_OK && *out_done) {
    status = gcut__dnnl_bind(&j, DNNL_ARG_SRC, &left, a, err);
    if (status == GCUT_OK) status = gcut__dnnl_bind(&j, DNNL_ARG_WEIGHTS, &right, b, err);
    if (status == GCUT_OK) status = gcut__dnnl_bind(&j, DNNL_ARG_DST, &result, out, err);
    if (status == GCUT_OK) status = gcut__dnnl_execute(&j, err);
  }
  gcut__dnnl_finish(&j);
  gcut__dnnl_threads_restore(threads);
  return status;
}

bool gcut__dnnl_multiplies_bytes(void) {
  return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_vnni) ==
         dnnl_cpu_isa_avx512_core_vnni;
}

gcut_status gcut__dnnl_gemm_bytes(const gcut__dnnl_bytes *g, const void *a, const int8_t *b,
                                  int32_t *out, gcut_error *err) {
  const int32_t none = 0;
  char ta = g->transpose_a ? 'T' : 'N', tb = g->transpose_b ? 'T' : 'N';
  GCUT_TRY(gcut__dnnl_room(0, err));
  int threads = gcut__dnnl_threads_for(2.0 * (double)g->m * (double)g->n * (double)g->k);
  dnnl_status_t status = g->a_is_signed
                             ? dnnl_gemm_s8s8s32(ta, tb, 'F', g->m, g->n, g->k, 1, a, g->lda, 0, b,
                                                 g->ldb, 0, 0, out, g->n, &none)
                             : dnnl_gemm_u8s8s32(ta, tb, 'F', g->m, g->n, g->k, 1, a, g->lda, 0, b,
                                                 g->ldb, 0, 0, out, g->n, &none);
  gcut__dnnl_threads_restore(threads);
  return gcut__dnnl_check(status, "a product of bytes", err);
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
  gcut__dnnl_job j;
  gcut_status status = gcut__dnnl_begin(&j, &desc, out_done, err);
  if (status == GCUT_OK && *out_done)
    status = gcut__dnnl_transform(&j, &shape, in, &shape, out, err);
  gcut__dnnl_finish(&j);
  gcut__dnnl_threads_restore(threads);
  return status;
}
