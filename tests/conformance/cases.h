// The official test cases: a folder each, with model.onnx and test_data_set_N/{input,output}_M.pb.
#ifndef GCUT_TESTS_CONFORMANCE_CASES_H
#define GCUT_TESTS_CONFORMANCE_CASES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct conformance_case {
  char *folder; // "node"
  char *name;   // "test_add"
  char *path;   // of its folder
} conformance_case;

typedef struct conformance_cases {
  conformance_case *items;
  size_t n;
} conformance_cases;

// Appends the cases of every folder under `root` whose name holds `filter` (NULL: all), sorted.
// False where the root cannot be read.
bool cases_find(const char *root, const char *filter, conformance_cases *cases);
void cases_free(conformance_cases *cases);

#endif
