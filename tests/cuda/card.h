// What the programs share that check kernels on a card and time them. What fails ends the program.
#ifndef GCUT_TESTS_CUDA_CARD_H
#define GCUT_TESTS_CUDA_CARD_H

#include <stdio.h>
#include <stdlib.h>

#include "exec/cuda/blas.h"
#include "exec/cuda/kernels.h"
#include "exec/cuda/ops/multiply.h"
#include "graphcut/dtype.h"

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

extern gcut__cuda_blas *blas; // cuBLASLt, or NULL where there is none to compare with
extern CUdeviceptr workspace; // its own

// What a program does: how many cases are wrong.
typedef struct act {
  const char *name;
  int (*perform)(void);
} act;
// Performs the one that the first argument names, or all of them; the program's exit status.
int perform_acts(int argc, char **argv, const act *acts, int n);
void open_card(void);

uint64_t random_bits(void);
float random_float(void); // about normal

// ---- data

// An element as a double: of bool, integers, and floats of 16 bits and more.
double get_element(const void *data, int64_t i, gcut_dtype type);
void put_element(void *data, int64_t i, gcut_dtype type, double x);

typedef struct tensor { // in both memories
  void *host;
  CUdeviceptr device;
  size_t bytes;
  gcut_dtype type;
} tensor;

CUdeviceptr take(size_t bytes); // device memory
tensor new_tensor(gcut_dtype type, int64_t count);
tensor random_tensor(gcut_dtype type, int64_t count); // on the card, too
// There alone: random numbers times `scale`.
CUdeviceptr take_scaled(gcut_dtype type, int64_t count, float scale);
void free_tensor(tensor *t);
double tensor_get(const tensor *t, int64_t i);
void to_card(const tensor *t);
void from_card(const tensor *t);

// [m, k] times [k, n], or its transpose where b lies turned; rows follow one another.
gcut__cuda_product describe_product(gcut_dtype type, int64_t m, int64_t n, int64_t k, bool turned);

// ---- times

// Puts launch number i of `what` on the stream.
typedef void launcher(const void *what, int i);
// Microseconds of each of `runs` launches, after `warm` that do not count, in ascending order.
void time_launches(launcher *launch, const void *what, int warm, int runs, float *us);
// Microseconds a launch, over `count` of them back to back.
double time_span(launcher *launch, const void *what, int count);
void sort_times(float *us, int n);

#endif
