// One official case: read, trace, run, compare.
#ifndef GCUT_TESTS_CONFORMANCE_RUN_CASE_H
#define GCUT_TESTS_CONFORMANCE_RUN_CASE_H

#include "tests/conformance/cases.h"
#include "tests/conformance/rules.h"

typedef struct case_result {
  bool ran, passed;
  char why[400];          // where it did not pass
  char operators[600];    // of the model, each once, a space after each
  int n_values, n_static; // values with a shape, and those whose shape the trace found in full
} case_result;

void run_case(const conformance_case *c, const conformance_rule *rule, case_result *result);

#endif
