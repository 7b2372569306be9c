// Minimum cuts of small networks.
#ifndef GCUT_PARTITION_FLOW_H
#define GCUT_PARTITION_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "graphcut/status.h"

#define GCUT__FLOW_INFINITE (UINT64_MAX / 4)

// A network being built, then cut. Zeroed: empty. Memory is kept from one network to the next.
typedef struct gcut__flow {
  uint32_t n_vertices, n_edges; // edges come in pairs: e and its reverse e ^ 1
  uint32_t *first, *level, *arc, *queue;
  uint32_t *to, *next;
  uint64_t *capacity;
  uint32_t vertex_capacity, edge_capacity;
  bool failed; // memory was out: everything below does nothing
} gcut__flow;

void gcut__flow_free(gcut__flow *f);
void gcut__flow_reset(gcut__flow *f);
uint32_t gcut__flow_vertex(gcut__flow *f);
void gcut__flow_edge(gcut__flow *f, uint32_t from, uint32_t to, uint64_t capacity);
// The capacity of the minimum cut between two vertices.
uint64_t gcut__flow_cut(gcut__flow *f, uint32_t source, uint32_t sink);
// After it: whether a vertex is on the source's side.
bool gcut__flow_on_source_side(const gcut__flow *f, uint32_t vertex);

#endif
