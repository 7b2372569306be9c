// The command with allocations that fail, as tests/cli/nomem.sh wants it: the one that FAILING
// numbers, from 0, with FAILING_JSON those of jansson among them. It writes how many there were to
// the file FAILING_COUNT. Reading JSON is left out: of a text that jansson has no memory for it
// makes another text, or says that it is malformed.
#include "tests/support/failing.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((constructor)) static void begin(void) {
  const char *number = getenv("FAILING");
  if (getenv("FAILING_JSON")) json_set_alloc_funcs(malloc, free);
  failing_after(number ? atol(number) : -1);
}

__attribute__((destructor)) static void end(void) {
  const char *path = getenv("FAILING_COUNT");
  FILE *file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  fprintf(file, "%ld\n", failing_count());
  fclose(file);
}
