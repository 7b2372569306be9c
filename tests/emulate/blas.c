// cuBLASLt for the card in software: products by three loops, sums in float32 (float64 for
// doubles), columns first. It refuses types of 16 bits, as the library may some on old cards: those
// products are our own then.
#include <cublasLt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef struct layout {
  cudaDataType_t type;
  uint64_t rows, columns;
  int64_t leading, stride;
  int32_t batch;
} layout;

typedef struct desc {
  cublasOperation_t a, b;
  cublasLtEpilogue_t epilogue;
  const void *bias;
} desc;

// Handles are pointers of the library's own types.
#define AS(type, handle) ((type *)(void *)(handle))

EXPORT cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle) {
  *handle = (cublasLtHandle_t)malloc(1);
  return *handle ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_ALLOC_FAILED;
}
EXPORT cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  free(handle);
  return CUBLAS_STATUS_SUCCESS;
}

EXPORT cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *out,
                                               cublasComputeType_t compute, cudaDataType_t scale) {
  desc *d = calloc(1, sizeof *d);
  (void)compute, (void)scale;
  *out = (cublasLtMatmulDesc_t)(void *)d;
  if (d) *d = (desc){.a = CUBLAS_OP_N, .b = CUBLAS_OP_N, .epilogue = CUBLASLT_EPILOGUE_DEFAULT};
  return d ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_ALLOC_FAILED;
}
EXPORT cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t d) {
  free(d);
  return CUBLAS_STATUS_SUCCESS;
}
EXPORT cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t handle,
                                                     cublasLtMatmulDescAttributes_t which,
                                                     const void *value, size_t bytes) {
  desc *d = AS(desc, handle);
  switch (which) {
  case CUBLASLT_MATMUL_DESC_TRANSA: memcpy(&d->a, value, bytes); break;
  case CUBLASLT_MATMUL_DESC_TRANSB: memcpy(&d->b, value, bytes); break;
  case CUBLASLT_MATMUL_DESC_EPILOGUE: memcpy(&d->epilogue, value, bytes); break;
  case CUBLASLT_MATMUL_DESC_BIAS_POINTER: memcpy(&d->bias, value, bytes); break;
  default: return CUBLAS_STATUS_NOT_SUPPORTED;
  }
  return CUBLAS_STATUS_SUCCESS;
}

EXPORT cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *out, cudaDataType type,
                                                 uint64_t rows, uint64_t columns, int64_t leading) {
  layout *l = calloc(1, sizeof *l);
  *out = (cublasLtMatrixLayout_t)(void *)l;
  if (l) *l = (layout){type, rows, columns, leading, 0, 1};
  return !l                        ? CUBLAS_STATUS_ALLOC_FAILED
         : leading < (int64_t)rows ? CUBLAS_STATUS_INVALID_VALUE
                                   : CUBLAS_STATUS_SUCCESS;
}
EXPORT cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t l) {
  free(l);
  return CUBLAS_STATUS_SUCCESS;
}
EXPORT cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t handle,
                                                       cublasLtMatrixLayoutAttribute_t which,
                                                       const void *value, size_t bytes) {
  layout *l = AS(layout, handle);
  if (which == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT)
    memcpy(&l->batch, value, bytes);
  else if (which == CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET)
    memcpy(&l->stride, value, bytes);
  else
    return CUBLAS_STATUS_NOT_SUPPORTED;
  return CUBLAS_STATUS_SUCCESS;
}

EXPORT cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *out) {
  *out = (cublasLtMatmulPreference_t)malloc(1);
  return *out ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_ALLOC_FAILED;
}
EXPORT cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t p) {
  free(p);
  return CUBLAS_STATUS_SUCCESS;
}
EXPORT cublasStatus_t cublasLtMatmulPreferenceSetAttribute(
    cublasLtMatmulPreference_t p, cublasLtMatmulPreferenceAttributes_t which, const void *value,
    size_t bytes) {
  (void)which, (void)value, (void)bytes;
  return p ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
}
EXPORT cublasStatus_t cublasLtMatmulAlgoGetHeuristic(
    cublasLtHandle_t handle, cublasLtMatmulDesc_t d, cublasLtMatrixLayout_t a,
    cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t out,
    cublasLtMatmulPreference_t p, int wanted, cublasLtMatmulHeuristicResult_t *results,
    int *found) {
  const cudaDataType_t type = AS(const layout, a)->type;
  const bool takes = type == CUDA_R_32F || type == CUDA_R_64F;
  (void)handle, (void)d, (void)b, (void)c, (void)out, (void)p;
  memset(results, 0, (size_t)wanted * sizeof *results);
  *found = takes && wanted > 0;
  return takes ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

static double element(const void *data, int64_t i, cudaDataType_t type) {
  return type == CUDA_R_64F ? ((const double *)data)[i] : (double)((const float *)data)[i];
}

static void store(void *data, int64_t i, cudaDataType_t type, double x) {
  if (type == CUDA_R_64F)
    ((double *)data)[i] = x;
  else
    ((float *)data)[i] = (float)x;
}

// Element of op(matrix).
static double at(const void *data, const layout *l, cublasOperation_t op, int64_t batch,
                 int64_t row, int64_t column) {
  int64_t i = op == CUBLAS_OP_T ? row * l->leading + column : column * l->leading + row;
  return element(data, batch * l->stride + i, l->type);
}

static double sum_of(const desc *d, const void *a, const layout *la, const void *b,
                     const layout *lb, int64_t batch, int64_t row, int64_t column) {
  int64_t depth = (int64_t)(d->a == CUBLAS_OP_T ? la->rows : la->columns);
  double wide = 0;
  float sum = 0;
  for (int64_t k = 0; k < depth; k++) {
    double x = at(a, la, d->a, batch, row, k), y = at(b, lb, d->b, batch, k, column);
    wide += x * y;
    sum += (float)x * (float)y;
  }
  return la->type == CUDA_R_64F ? wide : (double)sum;
}

EXPORT cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc_handle,
                                     const void *alpha, const void *a,
                                     cublasLtMatrixLayout_t a_handle, const void *b,
                                     cublasLtMatrixLayout_t b_handle, const void *beta,
                                     const void *c, cublasLtMatrixLayout_t c_handle, void *out,
                                     cublasLtMatrixLayout_t out_handle,
                                     const cublasLtMatmulAlgo_t *algorithm, void *workspace,
                                     size_t workspace_bytes, cudaStream_t stream) {
  const desc *d = AS(const desc, desc_handle);
  const layout *la = AS(const layout, a_handle), *lb = AS(const layout, b_handle),
               *lc = AS(const layout, c_handle), *lo = AS(const layout, out_handle);
  double scale = element(alpha, 0, la->type == CUDA_R_64F ? CUDA_R_64F : CUDA_R_32F);
  double keep = element(beta, 0, la->type == CUDA_R_64F ? CUDA_R_64F : CUDA_R_32F);
  (void)handle, (void)algorithm, (void)workspace, (void)workspace_bytes, (void)stream;
  for (int64_t batch = 0; batch < lo->batch; batch++)
    for (int64_t column = 0; column < (int64_t)lo->columns; column++)
      for (int64_t row = 0; row < (int64_t)lo->rows; row++) {
        double x = scale * sum_of(d, a, la, b, lb, batch, row, column);
        if (keep != 0) x += keep * at(c, lc, CUBLAS_OP_N, batch, row, column);
        if (d->epilogue == CUBLASLT_EPILOGUE_BIAS) x += element(d->bias, row, lo->type);
        store(out, batch * lo->stride + column * lo->leading + row, lo->type, x);
      }
  return CUBLAS_STATUS_SUCCESS;
}
