// Batches in slices. The batch that was read last is kept while its slices are, and slices share
// its memory where they lie together in it; outputs are copied once, to where they belong in the
// whole.
#include "exec/slices.h"

#include <stdlib.h>
#include <string.h>

#include "exec/shapes.h"
#include "tracer/base/error.h"

// ---- batches in -------------------------------------------------------------------------------

static void forget(gcut__slices *s) {
  for (uint32_t i = 0; s->inputs && i < s->graph->bodies[0].n_inputs; i++) {
    gcut_tensor_unref(s->inputs[i]);
    s->inputs[i] = NULL;
  }
  s->batch = SIZE_MAX;
}

static gcut_status read_whole(gcut__slices *s, size_t batch, gcut_error *err) {
  if (s->batch == batch) return GCUT_OK;
  forget(s);
  GCUT_TRY(s->source.read(s->source.context, batch, s->inputs, err));
  s->batch = batch;
  return GCUT_OK;
}

// What the proof takes for constant must be.
static gcut_status check_default(const gcut__slices *s, size_t batch, uint32_t value,
                                 gcut_error *err) {
  const gcut_value *v = &s->graph->values[value];
  if (v->constant == GCUT_NONE) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_UNSUPPORTED,
                   "no slices: batch %zu gives '%.200s', which has a default", batch, v->name);
}

static gcut_status slice_input(const gcut__slices *s, const gcut__slice_of *it, uint32_t i,
                               gcut_tensor **out, gcut_error *err) {
  uint32_t value = s->graph->bodies[0].inputs[i];
  int64_t unit = s->slicing->units[value], n = s->wholes[it->batch].n;
  int axis = s->slicing->axes[value];
  gcut_tensor *t = s->inputs[i];
  GCUT_TRY(check_default(s, it->batch, value, err));
  if (axis < 0) {
    *out = gcut_tensor_ref(t);
    return GCUT_OK;
  }
  if (t->kind != GCUT_KIND_TENSOR || axis >= t->rank || t->dims[axis] != n * unit)
    return GCUT_FAIL(err, GCUT_FORMAT, "batch %zu changed while it was used", it->batch);
  return gcut_tensor_slice(t, axis, it->first * unit, it->n * unit, out, err);
}

static gcut_status read_slice(void *context, size_t index, gcut_tensor **inputs, gcut_error *err) {
  gcut__slices *s = context;
  const gcut__slice_of *it = &s->list[index];
  GCUT_TRY(read_whole(s, it->batch, err));
  for (uint32_t i = 0; i < s->graph->bodies[0].n_inputs; i++)
    if (s->inputs[i]) GCUT_TRY(slice_input(s, it, i, &inputs[i], err));
  // The last slice is the last that needs them.
  if (it->first + it->n == s->wholes[it->batch].n) forget(s);
  return GCUT_OK;
}

// ---- results out ------------------------------------------------------------------------------

static bool is_plain(const gcut_tensor *t) {
  return t->kind == GCUT_KIND_TENSOR && t->type != GCUT_STRING;
}

// Room for the whole of an output, of which one slice is here.
static gcut_status make_room(const gcut__slice_of *it, int axis, int64_t n, const gcut_tensor *part,
                             gcut_tensor **out, gcut_error *err) {
  int64_t dims[GCUT_MAX_RANK];
  if (axis < 0 || axis >= part->rank || part->dims[axis] % it->n != 0)
    return GCUT_FAIL(err, GCUT_ARGUMENT, "a slice does not fit its tensor");
  memcpy(dims, part->dims, (size_t)part->rank * sizeof *dims);
  if (__builtin_mul_overflow(dims[axis] / it->n, n, &dims[axis])) return GCUT_NO_MEMORY(err);
  return gcut_tensor_create_uninitialized(part->type, part->rank, dims, out, err);
}

static gcut_status copy_of(gcut_tensor *t, gcut_tensor **out, gcut_error *err) {
  if (!is_plain(t)) {
    *out = gcut_tensor_ref(t); // lives on the heap
    return GCUT_OK;
  }
  GCUT_TRY(gcut_tensor_create_uninitialized(t->type, t->rank, t->dims, out, err));
  if (t->bytes) memcpy((*out)->data, t->data, t->bytes);
  return GCUT_OK;
}

static gcut_status join_output(gcut__slices *s, const gcut__slice_of *it, uint32_t i,
                               gcut_tensor *part, gcut_error *err) {
  gcut__whole *w = &s->wholes[it->batch];
  int axis = s->slicing->axes[s->plan->fetches[i]];
  if (axis == GCUT_UNSLICED) return w->outputs[i] ? GCUT_OK : copy_of(part, &w->outputs[i], err);
  if (!w->outputs[i]) GCUT_TRY(make_room(it, axis, w->n, part, &w->outputs[i], err));
  int64_t unit = w->outputs[i]->dims[axis] / w->n;
  return gcut_tensor_place(w->outputs[i], axis, it->first * unit, part, err);
}

static gcut_status open_outputs(const gcut__slices *s, gcut__whole *w, gcut_error *err) {
  if (w->outputs) return GCUT_OK;
  w->outputs = calloc(s->plan->n_fetches + 1u, sizeof *w->outputs);
  w->n_done = calloc(s->plan->n_fetches + 1u, sizeof *w->n_done);
  w->n_left = s->plan->n_fetches;
  return w->outputs && w->n_done ? GCUT_OK : GCUT_NO_MEMORY(err);
}

static void drop_outputs(const gcut__slices *s, gcut__whole *w) {
  for (uint32_t i = 0; w->outputs && i < s->plan->n_fetches; i++) gcut_tensor_unref(w->outputs[i]);
  free(w->outputs);
  free(w->n_done);
  w->outputs = NULL;
  w->n_done = NULL;
}

// Gives away those outputs that this slice completed, and forgets them.
static gcut_status write_complete(gcut__slices *s, size_t batch, gcut_tensor *const *slice,
                                  gcut_error *err) {
  gcut__whole *w = &s->wholes[batch];
  uint32_t n = s->plan->n_fetches;
  bool any = false;
  gcut_tensor **complete = calloc(n + 1u, sizeof *complete);
  if (!complete) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < n; i++) {
    if (!slice[i] || w->n_done[i] < w->n_slices) continue;
    complete[i] = w->outputs[i];
    w->outputs[i] = NULL;
    any = true;
  }
  gcut_status status = any ? s->sink.write(s->sink.context, batch, complete, err) : GCUT_OK;
  for (uint32_t i = 0; i < n; i++) gcut_tensor_unref(complete[i]);
  free(complete);
  return status;
}

static gcut_status write_slice(void *context, size_t index, gcut_tensor *const *outputs,
                               gcut_error *err) {
  gcut__slices *s = context;
  const gcut__slice_of *it = &s->list[index];
  gcut__whole *w = &s->wholes[it->batch];
  if (w->n_slices == 1) return s->sink.write(s->sink.context, it->batch, outputs, err);
  GCUT_TRY(open_outputs(s, w, err));
  for (uint32_t i = 0; i < s->plan->n_fetches; i++) {
    if (!outputs[i]) continue;
    GCUT_TRY(join_output(s, it, i, outputs[i], err));
    w->n_left -= ++w->n_done[i] == w->n_slices;
  }
  gcut_status status = GCUT_OK;
  if (s->sink.early || w->n_left == 0) status = write_complete(s, it->batch, outputs, err);
  if (w->n_left == 0) drop_outputs(s, w);
  return status;
}

// ---- open and close -----------------------------------------------------------------------------

static gcut_status prove(gcut__slices *s, gcut_error *err) {
  gcut_trace *symbolic;
  GCUT_TRY(gcut_trace_folded(s->graph, NULL, &symbolic, err));
  gcut_status status =
      gcut_slicing_create(symbolic, s->plan->fetches, s->plan->n_fetches, &s->slicing, err);
  gcut_trace_destroy(symbolic);
  return status;
}

// The sizes of batches are those of their classes of shapes. Batches that do not fit the model are
// told by their own numbers here, not by those of slices.
static gcut_status measure(gcut__slices *s, uint32_t micro_batch, gcut_error *err) {
  gcut__shapes shapes;
  gcut_status status = gcut__shapes_create(s->graph, s->plan, &s->source, &shapes, err);
  for (size_t b = 0; status == GCUT_OK && b < s->source.n_batches; b++) {
    int64_t size = gcut_slicing_batch(s->slicing, shapes.traces[shapes.classes[b]]);
    int64_t n = size < 1 ? 1 : (size - 1) / micro_batch + 1;
    if (n > UINT32_MAX / 2) status = GCUT_FAIL(err, GCUT_ARGUMENT, "batch %zu is too large", b);
    s->wholes[b].n = size;
    s->wholes[b].n_slices = (uint32_t)n;
    s->n += (size_t)n;
  }
  gcut__shapes_free(&shapes);
  return status;
}

static gcut_status list_slices(gcut__slices *s, uint32_t micro_batch, gcut_error *err) {
  size_t at = 0;
  s->list = calloc(s->n + 1, sizeof *s->list);
  if (!s->list) return GCUT_NO_MEMORY(err);
  for (size_t b = 0; b < s->source.n_batches; b++)
    for (uint32_t k = 0; k < s->wholes[b].n_slices; k++) {
      int64_t first = (int64_t)k * micro_batch, left = s->wholes[b].n - first;
      s->list[at++] = (gcut__slice_of){b, first, left < micro_batch ? left : micro_batch};
    }
  return GCUT_OK;
}

gcut_status gcut__slices_open(const gcut_graph *graph, const gcut_plan *plan,
                              const gcut_source *source, const gcut_sink *sink,
                              uint32_t micro_batch, gcut__slices *s, gcut_error *err) {
  *s = (gcut__slices){
      .graph = graph, .plan = plan, .source = *source, .sink = *sink, .batch = SIZE_MAX};
  s->inputs = calloc(graph->bodies[0].n_inputs + (size_t)1, sizeof *s->inputs);
  s->wholes = calloc(source->n_batches + 1, sizeof *s->wholes);
  if (!s->inputs || !s->wholes) return GCUT_NO_MEMORY(err);
  GCUT_TRY(prove(s, err));
  GCUT_TRY(measure(s, micro_batch, err));
  return list_slices(s, micro_batch, err);
}

void gcut__slices_close(gcut__slices *s) {
  if (s->inputs) forget(s);
  for (size_t b = 0; s->wholes && b < s->source.n_batches; b++) drop_outputs(s, &s->wholes[b]);
  gcut_slicing_destroy(s->slicing);
  free(s->inputs);
  free(s->wholes);
  free(s->list);
  *s = (gcut__slices){0};
}

// The whole batch, which is what its owner knows.
static const char *name_slice(void *context, size_t index) {
  const gcut__slices *s = context;
  return s->source.name(s->source.context, s->list[index].batch);
}

gcut_source gcut__slices_source(gcut__slices *s) {
  return (gcut_source){.read = read_slice,
                       .name = s->source.name ? name_slice : NULL,
                       .context = s,
                       .n_batches = s->n};
}

gcut_sink gcut__slices_sink(gcut__slices *s) {
  return (gcut_sink){.write = write_slice, .context = s, .early = s->sink.early};
}
