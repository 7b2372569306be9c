// What kernels that are plain loops in software share: the block and the thread that they are now.
#ifndef GCUT_TESTS_EMULATE_LOOPS_H
#define GCUT_TESTS_EMULATE_LOOPS_H

#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

typedef struct index3 {
  uint32_t x, y, z;
} index3;
extern index3 emulated_block, emulated_thread;

#endif
