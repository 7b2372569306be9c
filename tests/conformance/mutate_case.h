// The same case, damaged: whatever a model's bytes say, reading, tracing and running it ends in a
// status.
#ifndef GCUT_TESTS_CONFORMANCE_MUTATE_CASE_H
#define GCUT_TESTS_CONFORMANCE_MUTATE_CASE_H

#include "tests/conformance/cases.h"

// Damages the model `n` times over, each time anew from the original: a few bytes of it, or its
// graph; and reads, traces and runs what comes out on the case's own inputs, some of them damaged.
// A crash is the caller's to see.
void mutate_case(const conformance_case *c, int n);

#endif
