#include "exec/cuda/ring.h"

#include <string.h>

static const uint64_t SLOT = UINT64_C(8) << 20;

static gcut_status make_ring(const gcut__cuda_driver *driver, gcut__cuda_ring *r, gcut_error *err) {
  void *memory = NULL;
  if (r->memory) return GCUT_OK;
  for (int i = 0; i < GCUT_CUDA_RING_SLOTS; i++)
    if (!r->done[i]) GCUT_CUDA_TRY(driver, cuEventCreate, &r->done[i], CU_EVENT_DISABLE_TIMING);
  GCUT_CUDA_TRY(driver, cuMemHostAlloc, &memory, GCUT_CUDA_RING_SLOTS * SLOT,
                CU_MEMHOSTALLOC_PORTABLE);
  r->memory = memory;
  return GCUT_OK;
}

// Copies what fits a slot; waits until the slot's last copy has left it.
static gcut_status upload_slot(const gcut__cuda_driver *driver, gcut__cuda_ring *r,
                               const uint8_t *data, uint64_t bytes, CUdeviceptr to, CUstream stream,
                               gcut_error *err) {
  uint32_t slot = r->next++ % GCUT_CUDA_RING_SLOTS;
  GCUT_CUDA_TRY(driver, cuEventSynchronize, r->done[slot]);
  memcpy(r->memory + slot * SLOT, data, bytes);
  GCUT_CUDA_TRY(driver, cuMemcpyHtoDAsync, to, r->memory + slot * SLOT, bytes, stream);
  GCUT_CUDA_TRY(driver, cuEventRecord, r->done[slot], stream);
  return GCUT_OK;
}

gcut_status gcut__cuda_ring_upload(const gcut__cuda_driver *driver, gcut__cuda_ring *r,
                                   const void *data, uint64_t bytes, CUdeviceptr to,
                                   CUstream stream, gcut_error *err) {
  GCUT_TRY(make_ring(driver, r, err));
  for (uint64_t at = 0; at < bytes; at += SLOT)
    GCUT_TRY(upload_slot(driver, r, (const uint8_t *)data + at,
                         bytes - at < SLOT ? bytes - at : SLOT, to + at, stream, err));
  return GCUT_OK;
}

void gcut__cuda_ring_free(const gcut__cuda_driver *driver, gcut__cuda_ring *r) {
  for (int i = 0; i < GCUT_CUDA_RING_SLOTS; i++)
    if (r->done[i]) driver->cuEventDestroy(r->done[i]);
  if (r->memory) driver->cuMemFreeHost(r->memory);
}
