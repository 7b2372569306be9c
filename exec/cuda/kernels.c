#include "exec/cuda/kernels.h"

#include <stdlib.h>

// One of each .cu file, as the Makefile has nvcc make them; NULL ends the list.
extern const void *const gcut__cuda_fatbins[];

struct gcut__cuda_kernels {
  CUmodule *modules; // [n]
  size_t n;
};

static size_t count_fatbins(void) {
  size_t n = 0;
  while (gcut__cuda_fatbins[n]) n++;
  return n;
}

gcut_status gcut__cuda_kernels_load(gcut__cuda *cuda, gcut__cuda_kernels **out_kernels,
                                    gcut_error *err) {
  size_t n = count_fatbins();
  gcut__cuda_kernels *k = *out_kernels = calloc(1, sizeof *k);
  if (!k || !(k->modules = calloc(n, sizeof *k->modules))) return GCUT_NO_MEMORY(err);
  for (; k->n < n; k->n++)
    GCUT_CUDA_TRY(&cuda->driver, cuModuleLoadData, &k->modules[k->n], gcut__cuda_fatbins[k->n]);
  return GCUT_OK;
}

void gcut__cuda_kernels_unload(gcut__cuda *cuda, gcut__cuda_kernels *k) {
  if (!k) return;
  for (size_t i = 0; i < k->n; i++) cuda->driver.cuModuleUnload(k->modules[i]);
  free(k->modules);
  free(k);
}

gcut_status gcut__cuda_kernel(gcut__cuda *cuda, const char *name, CUfunction *out,
                              gcut_error *err) {
  const gcut__cuda_kernels *k = cuda->kernels;
  for (size_t i = 0; i < k->n; i++)
    if (cuda->driver.cuModuleGetFunction(out, k->modules[i], name) == CUDA_SUCCESS) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_DEVICE, "CUDA: there is no kernel '%s'", name);
}

gcut_status gcut__cuda_launch(gcut__cuda *cuda, CUfunction kernel, const uint32_t grid[3],
                              uint32_t threads, uint32_t shared, CUstream stream, void **arguments,
                              gcut_error *err) {
  GCUT_CUDA_TRY(&cuda->driver, cuLaunchKernel, kernel, grid[0], grid[1], grid[2], threads, 1, 1,
                shared, stream, arguments, NULL);
  return GCUT_OK;
}
