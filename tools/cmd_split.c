// graphcut split: the parts of a plan as models of their own.
#include "open_plan.h"
#include "progress.h"
#include "table.h"
#include "tool.h"
#include "tool_json.h"

typedef struct arguments {
  tool_common common;
  tool_cut cut;
  const char *output, *plan;
  bool pack;
} arguments;

static void print_parts(const gcut_plan *plan, const char *folder) {
  static const table_column columns[] = {
      {"file", false, true},         {"name", false, true},          {"nodes", true, false, true},
      {"inputs", true, false, true}, {"outputs", true, false, true}, {"weights", true, false},
  };
  table *t = table_create(columns, sizeof columns / sizeof *columns);
  for (uint32_t i = 0; i < plan->n_parts; i++) {
    const gcut_part *p = &plan->parts[i];
    char weights[TABLE_NUMBER];
    if (p->n_outputs > 0 || i + 1 == plan->n_parts)
      table_add(t, "part_%03u.onnx", i);
    else
      table_add(t, "-"); // all of it runs again where it is read
    table_add(t, "%s", p->name);
    table_add(t, "%u", p->n_nodes);
    table_add(t, "%u", p->n_inputs);
    table_add(t, "%u", p->n_outputs);
    table_add(t, "%s", table_bytes(p->weight_bytes, weights));
  }
  table_print(t, stdout);
  tool_print("\n%u part%s in %s; manifest.json says how they follow each other\n", plan->n_parts,
             plan->n_parts == 1 ? "" : "s", folder);
}

static gcut_status split(const arguments *a, tool_model *model, gcut_plan **plan, gcut_error *err) {
  gcut_split_options options = {.pack = a->pack};
  gcut_status status = tool_model_open(&a->common, a->common.operands[0], &a->cut.set, model, err);
  if (status == GCUT_OK)
    status = tool_plan_of(&a->common, model->trace, a->plan, &a->cut, plan, err);
  if (status != GCUT_OK) return status;
  tool_progress watch;
  tool_progress_start_writing(&watch, &a->common, tool_weight_bytes(model->graph));
  status = gcut_plan_split(model->trace, *plan, a->output, &options, err);
  tool_progress_end(&watch);
  return status;
}

static gcut_status check(const void *given, gcut_error *err) {
  const arguments *a = given;
  return tool_cut_check(&a->cut, a->plan, false, err);
}

static int run(const void *given) {
  const arguments *a = given;
  gcut_error err = {0};
  tool_model model = {0};
  gcut_plan *plan = NULL;
  gcut_status status = split(a, &model, &plan, &err);
  int exit_status = status == GCUT_OK ? 0 : tool_fail(status, &err);
  if (status == GCUT_OK && a->common.json) {
    exit_status = tool_json_print(
        tool_json_pack("{s:o, s:o, s:i}", "model", tool_json_text(model.graph->path), "output",
                       tool_json_text(a->output), "parts", (int)plan->n_parts));
  } else if (status == GCUT_OK) {
    print_parts(plan, a->output);
    exit_status = tool_finish();
  }
  gcut_plan_destroy(plan);
  tool_model_close(&model);
  return exit_status;
}

static const tool_option options[] = {
    TOOL_REQUIRED("--output", "-o", "DIR", WRITTEN, output,
                  "the folder for the parts, made if it is not there"),
    TOOL_PLAN_OPTION(plan),
    {"--pack", NULL, NULL, TOOL_FLAG, offsetof(arguments, pack),
     "write all weights anew, aligned, one run a part in the order of the parts"},
    TOOL_CUT_OPTIONS,
    TOOL_MODEL_OPTIONS,
    TOOL_OPTIONS_END,
};

const tool_verb tool_verb_split = {
    .name = "split",
    .operands = "MODEL",
    .summary = "Writes each part as an ONNX model of its own. They share one file of weights; "
               "manifest.json says what passes from part to part. In the model's own folder the "
               "parts read its weights where they are.",
    .n_operands = 1,
    .options = options,
    .size = sizeof(arguments),
    .run = run,
    .check = check,
};
