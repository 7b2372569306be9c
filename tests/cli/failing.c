// The command with allocations that fail, as tests/cli/nomem.sh wants it: the one that FAILING
// numbers, from 0. It appends how many there were to the file FAILING_COUNT.
#include "tests/support/failing.h"

#include <stdio.h>
#include <stdlib.h>

__attribute__((constructor)) static void begin(void) {
  const char *number = getenv("FAILING");
  failing_after(number ? atol(number) : -1);
}

__attribute__((destructor)) static void end(void) {
  const char *path = getenv("FAILING_COUNT");
  FILE *file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  fprintf(file, "%ld\n", failing_count());
  fclose(file);
}
