// Finds runs of equal sisters, such as decoder layers.
#include "formats/dot/fold.h"

#include <stdlib.h>

#include "tracer/base/error.h"

bool gcut__material_about_equal(uint64_t a, uint64_t b) {
  return (a > b ? a - b : b - a) <= a / 100;
}

// Whether two names differ in their digits only.
static bool numbered_alike(const char *a, const char *b) {
  for (;; a++, b++) {
    a += strspn(a, "0123456789");
    b += strspn(b, "0123456789");
    if (*a != *b || !*a) return *a == *b;
  }
}

// Equal to the eye: sisters of one class and one name but for its number, with about as many
// weights (the first of a run often computes what all share), or else of the same operators.
static bool same_module(const gcut__material *m, uint32_t a, uint32_t b) {
  const gcut_scope *x = &m->trace->graph->scopes[a], *y = &m->trace->graph->scopes[b];
  if (x->parent != y->parent || strcmp(x->class_name, y->class_name) != 0 || x->n_nodes == 0 ||
      !numbered_alike(x->name, y->name))
    return false;
  if (m->scopes[a].weight_bytes > 0)
    return gcut__material_about_equal(m->scopes[a].weight_bytes, m->scopes[b].weight_bytes);
  return m->scopes[a].signature == m->scopes[b].signature;
}

static void mark_run(gcut__material *m, const uint32_t *run, uint32_t n) {
  for (uint32_t i = 0; i < n && n > 1; i++) m->scopes[run[i]].run = run[0];
}

// Walks each parent's children in their order and finds runs of equal ones. `next` and `first` list
// children.
static void find_runs(gcut__material *m, const uint32_t *first, const uint32_t *next,
                      uint32_t *run) {
  for (uint32_t p = 0; p < m->trace->graph->n_scopes; p++) {
    uint32_t n = 0;
    for (uint32_t s = first[p]; s != GCUT_NONE; s = next[s]) {
      if (n > 0 && !same_module(m, run[0], s)) {
        mark_run(m, run, n);
        n = 0;
      }
      run[n++] = s;
    }
    mark_run(m, run, n);
  }
}

gcut_status gcut__fold_scopes(gcut__material *m, gcut_error *err) {
  uint32_t n = m->trace->graph->n_scopes;
  uint32_t *memory = malloc((size_t)n * 3 * sizeof *memory);
  if (!memory) return GCUT_NO_MEMORY(err);
  uint32_t *first = memory, *next = memory + n, *run = memory + 2 * (size_t)n;
  for (uint32_t s = 0; s < n; s++) first[s] = next[s] = GCUT_NONE;
  for (uint32_t s = n; s-- > 1;) {
    uint32_t parent = m->trace->graph->scopes[s].parent;
    next[s] = first[parent];
    first[parent] = s;
  }
  find_runs(m, first, next, run);
  free(memory);
  return GCUT_OK;
}
