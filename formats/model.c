// Models by their extension.
#include <string.h>
#include <strings.h>

#include "formats/file.h"
#include "formats/packing.h"
#include "graphcut/formats.h"
#include "tracer/base/error.h"

typedef struct format {
  const char *extension;
  gcut_status (*read)(const char *path, const gcut_read_options *options, gcut_graph **out_graph,
                      gcut_error *err);
  gcut_status (*write)(const gcut_graph *graph, const gcut__packing *packing, const char *path,
                       gcut_error *err);
} format;

static const format formats[] = {{".onnx", gcut_onnx_read, gcut__onnx_write},
                                 {".gcir", gcut_gcir_read, gcut__gcir_write}};

// The format that a name tells, or NULL.
static const format *find_format(const char *path) {
  const char *dot = strrchr(path, '.');
  for (size_t i = 0; dot && i < sizeof formats / sizeof *formats; i++)
    if (strcasecmp(dot, formats[i].extension) == 0) return &formats[i];
  return NULL;
}

// What is read is ONNX where its name tells nothing else.
gcut_status gcut_graph_read(const char *path, const gcut_read_options *options,
                            gcut_graph **out_graph, gcut_error *err) {
  const format *f = find_format(path);
  return (f ? f->read : gcut_onnx_read)(path, options, out_graph, err);
}

// What is written gets no format that its name does not tell.
static gcut_status find_written(const char *path, const format **out, gcut_error *err) {
  *out = find_format(path);
  if (*out) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_ARGUMENT, "%.600s: a model's name must end in .onnx or .gcir", path);
}

gcut_status gcut_graph_write(const gcut_graph *graph, const char *path, gcut_error *err) {
  const format *f;
  GCUT_TRY(find_written(path, &f, err));
  return f->write(graph, NULL, path, err);
}

// ---- packed -----------------------------------------------------------------------------------

static gcut_status write_packed(const gcut_trace *trace, const gcut_plan *plan, const char *path,
                                gcut_arena *arena, gcut_error *err) {
  const gcut_graph *g = trace->graph;
  const format *f;
  gcut__packing packing;
  const char *data_path = gcut_arena_format(arena, "%s.data", path);
  if (!data_path) return GCUT_NO_MEMORY(err);
  GCUT_TRY(find_written(path, &f, err));
  GCUT_TRY(gcut__output_check(g, path, err));
  GCUT_TRY(gcut__output_check(g, data_path, err));
  GCUT_TRY(gcut__packing_create(trace, plan, arena, &packing, err));
  return f->write(g, &packing, path, err);
}

gcut_status gcut_graph_pack(const gcut_trace *trace, const gcut_plan *plan, const char *path,
                            gcut_error *err) {
  gcut_arena *arena = gcut_arena_create();
  gcut_status status = arena ? write_packed(trace, plan, path, arena, err) : GCUT_NO_MEMORY(err);
  gcut_arena_destroy(arena);
  return status;
}
