// Reads plan files (plan_json.c). What a file says of the model is looked up there, the rest
// follows as if the plan had just been made; a plan that was made for another model is told how
// they differ.
#include <inttypes.h>
#include <string.h>

#include "formats/file.h"
#include "formats/json/json_text.h"
#include "formats/json/plan_json.h"
#include "graphcut/plan.h"
#include "tracer/base/arena.h"
#include "tracer/base/error.h"

typedef struct reader {
  const gcut_graph *graph;
  const char *path;
  gcut_arena *arena;
  gcut_plan_spec spec;
  uint32_t n_unknown, n_named; // node names that the model lacks; all
  const char *unknown;         // the first
  bool *seen;                  // [n_nodes] named
} reader;

static gcut_status fail(const reader *r, gcut_error *err, const char *what, const char *name) {
  char shown[160];
  return GCUT_FAIL(err, GCUT_FORMAT, "%s: '%s' %s", r->path,
                   gcut__printable(name, shown, sizeof shown), what);
}

// The member of that type; *out is NULL where it is missing and not required.
static gcut_status member(const reader *r, const json_t *object, const char *key, json_type type,
                          bool required, json_t **out, gcut_error *err) {
  static const char *const wrong[] = {
      [JSON_OBJECT] = "is no object",
      [JSON_ARRAY] = "is no array",
      [JSON_STRING] = "is no string",
      [JSON_INTEGER] = "is no whole number",
  };
  *out = json_object_get(object, key);
  if (!*out) return required ? fail(r, err, "is missing", key) : GCUT_OK;
  return json_typeof(*out) == type ? GCUT_OK : fail(r, err, wrong[type], key);
}

// A string whose bytes hold no NUL.
static gcut_status text_of(const reader *r, const json_t *value, const char *what, const char **out,
                           gcut_error *err) {
  *out = json_string_value(value);
  if (!*out) return fail(r, err, "holds something that is no string", what);
  return strlen(*out) == json_string_length(value) ? GCUT_OK : fail(r, err, "holds a NUL", what);
}

static gcut_status read_node(reader *r, const json_t *item, const char *what, uint32_t *out,
                             gcut_error *err) {
  const gcut_body *main = &r->graph->bodies[0];
  *out = GCUT_NONE;
  r->n_named++;
  if (json_is_integer(item)) {
    json_int_t place = json_integer_value(item);
    if (place >= 0 && place < main->n_nodes) *out = main->nodes[place];
    if (*out == GCUT_NONE && !r->n_unknown++)
      r->unknown = gcut_arena_format(r->arena, "%" JSON_INTEGER_FORMAT, place);
    if (*out == GCUT_NONE && !r->unknown) return GCUT_NO_MEMORY(err);
    return GCUT_OK;
  }
  const char *name;
  GCUT_TRY(text_of(r, item, what, &name, err));
  *out = gcut_graph_find_node(r->graph, name);
  if (*out == GCUT_NONE && !r->n_unknown++) r->unknown = name;
  return GCUT_OK;
}

// Nodes that the model lacks are counted, and refused once the fingerprint has been looked at.
static gcut_status read_nodes(reader *r, const json_t *object, const char *key, bool required,
                              const uint32_t **out, uint32_t *out_n, gcut_error *err) {
  json_t *array;
  GCUT_TRY(member(r, object, key, JSON_ARRAY, required, &array, err));
  size_t n = json_array_size(array);
  if (n > UINT32_MAX / 2) return fail(r, err, "is too long", key);
  uint32_t *nodes = GCUT_NEW_ARRAY(r->arena, uint32_t, n);
  if (!nodes) return GCUT_NO_MEMORY(err);
  *out = nodes;
  *out_n = (uint32_t)n;
  for (size_t i = 0; i < n; i++) {
    GCUT_TRY(read_node(r, json_array_get(array, i), key, &nodes[i], err));
    if (nodes[i] != GCUT_NONE) r->seen[nodes[i]] = true;
  }
  return GCUT_OK;
}

static gcut_status read_parts(reader *r, const json_t *root, gcut_error *err) {
  json_t *array;
  GCUT_TRY(member(r, root, "parts", JSON_ARRAY, true, &array, err));
  static const char *const keys[] = {"name", "nodes", "recomputed", NULL};
  size_t n = json_array_size(array);
  gcut_part_spec *parts = GCUT_NEW_ARRAY(r->arena, gcut_part_spec, n);
  if (!parts) return GCUT_NO_MEMORY(err);
  if (n == 0 || n > UINT32_MAX / 2) return fail(r, err, "has no part, or too many", "parts");
  for (size_t i = 0; i < n; i++) {
    json_t *part = json_array_get(array, i), *name;
    if (!json_is_object(part)) return fail(r, err, "holds something that is no object", "parts");
    GCUT_TRY(gcut__json_keys(part, r->path, "a part", keys, err));
    GCUT_TRY(member(r, part, "name", JSON_STRING, true, &name, err));
    GCUT_TRY(text_of(r, name, "name", &parts[i].name, err));
    GCUT_TRY(read_nodes(r, part, "nodes", true, &parts[i].nodes, &parts[i].n_nodes, err));
    GCUT_TRY(read_nodes(r, part, "recomputed", false, &parts[i].recomputed, &parts[i].n_recomputed,
                        err));
  }
  r->spec.parts = parts;
  r->spec.n_parts = (uint32_t)n;
  return GCUT_OK;
}

static gcut_status read_texts(const reader *r, const json_t *object, const char *key,
                              const char *const **out, size_t *out_n, gcut_error *err) {
  json_t *array;
  GCUT_TRY(member(r, object, key, JSON_ARRAY, false, &array, err));
  const char **texts = GCUT_NEW_ARRAY(r->arena, const char *, json_array_size(array));
  if (!texts) return GCUT_NO_MEMORY(err);
  for (size_t i = 0; i < json_array_size(array); i++)
    GCUT_TRY(text_of(r, json_array_get(array, i), key, &texts[i], err));
  *out = texts;
  *out_n = json_array_size(array);
  return GCUT_OK;
}

static gcut_status read_number(const reader *r, const json_t *object, const char *key,
                               json_int_t most, json_int_t *out, gcut_error *err) {
  json_t *number;
  GCUT_TRY(member(r, object, key, JSON_INTEGER, false, &number, err));
  *out = number ? json_integer_value(number) : 0;
  return *out >= 0 && *out <= most ? GCUT_OK : fail(r, err, "is out of range", key);
}

static gcut_status read_cutter(reader *r, const json_t *root, gcut_error *err) {
  static const char *const keys[] = {"name",  "targets", "ignore", "targets_per_part",
                                     "parts", "budget",  NULL};
  gcut_origin *o = &r->spec.origin;
  json_t *object, *name;
  json_int_t per_part, parts, budget;
  GCUT_TRY(member(r, root, "cutter", JSON_OBJECT, false, &object, err));
  if (!object) return GCUT_OK;
  GCUT_TRY(gcut__json_keys(object, r->path, "'cutter'", keys, err));
  GCUT_TRY(member(r, object, "name", JSON_STRING, true, &name, err));
  GCUT_TRY(text_of(r, name, "name", &o->cutter, err));
  GCUT_TRY(read_texts(r, object, "targets", &o->targets, &o->n_targets, err));
  GCUT_TRY(read_texts(r, object, "ignore", &o->ignore, &o->n_ignore, err));
  GCUT_TRY(read_number(r, object, "targets_per_part", UINT32_MAX, &per_part, err));
  GCUT_TRY(read_number(r, object, "parts", UINT32_MAX, &parts, err));
  GCUT_TRY(read_number(r, object, "budget", INT64_MAX, &budget, err));
  o->targets_per_part = (uint32_t)per_part;
  o->n_parts = (uint32_t)parts;
  o->budget = (uint64_t)budget;
  return GCUT_OK;
}

static gcut_status read_fetch(reader *r, const json_t *root, gcut_error *err) {
  const char *const *names;
  size_t n;
  if (!json_object_get(root, "fetch")) return GCUT_OK;
  GCUT_TRY(read_texts(r, root, "fetch", &names, &n, err));
  uint32_t *values = GCUT_NEW_ARRAY(r->arena, uint32_t, n);
  if (!values) return GCUT_NO_MEMORY(err);
  for (size_t i = 0; i < n; i++) {
    values[i] = gcut_graph_find_value(r->graph, 0, names[i]);
    if (values[i] == GCUT_NONE)
      return fail(r, err, "is fetched, but no value of the model", names[i]);
  }
  r->spec.fetches = values;
  r->spec.n_fetches = (uint32_t)n;
  return GCUT_OK;
}

static gcut_status read_fuse(reader *r, const json_t *root, gcut_error *err) {
  const json_t *fuse = json_object_get(root, "fuse");
  if (fuse && !json_is_boolean(fuse)) return fail(r, err, "is neither true nor false", "fuse");
  r->spec.unfused = fuse && json_is_false(fuse);
  return GCUT_OK;
}

// ---- plans of other models --------------------------------------------------------------------

// Says how the model differs from the one the plan was made for.
static gcut_status fail_other_model(const reader *r, const char *model, gcut_error *err) {
  const gcut_graph *g = r->graph;
  uint32_t n_new = 0;
  const char *first_new = NULL;
  for (uint32_t i = 0; i < g->bodies[0].n_nodes; i++) {
    const gcut_node *node = &g->nodes[g->bodies[0].nodes[i]];
    if (r->seen[g->bodies[0].nodes[i]] || gcut_node_n_reads(node) == 0) continue;
    if (!n_new++) first_new = node->name;
  }
  char unknown[96], added[96], name[96], lacks[200] = "", has[200] = "", which[256];
  const char *own = gcut__plan_model(g->path);
  gcut__printable(model, name, sizeof name);
  if (*own && !strcmp(model, own))
    snprintf(which, sizeof which, "export of '%s' than this one", name);
  else
    snprintf(which, sizeof which, "model, '%s', not for '%.90s'", name, own);
  if (r->n_unknown > 0)
    snprintf(lacks, sizeof lacks, "it lacks %u of the plan's %u nodes, such as '%s'", r->n_unknown,
             r->n_named, gcut__printable(r->unknown, unknown, sizeof unknown));
  if (n_new > 0)
    snprintf(has, sizeof has, "%s%u of its nodes are not in the plan, such as '%s'",
             *lacks ? ", and " : "", n_new, gcut__printable(first_new, added, sizeof added));
  return GCUT_FAIL(err, GCUT_FORMAT, "%s: made for another %s: %s%s%s", r->path, which, lacks, has,
                   *lacks || *has ? "" : "its nodes have other operators or inputs");
}

static gcut_status read_head(const reader *r, const json_t *root, const char **out_model,
                             uint64_t *out_fingerprint, gcut_error *err) {
  json_t *format, *version, *model, *text;
  if (!json_is_object(root)) return GCUT_FAIL(err, GCUT_FORMAT, "%s: is no plan file", r->path);
  GCUT_TRY(member(r, root, "format", JSON_STRING, true, &format, err));
  GCUT_TRY(member(r, root, "version", JSON_INTEGER, true, &version, err));
  GCUT_TRY(member(r, root, "model", JSON_STRING, true, &model, err));
  GCUT_TRY(member(r, root, "fingerprint", JSON_STRING, true, &text, err));
  if (strcmp(json_string_value(format), GCUT__PLAN_FORMAT))
    return fail(r, err, "is not \"" GCUT__PLAN_FORMAT "\": this is no plan file", "format");
  if (json_integer_value(version) != GCUT__PLAN_VERSION)
    return fail(r, err, "is not 1: this plan is of another version of graphcut", "version");
  GCUT_TRY(text_of(r, model, "model", out_model, err));
  const char *digits = json_string_value(text);
  if (strlen(digits) != 16 || strspn(digits, "0123456789abcdef") != 16)
    return fail(r, err, "is not 16 hexadecimal digits", "fingerprint");
  sscanf(digits, "%" SCNx64, out_fingerprint);
  return GCUT_OK;
}

static gcut_status read_root(reader *r, const gcut_trace *trace, const json_t *root,
                             gcut_plan **out_plan, gcut_error *err) {
  static const char *const keys[] = {"format", "version", "model", "fingerprint", "cutter",
                                     "fuse",   "fetch",   "parts", "folded",      NULL};
  const char *model;
  uint64_t fingerprint;
  r->seen = GCUT_NEW_ARRAY(r->arena, bool, r->graph->n_nodes);
  if (!r->seen) return GCUT_NO_MEMORY(err);
  GCUT_TRY(read_head(r, root, &model, &fingerprint, err));
  GCUT_TRY(gcut__json_keys(root, r->path, "a plan", keys, err));
  GCUT_TRY(read_cutter(r, root, err));
  GCUT_TRY(read_fuse(r, root, err));
  GCUT_TRY(read_parts(r, root, err));
  GCUT_TRY(read_nodes(r, root, "folded", false, &r->spec.folded, &r->spec.n_folded, err));
  if (fingerprint != gcut_graph_fingerprint(r->graph)) return fail_other_model(r, model, err);
  if (r->n_unknown > 0)
    return fail(r, err, "is named by the plan, but no node of the model", r->unknown);
  GCUT_TRY(read_fetch(r, root, err));
  gcut_error inner = {0};
  gcut_status status = gcut_plan_build(trace, &r->spec, out_plan, &inner);
  if (status == GCUT_OK || status == GCUT_NOMEM) return status;
  return GCUT_FAIL(err, status, "%s: %s", r->path, inner.message);
}

gcut_status gcut_plan_parse(const gcut_trace *trace, const void *data, size_t size,
                            const char *path, gcut_plan **out_plan, gcut_error *err) {
  *out_plan = NULL;
  json_t *root;
  GCUT_TRY(gcut__json_parse(data, size, path, &root, err));
  reader r = {.graph = trace->graph, .path = path, .arena = gcut_arena_create()};
  gcut_status status = r.arena ? read_root(&r, trace, root, out_plan, err) : GCUT_NO_MEMORY(err);
  gcut_arena_destroy(r.arena);
  json_decref(root);
  return status;
}

gcut_status gcut_plan_read(const gcut_trace *trace, const char *path, gcut_plan **out_plan,
                           gcut_error *err) {
  const void *data;
  uint64_t bytes;
  *out_plan = NULL;
  GCUT_TRY(gcut__file_map(path, &data, &bytes, err));
  gcut_status status = gcut_plan_parse(trace, data, bytes, path, out_plan, err);
  gcut__file_unmap(data, bytes);
  return status;
}
