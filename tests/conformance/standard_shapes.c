#include "tests/conformance/standard_shapes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool standard_shapes_read(const char *path, standard_shapes *shapes) {
  FILE *file = fopen(path, "r");
  if (!file) {
    fprintf(stderr, "conformance: cannot read %s\n", path);
    return false;
  }
  char *line = NULL;
  size_t capacity = 0;
  bool ok = true;
  while (ok && getline(&line, &capacity, file) > 0) {
    if (line[0] == '#') continue;
    char **larger = realloc(shapes->lines, (shapes->n + 1) * sizeof *larger);
    ok = larger != NULL;
    if (ok) shapes->lines = larger;
    line[strcspn(line, "\n")] = '\0';
    if (ok) shapes->lines[shapes->n++] = strdup(line);
  }
  free(line);
  fclose(file);
  return ok;
}

void standard_shapes_free(standard_shapes *shapes) {
  for (size_t i = 0; i < shapes->n; i++) free(shapes->lines[i]);
  free(shapes->lines);
  *shapes = (standard_shapes){0};
}

const char *standard_shapes_find(const standard_shapes *shapes, const char *folder,
                                 const char *name) {
  char key[512];
  int n = snprintf(key, sizeof key, "%s/%s", folder, name);
  for (size_t i = 0; i < shapes->n; i++) {
    const char *line = shapes->lines[i];
    if (strncmp(line, key, (size_t)n) == 0 && (line[n] == '\t' || line[n] == '\0')) return line + n;
  }
  return NULL;
}

void forget_results(gcut_graph *graph) {
  for (uint32_t v = 0; v < graph->n_values; v++)
    if (graph->values[v].producer != GCUT_NONE)
      graph->values[v].declared = (gcut_type){.kind = GCUT_KIND_TENSOR, .rank = -1};
}

// ---- one type ---------------------------------------------------------------------------------

typedef struct shape {
  gcut_dtype type;             // GCUT_UNDEFINED: the standard says nothing
  int rank;                    // -1: unknown
  int64_t dims[GCUT_MAX_RANK]; // -1: unknown
} shape;

// `float[3,?]`, `float` or `?`; returns what follows.
static const char *parse_shape(const char *text, shape *out) {
  size_t name = strcspn(text, "[\t");
  *out = (shape){.type = gcut_dtype_find(text, name), .rank = -1};
  text += name;
  if (*text != '[') return text;
  out->rank = 0;
  for (text++; *text != ']' && out->rank < GCUT_MAX_RANK; text += *text == ',') {
    char *end = (char *)text + 1;
    out->dims[out->rank++] = *text == '?' ? -1 : strtoll(text, &end, 10);
    text = end;
  }
  return text + 1;
}

static bool is_static(const shape *s) {
  for (int d = 0; d < s->rank; d++)
    if (s->dims[d] < 0) return false;
  return s->rank >= 0;
}

static bool is_static_fact(const gcut_type *t) {
  for (int d = 0; d < t->rank; d++)
    if (!gcut_dim_known(t->dims[d])) return false;
  return t->rank >= 0;
}

static bool knows(const gcut_type *ours, const shape *standard) {
  if (standard->type != GCUT_UNDEFINED && ours->type != standard->type) return false;
  if (standard->rank >= 0 && ours->rank != standard->rank) return false;
  for (int d = 0; d < standard->rank; d++)
    if (standard->dims[d] >= 0 && ours->dims[d] != standard->dims[d]) return false;
  return true;
}

// ---- a case -----------------------------------------------------------------------------------

// Compares one value; moves `types` on.
static bool check_value(const gcut_trace *trace, uint32_t value, const char **types,
                        shape_share *share, char *why, size_t size) {
  shape standard;
  const gcut_type *ours = &trace->facts[value].type;
  if (**types != '\t') return snprintf(why, size, "fewer results are listed") < 0;
  const char *text = *types + 1;
  *types = parse_shape(text, &standard);
  if (standard.type == GCUT_UNDEFINED) return true;
  share->values++;
  share->standard += is_static(&standard);
  share->ours += is_static_fact(ours);
  if (knows(ours, &standard)) return true;
  char found[512];
  gcut_trace_format(trace, value, found, sizeof found);
  snprintf(why, size, "%.80s is %.120s, the standard infers %.*s", trace->graph->values[value].name,
           found, (int)(*types - text), text);
  return false;
}

bool standard_shapes_hold(const gcut_trace *trace, const char *types, shape_share *share, char *why,
                          size_t size) {
  const gcut_graph *g = trace->graph;
  for (uint32_t i = 0; i < g->bodies[0].n_nodes; i++) {
    const gcut_node *node = &g->nodes[g->bodies[0].nodes[i]];
    for (uint32_t k = 0; k < node->n_outputs; k++) {
      uint32_t value = g->operands[node->first_output + k];
      if (value != GCUT_NONE && !check_value(trace, value, &types, share, why, size)) return false;
    }
  }
  return *types == '\0' || snprintf(why, size, "more results are listed: %.80s", types) < 0;
}
