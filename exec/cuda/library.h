// Libraries that are used where they are found: opened at run time, their functions by name.
#ifndef GCUT_EXEC_CUDA_LIBRARY_H
#define GCUT_EXEC_CUDA_LIBRARY_H

#include <stddef.h>

typedef struct gcut__cuda_symbol {
  const char *name;
  size_t at; // of its pointer in what holds them all
} gcut__cuda_symbol;
// A row of a table of them, for fields that are called as the functions are.
#define GCUT_CUDA_SYMBOL(holder, symbol)                                                           \
  { #symbol, offsetof(holder, symbol) }

// Opens the first of `names` ([n_names]) that is there and fills the pointers in *holder. NULL
// where none is there, or that one lacks a function. *out_name: its name, one of `names`. To be
// closed by dlclose.
void *gcut__cuda_library_open(const char *const *names, size_t n_names,
                              const gcut__cuda_symbol *symbols, size_t n_symbols, void *holder,
                              const char **out_name);

#endif
