// CUDA C++ as plain C++: what the kernels' sources need so that they compile for the host, where
// card.c runs them. Included before everything else; shared memory is the block's, for blocks run
// one after another.
#ifndef GCUT_TESTS_EMULATE_KERNEL_SHIM_H
#define GCUT_TESTS_EMULATE_KERNEL_SHIM_H

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#undef __shared__
#undef __global__
#undef __device__
#undef __forceinline__
#undef __noinline__
#undef __launch_bounds__
#define __shared__ static
#define __global__
#define __device__
#define __forceinline__ inline
#define __noinline__
#define __launch_bounds__(...)

struct emulated_index {
  uint32_t x, y, z;
};
extern "C" {
extern emulated_index emulated_block, emulated_thread, emulated_grid_size, emulated_block_size;
extern uint64_t emulated_shared[]; // of the block, dynamic
void emulated_barrier(void);
uint64_t emulated_shuffle(uint64_t value,
                          int lane); // another lane's value; all lanes of a warp call
}
#define blockIdx      emulated_block
#define threadIdx     emulated_thread
#define gridDim       emulated_grid_size
#define blockDim      emulated_block_size
#define __syncthreads emulated_barrier
static inline int __syncthreads_or(int x) {
  static int any;
  emulated_barrier(); // the last answer has been read
  any = 0;
  emulated_barrier();
  any |= x != 0;
  emulated_barrier();
  return any;
}
static inline void __syncwarp(unsigned = ~0u) {
  emulated_shuffle(0, 0);
}

template <typename T> static inline T emulated_shuffled(T value, int lane) {
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof value);
  bits = emulated_shuffle(bits, lane);
  memcpy(&value, &bits, sizeof value);
  return value;
}
#define EMULATED_LANE ((int)(threadIdx.x % 32))
template <typename T> static inline T __shfl_xor_sync(unsigned, T value, int mask) {
  return emulated_shuffled(value, EMULATED_LANE ^ mask);
}
template <typename T> static inline T __shfl_sync(unsigned, T value, int lane) {
  return emulated_shuffled(value, lane);
}
template <typename T> static inline T __shfl_up_sync(unsigned, T value, int by) {
  return emulated_shuffled(value, EMULATED_LANE < by ? EMULATED_LANE : EMULATED_LANE - by);
}
template <typename T> static inline T __shfl_down_sync(unsigned, T value, int by) {
  return emulated_shuffled(value, EMULATED_LANE + by > 31 ? EMULATED_LANE : EMULATED_LANE + by);
}

static inline unsigned __ballot_sync(unsigned, int x) {
  unsigned bits = (unsigned)(x != 0) << EMULATED_LANE;
  for (int by = 1; by < 32; by *= 2) bits |= __shfl_xor_sync(~0u, bits, by);
  return bits;
}
#define __popc __builtin_popcount

template <typename T> static inline T atomicAdd(T *at, T value) { // threads take turns
  T old = *at;
  *at += value;
  return old;
}
template <typename T> static inline T atomicMax(T *at, T value) {
  T old = *at;
  if (value > old) *at = value;
  return old;
}

static inline int __dp4a(int a, int b, int c) {
  uint32_t sum = (uint32_t)c;
  for (int i = 0; i < 32; i += 8) sum += (uint32_t)((int8_t)(a >> i) * (int8_t)(b >> i));
  return (int)sum;
}
static inline float __fadd_rn(float a, float b) {
  return a + b;
}
static inline float __fsub_rn(float a, float b) {
  return a - b;
}
#define __expf expf
static inline float __fdividef(float a, float b) {
  return a / b;
}
static inline float __fmul_rn(float a, float b) {
  return a * b;
}
static inline float __fdiv_rn(float a, float b) {
  return a / b;
}
static inline float __fmaf_rn(float a, float b, float c) {
  return fmaf(a, b, c);
}
static inline double __dadd_rn(double a, double b) {
  return a + b;
}
static inline double __dmul_rn(double a, double b) {
  return a * b;
}
template <typename T> static inline T min(T a, T b) {
  return b < a ? b : a;
}
template <typename T> static inline T max(T a, T b) {
  return a < b ? b : a;
}

#endif
