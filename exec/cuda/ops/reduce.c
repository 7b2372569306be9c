// Reduce* over any dimensions, ArgMax, ArgMin, TopK.
#include "tracer/ops/reduce.h"

#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/reduce.h"
#include "tracer/ops/arg.h"
#include "tracer/ops/topk.h"

enum { SHORT = 64, MANY = 4096, ENOUGH = 32768 };

static const struct {
  const char *name;
  gcut__cuda_reduce_op op;
} ops[] = {
    {"ReduceSum", GCUT_CUDA_REDUCE_SUM},        {"ReduceMean", GCUT_CUDA_REDUCE_MEAN},
    {"ReduceMax", GCUT_CUDA_REDUCE_MAX},        {"ReduceMin", GCUT_CUDA_REDUCE_MIN},
    {"ReduceProd", GCUT_CUDA_REDUCE_PROD},      {"ReduceL1", GCUT_CUDA_REDUCE_L1},
    {"ReduceL2", GCUT_CUDA_REDUCE_L2},          {"ReduceSumSquare", GCUT_CUDA_REDUCE_SUM_SQUARE},
    {"ReduceLogSum", GCUT_CUDA_REDUCE_LOG_SUM}, {"ReduceLogSumExp", GCUT_CUDA_REDUCE_LOG_SUM_EXP},
};

static gcut__cuda_reduce_op op_of(const gcut_node *node) {
  for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
    if (strcmp(ops[i].name, node->op_type) == 0) return ops[i].op;
  return GCUT_CUDA_REDUCE_SUM;
}

// Which dimensions go; false where that is not known.
static bool reduced_dims(const gcut__cuda_compile *c, int rank, bool *mask) {
  const gcut__reduce_attrs *attrs = c->node->attrs;
  int64_t axes[GCUT_MAX_RANK];
  if (!gcut__cuda_input_type(c, 1)) {
    gcut__reduce_mask(attrs, attrs->axes.data, attrs->axes.n, rank, mask);
    return true;
  }
  int n = gcut__cuda_read_ints(c, 1, axes, GCUT_MAX_RANK);
  if (n >= 0) gcut__reduce_mask(attrs, axes, (size_t)n, rank, mask);
  return n >= 0;
}

// One more dimension, joined to the one before where both are walked as one; false where there is
// no room.
static bool add_dim(gcut__cuda_axes *axes, int64_t dim, int64_t stride) {
  int last = axes->n - 1;
  if (last >= 0 && axes->strides[last] == dim * stride) {
    axes->dims[last] *= dim;
    axes->strides[last] = stride;
    return true;
  }
  if (axes->n == GCUT_CUDA_REDUCE_DIMS) return false;
  axes->dims[axes->n] = dim;
  axes->strides[axes->n++] = stride;
  return true;
}

static bool fill_axes(gcut__cuda_reduce_job *job, const gcut_type *in, const bool *mask) {
  int64_t strides[GCUT_MAX_RANK];
  gcut__cuda_strides(in, strides);
  job->n_outputs = job->n_reduced = 1;
  for (int d = 0; d < in->rank; d++) {
    *(mask[d] ? &job->n_reduced : &job->n_outputs) *= in->dims[d];
    if (in->dims[d] != 1 && !add_dim(mask[d] ? &job->reduced : &job->kept, in->dims[d], strides[d]))
      return false;
  }
  return job->n_outputs > 0 && job->n_reduced > 0;
}

// Whether outputs are so many that threads may have eight each, of float types, which lie together
// as the elements do that make them.
static bool are_eights(const gcut__cuda_reduce_job *job, const gcut_type *in) {
  const gcut__cuda_axes *kept = &job->kept;
  if (!job->alone || job->op == GCUT_CUDA_REDUCE_LOG_SUM_EXP || !gcut__cuda_is_float(in) ||
      job->n_outputs < 8 * ENOUGH || kept->strides[kept->n - 1] != 1 ||
      kept->dims[kept->n - 1] % 8 != 0)
    return false;
  for (int d = 0; d + 1 < kept->n; d++)
    if (kept->strides[d] % 8 != 0) return false;
  for (int d = 0; d < job->reduced.n; d++)
    if (job->reduced.strides[d] % 8 != 0) return false;
  return true;
}

static gcut_status compile_any(const gcut__cuda_compile *c, const bool *mask, gcut_error *err) {
  const gcut_type *in = gcut__cuda_input_type(c, 0);
  static const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_reduce_job, x, 0),
                                                GCUT_CUDA_OUT(gcut__cuda_reduce_job, y, 0)};
  gcut__cuda_reduce_job job = {.op = (int32_t)op_of(c->node), .type = in->type};
  bool rational = job.op == GCUT_CUDA_REDUCE_LOG_SUM_EXP;
  bool has_kernel = rational ? gcut__cuda_is_real(in->type) : gcut__cuda_has_class(in->type);
  if (!has_kernel || !fill_axes(&job, in, mask)) return GCUT_OK;
  job.alone = job.n_reduced < SHORT || (job.n_outputs >= MANY && !mask[in->rank - 1]);
  if (are_eights(&job, in))
    return GCUT_CUDA_PLAIN(c, "gcut_reduce_eights", &job, (uint64_t)job.n_outputs / 8, 0, pointers,
                           err);
  return GCUT_CUDA_PLAIN(c, "gcut_reduce", &job, (uint64_t)job.n_outputs,
                         job.alone ? 0 : GCUT_CUDA_REDUCE_THREADS, pointers, err);
}

// The last dimensions alone, of float types: a kernel of rows, whose bits fused norms repeat.
static bool are_rows(const gcut_node *node, const gcut_type *in, const bool *mask, int *out_axis) {
  int axis = in->rank;
  while (axis > 0 && (mask[axis - 1] || in->dims[axis - 1] == 1)) axis--;
  for (int d = 0; d < axis; d++)
    if (mask[d] && in->dims[d] != 1) return false;
  *out_axis = axis;
  return op_of(node) <= GCUT_CUDA_REDUCE_MIN && gcut__cuda_is_float(in);
}

static gcut_status compile_masked(const gcut__cuda_compile *c, const bool *mask, gcut_error *err) {
  int axis;
  if (!are_rows(c->node, gcut__cuda_input_type(c, 0), mask, &axis))
    return compile_any(c, mask, err);
  return gcut__cuda_compile_row_reduction(c, axis, err);
}

gcut_status gcut__cuda_compile_reduce(const gcut__cuda_compile *c, gcut_error *err) {
  bool mask[GCUT_MAX_RANK];
  if (!reduced_dims(c, gcut__cuda_input_type(c, 0)->rank, mask)) return GCUT_OK;
  return compile_masked(c, mask, err);
}

// All but batch and channel.
gcut_status gcut__cuda_compile_global_pool(const gcut__cuda_compile *c, gcut_error *err) {
  bool mask[GCUT_MAX_RANK];
  for (int d = 0; d < GCUT_MAX_RANK; d++) mask[d] = d >= 2;
  return compile_masked(c, mask, err);
}

// ---- the best of a line -----------------------------------------------------------------------

static const gcut__cuda_pointer best_pointers[] = {GCUT_CUDA_IN(gcut__cuda_best_job, x, 0),
                                                   GCUT_CUDA_OUT(gcut__cuda_best_job, values, 0),
                                                   GCUT_CUDA_OUT(gcut__cuda_best_job, indices, 1)};
static const gcut__cuda_pointer index_pointers[] = {GCUT_CUDA_IN(gcut__cuda_best_job, x, 0),
                                                    GCUT_CUDA_OUT(gcut__cuda_best_job, indices, 0)};

// False where the type has no kernel, or there is nothing to choose from.
static bool fill_lines(gcut__cuda_best_job *job, const gcut_type *in, int64_t axis) {
  if (axis < 0) axis += in->rank;
  *job = (gcut__cuda_best_job){.lines = 1, .size = 1, .inner = 1, .k = 1, .type = in->type};
  if (in->rank > 0) job->size = in->dims[axis];
  for (int d = 0; d < in->rank; d++) {
    if (d != axis) job->lines *= in->dims[d];
    if (d > axis) job->inner *= in->dims[d];
  }
  return gcut__cuda_has_class(in->type) && job->size > 0 && job->lines > 0;
}

static uint32_t threads_for(int64_t size) {
  return size < SHORT ? 32 : GCUT_CUDA_REDUCE_THREADS;
}

gcut_status gcut__cuda_compile_arg(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__arg_attrs *attrs = c->node->attrs;
  gcut__cuda_best_job job;
  if (!fill_lines(&job, gcut__cuda_input_type(c, 0), attrs->axis)) return GCUT_OK;
  job.least = strcmp(c->node->op_type, "ArgMin") == 0;
  job.nan_first = true;
  job.last = attrs->select_last_index != 0;
  return GCUT_CUDA_PLAIN(c, "gcut_best", &job, (uint64_t)job.lines, threads_for(job.size),
                         index_pointers, err);
}

// Every one of k goes over the whole line: few of them, or the host.
gcut_status gcut__cuda_compile_topk(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__topk_attrs *attrs = c->node->attrs;
  const gcut_type *in = gcut__cuda_input_type(c, 0), *out = gcut__cuda_output_type(c, 1);
  const int64_t most = INT64_C(1) << 22;
  gcut__cuda_best_job job;
  if (!out || !fill_lines(&job, in, attrs->axis)) return GCUT_OK;
  job.k = out->dims[attrs->axis < 0 ? attrs->axis + in->rank : attrs->axis];
  job.least = attrs->largest == 0;
  if (job.k == 0 || job.k > job.size || job.size > most || job.k * job.size > most) return GCUT_OK;
  return GCUT_CUDA_PLAIN(c, "gcut_best", &job, (uint64_t)job.lines, threads_for(job.size),
                         best_pointers, err);
}
