// graphcut inspect: what a model is made of, and where it might be cut.
#include <stdlib.h>
#include <string.h>

#include "modules.h"
#include "table.h"
#include "tool.h"
#include "tool_json.h"

typedef struct arguments {
  tool_common common;
  tool_bindings set;
  uint32_t depth;
} arguments;

typedef struct operator_count {
  const char *domain, *name;
  uint32_t n;
} operator_count;

typedef struct report {
  const arguments *a;
  const gcut_graph *graph;
  const gcut_trace *trace;
  modules modules;
  gcut_proposals proposals;
  operator_count *operators; // most frequent first
  size_t n_operators;
} report;

// ---- operators --------------------------------------------------------------------------------

static int by_name(const void *a, const void *b) {
  const operator_count *x = a, *y = b;
  int domains = strcmp(x->domain, y->domain);
  return domains ? domains : strcmp(x->name, y->name);
}

static int by_count(const void *a, const void *b) {
  const operator_count *x = a, *y = b;
  return x->n != y->n ? (x->n > y->n ? -1 : 1) : by_name(a, b);
}

static void count_operators(report *r) {
  const gcut_body *main = &r->graph->bodies[0];
  r->operators = tool_alloc(main->n_nodes, sizeof *r->operators);
  for (uint32_t i = 0; i < main->n_nodes; i++) {
    const gcut_node *node = &r->graph->nodes[main->nodes[i]];
    r->operators[i] = (operator_count){node->domain, node->op_type, 1};
  }
  qsort(r->operators, main->n_nodes, sizeof *r->operators, by_name);
  for (uint32_t i = 0; i < main->n_nodes; i++) {
    operator_count *last = r->n_operators ? &r->operators[r->n_operators - 1] : NULL;
    if (last && by_name(last, &r->operators[i]) == 0)
      last->n++;
    else
      r->operators[r->n_operators++] = r->operators[i];
  }
  qsort(r->operators, r->n_operators, sizeof *r->operators, by_count);
}

static int64_t opset(const gcut_graph *g) {
  for (uint32_t i = 0; i < g->n_opsets; i++)
    if (!*g->opsets[i].domain) return g->opsets[i].version;
  return 0;
}

// ---- JSON -------------------------------------------------------------------------------------

static json_t *operators_json(const report *r) {
  json_t *object = json_object();
  for (size_t i = 0; i < r->n_operators; i++) {
    const operator_count *o = &r->operators[i];
    char name[256];
    snprintf(name, sizeof name, "%s%s%s", o->domain, *o->domain ? "." : "", o->name);
    json_t *text = tool_json_text(name);
    tool_json_set(object, json_string_value(text), json_integer(o->n));
    json_decref(text);
  }
  return object;
}

static json_t *opsets_json(const gcut_graph *g) {
  json_t *object = json_object();
  for (uint32_t i = 0; i < g->n_opsets; i++) {
    json_t *domain = tool_json_text(*g->opsets[i].domain ? g->opsets[i].domain : "ai.onnx");
    tool_json_set(object, json_string_value(domain), json_integer(g->opsets[i].version));
    json_decref(domain);
  }
  return object;
}

static json_t *shape_json(const gcut_trace *trace, const gcut_type *type) {
  if (type->rank < 0) return json_null();
  json_t *shape = json_array();
  for (int d = 0; d < type->rank; d++) {
    char text[256];
    if (!gcut_dim_known(type->dims[d]))
      gcut_trace_dim_format(trace, type->dims[d], text, sizeof text);
    tool_json_append(shape, gcut_dim_known(type->dims[d]) ? json_integer(type->dims[d])
                                                          : tool_json_text(text));
  }
  return shape;
}

static json_t *values_json(const report *r, const uint32_t *values, uint32_t n) {
  json_t *list = json_array();
  for (uint32_t i = 0; i < n; i++) {
    const gcut_type *type = &r->trace->facts[values[i]].type;
    char text[64];
    const char *wrap = type->kind == GCUT_KIND_SEQUENCE   ? "seq(%s)"
                       : type->kind == GCUT_KIND_OPTIONAL ? "optional(%s)"
                                                          : "%s";
    snprintf(text, sizeof text, wrap, gcut_dtype_name((gcut_dtype)type->type));
    tool_json_append(list, tool_json_pack("{s:o, s:s, s:o}", "name",
                                          tool_json_text(r->graph->values[values[i]].name), "type",
                                          text, "shape", shape_json(r->trace, type)));
  }
  return list;
}

// The tree's objects, each put into its parent's list: parents have lower numbers.
static json_t *modules_json(const report *r) {
  const gcut_graph *g = r->graph;
  uint32_t deepest = r->a->depth < MODULES_DEEPEST ? r->a->depth : MODULES_DEEPEST;
  json_t **lists = tool_alloc(g->n_scopes, sizeof *lists), *top = json_array();
  for (uint32_t s = 1; s < g->n_scopes; s++) {
    const gcut_scope *scope = &g->scopes[s];
    if (r->modules.items[s].depth > deepest || scope->n_nodes == 0) continue;
    lists[s] = json_array();
    json_t *object = tool_json_pack(
        "{s:o, s:o, s:o, s:I, s:I, s:o}", "name", tool_json_text(scope->name), "path",
        tool_json_text(scope->path), "class", tool_json_text(scope->class_name), "nodes",
        (json_int_t)scope->n_nodes, "weight_bytes", (json_int_t)r->modules.items[s].weight_bytes,
        "modules", lists[s]);
    tool_json_append(scope->parent == 0 ? top : lists[scope->parent], object);
  }
  free(lists);
  return top;
}

static json_t *targets_json(const report *r) {
  json_t *list = json_array();
  for (size_t i = 0; i < r->proposals.n; i++)
    tool_json_append(list, tool_json_pack("{s:o, s:I}", "target",
                                          tool_json_text(r->proposals.items[i].target), "matches",
                                          (json_int_t)r->proposals.items[i].n_matches));
  return list;
}

static json_t *refused_json(const report *r) {
  json_t *list = json_array();
  for (uint32_t i = 0; i < r->trace->n_refused; i++) {
    const gcut_refusal *refusal = &r->trace->refused[i];
    tool_json_append(list, tool_json_pack("{s:o, s:o}", "node",
                                          tool_json_text(r->graph->nodes[refusal->node].name),
                                          "why", tool_json_text(refusal->why)));
  }
  return list;
}

static int print_json(const report *r) {
  const gcut_body *main = &r->graph->bodies[0];
  return tool_json_print(tool_json_pack(
      "{s:o, s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "model",
      tool_json_text(r->graph->path), "opset", (json_int_t)opset(r->graph), "opsets",
      opsets_json(r->graph), "producer", tool_json_text(r->graph->producer_name), "nodes",
      (json_int_t)main->n_nodes, "subgraph_nodes", (json_int_t)(r->graph->n_nodes - main->n_nodes),
      "parameters", (json_int_t)r->modules.parameters, "weight_bytes",
      (json_int_t)r->modules.weight_bytes, "operators", operators_json(r), "fused",
      tool_json_fused(r->trace, false), "refused", refused_json(r), "inputs",
      values_json(r, main->inputs, main->n_inputs), "outputs",
      values_json(r, main->outputs, main->n_outputs), "modules", modules_json(r), "targets",
      targets_json(r)));
}

// ---- text -------------------------------------------------------------------------------------

static void print_summary(const report *r) {
  char parameters[TABLE_NUMBER], bytes[TABLE_NUMBER];
  const gcut_graph *g = r->graph;
  tool_print("%s: opset %lld%s%s%s%s\n", g->path, (long long)opset(g),
             *g->producer_name ? ", from " : "", g->producer_name, *g->producer_version ? " " : "",
             g->producer_version);
  tool_print("%u nodes", g->bodies[0].n_nodes);
  if (g->n_nodes > g->bodies[0].n_nodes)
    tool_print(" and %u in subgraphs", g->n_nodes - g->bodies[0].n_nodes);
  tool_print(", %s parameters, %s of weights\n\n",
             table_count((double)r->modules.parameters, "", parameters),
             table_bytes(r->modules.weight_bytes, bytes));
}

static void print_values(const report *r) {
  static const table_column columns[] = {
      {"", false, false}, {"name", false, true}, {"type", false, true}};
  table *t = table_create(columns, 3);
  const gcut_body *main = &r->graph->bodies[0];
  for (uint32_t i = 0; i < main->n_inputs + main->n_outputs; i++) {
    bool output = i >= main->n_inputs;
    uint32_t v = output ? main->outputs[i - main->n_inputs] : main->inputs[i];
    char type[512];
    gcut_trace_format(r->trace, v, type, sizeof type);
    table_add(t, "%s", output ? "output" : "input");
    table_add(t, "%s", r->graph->values[v].name);
    table_add(t, "%s", type);
  }
  table_print(t, stdout);
}

static void print_operators(const report *r) {
  size_t width = table_width(stdout) ? table_width(stdout) : 100, at = 0;
  tool_print("\n");
  for (size_t i = 0; i < r->n_operators; i++) {
    const operator_count *o = &r->operators[i];
    char text[300];
    snprintf(text, sizeof text, "%u %s%s%s%s", o->n, o->domain, *o->domain ? "." : "", o->name,
             i + 1 < r->n_operators ? "," : "");
    if (at > 0 && at + 1 + strlen(text) > width) at = 0, tool_print("\n");
    tool_print("%s%s", at > 0 ? " " : "", text);
    at += strlen(text) + (at > 0);
  }
  tool_print("\n");
}

static void print_fused(const report *r) {
  uint32_t n[GCUT_N_FUSED_KINDS] = {0};
  const char *before = "\nspelled out: ";
  for (uint32_t i = 0; i < r->trace->n_fused; i++) n[r->trace->fused[i].kind]++;
  for (int k = 0; k < GCUT_N_FUSED_KINDS; k++) {
    if (n[k] == 0) continue;
    tool_print("%s%u %s", before, n[k], gcut_fused_name((gcut_fused_kind)k));
    before = ", ";
  }
  if (r->trace->n_fused > 0) tool_print("\n");
}

// Whether two names differ in their digits only.
static bool numbered_alike(const char *a, const char *b) {
  for (;; a++, b++) {
    a += strspn(a, "0123456789");
    b += strspn(b, "0123456789");
    if (*a != *b || !*a) return *a == *b;
  }
}

// Equal as the table writes them.
static bool near(uint64_t a, uint64_t b) {
  char x[TABLE_NUMBER], y[TABLE_NUMBER];
  return !strcmp(table_bytes(a, x), table_bytes(b, y));
}

// Whether two sister modules look the same: shown as one line.
static bool alike(const report *r, uint32_t a, uint32_t b) {
  const gcut_scope *x = &r->graph->scopes[a], *y = &r->graph->scopes[b];
  uint64_t more = x->n_nodes > y->n_nodes ? x->n_nodes : y->n_nodes;
  uint64_t less = x->n_nodes + y->n_nodes - more;
  return !strcmp(x->class_name, y->class_name) && numbered_alike(x->name, y->name) &&
         4 * less >= 3 * more &&
         near(r->modules.items[a].weight_bytes, r->modules.items[b].weight_bytes);
}

// The last of the sisters from `scope` on that look like it.
static uint32_t last_alike(const report *r, uint32_t scope) {
  uint32_t last = scope;
  for (uint32_t s = r->modules.items[scope].next; s != GCUT_NONE; s = r->modules.items[s].next) {
    if (!alike(r, scope, s)) break;
    last = s;
  }
  return last;
}

static void add_module(const report *r, table *t, uint32_t scope, uint32_t last) {
  const gcut_scope *s = &r->graph->scopes[scope];
  const module *m = &r->modules.items[scope];
  const char *class_name =
      strrchr(s->class_name, '.') ? strrchr(s->class_name, '.') + 1 : s->class_name;
  char bytes[TABLE_NUMBER], bar[TABLE_BAR];
  double all = r->modules.weight_bytes ? (double)r->modules.weight_bytes : 1;
  table_add(t, "%*s%s%s%s", 2 * (int)(m->depth - 1), "", s->name, last != scope ? " … " : "",
            last != scope ? r->graph->scopes[last].name : "");
  table_add(t, "%s%s", class_name, last == scope ? "" : *class_name ? ", each" : "each");
  table_add(t, "%u", s->n_nodes);
  table_add(t, "%s", table_bytes(m->weight_bytes, bytes));
  table_add(t, "%s", table_bar((double)m->weight_bytes / all, bar));
}

// Modules may be named inside of If and Loop alone.
static bool has_modules(const gcut_graph *g) {
  uint32_t s = 1;
  while (s < g->n_scopes && g->scopes[s].n_nodes == 0) s++;
  return s < g->n_scopes;
}

static void print_modules(report *r) {
  static const table_column columns[] = {{"module", false, true},
                                         {"class", false, true, true},
                                         {"nodes", true, false, true},
                                         {"weights", true, false},
                                         {"", false, false, true}};
  enum { SHOWN = 4 };
  uint32_t depth = r->a->depth != GCUT_NONE ? r->a->depth : SHOWN;
  if (depth > MODULES_DEEPEST) depth = MODULES_DEEPEST;
  if (!has_modules(r->graph) || depth == 0) return;
  table *t = table_create(columns, 5);
  for (uint32_t s = modules_next(r->graph, &r->modules, 0, depth); s != GCUT_NONE;) {
    uint32_t last = last_alike(r, s);
    if (r->graph->scopes[s].n_nodes > 0) add_module(r, t, s, last);
    // After a run of sisters alike: what the first holds, then past the last.
    if (last != s) r->modules.items[s].next = r->modules.items[last].next;
    s = modules_next(r->graph, &r->modules, s, depth);
  }
  tool_print("\n");
  table_print(t, stdout);
}

static void print_targets(const report *r) {
  static const table_column columns[] = {{"targets to cut at", false, true},
                                         {"matches", true, false}};
  if (r->proposals.n == 0) return;
  table *t = table_create(columns, 2);
  for (size_t i = 0; i < r->proposals.n; i++) {
    table_add(t, "%s", r->proposals.items[i].target);
    table_add(t, "%u", r->proposals.items[i].n_matches);
  }
  tool_print("\n");
  table_print(t, stdout);
}

static int print_text(report *r) {
  print_summary(r);
  print_values(r);
  print_operators(r);
  print_fused(r);
  tool_print_refused(r->trace);
  print_modules(r);
  print_targets(r);
  return tool_finish();
}

// ---- the verb ---------------------------------------------------------------------------------

static gcut_status inspect(report *r, gcut_error *err) {
  gcut_status status = gcut_propose_targets(r->graph, &r->proposals, err);
  if (status != GCUT_OK) return status;
  modules_create(r->trace, &r->modules);
  count_operators(r);
  return GCUT_OK;
}

static int run(const void *given) {
  const arguments *a = given;
  gcut_error err = {0};
  tool_model model;
  gcut_status status = tool_model_open(&a->common, a->common.operands[0], &a->set, &model, &err);
  report r = {.a = a, .graph = model.graph, .trace = model.trace};
  if (status == GCUT_OK) status = inspect(&r, &err);
  int exit_status = status != GCUT_OK ? tool_fail(status, &err)
                    : a->common.json  ? print_json(&r)
                                      : print_text(&r);
  gcut_proposals_free(&r.proposals);
  modules_free(&r.modules);
  free(r.operators);
  tool_model_close(&model);
  return exit_status;
}

static const tool_option options[] = {
    {"--depth", NULL, "N", TOOL_NUMBER, offsetof(arguments, depth),
     "show the module tree so deep (4; with --json all of it)"},
    TOOL_SET_OPTION(set),
    TOOL_MODEL_OPTIONS,
    TOOL_OPTIONS_END,
};

const tool_verb tool_verb_inspect = {
    .name = "inspect",
    .operands = "MODEL",
    .summary = "Shows what a model is made of. Inputs, outputs, operators, modules with their "
               "weights, and the targets that it might be cut at.",
    .n_operands = 1,
    .options = options,
    .size = sizeof(arguments),
    .run = run,
};
