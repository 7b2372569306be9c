// cuBLASLt counts columns first. A row-major c = a * b is its c' = b' * a' over the same memory:
// operands trade places.
#include "exec/cuda/blas.h"

#include <cublasLt.h>
#include <dlfcn.h>
#include <stdlib.h>

#include "exec/cuda/library.h"
#include "exec/cuda/ops/multiply.h"

#define BLAS_LIST(X)                                                                               \
  X(cublasLtCreate)                                                                                \
  X(cublasLtDestroy)                                                                               \
  X(cublasLtMatmul)                                                                                \
  X(cublasLtMatmulDescCreate)                                                                      \
  X(cublasLtMatmulDescDestroy)                                                                     \
  X(cublasLtMatmulDescSetAttribute)                                                                \
  X(cublasLtMatrixLayoutCreate)                                                                    \
  X(cublasLtMatrixLayoutDestroy)                                                                   \
  X(cublasLtMatrixLayoutSetAttribute)                                                              \
  X(cublasLtMatmulPreferenceCreate)                                                                \
  X(cublasLtMatmulPreferenceDestroy)                                                               \
  X(cublasLtMatmulPreferenceSetAttribute)                                                          \
  X(cublasLtMatmulAlgoGetHeuristic)

typedef struct plan { // of one kind of product
  gcut__cuda_product product;
  cublasLtMatmulDesc_t desc;
  cublasLtMatrixLayout_t a, b, c; // by cuBLASLt's names: a is our b
  cublasLtMatmulAlgo_t algorithm;
  bool is_own; // the library is not there, or has no algorithm
  gcut__cuda_multiply own;
  struct plan *next;
} plan;

struct gcut__cuda_blas {
  gcut__cuda *cuda;
  void *library; // NULL: products are our own
  const char *name;
#define X(name) __typeof__(name) *name;
  BLAS_LIST(X)
#undef X
  cublasLtHandle_t handle;
  plan *plans;
};

static gcut_status check(const gcut__cuda_blas *blas, cublasStatus_t status, const char *call,
                         gcut_error *err) {
  if (status == CUBLAS_STATUS_SUCCESS) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_DEVICE, "%s: %s failed with status %d", blas->name, call, (int)status);
}
#define BLAS_TRY(blas, name, ...) GCUT_TRY(check((blas), (blas)->name(__VA_ARGS__), #name, err))

// ---- the library ------------------------------------------------------------------------------

#define X(name) GCUT_CUDA_SYMBOL(gcut__cuda_blas, name),
static const gcut__cuda_symbol symbols[] = {BLAS_LIST(X)};
#undef X

// Takes the first library that is there; where that lacks something or does not start, there is
// none.
static void load(gcut__cuda_blas *blas) {
  static const char *const names[] = {"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so",
                                      "/usr/local/cuda/lib64/libcublasLt.so.13",
                                      "/usr/local/cuda/lib64/libcublasLt.so.12"};
  blas->library = gcut__cuda_library_open(names, sizeof names / sizeof *names, symbols,
                                          sizeof symbols / sizeof *symbols, blas, &blas->name);
  if (blas->library && blas->cublasLtCreate(&blas->handle) == CUBLAS_STATUS_SUCCESS) return;
  if (blas->library) dlclose(blas->library);
  blas->library = NULL;
  blas->name = "no cuBLASLt: products by our own kernels";
}

gcut_status gcut__cuda_blas_open(gcut__cuda *cuda, gcut__cuda_blas **out_blas, gcut_error *err) {
  gcut__cuda_blas *blas = *out_blas = calloc(1, sizeof *blas);
  if (!blas) return GCUT_NO_MEMORY(err);
  blas->cuda = cuda;
  load(blas);
  return GCUT_OK;
}

bool gcut__cuda_blas_is_own(const gcut__cuda_blas *blas) {
  return !blas->library;
}

static void destroy_plan(const gcut__cuda_blas *blas, plan *p) {
  if (p->a) blas->cublasLtMatrixLayoutDestroy(p->a);
  if (p->b) blas->cublasLtMatrixLayoutDestroy(p->b);
  if (p->c) blas->cublasLtMatrixLayoutDestroy(p->c);
  if (p->desc) blas->cublasLtMatmulDescDestroy(p->desc);
  free(p);
}

void gcut__cuda_blas_close(gcut__cuda_blas *blas) {
  if (!blas) return;
  for (plan *p = blas->plans, *next; p; p = next) {
    next = p->next;
    destroy_plan(blas, p);
  }
  if (blas->handle) blas->cublasLtDestroy(blas->handle);
  if (blas->library) dlclose(blas->library);
  free(blas);
}

const char *gcut__cuda_blas_name(const gcut__cuda_blas *blas) {
  return blas->name;
}

// ---- plans ------------------------------------------------------------------------------------

static cudaDataType_t data_type(gcut_dtype type) {
  switch (type) {
  case GCUT_FLOAT16: return CUDA_R_16F;
  case GCUT_BFLOAT16: return CUDA_R_16BF;
  case GCUT_DOUBLE: return CUDA_R_64F;
  default: return CUDA_R_32F;
  }
}

static gcut_status make_layout(const gcut__cuda_blas *blas, cublasLtMatrixLayout_t *out,
                               const gcut__cuda_product *p, int64_t rows, int64_t columns,
                               int64_t leading, int64_t stride, gcut_error *err) {
  int32_t count = (int32_t)p->batch;
  BLAS_TRY(blas, cublasLtMatrixLayoutCreate, out, data_type(p->type), (uint64_t)rows,
           (uint64_t)columns, leading);
  BLAS_TRY(blas, cublasLtMatrixLayoutSetAttribute, *out, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count,
           sizeof count);
  BLAS_TRY(blas, cublasLtMatrixLayoutSetAttribute, *out,
           CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &stride, sizeof stride);
  return GCUT_OK;
}

static gcut_status make_desc(const gcut__cuda_blas *blas, plan *it, gcut_error *err) {
  const gcut__cuda_product *p = &it->product;
  bool wide = p->type == GCUT_DOUBLE;
  cublasOperation_t a = p->transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N,
                    b = p->transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N;
  cublasLtEpilogue_t epilogue =
      p->epilogue == GCUT_CUDA_EPILOGUE_BIAS ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT;
  BLAS_TRY(blas, cublasLtMatmulDescCreate, &it->desc,
           wide ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F, wide ? CUDA_R_64F : CUDA_R_32F);
  BLAS_TRY(blas, cublasLtMatmulDescSetAttribute, it->desc, CUBLASLT_MATMUL_DESC_TRANSA, &a,
           sizeof a);
  BLAS_TRY(blas, cublasLtMatmulDescSetAttribute, it->desc, CUBLASLT_MATMUL_DESC_TRANSB, &b,
           sizeof b);
  BLAS_TRY(blas, cublasLtMatmulDescSetAttribute, it->desc, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue,
           sizeof epilogue);
  return GCUT_OK;
}

// Products that the library has no algorithm for, of bfloat16 on cards before Ampere, are our own.
static gcut_status choose_algorithm(const gcut__cuda_blas *blas, plan *it,
                                    cublasLtMatmulPreference_t preference, gcut_error *err) {
  uint64_t workspace = GCUT_CUDA_BLAS_WORKSPACE;
  cublasLtMatmulHeuristicResult_t best;
  int found = 0;
  BLAS_TRY(blas, cublasLtMatmulPreferenceSetAttribute, preference,
           CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace, sizeof workspace);
  cublasStatus_t status = blas->cublasLtMatmulAlgoGetHeuristic(
      blas->handle, it->desc, it->a, it->b, it->c, it->c, preference, 1, &best, &found);
  it->is_own = status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_ARCH_MISMATCH ||
               (status == CUBLAS_STATUS_SUCCESS && found < 1);
  if (it->is_own) return gcut__cuda_multiply_load(blas->cuda, &it->product, &it->own, err);
  GCUT_TRY(check(blas, status, "cublasLtMatmulAlgoGetHeuristic", err));
  it->algorithm = best.algo;
  return GCUT_OK;
}

static gcut_status fill_plan(const gcut__cuda_blas *blas, plan *it, gcut_error *err) {
  const gcut__cuda_product *p = &it->product;
  it->is_own = !blas->library;
  if (it->is_own) return gcut__cuda_multiply_load(blas->cuda, p, &it->own, err);
  int64_t rows_a = p->transpose_b ? p->k : p->n, columns_a = p->transpose_b ? p->n : p->k;
  int64_t rows_b = p->transpose_a ? p->m : p->k, columns_b = p->transpose_a ? p->k : p->m;
  GCUT_TRY(make_desc(blas, it, err));
  GCUT_TRY(make_layout(blas, &it->a, p, rows_a, columns_a, p->ldb, p->stride_b, err));
  GCUT_TRY(make_layout(blas, &it->b, p, rows_b, columns_b, p->lda, p->stride_a, err));
  GCUT_TRY(make_layout(blas, &it->c, p, p->n, p->m, p->ldc, p->stride_c, err));
  cublasLtMatmulPreference_t preference;
  BLAS_TRY(blas, cublasLtMatmulPreferenceCreate, &preference);
  gcut_status status = choose_algorithm(blas, it, preference, err);
  blas->cublasLtMatmulPreferenceDestroy(preference);
  return status;
}

static bool same_product(const gcut__cuda_product *x, const gcut__cuda_product *y) {
  return x->type == y->type && x->m == y->m && x->n == y->n && x->k == y->k &&
         x->batch == y->batch && x->lda == y->lda && x->ldb == y->ldb && x->ldc == y->ldc &&
         x->stride_a == y->stride_a && x->stride_b == y->stride_b && x->stride_c == y->stride_c &&
         x->transpose_a == y->transpose_a && x->transpose_b == y->transpose_b &&
         x->beta == y->beta && x->epilogue == y->epilogue;
}

static gcut_status find_plan(gcut__cuda_blas *blas, const gcut__cuda_product *p, plan **out,
                             gcut_error *err) {
  for (*out = blas->plans; *out; *out = (*out)->next)
    if (same_product(&(*out)->product, p)) return GCUT_OK;
  plan *it = calloc(1, sizeof *it);
  if (!it) return GCUT_NO_MEMORY(err);
  it->product = *p;
  gcut_status status = fill_plan(blas, it, err);
  if (status != GCUT_OK) {
    destroy_plan(blas, it);
    return status;
  }
  it->next = blas->plans;
  *out = blas->plans = it;
  return GCUT_OK;
}

gcut_status gcut__cuda_blas_run(gcut__cuda_blas *blas, const gcut__cuda_product *product,
                                CUdeviceptr a, CUdeviceptr b, CUdeviceptr c, CUdeviceptr bias,
                                CUdeviceptr workspace, CUstream stream, gcut_error *err) {
  plan *it;
  double wide_alpha = (double)product->alpha, wide_beta = (double)product->beta;
  bool wide = product->type == GCUT_DOUBLE;
  const void *alpha = wide ? (const void *)&wide_alpha : &product->alpha;
  const void *beta = wide ? (const void *)&wide_beta : &product->beta;
  GCUT_TRY(find_plan(blas, product, &it, err));
  if (it->is_own)
    return gcut__cuda_multiply_launch(blas->cuda, &it->own, product, a, b, c, bias, stream, err);
  if (product->epilogue == GCUT_CUDA_EPILOGUE_BIAS)
    BLAS_TRY(blas, cublasLtMatmulDescSetAttribute, it->desc, CUBLASLT_MATMUL_DESC_BIAS_POINTER,
             &bias, sizeof bias);
  BLAS_TRY(blas, cublasLtMatmul, blas->handle, it->desc, alpha, (const void *)b, it->a,
           (const void *)a, it->b, beta, (const void *)c, it->c, (void *)c, it->c, &it->algorithm,
           (void *)workspace, GCUT_CUDA_BLAS_WORKSPACE, (cudaStream_t)stream);
  return GCUT_OK;
}

gcut_status gcut__cuda_blas_prepare(gcut__cuda_blas *blas, const gcut__cuda_product *product,
                                    gcut_error *err) {
  plan *it;
  return find_plan(blas, product, &it, err);
}

// Elements of an operand of so many rows.
static uint64_t extent_of(int64_t rows, int64_t leading, int64_t stride, int64_t batch) {
  return (uint64_t)(rows * leading + stride * (batch - 1));
}

static uint64_t most_elements(const gcut__cuda_product *p) {
  uint64_t a = extent_of(p->transpose_a ? p->k : p->m, p->lda, p->stride_a, p->batch);
  uint64_t b = extent_of(p->transpose_b ? p->n : p->k, p->ldb, p->stride_b, p->batch);
  uint64_t c = extent_of(p->m, p->ldc, p->stride_c, p->batch);
  uint64_t most = a > b ? a : b;
  return most > c ? most : c;
}

gcut_status gcut__cuda_blas_warm(gcut__cuda_blas *blas, CUdeviceptr memory, uint64_t bytes,
                                 CUstream stream, gcut_error *err) {
  if (bytes < 2 * GCUT_CUDA_BLAS_WORKSPACE) return GCUT_OK;
  uint64_t room = bytes - GCUT_CUDA_BLAS_WORKSPACE;
  CUdeviceptr workspace = memory + room / 256 * 256;
  for (const plan *it = blas->plans; it; it = it->next) {
    gcut__cuda_product p = it->product;
    if (most_elements(&p) * (gcut_dtype_bits(p.type) / 8) > room / 256 * 256) continue;
    GCUT_TRY(gcut__cuda_blas_run(blas, &p, memory, memory, memory, memory, workspace, stream, err));
  }
  return GCUT_OK;
}
