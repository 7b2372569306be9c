// Runs schedules: a thread a queue, each taking its commands in order, each command waiting for
// what the schedule says and nothing else.
//
// On a device whose calls return when the work is done, "issued" and "complete" are one, and a wait
// is a wait for a counter. On one that only enqueues, a wait between two of its queues becomes an
// event that the device orders by; only commands that touch host memory (reading, writing,
// spilling, computing on the host) wait for it themselves. Everything that a command needs stands
// in the schedule, so the threads share nothing but counters.
#include "exec/interpret.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "tracer/base/arena.h"
#include "tracer/base/error.h"

typedef struct events { // of a command on a device that enqueues
  gcut__event *start, *end;
} events;

typedef struct interpreter {
  const gcut__execution *x;
  gcut_timeline *timeline;
  gcut_error *err;
  uint32_t *numbers; // [n_commands] place in its queue, from 1
  uint32_t issued[GCUT_N_QUEUES];
  events *events; // [n_commands], NULL for a device that is done when it returns
  uint64_t runs_done, runs_total;
  int64_t start_ns;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  gcut_status status; // the first failure
  bool stop;
  gcut_arena *arena;
} interpreter;

typedef struct worker {
  interpreter *in;
  gcut_queue queue;
  pthread_t thread;
  bool started;
  gcut__operand *operands; // room for a RUN's
  uint32_t part;           // that ran last, or GCUT_NONE
} worker;

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

// Whether the command is the device's own to order, by events.
static bool is_enqueued(const interpreter *in, const gcut_command *c) {
  bool host = c->queue == GCUT_QUEUE_HOST || c->queue == GCUT_QUEUE_DISK;
  if (!in->events) return false;
  // A range that is given up takes no work: the thread need not wait, and must not, for it has
  // commands to put on the queue behind.
  if (c->kind == GCUT_DROP) return !host && c->part == GCUT_NONE && c->space != GCUT_SPACE_HEAP;
  return c->kind == GCUT_LOAD || c->kind == GCUT_PUSH || c->kind == GCUT_PULL ||
         c->kind == GCUT_PREPARE || (c->kind == GCUT_RUN && c->queue == GCUT_QUEUE_COMPUTE);
}

// ---- waiting ----------------------------------------------------------------------------------

// Until the command was issued; false where the run is being given up.
static bool await_issued(interpreter *in, uint32_t command) {
  unsigned q = in->x->schedule->commands[command].queue;
  pthread_mutex_lock(&in->mutex);
  while (!in->stop && in->issued[q] < in->numbers[command])
    pthread_cond_wait(&in->changed, &in->mutex);
  bool go = !in->stop;
  pthread_mutex_unlock(&in->mutex);
  return go;
}

static gcut_status await(interpreter *in, const gcut_command *c, uint32_t command,
                         gcut_error *err) {
  const gcut__device *d = in->x->device;
  gcut__event *event = in->events ? in->events[command].end : NULL;
  if (!event) return GCUT_OK; // it was complete when it was issued
  if (is_enqueued(in, c)) return d->ops->wait(in->x->device, (gcut_queue)c->queue, event, err);
  return d->ops->sync(in->x->device, event, NULL, err);
}

static bool await_all(interpreter *in, const gcut_command *c, gcut_status *out_status,
                      gcut_error *err) {
  for (uint32_t i = 0; i < c->n_waits; i++) {
    uint32_t w = in->x->schedule->waits[c->first_wait + i];
    if (!await_issued(in, w)) return false;
    *out_status = await(in, c, w, err);
    if (*out_status != GCUT_OK) return true;
  }
  return true;
}

// Whether there is more to do: nothing went wrong, here or on another queue.
static bool finish_command(interpreter *in, const gcut_command *c, gcut_status status,
                           gcut_error *err) {
  pthread_mutex_lock(&in->mutex);
  in->issued[c->queue]++;
  if (c->kind == GCUT_RUN && status == GCUT_OK)
    status = gcut__tell(&in->x->progress, ++in->runs_done, in->runs_total, err);
  if (status != GCUT_OK && !in->stop) {
    in->status = status;
    if (in->err) *in->err = *err;
    in->stop = true;
  }
  bool go = !in->stop;
  pthread_cond_broadcast(&in->changed);
  pthread_mutex_unlock(&in->mutex);
  return go;
}

// ---- commands ---------------------------------------------------------------------------------

// The part that ran before on this queue makes room for another.
static void leave_part(worker *w, gcut__device *d, const gcut_command *c) {
  const gcut__execution *x = w->in->x;
  bool on_host = c->queue == GCUT_QUEUE_HOST;
  uint32_t left = w->part;
  w->part = c->part;
  if (left == GCUT_NONE || left == c->part || !d->ops->rest) return;
  const gcut__part_weights *weights = &(on_host ? x->host_weights : x->weights)[left];
  d->ops->rest(d, weights, on_host || weights->bytes == 0);
}

// Says which of several batches a part failed on.
static gcut_status fail_batch(const gcut__execution *x, uint32_t batch, gcut_status status,
                              gcut_error *err) {
  char name[320];
  gcut_error why = *err;
  if (x->problem->n_batches == 1) return status;
  gcut__batch_name(x->store->source, batch, name, sizeof name);
  return GCUT_FAIL(err, status, "%s: %s", name, why.message);
}

static gcut_status run_part(worker *w, const gcut_command *c, gcut_error *err) {
  const gcut__execution *x = w->in->x;
  bool on_host = c->queue == GCUT_QUEUE_HOST;
  size_t program = (size_t)c->part * x->problem->n_classes + x->problem->classes[c->batch];
  for (uint32_t i = 0; i < c->n_places; i++) {
    const gcut_place *p = &x->schedule->places[c->first_place + i];
    w->operands[i] = (gcut__operand){.value = x->problem->activations[p->activation].value,
                                     .output = p->output,
                                     .offset = p->offset,
                                     .heap = gcut__store_heap(x->store, p->activation, c->batch)};
  }
  gcut__run_args args = {.program = (on_host ? x->host_programs : x->programs)[program],
                         .weights = &(on_host ? x->host_weights : x->weights)[c->part],
                         .weights_offset = c->from,
                         .workspace = c->to,
                         .prepared = c->prepared,
                         .operands = w->operands,
                         .n_operands = c->n_places};
  gcut__device *d = on_host ? x->host : x->device;
  leave_part(w, d, c);
  if (c->kind == GCUT_PREPARE) return d->ops->prepare(d, &args, err);
  gcut_status status = d->ops->run(d, &args, err);
  if (status != GCUT_OK) return fail_batch(x, c->batch, status, err);
  for (uint32_t i = 0; i < c->n_places; i++)
    if (w->operands[i].output && w->operands[i].offset == GCUT_ON_HEAP)
      gcut__store_count(x->store, *w->operands[i].heap, true);
  return GCUT_OK;
}

// Ranges need nothing done; weights give up what the device holds for them, the heap its tensor.
static void drop(const gcut__execution *x, const gcut_command *c) {
  if (c->part != GCUT_NONE) {
    x->device->ops->unload(x->device, &x->weights[c->part]);
  } else if (c->space == GCUT_SPACE_HEAP) {
    gcut_tensor **t = gcut__store_heap(x->store, c->activation, c->batch);
    gcut__store_count(x->store, *t, false);
    gcut_tensor_unref(*t);
    *t = NULL;
  }
}

static gcut_status execute(worker *w, const gcut_command *c, gcut_error *err) {
  const gcut__execution *x = w->in->x;
  const gcut_place *places = x->schedule->places + c->first_place;
  uint8_t *host = x->store->memory;
  switch ((gcut_command_kind)c->kind) {
  case GCUT_LOAD: return x->device->ops->load(x->device, &x->weights[c->part], c->to, err);
  case GCUT_PUSH: return x->device->ops->push(x->device, host + c->from, c->to, c->bytes, err);
  case GCUT_PULL: return x->device->ops->pull(x->device, c->from, host + c->to, c->bytes, err);
  case GCUT_PREPARE:
  case GCUT_RUN: return run_part(w, c, err);
  case GCUT_READ: return gcut__store_read(x->store, c->batch, places, c->n_places, err);
  case GCUT_WRITE: return gcut__store_write(x->store, c->batch, places, c->n_places, err);
  case GCUT_SPILL: return gcut__store_spill(x->store, c->from, c->to, c->bytes, err);
  case GCUT_UNSPILL: return gcut__store_unspill(x->store, c->from, c->to, c->bytes, err);
  case GCUT_DROP: drop(x, c); return GCUT_OK;
  case GCUT_N_COMMANDS: break;
  }
  return GCUT_FAIL(err, GCUT_ARGUMENT, "no such command");
}

static gcut_status record(interpreter *in, const gcut_command *c, gcut__event **out,
                          gcut_error *err) {
  if (!is_enqueued(in, c)) return GCUT_OK;
  return in->x->device->ops->record(in->x->device, (gcut_queue)c->queue, out, err);
}

// The heap's tensors may still be read by what a queue of the device holds.
static gcut_status settle_queue(interpreter *in, const gcut_command *c, gcut_error *err) {
  const gcut__device_ops *ops = in->x->device->ops;
  gcut__event *event = NULL;
  if (!in->events || c->kind != GCUT_DROP || c->space != GCUT_SPACE_HEAP) return GCUT_OK;
  if (c->queue == GCUT_QUEUE_HOST || c->queue == GCUT_QUEUE_DISK) return GCUT_OK;
  gcut_status status = ops->record(in->x->device, (gcut_queue)c->queue, &event, err);
  if (status == GCUT_OK) status = ops->sync(in->x->device, event, NULL, err);
  if (event) ops->release(in->x->device, event);
  return status;
}

static gcut_status perform(worker *w, uint32_t command, gcut_error *err) {
  interpreter *in = w->in;
  const gcut_command *c = &in->x->schedule->commands[command];
  GCUT_TRY(settle_queue(in, c, err));
  in->timeline->start_ns[command] = now_ns() - in->start_ns;
  if (in->events) GCUT_TRY(record(in, c, &in->events[command].start, err));
  GCUT_TRY(execute(w, c, err));
  if (in->events) GCUT_TRY(record(in, c, &in->events[command].end, err));
  in->timeline->end_ns[command] = now_ns() - in->start_ns;
  return GCUT_OK;
}

static void *work(void *argument) {
  worker *w = argument;
  const gcut_schedule *s = w->in->x->schedule;
  gcut_error err = {{0}};
  for (uint32_t i = 0; i < s->n_commands; i++) {
    const gcut_command *c = &s->commands[i];
    if (c->queue != w->queue) continue;
    gcut_status status = GCUT_OK;
    if (!await_all(w->in, c, &status, &err)) break;
    if (status == GCUT_OK) status = perform(w, i, &err);
    if (!finish_command(w->in, c, status, &err)) break;
  }
  return NULL;
}

// ---- the whole --------------------------------------------------------------------------------

static uint32_t most_places(const gcut_schedule *s) {
  uint32_t most = 0;
  for (uint32_t i = 0; i < s->n_commands; i++)
    if (s->commands[i].n_places > most) most = s->commands[i].n_places;
  return most;
}

static bool set_up(interpreter *in) {
  const gcut_schedule *s = in->x->schedule;
  uint32_t counts[GCUT_N_QUEUES] = {0};
  in->timeline->n = s->n_commands;
  in->timeline->start_ns = calloc((size_t)s->n_commands + 1, sizeof(int64_t));
  in->timeline->end_ns = calloc((size_t)s->n_commands + 1, sizeof(int64_t));
  in->numbers = GCUT_NEW_ARRAY(in->arena, uint32_t, s->n_commands);
  if (in->x->device->ops->record) {
    in->events = GCUT_NEW_ARRAY(in->arena, events, s->n_commands);
    if (!in->events) return false;
  }
  if (!in->timeline->start_ns || !in->timeline->end_ns || !in->numbers) return false;
  for (uint32_t i = 0; i < s->n_commands; i++) {
    in->numbers[i] = ++counts[s->commands[i].queue];
    in->runs_total += s->commands[i].kind == GCUT_RUN;
  }
  return true;
}

static bool has_commands(const gcut_schedule *s, gcut_queue queue) {
  for (uint32_t i = 0; i < s->n_commands; i++)
    if (s->commands[i].queue == queue) return true;
  return false;
}

static void give_up(interpreter *in, gcut_status status) {
  pthread_mutex_lock(&in->mutex);
  if (!in->stop) in->status = status;
  in->stop = true;
  pthread_cond_broadcast(&in->changed);
  pthread_mutex_unlock(&in->mutex);
}

static gcut_status start(interpreter *in, worker *workers) {
  uint32_t places = most_places(in->x->schedule);
  in->start_ns = now_ns();
  for (int q = 0; q < GCUT_N_QUEUES; q++) {
    worker *w = &workers[q];
    if (!has_commands(in->x->schedule, (gcut_queue)q)) continue;
    *w = (worker){.in = in, .queue = (gcut_queue)q, .part = GCUT_NONE};
    w->operands = GCUT_NEW_ARRAY(in->arena, gcut__operand, places);
    if (!w->operands) return GCUT_NO_MEMORY(in->err);
    if (pthread_create(&w->thread, NULL, work, w) != 0)
      return GCUT_FAIL(in->err, GCUT_NOMEM, "no thread for queue %s", gcut_queue_name((unsigned)q));
    w->started = true;
  }
  return GCUT_OK;
}

// Replaces the times at which commands were enqueued by those at which they ran, and waits for all.
static gcut_status collect_events(interpreter *in) {
  const gcut__device_ops *ops = in->x->device->ops;
  gcut_status status = in->status;
  for (uint32_t i = 0; in->events && i < in->x->schedule->n_commands; i++) {
    events *e = &in->events[i];
    if (e->start && status == GCUT_OK)
      status = ops->sync(in->x->device, e->start, &in->timeline->start_ns[i], in->err);
    if (e->end && status == GCUT_OK)
      status = ops->sync(in->x->device, e->end, &in->timeline->end_ns[i], in->err);
  }
  // Only now has every queue passed its waits for them.
  for (uint32_t i = 0; in->events && i < in->x->schedule->n_commands; i++) {
    if (in->events[i].start) ops->release(in->x->device, in->events[i].start);
    if (in->events[i].end) ops->release(in->x->device, in->events[i].end);
  }
  return status;
}

static gcut_status interpret(interpreter *in) {
  worker workers[GCUT_N_QUEUES] = {{0}};
  gcut_status status = start(in, workers);
  if (status != GCUT_OK) give_up(in, status);
  for (int q = 0; q < GCUT_N_QUEUES; q++)
    if (workers[q].started) pthread_join(workers[q].thread, NULL);
  return collect_events(in);
}

gcut_status gcut__interpret(const gcut__execution *execution, gcut_timeline *out_timeline,
                            gcut_error *err) {
  interpreter in = {.x = execution, .timeline = out_timeline, .err = err};
  *out_timeline = (gcut_timeline){0};
  pthread_mutex_init(&in.mutex, NULL);
  pthread_cond_init(&in.changed, NULL);
  in.arena = gcut_arena_create();
  gcut_status status = in.arena && set_up(&in) ? interpret(&in) : GCUT_NO_MEMORY(err);
  gcut_arena_destroy(in.arena);
  pthread_cond_destroy(&in.changed);
  pthread_mutex_destroy(&in.mutex);
  return status;
}
