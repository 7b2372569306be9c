// Turns at the driver: launches first.
//
// Registering host memory holds the driver's lock for as long as it takes, and that lock is not
// fair: while one thread registers chunk after chunk, launches of another get through one a chunk,
// and a card that computes runs dry. So a chunk is registered only while nobody launches. Launches
// come in bursts, all batches of a part at once, and a burst is over when a moment passes without
// one; they wait for a chunk that is under way, and for no other.
#ifndef GCUT_EXEC_CUDA_TURNS_H
#define GCUT_EXEC_CUDA_TURNS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct gcut__cuda_turns {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  uint32_t launches; // under way or waiting
  bool registering;
  int64_t last_launch_ns;
} gcut__cuda_turns;

void gcut__cuda_turns_init(gcut__cuda_turns *turns);
void gcut__cuda_turns_destroy(gcut__cuda_turns *turns);
void gcut__cuda_begin_launches(gcut__cuda_turns *turns);
void gcut__cuda_end_launches(gcut__cuda_turns *turns);
void gcut__cuda_begin_register(gcut__cuda_turns *turns);
void gcut__cuda_end_register(gcut__cuda_turns *turns);

#endif
