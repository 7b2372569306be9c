// QuantizeLinear and DequantizeLinear, by tensor, axis or block, down to 2 bits, and Cast between
// such types; GatherBlockQuantized.
#include "tracer/ops/quantize.h"

#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/quantize.h"
#include "tracer/ops/cast.h"
#include "tracer/ops/microsoft_matmul.h"

// All but the floats of 6 bits.
static bool is_quantized(int type) {
  const uint64_t six = GCUT_TYPE(FLOAT6E2M3) | GCUT_TYPE(FLOAT6E3M2);
  return ((uint64_t)GCUT__QUANTIZED & ~six) >> type & 1;
}

static const gcut__cuda_pointer linear_pointers[] = {
    GCUT_CUDA_IN(gcut__cuda_quantize_job, x, 0), GCUT_CUDA_IN(gcut__cuda_quantize_job, scale, 1),
    GCUT_CUDA_IN(gcut__cuda_quantize_job, zero, 2), GCUT_CUDA_OUT(gcut__cuda_quantize_job, y, 0)};

static gcut__cuda_quantize_job linear_job(const gcut__cuda_compile *c) {
  const gcut__quantize_attrs *attrs = c->node->attrs;
  const gcut_type *x = gcut__cuda_input_type(c, 0), *scale = gcut__cuda_input_type(c, 1);
  gcut__granularity kind =
      gcut__granularity_of(attrs, scale->rank, scale->rank > 0 ? scale->dims[0] : 1);
  gcut__cuda_quantize_job job = {.count = (int64_t)gcut__cuda_count(x),
                                 .size = 1,
                                 .inner = 1,
                                 .per_axis = kind == GCUT__PER_AXIS,
                                 .x_type = x->type,
                                 .y_type = gcut__cuda_output_type(c, 0)->type,
                                 .scale_type = scale->type,
                                 .saturate = attrs->saturate != 0,
                                 .precision =
                                     attrs->precision ? (int32_t)attrs->precision : scale->type};
  if (kind == GCUT__PER_TENSOR) return job;
  int64_t axis = gcut__quantize_axis(attrs, x->rank);
  job.size = x->dims[axis];
  for (int64_t d = axis + 1; d < x->rank; d++) job.inner *= x->dims[d];
  if (kind != GCUT__PER_BLOCK) return job;
  job.block = attrs->block_size;
  job.blocks = (job.size + job.block - 1) / job.block;
  return job;
}

// The job as one of columns by eights; false where the element by element kernel has to do it.
static bool dequantize_by_eights(const gcut__cuda_quantize_job *from,
                                 gcut__cuda_dequantize_job *out) {
  const uint64_t integers = GCUT_TYPE(INT8) | GCUT_TYPE(UINT8) | GCUT_TYPE(INT4) |
                            GCUT_TYPE(UINT4) | GCUT_TYPE(INT2) | GCUT_TYPE(UINT2),
                 signed_ones = GCUT_TYPE(INT8) | GCUT_TYPE(INT4) | GCUT_TYPE(INT2);
  const bool one = !from->block && !from->per_axis, last = from->inner == 1;
  const int64_t columns = one ? from->count : last ? from->size : from->inner;
  if (!(integers >> from->x_type & 1) || from->count == 0 || columns % 8 != 0 ||
      from->count / 8 > UINT32_MAX || (from->block && last && from->block % 8 != 0) ||
      from->y_type == GCUT_DOUBLE || from->scale_type == GCUT_DOUBLE)
    return false;
  const uint32_t rows = (uint32_t)(from->count / columns), eights = (uint32_t)(columns / 8);
  *out = (gcut__cuda_dequantize_job){.rows = rows,
                                     .eights = eights,
                                     .across = from->block ? !last : from->per_axis && last,
                                     .size = last ? rows : (uint32_t)from->size,
                                     .blocks = from->block ? (uint32_t)from->blocks : 1,
                                     .bits = (int32_t)gcut_dtype_bits((gcut_dtype)from->x_type),
                                     .is_signed = signed_ones >> from->x_type & 1,
                                     .y_type = from->y_type,
                                     .scale_type = from->scale_type};
  out->zero_width = out->blocks;
  if (out->across)
    out->block = from->block ? (uint32_t)from->block : rows;
  else
    out->block = from->block ? (uint32_t)from->block / 8 : eights;
  return true;
}

static gcut_status compile_by_eights(const gcut__cuda_compile *c,
                                     const gcut__cuda_dequantize_job *job, gcut_error *err) {
  static const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_dequantize_job, x, 0),
                                                GCUT_CUDA_IN(gcut__cuda_dequantize_job, scales, 1),
                                                GCUT_CUDA_IN(gcut__cuda_dequantize_job, zeros, 2),
                                                GCUT_CUDA_OUT(gcut__cuda_dequantize_job, y, 0)};
  return GCUT_CUDA_PLAIN(c, "gcut_dequantize_eights", job, (uint64_t)job->rows * job->eights, 0,
                         pointers, err);
}

gcut_status gcut__cuda_compile_dequantize(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut_type *x = gcut__cuda_input_type(c, 0), *zero = gcut__cuda_input_type(c, 2);
  gcut__cuda_quantize_job job = linear_job(c);
  gcut__cuda_dequantize_job eights;
  if ((!is_quantized(x->type) && x->type != GCUT_INT32) || (zero && zero->type != x->type) ||
      !gcut__cuda_is_float(gcut__cuda_input_type(c, 1)) ||
      !gcut__cuda_is_float(gcut__cuda_output_type(c, 0)))
    return GCUT_OK;
  if (dequantize_by_eights(&job, &eights)) return compile_by_eights(c, &eights, err);
  return GCUT_CUDA_PLAIN(c, "gcut_dequantize", &job, (uint64_t)job.count, 0, linear_pointers, err);
}

gcut_status gcut__cuda_compile_quantize(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut_type *x = gcut__cuda_input_type(c, 0), *zero = gcut__cuda_input_type(c, 2);
  gcut__cuda_quantize_job job = linear_job(c);
  if (!is_quantized(job.y_type) || (zero && zero->type != job.y_type) ||
      (!gcut__cuda_is_float(x) && x->type != GCUT_INT32) ||
      !gcut__cuda_is_float(gcut__cuda_input_type(c, 1)))
    return GCUT_OK;
  return GCUT_CUDA_PLAIN(c, "gcut_quantize", &job, (uint64_t)job.count, 0, linear_pointers, err);
}

// ---- Cast ---------------------------------------------------------------------------------------

static bool is_number(int type) {
  return is_quantized(type) || type == GCUT_FLOAT8E8M0 ||
         (type >= GCUT_FLOAT && type <= GCUT_BFLOAT16 && type != GCUT_STRING &&
          type != GCUT_COMPLEX64 && type != GCUT_COMPLEX128);
}

// Of a float to uint64, and of a double to a narrower float, the rounding is the host's.
static bool casts(int from, int to) {
  bool is_float =
      from == GCUT_FLOAT || from == GCUT_DOUBLE || from == GCUT_FLOAT16 || from == GCUT_BFLOAT16;
  if (to == GCUT_UINT64 && (is_float || from > GCUT_BFLOAT16)) return false;
  return is_number(from) && is_number(to) && from != GCUT_DOUBLE;
}

gcut_status gcut__cuda_compile_cast_narrow(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__cast_attrs *attrs = c->node->attrs;
  const gcut_type *x = gcut__cuda_input_type(c, 0), *y = gcut__cuda_output_type(c, 0);
  static const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_cast_job, x, 0),
                                                GCUT_CUDA_OUT(gcut__cuda_cast_job, y, 0)};
  char mode = attrs->round_mode.size ? attrs->round_mode.data[0] : 'u';
  gcut__cuda_cast_job job = {.count = (int64_t)gcut__cuda_count(x),
                             .x_type = x->type,
                             .y_type = y->type,
                             .saturate = attrs->saturate != 0,
                             .round = mode == 'u'   ? 0
                                      : mode == 'd' ? 1
                                                    : 2};
  if (!casts(x->type, y->type)) return GCUT_OK;
  return GCUT_CUDA_PLAIN(c, "gcut_cast_narrow", &job, (uint64_t)job.count, 0, pointers, err);
}

// ---- GatherBlockQuantized -----------------------------------------------------------------------

static int64_t rank_axis(int64_t axis, int rank) {
  return axis < 0 ? axis + rank : axis;
}

gcut_status gcut__cuda_compile_gather_blocks(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__gather_blocks_attrs *attrs = c->node->attrs;
  const gcut_type *data = gcut__cuda_input_type(c, 0), *indices = gcut__cuda_input_type(c, 1),
                  *scales = gcut__cuda_input_type(c, 2), *zeros = gcut__cuda_input_type(c, 3);
  static const gcut__cuda_pointer pointers[] = {
      GCUT_CUDA_IN(gcut__cuda_gather_blocks_job, data, 0),
      GCUT_CUDA_IN(gcut__cuda_gather_blocks_job, indices, 1),
      GCUT_CUDA_IN(gcut__cuda_gather_blocks_job, scales, 2),
      GCUT_CUDA_IN(gcut__cuda_gather_blocks_job, zeros, 3),
      GCUT_CUDA_OUT(gcut__cuda_gather_blocks_job, y, 0)};
  int rank = data->rank, each = data->type == GCUT_UINT8 ? 8 / (int)attrs->bits : 1;
  gcut__cuda_gather_blocks_job job = {.count =
                                          (int64_t)gcut__cuda_count(gcut__cuda_output_type(c, 0)),
                                      .axis = rank_axis(attrs->gather_axis, rank),
                                      .n_indices = (int64_t)gcut__cuda_count(indices),
                                      .inner = 1,
                                      .rank = rank,
                                      .blocked = (int32_t)rank_axis(attrs->quantize_axis, rank),
                                      .block = attrs->block_size,
                                      .type = data->type,
                                      .bits = (int32_t)attrs->bits,
                                      .y_type = gcut__cuda_output_type(c, 0)->type,
                                      .scale_type = scales->type,
                                      .wide = indices->type == GCUT_INT64};
  int64_t strides[GCUT_MAX_RANK];
  if (rank > (int)(sizeof job.dims / sizeof *job.dims) || scales->rank != rank || job.count == 0 ||
      !gcut__cuda_is_float(scales))
    return GCUT_OK;
  gcut__cuda_strides(scales, strides);
  for (int d = 0; d < rank; d++) {
    job.dims[d] = data->dims[d] * (d == rank - 1 ? each : 1);
    job.scale_strides[d] = scales->dims[d] == 1 ? 0 : strides[d];
    if (d > job.axis) job.inner *= job.dims[d];
  }
  if (zeros) job.zero_width = zeros->dims[rank - 1] * each;
  return GCUT_CUDA_PLAIN(c, "gcut_gather_blocks", &job, (uint64_t)job.count, 0, pointers, err);
}
