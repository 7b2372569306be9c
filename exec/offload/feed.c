// Batches in, to the host and on to the device; batches out.
#include "exec/offload/weaver.h"
#include "tracer/base/error.h"

// ---- batches in -------------------------------------------------------------------------------

static bool is_batch_input(const gcut__weaver *w, uint32_t activation, uint32_t batch) {
  uint32_t instance = gcut__instance_of(w, activation, batch);
  return w->problem->activations[activation].producer == GCUT_NONE &&
         gcut__form_of(w, instance) != GCUT_FORM_CONSTANT;
}

static uint32_t *collect(const gcut__weaver *w,
                         bool (*wanted)(const gcut__weaver *, uint32_t, uint32_t), uint32_t batch,
                         uint32_t *out_n) {
  uint32_t *list = GCUT_NEW_ARRAY(w->arena, uint32_t, w->problem->n_activations);
  *out_n = 0;
  for (uint32_t i = 0; list && i < w->problem->n_activations; i++)
    if (wanted(w, i, batch)) list[(*out_n)++] = gcut__instance_of(w, i, batch);
  return list;
}

// What the values need together, told by the first.
static void need_all(gcut__weaver *w, const uint32_t *list, uint32_t n, const char *what) {
  if (n > 0)
    gcut__need_host(w, gcut__sum_ranges(w, list, n), what, gcut__value_of(w, list[0])->name);
}

static gcut_status take_all(gcut__weaver *w, const uint32_t *list, uint32_t n, uint64_t *offsets) {
  for (uint32_t i = 0; i < n; i++) {
    if (gcut__form_of(w, list[i]) != GCUT_FORM_RANGE) continue;
    GCUT_TRY(gcut__take_host(w, gcut__bytes_of(w, list[i]), list, i, &offsets[i]));
    gcut__shelf_add(&w->host, list[i]);
  }
  return GCUT_OK;
}

gcut_status gcut__read_batch(gcut__weaver *w, uint32_t batch) {
  uint32_t n;
  if (w->read[batch]) return GCUT_OK;
  uint32_t *list = collect(w, is_batch_input, batch, &n);
  uint64_t *offsets = GCUT_NEW_ARRAY(w->arena, uint64_t, n);
  if (!list || !offsets) return GCUT_NO_MEMORY(w->err);
  need_all(w, list, n, "inputs of a batch, with");
  gcut_status status = take_all(w, list, n, offsets);
  if (status == GCUT_BUDGET) {
    GCUT_TRY(gcut__clear_host(w));
    status = take_all(w, list, n, offsets);
  }
  if (status != GCUT_OK) return status;
  w->read[batch] = true;
  if (n == 0) return GCUT_OK;
  gcut_command *c = gcut__begin(w->builder, GCUT_READ, GCUT_QUEUE_DISK);
  c->batch = batch;
  for (uint32_t i = 0; i < n; i++) {
    gcut__claim_operand(w, list[i], GCUT_SPACE_HOST, offsets[i], false);
    c->bytes += gcut__bytes_of(w, list[i]);
  }
  gcut__commit(w->builder);
  for (uint32_t i = 0; i < n; i++)
    if (gcut__value_of(w, list[i])->n_readers == 0) GCUT_TRY(gcut__release(w, list[i]));
  return GCUT_OK;
}

// The value is in host memory afterwards.
gcut_status gcut__bring_host(gcut__weaver *w, uint32_t instance, const uint32_t *pins,
                             uint32_t n_pins) {
  uint64_t offset;
  if (gcut__value_of(w, instance)->producer == GCUT_NONE)
    GCUT_TRY(gcut__read_batch(w, gcut__batch_of(w, instance)));
  if (gcut__form_of(w, instance) != GCUT_FORM_RANGE || gcut__is_in(w, GCUT_SPACE_HOST, instance))
    return GCUT_OK;
  GCUT_TRY(gcut__take_for(w, instance, pins, n_pins, &offset));
  if (gcut__is_in(w, GCUT_SPACE_SPILL, instance))
    gcut__move_value(w, GCUT_UNSPILL, GCUT_QUEUE_DISK, GCUT_SPACE_SPILL, GCUT_SPACE_HOST, instance,
                     offset);
  else
    gcut__move_value(w, GCUT_PULL, GCUT_QUEUE_DOWN, GCUT_SPACE_DEVICE, GCUT_SPACE_HOST, instance,
                     offset);
  gcut__shelf_add(&w->host, instance);
  return GCUT_OK;
}

gcut_status gcut__bring_all(gcut__weaver *w, const uint32_t *list, uint32_t n) {
  // Batches first: reading one may take the place of the others.
  for (uint32_t i = 0; i < n; i++)
    if (gcut__value_of(w, list[i])->producer == GCUT_NONE)
      GCUT_TRY(gcut__read_batch(w, gcut__batch_of(w, list[i])));
  for (uint32_t i = 0; i < n; i++) GCUT_TRY(gcut__bring_host(w, list[i], list, n));
  return GCUT_OK;
}

// ---- batches out ------------------------------------------------------------------------------

static bool is_due(const gcut__weaver *w, uint32_t activation, uint32_t batch) {
  const gcut_activation *a = &w->problem->activations[activation];
  return gcut__is_wanted(w, a) && gcut__writer_of(w, a) == w->step->part &&
         gcut__form_of(w, gcut__instance_of(w, activation, batch)) != GCUT_FORM_CONSTANT;
}

// Whether the current part is one after which something may be written: lists are long.
static bool may_be_due(const gcut__weaver *w) {
  const gcut_stage *part = &w->problem->parts[w->step->part];
  if (!w->problem->early) return w->step->part == w->last_fetch;
  for (uint32_t i = 0; i < part->n_outputs; i++)
    if (w->problem->activations[part->outputs[i]].fetched) return true;
  return w->step->part == 0; // inputs that are outputs
}

// What stays on the device for its readers need not stay on the host, too.
static gcut_status leave_written(gcut__weaver *w, uint32_t instance) {
  w->written[instance] = true;
  GCUT_TRY(gcut__release(w, instance));
  if (!gcut__is_in(w, GCUT_SPACE_DEVICE, instance)) return GCUT_OK;
  return gcut__drop_value(w, GCUT_SPACE_HOST, instance);
}

gcut_status gcut__write_outputs(gcut__weaver *w) {
  uint32_t n;
  if (!may_be_due(w)) return GCUT_OK;
  uint32_t *list = collect(w, is_due, w->batch, &n);
  if (!list) return GCUT_NO_MEMORY(w->err);
  if (n == 0) return GCUT_OK;
  need_all(w, list, n, "outputs of a batch, with");
  gcut_status status = gcut__bring_all(w, list, n);
  if (status == GCUT_BUDGET) {
    GCUT_TRY(gcut__clear_host(w));
    status = gcut__bring_all(w, list, n);
  }
  if (status != GCUT_OK) return status;
  gcut_command *c = gcut__begin(w->builder, GCUT_WRITE, GCUT_QUEUE_DISK);
  c->batch = w->batch;
  for (uint32_t i = 0; i < n; i++) {
    gcut__use_operand(w, list[i], GCUT_SPACE_HOST);
    c->bytes += gcut__bytes_of(w, list[i]);
  }
  gcut__commit(w->builder);
  for (uint32_t i = 0; i < n; i++) GCUT_TRY(leave_written(w, list[i]));
  return GCUT_OK;
}

// ---- to the device

uint64_t gcut__take_buffer(gcut__weaver *w, uint64_t bytes) {
  uint64_t at = w->cursor;
  w->cursor += gcut_range_bytes(bytes);
  return at;
}

gcut_status gcut__bring_device(gcut__weaver *w, uint32_t instance, const uint32_t *pins,
                               uint32_t n_pins) {
  if (gcut__form_of(w, instance) != GCUT_FORM_RANGE)
    return gcut__bring_host(w, instance, pins, n_pins);
  if (gcut__is_in(w, GCUT_SPACE_DEVICE, instance)) return GCUT_OK;
  GCUT_TRY(gcut__bring_host(w, instance, &instance, 1));
  bool parked;
  uint64_t offset;
  GCUT_TRY(gcut__park(w, instance, pins, n_pins, &parked, &offset));
  if (!parked) offset = gcut__take_buffer(w, gcut__bytes_of(w, instance));
  // Parking may have pulled others into host memory and this one out of it.
  GCUT_TRY(gcut__bring_host(w, instance, &instance, 1));
  gcut__move_value(w, GCUT_PUSH, GCUT_QUEUE_UP, GCUT_SPACE_HOST, GCUT_SPACE_DEVICE, instance,
                   offset);
  if (parked) gcut__shelf_add(&w->parked, instance);
  return GCUT_OK;
}
