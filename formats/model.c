// Models by their extension.
#include <string.h>
#include <strings.h>

#include "graphcut/formats.h"

static bool is_gcir(const char *path) {
  const char *dot = strrchr(path, '.');
  return dot && strcasecmp(dot, ".gcir") == 0;
}

gcut_status gcut_graph_read(const char *path, const gcut_read_options *options,
                            gcut_graph **out_graph, gcut_error *err) {
  return is_gcir(path) ? gcut_gcir_read(path, options, out_graph, err)
                       : gcut_onnx_read(path, options, out_graph, err);
}

gcut_status gcut_graph_write(const gcut_graph *graph, const char *path, gcut_error *err) {
  return is_gcir(path) ? gcut_gcir_write(graph, path, err) : gcut_onnx_write(graph, path, err);
}
