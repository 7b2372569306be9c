// Elements of tensors in kernels: loading them as a compute type and storing them again.
#ifndef GCUT_EXEC_CUDA_OPS_TYPES_CUH
#define GCUT_EXEC_CUDA_OPS_TYPES_CUH

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <stdint.h>

// Numbers of gcut_dtype, for switches that are the same for a whole grid.
enum {
  T_FLOAT = 1, T_UINT8 = 2, T_INT8 = 3, T_UINT16 = 4, T_INT16 = 5, T_INT32 = 6, T_INT64 = 7, T_BOOL = 9,
  T_FLOAT16 = 10, T_DOUBLE = 11, T_UINT32 = 12, T_UINT64 = 13, T_BFLOAT16 = 16
};

template <typename C> __device__ inline C load_as(const void *data, int64_t i, int type) {
  switch (type) {
  case T_FLOAT: return (C)((const float *)data)[i];
  case T_BFLOAT16: return (C)__bfloat162float(((const __nv_bfloat16 *)data)[i]);
  case T_FLOAT16: return (C)__half2float(((const __half *)data)[i]);
  case T_INT64:
  case T_UINT64: return (C)((const int64_t *)data)[i];
  case T_INT32: return (C)((const int32_t *)data)[i];
  case T_UINT32: return (C)((const uint32_t *)data)[i];
  case T_INT16: return (C)((const int16_t *)data)[i];
  case T_UINT16: return (C)((const uint16_t *)data)[i];
  case T_INT8: return (C)((const int8_t *)data)[i];
  case T_DOUBLE: return (C)((const double *)data)[i];
  default: return (C)((const uint8_t *)data)[i]; // UINT8, BOOL
  }
}

// To integers as x86-64 and so the CPU's kernels convert: by way of 32 bits for types that fit there, else of 64; what
// is out of range becomes the least number.
template <typename C> __device__ inline int32_t to_int32(C x) {
  return (double)x > -2147483649.0 && (double)x < 2147483648.0 ? (int32_t)x : INT32_MIN;
}
template <> __device__ inline int32_t to_int32<int64_t>(int64_t x) { return (int32_t)x; }
template <> __device__ inline int32_t to_int32<int32_t>(int32_t x) { return x; }
template <typename C> __device__ inline int64_t to_int64(C x) {
  return (double)x >= -9223372036854775808.0 && (double)x < 9223372036854775808.0 ? (int64_t)x : INT64_MIN;
}
template <> __device__ inline int64_t to_int64<int64_t>(int64_t x) { return x; }
template <> __device__ inline int64_t to_int64<int32_t>(int32_t x) { return x; }

template <typename C> __device__ inline void store_as(void *data, int64_t i, int type, C x) {
  switch (type) {
  case T_FLOAT: ((float *)data)[i] = (float)x; break;
  case T_BFLOAT16: ((__nv_bfloat16 *)data)[i] = __float2bfloat16_rn((float)x); break;
  case T_FLOAT16: ((__half *)data)[i] = __float2half_rn((float)x); break;
  case T_INT64:
  case T_UINT64: ((int64_t *)data)[i] = to_int64(x); break;
  case T_INT32: ((int32_t *)data)[i] = to_int32(x); break;
  case T_UINT32: ((uint32_t *)data)[i] = (uint32_t)to_int64(x); break;
  case T_INT16: ((int16_t *)data)[i] = (int16_t)to_int32(x); break;
  case T_UINT16: ((uint16_t *)data)[i] = (uint16_t)to_int32(x); break;
  case T_INT8: ((int8_t *)data)[i] = (int8_t)to_int32(x); break;
  case T_DOUBLE: ((double *)data)[i] = (double)x; break;
  case T_BOOL: ((uint8_t *)data)[i] = x != (C)0; break;
  default: ((uint8_t *)data)[i] = (uint8_t)to_int32(x); break;
  }
}

// Two numbers of 16 bits each in a word.
template <typename T> __device__ inline float2 unpack(uint32_t word);
template <> __device__ inline float2 unpack<__nv_bfloat16>(uint32_t word) {
  return __bfloat1622float2(*(__nv_bfloat162 *)&word);
}
template <> __device__ inline float2 unpack<__half>(uint32_t word) { return __half22float2(*(__half2 *)&word); }
template <typename T> __device__ inline uint32_t pack(float x, float y);
template <> __device__ inline uint32_t pack<__nv_bfloat16>(float x, float y) {
  __nv_bfloat162 p = __floats2bfloat162_rn(x, y);
  return *(uint32_t *)&p;
}
template <> __device__ inline uint32_t pack<__half>(float x, float y) {
  __half2 p = __floats2half2_rn(x, y);
  return *(uint32_t *)&p;
}

// Sums and products of two such words, each number rounded once: what float32 would give that is rounded after, for
// float32 holds such a product, and where it cannot hold a sum that is far from halfway between two numbers.
template <typename T> struct Pairs;
template <> struct Pairs<__nv_bfloat16> { typedef __nv_bfloat162 type; };
template <> struct Pairs<__half> { typedef __half2 type; };
template <typename T> __device__ inline uint32_t add_pairs(uint32_t a, uint32_t b) {
  typename Pairs<T>::type sum = __hadd2_rn(*(typename Pairs<T>::type *)&a, *(typename Pairs<T>::type *)&b);
  return *(uint32_t *)&sum;
}
template <typename T> __device__ inline uint32_t multiply_pairs(uint32_t a, uint32_t b) {
  typename Pairs<T>::type product = __hmul2_rn(*(typename Pairs<T>::type *)&a, *(typename Pairs<T>::type *)&b);
  return *(uint32_t *)&product;
}

#endif
