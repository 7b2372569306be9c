// Reductions over the last dimensions, softmax and normalisation of rows.
#include "exec/cuda/ops/rows.h"

#include <string.h>

#include "exec/cuda/kernels.h"
#include "exec/cuda/ops/compile.h"
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
  bool norm = job.op == GCUT_CUDA_ROW_LAYER_NORM || job.op == GCUT_CUDA_ROW_RMS_NORM;
  job.x = (const void *)r->inputs[0];
  if (norm && r->step->n_inputs > 1) job.scale = (const void *)r->inputs[1];
  if (norm && r->step->n_inputs > 2) job.bias = (const void *)r->inputs[2];
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
             {"ReduceMin", GCUT_CUDA_ROW_MIN}};
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

static gcut_status compile_norm(const gcut__cuda_compile *c, gcut__cuda_row_op op,
                                gcut_error *err) {
  const gcut_layer_norm_attrs *attrs = c->node->attrs;
  const gcut_type *in = gcut__cuda_input_type(c, 0);
  int64_t axis = attrs->axis < 0 ? attrs->axis + in->rank : attrs->axis, columns = 1;
  for (int64_t d = axis; d < in->rank; d++) columns *= in->dims[d];
  for (uint32_t i = 1; i < c->node->n_inputs; i++) {
    const gcut_type *t = gcut__cuda_input_type(c, i);
    if (t && ((int64_t)gcut__cuda_count(t) != columns || t->type != in->type)) return GCUT_OK;
  }
  for (uint32_t i = 1; i < c->node->n_outputs; i++)
    if (gcut__cuda_output_type(c, i)) return GCUT_OK; // the statistics are wanted, too
  return compile_rows(c, op, (int)axis, attrs->epsilon, err);
}

gcut_status gcut__cuda_compile_layer_norm(const gcut__cuda_compile *c, gcut_error *err) {
  return compile_norm(c, GCUT_CUDA_ROW_LAYER_NORM, err);
}
gcut_status gcut__cuda_compile_rms_norm(const gcut__cuda_compile *c, gcut_error *err) {
  return compile_norm(c, GCUT_CUDA_ROW_RMS_NORM, err);
}
