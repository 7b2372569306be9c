// The builder of schedules: finds waits.
//
// Queues run their commands in order, so "everything complete before command c starts" is one
// number a queue: a vector clock. A range remembers its last toucher on each queue; a command that
// takes the range over needs its clock to cover all of them, and gets a wait for each queue where
// it does not. Waits come out minimal: at most one a queue, none that another implies.
#include "exec/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "tracer/base/arena.h"
#include "tracer/base/error.h"
#include "tracer/base/spans.h"
#include "tracer/base/vector.h"

typedef struct allocation {
  uint64_t begin, end;
  uint8_t space, last_queue; // queue that touched it last
  uint8_t writer_queue;
  uint32_t writer;     // its number on that queue, from 1
  gcut__clock touched; // of each queue, the number of the last command that touched it
} allocation;

struct gcut__builder {
  const gcut_problem *problem;
  gcut_schedule *schedule;
  uint32_t commands_capacity, waits_capacity, places_capacity;
  gcut__clock *clocks; // [n_commands] complete before the command, and itself
  uint32_t clocks_capacity;
  uint32_t *queued[GCUT_N_QUEUES]; // commands of each queue in order
  uint32_t n_queued[GCUT_N_QUEUES], queued_capacity[GCUT_N_QUEUES];
  allocation *allocations;
  uint32_t n_allocations, allocations_capacity;
  gcut__spans spaces[GCUT_N_SPACES];
  gcut_command command; // being built
  gcut__clock need;     // of each queue, how many must be complete
  uint32_t *touches;    // allocations that it touches
  uint32_t n_touches, touches_capacity;
  uint32_t pass;
  bool failed;
};

void gcut__clock_merge(gcut__clock *into, const gcut__clock *other) {
  for (int q = 0; q < GCUT_N_QUEUES; q++)
    if (other->done[q] > into->done[q]) into->done[q] = other->done[q];
}

static gcut_schedule *schedule_create(const gcut_problem *problem) {
  gcut_schedule *s = calloc(1, sizeof *s);
  gcut_arena *arena = gcut_arena_create();
  if (s && arena) s->mapped = GCUT_NEW_ARRAY(arena, bool, problem->n_weights);
  if (!s || !s->mapped) {
    gcut_arena_destroy(arena);
    free(s);
    return NULL;
  }
  s->arena = arena;
  s->offload = s->note = "";
  return s;
}

void gcut_schedule_destroy(gcut_schedule *schedule) {
  if (!schedule) return;
  free(schedule->commands);
  free(schedule->waits);
  free(schedule->places);
  gcut_arena_destroy(schedule->arena);
  free(schedule);
}

enum { COMMANDS_A_RUN = 8, MOST_RESERVED = 1 << 21 };

// Room for as many commands as there are about, so that long lists are not copied as they grow.
static bool reserve_all(gcut__builder *b) {
  const gcut_problem *p = b->problem;
  gcut_schedule *s = b->schedule;
  uint64_t runs = (uint64_t)p->n_parts * p->n_batches;
  uint64_t n = (runs < MOST_RESERVED ? runs * p->n_passes : runs) * COMMANDS_A_RUN;
  if (n > MOST_RESERVED) n = MOST_RESERVED;
  return gcut_vector_reserve((void **)&s->commands, &b->commands_capacity, 0, n,
                             sizeof *s->commands) &&
         gcut_vector_reserve((void **)&s->waits, &b->waits_capacity, 0, n, sizeof *s->waits) &&
         gcut_vector_reserve((void **)&s->places, &b->places_capacity, 0, n, sizeof *s->places) &&
         gcut_vector_reserve((void **)&b->clocks, &b->clocks_capacity, 0, n, sizeof *b->clocks) &&
         gcut_vector_reserve((void **)&b->allocations, &b->allocations_capacity, 0, n / 2,
                             sizeof *b->allocations);
}

gcut__builder *gcut__builder_create(const gcut_problem *problem) {
  gcut__builder *b = calloc(1, sizeof *b);
  if (!b) return NULL;
  b->problem = problem;
  b->schedule = schedule_create(problem);
  if (b->schedule && reserve_all(b)) return b;
  gcut__builder_destroy(b);
  return NULL;
}

void gcut__builder_destroy(gcut__builder *b) {
  if (!b) return;
  gcut_schedule_destroy(b->schedule);
  for (int q = 0; q < GCUT_N_QUEUES; q++) free(b->queued[q]);
  for (int s = 0; s < GCUT_N_SPACES; s++) gcut__spans_free(&b->spaces[s]);
  free(b->clocks);
  free(b->allocations);
  free(b->touches);
  free(b);
}

uint64_t gcut__offset(const gcut__builder *b, uint32_t allocation) {
  return b->failed || allocation >= b->n_allocations ? 0 : b->allocations[allocation].begin;
}

void gcut__set_pass(gcut__builder *b, uint32_t pass) {
  b->pass = pass;
}

bool *gcut__mapped(gcut__builder *b) {
  return b->schedule->mapped;
}

gcut_command *gcut__begin(gcut__builder *b, gcut_command_kind kind, gcut_queue queue) {
  b->command = (gcut_command){.kind = (uint8_t)kind,
                              .queue = (uint8_t)queue,
                              .part = GCUT_NONE,
                              .activation = GCUT_NONE,
                              .batch = GCUT_NONE,
                              .pass = b->pass,
                              .prepared = GCUT_NOT_PREPARED,
                              .first_place = b->schedule->n_places};
  memset(&b->need, 0, sizeof b->need);
  b->n_touches = 0;
  return &b->command;
}

static void touch(gcut__builder *b, uint32_t allocation) {
  if (!gcut_vector_reserve((void **)&b->touches, &b->touches_capacity, b->n_touches, 1,
                           sizeof *b->touches)) {
    b->failed = true;
    return;
  }
  b->touches[b->n_touches++] = allocation;
}

static uint32_t next_number(const gcut__builder *b) {
  return b->n_queued[b->command.queue] + 1;
}

static uint32_t allocation_create(gcut__builder *b, gcut_space space, uint64_t begin,
                                  uint64_t end) {
  if (!gcut_vector_reserve((void **)&b->allocations, &b->allocations_capacity, b->n_allocations, 1,
                           sizeof *b->allocations)) {
    b->failed = true;
    return GCUT_NONE;
  }
  b->allocations[b->n_allocations] = (allocation){.begin = begin,
                                                  .end = end,
                                                  .space = (uint8_t)space,
                                                  .writer_queue = b->command.queue,
                                                  .writer = next_number(b)};
  return b->n_allocations++;
}

uint32_t gcut__claim(gcut__builder *b, gcut_space space, uint64_t offset, uint64_t bytes) {
  if (b->failed) return GCUT_NONE;
  uint64_t end = offset + gcut_range_bytes(bytes);
  uint32_t id = allocation_create(b, space, offset, end);
  if (id == GCUT_NONE) return id;
  gcut__spans *spans = &b->spaces[space];
  if (space != GCUT_SPACE_HEAP && offset < end) {
    for (uint32_t i = gcut__spans_find(spans, offset); i < spans->n && spans->items[i].begin < end;
         i++)
      gcut__clock_merge(&b->need, &b->allocations[spans->items[i].owner].touched);
    if (!gcut__spans_set(spans, offset, end, id)) b->failed = true;
    if (end > b->schedule->extent[space]) b->schedule->extent[space] = end;
  }
  touch(b, id);
  return id;
}

void gcut__use(gcut__builder *b, uint32_t id) {
  if (b->failed || id >= b->n_allocations) return;
  const allocation *a = &b->allocations[id];
  if (a->writer > b->need.done[a->writer_queue]) b->need.done[a->writer_queue] = a->writer;
  touch(b, id);
}

// The command comes after everything that touched the allocation (which is still its own).
static void after(gcut__builder *b, uint32_t id) {
  if (b->failed || id >= b->n_allocations) return;
  gcut__clock_merge(&b->need, &b->allocations[id].touched);
}

void gcut__after_command(gcut__builder *b, uint32_t command) {
  if (b->failed || command >= b->schedule->n_commands) return;
  unsigned q = b->schedule->commands[command].queue;
  uint32_t number = b->clocks[command].done[q];
  if (number > b->need.done[q]) b->need.done[q] = number;
}

void gcut__add_place(gcut__builder *b, uint32_t activation, bool output, uint64_t offset) {
  gcut_schedule *s = b->schedule;
  if (!gcut_vector_reserve((void **)&s->places, &b->places_capacity, s->n_places, 1,
                           sizeof *s->places)) {
    b->failed = true;
    return;
  }
  s->places[s->n_places++] =
      (gcut_place){.activation = activation, .output = output, .offset = offset};
  b->command.n_places++;
}

// ---- commit -----------------------------------------------------------------------------------

static bool reserve(gcut__builder *b) {
  gcut_schedule *s = b->schedule;
  unsigned q = b->command.queue;
  return gcut_vector_reserve((void **)&s->commands, &b->commands_capacity, s->n_commands, 1,
                             sizeof *s->commands) &&
         gcut_vector_reserve((void **)&b->clocks, &b->clocks_capacity, s->n_commands, 1,
                             sizeof *b->clocks) &&
         gcut_vector_reserve((void **)&b->queued[q], &b->queued_capacity[q], b->n_queued[q], 1,
                             sizeof **b->queued) &&
         gcut_vector_reserve((void **)&s->waits, &b->waits_capacity, s->n_waits, GCUT_N_QUEUES,
                             sizeof *s->waits);
}

// The needed command that was issued last, of those the clock does not cover: it is likeliest to
// imply the others.
static uint32_t latest_needed(const gcut__builder *b, const gcut__clock *clock) {
  uint32_t latest = GCUT_NONE;
  for (unsigned q = 0; q < GCUT_N_QUEUES; q++) {
    if (b->need.done[q] <= clock->done[q]) continue;
    uint32_t command = b->queued[q][b->need.done[q] - 1];
    if (latest == GCUT_NONE || command > latest) latest = command;
  }
  return latest;
}

static void add_waits(gcut__builder *b, gcut__clock *clock) {
  gcut_schedule *s = b->schedule;
  b->command.first_wait = s->n_waits;
  for (uint32_t c; (c = latest_needed(b, clock)) != GCUT_NONE;) {
    s->waits[s->n_waits++] = c;
    b->command.n_waits++;
    gcut__clock_merge(clock, &b->clocks[c]);
  }
}

static void mark_touches(gcut__builder *b) {
  unsigned q = b->command.queue;
  for (uint32_t i = 0; i < b->n_touches; i++) {
    allocation *a = &b->allocations[b->touches[i]];
    a->touched.done[q] = b->n_queued[q];
    a->last_queue = (uint8_t)q;
  }
}

void gcut__commit(gcut__builder *b) {
  if (b->failed || !reserve(b)) {
    b->failed = true;
    return;
  }
  gcut_schedule *s = b->schedule;
  unsigned q = b->command.queue;
  gcut__clock clock = {{0}};
  if (b->n_queued[q]) clock = b->clocks[b->queued[q][b->n_queued[q] - 1]];
  add_waits(b, &clock);
  b->queued[q][b->n_queued[q]++] = s->n_commands;
  clock.done[q] = b->n_queued[q];
  b->clocks[s->n_commands] = clock;
  s->commands[s->n_commands++] = b->command;
  mark_touches(b);
}

uint32_t gcut__drop(gcut__builder *b, gcut_space space, uint32_t id, uint32_t part,
                    uint32_t activation, uint32_t batch) {
  if (b->failed || id >= b->n_allocations) return GCUT_NONE;
  // What weights leave behind (mapped pages, registrations) is given back by a host thread.
  gcut_queue queue =
      part == GCUT_NONE ? (gcut_queue)b->allocations[id].last_queue : GCUT_QUEUE_DISK;
  gcut_command *c = gcut__begin(b, GCUT_DROP, queue);
  c->space = (uint8_t)space;
  c->part = part;
  c->activation = activation;
  c->batch = batch;
  c->from = b->allocations[id].begin;
  c->bytes = b->allocations[id].end - b->allocations[id].begin;
  after(b, id);
  gcut__commit(b);
  return b->schedule->n_commands - 1;
}

gcut_status gcut__builder_finish(gcut__builder *b, const char *offload, const char *note,
                                 gcut_schedule **out_schedule, gcut_error *err) {
  gcut_schedule *s = b->schedule;
  *out_schedule = NULL;
  s->offload = gcut_arena_string(s->arena, offload, strlen(offload));
  s->note = gcut_arena_string(s->arena, note, strlen(note));
  if (b->failed || !s->offload || !s->note) return GCUT_NO_MEMORY(err);
  *out_schedule = s;
  b->schedule = NULL;
  return GCUT_OK;
}
