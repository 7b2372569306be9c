// From an arrangement to commands: the one loop behind all strategies.
//
//   for each step (a part on some batches): issue the loads whose slots are free;
//     for each batch: bring its inputs, run, take its outputs away, drop what nobody reads again.
//
// Commands of different queues run at the same time, as far as waits allow, and waits come from the
// ranges alone (exec/schedule.c); so nothing here needs to look ahead: the push of the next batch
// is issued after this batch's run and still overlaps it.
#include "exec/offload/weaver.h"

#include <stdlib.h>
#include <string.h>

#include "tracer/base/error.h"

// ---- a part on a batch ------------------------------------------------------------------------

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
  w->prepared = gcut__claim(w->builder, GCUT_SPACE_DEVICE, offset, work_of(w)->prepared);
  w->prepared_class = w->problem->classes[w->batch];
  if (c->bytes) gcut__claim(w->builder, GCUT_SPACE_DEVICE, workspace, c->bytes);
  gcut__commit(w->builder);
}

// What the batch's class of shapes needs of it is there afterwards, if the step has room for it and
// a batch to come that needs it again.
static void bring_prepared(gcut__weaver *w, uint64_t offset, uint64_t workspace) {
  bool fits = w->prepared != GCUT_NONE && w->prepared_class == w->problem->classes[w->batch];
  if (fits || !w->plan->prepare || work_of(w)->prepared == 0 || w->step->n_batches == 1) return;
  emit_prepare(w, offset, workspace);
}

static void emit_run(gcut__weaver *w, const operands *o, gcut_queue queue, uint64_t workspace) {
  gcut_space home = queue == GCUT_QUEUE_COMPUTE ? GCUT_SPACE_DEVICE : GCUT_SPACE_HOST;
  gcut_command *c = begin_computing(w, GCUT_RUN, queue, workspace);
  if (w->prepared != GCUT_NONE && work_of(w)->prepared > 0) {
    c->prepared = gcut__offset(w->builder, w->prepared);
    gcut__use(w->builder, w->prepared);
  }
  for (uint32_t i = 0; i < o->n_inputs; i++) gcut__use_operand(w, o->instances[i], home);
  for (uint32_t i = o->n_inputs; i < o->n; i++)
    gcut__claim_operand(w, o->instances[i], home, o->offsets[i], true);
  if (c->bytes) gcut__claim(w->builder, home, workspace, c->bytes);
  gcut__commit(w->builder);
}

static gcut_status run_on_device(gcut__weaver *w, const operands *o) {
  gcut__buffer_sizes need = gcut__buffer_need(w->plan, w->step->part);
  uint64_t base = gcut__buffer_offset(w->plan, w->step);
  uint64_t prepared = base;
  base += need.prepared;
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
  bring_prepared(w, prepared, workspace);
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

static gcut_status run_batch(gcut__weaver *w) {
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
  if (w->step->pass == w->problem->n_passes - 1 && w->step->part == w->last_fetch)
    GCUT_TRY(gcut__write_batch(w));
  for (uint32_t i = o.n_inputs; i < o.n; i++) GCUT_TRY(gcut__release(w, o.instances[i]));
  return GCUT_OK;
}

// ---- weights ----------------------------------------------------------------------------------

static void load(gcut__weaver *w, uint32_t part, uint64_t offset) {
  gcut_command *c = gcut__begin(w->builder, GCUT_LOAD, GCUT_QUEUE_WEIGHTS);
  c->part = part;
  c->bytes = w->plan->weight_bytes[part];
  c->to = offset;
  if (w->unloaded[part] != GCUT_NONE) gcut__after_command(w->builder, w->unloaded[part]);
  w->weights[part] = gcut__claim(w->builder, GCUT_SPACE_DEVICE, offset, c->bytes);
  gcut__commit(w->builder);
}

static void unload(gcut__weaver *w, uint32_t part) {
  w->unloaded[part] =
      gcut__drop(w->builder, GCUT_SPACE_DEVICE, w->weights[part], part, GCUT_NONE, GCUT_NONE);
  w->weights[part] = GCUT_NONE;
}

// Issues loads in the order in which they are needed, up to the first whose slot is still taken.
static void load_ahead(gcut__weaver *w) {
  const gcut__arrangement *a = w->plan;
  for (; w->next_step < a->n_steps; w->next_step++) {
    const gcut__step *s = &a->steps[w->next_step];
    uint32_t pass = s->pass;
    if (a->weight_bytes[s->part] == 0 || w->policy->host[s->part]) continue;
    gcut__set_pass(w->builder, pass);
    if (w->policy->keep[s->part]) {
      if (w->weights[s->part] == GCUT_NONE) load(w, s->part, a->resident_at[s->part]);
      continue;
    }
    if (s->load < w->n_loaded) continue;
    if (s->load >= gcut__loads_allowed(a, w->step)) break;
    load(w, s->part, gcut__load_offset(a, w->n_loaded++));
  }
  gcut__set_pass(w->builder, w->step->pass);
}

// A streamed load is over after the last step that uses it.
static void unload_after(gcut__weaver *w, uint32_t step) {
  const gcut__step *s = &w->plan->steps[step];
  if (s->load >= w->plan->n_loads || w->plan->last_steps[s->load] != step) return;
  unload(w, s->part);
}

// ---- the loop ---------------------------------------------------------------------------------

static gcut_status begin_pass(gcut__weaver *w, const gcut__step *s) {
  gcut__set_pass(w->builder, s->pass);
  if (s->part == 0 && s->first_batch == 0) memset(w->read, 0, w->problem->n_batches);
  if (s->part == 0) gcut__shelf_forget(&w->parked), gcut__shelf_forget(&w->host);
  return GCUT_OK;
}

static gcut_status emit(gcut__weaver *w) {
  for (uint32_t i = 0; i < w->plan->n_steps; i++) {
    w->step = &w->plan->steps[i];
    w->prepared = GCUT_NONE;
    GCUT_TRY(begin_pass(w, w->step));
    load_ahead(w);
    for (uint32_t b = 0; b < w->step->n_batches; b++) {
      w->batch = w->step->first_batch + b;
      GCUT_TRY(run_batch(w));
    }
    unload_after(w, i);
  }
  for (uint32_t i = 0; i < w->problem->n_parts; i++)
    if (w->weights[i] != GCUT_NONE) unload(w, i);
  return GCUT_OK;
}

// ---- set up -----------------------------------------------------------------------------------

static uint32_t *none_array(gcut_arena *arena, size_t n) {
  uint32_t *array = GCUT_NEW_ARRAY(arena, uint32_t, n);
  if (array) memset(array, 0xff, n * sizeof *array);
  return array;
}

static bool shelf_init(gcut__shelf *s, gcut_arena *arena, size_t n, uint64_t limit) {
  s->pool.limit = limit;
  s->items = GCUT_NEW_ARRAY(arena, uint32_t, n);
  s->uses = GCUT_NEW_ARRAY(arena, uint64_t, n);
  s->index = none_array(arena, n);
  return s->items && s->uses && s->index;
}

static uint32_t find_last_fetch(const gcut_problem *p) {
  uint32_t last = 0;
  for (uint32_t i = 0; i < p->n_activations; i++) {
    const gcut_activation *a = &p->activations[i];
    if (a->fetched && a->producer != GCUT_NONE && a->producer > last) last = a->producer;
  }
  return last;
}

static uint32_t find_first_read(const gcut_problem *p) {
  uint32_t first = GCUT_NONE;
  for (uint32_t i = 0; i < p->n_activations; i++) {
    const gcut_activation *a = &p->activations[i];
    if (a->producer == GCUT_NONE && a->n_readers && a->readers[0] < first) first = a->readers[0];
  }
  return first;
}

static bool set_up(gcut__weaver *w, gcut_arena *arena, uint64_t host_limit) {
  const gcut_problem *p = w->problem;
  size_t n = (size_t)p->n_activations * p->n_batches;
  bool ok = n < UINT32_MAX;
  for (int s = 0; ok && s < GCUT_N_SPACES; s++) ok = (w->handles[s] = none_array(arena, n)) != NULL;
  ok = ok && shelf_init(&w->parked, arena, n, w->plan->parked_limit) &&
       shelf_init(&w->host, arena, n, host_limit) && shelf_init(&w->file, arena, n, UINT64_MAX / 2);
  w->weights = none_array(arena, p->n_parts);
  w->unloaded = none_array(arena, p->n_parts);
  w->freed = none_array(arena, n);
  w->read = GCUT_NEW_ARRAY(arena, bool, p->n_batches);
  w->written = GCUT_NEW_ARRAY(arena, bool, p->n_batches);
  w->first_read = find_first_read(p);
  w->last_fetch = find_last_fetch(p);
  w->builder = gcut__builder_create(p);
  if (!ok || !w->freed || !w->weights || !w->unloaded || !w->read || !w->written || !w->builder)
    return false;
  memcpy(gcut__mapped(w->builder), w->policy->mapped, p->n_weights * sizeof(bool));
  return true;
}

static void tear_down(gcut__weaver *w) {
  gcut__builder_destroy(w->builder);
  gcut__pool_free(&w->parked.pool);
  gcut__pool_free(&w->host.pool);
  gcut__pool_free(&w->file.pool);
  free(w->resting);
  gcut_arena_destroy(w->arena);
}

static const uint64_t ROOMY = UINT64_MAX / 2; // a limit that is none

// Weaves with that much host memory; what it came to need of it is left in *w.
static gcut_status weave(gcut__weaver *w, uint64_t host_limit, const char *offload,
                         const char *note, gcut_schedule **out_schedule, gcut_error *err) {
  gcut_arena *arena = gcut_arena_create();
  w->arena = gcut_arena_create();
  w->err = err;
  gcut_status status =
      arena && w->arena && set_up(w, arena, host_limit) ? GCUT_OK : GCUT_NO_MEMORY(err);
  if (status == GCUT_OK) status = emit(w);
  if (status == GCUT_OK)
    status = gcut__builder_finish(w->builder, offload, note, out_schedule, err);
  if (status == GCUT_NOMEM) (void)GCUT_NO_MEMORY(err);
  tear_down(w);
  gcut_arena_destroy(arena);
  return status;
}

// Where host memory is too small: what would do is what the neediest command takes, since all else
// can leave for the spill file. Commands are the same however much there is.
static gcut_status refuse(const gcut__arrangement *a, const char *offload, uint64_t *out_least,
                          gcut_error *err) {
  gcut__weaver w = {.problem = a->problem, .policy = a->policy, .plan = a};
  gcut_schedule *schedule = NULL;
  gcut_status status = weave(&w, ROOMY, offload, "", &schedule, err);
  gcut_schedule_destroy(schedule);
  if (status != GCUT_OK) return status;
  if (out_least) *out_least = w.host_least;
  return GCUT_FAIL(err, GCUT_BUDGET,
                   "host budget of %llu bytes: %s needs at least %llu of host memory (%s '%s')",
                   (unsigned long long)a->problem->host_budget, offload,
                   (unsigned long long)w.host_least, w.host_what, w.host_who);
}

gcut_status gcut__weave(const gcut__arrangement *arrangement, const char *offload, const char *note,
                        gcut_schedule **out_schedule, uint64_t *out_least_host, gcut_error *err) {
  uint64_t limit = arrangement->problem->host_budget;
  gcut__weaver w = {
      .problem = arrangement->problem, .policy = arrangement->policy, .plan = arrangement};
  *out_schedule = NULL;
  gcut_status status = weave(&w, limit ? limit : ROOMY, offload, note, out_schedule, err);
  return status == GCUT_BUDGET ? refuse(arrangement, offload, out_least_host, err) : status;
}

gcut_status gcut__schedule_policy(const gcut_problem *problem, const gcut__policy *policy,
                                  const char *offload, const char *note,
                                  gcut_schedule **out_schedule, uint64_t *out_least_host,
                                  gcut_error *err) {
  gcut_arena *arena = gcut_arena_create();
  gcut__arrangement a;
  *out_schedule = NULL;
  if (!arena) return GCUT_NO_MEMORY(err);
  gcut__measures measures;
  gcut_status status = gcut__measure(problem, policy, arena, &measures, err);
  if (status == GCUT_OK)
    status = gcut__arrange(problem, policy, &measures, offload, arena, &a, err);
  if (status == GCUT_OK) status = gcut__weave(&a, offload, note, out_schedule, out_least_host, err);
  gcut_arena_destroy(arena);
  return status;
}
