// gcut_draw: a view, then a file by its extension.
#include "formats/dot/caption.h"
#include "formats/dot/page.h"
#include "formats/dot/render.h"
#include "formats/dot/views.h"
#include "formats/file.h"
#include "tracer/base/error.h"

static const char *const formats[] = {"dot", "svg", "png", "pdf", "html"};

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

static gcut_status draw_view(gcut_modules *modules, const char *title, const char *format,
                             FILE *stream, gcut_error *err) {
  gcut_drawing *drawing;
  GCUT_TRY(gcut_drawing_create(&drawing, err));
  drawing->title = title;
  gcut_status status = make_view(modules, drawing, err);
  if (status == GCUT_OK)
    status = gcut_drawing_render(drawing, format, modules->options->dark, stream, err);
  gcut_drawing_destroy(drawing);
  return status;
}

// The file is there whole, or as it was before.
static gcut_status write_file(gcut_modules *modules, const char *format, const char *path,
                              gcut_error *err) {
  gcut_output output;
  const char *title = drawing_title(modules->trace, modules->plan, modules->arena);
  if (!title) return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut_output_open(path, &output, err));
  gcut_status status = strcmp(format, "html") == 0
                           ? gcut_page_write(modules, title, output.stream, err)
                           : draw_view(modules, title, format, output.stream, err);
  if (status == GCUT_OK) return gcut_output_commit(&output, err);
  gcut_output_abort(&output);
  return status;
}

gcut_status gcut_draw(const gcut_trace *trace, const gcut_plan *plan,
                      const gcut_draw_options *options, const char *path, gcut_error *err) {
  const char *format = format_of(path);
  if (!format)
    return GCUT_FAIL(err, GCUT_ARGUMENT,
                     "cannot draw '%.300s': the file must end in .dot, .svg, .png, .pdf or .html",
                     path);
  gcut_modules *modules;
  GCUT_TRY(gcut_modules_create(trace, plan, options, &modules, err));
  gcut_status status = write_file(modules, format, path, err);
  gcut_modules_destroy(modules);
  return status;
}
