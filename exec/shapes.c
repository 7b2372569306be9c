// Batches may differ in shape; most have the shape of another. Each distinct one is traced once,
// with everything that depends on shapes alone folded.
#include "exec/shapes.h"

#include <stdio.h>
#include <stdlib.h>

#include "exec/cpu/call.h"
#include "graphcut/slicing.h"
#include "tracer/base/error.h"
#include "tracer/base/vector.h"

typedef struct finder {
  const gcut_graph *graph;
  const gcut_plan *plan;
  gcut__shapes *shapes;
  char batch[320]; // the one at hand, as messages call it
  uint32_t traces_capacity;
  gcut__cpu_runner *runner;
  gcut_tensor **inputs; // [n_inputs] of the batch at hand
  uint32_t n_inputs;
} finder;

gcut_status gcut_trace_folded(const gcut_graph *graph, const gcut_trace_options *options,
                              gcut_trace **out_trace, gcut_error *err) {
  gcut_trace_options with = options ? *options : (gcut_trace_options){0};
  gcut__cpu_runner *runner;
  *out_trace = NULL;
  GCUT_TRY(gcut__cpu_runner_create(&runner, err));
  with.evaluate = gcut__cpu_evaluate;
  with.evaluate_context = runner;
  gcut_status status = gcut_trace_create(graph, &with, out_trace, err);
  gcut__cpu_runner_destroy(runner);
  return status;
}

// ---- slices -----------------------------------------------------------------------------------

static bool has_static_dims(const gcut_type *type) {
  bool known = type->kind == GCUT_KIND_TENSOR && type->type && type->rank >= 0;
  for (int d = 0; known && d < type->rank; d++) known = gcut_dim_known(type->dims[d]);
  return known;
}

int64_t gcut_slicing_batch(const gcut_slicing *slicing, const gcut_trace *whole) {
  const gcut_body *body = &whole->graph->bodies[0];
  for (uint32_t i = 0; i < body->n_inputs; i++) {
    uint32_t value = body->inputs[i];
    const gcut_type *type = &whole->facts[value].type;
    if (slicing->axes[value] >= 0 && has_static_dims(type))
      return type->dims[slicing->axes[value]] / slicing->units[value];
  }
  return 0;
}

gcut_status gcut_slicing_trace(const gcut_slicing *slicing, const gcut_trace *whole, int64_t n,
                               gcut_trace **out_trace, gcut_error *err) {
  const gcut_body *body = &whole->graph->bodies[0];
  gcut_arena *arena = gcut_arena_create();
  gcut_input_shape *shapes = GCUT_NEW_ARRAY(arena, gcut_input_shape, body->n_inputs);
  gcut_trace_options options = {.inputs = shapes, .like = whole};
  gcut_status status = arena && shapes ? GCUT_OK : GCUT_NO_MEMORY(err);
  *out_trace = NULL;
  for (uint32_t i = 0; i < body->n_inputs && status == GCUT_OK; i++) {
    uint32_t value = body->inputs[i];
    const gcut_type *type = &whole->facts[value].type;
    if (!has_static_dims(type) || whole->facts[value].constant) continue;
    int64_t *dims = gcut_arena_copy(arena, type->dims, (size_t)type->rank * sizeof *dims);
    if (!dims) status = GCUT_NO_MEMORY(err);
    if (dims && slicing->axes[value] >= 0) dims[slicing->axes[value]] = n * slicing->units[value];
    shapes[options.n_inputs++] =
        (gcut_input_shape){value, (gcut_dtype)type->type, type->rank, dims};
  }
  if (status == GCUT_OK) status = gcut_trace_folded(whole->graph, &options, out_trace, err);
  gcut_arena_destroy(arena);
  return status;
}

// ---- which class ------------------------------------------------------------------------------

static bool same_type(const gcut_type *type, const gcut_tensor *t) {
  if (type->kind == GCUT_KIND_OPTIONAL)
    return true; // with a value it is the value: no shape of it is traced
  if (type->kind != t->kind) return false;
  if (t->kind != GCUT_KIND_TENSOR) return true;
  if (type->type != t->type || type->rank != t->rank) return false;
  for (int d = 0; d < t->rank; d++)
    if (type->dims[d] != t->dims[d]) return false;
  return true;
}

bool gcut__shapes_match(const gcut_trace *trace, gcut_tensor *const *inputs) {
  const gcut_body *main_graph = &trace->graph->bodies[0];
  for (uint32_t i = 0; i < main_graph->n_inputs; i++) {
    uint32_t value = main_graph->inputs[i];
    bool given = inputs[i] != NULL, was_given = trace->facts[value].constant == NULL;
    if (trace->graph->values[value].constant != GCUT_NONE && given != was_given) return false;
    if (given && !same_type(&trace->facts[value].type, inputs[i])) return false;
  }
  return true;
}

static uint32_t find_class(const finder *f) {
  uint32_t c = 0;
  while (c < f->shapes->n_classes && !gcut__shapes_match(f->shapes->traces[c], f->inputs)) c++;
  return c;
}

// ---- a new class ------------------------------------------------------------------------------

static uint32_t list_shapes(const finder *f, gcut_input_shape *shapes) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < f->n_inputs; i++) {
    const gcut_tensor *t = f->inputs[i];
    if (t && t->kind == GCUT_KIND_TENSOR)
      shapes[n++] = (gcut_input_shape){.value = f->graph->bodies[0].inputs[i],
                                       .type = t->type,
                                       .rank = t->rank,
                                       .dims = t->dims};
  }
  return n;
}

// Whether a node that runs, or a fetch, wants what the node makes and the trace does not know.
static bool is_wanted(const finder *f, const gcut_trace *trace, const bool *runs, uint32_t id) {
  const gcut_graph *g = f->graph;
  const gcut_node *node = &g->nodes[id];
  for (uint32_t o = 0; o < node->n_outputs; o++) {
    uint32_t v = gcut_node_outputs(g, node)[o];
    if (v == GCUT_NONE || trace->facts[v].constant) continue;
    for (uint32_t u = 0; u < g->values[v].n_uses; u++)
      if (runs[g->uses[g->values[v].first_use + u]]) return true;
    for (uint32_t i = 0; i < f->plan->n_fetches; i++)
      if (f->plan->fetches[i] == v) return true;
  }
  return false;
}

// A plan made for given shapes leaves out what those shapes fold, and what only that reads; for
// others some of it may have to run. The nodes left out are listed producers first.
static gcut_status check_folded(const finder *f, const gcut_trace *trace, gcut_error *err) {
  const gcut_plan *plan = f->plan;
  bool *runs = GCUT_NEW_ARRAY(f->shapes->arena, bool, f->graph->n_nodes);
  if (!runs) return GCUT_NO_MEMORY(err);
  for (uint32_t p = 0; p < plan->n_parts; p++)
    for (uint32_t i = 0; i < plan->parts[p].n_nodes; i++)
      runs[plan->parts[p].nodes[i]] = !trace->folded[plan->parts[p].nodes[i]];
  for (uint32_t i = plan->n_folded; i-- > 0;) {
    uint32_t node = plan->folded[i];
    runs[node] = is_wanted(f, trace, runs, node);
    if (runs[node])
      return GCUT_FAIL(err, GCUT_FORMAT,
                       "%s has other shapes than the plan was made for: node '%.200s' would "
                       "have to run (cut without --set)",
                       f->batch, f->graph->nodes[node].name);
  }
  return GCUT_OK;
}

static gcut_status add_class(finder *f, gcut_error *err) {
  gcut__shapes *s = f->shapes;
  gcut_input_shape *shapes = GCUT_NEW_ARRAY(s->arena, gcut_input_shape, f->n_inputs);
  if (!shapes || !gcut_vector_reserve((void **)&s->traces, &f->traces_capacity, s->n_classes, 1,
                                      sizeof *s->traces))
    return GCUT_NO_MEMORY(err);
  gcut_trace_options options = {.inputs = shapes,
                                .n_inputs = list_shapes(f, shapes),
                                .evaluate = gcut__cpu_evaluate,
                                .evaluate_context = f->runner,
                                .unfused = f->plan->unfused,
                                .like = s->n_classes > 0 ? s->traces[0] : NULL};
  gcut_error cause = {{0}};
  gcut_status status = gcut_trace_create(f->graph, &options, &s->traces[s->n_classes], &cause);
  if (status != GCUT_OK)
    return GCUT_FAIL(err, status == GCUT_ARGUMENT ? GCUT_FORMAT : status, "%s: %s", f->batch,
                     cause.message);
  return check_folded(f, s->traces[s->n_classes++], err);
}

// ---- batches ----------------------------------------------------------------------------------

static bool is_read(const gcut_plan *plan, uint32_t value) {
  for (uint32_t p = 0; p < plan->n_parts; p++)
    for (uint32_t i = 0; i < plan->parts[p].n_inputs; i++)
      if (plan->parts[p].inputs[i] == value) return true;
  return false;
}

static gcut_status check_given(const finder *f, gcut_error *err) {
  for (uint32_t i = 0; i < f->n_inputs; i++) {
    uint32_t value = f->graph->bodies[0].inputs[i];
    const gcut_value *v = &f->graph->values[value];
    if (!f->inputs[i] && v->constant == GCUT_NONE && is_read(f->plan, value))
      return GCUT_FAIL(err, GCUT_FORMAT, "%s: has no input '%.200s'", f->batch, v->name);
  }
  return GCUT_OK;
}

static gcut_status classify(finder *f, size_t batch, gcut_error *err) {
  GCUT_TRY(check_given(f, err));
  uint32_t c = find_class(f);
  if (c == f->shapes->n_classes) GCUT_TRY(add_class(f, err));
  f->shapes->classes[batch] = c;
  return GCUT_OK;
}

void gcut__batch_name(const gcut_source *source, size_t batch, char *buffer, size_t size) {
  if (source->name)
    snprintf(buffer, size, "%.300s", source->name(source->context, batch));
  else
    snprintf(buffer, size, "batch %zu", batch);
}

static gcut_status read_all(finder *f, const gcut_source *source, gcut_error *err) {
  for (size_t b = 0; b < source->n_batches; b++) {
    gcut_status status = source->read(source->context, b, f->inputs, err);
    gcut__batch_name(source, b, f->batch, sizeof f->batch);
    if (status == GCUT_OK) status = classify(f, b, err);
    for (uint32_t i = 0; i < f->n_inputs; i++) {
      gcut_tensor_unref(f->inputs[i]);
      f->inputs[i] = NULL;
    }
    GCUT_TRY(status);
  }
  return GCUT_OK;
}

gcut_status gcut__shapes_create(const gcut_graph *graph, const gcut_plan *plan,
                                const gcut_source *source, gcut__shapes *out, gcut_error *err) {
  finder f = {.graph = graph, .plan = plan, .shapes = out, .n_inputs = graph->bodies[0].n_inputs};
  *out = (gcut__shapes){.arena = gcut_arena_create(), .n_batches = (uint32_t)source->n_batches};
  if (source->n_batches >= UINT32_MAX)
    return GCUT_FAIL(err, GCUT_ARGUMENT, "%zu batches are too many", source->n_batches);
  out->classes = GCUT_NEW_ARRAY(out->arena, uint32_t, source->n_batches);
  f.inputs = GCUT_NEW_ARRAY(out->arena, gcut_tensor *, f.n_inputs);
  gcut_status status =
      out->classes && f.inputs ? gcut__cpu_runner_create(&f.runner, err) : GCUT_NO_MEMORY(err);
  if (status == GCUT_OK) status = read_all(&f, source, err);
  gcut__cpu_runner_destroy(f.runner);
  return status;
}

void gcut__shapes_free(gcut__shapes *shapes) {
  for (uint32_t c = 0; c < shapes->n_classes; c++) gcut_trace_destroy(shapes->traces[c]);
  free(shapes->traces);
  gcut_arena_destroy(shapes->arena);
  *shapes = (gcut__shapes){0};
}
