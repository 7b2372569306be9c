// Numbers for what a Graphviz graph is made of, in the order of making.
#ifndef GCUT_FORMATS_DOT_NUMBERING_H
#define GCUT_FORMATS_DOT_NUMBERING_H

#include <graphviz/cgraph.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct gcut__name_list {
  char **names;
  size_t n, capacity;
} gcut__name_list;

// Lives as long as the graph.
typedef struct gcut__numbering {
  Agdisc_t discipline; // for agopen
  Agraph_t *graph;
  gcut__name_list graphs, nodes, edges;
  uint64_t n_anonymous;
  bool out_of_memory; // a name was not kept
} gcut__numbering;

void gcut__numbering_init(gcut__numbering *numbering);

#endif
