// The elements of .npy arrays, to and from those of tensors: byte order, column order, UTF-32 text,
// and types smaller than a byte, which numpy holds one a byte.
#include <stdlib.h>
#include <string.h>

#include "formats/tensor/npy.h"
#include "tracer/base/checked.h"
#include "tracer/base/codes.h"
#include "tracer/base/error.h"

// ---- order ------------------------------------------------------------------------------------

static void reverse(uint8_t *item, size_t bytes) {
  for (size_t i = 0; i < bytes / 2; i++) {
    uint8_t t = item[i];
    item[i] = item[bytes - 1 - i], item[bytes - 1 - i] = t;
  }
}

// Swaps the numbers that items are made of: halves of a complex one, code points of a text.
static void swap_bytes(const gcut__npy *npy, uint8_t *items) {
  size_t unit = npy->kind == 'U'   ? 4
                : npy->kind == 'c' ? (size_t)npy->item_bytes / 2
                                   : (size_t)npy->item_bytes;
  if (!npy->swap || unit < 2) return;
  for (uint64_t at = 0; at + unit <= npy->bytes; at += unit) reverse(items + at, unit);
}

// items[i0, i1, ...] lie with the first index fastest; out: with the last.
static void to_row_major(const gcut__npy *npy, const uint8_t *items, uint8_t *out) {
  uint64_t stride[GCUT_MAX_RANK], at = 0, step = npy->item_bytes;
  int64_t index[GCUT_MAX_RANK] = {0};
  for (int i = 0; i < npy->rank; i++) {
    stride[i] = step;
    step *= (uint64_t)npy->dims[i];
  }
  for (uint64_t n = 0; n < npy->count; n++, out += npy->item_bytes) {
    memcpy(out, items + at, npy->item_bytes);
    for (int i = npy->rank - 1; i >= 0; i--) {
      at += stride[i];
      if (++index[i] < npy->dims[i]) break;
      at -= stride[i] * (uint64_t)npy->dims[i];
      index[i] = 0;
    }
  }
}

bool gcut__npy_is_plain(const gcut__npy *npy) {
  return npy->type != GCUT_STRING && gcut_dtype_bits(npy->type) >= 8 &&
         (!npy->fortran || npy->rank < 2);
}

void gcut__npy_settle(const gcut__npy *npy, gcut_tensor *tensor) {
  swap_bytes(npy, tensor->data);
  uint8_t *bytes = tensor->data;
  if (npy->type == GCUT_BOOL)
    for (uint64_t i = 0; i < tensor->bytes; i++) bytes[i] = bytes[i] != 0;
}

// ---- types smaller than a byte ----------------------------------------------------------------

static bool in_range(const gcut__npy *npy, uint8_t item, unsigned bits) {
  int half = 1 << (bits - 1);
  if (npy->kind == 'V') return true; // ml_dtypes leaves the high bits to chance
  if (npy->type == GCUT_INT4 || npy->type == GCUT_INT2)
    return npy->kind == 'i' ? (int8_t)item >= -half && (int8_t)item < half : item < half;
  return item < 2 * half;
}

static gcut_status pack(const gcut__npy *npy, const uint8_t *items, gcut_tensor *tensor,
                        gcut_error *err) {
  unsigned bits = gcut_dtype_bits(npy->type);
  memset(tensor->data, 0, tensor->bytes);
  for (uint64_t i = 0; i < npy->count; i++) {
    if (!in_range(npy, items[i], bits))
      return GCUT_FAIL(err, GCUT_FORMAT, "element %llu is %d: out of range for %s",
                       (unsigned long long)i, npy->kind == 'i' ? (int8_t)items[i] : items[i],
                       gcut_dtype_name(npy->type));
    gcut_code_set(tensor->data, i, bits, items[i]);
  }
  return GCUT_OK;
}

static void unpack(const gcut_tensor *tensor, uint8_t *items) {
  unsigned bits = gcut_dtype_bits(tensor->type);
  bool is_signed = tensor->type == GCUT_INT4 || tensor->type == GCUT_INT2;
  for (uint64_t i = 0; i < tensor->count; i++) {
    unsigned value = gcut_code_get(tensor->data, i, bits);
    if (is_signed && value >> (bits - 1)) value |= 0xffu << bits;
    items[i] = (uint8_t)value;
  }
}

// ---- text -------------------------------------------------------------------------------------

static size_t put_utf8(uint32_t c, char *out) {
  if (c < 0x80) {
    out[0] = (char)c;
    return 1;
  }
  size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
  for (size_t i = n - 1; i > 0; i--, c >>= 6) out[i] = (char)(0x80 | (c & 0x3f));
  out[0] = (char)(leads[n] | c);
  return n;
}

static uint32_t code_point(const uint8_t *item, uint64_t i) {
  uint32_t c;
  memcpy(&c, item + 4 * i, 4);
  return c;
}

// One item of code points, filled up with zeros.
static gcut_status decode_text(const gcut__npy *npy, const uint8_t *item, char *buffer,
                               size_t *out_size, gcut_error *err) {
  uint64_t n = npy->item_bytes / 4;
  size_t size = 0;
  while (n > 0 && code_point(item, n - 1) == 0) n--;
  for (uint64_t i = 0; i < n; i++) {
    uint32_t c = code_point(item, i);
    if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
      return GCUT_FAIL(err, GCUT_FORMAT, "text with 0x%x, which is no character", c);
    size += put_utf8(c, buffer + size);
  }
  *out_size = size;
  return GCUT_OK;
}

static gcut_status decode_texts(const gcut__npy *npy, const uint8_t *items, gcut_tensor *tensor,
                                gcut_error *err) {
  char *buffer = malloc(npy->item_bytes + 1); // UTF-8 is never longer than UTF-32
  if (!buffer) return GCUT_NO_MEMORY(err);
  gcut_status status = GCUT_OK;
  for (uint64_t i = 0; i < npy->count && status == GCUT_OK; i++) {
    size_t size = 0;
    status = decode_text(npy, items + i * npy->item_bytes, buffer, &size, err);
    if (status == GCUT_OK) status = gcut_tensor_set_string(tensor, i, buffer, size, err);
  }
  free(buffer);
  return status;
}

// Takes one character of UTF-8; false where it is none (overlong forms and surrogates included).
static bool take_utf8(const char **at, const char *end, uint32_t *out) {
  const uint8_t *s = (const uint8_t *)*at;
  size_t left = (size_t)(end - *at), n = *s < 0x80 ? 1 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4;
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (n > left || (*s >= 0x80 && *s < 0xc0) || *s >= 0xf8) return false;
  uint32_t c = n == 1 ? *s : *s & (0x7fu >> n);
  for (size_t i = 1; i < n; i++) {
    if ((s[i] & 0xc0) != 0x80) return false;
    c = c << 6 | (s[i] & 0x3f);
  }
  if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return false;
  *at += n, *out = c;
  return true;
}

// Writes a string's code points to `item` unless it is NULL.
static bool encode_text(gcut_string s, uint8_t *item, uint64_t *out_n) {
  uint64_t n = 0;
  uint32_t c = 1;
  for (const char *at = s.data, *end = s.data + s.size; at != end; n++) {
    if (!take_utf8(&at, end, &c)) return false;
    if (item) memcpy(item + 4 * n, &c, 4);
  }
  *out_n = n;
  return c != 0; // numpy would drop zeros at the end
}

static gcut_status encode_texts(const gcut_tensor *tensor, uint8_t **out, uint64_t *out_bytes,
                                uint64_t *item_bytes, gcut_error *err) {
  const gcut_string *strings = tensor->data;
  uint64_t longest = 1, n;
  for (uint64_t i = 0; i < tensor->count; i++) {
    if (!encode_text(strings[i], NULL, &n))
      return GCUT_FAIL(err, GCUT_UNSUPPORTED,
                       "string %llu is no UTF-8 or ends in a zero: numpy cannot hold it",
                       (unsigned long long)i);
    if (n > longest) longest = n;
  }
  *item_bytes = 4 * longest;
  if (!gcut_checked_mul(*item_bytes, tensor->count, out_bytes)) return GCUT_NO_MEMORY(err);
  *out = calloc(*out_bytes + 1, 1);
  if (!*out) return GCUT_NO_MEMORY(err);
  for (uint64_t i = 0; i < tensor->count; i++)
    (void)encode_text(strings[i], *out + i * *item_bytes, &n);
  return GCUT_OK;
}

// ---- both ways --------------------------------------------------------------------------------

static gcut_status convert_ordered(const gcut__npy *npy, uint8_t *items, gcut_tensor *tensor,
                                   gcut_error *err) {
  if (npy->type == GCUT_STRING) {
    swap_bytes(npy, items);
    return decode_texts(npy, items, tensor, err);
  }
  if (gcut_dtype_bits(npy->type) < 8) return pack(npy, items, tensor, err);
  if (npy->bytes > 0) memcpy(tensor->data, items, npy->bytes);
  gcut__npy_settle(npy, tensor);
  return GCUT_OK;
}

gcut_status gcut__npy_convert(const gcut__npy *npy, uint8_t *items, gcut_tensor *tensor,
                              gcut_error *err) {
  if (npy->count == 0) return GCUT_OK;
  if (!npy->fortran || npy->rank < 2) return convert_ordered(npy, items, tensor, err);
  uint8_t *ordered = malloc(npy->bytes + 1);
  if (!ordered) return GCUT_NO_MEMORY(err);
  to_row_major(npy, items, ordered);
  gcut_status status = convert_ordered(npy, ordered, tensor, err);
  free(ordered);
  return status;
}

gcut_status gcut__npy_encode(const gcut_tensor *tensor, const void **out_items, uint64_t *out_bytes,
                             void **out_owned, uint64_t *out_item_bytes, gcut_error *err) {
  uint8_t *owned = NULL;
  unsigned bits = gcut_dtype_bits(tensor->type);
  *out_owned = NULL;
  if (tensor->type == GCUT_STRING) {
    GCUT_TRY(encode_texts(tensor, &owned, out_bytes, out_item_bytes, err));
  } else if (bits < 8) {
    *out_item_bytes = 1, *out_bytes = tensor->count;
    owned = malloc(tensor->count + 1);
    if (!owned) return GCUT_NO_MEMORY(err);
    unpack(tensor, owned);
  } else {
    *out_item_bytes = bits / 8, *out_bytes = tensor->bytes;
  }
  *out_owned = owned;
  *out_items = owned ? owned : tensor->data;
  return GCUT_OK;
}
