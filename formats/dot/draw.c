// gcut_draw: a view, then a file by its extension.
#include <ctype.h>
#include <strings.h>

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
    if (strcasecmp(dot + 1, formats[i]) == 0) return formats[i];
  return NULL;
}

// The file's name, with its folder's where it is one that every model has.
static const char *model_name(const char *path) {
  const char *slash = strrchr(path, '/');
  if (!slash || strncmp(slash + 1, "model.", 6) != 0) return slash ? slash + 1 : path;
  while (slash > path && slash[-1] != '/') slash--;
  return slash;
}

static const char *drawing_title(const gcut__material *m, gcut_arena *arena) {
  const gcut_graph *g = m->trace->graph;
  const gcut_plan *plan = m->plan;
  return gcut__caption_format(
      arena, "%s   %s node%s · %s of weights%s", gcut__caption_name(arena, model_name(g->path), 60),
      gcut__caption_count(arena, g->bodies[0].n_nodes), g->bodies[0].n_nodes == 1 ? "" : "s",
      gcut__caption_bytes(arena, m->weight_bytes),
      plan ? gcut__caption_format(arena, " · %s part%s", gcut__caption_count(arena, plan->n_parts),
                                  plan->n_parts == 1 ? "" : "s")
           : "");
}

static gcut_status make_view(gcut__material *material, gcut__drawing *drawing, gcut_error *err) {
  switch (material->options->view) {
  case GCUT_VIEW_PARTS: return gcut__view_parts(material, drawing, err);
  case GCUT_VIEW_LAYERS: return gcut__view_layers(material, drawing, err);
  case GCUT_VIEW_OPS: return gcut__view_ops(material, drawing, err);
  }
  return GCUT_FAIL(err, GCUT_ARGUMENT, "no such view");
}

// ---- drawings of parts, which the boxes of parts link to ---------------------------------------

static const char *file_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

// "a/plan.svg" and part 3: "a/plan.part-3.svg".
static const char *part_path(gcut_arena *arena, const char *path, const char *format,
                             uint32_t part) {
  int stem = (int)(strlen(path) - strlen(format) - 1);
  return gcut_arena_format(arena, "%.*s.part-%u.%s", stem, path, part, format);
}

// A link's text: what a URL cannot hold, or reads as something else, as %XX.
static const char *url_of(gcut_arena *arena, const char *path) {
  static const char digits[] = "0123456789ABCDEF";
  const char *name = path ? file_name(path) : NULL;
  char *url = name ? gcut_arena_alloc(arena, strlen(name) + 1, 3) : NULL, *to = url;
  for (const unsigned char *c = (const unsigned char *)name; url && *c; c++) {
    if (isalnum(*c) || strchr("-._~", *c))
      *to++ = (char)*c;
    else
      *to++ = '%', *to++ = digits[*c >> 4], *to++ = digits[*c & 15];
  }
  return url;
}

static void link_parts(gcut__drawing *d, const char *path, const char *format) {
  for (uint32_t i = 0; i < d->n_boxes; i++)
    if (d->boxes[i].part != GCUT_NONE)
      d->boxes[i].url = url_of(d->arena, part_path(d->arena, path, format, d->boxes[i].part));
  for (uint32_t i = 0; i < d->n_groups; i++)
    if (d->groups[i].part != GCUT_NONE)
      d->groups[i].url = url_of(d->arena, part_path(d->arena, path, format, d->groups[i].part));
}

// ---- files --------------------------------------------------------------------------------------

// What to draw, where; `back` is what the title links to, or NULL.
typedef struct job {
  gcut__material *material;
  const char *path, *format, *title, *back;
} job;

static gcut_status write_drawing(const job *j, const gcut__drawing *drawing, gcut_error *err) {
  gcut_output output;
  GCUT_TRY(gcut_output_open(j->path, &output, err));
  gcut_status status =
      gcut__drawing_render(drawing, j->format, j->material->options->dark, output.stream, err);
  if (status == GCUT_OK) return gcut_output_commit(&output, err);
  gcut_output_abort(&output);
  return status;
}

static gcut_status draw_view(const job *j, gcut__drawing *drawing, gcut_error *err) {
  drawing->title = j->title;
  drawing->url = url_of(drawing->arena, j->back);
  GCUT_TRY(make_view(j->material, drawing, err));
  gcut__view_finish(j->material, drawing);
  if (j->material->options->linked) link_parts(drawing, j->path, j->format);
  if (gcut_arena_out_of_memory(j->material->arena) || gcut_arena_out_of_memory(drawing->arena))
    return GCUT_NO_MEMORY(err);
  return write_drawing(j, drawing, err);
}

static gcut_status draw_part(const job *whole, uint32_t part, gcut_error *err) {
  gcut__material material = *whole->material;
  gcut_draw_options options = *material.options;
  gcut__drawing *drawing;
  options.view = GCUT_VIEW_OPS;
  options.part = part;
  options.linked = false;
  material.options = &options;
  job j = {.material = &material, .format = whole->format, .back = whole->path};
  j.path = part_path(material.arena, whole->path, whole->format, part);
  j.title =
      gcut__caption_format(material.arena, "part %u: %s", part,
                           gcut__caption_name(material.arena, material.plan->parts[part].name, 80));
  if (!j.path) return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut__drawing_create(&drawing, err));
  gcut_status status = draw_view(&j, drawing, err);
  gcut__drawing_destroy(drawing);
  return status;
}

static void list_part(uint32_t *parts, uint32_t *n, const char *url, uint32_t part) {
  if (url) parts[(*n)++] = part;
}

// A drawing for every part that the pipeline links to.
static gcut_status draw_parts(const job *j, const gcut__drawing *pipeline, gcut_error *err) {
  const gcut_progress *progress = &j->material->options->progress;
  uint32_t n = 0;
  uint32_t *parts =
      GCUT_NEW_ARRAY(j->material->arena, uint32_t, pipeline->n_boxes + pipeline->n_groups);
  if (!parts) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < pipeline->n_boxes; i++)
    list_part(parts, &n, pipeline->boxes[i].url, pipeline->boxes[i].part);
  for (uint32_t i = 0; i < pipeline->n_groups; i++)
    list_part(parts, &n, pipeline->groups[i].url, pipeline->groups[i].part);
  for (uint32_t i = 0; i < n; i++) {
    GCUT_TRY(gcut__tell(progress, i + 1, n + 1u, err));
    GCUT_TRY(draw_part(j, parts[i], err));
  }
  return GCUT_OK;
}

static gcut_status draw_picture(const job *j, gcut_error *err) {
  gcut__drawing *drawing;
  GCUT_TRY(gcut__drawing_create(&drawing, err));
  gcut_status status = draw_view(j, drawing, err);
  if (status == GCUT_OK) status = draw_parts(j, drawing, err);
  gcut__drawing_destroy(drawing);
  return status;
}

static gcut_status write_page(const job *j, gcut_error *err) {
  gcut_output output;
  GCUT_TRY(gcut_output_open(j->path, &output, err));
  gcut_status status = gcut__page_write(j->material, j->title, output.stream, err);
  if (status == GCUT_OK) return gcut_output_commit(&output, err);
  gcut_output_abort(&output);
  return status;
}

static gcut_status check_options(const gcut_draw_options *options, const char *format,
                                 const char *path, gcut_error *err) {
  if (!format)
    return GCUT_FAIL(err, GCUT_ARGUMENT,
                     "%.300s: a drawing's name must end in .dot, .svg, .png, .pdf or .html", path);
  bool chosen = options->view != GCUT_VIEW_PARTS || options->part != GCUT_NONE;
  if (chosen && strcmp(format, "html") == 0)
    return GCUT_FAIL(err, GCUT_ARGUMENT,
                     "%.300s: a page has all views and parts: choose none of them", path);
  if (!options->linked) return GCUT_OK;
  if (strcmp(format, "svg") != 0 && strcmp(format, "pdf") != 0)
    return GCUT_FAIL(err, GCUT_ARGUMENT, "a .%s has no links: draw .svg, .pdf, or one .html",
                     format);
  return options->view == GCUT_VIEW_PARTS
             ? GCUT_OK
             : GCUT_FAIL(err, GCUT_ARGUMENT, "links lead from parts: draw the view of parts");
}

gcut_status gcut_draw(const gcut_trace *trace, const gcut_plan *plan,
                      const gcut_draw_options *options, const char *path, gcut_error *err) {
  job j = {.path = path, .format = format_of(path)};
  GCUT_TRY(check_options(options, j.format, path, err));
  GCUT_TRY(
      gcut__material_create(trace, plan, options, strcmp(j.format, "html") == 0, &j.material, err));
  j.title = drawing_title(j.material, j.material->arena);
  gcut_status status = strcmp(j.format, "html") == 0 ? write_page(&j, err) : draw_picture(&j, err);
  gcut__material_destroy(j.material);
  return status;
}
