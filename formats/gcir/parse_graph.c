// Graphs and nodes.
//
//   graph = name [info] "(" values ")" "=>" "(" values ")" ["<" values ">"] "{" {node} "}"
//   value = [type] name [info] ["=" elements]
//   node  = ["[" name "]"] names "=" {domain "."} type [":" overload] [attributes] "(" names ")"
//           [attributes] ["@" scope] [info]
//   info  = "{" item {"," item} "}",  item = "doc_string" ":" string | "metadata_props" ":" list
#include "formats/gcir/gcir.h"

gcut_status gcut__gcir_metadata(gcir_parser *p, gcir_list *out) {
  while (!gcut__gcir_accept(p, ']')) {
    const char *key, *value;
    if (out->n > 0) GCUT_TRY(gcut__gcir_expect(p, ','));
    GCUT_TRY(gcut__gcir_text(p, &key));
    GCUT_TRY(gcut__gcir_expect(p, ':'));
    GCUT_TRY(gcut__gcir_text(p, &value));
    gcut_metadata *slot = gcut__gcir_append(p, out, sizeof *slot);
    if (!slot) return GCUT_NO_MEMORY(p->err);
    *slot = (gcut_metadata){gcut_graph_intern(p->graph, key, strlen(key)), value};
  }
  return GCUT_OK;
}

static gcut_status parse_info(gcir_parser *p, gcir_info *out) {
  if (!gcut__gcir_accept(p, '{')) return GCUT_OK;
  do {
    gcut__gcir_peek(p);
    size_t start = p->at;
    gcut_string key = gcut__gcir_identifier(p);
    GCUT_TRY(gcut__gcir_expect(p, ':'));
    if (gcut__gcir_is(key, "doc_string")) {
      GCUT_TRY(gcut__gcir_text(p, &out->doc));
    } else if (gcut__gcir_is(key, "metadata_props")) {
      GCUT_TRY(gcut__gcir_expect(p, '['));
      GCUT_TRY(gcut__gcir_metadata(p, &out->metadata));
    } else {
      return gcut__gcir_fail(p, start, "expected doc_string or metadata_props");
    }
  } while (gcut__gcir_accept(p, ','));
  return gcut__gcir_expect(p, '}');
}

// ---- values -----------------------------------------------------------------------------------

static gcut_status parse_value(gcir_parser *p, bool constants, gcir_list *list) {
  gcir_value value = {.constant = GCUT_NONE};
  gcut__gcir_peek(p);
  value.at = p->at;
  value.typed = gcut__gcir_at_type(p);
  if (value.typed) GCUT_TRY(gcut__gcir_type(p, &value.type));
  GCUT_TRY(gcut__gcir_name(p, &value.name));
  GCUT_TRY(parse_info(p, &value.info));
  if (constants && gcut__gcir_accept(p, '=')) {
    if (!value.typed) return gcut__gcir_fail(p, value.at, "a constant needs a type");
    GCUT_TRY(gcut__gcir_tensor(p, &value.type, value.name, &value.constant));
  }
  gcir_value *slot = gcut__gcir_append(p, list, sizeof *slot);
  if (!slot) return GCUT_NO_MEMORY(p->err);
  *slot = value;
  return GCUT_OK;
}

static gcut_status parse_values(gcir_parser *p, char open, char close, bool constants,
                                gcir_list *list) {
  GCUT_TRY(gcut__gcir_expect(p, open));
  if (gcut__gcir_accept(p, close)) return GCUT_OK;
  do {
    GCUT_TRY(parse_value(p, constants, list));
  } while (gcut__gcir_accept(p, ','));
  return gcut__gcir_expect(p, close);
}

// ---- nodes ------------------------------------------------------------------------------------

// Names of operands: "" or nothing before a comma is an absent one; a comma at the end adds none.
static gcut_status parse_names(gcir_parser *p, gcir_list *list) {
  for (;;) {
    const char *name;
    GCUT_TRY(gcut__gcir_optional_name(p, &name));
    bool comma = gcut__gcir_peek(p) == ',';
    if (!name && !comma) return GCUT_OK;
    const char **slot = gcut__gcir_append(p, list, sizeof *slot);
    if (!slot) return GCUT_NO_MEMORY(p->err);
    *slot = name ? name : gcut_graph_intern(p->graph, "", 0);
    if (!gcut__gcir_accept(p, ',')) return GCUT_OK;
  }
}

// Operator types with dots: all before the last is the domain.
static gcut_status parse_operator(gcir_parser *p, gcir_node *node) {
  node->domain = gcut_graph_intern(p->graph, "", 0);
  GCUT_TRY(gcut__gcir_name(p, &node->op_type));
  while (gcut__gcir_accept(p, '.')) {
    char *joined = gcut_arena_format(p->scratch, "%s%s%s", node->domain, *node->domain ? "." : "",
                                     node->op_type);
    if (!joined) return GCUT_NO_MEMORY(p->err);
    if (strlen(joined) > 4096) return gcut__gcir_fail(p, p->at, "a domain that is too long");
    node->domain = gcut_graph_intern(p->graph, joined, strlen(joined));
    GCUT_TRY(gcut__gcir_name(p, &node->op_type));
  }
  if (gcut__gcir_accept(p, ':')) return gcut__gcir_name(p, &node->overload);
  node->overload = gcut_graph_intern(p->graph, "", 0);
  return GCUT_OK;
}

// "@" and a number of the scopes listed in the header, or a dotted path.
static gcut_status parse_scope(gcir_parser *p, uint32_t *out) {
  *out = GCUT_NONE;
  if (!gcut__gcir_accept(p, '@')) return GCUT_OK;
  gcut__gcir_peek(p);
  size_t start = p->at;
  if (gcut__gcir_at_string(p)) {
    const char *path;
    GCUT_TRY(gcut__gcir_text(p, &path));
    *out = 0;
    for (const char *at = path; *at;) {
      size_t size = strcspn(at, ".");
      const char *name = gcut_graph_intern(p->graph, at, size);
      if (size > 0) GCUT_TRY(gcut__gcir_add_scope(p, start, *out, name, "", out));
      at += size + (at[size] == '.');
    }
    return GCUT_OK;
  }
  int64_t number;
  GCUT_TRY(gcut__gcir_int(p, &number));
  if (number < 0 || (number >= p->scopes.n && number > 0))
    return gcut__gcir_fail(p, start, "scope %lld is not in the header's list", (long long)number);
  *out = number == 0 ? 0 : GCIR_ITEM(uint32_t, p->scopes, number);
  return GCUT_OK;
}

static gcut_status parse_attributes(gcir_parser *p, gcir_node *node) {
  if (node->attributes.n > 0 || !gcut__gcir_accept(p, '<')) return GCUT_OK;
  return gcut__gcir_attributes(p, &node->attributes);
}

static gcut_status parse_node(gcir_parser *p, gcir_node *node) {
  gcut__gcir_peek(p);
  node->at = p->at;
  node->name = NULL;
  if (gcut__gcir_accept(p, '[')) {
    GCUT_TRY(gcut__gcir_optional_name(p, &node->name));
    GCUT_TRY(gcut__gcir_expect(p, ']'));
  }
  if (!node->name) node->name = gcut_graph_intern(p->graph, "", 0);
  GCUT_TRY(parse_names(p, &node->outputs));
  GCUT_TRY(gcut__gcir_expect(p, '='));
  GCUT_TRY(parse_operator(p, node));
  GCUT_TRY(parse_attributes(p, node));
  GCUT_TRY(gcut__gcir_expect(p, '('));
  GCUT_TRY(parse_names(p, &node->inputs));
  GCUT_TRY(gcut__gcir_expect(p, ')'));
  GCUT_TRY(parse_attributes(p, node));
  GCUT_TRY(parse_scope(p, &node->scope));
  return parse_info(p, &node->info);
}

gcut_status gcut__gcir_nodes(gcir_parser *p, gcir_node **out, uint64_t *out_n) {
  *out = NULL;
  *out_n = 0;
  GCUT_TRY(gcut__gcir_expect(p, '{'));
  while (!gcut__gcir_accept(p, '}')) {
    gcir_node *node = GCUT_NEW(p->scratch, gcir_node);
    if (!node) return GCUT_NO_MEMORY(p->err);
    GCUT_TRY(parse_node(p, node));
    *out = node, out = &node->next;
    ++*out_n;
  }
  return GCUT_OK;
}

// ---- graphs -----------------------------------------------------------------------------------

static gcut_status parse_graph(gcir_parser *p, gcir_graph *graph) {
  uint64_t n;
  GCUT_TRY(gcut__gcir_name(p, &graph->name));
  GCUT_TRY(parse_info(p, &graph->info));
  GCUT_TRY(parse_values(p, '(', ')', true, &graph->inputs));
  GCUT_TRY(gcut__gcir_expect_arrow(p));
  GCUT_TRY(parse_values(p, '(', ')', false, &graph->outputs));
  if (gcut__gcir_peek(p) == '<') GCUT_TRY(parse_values(p, '<', '>', true, &graph->values));
  return gcut__gcir_nodes(p, &graph->nodes, &n);
}

gcut_status gcut__gcir_graph(gcir_parser *p, gcir_graph **out) {
  gcut__gcir_peek(p);
  if (p->depth >= GCIR_MAX_DEPTH)
    return gcut__gcir_fail(p, p->at, "more than %d graphs within one another", GCIR_MAX_DEPTH);
  gcir_graph *graph = GCUT_NEW(p->scratch, gcir_graph);
  if (!graph) return GCUT_NO_MEMORY(p->err);
  graph->at = p->at;
  p->depth++;
  gcut_status status = parse_graph(p, graph);
  p->depth--;
  *out = graph;
  return status;
}
