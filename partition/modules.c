// Nodes are counted and places found where they are, then added up from the leaves: a scope has a
// higher number than the one around it.
#include "partition/modules.h"

#include <string.h>

#include "tracer/base/error.h"

// Constants and what folds with them are no work; a node without inputs is one. Nor is what tells
// layers apart the code of shapes, of which exporters write more in some than in others.
static bool counts(const gcut__modules *m, uint32_t place) {
  return !m->by_weights || gcut__applies_weights(&m->passing, place);
}

static void count_nodes(gcut__modules *m) {
  const gcut_graph *g = m->passing.g;
  const gcut__passing *row = &m->passing;
  for (uint32_t i = 0; i < row->n; i++) m->by_weights |= gcut__applies_weights(row, i);
  for (uint32_t i = 0; i < row->n; i++) {
    uint32_t scope = g->nodes[row->nodes[i]].scope;
    m->computes[scope] = true;
    m->nodes[scope] += counts(m, i);
    m->n_counting += counts(m, i);
  }
  for (uint32_t s = g->n_scopes; s-- > 1;) {
    m->computes[g->scopes[s].parent] |= m->computes[s];
    m->nodes[g->scopes[s].parent] += m->nodes[s];
  }
}

// Places of the first node of data and behind the last, then what passes there. Of what the graph
// begins or ends with one value passes, too: it comes in or goes out.
static void find_ends(gcut__modules *m) {
  const gcut_graph *g = m->passing.g;
  const gcut__passing *row = &m->passing;
  memset(m->entry, 0xff, g->n_scopes * sizeof *m->entry);
  for (uint32_t i = 0; i < row->n; i++) {
    uint32_t scope = g->nodes[row->nodes[i]].scope;
    if (row->root[i] != GCUT__ROOT_DATA) continue;
    if (m->entry[scope] > i) m->entry[scope] = i;
    m->exit[scope] = i + 1;
  }
  for (uint32_t s = g->n_scopes; s-- > 1;) {
    uint32_t parent = g->scopes[s].parent;
    if (m->entry[s] < m->entry[parent]) m->entry[parent] = m->entry[s];
    if (m->exit[s] > m->exit[parent]) m->exit[parent] = m->exit[s];
  }
  for (uint32_t s = 0; s < g->n_scopes; s++) {
    uint32_t in = m->entry[s] < row->n ? row->live[m->entry[s]] : 0;
    uint32_t out = m->exit[s] < row->n ? row->live[m->exit[s]] : 0;
    m->entry[s] = in > 1 ? in : 1;
    m->exit[s] = out > 1 ? out : 1;
  }
}

// Scopes are numbered after their parents, so sizes add up backwards and places follow forwards.
static gcut_status lay_out(gcut__modules *m, gcut_arena *arena, gcut_error *err) {
  const gcut_graph *g = m->passing.g;
  uint32_t *next = GCUT_NEW_ARRAY(arena, uint32_t, g->n_scopes);
  if (!next) return GCUT_NO_MEMORY(err);
  for (uint32_t s = g->n_scopes; s-- > 0;) {
    m->size[s]++;
    if (s > 0) m->size[g->scopes[s].parent] += m->size[s];
  }
  for (uint32_t s = 0; s < g->n_scopes; s++) {
    uint32_t *from = s > 0 ? &next[g->scopes[s].parent] : NULL;
    m->place[s] = from ? *from : 0;
    if (from) *from += m->size[s];
    next[s] = m->place[s] + 1;
  }
  return GCUT_OK;
}

static gcut_status allocate(gcut__modules *m, gcut_arena *arena, gcut_error *err) {
  uint32_t n = m->passing.g->n_scopes;
  m->nodes = GCUT_NEW_ARRAY(arena, uint32_t, n);
  m->computes = GCUT_NEW_ARRAY(arena, bool, n);
  m->entry = GCUT_NEW_ARRAY(arena, uint32_t, n);
  m->exit = GCUT_NEW_ARRAY(arena, uint32_t, n);
  m->size = GCUT_NEW_ARRAY(arena, uint32_t, n);
  m->place = GCUT_NEW_ARRAY(arena, uint32_t, n);
  return m->nodes && m->computes && m->entry && m->exit && m->size && m->place
             ? GCUT_OK
             : GCUT_NO_MEMORY(err);
}

gcut_status gcut__modules_open(const gcut_graph *graph, gcut_arena *arena, gcut__modules *m,
                               gcut_error *err) {
  *m = (gcut__modules){0};
  GCUT_TRY(gcut__passing_open(graph, arena, &m->passing, err));
  GCUT_TRY(allocate(m, arena, err));
  count_nodes(m);
  find_ends(m);
  return lay_out(m, arena, err);
}
