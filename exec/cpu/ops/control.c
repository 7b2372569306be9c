// If, Loop, Scan, SequenceMap.
//
// A turn takes references to tensors and gives references back: nothing is copied but what a Scan
// cuts from its inputs. Outputs of all turns are kept as they come and laid side by side at the
// end.
#include "tracer/ops/control.h"

#include <stdlib.h>

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/slab.h"

static gcut_status check_bodies(const gcut_cpu_call *c, gcut_error *err) {
  if (c->run_body) return GCUT_OK;
  return gcut_cpu_fail(c, GCUT_UNSUPPORTED, err, "no subgraphs run here");
}

static void unref_all(gcut_tensor **tensors, size_t n) {
  for (size_t i = 0; i < n; i++) {
    gcut_tensor_unref(tensors[i]);
    tensors[i] = NULL;
  }
}

static gcut_status no_memory(const gcut_cpu_call *c, gcut_error *err) {
  return gcut_cpu_fail(c, GCUT_NOMEM, err, "out of memory");
}

static gcut_status make_scalar(gcut_dtype type, int64_t value, gcut_tensor **out_tensor,
                               gcut_error *err) {
  GCUT_TRY(gcut_tensor_create(type, 0, NULL, out_tensor, err));
  memcpy((*out_tensor)->data, &value, (*out_tensor)->bytes);
  return GCUT_OK;
}

// The truth of a condition: a bool tensor of one element.
static gcut_status truth(const gcut_cpu_call *c, const gcut_tensor *t, bool *out, gcut_error *err) {
  if (t->kind != GCUT_KIND_TENSOR || t->type != GCUT_BOOL || t->count != 1)
    return gcut_cpu_fail(c, GCUT_FORMAT, err, "its condition is not one bool");
  *out = *(const uint8_t *)t->data != 0;
  return GCUT_OK;
}

// What is stacked where no turn was taken: nothing, of the shape that the model declares for one
// turn; a dim it leaves open is 0.
static gcut_status make_empty(gcut_cpu_call *c, uint32_t body, uint32_t output, int64_t axis,
                              gcut_tensor **out_tensor, gcut_error *err) {
  uint32_t value = c->graph->bodies[body].outputs[output];
  const gcut_type *type = &c->graph->values[value].declared;
  int64_t dims[GCUT_MAX_RANK + 1] = {0};
  int rank = type->rank < 0 ? 1 : type->rank + 1;
  *out_tensor = NULL;
  if (axis < 0) axis += rank;
  if (!type->type || rank > GCUT_MAX_RANK || axis < 0 || axis >= rank)
    return gcut_cpu_fail(c, GCUT_FORMAT, err,
                         "no turn was taken and output %u has no declared type", output);
  for (int d = 0, from = 0; d < rank; d++) {
    gcut_dim dim = d == axis || type->rank < 0 ? 0 : type->dims[from++];
    dims[d] = gcut_dim_known(dim) ? dim : 0;
  }
  return gcut_tensor_create((gcut_dtype)type->type, rank, dims, out_tensor, err);
}

// What one turn after the other gave for one output.
static gcut_status stack_turns(gcut_cpu_call *c, uint32_t body, uint32_t output,
                               const gcut__tensor_list *list, int64_t axis, bool reverse,
                               gcut_tensor **out_tensor, gcut_error *err) {
  if (list->n == 0) return make_empty(c, body, output, axis, out_tensor, err);
  return gcut__slab_stack(c, list->items, list->n, axis, reverse, out_tensor, err);
}

// Gives a new tensor to output `i` and the reference away.
static void give(gcut_cpu_call *c, uint32_t i, gcut_tensor *tensor) {
  gcut_cpu_output_tensor(c, i, tensor);
  gcut_tensor_unref(tensor);
}

// ---- If
// -------------------------------------------------------------------------------------------------------------

gcut_status gcut__cpu_if(gcut_cpu_call *c, gcut_error *err) {
  const gcut__if_attrs *attrs = c->attrs;
  bool yes = false;
  GCUT_TRY(check_bodies(c, err));
  GCUT_TRY(truth(c, c->inputs[0], &yes, err));
  gcut_tensor **outputs = GCUT_NEW_ARRAY(c->scratch, gcut_tensor *, c->n_outputs);
  if (!outputs) return no_memory(c, err);
  GCUT_TRY(c->run_body(c, yes ? attrs->then_branch : attrs->else_branch, NULL, 0, outputs,
                       c->n_outputs, err));
  for (uint32_t i = 0; i < c->n_outputs; i++) give(c, i, outputs[i]);
  return GCUT_OK;
}

// ---- a loop
// -----------------------------------------------------------------------------------------------------

// A body run again and again. inputs: the counter and the condition (Loop alone), then states, then
// what this turn scans; outputs: the condition (Loop alone), states, and what is stacked.
typedef struct loop {
  uint32_t body, n_inputs, n_outputs;
  uint32_t first_state, first_output, n_states; // of inputs, of outputs
  gcut_tensor **inputs, **outputs;              // each a reference or NULL
  gcut__tensor_list *lists;                     // [n_stacked]
  uint32_t n_stacked;
} loop;

static gcut_status open_loop(gcut_cpu_call *c, loop *l, gcut_error *err) {
  l->inputs = GCUT_NEW_ARRAY(c->scratch, gcut_tensor *, l->n_inputs);
  l->outputs = GCUT_NEW_ARRAY(c->scratch, gcut_tensor *, l->n_outputs);
  l->lists = GCUT_NEW_ARRAY(c->scratch, gcut__tensor_list, l->n_stacked);
  if (!l->inputs || !l->outputs || !l->lists) {
    *l = (loop){0};
    return no_memory(c, err);
  }
  return GCUT_OK;
}

static void close_loop(loop *l) {
  unref_all(l->inputs, l->n_inputs);
  unref_all(l->outputs, l->n_outputs);
  for (uint32_t i = 0; i < l->n_stacked; i++) gcut__tensor_list_free(&l->lists[i]);
}

// One turn: states move on, the rest is kept.
static gcut_status take_turn(gcut_cpu_call *c, loop *l, gcut_error *err) {
  GCUT_TRY(c->run_body(c, l->body, l->inputs, l->n_inputs, l->outputs, l->n_outputs, err));
  for (uint32_t k = 0; k < l->n_states; k++) {
    gcut_tensor_unref(l->inputs[l->first_state + k]);
    l->inputs[l->first_state + k] = l->outputs[l->first_output + k];
    l->outputs[l->first_output + k] = NULL;
  }
  uint32_t first = l->first_output + l->n_states;
  for (uint32_t k = 0; k < l->n_stacked; k++) {
    gcut_tensor *t = l->outputs[first + k];
    l->outputs[first + k] = NULL;
    GCUT_TRY(gcut__tensor_list_add(&l->lists[k], t, err));
  }
  return GCUT_OK;
}

// ---- Loop
// -----------------------------------------------------------------------------------------------------------

static gcut_status read_count(const gcut_cpu_call *c, int64_t *out, gcut_error *err) {
  *out = INT64_MAX;
  if (!gcut_cpu_has(c, 0)) return GCUT_OK;
  if (c->inputs[0]->count != 1) return gcut_cpu_fail(c, GCUT_FORMAT, err, "M is no scalar");
  *out = *(const int64_t *)c->inputs[0]->data;
  return GCUT_OK;
}

static gcut_status start_loop(gcut_cpu_call *c, loop *l, bool *out_goes_on, gcut_error *err) {
  *out_goes_on = true;
  for (uint32_t k = 0; k < l->n_states; k++) {
    if (!c->inputs[k + 2]) return gcut_cpu_fail(c, GCUT_FORMAT, err, "input %u is missing", k + 2);
    l->inputs[k + 2] = gcut_tensor_ref((gcut_tensor *)c->inputs[k + 2]);
  }
  if (!gcut_cpu_has(c, 1)) return make_scalar(GCUT_BOOL, 1, &l->inputs[1], err);
  l->inputs[1] = gcut_tensor_ref((gcut_tensor *)c->inputs[1]);
  return truth(c, l->inputs[1], out_goes_on, err);
}

static gcut_status run_turns(gcut_cpu_call *c, loop *l, gcut_error *err) {
  int64_t count;
  bool goes_on = false;
  GCUT_TRY(read_count(c, &count, err));
  GCUT_TRY(start_loop(c, l, &goes_on, err));
  for (int64_t i = 0; i < count && goes_on; i++) {
    gcut_tensor_unref(l->inputs[0]);
    l->inputs[0] = NULL;
    GCUT_TRY(make_scalar(GCUT_INT64, i, &l->inputs[0], err));
    GCUT_TRY(take_turn(c, l, err));
    GCUT_TRY(truth(c, l->outputs[0], &goes_on, err));
    gcut_tensor_unref(l->inputs[1]);
    l->inputs[1] = l->outputs[0];
    l->outputs[0] = NULL;
  }
  return GCUT_OK;
}

static gcut_status finish_loop(gcut_cpu_call *c, loop *l, gcut_error *err) {
  for (uint32_t k = 0; k < l->n_states; k++)
    gcut_cpu_output_tensor(c, k, l->inputs[l->first_state + k]);
  for (uint32_t k = 0; k < l->n_stacked; k++) {
    uint32_t output = l->n_states + k;
    gcut_tensor *stacked;
    if (!gcut_cpu_wants(c, output)) continue;
    GCUT_TRY(
        stack_turns(c, l->body, l->first_output + output, &l->lists[k], 0, false, &stacked, err));
    give(c, output, stacked);
  }
  return GCUT_OK;
}

gcut_status gcut__cpu_loop(gcut_cpu_call *c, gcut_error *err) {
  const gcut__body_attrs *attrs = c->attrs;
  GCUT_TRY(check_bodies(c, err));
  uint32_t n_states = c->n_inputs > 2 ? c->n_inputs - 2 : 0;
  uint32_t n_outputs = c->graph->bodies[attrs->body].n_outputs;
  if (n_outputs < 1 + n_states || n_outputs - 1 < c->n_outputs)
    return gcut_cpu_fail(c, GCUT_FORMAT, err, "its body has %u outputs", n_outputs);
  loop l = {.body = attrs->body,
            .n_inputs = n_states + 2,
            .n_outputs = n_outputs,
            .first_state = 2,
            .first_output = 1,
            .n_states = n_states,
            .n_stacked = n_outputs - 1 - n_states};
  gcut_status status = open_loop(c, &l, err);
  if (status == GCUT_OK) status = run_turns(c, &l, err);
  if (status == GCUT_OK) status = finish_loop(c, &l, err);
  close_loop(&l);
  return status;
}

// ---- Scan
// -----------------------------------------------------------------------------------------------------------

// One pass over sequences; `inputs` and `outputs` are those of the body, whole.
typedef struct scan {
  const gcut__scan_attrs *attrs;
  gcut__scan_form form;
  gcut_ints directions; // of the inputs
  int64_t length;
} scan;

static int scan_axis(const scan *s, uint32_t k, const gcut_tensor *x) {
  int64_t axis = gcut__scan_entry(s->attrs->scan_input_axes, k);
  return (int)(axis < 0 ? axis + x->rank : axis);
}

static gcut_status slice_inputs(gcut_cpu_call *c, const scan *s, gcut_tensor *const *whole, loop *l,
                                int64_t turn, gcut_error *err) {
  for (uint32_t k = 0; k < s->form.n_scans; k++) {
    const gcut_tensor *x = whole[s->form.n_states + k];
    gcut_tensor **to = &l->inputs[s->form.n_states + k];
    int64_t at = gcut__scan_entry(s->directions, k) ? s->length - 1 - turn : turn;
    gcut_tensor_unref(*to);
    *to = NULL;
    GCUT_TRY(gcut__slab_take(c, x, scan_axis(s, k, x), at, 1, true, to, err));
  }
  return GCUT_OK;
}

static gcut_status scan_turns(gcut_cpu_call *c, const scan *s, gcut_tensor *const *whole, loop *l,
                              gcut_tensor **outputs, gcut_error *err) {
  for (uint32_t k = 0; k < l->n_states; k++) l->inputs[k] = gcut_tensor_ref(whole[k]);
  for (int64_t turn = 0; turn < s->length; turn++) {
    GCUT_TRY(slice_inputs(c, s, whole, l, turn, err));
    GCUT_TRY(take_turn(c, l, err));
  }
  for (uint32_t k = 0; k < l->n_states; k++) outputs[k] = gcut_tensor_ref(l->inputs[k]);
  for (uint32_t k = 0; k < l->n_stacked; k++) {
    uint32_t output = l->n_states + k;
    bool reverse = gcut__scan_entry(s->attrs->scan_output_directions, k) != 0;
    GCUT_TRY(stack_turns(c, l->body, output, &l->lists[k],
                         gcut__scan_entry(s->attrs->scan_output_axes, k), reverse, &outputs[output],
                         err));
  }
  return GCUT_OK;
}

// New references to all outputs of the body; NULL where it failed.
static gcut_status run_scan(gcut_cpu_call *c, const scan *s, gcut_tensor *const *whole,
                            gcut_tensor **outputs, gcut_error *err) {
  const gcut__scan_form *form = &s->form;
  loop l = {.body = s->attrs->body,
            .n_inputs = form->n_states + form->n_scans,
            .n_outputs = form->n_outputs,
            .n_states = form->n_states,
            .n_stacked = form->n_outputs - form->n_states};
  gcut_status status = open_loop(c, &l, err);
  if (status == GCUT_OK) status = scan_turns(c, s, whole, &l, outputs, err);
  close_loop(&l);
  if (status != GCUT_OK) unref_all(outputs, form->n_outputs);
  return status;
}

static gcut_status check_lengths(gcut_cpu_call *c, scan *s, gcut_tensor *const *whole,
                                 gcut_error *err) {
  for (uint32_t k = 0; k < s->form.n_scans; k++) {
    const gcut_tensor *x = whole[s->form.n_states + k];
    if (x->kind != GCUT_KIND_TENSOR || x->rank < 1)
      return gcut_cpu_fail(c, GCUT_FORMAT, err, "input %u cannot be scanned", s->form.n_states + k);
    int64_t axis = gcut__scan_entry(s->attrs->scan_input_axes, k);
    if (axis < -x->rank || axis >= x->rank)
      return gcut_cpu_fail(c, GCUT_FORMAT, err, "axis %lld of a tensor of rank %d", (long long)axis,
                           x->rank);
    int64_t length = x->dims[scan_axis(s, k, x)];
    if (k > 0 && length != s->length)
      return gcut_cpu_fail(c, GCUT_FORMAT, err, "sequences of %lld and of %lld elements",
                           (long long)s->length, (long long)length);
    s->length = length;
  }
  return GCUT_OK;
}

static gcut_status scan_whole(gcut_cpu_call *c, scan *s, gcut_error *err) {
  gcut_tensor **outputs = GCUT_NEW_ARRAY(c->scratch, gcut_tensor *, s->form.n_outputs);
  gcut_tensor *const *whole = (gcut_tensor *const *)c->inputs;
  if (!outputs) return no_memory(c, err);
  GCUT_TRY(check_lengths(c, s, whole, err));
  GCUT_TRY(run_scan(c, s, whole, outputs, err));
  for (uint32_t k = 0; k < s->form.n_outputs; k++) give(c, k, outputs[k]);
  return GCUT_OK;
}

// ---- Scan of opset 8: a batch of sequences, each of its own length
// ---------------------------------------------------

// The sample's inputs, each without its batch dim.
static gcut_status take_sample(gcut_cpu_call *c, const scan *s, int64_t sample,
                               gcut_tensor **inputs, gcut_error *err) {
  for (uint32_t k = 0; k < s->form.n_states + s->form.n_scans; k++)
    GCUT_TRY(gcut__slab_take(c, c->inputs[k + 1], 0, sample, 1, true, &inputs[k], err));
  return GCUT_OK;
}

// Lengthens a stacked output with zeros to what the longest sequence gives.
static gcut_status lengthen(gcut_cpu_call *c, gcut_tensor **tensor, int64_t length,
                            gcut_error *err) {
  gcut_tensor *x = *tensor, *zeros, *joined;
  int64_t dims[GCUT_MAX_RANK];
  if (x->dims[0] >= length) return GCUT_OK;
  for (int d = 0; d < x->rank; d++) dims[d] = d == 0 ? length - x->dims[0] : x->dims[d];
  GCUT_TRY(gcut_tensor_create(x->type, x->rank, dims, &zeros, err));
  gcut_status status = gcut__slab_join(c, (gcut_tensor *const[]){x, zeros}, 2, 0, &joined, err);
  gcut_tensor_unref(zeros);
  if (status != GCUT_OK) return status;
  gcut_tensor_unref(x);
  *tensor = joined;
  return GCUT_OK;
}

static gcut_status scan_sample(gcut_cpu_call *c, scan *s, int64_t sample, int64_t longest,
                               gcut_tensor **inputs, gcut_tensor **outputs,
                               gcut__tensor_list *lists, gcut_error *err) {
  GCUT_TRY(take_sample(c, s, sample, inputs, err));
  s->length = gcut_cpu_has(c, 0) ? ((const int64_t *)c->inputs[0]->data)[sample] : longest;
  if (s->length < 0 || s->length > longest)
    return gcut_cpu_fail(c, GCUT_FORMAT, err, "sequence %lld of %lld elements, at most %lld",
                         (long long)sample, (long long)s->length, (long long)longest);
  GCUT_TRY(run_scan(c, s, inputs, outputs, err));
  for (uint32_t k = 0; k < s->form.n_outputs; k++) {
    if (k >= s->form.n_states) GCUT_TRY(lengthen(c, &outputs[k], longest, err));
    gcut_tensor *t = outputs[k];
    outputs[k] = NULL;
    GCUT_TRY(gcut__tensor_list_add(&lists[k], t, err));
  }
  return GCUT_OK;
}

// Fails unless every input has the same batch, and sequences one length; gives both.
static gcut_status batch_shape(gcut_cpu_call *c, const scan *s, int64_t *batch, int64_t *longest,
                               gcut_error *err) {
  *batch = *longest = -1;
  for (uint32_t k = 0; k < s->form.n_states + s->form.n_scans; k++) {
    const gcut_tensor *x = c->inputs[k + 1];
    int scanned = k >= s->form.n_states;
    if (x->kind != GCUT_KIND_TENSOR || x->rank < 1 + scanned ||
        (*batch >= 0 && x->dims[0] != *batch) ||
        (scanned && *longest >= 0 && x->dims[1] != *longest))
      return gcut_cpu_fail(c, GCUT_FORMAT, err, "input %u does not fit the others", k + 1);
    *batch = x->dims[0];
    if (scanned) *longest = x->dims[1];
  }
  if (gcut_cpu_has(c, 0) && (c->inputs[0]->type != GCUT_INT64 || c->inputs[0]->rank != 1 ||
                             c->inputs[0]->dims[0] != *batch))
    return gcut_cpu_fail(c, GCUT_FORMAT, err, "its lengths are not %lld of int64",
                         (long long)*batch);
  if (*batch == 0) return gcut_cpu_fail(c, GCUT_UNSUPPORTED, err, "an empty batch");
  return GCUT_OK;
}

static gcut_status scan_batch(gcut_cpu_call *c, scan *s, gcut_error *err) {
  uint32_t n_in = s->form.n_states + s->form.n_scans, n_out = s->form.n_outputs;
  gcut_tensor **inputs = GCUT_NEW_ARRAY(c->scratch, gcut_tensor *, n_in);
  gcut_tensor **outputs = GCUT_NEW_ARRAY(c->scratch, gcut_tensor *, n_out);
  gcut__tensor_list *lists = GCUT_NEW_ARRAY(c->scratch, gcut__tensor_list, n_out);
  int64_t batch, longest;
  if (!inputs || !outputs || !lists) return no_memory(c, err);
  GCUT_TRY(batch_shape(c, s, &batch, &longest, err));
  gcut_status status = GCUT_OK;
  for (int64_t sample = 0; sample < batch && status == GCUT_OK; sample++) {
    status = scan_sample(c, s, sample, longest, inputs, outputs, lists, err);
    unref_all(inputs, n_in);
    unref_all(outputs, n_out);
  }
  for (uint32_t k = 0; k < n_out; k++) {
    gcut_tensor *stacked = NULL;
    if (status == GCUT_OK)
      status = gcut__slab_stack(c, lists[k].items, lists[k].n, 0, false, &stacked, err);
    if (status == GCUT_OK) give(c, k, stacked);
    gcut__tensor_list_free(&lists[k]);
  }
  return status;
}

gcut_status gcut__cpu_scan(gcut_cpu_call *c, gcut_error *err) {
  const gcut__scan_attrs *attrs = c->attrs;
  scan s = {.attrs = attrs};
  GCUT_TRY(check_bodies(c, err));
  GCUT_TRY(gcut__scan_form_of(c->graph, c->node, attrs, &s.form, err));
  s.directions = s.form.batched ? attrs->directions : attrs->scan_input_directions;
  for (uint32_t k = s.form.first; k < c->n_inputs; k++)
    if (!c->inputs[k]) return gcut_cpu_fail(c, GCUT_FORMAT, err, "input %u is missing", k);
  return s.form.batched ? scan_batch(c, &s, err) : scan_whole(c, &s, err);
}

// ---- SequenceMap
// ----------------------------------------------------------------------------------------------------

// The body's inputs for item `i`: borrowed.
static gcut_status pick_items(const gcut_cpu_call *c, size_t i, gcut_tensor **inputs,
                              gcut_error *err) {
  for (uint32_t k = 0; k < c->n_inputs; k++) {
    gcut_tensor *x = (gcut_tensor *)c->inputs[k];
    if (!x) return gcut_cpu_fail(c, GCUT_FORMAT, err, "input %u is missing", k);
    if (x->kind == GCUT_KIND_SEQUENCE && i >= x->n_items)
      return gcut_cpu_fail(c, GCUT_FORMAT, err, "input %u has %zu items, input 0 has %zu", k,
                           x->n_items, c->inputs[0]->n_items);
    inputs[k] = x->kind == GCUT_KIND_SEQUENCE ? x->items[i] : x;
  }
  return GCUT_OK;
}

static gcut_status map_items(gcut_cpu_call *c, gcut__tensor_list *lists, gcut_error *err) {
  const gcut__body_attrs *attrs = c->attrs;
  gcut_tensor **inputs = GCUT_NEW_ARRAY(c->scratch, gcut_tensor *, c->n_inputs);
  gcut_tensor **outputs = GCUT_NEW_ARRAY(c->scratch, gcut_tensor *, c->n_outputs);
  if (!inputs || !outputs) return no_memory(c, err);
  for (size_t i = 0; i < c->inputs[0]->n_items; i++) {
    GCUT_TRY(pick_items(c, i, inputs, err));
    GCUT_TRY(c->run_body(c, attrs->body, inputs, c->n_inputs, outputs, c->n_outputs, err));
    gcut_status status = GCUT_OK;
    for (uint32_t k = 0; k < c->n_outputs && status == GCUT_OK; k++) {
      gcut_tensor *t = outputs[k];
      outputs[k] = NULL;
      status = gcut__tensor_list_add(&lists[k], t, err);
    }
    unref_all(outputs, c->n_outputs);
    if (status != GCUT_OK) return status;
  }
  return GCUT_OK;
}

// The sequence of what the body gave for output `k`.
static gcut_status gather_items(gcut_cpu_call *c, const gcut__tensor_list *list, uint32_t k,
                                gcut_error *err) {
  const gcut__body_attrs *attrs = c->attrs;
  uint32_t value = c->graph->bodies[attrs->body].outputs[k];
  gcut_dtype type =
      list->n > 0 ? list->items[0]->type : (gcut_dtype)c->graph->values[value].declared.type;
  gcut_tensor *sequence;
  GCUT_TRY(gcut_tensor_sequence(type, list->items, list->n, &sequence, err));
  give(c, k, sequence);
  return GCUT_OK;
}

gcut_status gcut__cpu_sequence_map(gcut_cpu_call *c, gcut_error *err) {
  const gcut__body_attrs *attrs = c->attrs;
  GCUT_TRY(check_bodies(c, err));
  if (c->inputs[0]->kind != GCUT_KIND_SEQUENCE)
    return gcut_cpu_fail(c, GCUT_FORMAT, err, "input 0 is no sequence");
  if (c->graph->bodies[attrs->body].n_outputs != c->n_outputs)
    return gcut_cpu_fail(c, GCUT_FORMAT, err, "its body has %u outputs, expected %u",
                         c->graph->bodies[attrs->body].n_outputs, c->n_outputs);
  gcut__tensor_list *lists = GCUT_NEW_ARRAY(c->scratch, gcut__tensor_list, c->n_outputs);
  if (!lists) return no_memory(c, err);
  gcut_status status = map_items(c, lists, err);
  for (uint32_t k = 0; k < c->n_outputs; k++) {
    if (status == GCUT_OK) status = gather_items(c, &lists[k], k, err);
    gcut__tensor_list_free(&lists[k]);
  }
  return status;
}
