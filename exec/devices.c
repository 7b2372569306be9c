// Devices by name.
#include <string.h>

#include "exec/device.h"
#include "exec/rates.h"
#include "tracer/base/error.h"

// Cards are numbered, so theirs is asked for by its whole name; without CUDA in the build it says
// so.
#ifdef GCUT_CUDA
#include "exec/cuda/cuda_open.h"
#else
static gcut_status gcut__cuda_device_create(const char *name, gcut__device **out_device,
                                            gcut_error *err) {
  (void)out_device;
  return GCUT_FAIL(err, GCUT_DEVICE, "no device '%.100s': this graphcut was built without CUDA",
                   name);
}
static gcut_status gcut__cuda_probe(gcut_error *err) {
  return GCUT_FAIL(err, GCUT_DEVICE, "built without CUDA");
}
#endif

static const struct {
  const char *name;
  gcut_status (*create)(gcut__device **out_device, gcut_error *err);
} devices[] = {
    {"cpu", gcut__cpu_device_create},
    {"sim", gcut__sim_device_create},
};

gcut_status gcut__device_open(const char *name, gcut__device **out_device, gcut_error *err) {
  *out_device = NULL;
  if (!name) name = "cpu";
  if (strncmp(name, "cuda", 4) == 0) return gcut__cuda_device_create(name, out_device, err);
  for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
    if (strcmp(devices[i].name, name) == 0) return devices[i].create(out_device, err);
  return GCUT_FAIL(err, GCUT_ARGUMENT, "no device '%.100s'; there are cpu, cuda, cuda:N and sim",
                   name);
}

const char *gcut_device_default(gcut_error *err) {
  gcut_error none;
  return gcut__cuda_probe(err ? err : &none) == GCUT_OK ? "cuda" : "cpu";
}

gcut_status gcut_device_profile(const char *name, gcut_profile *out_profile, gcut_error *err) {
  gcut__device *device;
  *out_profile = gcut__default_profile;
  GCUT_TRY(gcut__device_open(name, &device, err));
  gcut_status status =
      device->ops->profile ? device->ops->profile(device, out_profile, err) : GCUT_OK;
  device->ops->destroy(device);
  return status;
}

gcut_status gcut_device_measure(const char *name, gcut_profile *out_profile, char *description,
                                size_t size, gcut_error *err) {
  gcut__device *device;
  *out_profile = (gcut_profile){0};
  GCUT_TRY(gcut__device_open(name, &device, err));
  gcut_status status =
      device->ops->measure
          ? device->ops->measure(device, out_profile, description, size, err)
          : GCUT_FAIL(err, GCUT_ARGUMENT, "device '%s' is nothing that can be measured", name);
  device->ops->destroy(device);
  return status;
}
