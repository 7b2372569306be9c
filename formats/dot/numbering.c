// Numbers for what a Graphviz graph is made of.
//
// By default Graphviz numbers named things by the address of their name, and writes subgraphs in
// that order: the same drawing came out differently from run to run. Here things are numbered as
// they are made.
#include "formats/dot/numbering.h"

#include <stdlib.h>
#include <string.h>

typedef gcut__name_list name_list;
typedef gcut__numbering numbering;

static name_list *list_of(numbering *all, int type) {
  return type == AGRAPH ? &all->graphs : type == AGNODE ? &all->nodes : &all->edges;
}

// Where "b12" or "cluster_12" stands if things are added in the order of their numbers; the graph
// itself is the first of the graphs.
static size_t likely_place(int type, const char *name) {
  size_t digits = strlen(name);
  while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9') digits--;
  return strtoull(name + digits, NULL, 10) + (type == AGRAPH && digits > 0 && name[digits]);
}

static size_t find(const name_list *list, int type, const char *name) {
  size_t likely = likely_place(type, name);
  if (likely < list->n && strcmp(list->names[likely], name) == 0) return likely;
  if (likely >= list->n) return list->n; // not there yet
  for (size_t i = 0; i < list->n; i++)
    if (strcmp(list->names[i], name) == 0) return i;
  return list->n;
}

// Names are strings of the graph: Graphviz looks at what precedes a string to tell markup from
// text.
static bool append(numbering *all, name_list *list, char *name) {
  if (list->n == list->capacity) {
    size_t capacity = list->capacity ? list->capacity * 2 : 16;
    char **names = realloc(list->names, capacity * sizeof *names);
    if (!names) return false;
    list->names = names, list->capacity = capacity;
  }
  list->names[list->n] = agstrdup(all->graph, name);
  return list->names[list->n] && ++list->n;
}

// ---- what Graphviz calls ----------------------------------------------------------------------

// The discipline is a numbering's own.
static void *numbering_open(Agraph_t *graph, Agdisc_t *discipline) {
  numbering *all = (numbering *)discipline;
  all->graph = graph;
  return all;
}

// Named things have even numbers, others odd ones.
static long numbering_map(void *state, int type, char *name, IDTYPE *id, int create) {
  numbering *all = state;
  if (!name) {
    if (create) *id = 2 * all->n_anonymous++ + 1;
    return create;
  }
  name_list *list = list_of(all, type);
  size_t i = find(list, type, name);
  if (i == list->n && !create) return 0;
  if (i == list->n && !append(all, list, name)) {
    all->out_of_memory = true;
    return 0;
  }
  *id = 2 * (IDTYPE)i;
  return 1;
}

static long numbering_alloc(void *state, int type, IDTYPE id) {
  (void)state, (void)type, (void)id;
  return 1;
}

static void numbering_free(void *state, int type, IDTYPE id) {
  (void)state, (void)type, (void)id;
}

static char *numbering_print(void *state, int type, IDTYPE id) {
  const name_list *list = list_of(state, type);
  return id % 2 == 0 && id / 2 < list->n ? list->names[id / 2] : NULL;
}

static void numbering_close(void *state) {
  numbering *all = state;
  name_list *lists[] = {&all->graphs, &all->nodes, &all->edges};
  for (int k = 0; k < 3; k++) free(lists[k]->names); // the strings end with the graph
}

static void numbering_register(void *state, int type, void *object) {
  (void)state, (void)type, (void)object;
}

void gcut__numbering_init(gcut__numbering *all) {
  static const Agiddisc_t ids = {numbering_open,    numbering_map,   numbering_alloc,
                                 numbering_free,    numbering_print, numbering_close,
                                 numbering_register};
  *all = (numbering){.discipline = {.id = (Agiddisc_t *)&ids}}; // Graphviz only reads it
}
