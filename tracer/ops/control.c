// If, Loop, Scan, SequenceMap: operators that run bodies.
//
// While tracing, facts flow into a body and out of it. At run time nothing is inferred: bodies give
// tensors.
#include "tracer/ops/control.h"

#include "tracer/ops/carry.h"
#include "tracer/ops/flow.h"

static gcut_fact scalar_fact(gcut_dtype type, const gcut_dim *content) {
  return (gcut_fact){.type = {.kind = GCUT_KIND_TENSOR, .type = (uint8_t)type, .rank = 0},
                     .content = content,
                     .n_content = content ? 1 : 0};
}

static void set_fact(gcut_infer *c, uint32_t i, const gcut_fact *fact) {
  if (i < c->n_outputs) c->outputs[i] = *fact;
}

// Output `i`: tensors like `each`, `n` of them along `axis`.
static gcut_status set_stacked(gcut_infer *c, uint32_t i, const gcut_type *each, int axis,
                               gcut_dim n, gcut_error *err) {
  gcut_dim dims[GCUT_MAX_RANK + 1];
  if (i >= c->n_outputs) return GCUT_OK;
  c->outputs[i].type = (gcut_type){.type = each->type, .rank = -1};
  if (each->kind != GCUT_KIND_TENSOR || each->rank < 0) return GCUT_OK;
  if (axis < 0) axis += each->rank + 1;
  if (axis < 0 || axis > each->rank)
    return GCUT_NODE_FAIL(c, err, "output %u is stacked along axis %d of rank %d", i, axis,
                          each->rank + 1);
  for (int d = 0, from = 0; d <= each->rank; d++) dims[d] = d == axis ? n : each->dims[from++];
  return gcut_infer_set(c, i, (gcut_dtype)each->type, each->rank + 1, dims, err);
}

static const gcut_body *body_of(const gcut_infer *c, uint32_t body) {
  return &c->graph->bodies[body];
}

// ---- If ---------------------------------------------------------------------------------------

static const gcut_attr_row if_rows[] = {GCUT_ATTR_GRAPH(gcut__if_attrs, then_branch),
                                        GCUT_ATTR_GRAPH(gcut__if_attrs, else_branch),
                                        {0}};

static gcut_status join_branches(gcut_infer *c, const gcut_fact *other, gcut_error *err) {
  for (uint32_t i = 0; i < c->n_outputs; i++) {
    uint32_t free_dims = 0;
    gcut_type joined;
    GCUT_TRY(gcut__join_types(c, &c->outputs[i].type, &other[i].type, &free_dims, &joined, err));
    if (!gcut__same_type(&joined, &c->outputs[i].type) || joined.kind != GCUT_KIND_TENSOR)
      c->outputs[i] = (gcut_fact){.type = joined};
    c->outputs[i].constant = NULL;
    c->outputs[i].content = NULL;
    c->outputs[i].n_content = 0;
  }
  return GCUT_OK;
}

static gcut_status infer_if(gcut_infer *c, gcut_error *err) {
  const gcut__if_attrs *attrs = c->attrs;
  const gcut_dim *cond;
  uint32_t n;
  if (!c->infer_body) return GCUT_OK;
  if (gcut__content(c, 0, &cond, &n) && n == 1 && gcut_dim_known(cond[0]))
    return c->infer_body(c, cond[0] ? attrs->then_branch : attrs->else_branch, NULL, 0, c->outputs,
                         c->n_outputs, err);
  gcut_fact *other = GCUT_NEW_ARRAY(c->arena, gcut_fact, c->n_outputs);
  if (!other) return GCUT_NO_MEMORY(err);
  gcut_status then_status =
      c->infer_body(c, attrs->then_branch, NULL, 0, c->outputs, c->n_outputs, err);
  if (then_status != GCUT_OK && then_status != GCUT_FORMAT) return then_status;
  gcut_error unseen;
  gcut_status else_status = c->infer_body(c, attrs->else_branch, NULL, 0, other, c->n_outputs,
                                          then_status == GCUT_OK ? err : &unseen);
  if (else_status != GCUT_OK && else_status != GCUT_FORMAT) return else_status;
  // A branch that contradicts these shapes (a voice detector's for the other sample rate) is one
  // that is not taken.
  if (else_status != GCUT_OK) return then_status;
  if (then_status == GCUT_OK) return join_branches(c, other, err);
  memcpy(c->outputs, other, c->n_outputs * sizeof *other);
  return GCUT_OK;
}

const gcut_op gcut__op_if = {.inputs = "b",
                             .outputs = "*...",
                             .flags = GCUT_OP_CONTROL | GCUT_OP_ANY_RANK,
                             .attrs = if_rows,
                             .attrs_size = sizeof(gcut__if_attrs),
                             .infer = infer_if,
                             .flops = gcut__no_flops};

// ---- Loop -------------------------------------------------------------------------------------

static const gcut_attr_row body_rows[] = {GCUT_ATTR_GRAPH(gcut__body_attrs, body), {0}};

// Turns the loop takes: its trip count where nothing can stop it early.
static gcut_dim trip_count(gcut_infer *c, const gcut_fact *stays) {
  const gcut_dim *cond, *count;
  uint32_t n;
  bool starts = !gcut_infer_has(c, 1) || (gcut__content(c, 1, &cond, &n) && n == 1 && cond[0] == 1);
  gcut_infer body = {.inputs = &stays, .n_inputs = 1, .arena = c->arena, .dims = c->dims};
  bool goes_on = gcut__content(&body, 0, &cond, &n) && n == 1 && cond[0] == 1;
  if (!starts || !goes_on || !gcut__content(c, 0, &count, &n) || n != 1)
    return gcut_dim_fresh(c->dims);
  return gcut__or_fresh(c, gcut_dim_max(c->dims, count[0], 0));
}

static gcut_status infer_loop(gcut_infer *c, gcut_error *err) {
  static const gcut_dim yes = 1;
  const gcut__body_attrs *attrs = c->attrs;
  uint32_t n = c->n_inputs > 2 ? c->n_inputs - 2 : 0;
  gcut__flow t = {.body = attrs->body, .n_inputs = n + 2, .first = 2, .n = n, .out_first = 1};
  if (!c->infer_body) return GCUT_OK;
  t.n_outputs = body_of(c, attrs->body)->n_outputs;
  if (t.n_outputs < n + 1 || t.n_outputs - 1 < c->n_outputs)
    return GCUT_NODE_FAIL(c, err, "its body has %u outputs for %u carried values and %u outputs",
                          t.n_outputs, n, c->n_outputs);
  GCUT_TRY(gcut__flow_open(c, &t, err));
  t.inputs[0] = scalar_fact(GCUT_INT64, NULL);
  t.inputs[1] = scalar_fact(GCUT_BOOL, &yes); // a turn is only taken while the condition holds
  for (uint32_t k = 0; k < n; k++) {
    if (!c->inputs[k + 2]) return GCUT_NODE_FAIL(c, err, "input %u is missing", k + 2);
    t.inputs[k + 2] = gcut__type_only(c->inputs[k + 2]);
  }
  GCUT_TRY(gcut__infer_turns(c, &t, err));
  gcut_dim turns = trip_count(c, &t.outputs[0]);
  for (uint32_t k = 0; k < n; k++) set_fact(c, k, &t.inputs[k + 2]);
  for (uint32_t k = n + 1; k < t.n_outputs; k++)
    GCUT_TRY(set_stacked(c, k - 1, &t.outputs[k].type, 0, turns, err));
  return GCUT_OK;
}

const gcut_op gcut__op_loop = {.inputs = "i?b?*?...",
                               .outputs = "*?...",
                               .flags = GCUT_OP_CONTROL | GCUT_OP_ANY_RANK,
                               .attrs = body_rows,
                               .attrs_size = sizeof(gcut__body_attrs),
                               .infer = infer_loop,
                               .flops = gcut__no_flops};

// ---- Scan -------------------------------------------------------------------------------------

static const gcut_attr_row scan_rows[] = {GCUT_ATTR_GRAPH(gcut__scan_attrs, body),
                                          GCUT_ATTR_INT_REQUIRED(gcut__scan_attrs, num_scan_inputs),
                                          GCUT_ATTR_INTS(gcut__scan_attrs, directions),
                                          GCUT_ATTR_INTS(gcut__scan_attrs, scan_input_directions),
                                          GCUT_ATTR_INTS(gcut__scan_attrs, scan_input_axes),
                                          GCUT_ATTR_INTS(gcut__scan_attrs, scan_output_directions),
                                          GCUT_ATTR_INTS(gcut__scan_attrs, scan_output_axes),
                                          {0}};

gcut_status gcut__scan_form_of(const gcut_graph *graph, const gcut_node *node,
                               const gcut__scan_attrs *attrs, gcut__scan_form *out,
                               gcut_error *err) {
  const gcut_body *body = &graph->bodies[attrs->body];
  *out = (gcut__scan_form){.batched = node->version < 9, .first = node->version < 9 ? 1 : 0};
  uint32_t n = node->n_inputs > out->first ? node->n_inputs - out->first : 0;
  bool ok = attrs->num_scan_inputs >= 1 && attrs->num_scan_inputs <= n && body->n_inputs == n;
  if (ok) {
    out->n_scans = (uint32_t)attrs->num_scan_inputs;
    out->n_states = n - out->n_scans;
    out->n_outputs = body->n_outputs;
    ok = body->n_outputs >= out->n_states && body->n_outputs >= node->n_outputs;
  }
  if (!ok)
    return GCUT_FAIL(err, GCUT_FORMAT,
                     "node '%.200s' (Scan): %u inputs, %lld of them scanned, do not fit a body of "
                     "%u inputs and %u outputs",
                     node->name, n, (long long)attrs->num_scan_inputs, body->n_inputs,
                     body->n_outputs);
  return GCUT_OK;
}

// The type of what a turn sees of input `i`: without the batch, without the axis it scans along.
static gcut_status sliced_type(gcut_infer *c, const gcut__scan_form *form, uint32_t k,
                               gcut_type *out, gcut_dim *length, gcut_error *err) {
  const gcut__scan_attrs *attrs = c->attrs;
  const gcut_fact *input = c->inputs[form->first + k];
  if (!input) return GCUT_NODE_FAIL(c, err, "input %u is missing", form->first + k);
  *out = input->type;
  if (out->kind != GCUT_KIND_TENSOR || out->rank < 0) return GCUT_OK;
  int drop = form->batched, axis = 0;
  bool scanned = k >= form->n_states;
  if (out->rank < drop + scanned)
    return GCUT_NODE_FAIL(c, err, "input %u has rank %d", form->first + k, out->rank);
  gcut_dim *dims = gcut_arena_copy(c->arena, out->dims, (size_t)out->rank * sizeof *dims);
  if (!dims) return GCUT_NO_MEMORY(err);
  out->dims = dims += drop;
  out->rank = (int16_t)(out->rank - drop);
  if (!scanned) return GCUT_OK;
  GCUT_TRY(gcut_infer_axis(c, gcut__scan_entry(attrs->scan_input_axes, k - form->n_states),
                           out->rank, &axis, err));
  gcut_dim here = dims[axis];
  if (gcut_dim_known(*length) && gcut_dim_known(here) && *length >= 0 && here != *length)
    return GCUT_NODE_FAIL(c, err, "input %u has %lld elements to scan, others %lld",
                          form->first + k, (long long)here, (long long)*length);
  if (*length == -1 || gcut_dim_known(here)) *length = here;
  for (int d = axis; d + 1 < out->rank; d++) dims[d] = dims[d + 1];
  out->rank--;
  return GCUT_OK;
}

// Output `i` of a batched Scan has the batch dim before what the body gives.
static gcut_status add_batch(gcut_infer *c, uint32_t i, gcut_dim batch, gcut_error *err) {
  gcut_dim dims[GCUT_MAX_RANK + 1];
  if (i >= c->n_outputs) return GCUT_OK;
  gcut_type type = c->outputs[i].type;
  if (type.rank < 0) return GCUT_OK;
  dims[0] = batch;
  if (type.rank > 0) memcpy(dims + 1, type.dims, (size_t)type.rank * sizeof *dims);
  return gcut_infer_set(c, i, (gcut_dtype)type.type, type.rank + 1, dims, err);
}

static gcut_status infer_scan(gcut_infer *c, gcut_error *err) {
  const gcut__scan_attrs *attrs = c->attrs;
  gcut__scan_form form;
  gcut_dim length = -1, batch = GCUT_DIM_INVALID;
  GCUT_TRY(gcut__scan_form_of(c->graph, c->node, attrs, &form, err));
  gcut__flow t = {.body = attrs->body,
                  .n_inputs = form.n_states + form.n_scans,
                  .n = form.n_states,
                  .n_outputs = form.n_outputs};
  if (!c->infer_body) return GCUT_OK;
  GCUT_TRY(gcut__flow_open(c, &t, err));
  for (uint32_t k = 0; k < t.n_inputs; k++) {
    GCUT_TRY(sliced_type(c, &form, k, &t.inputs[k].type, &length, err));
    const gcut_type *whole = &c->inputs[form.first + k]->type;
    if (form.batched && whole->rank > 0) batch = whole->dims[0];
  }
  GCUT_TRY(gcut__infer_turns(c, &t, err));
  if (length == -1) length = gcut_dim_fresh(c->dims);
  if (batch == GCUT_DIM_INVALID) batch = gcut_dim_fresh(c->dims);
  for (uint32_t k = 0; k < form.n_outputs && k < c->n_outputs; k++) {
    int64_t axis =
        k < form.n_states ? 0 : gcut__scan_entry(attrs->scan_output_axes, k - form.n_states);
    if (axis < -GCUT_MAX_RANK || axis > GCUT_MAX_RANK)
      return GCUT_NODE_FAIL(c, err, "axis %lld", (long long)axis);
    if (k < form.n_states)
      set_fact(c, k, &t.inputs[k]);
    else
      GCUT_TRY(set_stacked(c, k, &t.outputs[k].type, (int)axis, length, err));
    if (form.batched) GCUT_TRY(add_batch(c, k, batch, err));
  }
  return GCUT_OK;
}

const gcut_op gcut__op_scan = {.inputs = "*?...",
                               .outputs = "*?...",
                               .flags = GCUT_OP_CONTROL | GCUT_OP_ANY_RANK,
                               .attrs = scan_rows,
                               .attrs_size = sizeof(gcut__scan_attrs),
                               .infer = infer_scan,
                               .flops = gcut__no_flops};

// ---- SequenceMap ------------------------------------------------------------------------------

// What the body sees of an input: an item of a sequence, or the tensor itself.
static gcut_fact item_fact(const gcut_fact *input) {
  if (input->type.kind != GCUT_KIND_SEQUENCE) return *input;
  if (input->type.element) return (gcut_fact){.type = *input->type.element};
  return (gcut_fact){.type = {.type = input->type.type, .rank = -1}};
}

static gcut_status infer_sequence_map(gcut_infer *c, gcut_error *err) {
  const gcut__body_attrs *attrs = c->attrs;
  if (!c->infer_body) return GCUT_OK;
  if (c->inputs[0]->type.kind != GCUT_KIND_SEQUENCE)
    return GCUT_NODE_FAIL(c, err, "input 0 is no sequence");
  gcut__flow t = {.body = attrs->body, .n_inputs = c->n_inputs, .n_outputs = c->n_outputs};
  GCUT_TRY(gcut__flow_open(c, &t, err));
  for (uint32_t i = 0; i < c->n_inputs; i++) {
    if (!c->inputs[i]) return GCUT_NODE_FAIL(c, err, "input %u is missing", i);
    t.inputs[i] = item_fact(c->inputs[i]);
  }
  GCUT_TRY(gcut__infer_turns(c, &t, err));
  for (uint32_t i = 0; i < c->n_outputs; i++) {
    gcut_type *element = gcut_arena_copy(c->arena, &t.outputs[i].type, sizeof *element);
    if (!element) return GCUT_NO_MEMORY(err);
    c->outputs[i].type = (gcut_type){
        .kind = GCUT_KIND_SEQUENCE, .type = element->type, .rank = -1, .element = element};
  }
  return GCUT_OK;
}

const gcut_op gcut__op_sequence_map = {.inputs = "S*?...",
                                       .outputs = "*...",
                                       .flags = GCUT_OP_CONTROL | GCUT_OP_ANY_RANK,
                                       .attrs = body_rows,
                                       .attrs_size = sizeof(gcut__body_attrs),
                                       .infer = infer_sequence_map,
                                       .flops = gcut__no_flops};
