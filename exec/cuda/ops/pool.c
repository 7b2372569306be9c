// MaxPool with indices and of integers, LpPool, GlobalLpPool, MaxUnpool, Col2Im. The plain pools of
// real numbers are conv.c's.
#include "exec/cuda/ops/pool.h"

#include "exec/cuda/kernels.h"
#include "exec/cuda/ops/fill_window.h"
#include "exec/cuda/ops/spell.h"
#include "tracer/base/checked.h"
#include "tracer/ops/fold.h"
#include "tracer/ops/pool.h"

// ---- windows ------------------------------------------------------------------------------------

// Where the node's window meets the spatial dimensions of those shapes; *out_fits is false where
// kernels do not slide so.
static gcut_status place_window(const gcut__window_attrs *attrs, const gcut_type *far,
                                const gcut_type *near, gcut__cuda_window *out, bool *out_fits,
                                gcut_error *err) {
  gcut__window window;
  *out_fits = far->rank >= 3 && far->rank <= GCUT_CUDA_WINDOW_DIMS + 2;
  if (!*out_fits) return GCUT_OK;
  GCUT_TRY(gcut__window_read(attrs, far->rank - 2, &window, err));
  gcut__window_place(&window, far->dims + 2, near->dims + 2);
  *out_fits = gcut__cuda_fill_window(out, &window, far->dims + 2, near->dims + 2);
  return GCUT_OK;
}

gcut_status gcut__cuda_compile_max_pool(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__pool_attrs *attrs = c->node->attrs;
  const gcut_type *x = gcut__cuda_input_type(c, 0), *y = gcut__cuda_output_type(c, 0);
  static const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_max_job, x, 0),
                                                GCUT_CUDA_OUT(gcut__cuda_max_job, y, 0),
                                                GCUT_CUDA_OUT(gcut__cuda_max_job, indices, 1)};
  gcut__cuda_max_job job = {
      .planes = x->dims[0] * x->dims[1], .type = x->type, .by_columns = attrs->storage_order != 0};
  bool fits;
  GCUT_TRY(place_window(&attrs->window, x, y, &job.window, &fits, err));
  if (!fits) return GCUT_OK;
  return GCUT_CUDA_PLAIN(c, "gcut_max_pool", &job, (uint64_t)(job.planes * job.window.n_near), 0,
                         pointers, err);
}

gcut_status gcut__cuda_compile_lp_pool(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__pool_attrs *attrs = c->node->attrs;
  const gcut_type *x = gcut__cuda_input_type(c, 0), *y = gcut__cuda_output_type(c, 0);
  static const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_lp_job, x, 0),
                                                GCUT_CUDA_OUT(gcut__cuda_lp_job, y, 0)};
  gcut__cuda_lp_job job = {.planes = x->dims[0] * x->dims[1], .type = x->type, .p = attrs->p};
  bool fits;
  GCUT_TRY(place_window(&attrs->window, x, y, &job.window, &fits, err));
  if (!fits) return GCUT_OK;
  return GCUT_CUDA_PLAIN(c, "gcut_lp_pool", &job, (uint64_t)(job.planes * job.window.n_near), 0,
                         pointers, err);
}

static bool global_lp_pool(gcut__speller *s) {
  const gcut__global_pool_attrs *attrs = s->c->node->attrs;
  const gcut_type *t = gcut__cuda_input_type(s->c, 0);
  int64_t axes[GCUT_MAX_RANK];
  size_t n = (size_t)(t->rank - 2);
  uint32_t x = gcut__spell_wide(s, 0);
  if (n == 0 || gcut__cuda_count(t) == 0) return false;
  for (size_t i = 0; i < n; i++) axes[i] = (int64_t)i + 2;
  if (attrs->p == 1 || attrs->p == 2) {
    gcut__spell_narrow(s, 0,
                       gcut__spell_reduce(s, attrs->p == 1 ? "ReduceL1" : "ReduceL2", x, axes, n));
    return true;
  }
  int type = gcut__spell_wide_type(t->type);
  uint32_t power = gcut__spell_scalar(s, type, (double)attrs->p),
           root = gcut__spell_scalar(s, type, 1 / (double)attrs->p);
  x = SPELL(s, "Pow", SPELL(s, "Abs", x), power);
  x = gcut__spell_reduce(s, "ReduceSum", x, axes, n);
  gcut__spell_narrow(s, 0, SPELL(s, "Pow", x, root));
  return true;
}

gcut_status gcut__cuda_compile_global_lp_pool(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, global_lp_pool, err);
}

// ---- Col2Im: the image of columns that a transposed convolution makes, too ----------------------

gcut_status gcut__cuda_compile_col2im(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__fold_attrs *attrs = c->node->attrs;
  const gcut_type *y = gcut__cuda_output_type(c, 0);
  static const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_image_job, columns, 0),
                                                GCUT_CUDA_OUT(gcut__cuda_image_job, y, 0)};
  gcut__cuda_image_job job = {.channels = y->dims[0] * y->dims[1], .type = y->type};
  gcut__window w;
  int64_t block[GCUT_MAX_RANK], blocks[GCUT_MAX_RANK];
  int n = gcut__cuda_read_ints(c, 2, block, GCUT_MAX_RANK);
  if (!gcut__cuda_is_real(y->type) || n != y->rank - 2 || n > GCUT_CUDA_WINDOW_DIMS) return GCUT_OK;
  GCUT_TRY(gcut__window_read(&attrs->window, n, &w, err));
  for (int i = 0; i < n; i++) {
    int64_t span = (block[i] - 1) * w.dilation[i] + 1, room = w.begin[i] + w.end[i];
    blocks[i] = (y->dims[2 + i] + room - span + w.stride[i]) / w.stride[i];
    w.kernel[i] = block[i];
  }
  if (!gcut__cuda_fill_window(&job.window, &w, y->dims + 2, blocks)) return GCUT_OK;
  return GCUT_CUDA_PLAIN(c, "gcut_image", &job, (uint64_t)(job.channels * job.window.n_far), 0,
                         pointers, err);
}

// ---- MaxUnpool ----------------------------------------------------------------------------------

typedef struct unpool_params {
  CUfunction clear, places, take;
  gcut__cuda_unpool_job job;
} unpool_params;

static gcut_status launch_unpool(const gcut__cuda_run *r, gcut_error *err) {
  const unpool_params *p = r->step->params;
  gcut__cuda_unpool_job job = p->job;
  void *arguments[] = {&job};
  job.x = (const void *)r->inputs[0];
  job.indices = (const int64_t *)r->inputs[1];
  job.y = (void *)r->outputs[0];
  job.last = (unsigned long long *)r->scratch;
  job.fault = (uint32_t *)r->cuda->fault_device;
  GCUT_TRY(gcut__cuda_launch_over(r, p->clear, (uint64_t)job.n_y, arguments, err));
  GCUT_TRY(gcut__cuda_launch_over(r, p->places, (uint64_t)job.n_x, arguments, err));
  return gcut__cuda_launch_over(r, p->take, (uint64_t)job.n_y, arguments, err);
}

gcut_status gcut__cuda_compile_max_unpool(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__unpool_attrs *attrs = c->node->attrs;
  const gcut_type *x = gcut__cuda_input_type(c, 0), *y = gcut__cuda_output_type(c, 0);
  unpool_params *p = GCUT_NEW(c->arena, unpool_params);
  if (!p) return GCUT_NO_MEMORY(err);
  p->job = (gcut__cuda_unpool_job){.n_x = (int64_t)gcut__cuda_count(x),
                                   .n_y = (int64_t)gcut__cuda_count(y),
                                   .from = {x->dims[0], x->dims[1]},
                                   .rank = x->rank,
                                   .size = gcut__cuda_element_bytes(x->type),
                                   .node = c->number};
  gcut__window window;
  uint64_t count;
  if (x->rank > GCUT_CUDA_UNPOOL_DIMS) return GCUT_OK;
  GCUT_TRY(gcut__window_read(&attrs->window, x->rank - 2, &window, err));
  gcut__unpool_sizes(NULL, &window, x->dims + 2, p->job.from + 2);
  if (!gcut_checked_count(x->rank, p->job.from, &count) || count > INT64_MAX) return GCUT_OK;
  memcpy(p->job.to, y->dims, (size_t)y->rank * sizeof *p->job.to);
  p->job.n_from = (int64_t)count;
  GCUT_TRY(gcut__cuda_kernel(c->cuda, "gcut_unpool_clear", &p->clear, err));
  GCUT_TRY(gcut__cuda_kernel(c->cuda, "gcut_unpool_places", &p->places, err));
  GCUT_TRY(gcut__cuda_kernel(c->cuda, "gcut_unpool", &p->take, err));
  c->step->params = p;
  c->step->scratch_bytes = (uint64_t)p->job.n_y * sizeof *p->job.last;
  c->step->launch = launch_unpool;
  return GCUT_OK;
}
