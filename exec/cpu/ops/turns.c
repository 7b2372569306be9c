// Turns of a body.
#include "exec/cpu/ops/turns.h"

gcut_status gcut__check_bodies(const gcut__cpu_call *c, gcut_error *err) {
  if (c->run_body) return GCUT_OK;
  return gcut__cpu_fail(c, GCUT_UNSUPPORTED, err, "no subgraphs run here");
}

void gcut__unref_all(gcut_tensor **tensors, size_t n) {
  for (size_t i = 0; i < n; i++) {
    gcut_tensor_unref(tensors[i]);
    tensors[i] = NULL;
  }
}

void gcut__give(gcut__cpu_call *c, uint32_t i, gcut_tensor *tensor) {
  gcut__cpu_output_tensor(c, i, tensor);
  gcut_tensor_unref(tensor);
}

gcut_status gcut__turns_open(gcut__cpu_call *c, gcut__turns *t, gcut_error *err) {
  t->inputs = GCUT_NEW_ARRAY(c->scratch, gcut_tensor *, t->n_inputs);
  t->outputs = GCUT_NEW_ARRAY(c->scratch, gcut_tensor *, t->n_outputs);
  t->lists = GCUT_NEW_ARRAY(c->scratch, gcut__tensor_list, t->n_stacked);
  if (!t->inputs || !t->outputs || !t->lists) {
    *t = (gcut__turns){0};
    return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  }
  return GCUT_OK;
}

void gcut__turns_close(gcut__turns *t) {
  gcut__unref_all(t->inputs, t->n_inputs);
  gcut__unref_all(t->outputs, t->n_outputs);
  for (uint32_t i = 0; i < t->n_stacked; i++) gcut__tensor_list_free(&t->lists[i]);
}

gcut_status gcut__turns_take(gcut__cpu_call *c, gcut__turns *t, gcut_error *err) {
  GCUT_TRY(c->run_body(c, t->body, t->inputs, t->n_inputs, t->outputs, t->n_outputs, err));
  for (uint32_t k = 0; k < t->n_states; k++) {
    gcut_tensor_unref(t->inputs[t->first_state + k]);
    t->inputs[t->first_state + k] = t->outputs[t->first_output + k];
    t->outputs[t->first_output + k] = NULL;
  }
  uint32_t first = t->first_output + t->n_states;
  for (uint32_t k = 0; k < t->n_stacked; k++) {
    gcut_tensor *given = t->outputs[first + k];
    t->outputs[first + k] = NULL;
    GCUT_TRY(gcut__tensor_list_add(&t->lists[k], given, err));
  }
  return GCUT_OK;
}

static gcut_status make_empty(gcut__cpu_call *c, uint32_t body, uint32_t output, int64_t axis,
                              gcut_tensor **out_tensor, gcut_error *err) {
  uint32_t value = c->graph->bodies[body].outputs[output];
  const gcut_type *type = &c->graph->values[value].declared;
  int64_t dims[GCUT_MAX_RANK + 1] = {0};
  int rank = type->rank < 0 ? 1 : type->rank + 1;
  *out_tensor = NULL;
  if (axis < 0) axis += rank;
  if (!type->type || rank > GCUT_MAX_RANK || axis < 0 || axis >= rank)
    return gcut__cpu_fail(c, GCUT_FORMAT, err,
                          "no turn was taken and output %u has no declared type", output);
  for (int d = 0, from = 0; d < rank; d++) {
    gcut_dim dim = d == axis || type->rank < 0 ? 0 : type->dims[from++];
    dims[d] = gcut_dim_known(dim) ? dim : 0;
  }
  return gcut_tensor_create((gcut_dtype)type->type, rank, dims, out_tensor, err);
}

gcut_status gcut__turns_stack(gcut__cpu_call *c, const gcut__turns *t, uint32_t k, int64_t axis,
                              bool reverse, gcut_tensor **out_tensor, gcut_error *err) {
  const gcut__tensor_list *list = &t->lists[k];
  if (list->n == 0)
    return make_empty(c, t->body, t->first_output + t->n_states + k, axis, out_tensor, err);
  return gcut__slab_stack(c, list->items, list->n, axis, reverse, out_tensor, err);
}
