#include "exec/cuda/populate.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

// Of Linux 5.14; older headers lack them, older kernels refuse them.
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

enum { THREADS = 8 };
static const uint64_t PAGE = 4096, PIECE = UINT64_C(8) << 20;

bool gcut__cuda_populate_read(const void *data, uint64_t bytes) {
  uint64_t before = (uintptr_t)data % PAGE;
  return madvise((uint8_t *)data - before, bytes + before, MADV_POPULATE_READ) == 0 ||
         errno != EFAULT;
}

typedef struct fresh {
  uint8_t *data;
  uint64_t bytes;
  uint64_t next; // atomic: the first piece that nobody took
} fresh;

static void *populate(void *argument) {
  fresh *f = argument;
  for (uint64_t at; (at = __atomic_fetch_add(&f->next, PIECE, __ATOMIC_RELAXED)) < f->bytes;)
    if (madvise(f->data + at, f->bytes - at < PIECE ? f->bytes - at : PIECE, MADV_POPULATE_WRITE))
      break;
  return NULL;
}

void gcut__cuda_populate_write(void *data, uint64_t bytes) {
  fresh f = {.data = data, .bytes = bytes};
  pthread_t threads[THREADS];
  uint32_t n = 0;
  while (n < THREADS && n + 1 < bytes / PIECE &&
         pthread_create(&threads[n], NULL, populate, &f) == 0)
    n++;
  populate(&f);
  while (n-- > 0) pthread_join(threads[n], NULL);
}
