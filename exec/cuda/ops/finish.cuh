// Walks what follows a product: pairs of 16-bit numbers in registers, an instruction for all of them at a time, so that
// finding out what it is costs little. Every kernel that computes an instruction has its formula from one place.
#ifndef GCUT_EXEC_CUDA_OPS_FINISH_CUH
#define GCUT_EXEC_CUDA_OPS_FINISH_CUH

#include "finish.h"
#include "formulas.cuh"
#include "types.cuh"

namespace finish {

template <int WORDS> struct Hand {
  uint32_t x[WORDS], slots[GCUT_CUDA_FINISH_SLOTS][WORDS];
};

#define EACH_WORD(x)                                                                                                   \
  _Pragma("unroll") for (int w = 0; w < WORDS; w++) x

// x / y of numbers of 16 bits, |y| from 1 to 32,768, with 1 / y at hand: rounded to 16 bits what a division is, for every
// x and y that there are. Where nothing rests, or NaN, the first quotient has the right sign, or is infinite.
__device__ inline float quotient(float x, float y, float reciprocal) {
  const float q = times(x, reciprocal), rest = fmaf(-q, y, x);
  return fabsf(rest) > 0 ? fmaf(rest, reciprocal, q) : q;
}

template <int OP> __device__ inline float one(float x, float p, float q) {
  if (OP == GCUT_CUDA_ELEMENT_DIV) return quotient(x, p, q);
  if (OP == GCUT_CUDA_ELEMENT_POW) return low_power(x, p);
  return Formula<float>::one(OP, x, p, q);
}

template <typename T, int OP, int WORDS> __device__ inline void each_one(uint32_t *x, float p, float q) {
#pragma unroll
  for (int w = 0; w < WORDS; w++) {
    const float2 v = unpack<T>(x[w]);
    x[w] = pack<T>(one<OP>(v.x, p, q), one<OP>(v.y, p, q));
  }
}

template <typename T, int OP> __device__ inline uint32_t two(uint32_t x, uint32_t y) {
  if (OP == GCUT_CUDA_ELEMENT_ADD) return add_pairs<T>(x, y);
  if (OP == GCUT_CUDA_ELEMENT_SUB) return add_pairs<T>(x, y ^ 0x80008000);
  if (OP == GCUT_CUDA_ELEMENT_MUL) return multiply_pairs<T>(x, y);
  const float2 a = unpack<T>(x), b = unpack<T>(y);
  return pack<T>(Formula<float>::two(OP, a.x, b.x), Formula<float>::two(OP, a.y, b.y));
}

template <typename T, int OP, int WORDS> __device__ inline void each_two(Hand<WORDS> *h, int with, uint32_t number) {
  if (with == GCUT_CUDA_FINISH_NUMBER) EACH_WORD((h->x[w] = two<T, OP>(h->x[w], number)));
  else if (with == 0) EACH_WORD((h->x[w] = two<T, OP>(h->x[w], h->slots[0][w])));
  else if (with == 1) EACH_WORD((h->x[w] = two<T, OP>(h->x[w], h->slots[1][w])));
  else EACH_WORD((h->x[w] = two<T, OP>(h->x[w], h->x[w])));
}

template <int WORDS> __device__ inline void keep(Hand<WORDS> *h, int slot) {
  if (slot == 0) EACH_WORD(h->slots[0][w] = h->x[w]);
  if (slot == 1) EACH_WORD(h->slots[1][w] = h->x[w]);
}

template <typename T, int WORDS> __device__ inline void walk(const gcut__cuda_finish_program &program, Hand<WORDS> *h) {
  keep(h, program.keep);
#pragma unroll 1
  for (int i = 0; i < program.n_steps; i++) {
    const gcut__cuda_finish_step &s = program.steps[i];
    const uint32_t number = pack<T>(s.p, s.p);
#define TWO(name) case GCUT_CUDA_FINISH_OP_##name: each_two<T, GCUT_CUDA_ELEMENT_##name>(h, s.with, number); break;
#define ONE(name) case GCUT_CUDA_FINISH_OP_##name: each_one<T, GCUT_CUDA_ELEMENT_##name, WORDS>(h->x, s.p, s.q); break;
    switch (s.op) {
      GCUT_CUDA_FINISH_TWO(TWO)
      GCUT_CUDA_FINISH_ONE(ONE)
    case GCUT_CUDA_FINISH_OP_LOAD:
      if (s.with == 0) EACH_WORD(h->x[w] = h->slots[0][w]);
      else EACH_WORD(h->x[w] = h->slots[1][w]);
      break;
    }
#undef TWO
#undef ONE
    keep(h, s.keep);
  }
}

#undef EACH_WORD

} // namespace finish

#endif
