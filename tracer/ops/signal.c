// DFT, STFT, HannWindow, HammingWindow, BlackmanWindow, MelWeightMatrix.
//
// Signals carry real and imaginary parts in a last dim of 2, or real parts alone in one of 1.
#include "tracer/ops/signal.h"

#include <inttypes.h>

#include "tracer/ops/expect.h"

// The one element of an integer input; false where it is not known.
static bool read_scalar(gcut_infer *c, uint32_t i, gcut_dim *out) {
  const gcut_dim *values;
  uint32_t n;
  if (!gcut_infer_content(c, i, &values, &n) || n != 1) return false;
  *out = values[0];
  return true;
}

// Inputs [first, last] are single numbers, where present.
static gcut_status expect_scalars(const gcut_infer *c, uint32_t first, uint32_t last,
                                  gcut_error *err) {
  for (uint32_t i = first; i <= last; i++) {
    if (!gcut_infer_has(c, i)) continue;
    GCUT_TRY(gcut_infer_expect_rank(c, i, 0, 1, err));
    if (gcut_infer_rank(c, i) == 1) GCUT_TRY(gcut__expect_dim(c, i, 0, 1, "a single number", err));
  }
  return GCUT_OK;
}

static gcut_status expect_positive(const gcut_infer *c, gcut_dim dim, const char *what,
                                   gcut_error *err) {
  if (gcut_dim_known(dim) && dim < 1)
    return GCUT_NODE_FAIL(c, err, "%s is %" PRId64 ", expected 1 or more", what, dim);
  return GCUT_OK;
}

// Bins of a spectrum of `length`, of which a real signal needs the first half only.
static gcut_dim spectrum(gcut_infer *c, gcut_dim length, bool onesided) {
  if (!onesided) return length;
  return gcut_dim_add(c->dims, gcut_dim_floor_div(c->dims, length, 2), 1);
}

// ---- DFT --------------------------------------------------------------------------------------

// The axis; -1 where it is an input whose element is not known.
static gcut_status dft_axis(gcut_infer *c, int *out, gcut_error *err) {
  const gcut__dft_attrs *attrs = c->attrs;
  int rank = gcut_infer_rank(c, 0);
  gcut_dim axis = c->node->version >= 20 ? -2 : attrs->axis;
  *out = -1;
  if (gcut_infer_has(c, 2) && (!read_scalar(c, 2, &axis) || !gcut_dim_known(axis))) return GCUT_OK;
  GCUT_TRY(gcut_infer_axis(c, axis, rank, out, err));
  if (*out == rank - 1) return GCUT_NODE_FAIL(c, err, "the axis is that of the complex parts");
  return GCUT_OK;
}

// The transform's length; GCUT_DIM_INVALID where it is not known.
static gcut_status dft_length(gcut_infer *c, gcut_dim in, gcut_dim *out, gcut_error *err) {
  const gcut__dft_attrs *attrs = c->attrs;
  *out = in;
  if (gcut_infer_has(c, 1)) {
    if (!read_scalar(c, 1, out)) *out = gcut_dim_fresh(c->dims);
  } else if (attrs->inverse && attrs->onesided) {
    *out = gcut_dim_mul(c->dims, gcut_dim_sub(c->dims, in, 1), 2);
  }
  return expect_positive(c, *out, "the length of the transform", err);
}

static gcut_status dft_infer(gcut_infer *c, gcut_error *err) {
  const gcut__dft_attrs *attrs = c->attrs;
  int rank = gcut_infer_rank(c, 0), axis;
  gcut_dim length, dims[GCUT_MAX_RANK];
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 2, GCUT_MAX_RANK, err));
  GCUT_TRY(expect_scalars(c, 1, 2, err));
  gcut_dim parts = gcut_infer_dims(c, 0)[rank - 1];
  if (gcut_dim_known(parts) && parts != 1 && parts != 2)
    return GCUT_NODE_FAIL(c, err, "the last dim is %" PRId64 ", expected 1 or 2", parts);
  GCUT_TRY(dft_axis(c, &axis, err));
  bool keeps_length = !attrs->onesided && !gcut_infer_has(c, 1); // whichever the axis is
  for (int d = 0; d < rank; d++)
    dims[d] = axis < 0 && !keeps_length ? gcut_dim_fresh(c->dims) : gcut_infer_dims(c, 0)[d];
  if (axis >= 0) {
    GCUT_TRY(dft_length(c, dims[axis], &length, err));
    dims[axis] = spectrum(c, length, attrs->onesided && !attrs->inverse);
  }
  dims[rank - 1] = attrs->onesided && attrs->inverse ? 1 : 2;
  return gcut_infer_set(c, 0, 0, rank, dims, err);
}

// 5 n log2(n) is the customary count; 50 stands for 5 log2 of a thousand.
static double dft_flops(const gcut_infer *c) {
  return 50 * gcut_fact_count(&c->outputs[0]);
}

static const gcut_attr_row dft_rows[] = {
    GCUT_ATTR_INT(gcut__dft_attrs, axis, 1),
    GCUT_ATTR_INT(gcut__dft_attrs, inverse, 0),
    GCUT_ATTR_INT(gcut__dft_attrs, onesided, 0),
    {0},
};

const gcut_op gcut__op_dft = {
    .inputs = "TI?i?",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = dft_rows,
    .attrs_size = sizeof(gcut__dft_attrs),
    .infer = dft_infer,
    .flops = dft_flops,
};

// ---- STFT -------------------------------------------------------------------------------------

// Inputs: signal [batch, length, parts], frame_step, window, frame_length.
static gcut_status frame_length(gcut_infer *c, gcut_dim *out, gcut_error *err) {
  *out = gcut_infer_dims(c, 0)[1];
  if (gcut_infer_has(c, 2)) {
    GCUT_TRY(gcut_infer_expect_rank(c, 2, 1, 1, err));
    *out = gcut_infer_dims(c, 2)[0];
  }
  if (gcut_infer_has(c, 3) && !read_scalar(c, 3, out)) *out = gcut_dim_fresh(c->dims);
  return expect_positive(c, *out, "frame_length", err);
}

static gcut_status stft_infer(gcut_infer *c, gcut_error *err) {
  const gcut__stft_attrs *attrs = c->attrs;
  gcut_dim frame, step;
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 3, 3, err));
  GCUT_TRY(expect_scalars(c, 1, 1, err));
  GCUT_TRY(expect_scalars(c, 3, 3, err));
  const gcut_dim *signal = gcut_infer_dims(c, 0);
  if (gcut_dim_known(signal[2]) && signal[2] != 1 && signal[2] != 2)
    return GCUT_NODE_FAIL(c, err, "the last dim is %" PRId64 ", expected 1 or 2", signal[2]);
  GCUT_TRY(frame_length(c, &frame, err));
  if (!read_scalar(c, 1, &step)) step = gcut_dim_fresh(c->dims);
  GCUT_TRY(expect_positive(c, step, "frame_step", err));
  if (gcut_dim_known(frame) && gcut_dim_known(signal[1]) && frame > signal[1])
    return GCUT_NODE_FAIL(c, err, "frames of %" PRId64 " in a signal of %" PRId64, frame,
                          signal[1]);
  gcut_dim rest = gcut_dim_sub(c->dims, signal[1], frame);
  gcut_dim frames = gcut_dim_add(c->dims, gcut_dim_floor_div(c->dims, rest, step), 1);
  gcut_dim dims[] = {signal[0], frames, spectrum(c, frame, attrs->onesided != 0), 2};
  return gcut_infer_set(c, 0, 0, 4, dims, err);
}

static const gcut_attr_row stft_rows[] = {
    GCUT_ATTR_INT(gcut__stft_attrs, onesided, 1),
    {0},
};

const gcut_op gcut__op_stft = {
    .inputs = "TIT?I?",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = stft_rows,
    .attrs_size = sizeof(gcut__stft_attrs),
    .infer = stft_infer,
    .flops = dft_flops,
};

// ---- windows and MelWeightMatrix --------------------------------------------------------------

static gcut_status output_type(const gcut_infer *c, gcut_dtype *out, gcut_error *err) {
  const gcut__signal_window_attrs *attrs = c->attrs;
  int64_t type = attrs->output_datatype;
  if (type < 1 || type > 63 || !(GCUT_NUMERIC >> type & 1))
    return GCUT_NODE_FAIL(c, err, "output_datatype is %" PRId64, type);
  *out = (gcut_dtype)type;
  return GCUT_OK;
}

static gcut_status window_infer(gcut_infer *c, gcut_error *err) {
  gcut_dtype type = GCUT_UNDEFINED;
  gcut_dim size;
  GCUT_TRY(output_type(c, &type, err));
  GCUT_TRY(expect_scalars(c, 0, 0, err));
  if (!read_scalar(c, 0, &size)) return gcut_infer_set_unknown(c, 0, type, 1, err);
  return gcut_infer_set(c, 0, type, 1, &size, err);
}

static const gcut_attr_row window_rows[] = {
    GCUT_ATTR_INT(gcut__signal_window_attrs, output_datatype, GCUT_FLOAT),
    GCUT_ATTR_INT(gcut__signal_window_attrs, periodic, 1),
    {0},
};

#define WINDOW(name)                                                                               \
  const gcut_op gcut__op_##name = {                                                                \
      .inputs = "I",                                                                               \
      .outputs = "*",                                                                              \
      .attrs = window_rows,                                                                        \
      .attrs_size = sizeof(gcut__signal_window_attrs),                                             \
      .infer = window_infer,                                                                       \
  };
WINDOW(hann_window)
WINDOW(hamming_window)
WINDOW(blackman_window)

// Inputs: num_mel_bins, dft_length, sample_rate, lower_edge_hertz, upper_edge_hertz.
static gcut_status mel_infer(gcut_infer *c, gcut_error *err) {
  gcut_dtype type = GCUT_UNDEFINED;
  gcut_dim bins, length, rate;
  GCUT_TRY(output_type(c, &type, err));
  GCUT_TRY(expect_scalars(c, 0, 4, err));
  if (!read_scalar(c, 0, &bins)) bins = gcut_dim_fresh(c->dims);
  if (!read_scalar(c, 1, &length)) length = gcut_dim_fresh(c->dims);
  GCUT_TRY(expect_positive(c, length, "dft_length", err));
  if (read_scalar(c, 2, &rate)) GCUT_TRY(expect_positive(c, rate, "sample_rate", err));
  gcut_dim dims[] = {spectrum(c, length, true), bins};
  return gcut_infer_set(c, 0, type, 2, dims, err);
}

const gcut_op gcut__op_mel_weight_matrix = {
    .inputs = "IIITT",
    .outputs = "*",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = window_rows,
    .attrs_size = sizeof(gcut__signal_window_attrs),
    .infer = mel_infer,
};
