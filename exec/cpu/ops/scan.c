// Scan. Opset 9 runs one sequence a scanned input; opset 8 a batch of them.
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/turns.h"
#include "tracer/ops/control.h"

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

static gcut_status slice_inputs(gcut__cpu_call *c, const scan *s, gcut_tensor *const *whole,
                                gcut__turns *t, int64_t turn, gcut_error *err) {
  for (uint32_t k = 0; k < s->form.n_scans; k++) {
    const gcut_tensor *x = whole[s->form.n_states + k];
    gcut_tensor **to = &t->inputs[s->form.n_states + k];
    int64_t at = gcut__scan_entry(s->directions, k) ? s->length - 1 - turn : turn;
    gcut_tensor_unref(*to);
    *to = NULL;
    GCUT_TRY(gcut__slab_take(c, x, scan_axis(s, k, x), at, 1, true, to, err));
  }
  return GCUT_OK;
}

static gcut_status scan_turns(gcut__cpu_call *c, const scan *s, gcut_tensor *const *whole,
                              gcut__turns *t, gcut_tensor **outputs, gcut_error *err) {
  for (uint32_t k = 0; k < t->n_states; k++) t->inputs[k] = gcut_tensor_ref(whole[k]);
  for (int64_t turn = 0; turn < s->length; turn++) {
    GCUT_TRY(slice_inputs(c, s, whole, t, turn, err));
    GCUT_TRY(gcut__turns_take(c, t, err));
  }
  for (uint32_t k = 0; k < t->n_states; k++) outputs[k] = gcut_tensor_ref(t->inputs[k]);
  for (uint32_t k = 0; k < t->n_stacked; k++) {
    uint32_t output = t->n_states + k;
    bool reverse = gcut__scan_entry(s->attrs->scan_output_directions, k) != 0;
    GCUT_TRY(gcut__turns_stack(c, t, k, gcut__scan_entry(s->attrs->scan_output_axes, k), reverse,
                               &outputs[output], err));
  }
  return GCUT_OK;
}

// New references to all outputs of the body; NULL where it failed.
static gcut_status run_scan(gcut__cpu_call *c, const scan *s, gcut_tensor *const *whole,
                            gcut_tensor **outputs, gcut_error *err) {
  const gcut__scan_form *form = &s->form;
  gcut__turns t = {.body = s->attrs->body,
                   .n_inputs = form->n_states + form->n_scans,
                   .n_outputs = form->n_outputs,
                   .n_states = form->n_states,
                   .n_stacked = form->n_outputs - form->n_states};
  gcut_status status = gcut__turns_open(c, &t, err);
  if (status == GCUT_OK) status = scan_turns(c, s, whole, &t, outputs, err);
  gcut__turns_close(&t);
  if (status != GCUT_OK) gcut__unref_all(outputs, form->n_outputs);
  return status;
}

static gcut_status check_lengths(gcut__cpu_call *c, scan *s, gcut_tensor *const *whole,
                                 gcut_error *err) {
  for (uint32_t k = 0; k < s->form.n_scans; k++) {
    const gcut_tensor *x = whole[s->form.n_states + k];
    if (x->kind != GCUT_KIND_TENSOR || x->rank < 1)
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "input %u cannot be scanned",
                            s->form.n_states + k);
    int64_t axis = gcut__scan_entry(s->attrs->scan_input_axes, k);
    if (axis < -x->rank || axis >= x->rank)
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "axis %lld of a tensor of rank %d",
                            (long long)axis, x->rank);
    int64_t length = x->dims[scan_axis(s, k, x)];
    if (k > 0 && length != s->length)
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "sequences of %lld and of %lld elements",
                            (long long)s->length, (long long)length);
    s->length = length;
  }
  return GCUT_OK;
}

static gcut_status scan_whole(gcut__cpu_call *c, scan *s, gcut_error *err) {
  gcut_tensor **outputs = GCUT_NEW_ARRAY(c->scratch, gcut_tensor *, s->form.n_outputs);
  gcut_tensor *const *whole = (gcut_tensor *const *)c->inputs;
  if (!outputs) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  GCUT_TRY(check_lengths(c, s, whole, err));
  GCUT_TRY(run_scan(c, s, whole, outputs, err));
  for (uint32_t k = 0; k < s->form.n_outputs; k++) gcut__give(c, k, outputs[k]);
  return GCUT_OK;
}

// ---- Scan of opset 8: a batch of sequences, each of its own length ----------------------------

// The sample's inputs, each without its batch dim.
static gcut_status take_sample(gcut__cpu_call *c, const scan *s, int64_t sample,
                               gcut_tensor **inputs, gcut_error *err) {
  for (uint32_t k = 0; k < s->form.n_states + s->form.n_scans; k++)
    GCUT_TRY(gcut__slab_take(c, c->inputs[k + 1], 0, sample, 1, true, &inputs[k], err));
  return GCUT_OK;
}

// Lengthens a stacked output with zeros to what the longest sequence gives.
static gcut_status lengthen(gcut__cpu_call *c, gcut_tensor **tensor, int64_t length,
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

static gcut_status scan_sample(gcut__cpu_call *c, scan *s, int64_t sample, int64_t longest,
                               gcut_tensor **inputs, gcut_tensor **outputs,
                               gcut__tensor_list *lists, gcut_error *err) {
  GCUT_TRY(take_sample(c, s, sample, inputs, err));
  s->length = gcut__cpu_has(c, 0) ? ((const int64_t *)c->inputs[0]->data)[sample] : longest;
  if (s->length < 0 || s->length > longest)
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "sequence %lld of %lld elements, at most %lld",
                          (long long)sample, (long long)s->length, (long long)longest);
  GCUT_TRY(run_scan(c, s, inputs, outputs, err));
  for (uint32_t k = 0; k < s->form.n_outputs; k++) {
    if (k >= s->form.n_states) GCUT_TRY(lengthen(c, &outputs[k], longest, err));
    gcut_tensor *given = outputs[k];
    outputs[k] = NULL;
    GCUT_TRY(gcut__tensor_list_add(&lists[k], given, err));
  }
  return GCUT_OK;
}

// Fails unless every input has the same batch, and sequences one length; gives both.
static gcut_status batch_shape(gcut__cpu_call *c, const scan *s, int64_t *batch, int64_t *longest,
                               gcut_error *err) {
  *batch = *longest = -1;
  for (uint32_t k = 0; k < s->form.n_states + s->form.n_scans; k++) {
    const gcut_tensor *x = c->inputs[k + 1];
    int scanned = k >= s->form.n_states;
    if (x->kind != GCUT_KIND_TENSOR || x->rank < 1 + scanned ||
        (*batch >= 0 && x->dims[0] != *batch) ||
        (scanned && *longest >= 0 && x->dims[1] != *longest))
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "input %u does not fit the others", k + 1);
    *batch = x->dims[0];
    if (scanned) *longest = x->dims[1];
  }
  if (gcut__cpu_has(c, 0) && (c->inputs[0]->type != GCUT_INT64 || c->inputs[0]->rank != 1 ||
                              c->inputs[0]->dims[0] != *batch))
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "its lengths are not %lld of int64",
                          (long long)*batch);
  if (*batch == 0) return gcut__cpu_fail(c, GCUT_UNSUPPORTED, err, "an empty batch");
  return GCUT_OK;
}

static gcut_status scan_batch(gcut__cpu_call *c, scan *s, gcut_error *err) {
  uint32_t n_in = s->form.n_states + s->form.n_scans, n_out = s->form.n_outputs;
  gcut_tensor **inputs = GCUT_NEW_ARRAY(c->scratch, gcut_tensor *, n_in);
  gcut_tensor **outputs = GCUT_NEW_ARRAY(c->scratch, gcut_tensor *, n_out);
  gcut__tensor_list *lists = GCUT_NEW_ARRAY(c->scratch, gcut__tensor_list, n_out);
  int64_t batch, longest;
  if (!inputs || !outputs || !lists) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  GCUT_TRY(batch_shape(c, s, &batch, &longest, err));
  gcut_status status = GCUT_OK;
  for (int64_t sample = 0; sample < batch && status == GCUT_OK; sample++) {
    status = scan_sample(c, s, sample, longest, inputs, outputs, lists, err);
    gcut__unref_all(inputs, n_in);
    gcut__unref_all(outputs, n_out);
  }
  for (uint32_t k = 0; k < n_out; k++) {
    gcut_tensor *stacked = NULL;
    if (status == GCUT_OK)
      status = gcut__slab_stack(c, lists[k].items, lists[k].n, 0, false, &stacked, err);
    if (status == GCUT_OK) gcut__give(c, k, stacked);
    gcut__tensor_list_free(&lists[k]);
  }
  return status;
}

gcut_status gcut__cpu_scan(gcut__cpu_call *c, gcut_error *err) {
  const gcut__scan_attrs *attrs = c->attrs;
  scan s = {.attrs = attrs};
  GCUT_TRY(gcut__check_bodies(c, err));
  GCUT_TRY(gcut__scan_form_of(c->graph, c->node, attrs, &s.form, err));
  s.directions = s.form.batched ? attrs->directions : attrs->scan_input_directions;
  for (uint32_t k = s.form.first; k < c->n_inputs; k++)
    if (!c->inputs[k]) return gcut__cpu_fail(c, GCUT_FORMAT, err, "input %u is missing", k);
  return s.form.batched ? scan_batch(c, &s, err) : scan_whole(c, &s, err);
}
