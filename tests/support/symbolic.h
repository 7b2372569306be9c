// Traces a model of one node whose operands are written as text: for tests of symbolic inference.
//
// An operand is a type, an input of the graph:     float[batch,seq,64]
// or contents, known numbers or expressions:       {0,seq,-1}   (rank 1)   (seq+1)   (a scalar)
// or a dash, an absent one. Operands are separated by spaces.
#ifndef GCUT_TESTS_SUPPORT_SYMBOLIC_H
#define GCUT_TESTS_SUPPORT_SYMBOLIC_H

#include <stdbool.h>

#include "tests/support/check.h"

typedef struct symbolic_case {
  const char *op;
  int64_t version;
  const char *attributes; // "axis=1 perm=[0,2,1] mode=DCR"
  const char *operands;
  // Types of the outputs, each followed by its contents where they are known; a dim that is a
  // symbol of its own is written "?". Or "!" and a part of the message it fails with.
  const char *expected;
} symbolic_case;

// Whether it gives what is expected; prints what differs.
bool symbolic_check(const symbolic_case *c);
// Fails the test after checking every row of a table.
#define SYMBOLIC_TABLE(rows)                                                                       \
  do {                                                                                             \
    bool good_ = true;                                                                             \
    for (size_t row_ = 0; row_ < sizeof(rows) / sizeof *(rows); row_++)                            \
      good_ = symbolic_check(&(rows)[row_]) && good_;                                              \
    assert_true(good_);                                                                            \
  } while (0)

#endif
