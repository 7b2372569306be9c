#include "exec/cuda/turns.h"

void gcut__cuda_turns_init(gcut__cuda_turns *t) {
  *t = (gcut__cuda_turns){0};
  pthread_mutex_init(&t->mutex, NULL);
  pthread_cond_init(&t->changed, NULL);
}

void gcut__cuda_turns_destroy(gcut__cuda_turns *t) {
  pthread_cond_destroy(&t->changed);
  pthread_mutex_destroy(&t->mutex);
}

void gcut__cuda_turn_take(gcut__cuda_turns *t) {
  pthread_mutex_lock(&t->mutex);
  uint64_t mine = t->taken++;
  while (t->served != mine) pthread_cond_wait(&t->changed, &t->mutex);
  pthread_mutex_unlock(&t->mutex);
}

void gcut__cuda_turn_give(gcut__cuda_turns *t) {
  pthread_mutex_lock(&t->mutex);
  t->served++;
  pthread_cond_broadcast(&t->changed);
  pthread_mutex_unlock(&t->mutex);
}
