// Test data files: one serialized TensorProto, SequenceProto or OptionalProto. Nothing in them says
// which, so the caller does.
#include "formats/file.h"
#include "formats/onnx/tensor.h"
#include "graphcut/formats.h"
#include "tracer/base/error.h"

enum { SEQUENCE_TENSORS = 3 }; // SequenceProto.tensor_values
enum { OPTIONAL_TENSOR = 3, OPTIONAL_SEQUENCE = 5 };
enum { NAME = 1, TENSOR_NAME = 8 };

// ---- reading ----------------------------------------------------------------------------------

static gcut_status copy_strings(gcut_tensor *tensor, const gcut_string *strings, gcut_error *err) {
  for (uint64_t i = 0; i < tensor->count; i++)
    GCUT_TRY(gcut_tensor_set_string(tensor, i, strings[i].data, strings[i].size, err));
  return GCUT_OK;
}

// A tensor with a copy of a constant's elements.
static gcut_status copy_constant(const gcut_constant *c, gcut_tensor **out, gcut_error *err) {
  GCUT_TRY(gcut_tensor_create_uninitialized(c->type, c->rank, c->dims, out, err));
  gcut_status status = GCUT_OK;
  if (c->type == GCUT_STRING)
    status = copy_strings(*out, c->data, err);
  else if (c->bytes > 0)
    memcpy((*out)->data, c->data, c->bytes);
  if (status == GCUT_OK) return GCUT_OK;
  gcut_tensor_unref(*out);
  *out = NULL;
  return status;
}

static gcut_status read_tensor(gcut__span bytes, gcut_arena *arena, gcut_tensor **out,
                               gcut_error *err) {
  gcut__wire_tensor tensor;
  gcut_constant constant;
  GCUT_TRY(gcut__tensor_unpack(bytes, arena, &tensor, err));
  GCUT_TRY(gcut__tensor_shape(&tensor, arena, &constant, err));
  if (tensor.message->data_location != 0)
    return GCUT_FAIL(err, GCUT_FORMAT, "tensor '%s': external data in a test data file",
                     constant.name);
  GCUT_TRY(gcut__tensor_elements(&tensor, arena, &constant, err));
  return copy_constant(&constant, out, err);
}

static size_t count_fields(gcut__span message, uint32_t number) {
  size_t count = 0;
  for (gcut__field field; gcut__wire_next(&message, &field);) count += field.number == number;
  return count;
}

static gcut_status read_items(gcut__span bytes, gcut_arena *arena, gcut_tensor **items, size_t *n,
                              gcut_error *err) {
  for (gcut__field field; gcut__wire_next(&bytes, &field);) {
    if (field.number == SEQUENCE_TENSORS) {
      GCUT_TRY(read_tensor(field.bytes, arena, &items[*n], err));
      ++*n;
    } else if (field.number > SEQUENCE_TENSORS) {
      return GCUT_FAIL(err, GCUT_UNSUPPORTED, "a sequence of something other than tensors");
    }
  }
  return GCUT_OK;
}

static gcut_status read_sequence(gcut__span bytes, gcut_arena *arena, gcut_tensor **out,
                                 gcut_error *err) {
  size_t n = 0, count = count_fields(bytes, SEQUENCE_TENSORS);
  gcut_tensor **items = GCUT_NEW_ARRAY(arena, gcut_tensor *, count);
  if (!items) return GCUT_NO_MEMORY(err);
  gcut_status status = read_items(bytes, arena, items, &n, err);
  gcut_dtype type = n > 0 ? items[0]->type : GCUT_UNDEFINED;
  if (status == GCUT_OK) status = gcut_tensor_sequence(type, items, n, out, err);
  for (size_t i = 0; i < n; i++) gcut_tensor_unref(items[i]);
  return status;
}

// An optional with a value is the value.
static gcut_status read_optional(gcut__span bytes, gcut_arena *arena, gcut_tensor **out,
                                 gcut_error *err) {
  for (gcut__field field; gcut__wire_next(&bytes, &field);) {
    if (field.number == OPTIONAL_TENSOR) return read_tensor(field.bytes, arena, out, err);
    if (field.number == OPTIONAL_SEQUENCE) return read_sequence(field.bytes, arena, out, err);
    if (field.number > OPTIONAL_TENSOR)
      return GCUT_FAIL(err, GCUT_UNSUPPORTED, "an optional of neither a tensor nor a sequence");
  }
  return gcut_tensor_none(GCUT_UNDEFINED, out, err);
}

typedef struct pb_kind {
  const ProtobufCMessageDescriptor *descriptor;
  uint32_t name; // number of the name's field
  gcut_status (*read)(gcut__span, gcut_arena *, gcut_tensor **, gcut_error *);
} pb_kind;

static const pb_kind kinds[] = {
    [GCUT_KIND_TENSOR] = {&gcut_onnx__tensor_proto__descriptor, TENSOR_NAME, read_tensor},
    [GCUT_KIND_SEQUENCE] = {&gcut_onnx__sequence_proto__descriptor, NAME, read_sequence},
    [GCUT_KIND_OPTIONAL] = {&gcut_onnx__optional_proto__descriptor, NAME, read_optional},
};

static char *read_name(gcut__span bytes, uint32_t number) {
  gcut__span name = {(const uint8_t *)"", 0};
  for (gcut__field field; gcut__wire_next(&bytes, &field);)
    if (field.number == number) name = field.bytes;
  return strndup((const char *)name.data, name.size);
}

// Puts the file's name before a message that speaks of the tensor alone.
static gcut_status name_file(gcut_status status, const char *path, gcut_error *err) {
  if (status == GCUT_OK || !err) return status;
  gcut_error inner = *err;
  return GCUT_FAIL(err, status, "%s: %s", path, inner.message);
}

static gcut_status parse(gcut__span bytes, const char *path, gcut_kind kind, gcut_tensor **out,
                         gcut_error *err) {
  if (kind > GCUT_KIND_OPTIONAL)
    return GCUT_FAIL(err, GCUT_UNSUPPORTED, "%s: not a tensor, sequence or optional", path);
  gcut_arena *arena = gcut_arena_create();
  if (!arena) return GCUT_NO_MEMORY(err);
  gcut_status status = gcut__wire_check(bytes, kinds[kind].descriptor, err);
  if (status == GCUT_OK) status = kinds[kind].read(bytes, arena, out, err);
  gcut_arena_destroy(arena);
  return name_file(status, path, err);
}

gcut_status gcut_tensor_read_pb(const char *path, gcut_kind kind, gcut_tensor **out_tensor,
                                char **out_name, gcut_error *err) {
  *out_tensor = NULL;
  if (out_name) *out_name = NULL;
  const void *data;
  uint64_t size;
  GCUT_TRY(gcut__file_map(path, &data, &size, err));
  gcut__span bytes = {data, size};
  gcut_status status = parse(bytes, path, kind, out_tensor, err);
  if (status == GCUT_OK && out_name) {
    *out_name = read_name(bytes, kinds[kind].name);
    if (!*out_name) {
      gcut_tensor_unref(*out_tensor);
      *out_tensor = NULL;
      status = GCUT_NO_MEMORY(err);
    }
  }
  gcut__file_unmap(data, size);
  return status;
}

// ---- writing ----------------------------------------------------------------------------------

static gcut_status wrap_strings(const gcut_tensor *tensor, gcut_arena *arena,
                                GcutOnnx__TensorProto *message, gcut_error *err) {
  const gcut_string *strings = tensor->data;
  message->string_data = GCUT_NEW_ARRAY(arena, ProtobufCBinaryData, tensor->count);
  if (!message->string_data) return GCUT_NO_MEMORY(err);
  message->n_string_data = tensor->count;
  for (uint64_t i = 0; i < tensor->count; i++)
    message->string_data[i] = (ProtobufCBinaryData){strings[i].size, (uint8_t *)strings[i].data};
  return GCUT_OK;
}

// A message over the tensor's own elements.
static gcut_status wrap_tensor(const gcut_tensor *tensor, const char *name, gcut_arena *arena,
                               GcutOnnx__TensorProto **out, gcut_error *err) {
  GcutOnnx__TensorProto *message = GCUT_NEW(arena, GcutOnnx__TensorProto);
  if (!message) return GCUT_NO_MEMORY(err);
  gcut_onnx__tensor_proto__init(message);
  message->has_data_type = true;
  message->data_type = (int32_t)tensor->type;
  message->dims = tensor->dims;
  message->n_dims = (size_t)tensor->rank;
  message->name = (char *)name;
  *out = message;
  if (tensor->type == GCUT_STRING) return wrap_strings(tensor, arena, message, err);
  message->has_raw_data = true;
  message->raw_data = (ProtobufCBinaryData){tensor->bytes, tensor->data};
  return GCUT_OK;
}

static gcut_status wrap_sequence(const gcut_tensor *sequence, const char *name, gcut_arena *arena,
                                 ProtobufCMessage **out, gcut_error *err) {
  GcutOnnx__SequenceProto *message = GCUT_NEW(arena, GcutOnnx__SequenceProto);
  if (!message) return GCUT_NO_MEMORY(err);
  gcut_onnx__sequence_proto__init(message);
  message->name = (char *)name;
  message->has_elem_type = true;
  message->elem_type = 1;
  message->tensor_values = GCUT_NEW_ARRAY(arena, GcutOnnx__TensorProto *, sequence->n_items);
  if (!message->tensor_values) return GCUT_NO_MEMORY(err);
  message->n_tensor_values = sequence->n_items;
  for (size_t i = 0; i < sequence->n_items; i++)
    if (sequence->items[i]->kind != GCUT_KIND_TENSOR)
      return GCUT_FAIL(err, GCUT_UNSUPPORTED, "'%s': a sequence of maps cannot be written", name);
  for (size_t i = 0; i < sequence->n_items; i++)
    GCUT_TRY(wrap_tensor(sequence->items[i], NULL, arena, &message->tensor_values[i], err));
  *out = &message->base;
  return GCUT_OK;
}

static gcut_status wrap_none(const char *name, gcut_arena *arena, ProtobufCMessage **out,
                             gcut_error *err) {
  GcutOnnx__OptionalProto *message = GCUT_NEW(arena, GcutOnnx__OptionalProto);
  if (!message) return GCUT_NO_MEMORY(err);
  gcut_onnx__optional_proto__init(message);
  message->name = (char *)name;
  *out = &message->base;
  return GCUT_OK;
}

static gcut_status wrap(const gcut_tensor *tensor, const char *name, gcut_arena *arena,
                        ProtobufCMessage **out, gcut_error *err) {
  GcutOnnx__TensorProto *message = NULL;
  switch (tensor->kind) {
  case GCUT_KIND_SEQUENCE: return wrap_sequence(tensor, name, arena, out, err);
  case GCUT_KIND_OPTIONAL: return wrap_none(name, arena, out, err);
  case GCUT_KIND_TENSOR:
    GCUT_TRY(wrap_tensor(tensor, name, arena, &message, err));
    *out = &message->base;
    return GCUT_OK;
  default: return GCUT_FAIL(err, GCUT_UNSUPPORTED, "'%s': a map cannot be written", name);
  }
}

typedef struct stream_buffer {
  ProtobufCBuffer base;
  FILE *stream;
} stream_buffer;

static void append(ProtobufCBuffer *buffer, size_t size, const uint8_t *data) {
  FILE *stream = ((stream_buffer *)buffer)->stream;
  if (size > 0) fwrite(data, 1, size, stream); // gcut_output_commit sees errors
}

gcut_status gcut_tensor_write_pb(const char *path, const gcut_tensor *tensor, const char *name,
                                 gcut_error *err) {
  gcut_output out = {0};
  ProtobufCMessage *message = NULL;
  gcut_arena *arena = gcut_arena_create();
  if (!arena) return GCUT_NO_MEMORY(err);
  gcut_status status = wrap(tensor, name, arena, &message, err);
  if (status == GCUT_OK && protobuf_c_message_get_packed_size(message) > INT32_MAX)
    status = GCUT_FAIL(err, GCUT_IO, "%s: protobuf files end at 2 GiB", path);
  if (status == GCUT_OK) status = gcut_output_open(path, &out, err);
  if (status == GCUT_OK) {
    stream_buffer buffer = {{append}, out.stream};
    protobuf_c_message_pack_to_buffer(message, &buffer.base);
    status = gcut_output_commit(&out, err);
  }
  gcut_arena_destroy(arena);
  return status;
}
