// The CPU device's own structures, and what its files share: programs (cpu_program.c), weights
// (cpu_weights.c), running (cpu_run.c).
#ifndef GCUT_EXEC_CPU_CPU_DEVICE_H
#define GCUT_EXEC_CPU_CPU_DEVICE_H

#include "exec/cpu/call.h"
#include "exec/device.h"

typedef struct gcut__cpu_device {
  gcut__device base;
  uint8_t *slab;
  uint64_t slab_bytes;
  bool adopted; // the slab is another's
  void *host;
  uint64_t host_bytes;
  gcut__cpu_runner *runner;
  gcut__cpu_env env;
  bool has_env;
} gcut__cpu_device;

typedef struct gcut__folded { // a constant that exists only since shapes are known
  uint32_t value;
  gcut_tensor *tensor;
} gcut__folded;

typedef struct gcut__cpu_program {
  gcut__program base;
  gcut__layout layout;
  gcut__folded *constants;
  uint32_t n_constants;
  struct gcut_arena *arena;
} gcut__cpu_program;

typedef struct gcut__cpu_weights {
  gcut__cpu_shelf shelf;
  uint32_t n;
  gcut_tensor *tensors[]; // [n]
} gcut__cpu_weights;

gcut_status gcut__cpu_compile(gcut__device *device, const gcut_trace *trace, const gcut_part *part,
                              gcut__program **out_program, gcut_error *err);
void gcut__cpu_program_destroy(gcut__program *program);

gcut_status gcut__cpu_load(gcut__device *device, gcut__part_weights *weights, uint64_t offset,
                           gcut_error *err);
// Makes the part's tensors; `range` GCUT_ON_HEAP: all are read in place.
gcut_status gcut__cpu_load_weights(gcut__cpu_device *device, gcut__part_weights *weights,
                                   uint64_t range, gcut_error *err);
void gcut__cpu_unload(gcut__device *device, gcut__part_weights *weights);
void gcut__cpu_rest(gcut__device *device, const gcut__part_weights *weights, bool all);

gcut_status gcut__cpu_prepare(gcut__device *device, const gcut__run_args *args, gcut_error *err);
gcut_status gcut__cpu_run(gcut__device *device, const gcut__run_args *args, gcut_error *err);

#endif
