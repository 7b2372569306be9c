// cuDNN for the card in software: descriptors keep whatever attributes they are given; what does
// not fit together is refused when it is finished. Of the engines that heuristics name, the first
// is one that nobody should take, the second one for 16-bit types alone: run where they should not
// be, they fail.
#include "tests/emulate/dnn.h"

#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

enum { ENGINES = 3, WORKSPACE = 4096 };
enum { ENGINE_NUMBER = 100000 }; // beside the library's attribute names

EXPORT cudnnStatus_t cudnnCreate(cudnnHandle_t *handle) {
  *handle = malloc(1);
  return *handle ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_INTERNAL_ERROR;
}
EXPORT cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
  free(handle);
  return CUDNN_STATUS_SUCCESS;
}
EXPORT cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
  return handle && stream ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}
EXPORT const char *cudnnGetErrorString(cudnnStatus_t status) {
  return status == CUDNN_STATUS_SUCCESS ? "success" : "failure of the card in software";
}

// ---- attributes -------------------------------------------------------------------------------

EXPORT cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type,
                                                  cudnnBackendDescriptor_t *out) {
  descriptor *d = calloc(1, sizeof *d);
  if (d) d->type = type;
  *out = d;
  return d ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_INTERNAL_ERROR;
}
EXPORT cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t d) {
  free(d);
  return CUDNN_STATUS_SUCCESS;
}

static size_t size_of(cudnnBackendAttributeType_t type) {
  switch (type) {
  case CUDNN_TYPE_BOOLEAN: return sizeof(bool);
  case CUDNN_TYPE_INT64: return sizeof(int64_t);
  case CUDNN_TYPE_HANDLE:
  case CUDNN_TYPE_VOID_PTR:
  case CUDNN_TYPE_BACKEND_DESCRIPTOR: return sizeof(void *);
  default: return sizeof(int); // enumerations; floats have the same size
  }
}

const attribute *dnn_find(const descriptor *d, int name) {
  for (int i = 0; d && i < d->n; i++)
    if (d->attributes[i].name == name) return &d->attributes[i];
  return NULL;
}

static cudnnStatus_t keep(descriptor *d, int name, int64_t n, const void *values, size_t size) {
  if (d->finished || n < 1 || (size_t)n * size > BYTES || d->n == ATTRIBUTES || dnn_find(d, name))
    return CUDNN_STATUS_BAD_PARAM;
  attribute *a = &d->attributes[d->n++];
  a->name = name, a->n = n;
  memcpy(a->data, values, (size_t)n * size);
  return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t d,
                                              cudnnBackendAttributeName_t name,
                                              cudnnBackendAttributeType_t type, int64_t n,
                                              const void *values) {
  return keep(d, (int)name, n, values, size_of(type));
}

const descriptor *dnn_part(const descriptor *d, int name, int64_t i) {
  const attribute *a = dnn_find(d, name);
  const descriptor *found = NULL;
  if (a && i < a->n) memcpy(&found, a->data + (size_t)i * sizeof found, sizeof found);
  return found && found->finished ? found : NULL;
}

int dnn_number(const descriptor *d, int name) {
  const attribute *a = dnn_find(d, name);
  int x = -1;
  if (a) memcpy(&x, a->data, sizeof x);
  return x;
}

int64_t dnn_ints(const descriptor *d, int name, int64_t *values) {
  const attribute *a = dnn_find(d, name);
  if (a) memcpy(values, a->data, (size_t)a->n * sizeof *values);
  return a ? a->n : 0;
}

// ---- engines ------------------------------------------------------------------------------------

static const descriptor *graph_of(const descriptor *plan) {
  return dnn_part(dnn_part(plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, 0),
                  CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, 0);
}

EXPORT cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t handle) {
  descriptor *d = handle;
  convolution c;
  tensor t;
  bool ok = !d->finished;
  switch (d->type) {
  case CUDNN_BACKEND_TENSOR_DESCRIPTOR:
    d->finished = true; // for itself
    ok = ok && dnn_read_tensor(d, &t);
    break;
  case CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR: ok = ok && dnn_read_graph(d, &c); break;
  case CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR:
    ok = ok && dnn_part(d, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, 0) &&
         dnn_number(d, CUDNN_ATTR_ENGINEHEUR_MODE) == CUDNN_HEUR_MODE_A;
    break;
  case CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR: ok = ok && graph_of(d); break;
  default: break;
  }
  d->finished = ok;
  return ok ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_NOT_SUPPORTED;
}

// An engine, or the choice of one, is its number and the graph.
static cudnnStatus_t name_engine(descriptor *d, int engine, const descriptor *graph) {
  cudnnStatus_t status = keep(d, ENGINE_NUMBER, 1, &engine, sizeof engine);
  if (status == CUDNN_STATUS_SUCCESS)
    status = keep(d, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, 1, &graph, sizeof graph);
  d->finished = status == CUDNN_STATUS_SUCCESS;
  return status;
}

static cudnnStatus_t name_engines(const descriptor *heuristic, int64_t room, int64_t *n,
                                  void *values) {
  descriptor **found = values;
  for (*n = 0; *n < room && *n < ENGINES; ++*n) {
    cudnnStatus_t status = name_engine(
        found[*n], (int)*n, dnn_part(heuristic, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, 0));
    if (status != CUDNN_STATUS_SUCCESS) return status;
  }
  return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t const handle,
                                              cudnnBackendAttributeName_t name,
                                              cudnnBackendAttributeType_t type, int64_t room,
                                              int64_t *n, void *values) {
  static const cudnnBackendNumericalNote_t notes[ENGINES] = {CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC,
                                                             CUDNN_NUMERICAL_NOTE_TENSOR_CORE};
  const descriptor *d = handle;
  int engine = dnn_number(d, ENGINE_NUMBER);
  int64_t workspace = WORKSPACE;
  (void)type;
  *n = 1;
  switch (name) {
  case CUDNN_ATTR_ENGINEHEUR_RESULTS: return name_engines(d, room, n, values);
  case CUDNN_ATTR_ENGINECFG_ENGINE:
    return name_engine(*(descriptor **)values, engine,
                       dnn_part(d, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, 0));
  case CUDNN_ATTR_ENGINE_NUMERICAL_NOTE:
    *n = engine < 2;
    memcpy(values, &notes[engine], (size_t)*n * sizeof *notes);
    break;
  case CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE: *n = 0; break;
  case CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE:
    memcpy(values, &workspace, sizeof workspace);
    break;
  default: return CUDNN_STATUS_NOT_SUPPORTED;
  }
  return CUDNN_STATUS_SUCCESS;
}

// ---- running ------------------------------------------------------------------------------------

static void *pointer_of(const descriptor *pack, int64_t id) {
  int64_t ids[AXES] = {0}, n = dnn_ints(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, ids);
  const attribute *pointers = dnn_find(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
  void *found = NULL;
  for (int64_t i = 0; pointers && i < n; i++)
    if (ids[i] == id) memcpy(&found, pointers->data + (size_t)i * sizeof found, sizeof found);
  return found;
}

EXPORT cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan,
                                         cudnnBackendDescriptor_t pack_handle) {
  const descriptor *pack = pack_handle,
                   *choice = dnn_part(plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, 0);
  const attribute *workspace = dnn_find(pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
  int engine = dnn_number(choice, ENGINE_NUMBER);
  convolution c;
  if (!handle || !pack->finished || !workspace || !dnn_read_graph(graph_of(plan), &c) ||
      engine == 0)
    return CUDNN_STATUS_BAD_PARAM;
  if (engine == 1 && c.out.type == CUDNN_DATA_FLOAT) return CUDNN_STATUS_BAD_PARAM;
  const void *x = pointer_of(pack, c.backward ? c.near.id : c.far.id),
             *w = pointer_of(pack, c.weights.id),
             *bias = c.has_bias ? pointer_of(pack, c.bias.id) : NULL;
  void *y = pointer_of(pack, c.out.id), *scratch;
  memcpy(&scratch, workspace->data, sizeof scratch);
  if (!x || !w || !y || !scratch || (c.has_bias && !bias)) return CUDNN_STATUS_BAD_PARAM;
  memset(scratch, 0xff, WORKSPACE); // whoever lies there is lost
  return dnn_convolve(&c, x, w, bias, y) ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_INTERNAL_ERROR;
}
