// Opening cuDNN, and running what it has a plan for (dnn_plan.c).
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "exec/cuda/dnn_private.h"
#include "exec/cuda/library.h"
#include "exec/cuda/program.h"

// ---- the library ------------------------------------------------------------------------------

#define X(name) GCUT_CUDA_SYMBOL(gcut__cuda_dnn, name),
static const gcut__cuda_symbol symbols[] = {GCUT_CUDA_DNN_LIST(X)};
#undef X

// As for cuBLASLt: where the first that is there lacks something or does not start, there is none.
static void load(gcut__cuda_dnn *dnn) {
  static const char *const names[] = {"libcudnn.so.9", "/usr/local/cuda/lib64/libcudnn.so.9"};
  dnn->library = gcut__cuda_library_open(names, sizeof names / sizeof *names, symbols,
                                         sizeof symbols / sizeof *symbols, dnn, &dnn->name);
  if (dnn->library && dnn->cudnnCreate(&dnn->handle) == CUDNN_STATUS_SUCCESS) return;
  if (dnn->library) dlclose(dnn->library);
  dnn->library = NULL;
  dnn->name = "no cuDNN: convolutions by our own kernels";
}

gcut_status gcut__cuda_dnn_open(gcut__cuda *cuda, gcut_error *err) {
  if (cuda->dnn) return GCUT_OK;
  gcut__cuda_dnn *dnn = cuda->dnn = calloc(1, sizeof *dnn);
  if (!dnn) return GCUT_NO_MEMORY(err);
  load(dnn);
  if (!dnn->library)
    cuda->base.note = cuda->base.note ? "no cuBLASLt, no cuDNN: kernels of our own" : dnn->name;
  return GCUT_OK;
}

void gcut__cuda_dnn_close(gcut__cuda_dnn *dnn) {
  if (!dnn) return;
  for (gcut__cuda_dnn_plan *p = dnn->plans, *next; p; p = next) {
    next = p->next;
    gcut__cuda_dnn_shrink(dnn, p, 0);
    free(p);
  }
  if (dnn->library) {
    dnn->cudnnDestroy(dnn->handle);
    dlclose(dnn->library);
  }
  free(dnn);
}

const char *gcut__cuda_dnn_name(const gcut__cuda_dnn *dnn) {
  return dnn->name;
}

// ---- plans ------------------------------------------------------------------------------------

// Within what 32 bits count, as kernels of the library do.
static bool is_small(const gcut__cuda_convolution *c) {
  const gcut__cuda_window *w = &c->window;
  int64_t most = c->in_channels > c->out_channels ? c->in_channels : c->out_channels,
          image = w->n_far > w->n_near ? w->n_far : w->n_near;
  for (int a = 0; a < GCUT_CUDA_WINDOW_DIMS; a++) {
    int64_t parts[] = {w->stride[a], w->dilation[a], w->kernel[a], w->begin[a]};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
      if (parts[i] < 0 || parts[i] > INT16_MAX) return false;
  }
  return c->groups <= INT32_MAX / most && c->groups * most <= INT32_MAX / image / c->images &&
         c->groups * c->out_channels <= INT32_MAX / c->in_channels / w->n_kernel;
}

// NULL where the library has none.
static gcut_status find_plan(gcut__cuda_dnn *dnn, const gcut__cuda_convolution *c,
                             const gcut__cuda_dnn_plan **out_plan, gcut_error *err) {
  gcut__cuda_dnn_plan *p = dnn->plans;
  *out_plan = NULL;
  while (p && memcmp(&p->what, c, sizeof *c) != 0) p = p->next;
  if (!p) {
    p = calloc(1, sizeof *p);
    if (!p) return GCUT_NO_MEMORY(err);
    p->what = *c;
    gcut__cuda_dnn_fill(dnn, p);
    p->next = dnn->plans;
    dnn->plans = p;
  }
  *out_plan = p->ready ? p : NULL;
  return GCUT_OK;
}

// ---- running ----------------------------------------------------------------------------------

static gcut_status check(const gcut__cuda_dnn *dnn, cudnnStatus_t status, const char *call,
                         gcut_error *err) {
  if (status == CUDNN_STATUS_SUCCESS) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_DEVICE, "%s: %s failed: %s", dnn->name, call,
                   dnn->cudnnGetErrorString(status));
}
#define DNN_TRY(dnn, name, ...) GCUT_TRY(check((dnn), (dnn)->name(__VA_ARGS__), #name, err))

static gcut_status execute(const gcut__cuda_dnn *dnn, const gcut__cuda_dnn_plan *plan,
                           cudnnBackendDescriptor_t pack, const CUdeviceptr *operands,
                           CUdeviceptr workspace, gcut_error *err) {
  static const int64_t ids[] = {GCUT_CUDA_DNN_X, GCUT_CUDA_DNN_W, GCUT_CUDA_DNN_Y,
                                GCUT_CUDA_DNN_BIAS};
  int64_t n = plan->what.has_bias ? 4 : 3;
  DNN_TRY(dnn, cudnnBackendSetAttribute, pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64,
          n, ids);
  DNN_TRY(dnn, cudnnBackendSetAttribute, pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS,
          CUDNN_TYPE_VOID_PTR, n, operands);
  DNN_TRY(dnn, cudnnBackendSetAttribute, pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE,
          CUDNN_TYPE_VOID_PTR, 1, &workspace);
  DNN_TRY(dnn, cudnnBackendFinalize, pack);
  DNN_TRY(dnn, cudnnBackendExecute, dnn->handle, plan->ready, pack);
  return GCUT_OK;
}

// [x, w, y, bias].
static gcut_status run(const gcut__cuda_dnn *dnn, const gcut__cuda_dnn_plan *plan,
                       const CUdeviceptr *operands, CUdeviceptr workspace, CUstream stream,
                       gcut_error *err) {
  cudnnBackendDescriptor_t pack;
  DNN_TRY(dnn, cudnnSetStream, dnn->handle, (cudaStream_t)stream);
  DNN_TRY(dnn, cudnnBackendCreateDescriptor, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, &pack);
  gcut_status status = execute(dnn, plan, pack, operands, workspace, err);
  dnn->cudnnBackendDestroyDescriptor(pack);
  return status;
}

static gcut_status launch(const gcut__cuda_run *r, gcut_error *err) {
  const gcut__cuda_dnn_plan *const *plan = r->step->params;
  CUdeviceptr operands[] = {r->inputs[0], r->inputs[1], r->outputs[0],
                            (*plan)->what.has_bias ? r->inputs[2] : 0};
  return run(r->cuda->dnn, *plan, operands, r->scratch, r->stream, err);
}

gcut_status gcut__cuda_dnn_compile(const gcut__cuda_compile *c,
                                   const gcut__cuda_convolution *convolution, gcut_error *err) {
  GCUT_TRY(gcut__cuda_dnn_open(c->cuda, err));
  if (!c->cuda->dnn->library || convolution->type == GCUT_DOUBLE || !is_small(convolution))
    return GCUT_OK;
  const gcut__cuda_dnn_plan **plan = GCUT_NEW(c->arena, const gcut__cuda_dnn_plan *);
  if (!plan) return GCUT_NO_MEMORY(err);
  GCUT_TRY(find_plan(c->cuda->dnn, convolution, plan, err));
  if (!*plan) return GCUT_OK;
  c->step->params = plan;
  c->step->launch = launch;
  c->step->scratch_bytes = (*plan)->workspace;
  return GCUT_OK;
}

static uint64_t most_bytes(const gcut__cuda_convolution *c) {
  const gcut__cuda_window *w = &c->window;
  int64_t in = c->in_channels, out = c->out_channels,
          images =
              c->images * (in > out ? in : out) * (w->n_far > w->n_near ? w->n_far : w->n_near),
          weights = in * out * w->n_kernel;
  return (uint64_t)(c->groups * (images > weights ? images : weights)) *
         (gcut_dtype_bits((gcut_dtype)c->type) / 8);
}

gcut_status gcut__cuda_dnn_warm(gcut__cuda_dnn *dnn, CUdeviceptr memory, uint64_t bytes,
                                CUstream stream, gcut_error *err) {
  for (const gcut__cuda_dnn_plan *p = dnn ? dnn->plans : NULL; p; p = p->next) {
    uint64_t most = (most_bytes(&p->what) + 255) / 256 * 256;
    if (!p->ready || most + p->workspace > bytes) continue;
    CUdeviceptr operands[] = {memory, memory, memory, memory};
    GCUT_TRY(run(dnn, p, operands, memory + most, stream, err));
  }
  return GCUT_OK;
}
