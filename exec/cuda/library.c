#include "exec/cuda/library.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

static bool find_symbols(void *library, const gcut__cuda_symbol *symbols, size_t n, void *holder) {
  for (size_t i = 0; i < n; i++) {
    void *found = dlsym(library, symbols[i].name);
    if (!found) return false;
    memcpy((char *)holder + symbols[i].at, &found, sizeof found);
  }
  return true;
}

void *gcut__cuda_library_open(const char *const *names, size_t n_names,
                              const gcut__cuda_symbol *symbols, size_t n_symbols, void *holder,
                              const char **out_name) {
  void *library = NULL;
  for (size_t i = 0; i < n_names && !library; i++) {
    library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    *out_name = names[i];
  }
  if (!library || find_symbols(library, symbols, n_symbols, holder)) return library;
  dlclose(library);
  return NULL;
}
