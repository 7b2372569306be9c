// Gather, GatherElements, GatherND: whatever the element type. An index out of range is told to the
// host when the queue is next waited for.
#include "tracer/ops/gather.h"

#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/gather.h"

// Rows of whole 16 bytes move in such units. (Places of values are multiples of 64 bytes.)
static void widen(int64_t *inner, int32_t *size) {
  if (*inner * *size % 16 != 0) return;
  *inner = *inner * *size / 16;
  *size = 16;
}

gcut_status gcut__cuda_compile_gather(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__gather_attrs *attrs = c->node->attrs;
  const gcut_type *in = gcut__cuda_input_type(c, 0), *indices = gcut__cuda_input_type(c, 1);
  int axis = (int)(attrs->axis < 0 ? attrs->axis + in->rank : attrs->axis);
  gcut__cuda_gather_job job = {.outer = 1,
                               .inner = 1,
                               .axis = in->dims[axis],
                               .n_indices = (int64_t)gcut__cuda_count(indices),
                               .size = gcut__cuda_element_bytes(in->type),
                               .wide = indices->type == GCUT_INT64,
                               .node = c->number};
  static const gcut__cuda_pointer pointers[] = {
      GCUT_CUDA_IN(gcut__cuda_gather_job, from, 0),
      GCUT_CUDA_IN(gcut__cuda_gather_job, indices, 1),
      GCUT_CUDA_OUT(gcut__cuda_gather_job, to, 0),
      {GCUT_CUDA_FAULT, offsetof(gcut__cuda_gather_job, fault)}};
  if (!job.size) return GCUT_OK;
  for (int d = 0; d < axis; d++) job.outer *= in->dims[d];
  for (int d = axis + 1; d < in->rank; d++) job.inner *= in->dims[d];
  widen(&job.inner, &job.size);
  return GCUT_CUDA_PLAIN(c, "gcut_gather", &job, (uint64_t)(job.outer * job.n_indices * job.inner),
                         0, pointers, err);
}

gcut_status gcut__cuda_compile_gather_nd(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__gather_nd_attrs *attrs = c->node->attrs;
  const gcut_type *in = gcut__cuda_input_type(c, 0), *indices = gcut__cuda_input_type(c, 1);
  int batch = (int)attrs->batch_dims, depth = (int)indices->dims[indices->rank - 1];
  int64_t strides[GCUT_MAX_RANK];
  static const gcut__cuda_pointer pointers[] = {
      GCUT_CUDA_IN(gcut__cuda_gather_nd_job, from, 0),
      GCUT_CUDA_IN(gcut__cuda_gather_nd_job, indices, 1),
      GCUT_CUDA_OUT(gcut__cuda_gather_nd_job, to, 0),
      {GCUT_CUDA_FAULT, offsetof(gcut__cuda_gather_nd_job, fault)}};
  gcut__cuda_gather_nd_job job = {.batches = 1,
                                  .tuples = 1,
                                  .slab = 1,
                                  .inner = 1,
                                  .depth = depth,
                                  .size = gcut__cuda_element_bytes(in->type),
                                  .node = c->number};
  if (!job.size || depth > GCUT_CUDA_GATHER_DIMS || indices->type != GCUT_INT64) return GCUT_OK;
  gcut__cuda_strides(in, strides);
  for (int d = 0; d < batch; d++) job.batches *= in->dims[d];
  for (int d = batch; d < in->rank; d++) job.slab *= in->dims[d];
  for (int d = batch + depth; d < in->rank; d++) job.inner *= in->dims[d];
  for (int d = batch; d + 1 < indices->rank; d++) job.tuples *= indices->dims[d];
  for (int d = 0; d < depth; d++) {
    job.dims[d] = in->dims[batch + d];
    job.strides[d] = strides[batch + d];
  }
  return GCUT_CUDA_PLAIN(c, "gcut_gather_nd", &job,
                         (uint64_t)(job.batches * job.tuples * job.inner), 0, pointers, err);
}

gcut_status gcut__cuda_compile_gather_elements(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__gather_attrs *attrs = c->node->attrs;
  const gcut_type *in = gcut__cuda_input_type(c, 0), *indices = gcut__cuda_input_type(c, 1);
  int axis = (int)(attrs->axis < 0 ? attrs->axis + in->rank : attrs->axis);
  int64_t strides[GCUT_MAX_RANK];
  static const gcut__cuda_pointer pointers[] = {
      GCUT_CUDA_IN(gcut__cuda_gather_elements_job, from, 0),
      GCUT_CUDA_IN(gcut__cuda_gather_elements_job, indices, 1),
      GCUT_CUDA_OUT(gcut__cuda_gather_elements_job, to, 0),
      {GCUT_CUDA_FAULT, offsetof(gcut__cuda_gather_elements_job, fault)}};
  gcut__cuda_gather_elements_job job = {.count = (int64_t)gcut__cuda_count(indices),
                                        .limit = in->rank ? in->dims[axis] : 1,
                                        .rank = in->rank,
                                        .axis = axis,
                                        .size = gcut__cuda_element_bytes(in->type),
                                        .wide = indices->type == GCUT_INT64,
                                        .node = c->number};
  if (!job.size || in->rank == 0 || in->rank > GCUT_CUDA_GATHER_DIMS) return GCUT_OK;
  gcut__cuda_strides(in, strides);
  for (int d = 0; d < in->rank; d++) {
    job.dims[d] = indices->dims[d];
    job.strides[d] = strides[d];
  }
  return GCUT_CUDA_PLAIN(c, "gcut_gather_elements", &job, (uint64_t)job.count, 0, pointers, err);
}
