// If, Loop, SequenceMap: references go into bodies and come out of them, nothing is copied.
#include "tracer/ops/control.h"

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/turns.h"

static gcut_status make_scalar(gcut_dtype type, int64_t value, gcut_tensor **out_tensor,
                               gcut_error *err) {
  GCUT_TRY(gcut_tensor_create(type, 0, NULL, out_tensor, err));
  memcpy((*out_tensor)->data, &value, (*out_tensor)->bytes);
  return GCUT_OK;
}

// The truth of a condition: a bool tensor of one element.
static gcut_status truth(const gcut__cpu_call *c, const gcut_tensor *t, bool *out,
                         gcut_error *err) {
  if (t->kind != GCUT_KIND_TENSOR || t->type != GCUT_BOOL || t->count != 1)
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "its condition is not one bool");
  *out = *(const uint8_t *)t->data != 0;
  return GCUT_OK;
}

// ---- If ---------------------------------------------------------------------------------------

gcut_status gcut__cpu_if(gcut__cpu_call *c, gcut_error *err) {
  const gcut__if_attrs *attrs = c->attrs;
  bool yes = false;
  GCUT_TRY(gcut__check_bodies(c, err));
  GCUT_TRY(truth(c, c->inputs[0], &yes, err));
  gcut_tensor **outputs = GCUT_NEW_ARRAY(c->scratch, gcut_tensor *, c->n_outputs);
  if (!outputs) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  GCUT_TRY(c->run_body(c, yes ? attrs->then_branch : attrs->else_branch, NULL, 0, outputs,
                       c->n_outputs, err));
  for (uint32_t i = 0; i < c->n_outputs; i++) gcut__give(c, i, outputs[i]);
  return GCUT_OK;
}

// ---- Loop -------------------------------------------------------------------------------------

static gcut_status read_count(const gcut__cpu_call *c, int64_t *out, gcut_error *err) {
  *out = INT64_MAX;
  if (!gcut__cpu_has(c, 0)) return GCUT_OK;
  if (c->inputs[0]->count != 1) return gcut__cpu_fail(c, GCUT_FORMAT, err, "M is no scalar");
  *out = *(const int64_t *)c->inputs[0]->data;
  return GCUT_OK;
}

static gcut_status start_loop(gcut__cpu_call *c, gcut__turns *t, bool *out_goes_on,
                              gcut_error *err) {
  *out_goes_on = true;
  for (uint32_t k = 0; k < t->n_states; k++) {
    if (!c->inputs[k + 2]) return gcut__cpu_fail(c, GCUT_FORMAT, err, "input %u is missing", k + 2);
    t->inputs[k + 2] = gcut_tensor_ref((gcut_tensor *)c->inputs[k + 2]);
  }
  if (!gcut__cpu_has(c, 1)) return make_scalar(GCUT_BOOL, 1, &t->inputs[1], err);
  t->inputs[1] = gcut_tensor_ref((gcut_tensor *)c->inputs[1]);
  return truth(c, t->inputs[1], out_goes_on, err);
}

static gcut_status run_turns(gcut__cpu_call *c, gcut__turns *t, gcut_error *err) {
  int64_t count;
  bool goes_on = false;
  GCUT_TRY(read_count(c, &count, err));
  GCUT_TRY(start_loop(c, t, &goes_on, err));
  for (int64_t i = 0; i < count && goes_on; i++) {
    gcut_tensor_unref(t->inputs[0]);
    t->inputs[0] = NULL;
    GCUT_TRY(make_scalar(GCUT_INT64, i, &t->inputs[0], err));
    GCUT_TRY(gcut__turns_take(c, t, err));
    GCUT_TRY(truth(c, t->outputs[0], &goes_on, err));
    gcut_tensor_unref(t->inputs[1]);
    t->inputs[1] = t->outputs[0];
    t->outputs[0] = NULL;
  }
  return GCUT_OK;
}

static gcut_status finish_loop(gcut__cpu_call *c, gcut__turns *t, gcut_error *err) {
  for (uint32_t k = 0; k < t->n_states; k++)
    gcut__cpu_output_tensor(c, k, t->inputs[t->first_state + k]);
  for (uint32_t k = 0; k < t->n_stacked; k++) {
    uint32_t output = t->n_states + k;
    gcut_tensor *stacked;
    if (!gcut__cpu_wants(c, output)) continue;
    GCUT_TRY(gcut__turns_stack(c, t, k, 0, false, &stacked, err));
    gcut__give(c, output, stacked);
  }
  return GCUT_OK;
}

gcut_status gcut__cpu_loop(gcut__cpu_call *c, gcut_error *err) {
  const gcut__body_attrs *attrs = c->attrs;
  GCUT_TRY(gcut__check_bodies(c, err));
  uint32_t n_states = c->n_inputs > 2 ? c->n_inputs - 2 : 0;
  uint32_t n_outputs = c->graph->bodies[attrs->body].n_outputs;
  if (n_outputs < 1 + n_states || n_outputs - 1 < c->n_outputs)
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "its body has %u outputs", n_outputs);
  gcut__turns t = {.body = attrs->body,
                   .n_inputs = n_states + 2,
                   .n_outputs = n_outputs,
                   .first_state = 2,
                   .first_output = 1,
                   .n_states = n_states,
                   .n_stacked = n_outputs - 1 - n_states};
  gcut_status status = gcut__turns_open(c, &t, err);
  if (status == GCUT_OK) status = run_turns(c, &t, err);
  if (status == GCUT_OK) status = finish_loop(c, &t, err);
  gcut__turns_close(&t);
  return status;
}

// ---- SequenceMap ------------------------------------------------------------------------------

// The body's inputs for item `i`: borrowed.
static gcut_status pick_items(const gcut__cpu_call *c, size_t i, gcut_tensor **inputs,
                              gcut_error *err) {
  for (uint32_t k = 0; k < c->n_inputs; k++) {
    gcut_tensor *x = (gcut_tensor *)c->inputs[k];
    if (!x) return gcut__cpu_fail(c, GCUT_FORMAT, err, "input %u is missing", k);
    if (x->kind == GCUT_KIND_SEQUENCE && i >= x->n_items)
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "input %u has %zu items, input 0 has %zu", k,
                            x->n_items, c->inputs[0]->n_items);
    inputs[k] = x->kind == GCUT_KIND_SEQUENCE ? x->items[i] : x;
  }
  return GCUT_OK;
}

static gcut_status map_items(gcut__cpu_call *c, gcut__tensor_list *lists, gcut_error *err) {
  const gcut__body_attrs *attrs = c->attrs;
  gcut_tensor **inputs = GCUT_NEW_ARRAY(c->scratch, gcut_tensor *, c->n_inputs);
  gcut_tensor **outputs = GCUT_NEW_ARRAY(c->scratch, gcut_tensor *, c->n_outputs);
  if (!inputs || !outputs) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  for (size_t i = 0; i < c->inputs[0]->n_items; i++) {
    GCUT_TRY(pick_items(c, i, inputs, err));
    GCUT_TRY(c->run_body(c, attrs->body, inputs, c->n_inputs, outputs, c->n_outputs, err));
    gcut_status status = GCUT_OK;
    for (uint32_t k = 0; k < c->n_outputs && status == GCUT_OK; k++) {
      gcut_tensor *t = outputs[k];
      outputs[k] = NULL;
      status = gcut__tensor_list_add(&lists[k], t, err);
    }
    gcut__unref_all(outputs, c->n_outputs);
    if (status != GCUT_OK) return status;
  }
  return GCUT_OK;
}

// The sequence of what the body gave for output `k`.
static gcut_status gather_items(gcut__cpu_call *c, const gcut__tensor_list *list, uint32_t k,
                                gcut_error *err) {
  const gcut__body_attrs *attrs = c->attrs;
  uint32_t value = c->graph->bodies[attrs->body].outputs[k];
  gcut_dtype type =
      list->n > 0 ? list->items[0]->type : (gcut_dtype)c->graph->values[value].declared.type;
  gcut_tensor *sequence;
  GCUT_TRY(gcut_tensor_sequence(type, list->items, list->n, &sequence, err));
  gcut__give(c, k, sequence);
  return GCUT_OK;
}

gcut_status gcut__cpu_sequence_map(gcut__cpu_call *c, gcut_error *err) {
  const gcut__body_attrs *attrs = c->attrs;
  GCUT_TRY(gcut__check_bodies(c, err));
  if (c->inputs[0]->kind != GCUT_KIND_SEQUENCE)
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "input 0 is no sequence");
  if (c->graph->bodies[attrs->body].n_outputs != c->n_outputs)
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "its body has %u outputs, expected %u",
                          c->graph->bodies[attrs->body].n_outputs, c->n_outputs);
  gcut__tensor_list *lists = GCUT_NEW_ARRAY(c->scratch, gcut__tensor_list, c->n_outputs);
  if (!lists) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  gcut_status status = map_items(c, lists, err);
  for (uint32_t k = 0; k < c->n_outputs; k++) {
    if (status == GCUT_OK) status = gather_items(c, &lists[k], k, err);
    gcut__tensor_list_free(&lists[k]);
  }
  return status;
}
