// Transpose, Slice, Expand, Concat, Split: jobs of strides, whatever the element type.
#include "exec/cuda/ops/copy.h"

#include "exec/cuda/kernels.h"
#include "exec/cuda/ops/compile.h"
#include "tracer/ops/concat.h"
#include "tracer/ops/slice.h"
#include "tracer/ops/transpose.h"

typedef struct copy_params { // one copy an input (Concat), an output (Split), or one alone
  CUfunction kernel;
  bool of_outputs;
  uint32_t n;
  gcut__cuda_copy_job jobs[];
} copy_params;

static bool moves_in_pairs(const gcut__cuda_copy_job *job) {
  int last = job->rank - 1;
  uint64_t wide = 2 * (uint64_t)job->size;
  if (last < 0 || job->dims[last] % 2 || job->from_strides[last] != 1 || job->to_strides[last] != 1)
    return false;
  if (job->from_offset % 2 || job->to_offset % 2 || (uintptr_t)job->from % wide ||
      (uintptr_t)job->to % wide)
    return false;
  for (int d = 0; d < last; d++)
    if (job->from_strides[d] % 2 || job->to_strides[d] % 2) return false;
  return true;
}

// Elements that lie side by side move together, as elements of up to 8 bytes.
static void widen(gcut__cuda_copy_job *job) {
  while (job->size < 8 && moves_in_pairs(job)) {
    job->size *= 2;
    job->count /= 2;
    job->dims[job->rank - 1] /= 2;
    job->from_offset /= 2;
    job->to_offset /= 2;
    for (int d = 0; d < job->rank - 1; d++) {
      job->from_strides[d] /= 2;
      job->to_strides[d] /= 2;
    }
  }
}

static gcut_status launch_copies(const gcut__cuda_run *r, gcut_error *err) {
  const copy_params *p = r->step->params;
  for (uint32_t i = 0; i < p->n; i++) {
    gcut__cuda_copy_job job = p->jobs[i];
    job.from = (const void *)r->inputs[p->of_outputs ? 0 : i];
    job.to = (void *)r->outputs[p->of_outputs ? i : 0];
    void *arguments[] = {&job};
    if (!job.to) continue;
    widen(&job);
    GCUT_TRY(gcut__cuda_launch_over(r, p->kernel, (uint64_t)job.count, arguments, err));
  }
  return GCUT_OK;
}

// Room for `n` jobs of elements of that type, the step's own; NULL where the type has no whole
// bytes or memory is out.
static copy_params *new_jobs(const gcut__cuda_compile *c, uint32_t n, gcut_dtype type,
                             gcut_error *err, gcut_status *out_status) {
  unsigned bits = gcut_dtype_bits(type);
  *out_status = GCUT_OK;
  if (bits < 8 || bits > 64) return NULL;
  copy_params *p = gcut_arena_alloc(c->arena, 1, sizeof *p + n * sizeof *p->jobs);
  *out_status = p ? gcut__cuda_kernel(c->cuda, "gcut_copy", &p->kernel, err) : GCUT_NO_MEMORY(err);
  if (*out_status != GCUT_OK) return NULL;
  p->n = n;
  for (uint32_t i = 0; i < n; i++) p->jobs[i].size = (int32_t)(bits / 8);
  return p;
}

static void finish(const gcut__cuda_compile *c, copy_params *p) {
  c->step->params = p;
  c->step->launch = launch_copies;
}

// A job over the elements of a tensor, which is written.
static void fill_job(gcut__cuda_copy_job *job, const gcut_type *t) {
  job->rank = t->rank;
  job->count = (int64_t)gcut__cuda_count(t);
  for (int d = 0; d < t->rank; d++) job->dims[d] = t->dims[d];
  gcut__cuda_strides(t, job->to_strides);
}

gcut_status gcut__cuda_compile_transpose(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__transpose_attrs *attrs = c->node->attrs;
  const gcut_type *in = gcut__cuda_input_type(c, 0), *out = gcut__cuda_output_type(c, 0);
  int64_t strides[GCUT_MAX_RANK];
  gcut_status status = GCUT_OK;
  copy_params *p =
      in->rank > GCUT_CUDA_COPY_DIMS ? NULL : new_jobs(c, 1, (gcut_dtype)in->type, err, &status);
  if (!p) return status;
  gcut__cuda_strides(in, strides);
  fill_job(&p->jobs[0], out);
  for (int d = 0; d < out->rank; d++)
    p->jobs[0].from_strides[d] =
        strides[attrs->perm.given ? attrs->perm.data[d] : out->rank - 1 - d];
  finish(c, p);
  return GCUT_OK;
}

gcut_status gcut__cuda_compile_expand(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut_type *in = gcut__cuda_input_type(c, 0), *out = gcut__cuda_output_type(c, 0);
  int64_t strides[GCUT_MAX_RANK];
  gcut_status status = GCUT_OK;
  copy_params *p =
      out->rank > GCUT_CUDA_COPY_DIMS ? NULL : new_jobs(c, 1, (gcut_dtype)in->type, err, &status);
  if (!p) return status;
  gcut__cuda_strides(in, strides);
  fill_job(&p->jobs[0], out);
  for (int d = 0, missing = out->rank - in->rank; d < out->rank; d++)
    p->jobs[0].from_strides[d] =
        d < missing || in->dims[d - missing] == 1 ? 0 : strides[d - missing];
  finish(c, p);
  return GCUT_OK;
}

// ---- Slice ------------------------------------------------------------------------------------

gcut_status gcut__cuda_compile_slice(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut_type *in = gcut__cuda_input_type(c, 0), *out = gcut__cuda_output_type(c, 0);
  int64_t starts[GCUT_MAX_RANK], ends[GCUT_MAX_RANK], axes[GCUT_MAX_RANK], steps[GCUT_MAX_RANK],
      strides[GCUT_MAX_RANK];
  if (c->node->version < 10 || in->rank > GCUT_CUDA_COPY_DIMS) return GCUT_OK;
  int n = gcut__cuda_read_ints(c, 1, starts, GCUT_MAX_RANK),
      n_ends = gcut__cuda_read_ints(c, 2, ends, GCUT_MAX_RANK),
      n_axes = gcut__cuda_read_ints(c, 3, axes, GCUT_MAX_RANK),
      n_steps = gcut__cuda_read_ints(c, 4, steps, GCUT_MAX_RANK);
  if (n < 0 || n_ends != n || n_axes < 0 || n_steps < 0) return GCUT_OK;
  gcut_status status;
  copy_params *p = new_jobs(c, 1, (gcut_dtype)in->type, err, &status);
  if (!p) return status;
  gcut__cuda_strides(in, strides);
  fill_job(&p->jobs[0], out);
  for (int d = 0; d < in->rank; d++) p->jobs[0].from_strides[d] = strides[d];
  for (int k = 0; k < n; k++) {
    int64_t axis = n_axes ? axes[k] : k, step = n_steps ? steps[k] : 1, first;
    if (axis < 0) axis += in->rank;
    gcut__slice_axis(in->dims[axis], starts[k], ends[k], step, &first);
    p->jobs[0].from_offset += first * strides[axis];
    p->jobs[0].from_strides[axis] = step * strides[axis];
  }
  finish(c, p);
  return GCUT_OK;
}

// ---- Concat, Split ----------------------------------------------------------------------------

// A copy between a tensor `whole` and a piece of it that begins at `offset` on an axis.
static void fill_piece(gcut__cuda_copy_job *job, const gcut_type *whole, const gcut_type *piece,
                       int axis, int64_t offset, bool to_whole) {
  int64_t strides[GCUT_MAX_RANK];
  gcut__cuda_strides(whole, strides);
  fill_job(job, piece);
  for (int d = 0; d < piece->rank; d++) {
    job->from_strides[d] = to_whole ? job->to_strides[d] : strides[d];
    if (to_whole) job->to_strides[d] = strides[d];
  }
  if (to_whole)
    job->to_offset = offset * strides[axis];
  else
    job->from_offset = offset * strides[axis];
}

gcut_status gcut__cuda_compile_concat(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut_type *out = gcut__cuda_output_type(c, 0);
  int64_t axis = gcut__concat_axis(c->node->attrs), offset = 0;
  gcut_status status = GCUT_OK;
  copy_params *p = out->rank > GCUT_CUDA_COPY_DIMS
                       ? NULL
                       : new_jobs(c, c->node->n_inputs, (gcut_dtype)out->type, err, &status);
  if (!p) return status;
  if (axis < 0) axis += out->rank;
  for (uint32_t i = 0; i < c->node->n_inputs; i++) {
    const gcut_type *in = gcut__cuda_input_type(c, i);
    fill_piece(&p->jobs[i], out, in, (int)axis, offset, true);
    offset += in->dims[axis];
  }
  finish(c, p);
  return GCUT_OK;
}

gcut_status gcut__cuda_compile_split(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__split_attrs *attrs = c->node->attrs;
  const gcut_type *in = gcut__cuda_input_type(c, 0);
  int64_t axis = attrs->axis < 0 ? attrs->axis + in->rank : attrs->axis, offset = 0;
  gcut_status status = GCUT_OK;
  for (uint32_t i = 0; i < c->node->n_outputs; i++)
    if (!gcut__cuda_output_type(c, i)) return GCUT_OK; // its size would be unknown
  copy_params *p = in->rank > GCUT_CUDA_COPY_DIMS
                       ? NULL
                       : new_jobs(c, c->node->n_outputs, (gcut_dtype)in->type, err, &status);
  if (!p) return status;
  p->of_outputs = true;
  for (uint32_t i = 0; i < c->node->n_outputs; i++) {
    const gcut_type *out = gcut__cuda_output_type(c, i);
    fill_piece(&p->jobs[i], in, out, (int)axis, offset, false);
    offset += out->dims[axis];
  }
  finish(c, p);
  return GCUT_OK;
}
