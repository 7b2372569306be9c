// Which rows a tile of a product has: neighbours of all rows, batch by batch, or rows of one choice (grouped.h).
#ifndef GCUT_EXEC_CUDA_OPS_PRODUCT_ROWS_CUH
#define GCUT_EXEC_CUDA_OPS_PRODUCT_ROWS_CUH

#include "grouped.h"

namespace products {

struct RowTile {
  int64_t first, end; // as many as a tile has, but none from `end` on
  int64_t batch;      // of b, and of a and c where they have one
};

// Tiles follow one another down the columns.
struct AllRows {
  static __device__ int64_t source(int64_t row) { return row; }
  static __device__ int64_t place(int64_t row) { return row; }
  // Tile t, whose sides are `size` long, and its first column; false where there is none.
  __device__ bool find(const gcut__cuda_product_job &job, int64_t t, int size, RowTile *tile, int64_t *column) const {
    const int64_t rows = (job.m + size - 1) / size, columns = (job.n + size - 1) / size;
    *tile = {t % rows * size, job.m, t / rows / columns};
    *column = t / rows % columns * size;
    return tile->batch < job.batch;
  }
};

struct GroupedRows {
  const gcut__cuda_grouped_job &job;
  __device__ int64_t source(int64_t row) const { return job.sources[row]; }
  __device__ int64_t place(int64_t row) const { return job.order[row]; }
  __device__ bool find(const gcut__cuda_product_job &product, int64_t t, int size, RowTile *tile, int64_t *column) const {
    const int64_t n = *job.n_tiles;
    if (n == 0 || t / n * size >= product.n) return false;
    const gcut__cuda_grouped_tile at = job.tiles[t % n];
    *tile = {at.first, min(at.end, at.first + size), at.choice};
    *column = t / n * size;
    return true;
  }
};

} // namespace products

#endif
