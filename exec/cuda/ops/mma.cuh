// What kernels on tensor cores share that every card from Turing on runs: products of a warp (mma.sync), matrices from
// shared memory (ldmatrix), copies into it. On Turing products are half as deep, of bfloat16 the warp computes them by
// itself, and no copies run by themselves (cp.async): there a copy is a load and a store, done when it returns.
#ifndef GCUT_EXEC_CUDA_OPS_MMA_CUH
#define GCUT_EXEC_CUDA_OPS_MMA_CUH

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <stdint.h>

namespace mma {

#ifndef MMA_IS_TURING
#define MMA_IS_TURING (__CUDA_ARCH__ < 800)
#endif

// c [16][8] += a [16][16] b [16][8], as the tensor cores deal elements to lanes.
template <typename T> struct Mma;
template <> struct Mma<__nv_bfloat16> {
  __device__ static void run(float *c, const uint32_t *a, const uint32_t *b) {
#if MMA_IS_TURING
    // A lane has rows lane / 4 and lane / 4 + 8 of c, columns lane % 4 * 2 and the next; lane 4 r + p % 4 holds the p-th pair
    // along k of row r of a, and of column r of b.
    const int lane = threadIdx.x % 32;
#pragma unroll 1
    for (int p = 0; p < 8; p++) {
      const bool late = p >= 4;
      const float2 top = pair(late ? a[2] : a[0], lane / 4, p), low = pair(late ? a[3] : a[1], lane / 4, p);
      const float2 left = pair(late ? b[1] : b[0], lane % 4 * 2, p), right = pair(late ? b[1] : b[0], lane % 4 * 2 + 1, p);
      c[0] += top.x * left.x + top.y * left.y, c[1] += top.x * right.x + top.y * right.y;
      c[2] += low.x * left.x + low.y * left.y, c[3] += low.x * right.x + low.y * right.y;
    }
#else
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
  }
  __device__ static float2 pair(uint32_t x, int row, int p) {
    x = __shfl_sync(~0u, x, row * 4 + p % 4);
    return make_float2(__uint_as_float(x << 16), __uint_as_float(x & 0xffff0000));
  }
};
template <> struct Mma<__half> {
  __device__ static void run(float *c, const uint32_t *a, const uint32_t *b) {
#if MMA_IS_TURING
#pragma unroll
    for (int half = 0; half < 2; half++)
      asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3},{%4,%5},{%6},{%0,%1,%2,%3};"
                   : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                   : "r"(a[2 * half]), "r"(a[2 * half + 1]), "r"(b[half]));
#else
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
  }
};

// Four matrices of 8 x 8, a row's address by lane.
__device__ inline void read_matrices(uint32_t *r, uint32_t at) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3},[%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(at) : "memory");
}
__device__ inline void read_matrices_turned(uint32_t *r, uint32_t at) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3},[%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(at) : "memory");
}

__device__ inline void write16(uint32_t to, uint4 x) {
  asm volatile("st.shared.v4.b32 [%0],{%1,%2,%3,%4};" ::"r"(to), "r"(x.x), "r"(x.y), "r"(x.z), "r"(x.w) : "memory");
}

// The first `bytes` (even) of 16 that begin anywhere, element by element; the rest zero.
__device__ inline uint4 read_elements(const void *from, int bytes) {
  uint4 x = make_uint4(0, 0, 0, 0);
#pragma unroll
  for (int i = 0; i < 8; i++)
    if (i * 2 < bytes) ((uint32_t *)&x)[i / 2] |= (uint32_t)((const uint16_t *)from)[i] << (i % 2 * 16);
  return x;
}

// The same of a multiple of 16.
__device__ inline uint4 read16(const void *from, int bytes) { return bytes == 16 ? *(const uint4 *)from : read_elements(from, bytes); }

// The same into shared memory, at a multiple of 16.
__device__ inline void fetch16(uint32_t to, const void *from, int bytes) {
#if MMA_IS_TURING
  write16(to, read16(from, bytes));
#else
  asm volatile("cp.async.cg.shared.global [%0],[%1],16,%2;" ::"r"(to), "l"(from), "r"(bytes) : "memory");
#endif
}
__device__ inline void fetch_commit() {
#if !MMA_IS_TURING
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}
template <int N> __device__ inline void fetch_wait() {
#if !MMA_IS_TURING
  asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
#endif
}

} // namespace mma

#endif
