// A model of one node, run on the CPU: for tests of operators beyond the official cases.
#ifndef GCUT_TESTS_SUPPORT_ONENODE_H
#define GCUT_TESTS_SUPPORT_ONENODE_H

#include "graphcut/graph.h"
#include "tests/support/check.h"

enum { ONENODE_MAX = 16 };

typedef struct onenode {
  const char *op_type, *domain; // domain NULL: ai.onnx
  int64_t version;
  gcut_attribute attributes[ONENODE_MAX]; // see onenode_int and its kin
  uint32_t n_attributes;
  gcut_tensor *inputs[ONENODE_MAX]; // owned; NULL: absent
  uint32_t n_inputs;
  gcut_tensor *outputs[ONENODE_MAX]; // owned, made by onenode_run
  uint32_t n_outputs;
} onenode;

onenode onenode_make(const char *op_type, int64_t version);
void onenode_int(onenode *n, const char *name, int64_t value);
void onenode_float(onenode *n, const char *name, float value);
void onenode_string(onenode *n, const char *name, const char *value);
void onenode_ints(onenode *n, const char *name, size_t count, const int64_t *values);
// Adds an input with a copy of the elements (strings: of const char *).
void onenode_input(onenode *n, gcut_dtype type, int rank, const int64_t *dims, const void *data);
void onenode_absent(onenode *n);
// Runs it; earlier outputs are dropped. One output unless n_outputs says otherwise.
gcut_status onenode_run(onenode *n, gcut_error *err);
void onenode_free(onenode *n);

// Runs it and compares output 0 with those elements, bit for bit (strings: const char *).
#define onenode_gives(n, type, count, data)                                                        \
  do {                                                                                             \
    assert_ok(onenode_run((n), err));                                                              \
    onenode_expect((n), 0, (type), (count), (data));                                               \
  } while (0)
void onenode_expect(const onenode *n, uint32_t output, gcut_dtype type, uint64_t count,
                    const void *data);

// A one-dimensional input of the arguments: VECTOR(&n, GCUT_FLOAT, float, 1, 2, 3).
#define VECTOR(n, type, c_type, ...)                                                               \
  do {                                                                                             \
    const c_type elements_[] = {__VA_ARGS__};                                                      \
    const int64_t dims_[] = {sizeof elements_ / sizeof *elements_};                                \
    onenode_input((n), (type), 1, dims_, elements_);                                               \
  } while (0)
// Runs the node and expects those elements.
#define GIVES(n, type, c_type, ...)                                                                \
  do {                                                                                             \
    const c_type expected_[] = {__VA_ARGS__};                                                      \
    onenode_gives((n), (type), sizeof expected_ / sizeof *expected_, expected_);                   \
  } while (0)

#endif
