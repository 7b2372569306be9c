// Writing down scopes that a node's own metadata and name do not tell: those of inlined functions,
// of bare nodes, of nodes that other formats gave one.
#include "formats/onnx/writer.h"
#include "formats/scopes.h"

static gcut_string string_of(const char *text) {
  return (gcut_string){text, strlen(text)};
}

// The scope that a reader would find, in the shadow graph.
static uint32_t found_scope(gcut__message_maker *m, const gcut_node *node) {
  gcut__scope_hints hints = {.name = string_of(node->name)};
  gcut__scope_memory memory = {0};
  for (uint32_t i = 0; i < node->n_metadata; i++) {
    const gcut_metadata *entry = &m->graph->metadata[node->first_metadata + i];
    gcut__scope_hint(&hints, string_of(entry->key), string_of(entry->value));
  }
  return gcut__scope_find(m->shadow, 0, &hints, &memory);
}

// A node may give a class to a scope that an earlier one named without.
void gcut__message_prepare_scopes(gcut__message_maker *m) {
  for (uint32_t i = 0; i < m->graph->n_nodes; i++) found_scope(m, &m->graph->nodes[i]);
}

static bool same_scope(const gcut_graph *a, uint32_t x, const gcut_graph *b, uint32_t y) {
  for (; x != GCUT_NONE && y != GCUT_NONE; x = a->scopes[x].parent, y = b->scopes[y].parent) {
    const gcut_scope *p = &a->scopes[x], *q = &b->scopes[y];
    if (strcmp(p->name, q->name) != 0 || strcmp(p->class_name, q->class_name) != 0) return false;
  }
  return x == y;
}

// Appends a Python string literal to `out`, which has room; returns the new end.
static char *quote(char *out, const char *text) {
  static const char digits[] = "0123456789abcdef";
  *out++ = '\'';
  for (; *text; text++) {
    unsigned char byte = (unsigned char)*text;
    if (byte < 0x20 || byte == 0x7f) {
      *out++ = '\\';
      *out++ = 'x';
      *out++ = digits[byte >> 4];
      *out++ = digits[byte & 15];
      continue;
    }
    if (byte == '\'' || byte == '\\') *out++ = '\\';
    *out++ = (char)byte;
  }
  *out++ = '\'';
  return out;
}

// The names, or classes, of a scope and all around it, outermost first, as a Python list.
static const char *list_text(gcut__message_maker *m, uint32_t scope, bool classes) {
  const gcut_graph *g = m->graph;
  size_t depth = 0, size = 3;
  for (uint32_t s = scope; s != GCUT_NONE; s = g->scopes[s].parent, depth++)
    size += 4 * strlen(classes ? g->scopes[s].class_name : g->scopes[s].name) + 4;
  uint32_t *chain = GCUT_NEW_ARRAY(m->arena, uint32_t, depth);
  char *text = gcut_arena_alloc(m->arena, size, 1), *out = text;
  if (!chain || !text) {
    m->failed = true;
    return "";
  }
  for (uint32_t s = scope; s != GCUT_NONE; s = g->scopes[s].parent) chain[--depth] = s;
  for (*out++ = '['; chain[depth] != scope; depth++) {
    out = quote(out, classes ? g->scopes[chain[depth]].class_name : g->scopes[chain[depth]].name);
    *out++ = ',';
    *out++ = ' ';
  }
  out = quote(out, classes ? g->scopes[scope].class_name : g->scopes[scope].name);
  *out = ']';
  return text;
}

bool gcut__message_scope(gcut__message_maker *m, const gcut_node *node, const char **out_names,
                         const char **out_classes) {
  uint32_t found = found_scope(m, node);
  if (found != GCUT_NONE && same_scope(m->graph, node->scope, m->shadow, found)) return false;
  *out_names = list_text(m, node->scope, false);
  *out_classes = list_text(m, node->scope, true);
  return true;
}
