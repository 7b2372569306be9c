// ONNX models that must be refused, each with what is wrong with it: one list for the generator
// that writes them as files and for the tests that read them.
#ifndef GCUT_TESTS_SUPPORT_HOSTILE_H
#define GCUT_TESTS_SUPPORT_HOSTILE_H

#include "graphcut/status.h"
#include "tests/support/proto.h"

typedef struct hostile_case {
  const char *name;
  gcut_status status;
  const char *message; // what the error must say
  void (*make)(proto *model);
} hostile_case;

// By the kind of damage, a file each.
#define HOSTILE_KINDS(X) X(wire) X(graph) X(tensor) X(function)
#define X(kind)                                                                                    \
  extern const hostile_case hostile_##kind[];                                                      \
  extern const size_t n_hostile_##kind;
HOSTILE_KINDS(X)
#undef X
// All of them; NULL past the last.
const hostile_case *hostile_case_at(size_t i);

// External data: a model with one tensor of four floats, the entries that say where they are, and
// what stands there.
typedef struct hostile_external {
  const char *name;
  const char *message;                    // NULL: it must be read
  const char *location, *offset, *length; // NULL: the entry is left out
  void (*prepare)(const char *folder);    // NULL: nothing stands there
  int missing;                            // read, but the file is not there
} hostile_external;

extern const hostile_external hostile_externals[];
extern const size_t n_hostile_externals;
proto hostile_external_model(const hostile_external *c);

// Models that look odd and are right.
typedef struct odd_case {
  const char *name;
  void (*make)(proto *model);
} odd_case;

extern const odd_case odd_cases[];
extern const size_t n_odd_cases;

#endif
