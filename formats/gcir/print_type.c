// Types and constants as text.
#include <stdlib.h>
#include <string.h>

#include "formats/gcir/print.h"
#include "tracer/base/codes.h"

// ---- types ------------------------------------------------------------------------------------

// A fresh symbol, "?" and a number, is a size of its own wherever it is read.
static bool is_fresh(const char *text) {
  return text[0] == '?' && text[1] != '\0' && strspn(text + 1, "0123456789") == strlen(text + 1);
}

static void put_expression(gcir_printer *p, gcut_dim dim) {
  char text[512], *longer = NULL;
  const char *shown = text;
  int size = gcut_dim_format(p->graph, dim, text, sizeof text);
  if (size >= (int)sizeof text && (longer = malloc((size_t)size + 1))) {
    gcut_dim_format(p->graph, dim, longer, (size_t)size + 1);
    shown = longer;
  }
  if (is_fresh(shown))
    gcut__gcir_put(p, "?");
  else
    gcut__gcir_put_name(p, shown);
  free(longer);
}

static void put_dims(gcir_printer *p, int rank, const gcut_dim *dims) {
  if (rank <= 0) return;
  gcut__gcir_put(p, "[");
  for (int i = 0; i < rank; i++) {
    if (i > 0) gcut__gcir_put(p, ", ");
    if (gcut_dim_known(dims[i]))
      gcut__gcir_put_int(p, dims[i]);
    else
      put_expression(p, dims[i]);
  }
  gcut__gcir_put(p, "]");
}

static const char *element_name(unsigned type) {
  return type ? gcut_dtype_name((gcut_dtype)type) : "?";
}

bool gcut__gcir_type_says(const gcut_type *type) {
  return type->kind != GCUT_KIND_TENSOR || type->type != GCUT_UNDEFINED || type->rank >= 0;
}

// Reading bounds how deep types lie within one another.
void gcut__gcir_put_type(gcir_printer *p, const gcut_type *type) {
  if (type->kind == GCUT_KIND_TENSOR) {
    gcut__gcir_put(p, element_name(type->type));
    if (type->rank < 0) gcut__gcir_put(p, "[]");
    put_dims(p, type->rank, type->dims);
    return;
  }
  const char *const words[] = {"", "seq(", "optional(", "map("};
  gcut__gcir_put(p, words[type->kind]);
  if (type->kind == GCUT_KIND_MAP) {
    gcut__gcir_put(p, element_name(type->type));
    gcut__gcir_put(p, ", ");
  }
  if (type->element) {
    gcut__gcir_put_type(p, type->element);
  } else {
    gcut__gcir_put(p, type->kind == GCUT_KIND_MAP ? "?" : element_name(type->type));
    gcut__gcir_put(p, "[]");
  }
  gcut__gcir_put(p, ")");
}

// ---- constants --------------------------------------------------------------------------------

static void put_integer(gcir_printer *p, gcut_dtype type, const uint8_t *data, uint64_t i) {
  switch (type) {
  case GCUT_INT8: fprintf(p->out, "%d", (int8_t)data[i]); return;
  case GCUT_INT64:
  case GCUT_UINT64: {
    uint64_t value;
    memcpy(&value, data + 8 * i, 8);
    fprintf(p->out, type == GCUT_INT64 ? "%lld" : "%llu", (long long)value);
    return;
  }
  default: break;
  }
  uint32_t value = 0;
  unsigned bytes = gcut_dtype_bits(type) / 8;
  memcpy(&value, data + bytes * i, bytes);
  if (type == GCUT_INT16)
    fprintf(p->out, "%d", (int16_t)value);
  else
    fprintf(p->out, type == GCUT_INT32 ? "%d" : "%u", value);
}

static void put_packed(gcir_printer *p, gcut_dtype type, const uint8_t *data, uint64_t i) {
  unsigned bits = gcut_dtype_bits(type);
  int value = gcut_code_get(data, i, bits);
  bool is_signed = type == GCUT_INT4 || type == GCUT_INT2;
  fprintf(p->out, "%d", is_signed && value >> (bits - 1) ? value - (1 << bits) : value);
}

static void put_element(gcir_printer *p, gcut_dtype type, const uint8_t *data, uint64_t i) {
  float single;
  double wide;
  switch (type) {
  case GCUT_FLOAT:
    memcpy(&single, data + 4 * i, 4);
    gcut__gcir_put_float(p, single);
    return;
  case GCUT_DOUBLE:
    memcpy(&wide, data + 8 * i, 8);
    gcut__gcir_put_double(p, wide);
    return;
  case GCUT_STRING: {
    const gcut_string *s = (const gcut_string *)data + i;
    gcut__gcir_put_string(p, s->data ? s->data : "", s->size);
    return;
  }
  default: break;
  }
  if (gcut_dtype_bits(type) < 8)
    put_packed(p, type, data, i);
  else
    put_integer(p, type, data, i);
}

static uint64_t element_count(const gcut_constant *c) {
  uint64_t count = 1;
  for (int i = 0; i < c->rank; i++) count *= (uint64_t)c->dims[i];
  return count;
}

static void put_elements(gcir_printer *p, const gcut_constant *c) {
  bool complex = c->type == GCUT_COMPLEX64 || c->type == GCUT_COMPLEX128;
  gcut_dtype type = c->type == GCUT_COMPLEX64    ? GCUT_FLOAT
                    : c->type == GCUT_COMPLEX128 ? GCUT_DOUBLE
                                                 : c->type;
  uint64_t n = element_count(c) * (complex ? 2 : 1);
  gcut__gcir_put(p, "{");
  for (uint64_t i = 0; i < n; i++) {
    if (i > 0) gcut__gcir_put(p, ", ");
    put_element(p, type, c->data, i);
  }
  gcut__gcir_put(p, "}");
}

static void put_place(gcir_printer *p, const gcir_place *place, uint64_t bytes) {
  gcut__gcir_put(p, "[\"location\": ");
  gcut__gcir_put_text(p, place->location);
  fprintf(p->out, ", \"offset\": \"%llu\", \"length\": \"%llu\"]",
          (unsigned long long)place->offset, (unsigned long long)bytes);
}

void gcut__gcir_put_constant(gcir_printer *p, uint32_t constant, const char *name,
                             bool initializer) {
  const gcut_constant *c = &p->graph->constants[constant];
  const gcir_place *place = &p->places[constant];
  gcut__gcir_put(p, gcut_dtype_name(c->type));
  put_dims(p, c->rank, c->dims);
  gcut__gcir_put(p, " ");
  if (*name) {
    gcut__gcir_put_name(p, name);
    gcut__gcir_put(p, " ");
  }
  if (initializer || place->location) gcut__gcir_put(p, "= ");
  if (place->location)
    put_place(p, place, c->bytes);
  else
    put_elements(p, c);
}
