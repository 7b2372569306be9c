// Walks an elementwise job. The switches depend on the job alone, so a warp
// never diverges; what is left is bound by memory.
#include "elementwise.h"
#include "types.cuh"

template <typename C> __device__ inline C power(C a, C b) { return (C)pow((double)a, (double)b); }
template <> __device__ inline float power<float>(float a, float b) { return b == 2.0f ? a * a : powf(a, b); }

template <typename C> __device__ inline C of_one(int op, C a, const gcut__cuda_element_step &s);

template <> __device__ inline float of_one<float>(int op, float a, const gcut__cuda_element_step &s) {
  switch (op) {
  case GCUT_CUDA_ELEMENT_NEG: return -a;
  case GCUT_CUDA_ELEMENT_ABS: return fabsf(a);
  case GCUT_CUDA_ELEMENT_SQRT: return sqrtf(a);
  case GCUT_CUDA_ELEMENT_RECIPROCAL: return 1.0f / a;
  case GCUT_CUDA_ELEMENT_EXP: return expf(a);
  case GCUT_CUDA_ELEMENT_LOG: return logf(a);
  case GCUT_CUDA_ELEMENT_SIN: return sinf(a);
  case GCUT_CUDA_ELEMENT_COS: return cosf(a);
  case GCUT_CUDA_ELEMENT_TANH: return tanhf(a);
  case GCUT_CUDA_ELEMENT_SIGMOID: return 1.0f / (1.0f + expf(-a));
  case GCUT_CUDA_ELEMENT_ERF: return erff(a);
  case GCUT_CUDA_ELEMENT_RELU: return a < 0.0f ? 0.0f : a; // NaN stays
  case GCUT_CUDA_ELEMENT_FLOOR: return floorf(a);
  case GCUT_CUDA_ELEMENT_CEIL: return ceilf(a);
  case GCUT_CUDA_ELEMENT_ROUND: return rintf(a);
  case GCUT_CUDA_ELEMENT_ISNAN: return a != a ? 1.0f : 0.0f;
  case GCUT_CUDA_ELEMENT_NOT: return a == 0.0f ? 1.0f : 0.0f;
  case GCUT_CUDA_ELEMENT_SIGN: return a > 0.0f ? 1.0f : a < 0.0f ? -1.0f : a;
  case GCUT_CUDA_ELEMENT_GELU: return 0.5f * a * (1.0f + erff(a * 0.70710678118654752f));
  case GCUT_CUDA_ELEMENT_GELU_TANH:
    return 0.5f * a * (1.0f + tanhf(0.79788456080286536f * (a + 0.044715f * a * a * a)));
  case GCUT_CUDA_ELEMENT_HARDSIGMOID: return fminf(1.0f, fmaxf(0.0f, s.alpha * a + s.beta));
  case GCUT_CUDA_ELEMENT_HARDSWISH: return a * fminf(1.0f, fmaxf(0.0f, a / 6.0f + 0.5f));
  case GCUT_CUDA_ELEMENT_LEAKYRELU: return a < 0.0f ? s.alpha * a : a;
  case GCUT_CUDA_ELEMENT_ELU: return a < 0.0f ? s.alpha * expm1f(a) : a;
  case GCUT_CUDA_ELEMENT_SOFTPLUS: return a > 20.0f ? a : log1pf(expf(a));
  case GCUT_CUDA_ELEMENT_CLIP: return a < s.alpha ? s.alpha : a > s.beta ? s.beta : a;
  default: return a;
  }
}

template <> __device__ inline double of_one<double>(int op, double a, const gcut__cuda_element_step &s) {
  switch (op) {
  case GCUT_CUDA_ELEMENT_NEG: return -a;
  case GCUT_CUDA_ELEMENT_ABS: return fabs(a);
  case GCUT_CUDA_ELEMENT_SQRT: return sqrt(a);
  case GCUT_CUDA_ELEMENT_RECIPROCAL: return 1.0 / a;
  case GCUT_CUDA_ELEMENT_EXP: return exp(a);
  case GCUT_CUDA_ELEMENT_LOG: return log(a);
  case GCUT_CUDA_ELEMENT_SIN: return sin(a);
  case GCUT_CUDA_ELEMENT_COS: return cos(a);
  case GCUT_CUDA_ELEMENT_TANH: return tanh(a);
  case GCUT_CUDA_ELEMENT_SIGMOID: return 1.0 / (1.0 + exp(-a));
  case GCUT_CUDA_ELEMENT_ERF: return erf(a);
  case GCUT_CUDA_ELEMENT_RELU: return a < 0.0 ? 0.0 : a;
  case GCUT_CUDA_ELEMENT_FLOOR: return floor(a);
  case GCUT_CUDA_ELEMENT_CEIL: return ceil(a);
  case GCUT_CUDA_ELEMENT_ROUND: return rint(a);
  case GCUT_CUDA_ELEMENT_ISNAN: return a != a ? 1.0 : 0.0;
  case GCUT_CUDA_ELEMENT_NOT: return a == 0.0 ? 1.0 : 0.0;
  case GCUT_CUDA_ELEMENT_SIGN: return a > 0.0 ? 1.0 : a < 0.0 ? -1.0 : a;
  case GCUT_CUDA_ELEMENT_CLIP: return a < s.alpha ? s.alpha : a > s.beta ? s.beta : a;
  default: return a;
  }
}

template <> __device__ inline int64_t of_one<int64_t>(int op, int64_t a, const gcut__cuda_element_step &s) {
  switch (op) {
  case GCUT_CUDA_ELEMENT_NEG: return (int64_t)(0 - (uint64_t)a);
  case GCUT_CUDA_ELEMENT_ABS: return a < 0 ? (int64_t)(0 - (uint64_t)a) : a;
  case GCUT_CUDA_ELEMENT_NOT: return a == 0;
  case GCUT_CUDA_ELEMENT_SIGN: return (a > 0) - (a < 0);
  case GCUT_CUDA_ELEMENT_RELU: return a < 0 ? 0 : a;
  default: return a;
  }
}

template <typename C> __device__ inline C modulo(C a, C b) { return a - (C)floor((double)a / (double)b) * b; }
template <> __device__ inline int64_t modulo<int64_t>(int64_t a, int64_t b) {
  if (b == 0 || b == -1) return 0;
  int64_t r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}
template <typename C> __device__ inline C remainder_of(C a, C b) { return (C)fmod((double)a, (double)b); }
template <> __device__ inline int64_t remainder_of<int64_t>(int64_t a, int64_t b) { return b == 0 || b == -1 ? 0 : a % b; }
template <typename C> __device__ inline C quotient(C a, C b) { return a / b; }
template <> __device__ inline int64_t quotient<int64_t>(int64_t a, int64_t b) {
  return b == 0 ? 0 : b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
}

template <typename C> __device__ inline C of_two(int op, C a, C b) {
  switch (op) {
  case GCUT_CUDA_ELEMENT_ADD: return a + b;
  case GCUT_CUDA_ELEMENT_SUB: return a - b;
  case GCUT_CUDA_ELEMENT_MUL: return a * b;
  case GCUT_CUDA_ELEMENT_DIV: return quotient(a, b);
  case GCUT_CUDA_ELEMENT_POW: return power(a, b);
  case GCUT_CUDA_ELEMENT_MIN: return a != a || a < b ? a : b;
  case GCUT_CUDA_ELEMENT_MAX: return a != a || a > b ? a : b;
  case GCUT_CUDA_ELEMENT_MOD: return modulo(a, b);
  case GCUT_CUDA_ELEMENT_FMOD: return remainder_of(a, b);
  case GCUT_CUDA_ELEMENT_EQUAL: return (C)(a == b);
  case GCUT_CUDA_ELEMENT_LESS: return (C)(a < b);
  case GCUT_CUDA_ELEMENT_GREATER: return (C)(a > b);
  case GCUT_CUDA_ELEMENT_LESS_EQUAL: return (C)(a <= b);
  case GCUT_CUDA_ELEMENT_GREATER_EQUAL: return (C)(a >= b);
  case GCUT_CUDA_ELEMENT_AND: return (C)(a != (C)0 && b != (C)0);
  case GCUT_CUDA_ELEMENT_OR: return (C)(a != (C)0 || b != (C)0);
  case GCUT_CUDA_ELEMENT_XOR: return (C)((a != (C)0) != (b != (C)0));
  default: return a;
  }
}

__device__ inline bool takes_two(int op) { return op >= GCUT_CUDA_ELEMENT_ADD && op <= GCUT_CUDA_ELEMENT_XOR; }

// The element of an input under element `i` of the output.
template <typename C> __device__ inline C element(const gcut__cuda_element_job &job, int input, const int64_t *at) {
  return load_as<C>(job.inputs[input].data, at[input], job.inputs[input].type);
}

template <typename C> __device__ inline C compute(const gcut__cuda_element_job &job, const int64_t *at) {
  C a = element<C>(job, 0, at);
  for (int k = 0; k < job.n_steps; k++) {
    const gcut__cuda_element_step &s = job.steps[k];
    if (s.op == GCUT_CUDA_ELEMENT_SELECT) a = a != (C)0 ? element<C>(job, s.input, at) : element<C>(job, s.input + 1, at);
    else if (takes_two(s.op)) a = of_two<C>(s.op, a, element<C>(job, s.input, at));
    else a = of_one<C>(s.op, a, s);
  }
  return a;
}

template <typename C> __device__ inline void walk_flat(const gcut__cuda_element_job &job) {
  int64_t step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < job.count; i += step) {
    int64_t at[GCUT_CUDA_ELEMENT_INPUTS];
#pragma unroll
    for (int k = 0; k < GCUT_CUDA_ELEMENT_INPUTS; k++) at[k] = i * job.inputs[k].strides[0];
    store_as<C>(job.output, i, job.type, compute<C>(job, at));
  }
}

// Rows of the last dimension in pieces, a piece a block: the other dimensions are divided out once a piece.
template <typename C> __device__ inline void walk(const gcut__cuda_element_job &job) {
  enum { PIECE = 1024 };
  if (job.flat) return walk_flat<C>(job);
  int64_t last = job.dims[job.rank - 1], pieces = (last + PIECE - 1) / PIECE, n = job.count / last * pieces;
  for (int64_t p = blockIdx.x; p < n; p += gridDim.x) {
    int64_t row = p / pieces, from = p % pieces * PIECE, to = min(from + PIECE, last), rest = row;
    int64_t base[GCUT_CUDA_ELEMENT_INPUTS] = {0};
    for (int d = job.rank - 2; d >= 0; d--) {
      int64_t dim = job.dims[d], next = job.count < INT32_MAX ? (int64_t)((uint32_t)rest / (uint32_t)dim) : rest / dim;
#pragma unroll
      for (int k = 0; k < GCUT_CUDA_ELEMENT_INPUTS; k++) base[k] += (rest - next * dim) * job.inputs[k].strides[d];
      rest = next;
    }
#pragma unroll 4
    for (int64_t c = from + threadIdx.x; c < to; c += blockDim.x) {
      int64_t at[GCUT_CUDA_ELEMENT_INPUTS];
#pragma unroll
      for (int k = 0; k < GCUT_CUDA_ELEMENT_INPUTS; k++) at[k] = base[k] + c * job.inputs[k].strides[job.rank - 1];
      store_as<C>(job.output, row * last + c, job.type, compute<C>(job, at));
    }
  }
}

extern "C" __global__ void gcut_elementwise_float(const __grid_constant__ gcut__cuda_element_job job) { walk<float>(job); }
extern "C" __global__ void gcut_elementwise_double(const __grid_constant__ gcut__cuda_element_job job) { walk<double>(job); }
extern "C" __global__ void gcut_elementwise_int(const __grid_constant__ gcut__cuda_element_job job) { walk<int64_t>(job); }
