// What each elementwise instruction computes. Nothing is contracted, so that formulas give the same bits wherever they
// stand.
#ifndef GCUT_EXEC_CUDA_OPS_FORMULAS_CUH
#define GCUT_EXEC_CUDA_OPS_FORMULAS_CUH

#include "elementwise.h"

__device__ inline float times(float a, float b) { return __fmul_rn(a, b); }
__device__ inline double times(double a, double b) { return __dmul_rn(a, b); }
__device__ inline float plus(float a, float b) { return __fadd_rn(a, b); }
__device__ inline double plus(double a, double b) { return __dadd_rn(a, b); }

template <typename C> __device__ inline C softplus(C x) { return plus(x > 0 ? x : (C)0, (C)log1p(exp(-fabs(x)))); }
template <typename C> __device__ inline C sigmoid(C x) { return 1 / plus(1, exp(-x)); }
// For results of 16 bits, which it gets right but for few that lie next to halfway between two numbers (CUDA's programming
// guide has __expf's error: 2 + 1.2 |x| units in float32's last place). All kernels have it, so their bits agree.
__device__ inline float quick_sigmoid(float x) { return __fdividef(1.0f, plus(1.0f, __expf(-x))); }
template <typename C> __device__ inline C unit_clamp(C x) { return x < 0 ? (C)0 : x > 1 ? (C)1 : x; }
// Where b is 2 or 3.
template <typename C> __device__ inline C low_power(C a, C b) { return b == 2 ? times(a, a) : times(times(a, a), a); }
template <typename C> __device__ inline C power(C a, C b) { return b == 2 || b == 3 ? low_power(a, b) : (C)pow(a, b); }
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
    case GCUT_CUDA_ELEMENT_QUICK_SIGMOID: return (C)quick_sigmoid((float)x);
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
template <typename I, typename U> struct Whole {
  __device__ static inline I one(int op, I x, I, I) {
    switch (op) {
    case GCUT_CUDA_ELEMENT_NOT: return x == 0;
    case GCUT_CUDA_ELEMENT_NEG: return (I)(0 - (U)x);
    case GCUT_CUDA_ELEMENT_ABS: return x < 0 ? (I)(0 - (U)x) : x;
    case GCUT_CUDA_ELEMENT_SIGN: return (x > 0) - (x < 0);
    case GCUT_CUDA_ELEMENT_RELU: return x < 0 ? 0 : x;
    case GCUT_CUDA_ELEMENT_BITNOT: return ~x;
    default: return x;
    }
  }
  __device__ static inline I two(int op, I a, I b) {
    switch (op) {
    case GCUT_CUDA_ELEMENT_ADD: return (I)((U)a + (U)b);
    case GCUT_CUDA_ELEMENT_SUB: return (I)((U)a - (U)b);
    case GCUT_CUDA_ELEMENT_MUL: return (I)((U)a * (U)b);
    case GCUT_CUDA_ELEMENT_DIV: return b == 0 ? 0 : b == -1 ? (I)(0 - (U)a) : a / b;
    case GCUT_CUDA_ELEMENT_MIN: return a < b ? a : b;
    case GCUT_CUDA_ELEMENT_MAX: return a > b ? a : b;
    case GCUT_CUDA_ELEMENT_MOD: {
      I r = b == 0 || b == -1 ? 0 : a % b;
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
    case GCUT_CUDA_ELEMENT_SHIFT_LEFT: return b < 0 || b >= (I)(8 * sizeof(I)) ? 0 : (I)((U)a << b);
    case GCUT_CUDA_ELEMENT_SHIFT_RIGHT: return b < 0 || b >= (I)(8 * sizeof(I)) ? 0 : (I)((U)a >> b); // of unsigned types
    case GCUT_CUDA_ELEMENT_PRELU: return a < 0 ? (I)((U)a * (U)b) : a;
    default: return a;
    }
  }
};
template <> struct Formula<int64_t> : Whole<int64_t, uint64_t> {};
template <> struct Formula<int32_t> : Whole<int32_t, uint32_t> {};

#endif
