// A card in software, for machines without one: a libcuda.so.1 whose device memory is the host's,
// whose streams have done their work when a call returns, and whose kernels are the very sources of
// exec/cuda/ops compiled for the host. What it shows: that host code, launches, index arithmetic
// and barriers are right. What it cannot: timing, races between threads, the card's own rounding of
// exp and the like, kernels in the card's assembly (of which Hopper's products have a stand-in).
//
// The threads of a block are fibers that run in turn, each until it waits for others, so a barrier
// that some thread never reaches is found: nothing moves any more.
#include "exec/cuda/driver.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#include "tests/emulate/map.h"

#define EXPORT __attribute__((visibility("default")))

enum { MOST_THREADS = 1024, STACK_BYTES = 64 << 10, WARP = 32, PROCESSORS = 1 };

typedef void (*kernel)(const void *job);

typedef struct gathering { // of the threads of a block, or of a warp
  uint32_t arrived, there, round;
} gathering;

typedef struct fiber {
  ucontext_t context;
  void *stack;
  int done;
} fiber;

typedef struct index3 {
  uint32_t x, y, z;
} index3;
EXPORT index3 emulated_block, emulated_thread, emulated_grid_size, emulated_block_size;

EXPORT _Alignas(16) uint64_t emulated_shared[(228 << 10) / sizeof(uint64_t)];

static fiber fibers[MOST_THREADS];
static gathering block, warps[MOST_THREADS / WARP];
static uint64_t slots[2][MOST_THREADS]; // of shuffles, by parity of the warp's round
static ucontext_t scheduler;
static kernel running;
static const void *job;
static int moved; // since the scheduler's last turn
static pthread_mutex_t launching = PTHREAD_MUTEX_INITIALIZER;

// ---- threads of a block

static void pass_on(void) {
  uint32_t me = emulated_thread.x;
  swapcontext(&fibers[me].context, &scheduler);
  emulated_thread.x = me;
}

static void complete(gathering *g) {
  if (g->there == 0 || g->arrived < g->there) return;
  g->arrived = 0;
  g->round++;
  moved = 1;
}

static void gather(gathering *g) {
  uint32_t round = g->round;
  g->arrived++;
  complete(g);
  while (g->round == round) pass_on();
}

EXPORT void emulated_barrier(void);
void emulated_barrier(void) {
  gather(&block);
}

EXPORT uint64_t emulated_shuffle(uint64_t value, int lane);
uint64_t emulated_shuffle(uint64_t value, int lane) {
  uint32_t me = emulated_thread.x, warp = me / WARP, parity = warps[warp].round & 1;
  slots[parity][me] = value;
  gather(&warps[warp]);
  return slots[parity][warp * WARP + (uint32_t)lane];
}

static void run_thread(void) {
  running(job);
  uint32_t me = emulated_thread.x;
  fibers[me].done = 1;
  moved = 1;
  block.there--, warps[me / WARP].there--;
  complete(&block);
  complete(&warps[me / WARP]);
  setcontext(&scheduler);
}

static void start_thread(uint32_t i) {
  fiber *f = &fibers[i];
  if (!f->stack) f->stack = malloc(STACK_BYTES);
  f->done = 0;
  getcontext(&f->context);
  f->context.uc_stack.ss_sp = f->stack;
  f->context.uc_stack.ss_size = STACK_BYTES;
  f->context.uc_link = &scheduler;
  makecontext(&f->context, run_thread, 0);
}

static void run_block(uint32_t threads) {
  block = (gathering){.there = threads};
  for (uint32_t w = 0; w * WARP < threads; w++)
    warps[w] = (gathering){.there = threads - w * WARP < WARP ? threads - w * WARP : WARP};
  for (uint32_t i = 0; i < threads; i++) start_thread(i);
  for (moved = 1; block.there > 0;) {
    if (!moved) {
      fprintf(stderr, "emulated card: a barrier that not every thread reaches\n");
      abort();
    }
    moved = 0;
    for (uint32_t i = 0; i < threads; i++) {
      if (fibers[i].done) continue;
      emulated_thread.x = i;
      swapcontext(&scheduler, &fibers[i].context);
    }
  }
}

CUresult CUDAAPI cuLaunchKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
                                unsigned by, unsigned bz, unsigned shared, CUstream stream,
                                void **arguments, void **extra) {
  (void)stream, (void)extra;
  if (shared > sizeof emulated_shared || !gx || !gy || !gz || !bx || bx > MOST_THREADS || by != 1 ||
      bz != 1)
    return CUDA_ERROR_INVALID_VALUE;
  pthread_mutex_lock(&launching);
  memcpy(&running, &f, sizeof f);
  job = arguments[0];
  emulated_grid_size = (index3){gx, gy, gz};
  emulated_block_size = (index3){bx, 1, 1};
  for (uint32_t z = 0; z < gz; z++)
    for (uint32_t y = 0; y < gy; y++)
      for (uint32_t x = 0; x < gx; x++) {
        emulated_block = (index3){x, y, z};
        run_block(bx);
      }
  pthread_mutex_unlock(&launching);
  return CUDA_SUCCESS;
}

// ---- kernels by name

static void *self(void) {
  Dl_info info;
  return dladdr(&emulated_block, &info) ? dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD) : NULL;
}

CUresult CUDAAPI cuModuleLoadData(CUmodule *module, const void *image) {
  if (memcmp(image, ".version", 8) == 0) return CUDA_ERROR_NOT_SUPPORTED; // text in assembly
  *module = (CUmodule)self();
  return *module ? CUDA_SUCCESS : CUDA_ERROR_INVALID_IMAGE;
}
CUresult CUDAAPI cuModuleUnload(CUmodule module) {
  return dlclose(module) ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}
CUresult CUDAAPI cuModuleGetFunction(CUfunction *f, CUmodule module, const char *name) {
  *f = (CUfunction)dlsym(module, name);
  return *f ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}
CUresult CUDAAPI cuFuncSetAttribute(CUfunction f, CUfunction_attribute attribute, int value) {
  (void)f, (void)attribute, (void)value;
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuOccupancyMaxActiveClusters(int *n, CUfunction f, const CUlaunchConfig *config) {
  (void)f, (void)config;
  *n = 1;
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuTensorMapEncodeTiled(CUtensorMap *map, CUtensorMapDataType type, cuuint32_t rank,
                                        void *data, const cuuint64_t *dims,
                                        const cuuint64_t *strides, const cuuint32_t *box,
                                        const cuuint32_t *steps, CUtensorMapInterleave interleave,
                                        CUtensorMapSwizzle swizzle, CUtensorMapL2promotion cache,
                                        CUtensorMapFloatOOBfill fill) {
  (void)type, (void)box, (void)steps, (void)interleave, (void)swizzle, (void)cache, (void)fill;
  if (rank != 4 || (uintptr_t)data % 16 || (strides[0] | strides[1] | strides[2]) % 16)
    return CUDA_ERROR_INVALID_VALUE;
  emulated_map *m = (emulated_map *)(void *)map;
  m->data = data;
  memcpy(m->dims, dims, sizeof m->dims);
  memcpy(m->strides, strides, sizeof m->strides);
  return CUDA_SUCCESS;
}

// ---- the rest of the driver

CUresult CUDAAPI cuGetErrorName(CUresult error, const char **text) {
  *text = error == CUDA_ERROR_OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY"
                                            : "an error of the emulated card";
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuGetErrorString(CUresult error, const char **text) {
  return cuGetErrorName(error, text);
}
CUresult CUDAAPI cuInit(unsigned flags) {
  return flags ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}
CUresult CUDAAPI cuDriverGetVersion(int *version) {
  *version = CUDA_VERSION;
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuDeviceGetCount(int *count) {
  *count = 1;
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuDeviceGet(CUdevice *device, int ordinal) {
  *device = ordinal;
  return ordinal == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}
CUresult CUDAAPI cuDeviceGetName(char *name, int size, CUdevice device) {
  (void)device;
  snprintf(name, (size_t)size, "emulated card");
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device) {
  (void)device;
  *value = attribute == CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT ? PROCESSORS : 0;
  if (attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) *value = 9;
  return CUDA_SUCCESS;
}
// 8 GiB; GCUT_EMULATED_FREE: how many bytes of them are free.
CUresult CUDAAPI cuMemGetInfo(size_t *free_bytes, size_t *total) {
  const char *given = getenv("GCUT_EMULATED_FREE");
  *total = (size_t)8 << 30;
  *free_bytes = given ? strtoull(given, NULL, 10) : *total;
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
  (void)device;
  *context = (CUcontext)&block;
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuDevicePrimaryCtxRelease(CUdevice device) {
  return cuDeviceGet(&device, device);
}
CUresult CUDAAPI cuCtxSetCurrent(CUcontext context) {
  return context ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

// ---- memory: what nobody has written reads as NaN

CUresult CUDAAPI cuMemAlloc(CUdeviceptr *memory, size_t bytes) {
  void *p = aligned_alloc(256, (bytes + 255) / 256 * 256);
  if (p) memset(p, 0xff, bytes);
  *memory = (CUdeviceptr)p;
  return p ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}
CUresult CUDAAPI cuMemFree(CUdeviceptr memory) {
  free((void *)memory);
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuMemHostAlloc(void **memory, size_t bytes, unsigned flags) {
  (void)flags;
  *memory = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  return *memory ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}
CUresult CUDAAPI cuMemFreeHost(void *memory) {
  free(memory);
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuMemHostRegister(void *memory, size_t bytes, unsigned flags) {
  (void)memory, (void)flags;
  return bytes ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
CUresult CUDAAPI cuMemHostUnregister(void *memory) {
  (void)memory;
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuMemHostGetDevicePointer(CUdeviceptr *device, void *memory, unsigned flags) {
  (void)flags;
  *device = (CUdeviceptr)memory;
  return CUDA_SUCCESS;
}
static CUresult copy(void *to, const void *from, size_t bytes) {
  memmove(to, from, bytes);
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuMemcpyHtoDAsync(CUdeviceptr to, const void *from, size_t bytes,
                                   CUstream stream) {
  (void)stream;
  return copy((void *)to, from, bytes);
}
CUresult CUDAAPI cuMemcpyDtoHAsync(void *to, CUdeviceptr from, size_t bytes, CUstream stream) {
  (void)stream;
  return copy(to, (const void *)from, bytes);
}
CUresult CUDAAPI cuMemcpyDtoDAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes,
                                   CUstream stream) {
  (void)stream;
  return copy((void *)to, (const void *)from, bytes);
}

// ---- streams and events: a call's work is done when it returns

CUresult CUDAAPI cuStreamCreate(CUstream *stream, unsigned flags) {
  (void)flags;
  *stream = malloc(1);
  return *stream ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}
CUresult CUDAAPI cuStreamDestroy(CUstream stream) {
  free(stream);
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuStreamSynchronize(CUstream stream) {
  return stream ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}
CUresult CUDAAPI cuStreamWaitEvent(CUstream stream, CUevent event, unsigned flags) {
  (void)flags;
  return stream && event ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}
CUresult CUDAAPI cuEventCreate(CUevent *event, unsigned flags) {
  (void)flags;
  *event = calloc(1, sizeof(struct timespec));
  return *event ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}
CUresult CUDAAPI cuEventDestroy(CUevent event) {
  free(event);
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuEventRecord(CUevent event, CUstream stream) {
  (void)stream;
  clock_gettime(CLOCK_MONOTONIC, (struct timespec *)event);
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuEventSynchronize(CUevent event) {
  return event ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}
CUresult CUDAAPI cuEventElapsedTime(float *ms, CUevent start, CUevent end) {
  const struct timespec *a = (const struct timespec *)start, *b = (const struct timespec *)end;
  *ms = (float)((double)(b->tv_sec - a->tv_sec) * 1e3 + (double)(b->tv_nsec - a->tv_nsec) * 1e-6);
  return CUDA_SUCCESS;
}

static const struct {
  const char *name;
  void *address;
} symbols[] = {
#define X(name) {#name, (void *)name},
    GCUT_CUDA_DRIVER_LIST(X)
#undef X
};

EXPORT CUresult CUDAAPI cuGetProcAddress_v2(const char *name, void **address, int version,
                                            cuuint64_t flags, CUdriverProcAddressQueryResult *why) {
  (void)version, (void)flags, (void)why;
  *address = NULL;
  for (size_t i = 0; i < sizeof symbols / sizeof *symbols && !*address; i++)
    if (strcmp(symbols[i].name, name) == 0) *address = symbols[i].address;
  return *address ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}
