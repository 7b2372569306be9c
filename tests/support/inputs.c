#include "tests/support/inputs.h"

gcut_status make_inputs(const gcut_graph *g, int64_t rows, gcut_tensor **inputs, gcut_error *err) {
  const gcut_body *main = &g->bodies[0];
  gcut_status status = GCUT_OK;
  for (uint32_t i = 0; i < main->n_inputs && status == GCUT_OK; i++) {
    const gcut_type *type = &g->values[main->inputs[i]].declared;
    int64_t dims[GCUT_MAX_RANK];
    for (int d = 0; d < type->rank; d++)
      dims[d] = gcut_dim_known(type->dims[d]) ? type->dims[d] : rows;
    status = gcut_tensor_create(type->type, type->rank, dims, &inputs[i], err);
  }
  return status;
}
