// The official comparison: equal kinds, types and shapes; |a - b| <= atol + rtol * |b|, NaN equal
// to NaN.
#ifndef GCUT_TESTS_CONFORMANCE_COMPARE_H
#define GCUT_TESTS_CONFORMANCE_COMPARE_H

#include "graphcut/tensor.h"
#include "tests/conformance/rules.h"

// Whether `actual` is what `expected` says by that rule; if not, `why` tells the first difference.
bool compare_tensors(const gcut_tensor *actual, const gcut_tensor *expected,
                     const conformance_rule *rule, char *why, size_t size);

#endif
