// The manifest of a split model: the parts in order, what each reads and from where, what it makes,
// and where the model's outputs come from. All that running them one after another needs.
#include <jansson.h>
#include <string.h>

#include "formats/file.h"
#include "formats/json/json_text.h"
#include "formats/split/split.h"
#include "tracer/extract.h"

enum { FORMAT_VERSION = 1, MOST_TEXT = 1024 };

typedef struct writer {
  const gcut__manifest *m;
  const gcut_graph *graph;
  gcut_map maker; // value -> part
  gcut__json json;
} writer;

// ---- values -----------------------------------------------------------------------------------

static json_t *type_json(const writer *w, uint32_t value) {
  const gcut_type *type = gcut_extract_type(w->m->trace, value);
  char text[MOST_TEXT];
  if (type->kind == GCUT_KIND_TENSOR) return json_string(gcut_dtype_name((gcut_dtype)type->type));
  gcut_trace_format(w->m->trace, value, text, sizeof text);
  return json_string(text);
}

static json_t *shape_json(writer *w, const gcut_type *type) {
  if (type->kind != GCUT_KIND_TENSOR || type->rank < 0) return json_null();
  json_t *shape = json_array();
  for (int d = 0; d < type->rank; d++) {
    char text[MOST_TEXT];
    bool known = gcut_dim_known(type->dims[d]);
    if (!known) gcut_trace_dim_format(w->m->trace, type->dims[d], text, sizeof text);
    gcut__json_append(&w->json, shape,
                      known ? json_integer(type->dims[d]) : gcut__json_text(&w->json, text));
  }
  return shape;
}

static json_t *value_json(writer *w, uint32_t value) {
  json_t *object = json_object();
  gcut__json_set(&w->json, object, "name", gcut__json_text(&w->json, w->graph->values[value].name));
  gcut__json_set(&w->json, object, "type", type_json(w, value));
  gcut__json_set(&w->json, object, "shape", shape_json(w, gcut_extract_type(w->m->trace, value)));
  return object;
}

// Where a value comes from: a part's file, or null for an input of the model.
static json_t *from_json(const writer *w, uint32_t value) {
  uint32_t part = gcut_map_get(&w->maker, value);
  return part == UINT32_MAX ? json_null() : json_string(w->m->files[part]);
}

static json_t *values_json(writer *w, const uint32_t *values, uint32_t n, bool from) {
  json_t *array = json_array();
  for (uint32_t i = 0; i < n; i++) {
    json_t *object = value_json(w, values[i]);
    if (from) gcut__json_set(&w->json, object, "from", from_json(w, values[i]));
    gcut__json_append(&w->json, array, object);
  }
  return array;
}

static json_t *names_json(writer *w, const uint32_t *values, uint32_t n) {
  json_t *array = json_array();
  for (uint32_t i = 0; i < n; i++)
    gcut__json_append(&w->json, array, gcut__json_text(&w->json, w->graph->values[values[i]].name));
  return array;
}

// ---- the whole --------------------------------------------------------------------------------

static json_t *inputs_json(writer *w) {
  const gcut_body *b = &w->graph->bodies[0];
  json_t *array = json_array();
  for (uint32_t i = 0; i < b->n_inputs; i++)
    if (!gcut_extract_constant(w->m->trace, b->inputs[i]))
      gcut__json_append(&w->json, array, value_json(w, b->inputs[i]));
  return array;
}

// Data files that the parts read.
static json_t *weights_json(writer *w) {
  const gcut__weights *weights = w->m->weights;
  json_t *array = json_array();
  if (weights->bytes > 0)
    gcut__json_append(&w->json, array, gcut__json_text(&w->json, weights->shared.location));
  for (uint32_t f = 0; f < w->graph->n_files; f++) {
    const gcut_file *file = &w->graph->files[f];
    if (*file->location && (weights->in_place || !file->data))
      gcut__json_append(&w->json, array, gcut__json_text(&w->json, file->location));
  }
  return array;
}

static json_t *part_json(writer *w, uint32_t index) {
  const gcut_part *p = &w->m->plan->parts[index];
  json_t *object = json_object(), *outputs = values_json(w, p->outputs, p->n_outputs, false);
  if (index + 1 == w->m->plan->n_parts)
    for (uint32_t i = 0; i < w->m->n_last; i++)
      gcut__json_append(&w->json, outputs, value_json(w, w->m->last[i]));
  gcut__json_set(&w->json, object, "file", json_string(w->m->files[index]));
  gcut__json_set(&w->json, object, "name", gcut__json_text(&w->json, p->name));
  gcut__json_set(&w->json, object, "inputs", values_json(w, p->inputs, p->n_inputs, true));
  gcut__json_set(&w->json, object, "outputs", outputs);
  gcut__json_set(&w->json, object, "consumed", names_json(w, p->consumed, p->n_consumed));
  return object;
}

static json_t *manifest_json(writer *w) {
  const gcut_plan *plan = w->m->plan;
  json_t *root = json_object(), *parts = json_array();
  const char *slash = strrchr(w->graph->path, '/');
  json_t *model = json_string(slash ? slash + 1 : w->graph->path);
  gcut__json_set(&w->json, root, "format", json_string("graphcut-split"));
  gcut__json_set(&w->json, root, "version", json_integer(FORMAT_VERSION));
  gcut__json_set(&w->json, root, "model", model ? model : json_string("?"));
  gcut__json_set(&w->json, root, "inputs", inputs_json(w));
  gcut__json_set(&w->json, root, "outputs", values_json(w, plan->fetches, plan->n_fetches, true));
  gcut__json_set(&w->json, root, "weights", weights_json(w));
  for (uint32_t i = 0; i < plan->n_parts; i++)
    if (w->m->files[i]) gcut__json_append(&w->json, parts, part_json(w, i));
  gcut__json_set(&w->json, root, "parts", parts);
  return root;
}

static void note_makers(writer *w) {
  const gcut_plan *plan = w->m->plan;
  for (uint32_t p = 0; p < plan->n_parts; p++)
    for (uint32_t i = 0; i < plan->parts[p].n_outputs; i++)
      if (!gcut_map_set(&w->maker, plan->parts[p].outputs[i], p)) w->json.out_of_memory = true;
  for (uint32_t i = 0; i < w->m->n_last; i++)
    if (!gcut_map_set(&w->maker, w->m->last[i], plan->n_parts - 1)) w->json.out_of_memory = true;
}

gcut_status gcut__manifest_write(const gcut__manifest *manifest, const char *path,
                                 gcut_error *err) {
  writer w = {.m = manifest, .graph = manifest->trace->graph};
  note_makers(&w);
  gcut_status status = gcut__json_write(&w.json, manifest_json(&w), path, err);
  gcut_map_free(&w.maker);
  return status;
}
