// The whole text: a header in "<" ">", the main graph, functions with headers of their own.
#include "formats/gcir/gcir.h"

// ---- headers ----------------------------------------------------------------------------------

static gcut_status parse_opsets(gcir_parser *p, gcir_list *out) {
  GCUT_TRY(gcut__gcir_expect(p, '['));
  while (!gcut__gcir_accept(p, ']')) {
    if (out->n > 0) GCUT_TRY(gcut__gcir_expect(p, ','));
    gcir_opset *opset = gcut__gcir_append(p, out, sizeof *opset);
    if (!opset) return GCUT_NO_MEMORY(p->err);
    GCUT_TRY(gcut__gcir_text(p, &opset->domain));
    GCUT_TRY(gcut__gcir_expect(p, ':'));
    GCUT_TRY(gcut__gcir_int(p, &opset->version));
  }
  return GCUT_OK;
}

gcut_status gcut__gcir_add_scope(gcir_parser *p, size_t at, uint32_t parent, const char *name,
                                 const char *class_name, uint32_t *out) {
  *out = gcut_graph_add_scope(p->graph, parent, name, class_name);
  if (*out != GCUT_NONE) return GCUT_OK;
  return gcut__gcir_fail(p, at, "more than a million scopes, or than %d bytes of dotted path",
                         GCUT_MAX_SCOPE_PATH);
}

// number ":" [parent "/"] name [":" class]
static gcut_status parse_scope(gcir_parser *p) {
  int64_t number, parent = GCUT_NONE;
  const char *name, *class_name = "";
  gcut__gcir_peek(p);
  size_t start = p->at;
  GCUT_TRY(gcut__gcir_int(p, &number));
  GCUT_TRY(gcut__gcir_expect(p, ':'));
  if (gcut__gcir_at_number(p)) {
    GCUT_TRY(gcut__gcir_int(p, &parent));
    GCUT_TRY(gcut__gcir_expect(p, '/'));
  }
  GCUT_TRY(gcut__gcir_text(p, &name));
  if (gcut__gcir_accept(p, ':')) GCUT_TRY(gcut__gcir_text(p, &class_name));
  if (p->scopes.n == 0 && number > 0) // the root needs no entry where its class is not known
    if (!gcut__gcir_append(p, &p->scopes, sizeof(uint32_t))) return GCUT_NO_MEMORY(p->err);
  if (number != p->scopes.n || (parent != GCUT_NONE && (parent < 0 || parent >= number)))
    return gcut__gcir_fail(p, start, "scopes are numbered from 0 or 1 on, each after its parent");
  if ((number == 0) != !*name)
    return gcut__gcir_fail(p, start, "scope 0 is the model and has no name, all others have one");
  uint32_t above = parent == GCUT_NONE ? 0 : GCIR_ITEM(uint32_t, p->scopes, parent);
  uint32_t *slot = gcut__gcir_append(p, &p->scopes, sizeof *slot);
  if (!slot) return GCUT_NO_MEMORY(p->err);
  return gcut__gcir_add_scope(p, start, number == 0 ? GCUT_NONE : above, name, class_name, slot);
}

static gcut_status parse_scopes(gcir_parser *p) {
  p->has_scopes = true;
  GCUT_TRY(gcut__gcir_expect(p, '['));
  for (bool first = true; !gcut__gcir_accept(p, ']'); first = false) {
    if (!first) GCUT_TRY(gcut__gcir_expect(p, ','));
    GCUT_TRY(parse_scope(p));
  }
  return GCUT_OK;
}

static gcut_status parse_model_metadata(gcir_parser *p) {
  gcir_list entries = {0};
  GCUT_TRY(gcut__gcir_expect(p, '['));
  GCUT_TRY(gcut__gcir_metadata(p, &entries));
  gcut_graph_add_metadata(p->graph, entries.items, entries.n, &p->graph->first_metadata,
                          &p->graph->n_model_metadata);
  return GCUT_OK;
}

static gcut_status add_opsets(gcir_parser *p, size_t at) {
  gcir_list opsets = {0};
  GCUT_TRY(parse_opsets(p, &opsets));
  for (uint32_t i = 0; i < opsets.n; i++) {
    gcir_opset opset = GCIR_ITEM(gcir_opset, opsets, i);
    if (opset.version < 1)
      return gcut__gcir_fail(p, at, "opset version %lld is no version", (long long)opset.version);
    gcut_graph_add_opset(p->graph, opset.domain, opset.version);
  }
  return GCUT_OK;
}

static gcut_status parse_model_item(gcir_parser *p, gcut_string key, size_t at) {
  gcut_graph *g = p->graph;
  if (gcut__gcir_is(key, "ir_version")) return gcut__gcir_int(p, &g->ir_version);
  if (gcut__gcir_is(key, "model_version")) return gcut__gcir_int(p, &g->model_version);
  if (gcut__gcir_is(key, "producer_name")) return gcut__gcir_text(p, &g->producer_name);
  if (gcut__gcir_is(key, "producer_version")) return gcut__gcir_text(p, &g->producer_version);
  if (gcut__gcir_is(key, "domain")) return gcut__gcir_text(p, &g->domain);
  if (gcut__gcir_is(key, "doc_string")) return gcut__gcir_text(p, &g->doc);
  if (gcut__gcir_is(key, "opset_import")) return add_opsets(p, at);
  if (gcut__gcir_is(key, "metadata_props")) return parse_model_metadata(p);
  if (gcut__gcir_is(key, "scopes")) return parse_scopes(p);
  return gcut__gcir_fail(p, at, "'%.*s' is no part of a model's header",
                         (int)(key.size < 60 ? key.size : 60), key.data);
}

static gcut_status parse_function_item(gcir_parser *p, gcut_string key, size_t at,
                                       gcir_function *f) {
  const char *doc;
  if (gcut__gcir_is(key, "domain")) return gcut__gcir_text(p, &f->domain);
  if (gcut__gcir_is(key, "overload")) return gcut__gcir_text(p, &f->overload);
  if (gcut__gcir_is(key, "doc_string")) return gcut__gcir_text(p, &doc);
  if (gcut__gcir_is(key, "opset_import")) return parse_opsets(p, &f->opsets);
  return gcut__gcir_fail(p, at, "'%.*s' is no part of a function's header",
                         (int)(key.size < 60 ? key.size : 60), key.data);
}

// function: whose header it is; NULL for the model's.
static gcut_status parse_header(gcir_parser *p, gcir_function *function) {
  if (!gcut__gcir_accept(p, '<')) return GCUT_OK;
  do {
    gcut__gcir_peek(p);
    size_t start = p->at;
    gcut_string key = gcut__gcir_identifier(p);
    GCUT_TRY(gcut__gcir_expect(p, ':'));
    GCUT_TRY(function ? parse_function_item(p, key, start, function)
                      : parse_model_item(p, key, start));
  } while (gcut__gcir_accept(p, ','));
  return gcut__gcir_expect(p, '>');
}

// ---- functions --------------------------------------------------------------------------------

// Attributes of a function: a name alone, or one with a kind and a default.
static gcut_status parse_parameters(gcir_parser *p, gcir_function *f) {
  if (!gcut__gcir_accept(p, '<')) return GCUT_OK;
  if (gcut__gcir_accept(p, '>')) return GCUT_OK;
  do {
    const char *name;
    GCUT_TRY(gcut__gcir_name(p, &name));
    int next = gcut__gcir_peek(p);
    if (next == ':' || next == '=') {
      gcir_attribute value;
      GCUT_TRY(gcut__gcir_attribute(p, name, &value));
      gcir_attribute *slot = gcut__gcir_append(p, &f->defaults, sizeof *slot);
      if (!slot) return GCUT_NO_MEMORY(p->err);
      *slot = value;
    } else {
      const char **slot = gcut__gcir_append(p, &f->parameters, sizeof *slot);
      if (!slot) return GCUT_NO_MEMORY(p->err);
      *slot = name;
    }
  } while (gcut__gcir_accept(p, ','));
  return gcut__gcir_expect(p, '>');
}

// Names with or without types. Types within functions say nothing about the values of a call.
static gcut_status parse_formals(gcir_parser *p, char open, char close, gcir_list *names) {
  GCUT_TRY(gcut__gcir_expect(p, open));
  if (gcut__gcir_accept(p, close)) return GCUT_OK;
  do {
    gcut_type type;
    const char *name;
    if (gcut__gcir_at_type(p)) GCUT_TRY(gcut__gcir_type(p, &type));
    GCUT_TRY(gcut__gcir_name(p, &name));
    const char **slot = gcut__gcir_append(p, names, sizeof *slot);
    if (!slot) return GCUT_NO_MEMORY(p->err);
    *slot = name;
  } while (gcut__gcir_accept(p, ','));
  return gcut__gcir_expect(p, close);
}

static gcut_status parse_function(gcir_parser *p) {
  const char *empty = gcut_graph_intern(p->graph, "", 0);
  gcir_function f = {.domain = empty, .overload = empty};
  gcir_list infos = {0};
  GCUT_TRY(parse_header(p, &f));
  GCUT_TRY(gcut__gcir_name(p, &f.name));
  GCUT_TRY(parse_parameters(p, &f));
  GCUT_TRY(parse_formals(p, '(', ')', &f.inputs));
  GCUT_TRY(gcut__gcir_expect_arrow(p));
  GCUT_TRY(parse_formals(p, '(', ')', &f.outputs));
  if (gcut__gcir_peek(p) == '<') GCUT_TRY(parse_formals(p, '<', '>', &infos));
  GCUT_TRY(gcut__gcir_nodes(p, &f.nodes, &f.n_nodes));
  gcir_function *slot = gcut__gcir_append(p, &p->functions, sizeof *slot);
  if (!slot) return GCUT_NO_MEMORY(p->err);
  *slot = f;
  return GCUT_OK;
}

gcut_status gcut__gcir_model(gcir_parser *p) {
  if (gcut__gcir_peek(p) < 0) return gcut__gcir_fail(p, 0, "an empty file");
  p->graph->ir_version = -1;
  GCUT_TRY(parse_header(p, NULL));
  if (p->graph->ir_version < 0) p->graph->ir_version = 10; // text without one is of today
  GCUT_TRY(gcut__gcir_graph(p, &p->main));
  while (gcut__gcir_peek(p) >= 0) GCUT_TRY(parse_function(p));
  return GCUT_OK;
}
