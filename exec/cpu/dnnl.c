// Each function describes one primitive, binds its memories in place and runs it.
#include "exec/cpu/dnnl.h"

#include <dnnl.h>

enum { MAX_ARGS = 8 };

// One primitive being run; freed by finish() whatever came of it.
typedef struct job {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  dnnl_primitive_desc_t described;
  dnnl_primitive_t primitive;
  dnnl_exec_arg_t args[MAX_ARGS];
  int n_args;
} job;

static gcut_status check(dnnl_status_t status, const char *what, gcut_error *err) {
  if (status == dnnl_success) return GCUT_OK;
  if (status == dnnl_out_of_memory) return GCUT_NO_MEMORY(err);
  return GCUT_FAIL(err, GCUT_DEVICE, "oneDNN failed at %s (status %d)", what, (int)status);
}

// Describes the primitive; *out_found is false where oneDNN has none.
static gcut_status begin(job *j, const_dnnl_op_desc_t desc, bool *out_found, gcut_error *err) {
  *j = (job){0};
  *out_found = false;
  GCUT_TRY(check(dnnl_engine_create(&j->engine, dnnl_cpu, 0), "making an engine", err));
  GCUT_TRY(check(dnnl_stream_create(&j->stream, j->engine, dnnl_stream_default_flags),
                 "making a stream", err));
  dnnl_status_t status = dnnl_primitive_desc_create(&j->described, desc, NULL, j->engine, NULL);
  if (status == dnnl_unimplemented || status == dnnl_invalid_arguments) return GCUT_OK;
  GCUT_TRY(check(status, "describing a primitive", err));
  *out_found = true;
  return check(dnnl_primitive_create(&j->primitive, j->described), "making a primitive", err);
}

static gcut_status bind(job *j, int name, const dnnl_memory_desc_t *desc, const void *data,
                        gcut_error *err) {
  dnnl_memory_t memory;
  GCUT_TRY(check(dnnl_memory_create(&memory, desc, j->engine, (void *)(uintptr_t)data),
                 "binding memory", err));
  j->args[j->n_args++] = (dnnl_exec_arg_t){name, memory};
  return GCUT_OK;
}

static gcut_status execute(job *j, gcut_error *err) {
  GCUT_TRY(check(dnnl_primitive_execute(j->primitive, j->stream, j->n_args, j->args),
                 "running a primitive", err));
  return check(dnnl_stream_wait(j->stream), "waiting for a primitive", err);
}

static void finish(job *j) {
  for (int i = 0; i < j->n_args; i++) dnnl_memory_destroy(j->args[i].memory);
  dnnl_primitive_destroy(j->primitive);
  dnnl_primitive_desc_destroy(j->described);
  dnnl_stream_destroy(j->stream);
  dnnl_engine_destroy(j->engine);
}

static dnnl_memory_desc_t packed(int rank, const int64_t *dims) {
  dnnl_memory_desc_t desc = {0};
  dnnl_dims_t copy = {0};
  for (int d = 0; d < rank; d++) copy[d] = dims[d];
  // Cannot fail but for shapes that no tensor has; describing a primitive by it then does.
  (void)dnnl_memory_desc_init_by_strides(&desc, rank, copy, dnnl_f32, NULL);
  return desc;
}

gcut_status gcut__dnnl_gemm(const gcut_gemm *g, const float *a, const float *b, float *out,
                            gcut_error *err) {
  return check(dnnl_sgemm(g->transpose_a ? 'T' : 'N', g->transpose_b ? 'T' : 'N', g->m, g->n, g->k,
                          g->alpha, a, g->lda, b, g->ldb, 0.0f, out, g->ldc),
               "a matrix product", err);
}

// Binds the one input and the one output of `desc`'s primitive and runs it.
static gcut_status run_in_out(const_dnnl_op_desc_t desc, const dnnl_memory_desc_t *in_desc,
                              const float *in, const dnnl_memory_desc_t *out_desc, float *out,
                              bool *out_done, gcut_error *err) {
  job j;
  gcut_status status = begin(&j, desc, out_done, err);
  if (status == GCUT_OK && *out_done) {
    status = bind(&j, DNNL_ARG_SRC, in_desc, in, err);
    if (status == GCUT_OK) status = bind(&j, DNNL_ARG_DST, out_desc, out, err);
    if (status == GCUT_OK) status = execute(&j, err);
  }
  finish(&j);
  return status;
}

gcut_status gcut__dnnl_softmax(int64_t outer, int64_t n, int64_t inner, const float *in, float *out,
                               bool *out_done, gcut_error *err) {
  dnnl_memory_desc_t shape = packed(3, (int64_t[]){outer, n, inner});
  dnnl_softmax_v2_desc_t desc;
  *out_done = false;
  if (dnnl_softmax_v2_forward_desc_init(&desc, dnnl_forward_inference, dnnl_softmax_accurate,
                                        &shape, &shape, 1) != dnnl_success)
    return GCUT_OK;
  return run_in_out(&desc, &shape, in, &shape, out, out_done, err);
}
