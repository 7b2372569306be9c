// Types: float (rank 0), float[] (rank unknown), float[batch, "past + seq", ?, 64], seq(...),
// optional(...), map(int64, ...); "?" for an element type that is not known.
#include "formats/gcir/gcir.h"

static gcut_status parse_at(gcir_parser *p, gcut_type *out, unsigned depth);

static bool is_composite(gcut_string word) {
  return gcut__gcir_is(word, "seq") || gcut__gcir_is(word, "optional") ||
         gcut__gcir_is(word, "map") || gcut__gcir_is(word, "sparse_tensor") ||
         gcut__gcir_is(word, "opaque");
}

bool gcut__gcir_at_type(gcir_parser *p) {
  if (gcut__gcir_at_string(p)) return false;
  if (gcut__gcir_peek(p) == '?') return true;
  gcut_string word = gcut__gcir_peek_identifier(p);
  return word.size > 0 &&
         (gcut_dtype_find(word.data, word.size) != GCUT_UNDEFINED || is_composite(word));
}

// ---- dims -------------------------------------------------------------------------------------

// The text of an expression: up to the "," or "]" that ends it.
static gcut_string expression_text(gcir_parser *p) {
  gcut__gcir_peek(p);
  size_t end = p->at;
  for (int depth = 0; end < p->size; end++) {
    char c = p->text[end];
    if (strchr("\r\n\"#", c) || (depth == 0 && (c == ',' || c == ']'))) break;
    depth += (c == '(') - (c == ')');
  }
  gcut_string text = {p->text + p->at, end - p->at};
  p->at = end;
  while (text.size > 0 && strchr(" \t", text.data[text.size - 1])) text.size--;
  return text;
}

static bool is_number(const char *text, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (text[i] < '0' || text[i] > '9') return false;
  return true;
}

// "?" is a size of its own; so is a negative one, as old exporters write it.
static gcut_status parse_dim(gcir_parser *p, gcut_dim *out) {
  gcut_dims *dims = p->graph->dims;
  gcut_string text;
  gcut__gcir_peek(p);
  size_t start = p->at;
  if (gcut__gcir_at_string(p)) {
    GCUT_TRY(gcut__gcir_string(p, p->scratch, &text));
  } else {
    text = expression_text(p);
    if (!gcut_dim_is_expression(text.data, text.size))
      return gcut__gcir_fail(p, start, "expected a dimension");
    if (text.size == 1 && *text.data == '?') text.size = 0;
  }
  bool negative = text.size > 1 && *text.data == '-' && is_number(text.data + 1, text.size - 1);
  *out = negative ? gcut_dim_fresh(dims) : gcut_dim_parse(dims, text.data, text.size);
  if (*out != GCUT_DIM_INVALID) return GCUT_OK;
  return gcut_dims_out_of_memory(dims)
             ? GCUT_NO_MEMORY(p->err)
             : gcut__gcir_fail(p, start, "the dimension is too large an expression");
}

static gcut_status parse_dims(gcir_parser *p, gcut_type *out) {
  gcut_dim dims[GCUT_MAX_RANK];
  int rank = 0;
  out->rank = -1;
  if (gcut__gcir_accept(p, ']')) return GCUT_OK;
  do {
    if (rank == GCUT_MAX_RANK)
      return gcut__gcir_fail(p, p->at, "more than %d dimensions", GCUT_MAX_RANK);
    GCUT_TRY(parse_dim(p, &dims[rank++]));
  } while (gcut__gcir_accept(p, ','));
  out->rank = (int16_t)rank;
  out->dims = gcut_arena_copy(p->arena, dims, (size_t)rank * sizeof *dims);
  if (!out->dims) return GCUT_NO_MEMORY(p->err);
  return gcut__gcir_expect(p, ']');
}

// ---- types ------------------------------------------------------------------------------------

static gcut_status parse_tensor(gcir_parser *p, gcut_dtype type, gcut_type *out) {
  *out = (gcut_type){.kind = GCUT_KIND_TENSOR, .type = (uint8_t)type};
  if (!gcut__gcir_accept(p, '[')) return GCUT_OK;
  return parse_dims(p, out);
}

// What a sequence or optional holds is kept apart where it says more than its element type.
static gcut_status parse_inner(gcir_parser *p, gcut_kind kind, gcut_type *out, unsigned depth) {
  gcut_type *inner = GCUT_NEW(p->arena, gcut_type);
  if (!inner) return GCUT_NO_MEMORY(p->err);
  GCUT_TRY(parse_at(p, inner, depth + 1));
  *out = (gcut_type){.kind = (uint8_t)kind, .type = inner->type, .rank = -1};
  if (inner->kind != GCUT_KIND_TENSOR || inner->rank >= 0) out->element = inner;
  return GCUT_OK;
}

static gcut_status parse_map(gcir_parser *p, gcut_type *out, unsigned depth) {
  gcut_type *value = GCUT_NEW(p->arena, gcut_type);
  if (!value) return GCUT_NO_MEMORY(p->err);
  gcut__gcir_peek(p);
  size_t start = p->at;
  gcut_string key = gcut__gcir_identifier(p);
  gcut_dtype type = gcut_dtype_find(key.data, key.size);
  if (key.size == 0 && gcut__gcir_accept(p, '?')) key.size = 1;
  if (key.size == 0 || (type == GCUT_UNDEFINED && *key.data != '?'))
    return gcut__gcir_fail(p, start, "expected the element type of a map's keys");
  GCUT_TRY(gcut__gcir_expect(p, ','));
  GCUT_TRY(parse_at(p, value, depth + 1));
  *out = (gcut_type){.kind = GCUT_KIND_MAP, .type = (uint8_t)type, .rank = -1, .element = value};
  return GCUT_OK;
}

static gcut_status parse_composite(gcir_parser *p, gcut_string word, size_t start, gcut_type *out,
                                   unsigned depth) {
  if (!is_composite(word)) return gcut__gcir_fail(p, start, "expected a type");
  if (gcut__gcir_is(word, "sparse_tensor") || gcut__gcir_is(word, "opaque"))
    return GCUT_FAIL(p->err, GCUT_UNSUPPORTED, "%.300s: a sparse tensor or opaque type", p->path);
  GCUT_TRY(gcut__gcir_expect(p, '('));
  if (*word.data == 'm')
    GCUT_TRY(parse_map(p, out, depth));
  else
    GCUT_TRY(
        parse_inner(p, *word.data == 's' ? GCUT_KIND_SEQUENCE : GCUT_KIND_OPTIONAL, out, depth));
  return gcut__gcir_expect(p, ')');
}

static gcut_status parse_at(gcir_parser *p, gcut_type *out, unsigned depth) {
  bool unknown = gcut__gcir_accept(p, '?');
  size_t start = p->at;
  gcut_string word = unknown ? (gcut_string){"", 0} : gcut__gcir_identifier(p);
  gcut_dtype type = unknown ? GCUT_UNDEFINED : gcut_dtype_find(word.data, word.size);
  if (depth > GCIR_MAX_TYPE_DEPTH)
    return gcut__gcir_fail(p, start, "more than %d types within one another", GCIR_MAX_TYPE_DEPTH);
  if (unknown || type != GCUT_UNDEFINED) return parse_tensor(p, type, out);
  return parse_composite(p, word, start, out, depth);
}

gcut_status gcut__gcir_type(gcir_parser *p, gcut_type *out) {
  return parse_at(p, out, 0);
}
