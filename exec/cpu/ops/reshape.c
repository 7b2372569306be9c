// Shape and Size. The other members of the family are views and need no kernel.
#include "tracer/ops/reshape.h"

#include "exec/cpu/ops/kernels.h"

gcut_status gcut__cpu_shape(gcut__cpu_call *c, gcut_error *err) {
  (void)err;
  int start, n = gcut__shape_slice(c->attrs, c->inputs[0]->rank, &start);
  if (c->outputs[0] && n > 0)
    memcpy(c->outputs[0]->data, c->inputs[0]->dims + start, (size_t)n * sizeof(int64_t));
  return GCUT_OK;
}

gcut_status gcut__cpu_size(gcut__cpu_call *c, gcut_error *err) {
  (void)err;
  if (c->outputs[0]) *(int64_t *)c->outputs[0]->data = (int64_t)c->inputs[0]->count;
  return GCUT_OK;
}
