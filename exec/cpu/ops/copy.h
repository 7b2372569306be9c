// Copies of items of 1, 2, 4, 8 or 16 bytes: strided, filled, picked.
#ifndef GCUT_EXEC_CPU_OPS_COPY_H
#define GCUT_EXEC_CPU_OPS_COPY_H

#include "graphcut/tensor.h"

// Writes `count` copies of one item.
void gcut__fill(size_t size, uint8_t *to, const uint8_t *item, uint64_t count);
// Copies `count` items found by their index in `from`.
void gcut__pick(size_t size, uint8_t *to, const uint8_t *from, const int64_t *indices,
                uint64_t count);

// Copies `rows` rows of `n` items; strides are the items from one row to the next.
void gcut__copy_rows(size_t size, int64_t rows, int64_t n, uint8_t *to, int64_t to_stride,
                     const uint8_t *from, int64_t from_stride);

enum { GCUT__COPY_RANK = 2 * GCUT_MAX_RANK };

// Copies a box of items between two strided layouts. Strides count items; they may be 0 (repeat) or
// negative in `from`. `rank` up to GCUT__COPY_RANK.
void gcut__copy_box(size_t size, int rank, const int64_t *dims, uint8_t *to,
                    const int64_t *to_strides, const uint8_t *from, const int64_t *from_strides);

#endif
