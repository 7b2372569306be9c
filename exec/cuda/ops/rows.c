// Reductions over the last dimensions, softmax and normalisation of rows.
#include "exec/cuda/ops/rows.h"

#include <string.h>

#include "exec/cuda/kernels.h"
#include "exec/cuda/ops/compile.h"
#include "tracer/ops/microsoft_norm.h"
#include "tracer/ops/normalization.h"
#include "tracer/ops/softmax.h"

typedef struct row_params {
  CUfunction kernel;
  bool lines; // a thread each, not a block
  gcut__cuda_row_job job;
} row_params;

enum { SHORT_LINE = 32 };

static gcut_status launch_rows(const gcut__cuda_run *r, gcut_error *err) {
  const row_params *p = r->step->params;
  gcut__cuda_row_job job = p->job;
  job.x = (const void *)r->inputs[0];
  job.y = (void *)r->outputs[0];
  void *arguments[] = {&job};
  if (p->lines) return gcut__cuda_launch_over(r, p->kernel, (uint64_t)job.rows, arguments, err);
  return gcut__cuda_launch_rows(r, p->kernel, (uint64_t)job.rows, GCUT_CUDA_ROW_THREADS, arguments,
                                err);
}

// A step over the rows that dimensions from `axis` to before `end` make.
static gcut_status compile_lines(const gcut__cuda_compile *c, gcut__cuda_row_op op, int axis,
                                 int end, float epsilon, gcut_error *err) {
  const gcut_type *in = gcut__cuda_input_type(c, 0);
  if (in->type != GCUT_FLOAT && in->type != GCUT_FLOAT16 && in->type != GCUT_BFLOAT16)
    return GCUT_OK;
  row_params *p = GCUT_NEW(c->arena, row_params);
  if (!p) return GCUT_NO_MEMORY(err);
  p->job = (gcut__cuda_row_job){
      .rows = 1, .columns = 1, .inner = 1, .type = in->type, .op = (int32_t)op, .epsilon = epsilon};
  for (int d = 0; d < in->rank; d++) {
    *(d >= axis && d < end ? &p->job.columns : &p->job.rows) *= in->dims[d];
    if (d >= end) p->job.inner *= in->dims[d];
  }
  if (p->job.columns == 0 || p->job.inner == 0) return GCUT_OK;
  bool softmax = op == GCUT_CUDA_ROW_SOFTMAX || op == GCUT_CUDA_ROW_LOG_SOFTMAX;
  p->lines = softmax && (p->job.inner > 1 || p->job.columns < SHORT_LINE);
  GCUT_TRY(
      gcut__cuda_kernel(c->cuda, p->lines ? "gcut_softmax_lines" : "gcut_rows", &p->kernel, err));
  c->step->params = p;
  c->step->launch = launch_rows;
  return GCUT_OK;
}

// The same to the last dimension.
static gcut_status compile_rows(const gcut__cuda_compile *c, gcut__cuda_row_op op, int axis,
                                float epsilon, gcut_error *err) {
  return compile_lines(c, op, axis, gcut__cuda_input_type(c, 0)->rank, epsilon, err);
}

static gcut__cuda_row_op reduction_of(const gcut_node *node) {
  static const struct {
    const char *name;
    gcut__cuda_row_op op;
  } ops[] = {{"ReduceMean", GCUT_CUDA_ROW_MEAN},
             {"ReduceMax", GCUT_CUDA_ROW_MAX},
             {"ReduceMin", GCUT_CUDA_ROW_MIN},
             {"GlobalAveragePool", GCUT_CUDA_ROW_MEAN},
             {"GlobalMaxPool", GCUT_CUDA_ROW_MAX}};
  for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
    if (strcmp(ops[i].name, node->op_type) == 0) return ops[i].op;
  return GCUT_CUDA_ROW_SUM;
}

gcut_status gcut__cuda_compile_row_reduction(const gcut__cuda_compile *c, int axis,
                                             gcut_error *err) {
  return compile_rows(c, reduction_of(c->node), axis, 0, err);
}

// Before opset 13 the dimensions from the axis on are one.
static gcut_status compile_softmax(const gcut__cuda_compile *c, gcut__cuda_row_op op,
                                   gcut_error *err) {
  const gcut_type *in = gcut__cuda_input_type(c, 0);
  int64_t axis = gcut__softmax_axis(c->node, c->node->attrs);
  if (axis < 0) axis += in->rank;
  if (in->rank == 0 || c->node->version < 13) return compile_rows(c, op, (int)axis, 0, err);
  return compile_lines(c, op, (int)axis, (int)axis + 1, 0, err);
}

gcut_status gcut__cuda_compile_softmax(const gcut__cuda_compile *c, gcut_error *err) {
  return compile_softmax(c, GCUT_CUDA_ROW_SOFTMAX, err);
}
gcut_status gcut__cuda_compile_log_softmax(const gcut__cuda_compile *c, gcut_error *err) {
  return compile_softmax(c, GCUT_CUDA_ROW_LOG_SOFTMAX, err);
}

// ---- norms --------------------------------------------------------------------------------------

// Where a norm finds what it reads and makes: inputs, outputs; -1 where the operator has none.
typedef struct norm_places {
  int scale, bias, skip, skip_bias; // inputs
  int mean, inverse, sum;           // outputs
} norm_places;

static const gcut_type *input_type(const gcut__cuda_compile *c, int i) {
  return i < 0 ? NULL : gcut__cuda_input_type(c, (uint32_t)i);
}
static const gcut_type *output_type(const gcut__cuda_compile *c, int i) {
  return i < 0 ? NULL : gcut__cuda_output_type(c, (uint32_t)i);
}

// Whether an operand is absent, or of that type and so many elements.
static bool fits(const gcut_type *t, int type, int64_t count) {
  return !t || (t->type == type && (int64_t)gcut__cuda_count(t) == count);
}

static bool has_kernel(const gcut__cuda_compile *c, const norm_places *at, int64_t scales,
                       const gcut__cuda_row_job *job) {
  const gcut_type *skip = input_type(c, at->skip);
  return gcut__cuda_is_float(gcut__cuda_input_type(c, 0)) &&
         fits(input_type(c, at->scale), job->type, scales) &&
         fits(input_type(c, at->bias), job->type, scales) &&
         fits(input_type(c, at->skip_bias), job->type, job->columns) &&
         (!skip || (skip->type == job->type && job->skip_count > 0)) &&
         fits(output_type(c, at->mean), GCUT_FLOAT, job->rows) &&
         fits(output_type(c, at->inverse), GCUT_FLOAT, job->rows) && job->columns > 0;
}

static gcut__cuda_pointer from_input(const gcut__cuda_compile *c, int i, size_t at) {
  return (gcut__cuda_pointer){input_type(c, i) ? i : INT16_MAX, at}; // no such input: NULL
}
static gcut__cuda_pointer to_output(const gcut__cuda_compile *c, int i, size_t at) {
  return (gcut__cuda_pointer){output_type(c, i) ? -1 - i : INT16_MAX, at};
}

static gcut_status compile_norm(const gcut__cuda_compile *c, gcut__cuda_row_job job,
                                const norm_places *at, int64_t scales, gcut_error *err) {
  const gcut_type *skip = input_type(c, at->skip);
  const gcut__cuda_pointer pointers[] = {
      GCUT_CUDA_IN(gcut__cuda_row_job, x, 0),
      GCUT_CUDA_OUT(gcut__cuda_row_job, y, 0),
      from_input(c, at->scale, offsetof(gcut__cuda_row_job, scale)),
      from_input(c, at->bias, offsetof(gcut__cuda_row_job, bias)),
      from_input(c, at->skip, offsetof(gcut__cuda_row_job, skip)),
      from_input(c, at->skip_bias, offsetof(gcut__cuda_row_job, skip_bias)),
      to_output(c, at->mean, offsetof(gcut__cuda_row_job, mean)),
      to_output(c, at->inverse, offsetof(gcut__cuda_row_job, inverse)),
      to_output(c, at->sum, offsetof(gcut__cuda_row_job, sum))};
  job.inner = 1;
  job.type = gcut__cuda_input_type(c, 0)->type;
  job.skip_count = skip ? (int64_t)gcut__cuda_count(skip) : 0;
  if (!has_kernel(c, at, scales, &job)) return GCUT_OK;
  return GCUT_CUDA_PLAIN(c, "gcut_rows", &job, (uint64_t)job.rows, GCUT_CUDA_ROW_THREADS, pointers,
                         err);
}

// Rows of the dimensions from `axis` on, with a scale an element.
static gcut__cuda_row_job rows_from(const gcut_type *in, int64_t axis, gcut__cuda_row_op op,
                                    float epsilon) {
  gcut__cuda_row_job job = {
      .rows = 1, .columns = 1, .op = (int32_t)op, .epsilon = epsilon, .period = 1, .span = 1};
  for (int d = 0; d < in->rank; d++) *(d < axis ? &job.rows : &job.columns) *= in->dims[d];
  return job;
}

static gcut_status compile_from_axis(const gcut__cuda_compile *c, gcut__cuda_row_op op,
                                     const norm_places *at, gcut_error *err) {
  const gcut__layer_norm_attrs *attrs = c->node->attrs;
  const gcut_type *in = gcut__cuda_input_type(c, 0);
  gcut__cuda_row_job job =
      rows_from(in, attrs->axis < 0 ? attrs->axis + in->rank : attrs->axis, op, attrs->epsilon);
  return compile_norm(c, job, at, job.columns, err);
}

gcut_status gcut__cuda_compile_layer_norm(const gcut__cuda_compile *c, gcut_error *err) {
  static const norm_places at = {1, 2, -1, -1, 1, 2, -1};
  gcut_status status;
  if (gcut__cuda_compile_norm_rows(c, &status, err)) return status;
  return compile_from_axis(c, GCUT_CUDA_ROW_LAYER_NORM, &at, err);
}
gcut_status gcut__cuda_compile_rms_norm(const gcut__cuda_compile *c, gcut_error *err) {
  static const norm_places at = {1, -1, -1, -1, -1, 1, -1};
  gcut_status status;
  if (gcut__cuda_compile_norm_rows(c, &status, err)) return status;
  return compile_from_axis(c, GCUT_CUDA_ROW_RMS_NORM, &at, err);
}

// Groups of channels of one image; a scale a channel, or before opset 21 a group.
gcut_status gcut__cuda_compile_group_norm(const gcut__cuda_compile *c, gcut_error *err) {
  static const norm_places at = {1, 2, -1, -1, -1, -1, -1};
  const gcut__group_norm_attrs *attrs = c->node->attrs;
  const gcut_type *in = gcut__cuda_input_type(c, 0);
  int64_t groups = attrs->num_groups ? attrs->num_groups : in->dims[1], each = 1;
  bool by_group = attrs->num_groups && c->node->version < 21;
  for (int d = 2; d < in->rank; d++) each *= in->dims[d];
  if (groups == 0) return GCUT_OK;
  int64_t channels = in->dims[1] / groups;
  gcut__cuda_row_job job = {.rows = in->dims[0] * groups,
                            .columns = channels * each,
                            .op = GCUT_CUDA_ROW_LAYER_NORM,
                            .epsilon = attrs->epsilon,
                            .period = groups,
                            .step = by_group ? 1 : channels,
                            .span = by_group ? channels * each : each};
  if (job.span <= 1 && !by_group) job.span = 1;
  if (job.span == 1 && by_group) return GCUT_OK; // one element a group
  return compile_norm(c, job, &at, by_group ? groups : in->dims[1], err);
}

// ---- com.microsoft: the sum of x, skip and bias, normalised

static gcut_status compile_skip(const gcut__cuda_compile *c, gcut__cuda_row_op op,
                                const norm_places *at, gcut_error *err) {
  const gcut__skip_norm_attrs *attrs = c->node->attrs;
  const gcut_type *in = gcut__cuda_input_type(c, 0);
  gcut__cuda_row_job job = rows_from(in, in->rank - 1, op, attrs->epsilon);
  return compile_norm(c, job, at, job.columns, err);
}

gcut_status gcut__cuda_compile_skip_layer_norm(const gcut__cuda_compile *c, gcut_error *err) {
  static const norm_places at = {2, 3, 1, 4, 1, 2, 3};
  return compile_skip(c, GCUT_CUDA_ROW_LAYER_NORM, &at, err);
}
gcut_status gcut__cuda_compile_skip_rms_norm(const gcut__cuda_compile *c, gcut_error *err) {
  static const norm_places at = {2, -1, 1, 3, 1, 2, 3};
  return compile_skip(c, GCUT_CUDA_ROW_RMS_NORM, &at, err);
}
