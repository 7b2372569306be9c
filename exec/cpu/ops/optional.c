// Optional and OptionalHasElement; getting the element is a view.
#include "tracer/ops/optional.h"

#include "exec/cpu/ops/kernels.h"

gcut_status gcut__cpu_optional(gcut__cpu_call *c, gcut_error *err) {
  if (gcut__cpu_has(c, 0)) {
    gcut__cpu_output_tensor(c, 0, (gcut_tensor *)c->inputs[0]);
    return GCUT_OK;
  }
  gcut_tensor *none;
  GCUT_TRY(gcut_tensor_none((gcut_dtype)gcut__optional_type(c->graph, c->node)->type, &none, err));
  gcut__cpu_output_tensor(c, 0, none);
  gcut_tensor_unref(none);
  return GCUT_OK;
}

gcut_status gcut__cpu_optional_has_element(gcut__cpu_call *c, gcut_error *err) {
  (void)err;
  *(uint8_t *)c->outputs[0]->data = gcut__cpu_has(c, 0) && c->inputs[0]->kind != GCUT_KIND_OPTIONAL;
  return GCUT_OK;
}
