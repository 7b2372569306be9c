// What the programs share that check kernels on a card and time them. What fails ends the program.
#ifndef GCUT_TESTS_CUDA_CARD_H
#define GCUT_TESTS_CUDA_CARD_H

#include <stdio.h>
#include <stdlib.h>

#include "exec/cuda/kernels.h"

#define CHECK(call)                                                                                \
  do {                                                                                             \
    gcut_error error_ = {0}, *err = &error_;                                                       \
    gcut_status status_ = (call);                                                                  \
    (void)err;                                                                                     \
    if (status_ != GCUT_OK) {                                                                      \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, error_.message);                          \
      exit(1);                                                                                     \
    }                                                                                              \
  } while (0)
#define DRIVER(name, ...)                                                                          \
  CHECK(gcut__cuda_check(&cuda.driver, cuda.driver.name(__VA_ARGS__), #name, err))

extern gcut__cuda cuda; // driver, context, kernels
extern CUstream stream;

void open_card(void);

uint64_t random_bits(void);
float random_float(void); // about normal

// Puts launch number i of `what` on the stream.
typedef void launcher(const void *what, int i);
// Microseconds of each of `runs` launches, after `warm` that do not count, in ascending order.
void time_launches(launcher *launch, const void *what, int warm, int runs, float *us);
void sort_times(float *us, int n);

#endif
