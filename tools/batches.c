#include "batches.h"

#include <stdlib.h>
#include <string.h>

#include "progress.h"
#include "tool.h"

gcut_status tool_batches_open(const gcut_graph *graph, const tool_list *paths, bool outputs,
                              tool_batches *out, gcut_error *err) {
  *out = (tool_batches){.graph = graph, .outputs = outputs};
  out->lists = tool_alloc(paths->n, sizeof *out->lists);
  for (size_t i = 0; i < paths->n; i++) {
    gcut_status status = gcut_batch_list_open(paths->items[i], &out->lists[i], err);
    if (status != GCUT_OK) return status;
    out->n_lists++;
    out->n += out->lists[i].n;
  }
  return GCUT_OK;
}

void tool_batches_close(tool_batches *batches) {
  for (size_t i = 0; i < batches->n_lists; i++) gcut_batch_list_free(&batches->lists[i]);
  free(batches->lists);
  *batches = (tool_batches){0};
}

// The list that holds a batch; *index becomes its place there.
static const gcut_batch_list *find_list(const tool_batches *b, size_t *index) {
  const gcut_batch_list *list = b->lists;
  for (; *index >= list->n; list++) *index -= list->n;
  return list;
}

const char *tool_batches_path(const tool_batches *batches, size_t index) {
  const gcut_batch_list *list = find_list(batches, &index);
  return list->paths[index];
}

gcut_status tool_batches_read(const tool_batches *batches, size_t index, gcut_batch *out,
                              gcut_error *err) {
  const gcut_batch_list *list = find_list(batches, &index);
  return gcut_batch_read(list, index, batches->graph, batches->outputs, out, err);
}

static bool is_input(const gcut_graph *graph, const char *name) {
  const gcut_body *body = &graph->bodies[0];
  for (uint32_t i = 0; i < body->n_inputs; i++)
    if (!strcmp(graph->values[body->inputs[i]].name, name)) return true;
  return false;
}

static gcut_status check_names(const tool_batches *b, size_t index, const gcut_batch *batch,
                               gcut_error *err) {
  for (size_t i = 0; i < batch->n; i++)
    if (!is_input(b->graph, batch->names[i])) {
      snprintf(err->message, sizeof err->message, "%.400s: the model has no input '%.200s'",
               tool_batches_path(b, index), batch->names[i]);
      return GCUT_FORMAT;
    }
  return GCUT_OK;
}

static gcut_status read_inputs(void *context, size_t index, gcut_tensor **inputs, gcut_error *err) {
  const tool_batches *b = context;
  const gcut_body *body = &b->graph->bodies[0];
  gcut_batch batch;
  gcut_status status = tool_batches_read(b, index, &batch, err);
  if (status != GCUT_OK) return status;
  status = check_names(b, index, &batch, err);
  for (uint32_t i = 0; i < body->n_inputs && status == GCUT_OK; i++)
    inputs[i] = gcut_tensor_ref(gcut_batch_find(&batch, b->graph->values[body->inputs[i]].name));
  gcut_batch_free(&batch);
  return status;
}

static const char *name_batch(void *context, size_t index) {
  return tool_batches_path(context, index);
}

gcut_source tool_batches_source(const tool_batches *batches) {
  return (gcut_source){
      .read = read_inputs, .name = name_batch, .context = (void *)batches, .n_batches = batches->n};
}

gcut_status tool_batches_trace(const tool_batches *batches, const tool_common *common,
                               const tool_bindings *set, const gcut_trace *trace,
                               gcut_trace **out_shaped, gcut_error *err) {
  const gcut_body *body = &batches->graph->bodies[0];
  gcut_tensor **inputs = tool_alloc(body->n_inputs, sizeof *inputs);
  gcut_input_shape *shapes = tool_alloc(body->n_inputs, sizeof *shapes);
  gcut_trace_options options = {
      .bindings = set->items, .n_bindings = set->n, .inputs = shapes, .like = trace};
  *out_shaped = NULL;
  gcut_status status = read_inputs((void *)batches, 0, inputs, err);
  for (uint32_t i = 0; status == GCUT_OK && i < body->n_inputs; i++)
    if (inputs[i] && inputs[i]->kind == GCUT_KIND_TENSOR)
      shapes[options.n_inputs++] =
          (gcut_input_shape){body->inputs[i], inputs[i]->type, inputs[i]->rank, inputs[i]->dims};
  tool_progress progress;
  tool_progress_start(&progress, common, "tracing", "nodes");
  options.progress = tool_progress_of(&progress);
  if (status == GCUT_OK) status = gcut_trace_folded(batches->graph, &options, out_shaped, err);
  tool_progress_end(&progress);
  for (uint32_t i = 0; i < body->n_inputs; i++) gcut_tensor_unref(inputs[i]);
  free(inputs);
  free(shapes);
  if (status != GCUT_ARGUMENT) return status;
  gcut_error why = *err;
  snprintf(err->message, sizeof err->message, "%.400s: %.600s", tool_batches_path(batches, 0),
           why.message);
  return GCUT_FORMAT;
}
