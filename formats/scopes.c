// Module scopes from node metadata and names.
//
// torch.onnx (dynamo) writes two Python lists: the full dotted path of each module around the node,
// outermost first, and their classes; the last entry of both is the fx node itself. Older files
// hold the same as "path: class/path: class/...". The TorchScript exporter leaves
// "/model/layers.0/mlp/ gate_proj/MatMul" as the node's name, where a child of an uncalled
// container repeats the container's name ("layers.0") and a child of a called one its parent's
// ("mlp/mlp.1").
#include "formats/scopes.h"

enum { MAX_DEPTH = 64, MAX_PATH = GCUT_MAX_SCOPE_PATH };
static const char no_module[] = "_empty_nn_module_stack_from_metadata_hook";

static bool equals(gcut_string span, const char *text) {
  return span.size == strlen(text) && memcmp(span.data, text, span.size) == 0;
}

bool gcut__scope_hint(gcut__scope_hints *hints, gcut_string key, gcut_string value) {
  const struct {
    const char *key;
    gcut_string *to;
    bool own;
  } known[] = {{"namespace", &hints->namespace_path, false},
               {"pkg.torch.onnx.name_scopes", &hints->names, false},
               {"pkg.torch.onnx.class_hierarchy", &hints->classes, false},
               {"pkg.onnxscript.name_scopes", &hints->names, false},
               {"pkg.onnxscript.class_hierarchy", &hints->classes, false},
               {GCUT__SCOPE_NAMES, &hints->own_names, true},
               {GCUT__SCOPE_CLASSES, &hints->own_classes, true}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (!equals(key, known[i].key)) continue;
    *known[i].to = value;
    return known[i].own;
  }
  return false;
}

// ---- a path being made ------------------------------------------------------------------------

// Segments joined one after the other below a scope; stops at the limits. Lists that graphcut wrote
// are followed to their end.
typedef struct path {
  gcut_graph *graph;
  uint32_t scope;
  unsigned depth, max_depth;
} path;

static void descend(path *p, gcut_string name, gcut_string class_name) {
  char text[MAX_PATH], class_text[MAX_PATH];
  size_t above = strlen(p->graph->scopes[p->scope].path);
  if (name.size == 0 || p->depth >= p->max_depth || above + name.size + 2 > MAX_PATH) return;
  if (class_name.size >= MAX_PATH) class_name.size = 0;
  memcpy(text, name.data, name.size);
  text[name.size] = '\0';
  if (class_name.size > 0) memcpy(class_text, class_name.data, class_name.size);
  class_text[class_name.size] = '\0';
  uint32_t scope = gcut_graph_add_scope(p->graph, p->scope, text, class_text);
  if (scope == GCUT_NONE) return;
  p->scope = scope;
  p->depth++;
}

// What remains of a full path below its parent's: all of it where it is no path below.
static gcut_string below(gcut_string parent, gcut_string full) {
  if (parent.size == 0 || full.size < parent.size ||
      memcmp(full.data, parent.data, parent.size) != 0)
    return full;
  if (full.size == parent.size) return (gcut_string){full.data, 0};
  if (full.data[parent.size] != '.') return full;
  return (gcut_string){full.data + parent.size + 1, full.size - parent.size - 1};
}

// The class of the model itself.
static void set_root_class(path *p, gcut_string class_name) {
  char text[MAX_PATH];
  if (p->scope != 0 || class_name.size == 0 || class_name.size >= sizeof text) return;
  memcpy(text, class_name.data, class_name.size);
  text[class_name.size] = '\0';
  gcut_graph_add_scope(p->graph, GCUT_NONE, "", text);
}

// ---- lists of Python strings ------------------------------------------------------------------

static int hex_digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Decodes what follows a backslash; returns the bytes it took. Python's repr escapes quotes,
// backslashes, line ends and, as \xNN, other control characters.
static size_t unescape(const char *at, const char *end, char *out) {
  if (at == end) return 0;
  *out = *at == 'n' ? '\n' : *at == 't' ? '\t' : *at == 'r' ? '\r' : *at;
  if (*at != 'x' || end - at < 3 || hex_digit(at[1]) < 0 || hex_digit(at[2]) < 0) return 1;
  *out = (char)(hex_digit(at[1]) << 4 | hex_digit(at[2]));
  return 3;
}

// Takes the next quoted string off a list into `buffer`; false at the list's end. A string longer
// than the buffer loses its tail.
static bool next_item(gcut_string *list, char buffer[MAX_PATH], gcut_string *out) {
  const char *at = list->data, *end = at + list->size;
  while (at < end && *at != '\'' && *at != '"') at++;
  if (at == end) return false;
  char quote = *at++;
  size_t size = 0;
  while (at < end && *at != quote) {
    char byte = *at++;
    if (byte == '\\') at += unescape(at, end, &byte);
    if (size < MAX_PATH) buffer[size++] = byte;
  }
  if (at < end) at++;
  *list = (gcut_string){at, (size_t)(end - at)};
  *out = (gcut_string){buffer, size};
  return true;
}

// Whether another string follows in the list.
static bool more_items(gcut_string list) {
  for (size_t i = 0; i < list.size; i++)
    if (list.data[i] == '\'' || list.data[i] == '"') return true;
  return false;
}

// Walks the lists of full paths and classes; `tail`: the last entry is the node itself.
static bool from_lists(path *p, gcut_string names, gcut_string classes, bool full_paths,
                       bool tail) {
  char name_text[2][MAX_PATH], class_text[MAX_PATH];
  gcut_string parent = {name_text[1], 0}, name, class_name;
  bool any = false;
  for (int turn = 0; next_item(&names, name_text[turn], &name); turn ^= 1) {
    if (!next_item(&classes, class_text, &class_name)) class_name.size = 0;
    if ((tail && !more_items(names)) || equals(name, no_module)) break;
    any = true;
    if (name.size == 0)
      set_root_class(p, class_name);
    else
      descend(p, full_paths ? below(parent, name) : name, class_name);
    parent = name;
  }
  return any;
}

// ---- "path: class/path: class/node: target" ---------------------------------------------------

static size_t find(gcut_string text, const char *what) {
  const char *at = text.size == 0 ? NULL : memmem(text.data, text.size, what, strlen(what));
  return at ? (size_t)(at - text.data) : text.size;
}

static bool from_namespace(path *p, gcut_string text) {
  gcut_string parent = {text.data, 0};
  bool any = false;
  for (size_t size; (size = find(text, "/")) < text.size;) {
    gcut_string entry = {text.data, size}, name = {entry.data, find(entry, ": ")};
    gcut_string class_name = {entry.data, 0};
    if (name.size + 2 <= size)
      class_name = (gcut_string){entry.data + name.size + 2, size - name.size - 2};
    if (equals(name, no_module)) break;
    any = true;
    if (name.size == 0)
      set_root_class(p, class_name);
    else
      descend(p, below(parent, name), class_name);
    parent = name;
    text = (gcut_string){text.data + size + 1, text.size - size - 1};
  }
  return any;
}

// ---- "/model/layers.0/mlp/gate_proj/MatMul" ---------------------------------------------------

static bool from_name(path *p, gcut_string text) {
  gcut_string parent = {text.data, 0};
  bool any = false;
  for (size_t size; (size = find(text, "/")) < text.size;) {
    gcut_string segment = {text.data, size};
    any = true;
    descend(p, below(parent, segment), (gcut_string){0});
    parent = segment;
    text = (gcut_string){text.data + size + 1, text.size - size - 1};
  }
  return any;
}

// ---- which of them ----------------------------------------------------------------------------

// A list without its last item, as text.
static gcut_string without_tail(gcut_string list) {
  while (list.size > 0 && list.data[list.size - 1] != ',') list.size--;
  return list;
}

static bool same(gcut_string a, gcut_string b) {
  return a.size == b.size && a.size > 0 && memcmp(a.data, b.data, a.size) == 0;
}

// The name without the operator at its end.
static gcut_string without_operator(gcut_string name) {
  while (name.size > 0 && name.data[name.size - 1] != '/') name.size--;
  return name;
}

uint32_t gcut__scope_find(gcut_graph *graph, uint32_t base, const gcut__scope_hints *hints,
                          gcut__scope_memory *memory) {
  bool own = hints->own_names.size > 0;
  path p = {.graph = graph, .scope = base, .max_depth = own ? MAX_PATH : MAX_DEPTH};
  if (own)
    return from_lists(&p, hints->own_names, hints->own_classes, false, false) ? p.scope : base;
  bool lists = hints->names.size > 0;
  gcut_string names = lists ? without_tail(hints->names) : without_operator(hints->name);
  gcut_string classes = lists ? without_tail(hints->classes) : (gcut_string){0};
  if (memory->base == base && same(memory->names, names) &&
      (same(memory->classes, classes) || classes.size + memory->classes.size == 0) &&
      (lists || hints->namespace_path.size == 0))
    return memory->scope;
  bool any = lists ? from_lists(&p, hints->names, hints->classes, true, true)
             : hints->namespace_path.size > 0 ? from_namespace(&p, hints->namespace_path)
                                              : from_name(&p, hints->name);
  uint32_t scope = any ? p.scope : GCUT_NONE;
  *memory = (gcut__scope_memory){base, scope, names, classes};
  return scope;
}
