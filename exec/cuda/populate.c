#include "exec/cuda/populate.h"

#include <sys/mman.h>

// Of Linux 5.14; older headers lack them, older kernels refuse them.
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

static const uint64_t PAGE = 4096, PIECE = UINT64_C(8) << 20;

static void *populate(void *argument) {
  gcut__cuda_populate *p = argument;
  for (uint64_t at; (at = __atomic_fetch_add(&p->next, PIECE, __ATOMIC_RELAXED)) < p->bytes;)
    if (madvise(p->data + at, p->bytes - at < PIECE ? p->bytes - at : PIECE, p->advice) != 0) break;
  return NULL;
}

void gcut__cuda_populate_start(gcut__cuda_populate *p, const void *data, uint64_t bytes,
                               bool writable) {
  uint64_t before = (uintptr_t)data % PAGE;
  *p = (gcut__cuda_populate){.data = (uint8_t *)data - before,
                             .bytes = bytes + before,
                             .advice = writable ? MADV_POPULATE_WRITE : MADV_POPULATE_READ};
  uint64_t pieces = p->bytes / PIECE;
  for (; p->n < GCUT_CUDA_POPULATE_THREADS && p->n < pieces; p->n++)
    if (pthread_create(&p->threads[p->n], NULL, populate, p) != 0) return;
}

void gcut__cuda_populate_join(gcut__cuda_populate *p) {
  for (uint32_t i = 0; i < p->n; i++) pthread_join(p->threads[i], NULL);
}
