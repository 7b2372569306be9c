// ReverseSequence.
#include "tracer/ops/reverse.h"

#include "tracer/ops/carry.h"

static const gcut_attr_row reverse_rows[] = {GCUT_ATTR_INT(gcut__reverse_attrs, batch_axis, 1),
                                             GCUT_ATTR_INT(gcut__reverse_attrs, time_axis, 0),
                                             {0}};

static gcut_status infer_reverse_sequence(gcut_infer *c, gcut_error *err) {
  const gcut__reverse_attrs *attrs = c->attrs;
  int64_t batch = attrs->batch_axis, time = attrs->time_axis;
  if (batch < 0 || batch > 1 || time != 1 - batch)
    return GCUT_NODE_FAIL(c, err, "batch_axis %lld and time_axis %lld, expected 0 and 1",
                          (long long)batch, (long long)time);
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 2, GCUT_MAX_RANK, err));
  GCUT_TRY(gcut_infer_expect_rank(c, 1, 1, 1, err));
  gcut_dim n = gcut_infer_dims(c, 1)[0], samples = gcut_infer_dims(c, 0)[batch];
  if (gcut_dim_known(n) && gcut_dim_known(samples) && n != samples)
    return GCUT_NODE_FAIL(c, err, "%lld lengths for %lld sequences", (long long)n,
                          (long long)samples);
  return gcut_infer_set_like(c, 0, 0, err);
}

const gcut_op gcut__op_reverse_sequence = {.inputs = "Ti",
                                           .outputs = "T",
                                           .attrs = reverse_rows,
                                           .attrs_size = sizeof(gcut__reverse_attrs),
                                           .infer = infer_reverse_sequence,
                                           .flops = gcut__no_flops};
