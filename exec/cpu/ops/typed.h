// Element types as C computes with them.
//
// Two ways to serve every element type with little code:
// - the lists below run a macro for each type of a set: for kernels with a loop of their own a
// type;
// - rows (gcut__row_load, gcut__row_store) bring any type into one of four computing types, a block
// at
//   a time: float (float, float16, bfloat16 and narrower), double, int64_t (signed integers) and
//   uint64_t (unsigned integers and bool). An operator then needs four loops, not fourteen; a block
//   stays in the first cache, and types that compute as themselves are not copied.
#ifndef GCUT_EXEC_CPU_OPS_TYPED_H
#define GCUT_EXEC_CPU_OPS_TYPED_H

#include "graphcut/tensor.h"
#include "tracer/base/narrow.h"

#define GCUT__AS_IS(x)   (x)
#define GCUT__AS_BOOL(x) ((x) != 0)

// X(dtype, C type in memory, C type to compute in, letter of the computing type, load, store)
#define GCUT__TYPED_FLOATS(X)                                                                      \
  X(FLOAT, float, float, f, GCUT__AS_IS, GCUT__AS_IS)                                              \
  X(DOUBLE, double, double, d, GCUT__AS_IS, GCUT__AS_IS)                                           \
  X(FLOAT16, uint16_t, float, f, gcut_from_float16, gcut_to_float16)                               \
  X(BFLOAT16, uint16_t, float, f, gcut_from_bfloat16, gcut_to_bfloat16)
#define GCUT__TYPED_SIGNED(X)                                                                      \
  X(INT8, int8_t, int64_t, i, GCUT__AS_IS, (int8_t))                                               \
  X(INT16, int16_t, int64_t, i, GCUT__AS_IS, (int16_t))                                            \
  X(INT32, int32_t, int64_t, i, GCUT__AS_IS, (int32_t))                                            \
  X(INT64, int64_t, int64_t, i, GCUT__AS_IS, GCUT__AS_IS)
#define GCUT__TYPED_UNSIGNED(X)                                                                    \
  X(UINT8, uint8_t, uint64_t, u, GCUT__AS_IS, (uint8_t))                                           \
  X(UINT16, uint16_t, uint64_t, u, GCUT__AS_IS, (uint16_t))                                        \
  X(UINT32, uint32_t, uint64_t, u, GCUT__AS_IS, (uint32_t))                                        \
  X(UINT64, uint64_t, uint64_t, u, GCUT__AS_IS, GCUT__AS_IS)
#define GCUT__TYPED_BOOL(X)    X(BOOL, uint8_t, uint64_t, u, GCUT__AS_BOOL, GCUT__AS_BOOL)
#define GCUT__TYPED_NUMERIC(X) GCUT__TYPED_FLOATS(X) GCUT__TYPED_SIGNED(X) GCUT__TYPED_UNSIGNED(X)

// The type that elements of a dtype compute in.
typedef enum gcut__class {
  GCUT__CLASS_NONE = 0, // strings, complex numbers
  GCUT__CLASS_f,        // float
  GCUT__CLASS_d,        // double
  GCUT__CLASS_i,        // int64_t
  GCUT__CLASS_u,        // uint64_t
} gcut__class;
gcut__class gcut__class_of(gcut_dtype type);

// A float as an integer, its fraction dropped; NaN and what does not fit become the lowest integer,
// as x86-64 conversions give.
static inline int64_t gcut__truncate_int64(double x) {
  return x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN;
}
static inline int32_t gcut__truncate_int32(double x) {
  return x > -0x1p31 - 1 && x < 0x1p31 ? (int32_t)x : INT32_MIN;
}
static inline uint64_t gcut__truncate_uint64(double x) {
  return x >= 0x1p63 ? (x < 0x1p64 ? (uint64_t)x : 0) : (uint64_t)gcut__truncate_int64(x);
}

enum { GCUT__ROW = 512 }; // elements a block at most

typedef union gcut__row_buffer {
  float f[GCUT__ROW];
  double d[GCUT__ROW];
  int64_t i[GCUT__ROW];
  uint64_t u[GCUT__ROW];
} gcut__row_buffer;

// n <= GCUT__ROW elements in their computing type: element offset + k * step of `data` for k < n.
// The result is in `buffer`, or in `data` itself where that has them so already: an array of the
// computing type, no gcut__row_buffer.
const void *gcut__row_load(gcut_dtype type, const void *data, int64_t offset, int64_t step,
                           size_t n, gcut__row_buffer *buffer);
// Element k of a row of that class.
static inline double gcut__row_double(gcut__class class, const void *row, size_t k) {
  switch (class) {
  case GCUT__CLASS_f: return (double)((const float *)row)[k];
  case GCUT__CLASS_d: return ((const double *)row)[k];
  case GCUT__CLASS_i: return (double)((const int64_t *)row)[k];
  default: return (double)((const uint64_t *)row)[k];
  }
}
// Where to compute a row of output: the output itself where its type computes as itself, or
// `buffer`. gcut__row_store then brings it there.
void *gcut__row_target(gcut_dtype type, void *data, int64_t offset, gcut__row_buffer *buffer);
// Writes n elements from `row` at `offset`. Integers lose their high bits; float8 and float4
// saturate.
void gcut__row_store(gcut_dtype type, void *data, int64_t offset, size_t n, const void *row);

#endif
