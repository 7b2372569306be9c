// A plan by cuDNN's graph interface, where everything is a descriptor with attributes: a
// convolution is a graph of one operation, or two with a bias; heuristics name engines for it; an
// engine that is finished for the card is a plan. (The older interface of whole convolutions leads
// to fewer engines.)
#include "exec/cuda/dnn_private.h"

// Heuristics list a few dozens; those of float32 without tf32 come late.
enum { ENGINES = 64, MOST_AXES = GCUT_CUDA_WINDOW_DIMS };

// ---- descriptors ------------------------------------------------------------------------------

void gcut__cuda_dnn_shrink(const gcut__cuda_dnn *dnn, gcut__cuda_dnn_plan *plan, int n) {
  while (plan->n_made > n) dnn->cudnnBackendDestroyDescriptor(plan->made[--plan->n_made]);
}

// Makes what a plan consists of; after the first failure does nothing more.
typedef struct maker {
  const gcut__cuda_dnn *dnn;
  gcut__cuda_dnn_plan *plan;
  bool failed;
} maker;

typedef cudnnBackendDescriptor_t descriptor;

static void note(maker *m, cudnnStatus_t status) {
  m->failed = m->failed || status != CUDNN_STATUS_SUCCESS;
}

static descriptor make(maker *m, cudnnBackendDescriptorType_t type) {
  descriptor d = NULL;
  m->failed = m->failed || m->plan->n_made == GCUT_CUDA_DNN_DESCRIPTORS;
  if (m->failed) return NULL;
  note(m, m->dnn->cudnnBackendCreateDescriptor(type, &d));
  if (!m->failed) m->plan->made[m->plan->n_made++] = d;
  return d;
}

static void set(maker *m, descriptor d, cudnnBackendAttributeName_t name,
                cudnnBackendAttributeType_t type, int64_t n, const void *values) {
  if (!m->failed) note(m, m->dnn->cudnnBackendSetAttribute(d, name, type, n, values));
}

static void set_part(maker *m, descriptor d, cudnnBackendAttributeName_t name, descriptor part) {
  set(m, d, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &part);
}

static void set_type(maker *m, descriptor d, cudnnBackendAttributeName_t name,
                     cudnnDataType_t type) {
  set(m, d, name, CUDNN_TYPE_DATA_TYPE, 1, &type);
}

static void finish(maker *m, descriptor d) {
  if (!m->failed) note(m, m->dnn->cudnnBackendFinalize(d));
}

static int64_t get(maker *m, descriptor d, cudnnBackendAttributeName_t name,
                   cudnnBackendAttributeType_t type, int64_t room, void *values) {
  int64_t n = 0;
  if (!m->failed) note(m, m->dnn->cudnnBackendGetAttribute(d, name, type, room, &n, values));
  return m->failed ? 0 : n < room ? n : room;
}

// ---- a convolution as a graph -----------------------------------------------------------------

static cudnnDataType_t data_type(int64_t type) {
  switch (type) {
  case GCUT_FLOAT16: return CUDNN_DATA_HALF;
  case GCUT_BFLOAT16: return CUDNN_DATA_BFLOAT16;
  default: return CUDNN_DATA_FLOAT;
  }
}

// Images have at least two axes here; the first of a window's three is left out where it is 1.
static int first_axis(const gcut__cuda_window *w) {
  return w->far[0] == 1 && w->near[0] == 1 && w->kernel[0] == 1 ? 1 : 0;
}

// Row-major [outer][channels][axes]; `axes` NULL: 1 each.
static descriptor make_tensor(maker *m, int64_t id, cudnnDataType_t type, int64_t outer,
                              int64_t channels, const int64_t *axes) {
  int first = first_axis(&m->plan->what.window), rank = MOST_AXES - first + 2;
  int64_t dims[MOST_AXES + 2] = {outer, channels}, strides[MOST_AXES + 2], align = 16;
  bool inner = id == GCUT_CUDA_DNN_SUM;
  descriptor d = make(m, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  for (int i = 2; i < rank; i++) dims[i] = axes ? axes[first + i - 2] : 1;
  strides[rank - 1] = 1;
  for (int i = rank - 1; i > 0; i--) strides[i - 1] = strides[i] * dims[i];
  set(m, d, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &id);
  set_type(m, d, CUDNN_ATTR_TENSOR_DATA_TYPE, type);
  set(m, d, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, rank, dims);
  set(m, d, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, rank, strides);
  set(m, d, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &align);
  set(m, d, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &inner);
  finish(m, d);
  return d;
}

// Padding behind: as much as in front where that gives the size, since more engines take it; else
// what the last window needs.
static int64_t end_of(const gcut__cuda_window *w, int a) {
  int64_t reach = w->dilation[a] * (w->kernel[a] - 1) + 1,
          rest = w->far[a] + 2 * w->begin[a] - reach;
  if (rest >= 0 && rest / w->stride[a] + 1 == w->near[a]) return w->begin[a];
  int64_t end = (w->near[a] - 1) * w->stride[a] + reach - w->far[a] - w->begin[a];
  return end > 0 ? end : 0;
}

static descriptor make_window(maker *m) {
  const gcut__cuda_window *w = &m->plan->what.window;
  int first = first_axis(w);
  int64_t n = MOST_AXES - first, end[MOST_AXES];
  cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
  descriptor d = make(m, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  for (int a = 0; a < MOST_AXES; a++) end[a] = end_of(w, a);
  set_type(m, d, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT);
  set(m, d, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode);
  set(m, d, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, &n);
  set(m, d, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, n, w->begin + first);
  set(m, d, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, n, end + first);
  set(m, d, CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, n, w->dilation + first);
  set(m, d, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, n, w->stride + first);
  finish(m, d);
  return d;
}

// A convolution goes from far to near; transposed, it is the gradient of one by its input.
static const struct operation {
  cudnnBackendDescriptorType_t type;
  cudnnBackendAttributeName_t far, near, weights, window, alpha, beta;
} forward = {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
             CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
             CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
             CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
             CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
             CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
             CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA},
  backward = {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};

static descriptor make_convolution(maker *m, descriptor y) {
  const gcut__cuda_convolution *c = &m->plan->what;
  const struct operation *kind = c->transposed ? &backward : &forward;
  const gcut__cuda_window *w = &c->window;
  cudnnDataType_t type = data_type(c->type);
  int64_t in = c->groups * c->in_channels, out = c->groups * c->out_channels;
  float one = 1, zero = 0;
  descriptor x =
      make_tensor(m, GCUT_CUDA_DNN_X, type, c->images, in, c->transposed ? w->near : w->far);
  descriptor weights = make_tensor(m, GCUT_CUDA_DNN_W, type, c->transposed ? in : out,
                                   c->transposed ? c->out_channels : c->in_channels, w->kernel);
  descriptor window = make_window(m), d = make(m, kind->type);
  set_part(m, d, kind->far, c->transposed ? y : x);
  set_part(m, d, kind->near, c->transposed ? x : y);
  set_part(m, d, kind->weights, weights);
  set_part(m, d, kind->window, window);
  set(m, d, kind->alpha, CUDNN_TYPE_FLOAT, 1, &one);
  set(m, d, kind->beta, CUDNN_TYPE_FLOAT, 1, &zero);
  finish(m, d);
  return d;
}

static descriptor make_sum(maker *m, descriptor x, descriptor bias, descriptor y) {
  cudnnPointwiseMode_t mode = CUDNN_POINTWISE_ADD;
  descriptor how = make(m, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  set(m, how, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode);
  set_type(m, how, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT);
  finish(m, how);
  descriptor d = make(m, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
  set_part(m, d, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, how);
  set_part(m, d, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x);
  set_part(m, d, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, bias);
  set_part(m, d, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
  finish(m, d);
  return d;
}

static descriptor make_graph(maker *m) {
  const gcut__cuda_convolution *c = &m->plan->what;
  const int64_t *axes = c->transposed ? c->window.far : c->window.near;
  int64_t out = c->groups * c->out_channels;
  cudnnDataType_t type = data_type(c->type);
  descriptor y = make_tensor(m, GCUT_CUDA_DNN_Y, type, c->images, out, axes), steps[2];
  if (c->has_bias) {
    descriptor sum = make_tensor(m, GCUT_CUDA_DNN_SUM, CUDNN_DATA_FLOAT, c->images, out, axes);
    steps[0] = make_convolution(m, sum);
    steps[1] = make_sum(m, sum, make_tensor(m, GCUT_CUDA_DNN_BIAS, type, 1, out, NULL), y);
  } else {
    steps[0] = make_convolution(m, y);
  }
  descriptor d = make(m, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  set(m, d, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, c->has_bias ? 2 : 1,
      steps);
  set(m, d, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &m->dnn->handle);
  finish(m, d);
  return d;
}

// ---- engines ----------------------------------------------------------------------------------

// Engines whose bits change from run to run, that compute in fewer bits than the type and float32
// have, or that mix neighbours' values (one infinity would spread) are left out, and those of which
// a later library notes something else; so are those that would be compiled first.
static bool is_taken(maker *m, descriptor engine) {
  cudnnBackendNumericalNote_t notes[CUDNN_NUMERICAL_NOTE_TYPE_COUNT];
  cudnnBackendBehaviorNote_t behaviours[CUDNN_BEHAVIOR_NOTE_TYPE_COUNT];
  unsigned refused = 1u << CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC |
                     1u << CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS |
                     1u << CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION |
                     1u << CUDNN_NUMERICAL_NOTE_FFT | 1u << CUDNN_NUMERICAL_NOTE_WINOGRAD;
  if (m->plan->what.type == GCUT_FLOAT) refused |= 1u << CUDNN_NUMERICAL_NOTE_TENSOR_CORE;
  int64_t n = get(m, engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                  CUDNN_NUMERICAL_NOTE_TYPE_COUNT, notes);
  for (int64_t i = 0; i < n; i++)
    if (notes[i] >= CUDNN_NUMERICAL_NOTE_TYPE_COUNT || refused >> notes[i] & 1) return false;
  n = get(m, engine, CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE, CUDNN_TYPE_BEHAVIOR_NOTE,
          CUDNN_BEHAVIOR_NOTE_TYPE_COUNT, behaviours);
  for (int64_t i = 0; i < n; i++)
    if (behaviours[i] == CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION) return false;
  return !m->failed;
}

static bool try_engine(maker *m, descriptor choice) {
  descriptor engine = make(m, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  int64_t workspace = 0;
  get(m, choice, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &engine);
  if (m->failed || !is_taken(m, engine)) return false;
  descriptor ready = make(m, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  set(m, ready, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &m->dnn->handle);
  set_part(m, ready, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, choice);
  finish(m, ready);
  get(m, ready, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &workspace);
  if (m->failed || workspace < 0 || (uint64_t)workspace > GCUT_CUDA_DNN_WORKSPACE) return false;
  m->plan->workspace = (uint64_t)workspace;
  m->plan->ready = ready;
  return true;
}

static void choose_engine(maker *m, descriptor graph) {
  cudnnBackendHeurMode_t mode = CUDNN_HEUR_MODE_A;
  descriptor d = make(m, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR), found[ENGINES];
  set_part(m, d, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
  set(m, d, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
  finish(m, d);
  for (int i = 0; i < ENGINES; i++) found[i] = make(m, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
  int64_t n =
      get(m, d, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, ENGINES, found);
  for (int64_t i = 0; i < n; i++) {
    int before = m->plan->n_made;
    if (try_engine(m, found[i])) return;
    gcut__cuda_dnn_shrink(m->dnn, m->plan, before);
    m->failed = false;
  }
}

void gcut__cuda_dnn_fill(const gcut__cuda_dnn *dnn, gcut__cuda_dnn_plan *plan) {
  maker m = {.dnn = dnn, .plan = plan};
  choose_engine(&m, make_graph(&m));
}
