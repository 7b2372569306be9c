// The header of .npy files: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
//
// Only that dict is understood, with its three keys in any order; nothing is evaluated.
#include <stdio.h>
#include <string.h>

#include "formats/tensor/npy.h"
#include "tracer/base/checked.h"
#include "tracer/base/error.h"

static const char magic[] = "\x93NUMPY";
enum { MAGIC_BYTES = 6 };

gcut_status gcut__npy_header_bytes(const uint8_t *start, size_t size, size_t *out_bytes,
                                   size_t *out_text, gcut_error *err) {
  if (size < NPY_START_BYTES || memcmp(start, magic, MAGIC_BYTES) != 0)
    return GCUT_FAIL(err, GCUT_FORMAT, "no .npy array");
  int version = start[MAGIC_BYTES];
  if (version < 1 || version > 3)
    return GCUT_FAIL(err, GCUT_FORMAT, ".npy version %d: expected 1 to 3", version);
  uint64_t length = start[8] | (uint64_t)start[9] << 8;
  if (version > 1) length |= (uint64_t)start[10] << 16 | (uint64_t)start[11] << 24;
  *out_text = version > 1 ? 12 : 10;
  if (length > NPY_MAX_HEADER_BYTES || *out_text + length < NPY_START_BYTES)
    return GCUT_FAIL(err, GCUT_FORMAT, ".npy header of %llu bytes: at most %d",
                     (unsigned long long)length, NPY_MAX_HEADER_BYTES);
  *out_bytes = *out_text + (size_t)length;
  return GCUT_OK;
}

// ---- the dict ---------------------------------------------------------------------------------

typedef struct cursor {
  const char *at, *end;
} cursor;

static void skip_spaces(cursor *c) {
  while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t')) c->at++;
}

static bool take(cursor *c, char wanted) {
  skip_spaces(c);
  if (c->at == c->end || *c->at != wanted) return false;
  c->at++;
  return true;
}

static bool take_word(cursor *c, const char *word) {
  skip_spaces(c);
  size_t n = strlen(word);
  if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0) return false;
  c->at += n;
  return true;
}

static bool take_text(cursor *c, gcut_string *out) {
  skip_spaces(c);
  if (c->at == c->end || (*c->at != '\'' && *c->at != '"')) return false;
  char quote = *c->at++;
  const char *stop = memchr(c->at, quote, (size_t)(c->end - c->at));
  if (!stop) return false;
  *out = (gcut_string){c->at, (size_t)(stop - c->at)};
  c->at = stop + 1;
  return true;
}

static bool take_number(cursor *c, int64_t *out) {
  skip_spaces(c);
  const char *start = c->at;
  int64_t value = 0;
  for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, *c->at - '0', &value))
      return false;
  *out = value;
  if (c->at == start) return false;
  if (c->at < c->end && *c->at == 'L') c->at++; // as Python 2 wrote it
  return true;
}

static bool take_shape(cursor *c, gcut__npy *out) {
  if (!take(c, '(')) return false;
  for (out->rank = 0; !take(c, ')'); out->rank++) {
    if (out->rank == GCUT_MAX_RANK || !take_number(c, &out->dims[out->rank])) return false;
    if (!take(c, ',')) {
      out->rank++;
      return take(c, ')');
    }
  }
  return true;
}

static bool take_bool(cursor *c, bool *out) {
  *out = take_word(c, "True");
  return *out || take_word(c, "False");
}

typedef struct header {
  gcut_string descr;
  bool has_descr, has_order, has_shape, structured;
} header;

static bool is_text(gcut_string s, const char *text) {
  return s.size == strlen(text) && memcmp(s.data, text, s.size) == 0;
}

static bool take_entry(cursor *c, header *h, gcut__npy *out) {
  gcut_string key;
  if (!take_text(c, &key) || !take(c, ':')) return false;
  if (is_text(key, "descr") && !h->has_descr) {
    h->structured = take(c, '[');
    return h->has_descr = !h->structured && take_text(c, &h->descr);
  }
  if (is_text(key, "fortran_order") && !h->has_order)
    return h->has_order = take_bool(c, &out->fortran);
  if (is_text(key, "shape") && !h->has_shape) return h->has_shape = take_shape(c, out);
  return false;
}

static bool take_dict(cursor *c, header *h, gcut__npy *out) {
  if (!take(c, '{')) return false;
  while (!take(c, '}')) {
    if (!take_entry(c, h, out)) return false;
    if (take(c, ',')) continue;
    if (!take(c, '}')) return false;
    break;
  }
  skip_spaces(c);
  return c->at == c->end && h->has_descr && h->has_order && h->has_shape;
}

// ---- the element type -------------------------------------------------------------------------

static const struct descr_row {
  char kind;
  uint8_t bytes;
  uint8_t type;
} descr_rows[] = {
    {'f', 2, GCUT_FLOAT16},    {'f', 4, GCUT_FLOAT},       {'f', 8, GCUT_DOUBLE},
    {'f', 1, GCUT_FLOAT8E5M2}, // what numpy writes for ml_dtypes' one
    {'i', 1, GCUT_INT8},       {'i', 2, GCUT_INT16},       {'i', 4, GCUT_INT32},
    {'i', 8, GCUT_INT64},      {'u', 1, GCUT_UINT8},       {'u', 2, GCUT_UINT16},
    {'u', 4, GCUT_UINT32},     {'u', 8, GCUT_UINT64},      {'b', 1, GCUT_BOOL},
    {'c', 8, GCUT_COMPLEX64},  {'c', 16, GCUT_COMPLEX128}, {'V', 2, GCUT_BFLOAT16},
};

static gcut_dtype plain_type(char kind, uint64_t bytes) {
  for (size_t i = 0; i < sizeof descr_rows / sizeof *descr_rows; i++)
    if (descr_rows[i].kind == kind && descr_rows[i].bytes == bytes)
      return (gcut_dtype)descr_rows[i].type;
  return GCUT_UNDEFINED;
}

static bool is_float8(gcut_dtype type) {
  return type >= GCUT_FLOAT8E4M3FN && gcut_dtype_bits(type) == 8;
}

// What elements of a byte become where `wanted` is expected.
static gcut_dtype byte_type(char kind, gcut_dtype type, gcut_dtype wanted) {
  unsigned bits = gcut_dtype_bits(wanted);
  if (bits > 0 && bits < 8 && (kind == 'V' || kind == 'i' || kind == 'u')) return wanted;
  return kind == 'V' && is_float8(wanted) ? wanted : type;
}

static bool parse_descr(gcut_string descr, gcut_dtype wanted, gcut__npy *out) {
  cursor c = {descr.data, descr.data + descr.size};
  if (is_text(descr, "bfloat16")) {
    out->kind = 'V', out->item_bytes = 2, out->type = GCUT_BFLOAT16;
    return true;
  }
  out->swap = take(&c, '>');
  if (!out->swap && !take(&c, '<') && !take(&c, '|')) (void)take(&c, '=');
  if (c.at == c.end) return false;
  out->kind = *c.at++;
  int64_t number;
  if (!take_number(&c, &number) || c.at != c.end) return false;
  out->item_bytes = (uint64_t)number;
  if (out->kind == 'U') {
    out->type = GCUT_STRING;
    return gcut_checked_mul(out->item_bytes, 4, &out->item_bytes);
  }
  out->type = plain_type(out->kind, out->item_bytes);
  if (out->item_bytes == 1) out->type = byte_type(out->kind, out->type, wanted);
  return out->type != GCUT_UNDEFINED;
}

static gcut_status refuse_descr(gcut_string descr, const gcut__npy *npy, gcut_error *err) {
  int size = descr.size < 60 ? (int)descr.size : 60;
  const char *why = npy->kind == 'O'   ? ": pickled objects are never read; save strings as '<U'"
                    : npy->kind == 'S' ? ": bytes are no text; save strings as '<U'"
                    : npy->kind == 'V' ? ": says nothing of its elements; save it by another type"
                                       : " is not an element type of ONNX";
  return GCUT_FAIL(err, GCUT_FORMAT, "element type '%.*s'%s", size, descr.data, why);
}

gcut_status gcut__npy_parse_header(const char *text, size_t size, gcut_dtype wanted, gcut__npy *out,
                                   gcut_error *err) {
  *out = (gcut__npy){.type = GCUT_UNDEFINED};
  header h = {.has_descr = false};
  cursor c = {text, text + size};
  if (!take_dict(&c, &h, out))
    return GCUT_FAIL(
        err, GCUT_FORMAT, "%s",
        h.structured ? "its elements are records: save each field as an array of its own"
                     : "the .npy header is not {'descr': ..., 'fortran_order': ..., 'shape': ...}");
  if (!parse_descr(h.descr, wanted, out)) return refuse_descr(h.descr, out, err);
  if (!gcut_checked_count(out->rank, out->dims, &out->count) ||
      !gcut_checked_mul(out->count, out->item_bytes, &out->bytes) || out->bytes > INT64_MAX)
    return GCUT_FAIL(err, GCUT_FORMAT, "the product of the shape is too large");
  return GCUT_OK;
}

// ---- writing ----------------------------------------------------------------------------------

// What numpy calls a type: sub-byte integers are bytes, types without a name are void.
static char kind_letter(gcut_dtype type) {
  switch (type) {
  case GCUT_STRING: return 'U';
  case GCUT_INT4:
  case GCUT_INT2: return 'i';
  case GCUT_UINT4:
  case GCUT_UINT2: return 'u';
  case GCUT_FLOAT8E5M2: return 'V';
  default: break;
  }
  for (size_t i = 0; i < sizeof descr_rows / sizeof *descr_rows; i++)
    if (descr_rows[i].type == type) return descr_rows[i].kind;
  return 'V';
}

size_t gcut__npy_format_header(const gcut_tensor *tensor, uint64_t item_bytes, uint8_t *out) {
  char *text = (char *)out + 10;
  char kind = kind_letter(tensor->type);
  int n = sprintf(text, "{'descr': '%c%c%llu', 'fortran_order': False, 'shape': (",
                  item_bytes == 1 ? '|' : '<', kind,
                  (unsigned long long)(kind == 'U' ? item_bytes / 4 : item_bytes));
  for (int i = 0; i < tensor->rank; i++)
    n += sprintf(text + n, i == 0 ? "%lld" : ", %lld", (long long)tensor->dims[i]);
  n += sprintf(text + n, tensor->rank == 1 ? ",), }" : "), }");
  size_t total = (10 + (size_t)n + 1 + 63) / 64 * 64;
  memset(text + n, ' ', total - 10 - (size_t)n);
  out[total - 1] = '\n';
  memcpy(out, magic, MAGIC_BYTES);
  out[6] = 1, out[7] = 0;
  out[8] = (uint8_t)(total - 10), out[9] = (uint8_t)((total - 10) >> 8);
  return total;
}
