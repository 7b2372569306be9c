// graphcut convert: a model from one format to another, by extension.
#include "tool.h"

typedef struct arguments {
  tool_common common;
} arguments;

static int run(const void *given) {
  const arguments *a = given;
  const char *from = a->common.operands[0], *to = a->common.operands[1];
  gcut_read_options reading = {.follow_links = a->common.follow_links};
  gcut_error err = {0};
  gcut_graph *graph;
  gcut_status status = gcut_graph_read(from, &reading, &graph, &err);
  if (status == GCUT_OK) status = gcut_graph_write(graph, to, &err);
  if (status != GCUT_OK) {
    gcut_graph_destroy(graph);
    return tool_fail(status, &err);
  }
  uint32_t nodes = graph->bodies[0].n_nodes;
  gcut_graph_destroy(graph);
  if (a->common.json)
    return tool_print_json(json_pack("{s:o, s:o, s:I}", "from", tool_json_text(from), "to",
                                     tool_json_text(to), "nodes", (json_int_t)nodes));
  return 0;
}

static const tool_option options[] = {
    TOOL_COMMON_OPTIONS(arguments),
    TOOL_OPTIONS_END,
};

const tool_verb tool_verb_convert = {
    .name = "convert",
    .operands = "IN OUT",
    .summary = "Writes a model in the format of OUT's extension. That is .onnx or .gcir; nothing "
               "is lost either way. Weights in files of their own stay there where IN and OUT "
               "share a folder.",
    .n_operands = 2,
    .options = options,
    .size = sizeof(arguments),
    .run = run,
};
