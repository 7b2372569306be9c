// Gradient: reverse-mode differentiation of the part of the graph between the values 'xs' and 'zs'
// and the value 'y'. That part is run again on the node's inputs; then, from the last node to the
// first, each hands the gradient of its output on to its inputs, times its partial derivatives.
//
// Differentiated are the elementwise operators of the table below, broadcasting included. All other
// operators on the way are GCUT_UNSUPPORTED.
#include <math.h>

#include "exec/cpu/call.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/ops/typed.h"
#include "tracer/ops/optimizer.h"

// ---- derivatives ------------------------------------------------------------------------------

// The derivative of an element of the output, `y`, by its input `i`; x: the elements it was made
// of.
typedef double partial_function(const double *x, uint32_t i, double y);

#define PARTIAL(name, formula)                                                                     \
  static double name(const double *x, uint32_t i, double y) {                                      \
    (void)x, (void)i, (void)y;                                                                     \
    return (formula);                                                                              \
  }
PARTIAL(d_one, 1)
PARTIAL(d_sub, i == 0 ? 1 : -1)
PARTIAL(d_mul, x[1 - i])
PARTIAL(d_div, i == 0 ? 1 / x[1] : -x[0] / (x[1] * x[1]))
PARTIAL(d_pow, i == 0 ? x[1] * pow(x[0], x[1] - 1) : y * log(x[0]))
PARTIAL(d_neg, -1)
PARTIAL(d_abs, x[0] > 0 ? 1 : x[0] < 0 ? -1 : 0)
PARTIAL(d_exp, y)
PARTIAL(d_log, 1 / x[0])
PARTIAL(d_sqrt, 0.5 / y)
PARTIAL(d_reciprocal, -y *y)
PARTIAL(d_sigmoid, y *(1 - y))
PARTIAL(d_tanh, 1 - y * y)
PARTIAL(d_relu, x[0] > 0 ? 1 : 0)
PARTIAL(d_sin, cos(x[0]))
PARTIAL(d_cos, -sin(x[0]))

static const struct {
  const char *op_type;
  partial_function *partial;
} derivatives[] = {
    {"Abs", d_abs}, {"Add", d_one},      {"Cos", d_cos},         {"Div", d_div},
    {"Exp", d_exp}, {"Identity", d_one}, {"Log", d_log},         {"Mul", d_mul},
    {"Neg", d_neg}, {"Pow", d_pow},      {"Relu", d_relu},       {"Reciprocal", d_reciprocal},
    {"Sin", d_sin}, {"Sqrt", d_sqrt},    {"Sigmoid", d_sigmoid}, {"Sub", d_sub},
    {"Sum", d_one}, {"Tanh", d_tanh},
};

static partial_function *find_partial(const gcut_node *node) {
  if (*node->domain || node->version < 7) return NULL;
  for (size_t k = 0; k < sizeof derivatives / sizeof *derivatives; k++)
    if (strcmp(derivatives[k].op_type, node->op_type) == 0) return derivatives[k].partial;
  return NULL;
}

// ---- the part of the graph that is differentiated ---------------------------------------------

typedef struct pass {
  gcut__cpu_call *c;
  gcut__cpu_env env; // values of this run
  uint8_t *given;    // [n_values]: in xs or zs
  uint8_t *needed;   // [n_values]
  uint32_t *nodes;   // [n_nodes] in order
  uint32_t n_nodes;
  double **gradients; // [n_values]: as many as the value has elements; NULL where none arrived yet
} pass;

static gcut_status find_value(const pass *p, gcut_string name, uint32_t *out, gcut_error *err) {
  char *text = gcut_arena_string(p->c->scratch, name.data, name.size);
  if (!text) return GCUT_NO_MEMORY(err);
  *out = gcut_graph_find_value(p->c->graph, p->c->node->body, text);
  if (*out != GCUT_NONE) return GCUT_OK;
  return gcut__cpu_fail(p->c, GCUT_FORMAT, err, "no value is named '%.100s'", text);
}

static gcut_status bind_names(pass *p, gcut_strings names, uint32_t first_input, gcut_error *err) {
  for (uint32_t k = 0; k < names.n; k++) {
    uint32_t value;
    GCUT_TRY(find_value(p, names.data[k], &value, err));
    if (p->given[value])
      return gcut__cpu_fail(p->c, GCUT_FORMAT, err, "'%.200s' is named twice in 'xs' and 'zs'",
                            p->c->graph->values[value].name);
    p->given[value] = 1;
    gcut__cpu_env_set(&p->env, value, (gcut_tensor *)p->c->inputs[first_input + k]);
  }
  return GCUT_OK;
}

static bool makes_needed(const pass *p, const gcut_node *node) {
  const uint32_t *outputs = gcut_node_outputs(p->c->graph, node);
  for (uint32_t i = 0; i < node->n_outputs; i++)
    if (outputs[i] != GCUT_NONE && p->needed[outputs[i]] && !p->given[outputs[i]]) return true;
  return false;
}

static void need_inputs(pass *p, const gcut_node *node) {
  const uint32_t *inputs = gcut_node_inputs(p->c->graph, node);
  for (uint32_t i = 0; i < node->n_inputs; i++)
    if (inputs[i] != GCUT_NONE) p->needed[inputs[i]] = 1;
}

// Collects the nodes between the given values and y; the body has producers first.
static gcut_status collect_nodes(pass *p, uint32_t y, gcut_error *err) {
  const gcut_graph *graph = p->c->graph;
  const gcut_body *body = &graph->bodies[p->c->node->body];
  p->nodes = GCUT_NEW_ARRAY(p->c->scratch, uint32_t, body->n_nodes);
  if (!p->nodes) return GCUT_NO_MEMORY(err);
  p->needed[y] = 1;
  for (uint32_t k = body->n_nodes; k-- > 0;) {
    const gcut_node *node = &graph->nodes[body->nodes[k]];
    if (!makes_needed(p, node)) continue;
    if (!find_partial(node))
      return gcut__cpu_fail(p->c, GCUT_UNSUPPORTED, err, "no derivative of %.100s (node '%.200s')",
                            node->op_type, node->name);
    need_inputs(p, node);
    p->nodes[p->n_nodes++] = body->nodes[k];
  }
  return GCUT_OK;
}

// Every value that is read must be given, computed on the way, or a constant.
static gcut_status check_sources(const pass *p, gcut_error *err) {
  const gcut_graph *graph = p->c->graph;
  for (uint32_t v = 0; v < graph->n_values; v++) {
    const gcut_value *value = &graph->values[v];
    bool computed = value->producer != GCUT_NONE && value->body == p->c->node->body;
    if (p->needed[v] && !p->given[v] && !computed && value->constant == GCUT_NONE)
      return gcut__cpu_fail(p->c, GCUT_FORMAT, err, "'%.200s' is neither in 'xs' nor in 'zs'",
                            value->name);
  }
  return GCUT_OK;
}

// ---- backward ---------------------------------------------------------------------------------

static double element(const gcut_tensor *x, int64_t at) {
  gcut__row_buffer row;
  const void *loaded = gcut__row_load(x->type, x->data, at, 0, 1, &row);
  return gcut__row_double(gcut__class_of(x->type), loaded, 0);
}

static gcut_status gradient_of(pass *p, uint32_t value, double **out, gcut_error *err) {
  if (!p->gradients[value])
    p->gradients[value] = GCUT_NEW_ARRAY(p->c->scratch, double, p->env.values[value]->count);
  *out = p->gradients[value];
  return *out ? GCUT_OK : GCUT_NO_MEMORY(err);
}

static gcut_status check_floats(const pass *p, const gcut_node *node, gcut_error *err) {
  const uint32_t *inputs = gcut_node_inputs(p->c->graph, node);
  for (uint32_t i = 0; i < node->n_inputs; i++)
    if (!(GCUT_FLOATS_STANDARD >> p->env.values[inputs[i]]->type & 1))
      return gcut__cpu_fail(p->c, GCUT_UNSUPPORTED, err, "no derivative by a tensor of %s",
                            gcut_dtype_name(p->env.values[inputs[i]]->type));
  return GCUT_OK;
}

// Operands of the walk: the output, then the inputs.
static void hand_on_row(pass *p, const gcut_node *node, const gcut__walk *walk, double *x) {
  const uint32_t *inputs = gcut_node_inputs(p->c->graph, node);
  uint32_t output = gcut_node_outputs(p->c->graph, node)[0];
  partial_function *partial = find_partial(node);
  for (int64_t k = 0; k < walk->inner; k++) {
    int64_t at = walk->offsets[0] + k * walk->steps[0];
    double y = element(p->env.values[output], at), g = p->gradients[output][at];
    for (uint32_t i = 0; i < node->n_inputs; i++)
      x[i] = element(p->env.values[inputs[i]], walk->offsets[i + 1] + k * walk->steps[i + 1]);
    for (uint32_t i = 0; i < node->n_inputs; i++)
      p->gradients[inputs[i]][walk->offsets[i + 1] + k * walk->steps[i + 1]] +=
          g * partial(x, i, y);
  }
}

static gcut_status hand_on(pass *p, const gcut_node *node, gcut_error *err) {
  const uint32_t *inputs = gcut_node_inputs(p->c->graph, node);
  uint32_t output = gcut_node_outputs(p->c->graph, node)[0];
  if (output == GCUT_NONE || !p->gradients[output]) return GCUT_OK; // y does not depend on it
  GCUT_TRY(check_floats(p, node, err));
  const gcut_tensor *y = p->env.values[output];
  gcut__walk *walk;
  double *x = GCUT_NEW_ARRAY(p->c->scratch, double, node->n_inputs), *gradient;
  if (!x) return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut__walk_create(p->c->scratch, y->rank, y->dims, node->n_inputs + 1, &walk, err));
  gcut__walk_broadcast(walk, 0, y->rank, y->dims);
  for (uint32_t i = 0; i < node->n_inputs; i++) {
    const gcut_tensor *input = p->env.values[inputs[i]];
    GCUT_TRY(gradient_of(p, inputs[i], &gradient, err));
    gcut__walk_broadcast(walk, i + 1, input->rank, input->dims);
  }
  for (bool more = gcut__walk_start(walk); more; more = gcut__walk_next(walk))
    hand_on_row(p, node, walk, x);
  return GCUT_OK;
}

// ---- kernel -----------------------------------------------------------------------------------

static void write_gradient(gcut_tensor *y, const double *gradient) {
  gcut__row_buffer row;
  for (uint64_t k = 0; k < y->count; k++) {
    double value = gradient ? gradient[k] : 0;
    if (gcut__class_of(y->type) == GCUT__CLASS_f)
      row.f[0] = (float)value;
    else
      row.d[0] = value;
    gcut__row_store(y->type, y->data, (int64_t)k, 1, &row);
  }
}

static gcut_status differentiate(pass *p, uint32_t y, gcut_error *err) {
  const gcut_graph *graph = p->c->graph;
  double *gradient;
  for (uint32_t k = p->n_nodes; k-- > 0;)
    GCUT_TRY(gcut__cpu_run_node(p->c->private_state, &p->env, p->nodes[k], err));
  if (!p->env.values[y])
    return gcut__cpu_fail(p->c, GCUT_FORMAT, err, "'y' is not computed from 'xs'");
  GCUT_TRY(gradient_of(p, y, &gradient, err));
  for (uint64_t k = 0; k < p->env.values[y]->count; k++) gradient[k] = 1;
  for (uint32_t k = 0; k < p->n_nodes; k++) GCUT_TRY(hand_on(p, &graph->nodes[p->nodes[k]], err));
  return GCUT_OK;
}

static gcut_status run(pass *p, gcut_error *err) {
  const gcut__gradient_attrs *attrs = p->c->attrs;
  uint32_t y;
  GCUT_TRY(bind_names(p, attrs->xs, 0, err));
  GCUT_TRY(bind_names(p, attrs->zs, (uint32_t)attrs->xs.n, err));
  GCUT_TRY(find_value(p, attrs->y, &y, err));
  GCUT_TRY(collect_nodes(p, y, err));
  GCUT_TRY(check_sources(p, err));
  GCUT_TRY(differentiate(p, y, err));
  for (uint32_t i = 0; i < p->c->n_outputs; i++) {
    uint32_t x;
    GCUT_TRY(find_value(p, attrs->xs.data[i], &x, err));
    if (p->c->outputs[i]) write_gradient(p->c->outputs[i], p->gradients[x]);
  }
  return GCUT_OK;
}

gcut_status gcut__cpu_gradient(gcut__cpu_call *c, gcut_error *err) {
  const gcut_graph *graph = c->graph;
  pass p = {.c = c};
  p.given = GCUT_NEW_ARRAY(c->scratch, uint8_t, graph->n_values);
  p.needed = GCUT_NEW_ARRAY(c->scratch, uint8_t, graph->n_values);
  p.gradients = GCUT_NEW_ARRAY(c->scratch, double *, graph->n_values);
  if (!p.given || !p.needed || !p.gradients) return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut__cpu_env_create(graph, &p.env, err));
  gcut_status status = run(&p, err);
  gcut__cpu_env_free(&p.env);
  return status;
}
