#include "tests/support/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char folder[64];

int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/graphcut-test-XXXXXX");
  return mkdtemp(folder) ? 0 : 1;
}

int remove_folder(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -r '%s'", folder);
  return system(command);
}

char *keep_in_folder(const char *name, char path[300]) {
  snprintf(path, 300, "%s/%s", folder, name);
  return path;
}

const char *in_folder(const char *name) {
  static char paths[5][300];
  static int turn;
  return keep_in_folder(name, paths[turn++ % 5]);
}
