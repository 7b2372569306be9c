// gcut_draw: a view, then a file by its extension.
#include "formats/dot/caption.h"
#include "formats/dot/render.h"
#include "formats/dot/views.h"
#include "formats/file.h"
#include "tracer/base/error.h"

static const char *const formats[] = {"dot", "svg", "png", "pdf"};

static const char *format_of(const char *path) {
  const char *dot = strrchr(path, '.');
  for (size_t i = 0; dot && i < sizeof formats / sizeof *formats; i++)
    if (strcmp(dot + 1, formats[i]) == 0) return formats[i];
  return NULL;
}

static const char *drawing_title(const gcut_trace *trace, const gcut_plan *plan,
                                 gcut_arena *arena) {
  const gcut_graph *g = trace->graph;
  const char *slash = strrchr(g->path, '/');
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < g->bodies[0].n_initializers; i++)
    bytes += g->constants[g->values[g->bodies[0].initializers[i]].constant].bytes;
  return gcut_arena_format(
      arena, "%s   %s nodes · %s%s", gcut_caption_name(arena, slash ? slash + 1 : g->path, 60),
      gcut_caption_count(arena, g->bodies[0].n_nodes), gcut_caption_bytes(arena, bytes),
      plan ? gcut_arena_format(arena, " · %u part%s", plan->n_parts, plan->n_parts == 1 ? "" : "s")
           : "");
}

static gcut_status make_view(gcut_modules *modules, gcut_drawing *drawing, gcut_error *err) {
  switch (modules->options->view) {
  case GCUT_VIEW_PARTS: return gcut_view_parts(modules, drawing, err);
  case GCUT_VIEW_LAYERS: return gcut_view_layers(modules, drawing, err);
  case GCUT_VIEW_OPS: return gcut_view_ops(modules, drawing, err);
  }
  return GCUT_FAIL(err, GCUT_ARGUMENT, "no such view");
}

static gcut_status write_drawing(const gcut_drawing *drawing, const char *format, bool dark,
                                 const char *path, gcut_error *err) {
  gcut_output output;
  GCUT_TRY(gcut_output_open(path, &output, err));
  gcut_status status = gcut_drawing_render(drawing, format, dark, output.stream, err);
  if (status == GCUT_OK) return gcut_output_commit(&output, err);
  gcut_output_abort(&output);
  return status;
}

gcut_status gcut_draw(const gcut_trace *trace, const gcut_plan *plan,
                      const gcut_draw_options *options, const char *path, gcut_error *err) {
  const char *format = format_of(path);
  if (!format)
    return GCUT_FAIL(err, GCUT_ARGUMENT,
                     "cannot draw '%.300s': the file must end in .dot, .svg, .png or .pdf", path);
  gcut_modules *modules = NULL;
  gcut_drawing *drawing = NULL;
  gcut_status status = gcut_modules_create(trace, plan, options, &modules, err);
  if (status == GCUT_OK) status = gcut_drawing_create(&drawing, err);
  if (status == GCUT_OK) {
    drawing->title = drawing_title(trace, plan, drawing->arena);
    status = make_view(modules, drawing, err);
  }
  if (status == GCUT_OK) status = write_drawing(drawing, format, options->dark, path, err);
  gcut_drawing_destroy(drawing);
  gcut_modules_destroy(modules);
  return status;
}
