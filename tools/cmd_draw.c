// graphcut draw: a picture of a model and its cuts.
#include <string.h>

#include "open_plan.h"
#include "progress.h"
#include "tool.h"
#include "tool_json.h"

typedef struct arguments {
  tool_common common;
  tool_cut cut;
  const char *output, *plan, *against, *view, *by, *timeline;
  uint32_t part, depth;
  bool all, dark, link_parts;
} arguments;

static const char *const views[] = {
    [GCUT_VIEW_PARTS] = "parts", [GCUT_VIEW_LAYERS] = "layers", [GCUT_VIEW_OPS] = "ops"};

static const char *const heats[] = {
#define X(name, text, what) text,
    GCUT_HEAT_LIST(X)
#undef X
};

// The place of a word in a list; GCUT_ARGUMENT where it is not there, saying what `option` takes.
static gcut_status find_word(const char *word, const char *const *list, size_t n,
                             const char *option, size_t *out, gcut_error *err) {
  for (*out = 0; *out < n; ++*out)
    if (!strcmp(list[*out], word)) return GCUT_OK;
  snprintf(err->message, sizeof err->message, "%s, not '%.100s'", option, word);
  return GCUT_ARGUMENT;
}

// One part alone is shown by its operators, everything else by its parts; a timeline given alone is
// there to be shown.
static gcut_status find_options(const arguments *a, gcut_draw_options *out, gcut_error *err) {
  *out = (gcut_draw_options){.view = a->part == GCUT_NONE ? GCUT_VIEW_PARTS : GCUT_VIEW_OPS,
                             .part = a->part,
                             .depth = a->depth,
                             .all = a->all,
                             .dark = a->dark,
                             .linked = a->link_parts,
                             .timeline = a->timeline};
  size_t found;
  gcut_status status = GCUT_OK;
  if (a->view) {
    status = find_word(a->view, views, sizeof views / sizeof *views,
                       "--view is parts, layers or ops", &found, err);
    if (status == GCUT_OK) out->view = (gcut_view)found;
  }
  if (status == GCUT_OK && a->part != GCUT_NONE && out->view != GCUT_VIEW_OPS) {
    snprintf(err->message, sizeof err->message,
             "--part shows the operators of a part: leave --view %s out", a->view);
    status = GCUT_ARGUMENT;
  }
  if (status == GCUT_OK && a->by) {
    status =
        find_word(a->by, heats, GCUT_N_HEATS, "--by is weights, flops, bytes or time", &found, err);
    if (status == GCUT_OK) out->by = (gcut_heat)found;
  }
  return status;
}

static gcut_status draw(const arguments *a, tool_model *model, gcut_plan **plan, gcut_error *err) {
  gcut_draw_options options;
  tool_list everything = {0};
  gcut_plan *against = NULL;
  gcut_status status = find_options(a, &options, err);
  if (status == GCUT_OK)
    status = tool_model_open(&a->common, a->common.operands[0], &a->cut.set, model, err);
  if (status == GCUT_OK)
    status = tool_plan_open(&a->common, model->trace, a->plan, &a->cut, &everything, plan, err);
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
    {"--plan", NULL, "PLAN.json", TOOL_READ, offsetof(arguments, plan),
     "draw this plan instead of cutting"},
    {"--view", NULL, "parts|layers|ops", TOOL_TEXT, offsetof(arguments, view),
     "the pipeline of parts (the default), the tree of modules, or every operator"},
    {"--part", NULL, "N", TOOL_NUMBER, offsetof(arguments, part),
     "the operators of this part alone"},
    {"--depth", NULL, "N", TOOL_COUNT, offsetof(arguments, depth),
     "open modules down to this depth (ops: graphs inside operators); left out, as deep as stays "
     "readable"},
    {"--by", NULL, "weights|flops|bytes|time", TOOL_TEXT, offsetof(arguments, by),
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
