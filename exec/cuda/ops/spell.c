#include "exec/cuda/ops/spell.h"

#include <assert.h>

#include "exec/cuda/lowered.h"

enum { OPSET = 24 };

// ---- the node -----------------------------------------------------------------------------------

static void add_inputs(gcut__speller *s) {
  for (uint32_t i = 0; i < s->c->node->n_inputs; i++) {
    const gcut_type *type = gcut__cuda_input_type(s->c, i);
    s->inputs[i] = GCUT_NONE;
    if (!type) continue;
    s->inputs[i] = gcut_graph_add_input(s->graph, 0, gcut_graph_add_value(s->graph, 0, ""));
    gcut_value_declare(s->graph, s->inputs[i], type);
  }
  for (uint32_t i = 0; i < s->c->node->n_outputs; i++) s->outputs[i] = GCUT_NONE;
}

gcut_status gcut__spell(const gcut__cuda_compile *c, gcut__spell_fn *spell, gcut_error *err) {
  gcut__speller s = {.c = c};
  if (c->depth >= GCUT__SPELL_DEPTH) return GCUT_OK;
  GCUT_TRY(gcut_graph_create(&s.graph, err));
  gcut_graph_add_opset(s.graph, "", OPSET);
  gcut_graph_add_opset(s.graph, "com.microsoft", 1);
  s.inputs = GCUT_NEW_ARRAY(gcut_graph_arena(s.graph), uint32_t, c->node->n_inputs + 1u);
  s.outputs = GCUT_NEW_ARRAY(gcut_graph_arena(s.graph), uint32_t, c->node->n_outputs + 1u);
  if (s.inputs && s.outputs) add_inputs(&s);
  if (s.inputs && s.outputs && spell(&s))
    return gcut__cuda_lowered_create(c, s.graph, s.inputs, s.outputs, err);
  bool room = s.inputs && s.outputs;
  gcut_graph_destroy(s.graph);
  return room ? GCUT_OK : GCUT_NO_MEMORY(err);
}

uint32_t gcut__spell_input(const gcut__speller *s, uint32_t i) {
  return i < s->c->node->n_inputs ? s->inputs[i] : GCUT_NONE;
}

void gcut__spell_output(gcut__speller *s, uint32_t i, uint32_t value) {
  if (!gcut__cuda_output_type(s->c, i)) return;
  s->outputs[i] = value;
  gcut_graph_add_output(s->graph, 0, value);
}

// ---- operators ----------------------------------------------------------------------------------

void gcut__spell_many(gcut__speller *s, const char *op, const uint32_t *inputs, uint32_t n_inputs,
                      uint32_t *outputs, uint32_t n_outputs) {
  for (uint32_t i = 0; i < n_outputs; i++) outputs[i] = gcut_graph_add_value(s->graph, 0, "");
  while (n_inputs > 0 && inputs[n_inputs - 1] == GCUT_NONE) n_inputs--;
  gcut_node_spec spec = {.op_type = op,
                         .domain = s->domain,
                         .scope = GCUT_NONE,
                         .inputs = inputs,
                         .n_inputs = n_inputs,
                         .outputs = outputs,
                         .n_outputs = n_outputs,
                         .attributes = s->attributes,
                         .n_attributes = s->n_attributes};
  gcut_graph_add_node(s->graph, &spec);
  s->n_attributes = 0;
  s->domain = NULL;
}

uint32_t gcut__spell_op(gcut__speller *s, const char *op, const uint32_t *inputs, uint32_t n) {
  uint32_t output;
  gcut__spell_many(s, op, inputs, n, &output, 1);
  return output;
}

static gcut_attribute *next_attribute(gcut__speller *s, const char *name,
                                      gcut_attribute_kind kind) {
  assert(s->n_attributes < GCUT__SPELL_ATTRIBUTES);
  gcut_attribute *a = &s->attributes[s->n_attributes++];
  *a = (gcut_attribute){.name = name, .kind = kind, .n = 1};
  return a;
}

void gcut__spell_int(gcut__speller *s, const char *name, int64_t value) {
  next_attribute(s, name, GCUT_ATTRIBUTE_INT)->i = value;
}
void gcut__spell_float(gcut__speller *s, const char *name, float value) {
  next_attribute(s, name, GCUT_ATTRIBUTE_FLOAT)->f = value;
}
void gcut__spell_string(gcut__speller *s, const char *name, const char *value) {
  next_attribute(s, name, GCUT_ATTRIBUTE_STRING)->s = (gcut_string){value, strlen(value)};
}
void gcut__spell_ints(gcut__speller *s, const char *name, const int64_t *values, size_t n) {
  gcut_attribute *a = next_attribute(s, name, GCUT_ATTRIBUTE_INTS);
  a->ints = gcut_arena_copy(gcut_graph_arena(s->graph), values, n * sizeof *values);
  a->n = a->ints ? n : 0;
  if (!a->ints) gcut_graph_fail(s->graph, GCUT_NOMEM, "out of memory");
}

void gcut__spell_same(gcut__speller *s, const char *const *names) {
  for (; *names; names++) {
    const gcut_attribute *a = gcut_node_attribute(s->c->trace->graph, s->c->node, *names);
    if (a) *next_attribute(s, a->name, a->kind) = *a;
  }
}

// ---- constants ----------------------------------------------------------------------------------

static uint32_t add_constant(gcut__speller *s, int type, int rank, int64_t n, const void *data,
                             uint64_t bytes) {
  gcut_constant constant = {
      .name = "",
      .type = (gcut_dtype)type,
      .rank = rank,
      .dims = &n,
      .bytes = bytes,
      .file = GCUT_NONE,
      .data = bytes == 0 ? "" : gcut_arena_copy(gcut_graph_arena(s->graph), data, bytes)};
  uint32_t value = gcut_graph_add_value(s->graph, 0, "");
  if (!constant.data) gcut_graph_fail(s->graph, GCUT_NOMEM, "out of memory");
  gcut_graph_add_initializer(s->graph, 0, value, gcut_graph_add_constant(s->graph, &constant));
  return value;
}

uint32_t gcut__spell_numbers(gcut__speller *s, const int64_t *values, size_t n) {
  return add_constant(s, GCUT_INT64, 1, (int64_t)n, values, n * sizeof *values);
}

uint32_t gcut__spell_floats(gcut__speller *s, const float *values, size_t n) {
  return add_constant(s, GCUT_FLOAT, 1, (int64_t)n, values, n * sizeof *values);
}

uint32_t gcut__spell_scalar(gcut__speller *s, int type, double value) {
  float narrow = (float)value;
  int64_t whole = (int64_t)value;
  if (type == GCUT_DOUBLE) return add_constant(s, type, 0, 1, &value, sizeof value);
  if (type == GCUT_INT64) return add_constant(s, type, 0, 1, &whole, sizeof whole);
  uint32_t x = add_constant(s, GCUT_FLOAT, 0, 1, &narrow, sizeof narrow);
  return type == GCUT_FLOAT ? x : gcut__spell_cast(s, x, type);
}

// ---- types --------------------------------------------------------------------------------------

int gcut__spell_wide_type(int type) {
  return type == GCUT_FLOAT16 || type == GCUT_BFLOAT16 ? GCUT_FLOAT : type;
}

uint32_t gcut__spell_wide(gcut__speller *s, uint32_t i) {
  const gcut_type *type = gcut__cuda_input_type(s->c, i);
  uint32_t x = gcut__spell_input(s, i);
  if (!type || gcut__spell_wide_type(type->type) == type->type) return x;
  return gcut__spell_cast(s, x, GCUT_FLOAT);
}

void gcut__spell_narrow(gcut__speller *s, uint32_t i, uint32_t value) {
  const gcut_type *type = gcut__cuda_output_type(s->c, i);
  if (type && gcut__spell_wide_type(type->type) != type->type)
    value = gcut__spell_cast(s, value, type->type);
  gcut__spell_output(s, i, value);
}

// ---- what operators take most often -------------------------------------------------------------

uint32_t gcut__spell_cast(gcut__speller *s, uint32_t x, int type) {
  if (x == GCUT_NONE) return GCUT_NONE;
  gcut__spell_int(s, "to", type);
  return SPELL(s, "Cast", x);
}

uint32_t gcut__spell_reshape(gcut__speller *s, uint32_t x, const int64_t *dims, size_t rank) {
  gcut__spell_int(s, "allowzero", 1);
  uint32_t shape = gcut__spell_numbers(s, dims, rank);
  return SPELL(s, "Reshape", x, shape);
}

uint32_t gcut__spell_transpose(gcut__speller *s, uint32_t x, const int64_t *perm, size_t rank) {
  gcut__spell_ints(s, "perm", perm, rank);
  return SPELL(s, "Transpose", x);
}

void gcut__spell_split(gcut__speller *s, uint32_t x, int64_t axis, const int64_t *sizes, uint32_t n,
                       uint32_t *outputs) {
  uint32_t inputs[] = {x, gcut__spell_numbers(s, sizes, n)};
  gcut__spell_int(s, "axis", axis);
  gcut__spell_many(s, "Split", inputs, 2, outputs, n);
}

uint32_t gcut__spell_slice(gcut__speller *s, uint32_t x, int64_t axis, int64_t from, int64_t to) {
  uint32_t first = gcut__spell_numbers(s, &from, 1), end = gcut__spell_numbers(s, &to, 1),
           along = gcut__spell_numbers(s, &axis, 1);
  return SPELL(s, "Slice", x, first, end, along);
}

uint32_t gcut__spell_concat(gcut__speller *s, uint32_t a, uint32_t b, int64_t axis) {
  gcut__spell_int(s, "axis", axis);
  return SPELL(s, "Concat", a, b);
}

uint32_t gcut__spell_reduce(gcut__speller *s, const char *op, uint32_t x, const int64_t *axes,
                            size_t n) {
  uint32_t over = gcut__spell_numbers(s, axes, n);
  return SPELL(s, op, x, over);
}

uint32_t gcut__spell_silu(gcut__speller *s, uint32_t x) {
  uint32_t gate = SPELL(s, "Sigmoid", x);
  return SPELL(s, "Mul", x, gate);
}

uint32_t gcut__spell_activation(gcut__speller *s, uint32_t x, const gcut__fused_activation *f) {
  static const struct {
    const char *op;
    bool alpha, beta; // attributes that it has
  } known[] = {[GCUT__ACTIVATION_RELU] = {"Relu"},
               [GCUT__ACTIVATION_SIGMOID] = {"Sigmoid"},
               [GCUT__ACTIVATION_TANH] = {"Tanh"},
               [GCUT__ACTIVATION_LEAKY_RELU] = {"LeakyRelu", true},
               [GCUT__ACTIVATION_HARD_SIGMOID] = {"HardSigmoid", true, true},
               [GCUT__ACTIVATION_ELU] = {"Elu", true},
               [GCUT__ACTIVATION_SOFTPLUS] = {"Softplus"},
               [GCUT__ACTIVATION_SOFTSIGN] = {"Softsign"},
               [GCUT__ACTIVATION_THRESHOLDED_RELU] = {"ThresholdedRelu", true},
               [GCUT__ACTIVATION_GELU] = {"Gelu"},
               [GCUT__ACTIVATION_HARD_SWISH] = {"HardSwish"}};
  if (f->function == GCUT__ACTIVATION_NONE) return x;
  if (f->function == GCUT__ACTIVATION_SILU) return gcut__spell_silu(s, x);
  if (f->function == GCUT__ACTIVATION_CLIP) {
    int type = gcut__cuda_input_type(s->c, 0)->type;
    return SPELL(s, "Clip", x, gcut__spell_scalar(s, type, (double)f->alpha),
                 gcut__spell_scalar(s, type, (double)f->beta));
  }
  if (known[f->function].alpha) gcut__spell_float(s, "alpha", f->alpha);
  if (known[f->function].beta) gcut__spell_float(s, "beta", f->beta);
  return SPELL(s, known[f->function].op, x);
}
