// Plan files: JSON that people can read, edit and compare, described by docs/plan.schema.json.
//
// A file holds what a plan rests on and no more: the model's name and fingerprint, how the plan was
// made, the fetched values, and each part's nodes by name, one a line. Sizes, inputs and outputs
// follow from the model when the file is read, so an edited file cannot contradict itself. A node
// whose name another node has too, or is no UTF-8, is written as its place in the main graph.
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "formats/json/json_text.h"
#include "formats/json/plan_json.h"
#include "graphcut/plan.h"
#include "tracer/base/arena.h"
#include "tracer/base/error.h"

const char *gcut__plan_model(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static json_t *texts_json(const char *const *texts, size_t n, gcut__json *j) {
  json_t *array = json_array();
  for (size_t i = 0; i < n; i++) gcut__json_append(j, array, gcut__json_text(j, texts[i]));
  return array;
}

// `place`: of each node in the main graph.
static json_t *nodes_json(const gcut_graph *g, const uint32_t *nodes, uint32_t n,
                          const uint32_t *place, gcut__json *j) {
  json_t *array = json_array();
  for (uint32_t i = 0; i < n; i++) {
    const char *name = g->nodes[nodes[i]].name;
    json_t *text = gcut_graph_find_node(g, name) == nodes[i] ? json_string(name) : NULL;
    gcut__json_append(j, array, text ? text : json_integer(place[nodes[i]]));
  }
  return array;
}

static json_t *cutter_json(const gcut_origin *o, gcut__json *j) {
  json_t *object = json_object();
  gcut__json_set(j, object, "name", gcut__json_text(j, o->cutter));
  if (o->n_targets > 0)
    gcut__json_set(j, object, "targets", texts_json(o->targets, o->n_targets, j));
  if (o->n_ignore > 0) gcut__json_set(j, object, "ignore", texts_json(o->ignore, o->n_ignore, j));
  if (o->n_targets > 0)
    gcut__json_set(j, object, "targets_per_part", json_integer(o->targets_per_part));
  if (o->n_parts > 0) gcut__json_set(j, object, "parts", json_integer(o->n_parts));
  if (o->budget > 0) gcut__json_set(j, object, "budget", json_integer((json_int_t)o->budget));
  return object;
}

static json_t *part_json(const gcut_graph *g, const gcut_part *p, const uint32_t *place,
                         uint32_t *own, gcut__json *j) {
  json_t *object = json_object();
  uint32_t n = 0, r = 0;
  for (uint32_t i = 0; i < p->n_nodes; i++)
    if (r < p->n_recomputed && p->recomputed[r] == p->nodes[i])
      r++;
    else
      own[n++] = p->nodes[i];
  gcut__json_set(j, object, "name", gcut__json_text(j, p->name));
  gcut__json_set(j, object, "nodes", nodes_json(g, own, n, place, j));
  if (p->n_recomputed > 0)
    gcut__json_set(j, object, "recomputed",
                   nodes_json(g, p->recomputed, p->n_recomputed, place, j));
  return object;
}

static json_t *plan_json(const gcut_graph *g, const gcut_plan *plan, const uint32_t *place,
                         uint32_t *own, gcut__json *j) {
  json_t *root = json_object(), *fetch = json_array(), *parts = json_array();
  char fingerprint[24];
  snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, plan->fingerprint);
  json_t *model = json_string(gcut__plan_model(g->path));
  gcut__json_set(j, root, "format", json_string(GCUT__PLAN_FORMAT));
  gcut__json_set(j, root, "version", json_integer(GCUT__PLAN_VERSION));
  gcut__json_set(j, root, "model", model ? model : json_string("?"));
  gcut__json_set(j, root, "fingerprint", json_string(fingerprint));
  gcut__json_set(j, root, "cutter", cutter_json(&plan->origin, j));
  gcut__json_set(j, root, "fuse", json_boolean(!plan->unfused));
  for (uint32_t i = 0; i < plan->n_fetches; i++)
    gcut__json_append(j, fetch, gcut__json_text(j, g->values[plan->fetches[i]].name));
  gcut__json_set(j, root, "fetch", fetch);
  for (uint32_t i = 0; i < plan->n_parts; i++)
    gcut__json_append(j, parts, part_json(g, &plan->parts[i], place, own, j));
  gcut__json_set(j, root, "parts", parts);
  if (plan->n_folded > 0)
    gcut__json_set(j, root, "folded", nodes_json(g, plan->folded, plan->n_folded, place, j));
  return root;
}

gcut_status gcut_plan_write(const gcut_trace *trace, const gcut_plan *plan, const char *path,
                            gcut_error *err) {
  const gcut_graph *g = trace->graph;
  gcut_arena *arena = gcut_arena_create();
  uint32_t *place = arena ? GCUT_NEW_ARRAY(arena, uint32_t, g->n_nodes) : NULL;
  uint32_t *own = arena ? GCUT_NEW_ARRAY(arena, uint32_t, g->n_nodes) : NULL;
  gcut_status status = GCUT_OK;
  if (place && own) {
    for (uint32_t i = 0; i < g->bodies[0].n_nodes; i++) place[g->bodies[0].nodes[i]] = i;
    gcut__json j = {0};
    status = gcut__json_write(&j, plan_json(g, plan, place, own, &j), path, err);
  } else {
    status = GCUT_NO_MEMORY(err);
  }
  gcut_arena_destroy(arena);
  return status;
}
