#include "formats/inline.h"

#include <stdio.h>
#include <string.h>

#include "tracer/base/arena.h"
#include "tracer/base/error.h"
#include "tracer/ops/op.h"

enum { LONGEST_PATH = 256, SHOWN = 200 };

// The version in which an operator was last defined anew at an opset version.
static int defined_at(const gcut_op_row *row, int64_t version) {
  int last = 0;
  for (const int *v = row->versions; *v; v++)
    if (*v <= version && *v > last) last = *v;
  return last;
}

bool gcut__inline_means_same(const char *domain, const char *op_type, int64_t a, int64_t b) {
  const gcut_op_row *row = a == b ? NULL : gcut_op_find(domain, op_type);
  return a == b || (row && defined_at(row, a) == defined_at(row, b));
}

const char *gcut__inline_name(gcut_graph *graph, gcut_arena *scratch, uint32_t body,
                              const char *prefix, const char *name, uint64_t *counter) {
  char *text = gcut_arena_format(scratch, "%s%s", prefix, name);
  for (;;) {
    if (!text) return "";
    const char *interned = gcut_graph_intern(graph, text, strlen(text));
    if (gcut_graph_value_named(graph, body, interned) == GCUT_NONE) return interned;
    text = gcut_arena_format(scratch, "%s%s#%llu", prefix, name, (unsigned long long)++*counter);
  }
}

static int shown(gcut_string text) {
  return (int)(text.size < SHOWN ? text.size : SHOWN);
}

uint32_t gcut__inline_scope(gcut_graph *graph, uint32_t parent, const char *prefix,
                            gcut_string op_type, gcut_string domain, gcut_string function) {
  char name[LONGEST_PATH + 80], class_name[2 * SHOWN + 2];
  size_t size = strlen(prefix) - 1, start = size;
  while (start > 0 && prefix[start - 1] != '/') start--;
  if (start < size)
    snprintf(name, sizeof name, "%.*s", (int)(size - start), prefix + start);
  else
    snprintf(name, sizeof name, "%.*s", shown(op_type), op_type.data);
  snprintf(class_name, sizeof class_name, "%.*s%s%.*s", shown(domain), domain.data,
           domain.size > 0 ? "." : "", shown(function), function.data);
  if (strlen(graph->scopes[parent].path) > LONGEST_PATH) return parent;
  return gcut_graph_add_scope(graph, parent, name, class_name);
}

gcut_status gcut__inline_identity(gcut_graph *graph, uint32_t body, uint32_t scope, uint32_t from,
                                  uint32_t to, gcut_error *err) {
  gcut_node_spec spec = {.op_type = "Identity",
                         .body = body,
                         .scope = scope,
                         .inputs = &from,
                         .n_inputs = 1,
                         .outputs = &to,
                         .n_outputs = 1};
  return gcut_graph_add_node(graph, &spec) == GCUT_NONE ? GCUT_NO_MEMORY(err) : GCUT_OK;
}
