// Pages brought into a mapping by several threads: what registers or uses them then finds them
// there. Registering pages that are mapped runs at twice the rate of registering pages that are
// not, and mapping them is what other threads can do.
#ifndef GCUT_EXEC_CUDA_POPULATE_H
#define GCUT_EXEC_CUDA_POPULATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { GCUT_CUDA_POPULATE_THREADS = 8 };

typedef struct gcut__cuda_populate {
  uint8_t *data; // from the start of a page
  uint64_t bytes;
  uint64_t next; // atomic: the first piece that nobody took
  int advice;
  pthread_t threads[GCUT_CUDA_POPULATE_THREADS];
  uint32_t n;
} gcut__cuda_populate;

// Starts on [data, data + bytes), for reading or for writing. It only helps: without threads, or on
// a kernel that knows no such advice, pages come when they are touched. The memory must stay mapped
// until the join.
void gcut__cuda_populate_start(gcut__cuda_populate *p, const void *data, uint64_t bytes,
                               bool writable);
void gcut__cuda_populate_join(gcut__cuda_populate *p);

#endif
