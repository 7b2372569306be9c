// Each part of a plan as a model of its own, with what is needed to run them one after another.
//
// The order of writing keeps a folder sound at every moment: first the data that the parts read,
// then the parts, the manifest last, each of them whole or not at all. All destinations are held
// against the model's own files before the first is written.
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/file.h"
#include "formats/split/split.h"
#include "graphcut/formats.h"
#include "tracer/base/arena.h"
#include "tracer/base/error.h"
#include "tracer/extract.h"

#define MANIFEST_NAME "manifest.json"

typedef struct splitter {
  const gcut_trace *trace;
  const gcut_plan *plan;
  const char *folder; // with its slash
  gcut_arena *arena;
  gcut__weights weights;
  const char **files; // [n_parts] names within the folder; NULL of a part that is left out
  uint32_t *last;     // [n_last] fetched constants: no part makes them, the last hands them out
  uint32_t n_last;
} splitter;

// A plan may run all that a part makes again in its readers: what hands nothing on is no model.
static bool has_file(const splitter *s, uint32_t part) {
  return s->plan->parts[part].n_outputs > 0 || part + 1 == s->plan->n_parts;
}

static const char *in_folder(splitter *s, const char *name) {
  return gcut_arena_format(s->arena, "%s%s", s->folder, name);
}

static gcut_status check(splitter *s, const char *name, gcut_error *err) {
  const char *path = in_folder(s, name);
  return path ? gcut__output_check(s->trace->graph, path, err) : GCUT_NO_MEMORY(err);
}

static gcut_status check_destinations(splitter *s, gcut_error *err) {
  for (uint32_t p = 0; p < s->plan->n_parts; p++)
    if (has_file(s, p)) GCUT_TRY(check(s, s->files[p], err));
  if (s->weights.bytes > 0) GCUT_TRY(check(s, s->weights.shared.location, err));
  return check(s, MANIFEST_NAME, err);
}

// ---- names ------------------------------------------------------------------------------------

static gcut_status name_files(splitter *s, const char *folder, gcut_error *err) {
  size_t size = strlen(folder);
  s->folder =
      gcut_arena_format(s->arena, "%s%s", folder, size > 0 && folder[size - 1] != '/' ? "/" : "");
  s->files = GCUT_NEW_ARRAY(s->arena, const char *, s->plan->n_parts);
  if (!s->folder || !s->files) return GCUT_NO_MEMORY(err);
  for (uint32_t p = 0; p < s->plan->n_parts; p++) {
    if (!has_file(s, p)) continue;
    s->files[p] = gcut_arena_format(s->arena, "part_%03u.onnx", p);
    if (!s->files[p]) return GCUT_NO_MEMORY(err);
  }
  return GCUT_OK;
}

static gcut_status make_folder(const char *folder, gcut_error *err) {
  struct stat info;
  if (mkdir(folder, 0777) == 0) return GCUT_OK;
  int code = errno;
  if (stat(folder, &info) == 0 && S_ISDIR(info.st_mode)) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_IO, "%s: cannot be made: %s", folder, strerror(code));
}

// A model may list an output twice.
static gcut_status find_last(splitter *s, gcut_error *err) {
  gcut_map seen = {0};
  gcut_status status = GCUT_OK;
  s->last = GCUT_NEW_ARRAY(s->arena, uint32_t, s->plan->n_fetches);
  if (!s->last) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < s->plan->n_fetches && status == GCUT_OK; i++) {
    uint32_t value = s->plan->fetches[i];
    if (!gcut_extract_constant(s->trace, value) || gcut_map_get(&seen, value) != UINT32_MAX)
      continue;
    s->last[s->n_last++] = value;
    if (!gcut_map_set(&seen, value, 1)) status = GCUT_NO_MEMORY(err);
  }
  gcut_map_free(&seen);
  return status;
}

// ---- parts ------------------------------------------------------------------------------------

static gcut_status list_outputs(splitter *s, uint32_t part, gcut_extract *out, gcut_error *err) {
  const gcut_part *p = &s->plan->parts[part];
  out->outputs = p->outputs;
  out->n_outputs = p->n_outputs;
  if (part + 1 < s->plan->n_parts || s->n_last == 0) return GCUT_OK;
  uint32_t *list = GCUT_NEW_ARRAY(s->arena, uint32_t, (size_t)p->n_outputs + s->n_last);
  if (!list) return GCUT_NO_MEMORY(err);
  if (p->n_outputs > 0) memcpy(list, p->outputs, p->n_outputs * sizeof *list);
  memcpy(list + p->n_outputs, s->last, s->n_last * sizeof *list);
  out->outputs = list;
  out->n_outputs += s->n_last;
  return GCUT_OK;
}

static gcut_status write_part(splitter *s, uint32_t part, gcut_error *err) {
  const gcut_part *p = &s->plan->parts[part];
  gcut_graph *graph;
  gcut_extract extract = {.nodes = p->nodes,
                          .n_nodes = p->n_nodes,
                          .inputs = p->inputs,
                          .n_inputs = p->n_inputs,
                          .path = in_folder(s, s->files[part]),
                          .file = &s->weights.shared,
                          .place = gcut__weights_place,
                          .context = &s->weights};
  if (!extract.path) return GCUT_NO_MEMORY(err);
  GCUT_TRY(list_outputs(s, part, &extract, err));
  GCUT_TRY(gcut_graph_extract(s->trace, &extract, &graph, err));
  gcut_status status = gcut_onnx_write(graph, extract.path, err);
  gcut_graph_destroy(graph);
  return status;
}

// ---- the whole --------------------------------------------------------------------------------

static gcut_status split(splitter *s, const char *folder, bool pack, gcut_error *err) {
  GCUT_TRY(name_files(s, folder, err));
  GCUT_TRY(find_last(s, err));
  GCUT_TRY(make_folder(folder, err));
  const char *path = in_folder(s, MANIFEST_NAME);
  if (!path) return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut__weights_plan(s->trace, s->plan, s->folder, pack, s->arena, &s->weights, err));
  GCUT_TRY(check_destinations(s, err));
  GCUT_TRY(gcut__weights_write(&s->weights, err));
  for (uint32_t p = 0; p < s->plan->n_parts; p++)
    if (has_file(s, p)) GCUT_TRY(write_part(s, p, err));
  gcut__manifest manifest = {.trace = s->trace,
                             .plan = s->plan,
                             .weights = &s->weights,
                             .files = s->files,
                             .last = s->last,
                             .n_last = s->n_last};
  return gcut__manifest_write(&manifest, path, err);
}

gcut_status gcut_plan_split(const gcut_trace *trace, const gcut_plan *plan, const char *folder,
                            const gcut_split_options *options, gcut_error *err) {
  splitter s = {.trace = trace, .plan = plan, .arena = gcut_arena_create()};
  gcut_status status =
      s.arena ? split(&s, folder, options && options->pack, err) : GCUT_NO_MEMORY(err);
  gcut__weights_free(&s.weights);
  gcut_arena_destroy(s.arena);
  return status;
}
