// Maps of ai.onnx.ml, which files of test data hardly ever hold: expected values are what ONNX
// Runtime gives for the same dictionaries.
#include "tests/support/onenode.h"

static onenode make(const char *op_type) {
  onenode n = onenode_make(op_type, 1);
  n.domain = "ai.onnx.ml";
  return n;
}

static void set_strings(onenode *n, const char *name, size_t count, const gcut_string *strings) {
  n->attributes[n->n_attributes++] = (gcut_attribute){
      .name = name, .kind = GCUT_ATTRIBUTE_STRINGS, .n = count, .strings = strings};
}

// Makes the two vectors that are the node's inputs its one input, a map.
static void map_of(onenode *n) {
  gcut_tensor *map;
  assert_ok(gcut_tensor_map(n->inputs[0], n->inputs[1], &map, err));
  gcut_tensor_unref(n->inputs[0]);
  gcut_tensor_unref(n->inputs[1]);
  n->inputs[0] = map;
  n->n_inputs = 1;
}

static const gcut_string words[] = {{"c", 1}, {"b", 1}, {"a", 1}};

static void zips_rows(void **unused) {
  (void)unused;
  onenode n = make("ZipMap");
  set_strings(&n, "classlabels_strings", 3, words);
  onenode_input(&n, GCUT_FLOAT, 2, (int64_t[]){2, 3}, (const float[]){1, 2, 3, 4, 5, 6});
  assert_ok(onenode_run(&n, err));
  const gcut_tensor *s = n.outputs[0];
  assert_int_equal(s->kind, GCUT_KIND_SEQUENCE);
  assert_int_equal(s->n_items, 2);
  const gcut_tensor *map = s->items[1];
  assert_int_equal(map->kind, GCUT_KIND_MAP);
  assert_int_equal(map->items[0]->count, 3);
  assert_memory_equal(((const gcut_string *)map->items[0]->data)[2].data, "a", 1);
  assert_memory_equal(map->items[1]->data, ((const float[]){4, 5, 6}), 12);
  assert_false(gcut_tensor_equal(map, s->items[0]));
  n.attributes[0].n = 2;
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "3 columns for 2 keys");
  onenode_ints(&n, "classlabels_int64s", 3, (const int64_t[]){1, 2, 3});
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "one list of keys");
  onenode_free(&n);
}

static void casts_maps(void **unused) {
  (void)unused;
  onenode n = make("CastMap");
  VECTOR(&n, GCUT_INT64, int64_t, 3, 1, 7);
  VECTOR(&n, GCUT_FLOAT, float, 1.5f, -2, 1e-7f);
  map_of(&n);
  GIVES(&n, GCUT_FLOAT, float, -2, 1.5f, 1e-7f);
  onenode_string(&n, "cast_to", "TO_INT64");
  GIVES(&n, GCUT_INT64, int64_t, -2, 1, 0);
  onenode_string(&n, "map_form", "SPARSE");
  onenode_int(&n, "max_map", 9);
  GIVES(&n, GCUT_INT64, int64_t, 0, -2, 0, 1, 0, 0, 0, 0, 0);
  n.attributes[2].i = 7;
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "key 7");
  n.attributes[2].i = 0;
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "max_map");
  onenode_free(&n);
  n = make("CastMap");
  VECTOR(&n, GCUT_INT64, int64_t, 2, 1);
  VECTOR(&n, GCUT_STRING, char *, "9.5", "many");
  map_of(&n);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "no number");
  onenode_string(&n, "cast_to", "TO_STRING");
  GIVES(&n, GCUT_STRING, char *, "many", "9.5");
  onenode_free(&n);
}

static void vectorizes_maps(void **unused) {
  (void)unused;
  onenode n = make("DictVectorizer");
  set_strings(&n, "string_vocabulary", 3, words);
  VECTOR(&n, GCUT_STRING, char *, "a", "z", "c");
  VECTOR(&n, GCUT_FLOAT, float, 1, 2, 3);
  map_of(&n);
  GIVES(&n, GCUT_FLOAT, float, 3, 0, 1);
  assert_int_equal(n.outputs[0]->rank, 2);
  onenode_free(&n);
  VECTOR(&n, GCUT_INT64, int64_t, 5, 2);
  VECTOR(&n, GCUT_FLOAT, float, 1, 2);
  map_of(&n);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "no map with keys of string");
  onenode_free(&n);
  VECTOR(&n, GCUT_FLOAT, float, 1, 2);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "no map");
  onenode_free(&n);
}

static void maps_are_two_vectors(void **unused) {
  (void)unused;
  gcut_tensor *a, *b, *map;
  assert_ok(gcut_tensor_create(GCUT_INT64, 1, (int64_t[]){2}, &a, err));
  assert_ok(gcut_tensor_create(GCUT_FLOAT, 1, (int64_t[]){3}, &b, err));
  assert_fails(gcut_tensor_map(a, b, &map, err), GCUT_ARGUMENT, "one length");
  assert_fails(gcut_tensor_map(b, b, &map, err), GCUT_ARGUMENT, "float keys");
  assert_null(map);
  gcut_tensor_unref(a);
  gcut_tensor_unref(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(zips_rows), cmocka_unit_test(casts_maps),
                                     cmocka_unit_test(vectorizes_maps),
                                     cmocka_unit_test(maps_are_two_vectors)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
