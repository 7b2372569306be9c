// MatMul of integers whose batches one stride can walk; matmul.c makes others so.
#include "exec/cuda/ops/whole.h"

#include "exec/cuda/ops/compile.h"

// One matrix, or as many as the output has in the same dimensions.
static bool regular(const gcut_type *t, const gcut_type *out) {
  bool same = t->rank == out->rank;
  for (int d = 0; same && d + 2 < t->rank; d++) same = t->dims[d] == out->dims[d];
  return same || gcut__cuda_matrices(t) == 1;
}

gcut_status gcut__cuda_compile_whole_matmul(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut_type *a = gcut__cuda_input_type(c, 0), *b = gcut__cuda_input_type(c, 1),
                  *out = gcut__cuda_output_type(c, 0);
  static const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_whole_job, a, 0),
                                                GCUT_CUDA_IN(gcut__cuda_whole_job, b, 1),
                                                GCUT_CUDA_OUT(gcut__cuda_whole_job, y, 0)};
  bool whole = gcut__cuda_is_integer(a->type) || a->type == GCUT_UINT64;
  if (!whole || a->rank < 2 || b->rank < 2 || !regular(a, out) || !regular(b, out)) return GCUT_OK;
  int64_t m = a->dims[a->rank - 2], k = a->dims[a->rank - 1], n = b->dims[b->rank - 1],
          tile = GCUT_CUDA_WHOLE_TILE;
  gcut__cuda_whole_job job = {.m = m,
                              .n = n,
                              .k = k,
                              .batch = gcut__cuda_matrices(out),
                              .step_a = gcut__cuda_matrices(a) == 1 ? 0 : m * k,
                              .step_b = gcut__cuda_matrices(b) == 1 ? 0 : k * n,
                              .type = a->type};
  return GCUT_CUDA_PLAIN(c, "gcut_whole_product", &job,
                         (uint64_t)(job.batch * ((m + tile - 1) / tile) * ((n + tile - 1) / tile)),
                         GCUT_CUDA_WHOLE_THREADS, pointers, err);
}
