// Turns at the driver, first come first served.
//
// Registering host memory holds the driver's lock for as long as it takes, and that lock is not
// fair: while one thread registers chunk after chunk, launches of another get through one a chunk,
// and a card that computes runs dry. Who registers a chunk or launches a part takes a turn, so
// both go on in step.
#ifndef GCUT_EXEC_CUDA_TURNS_H
#define GCUT_EXEC_CUDA_TURNS_H

#include <pthread.h>
#include <stdint.h>

typedef struct gcut__cuda_turns {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  uint64_t taken, served;
} gcut__cuda_turns;

void gcut__cuda_turns_init(gcut__cuda_turns *turns);
void gcut__cuda_turns_destroy(gcut__cuda_turns *turns);
// Waits for everyone who asked before.
void gcut__cuda_turn_take(gcut__cuda_turns *turns);
void gcut__cuda_turn_give(gcut__cuda_turns *turns);

#endif
