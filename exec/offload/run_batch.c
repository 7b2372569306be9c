// A part on a batch: its operands where it computes, what it makes of weights alone, its workspace,
// its outputs to where they are read next.
#include "exec/offload/weaver.h"
#include "tracer/base/error.h"

typedef struct operands {
  uint32_t *instances; // inputs, then outputs; constants left out
  uint64_t *offsets;   // of outputs
  uint32_t n_inputs, n;
} operands;

static bool list_operands(const gcut__weaver *w, const gcut_stage *part, operands *o) {
  uint32_t n = part->n_inputs + part->n_outputs;
  *o = (operands){.instances = GCUT_NEW_ARRAY(w->arena, uint32_t, n),
                  .offsets = GCUT_NEW_ARRAY(w->arena, uint64_t, n)};
  if (!o->instances || !o->offsets) return false;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t id = i < part->n_inputs ? part->inputs[i] : part->outputs[i - part->n_inputs];
    uint32_t instance = gcut__instance_of(w, id, w->batch);
    if (gcut__form_of(w, instance) == GCUT_FORM_CONSTANT) continue;
    o->instances[o->n++] = instance;
    if (i < part->n_inputs) o->n_inputs++;
  }
  return true;
}

static const gcut_work *work_of(const gcut__weaver *w) {
  return &w->problem->parts[w->step->part].work[w->problem->classes[w->batch]];
}

// A command that computes with the part's weights and has a workspace, which is yet to be claimed.
static gcut_command *begin_computing(gcut__weaver *w, gcut_command_kind kind, gcut_queue queue,
                                     uint64_t workspace) {
  uint32_t part = w->step->part;
  gcut_command *c = gcut__begin(w->builder, kind, queue);
  c->part = part;
  c->batch = w->batch;
  c->bytes = work_of(w)->workspace;
  c->to = workspace;
  if (queue == GCUT_QUEUE_COMPUTE && w->plan->weight_bytes[part] > 0) {
    c->from = gcut__offset(w->builder, w->weights[part]);
    gcut__use(w->builder, w->weights[part]);
  }
  return c;
}

static void emit_prepare(gcut__weaver *w, uint64_t offset, uint64_t workspace) {
  gcut_command *c = begin_computing(w, GCUT_PREPARE, GCUT_QUEUE_COMPUTE, workspace);
  c->prepared = offset;
  w->prepared[c->part] = gcut__claim(w->builder, GCUT_SPACE_DEVICE, offset, work_of(w)->prepared);
  w->prepared_class[c->part] = w->problem->classes[w->batch];
  if (c->bytes) gcut__claim(w->builder, GCUT_SPACE_DEVICE, workspace, c->bytes);
  gcut__commit(w->builder);
}

// What the batch's class of shapes needs of it is there afterwards, if there is room for it and
// more than one batch that it serves.
static void bring_prepared(gcut__weaver *w, uint64_t workspace) {
  uint32_t part = w->step->part;
  bool fits =
      w->prepared[part] != GCUT_NONE && w->prepared_class[part] == w->problem->classes[w->batch];
  if (fits || !w->plan->prepare || work_of(w)->prepared == 0) return;
  if (gcut__serves_several(w->plan, w->step))
    emit_prepare(w, gcut__prepared_offset(w->plan, w->step), workspace);
}

static void emit_run(gcut__weaver *w, const operands *o, gcut_queue queue, uint64_t workspace) {
  gcut_space home = queue == GCUT_QUEUE_COMPUTE ? GCUT_SPACE_DEVICE : GCUT_SPACE_HOST;
  gcut_command *c = begin_computing(w, GCUT_RUN, queue, workspace);
  uint32_t prepared = w->prepared[w->step->part];
  if (prepared != GCUT_NONE && work_of(w)->prepared > 0) {
    c->prepared = gcut__offset(w->builder, prepared);
    gcut__use(w->builder, prepared);
  }
  for (uint32_t i = 0; i < o->n_inputs; i++) gcut__use_operand(w, o->instances[i], home);
  for (uint32_t i = o->n_inputs; i < o->n; i++)
    gcut__claim_operand(w, o->instances[i], home, o->offsets[i], true);
  if (c->bytes) gcut__claim(w->builder, home, workspace, c->bytes);
  gcut__commit(w->builder);
}

static gcut_status run_on_device(gcut__weaver *w, const operands *o) {
  gcut__buffer_sizes need = gcut__buffer_need(w->plan, w->step->part);
  uint64_t base = gcut__buffer_offset(w->plan, w->step) + need.prepared;
  w->cursor = base + (w->n_runs % w->plan->buffers) * need.operands;
  if (w->plan->buffers == 1) w->cursor = base;
  for (uint32_t i = 0; i < o->n_inputs; i++)
    GCUT_TRY(gcut__bring_device(w, o->instances[i], o->instances, o->n));
  for (uint32_t i = o->n_inputs; i < o->n; i++) {
    if (gcut__form_of(w, o->instances[i]) != GCUT_FORM_RANGE) continue;
    bool parked;
    GCUT_TRY(gcut__park(w, o->instances[i], o->instances, o->n, &parked, &o->offsets[i]));
    if (parked)
      gcut__shelf_add(&w->parked, o->instances[i]);
    else
      o->offsets[i] = gcut__take_buffer(w, gcut__bytes_of(w, o->instances[i]));
  }
  uint64_t workspace = w->plan->buffers == 1 ? w->cursor : base + w->plan->buffers * need.operands;
  bring_prepared(w, workspace);
  emit_run(w, o, GCUT_QUEUE_COMPUTE, workspace);
  return GCUT_OK;
}

// Outputs that do not stay on the device go to the host; those that the run gives away go in any
// case.
static gcut_status take_outputs(gcut__weaver *w, const operands *o) {
  for (uint32_t i = o->n_inputs; i < o->n; i++) {
    uint32_t instance = o->instances[i];
    if (gcut__form_of(w, instance) != GCUT_FORM_RANGE) continue;
    bool parked = w->parked.index[instance] != GCUT_NONE;
    bool later = gcut__next_use(w, instance, w->step->part, w->batch) != GCUT__NEVER;
    if (gcut__is_wanted(w, gcut__value_of(w, instance)) || (later && !parked))
      GCUT_TRY(gcut__pull(w, instance));
    if (!parked) GCUT_TRY(gcut__drop_value(w, GCUT_SPACE_DEVICE, instance));
  }
  return GCUT_OK;
}

// Room on the host for what the part reads and makes, and for its workspace.
static gcut_status place_on_host(gcut__weaver *w, const operands *o, uint64_t workspace,
                                 uint64_t *out_workspace) {
  GCUT_TRY(gcut__bring_all(w, o->instances, o->n_inputs));
  for (uint32_t i = o->n_inputs; i < o->n; i++) {
    if (gcut__form_of(w, o->instances[i]) != GCUT_FORM_RANGE) continue;
    GCUT_TRY(
        gcut__take_host(w, gcut__bytes_of(w, o->instances[i]), o->instances, o->n, &o->offsets[i]));
    gcut__shelf_add(&w->host, o->instances[i]);
  }
  *out_workspace = 0;
  return workspace ? gcut__take_host(w, workspace, o->instances, o->n, out_workspace) : GCUT_OK;
}

static gcut_status run_on_host(gcut__weaver *w, const operands *o) {
  const gcut_stage *part = &w->problem->parts[w->step->part];
  uint64_t bytes = work_of(w)->workspace, workspace;
  gcut__need_host(w, gcut__sum_ranges(w, o->instances, o->n) + gcut_range_bytes(bytes),
                  "part computed on the host,", part->name);
  gcut_status status = place_on_host(w, o, bytes, &workspace);
  if (status == GCUT_BUDGET) {
    GCUT_TRY(gcut__clear_host(w));
    status = place_on_host(w, o, bytes, &workspace);
  }
  if (status != GCUT_OK) return status;
  emit_run(w, o, GCUT_QUEUE_HOST, workspace);
  return bytes ? gcut__give_host(w, workspace, bytes) : GCUT_OK;
}

// To the device before anything reads it there, if there is room that nobody needs earlier.
static gcut_status push_early(gcut__weaver *w, uint32_t instance) {
  bool parked;
  uint64_t offset;
  GCUT_TRY(gcut__park(w, instance, &instance, 1, &parked, &offset));
  if (!parked) return GCUT_OK;
  // Parking may have pulled others into host memory and this one out of it.
  GCUT_TRY(gcut__bring_host(w, instance, &instance, 1));
  gcut__move_value(w, GCUT_PUSH, GCUT_QUEUE_UP, GCUT_SPACE_HOST, GCUT_SPACE_DEVICE, instance,
                   offset);
  gcut__shelf_add(&w->parked, instance);
  return GCUT_OK;
}

// What the host made goes to the device as it is made, where there is room: so host memory need not
// hold all batches of it.
static gcut_status push_outputs(gcut__weaver *w, const operands *o) {
  for (uint32_t i = o->n_inputs; i < o->n; i++) {
    uint32_t instance = o->instances[i];
    const gcut_activation *a = gcut__value_of(w, instance);
    if (gcut__form_of(w, instance) != GCUT_FORM_RANGE) continue;
    if (a->n_readers == 0 || w->policy->host[a->readers[0]]) continue;
    GCUT_TRY(push_early(w, instance));
    if (gcut__is_in(w, GCUT_SPACE_DEVICE, instance) && !gcut__is_wanted(w, a))
      GCUT_TRY(gcut__drop_value(w, GCUT_SPACE_HOST, instance));
  }
  return GCUT_OK;
}

// And with it what else of the batch the part behind reads: pushed in that part's turn it would
// wait in the queue for what the host makes of all other batches.
static gcut_status push_beside(gcut__weaver *w) {
  const gcut__step *next = w->step + 1;
  if (next == w->plan->steps + w->plan->n_steps || next->part != w->step->part + 1 ||
      w->policy->host[next->part])
    return GCUT_OK;
  const gcut_stage *part = &w->problem->parts[next->part];
  for (uint32_t i = 0; i < part->n_inputs; i++) {
    uint32_t instance = gcut__instance_of(w, part->inputs[i], w->batch);
    if (gcut__form_of(w, instance) == GCUT_FORM_RANGE &&
        !gcut__is_in(w, GCUT_SPACE_DEVICE, instance))
      GCUT_TRY(push_early(w, instance));
  }
  return GCUT_OK;
}

static gcut_status drop_inputs(gcut__weaver *w, const operands *o) {
  for (uint32_t i = 0; i < o->n_inputs; i++) {
    uint32_t instance = o->instances[i];
    GCUT_TRY(gcut__release(w, instance));
    if (w->parked.index[instance] == GCUT_NONE)
      GCUT_TRY(gcut__drop_value(w, GCUT_SPACE_DEVICE, instance));
  }
  return GCUT_OK;
}

gcut_status gcut__run_batch(gcut__weaver *w) {
  const gcut_stage *part = &w->problem->parts[w->step->part];
  operands o;
  gcut_arena_reset(w->arena);
  GCUT_TRY(gcut__wake_host(w));
  if (!list_operands(w, part, &o)) return GCUT_NO_MEMORY(w->err);
  // While this batch computes the next is read, unless host memory is short.
  if (w->step->part == w->first_read && !w->problem->host_budget) {
    GCUT_TRY(gcut__read_batch(w, w->batch));
    if (w->batch + 1 < w->problem->n_batches) GCUT_TRY(gcut__read_batch(w, w->batch + 1));
  }
  bool on_host = w->policy->host[w->step->part];
  GCUT_TRY(on_host ? run_on_host(w, &o) : run_on_device(w, &o));
  w->n_runs++;
  GCUT_TRY(drop_inputs(w, &o));
  GCUT_TRY(on_host ? push_outputs(w, &o) : take_outputs(w, &o));
  if (on_host) GCUT_TRY(push_beside(w));
  GCUT_TRY(gcut__write_outputs(w));
  for (uint32_t i = o.n_inputs; i < o.n; i++) GCUT_TRY(gcut__release(w, o.instances[i]));
  return GCUT_OK;
}
