// The CPU as a device: the reference, and the default where there is no card.
//
// Its slab is memory like any other, so a schedule for a card runs here unchanged, byte for byte in
// the same places.
#include "exec/cpu/cpu_device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "exec/cpu/measure.h"
#include "tracer/base/error.h"

// ---- memory

// Address space that takes memory only where it is touched.
static void *map_memory(uint64_t bytes) {
  void *memory =
      mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

static gcut_status cpu_reserve(gcut__device *device, uint64_t slab_bytes, uint64_t host_bytes,
                               void **out_host, gcut_error *err) {
  gcut__cpu_device *d = (gcut__cpu_device *)device;
  *out_host = NULL;
  if (slab_bytes && !(d->slab = map_memory(slab_bytes)))
    return GCUT_FAIL(err, GCUT_NOMEM, "no memory for a slab of %llu bytes",
                     (unsigned long long)slab_bytes);
  d->slab_bytes = slab_bytes;
  if (host_bytes && !(d->host = map_memory(host_bytes)))
    return GCUT_FAIL(err, GCUT_NOMEM, "no memory for %llu bytes of activations",
                     (unsigned long long)host_bytes);
  d->host_bytes = host_bytes;
  *out_host = d->host;
  return GCUT_OK;
}

void gcut__cpu_device_adopt(gcut__device *device, void *memory, uint64_t bytes) {
  gcut__cpu_device *d = (gcut__cpu_device *)device;
  d->slab = memory;
  d->slab_bytes = bytes;
  d->adopted = true;
}

static gcut_status cpu_push(gcut__device *device, const void *host, uint64_t offset, uint64_t bytes,
                            gcut_error *err) {
  (void)err;
  memcpy(((gcut__cpu_device *)device)->slab + offset, host, bytes);
  return GCUT_OK;
}

static gcut_status cpu_pull(gcut__device *device, uint64_t offset, void *host, uint64_t bytes,
                            gcut_error *err) {
  (void)err;
  memcpy(host, ((gcut__cpu_device *)device)->slab + offset, bytes);
  return GCUT_OK;
}

// ---- the device

static void cpu_destroy(gcut__device *device) {
  gcut__cpu_device *d = (gcut__cpu_device *)device;
  if (d->has_env) gcut__cpu_env_free(&d->env);
  free(d->env.turned);
  gcut__cpu_runner_destroy(d->runner);
  if (d->slab && !d->adopted) munmap(d->slab, d->slab_bytes);
  if (d->host) munmap(d->host, d->host_bytes);
  free(d);
}

// "AMD EPYC 9R14, 2 cores"
static void describe(char *text, size_t size) {
  char line[256], *colon;
  FILE *file = fopen("/proc/cpuinfo", "r");
  snprintf(text, size, "CPU, %ld cores", sysconf(_SC_NPROCESSORS_ONLN));
  while (file && fgets(line, sizeof line, file)) {
    if (strncmp(line, "model name", 10) || !(colon = strchr(line, ':'))) continue;
    line[strcspn(line, "\n")] = 0;
    snprintf(text, size, "%s, %ld cores", colon + 2, sysconf(_SC_NPROCESSORS_ONLN));
    break;
  }
  if (file) fclose(file);
}

// Without measuring: what cores like today's do. The host is the same machine; it counts as a
// little slower, so that nothing prefers it to the device that it is.
static gcut_status cpu_profile(gcut__device *device, gcut_profile *out, gcut_error *err) {
  (void)device, (void)err;
  double cores = (double)sysconf(_SC_NPROCESSORS_ONLN);
  gcut_engine engine = {.memory_bytes =
                            (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE),
                        .memory_rate = 20e9,
                        .flops_f32 = 30e9 * cores,
                        .flops_f16 = 25e9 * cores,
                        .flops_bf16 = 20e9 * cores,
                        .node_seconds = 1e-6};
  gcut_wire wire = {.rate = 10e9, .both_rate = 8e9};
  *out = (gcut_profile){.name = "cpu",
                        .device = engine,
                        .host = engine,
                        .up = wire,
                        .down = wire,
                        .mapped_rate = 10e9,
                        .copy_seconds = 1e-6,
                        .disk_read_rate = 1.5e9,
                        .disk_write_rate = 0.5e9};
  out->host.flops_f32 *= 0.9, out->host.flops_f16 *= 0.9, out->host.flops_bf16 *= 0.9;
  out->host.memory_rate *= 0.9;
  return GCUT_OK;
}

static gcut_status cpu_measure(gcut__device *device, gcut_profile *out, char *description,
                               size_t size, gcut_error *err) {
  (void)device;
  *out = (gcut_profile){.name = "cpu"};
  describe(description, size);
  GCUT_TRY(gcut__measure_host(out, err));
  GCUT_TRY(gcut__measure_copies(out, err));
  out->device = out->host;
  return GCUT_OK;
}

static const gcut__device_ops cpu_ops = {
    .name = "cpu",
    .destroy = cpu_destroy,
    .compile = gcut__cpu_compile,
    .program_destroy = gcut__cpu_program_destroy,
    .profile = cpu_profile,
    .measure = cpu_measure,
    .reserve = cpu_reserve,
    .load = gcut__cpu_load,
    .unload = gcut__cpu_unload,
    .rest = gcut__cpu_rest,
    .push = cpu_push,
    .pull = cpu_pull,
    .prepare = gcut__cpu_prepare,
    .run = gcut__cpu_run,
};

gcut_status gcut__cpu_device_create(gcut__device **out_device, gcut_error *err) {
  gcut__cpu_device *d = calloc(1, sizeof *d);
  *out_device = NULL;
  if (!d) return GCUT_NO_MEMORY(err);
  d->base.ops = &cpu_ops;
  gcut_status status = gcut__cpu_runner_create(&d->runner, err);
  if (status == GCUT_OK)
    *out_device = &d->base;
  else
    cpu_destroy(&d->base);
  return status;
}
