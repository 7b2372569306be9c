#include "tests/support/late_device.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "tests/support/check.h"
#include "tests/support/random_graph.h"

struct gcut__event {
  pthread_mutex_t mutex;
  pthread_cond_t came;
  bool done;
  int64_t ns;
};

typedef struct job {
  struct job *next;
  enum { LOAD, PREPARE, PUSH, PULL, RUN, RECORD, WAIT } kind;
  gcut__part_weights *weights;
  const void *from;
  void *to;
  uint64_t offset, bytes;
  gcut__run_args args;
  gcut__operand *operands;
  gcut__event *event;
} job;

typedef struct stream {
  late_device *device;
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t more;
  job *first, **end;
  bool closed;
  uint64_t random;
} stream;

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void wait_for(gcut__event *e) {
  pthread_mutex_lock(&e->mutex);
  while (!e->done) pthread_cond_wait(&e->came, &e->mutex);
  pthread_mutex_unlock(&e->mutex);
}

static void set_event(gcut__event *e) {
  pthread_mutex_lock(&e->mutex);
  e->ns = now_ns();
  e->done = true;
  pthread_cond_broadcast(&e->came);
  pthread_mutex_unlock(&e->mutex);
}

static void perform(late_device *d, const job *j) {
  const gcut__device_ops *cpu = d->cpu->ops;
  gcut_error err;
  gcut_status status = GCUT_OK;
  switch (j->kind) {
  case LOAD: status = cpu->load(d->cpu, j->weights, j->offset, &err); break;
  case PREPARE: status = cpu->prepare(d->cpu, &j->args, &err); break;
  case PUSH: status = cpu->push(d->cpu, j->from, j->offset, j->bytes, &err); break;
  case PULL: status = cpu->pull(d->cpu, j->offset, j->to, j->bytes, &err); break;
  case RUN: status = cpu->run(d->cpu, &j->args, &err); break;
  case RECORD: set_event(j->event); break;
  case WAIT: wait_for(j->event); break;
  }
  if (status != GCUT_OK) abort();
}

static void *flow(void *argument) {
  stream *s = argument;
  for (;;) {
    pthread_mutex_lock(&s->mutex);
    while (!s->first && !s->closed) pthread_cond_wait(&s->more, &s->mutex);
    job *j = s->first;
    if (j && !(s->first = j->next)) s->end = &s->first;
    pthread_mutex_unlock(&s->mutex);
    if (!j) return NULL;
    struct timespec pause = {.tv_nsec = 1000 * random_below(&s->random, 60)};
    nanosleep(&pause, NULL);
    perform(s->device, j);
    free(j->operands);
    free(j);
  }
}

static void enqueue(gcut__device *device, gcut_queue queue, job what) {
  late_device *d = (late_device *)device;
  stream *s = &d->streams[queue];
  job *j = malloc(sizeof *j);
  *j = what;
  j->next = NULL;
  pthread_mutex_lock(&s->mutex);
  d->enqueued += queue == GCUT_QUEUE_COMPUTE && s->first != NULL;
  *s->end = j;
  s->end = &j->next;
  pthread_cond_signal(&s->more);
  pthread_mutex_unlock(&s->mutex);
}

static gcut_status late_reserve(gcut__device *device, uint64_t slab, uint64_t host, void **out_host,
                                gcut_error *err) {
  gcut__device *cpu = ((late_device *)device)->cpu;
  return cpu->ops->reserve(cpu, slab, host, out_host, err);
}

static gcut_status late_load(gcut__device *device, gcut__part_weights *weights, uint64_t offset,
                             gcut_error *err) {
  (void)err;
  enqueue(device, GCUT_QUEUE_WEIGHTS, (job){.kind = LOAD, .weights = weights, .offset = offset});
  return GCUT_OK;
}

static void late_unload(gcut__device *device, gcut__part_weights *weights) {
  gcut__device *cpu = ((late_device *)device)->cpu;
  cpu->ops->unload(cpu, weights);
}

static gcut_status late_push(gcut__device *device, const void *host, uint64_t offset,
                             uint64_t bytes, gcut_error *err) {
  (void)err;
  enqueue(device, GCUT_QUEUE_UP,
          (job){.kind = PUSH, .from = host, .offset = offset, .bytes = bytes});
  return GCUT_OK;
}

static gcut_status late_pull(gcut__device *device, uint64_t offset, void *host, uint64_t bytes,
                             gcut_error *err) {
  (void)err;
  enqueue(device, GCUT_QUEUE_DOWN,
          (job){.kind = PULL, .to = host, .offset = offset, .bytes = bytes});
  return GCUT_OK;
}

static gcut_status late_prepare(gcut__device *device, const gcut__run_args *args, gcut_error *err) {
  (void)err;
  enqueue(device, GCUT_QUEUE_COMPUTE, (job){.kind = PREPARE, .args = *args});
  return GCUT_OK;
}

static gcut_status late_run(gcut__device *device, const gcut__run_args *args, gcut_error *err) {
  (void)err;
  job j = {.kind = RUN, .args = *args};
  size_t bytes = args->n_operands * sizeof *args->operands;
  j.operands = malloc(bytes + 1);
  if (bytes) memcpy(j.operands, args->operands, bytes);
  j.args.operands = j.operands;
  enqueue(device, GCUT_QUEUE_COMPUTE, j);
  return GCUT_OK;
}

static gcut_status late_record(gcut__device *device, gcut_queue queue, gcut__event **out_event,
                               gcut_error *err) {
  (void)err;
  gcut__event *e = *out_event = calloc(1, sizeof *e);
  pthread_mutex_init(&e->mutex, NULL);
  pthread_cond_init(&e->came, NULL);
  enqueue(device, queue, (job){.kind = RECORD, .event = e});
  return GCUT_OK;
}

static gcut_status late_wait(gcut__device *device, gcut_queue queue, gcut__event *event,
                             gcut_error *err) {
  (void)err;
  enqueue(device, queue, (job){.kind = WAIT, .event = event});
  return GCUT_OK;
}

static gcut_status late_sync(gcut__device *device, gcut__event *event, int64_t *out_ns,
                             gcut_error *err) {
  (void)device, (void)err;
  wait_for(event);
  if (out_ns) *out_ns = event->ns;
  return GCUT_OK;
}

static void late_release(gcut__device *device, gcut__event *event) {
  (void)device;
  pthread_cond_destroy(&event->came);
  pthread_mutex_destroy(&event->mutex);
  free(event);
}

static const gcut__device_ops late_ops = {
    .name = "late",
    .reserve = late_reserve,
    .load = late_load,
    .unload = late_unload,
    .push = late_push,
    .pull = late_pull,
    .prepare = late_prepare,
    .run = late_run,
    .record = late_record,
    .wait = late_wait,
    .sync = late_sync,
    .release = late_release,
};

void late_open(late_device *d, uint64_t seed) {
  *d = (late_device){.base.ops = &late_ops, .streams = calloc(GCUT_N_QUEUES, sizeof *d->streams)};
  assert_non_null(d->streams);
  assert_ok(gcut__cpu_device_create(&d->cpu, err));
  for (int q = 0; q < GCUT_N_QUEUES; q++) {
    stream *s = &d->streams[q];
    *s = (stream){.device = d, .random = seed + (uint64_t)q};
    s->end = &s->first;
    pthread_mutex_init(&s->mutex, NULL);
    pthread_cond_init(&s->more, NULL);
    pthread_create(&s->thread, NULL, flow, s);
  }
}

void late_close(late_device *d) {
  for (int q = 0; q < GCUT_N_QUEUES; q++) {
    stream *s = &d->streams[q];
    pthread_mutex_lock(&s->mutex);
    s->closed = true;
    pthread_cond_signal(&s->more);
    pthread_mutex_unlock(&s->mutex);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->more);
    pthread_mutex_destroy(&s->mutex);
  }
  free(d->streams);
  d->cpu->ops->destroy(d->cpu);
}
