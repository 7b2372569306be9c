// The .npy format: a header that is a Python dict in text, then the elements.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#ifndef GCUT_FORMATS_TENSOR_NPY_H
#define GCUT_FORMATS_TENSOR_NPY_H

#include "graphcut/tensor.h"

enum {
  NPY_START_BYTES = 12,         // what holds the length of any header (version 1 needs 10)
  NPY_MAX_HEADER_BYTES = 65536, // version 1 allows no more
  NPY_MAX_TEXT = 128,           // bytes that gcut__npy_format_header may need beyond the dims
};

// An array as its header describes it.
typedef struct gcut__npy {
  gcut_dtype type;     // of the tensor it becomes
  uint64_t item_bytes; // of an element in the file
  char kind;           // numpy's letter: f i u b c U V
  bool swap;           // big-endian
  bool fortran;        // first index fastest
  int rank;
  int64_t dims[GCUT_MAX_RANK];
  uint64_t count, bytes; // elements; bytes they take in the file
} gcut__npy;

// Bytes of a whole header (magic to the newline) from its first NPY_START_BYTES, and where its text
// begins.
GCUT_MUST_USE gcut_status gcut__npy_header_bytes(const uint8_t *start, size_t size,
                                                 size_t *out_bytes, size_t *out_text,
                                                 gcut_error *err);
// Reads a header's text. numpy has no names for bfloat16, float8 and what is smaller than a byte:
// it writes V2, V1. `wanted` (or GCUT_UNDEFINED) is the type that the reader expects: it tells what
// V1 is, and that int8 elements are int4 ones, a byte each. V2 is bfloat16.
GCUT_MUST_USE gcut_status gcut__npy_parse_header(const char *text, size_t size, gcut_dtype wanted,
                                                 gcut__npy *out, gcut_error *err);
// Whether the file's bytes are the tensor's, but for byte order.
bool gcut__npy_is_plain(const gcut__npy *npy);
// Finishes elements that were read straight into the tensor: byte order, bools 0 or 1.
void gcut__npy_settle(const gcut__npy *npy, gcut_tensor *tensor);
// Converts elements as the file holds them (bytes of them; changed on the way) to the tensor's.
GCUT_MUST_USE gcut_status gcut__npy_convert(const gcut__npy *npy, uint8_t *items,
                                            gcut_tensor *tensor, gcut_error *err);

// The elements of a tensor as the file holds them: the tensor's own, or a malloc'd array that is
// also left in *out_owned. *out_item_bytes: of one element. GCUT_UNSUPPORTED for strings that numpy
// cannot hold.
GCUT_MUST_USE gcut_status gcut__npy_encode(const gcut_tensor *tensor, const void **out_items,
                                           uint64_t *out_bytes, void **out_owned,
                                           uint64_t *out_item_bytes, gcut_error *err);
// Writes a version 1 header whose size is a multiple of 64; returns it. `out` has room for
// NPY_MAX_TEXT bytes and 22 a dim.
size_t gcut__npy_format_header(const gcut_tensor *tensor, uint64_t item_bytes, uint8_t *out);

#endif
