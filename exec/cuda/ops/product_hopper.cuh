// What Hopper's products share: a block's shared memory, its ring of stages, and how a warpgroup multiplies what a
// ring brings. Two blocks of a cluster take tiles of 128 rows, a warpgroup 64 of them, and share the tile of b.
#ifndef GCUT_EXEC_CUDA_OPS_PRODUCT_HOPPER_CUH
#define GCUT_EXEC_CUDA_OPS_PRODUCT_HOPPER_CUH

#include "hopper.cuh"
#include "product.h"

#ifdef __CUDA_ARCH_FEAT_SM90_ALL

namespace products {
namespace wide {

using namespace hopper;

enum {
  M = GCUT_CUDA_PRODUCT_WIDE_M,
  K = GCUT_CUDA_PRODUCT_WIDE_K, // of a stage
  CLUSTER = GCUT_CUDA_PRODUCT_CLUSTER,
  GROUPS = M / 64,           // warpgroups that multiply
  ROW_BYTES = 128,           // of a panel: 64 elements
  A_BYTES = M * ROW_BYTES,   // of a stage
  B_PANEL = K * ROW_BYTES,   // 64 columns of b
  C_PANEL = 64 * ROW_BYTES,  // 64 rows and columns of c
  BAND = 8                   // rows of clusters that run through b together
};

// ---- shared memory: stages of a and b, panels of c of each warpgroup, barriers

template <int N, int STAGES, int PANELS> struct Room {
  static constexpr uint32_t B_BYTES = N * ROW_BYTES, STAGE = A_BYTES + B_BYTES;
  uint32_t base;

  __device__ uint32_t a(uint32_t stage) const { return base + stage * STAGE; }
  __device__ uint32_t b(uint32_t stage) const { return a(stage) + A_BYTES; }
  __device__ uint32_t c(uint32_t group, uint32_t panel) const { return base + STAGES * STAGE + (group * PANELS + panel) * C_PANEL; }
  __device__ uint32_t full(uint32_t stage) const { return c(GROUPS, 0) + stage * 8; }
  __device__ uint32_t free(uint32_t stage) const { return full(STAGES) + stage * 8; }

  // Where it is, with its barriers ready in all of the cluster: `fillers` arrive when a stage is full.
  __device__ static Room begin(const void *shared, int fillers) {
    const Room room = {((uint32_t)__cvta_generic_to_shared(shared) + 1023) / 1024 * 1024};
    if (threadIdx.x == 0) {
      for (int i = 0; i < STAGES; i++) barrier_init(room.full(i), fillers), barrier_init(room.free(i), GROUPS * CLUSTER);
      barriers_ready();
    }
    cluster_barrier();
    return room;
  }
};

// How far a ring of stages has been filled or used.
template <int STAGES> struct Ring {
  uint32_t stage = 0, odd = 0;
  __device__ void next() {
    if (++stage == STAGES) stage = 0, odd ^= 1;
  }
};

// ---- a warpgroup's sums: sum[b] are those of columns 8 b to 8 b + 7, of which a thread has a pair in two rows

// COPIED: a is what threads copied, not the copy engine.
template <typename T, int N, int STAGES, int PANELS, bool TURNED, bool COPIED> struct Sums {
  const Room<N, STAGES, PANELS> room;
  const uint32_t group;
  Ring<STAGES> ring;
  float sum[N / 8][4];

  // A block's warpgroups free a stage in each block of the cluster: all of these wrote to it.
  __device__ void free_stage(uint32_t stage) {
    if (threadIdx.x % 128 < CLUSTER) barrier_arrive_at(room.free(stage), threadIdx.x % 128);
  }

  __device__ void multiply_stage(bool add) {
    const uint64_t a = matrix_at(room.a(ring.stage) + group * 64 * ROW_BYTES, 16);
    const uint64_t b = matrix_at(room.b(ring.stage), TURNED ? 16 : B_PANEL);
    pin(sum);
    products_begin();
#pragma unroll
    for (int s = 0; s < K / 16; s++)
      Product<T>::template multiply<!TURNED>(sum, a + s * 32 / 16, b + s * (TURNED ? 32 : 16 * ROW_BYTES) / 16, add || s > 0);
    products_commit();
  }

  // A stage is free when the products of the next one have begun and its own are done.
  __device__ void multiply_tile(int64_t depth) {
    uint32_t before = 0;
    for (int k = 0; k < depth; k += K, ring.next()) {
      barrier_wait(room.full(ring.stage), ring.odd);
      if (COPIED) shared_written();
      multiply_stage(k > 0);
      products_wait<1>();
      if (k > 0) free_stage(before);
      before = ring.stage;
    }
    products_wait<0>();
    pin(sum);
    free_stage(before);
  }

  // Of a tile in which this warpgroup has no rows.
  __device__ void skip_tile(int64_t depth) {
    for (int k = 0; k < depth; k += K, ring.next()) {
      barrier_wait(room.full(ring.stage), ring.odd);
      free_stage(ring.stage);
    }
  }

  __device__ void wait_for_group() { named_barrier(1 + group, 128); }

  // Four pairs, of eight columns each, into 64 columns of a panel in shared memory, as the copy engine reads it: chunk c
  // of row r at c ^ r % 8. Blocks of eight columns 2 i and 2 i + 1 of the panel, in the thread's two rows.
  __device__ static void write_chunks(uint32_t panel, int i, uint32_t left, uint32_t left_low, uint32_t right, uint32_t right_low) {
    const uint32_t lane = threadIdx.x % 32, row = threadIdx.x % 128 / 32 * 16 + lane % 16;
    write_matrices(panel + row * ROW_BYTES + ((i * 2 + lane / 16) ^ (row % 8)) * 16, left, left_low, right, right_low);
  }
};

} // namespace wide
} // namespace products

#endif
#endif
