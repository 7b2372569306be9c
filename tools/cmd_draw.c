// graphcut draw: a picture of a model and its cuts.
#include <string.h>

#include "tool.h"

typedef struct arguments {
  tool_common common;
  tool_cut cut;
  const char *output, *plan, *view;
  uint32_t part, depth;
  bool all, dark;
} arguments;

static const char *const views[] = {
    [GCUT_VIEW_PARTS] = "parts", [GCUT_VIEW_LAYERS] = "layers", [GCUT_VIEW_OPS] = "ops"};

// The view asked for: one part alone is shown by its operators, everything else by its parts.
static gcut_status find_view(const arguments *a, gcut_view *out, gcut_error *err) {
  *out = a->part == GCUT_NONE ? GCUT_VIEW_PARTS : GCUT_VIEW_OPS;
  if (!a->view) return GCUT_OK;
  for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
    if (strcmp(views[i], a->view) != 0) continue;
    *out = (gcut_view)i;
    return GCUT_OK;
  }
  snprintf(err->message, sizeof err->message, "--view is parts, layers or ops, not '%.100s'",
           a->view);
  return GCUT_ARGUMENT;
}

static gcut_status make_plan(const arguments *a, const gcut_trace *trace, gcut_plan **out_plan,
                             gcut_error *err) {
  if (a->plan) return gcut_plan_read(trace, a->plan, out_plan, err);
  gcut_cut_options options = tool_cut_options(&a->cut);
  return gcut_plan_create(trace, &options, out_plan, err);
}

static gcut_status draw(const arguments *a, tool_model *model, gcut_plan **plan, gcut_error *err) {
  gcut_draw_options options = {.part = a->part, .depth = a->depth, .all = a->all, .dark = a->dark};
  gcut_status status = find_view(a, &options.view, err);
  if (status == GCUT_OK)
    status = tool_model_open(&a->common, a->common.operands[0], &a->cut.set, model, err);
  if (status == GCUT_OK) status = make_plan(a, model->trace, plan, err);
  return status == GCUT_OK ? gcut_draw(model->trace, *plan, &options, a->output, err) : status;
}

static int run(const void *given) {
  const arguments *a = given;
  gcut_error err = {0};
  tool_model model = {0};
  gcut_plan *plan = NULL;
  if (!a->output)
    return tool_fail(GCUT_ARGUMENT,
                     &(gcut_error){"draw needs -o FILE.dot, .svg, .png, .pdf or .html"});
  gcut_status status = draw(a, &model, &plan, &err);
  int exit_status = status == GCUT_OK ? 0 : tool_fail(status, &err);
  if (status == GCUT_OK && a->common.json)
    exit_status = tool_print_json(
        json_pack("{s:o, s:o, s:i}", "model", tool_json_text(model.graph->path), "output",
                  tool_json_text(a->output), "parts", (int)plan->n_parts));
  gcut_plan_destroy(plan);
  tool_model_close(&model);
  return exit_status;
}

static const tool_option options[] = {
    {"--output", "-o", "FILE", TOOL_TEXT, offsetof(arguments, output),
     "the picture: .dot, .svg, .png, .pdf, or .html for one page with all views"},
    {"--plan", NULL, "PLAN.json", TOOL_TEXT, offsetof(arguments, plan),
     "draw this plan instead of cutting"},
    {"--view", NULL, "parts|layers|ops", TOOL_TEXT, offsetof(arguments, view),
     "the pipeline of parts (the default), the tree of modules, or every operator"},
    {"--part", NULL, "N", TOOL_NUMBER, offsetof(arguments, part),
     "the operators of this part alone"},
    {"--depth", NULL, "N", TOOL_COUNT, offsetof(arguments, depth),
     "open modules down to this depth; left out, as deep as stays readable"},
    {"--all", NULL, NULL, TOOL_FLAG, offsetof(arguments, all), "shape code and constants, too"},
    {"--dark", NULL, NULL, TOOL_FLAG, offsetof(arguments, dark), "for dark pages"},
    TOOL_CUT_OPTIONS(arguments),
    TOOL_COMMON_OPTIONS(arguments),
    TOOL_OPTIONS_END,
};

const tool_verb tool_verb_draw = {
    .name = "draw",
    .operands = "MODEL",
    .summary = "Draws a model and its cuts. The extension of the file says how: a picture, the "
               "text of one, or a page "
               "that pans, zooms, searches and unfolds.",
    .n_operands = 1,
    .options = options,
    .size = sizeof(arguments),
    .run = run,
};
