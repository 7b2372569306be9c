// Checks a node against its operator's signature and infers its outputs: the one place where shapes
// come from, while tracing and at run time alike.
#include <stdio.h>

#include "tracer/ops/op.h"

// ---- signatures -------------------------------------------------------------------------------

typedef struct token {
  char letter; // 0: past the end
  bool optional, variadic;
} token;

// Reads the token at *text and moves past it.
static token next_token(const char **text) {
  while (**text == ' ') ++*text;
  token t = {.letter = **text};
  if (!t.letter) return t;
  ++*text;
  if (**text == '?') t.optional = true, ++*text;
  if (strncmp(*text, "...", 3) == 0) t.variadic = true, *text += 3;
  return t;
}

// The token of operand `i`; letter 0 where the signature has none.
static token token_at(const char *signature, uint32_t i) {
  token t = {0};
  for (uint32_t k = 0; k <= i; k++) {
    t = next_token(&signature);
    if (!t.letter || t.variadic) break;
  }
  return t;
}

static gcut_dtype fixed_type(char letter) {
  switch (letter) {
  case 'i': return GCUT_INT64;
  case 'b': return GCUT_BOOL;
  case 'f': return GCUT_FLOAT;
  case 's': return GCUT_STRING;
  default: return GCUT_UNDEFINED;
  }
}

static uint64_t mask_of(const gcut_op *op, char letter) {
  uint64_t mask = letter == 'T' ? op->T : letter == 'U' ? op->U : letter == 'V' ? op->V : 0;
  if (letter == 'I') mask = GCUT_INDICES;
  return mask ? mask : GCUT_ANY_TYPE;
}

static int variable_of(char letter) {
  return letter == 'T' ? 0 : letter == 'U' ? 1 : letter == 'V' ? 2 : -1;
}

// Fails unless the number of operands fits the signature.
static gcut_status check_arity(const gcut_infer *c, gcut_error *err) {
  if (c->n_inputs > 0 && !token_at(c->node->op->inputs, c->n_inputs - 1).letter)
    return GCUT_NODE_FAIL(c, err, "%u inputs, more than '%s'", c->n_inputs, c->node->op->inputs);
  if (c->n_outputs > 0 && !token_at(c->node->op->outputs, c->n_outputs - 1).letter)
    return GCUT_NODE_FAIL(c, err, "%u outputs, more than '%s'", c->n_outputs, c->node->op->outputs);
  return GCUT_OK;
}

static bool has_output(const gcut_infer *c, uint32_t i) {
  return i < c->n_outputs && gcut_node_outputs(c->graph, c->node)[i] != GCUT_NONE;
}

static bool has_any_output(const gcut_infer *c) {
  for (uint32_t i = 0; i < c->n_outputs; i++)
    if (has_output(c, i)) return true;
  return false;
}

// Fails where a mandatory operand is absent: a kernel may use them without looking. A node without
// any output is never run.
static gcut_status check_presence(const gcut_infer *c, gcut_error *err) {
  const char *text = c->node->op->inputs;
  token t = next_token(&text);
  for (uint32_t i = 0; t.letter; i++, t = next_token(&text)) {
    if (!t.optional && !gcut_infer_has(c, i))
      return GCUT_NODE_FAIL(c, err, "input %u is missing", i);
    if (t.variadic) break;
  }
  text = c->node->op->outputs, t = next_token(&text);
  if (!has_any_output(c)) return GCUT_OK;
  for (uint32_t i = 0; t.letter && !t.variadic; i++, t = next_token(&text))
    if (!t.optional && !has_output(c, i)) return GCUT_NODE_FAIL(c, err, "output %u is missing", i);
  return GCUT_OK;
}

typedef struct type_variables {
  gcut_dtype type[3];
  uint32_t from[3]; // the input that bound it
} type_variables;

static gcut_status check_type(const gcut_infer *c, uint32_t i, token t, type_variables *bound,
                              gcut_error *err) {
  gcut_dtype type = gcut_infer_dtype(c, i), fixed = fixed_type(t.letter);
  if (fixed && type != fixed)
    return GCUT_NODE_FAIL(c, err, "input %u is %s, expected %s", i, gcut_dtype_name(type),
                          gcut_dtype_name(fixed));
  if (!(mask_of(c->node->op, t.letter) >> type & 1))
    return GCUT_NODE_FAIL(c, err, "input %u: %s is not a type it takes", i, gcut_dtype_name(type));
  int v = variable_of(t.letter);
  if (v < 0) return GCUT_OK;
  if (bound->type[v] && bound->type[v] != type)
    return GCUT_NODE_FAIL(c, err, "input %u is %s, input %u %s: they must agree", i,
                          gcut_dtype_name(type), bound->from[v], gcut_dtype_name(bound->type[v]));
  if (!bound->type[v]) bound->type[v] = type, bound->from[v] = i;
  return GCUT_OK;
}

// Checks the types of the inputs; *out_known: all present ones are tensors (or what the token
// takes) of known type and rank.
static gcut_status check_inputs(const gcut_infer *c, type_variables *bound, bool *out_known,
                                gcut_error *err) {
  *out_known = true;
  const char *text = c->node->op->inputs;
  token t = {0};
  for (uint32_t i = 0; i < c->n_inputs; i++) {
    if (!t.variadic) t = next_token(&text);
    if (!c->inputs[i]) {
      if (!t.optional && t.variadic) return GCUT_NODE_FAIL(c, err, "input %u is missing", i);
      continue;
    }
    const gcut_type *type = &c->inputs[i]->type;
    bool any_kind = t.letter == 'S' || t.letter == '*';
    if (type->kind != GCUT_KIND_TENSOR && !any_kind)
      return GCUT_NODE_FAIL(c, err, "input %u is no tensor", i);
    if (type->type == GCUT_UNDEFINED)
      *out_known = false;
    else if (!any_kind)
      GCUT_TRY(check_type(c, i, t, bound, err));
    if (type->kind != GCUT_KIND_TENSOR || type->rank < 0) *out_known = false;
  }
  return GCUT_OK;
}

static void preset_outputs(gcut_infer *c, const type_variables *bound) {
  const char *text = c->node->op->outputs;
  token t = {0};
  for (uint32_t i = 0; i < c->n_outputs; i++) {
    if (!t.variadic) t = next_token(&text);
    int v = variable_of(t.letter);
    gcut_dtype type = v >= 0 ? bound->type[v] : fixed_type(t.letter);
    c->outputs[i].type = (gcut_type){.kind = GCUT_KIND_TENSOR, .type = (uint8_t)type, .rank = -1};
  }
}

gcut_status gcut__op_unknown(const gcut_node *node, gcut_error *err) {
  return GCUT_FAIL(err, GCUT_UNSUPPORTED,
                   "node '%.200s': graphcut does not know the operator %.100s%s%.100s", node->name,
                   node->domain, *node->domain ? "." : "", node->op_type);
}

gcut_status gcut_op_infer(gcut_infer *c, gcut_error *err) {
  type_variables bound = {0};
  bool known;
  GCUT_TRY(check_arity(c, err));
  GCUT_TRY(check_presence(c, err));
  GCUT_TRY(check_inputs(c, &bound, &known, err));
  preset_outputs(c, &bound);
  if (!known && !(c->node->op->flags & GCUT_OP_ANY_RANK)) return GCUT_OK;
  return c->node->op->infer(c, err);
}

// ---- helpers ----------------------------------------------------------------------------------

gcut_status gcut_node_failed(const gcut_node *node, gcut_status status, gcut_error *err,
                             const char *format, va_list args) {
  char text[512];
  vsnprintf(text, sizeof text, format, args);
  return GCUT_FAIL(err, status, "node '%.200s' (%.100s): %s", node->name, node->op_type, text);
}

gcut_status gcut_infer_fail(const gcut_infer *c, gcut_status status, gcut_error *err,
                            const char *format, ...) {
  va_list args;
  va_start(args, format);
  status = gcut_node_failed(c->node, status, err, format, args);
  va_end(args);
  return status;
}

bool gcut_type_static(const gcut_type *type) {
  if (type->kind != GCUT_KIND_TENSOR || type->rank < 0 || !type->type) return false;
  for (int d = 0; d < type->rank; d++)
    if (!gcut_dim_known(type->dims[d])) return false;
  return true;
}

gcut_status gcut_infer_set(gcut_infer *c, uint32_t i, gcut_dtype type, int rank,
                           const gcut_dim *dims, gcut_error *err) {
  if (i >= c->n_outputs) return GCUT_OK;
  if (rank < 0 || rank > GCUT_MAX_RANK)
    return GCUT_NODE_FAIL(c, err, "output %u of rank %d, at most %d", i, rank, GCUT_MAX_RANK);
  for (int d = 0; d < rank; d++)
    if (dims[d] == GCUT_DIM_INVALID || (gcut_dim_known(dims[d]) && dims[d] < 0))
      return GCUT_NODE_FAIL(c, err, "dimension %d of output %u is %s", d, i,
                            dims[d] == GCUT_DIM_INVALID ? "too large to express" : "negative");
  gcut_fact *fact = &c->outputs[i];
  gcut_dim *copy = gcut_arena_copy(c->arena, dims, (size_t)rank * sizeof *dims);
  if (!copy) return GCUT_NO_MEMORY(err);
  fact->type.kind = GCUT_KIND_TENSOR;
  if (type) fact->type.type = (uint8_t)type;
  fact->type.rank = (int16_t)rank;
  fact->type.dims = copy;
  return GCUT_OK;
}

gcut_status gcut_infer_set_like(gcut_infer *c, uint32_t i, uint32_t j, gcut_error *err) {
  return gcut_infer_set(c, i, gcut_infer_dtype(c, j), gcut_infer_rank(c, j), gcut_infer_dims(c, j),
                        err);
}

gcut_status gcut_infer_set_unknown(gcut_infer *c, uint32_t i, gcut_dtype type, int rank,
                                   gcut_error *err) {
  gcut_dim dims[GCUT_MAX_RANK];
  if (i >= c->n_outputs) return GCUT_OK;
  if (type) c->outputs[i].type.type = (uint8_t)type;
  if (rank < 0) return GCUT_OK;
  for (int d = 0; d < rank && d < GCUT_MAX_RANK; d++) dims[d] = gcut_dim_fresh(c->dims);
  return gcut_infer_set(c, i, type, rank, dims, err);
}

gcut_status gcut_infer_set_content(gcut_infer *c, uint32_t i, const gcut_dim *content, uint32_t n,
                                   gcut_error *err) {
  if (i >= c->n_outputs) return GCUT_OK;
  gcut_dim *copy = gcut_arena_copy(c->arena, content, n * sizeof *content);
  if (!copy) return GCUT_NO_MEMORY(err);
  for (uint32_t k = 0; k < n; k++)
    if (copy[k] == GCUT_DIM_INVALID) return GCUT_OK; // not known after all
  c->outputs[i].content = copy;
  c->outputs[i].n_content = n;
  return GCUT_OK;
}

gcut_status gcut_infer_set_constant(gcut_infer *c, uint32_t i, const gcut_constant *constant,
                                    gcut_error *err) {
  if (i >= c->n_outputs) return GCUT_OK;
  GCUT_TRY(gcut_infer_set(c, i, constant->type, constant->rank, constant->dims, err));
  c->outputs[i].constant = constant;
  return GCUT_OK;
}

// Joins `dim` into `*to` by the rule of broadcasting; false where two numbers clash.
static bool broadcast_dim(gcut_dim *to, gcut_dim dim) {
  if (*to == dim || dim == 1) return true;
  if (*to == 1) {
    *to = dim;
    return true;
  }
  if (gcut_dim_known(*to) && gcut_dim_known(dim)) return false;
  if (!gcut_dim_known(*to) && gcut_dim_known(dim)) *to = dim;
  return true;
}

gcut_status gcut_infer_broadcast(gcut_infer *c, uint32_t first, uint32_t n, gcut_dim *dims,
                                 int *out_rank, gcut_error *err) {
  int rank = 0;
  for (uint32_t i = first; i < first + n; i++)
    if (gcut_infer_rank(c, i) > rank) rank = gcut_infer_rank(c, i);
  for (int d = 0; d < rank; d++) dims[d] = 1;
  for (uint32_t i = first; i < first + n; i++) {
    int missing = rank - gcut_infer_rank(c, i);
    for (int d = missing; d < rank; d++)
      if (!broadcast_dim(&dims[d], gcut_infer_dims(c, i)[d - missing]))
        return GCUT_NODE_FAIL(
            c, err, "input %u does not broadcast: dimension %d is %lld, others have %lld", i,
            d - missing, (long long)gcut_infer_dims(c, i)[d - missing], (long long)dims[d]);
  }
  *out_rank = rank;
  return GCUT_OK;
}

gcut_status gcut_infer_axis(const gcut_infer *c, int64_t axis, int rank, int *out_axis,
                            gcut_error *err) {
  if (axis < -(int64_t)rank || axis >= rank)
    return GCUT_NODE_FAIL(c, err, "axis %lld of a tensor of rank %d", (long long)axis, rank);
  *out_axis = (int)(axis < 0 ? axis + rank : axis);
  return GCUT_OK;
}

gcut_status gcut_infer_axes(const gcut_infer *c, const int64_t *axes, size_t n, int rank,
                            int *out_axes, gcut_error *err) {
  bool seen[GCUT_MAX_RANK] = {false};
  if (n > (size_t)rank) return GCUT_NODE_FAIL(c, err, "%zu axes of a tensor of rank %d", n, rank);
  for (size_t k = 0; k < n; k++) {
    GCUT_TRY(gcut_infer_axis(c, axes[k], rank, &out_axes[k], err));
    if (seen[out_axes[k]]) return GCUT_NODE_FAIL(c, err, "axis %d twice", out_axes[k]);
    seen[out_axes[k]] = true;
  }
  return GCUT_OK;
}

gcut_status gcut_infer_expect_rank(const gcut_infer *c, uint32_t i, int low, int high,
                                   gcut_error *err) {
  int rank = gcut_infer_rank(c, i);
  if (rank >= low && rank <= high) return GCUT_OK;
  if (low == high) return GCUT_NODE_FAIL(c, err, "input %u has rank %d, expected %d", i, rank, low);
  return GCUT_NODE_FAIL(c, err, "input %u has rank %d, expected %d to %d", i, rank, low, high);
}

gcut_dim gcut_infer_product(gcut_infer *c, const gcut_dim *dims, int from, int to) {
  gcut_dim product = 1;
  for (int d = from; d < to; d++) product = gcut_dim_mul(c->dims, product, dims[d]);
  return product;
}

double gcut_fact_count(const gcut_fact *fact) {
  if (!fact || fact->type.kind != GCUT_KIND_TENSOR || fact->type.rank < 0) return 0;
  double count = 1;
  for (int d = 0; d < fact->type.rank; d++)
    count *= gcut_dim_known(fact->type.dims[d]) ? (double)fact->type.dims[d] : 0;
  return count;
}

gcut_status gcut_infer_same(gcut_infer *c, gcut_error *err) {
  return gcut_infer_set_like(c, 0, 0, err);
}

gcut_status gcut_infer_elementwise(gcut_infer *c, gcut_error *err) {
  gcut_dim dims[GCUT_MAX_RANK];
  int rank;
  GCUT_TRY(gcut_infer_broadcast(c, 0, c->n_inputs, dims, &rank, err));
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, dims, err);
}
