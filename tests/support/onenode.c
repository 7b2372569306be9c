#include "tests/support/onenode.h"

#include "exec/cpu/call.h"
#include "tracer/base/error.h"
#include "tracer/build.h"

onenode onenode_make(const char *op_type, int64_t version) {
  return (onenode){.op_type = op_type, .version = version, .n_outputs = 1};
}

static gcut_attribute *next_attribute(onenode *n, const char *name, gcut_attribute_kind kind) {
  assert_true(n->n_attributes < ONENODE_MAX);
  gcut_attribute *a = &n->attributes[n->n_attributes++];
  *a = (gcut_attribute){.name = name, .kind = kind, .n = 1};
  return a;
}

void onenode_int(onenode *n, const char *name, int64_t value) {
  next_attribute(n, name, GCUT_ATTRIBUTE_INT)->i = value;
}

void onenode_float(onenode *n, const char *name, float value) {
  next_attribute(n, name, GCUT_ATTRIBUTE_FLOAT)->f = value;
}

void onenode_string(onenode *n, const char *name, const char *value) {
  next_attribute(n, name, GCUT_ATTRIBUTE_STRING)->s = (gcut_string){value, strlen(value)};
}

void onenode_ints(onenode *n, const char *name, size_t count, const int64_t *values) {
  gcut_attribute *a = next_attribute(n, name, GCUT_ATTRIBUTE_INTS);
  a->n = count;
  a->ints = values;
}

void onenode_input(onenode *n, gcut_dtype type, int rank, const int64_t *dims, const void *data) {
  assert_true(n->n_inputs < ONENODE_MAX);
  gcut_tensor *t;
  assert_ok(gcut_tensor_create(type, rank, dims, &t, err));
  n->inputs[n->n_inputs++] = t;
  if (type != GCUT_STRING && t->bytes > 0) memcpy(t->data, data, t->bytes);
  for (uint64_t i = 0; type == GCUT_STRING && i < t->count; i++) {
    const char *text = ((const char *const *)data)[i];
    assert_ok(gcut_tensor_set_string(t, i, text, strlen(text), err));
  }
}

void onenode_absent(onenode *n) {
  assert_true(n->n_inputs < ONENODE_MAX);
  n->inputs[n->n_inputs++] = NULL;
}

static gcut_status build(const onenode *n, gcut_graph **out_graph, uint32_t *outputs,
                         gcut_error *err) {
  uint32_t inputs[ONENODE_MAX];
  GCUT_TRY(gcut_graph_create(out_graph, err));
  gcut_graph *g = *out_graph;
  gcut_graph_add_opset(g, n->domain ? n->domain : "", n->version);
  for (uint32_t i = 0; i < n->n_inputs; i++)
    inputs[i] =
        n->inputs[i] ? gcut_graph_add_input(g, 0, gcut_graph_add_value(g, 0, "")) : GCUT_NONE;
  for (uint32_t i = 0; i < n->n_outputs; i++) outputs[i] = gcut_graph_add_value(g, 0, "");
  gcut_node_spec spec = {.name = "node",
                         .op_type = n->op_type,
                         .domain = n->domain,
                         .inputs = inputs,
                         .n_inputs = n->n_inputs,
                         .outputs = outputs,
                         .n_outputs = n->n_outputs,
                         .attributes = n->attributes,
                         .n_attributes = n->n_attributes};
  gcut_graph_add_node(g, &spec);
  return gcut_graph_finish(g, err);
}

static gcut_status run(onenode *n, const gcut_graph *g, const uint32_t *outputs,
                       gcut__cpu_runner *runner, gcut_error *err) {
  gcut__cpu_env env;
  GCUT_TRY(gcut__cpu_env_create(g, &env, err));
  for (uint32_t i = 0; i < n->n_inputs; i++)
    if (n->inputs[i]) gcut__cpu_env_set(&env, gcut_node_inputs(g, g->nodes)[i], n->inputs[i]);
  gcut_status status = gcut__cpu_run_node(runner, &env, 0, err);
  for (uint32_t i = 0; i < n->n_outputs && status == GCUT_OK; i++)
    n->outputs[i] = gcut_tensor_ref(env.values[outputs[i]]);
  gcut__cpu_env_free(&env);
  return status;
}

static void drop_outputs(onenode *n) {
  for (uint32_t i = 0; i < ONENODE_MAX; i++) {
    gcut_tensor_unref(n->outputs[i]);
    n->outputs[i] = NULL;
  }
}

gcut_status onenode_run(onenode *n, gcut_error *err) {
  gcut_graph *g = NULL;
  gcut__cpu_runner *runner = NULL;
  uint32_t outputs[ONENODE_MAX];
  drop_outputs(n);
  gcut_status status = build(n, &g, outputs, err);
  if (status == GCUT_OK) status = gcut__cpu_runner_create(&runner, err);
  if (status == GCUT_OK) status = run(n, g, outputs, runner, err);
  gcut__cpu_runner_destroy(runner);
  gcut_graph_destroy(g);
  return status;
}

void onenode_free(onenode *n) {
  drop_outputs(n);
  for (uint32_t i = 0; i < n->n_inputs; i++) gcut_tensor_unref(n->inputs[i]);
  n->n_inputs = 0;
}

void onenode_expect(const onenode *n, uint32_t output, gcut_dtype type, uint64_t count,
                    const void *data) {
  const gcut_tensor *t = n->outputs[output];
  assert_non_null(t);
  assert_string_equal(gcut_dtype_name(t->type), gcut_dtype_name(type));
  assert_int_equal(t->count, count);
  if (type != GCUT_STRING) {
    if (t->bytes > 0) assert_memory_equal(t->data, data, t->bytes);
    return;
  }
  for (uint64_t i = 0; i < count; i++) {
    gcut_string s = ((const gcut_string *)t->data)[i];
    const char *text = ((const char *const *)data)[i];
    assert_int_equal(s.size, strlen(text));
    assert_memory_equal(s.data, text, s.size);
  }
}
