// Which elementwise programs are written as text, and how. Needs no card; that the text computes
// what the walker does is for `make bench-elementwise`.
#include "exec/cuda/ops/elementwise_text.h"

#include <stdlib.h>
#include <string.h>

#include "graphcut/dtype.h"
#include "tests/support/check.h"

#define BEFORE(type)                                                                               \
  { GCUT_CUDA_ELEMENT_BEFORE, type }

// x[4, 8] + y[8], kept, its Relu times what was kept.
static gcut__cuda_element_job example_of(uint8_t type) {
  const uint8_t of = GCUT_CUDA_ELEMENT_FLOAT;
  return (gcut__cuda_element_job){
      .count = 32,
      .dims = {8, 4},
      .rank = 2,
      .n_inputs = 2,
      .n_steps = 3,
      .n_slots = 1,
      .inputs = {{.strides = {1, 8}}, {.strides = {1, 0}}},
      .steps = {{GCUT_CUDA_ELEMENT_ADD, of, type, 0, {{0, type}, {1, type}}, 0, 0},
                {GCUT_CUDA_ELEMENT_RELU, of, type, -1, {BEFORE(type)}, 0, 0},
                {GCUT_CUDA_ELEMENT_MUL,
                 of,
                 type,
                 -1,
                 {BEFORE(type), {GCUT_CUDA_ELEMENT_SLOT, type}},
                 0,
                 0}},
      .row_groups = 2,
      .n_groups = 8,
      .divisors = {{1u << 31, 0}, {1u << 31, 1}}};
}

static gcut__cuda_element_job example(void) {
  return example_of(GCUT_BFLOAT16);
}

static int count(const char *text, const char *what) {
  int n = 0;
  for (const char *at = text; (at = strstr(at, what)); at += strlen(what)) n++;
  return n;
}

static void a_line_for_each_element(void **state) {
  (void)state;
  gcut__cuda_element_job job = example();
  char *text = gcut__cuda_elements_text(&job);
  assert_non_null(text);
  assert_int_equal(count(text, ".param .u64 p"), 3);
  assert_int_equal(count(text, "ld.global.v4.b16 {"), 2);
  assert_int_equal(count(text, "add.rn.f32 "), 4);
  assert_int_equal(count(text, "mul.rn.f32 "), 4);
  assert_int_equal(count(text, "cvt.rn.bf16.f32 "), 4 * 4); // each result, and what is stored
  assert_int_equal(count(text, "st.global.v4.b16 "), 1);
  free(text);
}

static void one_value_is_computed_once(void **state) {
  (void)state;
  gcut__cuda_element_job job = example();
  job.inputs[0].strides[0] = 0;
  job.inputs[1].strides[0] = 0;
  char *text = gcut__cuda_elements_text(&job);
  assert_non_null(text);
  assert_int_equal(count(text, "ld.global.b16 "), 2);
  assert_int_equal(count(text, "add.rn.f32 "), 1);
  assert_int_equal(count(text, "mul.rn.f32 "), 1);
  free(text);
}

static void what_lies_apart_is_loaded_apart(void **state) {
  (void)state;
  gcut__cuda_element_job job = example();
  job.inputs[0].strides[0] = 4; // turned
  job.inputs[0].strides[1] = 1;
  job.inputs[1].strides[1] = 6; // neighbours, from no multiple of four on
  char *text = gcut__cuda_elements_text(&job);
  assert_non_null(text);
  assert_int_equal(count(text, "ld.global.b16 "), 8);
  assert_int_equal(count(text, "[%a + 24]"), 1); // the last of the first input
  free(text);
}

// Cards before Ampere do not round to bfloat16.
static void old_cards_take_what_they_can(void **state) {
  (void)state;
  gcut__cuda_element_job job = example_of(GCUT_BFLOAT16), half = example_of(GCUT_FLOAT16);
  char *text = gcut__cuda_elements_text(&job), *half_text = gcut__cuda_elements_text(&half);
  assert_non_null(text);
  assert_non_null(half_text);
  assert_int_equal(count(text, ".target sm_80\n"), 1);
  assert_int_equal(count(half_text, ".target sm_75\n"), 1);
  assert_int_equal(count(half_text, "bf16"), 0);
  free(text);
  free(half_text);
}

static void the_rest_is_walked(void **state) {
  (void)state;
  gcut__cuda_element_job heavy = example(), wide = example(), odd = example(), cast = example();
  heavy.steps[1].op = GCUT_CUDA_ELEMENT_TANH;
  assert_null(gcut__cuda_elements_text(&heavy));
  wide.steps[1].of = GCUT_CUDA_ELEMENT_DOUBLE;
  assert_null(gcut__cuda_elements_text(&wide));
  odd.dims[0] = 7;
  assert_null(gcut__cuda_elements_text(&odd));
  cast.steps[2].type = GCUT_INT32; // converts as x86-64 does
  assert_null(gcut__cuda_elements_text(&cast));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_line_for_each_element),
      cmocka_unit_test(one_value_is_computed_once),
      cmocka_unit_test(what_lies_apart_is_loaded_apart),
      cmocka_unit_test(old_cards_take_what_they_can),
      cmocka_unit_test(the_rest_is_walked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
