#include "exec/cuda/kernels.h"

#include <stdlib.h>
#include <string.h>

#include "tracer/base/vector.h"

// One of each .cu file, as the Makefile has nvcc make them; NULL ends the list.
extern const void *const gcut__cuda_fatbins[];

typedef struct compiled {
  char *text;
  CUmodule module; // NULL where the driver refused
  CUfunction kernel;
} compiled;

struct gcut__cuda_kernels {
  CUmodule *modules; // [n]
  size_t n;
  pthread_mutex_t lock; // of the rest
  compiled *compiled;
  uint32_t n_compiled, capacity;
};

static size_t count_fatbins(void) {
  size_t n = 0;
  while (gcut__cuda_fatbins[n]) n++;
  return n;
}

static gcut_status refuse_card(const gcut__cuda *cuda, gcut_error *err) {
  int major, minor;
  GCUT_TRY(gcut__cuda_capability(cuda, &major, &minor, err));
  return GCUT_FAIL(err, GCUT_DEVICE,
                   "CUDA: no kernels for a card of compute capability %d.%d in this executable; "
                   "build it with CUDA_ARCHS=%d%d",
                   major, minor, major, minor);
}

static gcut_status load(const gcut__cuda *cuda, const void *fatbin, CUmodule *out,
                        gcut_error *err) {
  CUresult result = cuda->driver.cuModuleLoadData(out, fatbin);
  if (result == CUDA_ERROR_NO_BINARY_FOR_GPU) return refuse_card(cuda, err);
  return gcut__cuda_check(&cuda->driver, result, "cuModuleLoadData", err);
}

gcut_status gcut__cuda_kernels_load(gcut__cuda *cuda, gcut_error *err) {
  size_t n = count_fatbins();
  gcut__cuda_kernels *k = cuda->kernels = calloc(1, sizeof *k);
  if (!k) return GCUT_NO_MEMORY(err);
  pthread_mutex_init(&k->lock, NULL);
  if (!(k->modules = calloc(n, sizeof *k->modules))) return GCUT_NO_MEMORY(err);
  for (; k->n < n; k->n++) GCUT_TRY(load(cuda, gcut__cuda_fatbins[k->n], &k->modules[k->n], err));
  CUfunction wide;
  cuda->has_wide_products =
      gcut__cuda_kernel(cuda, "gcut_product_wide_bf16_256", &wide, NULL) == GCUT_OK;
  return GCUT_OK;
}

void gcut__cuda_kernels_unload(gcut__cuda *cuda, gcut__cuda_kernels *k) {
  if (!k) return;
  for (uint32_t i = 0; i < k->n_compiled; i++) {
    if (k->compiled[i].module) cuda->driver.cuModuleUnload(k->compiled[i].module);
    free(k->compiled[i].text);
  }
  for (size_t i = 0; i < k->n; i++) cuda->driver.cuModuleUnload(k->modules[i]);
  pthread_mutex_destroy(&k->lock);
  free(k->compiled);
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

static void compile(gcut__cuda *cuda, compiled *c) {
  if (cuda->driver.cuModuleLoadData(&c->module, c->text) != CUDA_SUCCESS)
    c->module = NULL;
  else if (cuda->driver.cuModuleGetFunction(&c->kernel, c->module, "program") != CUDA_SUCCESS)
    c->kernel = NULL;
}

static gcut_status find_or_compile(gcut__cuda *cuda, const char *text, CUfunction *out,
                                   gcut_error *err) {
  gcut__cuda_kernels *k = cuda->kernels;
  for (uint32_t i = 0; i < k->n_compiled; i++)
    if (strcmp(k->compiled[i].text, text) == 0) {
      *out = k->compiled[i].kernel;
      return GCUT_OK;
    }
  void *array = k->compiled;
  if (!gcut_vector_reserve(&array, &k->capacity, k->n_compiled, 1, sizeof *k->compiled))
    return GCUT_NO_MEMORY(err);
  k->compiled = array;
  compiled *c = &k->compiled[k->n_compiled];
  *c = (compiled){.text = strdup(text)};
  if (!c->text) return GCUT_NO_MEMORY(err);
  compile(cuda, c);
  *out = c->kernel;
  k->n_compiled++;
  return GCUT_OK;
}

gcut_status gcut__cuda_compiled(gcut__cuda *cuda, const char *text, CUfunction *out,
                                gcut_error *err) {
  pthread_mutex_lock(&cuda->kernels->lock);
  gcut_status status = find_or_compile(cuda, text, out, err);
  pthread_mutex_unlock(&cuda->kernels->lock);
  return status;
}

gcut_status gcut__cuda_launch(gcut__cuda *cuda, CUfunction kernel, const uint32_t grid[3],
                              uint32_t threads, uint32_t shared, CUstream stream, void **arguments,
                              gcut_error *err) {
  GCUT_CUDA_TRY(&cuda->driver, cuLaunchKernel, kernel, grid[0], grid[1], grid[2], threads, 1, 1,
                shared, stream, arguments, NULL);
  return GCUT_OK;
}
