// Moving elements beyond the official cases: packed and string elements, forms of old opsets,
// boxes against a plain copy, sizes nobody can have.
#include "exec/cpu/ops/copy.h"

#include <stdlib.h>

#include "tests/support/onenode.h"
#include "tests/support/random_graph.h"

// ---- boxes ------------------------------------------------------------------------------------

// Copies element by element, by the definition.
static void copy_plain(size_t size, int rank, const int64_t *dims, uint8_t *to,
                       const int64_t *to_strides, const uint8_t *from,
                       const int64_t *from_strides) {
  if (rank == 0) {
    memcpy(to, from, size);
    return;
  }
  for (int64_t i = 0; i < dims[0]; i++)
    copy_plain(size, rank - 1, dims + 1, to + i * to_strides[0] * (int64_t)size, to_strides + 1,
               from + i * from_strides[0] * (int64_t)size, from_strides + 1);
}

enum { BOX = 5, EDGE = 40, ROOM = 16 * EDGE * EDGE * 27 };

// A permuted, partly repeated or reversed box of random items.
static void random_box(uint64_t seed, uint8_t *from, uint8_t *to, uint8_t *expected) {
  uint64_t state = seed;
  size_t size = (size_t)1 << random_next(&state) % 5;
  int rank = (int)(random_next(&state) % (BOX + 1)), order[BOX];
  int64_t dims[BOX], from_strides[BOX], to_strides[BOX], at = 0, stride = 1;
  for (int d = 0; d < rank; d++) {
    dims[d] = random_next(&state) % (d < 2 ? EDGE : 4);
    order[d] = d;
  }
  for (int d = rank - 1; d > 0; d--) {
    int other = (int)(random_next(&state) % (unsigned)(d + 1)), t = order[d];
    order[d] = order[other], order[other] = t;
  }
  for (int d = rank - 1; d >= 0; d--) {
    to_strides[d] = stride;
    stride *= dims[d] > 0 ? dims[d] : 1;
  }
  stride = 1;
  for (int k = 0; k < rank; k++) {
    int d = order[k];
    uint32_t kind = random_next(&state) % 6;
    from_strides[d] = kind == 0 ? 0 : kind == 1 ? -stride : stride;
    if (kind == 1) at += stride * (dims[d] > 0 ? dims[d] - 1 : 0);
    if (kind != 0) stride *= dims[d] > 0 ? dims[d] : 1;
  }
  gcut__copy_box(size, rank, dims, to, to_strides, from + (size_t)at * size, from_strides);
  copy_plain(size, rank, dims, expected, to_strides, from + (size_t)at * size, from_strides);
}

static void boxes_like_plain_copies(void **unused) {
  (void)unused;
  uint8_t *from = malloc(ROOM), *to = calloc(ROOM, 1), *expected = calloc(ROOM, 1);
  uint64_t state = 1;
  assert_true(from && to && expected);
  for (size_t i = 0; i < ROOM; i++) from[i] = (uint8_t)random_next(&state);
  for (uint64_t seed = 0; seed < 300; seed++) {
    random_box(seed, from, to, expected);
    assert_memory_equal(to, expected, ROOM);
  }
  free(from), free(to), free(expected);
}

// ---- packed elements and strings --------------------------------------------------------------

// Elements of 4 bits: 1 2 3 4 5 6, packed from the low half up.
static void packed(onenode *n, int rank, const int64_t *dims) {
  onenode_input(n, GCUT_UINT4, rank, dims, (const uint8_t[]){0x21, 0x43, 0x65});
}

static void packed_elements_move(void **unused) {
  (void)unused;
  onenode n = onenode_make("Transpose", 21);
  packed(&n, 2, (int64_t[]){2, 3});
  onenode_gives(&n, GCUT_UINT4, 6, ((uint8_t[]){0x41, 0x52, 0x63}));
  n.op_type = "Slice";
  n.version = 13;
  VECTOR(&n, GCUT_INT64, int64_t, 1);
  VECTOR(&n, GCUT_INT64, int64_t, 3);
  VECTOR(&n, GCUT_INT64, int64_t, 1);
  onenode_gives(&n, GCUT_UINT4, 4, ((uint8_t[]){0x32, 0x65}));
  onenode_free(&n);
  n = onenode_make("Concat", 13);
  onenode_int(&n, "axis", 0);
  for (int i = 0; i < 2; i++)
    onenode_input(&n, GCUT_INT2, 1, (int64_t[]){3}, (const uint8_t[]){0x39});
  onenode_gives(&n, GCUT_INT2, 6, ((uint8_t[]){0x79, 0xe})); // 1 2 3 1 2 3
  onenode_free(&n);
  n = onenode_make("Gather", 13);
  packed(&n, 1, (int64_t[]){6});
  VECTOR(&n, GCUT_INT64, int64_t, 5, -6, 2);
  onenode_gives(&n, GCUT_UINT4, 3, ((uint8_t[]){0x16, 0x03}));
  onenode_free(&n);
}

static void strings_are_copied(void **unused) {
  (void)unused;
  onenode n = onenode_make("Tile", 13);
  VECTOR(&n, GCUT_STRING, char *, "a", "", "long enough to be on the heap");
  VECTOR(&n, GCUT_INT64, int64_t, 2);
  GIVES(&n, GCUT_STRING, char *, "a", "", "long enough to be on the heap", "a", "",
        "long enough to be on the heap");
  n.op_type = "Gather";
  GIVES(&n, GCUT_STRING, char *, "long enough to be on the heap");
  onenode_free(&n);
  n = onenode_make("Pad", 13);
  VECTOR(&n, GCUT_STRING, char *, "x");
  VECTOR(&n, GCUT_INT64, int64_t, 1, 1);
  GIVES(&n, GCUT_STRING, char *, "", "x", "");
  onenode_free(&n);
}

// ---- forms of old opsets ----------------------------------------------------------------------

static void first_opsets(void **unused) {
  (void)unused;
  onenode n = onenode_make("Tile", 1);
  VECTOR(&n, GCUT_FLOAT, float, 1, 2);
  onenode_input(&n, GCUT_FLOAT, 0, NULL, &(float){2});
  onenode_input(&n, GCUT_FLOAT, 0, NULL, &(float){0});
  GIVES(&n, GCUT_FLOAT, float, 1, 2, 1, 2);
  onenode_free(&n);
  n = onenode_make("Pad", 1);
  const int64_t paddings[] = {1, 0};
  onenode_ints(&n, "paddings", 2, paddings);
  onenode_float(&n, "value", 1.5f);
  VECTOR(&n, GCUT_FLOAT16, uint16_t, 0x4000);
  GIVES(&n, GCUT_FLOAT16, uint16_t, 0x3e00, 0x4000);
  n.version = 2;
  n.attributes[0].name = "pads";
  GIVES(&n, GCUT_FLOAT16, uint16_t, 0x3e00, 0x4000);
  onenode_free(&n);
  n = onenode_make("Split", 2);
  const int64_t lengths[] = {2, 1};
  onenode_ints(&n, "split", 2, lengths);
  n.n_outputs = 2;
  VECTOR(&n, GCUT_INT32, int32_t, 1, 2, 3);
  GIVES(&n, GCUT_INT32, int32_t, 1, 2);
  onenode_expect(&n, 1, GCUT_INT32, 1, (const int32_t[]){3});
  onenode_free(&n);
  n = onenode_make("Concat", 1);
  for (int i = 0; i < 2; i++) onenode_input(&n, GCUT_FLOAT, 2, (int64_t[]){1, 1}, &(float){1});
  GIVES(&n, GCUT_FLOAT, float, 1, 1);
  assert_int_equal(n.outputs[0]->dims[1], 2);
  onenode_free(&n);
}

// ---- hostile sizes and indices ----------------------------------------------------------------

static void sizes_nobody_has(void **unused) {
  (void)unused;
  onenode n = onenode_make("ConstantOfShape", 9);
  VECTOR(&n, GCUT_INT64, int64_t, INT64_C(1) << 45, 3);
  assert_fails(onenode_run(&n, err), GCUT_NOMEM, "'node'");
  n.op_type = "Expand";
  n.version = 13;
  onenode_free(&n);
  VECTOR(&n, GCUT_FLOAT, float, 1);
  VECTOR(&n, GCUT_INT64, int64_t, INT64_C(1) << 32, INT64_C(1) << 32);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "'node'");
  n.op_type = "Tile";
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "'node'");
  onenode_free(&n);
  n.op_type = "Range";
  onenode_input(&n, GCUT_INT64, 0, NULL, &(int64_t){0});
  onenode_input(&n, GCUT_INT64, 0, NULL, &(int64_t){INT64_C(1) << 46});
  onenode_input(&n, GCUT_INT64, 0, NULL, &(int64_t){1});
  assert_fails(onenode_run(&n, err), GCUT_NOMEM, "'node'");
  onenode_free(&n);
  onenode_input(&n, GCUT_FLOAT, 0, NULL, &(float){0});
  onenode_input(&n, GCUT_FLOAT, 0, NULL, &(float){1});
  onenode_input(&n, GCUT_FLOAT, 0, NULL, &(float){0});
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "without an end");
  onenode_free(&n);
  n.op_type = "Pad";
  VECTOR(&n, GCUT_FLOAT, float, 1);
  VECTOR(&n, GCUT_INT64, int64_t, INT64_C(1) << 45, 0);
  assert_fails(onenode_run(&n, err), GCUT_NOMEM, "'node'");
  onenode_free(&n);
}

static void indices_out_of_range(void **unused) {
  (void)unused;
  const int64_t bad[] = {3, -4, INT64_MAX, INT64_MIN};
  const char *const ops[] = {"Gather", "GatherElements", "GatherND"};
  for (size_t k = 0; k < 4; k++)
    for (size_t o = 0; o < 3; o++) {
      onenode n = onenode_make(ops[o], 13);
      VECTOR(&n, GCUT_FLOAT, float, 1, 2, 3);
      VECTOR(&n, GCUT_INT64, int64_t, bad[k]);
      assert_fails(onenode_run(&n, err), GCUT_FORMAT, "index");
      onenode_free(&n);
    }
  onenode n = onenode_make("Gather", 13);
  onenode_input(&n, GCUT_FLOAT, 2, (int64_t[]){0, 3}, NULL);
  VECTOR(&n, GCUT_INT32, int32_t, 0);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "index 0 of an axis of 0");
  onenode_free(&n);
}

static void scatter(void **unused) {
  (void)unused;
  onenode n = onenode_make("ScatterElements", 18);
  onenode_string(&n, "reduction", "add");
  VECTOR(&n, GCUT_FLOAT16, uint16_t, 0x6800, 0x3c01); // 2048, 1 + 2^-10
  VECTOR(&n, GCUT_INT64, int64_t, 0, -2, 0);
  VECTOR(&n, GCUT_FLOAT16, uint16_t, 0x3c00, 0x3c00, 0x3c00);
  GIVES(&n, GCUT_FLOAT16, uint16_t, 0x6802, 0x3c01); // 2051 rounded once: 2052
  onenode_free(&n);
  VECTOR(&n, GCUT_INT8, int8_t, 100, -3);
  VECTOR(&n, GCUT_INT64, int64_t, 0, 1, 1);
  VECTOR(&n, GCUT_INT8, int8_t, 100, 1, 1);
  GIVES(&n, GCUT_INT8, int8_t, -56, -1);
  n.attributes[0].s = (gcut_string){"min", 3};
  GIVES(&n, GCUT_INT8, int8_t, 100, -3);
  onenode_free(&n);
  VECTOR(&n, GCUT_STRING, char *, "a");
  VECTOR(&n, GCUT_INT64, int64_t, 0);
  VECTOR(&n, GCUT_STRING, char *, "b");
  assert_fails(onenode_run(&n, err), GCUT_UNSUPPORTED, "reduction of string");
  n.attributes[0].s = (gcut_string){"none", 4};
  GIVES(&n, GCUT_STRING, char *, "b");
  onenode_free(&n);
  VECTOR(&n, GCUT_FLOAT, float, 1);
  VECTOR(&n, GCUT_INT64, int64_t, 1);
  VECTOR(&n, GCUT_FLOAT, float, 2);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "index 1");
  onenode_free(&n);
  n.op_type = "ScatterND";
  VECTOR(&n, GCUT_FLOAT, float, 1);
  VECTOR(&n, GCUT_INT64, int64_t, -2);
  onenode_input(&n, GCUT_FLOAT, 0, NULL, &(float){2});
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "index -2");
  onenode_free(&n);
}

static void tensor_scatter_stays_inside(void **unused) {
  (void)unused;
  onenode n = onenode_make("TensorScatter", 24);
  onenode_input(&n, GCUT_INT8, 2, (int64_t[]){1, 3}, (const int8_t[]){1, 2, 3});
  onenode_input(&n, GCUT_INT8, 2, (int64_t[]){1, 2}, (const int8_t[]){8, 9});
  VECTOR(&n, GCUT_INT64, int64_t, 2);
  onenode_int(&n, "axis", 1);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "positions");
  onenode_string(&n, "mode", "circular");
  GIVES(&n, GCUT_INT8, int8_t, 9, 2, 8);
  *(int64_t *)n.inputs[2]->data = INT64_MIN;
  assert_int_equal(onenode_run(&n, NULL), GCUT_OK);
  onenode_free(&n);
}

static void triangles_with_far_diagonals(void **unused) {
  (void)unused;
  onenode n = onenode_make("Trilu", 14);
  onenode_input(&n, GCUT_INT8, 2, (int64_t[]){2, 2}, (const int8_t[]){1, 2, 3, 4});
  onenode_input(&n, GCUT_INT64, 0, NULL, &(int64_t){INT64_MIN});
  GIVES(&n, GCUT_INT8, int8_t, 1, 2, 3, 4);
  *(int64_t *)n.inputs[1]->data = INT64_MAX;
  GIVES(&n, GCUT_INT8, int8_t, 0, 0, 0, 0);
  onenode_int(&n, "upper", 0);
  GIVES(&n, GCUT_INT8, int8_t, 1, 2, 3, 4);
  *(int64_t *)n.inputs[1]->data = INT64_MIN;
  GIVES(&n, GCUT_INT8, int8_t, 0, 0, 0, 0);
  onenode_free(&n);
  n = onenode_make("EyeLike", 9);
  onenode_input(&n, GCUT_INT8, 2, (int64_t[]){2, 2}, (const int8_t[]){1, 2, 3, 4});
  onenode_int(&n, "k", INT64_MIN);
  GIVES(&n, GCUT_INT8, int8_t, 0, 0, 0, 0);
  n.attributes[0].i = -1;
  GIVES(&n, GCUT_INT8, int8_t, 0, 0, 1, 0);
  onenode_free(&n);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(boxes_like_plain_copies),
      cmocka_unit_test(packed_elements_move),
      cmocka_unit_test(strings_are_copied),
      cmocka_unit_test(first_opsets),
      cmocka_unit_test(sizes_nobody_has),
      cmocka_unit_test(indices_out_of_range),
      cmocka_unit_test(scatter),
      cmocka_unit_test(tensor_scatter_stays_inside),
      cmocka_unit_test(triangles_with_far_diagonals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
