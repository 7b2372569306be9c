// An NVIDIA card as a device: a stream a queue, events between them, one slab of device memory.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/cuda/context.h"
#include "exec/cuda/kernels.h"
#include "exec/cuda/mapped.h"
#include "exec/cuda/measure.h"
#include "exec/cuda/program.h"
#include "exec/cuda/ring.h"
#include "exec/cuda/weights.h"
#include "exec/problem.h"

gcut_status gcut__cuda_enter(gcut__cuda *cuda, gcut_error *err) {
  GCUT_CUDA_TRY(&cuda->driver, cuCtxSetCurrent, cuda->context);
  return GCUT_OK;
}

// Waits for all queues. (Not by cuCtxSynchronize: drivers of CUDA 13 give another function of that
// name, which takes a context.)
static gcut_status settle(gcut__cuda *cuda, gcut_error *err) {
  for (int q = 0; q < GCUT_N_QUEUES; q++)
    if (cuda->streams[q]) GCUT_CUDA_TRY(&cuda->driver, cuStreamSynchronize, cuda->streams[q]);
  return GCUT_OK;
}

gcut_status gcut__cuda_capability(const gcut__cuda *cuda, int *out_major, int *out_minor,
                                  gcut_error *err) {
  GCUT_CUDA_TRY(&cuda->driver, cuDeviceGetAttribute, out_major,
                CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, cuda->device);
  GCUT_CUDA_TRY(&cuda->driver, cuDeviceGetAttribute, out_minor,
                CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, cuda->device);
  return GCUT_OK;
}

// ---- opening ----------------------------------------------------------------------------------

static gcut_status find_card(gcut__cuda *cuda, const char *name, gcut_error *err) {
  int count = 0, index = 0;
  if (strcmp(name, "cuda") != 0 && sscanf(name, "cuda:%d", &index) != 1)
    return GCUT_FAIL(err, GCUT_ARGUMENT, "no device '%.100s'; a card is cuda or cuda:N", name);
  GCUT_CUDA_TRY(&cuda->driver, cuInit, 0);
  GCUT_CUDA_TRY(&cuda->driver, cuDeviceGetCount, &count);
  if (index >= count)
    return GCUT_FAIL(err, GCUT_DEVICE, "no CUDA card %d: there %s %d", index,
                     count == 1 ? "is" : "are", count);
  GCUT_CUDA_TRY(&cuda->driver, cuDeviceGet, &cuda->device, index);
  GCUT_CUDA_TRY(&cuda->driver, cuDeviceGetAttribute, &cuda->processors,
                CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, cuda->device);
  return GCUT_OK;
}

static gcut_status make_streams(gcut__cuda *cuda, gcut_error *err) {
  static const gcut_queue queues[] = {GCUT_QUEUE_WEIGHTS, GCUT_QUEUE_UP, GCUT_QUEUE_COMPUTE,
                                      GCUT_QUEUE_DOWN};
  for (size_t i = 0; i < sizeof queues / sizeof *queues; i++)
    GCUT_CUDA_TRY(&cuda->driver, cuStreamCreate, &cuda->streams[queues[i]], CU_STREAM_NON_BLOCKING);
  void *fault = NULL;
  GCUT_CUDA_TRY(&cuda->driver, cuMemHostAlloc, &fault, sizeof *cuda->fault,
                CU_MEMHOSTALLOC_DEVICEMAP);
  cuda->fault = fault;
  *cuda->fault = 0;
  GCUT_CUDA_TRY(&cuda->driver, cuMemHostGetDevicePointer, &cuda->fault_device, fault, 0);
  GCUT_CUDA_TRY(&cuda->driver, cuEventCreate, &cuda->start, CU_EVENT_DEFAULT);
  GCUT_CUDA_TRY(&cuda->driver, cuEventRecord, cuda->start, cuda->streams[GCUT_QUEUE_COMPUTE]);
  return GCUT_OK;
}

static gcut_status open_card(gcut__cuda *cuda, const char *name, gcut_error *err) {
  GCUT_TRY(gcut__cuda_driver_open(&cuda->driver, err));
  GCUT_TRY(find_card(cuda, name, err));
  GCUT_CUDA_TRY(&cuda->driver, cuDevicePrimaryCtxRetain, &cuda->context, cuda->device);
  GCUT_TRY(gcut__cuda_enter(cuda, err));
  GCUT_TRY(make_streams(cuda, err));
  GCUT_TRY(gcut__cuda_kernels_load(cuda, err));
  GCUT_TRY(gcut__cuda_blas_open(cuda, &cuda->blas, err));
  if (gcut__cuda_blas_is_own(cuda->blas)) cuda->base.note = gcut__cuda_blas_name(cuda->blas);
  GCUT_TRY(gcut__cuda_chunks_create(cuda, &cuda->chunks, err));
  return gcut__cpu_device_create(&cuda->cpu, err);
}

static void cuda_destroy(gcut__device *device) {
  gcut__cuda *cuda = (gcut__cuda *)device;
  const gcut__cuda_driver *driver = &cuda->driver;
  if (cuda->context) {
    driver->cuCtxSetCurrent(cuda->context);
    for (int q = 0; q < GCUT_N_QUEUES; q++)
      if (cuda->streams[q]) driver->cuStreamSynchronize(cuda->streams[q]);
    gcut__cuda_chunks_destroy(cuda->chunks);
    gcut__cuda_ring_destroy(cuda->ring);
    gcut__cuda_blas_close(cuda->blas);
    gcut__cuda_dnn_close(cuda->dnn);
    gcut__cuda_kernels_unload(cuda, cuda->kernels);
    if (cuda->start) driver->cuEventDestroy(cuda->start);
    for (int q = 0; q < GCUT_N_QUEUES; q++)
      if (cuda->streams[q]) driver->cuStreamDestroy(cuda->streams[q]);
    if (cuda->slab) driver->cuMemFree(cuda->slab);
    gcut__cuda_pinned_free(driver, &cuda->host);
    if (cuda->fault) driver->cuMemFreeHost((void *)cuda->fault);
    driver->cuDevicePrimaryCtxRelease(cuda->device);
  }
  if (cuda->cpu) cuda->cpu->ops->destroy(cuda->cpu);
  if (driver->library) gcut__cuda_driver_close(&cuda->driver);
  free(cuda);
}

// ---- memory -----------------------------------------------------------------------------------

static uint64_t cuda_memory_bytes(gcut__device *device) {
  gcut__cuda *cuda = (gcut__cuda *)device;
  size_t free_bytes = 0, total = 0, spare = (size_t)512 << 20; // for what libraries take
  if (cuda->driver.cuCtxSetCurrent(cuda->context) != CUDA_SUCCESS ||
      cuda->driver.cuMemGetInfo(&free_bytes, &total) != CUDA_SUCCESS)
    return 0;
  if (spare > free_bytes / 2) spare = free_bytes / 2;
  return free_bytes - spare;
}

static gcut_status cuda_reserve(gcut__device *device, uint64_t slab_bytes, uint64_t host_bytes,
                                void **out_host, gcut_error *err) {
  gcut__cuda *cuda = (gcut__cuda *)device;
  *out_host = NULL;
  GCUT_TRY(gcut__cuda_enter(cuda, err));
  if (slab_bytes > 0) GCUT_CUDA_TRY(&cuda->driver, cuMemAlloc, &cuda->slab, slab_bytes);
  cuda->slab_bytes = slab_bytes;
  GCUT_TRY(gcut__cuda_pinned_take(&cuda->driver, host_bytes, &cuda->host, err));
  *out_host = cuda->host.data;
  GCUT_TRY(gcut__cuda_ring_create(cuda, slab_bytes, &cuda->ring, err));
  GCUT_TRY(gcut__cuda_blas_warm(cuda->blas, cuda->slab, slab_bytes,
                                cuda->streams[GCUT_QUEUE_COMPUTE], err));
  GCUT_TRY(gcut__cuda_dnn_warm(cuda->dnn, cuda->slab, slab_bytes, cuda->streams[GCUT_QUEUE_COMPUTE],
                               err));
  GCUT_TRY(settle(cuda, err));
  // Times are counted from here: the run begins.
  GCUT_CUDA_TRY(&cuda->driver, cuEventRecord, cuda->start, cuda->streams[GCUT_QUEUE_COMPUTE]);
  return GCUT_OK;
}

static gcut_status cuda_push(gcut__device *device, const void *host, uint64_t offset,
                             uint64_t bytes, gcut_error *err) {
  gcut__cuda *cuda = (gcut__cuda *)device;
  GCUT_TRY(gcut__cuda_enter(cuda, err));
  if (bytes > 0)
    GCUT_CUDA_TRY(&cuda->driver, cuMemcpyHtoDAsync, cuda->slab + offset, host, bytes,
                  cuda->streams[GCUT_QUEUE_UP]);
  return GCUT_OK;
}

static gcut_status cuda_pull(gcut__device *device, uint64_t offset, void *host, uint64_t bytes,
                             gcut_error *err) {
  gcut__cuda *cuda = (gcut__cuda *)device;
  GCUT_TRY(gcut__cuda_enter(cuda, err));
  if (bytes > 0)
    GCUT_CUDA_TRY(&cuda->driver, cuMemcpyDtoHAsync, host, cuda->slab + offset, bytes,
                  cuda->streams[GCUT_QUEUE_DOWN]);
  return GCUT_OK;
}

// ---- parts ------------------------------------------------------------------------------------

static gcut_status cuda_compile(gcut__device *device, const gcut_trace *trace,
                                const gcut_part *part, gcut__program **out_program,
                                gcut_error *err) {
  gcut__cuda *cuda = (gcut__cuda *)device;
  cuda->graph = trace->graph;
  return gcut__cuda_program_create(cuda, trace, part, out_program, err);
}

static gcut_status cuda_prepare(gcut__device *device, const gcut__run_args *args, gcut_error *err) {
  gcut__cuda *cuda = (gcut__cuda *)device;
  GCUT_TRY(gcut__cuda_enter(cuda, err));
  return gcut__cuda_program_prepare(cuda, args, err);
}

static gcut_status cuda_run(gcut__device *device, const gcut__run_args *args, gcut_error *err) {
  gcut__cuda *cuda = (gcut__cuda *)device;
  GCUT_TRY(gcut__cuda_enter(cuda, err));
  return gcut__cuda_program_run(cuda, args, err);
}

// ---- events -----------------------------------------------------------------------------------

static gcut_status cuda_record(gcut__device *device, gcut_queue queue, gcut__event **out_event,
                               gcut_error *err) {
  gcut__cuda *cuda = (gcut__cuda *)device;
  CUevent event;
  *out_event = NULL;
  GCUT_TRY(gcut__cuda_enter(cuda, err));
  GCUT_CUDA_TRY(&cuda->driver, cuEventCreate, &event, CU_EVENT_DEFAULT);
  *out_event = (gcut__event *)event;
  GCUT_CUDA_TRY(&cuda->driver, cuEventRecord, event, cuda->streams[queue]);
  return GCUT_OK;
}

static gcut_status cuda_wait(gcut__device *device, gcut_queue queue, gcut__event *event,
                             gcut_error *err) {
  gcut__cuda *cuda = (gcut__cuda *)device;
  GCUT_TRY(gcut__cuda_enter(cuda, err));
  GCUT_CUDA_TRY(&cuda->driver, cuStreamWaitEvent, cuda->streams[queue], (CUevent)event,
                CU_EVENT_WAIT_DEFAULT);
  return GCUT_OK;
}

static gcut_status cuda_sync(gcut__device *device, gcut__event *event, int64_t *out_ns,
                             gcut_error *err) {
  gcut__cuda *cuda = (gcut__cuda *)device;
  float ms = 0;
  GCUT_TRY(gcut__cuda_enter(cuda, err));
  GCUT_CUDA_TRY(&cuda->driver, cuEventSynchronize, (CUevent)event);
  if (*cuda->fault)
    return GCUT_FAIL(err, GCUT_FORMAT, "node '%.200s': an index is out of range",
                     cuda->graph->nodes[*cuda->fault - 1].name);
  if (!out_ns) return GCUT_OK;
  GCUT_CUDA_TRY(&cuda->driver, cuEventElapsedTime, &ms, cuda->start, (CUevent)event);
  *out_ns = (int64_t)((double)ms * 1e6);
  return GCUT_OK;
}

static void cuda_release(gcut__device *device, gcut__event *event) {
  gcut__cuda *cuda = (gcut__cuda *)device;
  if (event && cuda->driver.cuCtxSetCurrent(cuda->context) == CUDA_SUCCESS)
    cuda->driver.cuEventDestroy((CUevent)event);
}

static const gcut__device_ops cuda_ops = {
    .name = "cuda",
    .destroy = cuda_destroy,
    .compile = cuda_compile,
    .program_destroy = gcut__cuda_program_destroy,
    .measure = gcut__cuda_measure,
    .memory_bytes = cuda_memory_bytes,
    .reserve = cuda_reserve,
    .load = gcut__cuda_weights_load,
    .unload = gcut__cuda_weights_unload,
    .push = cuda_push,
    .pull = cuda_pull,
    .prepare = cuda_prepare,
    .run = cuda_run,
    .record = cuda_record,
    .wait = cuda_wait,
    .sync = cuda_sync,
    .release = cuda_release,
};

gcut_status gcut__cuda_probe(gcut_error *err) {
  gcut__cuda cuda = {0};
  GCUT_TRY(gcut__cuda_driver_open(&cuda.driver, err));
  gcut_status status = find_card(&cuda, "cuda", err);
  gcut__cuda_driver_close(&cuda.driver);
  return status;
}

gcut_status gcut__cuda_device_create(const char *name, gcut__device **out_device, gcut_error *err) {
  *out_device = NULL;
  gcut__cuda *cuda = calloc(1, sizeof *cuda);
  if (!cuda) return GCUT_NO_MEMORY(err);
  cuda->base.ops = &cuda_ops;
  gcut_status status = open_card(cuda, name, err);
  if (status == GCUT_OK)
    *out_device = &cuda->base;
  else
    cuda_destroy(&cuda->base);
  return status;
}
