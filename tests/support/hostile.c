#include "tests/support/hostile.h"

const hostile_case *hostile_case_at(size_t i) {
#define X(kind)                                                                                    \
  if (i < n_hostile_##kind) return &hostile_##kind[i];                                             \
  i -= n_hostile_##kind;
  HOSTILE_KINDS(X)
#undef X
  return NULL;
}
