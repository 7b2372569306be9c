// A counting sort: linear, and rows of one expert keep their order.
#include "exec/cpu/ops/routes.h"

gcut_status gcut__routes_create(gcut_arena *arena, int64_t n, const int64_t *ids, int64_t n_rows,
                                gcut__routes *out, gcut_error *err) {
  int64_t *next = GCUT_NEW_ARRAY(arena, int64_t, (size_t)n);
  *out = (gcut__routes){.first = GCUT_NEW_ARRAY(arena, int64_t, (size_t)n + 1),
                        .rows = GCUT_NEW_ARRAY(arena, int64_t, (size_t)n_rows)};
  if (!next || !out->first || !out->rows) return GCUT_NO_MEMORY(err);
  for (int64_t i = 0; i < n_rows; i++) out->first[ids[i] + 1]++;
  for (int64_t e = 0; e < n; e++) {
    if (out->first[e + 1] > out->most) out->most = out->first[e + 1];
    next[e] = out->first[e];
    out->first[e + 1] += out->first[e];
  }
  for (int64_t i = 0; i < n_rows; i++) out->rows[next[ids[i]]++] = i;
  return GCUT_OK;
}

void gcut__gather_rows(void *to, const void *from, const int64_t *rows, int64_t n, int64_t shared,
                       size_t bytes) {
  for (int64_t i = 0; i < n; i++)
    memcpy((char *)to + (size_t)i * bytes, (const char *)from + (size_t)(rows[i] / shared) * bytes,
           bytes);
}

void gcut__scatter_rows(void *to, const void *from, const int64_t *rows, int64_t n, size_t bytes) {
  for (int64_t i = 0; i < n; i++)
    memcpy((char *)to + (size_t)rows[i] * bytes, (const char *)from + (size_t)i * bytes, bytes);
}
