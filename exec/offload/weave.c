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

static void begin_step(gcut__weaver *w, const gcut__step *s) {
  gcut__set_pass(w->builder, s->pass);
  if (!gcut__keeps_prepared(w->plan, s->part)) w->prepared[s->part] = GCUT_NONE;
  if (s->part > 0) return;
  if (s->first_batch == 0) memset(w->read, 0, w->problem->n_batches);
  gcut__shelf_forget(&w->parked);
  gcut__shelf_forget(&w->host);
}

static gcut_status emit(gcut__weaver *w) {
  for (uint32_t i = 0; i < w->plan->n_steps; i++) {
    w->step = &w->plan->steps[i];
    begin_step(w, w->step);
    load_ahead(w);
    for (uint32_t b = 0; b < w->step->n_batches; b++) {
      w->batch = w->step->first_batch + b;
      GCUT_TRY(gcut__run_batch(w));
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
  w->prepared = none_array(arena, p->n_parts);
  w->prepared_class = none_array(arena, p->n_parts);
  w->unloaded = none_array(arena, p->n_parts);
  w->freed = none_array(arena, n);
  w->read = GCUT_NEW_ARRAY(arena, bool, p->n_batches);
  w->written = GCUT_NEW_ARRAY(arena, bool, n);
  w->first_read = find_first_read(p);
  w->last_fetch = find_last_fetch(p);
  w->builder = gcut__builder_create(p);
  if (!ok || !w->freed || !w->weights || !w->prepared || !w->prepared_class || !w->unloaded ||
      !w->read || !w->written || !w->builder)
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
  gcut__weaver w = {.problem = problem, .policy = policy, .plan = &a};
  uint64_t limit = problem->host_budget;
  if (status == GCUT_OK) {
    status = weave(&w, limit ? limit : ROOMY, offload, note, out_schedule, err);
    if (status == GCUT_BUDGET) status = refuse(&a, offload, out_least_host, err);
  }
  gcut_arena_destroy(arena);
  return status;
}
