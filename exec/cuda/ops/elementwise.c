// Elementwise operators: each node becomes a job of one instruction.
#include "exec/cuda/ops/elementwise.h"

#include <string.h>

#include "exec/cuda/kernels.h"
#include "exec/cuda/ops/compile.h"

typedef struct element_params {
  CUfunction kernel;
  gcut__cuda_element_job job; // without addresses
} element_params;

// ---- shapes -----------------------------------------------------------------------------------

// Strides of an input by dimension of the output: 0 where it repeats.
static void broadcast_strides(const gcut_type *in, const gcut_type *out, int64_t *strides) {
  int64_t stride = 1;
  int missing = out->rank - in->rank;
  for (int d = out->rank - 1; d >= 0; d--) {
    int64_t dim = d >= missing ? in->dims[d - missing] : 1;
    strides[d] = dim == 1 ? 0 : stride;
    stride *= dim;
  }
}

// Collapses the output's dimensions; false where more remain than a job holds.
static bool collapse(gcut__cuda_element_job *job, const gcut_type *out,
                     int64_t strides[][GCUT_MAX_RANK]) {
  int64_t dims[GCUT_MAX_RANK];
  int kept[GCUT_MAX_RANK], n = 0;
  for (int d = out->rank - 1; d >= 0; d--) {
    dims[d] = out->dims[d];
    if (dims[d] == 1) continue;
    int after = n > 0 ? kept[n - 1] : -1;
    bool merged = after >= 0;
    for (int k = 0; k < job->n_inputs && merged; k++)
      merged = strides[k][d] == strides[k][after] * dims[after];
    if (!merged) {
      kept[n++] = d;
      continue;
    }
    dims[after] *= dims[d];
  }
  if (n > GCUT_CUDA_ELEMENT_DIMS) return false;
  job->rank = n;
  for (int i = 0; i < n; i++) {
    int from = kept[n - 1 - i];
    job->dims[i] = dims[from];
    for (int k = 0; k < job->n_inputs; k++) job->inputs[k].strides[i] = strides[k][from];
  }
  return true;
}

// One dimension, or none, over which every input goes with the output or stands still.
static bool is_flat(gcut__cuda_element_job *job) {
  if (job->rank > 1) return false;
  for (int k = 0; k < job->n_inputs; k++) {
    if (job->rank == 0) job->inputs[k].strides[0] = 0;
    if (job->inputs[k].strides[0] > 1) return false;
  }
  return true;
}

// ---- jobs -------------------------------------------------------------------------------------

// What a job counts in, by the type its instructions work on.
static const char *kernel_of(gcut_dtype type) {
  switch (type) {
  case GCUT_FLOAT:
  case GCUT_FLOAT16:
  case GCUT_BFLOAT16: return "gcut_elementwise_float";
  case GCUT_DOUBLE: return "gcut_elementwise_double";
  case GCUT_INT64:
  case GCUT_INT32:
  case GCUT_INT16:
  case GCUT_INT8:
  case GCUT_UINT32:
  case GCUT_UINT16:
  case GCUT_UINT8:
  case GCUT_BOOL: return "gcut_elementwise_int";
  default: return NULL;
  }
}

static gcut_status launch_elements(const gcut__cuda_run *r, gcut_error *err) {
  const element_params *p = r->step->params;
  gcut__cuda_element_job job = p->job;
  for (int k = 0; k < job.n_inputs; k++) job.inputs[k].data = (const void *)r->inputs[k];
  job.output = (void *)r->outputs[0];
  void *arguments[] = {&job};
  return gcut__cuda_launch_over(r, p->kernel, (uint64_t)job.count, arguments, err);
}

// Makes the step of a node that applies `element` to its inputs, working in `type`.
static gcut_status compile_elements(const gcut__cuda_compile *c, gcut__cuda_element_step element,
                                    gcut_dtype type, gcut_error *err) {
  const gcut_type *out = gcut__cuda_output_type(c, 0);
  int64_t strides[GCUT_CUDA_ELEMENT_INPUTS][GCUT_MAX_RANK];
  const char *kernel = kernel_of(type);
  if (!kernel || c->node->n_inputs > GCUT_CUDA_ELEMENT_INPUTS || !kernel_of((gcut_dtype)out->type))
    return GCUT_OK;
  element_params *p = GCUT_NEW(c->arena, element_params);
  if (!p) return GCUT_NO_MEMORY(err);
  p->job = (gcut__cuda_element_job){.count = (int64_t)gcut__cuda_count(out),
                                    .n_inputs = (int32_t)c->node->n_inputs,
                                    .n_steps = 1,
                                    .type = out->type,
                                    .steps = {element}};
  for (uint32_t k = 0; k < c->node->n_inputs; k++) {
    const gcut_type *in = gcut__cuda_input_type(c, k);
    if (!in || !kernel_of((gcut_dtype)in->type)) return GCUT_OK;
    p->job.inputs[k].type = in->type;
    broadcast_strides(in, out, strides[k]);
  }
  if (!collapse(&p->job, out, strides)) return GCUT_OK;
  p->job.flat = is_flat(&p->job);
  GCUT_TRY(gcut__cuda_kernel(c->cuda, kernel, &p->kernel, err));
  c->step->params = p;
  c->step->launch = launch_elements;
  return GCUT_OK;
}

// ---- operators --------------------------------------------------------------------------------

static const struct {
  const char *name;
  gcut__cuda_element_op op;
} ops[] = {
    {"Abs", GCUT_CUDA_ELEMENT_ABS},
    {"Neg", GCUT_CUDA_ELEMENT_NEG},
    {"Sqrt", GCUT_CUDA_ELEMENT_SQRT},
    {"Reciprocal", GCUT_CUDA_ELEMENT_RECIPROCAL},
    {"Exp", GCUT_CUDA_ELEMENT_EXP},
    {"Log", GCUT_CUDA_ELEMENT_LOG},
    {"Sin", GCUT_CUDA_ELEMENT_SIN},
    {"Cos", GCUT_CUDA_ELEMENT_COS},
    {"Tanh", GCUT_CUDA_ELEMENT_TANH},
    {"Sigmoid", GCUT_CUDA_ELEMENT_SIGMOID},
    {"Erf", GCUT_CUDA_ELEMENT_ERF},
    {"Relu", GCUT_CUDA_ELEMENT_RELU},
    {"Floor", GCUT_CUDA_ELEMENT_FLOOR},
    {"Ceil", GCUT_CUDA_ELEMENT_CEIL},
    {"Round", GCUT_CUDA_ELEMENT_ROUND},
    {"IsNaN", GCUT_CUDA_ELEMENT_ISNAN},
    {"Not", GCUT_CUDA_ELEMENT_NOT},
    {"Sign", GCUT_CUDA_ELEMENT_SIGN},
    {"HardSwish", GCUT_CUDA_ELEMENT_HARDSWISH},
    {"Softplus", GCUT_CUDA_ELEMENT_SOFTPLUS},
    {"Add", GCUT_CUDA_ELEMENT_ADD},
    {"Sub", GCUT_CUDA_ELEMENT_SUB},
    {"Mul", GCUT_CUDA_ELEMENT_MUL},
    {"Div", GCUT_CUDA_ELEMENT_DIV},
    {"Pow", GCUT_CUDA_ELEMENT_POW},
    {"Equal", GCUT_CUDA_ELEMENT_EQUAL},
    {"Less", GCUT_CUDA_ELEMENT_LESS},
    {"Greater", GCUT_CUDA_ELEMENT_GREATER},
    {"LessOrEqual", GCUT_CUDA_ELEMENT_LESS_EQUAL},
    {"GreaterOrEqual", GCUT_CUDA_ELEMENT_GREATER_EQUAL},
    {"And", GCUT_CUDA_ELEMENT_AND},
    {"Or", GCUT_CUDA_ELEMENT_OR},
    {"Xor", GCUT_CUDA_ELEMENT_XOR},
    {"Min", GCUT_CUDA_ELEMENT_MIN},
    {"Max", GCUT_CUDA_ELEMENT_MAX},
};

static gcut__cuda_element_op op_of(const gcut_node *node) {
  for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
    if (strcmp(ops[i].name, node->op_type) == 0) return ops[i].op;
  return GCUT_CUDA_ELEMENT_COPY;
}

static bool is_floating(gcut_dtype type) {
  return type == GCUT_FLOAT || type == GCUT_FLOAT16 || type == GCUT_BFLOAT16 || type == GCUT_DOUBLE;
}

gcut_status gcut__cuda_compile_unary(const gcut__cuda_compile *c, gcut_error *err) {
  gcut_dtype type = (gcut_dtype)gcut__cuda_input_type(c, 0)->type;
  gcut__cuda_element_op op = op_of(c->node);
  if (type == GCUT_DOUBLE &&
      (op == GCUT_CUDA_ELEMENT_HARDSWISH || op == GCUT_CUDA_ELEMENT_SOFTPLUS))
    return GCUT_OK; // in float32 alone
  return compile_elements(c, (gcut__cuda_element_step){.op = op}, type, err);
}

// An integer division by zero is an error that the host reports, so integer Div stays there; so do
// opsets below 7, which broadcast by an attribute.
gcut_status gcut__cuda_compile_binary(const gcut__cuda_compile *c, gcut_error *err) {
  gcut__cuda_element_op op = op_of(c->node);
  if (c->node->n_inputs != 2 || c->node->version < 7) return GCUT_OK;
  gcut_status status;
  if (op == GCUT_CUDA_ELEMENT_ADD && gcut__cuda_compile_sum(c, &status, err)) return status;
  gcut_dtype type = (gcut_dtype)gcut__cuda_input_type(c, 0)->type,
             other = (gcut_dtype)gcut__cuda_input_type(c, 1)->type;
  if (!is_floating(type) && (op == GCUT_CUDA_ELEMENT_DIV || op == GCUT_CUDA_ELEMENT_POW))
    return GCUT_OK;
  if (other == GCUT_DOUBLE && type != GCUT_DOUBLE) return GCUT_OK;
  return compile_elements(c, (gcut__cuda_element_step){.op = op, .input = 1}, type, err);
}

// The condition is read in the type of the choices.
gcut_status gcut__cuda_compile_where(const gcut__cuda_compile *c, gcut_error *err) {
  gcut_dtype type = (gcut_dtype)gcut__cuda_input_type(c, 1)->type;
  return compile_elements(c, (gcut__cuda_element_step){.op = GCUT_CUDA_ELEMENT_SELECT, .input = 1},
                          type, err);
}

// In the wider of the two.
gcut_status gcut__cuda_compile_cast(const gcut__cuda_compile *c, gcut_error *err) {
  gcut_dtype from = (gcut_dtype)gcut__cuda_input_type(c, 0)->type,
             to = (gcut_dtype)gcut__cuda_output_type(c, 0)->type;
  gcut_dtype type =
      is_floating(from) && (from == GCUT_DOUBLE || to == GCUT_DOUBLE) ? GCUT_DOUBLE : from;
  return compile_elements(c, (gcut__cuda_element_step){.op = GCUT_CUDA_ELEMENT_COPY}, type, err);
}
