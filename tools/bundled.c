// An unpacked bundle brings Graphviz's plugins along: lib/graphviz beside the executable's folder.
#include "bundled.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void bundled_find_plugins(void) {
  char path[PATH_MAX], plugins[PATH_MAX + 32];
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
  if (n <= 0) return;
  path[n] = '\0';
  for (int levels = 0; levels < 2; levels++) {
    char *slash = strrchr(path, '/');
    if (!slash) return;
    *slash = '\0';
  }
  snprintf(plugins, sizeof plugins, "%s/lib/graphviz", path);
  if (access(plugins, R_OK) == 0) setenv("GVBINDIR", plugins, 0);
}
