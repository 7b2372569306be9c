// Pad, Tile, CenterCropPad, Crop, Trilu, Range, ConstantOfShape, CumSum, CumProd.
#include "exec/cuda/ops/place.h"

#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/spell.h"
#include "tracer/ops/constant.h"
#include "tracer/ops/cumulative.h"
#include "tracer/ops/pad.h"
#include "tracer/ops/trilu.h"

// ---- Pad, Tile --------------------------------------------------------------------------------

static bool fill_pad(gcut__cuda_pad_job *job, const gcut_type *in, const gcut_type *out) {
  int64_t strides[GCUT_MAX_RANK];
  *job = (gcut__cuda_pad_job){.count = (int64_t)gcut__cuda_count(out),
                              .rank = in->rank,
                              .size = gcut__cuda_element_bytes(in->type)};
  if (!job->size || in->rank > GCUT_CUDA_PLACE_DIMS) return false;
  gcut__cuda_strides(in, strides);
  for (int d = 0; d < in->rank; d++) {
    job->dims[d] = out->dims[d];
    job->from_dims[d] = in->dims[d];
    job->strides[d] = strides[d];
  }
  return true;
}

gcut_status gcut__cuda_compile_tile(const gcut__cuda_compile *c, gcut_error *err) {
  static const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_pad_job, from, 0),
                                                GCUT_CUDA_OUT(gcut__cuda_pad_job, to, 0)};
  gcut__cuda_pad_job job;
  if (c->node->version < 6 ||
      !fill_pad(&job, gcut__cuda_input_type(c, 0), gcut__cuda_output_type(c, 0)))
    return GCUT_OK;
  job.mode = GCUT_CUDA_PAD_WRAP;
  return GCUT_CUDA_PLAIN(c, "gcut_pad", &job, (uint64_t)job.count, 0, pointers, err);
}

// The pads before each dimension; false where they are not known. Before opset 11 they are an
// attribute.
static bool read_begins(const gcut__cuda_compile *c, int rank, int64_t *begins) {
  const gcut__pad_attrs *attrs = c->node->attrs;
  const gcut_ints *given = c->node->version < 2 ? &attrs->paddings : &attrs->pads;
  int64_t pads[2 * GCUT_MAX_RANK], axes[GCUT_MAX_RANK];
  bool old = c->node->version < 11, all = old || !gcut__cuda_input_type(c, 3);
  int n = old ? (int)given->n : gcut__cuda_read_ints(c, 1, pads, 2 * GCUT_MAX_RANK);
  int n_axes = all ? rank : gcut__cuda_read_ints(c, 3, axes, GCUT_MAX_RANK);
  if (n < 0 || n_axes < 0 || n != 2 * n_axes) return false;
  for (int d = 0; d < rank; d++) begins[d] = 0;
  for (int k = 0; k < n_axes; k++) {
    int64_t axis = all ? k : axes[k] < 0 ? axes[k] + rank : axes[k];
    begins[axis] = old ? given->data[k] : pads[k];
  }
  return true;
}

// The constant, where it is an attribute; false where it is none of float32.
static bool read_fill(const gcut__cuda_compile *c, gcut__cuda_pad_job *job) {
  const gcut__pad_attrs *attrs = c->node->attrs;
  if (c->node->version >= 11 || attrs->value == 0) return true;
  memcpy(&job->fill, &attrs->value, sizeof attrs->value);
  return gcut__cuda_input_type(c, 0)->type == GCUT_FLOAT;
}

// Cropping before reflecting is the host's: what is reflected is then not the whole.
gcut_status gcut__cuda_compile_pad(const gcut__cuda_compile *c, gcut_error *err) {
  static const int32_t modes[GCUT__PAD_N_MODES] = {[GCUT__PAD_CONSTANT] = GCUT_CUDA_PAD_CONSTANT,
                                                   [GCUT__PAD_REFLECT] = GCUT_CUDA_PAD_REFLECT,
                                                   [GCUT__PAD_EDGE] = GCUT_CUDA_PAD_EDGE,
                                                   [GCUT__PAD_WRAP] = GCUT_CUDA_PAD_WRAP};
  static const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_pad_job, from, 0),
                                                GCUT_CUDA_IN(gcut__cuda_pad_job, value, 2),
                                                GCUT_CUDA_OUT(gcut__cuda_pad_job, to, 0)};
  const gcut_type *in = gcut__cuda_input_type(c, 0), *out = gcut__cuda_output_type(c, 0);
  gcut__cuda_pad_job job;
  if (!fill_pad(&job, in, out) || !read_begins(c, in->rank, job.begins) || !read_fill(c, &job))
    return GCUT_OK;
  job.mode = modes[gcut__pad_mode_of(c->node->attrs)];
  for (int d = 0; d < in->rank && job.mode != GCUT_CUDA_PAD_CONSTANT; d++)
    if (job.begins[d] < 0 || out->dims[d] < in->dims[d] + job.begins[d] || in->dims[d] == 0)
      return GCUT_OK;
  return GCUT_CUDA_PLAIN(c, "gcut_pad", &job, (uint64_t)job.count, 0, pointers, err);
}

gcut_status gcut__cuda_compile_center_crop_pad(const gcut__cuda_compile *c, gcut_error *err) {
  static const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_pad_job, from, 0),
                                                GCUT_CUDA_OUT(gcut__cuda_pad_job, to, 0)};
  const gcut_type *in = gcut__cuda_input_type(c, 0), *out = gcut__cuda_output_type(c, 0);
  gcut__cuda_pad_job job;
  if (!fill_pad(&job, in, out)) return GCUT_OK;
  job.mode = GCUT_CUDA_PAD_CONSTANT;
  for (int d = 0; d < in->rank; d++) {
    int64_t more = out->dims[d] - in->dims[d];
    job.begins[d] = more >= 0 ? more / 2 : -(-more / 2);
  }
  return GCUT_CUDA_PLAIN(c, "gcut_pad", &job, (uint64_t)job.count, 0, pointers, err);
}

static bool crop(gcut__speller *s) {
  const int64_t *border = ((const gcut__crop_attrs *)s->c->node->attrs)->border.data;
  const gcut_type *y = gcut__cuda_output_type(s->c, 0);
  uint32_t rows =
      gcut__spell_slice(s, gcut__spell_input(s, 0), 2, border[1], border[1] + y->dims[2]);
  gcut__spell_output(s, 0, gcut__spell_slice(s, rows, 3, border[0], border[0] + y->dims[3]));
  return true;
}

gcut_status gcut__cuda_compile_crop(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, crop, err);
}

// ---- Trilu, Range, ConstantOfShape ------------------------------------------------------------

gcut_status gcut__cuda_compile_trilu(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__trilu_attrs *attrs = c->node->attrs;
  const gcut_type *t = gcut__cuda_input_type(c, 0);
  static const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_trilu_job, x, 0),
                                                GCUT_CUDA_IN(gcut__cuda_trilu_job, k, 1),
                                                GCUT_CUDA_OUT(gcut__cuda_trilu_job, y, 0)};
  gcut__cuda_trilu_job job = {.count = (int64_t)gcut__cuda_count(t),
                              .rows = t->dims[t->rank - 2],
                              .columns = t->dims[t->rank - 1],
                              .upper = attrs->upper != 0,
                              .size = gcut__cuda_element_bytes(t->type)};
  if (!job.size) return GCUT_OK;
  return GCUT_CUDA_PLAIN(c, "gcut_trilu", &job, (uint64_t)job.count, 0, pointers, err);
}

gcut_status gcut__cuda_compile_range(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut_type *t = gcut__cuda_output_type(c, 0);
  static const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_range_job, start, 0),
                                                GCUT_CUDA_IN(gcut__cuda_range_job, delta, 2),
                                                GCUT_CUDA_OUT(gcut__cuda_range_job, y, 0)};
  gcut__cuda_range_job job = {.count = (int64_t)gcut__cuda_count(t), .type = t->type};
  if (!gcut__cuda_is_real(t->type) && !gcut__cuda_is_integer(t->type)) return GCUT_OK;
  return GCUT_CUDA_PLAIN(c, "gcut_range", &job, (uint64_t)job.count, 0, pointers, err);
}

gcut_status gcut__cuda_compile_constant_of_shape(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__constant_of_shape_attrs *attrs = c->node->attrs;
  const gcut_type *t = gcut__cuda_output_type(c, 0);
  static const gcut__cuda_pointer pointers[] = {GCUT_CUDA_OUT(gcut__cuda_fill_job, y, 0)};
  gcut__cuda_fill_job job = {.count = (int64_t)gcut__cuda_count(t),
                             .size = gcut__cuda_element_bytes(t->type)};
  if (!job.size) return GCUT_OK;
  if (attrs->value != GCUT_NONE) {
    const gcut_constant *k = &c->trace->graph->constants[attrs->value];
    if (!k->data || k->bytes < (uint64_t)job.size) return GCUT_OK;
    memcpy(&job.item, k->data, (size_t)job.size); // little-endian, as cards are
  }
  return GCUT_CUDA_PLAIN(c, "gcut_fill", &job, (uint64_t)job.count, 0, pointers, err);
}

// ---- CumSum, CumProd --------------------------------------------------------------------------

gcut_status gcut__cuda_compile_cumulative(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__cumulative_attrs *attrs = c->node->attrs;
  const gcut_type *t = gcut__cuda_input_type(c, 0);
  int64_t axis;
  static const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_scan_job, x, 0),
                                                GCUT_CUDA_OUT(gcut__cuda_scan_job, y, 0)};
  gcut__cuda_scan_job job = {.lines = 1,
                             .inner = 1,
                             .type = t->type,
                             .product = strcmp(c->node->op_type, "CumProd") == 0,
                             .exclusive = attrs->exclusive != 0,
                             .reverse = attrs->reverse != 0};
  if (t->rank == 0 || gcut__cuda_read_ints(c, 1, &axis, 1) != 1 ||
      (!gcut__cuda_is_real(t->type) && !gcut__cuda_is_integer(t->type)))
    return GCUT_OK;
  if (axis < 0) axis += t->rank;
  job.size = t->dims[axis];
  for (int d = 0; d < t->rank; d++) {
    if (d != axis) job.lines *= t->dims[d];
    if (d > axis) job.inner *= t->dims[d];
  }
  return GCUT_CUDA_PLAIN(c, "gcut_scan", &job, (uint64_t)job.lines, GCUT_CUDA_SCAN_THREADS,
                         pointers, err);
}
