// Proves a schedule safe and complete, from happens-before alone.
//
// What happens before a command follows from two things: queues run in order, and waits. As waits
// point backwards, one walk in schedule order gives every command a vector clock (how many commands
// of each queue are complete when it starts), so "x happens before y" is one comparison. A range
// keeps the last command of each queue that touched it: taking it over is safe exactly where the
// newcomer's clock covers all of them. The builder finds waits in the same way; nothing of it is
// trusted or used here, since what is to be caught are the builder's and the strategies' mistakes.
//
// The hazards are those that ring buffers in other systems shipped: a slot overwritten before its
// last reader was done, weights read before their copy was complete, a range handed out twice.
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/verifier.h"

gcut_status gcut__verify_fail(const gcut__verifier *v, const char *format, ...) {
  const gcut_command *c = gcut__verify_current(v);
  const gcut_problem *p = v->problem;
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  const char *subject = c->part < p->n_parts               ? p->parts[c->part].name
                        : c->activation < p->n_activations ? p->activations[c->activation].name
                                                           : "batch";
  return GCUT_FAIL(v->err, GCUT_MISMATCH, "schedule, command %" PRIu32 " (%s %s, batch %d): %s",
                   v->now, gcut_command_name(c->kind), subject,
                   c->batch == GCUT_NONE ? -1 : (int)c->batch, text);
}

// ---- fields and clocks ------------------------------------------------------------------------

static bool is_queue_right(const gcut_command *c) {
  switch ((gcut_command_kind)c->kind) {
  case GCUT_LOAD: return c->queue == GCUT_QUEUE_WEIGHTS;
  case GCUT_PREPARE: return c->queue == GCUT_QUEUE_COMPUTE;
  case GCUT_PUSH: return c->queue == GCUT_QUEUE_UP;
  case GCUT_PULL: return c->queue == GCUT_QUEUE_DOWN;
  case GCUT_RUN: return c->queue == GCUT_QUEUE_COMPUTE || c->queue == GCUT_QUEUE_HOST;
  case GCUT_READ:
  case GCUT_WRITE:
  case GCUT_SPILL:
  case GCUT_UNSPILL: return c->queue == GCUT_QUEUE_DISK;
  case GCUT_DROP: return c->queue < GCUT_N_QUEUES;
  case GCUT_N_COMMANDS: break;
  }
  return false;
}

static bool needs_part(const gcut_command *c) {
  return c->kind == GCUT_LOAD || c->kind == GCUT_PREPARE || c->kind == GCUT_RUN;
}
static bool needs_activation(const gcut_command *c) {
  return c->kind == GCUT_PUSH || c->kind == GCUT_PULL || c->kind == GCUT_SPILL ||
         c->kind == GCUT_UNSPILL || (c->kind == GCUT_DROP && c->part == GCUT_NONE);
}

static bool in_range(uint32_t index, uint32_t n, bool needed) {
  return index < n || (!needed && index == GCUT_NONE);
}

static gcut_status check_fields(const gcut__verifier *v) {
  const gcut_command *c = gcut__verify_current(v);
  const gcut_problem *p = v->problem;
  const gcut_schedule *s = v->schedule;
  bool needs_batch = c->kind != GCUT_LOAD && !(c->kind == GCUT_DROP && c->part != GCUT_NONE);
  if (!is_queue_right(c))
    return gcut__verify_fail(v, "does not belong on queue %s", gcut_queue_name(c->queue));
  if (!in_range(c->part, p->n_parts, needs_part(c)) ||
      !in_range(c->activation, p->n_activations, needs_activation(c)) ||
      !in_range(c->batch, p->n_batches, needs_batch) || c->pass >= p->n_passes)
    return gcut__verify_fail(v, "names a part, value, batch or pass that is not there");
  if (c->first_wait > s->n_waits || c->n_waits > s->n_waits - c->first_wait ||
      c->first_place > s->n_places || c->n_places > s->n_places - c->first_place)
    return gcut__verify_fail(v, "waits or places out of range");
  for (uint32_t i = 0; i < c->n_places; i++)
    if (s->places[c->first_place + i].activation >= p->n_activations)
      return gcut__verify_fail(v, "names a value that is not there");
  return GCUT_OK;
}

// The clock: the command before on the same queue, and each wait, with all that came before them.
static gcut_status set_clock(gcut__verifier *v) {
  const gcut_command *c = gcut__verify_current(v);
  gcut__clock clock = {{0}};
  uint32_t before = v->last[c->queue];
  v->numbers[v->now] = before == GCUT_NONE ? 1 : v->numbers[before] + 1;
  if (before != GCUT_NONE) {
    clock = v->clocks[before];
    clock.done[c->queue] = v->numbers[before];
  }
  for (uint32_t i = 0; i < c->n_waits; i++) {
    uint32_t w = v->schedule->waits[c->first_wait + i];
    if (w >= v->now)
      return gcut__verify_fail(v, "waits for command %" PRIu32 ", which comes later", w);
    unsigned q = v->schedule->commands[w].queue;
    gcut__clock_merge(&clock, &v->clocks[w]);
    if (v->numbers[w] > clock.done[q]) clock.done[q] = v->numbers[w];
  }
  v->clocks[v->now] = clock;
  v->last[c->queue] = v->now;
  return GCUT_OK;
}

// ---- the end ----------------------------------------------------------------------------------

static gcut_status check_dropped(const gcut__verifier *v) {
  for (uint32_t i = 0; i < v->problem->n_parts; i++)
    if (v->weights[i] != GCUT_NONE)
      return GCUT_FAIL(v->err, GCUT_MISMATCH, "schedule: weights of '%s' are never dropped",
                       v->problem->parts[i].name);
  size_t n = (size_t)v->problem->n_activations * v->problem->n_batches;
  for (int space = 0; space < GCUT_N_SPACES; space++)
    for (size_t i = 0; i < n; i++)
      if (v->at[space][i] != GCUT_NONE)
        return GCUT_FAIL(v->err, GCUT_MISMATCH, "schedule: '%s' of batch %zu is never dropped",
                         v->problem->activations[i / v->problem->n_batches].name,
                         i % v->problem->n_batches);
  return GCUT_OK;
}

static gcut_status check_written(const gcut__verifier *v, uint32_t batch) {
  for (uint32_t i = 0; i < v->problem->n_activations; i++)
    if (v->problem->activations[i].fetched &&
        gcut__verify_form(v, i, batch) != GCUT_FORM_CONSTANT &&
        !v->written[(size_t)i * v->problem->n_batches + batch])
      return GCUT_FAIL(v->err, GCUT_MISMATCH,
                       "schedule: '%s' of batch %" PRIu32 " is never written",
                       v->problem->activations[i].name, batch);
  return GCUT_OK;
}

static gcut_status check_complete(const gcut__verifier *v) {
  const gcut_problem *p = v->problem;
  for (uint32_t b = 0; b < p->n_batches; b++) {
    GCUT_TRY(check_written(v, b));
    for (uint32_t i = 0; i < p->n_parts; i++)
      if (v->runs[(size_t)i * p->n_batches + b] != p->n_passes)
        return GCUT_FAIL(v->err, GCUT_MISMATCH,
                         "schedule: part '%s' does not run on batch %" PRIu32 " in every pass",
                         p->parts[i].name, b);
  }
  return GCUT_OK;
}

static gcut_status check_budgets(const gcut__verifier *v) {
  const gcut_problem *p = v->problem;
  const uint64_t *extent = v->schedule->extent;
  if (p->budget && extent[GCUT_SPACE_DEVICE] > p->budget)
    return GCUT_FAIL(v->err, GCUT_MISMATCH,
                     "schedule: takes %" PRIu64 " bytes, the budget is %" PRIu64,
                     extent[GCUT_SPACE_DEVICE], p->budget);
  if (p->host_budget && extent[GCUT_SPACE_HOST] > p->host_budget)
    return GCUT_FAIL(v->err, GCUT_MISMATCH,
                     "schedule: takes %" PRIu64 " bytes of host memory, the budget is %" PRIu64,
                     extent[GCUT_SPACE_HOST], p->host_budget);
  return GCUT_OK;
}

// ---- the walk ---------------------------------------------------------------------------------

static uint32_t *none_array(gcut_arena *arena, size_t n) {
  uint32_t *array = GCUT_NEW_ARRAY(arena, uint32_t, n);
  if (array) memset(array, 0xff, n * sizeof *array);
  return array;
}

static bool set_up(gcut__verifier *v) {
  const gcut_problem *p = v->problem;
  size_t instances = (size_t)p->n_activations * p->n_batches;
  bool ok = true;
  v->clocks = GCUT_NEW_ARRAY(v->arena, gcut__clock, v->schedule->n_commands);
  v->numbers = GCUT_NEW_ARRAY(v->arena, uint32_t, v->schedule->n_commands);
  v->weight_bytes = GCUT_NEW_ARRAY(v->arena, uint64_t, p->n_parts);
  v->weights = none_array(v->arena, p->n_parts);
  v->unloaded = none_array(v->arena, p->n_parts);
  v->prepared = none_array(v->arena, p->n_parts);
  v->prepared_class = none_array(v->arena, p->n_parts);
  v->freed = none_array(v->arena, instances);
  for (int s = 0; s < GCUT_N_SPACES; s++)
    ok &= (v->at[s] = none_array(v->arena, instances)) != NULL;
  v->runs = GCUT_NEW_ARRAY(v->arena, uint32_t, (size_t)p->n_parts * p->n_batches);
  v->written = GCUT_NEW_ARRAY(v->arena, bool, instances);
  v->stamps = GCUT_NEW_ARRAY(v->arena, uint32_t, p->n_activations);
  memset(v->last, 0xff, sizeof v->last);
  if (!ok || !v->clocks || !v->numbers || !v->weight_bytes || !v->weights || !v->unloaded ||
      !v->prepared || !v->prepared_class || !v->freed || !v->runs || !v->written || !v->stamps)
    return false;
  for (uint32_t i = 0; i < p->n_parts; i++)
    v->weight_bytes[i] = gcut_stage_bytes(&p->parts[i], v->schedule->mapped);
  return true;
}

static gcut_status walk(gcut__verifier *v) {
  if (!v->arena || !set_up(v)) return GCUT_NO_MEMORY(v->err);
  for (v->now = 0; v->now < v->schedule->n_commands; v->now++) {
    GCUT_TRY(check_fields(v));
    GCUT_TRY(set_clock(v));
    GCUT_TRY(gcut__verify_effect(v));
  }
  GCUT_TRY(check_dropped(v));
  GCUT_TRY(check_complete(v));
  return check_budgets(v);
}

gcut_status gcut_schedule_verify(const gcut_problem *problem, const gcut_schedule *schedule,
                                 gcut_error *err) {
  gcut__verifier v = {
      .problem = problem, .schedule = schedule, .err = err, .arena = gcut_arena_create()};
  gcut_status status = walk(&v);
  for (int s = 0; s < GCUT_N_SPACES; s++) gcut__spans_free(&v.spans[s]);
  free(v.holders);
  gcut_arena_destroy(v.arena);
  return status;
}
