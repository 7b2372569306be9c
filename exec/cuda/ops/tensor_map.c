#include "exec/cuda/ops/tensor_map.h"

enum { BOX_BYTES = 128 }; // of a row

gcut_status gcut__cuda_map(gcut__cuda *cuda, const gcut__cuda_view *v, uint32_t box_rows,
                           gcut__cuda_tensor_map *out, gcut_error *err) {
  const cuuint64_t e = (cuuint64_t)v->element_bytes;
  const cuuint64_t dims[] = {(cuuint64_t)v->columns, (cuuint64_t)v->rows, (cuuint64_t)v->heads,
                             (cuuint64_t)v->batch};
  const cuuint64_t strides[] = {(cuuint64_t)v->row_step * e, (cuuint64_t)v->head_step * e,
                                (cuuint64_t)v->batch_step * e};
  const cuuint32_t box[] = {(cuuint32_t)(BOX_BYTES / e), box_rows, 1, 1}, steps[] = {1, 1, 1, 1};
  _Static_assert(sizeof *out == sizeof(CUtensorMap), "a map of the driver's");
  GCUT_CUDA_TRY(&cuda->driver, cuTensorMapEncodeTiled, (CUtensorMap *)out,
                e == 1   ? CU_TENSOR_MAP_DATA_TYPE_UINT8
                : e == 2 ? CU_TENSOR_MAP_DATA_TYPE_UINT16
                         : CU_TENSOR_MAP_DATA_TYPE_UINT32,
                4, (void *)v->data, dims, strides, box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE,
                CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
                CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  return GCUT_OK;
}
