// Writing a graph as ONNX.
//
// The main graph is written item by item: once to add up its size, which the wire format wants
// first, and once to the file, so that memory stays at one item. Elements go from where they lie to
// the file. What does not fit into the model goes to one data file beside it: elements that were
// external to a model in another folder, all larger ones once the model would pass protobuf's 2
// GiB, and what a packing has a place for. Files are temporary until all is written.
#include <errno.h>
#include <string.h>

#include "formats/file.h"
#include "formats/onnx/writer.h"
#include "formats/packing.h"
#include "graphcut/formats.h"
#include "tracer/base/error.h"
#include "tracer/build.h"

enum { SMALL = 1024, PAGE = 4096, DEFAULT_IR_VERSION = 10 };
#define MODEL_LIMIT INT32_MAX

// Field numbers: the graph's in ModelProto, then those of GraphProto.
enum {
  MODEL_GRAPH = 7,
  NODE = 1,
  NAME = 2,
  INITIALIZER = 5,
  DOC_STRING = 10,
  INPUT = 11,
  OUTPUT = 12,
  VALUE_INFO = 13,
  QUANTIZATION_ANNOTATION = 14,
  METADATA = 16,
};

// Bytes counted, and written where there is a stream.
typedef struct sink {
  ProtobufCBuffer base;
  FILE *stream;
  uint64_t bytes;
} sink;

static void append(ProtobufCBuffer *buffer, size_t size, const uint8_t *data) {
  sink *s = (sink *)buffer;
  s->bytes += size;
  if (s->stream && size > 0) fwrite(data, 1, size, s->stream); // errors are seen on commit
}

typedef struct writer {
  const gcut_graph *graph;
  const gcut__packing *packing; // or NULL
  gcut__placement placement;
  gcut__message_maker maker;
  sink out;
} writer;

// ---- placing constants ------------------------------------------------------------------------

static uint64_t align(uint64_t offset, uint64_t bytes) {
  uint64_t to = bytes >= PAGE ? PAGE : 64;
  return (offset + to - 1) / to * to;
}

static void move(writer *w, uint32_t constant) {
  uint64_t bytes = w->graph->constants[constant].bytes;
  uint64_t offset = align(w->placement.moved_bytes, bytes);
  w->placement.places[constant] = GCUT__MOVED;
  w->placement.offsets[constant] = offset;
  w->placement.moved_bytes = offset + bytes;
  w->placement.order[w->placement.n_moved++] = constant;
}

static void place_packed(writer *w) {
  gcut__placement *p = &w->placement;
  if (!w->packing) return;
  for (uint32_t i = 0; i < w->graph->n_constants; i++) {
    if (w->packing->offsets[i] == GCUT__UNPACKED) continue;
    p->places[i] = GCUT__MOVED;
    p->offsets[i] = w->packing->offsets[i];
  }
  for (uint32_t i = 0; i < w->packing->n; i++) p->order[p->n_moved++] = w->packing->order[i];
  p->moved_bytes = w->packing->bytes;
}

// External elements stay where they are if the model's folder does (and nothing is packed), or if
// they are missing; otherwise the larger ones move. `move_inline`: so do the larger inline ones.
static void place_constants(writer *w, const char *path, bool move_inline) {
  const gcut_graph *g = w->graph;
  bool keep = *g->path && gcut__same_folder(path, g->path) && !w->packing;
  w->placement.moved_bytes = w->placement.n_moved = 0;
  for (uint32_t i = 0; i < g->n_constants; i++) w->placement.places[i] = GCUT__INLINE;
  place_packed(w);
  for (uint32_t i = 0; i < g->n_constants; i++) {
    const gcut_constant *c = &g->constants[i];
    bool external = c->file != GCUT_NONE && *g->files[c->file].location;
    if (w->placement.places[i] == GCUT__MOVED) continue;
    if (external && (keep || (!c->data && c->bytes > 0)))
      w->placement.places[i] = GCUT__KEPT;
    else if (c->type != GCUT_STRING && c->bytes >= SMALL && (external || move_inline))
      move(w, i);
  }
}

static gcut_status check_elements(const writer *w, gcut_error *err) {
  for (uint32_t i = 0; i < w->graph->n_constants; i++) {
    const gcut_constant *c = &w->graph->constants[i];
    if (!c->data && c->bytes > 0 && w->placement.places[i] != GCUT__KEPT)
      return GCUT_FAIL(err, GCUT_FORMAT, "tensor '%.200s' has no elements to write", c->name);
  }
  return GCUT_OK;
}

// ---- emitting ---------------------------------------------------------------------------------

static void emit_tag(writer *w, unsigned number, uint64_t size) {
  uint8_t bytes[16];
  size_t n = 0;
  for (uint64_t value = number << 3 | 2;; value >>= 7) {
    bytes[n++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    if (value <= 0x7f) break;
  }
  for (uint64_t value = size;; value >>= 7) {
    bytes[n++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    if (value <= 0x7f) break;
  }
  append(&w->out.base, n, bytes);
}

// Writes one item as a field and forgets it.
static void emit(writer *w, unsigned number, const void *item) {
  const ProtobufCMessage *message = item;
  if (message && !w->maker.failed) {
    uint64_t size = protobuf_c_message_get_packed_size(message);
    emit_tag(w, number, size);
    if (w->out.stream)
      protobuf_c_message_pack_to_buffer(message, &w->out.base);
    else
      w->out.bytes += size;
  }
  gcut_arena_reset(w->maker.arena);
}

static void emit_text(writer *w, unsigned number, const char *text) {
  if (!*text) return;
  emit_tag(w, number, strlen(text));
  append(&w->out.base, strlen(text), (const uint8_t *)text);
}

// Type and annotation of a value that is neither input nor output.
static void emit_info(writer *w, uint32_t value) {
  const gcut_value *v = value == GCUT_NONE ? NULL : &w->graph->values[value];
  if (v && gcut__value_says(w->graph, v) && !v->is_output)
    emit(w, VALUE_INFO, gcut__message_value(&w->maker, value, v->body));
}

static void emit_annotation(writer *w, uint32_t value) {
  const gcut_value *v = value == GCUT_NONE ? NULL : &w->graph->values[value];
  if (v && gcut__value_annotated(w->graph, v))
    emit(w, QUANTIZATION_ANNOTATION, gcut__message_annotation(&w->maker, value));
}

static void emit_inputs(writer *w, const gcut_body *b) {
  for (uint32_t i = 0; i < b->n_inputs; i++) {
    emit(w, INPUT, gcut__message_value(&w->maker, b->inputs[i], 0));
    emit_annotation(w, b->inputs[i]);
  }
}

static void emit_initializers(writer *w, const gcut_body *b) {
  for (uint32_t i = 0; i < b->n_initializers; i++) {
    uint32_t value = b->initializers[i];
    const gcut_value *v = &w->graph->values[value];
    emit(w, INITIALIZER, gcut__message_tensor(&w->maker, v->constant, v->name));
    if (v->is_input) continue;
    emit_annotation(w, value);
    if (w->graph->ir_version > 0 && w->graph->ir_version < 4)
      emit(w, INPUT, gcut__message_initializer_input(&w->maker, value));
    else
      emit_info(w, value);
  }
}

static void emit_nodes(writer *w, const gcut_body *b) {
  for (uint32_t i = 0; i < b->n_nodes; i++) {
    const gcut_node *node = &w->graph->nodes[b->nodes[i]];
    emit(w, NODE, gcut__message_node(&w->maker, b->nodes[i]));
    for (uint32_t k = 0; k < node->n_outputs; k++) {
      emit_info(w, gcut_node_outputs(w->graph, node)[k]);
      emit_annotation(w, gcut_node_outputs(w->graph, node)[k]);
    }
  }
}

static void emit_metadata(writer *w, const gcut_body *b) {
  for (uint32_t i = 0; i < b->n_metadata; i++) {
    size_t n;
    GcutOnnx__StringStringEntryProto **entry =
        gcut__message_metadata(&w->maker, b->first_metadata + i, 1, &n);
    if (entry && n > 0) emit(w, METADATA, entry[0]);
  }
}

static void emit_graph(writer *w) {
  const gcut_body *b = &w->graph->bodies[0];
  emit_nodes(w, b);
  emit_text(w, NAME, *b->name ? b->name : "graph");
  emit_inputs(w, b);
  emit_initializers(w, b);
  emit_text(w, DOC_STRING, b->doc);
  for (uint32_t i = 0; i < b->n_outputs; i++)
    emit(w, OUTPUT, gcut__message_value(&w->maker, b->outputs[i], 0));
  emit_metadata(w, b);
}

// The model: its own fields, then the graph, whose size must be known.
static void emit_model(writer *w, uint64_t graph_bytes) {
  GcutOnnx__ModelProto *model = gcut__message_model(&w->maker);
  if (model && model->ir_version < 1) model->ir_version = DEFAULT_IR_VERSION;
  if (model && !w->maker.failed) protobuf_c_message_pack_to_buffer(&model->base, &w->out.base);
  gcut_arena_reset(w->maker.arena);
  emit_tag(w, MODEL_GRAPH, graph_bytes);
  emit_graph(w);
}

// ---- sizes ------------------------------------------------------------------------------------

static gcut_status measure(writer *w, uint64_t *out_graph, uint64_t *out_model, gcut_error *err) {
  w->out = (sink){.base = {append}};
  emit_graph(w);
  *out_graph = w->out.bytes;
  w->out.bytes = 0;
  emit_model(w, *out_graph);
  *out_model = w->out.bytes;
  return w->maker.failed ? GCUT_NO_MEMORY(err) : GCUT_OK;
}

// Bytes of the elements that go into the model. Adding them up comes first: protobuf-c's own sums
// are only asked for what is known to fit.
static uint64_t inline_bytes(const writer *w) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < w->graph->n_constants; i++)
    if (w->placement.places[i] == GCUT__INLINE && sum <= MODEL_LIMIT)
      sum += w->graph->constants[i].bytes;
  return sum;
}

static gcut_status plan(writer *w, const char *path, uint64_t *out_graph, gcut_error *err) {
  uint64_t model = 0;
  place_constants(w, path, false);
  GCUT_TRY(check_elements(w, err));
  if (inline_bytes(w) <= MODEL_LIMIT) GCUT_TRY(measure(w, out_graph, &model, err));
  if (model > 0 && model <= MODEL_LIMIT) return GCUT_OK;
  place_constants(w, path, true);
  GCUT_TRY(measure(w, out_graph, &model, err));
  if (model <= MODEL_LIMIT) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_UNSUPPORTED,
                   "%s: %llu bytes without its larger weights; an ONNX file ends at 2 GiB", path,
                   (unsigned long long)model);
}

// ---- files ------------------------------------------------------------------------------------

static void write_moved(const writer *w, FILE *stream) {
  static const char zeros[PAGE];
  uint64_t at = 0;
  for (uint32_t i = 0; i < w->placement.n_moved; i++) {
    uint32_t constant = w->placement.order[i];
    const gcut_constant *c = &w->graph->constants[constant];
    fwrite(zeros, 1, w->placement.offsets[constant] - at, stream);
    fwrite(c->data, 1, c->bytes, stream);
    at = w->placement.offsets[constant] + c->bytes;
  }
}

static gcut_status write_data(writer *w, const char *path, gcut_output *out, gcut_error *err) {
  GCUT_TRY(gcut_output_open(path, out, err));
  write_moved(w, out->stream);
  return GCUT_OK;
}

static gcut_status write_model(writer *w, const char *path, uint64_t graph_bytes, gcut_output *out,
                               gcut_error *err) {
  GCUT_TRY(gcut_output_open(path, out, err));
  w->out = (sink){.base = {append}, .stream = out->stream};
  emit_model(w, graph_bytes);
  if (w->maker.failed) return GCUT_NO_MEMORY(err);
  if (fflush(out->stream) == 0 && !ferror(out->stream)) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_IO, "%s: cannot be written: %s", path, strerror(errno));
}

// Writes both files, then lets both take their places: the data first, since a model without its
// data would be of no use.
static gcut_status write_files(writer *w, const char *path, const char *data_path,
                               uint64_t graph_bytes, gcut_error *err) {
  gcut_output model = {0}, data = {0};
  gcut_status status = write_model(w, path, graph_bytes, &model, err);
  if (status == GCUT_OK && w->placement.moved_bytes > 0)
    status = write_data(w, data_path, &data, err);
  if (status == GCUT_OK && w->placement.moved_bytes > 0) status = gcut_output_commit(&data, err);
  if (status == GCUT_OK) status = gcut_output_commit(&model, err);
  gcut_output_abort(&data);
  gcut_output_abort(&model);
  return status;
}

static gcut_status write_graph(writer *w, const char *path, gcut_arena *names, gcut_error *err) {
  const gcut_graph *g = w->graph;
  uint64_t graph_bytes = 0;
  const char *data_path = gcut_arena_format(names, "%s.data", path);
  w->placement.places = GCUT_NEW_ARRAY(names, uint8_t, g->n_constants);
  w->placement.offsets = GCUT_NEW_ARRAY(names, uint64_t, g->n_constants);
  w->placement.order = GCUT_NEW_ARRAY(names, uint32_t, g->n_constants);
  if (!data_path || !w->placement.places || !w->placement.offsets || !w->placement.order)
    return GCUT_NO_MEMORY(err);
  const char *slash = strrchr(data_path, '/');
  w->placement.data_location = slash ? slash + 1 : data_path;
  w->maker.placement = &w->placement;
  gcut__message_prepare_scopes(&w->maker);
  GCUT_TRY(gcut__output_check(g, path, err));
  GCUT_TRY(plan(w, path, &graph_bytes, err));
  const gcut_graph *shadow = w->maker.shadow;
  if (gcut_graph_failed(shadow, NULL) == GCUT_NOMEM || gcut_dims_out_of_memory(shadow->dims))
    return GCUT_NO_MEMORY(err);
  if (w->placement.moved_bytes > 0) GCUT_TRY(gcut__output_check(g, data_path, err));
  return write_files(w, path, data_path, graph_bytes, err);
}

gcut_status gcut__onnx_write(const gcut_graph *graph, const gcut__packing *packing,
                             const char *path, gcut_error *err) {
  writer w = {.graph = graph, .packing = packing, .maker = {.graph = graph}};
  gcut_arena *names = gcut_arena_create();
  w.maker.arena = gcut_arena_create();
  gcut_status status = gcut_graph_create(&w.maker.shadow, err);
  if (status == GCUT_OK)
    status = names && w.maker.arena ? write_graph(&w, path, names, err) : GCUT_NO_MEMORY(err);
  gcut_arena_destroy(names);
  gcut_arena_destroy(w.maker.arena);
  gcut_graph_destroy(w.maker.shadow);
  return status;
}

gcut_status gcut_onnx_write(const gcut_graph *graph, const char *path, gcut_error *err) {
  return gcut__onnx_write(graph, NULL, path, err);
}
