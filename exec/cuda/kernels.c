#include "exec/cuda/kernels.h"

#include <stdlib.h>

// The fat binary, as the Makefile has nvcc link it.
extern const char gcut__cuda_fatbin[];

__asm__(".section .rodata\n"
        ".balign 64\n"
        ".global gcut__cuda_fatbin\n"
        ".hidden gcut__cuda_fatbin\n"
        "gcut__cuda_fatbin:\n"
        ".incbin \"" GCUT_CUDA_FATBIN "\"\n"
        ".previous\n");

struct gcut__cuda_kernels {
  CUmodule module;
};

gcut_status gcut__cuda_kernels_load(gcut__cuda *cuda, gcut__cuda_kernels **out_kernels,
                                    gcut_error *err) {
  gcut__cuda_kernels *k = *out_kernels = calloc(1, sizeof *k);
  if (!k) return GCUT_NO_MEMORY(err);
  gcut_status status =
      gcut__cuda_check(&cuda->driver, cuda->driver.cuModuleLoadData(&k->module, gcut__cuda_fatbin),
                       "cuModuleLoadData", err);
  if (status == GCUT_OK) return GCUT_OK;
  free(k);
  *out_kernels = NULL;
  return status;
}

void gcut__cuda_kernels_unload(gcut__cuda *cuda, gcut__cuda_kernels *k) {
  if (!k) return;
  cuda->driver.cuModuleUnload(k->module);
  free(k);
}

gcut_status gcut__cuda_kernel(gcut__cuda *cuda, const char *name, CUfunction *out,
                              gcut_error *err) {
  CUresult result = cuda->driver.cuModuleGetFunction(out, cuda->kernels->module, name);
  if (result == CUDA_SUCCESS) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_DEVICE, "CUDA: there is no kernel '%s'", name);
}

gcut_status gcut__cuda_launch(gcut__cuda *cuda, CUfunction kernel, const uint32_t grid[3],
                              uint32_t threads, uint32_t shared, CUstream stream, void **arguments,
                              gcut_error *err) {
  GCUT_CUDA_TRY(&cuda->driver, cuLaunchKernel, kernel, grid[0], grid[1], grid[2], threads, 1, 1,
                shared, stream, arguments, NULL);
  return GCUT_OK;
}
