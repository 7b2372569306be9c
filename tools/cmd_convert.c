// graphcut convert: a model from one format to another, by extension; its weights in order.
#include "open_plan.h"
#include "progress.h"
#include "tool.h"
#include "tool_json.h"

typedef struct arguments {
  tool_common common;
  tool_cut cut;
  bool pack;
} arguments;

static gcut_status convert(const arguments *a, const char *from, const char *to,
                           uint32_t *out_nodes, gcut_error *err) {
  gcut_graph *graph;
  tool_progress watch;
  gcut_status status = tool_graph_open(&a->common, from, &graph, err);
  if (status != GCUT_OK) return status;
  tool_progress_start_writing(&watch, &a->common, tool_weight_bytes(graph));
  status = gcut_graph_write(graph, to, err);
  tool_progress_end(&watch);
  *out_nodes = graph->bodies[0].n_nodes;
  gcut_graph_destroy(graph);
  return status;
}

static gcut_status pack(const arguments *a, const char *from, const char *to, uint32_t *out_nodes,
                        gcut_error *err) {
  tool_model model;
  gcut_plan *plan = NULL;
  gcut_status status = tool_model_open(&a->common, from, &a->cut.set, &model, err);
  if (status == GCUT_OK) status = tool_plan_of(&a->common, model.trace, NULL, &a->cut, &plan, err);
  if (status == GCUT_OK) {
    tool_progress watch;
    tool_progress_start_writing(&watch, &a->common, tool_weight_bytes(model.graph));
    status = gcut_graph_pack(model.trace, plan, to, err);
    tool_progress_end(&watch);
  }
  if (status == GCUT_OK) *out_nodes = model.graph->bodies[0].n_nodes;
  gcut_plan_destroy(plan);
  tool_model_close(&model);
  return status;
}

// Options that say how to cut would go unheard without --pack.
static bool cuts(const tool_cut *c) {
  return c->targets.n || c->ignore.n || c->targets_per_part || c->parts || c->budget || c->set.n ||
         c->no_fuse || c->no_refine;
}

static gcut_status check(const void *given, gcut_error *err) {
  const arguments *a = given;
  if (tool_is_same_file(a->common.operands[0], a->common.operands[1])) {
    snprintf(err->message, sizeof err->message, "%.600s is read, too; choose another",
             a->common.operands[1]);
    return GCUT_ARGUMENT;
  }
  if (a->pack || !cuts(&a->cut)) return tool_cut_check(&a->cut, NULL, false, err);
  snprintf(err->message, sizeof err->message, "convert cuts nothing; --pack asks for it");
  return GCUT_ARGUMENT;
}

static int run(const void *given) {
  const arguments *a = given;
  const char *from = a->common.operands[0], *to = a->common.operands[1];
  gcut_error err = {0};
  uint32_t nodes;
  gcut_status status =
      a->pack ? pack(a, from, to, &nodes, &err) : convert(a, from, to, &nodes, &err);
  if (status != GCUT_OK) return tool_fail(status, &err);
  if (a->common.json)
    return tool_json_print(tool_json_pack("{s:o, s:o, s:I}", "from", tool_json_text(from), "to",
                                          tool_json_text(to), "nodes", (json_int_t)nodes));
  return 0;
}

static const tool_option options[] = {
    {"--pack", NULL, NULL, TOOL_FLAG, offsetof(arguments, pack),
     "weights in OUT.data in the order of the parts that the options below make"},
    TOOL_CUT_OPTIONS,
    TOOL_MODEL_OPTIONS,
    TOOL_OPTIONS_END,
};

const tool_verb tool_verb_convert = {
    .name = "convert",
    .operands = "IN OUT",
    .summary = "Writes a model in the format of OUT's extension. That is .onnx or .gcir; nothing "
               "is lost either way. Weights in files of their own stay there where IN and OUT "
               "share a folder. With --pack they lie as the parts of a cut need them: one run a "
               "part.",
    .n_operands = 2,
    .options = options,
    .size = sizeof(arguments),
    .run = run,
    .check = check,
};
