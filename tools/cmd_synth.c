// graphcut synth: a decoder of any size, or the weights that an exported graph lacks.
#include <stdlib.h>
#include <string.h>

#include "progress.h"
#include "synth.h"
#include "table.h"
#include "tool.h"
#include "tool_json.h"

typedef struct arguments {
  tool_common common;
  const char *output;
  uint32_t seed;
  bool bare;
} arguments;

// The graph to fill: read from a file, or made from a shape.
static gcut_status find_graph(const arguments *a, gcut_graph **out, gcut_error *err) {
  const char *what = a->common.operands[0], *dot = strrchr(what, '.');
  if (dot && (strcmp(dot, ".onnx") == 0 || strcmp(dot, ".gcir") == 0))
    return tool_graph_open(&a->common, what, out, err);
  char *text = NULL;
  gcut_status status = synth_decoder(what, &text, err);
  if (status == GCUT_OK) status = gcut_gcir_parse(text, strlen(text), "decoder", NULL, out, err);
  free(text);
  return status == GCUT_FORMAT ? GCUT_ARGUMENT : status; // of sizes too large to be added up
}

// Weights first: the model that names them appears last.
static gcut_status synthesize(const arguments *a, gcut_graph **graph, uint64_t *bytes,
                              gcut_error *err) {
  char path[4096];
  gcut_status status = find_graph(a, graph, err);
  if (status == GCUT_OK) status = tool_make_folder(a->output, err);
  uint64_t seed = a->seed == GCUT_NONE ? 0 : a->seed;
  if (status == GCUT_OK && !a->bare) {
    tool_progress watch;
    tool_progress_start_writing(&watch, &a->common, tool_weight_bytes(*graph));
    status = synth_weights(*graph, a->output, seed, bytes, err);
    tool_progress_end(&watch);
  }
  snprintf(path, sizeof path, "%s/model.onnx", a->output);
  return status == GCUT_OK ? gcut_graph_write(*graph, path, err) : status;
}

static int run(const void *given) {
  const arguments *a = given;
  gcut_error err = {0};
  gcut_graph *graph = NULL;
  uint64_t bytes = 0;
  char text[TABLE_NUMBER];
  gcut_status status = synthesize(a, &graph, &bytes, &err);
  int exit_status = status == GCUT_OK ? 0 : tool_fail(status, &err);
  if (status == GCUT_OK && a->common.json) {
    exit_status = tool_json_print(
        tool_json_pack("{s:o, s:i, s:I}", "output", tool_json_text(a->output), "nodes",
                       (int)graph->bodies[0].n_nodes, "weight_bytes", (json_int_t)bytes));
  } else if (status == GCUT_OK) {
    tool_print("%s: %u nodes, %s of weights written\n", a->output, graph->bodies[0].n_nodes,
               table_bytes(bytes, text));
    exit_status = tool_finish();
  }
  gcut_graph_destroy(graph);
  return exit_status;
}

static const tool_option options[] = {
    TOOL_REQUIRED("--output", "-o", "DIR", WRITTEN, output,
                  "the folder that gets model.onnx and its weights"),
    {"--seed", NULL, "N", TOOL_NUMBER, offsetof(arguments, seed),
     "another N gives other weights (0)"},
    {"--no-weights", NULL, NULL, TOOL_FLAG, offsetof(arguments, bare),
     "the model alone, of any size: to cut, draw and simulate"},
    TOOL_MODEL_OPTIONS,
    TOOL_OPTIONS_END,
};

const tool_verb tool_verb_synth = {
    .name = "synth",
    .operands = "SHAPE|MODEL",
    .summary =
        "Makes a model to measure with. Of a MODEL whose weights file is missing it writes that "
        "file: seeded random values scaled by fan-in. SHAPE is a decoder as "
        "hidden=4096,layers=32,heads=32,kv_heads=8,intermediate=14336,vocab=128256,type="
        "bfloat16,opset=18; experts=8,experts_per_token=2 makes its layers mixtures of experts.",
    .n_operands = 1,
    .options = options,
    .size = sizeof(arguments),
    .run = run,
};
