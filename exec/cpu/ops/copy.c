// Strided copies by item size.
//
// A box is first simplified: dims of one item go, neighbours that are contiguous on both sides
// merge. What is left runs row by row: memcpy where both rows are contiguous; in tiles where the
// source runs along another dim than the destination (a transposition), so that neither side jumps
// a cache line an item.
#include "exec/cpu/ops/copy.h"

#include <string.h>

typedef uint8_t __attribute__((may_alias)) item1;
typedef uint16_t __attribute__((may_alias)) item2;
typedef uint32_t __attribute__((may_alias)) item4;
typedef uint64_t __attribute__((may_alias)) item8;
typedef struct __attribute__((may_alias)) {
  uint64_t low, high;
} item16;

// Runs `call(type)` for the type of that many bytes.
#define BY_SIZE(size, call)                                                                        \
  switch (size) {                                                                                  \
  case 1: call(item1) break;                                                                       \
  case 2: call(item2) break;                                                                       \
  case 4: call(item4) break;                                                                       \
  case 8: call(item8) break;                                                                       \
  default: call(item16) break;                                                                     \
  }

void gcut__fill(size_t size, uint8_t *to, const uint8_t *item, uint64_t count) {
#define FILL(T)                                                                                    \
  {                                                                                                \
    T value;                                                                                       \
    memcpy(&value, item, sizeof value);                                                            \
    for (uint64_t i = 0; i < count; i++) ((T *)to)[i] = value;                                     \
  }
  BY_SIZE(size, FILL)
#undef FILL
}

void gcut__pick(size_t size, uint8_t *to, const uint8_t *from, const int64_t *indices,
                uint64_t count) {
#define PICK(T)                                                                                    \
  for (uint64_t i = 0; i < count; i++) ((T *)to)[i] = ((const T *)from)[indices[i]];
  BY_SIZE(size, PICK)
#undef PICK
}

static void copy_row(size_t size, int64_t n, uint8_t *to, int64_t to_stride, const uint8_t *from,
                     int64_t from_stride) {
  if (to_stride == 1 && from_stride == 1) {
    memcpy(to, from, (size_t)n * size);
    return;
  }
  if (to_stride == 1 && from_stride == 0) {
    gcut__fill(size, to, from, (uint64_t)n);
    return;
  }
#define ROW(T)                                                                                     \
  for (int64_t i = 0; i < n; i++) ((T *)to)[i * to_stride] = ((const T *)from)[i * from_stride];
  BY_SIZE(size, ROW)
#undef ROW
}

enum { TILE = 16, THIN = 8 }; // a tile's lines stay in the first cache even if on one set

typedef uint32_t four __attribute__((vector_size(16), aligned(4), may_alias));

// to[i][j] = from[j][i] for 4 x 4 items.
static void transpose_four(item4 *to, int64_t to_stride, const item4 *from, int64_t from_stride) {
  four a = *(const four *)from, b = *(const four *)(from + from_stride),
       c = *(const four *)(from + 2 * from_stride), d = *(const four *)(from + 3 * from_stride);
  four ac = __builtin_shufflevector(a, c, 0, 4, 1, 5),
       bd = __builtin_shufflevector(b, d, 0, 4, 1, 5);
  *(four *)to = __builtin_shufflevector(ac, bd, 0, 4, 1, 5);
  *(four *)(to + to_stride) = __builtin_shufflevector(ac, bd, 2, 6, 3, 7);
  ac = __builtin_shufflevector(a, c, 2, 6, 3, 7), bd = __builtin_shufflevector(b, d, 2, 6, 3, 7);
  *(four *)(to + 2 * to_stride) = __builtin_shufflevector(ac, bd, 0, 4, 1, 5);
  *(four *)(to + 3 * to_stride) = __builtin_shufflevector(ac, bd, 2, 6, 3, 7);
}

// The same for n x m, both multiples of 4, a tile after another.
static void transpose_fours(int64_t n, int64_t m, item4 *to, int64_t to_stride, const item4 *from,
                            int64_t from_stride) {
  for (int64_t i0 = 0; i0 < n; i0 += TILE)
    for (int64_t j0 = 0; j0 < m; j0 += TILE)
      for (int64_t i = i0; i < n && i < i0 + TILE; i += 4)
        for (int64_t j = j0; j < m && j < j0 + TILE; j += 4)
          transpose_four(to + i * to_stride + j, to_stride, from + j * from_stride + i,
                         from_stride);
}

// to[i][j] = from[j][i] for n x m items: rows of `to` are contiguous, columns of `from` are.
static void copy_transposed(size_t size, int64_t n, int64_t m, uint8_t *to, int64_t to_stride,
                            const uint8_t *from, int64_t from_stride) {
#define TILES(T)                                                                                   \
  for (int64_t i0 = 0; i0 < n; i0 += TILE)                                                         \
    for (int64_t j0 = 0; j0 < m; j0 += TILE)                                                       \
      for (int64_t i = i0; i < n && i < i0 + TILE; i++)                                            \
        for (int64_t j = j0; j < m && j < j0 + TILE; j++)                                          \
          ((T *)to)[i * to_stride + j] = ((const T *)from)[j * from_stride + i];
  BY_SIZE(size, TILES)
#undef TILES
}

// The same; where one side is thin a row at a time is best.
static void copy_turned(size_t size, int64_t n, int64_t m, uint8_t *to, int64_t to_stride,
                        const uint8_t *from, int64_t from_stride) {
  if (m < THIN)
    for (int64_t j = 0; j < m; j++)
      copy_row(size, n, to + j * (int64_t)size, to_stride, from + j * from_stride * (int64_t)size,
               1);
  else if (n < THIN)
    for (int64_t i = 0; i < n; i++)
      copy_row(size, m, to + i * to_stride * (int64_t)size, 1, from + i * (int64_t)size,
               from_stride);
  else if (size == 4) {
    int64_t whole_n = n & ~(int64_t)3, whole_m = m & ~(int64_t)3;
    transpose_fours(whole_n, whole_m, (item4 *)to, to_stride, (const item4 *)from, from_stride);
    copy_transposed(size, n - whole_n, m, to + whole_n * to_stride * 4, to_stride,
                    from + whole_n * 4, from_stride);
    copy_transposed(size, whole_n, m - whole_m, to + whole_m * 4, to_stride,
                    from + whole_m * from_stride * 4, from_stride);
  } else {
    copy_transposed(size, n, m, to, to_stride, from, from_stride);
  }
}

typedef struct box {
  int rank;
  int64_t dims[GCUT__COPY_RANK], to[GCUT__COPY_RANK], from[GCUT__COPY_RANK];
} box;

// Drops dims of one item and merges neighbours; false where there is nothing to copy.
static bool simplify(box *b, int rank, const int64_t *dims, const int64_t *to,
                     const int64_t *from) {
  b->rank = 0;
  for (int d = 0; d < rank; d++) {
    if (dims[d] == 0) return false;
    if (dims[d] == 1) continue;
    int last = b->rank - 1;
    if (last >= 0 && b->to[last] == to[d] * dims[d] && b->from[last] == from[d] * dims[d]) {
      b->dims[last] *= dims[d];
      b->to[last] = to[d];
      b->from[last] = from[d];
    } else {
      b->dims[b->rank] = dims[d];
      b->to[b->rank] = to[d];
      b->from[b->rank] = from[d];
      b->rank++;
    }
  }
  return true;
}

// Takes the dim out of the outer ones: the inner copy handles it.
static void remove_dim(box *b, int dim) {
  for (int d = dim; d + 1 < b->rank; d++) {
    b->dims[d] = b->dims[d + 1];
    b->to[d] = b->to[d + 1];
    b->from[d] = b->from[d + 1];
  }
  b->rank--;
}

// The dim along which the source is contiguous while the destination is along the last, or -1.
static int transposed_dim(const box *b) {
  int last = b->rank - 1;
  if (b->to[last] != 1 || b->from[last] == 1 || b->from[last] == 0) return -1;
  for (int d = last - 1; d >= 0; d--)
    if (b->from[d] == 1) return d;
  return -1;
}

void gcut__copy_box(size_t size, int rank, const int64_t *dims, uint8_t *to,
                    const int64_t *to_strides, const uint8_t *from, const int64_t *from_strides) {
  box b;
  int64_t at[GCUT__COPY_RANK] = {0};
  if (!simplify(&b, rank, dims, to_strides, from_strides)) return;
  if (b.rank == 0) {
    memcpy(to, from, size);
    return;
  }
  int other = transposed_dim(&b), last = b.rank - 1;
  int64_t m = b.dims[last], to_stride = b.to[last], from_stride = b.from[last], n = 1, row = 0;
  remove_dim(&b, last);
  if (other >= 0) {
    n = b.dims[other], row = b.to[other];
    remove_dim(&b, other);
  }
  for (;;) {
    if (other >= 0)
      copy_turned(size, n, m, to, row, from, from_stride);
    else
      copy_row(size, m, to, to_stride, from, from_stride);
    int d = b.rank - 1;
    for (; d >= 0; d--) {
      to += b.to[d] * (int64_t)size;
      from += b.from[d] * (int64_t)size;
      if (++at[d] < b.dims[d]) break;
      to -= b.to[d] * b.dims[d] * (int64_t)size;
      from -= b.from[d] * b.dims[d] * (int64_t)size;
      at[d] = 0;
    }
    if (d < 0) return;
  }
}

void gcut__copy_rows(size_t size, int64_t rows, int64_t n, uint8_t *to, int64_t to_stride,
                     const uint8_t *from, int64_t from_stride) {
  gcut__copy_box(size, 2, (int64_t[]){rows, n}, to, (int64_t[]){to_stride, 1}, from,
                 (int64_t[]){from_stride, 1});
}
