// Walks both graphs side by side from the main body down; a value is known by its name and body, so
// numbering does not matter.
#include "tests/support/graph_equal.h"

#include <stdlib.h>
#include <string.h>

#include "tracer/base/error.h"

typedef struct comparison {
  const gcut_graph *a, *b;
  uint32_t *bodies; // [a->n_bodies]: the body of b that stands for one of a
  gcut_error *err;
} comparison;

#define DIFFER(c, ...) return GCUT_FAIL((c)->err, GCUT_MISMATCH, __VA_ARGS__)

#define SAME_TEXT(c, where, what, x, y)                                                            \
  do {                                                                                             \
    if (strcmp((x), (y)) != 0)                                                                     \
      DIFFER(c, "%.200s: %s '%.200s' against '%.200s'", (where), (what), (x), (y));                \
  } while (0)

#define SAME_NUMBER(c, where, what, x, y)                                                          \
  do {                                                                                             \
    if ((x) != (y))                                                                                \
      DIFFER(c, "%.200s: %s %lld against %lld", (where), (what), (long long)(x), (long long)(y));  \
  } while (0)

static gcut_status same_body(const comparison *c, uint32_t a, uint32_t b);

// ---- types ------------------------------------------------------------------------------------

static gcut_status same_dim(const comparison *c, const char *where, gcut_dim a, gcut_dim b) {
  char x[512], y[512];
  gcut_dim_format(c->a, a, x, sizeof x);
  gcut_dim_format(c->b, b, y, sizeof y);
  if (x[0] == '?' && y[0] == '?') return GCUT_OK;
  SAME_TEXT(c, where, "dimension", x, y);
  return GCUT_OK;
}

static gcut_status same_type(const comparison *c, const char *where, const gcut_type *a,
                             const gcut_type *b) {
  for (; a && b; a = a->element, b = b->element) {
    SAME_NUMBER(c, where, "kind", a->kind, b->kind);
    SAME_TEXT(c, where, "type", gcut_dtype_name((gcut_dtype)a->type),
              gcut_dtype_name((gcut_dtype)b->type));
    SAME_NUMBER(c, where, "rank", a->rank, b->rank);
    for (int d = 0; d < a->rank; d++) GCUT_TRY(same_dim(c, where, a->dims[d], b->dims[d]));
  }
  SAME_NUMBER(c, where, "an element type", a != NULL, b != NULL);
  return GCUT_OK;
}

// ---- metadata, constants, attributes ----------------------------------------------------------

// The metadata from `first` on; a graph without any has no array.
static const gcut_metadata *entries(const gcut_graph *g, uint32_t first) {
  return g->metadata ? g->metadata + first : NULL;
}

static gcut_status same_metadata(const comparison *c, const char *where, const gcut_metadata *a,
                                 uint32_t n_a, const gcut_metadata *b, uint32_t n_b) {
  SAME_NUMBER(c, where, "number of metadata entries", n_a, n_b);
  for (uint32_t i = 0; i < n_a; i++) {
    SAME_TEXT(c, where, "metadata key", a[i].key, b[i].key);
    SAME_TEXT(c, where, a[i].key, a[i].value, b[i].value);
  }
  return GCUT_OK;
}

static gcut_status same_string(const comparison *c, const char *where, gcut_string a,
                               gcut_string b) {
  if (a.size != b.size || (a.size > 0 && memcmp(a.data, b.data, a.size) != 0))
    DIFFER(c, "%.200s: strings differ", where);
  return GCUT_OK;
}

static gcut_status same_data(const comparison *c, const char *where, const gcut_constant *a,
                             const gcut_constant *b) {
  if (a->bytes == 0) return GCUT_OK;
  SAME_NUMBER(c, where, "elements there", a->data != NULL, b->data != NULL);
  if (!a->data) {
    SAME_NUMBER(c, where, "offset", a->offset, b->offset);
    SAME_TEXT(c, where, "file", c->a->files[a->file].location, c->b->files[b->file].location);
  } else if (a->type == GCUT_STRING) {
    const gcut_string *x = a->data, *y = b->data;
    for (uint64_t i = 0; i < a->bytes / sizeof *x; i++) GCUT_TRY(same_string(c, where, x[i], y[i]));
  } else if (memcmp(a->data, b->data, a->bytes) != 0) {
    DIFFER(c, "%.200s: elements differ", where);
  }
  return GCUT_OK;
}

static gcut_status same_constant(const comparison *c, const char *where, uint32_t a, uint32_t b) {
  const gcut_constant *x = &c->a->constants[a], *y = &c->b->constants[b];
  SAME_TEXT(c, where, "constant's name", x->name, y->name);
  SAME_NUMBER(c, where, "constant's type", x->type, y->type);
  SAME_NUMBER(c, where, "constant's rank", x->rank, y->rank);
  for (int d = 0; d < x->rank; d++)
    SAME_NUMBER(c, where, "constant's dimension", x->dims[d], y->dims[d]);
  SAME_NUMBER(c, where, "constant's bytes", x->bytes, y->bytes);
  return same_data(c, where, x, y);
}

static gcut_status same_sparse(const comparison *c, const char *where, const gcut_attribute *a,
                               const gcut_attribute *b) {
  SAME_NUMBER(c, where, "rank", a->sparse.rank, b->sparse.rank);
  for (int d = 0; d < a->sparse.rank; d++)
    SAME_NUMBER(c, where, "dimension", a->sparse.dims[d], b->sparse.dims[d]);
  GCUT_TRY(same_constant(c, where, a->sparse.values, b->sparse.values));
  return same_constant(c, where, a->sparse.indices, b->sparse.indices);
}

static gcut_status same_element(const comparison *c, const char *where, const gcut_attribute *a,
                                const gcut_attribute *b, size_t i) {
  switch (a->kind) {
  case GCUT_ATTRIBUTE_INTS: SAME_NUMBER(c, where, "number", a->ints[i], b->ints[i]); break;
  case GCUT_ATTRIBUTE_FLOATS:
    if (memcmp(&a->floats[i], &b->floats[i], sizeof(float)) != 0)
      DIFFER(c, "%.200s: %g against %g", where, (double)a->floats[i], (double)b->floats[i]);
    break;
  case GCUT_ATTRIBUTE_STRINGS: return same_string(c, where, a->strings[i], b->strings[i]);
  case GCUT_ATTRIBUTE_TENSORS: return same_constant(c, where, a->tensors[i], b->tensors[i]);
  case GCUT_ATTRIBUTE_GRAPHS: return same_body(c, a->bodies[i], b->bodies[i]);
  case GCUT_ATTRIBUTE_TYPE:
  case GCUT_ATTRIBUTE_TYPES: return same_type(c, where, &a->types[i], &b->types[i]);
  default: break;
  }
  return GCUT_OK;
}

static gcut_status same_attribute(const comparison *c, const char *where, const gcut_attribute *a,
                                  const gcut_attribute *b) {
  SAME_TEXT(c, where, "attribute", a->name, b->name);
  SAME_NUMBER(c, where, a->name, a->kind, b->kind);
  SAME_NUMBER(c, where, "length of an attribute", a->n, b->n);
  switch (a->kind) {
  case GCUT_ATTRIBUTE_FLOAT:
    if (memcmp(&a->f, &b->f, sizeof a->f) != 0)
      DIFFER(c, "%.200s: %s %g against %g", where, a->name, (double)a->f, (double)b->f);
    return GCUT_OK;
  case GCUT_ATTRIBUTE_INT: SAME_NUMBER(c, where, a->name, a->i, b->i); return GCUT_OK;
  case GCUT_ATTRIBUTE_STRING: return same_string(c, where, a->s, b->s);
  case GCUT_ATTRIBUTE_TENSOR: return same_constant(c, where, a->tensor, b->tensor);
  case GCUT_ATTRIBUTE_GRAPH: return same_body(c, a->body, b->body);
  case GCUT_ATTRIBUTE_SPARSE_TENSOR: return same_sparse(c, where, a, b);
  default: break;
  }
  for (size_t i = 0; i < a->n; i++) GCUT_TRY(same_element(c, where, a, b, i));
  return GCUT_OK;
}

// ---- nodes and values -------------------------------------------------------------------------

static gcut_status same_scope(const comparison *c, const char *where, uint32_t a, uint32_t b) {
  for (; a != GCUT_NONE && b != GCUT_NONE; a = c->a->scopes[a].parent, b = c->b->scopes[b].parent) {
    SAME_TEXT(c, where, "scope", c->a->scopes[a].path, c->b->scopes[b].path);
    SAME_TEXT(c, where, "class", c->a->scopes[a].class_name, c->b->scopes[b].class_name);
  }
  SAME_NUMBER(c, where, "depth of scopes", a, b);
  return GCUT_OK;
}

// Whether two values are each other's counterparts.
static gcut_status same_operand(const comparison *c, const char *where, uint32_t a, uint32_t b) {
  SAME_NUMBER(c, where, "an operand", a == GCUT_NONE, b == GCUT_NONE);
  if (a == GCUT_NONE) return GCUT_OK;
  SAME_TEXT(c, where, "value", c->a->values[a].name, c->b->values[b].name);
  SAME_NUMBER(c, where, "body of a value", c->bodies[c->a->values[a].body], c->b->values[b].body);
  return GCUT_OK;
}

static gcut_status same_operands(const comparison *c, const char *where, const uint32_t *a,
                                 uint32_t n_a, const uint32_t *b, uint32_t n_b) {
  SAME_NUMBER(c, where, "number of values", n_a, n_b);
  for (uint32_t i = 0; i < n_a; i++) GCUT_TRY(same_operand(c, where, a[i], b[i]));
  return GCUT_OK;
}

static gcut_status same_value(const comparison *c, uint32_t a, uint32_t b) {
  const gcut_value *x = &c->a->values[a], *y = &c->b->values[b];
  GCUT_TRY(same_operand(c, "value", a, b));
  GCUT_TRY(same_type(c, x->name, &x->declared, &y->declared));
  SAME_NUMBER(c, x->name, "is an input", x->is_input, y->is_input);
  SAME_NUMBER(c, x->name, "is an output", x->is_output, y->is_output);
  SAME_NUMBER(c, x->name, "is a constant", x->constant != GCUT_NONE, y->constant != GCUT_NONE);
  if (x->constant != GCUT_NONE) GCUT_TRY(same_constant(c, x->name, x->constant, y->constant));
  return same_metadata(c, x->name, entries(c->a, x->first_metadata), x->n_metadata,
                       entries(c->b, y->first_metadata), y->n_metadata);
}

static gcut_status same_values(const comparison *c, const char *where, const uint32_t *a,
                               uint32_t n_a, const uint32_t *b, uint32_t n_b) {
  SAME_NUMBER(c, where, "number of values", n_a, n_b);
  for (uint32_t i = 0; i < n_a; i++)
    if (a[i] != GCUT_NONE) GCUT_TRY(same_value(c, a[i], b[i]));
  return GCUT_OK;
}

static gcut_status same_node(const comparison *c, const gcut_node *a, const gcut_node *b) {
  SAME_TEXT(c, "node", "name", a->name, b->name);
  SAME_TEXT(c, a->name, "operator", a->op_type, b->op_type);
  SAME_TEXT(c, a->name, "domain", a->domain, b->domain);
  SAME_TEXT(c, a->name, "overload", a->overload, b->overload);
  SAME_TEXT(c, a->name, "doc", a->doc, b->doc);
  SAME_NUMBER(c, a->name, "version", a->version, b->version);
  GCUT_TRY(same_scope(c, a->name, a->scope, b->scope));
  GCUT_TRY(same_operands(c, a->name, gcut_node_inputs(c->a, a), a->n_inputs,
                         gcut_node_inputs(c->b, b), b->n_inputs));
  GCUT_TRY(same_operands(c, a->name, gcut_node_outputs(c->a, a), a->n_outputs,
                         gcut_node_outputs(c->b, b), b->n_outputs));
  GCUT_TRY(same_values(c, a->name, gcut_node_outputs(c->a, a), a->n_outputs,
                       gcut_node_outputs(c->b, b), b->n_outputs));
  SAME_NUMBER(c, a->name, "number of attributes", a->n_attributes, b->n_attributes);
  for (uint32_t i = 0; i < a->n_attributes; i++)
    GCUT_TRY(same_attribute(c, a->name, &c->a->attributes[a->first_attribute + i],
                            &c->b->attributes[b->first_attribute + i]));
  return same_metadata(c, a->name, entries(c->a, a->first_metadata), a->n_metadata,
                       entries(c->b, b->first_metadata), b->n_metadata);
}

// ---- bodies and the whole ---------------------------------------------------------------------

static gcut_status same_body(const comparison *c, uint32_t a, uint32_t b) {
  const gcut_body *x = &c->a->bodies[a], *y = &c->b->bodies[b];
  c->bodies[a] = b;
  SAME_TEXT(c, "graph", "name", x->name, y->name);
  SAME_TEXT(c, "graph", "doc", x->doc, y->doc);
  GCUT_TRY(same_metadata(c, "graph", entries(c->a, x->first_metadata), x->n_metadata,
                         entries(c->b, y->first_metadata), y->n_metadata));
  GCUT_TRY(same_values(c, "inputs", x->inputs, x->n_inputs, y->inputs, y->n_inputs));
  GCUT_TRY(same_values(c, "initializers", x->initializers, x->n_initializers, y->initializers,
                       y->n_initializers));
  SAME_NUMBER(c, x->name, "number of nodes", x->n_nodes, y->n_nodes);
  for (uint32_t i = 0; i < x->n_nodes; i++)
    GCUT_TRY(same_node(c, &c->a->nodes[x->nodes[i]], &c->b->nodes[y->nodes[i]]));
  return same_operands(c, "outputs", x->outputs, x->n_outputs, y->outputs, y->n_outputs);
}

static gcut_status same_model(const comparison *c) {
  const gcut_graph *a = c->a, *b = c->b;
  SAME_NUMBER(c, "model", "IR version", a->ir_version, b->ir_version);
  SAME_NUMBER(c, "model", "version", a->model_version, b->model_version);
  SAME_TEXT(c, "model", "producer", a->producer_name, b->producer_name);
  SAME_TEXT(c, "model", "producer's version", a->producer_version, b->producer_version);
  SAME_TEXT(c, "model", "domain", a->domain, b->domain);
  SAME_TEXT(c, "model", "doc", a->doc, b->doc);
  SAME_NUMBER(c, "model", "number of opsets", a->n_opsets, b->n_opsets);
  for (uint32_t i = 0; i < a->n_opsets; i++) {
    SAME_TEXT(c, "opset", "domain", a->opsets[i].domain, b->opsets[i].domain);
    SAME_NUMBER(c, a->opsets[i].domain, "opset", a->opsets[i].version, b->opsets[i].version);
  }
  return same_metadata(c, "model", entries(a, a->first_metadata), a->n_model_metadata,
                       entries(b, b->first_metadata), b->n_model_metadata);
}

gcut_status gcut_graph_equal(const gcut_graph *a, const gcut_graph *b, gcut_error *err) {
  comparison c = {a, b, malloc(a->n_bodies * sizeof *c.bodies), err};
  if (!c.bodies) return GCUT_NO_MEMORY(err);
  memset(c.bodies, 0xff, a->n_bodies * sizeof *c.bodies);
  gcut_status status = same_model(&c);
  if (status == GCUT_OK) status = same_body(&c, 0, 0);
  free(c.bodies);
  return status;
}
