// What the files of the ONNX writer share: where constants go, and graph items as messages.
#ifndef GCUT_FORMATS_ONNX_WRITER_H
#define GCUT_FORMATS_ONNX_WRITER_H

#include "graphcut/graph.h"
#include "onnx.pb-c.h"
#include "tracer/base/arena.h"

// Where the elements of a constant are written.
typedef enum gcut__place {
  GCUT__INLINE,
  GCUT__KEPT,  // in the file that holds them already
  GCUT__MOVED, // in the new data file
} gcut__place;

typedef struct gcut__placement {
  uint8_t *places;           // [n_constants] gcut__place
  uint64_t *offsets;         // [n_constants] of the moved ones, into the new data file
  uint32_t *order, n_moved;  // those to be written there, in order of their offsets
  uint64_t moved_bytes;      // of the new data file; 0: there is none
  const char *data_location; // of the new data file, beside the model
} gcut__placement;

// Graph items as messages over the graph's own strings and elements; what is made besides lies in
// the arena. A failure to allocate is remembered in `failed`, so that the functions below can
// return what they make (NULL then).
typedef struct gcut__message_maker {
  const gcut_graph *graph;
  const gcut__placement *placement;
  gcut_arena *arena;
  gcut_graph *shadow; // a graph of nothing but the scopes that a reader will find
  bool failed;
} gcut__message_maker;

GcutOnnx__NodeProto *gcut__message_node(gcut__message_maker *m, uint32_t node);
// Name, type, doc and metadata of a value as body `body` lists it.
GcutOnnx__ValueInfoProto *gcut__message_value(gcut__message_maker *m, uint32_t value,
                                              uint32_t body);
// The same of an initializer that must be listed as an input.
GcutOnnx__ValueInfoProto *gcut__message_initializer_input(gcut__message_maker *m, uint32_t value);
GcutOnnx__TensorProto *gcut__message_tensor(gcut__message_maker *m, uint32_t constant,
                                            const char *name);
GcutOnnx__TensorAnnotation *gcut__message_annotation(gcut__message_maker *m, uint32_t value);
// The model without its graph.
GcutOnnx__ModelProto *gcut__message_model(gcut__message_maker *m);

// Lists metadata but for graphcut's own keys.
GcutOnnx__StringStringEntryProto **gcut__message_metadata(gcut__message_maker *m, uint32_t first,
                                                          uint32_t n, size_t *out_n);

// Zeroed memory of the maker's arena; NULL, and the failure remembered, where it is out.
void *gcut__message_take(gcut__message_maker *m, size_t count, size_t size);
#define GCUT__LIST(m, T, count) ((T **)gcut__message_take((m), (count), sizeof(T *)))

GcutOnnx__TypeProto *gcut__message_type(gcut__message_maker *m, const gcut_type *type);
GcutOnnx__StringStringEntryProto *gcut__message_entry(gcut__message_maker *m, const char *key,
                                                      const char *value);
void gcut__message_strings(gcut__message_maker *m, const gcut_string *strings, size_t n,
                           ProtobufCBinaryData **out, size_t *out_n);

// Whether a value is worth a value_info; whether it carries a quantization annotation.
bool gcut__value_says(const gcut_graph *graph, const gcut_value *value);
bool gcut__value_annotated(const gcut_graph *graph, const gcut_value *value);

// scope_text.c: finds all scopes that a reader will find; comes before gcut__message_scope.
void gcut__message_prepare_scopes(gcut__message_maker *m);
// The scope as graphcut's own metadata, where a reader would not find it from the
// node itself. False where it would.
bool gcut__message_scope(gcut__message_maker *m, const gcut_node *node, const char **out_names,
                         const char **out_classes);

#endif
