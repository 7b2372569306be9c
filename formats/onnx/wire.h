// The protobuf wire format: a check of a whole file, and cursors over what passed it.
//
// protobuf-c copies every field, nests without limit and says nothing but "no" to a damaged file.
// So a file is walked once by gcut__wire_check, which bounds depth and sizes and says what is wrong
// where; after that, messages that are large or nest graphs (model, graph, node, attribute,
// function) are read in place with cursors, and the flat ones (types, tensors without their
// elements) are unpacked by protobuf-c.
#ifndef GCUT_FORMATS_ONNX_WIRE_H
#define GCUT_FORMATS_ONNX_WIRE_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

#include "tracer/base/arena.h"

// Bytes of a file in place.
typedef struct gcut__span {
  const uint8_t *data;
  size_t size;
} gcut__span;

// Checks a serialized message of that descriptor and all it contains: tags, lengths, wire types,
// UTF-8 of strings, at most 100 messages inside one another. GCUT_FORMAT names byte and field.
GCUT_MUST_USE gcut_status gcut__wire_check(gcut__span bytes,
                                           const ProtobufCMessageDescriptor *descriptor,
                                           gcut_error *err);

// One field of a message. `value` of a varint or fixed field, `bytes` of a length-delimited one.
typedef struct gcut__field {
  uint32_t number;
  bool delimited;
  uint64_t value;
  gcut__span bytes;
} gcut__field;

// Takes a length-delimited field with a tag of one byte and a length of at most two, as nearly all
// are; false, and nothing taken, where the next one is another.
static inline bool gcut__wire_short(gcut__span *message, gcut__field *out_field) {
  const uint8_t *at = message->data;
  if (message->size < 3 || (at[0] & 0x87) != 2 || at[0] < 8) return false;
  size_t length = at[1], header = 2;
  if (length >= 0x80) {
    if (at[2] >= 0x80) return false;
    length = (length & 0x7f) | (size_t)at[2] << 7;
    header = 3;
  }
  if (length > message->size - header) return false;
  *out_field = (gcut__field){at[0] >> 3, true, length, {at + header, length}};
  message->data += header + length;
  message->size -= header + length;
  return true;
}

// The same for any field of a message that passed the check; false at its end.
bool gcut__wire_any(gcut__span *message, gcut__field *out_field);

// Takes the next field off a message that passed the check; false at its end.
static inline bool gcut__wire_next(gcut__span *message, gcut__field *out_field) {
  return gcut__wire_short(message, out_field) || gcut__wire_any(message, out_field);
}

// Elements of a repeated number: one field holds one element, or all of them packed.
typedef enum gcut__number_kind { GCUT__VARINT, GCUT__FIXED32 } gcut__number_kind;
size_t gcut__wire_count(const gcut__field *field, gcut__number_kind kind);
void gcut__wire_varints(const gcut__field *field, int64_t *out); // [gcut__wire_count]
void gcut__wire_floats(const gcut__field *field, float *out);    // [gcut__wire_count]

static inline float gcut__wire_float(const gcut__field *field) {
  uint32_t bits = (uint32_t)field->value;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// Unpacks a message that passed the check into an arena. NULL where memory is out, or where one of
// its fields passes protobuf-c's limit of 2 GiB.
void *gcut__wire_unpack(gcut__span bytes, const ProtobufCMessageDescriptor *descriptor,
                        gcut_arena *arena);

#endif
