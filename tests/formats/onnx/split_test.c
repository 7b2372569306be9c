// Models split into parts: each part says what the plan and the trace say, reads the same weights,
// and the parts one after another give the bits of the whole.
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graphcut/formats.h"
#include "graphcut/run.h"
#include "tests/support/check.h"
#include "tests/support/folder.h"

#define LLAMA "examples/models/llama/"

// ---- a model and its plan ---------------------------------------------------------------------

typedef struct model {
  gcut_graph *graph;
  gcut_trace *trace;
  gcut_plan *plan;
} model;

// `target` NULL: one part.
static model open_model(const char *path, const char *target) {
  model m;
  gcut_cut_options cut = {.targets = &target, .n_targets = 1};
  assert_ok(gcut_graph_read(path, NULL, &m.graph, err));
  assert_ok(gcut_graph_verify(m.graph, err));
  assert_ok(gcut_trace_folded(m.graph, NULL, &m.trace, err));
  if (target)
    assert_ok(gcut_plan_create(m.trace, &cut, &m.plan, err));
  else
    assert_ok(gcut_plan_whole(m.trace, NULL, &m.plan, err));
  return m;
}

static void close_model(model *m) {
  gcut_plan_destroy(m->plan);
  gcut_trace_destroy(m->trace);
  gcut_graph_destroy(m->graph);
}

// ---- running ----------------------------------------------------------------------------------

typedef struct runner {
  const model *m;
  gcut_batch *values; // read from, and added to
} runner;

static gcut_status read_inputs(void *context, size_t batch, gcut_tensor **inputs, gcut_error *err) {
  const runner *r = context;
  const gcut_body *b = &r->m->graph->bodies[0];
  (void)batch;
  (void)err;
  for (uint32_t i = 0; i < b->n_inputs; i++) {
    gcut_tensor *found = gcut_batch_find(r->values, r->m->graph->values[b->inputs[i]].name);
    if (found) inputs[i] = gcut_tensor_ref(found);
  }
  return GCUT_OK;
}

static gcut_status keep_outputs(void *context, size_t batch, gcut_tensor *const *outputs,
                                gcut_error *err) {
  runner *r = context;
  (void)batch;
  for (uint32_t i = 0; i < r->m->plan->n_fetches; i++) {
    gcut_tensor *copy;
    const gcut_tensor *from = outputs[i];
    gcut_status status =
        gcut_tensor_create_uninitialized(from->type, from->rank, from->dims, &copy, err);
    if (status != GCUT_OK) return status;
    if (from->bytes > 0) memcpy(copy->data, from->data, from->bytes);
    const char *name = r->m->graph->values[r->m->plan->fetches[i]].name;
    if (!gcut_batch_find(r->values, name)) status = gcut_batch_add(r->values, name, copy, err);
    gcut_tensor_unref(copy);
    if (status != GCUT_OK) return status;
  }
  return GCUT_OK;
}

static void run_model(const model *m, gcut_batch *values) {
  runner r = {m, values};
  gcut_source source = {.read = read_inputs, .context = &r, .n_batches = 1};
  gcut_sink sink = {.write = keep_outputs, .context = &r};
  gcut_run_options options = {.offload = "resident"};
  gcut_run_result result;
  assert_ok(gcut_run(m->graph, m->plan, &options, &source, &sink, &result, err));
}

static void expect_same_outputs(const model *whole, const gcut_batch *a, const gcut_batch *b) {
  for (uint32_t i = 0; i < whole->plan->n_fetches; i++) {
    const char *name = whole->graph->values[whole->plan->fetches[i]].name;
    const gcut_tensor *x = gcut_batch_find(a, name), *y = gcut_batch_find(b, name);
    if (!x || !y || !gcut_tensor_equal(x, y)) fail_msg("output '%s' differs", name);
  }
}

// ---- what a part says -------------------------------------------------------------------------

static void expect_same_value(const model *m, uint32_t value, const model *part, uint32_t found) {
  char expected[500], actual[500];
  assert_string_equal(part->graph->values[found].name, m->graph->values[value].name);
  gcut_trace_format(m->trace, value, expected, sizeof expected);
  gcut_type_format(part->graph, &part->graph->values[found].declared, actual, sizeof actual);
  assert_string_equal(actual, expected);
}

static void expect_same_weights(const model *m, const model *part) {
  const gcut_body *b = &part->graph->bodies[0];
  for (uint32_t i = 0; i < b->n_initializers; i++) {
    const gcut_value *v = &part->graph->values[b->initializers[i]];
    const gcut_constant *found = &part->graph->constants[v->constant];
    uint32_t value = gcut_graph_find_value(m->graph, 0, v->name);
    assert_int_not_equal(value, GCUT_NONE);
    const gcut_constant *expected = m->trace->facts[value].constant;
    assert_non_null(expected);
    assert_int_equal(found->type, expected->type);
    assert_int_equal(found->rank, expected->rank);
    assert_int_equal(found->bytes, expected->bytes);
    assert_memory_equal(found->dims, expected->dims, (size_t)found->rank * sizeof *found->dims);
    if (found->bytes > 0) assert_memory_equal(found->data, expected->data, found->bytes);
    assert_int_equal(found->bytes >= 1024, *part->graph->files[found->file].location != '\0');
  }
}

static void expect_part(const model *m, uint32_t index, const model *part) {
  const gcut_part *p = &m->plan->parts[index];
  const gcut_body *b = &part->graph->bodies[0];
  assert_int_equal(b->n_nodes, p->n_nodes);
  assert_int_equal(b->n_inputs, p->n_inputs);
  assert_int_equal(b->n_outputs, p->n_outputs);
  for (uint32_t i = 0; i < p->n_inputs; i++) expect_same_value(m, p->inputs[i], part, b->inputs[i]);
  for (uint32_t i = 0; i < p->n_outputs; i++)
    expect_same_value(m, p->outputs[i], part, b->outputs[i]);
  for (uint32_t i = 0; i < p->n_nodes; i++) {
    const gcut_node *x = &m->graph->nodes[p->nodes[i]], *y = &part->graph->nodes[b->nodes[i]];
    assert_string_equal(y->name, x->name);
    assert_string_equal(y->op_type, x->op_type);
    assert_string_equal(part->graph->scopes[y->scope].path, m->graph->scopes[x->scope].path);
    assert_string_equal(part->graph->scopes[y->scope].class_name,
                        m->graph->scopes[x->scope].class_name);
    assert_int_equal(y->n_metadata, x->n_metadata);
  }
  assert_int_equal(part->graph->n_opsets, m->graph->n_opsets);
  expect_same_weights(m, part);
}

// Splits into a folder, reads the parts back and runs them one after another.
static void check_split(const model *m, const char *where, const gcut_split_options *options,
                        gcut_batch *values) {
  assert_ok(gcut_plan_split(m->trace, m->plan, where, options, err));
  for (uint32_t i = 0; i < m->plan->n_parts; i++) {
    char path[400];
    snprintf(path, sizeof path, "%s/part_%03u.onnx", where, i);
    model part = open_model(path, NULL);
    expect_part(m, i, &part);
    run_model(&part, values);
    close_model(&part);
  }
}

static void check_llama(const char *target, const char *where, uint32_t least) {
  model m = open_model(LLAMA "model.onnx", target);
  gcut_batch whole, parts;
  assert_true(m.plan->n_parts >= least);
  assert_ok(gcut_npz_read(LLAMA "inputs.npz", &whole, err));
  assert_ok(gcut_npz_read(LLAMA "inputs.npz", &parts, err));
  run_model(&m, &whole);
  check_split(&m, where, NULL, &parts);
  expect_same_outputs(&m, &whole, &parts);
  gcut_batch_free(&whole);
  gcut_batch_free(&parts);
  close_model(&m);
}

static void layers_chain_to_the_whole(void **state) {
  (void)state;
  char where[300];
  check_llama("LlamaDecoderLayer", keep_in_folder("layers", where), 5);
}

static void products_chain_to_the_whole(void **state) {
  (void)state;
  char where[300];
  check_llama("MatMul", keep_in_folder("products", where), 20);
}

// ---- where weights go -------------------------------------------------------------------------

static struct stat stat_of(const char *where, const char *name) {
  char path[400];
  struct stat info;
  snprintf(path, sizeof path, "%s/%s", where, name);
  if (stat(path, &info) != 0) fail_msg("%s is not there", path);
  return info;
}

// A model whose weights are in a file beside it.
static model make_external(const char *name, const char *target, char where[300]) {
  char from[400], to[400];
  model m = open_model(LLAMA "model.onnx", NULL);
  assert_ok(gcut_plan_split(m.trace, m.plan, keep_in_folder(name, where), NULL, err));
  close_model(&m);
  snprintf(from, sizeof from, "%s/part_000.onnx", where);
  snprintf(to, sizeof to, "%s/model.onnx", where);
  assert_int_equal(rename(from, to), 0);
  return open_model(to, target);
}

static void check_external(const char *source, const char *destination, bool pack) {
  char from[300], to[300];
  model m = make_external(source, "LlamaDecoderLayer", from);
  struct stat before = stat_of(from, "weights.bin");
  gcut_batch whole, parts;
  gcut_split_options options = {.pack = pack};
  assert_ok(gcut_npz_read(LLAMA "inputs.npz", &whole, err));
  assert_ok(gcut_npz_read(LLAMA "inputs.npz", &parts, err));
  run_model(&m, &whole);
  check_split(&m, keep_in_folder(destination, to), &options, &parts);
  expect_same_outputs(&m, &whole, &parts);
  struct stat after = stat_of(from, "weights.bin"), copy = stat_of(to, "weights.bin");
  assert_int_equal(after.st_ino, before.st_ino);
  assert_int_equal(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
  if (!pack) assert_int_equal(copy.st_size, before.st_size);
  gcut_batch_free(&whole);
  gcut_batch_free(&parts);
  close_model(&m);
}

static void external_weights_stay_in_place(void **state) {
  (void)state;
  check_external("place", "place", false);
}

static void external_weights_are_cloned_elsewhere(void **state) {
  (void)state;
  check_external("source", "clone", false);
}

static void external_weights_are_packed(void **state) {
  (void)state;
  check_external("unpacked", "packed", true);
}

static void never_writes_over_its_source(void **state) {
  (void)state;
  char where[300], from[400], to[400];
  gcut_split_options pack = {.pack = true};
  model m = make_external("own", NULL, where);
  struct stat before = stat_of(where, "weights.bin");
  assert_ok(gcut_plan_split(m.trace, m.plan, where, &pack, err));
  assert_int_equal(stat_of(where, "weights_1.bin").st_size, before.st_size);
  assert_int_equal(stat_of(where, "weights.bin").st_mtim.tv_nsec, before.st_mtim.tv_nsec);
  close_model(&m);
  snprintf(from, sizeof from, "%s/model.onnx", where);
  snprintf(to, sizeof to, "%s/part_000.onnx", where);
  assert_int_equal(rename(from, to), 0);
  m = open_model(to, NULL);
  assert_fails(gcut_plan_split(m.trace, m.plan, where, NULL, err), GCUT_ARGUMENT, "part_000.onnx");
  close_model(&m);
}

// A model without its data file: the parts name it, and leave its name to it.
static void missing_weights_keep_their_name(void **state) {
  (void)state;
  char from[300], to[300], path[400];
  model m = make_external("missing", NULL, from);
  close_model(&m);
  snprintf(path, sizeof path, "%s/weights.bin", from);
  assert_int_equal(unlink(path), 0);
  snprintf(path, sizeof path, "%s/model.onnx", from);
  m = open_model(path, "LlamaDecoderLayer");
  assert_ok(gcut_plan_split(m.trace, m.plan, keep_in_folder("missed", to), NULL, err));
  snprintf(path, sizeof path, "%s/weights.bin", to);
  assert_int_equal(access(path, F_OK), -1);
  snprintf(path, sizeof path, "%s/part_001.onnx", to);
  model part = open_model(path, NULL);
  uint32_t n = 0;
  for (uint32_t i = 0; i < part.graph->n_files; i++)
    n += !part.graph->files[i].data && !strcmp(part.graph->files[i].location, "weights.bin");
  assert_int_equal(n, 1);
  close_model(&part);
  close_model(&m);
}

// ---- bodies and constants ---------------------------------------------------------------------

// A body reads a value of an earlier part, a weight, a Constant node's result and a folded one;
// an output is a weight, another an input.
static const char bodies[] =
    "<ir_version: 9, opset_import: [\"\": 18]>\n"
    "g (float[n, 2] x, bool c) => (float[n, 2] y, float[2] w, float[2] w, float[n, 2] x) <\n"
    "  float[2] w = {1, -0.5}\n"
    "> {\n"
    "  [a] h = Neg (x)\n"
    "  [b] k = Constant <value: tensor = float[2] {3, 4}> ()\n"
    "  [f] kk = Add (k, w)\n"
    "  [i] y = If (c) <then_branch: graph = t () => (r) {\n"
    "    [t1] s = Add (h, w)\n"
    "    [t2] r = Mul (s, kk)\n"
    "  }, else_branch: graph = e () => (q) <float[2] v = {5, 6}> {\n"
    "    [e1] p = Add (h, v)\n"
    "    [e2] q = Mul (p, k)\n"
    "  }>\n"
    "}\n";

static void bodies_read_what_they_capture(void **state) {
  (void)state;
  model m;
  char where[300], path[400];
  assert_ok(gcut_gcir_parse(bodies, sizeof bodies - 1, "bodies.gcir", NULL, &m.graph, err));
  assert_ok(gcut_trace_folded(m.graph, NULL, &m.trace, err));
  uint32_t first = gcut_graph_find_node(m.graph, "a"), second = gcut_graph_find_node(m.graph, "i");
  gcut_part_spec parts[] = {{.name = "first", .nodes = &first, .n_nodes = 1},
                            {.name = "second", .nodes = &second, .n_nodes = 1}};
  gcut_plan_spec spec = {.parts = parts, .n_parts = 2};
  assert_ok(gcut_plan_build(m.trace, &spec, &m.plan, err));
  gcut_batch whole = {0}, found = {0};
  gcut_tensor *x, *c;
  assert_ok(gcut_tensor_create(GCUT_FLOAT, 2, (int64_t[]){1, 2}, &x, err));
  assert_ok(gcut_tensor_create(GCUT_BOOL, 0, NULL, &c, err));
  ((float *)x->data)[1] = 7;
  for (int turn = 0; turn < 2; turn++) {
    *(uint8_t *)c->data = (uint8_t)turn;
    gcut_batch *both[] = {&whole, &found};
    for (int i = 0; i < 2; i++) {
      assert_ok(gcut_batch_add(both[i], "x", x, err));
      assert_ok(gcut_batch_add(both[i], "c", c, err));
    }
    run_model(&m, &whole);
    assert_ok(gcut_plan_split(m.trace, m.plan, keep_in_folder("bodies", where), NULL, err));
    for (int i = 0; i < 2; i++) {
      snprintf(path, sizeof path, "%s/part_00%d.onnx", where, i);
      model part = open_model(path, NULL);
      if (i == 1) assert_int_equal(part.graph->bodies[0].n_outputs, 2); // y, and w once
      run_model(&part, &found);
      close_model(&part);
    }
    expect_same_outputs(&m, &whole, &found);
    gcut_batch_free(&whole);
    gcut_batch_free(&found);
  }
  gcut_tensor_unref(x);
  gcut_tensor_unref(c);
  close_model(&m);
}

static void refuses_folders_that_cannot_be(void **state) {
  (void)state;
  char where[300];
  model m = open_model(LLAMA "model.onnx", NULL);
  assert_fails(gcut_plan_split(m.trace, m.plan, keep_in_folder("no/where", where), NULL, err),
               GCUT_IO, "no/where");
  assert_fails(gcut_plan_split(m.trace, m.plan, LLAMA "inputs.npz", NULL, err), GCUT_IO,
               "inputs.npz");
  close_model(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(layers_chain_to_the_whole),
      cmocka_unit_test(products_chain_to_the_whole),
      cmocka_unit_test(external_weights_stay_in_place),
      cmocka_unit_test(external_weights_are_cloned_elsewhere),
      cmocka_unit_test(external_weights_are_packed),
      cmocka_unit_test(never_writes_over_its_source),
      cmocka_unit_test(missing_weights_keep_their_name),
      cmocka_unit_test(bodies_read_what_they_capture),
      cmocka_unit_test(refuses_folders_that_cannot_be),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
