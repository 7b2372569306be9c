// Models by their extension.
#include <string.h>
#include <strings.h>

#include "formats/file.h"
#include "formats/packing.h"
#include "graphcut/formats.h"
#include "tracer/base/error.h"

static bool ends_in(const char *path, const char *extension) {
  const char *dot = strrchr(path, '.');
  return dot && strcasecmp(dot, extension) == 0;
}

static bool is_gcir(const char *path) {
  return ends_in(path, ".gcir");
}

// What is written gets no format that its name does not tell.
static gcut_status check_extension(const char *path, gcut_error *err) {
  if (is_gcir(path) || ends_in(path, ".onnx")) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_ARGUMENT, "cannot write '%.600s': the file must end in .onnx or .gcir",
                   path);
}

gcut_status gcut_graph_read(const char *path, const gcut_read_options *options,
                            gcut_graph **out_graph, gcut_error *err) {
  return is_gcir(path) ? gcut_gcir_read(path, options, out_graph, err)
                       : gcut_onnx_read(path, options, out_graph, err);
}

gcut_status gcut_graph_write(const gcut_graph *graph, const char *path, gcut_error *err) {
  GCUT_TRY(check_extension(path, err));
  return is_gcir(path) ? gcut_gcir_write(graph, path, err) : gcut_onnx_write(graph, path, err);
}

// ---- packed -----------------------------------------------------------------------------------

static gcut_status write_packed(const gcut_trace *trace, const gcut_plan *plan, const char *path,
                                gcut_arena *arena, gcut_error *err) {
  const gcut_graph *g = trace->graph;
  gcut__packing packing;
  const char *data_path = gcut_arena_format(arena, "%s.data", path);
  if (!data_path) return GCUT_NO_MEMORY(err);
  GCUT_TRY(check_extension(path, err));
  GCUT_TRY(gcut_output_check(g, path, err));
  GCUT_TRY(gcut_output_check(g, data_path, err));
  GCUT_TRY(gcut__packing_create(trace, plan, arena, &packing, err));
  return is_gcir(path) ? gcut__gcir_write(g, &packing, path, err)
                       : gcut__onnx_write(g, &packing, path, err);
}

gcut_status gcut_graph_pack(const gcut_trace *trace, const gcut_plan *plan, const char *path,
                            gcut_error *err) {
  gcut_arena *arena = gcut_arena_create();
  gcut_status status = arena ? write_packed(trace, plan, path, arena, err) : GCUT_NO_MEMORY(err);
  gcut_arena_destroy(arena);
  return status;
}
