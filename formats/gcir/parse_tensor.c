// Elements of tensors: {1, 2, 3} here, or ["location": "weights.bin", "offset": "64", "length":
// "12"] in a file beneath the model's folder.
//
// Literals are counted before memory is taken for them, so a shape alone costs nothing. float16,
// bfloat16 and all smaller floats are written as their bits, as in ONNX's text; a literal with a
// point or exponent is a value. Types smaller than a byte are one literal an element, or one a byte
// of packed elements.
#include "formats/gcir/gcir.h"
#include "tracer/base/checked.h"
#include "tracer/base/codes.h"
#include "tracer/base/narrow.h"

static gcut_status set_shape(gcir_parser *p, const gcut_type *type, size_t at, gcut_constant *c,
                             uint64_t *out_count) {
  if (type->kind != GCUT_KIND_TENSOR || type->type == GCUT_UNDEFINED || type->rank < 0)
    return gcut__gcir_fail(p, at, "a constant needs an element type and a shape");
  int64_t *dims = GCUT_NEW_ARRAY(p->scratch, int64_t, (size_t)type->rank);
  if (!dims) return GCUT_NO_MEMORY(p->err);
  for (int i = 0; i < type->rank; i++) {
    dims[i] = type->dims[i];
    if (!gcut_dim_known(dims[i]))
      return gcut__gcir_fail(p, at, "dimension %d of a constant is no number", i);
  }
  c->type = (gcut_dtype)type->type, c->rank = type->rank, c->dims = dims;
  if (!gcut_checked_count(c->rank, dims, out_count) ||
      !gcut_dtype_bytes(c->type, *out_count, &c->bytes))
    return gcut__gcir_fail(p, at, "a constant's shape is too large");
  return GCUT_OK;
}

// ---- literals ---------------------------------------------------------------------------------

// Literals up to the closing brace.
static uint64_t count_literals(gcir_parser *p) {
  size_t start = p->at;
  uint64_t n = 0;
  bool any = false;
  for (int c; (c = gcut__gcir_peek(p)) >= 0 && c != '}'; p->at++) {
    any = true;
    n += c == ',';
    if (c != '"') continue;
    for (p->at++; p->at < p->size && p->text[p->at] != '"'; p->at++)
      p->at += p->text[p->at] == '\\';
  }
  p->at = start;
  return n + any;
}

// Range of the numbers that elements of an integer type, or bits of a small float, are written as.
static void element_range(gcut_dtype type, int64_t *low, int64_t *high) {
  unsigned bits = gcut_dtype_bits(type);
  bool is_signed = type == GCUT_INT8 || type == GCUT_INT16 || type == GCUT_INT32 ||
                   type == GCUT_INT4 || type == GCUT_INT2;
  *low = is_signed ? -((int64_t)1 << (bits - 1)) : 0;
  *high = type == GCUT_BOOL ? 1 : ((int64_t)1 << (is_signed ? bits - 1 : bits)) - 1;
}

static gcut_status parse_ranged(gcir_parser *p, int64_t low, int64_t high, uint32_t *out) {
  gcir_literal literal;
  int64_t value;
  GCUT_TRY(gcut__gcir_literal(p, &literal));
  GCUT_TRY(gcut__gcir_as_int(p, &literal, &value));
  if (value < low || value > high)
    return gcut__gcir_fail(p, literal.at, "%lld is not within [%lld, %lld]", (long long)value,
                           (long long)low, (long long)high);
  *out = (uint32_t)value;
  return GCUT_OK;
}

// A float of 16 bits: its value where the literal has a point or exponent, else its bits.
static gcut_status parse_half(gcir_parser *p, gcut_dtype type, uint16_t *out) {
  size_t start = p->at;
  gcir_literal literal;
  GCUT_TRY(gcut__gcir_literal(p, &literal));
  if (literal.kind == GCIR_FLOAT) {
    float value;
    GCUT_TRY(gcut__gcir_as_float(p, &literal, &value));
    *out = type == GCUT_FLOAT16 ? gcut_to_float16(value) : gcut_to_bfloat16(value);
    return GCUT_OK;
  }
  uint32_t bits;
  p->at = start;
  GCUT_TRY(parse_ranged(p, 0, UINT16_MAX, &bits));
  *out = (uint16_t)bits;
  return GCUT_OK;
}

// One element of a type of whole bytes; halves of complex ones are elements of their own.
static gcut_status parse_element(gcir_parser *p, gcut_dtype type, void *out) {
  gcir_literal literal;
  uint32_t number;
  int64_t low, high;
  switch (type) {
  case GCUT_FLOAT:
    GCUT_TRY(gcut__gcir_literal(p, &literal));
    return gcut__gcir_as_float(p, &literal, out);
  case GCUT_DOUBLE:
    GCUT_TRY(gcut__gcir_literal(p, &literal));
    return gcut__gcir_as_double(p, &literal, out);
  case GCUT_INT64:
    GCUT_TRY(gcut__gcir_literal(p, &literal));
    return gcut__gcir_as_int(p, &literal, out);
  case GCUT_UINT64:
    GCUT_TRY(gcut__gcir_literal(p, &literal));
    return gcut__gcir_as_uint(p, &literal, out);
  case GCUT_FLOAT16:
  case GCUT_BFLOAT16: return parse_half(p, type, out);
  case GCUT_STRING:
    if (!gcut__gcir_at_string(p)) return gcut__gcir_fail(p, p->at, "expected a string");
    return gcut__gcir_string(p, p->arena, out);
  default: break;
  }
  element_range(type, &low, &high);
  GCUT_TRY(parse_ranged(p, low, high, &number));
  memcpy(out, &number, gcut_dtype_bits(type) / 8);
  return GCUT_OK;
}

static gcut_status parse_whole(gcir_parser *p, gcut_dtype type, uint64_t n, void *data) {
  size_t bytes = gcut_dtype_bits(type) / 8;
  for (uint64_t i = 0; i < n; i++) {
    if (i > 0) GCUT_TRY(gcut__gcir_expect(p, ','));
    GCUT_TRY(parse_element(p, type, (char *)data + i * bytes));
  }
  return GCUT_OK;
}

static gcut_status parse_packed(gcir_parser *p, gcut_dtype type, uint64_t n, uint8_t *data) {
  unsigned bits = gcut_dtype_bits(type);
  int64_t low, high;
  element_range(type, &low, &high);
  for (uint64_t i = 0; i < n; i++) {
    uint32_t value;
    if (i > 0) GCUT_TRY(gcut__gcir_expect(p, ','));
    GCUT_TRY(parse_ranged(p, low, high, &value));
    gcut_code_set(data, i, bits, (uint8_t)value);
  }
  return GCUT_OK;
}

// What literals of a complex type are.
static gcut_dtype literal_type(gcut_dtype type) {
  return type == GCUT_COMPLEX64 ? GCUT_FLOAT : type == GCUT_COMPLEX128 ? GCUT_DOUBLE : type;
}

static gcut_status parse_elements(gcir_parser *p, gcut_constant *c, uint64_t count) {
  uint64_t n = count_literals(p), expected = literal_type(c->type) == c->type ? count : 2 * count;
  bool small = gcut_dtype_bits(c->type) < 8, as_bytes = small && n == c->bytes && n != count;
  if (n != expected && !as_bytes)
    return gcut__gcir_fail(p, p->at, "%llu elements, where the shape needs %llu",
                           (unsigned long long)n, (unsigned long long)expected);
  void *data = gcut_arena_alloc(p->arena, c->bytes, 1);
  if (!data) return GCUT_NO_MEMORY(p->err);
  if (small && !as_bytes)
    GCUT_TRY(parse_packed(p, c->type, n, data));
  else
    GCUT_TRY(parse_whole(p, as_bytes ? GCUT_UINT8 : literal_type(c->type), n, data));
  c->data = data;
  return gcut__gcir_expect(p, '}');
}

// In a text a misspelt key would say nothing. (ONNX files hold keys of others' making, too.)
static gcut_status check_keys(gcir_parser *p, size_t at, const gcut_metadata *entries, size_t n) {
  static const char *const known[] = {"location", "offset", "length", "checksum"};
  for (size_t i = 0; i < n; i++) {
    size_t k = 0, n_known = sizeof known / sizeof *known;
    while (k < n_known && strcmp(known[k], entries[i].key)) k++;
    if (k == n_known)
      return gcut__gcir_fail(p, at,
                             "external data has no '%.60s': there are location, offset, "
                             "length and checksum",
                             entries[i].key);
  }
  return GCUT_OK;
}

gcut_status gcut__gcir_tensor(gcir_parser *p, const gcut_type *type, const char *name,
                              uint32_t *out_constant) {
  gcut_constant c = {.name = name, .file = GCUT_NONE};
  uint64_t count = 0;
  gcir_list entries = {0};
  gcut__gcir_peek(p);
  GCUT_TRY(set_shape(p, type, p->at, &c, &count));
  if (gcut__gcir_accept(p, '{')) {
    GCUT_TRY(parse_elements(p, &c, count));
  } else {
    size_t at = p->at;
    GCUT_TRY(gcut__gcir_expect(p, '['));
    GCUT_TRY(gcut__gcir_metadata(p, &entries));
    GCUT_TRY(check_keys(p, at, entries.items, entries.n));
    GCUT_TRY(gcut__external_elements(&p->externals, entries.items, entries.n, &c, p->err));
  }
  *out_constant = gcut_graph_add_constant(p->graph, &c);
  return *out_constant == GCUT_NONE ? GCUT_NO_MEMORY(p->err) : GCUT_OK;
}
