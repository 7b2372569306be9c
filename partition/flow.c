// Dinic's algorithm: breadth-first levels, then paths along them until none is left, again until
// the sink is out of reach. The last levels tell the sides of the cut.
#include "partition/flow.h"

#include <stdlib.h>

#include "tracer/base/vector.h"

static const uint32_t NONE = UINT32_MAX;

void gcut__flow_free(gcut__flow *f) {
  free(f->first);
  free(f->level);
  free(f->arc);
  free(f->queue);
  free(f->to);
  free(f->next);
  free(f->capacity);
  *f = (gcut__flow){0};
}

void gcut__flow_reset(gcut__flow *f) {
  f->n_vertices = f->n_edges = 0;
}

// Arrays that grow together are asked for the same count; the last one's success moves the
// capacity.
static bool grow(gcut__flow *f, uint32_t **array, uint32_t capacity, uint32_t count,
                 uint32_t more) {
  f->failed |= !gcut_vector_reserve((void **)array, &capacity, count, more, sizeof **array);
  return !f->failed;
}

uint32_t gcut__flow_vertex(gcut__flow *f) {
  uint32_t capacity = f->vertex_capacity;
  if (!grow(f, &f->first, capacity, f->n_vertices, 1) ||
      !grow(f, &f->level, capacity, f->n_vertices, 1) ||
      !grow(f, &f->arc, capacity, f->n_vertices, 1))
    return 0;
  f->failed |= !gcut_vector_reserve((void **)&f->queue, &f->vertex_capacity, f->n_vertices, 1,
                                    sizeof *f->queue);
  if (f->failed) return 0;
  f->first[f->n_vertices] = NONE;
  return f->n_vertices++;
}

static void add_half(gcut__flow *f, uint32_t from, uint32_t to, uint64_t capacity) {
  f->to[f->n_edges] = to;
  f->capacity[f->n_edges] = capacity;
  f->next[f->n_edges] = f->first[from];
  f->first[from] = f->n_edges++;
}

void gcut__flow_edge(gcut__flow *f, uint32_t from, uint32_t to, uint64_t capacity) {
  uint32_t held = f->edge_capacity;
  if (f->failed || !grow(f, &f->to, held, f->n_edges, 2) || !grow(f, &f->next, held, f->n_edges, 2))
    return;
  f->failed |= !gcut_vector_reserve((void **)&f->capacity, &f->edge_capacity, f->n_edges, 2,
                                    sizeof *f->capacity);
  if (f->failed) return;
  add_half(f, from, to, capacity);
  add_half(f, to, from, 0);
}

static bool find_levels(gcut__flow *f, uint32_t source, uint32_t sink) {
  for (uint32_t v = 0; v < f->n_vertices; v++) f->level[v] = NONE;
  uint32_t n = 0;
  f->queue[n++] = source;
  f->level[source] = 0;
  for (uint32_t at = 0; at < n; at++)
    for (uint32_t e = f->first[f->queue[at]]; e != NONE; e = f->next[e]) {
      if (f->capacity[e] == 0 || f->level[f->to[e]] != NONE) continue;
      f->level[f->to[e]] = f->level[f->queue[at]] + 1;
      f->queue[n++] = f->to[e];
    }
  return f->level[sink] != NONE;
}

// Pushes what the path in queue[0..n) of edges takes; returns the place of its first full edge.
static uint32_t push_path(gcut__flow *f, uint32_t n, uint64_t *total) {
  uint64_t least = UINT64_MAX;
  uint32_t full = 0;
  for (uint32_t i = 0; i < n; i++)
    if (f->capacity[f->queue[i]] < least) least = f->capacity[f->queue[i]], full = i;
  for (uint32_t i = 0; i < n; i++) {
    f->capacity[f->queue[i]] -= least;
    f->capacity[f->queue[i] ^ 1] += least;
  }
  *total += least;
  return full;
}

// Paths along the levels, found depth first; queue holds the edges of the one at hand.
static uint64_t push_all(gcut__flow *f, uint32_t source, uint32_t sink) {
  uint64_t total = 0;
  uint32_t n = 0, at = source;
  for (uint32_t v = 0; v < f->n_vertices; v++) f->arc[v] = f->first[v];
  for (;;) {
    if (at == sink) {
      n = push_path(f, n, &total);
      at = f->to[f->queue[n] ^ 1];
      continue;
    }
    uint32_t e = f->arc[at];
    while (e != NONE && (f->capacity[e] == 0 || f->level[f->to[e]] != f->level[at] + 1))
      e = f->next[e];
    f->arc[at] = e;
    if (e != NONE) {
      f->queue[n++] = e;
      at = f->to[e];
    } else if (n > 0) { // a dead end: back, and past the edge that led here
      at = f->to[f->queue[--n] ^ 1];
      f->arc[at] = f->next[f->queue[n]];
    } else {
      return total;
    }
  }
}

uint64_t gcut__flow_cut(gcut__flow *f, uint32_t source, uint32_t sink) {
  uint64_t total = 0;
  while (!f->failed && find_levels(f, source, sink)) total += push_all(f, source, sink);
  return total;
}

bool gcut__flow_on_source_side(const gcut__flow *f, uint32_t vertex) {
  return !f->failed && f->level[vertex] != NONE;
}
