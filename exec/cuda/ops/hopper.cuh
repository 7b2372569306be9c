// Hopper's own instructions (sm_90a): products of a warpgroup, copies of tiles, barriers in shared memory.
//
// A warpgroup is four warps. Its products (wgmma) run by themselves, in groups: registers that one writes or reads belong
// to it until its group is waited for. Tiles lie in shared memory as panels of rows of 128 bytes, in which the copy
// engine exchanges chunks of 16 bytes by row (the 128-byte swizzle), so that no bank is asked twice.
#ifndef GCUT_EXEC_CUDA_OPS_HOPPER_CUH
#define GCUT_EXEC_CUDA_OPS_HOPPER_CUH

#ifdef __CUDA_ARCH_FEAT_SM90_ALL

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <stdint.h>

namespace hopper {

// ---- barriers in shared memory: a phase ends when all have arrived and all bytes expected are there

__device__ inline void barrier_init(uint32_t at, uint32_t count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(at), "r"(count) : "memory");
}
// Makes barriers known to the copy engine.
__device__ inline void barriers_ready() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
__device__ inline void barrier_arrive(uint32_t at) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(at) : "memory");
}
__device__ inline void barrier_expect(uint32_t at, uint32_t bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(at), "r"(bytes) : "memory");
}
// Waits for the end of a phase, which is even or odd.
__device__ inline void barrier_wait(uint32_t at, uint32_t odd) {
  uint32_t done;
  do
    asm volatile("{\n.reg .pred p;\nmbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\nselp.u32 %0, 1, 0, p;\n}"
                 : "=r"(done) : "r"(at), "r"(odd) : "memory");
  while (!done);
}

// The barrier at that place in a block of the cluster.
__device__ inline void barrier_arrive_at(uint32_t at, uint32_t block) {
  asm volatile("{\n.reg .b32 there;\nmapa.shared::cluster.u32 there, %0, %1;\n"
               "mbarrier.arrive.shared::cluster.b64 _, [there];\n}" ::"r"(at), "r"(block) : "memory");
}
// All threads of the cluster; of `threads` threads of the block that name the same barrier.
__device__ inline void cluster_barrier() {
  asm volatile("barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::: "memory");
}
__device__ inline void named_barrier(uint32_t name, uint32_t threads) {
  asm volatile("bar.sync %0, %1;" ::"r"(name), "r"(threads) : "memory");
}

// ---- the copy engine

// Fetches a box of a tensor [batch][head][row][column]; what lies outside is zero.
__device__ inline void fetch_box(uint32_t to, const void *map, uint32_t barrier, int column, int row, int head, int batch) {
  asm volatile("cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, %6}], [%2];"
               ::"r"(to), "l"(map), "r"(barrier), "r"(column), "r"(row), "r"(head), "r"(batch) : "memory");
}

// The same into the same place of every block of the cluster that `blocks` has a bit for; each one's barrier is told.
__device__ inline void fetch_box_to_all(uint32_t to, const void *map, uint32_t barrier, int column, int row, int head, uint16_t blocks) {
  asm volatile("cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster "
               "[%0], [%1, {%3, %4, %5, %6}], [%2], %7;"
               ::"r"(to), "l"(map), "r"(barrier), "r"(column), "r"(row), "r"(head), "r"(0), "h"(blocks) : "memory");
}

// Stores a box; what lies outside is left out. Stores run by themselves, in groups of the thread that began them.
__device__ inline void store_box(const void *map, uint32_t from, int column, int row, int head) {
  asm volatile("cp.async.bulk.tensor.4d.global.shared::cta.bulk_group [%0, {%2, %3, %4, %5}], [%1];"
               ::"l"(map), "r"(from), "r"(column), "r"(row), "r"(head), "r"(0) : "memory");
}
__device__ inline void stores_commit() { asm volatile("cp.async.bulk.commit_group;" ::: "memory"); }
// Waits until no more than N groups still read shared memory.
template <int N> __device__ inline void stores_wait() { asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(N) : "memory"); }
__device__ inline void stores_finish() { asm volatile("cp.async.bulk.wait_group 0;" ::: "memory"); }
// Makes what this thread wrote to shared memory known to the copy engine; a barrier comes after it.
__device__ inline void shared_written() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

// Arrives at a barrier when what this thread began to copy (cp.async) is there; the barrier counts the thread.
__device__ inline void copies_arrive(uint32_t at) {
  asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(at) : "memory");
}

__device__ inline uint4 read_chunk(uint32_t at) {
  uint4 x;
  asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(x.x), "=r"(x.y), "=r"(x.z), "=r"(x.w) : "r"(at) : "memory");
  return x;
}
__device__ inline uint32_t read_shared(uint32_t at, uint32_t beyond) {
  uint32_t x;
  asm volatile("ld.shared.u32 %0, [%1];" : "=r"(x) : "r"(at + beyond) : "memory");
  return x;
}
__device__ inline uint32_t read_shared_half(uint32_t at) {
  uint16_t x;
  asm volatile("ld.shared.u16 %0, [%1];" : "=h"(x) : "r"(at) : "memory");
  return x;
}
__device__ inline float2 read_shared_pair(uint32_t at, uint32_t beyond) {
  float2 x;
  asm volatile("ld.shared.v2.f32 {%0, %1}, [%2];" : "=f"(x.x), "=f"(x.y) : "r"(at + beyond) : "memory");
  return x;
}
__device__ inline void write_shared(uint32_t at, uint32_t x) { asm volatile("st.shared.u32 [%0], %1;" ::"r"(at), "r"(x) : "memory"); }

// Sixteen rows by sixteen columns of a warp's: matrices of 8 x 8 side by side and one below the other, a row's address
// by lane.
__device__ inline void write_matrices(uint32_t at, uint32_t top, uint32_t low, uint32_t top_right, uint32_t low_right) {
  asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};"
               ::"r"(at), "r"(top), "r"(low), "r"(top_right), "r"(low_right) : "memory");
}

// ---- registers of a warpgroup

template <int N> __device__ inline void take_registers() { asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(N)); }
template <int N> __device__ inline void leave_registers() { asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(N)); }

// ---- products

__device__ inline void products_begin() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ inline void products_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
// Waits until no more than N groups run.
template <int N> __device__ inline void products_wait() { asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(N) : "memory"); }

// Keeps the compiler from moving what it does with sums across this point.
template <int N> __device__ inline void pin(float (&x)[N][4]) {
#pragma unroll
  for (int b = 0; b < N; b++)
    asm volatile("" : "+f"(x[b][0]), "+f"(x[b][1]), "+f"(x[b][2]), "+f"(x[b][3])::"memory");
}

// How a product finds a matrix in panels: `apart` bytes between what lies beside (panels of a matrix that is read turned),
// 1024 between groups of eight rows.
__device__ inline uint64_t matrix_at(uint32_t address, uint32_t apart) {
  const uint64_t swizzle_128 = 1ull << 62, groups = (uint64_t)(1024 / 16) << 32;
  return swizzle_128 | groups | (uint64_t)(apart / 16) << 16 | (address & 0x3ffff) / 16;
}

#define SUMS4(x, b) "+f"(x[b][0]), "+f"(x[b][1]), "+f"(x[b][2]), "+f"(x[b][3])
#define SUMS16(x, b) SUMS4(x, b), SUMS4(x, b + 1), SUMS4(x, b + 2), SUMS4(x, b + 3)
#define SUMS32(x) SUMS16(x, 0), SUMS16(x, 4)
#define SUMS64(x) SUMS16(x, 0), SUMS16(x, 4), SUMS16(x, 8), SUMS16(x, 12)
#define SUMS128(x) SUMS64(x), SUMS16(x, 16), SUMS16(x, 20), SUMS16(x, 24), SUMS16(x, 28)
#define NAMES32                                                                                                        \
  "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31"
#define NAMES64                                                                                                        \
  NAMES32 ",%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,"  \
          "%58,%59,%60,%61,%62,%63"
#define NAMES128                                                                                                       \
  NAMES64 ",%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79,%80,%81,%82,%83,%84,%85,%86,%87,%88,%89,"  \
          "%90,%91,%92,%93,%94,%95,%96,%97,%98,%99,%100,%101,%102,%103,%104,%105,%106,%107,%108,%109,%110,%111,%112,"  \
          "%113,%114,%115,%116,%117,%118,%119,%120,%121,%122,%123,%124,%125,%126,%127"

// turned: d [64][128] = [d +] a b^T, a [64][16] and b [128][16] in shared memory.
// add: d [64][128 or 64] += a b, a [64][16] in registers, b [16][128 or 64] in shared memory.
// multiply: d [64][128 or 256] = [d +] a b, a [64][16], b [16][128 or 256] by rows (DOWN) or by columns in shared memory.
template <typename T> struct Product;
#define PRODUCT(T, NAME)                                                                                               \
  template <> struct Product<T> {                                                                                      \
    template <bool ADD> __device__ static void turned(float (&d)[16][4], uint64_t a, uint64_t b) {                     \
      asm volatile("{\n.reg .pred add;\nsetp.ne.b32 add, %66, 0;\n"                                                    \
                   "wgmma.mma_async.sync.aligned.m64n128k16.f32." NAME "." NAME " {" NAMES64 "}, %64, %65, "           \
                   "add, 1, 1, 0, 0;\n}"                                                                               \
                   : SUMS64(d) : "l"(a), "l"(b), "n"(ADD));                                                            \
    }                                                                                                                  \
    __device__ static void add(float (&d)[16][4], const uint32_t *a, uint64_t b) {                                     \
      asm volatile("{\n.reg .pred add;\nsetp.ne.b32 add, 1, 0;\n"                                                      \
                   "wgmma.mma_async.sync.aligned.m64n128k16.f32." NAME "." NAME " {" NAMES64 "}, "                     \
                   "{%64,%65,%66,%67}, %68, add, 1, 1, 1;\n}"                                                          \
                   : SUMS64(d) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));                                  \
    }                                                                                                                  \
    __device__ static void add(float (&d)[8][4], const uint32_t *a, uint64_t b) {                                      \
      asm volatile("{\n.reg .pred add;\nsetp.ne.b32 add, 1, 0;\n"                                                      \
                   "wgmma.mma_async.sync.aligned.m64n64k16.f32." NAME "." NAME " {" NAMES32 "}, "                      \
                   "{%32,%33,%34,%35}, %36, add, 1, 1, 1;\n}"                                                          \
                   : SUMS32(d) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));                                  \
    }                                                                                                                  \
    template <bool DOWN> __device__ static void multiply(float (&d)[16][4], uint64_t a, uint64_t b, bool add) {        \
      asm volatile("{\n.reg .pred add;\nsetp.ne.b32 add, %66, 0;\n"                                                    \
                   "wgmma.mma_async.sync.aligned.m64n128k16.f32." NAME "." NAME " {" NAMES64 "}, %64, %65, "           \
                   "add, 1, 1, 0, %67;\n}"                                                                             \
                   : SUMS64(d) : "l"(a), "l"(b), "r"((int)add), "n"((int)DOWN));                                       \
    }                                                                                                                  \
    template <bool DOWN> __device__ static void multiply(float (&d)[32][4], uint64_t a, uint64_t b, bool add) {        \
      asm volatile("{\n.reg .pred add;\nsetp.ne.b32 add, %130, 0;\n"                                                   \
                   "wgmma.mma_async.sync.aligned.m64n256k16.f32." NAME "." NAME " {" NAMES128 "}, %128, %129, "        \
                   "add, 1, 1, 0, %131;\n}"                                                                            \
                   : SUMS128(d) : "l"(a), "l"(b), "r"((int)add), "n"((int)DOWN));                                      \
    }                                                                                                                  \
  };
PRODUCT(__nv_bfloat16, "bf16")
PRODUCT(__half, "f16")
#undef PRODUCT
#undef SUMS4
#undef SUMS16
#undef SUMS32
#undef SUMS64
#undef SUMS128
#undef NAMES32
#undef NAMES64
#undef NAMES128

} // namespace hopper

#endif
#endif
