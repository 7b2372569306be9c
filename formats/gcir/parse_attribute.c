// Attributes: name: kind = value. Without a kind it follows from the value; a list of numbers is of
// floats where one of them is. A graph is written as the main graph is, a sparse tensor as
// sparse [4, 5] (values, indices), a reference to an attribute of the function around as @name.
#include "formats/gcir/gcir.h"
#include "tracer/base/checked.h"

static const struct kind_row {
  const char *name;
  gcut_attribute_kind single, list; // what it is; 0 where it is the other
} kinds[] = {
    {"float", GCUT_ATTRIBUTE_FLOAT, 0},       {"int", GCUT_ATTRIBUTE_INT, 0},
    {"string", GCUT_ATTRIBUTE_STRING, 0},     {"tensor", GCUT_ATTRIBUTE_TENSOR, 0},
    {"graph", GCUT_ATTRIBUTE_GRAPH, 0},       {"sparse_tensor", GCUT_ATTRIBUTE_SPARSE_TENSOR, 0},
    {"type_proto", GCUT_ATTRIBUTE_TYPE, 0},   {"floats", 0, GCUT_ATTRIBUTE_FLOATS},
    {"ints", 0, GCUT_ATTRIBUTE_INTS},         {"strings", 0, GCUT_ATTRIBUTE_STRINGS},
    {"tensors", 0, GCUT_ATTRIBUTE_TENSORS},   {"graphs", 0, GCUT_ATTRIBUTE_GRAPHS},
    {"type_protos", 0, GCUT_ATTRIBUTE_TYPES},
};

static gcut_attribute_kind single_of(gcut_attribute_kind list) {
  switch (list) {
  case GCUT_ATTRIBUTE_FLOATS: return GCUT_ATTRIBUTE_FLOAT;
  case GCUT_ATTRIBUTE_INTS: return GCUT_ATTRIBUTE_INT;
  case GCUT_ATTRIBUTE_STRINGS: return GCUT_ATTRIBUTE_STRING;
  case GCUT_ATTRIBUTE_TENSORS: return GCUT_ATTRIBUTE_TENSOR;
  case GCUT_ATTRIBUTE_GRAPHS: return GCUT_ATTRIBUTE_GRAPH;
  case GCUT_ATTRIBUTE_TYPES: return GCUT_ATTRIBUTE_TYPE;
  default: return list;
  }
}

static gcut_attribute_kind list_of(gcut_attribute_kind single) {
  for (gcut_attribute_kind kind = GCUT_ATTRIBUTE_FLOATS; kind <= GCUT_ATTRIBUTE_TYPES; kind++)
    if (kind != single && single_of(kind) == single) return kind;
  return single;
}

// ---- single values ----------------------------------------------------------------------------

static gcut_status parse_graph(gcir_parser *p, gcir_attribute *out) {
  out->value.kind = GCUT_ATTRIBUTE_GRAPH;
  gcir_graph **slot = gcut__gcir_append(p, &out->graphs, sizeof *slot);
  return slot ? gcut__gcir_graph(p, slot) : GCUT_NO_MEMORY(p->err);
}

// A type, or where elements follow, a tensor with or without a name.
static gcut_status parse_typed(gcir_parser *p, gcir_attribute *out) {
  gcut_type *type = GCUT_NEW(p->arena, gcut_type);
  const char *name = NULL;
  if (!type) return GCUT_NO_MEMORY(p->err);
  GCUT_TRY(gcut__gcir_type(p, type));
  GCUT_TRY(gcut__gcir_optional_name(p, &name));
  int next = gcut__gcir_peek(p);
  if (!name && next != '{' && next != '=') {
    out->value.kind = GCUT_ATTRIBUTE_TYPE, out->value.types = type;
    return GCUT_OK;
  }
  (void)gcut__gcir_accept(p, '=');
  out->value.kind = GCUT_ATTRIBUTE_TENSOR;
  return gcut__gcir_tensor(p, type, name ? name : "", &out->value.tensor);
}

static gcut_status parse_sparse_dims(gcir_parser *p, gcut_attribute *out) {
  int64_t dims[GCUT_MAX_RANK];
  uint64_t count;
  int rank = 0;
  size_t start = p->at;
  GCUT_TRY(gcut__gcir_expect(p, '['));
  while (!gcut__gcir_accept(p, ']')) {
    if (rank > 0) GCUT_TRY(gcut__gcir_expect(p, ','));
    if (rank == GCUT_MAX_RANK)
      return gcut__gcir_fail(p, p->at, "more than %d dimensions", GCUT_MAX_RANK);
    GCUT_TRY(gcut__gcir_int(p, &dims[rank++]));
  }
  if (!gcut_checked_count(rank, dims, &count))
    return gcut__gcir_fail(p, start, "a shape that is negative or too large");
  out->sparse.rank = rank;
  out->sparse.dims = gcut_arena_copy(p->arena, dims, (size_t)rank * sizeof *dims);
  return out->sparse.dims ? GCUT_OK : GCUT_NO_MEMORY(p->err);
}

static gcut_status parse_sparse(gcir_parser *p, gcir_attribute *out) {
  gcir_attribute values = {0}, indices = {0};
  size_t start = p->at;
  gcut__gcir_identifier(p); // "sparse"
  GCUT_TRY(parse_sparse_dims(p, &out->value));
  GCUT_TRY(gcut__gcir_expect(p, '('));
  GCUT_TRY(parse_typed(p, &values));
  GCUT_TRY(gcut__gcir_expect(p, ','));
  GCUT_TRY(parse_typed(p, &indices));
  GCUT_TRY(gcut__gcir_expect(p, ')'));
  if (values.value.kind != GCUT_ATTRIBUTE_TENSOR || indices.value.kind != GCUT_ATTRIBUTE_TENSOR)
    return gcut__gcir_fail(p, start, "a sparse tensor is two tensors: values and indices");
  out->value.kind = GCUT_ATTRIBUTE_SPARSE_TENSOR, out->value.n = 2;
  out->value.sparse.values = values.value.tensor, out->value.sparse.indices = indices.value.tensor;
  return GCUT_OK;
}

static gcut_status parse_number(gcir_parser *p, gcut_attribute_kind wanted, gcut_attribute *out) {
  gcir_literal literal;
  GCUT_TRY(gcut__gcir_literal(p, &literal));
  bool is_int = literal.kind != GCIR_FLOAT && wanted != GCUT_ATTRIBUTE_FLOAT;
  out->kind = is_int ? GCUT_ATTRIBUTE_INT : GCUT_ATTRIBUTE_FLOAT;
  return is_int ? gcut__gcir_as_int(p, &literal, &out->i)
                : gcut__gcir_as_float(p, &literal, &out->f);
}

static bool at_sparse(gcir_parser *p) {
  if (!gcut__gcir_is(gcut__gcir_peek_identifier(p), "sparse")) return false;
  size_t start = p->at;
  gcut__gcir_identifier(p);
  bool found = gcut__gcir_peek(p) == '[';
  p->at = start;
  return found;
}

// Parses one value; `wanted` is the kind it should be, or 0.
static gcut_status parse_single(gcir_parser *p, gcut_attribute_kind wanted, gcir_attribute *out) {
  gcut__gcir_peek(p);
  size_t start = p->at;
  out->value.n = 1;
  if (wanted == GCUT_ATTRIBUTE_GRAPH) {
    GCUT_TRY(parse_graph(p, out));
  } else if (gcut__gcir_at_string(p)) {
    out->value.kind = GCUT_ATTRIBUTE_STRING;
    GCUT_TRY(gcut__gcir_string(p, p->arena, &out->value.s));
  } else if (gcut__gcir_at_type(p)) {
    GCUT_TRY(parse_typed(p, out));
  } else if (gcut__gcir_at_number(p)) {
    GCUT_TRY(parse_number(p, wanted, &out->value));
  } else if (at_sparse(p)) {
    GCUT_TRY(parse_sparse(p, out));
  } else {
    GCUT_TRY(parse_graph(p, out));
  }
  if (wanted == 0 || wanted == out->value.kind) return GCUT_OK;
  return gcut__gcir_fail(p, start, "an attribute's value is not of the kind it is said to be");
}

// ---- lists ------------------------------------------------------------------------------------

#define LIST_KINDS(X)                                                                              \
  X(FLOATS, floats, f, float)                                                                      \
  X(INTS, ints, i, int64_t)                                                                        \
  X(STRINGS, strings, s, gcut_string)                                                              \
  X(TENSORS, tensors, tensor, uint32_t)                                                            \
  X(TYPES, types, types[0], gcut_type)

// Makes one list of single values of one kind.
static gcut_status collect(gcir_parser *p, gcir_list *values, gcir_attribute *out) {
  out->value.n = values->n;
  switch (out->value.kind) {
#define X(KIND, field, single, type)                                                               \
  case GCUT_ATTRIBUTE_##KIND: {                                                                    \
    type *items = GCUT_NEW_ARRAY(p->arena, type, values->n);                                       \
    if (!items) return GCUT_NO_MEMORY(p->err);                                                     \
    for (uint32_t i = 0; i < values->n; i++)                                                       \
      items[i] = GCIR_ITEM(gcir_attribute, *values, i).value.single;                               \
    out->value.field = items;                                                                      \
    return GCUT_OK;                                                                                \
  }
    LIST_KINDS(X)
#undef X
  default: break;
  }
  for (uint32_t i = 0; i < values->n; i++) {
    gcir_graph **slot = gcut__gcir_append(p, &out->graphs, sizeof *slot);
    if (!slot) return GCUT_NO_MEMORY(p->err);
    *slot = GCIR_ITEM(gcir_graph *, GCIR_ITEM(gcir_attribute, *values, i).graphs, 0);
  }
  return GCUT_OK;
}

// Ints among floats are floats.
static gcut_status unify(gcir_parser *p, gcir_list *values, size_t at, gcut_attribute_kind *out) {
  gcut_attribute_kind kind = GCIR_ITEM(gcir_attribute, *values, 0).value.kind;
  for (uint32_t i = 0; i < values->n; i++)
    if (GCIR_ITEM(gcir_attribute, *values, i).value.kind == GCUT_ATTRIBUTE_FLOAT)
      kind = GCUT_ATTRIBUTE_FLOAT;
  for (uint32_t i = 0; i < values->n; i++) {
    gcut_attribute *a = &GCIR_ITEM(gcir_attribute, *values, i).value;
    if (a->kind == GCUT_ATTRIBUTE_INT && kind == GCUT_ATTRIBUTE_FLOAT) a->f = (float)a->i;
    if (a->kind != kind && !(a->kind == GCUT_ATTRIBUTE_INT && kind == GCUT_ATTRIBUTE_FLOAT))
      return gcut__gcir_fail(p, at, "a list of values of different kinds");
  }
  *out = kind;
  return GCUT_OK;
}

static gcut_status parse_list(gcir_parser *p, gcut_attribute_kind wanted, gcir_attribute *out) {
  gcir_list values = {0};
  size_t start = p->at;
  gcut_attribute_kind kind = single_of(wanted);
  if (wanted != 0 && kind == wanted)
    return gcut__gcir_fail(p, start, "a list, where a single value is said to be");
  while (!gcut__gcir_accept(p, ']')) {
    if (values.n > 0) GCUT_TRY(gcut__gcir_expect(p, ','));
    gcir_attribute *value = gcut__gcir_append(p, &values, sizeof *value);
    if (!value) return GCUT_NO_MEMORY(p->err);
    gcir_attribute single = {0};
    GCUT_TRY(parse_single(p, kind, &single));
    GCIR_ITEM(gcir_attribute, values, values.n - 1) = single;
  }
  if (wanted == 0 && values.n == 0)
    return gcut__gcir_fail(p, start, "an empty list needs its kind: \"name: ints = []\"");
  if (wanted == 0) GCUT_TRY(unify(p, &values, start, &kind));
  out->value.kind = wanted != 0 ? wanted : list_of(kind);
  if (out->value.kind == GCUT_ATTRIBUTE_SPARSE_TENSORS)
    return GCUT_FAIL(p->err, GCUT_UNSUPPORTED, "%.300s: a list of sparse tensors", p->path);
  return collect(p, &values, out);
}

// ---- attributes -------------------------------------------------------------------------------

static gcut_status parse_kind(gcir_parser *p, gcut_attribute_kind *out) {
  gcut__gcir_peek(p);
  size_t start = p->at;
  gcut_string word = gcut__gcir_identifier(p);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (!gcut__gcir_is(word, kinds[i].name)) continue;
    *out = kinds[i].single ? kinds[i].single : kinds[i].list;
    return GCUT_OK;
  }
  if (gcut__gcir_is(word, "sparse_tensors"))
    return GCUT_FAIL(p->err, GCUT_UNSUPPORTED, "%.300s: a list of sparse tensors", p->path);
  return gcut__gcir_fail(p, start, "'%.*s' is no kind of attribute",
                         (int)(word.size < 60 ? word.size : 60), word.data);
}

// Its "= value", after name and kind.
gcut_status gcut__gcir_attribute(gcir_parser *p, const char *name, gcir_attribute *out) {
  gcut_attribute_kind kind = 0;
  *out = (gcir_attribute){.value.name = name};
  if (gcut__gcir_accept(p, ':')) GCUT_TRY(parse_kind(p, &kind));
  GCUT_TRY(gcut__gcir_expect(p, '='));
  if (gcut__gcir_accept(p, '[')) return parse_list(p, kind, out);
  if (gcut__gcir_accept(p, '@')) return gcut__gcir_name(p, &out->reference);
  if (kind != 0 && kind != single_of(kind))
    return gcut__gcir_fail(p, p->at, "a single value, where a list is said to be");
  return parse_single(p, kind, out);
}

gcut_status gcut__gcir_attributes(gcir_parser *p, gcir_list *out) {
  do {
    const char *name;
    gcir_attribute attribute;
    GCUT_TRY(gcut__gcir_name(p, &name));
    GCUT_TRY(gcut__gcir_attribute(p, name, &attribute));
    gcir_attribute *slot = gcut__gcir_append(p, out, sizeof *slot);
    if (!slot) return GCUT_NO_MEMORY(p->err);
    *slot = attribute;
  } while (gcut__gcir_accept(p, ','));
  return gcut__gcir_expect(p, '>');
}
