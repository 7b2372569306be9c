#include "exec/cuda/driver.h"

#include <dlfcn.h>
#include <string.h>

typedef CUresult (*get_address)(const char *, void **, int, cuuint64_t,
                                CUdriverProcAddressQueryResult *);

// cuGetProcAddress itself has had two signatures; the one with a query result is named _v2.
static get_address find_get_address(void *library) {
  void *symbol = dlsym(library, "cuGetProcAddress_v2");
  get_address found;
  memcpy(&found, &symbol, sizeof found);
  return symbol ? found : NULL;
}

static gcut_status load_symbol(get_address get, const char *name, void **out, gcut_error *err) {
  CUdriverProcAddressQueryResult why;
  if (get(name, out, CUDA_VERSION, CU_GET_PROC_ADDRESS_DEFAULT, &why) == CUDA_SUCCESS && *out)
    return GCUT_OK;
  return GCUT_FAIL(err, GCUT_DEVICE, "the CUDA driver lacks %s: it is older than CUDA %d.%d", name,
                   CUDA_VERSION / 1000, CUDA_VERSION % 1000 / 10);
}

gcut_status gcut__cuda_driver_open(gcut__cuda_driver *d, gcut_error *err) {
  memset(d, 0, sizeof *d);
  d->library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!d->library) return GCUT_FAIL(err, GCUT_DEVICE, "no CUDA driver: libcuda.so.1 is not there");
  get_address get = find_get_address(d->library);
  gcut_status status =
      get ? GCUT_OK : GCUT_FAIL(err, GCUT_DEVICE, "the CUDA driver is older than CUDA 12");
#define X(name)                                                                                    \
  if (status == GCUT_OK) status = load_symbol(get, #name, (void **)&d->name, err);
  GCUT_CUDA_DRIVER_LIST(X)
#undef X
  if (status != GCUT_OK) gcut__cuda_driver_close(d);
  return status;
}

void gcut__cuda_driver_close(gcut__cuda_driver *d) {
  if (d->library) dlclose(d->library);
  memset(d, 0, sizeof *d);
}

gcut_status gcut__cuda_check(const gcut__cuda_driver *d, CUresult result, const char *call,
                             gcut_error *err) {
  const char *name = "unknown error", *text = "";
  if (result == CUDA_SUCCESS) return GCUT_OK;
  d->cuGetErrorName(result, &name);
  d->cuGetErrorString(result, &text);
  return GCUT_FAIL(err, GCUT_DEVICE, "CUDA: %s failed with %s: %s", call, name ? name : "",
                   text ? text : "");
}
