// Rows by the expert that each of them goes to.
#ifndef GCUT_EXEC_CPU_OPS_ROUTES_H
#define GCUT_EXEC_CPU_OPS_ROUTES_H

#include "exec/cpu/kernel.h"

typedef struct gcut__routes {
  int64_t *first; // [n + 1] an expert's rows are rows[first[e]] to rows[first[e + 1] - 1]
  int64_t *rows;  // [n_rows] of one expert ascending
  int64_t most;   // of one expert
} gcut__routes;

// ids [n_rows], each in [0, n).
GCUT_MUST_USE gcut_status gcut__routes_create(gcut_arena *arena, int64_t n, const int64_t *ids,
                                              int64_t n_rows, gcut__routes *out, gcut_error *err);
// to[i] = from[rows[i] / shared], and to[rows[i]] = from[i]; rows of `bytes`.
void gcut__gather_rows(void *to, const void *from, const int64_t *rows, int64_t n, int64_t shared,
                       size_t bytes);
void gcut__scatter_rows(void *to, const void *from, const int64_t *rows, int64_t n, size_t bytes);

#endif
