// Walks an elementwise program: a thread has four elements in hand and decodes each instruction once for all of them.
// What an instruction is depends on the job alone, so a warp never diverges on it. A result is kept in registers for the
// next instruction, in shared memory where a later one reads it.
#include "elementwise.h"
#include "types.cuh"

enum { V = GCUT_CUDA_ELEMENT_LANES, ELEMENT_THREADS = GCUT_CUDA_ELEMENT_THREADS, ELEMENT_PIECE = V * ELEMENT_THREADS };

// ---- formulas: nothing is contracted, so that they give the same bits wherever they stand

__device__ inline float times(float a, float b) { return __fmul_rn(a, b); }
__device__ inline double times(double a, double b) { return __dmul_rn(a, b); }
__device__ inline float plus(float a, float b) { return __fadd_rn(a, b); }
__device__ inline double plus(double a, double b) { return __dadd_rn(a, b); }

template <typename C> __device__ inline C softplus(C x) { return plus(x > 0 ? x : (C)0, (C)log1p(exp(-fabs(x)))); }
template <typename C> __device__ inline C sigmoid(C x) { return 1 / plus(1, exp(-x)); }
template <typename C> __device__ inline C unit_clamp(C x) { return x < 0 ? (C)0 : x > 1 ? (C)1 : x; }
template <typename C> __device__ inline C power(C a, C b) { return b == 2 ? times(a, a) : (C)pow(a, b); }
template <typename C> __device__ inline C floored(C a, C b) {
  C r = (C)fmod(a, b);
  return r == 0 ? (C)copysign((C)0, b) : (r < 0) != (b < 0) ? plus(r, b) : r;
}

// float and double
template <typename C> struct Formula {
  __device__ static inline C one(int op, C x, C p, C q) {
    switch (op) {
    case GCUT_CUDA_ELEMENT_NOT: return x == 0;
    case GCUT_CUDA_ELEMENT_NEG: return -x;
    case GCUT_CUDA_ELEMENT_ABS: return fabs(x);
    case GCUT_CUDA_ELEMENT_SIGN: return x > 0 ? (C)1 : x < 0 ? (C)-1 : x;
    case GCUT_CUDA_ELEMENT_RELU: return x < 0 ? (C)0 : x; // NaN stays
    case GCUT_CUDA_ELEMENT_SQRT: return sqrt(x);
    case GCUT_CUDA_ELEMENT_RECIPROCAL: return 1 / x;
    case GCUT_CUDA_ELEMENT_EXP: return exp(x);
    case GCUT_CUDA_ELEMENT_LOG: return log(x);
    case GCUT_CUDA_ELEMENT_SIN: return sin(x);
    case GCUT_CUDA_ELEMENT_COS: return cos(x);
    case GCUT_CUDA_ELEMENT_TAN: return tan(x);
    case GCUT_CUDA_ELEMENT_ASIN: return asin(x);
    case GCUT_CUDA_ELEMENT_ACOS: return acos(x);
    case GCUT_CUDA_ELEMENT_ATAN: return atan(x);
    case GCUT_CUDA_ELEMENT_SINH: return sinh(x);
    case GCUT_CUDA_ELEMENT_COSH: return cosh(x);
    case GCUT_CUDA_ELEMENT_TANH: return tanh(x);
    case GCUT_CUDA_ELEMENT_ASINH: return asinh(x);
    case GCUT_CUDA_ELEMENT_ACOSH: return acosh(x);
    case GCUT_CUDA_ELEMENT_ATANH: return atanh(x);
    case GCUT_CUDA_ELEMENT_SIGMOID: return sigmoid(x);
    case GCUT_CUDA_ELEMENT_ERF: return erf(x);
    case GCUT_CUDA_ELEMENT_FLOOR: return floor(x);
    case GCUT_CUDA_ELEMENT_CEIL: return ceil(x);
    case GCUT_CUDA_ELEMENT_ROUND: return rint(x);
    case GCUT_CUDA_ELEMENT_ISNAN: return x != x;
    case GCUT_CUDA_ELEMENT_ISINF: return (p != 0 && x == -(C)INFINITY) || (q != 0 && x == (C)INFINITY);
    case GCUT_CUDA_ELEMENT_GELU: return times(times((C)0.5, x), plus(1, erf(times(x, (C)0.70710678118654752440))));
    case GCUT_CUDA_ELEMENT_GELU_TANH: {
      C cube = times(times(times((C)0.044715, x), x), x);
      return times(times((C)0.5, x), plus(1, tanh(times((C)0.79788456080286535588, plus(x, cube)))));
    }
    case GCUT_CUDA_ELEMENT_HARDSIGMOID: return unit_clamp(plus(times(p, x), q));
    case GCUT_CUDA_ELEMENT_HARDSWISH: return times(x, unit_clamp(plus(x / 6, (C)0.5)));
    case GCUT_CUDA_ELEMENT_LEAKYRELU: return x < 0 ? times(p, x) : x;
    case GCUT_CUDA_ELEMENT_ELU: return x < 0 ? times(p, expm1(x)) : x;
    case GCUT_CUDA_ELEMENT_CELU: {
      C y = times(p, expm1(x / p));
      return plus(x > 0 ? x : (C)0, y > 0 ? (C)0 : y);
    }
    case GCUT_CUDA_ELEMENT_SELU: return times(q, x > 0 ? x : times(p, expm1(x)));
    case GCUT_CUDA_ELEMENT_SOFTPLUS: return softplus(x);
    case GCUT_CUDA_ELEMENT_SOFTSIGN: return x / plus(1, fabs(x));
    case GCUT_CUDA_ELEMENT_MISH: return times(x, tanh(softplus(x)));
    case GCUT_CUDA_ELEMENT_SWISH: return times(x, sigmoid(times(p, x)));
    case GCUT_CUDA_ELEMENT_THRESHOLDEDRELU: return x > p ? x : (C)0;
    case GCUT_CUDA_ELEMENT_SHRINK: return x < -p ? plus(x, q) : x > p ? plus(x, -q) : (C)0;
    case GCUT_CUDA_ELEMENT_CLIP: return x < p ? p : x > q ? q : x;
    case GCUT_CUDA_ELEMENT_SCALE: return x / p;
    default: return x;
    }
  }
  __device__ static inline C two(int op, C a, C b) {
    switch (op) {
    case GCUT_CUDA_ELEMENT_ADD: return plus(a, b);
    case GCUT_CUDA_ELEMENT_SUB: return plus(a, -b);
    case GCUT_CUDA_ELEMENT_MUL: return times(a, b);
    case GCUT_CUDA_ELEMENT_DIV: return a / b;
    case GCUT_CUDA_ELEMENT_POW: return power(a, b);
    case GCUT_CUDA_ELEMENT_MIN: return a != a || a < b ? a : b;
    case GCUT_CUDA_ELEMENT_MAX: return a != a || a > b ? a : b;
    case GCUT_CUDA_ELEMENT_MOD: return floored(a, b);
    case GCUT_CUDA_ELEMENT_FMOD: return fmod(a, b);
    case GCUT_CUDA_ELEMENT_EQUAL: return a == b;
    case GCUT_CUDA_ELEMENT_LESS: return a < b;
    case GCUT_CUDA_ELEMENT_GREATER: return a > b;
    case GCUT_CUDA_ELEMENT_LESS_EQUAL: return a <= b;
    case GCUT_CUDA_ELEMENT_GREATER_EQUAL: return a >= b;
    case GCUT_CUDA_ELEMENT_PRELU: return a < 0 ? times(a, b) : a;
    default: return a;
    }
  }
};

// Integers: signed ones wrap.
template <> struct Formula<int64_t> {
  __device__ static inline int64_t one(int op, int64_t x, int64_t, int64_t) {
    switch (op) {
    case GCUT_CUDA_ELEMENT_NOT: return x == 0;
    case GCUT_CUDA_ELEMENT_NEG: return (int64_t)(0 - (uint64_t)x);
    case GCUT_CUDA_ELEMENT_ABS: return x < 0 ? (int64_t)(0 - (uint64_t)x) : x;
    case GCUT_CUDA_ELEMENT_SIGN: return (x > 0) - (x < 0);
    case GCUT_CUDA_ELEMENT_RELU: return x < 0 ? 0 : x;
    case GCUT_CUDA_ELEMENT_BITNOT: return ~x;
    default: return x;
    }
  }
  __device__ static inline int64_t two(int op, int64_t a, int64_t b) {
    switch (op) {
    case GCUT_CUDA_ELEMENT_ADD: return (int64_t)((uint64_t)a + (uint64_t)b);
    case GCUT_CUDA_ELEMENT_SUB: return (int64_t)((uint64_t)a - (uint64_t)b);
    case GCUT_CUDA_ELEMENT_MUL: return (int64_t)((uint64_t)a * (uint64_t)b);
    case GCUT_CUDA_ELEMENT_DIV: return b == 0 ? 0 : b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
    case GCUT_CUDA_ELEMENT_MIN: return a < b ? a : b;
    case GCUT_CUDA_ELEMENT_MAX: return a > b ? a : b;
    case GCUT_CUDA_ELEMENT_MOD: {
      int64_t r = b == 0 || b == -1 ? 0 : a % b;
      return r != 0 && (r < 0) != (b < 0) ? r + b : r;
    }
    case GCUT_CUDA_ELEMENT_FMOD: return b == 0 || b == -1 ? 0 : a % b;
    case GCUT_CUDA_ELEMENT_EQUAL: return a == b;
    case GCUT_CUDA_ELEMENT_LESS: return a < b;
    case GCUT_CUDA_ELEMENT_GREATER: return a > b;
    case GCUT_CUDA_ELEMENT_LESS_EQUAL: return a <= b;
    case GCUT_CUDA_ELEMENT_GREATER_EQUAL: return a >= b;
    case GCUT_CUDA_ELEMENT_AND: return a != 0 && b != 0;
    case GCUT_CUDA_ELEMENT_OR: return a != 0 || b != 0;
    case GCUT_CUDA_ELEMENT_XOR: return (a != 0) != (b != 0);
    case GCUT_CUDA_ELEMENT_BITAND: return a & b;
    case GCUT_CUDA_ELEMENT_BITOR: return a | b;
    case GCUT_CUDA_ELEMENT_BITXOR: return a ^ b;
    case GCUT_CUDA_ELEMENT_SHIFT_LEFT: return b < 0 || b > 63 ? 0 : (int64_t)((uint64_t)a << b);
    case GCUT_CUDA_ELEMENT_SHIFT_RIGHT: return b < 0 || b > 63 ? 0 : (int64_t)((uint64_t)a >> b); // of unsigned types
    case GCUT_CUDA_ELEMENT_PRELU: return a < 0 ? (int64_t)((uint64_t)a * (uint64_t)b) : a;
    default: return a;
    }
  }
};

// ---- results between instructions: 64 bits, holding what would lie in memory

union Cell {
  float f;
  double d;
  int64_t i;
};

// Types are looked at once for all lanes: what differs between lanes is no more than the work itself.
#define LANES(statement) _Pragma("unroll") for (int v = 0; v < V; v++) statement

template <typename C> __device__ inline void open_cells(const Cell *cells, int stride, int type, C *x) {
  switch (type) {
  case T_FLOAT:
  case T_FLOAT16:
  case T_BFLOAT16: LANES(x[v] = (C)cells[v * stride].f); break;
  case T_DOUBLE: LANES(x[v] = (C)cells[v * stride].d); break;
  default: LANES(x[v] = (C)cells[v * stride].i); break;
  }
}

template <typename C> __device__ inline void make_cells(const C *x, int type, Cell *cells) {
  LANES(cells[v].i = 0);
  switch (type) {
  case T_FLOAT: LANES(cells[v].f = (float)x[v]); break;
  case T_BFLOAT16: LANES(cells[v].f = __bfloat162float(__float2bfloat16_rn((float)x[v]))); break;
  case T_FLOAT16: LANES(cells[v].f = __half2float(__float2half_rn((float)x[v]))); break;
  case T_DOUBLE: LANES(cells[v].d = (double)x[v]); break;
  case T_INT64: LANES(cells[v].i = to_int64(x[v])); break;
  case T_INT32: LANES(cells[v].i = to_int32(x[v])); break;
  case T_UINT32: LANES(cells[v].i = (uint32_t)to_int64(x[v])); break;
  case T_INT16: LANES(cells[v].i = (int16_t)to_int32(x[v])); break;
  case T_UINT16: LANES(cells[v].i = (uint16_t)to_int32(x[v])); break;
  case T_INT8: LANES(cells[v].i = (int8_t)to_int32(x[v])); break;
  case T_BOOL: LANES(cells[v].i = x[v] != (C)0); break;
  default: LANES(cells[v].i = (uint8_t)to_int32(x[v])); break;
  }
}

template <typename C> __device__ inline void load_lanes(const void *data, const int64_t *at, int type, C *x) {
  switch (type) {
  case T_FLOAT: LANES(x[v] = (C)((const float *)data)[at[v]]); break;
  case T_BFLOAT16: LANES(x[v] = (C)__bfloat162float(((const __nv_bfloat16 *)data)[at[v]])); break;
  case T_INT64: LANES(x[v] = (C)((const int64_t *)data)[at[v]]); break;
  case T_BOOL: LANES(x[v] = (C)((const uint8_t *)data)[at[v]]); break;
  default: LANES(x[v] = load_as<C>(data, at[v], type)); break;
  }
}

__device__ inline void store_cell(void *data, int64_t i, int type, Cell x) {
  switch (type) {
  case T_FLOAT:
  case T_FLOAT16:
  case T_BFLOAT16: store_as<float>(data, i, type, x.f); break;
  case T_DOUBLE: ((double *)data)[i] = x.d; break;
  case T_INT64: ((int64_t *)data)[i] = x.i; break;
  case T_INT32:
  case T_UINT32: ((int32_t *)data)[i] = (int32_t)x.i; break;
  case T_INT16:
  case T_UINT16: ((int16_t *)data)[i] = (int16_t)x.i; break;
  default: ((int8_t *)data)[i] = (int8_t)x.i; break;
  }
}

// ---- where the elements in hand lie

struct Hand {
  const int64_t *bases; // of the inputs' rows, where all elements are of one row; NULL elsewhere
  int64_t at[V];        // in that row, or of the output
};

__device__ inline int64_t input_offset(const gcut__cuda_element_job &job, const Hand &hand, int input, int v) {
  const int64_t *strides = job.inputs[input].strides;
  if (hand.bases) return hand.bases[input] + hand.at[v] * strides[job.rank - 1];
  int64_t rest = hand.at[v], offset = 0;
  for (int d = job.rank - 1; d > 0; d--) {
    int64_t dim = job.dims[d], next = job.count < INT32_MAX ? (int64_t)((uint32_t)rest / (uint32_t)dim) : rest / dim;
    offset += (rest - next * dim) * strides[d];
    rest = next;
  }
  return offset + rest * strides[0];
}

template <typename C>
__device__ inline void read_input(const gcut__cuda_element_job &job, int input, int type, const Hand &hand, C *x) {
  const void *data = job.inputs[input].data;
  if (hand.bases && job.inputs[input].strides[job.rank - 1] == 0) { // one element for the whole row
    C one = load_as<C>(data, hand.bases[input], type);
    LANES(x[v] = one);
    return;
  }
  int64_t at[V];
  LANES(at[v] = input_offset(job, hand, input, v));
  load_lanes<C>(data, at, type, x);
}

template <typename C>
__device__ inline void read_operand(const gcut__cuda_element_job &job, gcut__cuda_element_operand o, const Hand &hand,
                                    const Cell *slots, const Cell *before, C *x) {
  if (o.where == GCUT_CUDA_ELEMENT_BEFORE)
    open_cells<C>(before, 1, o.type, x);
  else if (o.where >= GCUT_CUDA_ELEMENT_SLOT)
    open_cells<C>(slots + (o.where - GCUT_CUDA_ELEMENT_SLOT) * ELEMENT_PIECE + threadIdx.x, ELEMENT_THREADS, o.type, x);
  else
    read_input<C>(job, o.where, o.type, hand, x);
}

// Called, not inlined: many instructions, and four elements at a time would make them four times as many.
template <typename C> __device__ __noinline__ C heavy_one(int op, C x, float p, float q) { return Formula<C>::one(op, x, (C)p, (C)q); }
template <typename C> __device__ __noinline__ C heavy_two(int op, C a, C b) { return Formula<C>::two(op, a, b); }

template <typename C> __device__ inline void apply(const gcut__cuda_element_step &s, C *a, const C *b, const C *c) {
  switch (s.op) {
#define X(name) \
  case GCUT_CUDA_ELEMENT_##name: \
    _Pragma("unroll") for (int v = 0; v < V; v++) a[v] = Formula<C>::one(GCUT_CUDA_ELEMENT_##name, a[v], (C)s.p, (C)s.q); \
    break;
    GCUT_CUDA_ELEMENT_LIGHT(X)
#undef X
#define X(name) \
  case GCUT_CUDA_ELEMENT_##name: \
    _Pragma("unroll") for (int v = 0; v < V; v++) a[v] = Formula<C>::two(GCUT_CUDA_ELEMENT_##name, a[v], b[v]); \
    break;
    GCUT_CUDA_ELEMENT_TWO_LIGHT(X)
#undef X
  case GCUT_CUDA_ELEMENT_SELECT:
#pragma unroll
    for (int v = 0; v < V; v++) a[v] = a[v] != (C)0 ? b[v] : c[v];
    break;
  default:
    if (s.op < GCUT_CUDA_ELEMENT_ADD) {
#pragma unroll
      for (int v = 0; v < V; v++) a[v] = heavy_one<C>(s.op, a[v], s.p, s.q);
    } else {
#pragma unroll
      for (int v = 0; v < V; v++) a[v] = heavy_two<C>(s.op, a[v], b[v]);
    }
  }
}

template <typename C>
__device__ inline void run_step(const gcut__cuda_element_job &job, const gcut__cuda_element_step &s, const Hand &hand,
                                Cell *slots, Cell *results) {
  C a[V] = {0}, b[V] = {0}, c[V] = {0};
#pragma unroll 1
  for (int k = s.op == GCUT_CUDA_ELEMENT_SELECT ? 2 : s.op >= GCUT_CUDA_ELEMENT_ADD ? 1 : 0; k >= 0; k--) { // the last first
#pragma unroll
    for (int v = 0; v < V; v++) c[v] = b[v], b[v] = a[v];
    read_operand<C>(job, s.operands[k], hand, slots, results, a);
  }
  apply<C>(s, a, b, c);
  make_cells<C>(a, s.type, results);
  if (s.keep < 0) return;
  LANES(slots[s.keep * ELEMENT_PIECE + v * ELEMENT_THREADS + threadIdx.x] = results[v]);
}

// Computes what is in hand; `first` and `end`: its outputs, this thread's from `first` on.
template <bool WIDE>
__device__ inline void run_program(const gcut__cuda_element_job &job, const Hand &hand, Cell *slots, int64_t first, int64_t end) {
  Cell results[V];
  for (int k = 0; k < job.n_steps; k++) {
    const gcut__cuda_element_step &s = job.steps[k];
    if (WIDE && s.of == GCUT_CUDA_ELEMENT_DOUBLE) run_step<double>(job, s, hand, slots, results);
    else if (s.of == GCUT_CUDA_ELEMENT_INT) run_step<int64_t>(job, s, hand, slots, results);
    else run_step<float>(job, s, hand, slots, results);
  }
  int type = job.steps[job.n_steps - 1].type;
#pragma unroll
  for (int v = 0; v < V; v++) {
    int64_t i = first + v * ELEMENT_THREADS;
    if (i < end) store_cell(job.output, i, type, results[v]);
  }
}

// Long rows go in pieces of one row, whose offsets are found once a piece; short ones by single elements.
template <bool WIDE> __device__ inline void walk_elements(const gcut__cuda_element_job &job, Cell *slots) {
  __shared__ int64_t bases[GCUT_CUDA_ELEMENT_INPUTS];
  int64_t last = job.dims[job.rank - 1], row_pieces = (last + ELEMENT_PIECE - 1) / ELEMENT_PIECE;
  bool by_rows = last >= ELEMENT_PIECE / 2;
  int64_t n = by_rows ? job.count / last * row_pieces : (job.count + ELEMENT_PIECE - 1) / ELEMENT_PIECE;
  for (int64_t piece = blockIdx.x; piece < n; piece += gridDim.x) {
    int64_t row = by_rows ? piece / row_pieces : 0, from = (by_rows ? piece % row_pieces : piece) * ELEMENT_PIECE + threadIdx.x;
    int64_t length = by_rows ? last : job.count;
    Hand hand;
    hand.bases = NULL;
#pragma unroll
    for (int v = 0; v < V; v++) hand.at[v] = min(from + v * ELEMENT_THREADS, length - 1);
    if (by_rows) {
      Hand start;
      start.bases = NULL;
      start.at[0] = row * last;
      __syncthreads(); // the last piece is done with them
      if (threadIdx.x < job.n_inputs) bases[threadIdx.x] = input_offset(job, start, threadIdx.x, 0);
      __syncthreads();
      hand.bases = bases;
    }
    run_program<WIDE>(job, hand, slots, row * last + from, row * last + length);
  }
}

extern "C" __global__ void __launch_bounds__(ELEMENT_THREADS, 3) gcut_elementwise(const __grid_constant__ gcut__cuda_element_job job) {
  extern __shared__ Cell slots[];
  walk_elements<false>(job, slots);
}

// With float64 among its classes.
extern "C" __global__ void __launch_bounds__(ELEMENT_THREADS) gcut_elementwise_double(const __grid_constant__ gcut__cuda_element_job job) {
  extern __shared__ Cell slots[];
  walk_elements<true>(job, slots);
}
