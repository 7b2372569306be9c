// The wire format: a checker driven by protobuf-c's descriptors, and cursors.
//
// The checker keeps its own stack of at most 100 messages (Google's limit, too), so nesting costs
// no stack of ours. Every byte but the contents of strings and bytes is looked at once.
#include "formats/onnx/wire.h"

#include "graphcut/utf8.h"
#include "tracer/base/error.h"

enum { MAX_DEPTH = 100, MAX_NUMBER = (1 << 29) - 1 };
enum { VARINT = 0, FIXED64 = 1, DELIMITED = 2, FIXED32 = 5 };

// Reads a varint; false where it runs past the end or past ten bytes.
static bool take_varint(gcut__span *bytes, uint64_t *out) {
  if (bytes->size > 0 && bytes->data[0] < 0x80) { // nearly all
    *out = *bytes->data++;
    bytes->size--;
    return true;
  }
  uint64_t value = 0;
  for (size_t i = 0; i < bytes->size && i < 10; i++) {
    value |= (uint64_t)(bytes->data[i] & 0x7f) << (7 * i);
    if (bytes->data[i] < 0x80) {
      bytes->data += i + 1;
      bytes->size -= i + 1;
      *out = value;
      return true;
    }
  }
  return false;
}

static bool take_bytes(gcut__span *bytes, uint64_t size, gcut__span *out) {
  if (size > bytes->size) return false;
  *out = (gcut__span){bytes->data, (size_t)size};
  bytes->data += size;
  bytes->size -= (size_t)size;
  return true;
}

static uint64_t little_endian(gcut__span bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size; i++) value |= (uint64_t)bytes.data[i] << (8 * i);
  return value;
}

// Takes a field's content; NULL, or what is wrong with it.
static const char *take_content(gcut__span *message, unsigned type, gcut__field *field) {
  gcut__span fixed;
  switch (type) {
  case VARINT: return take_varint(message, &field->value) ? NULL : "a number does not end";
  case DELIMITED:
    field->delimited = true;
    if (!take_varint(message, &field->value)) return "a length does not end";
    if (!take_bytes(message, field->value, &field->bytes))
      return "a length runs past the end of its message";
    return NULL;
  case FIXED32:
  case FIXED64:
    if (!take_bytes(message, type == FIXED32 ? 4 : 8, &fixed))
      return "a number runs past the end of its message";
    field->value = little_endian(fixed);
    return NULL;
  default: return "a wire type that ONNX does not use";
  }
}

static const char *take_field(gcut__span *message, gcut__field *field, unsigned *out_type) {
  uint64_t tag;
  if (!take_varint(message, &tag)) return "a tag does not end";
  *field = (gcut__field){.number = (uint32_t)(tag >> 3)};
  *out_type = tag & 7;
  if (tag >> 3 == 0 || tag >> 3 > MAX_NUMBER) return "a field number is out of range";
  return take_content(message, *out_type, field);
}

bool gcut__wire_any(gcut__span *message, gcut__field *out_field) {
  unsigned type;
  return message->size > 0 && take_field(message, out_field, &type) == NULL;
}

// ---- strings ----------------------------------------------------------------------------------

// Whether eight bytes are all ASCII other than NUL.
static bool plain_word(const uint8_t *s) {
  uint64_t word;
  memcpy(&word, s, sizeof word);
  const uint64_t high = UINT64_C(0x8080808080808080), ones = UINT64_C(0x0101010101010101);
  return ((word | (word - ones)) & high) == 0;
}

static const char *check_string(gcut__span text) {
  const uint8_t *s = text.data, *end = s + text.size;
  if (text.size > INT32_MAX) return "a name or text of over 2 GiB";
  while (s < end) {
    if (end - s >= 8 && plain_word(s)) {
      s += 8;
    } else if (*s == 0) {
      return "a name or text holds a zero byte";
    } else if (*s < 0x80) {
      s++;
    } else {
      size_t length;
      if (gcut_utf8_read((const char *)s, (size_t)(end - s), &length) == GCUT_NOT_UTF8)
        return "a name or text is not UTF-8";
      s += length;
    }
  }
  return NULL;
}

// ---- the check --------------------------------------------------------------------------------

static unsigned wire_type(const ProtobufCFieldDescriptor *field) {
  switch (field->type) {
  case PROTOBUF_C_TYPE_FLOAT:
  case PROTOBUF_C_TYPE_FIXED32:
  case PROTOBUF_C_TYPE_SFIXED32: return FIXED32;
  case PROTOBUF_C_TYPE_DOUBLE:
  case PROTOBUF_C_TYPE_FIXED64:
  case PROTOBUF_C_TYPE_SFIXED64: return FIXED64;
  case PROTOBUF_C_TYPE_STRING:
  case PROTOBUF_C_TYPE_BYTES:
  case PROTOBUF_C_TYPE_MESSAGE: return DELIMITED;
  default: return VARINT;
  }
}

static const char *check_packed(gcut__span bytes, unsigned type) {
  if (type != VARINT)
    return bytes.size % (type == FIXED32 ? 4 : 8) ? "packed numbers of a broken size" : NULL;
  for (uint64_t ignored; bytes.size > 0;)
    if (!take_varint(&bytes, &ignored)) return "a packed number does not end";
  return NULL;
}

// A message being checked.
typedef struct frame {
  const ProtobufCMessageDescriptor *descriptor;
  gcut__span rest;
  uint64_t seen; // bits of singular message fields met
} frame;

static const char *check_known(frame *top, const ProtobufCFieldDescriptor *known,
                               const gcut__field *field, unsigned type) {
  unsigned expected = wire_type(known);
  bool repeated = known->label == PROTOBUF_C_LABEL_REPEATED;
  if (type == DELIMITED && expected != DELIMITED && repeated)
    return check_packed(field->bytes, expected);
  if (type != expected) return "its wire type is not the field's";
  if (known->type == PROTOBUF_C_TYPE_STRING) return check_string(field->bytes);
  if (known->type == PROTOBUF_C_TYPE_MESSAGE && !repeated) {
    uint64_t bit = UINT64_C(1) << (known->id & 63);
    if (top->seen & bit) return "given twice";
    top->seen |= bit;
  }
  return NULL;
}

// Checks one field of the message on top; *out_inner is the descriptor where it is a message.
static const char *check_field(frame *top, gcut__field *field,
                               const ProtobufCFieldDescriptor **out_known) {
  unsigned type = DELIMITED;
  *out_known = NULL;
  const char *wrong =
      gcut__wire_short(&top->rest, field) ? NULL : take_field(&top->rest, field, &type);
  if (field->number != 0)
    *out_known = protobuf_c_message_descriptor_get_field(top->descriptor, field->number);
  if (wrong || !*out_known) return wrong;
  return check_known(top, *out_known, field, type);
}

gcut_status gcut__wire_check(gcut__span bytes, const ProtobufCMessageDescriptor *descriptor,
                             gcut_error *err) {
  frame stack[MAX_DEPTH];
  int depth = 0;
  stack[0] = (frame){.descriptor = descriptor, .rest = bytes};
  while (depth >= 0) {
    frame *top = &stack[depth];
    if (top->rest.size == 0) {
      depth--;
      continue;
    }
    const uint8_t *at = top->rest.data;
    gcut__field field;
    const ProtobufCFieldDescriptor *known;
    const char *wrong = check_field(top, &field, &known);
    bool message = !wrong && known && known->type == PROTOBUF_C_TYPE_MESSAGE;
    if (message && depth + 1 == MAX_DEPTH) wrong = "more than 100 messages inside one another";
    if (wrong)
      return GCUT_FAIL(err, GCUT_FORMAT, "not ONNX, or damaged: byte %zu, %s%s%s: %s",
                       (size_t)(at - bytes.data), top->descriptor->short_name, known ? "." : "",
                       known ? known->name : "", wrong);
    if (message) stack[++depth] = (frame){.descriptor = known->descriptor, .rest = field.bytes};
  }
  return GCUT_OK;
}

// ---- repeated numbers -------------------------------------------------------------------------

size_t gcut__wire_count(const gcut__field *field, gcut__number_kind kind) {
  if (!field->delimited) return 1;
  if (kind == GCUT__FIXED32) return field->bytes.size / 4;
  size_t count = 0;
  for (size_t i = 0; i < field->bytes.size; i++) count += field->bytes.data[i] < 0x80;
  return count;
}

void gcut__wire_varints(const gcut__field *field, int64_t *out) {
  uint64_t value = field->value;
  if (!field->delimited) *out = (int64_t)value;
  for (gcut__span rest = field->bytes; rest.size > 0 && take_varint(&rest, &value);)
    *out++ = (int64_t)value;
}

void gcut__wire_floats(const gcut__field *field, float *out) {
  if (!field->delimited) *out = gcut__wire_float(field);
  for (size_t i = 0; i < field->bytes.size / 4; i++) {
    gcut__field one = {.value = little_endian((gcut__span){field->bytes.data + 4 * i, 4})};
    out[i] = gcut__wire_float(&one);
  }
}

// ---- protobuf-c -------------------------------------------------------------------------------

static void *arena_alloc(void *arena, size_t size) {
  return gcut_arena_alloc(arena, 1, size);
}

static void arena_free(void *arena, void *pointer) {
  (void)arena, (void)pointer;
}

void *gcut__wire_unpack(gcut__span bytes, const ProtobufCMessageDescriptor *descriptor,
                        gcut_arena *arena) {
  ProtobufCAllocator allocator = {arena_alloc, arena_free, arena};
  return protobuf_c_message_unpack(descriptor, &allocator, bytes.size, bytes.data);
}
