// Where: takes each element from one of two tensors.
#include "tracer/ops/propagate.h"

// The content of an operand at element `k` of the result, GCUT_DIM_INVALID where it is not known.
typedef struct operand {
  const gcut_dim *values; // [n] or NULL
  uint32_t n;
} operand;

static gcut_dim element(const operand *x, uint32_t k) {
  if (!x->values || (x->n != 1 && k >= x->n)) return GCUT_DIM_INVALID;
  return x->values[x->n == 1 ? 0 : k];
}

// Only the side that is chosen needs to be known.
static gcut_dim choose(gcut_dim condition, gcut_dim x, gcut_dim y) {
  if (!gcut_dim_known(condition)) return x == y ? x : GCUT_DIM_INVALID;
  return condition ? x : y;
}

static gcut_status infer_where(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(gcut_infer_elementwise(c, err));
  if (!gcut__propagates(c)) return GCUT_OK;
  operand operands[3] = {{0}};
  for (uint32_t i = 0; i < 3; i++)
    if (!gcut_infer_content(c, i, &operands[i].values, &operands[i].n)) operands[i].values = NULL;
  const gcut_type *type = &c->outputs[0].type;
  gcut_dim n = type->rank == 0 ? 1 : type->dims[0];
  if (!operands[0].values || !gcut_dim_known(n) || n > UINT16_MAX) return GCUT_OK;
  gcut_dim *y = GCUT_NEW_ARRAY(c->arena, gcut_dim, (size_t)n);
  if (!y) return GCUT_NO_MEMORY(err);
  for (uint32_t k = 0; k < (uint32_t)n; k++)
    y[k] = choose(element(&operands[0], k), element(&operands[1], k), element(&operands[2], k));
  return gcut__propagate_result(c, y, (uint32_t)n, err);
}

const gcut_op gcut__op_where = {.inputs = "b T T", .outputs = "T", .infer = infer_where};
