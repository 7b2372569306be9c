// Whether a model may be computed in slices of its batch: the symbols that may be the batch are
// tried one after another, and the claims of the values asked for (claims.c) decide.
#include <stdio.h>
#include <stdlib.h>

#include "tracer/slicing/slicing.h"

enum { MOST_SYMBOLS = 8 }; // that are tried

static gcut_status refuse(const gcut__slicer *s, uint32_t value, gcut_error *err) {
  const gcut__sliced *v = &s->values[value];
  const char *symbol = gcut_dims_symbol_name(s->c.dims, s->symbol);
  if (v->carry != GCUT__UNPROVEN)
    return GCUT_FAIL(err, GCUT_UNSUPPORTED, "slices along '%.100s' cannot be joined: '%.200s' %s",
                     symbol, s->graph->values[value].name,
                     v->carry == GCUT__SIZES    ? "depends on the size of the batch"
                     : v->carry == GCUT__COUNTS ? "counts along the batch"
                     : v->runs != 1             ? "has the batch in several runs along one axis"
                                                : "has elements that are no whole bytes");
  if (v->node == GCUT_NONE)
    return GCUT_FAIL(err, GCUT_UNSUPPORTED, "no slices along '%.100s': input '%.200s': %s", symbol,
                     s->graph->values[value].name, v->why);
  const gcut_node *node = &s->graph->nodes[v->node];
  return GCUT_FAIL(err, GCUT_UNSUPPORTED,
                   "no slices along '%.100s' for '%.200s': node '%.200s' (%.100s): %s", symbol,
                   s->graph->values[value].name, node->name, node->op_type, v->why);
}

static bool is_joined(const gcut__slicer *s, uint32_t value) {
  const gcut__sliced *v = &s->values[value];
  gcut_dtype type = (gcut_dtype)s->trace->facts[value].type.type;
  if (v->carry == GCUT__SAME) return true;
  return v->carry == GCUT__ALONG && v->runs == 1 && type != GCUT_STRING &&
         gcut_dtype_bits(type) >= 8;
}

// What the proof amounts to, for those who slice and join.
static gcut_status conclude(const gcut__slicer *s, gcut_slicing *out, gcut_error *err) {
  const gcut_body *body = &s->graph->bodies[0];
  int8_t *axes = GCUT_NEW_ARRAY(out->arena, int8_t, s->graph->n_values);
  int64_t *units = GCUT_NEW_ARRAY(out->arena, int64_t, s->graph->n_values);
  const char *name = gcut_dims_symbol_name(s->c.dims, s->symbol);
  out->symbol = gcut_arena_string(out->arena, name, strlen(name));
  if (!axes || !units || !out->symbol) return GCUT_NO_MEMORY(err);
  for (uint32_t v = 0; v < s->graph->n_values; v++)
    axes[v] = (int8_t)(s->values[v].carry == GCUT__ALONG ? s->values[v].axis : GCUT_UNSLICED);
  for (uint32_t i = 0; i < body->n_inputs; i++)
    if (axes[body->inputs[i]] >= 0) units[body->inputs[i]] = s->values[body->inputs[i]].unit;
  out->axes = axes;
  out->units = units;
  return GCUT_OK;
}

static gcut_status try_symbol(gcut__slicer *s, const uint32_t *values, uint32_t n,
                              gcut_slicing *out, gcut_error *err) {
  GCUT_TRY(gcut__slice_prove(s, err));
  for (uint32_t i = 0; i < n; i++)
    if (!is_joined(s, values[i])) return refuse(s, values[i], err);
  return conclude(s, out, err);
}

// The symbols that stand alone as sizes of inputs, first those of first axes: a batch is there.
static uint32_t list_symbols(const gcut__slicer *s, gcut_dim *out) {
  const gcut_body *body = &s->graph->bodies[0];
  uint32_t n = 0;
  for (int axis = 0; axis < GCUT_MAX_RANK; axis++)
    for (uint32_t i = 0; i < body->n_inputs; i++) {
      const gcut_type *type = &s->trace->facts[body->inputs[i]].type;
      if (axis >= type->rank || gcut_dim_known(type->dims[axis])) continue;
      bool fresh = gcut_dim_symbol_number(s->c.dims, type->dims[axis]) != GCUT_NONE;
      for (uint32_t k = 0; k < n; k++) fresh = fresh && out[k] != type->dims[axis];
      if (fresh && n < MOST_SYMBOLS) out[n++] = type->dims[axis];
    }
  return n;
}

// Batches that exporters gave two names look like two sizes.
static void append_other(const gcut__slicer *s, gcut_dim symbol, gcut_error *err) {
  const gcut_body *body = &s->graph->bodies[0];
  size_t used = strlen(err->message);
  for (uint32_t i = 0; i < body->n_inputs; i++) {
    const gcut_type *type = &s->trace->facts[body->inputs[i]].type;
    uint32_t other = type->rank > 1 ? gcut_dim_symbol_number(s->c.dims, type->dims[0]) : GCUT_NONE;
    if (other == GCUT_NONE || type->dims[0] == symbol) continue;
    snprintf(err->message + used, sizeof err->message - used,
             "; input '%.100s' begins with '%.100s': of one batch, both need one symbol",
             s->graph->values[body->inputs[i]].name, gcut_dims_symbol_name(s->c.dims, other));
    return;
  }
}

// The first symbol that will do; else why the first will not.
static gcut_status try_symbols(gcut__slicer *s, const uint32_t *values, uint32_t n,
                               gcut_slicing *out, gcut_error *err) {
  gcut_dim symbols[MOST_SYMBOLS];
  uint32_t n_symbols = list_symbols(s, symbols);
  if (n_symbols == 0)
    return GCUT_FAIL(err, GCUT_UNSUPPORTED,
                     "no slices: no input of the model has a symbolic dimension");
  gcut_error first = {{0}}, other;
  for (uint32_t i = 0; i < n_symbols; i++) {
    s->batch = symbols[i];
    s->symbol = gcut_dim_symbol_number(s->c.dims, symbols[i]);
    gcut_status status = try_symbol(s, values, n, out, i ? &other : &first);
    if (status != GCUT_UNSUPPORTED) return status;
  }
  append_other(s, symbols[0], &first);
  return GCUT_FAIL(err, GCUT_UNSUPPORTED, "%s", first.message);
}

gcut_status gcut_slicing_create(const gcut_trace *trace, const uint32_t *values, uint32_t n_values,
                                gcut_slicing **out_slicing, gcut_error *err) {
  const gcut_graph *g = trace->graph;
  gcut__slicer s = {.trace = trace, .graph = g, .n_clean = gcut_dims_n_symbols(trace->dims)};
  gcut_slicing *out = *out_slicing = calloc(1, sizeof *out);
  s.c = (gcut_infer){.graph = g, .dims = gcut_dims_copy(trace->dims), .arena = gcut_arena_create()};
  s.values = calloc(g->n_values + (size_t)1, sizeof *s.values);
  s.clean = calloc(s.n_clean + (size_t)1, 1);
  gcut_status status = GCUT_NOMEM;
  if (out) *out = (gcut_slicing){.graph = g, .arena = gcut_arena_create()};
  if (out && out->arena && s.c.dims && s.c.arena && s.values && s.clean)
    status = try_symbols(&s, values, n_values, out, err);
  else
    status = GCUT_NO_MEMORY(err);
  if (status != GCUT_OK) {
    gcut_slicing_destroy(out);
    *out_slicing = NULL;
  }
  gcut_dims_destroy(s.c.dims);
  gcut_arena_destroy(s.c.arena);
  free(s.values);
  free(s.clean);
  return status;
}

void gcut_slicing_destroy(gcut_slicing *slicing) {
  if (!slicing) return;
  gcut_arena_destroy(slicing->arena);
  free(slicing);
}
