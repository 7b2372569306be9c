// Blocks side by side: vision and language layers of one model, layers of two kinds in one stack,
// layers that also stand within larger ones. Candidates join the first, in the order of their
// worth, where they do not overlap with what was chosen and are about as large, or of the same
// stack.
#include <string.h>

#include "partition/proposer.h"
#include "tracer/base/error.h"

static void choose(const gcut__proposer *p, gcut__together *t, const gcut__candidate *c,
                   uint32_t n_beside) {
  uint32_t n_scopes = p->graph->n_scopes;
  for (uint32_t i = 0; i < n_scopes; i++) t->before[i] = t->before[i + 1] - t->before[i];
  for (uint32_t i = 0; i < c->n; i++) {
    uint32_t scope = p->members[c->first + i];
    t->before[p->of.place[scope]] = 1;
    memset(t->inside + p->of.place[scope], true, p->of.size[scope]);
  }
  for (uint32_t i = 0, sum = 0; i <= n_scopes; i++) {
    uint32_t begins = i < n_scopes ? t->before[i] : 0;
    t->before[i] = sum;
    sum += begins;
  }
  t->items[t->n++] = c;
  t->n_matches += n_beside;
}

// Whether it is of the same stack as a module chosen: by its numbered path.
static bool of_stack(gcut__proposer *p, const gcut__together *t, uint32_t scope) {
  const char *pattern = gcut__number_pattern(p, p->graph->scopes[scope].path);
  for (uint32_t i = 0; pattern && i < t->n; i++)
    if (gcut__number_pattern(p, p->graph->scopes[p->members[t->items[i]->first]].path) == pattern)
      return true;
  return false;
}

// How many are beside what is chosen; 0 where any is around it, or where some are within and others
// of another stack. (A layer may stand alone and in a larger one, as Zamba's do.)
static uint32_t count_beside(gcut__proposer *p, const gcut__together *t, const gcut__candidate *c) {
  uint32_t n = 0;
  bool stacked = true;
  for (uint32_t i = 0; i < c->n; i++) {
    uint32_t scope = p->members[c->first + i], place = p->of.place[scope];
    if (t->inside[place]) continue;
    if (t->before[place + p->of.size[scope]] > t->before[place]) return 0;
    stacked &= of_stack(p, t, scope);
    n++;
  }
  return n == c->n || stacked ? n : 0;
}

// Whether it repeats blocks about as large as the first's, or is of the same stack.
static bool fits(gcut__proposer *p, const gcut__together *t, const gcut__candidate *c) {
  const gcut__candidate *first = t->items[0];
  if (3 * (uint64_t)c->n_nodes * first->n_counting < (uint64_t)first->n_nodes * c->n_counting)
    return false;
  if (c->n > 1)
    return (gcut__is_uniform(c) || c->rank > 1) && (gcut__is_narrow(c) || !gcut__is_narrow(first));
  return of_stack(p, t, p->members[c->first]);
}

gcut_status gcut__choose_together(gcut__proposer *p, gcut__together *t, gcut_error *err) {
  *t = (gcut__together){.inside = GCUT_NEW_ARRAY(p->scratch, bool, p->graph->n_scopes),
                        .before =
                            GCUT_NEW_ARRAY(p->scratch, uint32_t, (size_t)p->graph->n_scopes + 1)};
  if (!t->inside || !t->before) return GCUT_NO_MEMORY(err);
  choose(p, t, &p->items[0], p->items[0].n);
  for (uint32_t i = 1; i < p->n && t->n < GCUT__MOST_TOGETHER; i++) {
    uint32_t n = count_beside(p, t, &p->items[i]);
    if (n > 0 && fits(p, t, &p->items[i])) choose(p, t, &p->items[i], n);
  }
  return GCUT_OK;
}
