// cuDNN for the card in software: convolutions by plain loops, sums in float32, for any strides.
// Descriptors keep whatever attributes they are given; what does not fit together is refused when
// it is finished. Of the engines that heuristics name, the first is one that nobody should take,
// the second one for 16-bit types alone: run where they should not be, they fail.
#include <cudnn_graph.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/base/narrow.h"

#define EXPORT __attribute__((visibility("default")))

enum { ATTRIBUTES = 16, BYTES = 64, AXES = 8, ENGINES = 3, WORKSPACE = 4096 };
enum { ENGINE_NUMBER = 100000 }; // beside the library's attribute names

typedef struct attribute {
  int name;
  int64_t n;
  unsigned char data[BYTES];
} attribute;

typedef struct descriptor {
  cudnnBackendDescriptorType_t type;
  attribute attributes[ATTRIBUTES];
  int n;
  bool finished;
} descriptor;

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

static const attribute *find(const descriptor *d, int name) {
  for (int i = 0; d && i < d->n; i++)
    if (d->attributes[i].name == name) return &d->attributes[i];
  return NULL;
}

static cudnnStatus_t keep(descriptor *d, int name, int64_t n, const void *values, size_t size) {
  if (d->finished || n < 1 || (size_t)n * size > BYTES || d->n == ATTRIBUTES || find(d, name))
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

static const descriptor *part(const descriptor *d, int name, int64_t i) {
  const attribute *a = find(d, name);
  const descriptor *found = NULL;
  if (a && i < a->n) memcpy(&found, a->data + (size_t)i * sizeof found, sizeof found);
  return found && found->finished ? found : NULL;
}

static int number(const descriptor *d, int name) {
  const attribute *a = find(d, name);
  int x = -1;
  if (a) memcpy(&x, a->data, sizeof x);
  return x;
}

static int64_t ints(const descriptor *d, int name, int64_t *values) {
  const attribute *a = find(d, name);
  if (a) memcpy(values, a->data, (size_t)a->n * sizeof *values);
  return a ? a->n : 0;
}

// ---- tensors ----------------------------------------------------------------------------------

typedef struct tensor {
  cudnnDataType_t type;
  int64_t id, rank, dims[AXES], strides[AXES];
  bool inner;
} tensor;

static bool read_tensor(const descriptor *d, tensor *t) {
  bool whole = d && d->type == CUDNN_BACKEND_TENSOR_DESCRIPTOR;
  const attribute *inner = find(d, CUDNN_ATTR_TENSOR_IS_VIRTUAL);
  int64_t align;
  *t = (tensor){0};
  if (!whole || ints(d, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, &align) != 1) return false;
  t->type = (cudnnDataType_t)number(d, CUDNN_ATTR_TENSOR_DATA_TYPE);
  t->rank = ints(d, CUDNN_ATTR_TENSOR_DIMENSIONS, t->dims);
  if (inner) memcpy(&t->inner, inner->data, sizeof t->inner);
  return ints(d, CUDNN_ATTR_TENSOR_UNIQUE_ID, &t->id) == 1 && t->rank >= 4 &&
         ints(d, CUDNN_ATTR_TENSOR_STRIDES, t->strides) == t->rank;
}

static float load(const void *data, int64_t i, cudnnDataType_t type) {
  switch (type) {
  case CUDNN_DATA_HALF: return gcut_from_float16(((const uint16_t *)data)[i]);
  case CUDNN_DATA_BFLOAT16: return gcut_from_bfloat16(((const uint16_t *)data)[i]);
  default: return ((const float *)data)[i];
  }
}

static void store(void *data, int64_t i, cudnnDataType_t type, float x) {
  switch (type) {
  case CUDNN_DATA_HALF: ((uint16_t *)data)[i] = gcut_to_float16(x); break;
  case CUDNN_DATA_BFLOAT16: ((uint16_t *)data)[i] = gcut_to_bfloat16(x); break;
  default: ((float *)data)[i] = x; break;
  }
}

// ---- a graph: a convolution, and a bias or none -------------------------------------------------

typedef struct convolution {
  bool backward;
  tensor far, near, weights, bias, out;
  bool has_bias;
  int64_t axes, begin[AXES], end[AXES], stride[AXES], dilation[AXES];
} convolution;

static bool read_window(const descriptor *d, convolution *c) {
  int64_t n = 0;
  return d && ints(d, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, &n) == 1 && n == c->far.rank - 2 &&
         number(d, CUDNN_ATTR_CONVOLUTION_COMP_TYPE) == CUDNN_DATA_FLOAT &&
         number(d, CUDNN_ATTR_CONVOLUTION_CONV_MODE) == CUDNN_CROSS_CORRELATION &&
         ints(d, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, c->begin) == n &&
         ints(d, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, c->end) == n &&
         ints(d, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, c->stride) == n &&
         ints(d, CUDNN_ATTR_CONVOLUTION_DILATIONS, c->dilation) == n;
}

static bool sizes_agree(const convolution *c) {
  const tensor *w = &c->weights;
  bool ok = c->near.rank == c->far.rank && w->rank == c->far.rank &&
            c->near.dims[0] == c->far.dims[0] && w->dims[0] == c->near.dims[1] && w->dims[1] > 0 &&
            c->far.dims[1] % w->dims[1] == 0;
  for (int64_t a = 0; a + 2 < c->far.rank && ok; a++) {
    int64_t reach = (w->dims[a + 2] - 1) * c->dilation[a] + 1;
    ok = (c->far.dims[a + 2] + c->begin[a] + c->end[a] - reach) / c->stride[a] + 1 ==
         c->near.dims[a + 2];
  }
  return ok;
}

static bool read_convolution(const descriptor *op, convolution *c) {
  if (!op) return false;
  c->backward = op->type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR;
  bool back = c->backward;
  return read_tensor(part(op,
                          back ? (int)CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX
                               : (int)CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                          0),
                     &c->far) &&
         read_tensor(part(op,
                          back ? (int)CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY
                               : (int)CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                          0),
                     &c->near) &&
         read_tensor(part(op,
                          back ? (int)CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W
                               : (int)CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                          0),
                     &c->weights) &&
         read_window(part(op,
                          back ? (int)CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC
                               : (int)CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                          0),
                     c) &&
         sizes_agree(c);
}

// The sum's operands are the convolution's result, which is inside the graph, and a row of biases.
static bool read_sum(const descriptor *op, const tensor *sum, convolution *c) {
  const descriptor *how = part(op, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, 0);
  tensor x;
  int64_t biases = 1;
  if (!how || number(how, CUDNN_ATTR_POINTWISE_MODE) != CUDNN_POINTWISE_ADD ||
      !read_tensor(part(op, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, 0), &x) ||
      !read_tensor(part(op, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, 0), &c->bias) ||
      !read_tensor(part(op, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, 0), &c->out))
    return false;
  for (int64_t i = 0; i < c->bias.rank; i++) biases *= c->bias.dims[i];
  c->has_bias = true;
  return x.id == sum->id && sum->inner && biases == c->out.dims[1] && c->bias.dims[1] == biases;
}

static bool read_graph(const descriptor *d, convolution *c) {
  const attribute *ops = find(d, CUDNN_ATTR_OPERATIONGRAPH_OPS);
  *c = (convolution){0};
  if (!ops || ops->n > 2 || !read_convolution(part(d, CUDNN_ATTR_OPERATIONGRAPH_OPS, 0), c))
    return false;
  const tensor *result = c->backward ? &c->far : &c->near;
  c->out = *result;
  if (ops->n == 2 && !read_sum(part(d, CUDNN_ATTR_OPERATIONGRAPH_OPS, 1), result, c)) return false;
  return !c->out.inner;
}

// ---- engines ------------------------------------------------------------------------------------

static const descriptor *graph_of(const descriptor *plan) {
  return part(part(plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, 0),
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
    ok = ok && read_tensor(d, &t);
    break;
  case CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR: ok = ok && read_graph(d, &c); break;
  case CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR:
    ok = ok && part(d, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, 0) &&
         number(d, CUDNN_ATTR_ENGINEHEUR_MODE) == CUDNN_HEUR_MODE_A;
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
    cudnnStatus_t status =
        name_engine(found[*n], (int)*n, part(heuristic, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, 0));
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
  int engine = number(d, ENGINE_NUMBER);
  int64_t workspace = WORKSPACE;
  (void)type;
  *n = 1;
  switch (name) {
  case CUDNN_ATTR_ENGINEHEUR_RESULTS: return name_engines(d, room, n, values);
  case CUDNN_ATTR_ENGINECFG_ENGINE:
    return name_engine(*(descriptor **)values, engine,
                       part(d, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, 0));
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

// ---- computing ----------------------------------------------------------------------------------

static int64_t count(const int64_t *dims, int64_t rank) {
  int64_t n = 1;
  for (int64_t i = 0; i < rank; i++) n *= dims[i];
  return n;
}

// Row-major number i to a place.
static void place(int64_t i, const int64_t *dims, int64_t rank, int64_t *at) {
  for (int64_t a = rank - 1; a >= 0; a--) at[a] = i % dims[a], i /= dims[a];
}

static int64_t offset(const tensor *t, const int64_t *at) {
  int64_t i = 0;
  for (int64_t a = 0; a < t->rank; a++) i += at[a] * t->strides[a];
  return i;
}

static int64_t row_major(const tensor *t, const int64_t *at) {
  int64_t i = 0;
  for (int64_t a = 0; a < t->rank; a++) i = i * t->dims[a] + at[a];
  return i;
}

// Where weight `w` at near place `o` meets the far image; false in the padding.
static bool meet(const convolution *c, const int64_t *o, const int64_t *w, int64_t *far) {
  int64_t groups = c->far.dims[1] / c->weights.dims[1];
  bool inside = true;
  far[0] = o[0];
  far[1] = o[1] / (c->near.dims[1] / groups) * c->weights.dims[1] + w[1];
  for (int64_t a = 2; a < c->far.rank; a++) {
    far[a] = o[a] * c->stride[a - 2] - c->begin[a - 2] + w[a] * c->dilation[a - 2];
    inside = inside && far[a] >= 0 && far[a] < c->far.dims[a];
  }
  return inside;
}

static void add_products(const convolution *c, const void *x, const void *weights, float *sums) {
  const tensor *w = &c->weights;
  int64_t taps = count(w->dims + 1, w->rank - 1), o[AXES], at[AXES], far[AXES];
  for (int64_t i = 0; i < count(c->near.dims, c->near.rank); i++)
    for (int64_t k = 0; k < taps; k++) {
      place(i, c->near.dims, c->near.rank, o);
      place(k, w->dims + 1, w->rank - 1, at + 1);
      at[0] = o[1];
      if (!meet(c, o, at, far)) continue;
      float factor = load(weights, offset(w, at), w->type);
      if (c->backward)
        sums[row_major(&c->far, far)] += load(x, offset(&c->near, o), c->near.type) * factor;
      else
        sums[i] += load(x, offset(&c->far, far), c->far.type) * factor;
    }
}

static bool convolve(const convolution *c, const void *x, const void *w, const void *bias,
                     void *y) {
  int64_t n = count(c->out.dims, c->out.rank), at[AXES];
  float *sums = calloc((size_t)n, sizeof *sums);
  if (!sums) return false;
  add_products(c, x, w, sums);
  for (int64_t i = 0; i < n; i++) {
    place(i, c->out.dims, c->out.rank, at);
    float sum = sums[i] + (c->has_bias ? load(bias, at[1], c->bias.type) : 0);
    store(y, offset(&c->out, at), c->out.type, sum);
  }
  free(sums);
  return true;
}

static void *pointer_of(const descriptor *pack, int64_t id) {
  int64_t ids[AXES] = {0}, n = ints(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, ids);
  const attribute *pointers = find(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
  void *found = NULL;
  for (int64_t i = 0; pointers && i < n; i++)
    if (ids[i] == id) memcpy(&found, pointers->data + (size_t)i * sizeof found, sizeof found);
  return found;
}

EXPORT cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan,
                                         cudnnBackendDescriptor_t pack_handle) {
  const descriptor *pack = pack_handle,
                   *choice = part(plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, 0);
  const attribute *workspace = find(pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
  int engine = number(choice, ENGINE_NUMBER);
  convolution c;
  if (!handle || !pack->finished || !workspace || !read_graph(graph_of(plan), &c) || engine == 0)
    return CUDNN_STATUS_BAD_PARAM;
  if (engine == 1 && c.out.type == CUDNN_DATA_FLOAT) return CUDNN_STATUS_BAD_PARAM;
  const void *x = pointer_of(pack, c.backward ? c.near.id : c.far.id),
             *w = pointer_of(pack, c.weights.id),
             *bias = c.has_bias ? pointer_of(pack, c.bias.id) : NULL;
  void *y = pointer_of(pack, c.out.id), *scratch;
  memcpy(&scratch, workspace->data, sizeof scratch);
  if (!x || !w || !y || !scratch || (c.has_bias && !bias)) return CUDNN_STATUS_BAD_PARAM;
  memset(scratch, 0xff, WORKSPACE); // whoever lies there is lost
  return convolve(&c, x, w, bias, y) ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_INTERNAL_ERROR;
}
