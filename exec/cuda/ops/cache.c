#include "exec/cuda/ops/cache.h"

#include "exec/cuda/ops/compile.h"
#include "tracer/ops/scatter.h"

gcut_status gcut__cuda_compile_tensor_scatter(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__tensor_scatter_attrs *attrs = c->node->attrs;
  const gcut_type *cache = gcut__cuda_input_type(c, 0), *update = gcut__cuda_input_type(c, 1);
  static const gcut__cuda_pointer pointers[] = {
      GCUT_CUDA_IN(gcut__cuda_cache_job, cache, 0),
      GCUT_CUDA_IN(gcut__cuda_cache_job, update, 1),
      GCUT_CUDA_IN(gcut__cuda_cache_job, starts, 2),
      GCUT_CUDA_OUT(gcut__cuda_cache_job, y, 0),
      {GCUT_CUDA_FAULT, offsetof(gcut__cuda_cache_job, fault)}};
  int64_t axis = attrs->axis < 0 ? attrs->axis + cache->rank : attrs->axis;
  gcut__cuda_cache_job job = {.count = (int64_t)gcut__cuda_count(cache),
                              .each = 1,
                              .room = cache->dims[axis],
                              .length = update->dims[axis],
                              .inner = 1,
                              .size = gcut__cuda_element_bytes(cache->type),
                              .circular = gcut__tensor_scatter_is_circular(attrs),
                              .node = c->number};
  for (int64_t d = 1; d < axis; d++) job.each *= cache->dims[d];
  for (int64_t d = axis + 1; d < cache->rank; d++) job.inner *= cache->dims[d];
  if (!job.size || job.count == 0 || gcut__cuda_count(update) == 0 || job.length > job.room)
    return GCUT_OK;
  return GCUT_CUDA_PLAIN(c, "gcut_tensor_scatter", &job, (uint64_t)job.count, 0, pointers, err);
}
