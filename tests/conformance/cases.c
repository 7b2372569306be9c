#include "tests/conformance/cases.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool add_case(conformance_cases *cases, const char *folder, const char *name,
                     const char *path) {
  conformance_case *larger = realloc(cases->items, (cases->n + 1) * sizeof *larger);
  if (!larger) return false;
  cases->items = larger;
  cases->items[cases->n++] = (conformance_case){strdup(folder), strdup(name), strdup(path)};
  return true;
}

static bool find_in_folder(const char *root, const char *folder, const char *filter,
                           conformance_cases *cases) {
  char path[4096], model[4200];
  snprintf(path, sizeof path, "%s/%s", root, folder);
  struct dirent **entries;
  int n = scandir(path, &entries, NULL, alphasort);
  bool ok = true;
  for (int i = 0; i < n; i++) {
    const char *name = entries[i]->d_name;
    snprintf(path, sizeof path, "%s/%s/%s", root, folder, name);
    snprintf(model, sizeof model, "%s/model.onnx", path);
    if (name[0] != '.' && (!filter || strstr(name, filter)) && access(model, R_OK) == 0)
      ok = ok && add_case(cases, folder, name, path);
    free(entries[i]);
  }
  if (n >= 0) free(entries);
  return ok;
}

bool cases_find(const char *root, const char *filter, conformance_cases *cases) {
  struct dirent **entries;
  int n = scandir(root, &entries, NULL, alphasort);
  bool ok = n >= 0;
  for (int i = 0; i < n; i++) {
    if (entries[i]->d_name[0] != '.')
      ok = ok && find_in_folder(root, entries[i]->d_name, filter, cases);
    free(entries[i]);
  }
  if (n >= 0) free(entries);
  return ok;
}

void cases_free(conformance_cases *cases) {
  for (size_t i = 0; i < cases->n; i++) {
    free(cases->items[i].folder);
    free(cases->items[i].name);
    free(cases->items[i].path);
  }
  free(cases->items);
  *cases = (conformance_cases){0};
}
