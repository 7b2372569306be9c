// graphcut ops: the operators supported, and where.
#include <stdlib.h>
#include <string.h>

#include "graphcut/operators.h"
#include "table.h"
#include "tool.h"
#include "tool_json.h"

typedef struct arguments {
  tool_common common;
  const char *device;
} arguments;

static const char *domain_name(gcut_operator o) {
  return *o.domain ? o.domain : "ai.onnx";
}

static int by_name(const void *a, const void *b) {
  gcut_operator x = gcut_operator_at(*(const size_t *)a), y = gcut_operator_at(*(const size_t *)b);
  int domains = strcmp(x.domain, y.domain);
  return domains ? domains : strcmp(x.name, y.name);
}

// The operators asked for, sorted.
static size_t *select_operators(const char *kind, size_t *out_n) {
  size_t n = gcut_operator_count();
  size_t *list = tool_alloc(n, sizeof *list);
  *out_n = 0;
  for (size_t i = 0; i < n; i++)
    if (!kind || gcut_operator_runs_on(i, kind)) list[(*out_n)++] = i;
  qsort(list, *out_n, sizeof *list, by_name);
  return list;
}

static json_t *operator_json(size_t index) {
  gcut_operator o = gcut_operator_at(index);
  json_t *versions = json_array(), *devices = json_array();
  for (const int *v = o.versions; *v; v++) tool_json_append(versions, json_integer(*v));
  for (const char *const *d = gcut_operator_devices(); *d; d++)
    if (gcut_operator_runs_on(index, *d)) tool_json_append(devices, json_string(*d));
  return tool_json_pack("{s:s, s:s, s:o, s:o}", "domain", domain_name(o), "name", o.name,
                        "versions", versions, "devices", devices);
}

static int print_json(const size_t *list, size_t n) {
  json_t *operators = json_array();
  for (size_t i = 0; i < n; i++) tool_json_append(operators, operator_json(list[i]));
  return tool_json_print(tool_json_pack("{s:o}", "operators", operators));
}

static void add_operator(table *t, size_t index) {
  gcut_operator o = gcut_operator_at(index);
  char versions[256] = "", devices[64] = "";
  for (const int *v = o.versions; *v; v++)
    snprintf(versions + strlen(versions), sizeof versions - strlen(versions), "%s%d",
             *versions ? " " : "", *v);
  for (const char *const *d = gcut_operator_devices(); *d; d++)
    if (gcut_operator_runs_on(index, *d))
      snprintf(devices + strlen(devices), sizeof devices - strlen(devices), "%s%s",
               *devices ? " " : "", *d);
  table_add(t, "%s", domain_name(o));
  table_add(t, "%s", o.name);
  table_add(t, "%s", versions);
  table_add(t, "%s", devices);
}

static int print_table(const size_t *list, size_t n) {
  static const table_column columns[] = {{"domain", false, true},
                                         {"operator", false, true},
                                         {"opsets that defined it anew", false, true},
                                         {"devices", false, false, true}};
  table *t = table_create(columns, sizeof columns / sizeof *columns);
  for (size_t i = 0; i < n; i++) add_operator(t, list[i]);
  table_print(t, stdout);
  tool_print("\n%zu operators\n", n);
  return tool_finish();
}

static gcut_status check(const void *given, gcut_error *err) {
  const arguments *a = given;
  const char *kind;
  return a->device ? tool_device_kind(a->device, &kind, err) : GCUT_OK;
}

static int run(const void *given) {
  const arguments *a = given;
  const char *kind = NULL;
  gcut_error err;
  if (a->device && tool_device_kind(a->device, &kind, &err) != GCUT_OK)
    return tool_fail(GCUT_ARGUMENT, &err);
  size_t n, *list = select_operators(kind, &n);
  int status = a->common.json ? print_json(list, n) : print_table(list, n);
  free(list);
  return status;
}

static const tool_option options[] = {
    {"--device", NULL, "D", TOOL_TEXT, offsetof(arguments, device), "only what this device runs"},
    TOOL_COMMON_OPTIONS,
    TOOL_OPTIONS_END,
};

const tool_verb tool_verb_ops = {
    .name = "ops",
    .operands = "",
    .summary = "Lists the operators supported. For each its domain, name, the opset versions in "
               "which its meaning changed, and the devices that run it.",
    .options = options,
    .size = sizeof(arguments),
    .run = run,
    .check = check,
};
