// Scatter, ScatterElements, ScatterND: every element of the output asks for its updates, in their
// order, so the bits repeat without atomics.
#include "tracer/ops/scatter.h"

#include "exec/cuda/kernels.h"
#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/place.h"

// Beyond so many questions the host is quicker.
#define MOST_QUESTIONS (INT64_C(1) << 34)

static gcut__cuda_scatter_job new_job(const gcut__cuda_compile *c) {
  const gcut_type *x = gcut__cuda_input_type(c, 0);
  return (gcut__cuda_scatter_job){.count = (int64_t)gcut__cuda_count(x),
                                  .type = x->type,
                                  .wide = gcut__cuda_input_type(c, 1)->type == GCUT_INT64,
                                  .reduction = (int32_t)gcut__reduction_of(c->node->attrs),
                                  .node = c->number};
}

gcut_status gcut__cuda_compile_scatter_elements(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__scatter_attrs *attrs = c->node->attrs;
  const gcut_type *x = gcut__cuda_input_type(c, 0), *indices = gcut__cuda_input_type(c, 1);
  int64_t strides[GCUT_MAX_RANK];
  static const gcut__cuda_pointer pointers[] = {
      GCUT_CUDA_IN(gcut__cuda_scatter_job, x, 0),
      GCUT_CUDA_IN(gcut__cuda_scatter_job, indices, 1),
      GCUT_CUDA_IN(gcut__cuda_scatter_job, updates, 2),
      GCUT_CUDA_OUT(gcut__cuda_scatter_job, y, 0),
      {GCUT_CUDA_FAULT, offsetof(gcut__cuda_scatter_job, fault)}};
  gcut__cuda_scatter_job job = new_job(c);
  job.rank = x->rank;
  job.axis = (int32_t)(attrs->axis < 0 ? attrs->axis + x->rank : attrs->axis);
  if (!gcut__cuda_has_class(x->type) || x->rank == 0 || x->rank > GCUT_CUDA_PLACE_DIMS ||
      job.count == 0 || indices->dims[job.axis] > MOST_QUESTIONS / job.count)
    return GCUT_OK;
  gcut__cuda_strides(indices, strides);
  for (int d = 0; d < x->rank; d++) {
    job.dims[d] = x->dims[d];
    job.update_dims[d] = indices->dims[d];
    job.update_strides[d] = strides[d];
  }
  return GCUT_CUDA_PLAIN(c, "gcut_scatter_elements", &job, (uint64_t)job.count, 0, pointers, err);
}

// ---- ScatterND: first which row each tuple names, then the rows

typedef struct scatter_params {
  CUfunction places, rows;
  gcut__cuda_scatter_job job;
} scatter_params;

static gcut_status launch_scatter_nd(const gcut__cuda_run *r, gcut_error *err) {
  const scatter_params *p = r->step->params;
  gcut__cuda_scatter_job job = p->job;
  void *arguments[] = {&job};
  job.x = (const void *)r->inputs[0];
  job.indices = (const void *)r->inputs[1];
  job.updates = (const void *)r->inputs[2];
  job.y = (void *)r->outputs[0];
  job.places = (int64_t *)r->scratch;
  job.fault = (uint32_t *)r->cuda->fault_device;
  GCUT_TRY(gcut__cuda_launch_over(r, p->places, (uint64_t)job.tuples, arguments, err));
  return gcut__cuda_launch_rows(r, p->rows, (uint64_t)(job.count / job.row), GCUT_CUDA_SCAN_THREADS,
                                arguments, err);
}

static bool fill_nd(gcut__cuda_scatter_job *job, const gcut_type *x, const gcut_type *indices) {
  int depth = indices->rank ? (int)indices->dims[indices->rank - 1] : 0;
  int64_t stride = 1;
  if (!gcut__cuda_has_class(x->type) || job->count == 0 || depth < 1 ||
      depth > GCUT_CUDA_PLACE_DIMS || !job->wide)
    return false;
  job->rank = depth;
  job->row = job->tuples = 1;
  for (int d = depth; d < x->rank; d++) job->row *= x->dims[d];
  for (int d = 0; d + 1 < indices->rank; d++) job->tuples *= indices->dims[d];
  for (int d = depth - 1; d >= 0; d--) {
    job->dims[d] = x->dims[d];
    job->strides[d] = stride;
    stride *= x->dims[d];
  }
  return job->tuples <= MOST_QUESTIONS / (job->count / job->row);
}

gcut_status gcut__cuda_compile_scatter_nd(const gcut__cuda_compile *c, gcut_error *err) {
  scatter_params *p = GCUT_NEW(c->arena, scatter_params);
  if (!p) return GCUT_NO_MEMORY(err);
  p->job = new_job(c);
  if (!fill_nd(&p->job, gcut__cuda_input_type(c, 0), gcut__cuda_input_type(c, 1))) return GCUT_OK;
  GCUT_TRY(gcut__cuda_kernel(c->cuda, "gcut_scatter_places", &p->places, err));
  GCUT_TRY(gcut__cuda_kernel(c->cuda, "gcut_scatter_nd", &p->rows, err));
  c->step->params = p;
  c->step->scratch_bytes = (uint64_t)p->job.tuples * sizeof(int64_t);
  c->step->launch = launch_scatter_nd;
  return GCUT_OK;
}
