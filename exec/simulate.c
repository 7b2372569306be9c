// A virtual clock over a schedule.
//
// Each queue has at most one command under way. Copies drain bytes at a rate that changes with what
// else is on the wire: those of one direction share it, and when both directions are busy each is
// slower; everything else takes a fixed time. From one completion to the next rates are constant,
// so the clock jumps from completion to completion: exact for this model, and linear in commands.
#include <math.h>
#include <stdlib.h>

#include "exec/rates.h"
#include "tracer/base/arena.h"
#include "tracer/base/error.h"

enum wire { NO_WIRE, WIRE_UP, WIRE_DOWN };

typedef struct active { // the command under way on a queue
  uint32_t command;
  double seconds; // fixed time left; then
  double bytes;   // left to copy
  double cap;     // most bytes a second that this copy reaches alone
  double rate;    // now
  uint8_t wire;
  bool busy;
} active;

typedef struct simulation {
  const gcut_problem *problem;
  const gcut_schedule *schedule;
  const gcut_profile *profile;
  gcut_timeline *timeline;
  gcut__rates rates;
  uint32_t *queued[GCUT_N_QUEUES], n_queued[GCUT_N_QUEUES], next[GCUT_N_QUEUES];
  active active[GCUT_N_QUEUES];
  bool *done; // [n_commands]
  double now;
  uint32_t n_done;
} simulation;

// ---- what a command takes ---------------------------------------------------------------------

static active copy_of(const simulation *s, const gcut_command *c, enum wire wire) {
  const gcut_wire *w = wire == WIRE_UP ? &s->profile->up : &s->profile->down;
  active a = {.wire = (uint8_t)wire,
              .bytes = (double)c->bytes,
              .cap = gcut__copy_rate(w, (double)c->bytes)};
  if (w->n_points == 0) a.seconds = s->profile->copy_seconds;
  if (c->kind == GCUT_LOAD && s->rates.load_cap < a.cap) a.cap = s->rates.load_cap;
  return a;
}

static active fixed(double seconds) {
  return (active){.seconds = seconds};
}

static active cost_of(const simulation *s, const gcut_command *c) {
  const gcut_profile *p = s->profile;
  switch ((gcut_command_kind)c->kind) {
  case GCUT_LOAD:
  case GCUT_PUSH: return copy_of(s, c, WIRE_UP);
  case GCUT_PULL: return copy_of(s, c, WIRE_DOWN);
  case GCUT_PREPARE:
    return fixed(gcut__prepare_seconds(&s->rates, c->part, s->problem->classes[c->batch]));
  case GCUT_RUN:
    return fixed(gcut__run_seconds(&s->rates, s->schedule->mapped, c->part,
                                   s->problem->classes[c->batch], c->queue == GCUT_QUEUE_HOST,
                                   c->prepared != GCUT_NOT_PREPARED));
  case GCUT_READ:
  case GCUT_UNSPILL: return fixed((double)c->bytes / p->disk_read_rate);
  case GCUT_WRITE:
  case GCUT_SPILL: return fixed((double)c->bytes / p->disk_write_rate);
  case GCUT_DROP:
  case GCUT_N_COMMANDS: break;
  }
  return fixed(0);
}

// ---- the clock --------------------------------------------------------------------------------

static bool is_ready(const simulation *s, const gcut_command *c) {
  for (uint32_t i = 0; i < c->n_waits; i++)
    if (!s->done[s->schedule->waits[c->first_wait + i]]) return false;
  return true;
}

static int64_t to_ns(double seconds) {
  return (int64_t)llround(seconds * 1e9);
}

static void complete(simulation *s, int queue) {
  active *a = &s->active[queue];
  s->timeline->end_ns[a->command] = to_ns(s->now);
  s->done[a->command] = true;
  s->n_done++;
  a->busy = false;
}

static bool is_over(const active *a) {
  return a->seconds <= 0 && a->bytes <= 0;
}

// Starts what can start; commands that take no time are over at once and may let others start.
static void start_ready(simulation *s) {
  for (bool again = true; again;) {
    again = false;
    for (int q = 0; q < GCUT_N_QUEUES; q++) {
      if (s->active[q].busy || s->next[q] == s->n_queued[q]) continue;
      uint32_t id = s->queued[q][s->next[q]];
      const gcut_command *c = &s->schedule->commands[id];
      if (!is_ready(s, c)) continue;
      s->next[q]++;
      s->active[q] = cost_of(s, c);
      s->active[q].command = id;
      s->active[q].busy = true;
      s->timeline->start_ns[id] = to_ns(s->now);
      if (!is_over(&s->active[q])) continue;
      complete(s, q);
      again = true;
    }
  }
}

static bool is_copying(const active *a, enum wire wire) {
  return a->busy && a->wire == wire && a->seconds <= 0;
}

// Gives a direction's rate to its copies: equal shares, what one cannot use to the others.
static void share(simulation *s, enum wire wire, double total) {
  uint32_t left = 0;
  for (int q = 0; q < GCUT_N_QUEUES; q++) left += is_copying(&s->active[q], wire);
  bool given[GCUT_N_QUEUES] = {false};
  for (bool capped = true; capped && left;) {
    capped = false;
    for (int q = 0; q < GCUT_N_QUEUES; q++) {
      active *a = &s->active[q];
      if (!is_copying(a, wire) || given[q] || a->cap > total / left) continue;
      a->rate = a->cap;
      total -= a->cap;
      left--;
      given[q] = capped = true;
    }
  }
  for (int q = 0; q < GCUT_N_QUEUES; q++)
    if (is_copying(&s->active[q], wire) && !given[q]) s->active[q].rate = total / left;
}

static void set_rates(simulation *s) {
  bool up = false, down = false;
  for (int q = 0; q < GCUT_N_QUEUES; q++) {
    up |= is_copying(&s->active[q], WIRE_UP);
    down |= is_copying(&s->active[q], WIRE_DOWN);
  }
  const gcut_profile *p = s->profile;
  if (up) share(s, WIRE_UP, down ? p->up.both_rate : p->up.rate);
  if (down) share(s, WIRE_DOWN, up ? p->down.both_rate : p->down.rate);
}

static double time_left(const active *a) {
  return a->seconds > 0 ? a->seconds : a->bytes / a->rate;
}

static void advance(simulation *s) {
  double step = INFINITY;
  set_rates(s);
  for (int q = 0; q < GCUT_N_QUEUES; q++)
    if (s->active[q].busy && time_left(&s->active[q]) < step) step = time_left(&s->active[q]);
  s->now += step;
  for (int q = 0; q < GCUT_N_QUEUES; q++) {
    active *a = &s->active[q];
    if (!a->busy) continue;
    bool last = time_left(a) <= step;
    if (a->seconds > 0)
      a->seconds = last ? 0 : a->seconds - step;
    else
      a->bytes = last ? 0 : a->bytes - step * a->rate;
    if (is_over(a)) complete(s, q);
  }
}

// ---- the whole --------------------------------------------------------------------------------

static bool set_up(simulation *s, gcut_arena *arena) {
  const gcut_schedule *schedule = s->schedule;
  size_t n = schedule->n_commands;
  s->timeline->n = schedule->n_commands;
  s->timeline->start_ns = calloc(n + 1, sizeof(int64_t));
  s->timeline->end_ns = calloc(n + 1, sizeof(int64_t));
  s->done = GCUT_NEW_ARRAY(arena, bool, n);
  uint32_t counts[GCUT_N_QUEUES] = {0};
  for (size_t i = 0; i < n; i++) counts[schedule->commands[i].queue]++;
  for (int q = 0; q < GCUT_N_QUEUES; q++)
    if (!(s->queued[q] = GCUT_NEW_ARRAY(arena, uint32_t, counts[q]))) return false;
  for (size_t i = 0; i < n; i++) {
    unsigned q = schedule->commands[i].queue;
    s->queued[q][s->n_queued[q]++] = (uint32_t)i;
  }
  return s->done && s->timeline->start_ns && s->timeline->end_ns;
}

static gcut_status clock_through(simulation *s, gcut_error *err) {
  start_ready(s);
  while (s->n_done < s->schedule->n_commands) {
    bool busy = false;
    for (int q = 0; q < GCUT_N_QUEUES; q++) busy |= s->active[q].busy;
    if (!busy)
      return GCUT_FAIL(err, GCUT_ARGUMENT, "the schedule waits for itself: %u of %u commands done",
                       s->n_done, s->schedule->n_commands);
    advance(s);
    start_ready(s);
  }
  return GCUT_OK;
}

gcut_status gcut_simulate(const gcut_problem *problem, const gcut_schedule *schedule,
                          const gcut_profile *profile, gcut_timeline *out_timeline,
                          gcut_error *err) {
  gcut_arena *arena = gcut_arena_create();
  simulation s = {
      .problem = problem, .schedule = schedule, .profile = profile, .timeline = out_timeline};
  *out_timeline = (gcut_timeline){0};
  gcut_status status = arena && set_up(&s, arena) ? GCUT_OK : GCUT_NO_MEMORY(err);
  if (status == GCUT_OK) {
    gcut__rates_init(&s.rates, problem, profile);
    status = clock_through(&s, err);
  }
  if (status != GCUT_OK) gcut_timeline_free(out_timeline);
  gcut_arena_destroy(arena);
  return status;
}
