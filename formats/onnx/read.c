// ModelProto, and the entries of the ONNX reader.
//
// Read past, for a graph has no place for them: training info, device configurations, denotations
// of types and dims, docs and metadata of tensors and attributes, and functions once they are
// inlined.
#include <stdlib.h>

#include "formats/file.h"
#include "formats/onnx/reader.h"
#include "graphcut/formats.h"
#include "tracer/base/error.h"

// Field numbers of ModelProto.
enum {
  MODEL_IR_VERSION = 1,
  MODEL_PRODUCER_NAME = 2,
  MODEL_PRODUCER_VERSION = 3,
  MODEL_DOMAIN = 4,
  MODEL_VERSION = 5,
  MODEL_DOC_STRING = 6,
  MODEL_GRAPH = 7,
  MODEL_OPSET_IMPORT = 8,
  MODEL_METADATA = 14,
  MODEL_FUNCTIONS = 25,
};

static gcut_status read_opset(gcut__reader *r, gcut__span bytes, gcut_error *err) {
  bool differs;
  GCUT_TRY(gcut__import(r, bytes, &differs, err));
  return differs ? GCUT_FAIL(err, GCUT_FORMAT, "a domain is imported at two versions") : GCUT_OK;
}

static gcut_status read_model_field(gcut__reader *r, const gcut__field *field, gcut_error *err) {
  gcut_graph *g = r->graph;
  switch (field->number) {
  case MODEL_IR_VERSION: g->ir_version = r->ir_version = (int64_t)field->value; break;
  case MODEL_VERSION: g->model_version = (int64_t)field->value; break;
  case MODEL_PRODUCER_NAME: g->producer_name = gcut__intern(r, field->bytes); break;
  case MODEL_PRODUCER_VERSION: g->producer_version = gcut__intern(r, field->bytes); break;
  case MODEL_DOMAIN: g->domain = gcut__intern(r, field->bytes); break;
  case MODEL_DOC_STRING: g->doc = gcut__intern(r, field->bytes); break;
  case MODEL_METADATA: return gcut__push_entry(r, field->bytes, err);
  case MODEL_OPSET_IMPORT: return read_opset(r, field->bytes, err);
  case MODEL_FUNCTIONS: return gcut__functions_add(r, field->bytes, err);
  default: break;
  }
  return GCUT_OK;
}

static gcut_status read_model(gcut__reader *r, gcut_error *err) {
  gcut__span rest = r->file, main_graph = {NULL, 0};
  for (gcut__field field; gcut__wire_next(&rest, &field);) {
    if (field.number == MODEL_GRAPH) main_graph = field.bytes;
    GCUT_TRY(read_model_field(r, &field, err));
  }
  if (!main_graph.data) return GCUT_FAIL(err, GCUT_FORMAT, "not ONNX, or damaged: no graph in it");
  if (r->ir_version < 1)
    return GCUT_FAIL(err, GCUT_FORMAT, "not ONNX, or damaged: no IR version in it");
  if (r->graph->n_opsets == 0 && r->ir_version < 3) gcut_graph_add_opset(r->graph, "", 1);
  gcut__keep_metadata(r, 0, &r->graph->first_metadata, &r->graph->n_model_metadata);
  gcut__names names = {.body = 0};
  gcut__context where = {.names = &names};
  GCUT_TRY(gcut__read_graph(r, main_graph, &where, err));
  gcut_body *body = &r->graph->bodies[0];
  if (!*body->name) body->name = gcut_graph_intern(r->graph, "graph", 5); // ONNX wants one
  return gcut_graph_finish(r->graph, err);
}

// ---- entries ----------------------------------------------------------------------------------

static gcut_status prepare(gcut__reader *r, const char *path, const gcut_read_options *options,
                           gcut_error *err) {
  r->arena = gcut_graph_arena(r->graph);
  r->scratch = gcut_arena_create();
  if (options) r->progress = options->progress;
  // Room for one, so that an empty stack is no NULL.
  bool room = gcut__push(&r->operands, sizeof(uint32_t)) &&
              gcut__push(&r->attributes, sizeof(gcut_attribute)) &&
              gcut__push(&r->metadata, sizeof(gcut_metadata));
  if (!room || !r->scratch) return GCUT_NO_MEMORY(err);
  r->operands.n = r->attributes.n = r->metadata.n = 0;
  r->graph->path = gcut_graph_intern(r->graph, path, strlen(path));
  return gcut__externals_init(&r->externals, r->graph, path, options && options->follow_links, err);
}

static void release(gcut__reader *r) {
  gcut__externals_free(&r->externals);
  gcut__functions_free(r);
  free(r->operands.items);
  free(r->attributes.items);
  free(r->metadata.items);
  gcut_arena_destroy(r->scratch);
}

static gcut_status name_file(gcut_status status, const char *path, gcut_error *err) {
  if (status == GCUT_OK || !err) return status;
  gcut_error inner = *err;
  return GCUT_FAIL(err, status, "%s: %s", path, inner.message);
}

// Reads a model into an empty graph, which is destroyed on failure. file: its number in the graph,
// or GCUT_NONE.
static gcut_status read_into(gcut_graph *graph, gcut__span bytes, uint32_t file, const char *path,
                             const gcut_read_options *options, gcut_error *err) {
  gcut__reader r = {.graph = graph, .file = bytes, .file_index = file};
  gcut_status status = prepare(&r, path, options, err);
  if (status == GCUT_OK && bytes.size == 0) status = GCUT_FAIL(err, GCUT_FORMAT, "an empty file");
  if (status == GCUT_OK) status = gcut__wire_check(bytes, &gcut_onnx__model_proto__descriptor, err);
  if (status == GCUT_OK) status = read_model(&r, err);
  // A name that could not be kept is not found, either.
  if (status == GCUT_FORMAT && gcut_graph_failed(graph, NULL) == GCUT_NOMEM)
    status = GCUT_NO_MEMORY(err);
  release(&r);
  if (status != GCUT_OK) gcut_graph_destroy(graph);
  return name_file(status, path, err);
}

gcut_status gcut_onnx_parse(const void *data, size_t size, const char *path,
                            const gcut_read_options *options, gcut_graph **out_graph,
                            gcut_error *err) {
  gcut_graph *graph;
  *out_graph = NULL;
  GCUT_TRY(gcut_graph_create(&graph, err));
  GCUT_TRY(read_into(graph, (gcut__span){data, size}, GCUT_NONE, path, options, err));
  *out_graph = graph;
  return GCUT_OK;
}

gcut_status gcut_onnx_read(const char *path, const gcut_read_options *options,
                           gcut_graph **out_graph, gcut_error *err) {
  const void *data;
  uint64_t size;
  gcut_graph *graph;
  *out_graph = NULL;
  GCUT_TRY(gcut__file_map(path, &data, &size, err));
  gcut_status status = gcut_graph_create(&graph, err);
  if (status != GCUT_OK) {
    gcut__file_unmap(data, size);
    return status;
  }
  uint32_t file = gcut_graph_add_file(graph, path, "", data, size); // takes the mapping
  if (file == GCUT_NONE) {
    gcut_graph_destroy(graph);
    return GCUT_NO_MEMORY(err);
  }
  GCUT_TRY(read_into(graph, (gcut__span){data, (size_t)size}, file, path, options, err));
  *out_graph = graph;
  return GCUT_OK;
}
