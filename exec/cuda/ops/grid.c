// GridSample, AffineGrid, RoiAlign, MaxRoiPool.
#include "exec/cuda/ops/grid.h"

#include "exec/cuda/ops/compile.h"
#include "tracer/ops/detection.h"
#include "tracer/ops/grid.h"

_Static_assert((int)GCUT__GRID_CUBIC == 2 && (int)GCUT__GRID_REFLECTION == 2,
               "grid.cu numbers them so");

// ---- grids --------------------------------------------------------------------------------------

gcut_status gcut__cuda_compile_grid_sample(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__grid_attrs *attrs = c->node->attrs;
  const gcut_type *x = gcut__cuda_input_type(c, 0), *grid = gcut__cuda_input_type(c, 1),
                  *y = gcut__cuda_output_type(c, 0);
  static const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_grid_job, x, 0),
                                                GCUT_CUDA_IN(gcut__cuda_grid_job, grid, 1),
                                                GCUT_CUDA_OUT(gcut__cuda_grid_job, y, 0)};
  gcut__grid_mode mode;
  gcut__grid_padding padding;
  if (x->rank < 3 || x->rank > GCUT_CUDA_GRID_AXES + 2 || !gcut__cuda_is_real(grid->type) ||
      gcut__cuda_count(y) == 0 || !gcut__grid_modes(attrs, &mode, &padding))
    return GCUT_OK;
  bool moves = mode == GCUT__GRID_NEAREST && gcut__cuda_element_bytes(x->type);
  if (!moves && !gcut__cuda_is_real(x->type) && !gcut__cuda_is_integer32(x->type)) return GCUT_OK;
  gcut__cuda_grid_job job = {.batch = x->dims[0],
                             .channels = x->dims[1],
                             .n_in = 1,
                             .n_out = 1,
                             .axes = x->rank - 2,
                             .mode = (int32_t)mode,
                             .padding = (int32_t)padding,
                             .align = attrs->align_corners != 0,
                             .type = x->type,
                             .grid_type = grid->type,
                             .whole = gcut__cuda_is_integer32(x->type)};
  for (int a = 0; a < job.axes; a++) {
    job.dims[a] = x->dims[a + 2];
    job.n_in *= x->dims[a + 2];
    job.n_out *= y->dims[a + 2];
  }
  if (job.n_in == 0) return GCUT_OK;
  return GCUT_CUDA_PLAIN(c, "gcut_grid_sample", &job, gcut__cuda_count(y), 0, pointers, err);
}

gcut_status gcut__cuda_compile_affine_grid(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__grid_attrs *attrs = c->node->attrs;
  const gcut_type *y = gcut__cuda_output_type(c, 0);
  static const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_affine_job, theta, 0),
                                                GCUT_CUDA_OUT(gcut__cuda_affine_job, y, 0)};
  gcut__cuda_affine_job job = {.batch = y->dims[0],
                               .points = 1,
                               .axes = y->rank - 2,
                               .align = attrs->align_corners != 0,
                               .type = y->type};
  if (!gcut__cuda_is_real(y->type) || job.axes > GCUT_CUDA_GRID_AXES) return GCUT_OK;
  for (int a = 0; a < job.axes; a++) {
    job.dims[a] = y->dims[a + 1];
    job.points *= y->dims[a + 1];
  }
  return GCUT_CUDA_PLAIN(c, "gcut_affine_grid", &job, gcut__cuda_count(y), 0, pointers, err);
}

// ---- regions ------------------------------------------------------------------------------------

static gcut__cuda_region_job new_job(const gcut__cuda_compile *c, float scale) {
  const gcut_type *x = gcut__cuda_input_type(c, 0), *y = gcut__cuda_output_type(c, 0);
  return (gcut__cuda_region_job){.count = (int64_t)gcut__cuda_count(y),
                                 .batch = x->dims[0],
                                 .channels = x->dims[1],
                                 .height = x->dims[2],
                                 .width = x->dims[3],
                                 .rows = y->dims[2],
                                 .columns = y->dims[3],
                                 .scale = scale,
                                 .type = x->type,
                                 .region_type = gcut__cuda_input_type(c, 1)->type,
                                 .node = c->number};
}

gcut_status gcut__cuda_compile_roi_align(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__roi_align_attrs *attrs = c->node->attrs;
  static const gcut__cuda_pointer pointers[] = {
      GCUT_CUDA_IN(gcut__cuda_region_job, x, 0),
      GCUT_CUDA_IN(gcut__cuda_region_job, regions, 1),
      GCUT_CUDA_IN(gcut__cuda_region_job, batches, 2),
      GCUT_CUDA_OUT(gcut__cuda_region_job, y, 0),
      {GCUT_CUDA_FAULT, offsetof(gcut__cuda_region_job, fault)}};
  gcut__cuda_region_job job = new_job(c, attrs->spatial_scale);
  if (!gcut__cuda_is_real(job.type) || !gcut__cuda_is_real(job.region_type)) return GCUT_OK;
  job.samples = attrs->sampling_ratio;
  job.half_pixel = gcut__roi_half_pixel(c->node, attrs);
  job.max = attrs->mode.data[0] == 'm';
  return GCUT_CUDA_PLAIN(c, "gcut_roi_align", &job, (uint64_t)job.count, 0, pointers, err);
}

gcut_status gcut__cuda_compile_roi_pool(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__max_roi_pool_attrs *attrs = c->node->attrs;
  static const gcut__cuda_pointer pointers[] = {
      GCUT_CUDA_IN(gcut__cuda_region_job, x, 0),
      GCUT_CUDA_IN(gcut__cuda_region_job, regions, 1),
      GCUT_CUDA_OUT(gcut__cuda_region_job, y, 0),
      {GCUT_CUDA_FAULT, offsetof(gcut__cuda_region_job, fault)}};
  gcut__cuda_region_job job = new_job(c, attrs->spatial_scale);
  if (!gcut__cuda_is_real(job.type)) return GCUT_OK;
  return GCUT_CUDA_PLAIN(c, "gcut_roi_pool", &job, (uint64_t)job.count, 0, pointers, err);
}
