// What each elementwise operator becomes: mostly one instruction, whose result is rounded to the
// node's type; where more, those between are kept in the type computed in, as the CPU does.
#include "exec/cuda/ops/program_builder.h"

#include <math.h>
#include <string.h>

#include "exec/cuda/ops/compile.h"
#include "tracer/ops/binary.h"
#include "tracer/ops/unary.h"

// ---- types ------------------------------------------------------------------------------------

static uint8_t class_of(int type) {
  if (type == GCUT_DOUBLE) return GCUT_CUDA_ELEMENT_DOUBLE;
  return type == GCUT_FLOAT || type == GCUT_FLOAT16 || type == GCUT_BFLOAT16
             ? GCUT_CUDA_ELEMENT_FLOAT
             : GCUT_CUDA_ELEMENT_INT;
}

// The type that holds a class in full.
static int widest(uint8_t of) {
  static const int types[] = {[GCUT_CUDA_ELEMENT_FLOAT] = GCUT_FLOAT,
                              [GCUT_CUDA_ELEMENT_INT] = GCUT_INT64,
                              [GCUT_CUDA_ELEMENT_DOUBLE] = GCUT_DOUBLE};
  return types[of];
}

static const gcut_type *type_at(const gcut_trace *trace, const gcut_node *node, uint32_t i) {
  uint32_t value = i < node->n_inputs ? gcut_node_inputs(trace->graph, node)[i] : GCUT_NONE;
  return value == GCUT_NONE ? NULL : &trace->facts[value].type;
}

static int result_type(const gcut_trace *trace, const gcut_node *node) {
  return trace->facts[gcut_node_outputs(trace->graph, node)[0]].type.type;
}

// ---- instructions -----------------------------------------------------------------------------

static int emit(gcut__cuda_program_builder *b, gcut__cuda_element_step step, int x, int y, int z) {
  int at = b->job.n_steps;
  if (at == GCUT_CUDA_ELEMENT_STEPS) return ELEMENT_NONE;
  step.keep = -1;
  b->job.steps[at] = step;
  b->operands[at][0] = x;
  b->operands[at][1] = y;
  b->operands[at][2] = z;
  b->job.n_steps++;
  return ELEMENT_RESULT + at;
}

// A node in the making: what its instructions have in common.
typedef struct maker {
  gcut__cuda_program_builder *b;
  const gcut_node *node;
  const int *x; // operands
  uint8_t of, type;
  gcut__cuda_element_op op; // of the operator's row
} maker;

static int emit_last(const maker *m, gcut__cuda_element_op op, int x, int y) {
  return emit(m->b, (gcut__cuda_element_step){.op = (uint8_t)op, .of = m->of, .type = m->type}, x,
              y, ELEMENT_NONE);
}

static int emit_numbers(const maker *m, float p, float q) {
  return emit(
      m->b,
      (gcut__cuda_element_step){.op = (uint8_t)m->op, .of = m->of, .type = m->type, .p = p, .q = q},
      m->x[0], ELEMENT_NONE, ELEMENT_NONE);
}

static int make_one(const maker *m) {
  return emit_numbers(m, 0, 0);
}
static int make_one_float(const maker *m) {
  return m->of == GCUT_CUDA_ELEMENT_INT ? ELEMENT_NONE : make_one(m);
}
static int make_alpha(const maker *m) {
  const gcut__alpha_attrs *attrs = m->node->attrs;
  return m->of == GCUT_CUDA_ELEMENT_INT ? ELEMENT_NONE : emit_numbers(m, attrs->alpha, 0);
}
static int make_hard_sigmoid(const maker *m) {
  const gcut__alpha_beta_attrs *attrs = m->node->attrs;
  return emit_numbers(m, attrs->alpha, attrs->beta);
}
// Results of 16 bits are those of fused kernels, too, which have less time.
static int make_sigmoid(const maker *m) {
  maker quick = *m;
  int type = type_at(m->b->trace, m->node, 0)->type;
  if (type == GCUT_FLOAT16 || type == GCUT_BFLOAT16) quick.op = GCUT_CUDA_ELEMENT_QUICK_SIGMOID;
  return make_one_float(&quick);
}
static int make_shrink(const maker *m) {
  const gcut__shrink_attrs *attrs = m->node->attrs;
  return m->of == GCUT_CUDA_ELEMENT_INT ? ELEMENT_NONE : emit_numbers(m, attrs->lambd, attrs->bias);
}
static int make_selu(const maker *m) {
  const gcut__selu_attrs *attrs = m->node->attrs;
  bool old = m->node->version < 6; // the defaults got more digits
  float alpha = old ? 1.6732f : 1.67326319217681884765625f,
        gamma = old ? 1.0507f : 1.05070102214813232421875f;
  if (m->of == GCUT_CUDA_ELEMENT_INT) return ELEMENT_NONE;
  return emit_numbers(m, isnan(attrs->alpha) ? alpha : attrs->alpha,
                      isnan(attrs->gamma) ? gamma : attrs->gamma);
}
static int make_gelu(const maker *m) {
  const gcut__gelu_attrs *attrs = m->node->attrs;
  maker tanh_too = *m;
  bool tanh_form = attrs->approximate.size == 4 && memcmp(attrs->approximate.data, "tanh", 4) == 0;
  if (tanh_form) tanh_too.op = GCUT_CUDA_ELEMENT_GELU_TANH;
  return make_one_float(&tanh_too);
}
static int make_is_inf(const maker *m) {
  const gcut__is_inf_attrs *attrs = m->node->attrs;
  if (m->of == GCUT_CUDA_ELEMENT_INT) return ELEMENT_NONE;
  return emit_numbers(m, attrs->detect_negative != 0, attrs->detect_positive != 0);
}

// Whether all operands have one shape.
static bool alike(const maker *m) {
  const gcut_type *first = type_at(m->b->trace, m->node, 0);
  for (uint32_t i = 1; i < m->node->n_inputs; i++) {
    const gcut_type *t = type_at(m->b->trace, m->node, i);
    if (!t || t->rank != first->rank) return false;
    for (int d = 0; d < t->rank; d++)
      if (t->dims[d] != first->dims[d]) return false;
  }
  return true;
}

// Opsets below 7 broadcast by an attribute.
static int make_two(const maker *m) {
  bool wide_b = type_at(m->b->trace, m->node, 1)->type == GCUT_DOUBLE;
  if ((m->node->version < 7 && !alike(m)) || (wide_b && m->of != GCUT_CUDA_ELEMENT_DOUBLE))
    return ELEMENT_NONE;
  return emit_last(m, m->op, m->x[0], m->x[1]);
}
// Of integers these do not exist, or the host does them.
static int make_two_float(const maker *m) {
  return m->of == GCUT_CUDA_ELEMENT_INT ? ELEMENT_NONE : make_two(m);
}
static int make_two_int(const maker *m) {
  return m->of == GCUT_CUDA_ELEMENT_INT ? make_two(m) : ELEMENT_NONE;
}

// Whether no element of a constant of integers is zero.
static bool never_zero(const gcut_constant *k) {
  unsigned size = k ? gcut_dtype_bits((gcut_dtype)k->type) / 8 : 0;
  static const uint8_t zero[8] = {0};
  if (!k || !k->data || size == 0 || size > 8) return false;
  for (uint64_t at = 0; at + size <= k->bytes; at += size)
    if (memcmp((const uint8_t *)k->data + at, zero, size) == 0) return false;
  return true;
}

// An integer division by zero is an error that the host reports: there, unless it cannot be.
static int make_division(const maker *m) {
  uint32_t by = gcut_node_inputs(m->b->trace->graph, m->node)[1];
  if (m->of == GCUT_CUDA_ELEMENT_INT && !never_zero(m->b->trace->facts[by].constant))
    return ELEMENT_NONE;
  return make_two(m);
}
static int make_mod(const maker *m) {
  const gcut__mod_attrs *attrs = m->node->attrs;
  maker other = *m;
  if (attrs->fmod) other.op = GCUT_CUDA_ELEMENT_FMOD;
  return make_division(&other);
}
// Of signed types the sign and the width count: the host's.
static int make_shift(const maker *m) {
  const gcut__bit_shift_attrs *attrs = m->node->attrs;
  maker other = *m;
  if (m->type != GCUT_UINT8 && m->type != GCUT_UINT16 && m->type != GCUT_UINT32)
    return ELEMENT_NONE;
  if (attrs->direction.size == 5) other.op = GCUT_CUDA_ELEMENT_SHIFT_RIGHT; // "RIGHT"
  return make_two_int(&other);
}

// From the left, and rounded once; Mean divides.
static int make_variadic(const maker *m) {
  maker inner = *m;
  int sum = m->x[0];
  bool mean = strcmp(m->node->op_type, "Mean") == 0;
  if (m->node->version < 8 && !alike(m)) return ELEMENT_NONE;
  inner.type = (uint8_t)widest(m->of);
  if (m->node->n_inputs == 1)
    return emit(m->b, (gcut__cuda_element_step){.op = GCUT_CUDA_ELEMENT_COPY, m->of, m->type}, sum,
                ELEMENT_NONE, ELEMENT_NONE);
  for (uint32_t i = 1; i < m->node->n_inputs && sum != ELEMENT_NONE; i++)
    sum = emit_last(i + 1 < m->node->n_inputs || mean ? &inner : m, m->op, sum, m->x[i]);
  if (!mean || sum == ELEMENT_NONE) return sum;
  return emit(m->b,
              (gcut__cuda_element_step){.op = GCUT_CUDA_ELEMENT_SCALE,
                                        .of = m->of,
                                        .type = m->type,
                                        .p = (float)m->node->n_inputs},
              sum, ELEMENT_NONE, ELEMENT_NONE);
}

// By attributes before opset 11, by inputs since.
static int make_clip(const maker *m) {
  const gcut__clip_attrs *attrs = m->node->attrs;
  if (m->node->version < 11) {
    if (m->of != GCUT_CUDA_ELEMENT_FLOAT) return ELEMENT_NONE;
    return emit_numbers(m, isnan(attrs->min) ? -INFINITY : attrs->min,
                        isnan(attrs->max) ? INFINITY : attrs->max);
  }
  int x = m->x[0];
  if (m->x[1] != ELEMENT_NONE) x = emit_last(m, GCUT_CUDA_ELEMENT_MAX, x, m->x[1]);
  if (x != ELEMENT_NONE && m->x[2] != ELEMENT_NONE)
    x = emit_last(m, GCUT_CUDA_ELEMENT_MIN, x, m->x[2]);
  return x == m->x[0] ? emit_last(m, GCUT_CUDA_ELEMENT_COPY, x, ELEMENT_NONE) : x;
}

// The condition is read in the type of the choices.
static int make_where(const maker *m) {
  maker choices = *m;
  choices.of = class_of(m->type);
  return emit(
      m->b,
      (gcut__cuda_element_step){.op = GCUT_CUDA_ELEMENT_SELECT, .of = choices.of, .type = m->type},
      m->x[0], m->x[1], m->x[2]);
}

// In the wider of the two.
static int make_cast(const maker *m) {
  maker wide = *m;
  if (m->of == GCUT_CUDA_ELEMENT_FLOAT && m->type == GCUT_DOUBLE)
    wide.of = GCUT_CUDA_ELEMENT_DOUBLE;
  return make_one(&wide);
}

// ---- operators --------------------------------------------------------------------------------

typedef struct row {
  const char *name;
  int (*make)(const maker *m);
  gcut__cuda_element_op op;
} row;

static const row rows[] = {
#define R(name, make, op) {name, make, GCUT_CUDA_ELEMENT_##op},
    // clang-format off
    R("Abs", make_one, ABS) R("Neg", make_one, NEG) R("Sign", make_one, SIGN)
    R("Relu", make_one, RELU) R("Not", make_one, NOT) R("BitwiseNot", make_one, BITNOT)
    R("Sqrt", make_one_float, SQRT) R("Reciprocal", make_one_float, RECIPROCAL)
    R("Exp", make_one_float, EXP) R("Log", make_one_float, LOG) R("Sin", make_one_float, SIN)
    R("Cos", make_one_float, COS) R("Tan", make_one_float, TAN) R("Asin", make_one_float, ASIN)
    R("Acos", make_one_float, ACOS) R("Atan", make_one_float, ATAN)
    R("Sinh", make_one_float, SINH) R("Cosh", make_one_float, COSH)
    R("Tanh", make_one_float, TANH) R("Asinh", make_one_float, ASINH)
    R("Acosh", make_one_float, ACOSH) R("Atanh", make_one_float, ATANH)
    R("Sigmoid", make_sigmoid, SIGMOID) R("Erf", make_one_float, ERF)
    R("Floor", make_one_float, FLOOR) R("Ceil", make_one_float, CEIL)
    R("Round", make_one_float, ROUND) R("IsNaN", make_one_float, ISNAN)
    R("IsInf", make_is_inf, ISINF) R("HardSwish", make_one_float, HARDSWISH)
    R("Softplus", make_one_float, SOFTPLUS) R("Softsign", make_one_float, SOFTSIGN)
    R("Mish", make_one_float, MISH) R("Gelu", make_gelu, GELU) R("Swish", make_alpha, SWISH)
    R("LeakyRelu", make_alpha, LEAKYRELU) R("Elu", make_alpha, ELU) R("Celu", make_alpha, CELU)
    R("ThresholdedRelu", make_alpha, THRESHOLDEDRELU)
    R("HardSigmoid", make_hard_sigmoid, HARDSIGMOID) R("Selu", make_selu, SELU)
    R("Shrink", make_shrink, SHRINK) R("Clip", make_clip, CLIP) R("Add", make_two, ADD)
    R("Sub", make_two, SUB) R("Mul", make_two, MUL) R("Div", make_division, DIV)
    R("Pow", make_two_float, POW) R("Mod", make_mod, MOD) R("Equal", make_two, EQUAL)
    R("Less", make_two, LESS) R("Greater", make_two, GREATER)
    R("LessOrEqual", make_two, LESS_EQUAL) R("GreaterOrEqual", make_two, GREATER_EQUAL)
    R("And", make_two_int, AND) R("Or", make_two_int, OR) R("Xor", make_two_int, XOR)
    R("BitwiseAnd", make_two_int, BITAND) R("BitwiseOr", make_two_int, BITOR)
    R("BitwiseXor", make_two_int, BITXOR) R("BitShift", make_shift, SHIFT_LEFT)
    R("PRelu", make_two, PRELU) R("Min", make_variadic, MIN) R("Max", make_variadic, MAX)
    R("Sum", make_variadic, ADD) R("Mean", make_variadic, ADD) R("Where", make_where, SELECT)
    R("Cast", make_cast, COPY) R("CastLike", make_cast, COPY)
// clang-format on
#undef R
};

// Of com.microsoft.
static const row microsoft_rows[] = {
    {"Gelu", make_one_float, GCUT_CUDA_ELEMENT_GELU},
    {"QuickGelu", make_alpha, GCUT_CUDA_ELEMENT_SWISH},
};

static const row *row_of(const gcut_node *node) {
  if (strcmp(node->domain, "com.microsoft") == 0) {
    for (size_t i = 0; i < sizeof microsoft_rows / sizeof *microsoft_rows; i++)
      if (strcmp(microsoft_rows[i].name, node->op_type) == 0) return &microsoft_rows[i];
  }
  if (*node->domain) return NULL;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (strcmp(rows[i].name, node->op_type) == 0) return &rows[i];
  return NULL;
}

bool gcut__cuda_is_elementwise(const gcut_trace *trace, const gcut_node *node) {
  const row *r = row_of(node);
  if (!r || node->n_outputs != 1 || node->n_captures > 0) return false;
  gcut__cuda_program_builder trial = {.trace = trace};
  int operands[GCUT_CUDA_ELEMENT_INPUTS];
  if (node->n_inputs > GCUT_CUDA_ELEMENT_INPUTS) return false;
  for (uint32_t i = 0; i < node->n_inputs; i++)
    operands[i] =
        gcut_node_inputs(trace->graph, node)[i] == GCUT_NONE ? ELEMENT_NONE : (int)i; // any will do
  return gcut__cuda_builder_node(&trial, node, operands) != ELEMENT_NONE;
}

int gcut__cuda_builder_node(gcut__cuda_program_builder *b, const gcut_node *node,
                            const int *operands) {
  const row *r = row_of(node);
  const gcut_type *first = type_at(b->trace, node, 0);
  int x[GCUT_CUDA_ELEMENT_INPUTS] = {ELEMENT_NONE, ELEMENT_NONE, ELEMENT_NONE};
  if (!r || !first || node->n_inputs > GCUT_CUDA_ELEMENT_INPUTS) return ELEMENT_NONE;
  for (uint32_t i = 0; i < node->n_inputs; i++) {
    const gcut_type *t = type_at(b->trace, node, i);
    if (t && !gcut__cuda_has_class(t->type)) return ELEMENT_NONE;
    x[i] = operands[i];
  }
  maker m = {.b = b,
             .node = node,
             .x = x,
             .of = class_of(first->type),
             .type = (uint8_t)result_type(b->trace, node),
             .op = r->op};
  return gcut__cuda_has_class(m.type) ? r->make(&m) : ELEMENT_NONE;
}

int gcut__cuda_builder_product(gcut__cuda_program_builder *b, int x, int y, int type) {
  return emit(b,
              (gcut__cuda_element_step){
                  .op = GCUT_CUDA_ELEMENT_MUL, .of = class_of(type), .type = (uint8_t)type},
              x, y, ELEMENT_NONE);
}

bool gcut__cuda_is_outer_product(const gcut_type *a, const gcut_type *b) {
  return a->rank >= 2 && b->rank >= 2 && a->dims[a->rank - 1] == 1 && b->dims[b->rank - 2] == 1 &&
         a->type == b->type && gcut__cuda_has_class(a->type) &&
         class_of(a->type) != GCUT_CUDA_ELEMENT_INT;
}
