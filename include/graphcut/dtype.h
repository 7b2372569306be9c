// Element types of tensors: ONNX's, by ONNX's numbers.
#ifndef GRAPHCUT_DTYPE_H
#define GRAPHCUT_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graphcut/status.h"

#ifdef __cplusplus
extern "C" {
#endif

// X(name, ONNX number, name as the ONNX text syntax writes it, bits an element)
// A string element is a gcut_string; types under 8 bits are packed, first element in the lowest
// bits.
#define GCUT_DTYPE_LIST(X)                                                                         \
  X(FLOAT, 1, "float", 32)                                                                         \
  X(UINT8, 2, "uint8", 8)                                                                          \
  X(INT8, 3, "int8", 8)                                                                            \
  X(UINT16, 4, "uint16", 16)                                                                       \
  X(INT16, 5, "int16", 16)                                                                         \
  X(INT32, 6, "int32", 32)                                                                         \
  X(INT64, 7, "int64", 64)                                                                         \
  X(STRING, 8, "string", 128)                                                                      \
  X(BOOL, 9, "bool", 8)                                                                            \
  X(FLOAT16, 10, "float16", 16)                                                                    \
  X(DOUBLE, 11, "double", 64)                                                                      \
  X(UINT32, 12, "uint32", 32)                                                                      \
  X(UINT64, 13, "uint64", 64)                                                                      \
  X(COMPLEX64, 14, "complex64", 64)                                                                \
  X(COMPLEX128, 15, "complex128", 128)                                                             \
  X(BFLOAT16, 16, "bfloat16", 16)                                                                  \
  X(FLOAT8E4M3FN, 17, "float8e4m3fn", 8)                                                           \
  X(FLOAT8E4M3FNUZ, 18, "float8e4m3fnuz", 8)                                                       \
  X(FLOAT8E5M2, 19, "float8e5m2", 8)                                                               \
  X(FLOAT8E5M2FNUZ, 20, "float8e5m2fnuz", 8)                                                       \
  X(UINT4, 21, "uint4", 4)                                                                         \
  X(INT4, 22, "int4", 4)                                                                           \
  X(FLOAT4E2M1, 23, "float4e2m1", 4)                                                               \
  X(FLOAT8E8M0, 24, "float8e8m0", 8)                                                               \
  X(UINT2, 25, "uint2", 2)                                                                         \
  X(INT2, 26, "int2", 2)                                                                           \
  X(FLOAT6E2M3, 27, "float6e2m3", 6)                                                               \
  X(FLOAT6E3M2, 28, "float6e3m2", 6)

typedef enum gcut_dtype {
  GCUT_UNDEFINED = 0,
#define X(name, number, text, bits) GCUT_##name = number,
  GCUT_DTYPE_LIST(X)
#undef X
      GCUT_N_DTYPES
} gcut_dtype;

// Bytes that are not zero-terminated: an element of a string tensor, a string attribute.
typedef struct gcut_string {
  const char *data;
  size_t size;
} gcut_string;

// Name as the ONNX text syntax writes it; "undefined" for anything that is no type.
GCUT_API const char *gcut_dtype_name(gcut_dtype type);
// The type of that name, or GCUT_UNDEFINED.
GCUT_API gcut_dtype gcut_dtype_find(const char *name, size_t size);
// Bits an element; 0 for GCUT_UNDEFINED.
GCUT_API unsigned gcut_dtype_bits(gcut_dtype type);
// Bytes that `count` packed elements take; false where the product overflows or the type is
// undefined.
GCUT_API GCUT_MUST_USE bool gcut_dtype_bytes(gcut_dtype type, uint64_t count, uint64_t *out_bytes);

#ifdef __cplusplus
}
#endif
#endif
