// Trilu: one triangle of matrices.
#include "tracer/ops/trilu.h"

#include "tracer/ops/carry.h"

static const gcut_attr_row trilu_rows[] = {GCUT_ATTR_INT(gcut__trilu_attrs, upper, 1), {0}};

static gcut_status infer_trilu(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 2, GCUT_MAX_RANK, err));
  if (gcut_infer_has(c, 1)) {
    GCUT_TRY(gcut_infer_expect_rank(c, 1, 0, 1, err));
    int64_t n = gcut_infer_rank(c, 1) == 0 ? 1 : gcut__static_length(c, 1);
    if (n >= 0 && n != 1) return GCUT_NODE_FAIL(c, err, "k has %lld elements", (long long)n);
  }
  return gcut_infer_set_like(c, 0, 0, err);
}

const gcut_op gcut__op_trilu = {.inputs = "Ti?",
                                .outputs = "T",
                                .attrs = trilu_rows,
                                .attrs_size = sizeof(gcut__trilu_attrs),
                                .infer = infer_trilu,
                                .flops = gcut__no_flops};
