#include "tracer/fold.h"

#include <stdlib.h>
#include <string.h>

#include "tracer/base/arena.h"
#include "tracer/base/checked.h"
#include "tracer/base/error.h"
#include "tracer/dims.h"
#include "tracer/ops/op.h"

enum { FOLD_LIMIT = 256 << 10 }; // bytes of one operand

static bool static_shape(const gcut_type *type, uint64_t *out_bytes) {
  uint64_t count;
  return gcut_type_static(type) && gcut_checked_count(type->rank, type->dims, &count) &&
         gcut_dtype_bytes((gcut_dtype)type->type, count, out_bytes);
}

static gcut_constant *new_constant(gcut_trace *trace, const gcut_type *type, uint64_t bytes) {
  gcut_constant *k = GCUT_NEW(trace->arena, gcut_constant);
  if (k)
    *k = (gcut_constant){.name = "",
                         .type = (gcut_dtype)type->type,
                         .rank = type->rank,
                         .dims = type->dims,
                         .bytes = bytes,
                         .file = GCUT_NONE};
  return k;
}

// ---- from content -----------------------------------------------------------------------------

// Bytes an element of the integer types that content may stand for, else 0.
static size_t integer_size(gcut_dtype type) {
  switch (type) {
  case GCUT_INT64:
  case GCUT_UINT64: return 8;
  case GCUT_INT32:
  case GCUT_UINT32: return 4;
  case GCUT_INT16:
  case GCUT_UINT16: return 2;
  case GCUT_INT8:
  case GCUT_UINT8:
  case GCUT_BOOL: return 1;
  default: return 0;
  }
}

static bool content_known(const gcut_fact *fact) {
  for (uint32_t i = 0; i < fact->n_content; i++)
    if (!gcut_dim_known(fact->content[i])) return false;
  return fact->content != NULL;
}

// A constant of the content's numbers (little-endian, as the host is).
static gcut_status fold_content(gcut_trace *trace, gcut_fact *fact, gcut_error *err) {
  uint64_t bytes;
  size_t size = integer_size((gcut_dtype)fact->type.type);
  if (fact->constant || size == 0 || !content_known(fact) || !static_shape(&fact->type, &bytes))
    return GCUT_OK;
  if (bytes != fact->n_content * size) return GCUT_OK;
  gcut_constant *k = new_constant(trace, &fact->type, bytes);
  char *data = gcut_arena_alloc(trace->arena, fact->n_content, size);
  if (!k || !data) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < fact->n_content; i++) memcpy(data + i * size, &fact->content[i], size);
  k->data = data;
  fact->constant = k;
  return GCUT_OK;
}

// ---- views ------------------------------------------------------------------------------------

// The input's constant under the output's shape: the same bytes wherever they lie.
static gcut_status fold_view(gcut_trace *trace, const gcut_fact *input, gcut_fact *output,
                             gcut_error *err) {
  uint64_t bytes;
  if (!input || !input->constant || !static_shape(&output->type, &bytes)) return GCUT_OK;
  if (bytes != input->constant->bytes || output->type.type != input->constant->type) return GCUT_OK;
  gcut_constant *k = GCUT_NEW(trace->arena, gcut_constant);
  if (!k) return GCUT_NO_MEMORY(err);
  *k = *input->constant;
  k->rank = output->type.rank;
  k->dims = output->type.dims;
  output->constant = k;
  return GCUT_OK;
}

// ---- by evaluation ----------------------------------------------------------------------------

static bool small_constant(const gcut_fact *fact) {
  const gcut_constant *k = fact->constant;
  return k && k->bytes <= FOLD_LIMIT && (k->data || k->bytes == 0) && k->type != GCUT_STRING;
}

// An output whose size depends on data (NonZero of a constant) may be evaluated, too: its inputs
// are small.
static bool small_output(const gcut_fact *fact) {
  uint64_t bytes;
  if (fact->type.kind != GCUT_KIND_TENSOR || fact->type.type == GCUT_STRING) return false;
  return !static_shape(&fact->type, &bytes) || bytes <= FOLD_LIMIT;
}

static bool can_evaluate(const gcut_node *node, const gcut_fact *const *inputs,
                         const gcut_fact *outputs) {
  if (node->op->flags & (GCUT_OP_RANDOM | GCUT_OP_CONTROL)) return false;
  for (uint32_t i = 0; i < node->n_inputs; i++)
    if (inputs[i] && !small_constant(inputs[i])) return false;
  for (uint32_t i = 0; i < node->n_outputs; i++)
    if (!small_output(&outputs[i])) return false;
  return true;
}

// An aligned tensor over a constant's elements; they are copied, for the file may place them
// anywhere.
static gcut_status tensor_of(const gcut_constant *k, gcut_tensor **out_tensor, gcut_error *err) {
  GCUT_TRY(gcut_tensor_create_uninitialized(k->type, k->rank, k->dims, out_tensor, err));
  if (k->bytes > 0) memcpy((*out_tensor)->data, k->data, k->bytes);
  return GCUT_OK;
}

static gcut_status keep_output(gcut_trace *trace, const gcut_tensor *tensor, gcut_fact *fact,
                               gcut_error *err) {
  if (!tensor || tensor->kind != GCUT_KIND_TENSOR || tensor->bytes > FOLD_LIMIT) return GCUT_OK;
  gcut_dim *dims = gcut_arena_copy(trace->arena, tensor->dims, (size_t)tensor->rank * sizeof *dims);
  if (!dims) return GCUT_NO_MEMORY(err);
  fact->type.type = (uint8_t)tensor->type;
  fact->type.rank = (int16_t)tensor->rank;
  fact->type.dims = dims;
  gcut_constant *k = new_constant(trace, &fact->type, tensor->bytes);
  void *data = gcut_arena_copy(trace->arena, tensor->data, tensor->bytes);
  if (!k || !data) return GCUT_NO_MEMORY(err);
  k->data = data;
  fact->constant = k;
  return GCUT_OK;
}

static gcut_status evaluate(gcut_trace *trace, const gcut_trace_options *options,
                            const gcut_node *node, const gcut_fact *const *inputs, gcut_tensor **in,
                            gcut_tensor **out, gcut_fact *outputs, gcut_error *err) {
  for (uint32_t i = 0; i < node->n_inputs; i++)
    if (inputs[i]) GCUT_TRY(tensor_of(inputs[i]->constant, &in[i], err));
  GCUT_TRY(options->evaluate(options->evaluate_context, trace->graph, node,
                             (const gcut_tensor *const *)in, out, err));
  for (uint32_t i = 0; i < node->n_outputs; i++)
    GCUT_TRY(keep_output(trace, out[i], &outputs[i], err));
  return GCUT_OK;
}

static gcut_status fold_by_evaluation(gcut_trace *trace, const gcut_trace_options *options,
                                      const gcut_node *node, const gcut_fact *const *inputs,
                                      gcut_fact *outputs, gcut_error *err) {
  gcut_tensor **tensors = calloc((size_t)node->n_inputs + node->n_outputs + 1, sizeof *tensors);
  if (!tensors) return GCUT_NO_MEMORY(err);
  gcut_status status =
      evaluate(trace, options, node, inputs, tensors, tensors + node->n_inputs, outputs, err);
  for (uint32_t i = 0; i < node->n_inputs + node->n_outputs; i++) gcut_tensor_unref(tensors[i]);
  free(tensors);
  return status == GCUT_UNSUPPORTED ? GCUT_OK
                                    : status; // the run will say so, if it ever gets there
}

gcut_status gcut__fold_node(gcut_trace *trace, const gcut_trace_options *options,
                            const gcut_node *node, const gcut_fact *const *inputs,
                            gcut_fact *outputs, gcut_error *err) {
  bool all = true;
  if (node->op->flags & GCUT_OP_VIEW) GCUT_TRY(fold_view(trace, inputs[0], &outputs[0], err));
  for (uint32_t i = 0; i < node->n_outputs; i++) {
    GCUT_TRY(fold_content(trace, &outputs[i], err));
    all = all && outputs[i].constant;
  }
  if (all || !options->evaluate || !can_evaluate(node, inputs, outputs)) return GCUT_OK;
  return fold_by_evaluation(trace, options, node, inputs, outputs, err);
}
