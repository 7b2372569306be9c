// One official case: read, trace, run, compare.
#ifndef GCUT_TESTS_CONFORMANCE_RUN_CASE_H
#define GCUT_TESTS_CONFORMANCE_RUN_CASE_H

#include "tests/conformance/cases.h"
#include "tests/conformance/rules.h"
#include "tests/conformance/standard_shapes.h"

typedef struct case_result {
  bool ran, passed, skipped;
  char why[400];          // where it did not pass, or was skipped
  char operators[600];    // of the model, each once, a space after each
  char host[256];         // what a device left to the host: "2 Range, 1 GatherND"
  int n_values, n_static; // values with a shape, and those whose shape the trace found in full
  shape_share alone;      // of the model alone, without its inputs' shapes
} case_result;

// On the CPU node by node, or on another device as a run. standard: the types that the standard
// infers, or NULL for no such comparison.
void run_case(const conformance_case *c, const conformance_rule *rule, const char *standard,
              const char *device, case_result *result);

#endif
