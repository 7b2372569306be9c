#include "exec/cuda/ops/columns.h"

#include "exec/cuda/ops/compile.h"

enum { WARP = 32 };                                   // a plane, of the kernel that fills in biases
static const int64_t MOST_COLUMNS = INT64_C(1) << 30; // bytes of an image

bool gcut__cuda_columns_fit(int64_t channels, const gcut__cuda_window *w, int32_t size) {
  return channels <= MOST_COLUMNS / size / w->n_kernel / w->n_near && w->n_near <= INT32_MAX;
}

gcut__cuda_product gcut__cuda_columns_product(int type, int64_t groups, int64_t out, int64_t depth,
                                              int64_t n, bool add) {
  return (gcut__cuda_product){.type = (gcut_dtype)type,
                              .m = out,
                              .n = n,
                              .k = depth,
                              .batch = groups,
                              .lda = depth,
                              .ldb = n,
                              .ldc = n,
                              .stride_a = out * depth,
                              .stride_b = depth * n,
                              .stride_c = out * n,
                              .alpha = 1,
                              .beta = add ? 1 : 0};
}

gcut_status gcut__cuda_fill_bias(const gcut__cuda_run *r, CUfunction kernel,
                                 gcut__cuda_bias_job job, uint32_t bias, gcut_error *err) {
  void *arguments[] = {&job};
  job.bias = (const void *)r->inputs[bias];
  job.y = (void *)r->outputs[0];
  return gcut__cuda_launch_over(r, kernel, (uint64_t)(job.images * job.channels * WARP), arguments,
                                err);
}
