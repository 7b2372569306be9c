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

// A card's number: of more digits there is none.
static bool is_number(const char *text) {
  size_t n = strspn(text, "0123456789");
  return n > 0 && n < 6 && !text[n];
}

gcut_status gcut_device_kind(const char *name, const char **out_kind, gcut_error *err) {
  static const char *const kinds[] = {"cpu", "cuda", "sim"};
  size_t length = strcspn(name, ":");
  bool numbered = name[length];
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    *out_kind = kinds[i];
    if (strlen(kinds[i]) != length || strncmp(kinds[i], name, length) != 0) continue;
    if (!numbered || (!strcmp(kinds[i], "cuda") && is_number(name + length + 1))) return GCUT_OK;
  }
  return GCUT_FAIL(err, GCUT_ARGUMENT, "no device '%.100s'; there are cpu, cuda, cuda:N and sim",
                   name);
}

gcut_status gcut__device_open(const char *name, gcut__device **out_device, gcut_error *err) {
  const char *kind = "cpu";
  *out_device = NULL;
  if (name) GCUT_TRY(gcut_device_kind(name, &kind, err));
  if (!strcmp(kind, "cuda")) return gcut__cuda_device_create(name, out_device, err);
  if (!strcmp(kind, "sim")) return gcut__sim_device_create(out_device, err);
  return gcut__cpu_device_create(out_device, err);
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
