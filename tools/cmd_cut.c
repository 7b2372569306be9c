// graphcut cut: how a model is cut, as a table, as JSON, as a plan file.
#include <stdlib.h>
#include <string.h>

#include "graphcut/operators.h"
#include "open_plan.h"
#include "table.h"
#include "tool.h"
#include "tool_json.h"

typedef struct arguments {
  tool_common common;
  tool_cut cut;
  const char *output, *device;
} arguments;

// ---- what a device leaves to the host -----------------------------------------------------------

// How many nodes of the plan are of each operator that the device has no kernel for. (One that it
// has may still stay on the host for its types or shapes: run says so. What reads sizes alone is
// gone once they are known.)
typedef struct host_nodes {
  uint32_t *counts; // [gcut_operator_count()]
  uint32_t total;
} host_nodes;

static bool reads_sizes(const gcut_node *node) {
  return strcmp(node->op_type, "Shape") == 0 || strcmp(node->op_type, "Size") == 0;
}

// The operator's number, or that of none.
static size_t operator_of(const gcut_node *node) {
  size_t n = gcut_operator_count(), i = 0;
  for (; i < n; i++) {
    gcut_operator o = gcut_operator_at(i);
    if (strcmp(o.name, node->op_type) == 0 && strcmp(o.domain, node->domain) == 0) break;
  }
  return i;
}

static void count_host_nodes(const char *kind, const gcut_trace *trace, const gcut_plan *plan,
                             host_nodes *out) {
  size_t n = gcut_operator_count();
  out->counts = tool_alloc(n, sizeof *out->counts);
  for (uint32_t p = 0; p < plan->n_parts; p++)
    for (uint32_t i = 0; i < plan->parts[p].n_nodes; i++) {
      uint32_t id = plan->parts[p].nodes[i];
      const gcut_node *node = &trace->graph->nodes[id];
      if (trace->folded[id] || reads_sizes(node)) continue;
      size_t op = operator_of(node);
      if (op == n || gcut_operator_runs_on(op, kind)) continue;
      out->counts[op]++;
      out->total++;
    }
}

static json_t *host_json(const host_nodes *h) {
  json_t *object = json_object();
  for (size_t i = 0; i < gcut_operator_count(); i++)
    if (h->counts[i]) tool_json_set(object, gcut_operator_at(i).name, json_integer(h->counts[i]));
  return object;
}

static void print_host_nodes(const host_nodes *h, const char *device) {
  const char *before = "";
  if (!h->counts) return;
  tool_print("%u node%s without a kernel for %s%s", h->total, h->total == 1 ? "" : "s", device,
             h->total ? ": " : "");
  for (size_t i = 0; i < gcut_operator_count(); i++)
    if (h->counts[i]) {
      tool_print("%s%u %s", before, h->counts[i], gcut_operator_at(i).name);
      before = ", ";
    }
  tool_print("\n");
}

// ---- printing -----------------------------------------------------------------------------------

static json_t *values_json(const gcut_graph *graph, const uint32_t *values, uint32_t n) {
  json_t *list = json_array();
  for (uint32_t i = 0; i < n; i++)
    tool_json_append(list, tool_json_text(graph->values[values[i]].name));
  return list;
}

// Sizes that depend on shapes nobody gave: the plan has 0 there.
static bool knows(const gcut_plan *plan, uint64_t bytes, uint32_t n_values) {
  return plan->sized || bytes > 0 || n_values == 0;
}

static json_t *number_json(bool known, uint64_t number) {
  return known ? json_integer((json_int_t)number) : json_null();
}

static json_t *part_json(const gcut_graph *g, const gcut_plan *plan, uint32_t index) {
  const gcut_part *p = &plan->parts[index];
  bool has_peak = p->peak_bytes > 0;
  return tool_json_pack(
      "{s:i, s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "index", (int)index, "name",
      tool_json_text(p->name), "nodes", (json_int_t)p->n_nodes, "recomputed",
      (json_int_t)p->n_recomputed, "weight_bytes", (json_int_t)p->weight_bytes, "input_bytes",
      number_json(knows(plan, p->input_bytes, p->n_inputs), p->input_bytes), "output_bytes",
      number_json(knows(plan, p->output_bytes, p->n_outputs), p->output_bytes), "peak_bytes",
      number_json(has_peak, p->peak_bytes), "flops", has_peak ? json_real(p->flops) : json_null(),
      "inputs", values_json(g, p->inputs, p->n_inputs), "outputs",
      values_json(g, p->outputs, p->n_outputs), "consumed",
      values_json(g, p->consumed, p->n_consumed));
}

static int print_json(const gcut_trace *trace, const gcut_plan *plan, const host_nodes *host) {
  const gcut_graph *g = trace->graph;
  json_t *parts = json_array();
  for (uint32_t i = 0; i < plan->n_parts; i++) tool_json_append(parts, part_json(g, plan, i));
  json_t *object = tool_json_pack(
      "{s:o, s:s, s:b, s:o, s:o, s:b, s:o, s:o, s:o}", "model", tool_json_text(g->path), "cutter",
      plan->origin.cutter, "fuse", (int)!plan->unfused, "fused",
      tool_json_fused(trace, plan->unfused), "parts", parts, "static", (int)plan->sized,
      "crossing_bytes", number_json(plan->sized, plan->crossing_bytes), "unrefined_crossing_bytes",
      number_json(plan->sized, plan->unrefined_bytes), "pipeline_crossing_bytes",
      number_json(plan->sized, plan->pipeline_bytes));
  if (host->counts) tool_json_set(object, "host_operators", host_json(host));
  return tool_json_print(object);
}

static void add_bytes(table *t, bool known, uint64_t bytes) {
  char text[TABLE_NUMBER];
  table_add(t, "%s", known ? table_bytes(bytes, text) : "-");
}

static void print_parts(const gcut_plan *plan) {
  static const table_column columns[] = {
      {"part", true, false},    {"name", false, true},          {"nodes", true, false, true},
      {"weights", true, false}, {"in", true, false, true},      {"out", true, false, true},
      {"peak", true, false},    {"compute", true, false, true},
  };
  table *t = table_create(columns, sizeof columns / sizeof *columns);
  for (uint32_t i = 0; i < plan->n_parts; i++) {
    const gcut_part *p = &plan->parts[i];
    char flops[TABLE_NUMBER];
    table_add(t, "%u", i);
    table_add(t, "%s", p->name);
    table_add(t, "%u", p->n_nodes);
    add_bytes(t, true, p->weight_bytes);
    add_bytes(t, knows(plan, p->input_bytes, p->n_inputs), p->input_bytes);
    add_bytes(t, knows(plan, p->output_bytes, p->n_outputs), p->output_bytes);
    add_bytes(t, p->peak_bytes > 0, p->peak_bytes);
    table_add(t, "%s",
              p->peak_bytes > 0 && p->flops > 0 ? table_count(p->flops, "FLOP", flops) : "-");
  }
  table_print(t, stdout);
}

static void print_summary(const gcut_plan *plan) {
  char weights[TABLE_NUMBER], after[TABLE_NUMBER], before[TABLE_NUMBER], pipeline[TABLE_NUMBER];
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < plan->n_parts; i++) bytes += plan->parts[i].weight_bytes;
  tool_print("\n%u part%s, %s of weights\n", plan->n_parts, plan->n_parts == 1 ? "" : "s",
             table_bytes(bytes, weights));
  if (!plan->sized) {
    tool_print("bytes crossing: unknown, for shapes are symbolic; give them with --set\n");
    return;
  }
  tool_print(
      "bytes crossing: %s a batch (%s before refining; %s where parts pass everything on, first "
      "in first out)\n",
      table_bytes(plan->crossing_bytes, after), table_bytes(plan->unrefined_bytes, before),
      table_bytes(plan->pipeline_bytes, pipeline));
}

// Targets that are not what people said: told once.
static void tell_inner_targets(const tool_common *common, const gcut_plan *plan) {
  uint32_t n = plan->n_inner_targets, groups = plan->n_standing_groups;
  if (n == 0) return;
  tool_remark(
      common,
      "targets: %u %s within %u fused group%s, which no cut divides: each group is one target "
      "instead (--no-fuse cuts within)\n",
      n, n == 1 ? "lies" : "lie", groups, groups == 1 ? "" : "s");
}

static gcut_status check(const void *given, gcut_error *err) {
  const arguments *a = given;
  const char *kind;
  gcut_status status = tool_cut_check(&a->cut, NULL, false, err);
  return status == GCUT_OK && a->device ? tool_device_kind(a->device, &kind, err) : status;
}

static int run(const void *given) {
  const arguments *a = given;
  gcut_error err = {0};
  tool_model model = {0};
  gcut_plan *plan = NULL;
  host_nodes host = {0};
  const char *kind = NULL;
  gcut_status status = a->output ? tool_check_writable(a->output, &err) : GCUT_OK;
  if (status == GCUT_OK)
    status = tool_model_open(&a->common, a->common.operands[0], &a->cut.set, &model, &err);
  if (status == GCUT_OK) status = tool_plan_of(&a->common, model.trace, NULL, &a->cut, &plan, &err);
  if (status == GCUT_OK) status = gcut_plan_verify(model.trace, plan, &err);
  if (status == GCUT_OK) tell_inner_targets(&a->common, plan);
  if (status == GCUT_OK && a->output) status = gcut_plan_write(model.trace, plan, a->output, &err);
  if (status == GCUT_OK && a->device) status = tool_device_kind(a->device, &kind, &err);
  if (status == GCUT_OK && kind) count_host_nodes(kind, model.trace, plan, &host);
  int exit_status = status == GCUT_OK ? 0 : tool_fail(status, &err);
  if (status == GCUT_OK && a->common.json) {
    exit_status = print_json(model.trace, plan, &host);
  } else if (status == GCUT_OK) {
    print_parts(plan);
    print_summary(plan);
    print_host_nodes(&host, a->device);
    tool_print_refused(model.trace);
    exit_status = tool_finish();
  }
  free(host.counts);
  gcut_plan_destroy(plan);
  tool_model_close(&model);
  return exit_status;
}

static const tool_option options[] = {
    TOOL_CUT_OPTIONS,
    {"--output", "-o", "PLAN.json", TOOL_WRITTEN, offsetof(arguments, output),
     "write the plan there"},
    {"--device", NULL, "D", TOOL_TEXT, offsetof(arguments, device),
     "say which nodes have no kernel for this device and run on the host"},
    TOOL_MODEL_OPTIONS,
    TOOL_OPTIONS_END,
};

const tool_verb tool_verb_cut = {
    .name = "cut",
    .operands = "MODEL",
    .summary = "Cuts a model into parts and shows them. With --output the plan is kept, to be "
               "edited, drawn and run.",
    .n_operands = 1,
    .options = options,
    .size = sizeof(arguments),
    .run = run,
    .check = check,
};
