// graphcut draw: a picture of a model and its cuts.
#include "open_plan.h"
#include "progress.h"
#include "tool.h"
#include "tool_json.h"

typedef struct arguments {
  tool_common common;
  tool_cut cut;
  const char *output, *plan, *against, *timeline;
  uint32_t view, by, part, depth;
  bool all, dark, link_parts;
} arguments;

// One part alone is shown by its operators, everything else by its parts; a timeline given alone is
// there to be shown. Words are in the order of gcut_view and, after GCUT_HEAT_NONE, of gcut_heat.
static gcut_draw_options draw_options(const arguments *a) {
  gcut_view other = a->part == GCUT_NONE ? GCUT_VIEW_PARTS : GCUT_VIEW_OPS;
  return (gcut_draw_options){.view = a->view ? (gcut_view)(a->view - 1) : other,
                             .part = a->part,
                             .depth = a->depth,
                             .all = a->all,
                             .dark = a->dark,
                             .linked = a->link_parts,
                             .by = (gcut_heat)a->by,
                             .timeline = a->timeline};
}

static gcut_status check(const void *given, gcut_error *err) {
  const arguments *a = given;
  if (a->part == GCUT_NONE || draw_options(a).view == GCUT_VIEW_OPS)
    return tool_cut_check(&a->cut, a->plan, false, err);
  snprintf(err->message, sizeof err->message,
           "--part shows the operators of a part: leave --view out");
  return GCUT_ARGUMENT;
}

static gcut_status draw(const arguments *a, tool_model *model, gcut_plan **plan, gcut_error *err) {
  gcut_draw_options options = draw_options(a);
  gcut_plan *against = NULL;
  gcut_status status = tool_check_writable(a->output, err);
  if (status == GCUT_OK)
    status = tool_model_open(&a->common, a->common.operands[0], &a->cut.set, model, err);
  if (status == GCUT_OK)
    status = tool_plan_of(&a->common, model->trace, a->plan, &a->cut, plan, err);
  if (status == GCUT_OK && a->against)
    status = gcut_plan_read(model->trace, a->against, &against, err);
  tool_progress progress;
  tool_progress_start(&progress, &a->common, "drawing", "drawings");
  options.against = against;
  options.progress = tool_progress_of(&progress);
  if (status == GCUT_OK) status = gcut_draw(model->trace, *plan, &options, a->output, err);
  tool_progress_end(&progress);
  gcut_plan_destroy(against);
  return status;
}

static int run(const void *given) {
  const arguments *a = given;
  gcut_error err = {0};
  tool_model model = {0};
  gcut_plan *plan = NULL;
  gcut_status status = draw(a, &model, &plan, &err);
  int exit_status = status == GCUT_OK ? 0 : tool_fail(status, &err);
  if (status == GCUT_OK && a->common.json)
    exit_status = tool_json_print(
        tool_json_pack("{s:o, s:o, s:i}", "model", tool_json_text(model.graph->path), "output",
                       tool_json_text(a->output), "parts", (int)plan->n_parts));
  gcut_plan_destroy(plan);
  tool_model_close(&model);
  return exit_status;
}

static const tool_option options[] = {
    TOOL_REQUIRED("--output", "-o", "FILE", WRITTEN, output,
                  "the picture: .dot, .svg, .png, .pdf, or .html for one page with all views"),
    TOOL_PLAN_OPTION(plan),
    {"--view", NULL, "parts|layers|ops", TOOL_CHOICE, offsetof(arguments, view),
     "the pipeline of parts (the default), the tree of modules, or every operator"},
    {"--part", NULL, "N", TOOL_NUMBER, offsetof(arguments, part),
     "the operators of this part alone"},
    {"--depth", NULL, "N", TOOL_COUNT, offsetof(arguments, depth),
     "open modules down to this depth (ops: graphs inside operators); left out, as deep as stays "
     "readable"},
    {"--by", NULL, "weights|flops|bytes|time", TOOL_CHOICE, offsetof(arguments, by),
     "colour boxes by what they hold, compute, make or took, instead of by kind"},
    {"--timeline", NULL, "FILE.json", TOOL_READ, offsetof(arguments, timeline),
     "of a run or simulation of these parts: what --by time goes by, and a lane beside the page's "
     "graph"},
    {"--against", NULL, "PLAN.json", TOOL_READ, offsetof(arguments, against),
     "show where this other plan cuts, too"},
    {"--link-parts", NULL, NULL, TOOL_FLAG, offsetof(arguments, link_parts),
     "also draw each part that is shown, beside the picture (NAME.part-N.svg), and link to it from "
     "its box"},
    {"--all", NULL, NULL, TOOL_FLAG, offsetof(arguments, all), "shape code and constants, too"},
    {"--dark", NULL, NULL, TOOL_FLAG, offsetof(arguments, dark), "for dark pages"},
    TOOL_CUT_OPTIONS,
    TOOL_MODEL_OPTIONS,
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
    .check = check,
};
