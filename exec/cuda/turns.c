#include "exec/cuda/turns.h"

#include <time.h>

static const int64_t MOMENT_NS = 100000;

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void gcut__cuda_turns_init(gcut__cuda_turns *t) {
  *t = (gcut__cuda_turns){0};
  pthread_condattr_t clock;
  pthread_condattr_init(&clock);
  pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
  pthread_mutex_init(&t->mutex, NULL);
  pthread_cond_init(&t->changed, &clock);
  pthread_condattr_destroy(&clock);
}

void gcut__cuda_turns_destroy(gcut__cuda_turns *t) {
  pthread_cond_destroy(&t->changed);
  pthread_mutex_destroy(&t->mutex);
}

void gcut__cuda_begin_launches(gcut__cuda_turns *t) {
  pthread_mutex_lock(&t->mutex);
  t->launches++;
  while (t->registering) pthread_cond_wait(&t->changed, &t->mutex);
  pthread_mutex_unlock(&t->mutex);
}

void gcut__cuda_end_launches(gcut__cuda_turns *t) {
  pthread_mutex_lock(&t->mutex);
  t->launches--;
  t->last_launch_ns = now_ns();
  pthread_cond_broadcast(&t->changed);
  pthread_mutex_unlock(&t->mutex);
}

void gcut__cuda_begin_register(gcut__cuda_turns *t) {
  pthread_mutex_lock(&t->mutex);
  for (;;) {
    int64_t until = t->last_launch_ns + MOMENT_NS;
    if (t->launches > 0 || t->registering) {
      pthread_cond_wait(&t->changed, &t->mutex);
    } else if (now_ns() < until) {
      struct timespec at = {until / 1000000000, until % 1000000000};
      pthread_cond_timedwait(&t->changed, &t->mutex, &at);
    } else {
      break;
    }
  }
  t->registering = true;
  pthread_mutex_unlock(&t->mutex);
}

void gcut__cuda_end_register(gcut__cuda_turns *t) {
  pthread_mutex_lock(&t->mutex);
  t->registering = false;
  pthread_cond_broadcast(&t->changed);
  pthread_mutex_unlock(&t->mutex);
}
