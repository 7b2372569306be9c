// The manifest of a split model: the parts in order, what each reads and from where, what it makes,
// and where the model's outputs come from. All that running them one after another needs.
#include <jansson.h>
#include <string.h>

#include "formats/file.h"
#include "formats/split/split.h"
#include "tracer/base/error.h"
#include "tracer/extract.h"

enum { FORMAT_VERSION = 1, MOST_TEXT = 1024 };

typedef struct writer {
  const gcut__manifest *m;
  const gcut_graph *graph;
  gcut_map maker; // value -> part
  bool ok;        // so far: memory was there, and names are UTF-8
} writer;

// Sets a member; NULL (no memory, or no UTF-8) stays out and is remembered.
static void set(writer *w, json_t *object, const char *key, json_t *value) {
  if (!value || json_object_set_new(object, key, value) != 0) w->ok = false;
}

static void append(writer *w, json_t *array, json_t *value) {
  if (!value || json_array_append_new(array, value) != 0) w->ok = false;
}

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
    append(w, shape, known ? json_integer(type->dims[d]) : json_string(text));
  }
  return shape;
}

static json_t *value_json(writer *w, uint32_t value) {
  json_t *object = json_object();
  set(w, object, "name", json_string(w->graph->values[value].name));
  set(w, object, "type", type_json(w, value));
  set(w, object, "shape", shape_json(w, gcut_extract_type(w->m->trace, value)));
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
    if (from) set(w, object, "from", from_json(w, values[i]));
    append(w, array, object);
  }
  return array;
}

static json_t *names_json(writer *w, const uint32_t *values, uint32_t n) {
  json_t *array = json_array();
  for (uint32_t i = 0; i < n; i++) append(w, array, json_string(w->graph->values[values[i]].name));
  return array;
}

// ---- the whole --------------------------------------------------------------------------------

static json_t *inputs_json(writer *w) {
  const gcut_body *b = &w->graph->bodies[0];
  json_t *array = json_array();
  for (uint32_t i = 0; i < b->n_inputs; i++)
    if (!gcut_extract_constant(w->m->trace, b->inputs[i]))
      append(w, array, value_json(w, b->inputs[i]));
  return array;
}

// Data files that the parts read.
static json_t *weights_json(writer *w) {
  const gcut__weights *weights = w->m->weights;
  json_t *array = json_array();
  if (weights->bytes > 0) append(w, array, json_string(weights->shared.location));
  for (uint32_t f = 0; f < w->graph->n_files; f++) {
    const gcut_file *file = &w->graph->files[f];
    if (*file->location && (weights->in_place || !file->data))
      append(w, array, json_string(file->location));
  }
  return array;
}

static json_t *part_json(writer *w, uint32_t index) {
  const gcut_part *p = &w->m->plan->parts[index];
  json_t *object = json_object(), *outputs = values_json(w, p->outputs, p->n_outputs, false);
  if (index + 1 == w->m->plan->n_parts)
    for (uint32_t i = 0; i < w->m->n_last; i++) append(w, outputs, value_json(w, w->m->last[i]));
  set(w, object, "file", json_string(w->m->files[index]));
  set(w, object, "name", json_string(p->name));
  set(w, object, "inputs", values_json(w, p->inputs, p->n_inputs, true));
  set(w, object, "outputs", outputs);
  set(w, object, "consumed", names_json(w, p->consumed, p->n_consumed));
  return object;
}

static json_t *manifest_json(writer *w) {
  const gcut_plan *plan = w->m->plan;
  json_t *root = json_object(), *parts = json_array();
  const char *slash = strrchr(w->graph->path, '/');
  json_t *model = json_string(slash ? slash + 1 : w->graph->path);
  set(w, root, "format", json_string("graphcut-split"));
  set(w, root, "version", json_integer(FORMAT_VERSION));
  set(w, root, "model", model ? model : json_string("?"));
  set(w, root, "inputs", inputs_json(w));
  set(w, root, "outputs", values_json(w, plan->fetches, plan->n_fetches, true));
  set(w, root, "weights", weights_json(w));
  for (uint32_t i = 0; i < plan->n_parts; i++)
    if (w->m->files[i]) append(w, parts, part_json(w, i));
  set(w, root, "parts", parts);
  return root;
}

static void note_makers(writer *w) {
  const gcut_plan *plan = w->m->plan;
  for (uint32_t p = 0; p < plan->n_parts; p++)
    for (uint32_t i = 0; i < plan->parts[p].n_outputs; i++)
      if (!gcut_map_set(&w->maker, plan->parts[p].outputs[i], p)) w->ok = false;
  for (uint32_t i = 0; i < w->m->n_last; i++)
    if (!gcut_map_set(&w->maker, w->m->last[i], plan->n_parts - 1)) w->ok = false;
}

static gcut_status write_json(const json_t *root, const char *path, gcut_error *err) {
  gcut_output out;
  GCUT_TRY(gcut_output_open(path, &out, err));
  if (json_dumpf(root, out.stream, JSON_INDENT(2)) != 0 || fputc('\n', out.stream) == EOF) {
    gcut_output_abort(&out);
    return GCUT_FAIL(err, GCUT_IO, "%s: cannot be written", path);
  }
  return gcut_output_commit(&out, err);
}

gcut_status gcut__manifest_write(const gcut__manifest *manifest, const char *path,
                                 gcut_error *err) {
  writer w = {.m = manifest, .graph = manifest->trace->graph, .ok = true};
  note_makers(&w);
  json_t *root = manifest_json(&w);
  gcut_status status =
      w.ok ? write_json(root, path, err)
           : GCUT_FAIL(err, GCUT_UNSUPPORTED, "%s: memory is out, or a name is no UTF-8", path);
  json_decref(root);
  gcut_map_free(&w.maker);
  return status;
}
