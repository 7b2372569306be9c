// The device that is none: parts compile to sizes, schedules run on a virtual clock (simulate.c).
// 400 billion parameters on an 8 GB card take a second here.
#include <stdlib.h>

#include "exec/device.h"
#include "exec/rates.h"
#include "tracer/base/arena.h"
#include "tracer/base/error.h"

typedef struct sim_program {
  gcut__program base;
  gcut_arena *arena;
} sim_program;

static void sim_program_destroy(gcut__program *program) {
  gcut_arena_destroy(((sim_program *)program)->arena);
}

static gcut_status sim_compile(gcut__device *device, const gcut_trace *trace, const gcut_part *part,
                               gcut__program **out_program, gcut_error *err) {
  (void)device;
  gcut_arena *arena = gcut_arena_create(), *scratch = gcut_arena_create();
  sim_program *p = GCUT_NEW(arena, sim_program);
  gcut__layout layout;
  *out_program = NULL;
  gcut_status status =
      p && scratch ? gcut__layout_create(trace, part, scratch, &layout, err) : GCUT_NO_MEMORY(err);
  gcut_arena_destroy(scratch);
  if (status != GCUT_OK) {
    gcut_arena_destroy(arena);
    return status;
  }
  *p = (sim_program){.base = {.trace = trace, .part = part}, .arena = arena};
  p->base.work = gcut__layout_work(&layout);
  *out_program = &p->base;
  return GCUT_OK;
}

static gcut_status sim_profile(gcut__device *device, gcut_profile *out_profile, gcut_error *err) {
  (void)device, (void)err;
  *out_profile = gcut__default_profile;
  return GCUT_OK;
}

static void sim_destroy(gcut__device *device) {
  free(device);
}

static const gcut__device_ops sim_ops = {
    .name = "sim",
    .destroy = sim_destroy,
    .compile = sim_compile,
    .program_destroy = sim_program_destroy,
    .profile = sim_profile,
};

gcut_status gcut__sim_device_create(gcut__device **out_device, gcut_error *err) {
  gcut__device *d = *out_device = calloc(1, sizeof *d);
  if (!d) return GCUT_NO_MEMORY(err);
  d->ops = &sim_ops;
  return GCUT_OK;
}
