// Plan files match docs/plan.schema.json, by a validator of the keywords that it uses.
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "graphcut/plan.h"
#include "tests/support/check.h"
#include "tests/support/plan_check.h"
#include "tests/support/random_graph.h"
#include "tests/support/toy.h"

static const char *type_name(const json_t *value) {
  static const char *const names[] = {
      [JSON_OBJECT] = "object",   [JSON_ARRAY] = "array", [JSON_STRING] = "string",
      [JSON_INTEGER] = "integer", [JSON_REAL] = "number", [JSON_TRUE] = "boolean",
      [JSON_FALSE] = "boolean",   [JSON_NULL] = "null"};
  return names[json_typeof(value)];
}

static bool type_fits(const json_t *type, const json_t *value) {
  size_t i;
  json_t *item;
  if (json_is_string(type)) return !strcmp(json_string_value(type), type_name(value));
  json_array_foreach(type, i, item) if (type_fits(item, value)) return true;
  return false;
}

// The keywords that docs/plan.schema.json uses, and no others.
static bool valid(const json_t *root, const json_t *schema, const json_t *value) {
  const char *key;
  json_t *rule, *item;
  size_t i;
  json_object_foreach((json_t *)schema, key, rule) {
    bool ok = true;
    if (!strcmp(key, "type")) {
      ok = type_fits(rule, value);
    } else if (!strcmp(key, "const")) {
      ok = json_equal(rule, value);
    } else if (!strcmp(key, "minimum")) {
      ok = !json_is_integer(value) || json_integer_value(value) >= json_integer_value(rule);
    } else if (!strcmp(key, "minItems")) {
      ok = json_array_size(value) >= (size_t)json_integer_value(rule);
    } else if (!strcmp(key, "pattern")) { // there is one
      assert_string_equal(json_string_value(rule), "^[0-9a-f]{16}$");
      ok = json_string_length(value) == 16 &&
           strspn(json_string_value(value), "0123456789abcdef") == 16;
    } else if (!strcmp(key, "required")) {
      json_array_foreach(rule, i, item) ok &=
          json_object_get(value, json_string_value(item)) != NULL;
    } else if (!strcmp(key, "items")) {
      json_array_foreach(value, i, item) ok &= valid(root, rule, item);
    } else if (!strcmp(key, "additionalProperties")) {
      const char *name;
      const json_t *known = json_object_get(schema, "properties");
      assert_true(json_is_false(rule));
      json_object_foreach((json_t *)value, name, item) ok &= json_object_get(known, name) != NULL;
    } else if (!strcmp(key, "properties")) {
      const char *name;
      json_t *property;
      json_object_foreach(rule, name, property) {
        item = json_object_get(value, name);
        ok &= !item || valid(root, property, item);
      }
    } else if (!strcmp(key, "$ref")) {
      assert_string_equal(json_string_value(rule), "#/$defs/nodes");
      ok = valid(root, json_object_get(json_object_get(root, "$defs"), "nodes"), value);
    } else if (strcmp(key, "$schema") && strcmp(key, "title") && strcmp(key, "description") &&
               strcmp(key, "$defs")) {
      fail_msg("the schema uses '%s', which this test does not know", key);
    }
    if (!ok) return false;
  }
  return true;
}

// The file that a cut is written to.
static json_t *written(const gcut_trace *t, const gcut_cut_options *options) {
  char path[] = "/tmp/graphcut-schema-XXXXXX";
  gcut_plan *plan;
  json_error_t why;
  assert_ok(gcut_plan_create(t, options, &plan, err));
  close(mkstemp(path));
  assert_ok(gcut_plan_write(t, plan, path, err));
  json_t *file = json_load_file(path, 0, &why);
  if (!file) fail_msg("%s", why.text);
  unlink(path);
  gcut_plan_destroy(plan);
  return file;
}

static json_t *load_rules(void) {
  json_error_t why;
  json_t *rules = json_load_file("docs/plan.schema.json", 0, &why);
  if (!rules) fail_msg("docs/plan.schema.json: %s", why.text);
  return rules;
}

static void every_cutter_keeps_to_it(void **state) {
  (void)state;
  static const char *const target = "Add", *const ignored = "n3";
  const gcut_cut_options cuts[] = {
      {.targets = &target, .n_targets = 1, .ignore = &ignored, .n_ignore = 1},
      {.budget = 4000},
      {.n_parts = 3, .cutter = "balanced"},
      {.targets = &target, .n_targets = 1, .targets_per_part = 2, .unrefined = true}};
  uint64_t seed = 29;
  gcut_trace *t = toy_trace(random_graph(&seed, 40), 3);
  json_t *rules = load_rules();
  for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
    json_t *file = written(t, &cuts[i]);
    assert_true(valid(rules, rules, file));
    json_decref(file);
  }
  json_decref(rules);
  plan_release(t);
}

// Nodes of one name are written by their places.
static void places_keep_to_it(void **state) {
  (void)state;
  static const int64_t shape[] = {0, 4};
  gcut_graph *g = toy_begin();
  toy_input(g, "x", 2, shape);
  toy_node(g, 0, "twin", "Abs", "x", "a");
  toy_node(g, 0, "twin", "Exp", "a", "b");
  toy_output(g, "b");
  gcut_trace *t = toy_trace(g, 3);
  json_t *rules = load_rules(), *file = written(t, NULL);
  json_t *nodes = json_object_get(json_array_get(json_object_get(file, "parts"), 0), "nodes");
  assert_true(json_is_integer(json_array_get(nodes, 0)) ||
              json_is_integer(json_array_get(nodes, 1)));
  assert_true(valid(rules, rules, file));
  json_decref(file);
  json_decref(rules);
  plan_release(t);
}

static void others_do_not(void **state) {
  (void)state;
  uint64_t seed = 31;
  gcut_trace *t = toy_trace(random_graph(&seed, 20), 3);
  json_t *rules = load_rules(), *file = written(t, NULL);
  json_object_set_new(file, "version", json_integer(2));
  assert_false(valid(rules, rules, file));
  json_object_set_new(file, "version", json_integer(1));
  assert_true(valid(rules, rules, file));
  json_object_set_new(file, "fingerprint", json_string("0123456789ABCDEF"));
  assert_false(valid(rules, rules, file));
  json_object_set_new(file, "fingerprint", json_string("0123456789abcdef"));
  json_object_set_new(file, "part", json_array());
  assert_false(valid(rules, rules, file));
  json_object_del(file, "part");
  json_object_set_new(json_array_get(json_object_get(file, "parts"), 0), "nodes", json_true());
  assert_false(valid(rules, rules, file));
  json_object_set_new(file, "parts", json_array());
  assert_false(valid(rules, rules, file));
  json_object_del(file, "parts");
  assert_false(valid(rules, rules, file));
  json_decref(file);
  json_decref(rules);
  plan_release(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_cutter_keeps_to_it),
      cmocka_unit_test(places_keep_to_it),
      cmocka_unit_test(others_do_not),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
