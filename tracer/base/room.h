// Whether memory may still be had where a limit bounds a process's addresses (ulimit -v).
//
// Of ourselves, what cannot be allocated is an error that is returned. Libraries that we call
// throw, abort or go on with NULL; so they are asked for nothing where little is left.
#ifndef GCUT_TRACER_BASE_ROOM_H
#define GCUT_TRACER_BASE_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>

// True where nothing bounds addresses. Nothing is kept: another thread may take the room.
static inline bool gcut__has_room(size_t bytes) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return true;
  void *room = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return room != MAP_FAILED && munmap(room, bytes) == 0;
}

#endif
