// TensorProto: shape and elements, every count checked against every other.
//
// raw_data never reaches protobuf-c: a tensor that has some is unpacked from a copy of its other
// fields. Elements in typed fields (int64_data and so on) are decoded into an arena.
#include "formats/onnx/tensor.h"

#include "tracer/base/checked.h"
#include "tracer/base/codes.h"
#include "tracer/base/error.h"

enum { RAW_DATA = 9 };

// ---- unpacking --------------------------------------------------------------------------------

// Copies all of a message's fields but raw_data.
static gcut__span copy_rest(gcut__span bytes, uint8_t *copy) {
  size_t size = 0;
  gcut__field field;
  for (const uint8_t *start = bytes.data; copy && gcut__wire_next(&bytes, &field);
       start = bytes.data) {
    if (field.number == RAW_DATA) continue;
    memcpy(copy + size, start, (size_t)(bytes.data - start));
    size += (size_t)(bytes.data - start);
  }
  return (gcut__span){copy, size};
}

// A tensor's fields but raw_data: in place where it is the last field, as it mostly is, else a
// copy. The last raw_data counts, as protobuf rules. NULL where memory is out.
static gcut__span strip_raw(gcut__span bytes, gcut_arena *scratch, gcut__wire_tensor *out) {
  size_t raw_size = 0, before = bytes.size;
  gcut__field field;
  bool last = true, seen = false;
  for (gcut__span rest = bytes; rest.size > 0;) {
    size_t at = bytes.size - rest.size;
    if (!gcut__wire_next(&rest, &field)) break;
    last = !seen && (field.number != RAW_DATA || rest.size == 0);
    if (field.number != RAW_DATA) continue;
    seen = true;
    out->raw = field.bytes;
    out->has_raw = field.bytes.size > 0; // an empty one beside typed elements says nothing
    raw_size += field.bytes.size;
    before = at;
  }
  if (last) return (gcut__span){bytes.data, before};
  return copy_rest(bytes, gcut_arena_alloc(scratch, bytes.size - raw_size, 1));
}

gcut_status gcut__tensor_unpack(gcut__span bytes, gcut_arena *scratch, gcut__wire_tensor *out,
                                gcut_error *err) {
  *out = (gcut__wire_tensor){0};
  gcut__span rest = strip_raw(bytes, scratch, out);
  if (!rest.data) return GCUT_NO_MEMORY(err);
  if (rest.size > INT32_MAX)
    return GCUT_FAIL(err, GCUT_FORMAT, "a tensor with more than 2 GiB outside raw_data");
  out->message = gcut__wire_unpack(rest, &gcut_onnx__tensor_proto__descriptor, scratch);
  return out->message ? GCUT_OK : GCUT_NO_MEMORY(err);
}

// ---- shape ------------------------------------------------------------------------------------

static gcut_status fail(const gcut_constant *c, gcut_error *err, const char *what) {
  return GCUT_FAIL(err, GCUT_FORMAT, "tensor '%s': %s", c->name, what);
}

static gcut_status copy_dims(const GcutOnnx__TensorProto *t, gcut_arena *arena, gcut_constant *out,
                             gcut_error *err) {
  if (t->n_dims > GCUT_MAX_RANK)
    return GCUT_FAIL(err, GCUT_FORMAT, "tensor '%s': rank %zu (at most %d)", out->name, t->n_dims,
                     GCUT_MAX_RANK);
  out->rank = (int32_t)t->n_dims;
  out->dims = gcut_arena_copy(arena, t->dims, t->n_dims * sizeof *t->dims);
  return out->dims ? GCUT_OK : GCUT_NO_MEMORY(err);
}

gcut_status gcut__tensor_shape(const gcut__wire_tensor *tensor, gcut_arena *arena,
                               gcut_constant *out, gcut_error *err) {
  const GcutOnnx__TensorProto *t = tensor->message;
  const char *name = t->name ? t->name : "";
  *out = (gcut_constant){.file = GCUT_NONE, .type = (gcut_dtype)t->data_type};
  out->name = gcut_arena_string(arena, name, strlen(name));
  if (!out->name) return GCUT_NO_MEMORY(err);
  if (gcut_dtype_bits(out->type) == 0)
    return GCUT_FAIL(err, GCUT_FORMAT, "tensor '%s': element type %d is unknown", name,
                     t->data_type);
  if (t->segment) return GCUT_FAIL(err, GCUT_UNSUPPORTED, "tensor '%s': stored in segments", name);
  GCUT_TRY(copy_dims(t, arena, out, err));
  uint64_t count;
  if (!gcut_checked_count(out->rank, out->dims, &count) ||
      !gcut_dtype_bytes(out->type, count, &out->bytes))
    return fail(out, err, "a dimension is negative, or the product of all is too large");
  return GCUT_OK;
}

// ---- elements ---------------------------------------------------------------------------------

// Which field holds elements of a type that are not raw, and how many numbers an element takes.
typedef enum holder { FLOATS, INTS, STRINGS, LONGS, DOUBLES, UNSIGNED, N_HOLDERS } holder;
static const char *const holder_names[N_HOLDERS] = {"float_data", "int32_data",  "string_data",
                                                    "int64_data", "double_data", "uint64_data"};

static holder holder_of(gcut_dtype type) {
  switch (type) {
  case GCUT_FLOAT:
  case GCUT_COMPLEX64: return FLOATS;
  case GCUT_DOUBLE:
  case GCUT_COMPLEX128: return DOUBLES;
  case GCUT_INT64: return LONGS;
  case GCUT_UINT32:
  case GCUT_UINT64: return UNSIGNED;
  case GCUT_STRING: return STRINGS;
  default: return INTS;
  }
}

static void holder_counts(const GcutOnnx__TensorProto *t, size_t counts[N_HOLDERS]) {
  counts[FLOATS] = t->n_float_data;
  counts[INTS] = t->n_int32_data;
  counts[STRINGS] = t->n_string_data;
  counts[LONGS] = t->n_int64_data;
  counts[DOUBLES] = t->n_double_data;
  counts[UNSIGNED] = t->n_uint64_data;
}

// Elements of 6 bits come a number each; those of 4 and 2 bits packed, as they are kept.
static bool is_spread(gcut_dtype type) {
  return gcut_dtype_bits(type) == 6;
}

// Bytes of an element as its field counts them: packed types count bytes, complex ones halves.
static size_t unit_bytes(gcut_dtype type) {
  unsigned bits = gcut_dtype_bits(type);
  if (type == GCUT_COMPLEX64 || type == GCUT_COMPLEX128) bits /= 2;
  return bits < 8 ? 1 : bits / 8;
}

static gcut_status check_holders(const gcut__wire_tensor *tensor, const gcut_constant *c,
                                 holder wanted, gcut_error *err) {
  size_t counts[N_HOLDERS];
  holder_counts(tensor->message, counts);
  for (int i = 0; i < N_HOLDERS; i++)
    if (counts[i] > 0 && (tensor->has_raw || i != (int)wanted))
      return GCUT_FAIL(err, GCUT_FORMAT, "tensor '%s': %s elements in %s%s", c->name,
                       gcut_dtype_name(c->type), holder_names[i],
                       tensor->has_raw ? " and in raw_data" : "");
  if (tensor->has_raw) return GCUT_OK;
  uint64_t expected = c->bytes / unit_bytes(c->type);
  if (is_spread(c->type) && !gcut_checked_count(c->rank, c->dims, &expected))
    return fail(c, err, "too many elements");
  if (counts[wanted] != expected)
    return GCUT_FAIL(err, GCUT_FORMAT, "tensor '%s': its shape needs %llu numbers, %s holds %zu",
                     c->name, (unsigned long long)expected, holder_names[wanted], counts[wanted]);
  return GCUT_OK;
}

static gcut_status raw_elements(const gcut__wire_tensor *tensor, gcut_constant *c,
                                gcut_error *err) {
  if (c->type == GCUT_STRING) return fail(c, err, "strings in raw_data");
  if (tensor->raw.size != c->bytes)
    return GCUT_FAIL(err, GCUT_FORMAT,
                     "tensor '%s': its shape needs %llu bytes, raw_data holds %zu", c->name,
                     (unsigned long long)c->bytes, tensor->raw.size);
  c->data = tensor->raw.data;
  return GCUT_OK;
}

static gcut_status string_elements(const GcutOnnx__TensorProto *t, gcut_arena *arena,
                                   gcut_constant *c, gcut_error *err) {
  gcut_string *strings = GCUT_NEW_ARRAY(arena, gcut_string, t->n_string_data);
  if (!strings) return GCUT_NO_MEMORY(err);
  for (size_t i = 0; i < t->n_string_data; i++) {
    const ProtobufCBinaryData *s = &t->string_data[i];
    strings[i] = (gcut_string){gcut_arena_string(arena, (const char *)s->data, s->len), s->len};
    if (!strings[i].data) return GCUT_NO_MEMORY(err);
  }
  c->data = strings;
  return GCUT_OK;
}

// Copies numbers of the wire's width to elements of `bytes` each: their low bytes.
static void narrow(void *to, size_t bytes, const void *from, size_t from_bytes, size_t n) {
  if (bytes == from_bytes) {
    if (n > 0) memcpy(to, from, n * bytes);
    return;
  }
  for (size_t i = 0; i < n; i++)
    memcpy((uint8_t *)to + i * bytes, (const uint8_t *)from + i * from_bytes, bytes);
}

static gcut_status spread_elements(const GcutOnnx__TensorProto *t, gcut_arena *arena,
                                   gcut_constant *c, gcut_error *err) {
  uint8_t *data = gcut_arena_alloc(arena, c->bytes, 1);
  if (!data) return GCUT_NO_MEMORY(err);
  for (size_t i = 0; i < t->n_int32_data; i++)
    gcut_code_set(data, i, gcut_dtype_bits(c->type), (uint8_t)t->int32_data[i]);
  c->data = data;
  return GCUT_OK;
}

static gcut_status number_elements(const GcutOnnx__TensorProto *t, holder from, gcut_arena *arena,
                                   gcut_constant *c, gcut_error *err) {
  void *data = gcut_arena_alloc(arena, c->bytes, 1);
  if (!data) return GCUT_NO_MEMORY(err);
  size_t unit = unit_bytes(c->type), n = c->bytes / unit;
  switch (from) {
  case INTS: narrow(data, unit, t->int32_data, sizeof *t->int32_data, n); break;
  case UNSIGNED: narrow(data, unit, t->uint64_data, sizeof *t->uint64_data, n); break;
  case FLOATS: narrow(data, unit, t->float_data, sizeof *t->float_data, n); break;
  case DOUBLES: narrow(data, unit, t->double_data, sizeof *t->double_data, n); break;
  default: narrow(data, unit, t->int64_data, sizeof *t->int64_data, n); break;
  }
  c->data = data;
  return GCUT_OK;
}

gcut_status gcut__tensor_elements(const gcut__wire_tensor *tensor, gcut_arena *arena,
                                  gcut_constant *constant, gcut_error *err) {
  holder from = holder_of(constant->type);
  GCUT_TRY(check_holders(tensor, constant, from, err));
  if (tensor->has_raw) return raw_elements(tensor, constant, err);
  if (from == STRINGS) return string_elements(tensor->message, arena, constant, err);
  if (is_spread(constant->type)) return spread_elements(tensor->message, arena, constant, err);
  return number_elements(tensor->message, from, arena, constant, err);
}
