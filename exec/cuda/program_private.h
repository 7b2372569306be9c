// What compiling and running a part share.
#ifndef GCUT_EXEC_CUDA_PROGRAM_PRIVATE_H
#define GCUT_EXEC_CUDA_PROGRAM_PRIVATE_H

#include "exec/cpu/call.h"
#include "exec/cuda/fuse.h"
#include "exec/cuda/lowered.h"
#include "exec/cuda/program.h"
#include "tracer/base/map.h"

struct gcut__cuda_program {
  gcut__program base;
  gcut__cuda_fusions fusions;
  gcut__layout layout;
  gcut__cuda_step *steps; // [layout.n_steps]
  gcut_map homes;         // value -> home of the layout
  gcut_map weights;       // value -> weight of the part
  gcut_map constants;     // value -> offset in constant_data: small ones that no file holds
  uint8_t *constant_data; // uploaded to `constants_at` of the workspace with each run
  uint64_t constant_bytes, constants_at;
  void *pinned; // constant_data once all are there
  CUdeviceptr pinned_address;
  CUfunction copy;
  uint32_t *host_nodes;
  gcut__cuda *cuda;
  const gcut_map *fixed;       // operands that are the same for every batch, while compiling
  uint32_t stands_for, depth;  // the model's node that all of it computes, or GCUT_NONE
  gcut__cuda_lowered *lowered; // programs of single nodes
  gcut__cpu_env env;           // of the host's steps
  gcut__cpu_runner *runner;
  gcut_arena *arena;
};

// Whether a value lies in device memory while the part runs (or is a weight or constant there).
bool gcut__cuda_on_device(const gcut__cuda_program *p, uint32_t value);

// Where a value lies while the part runs.
gcut__cuda_place gcut__cuda_place_of(const gcut__cuda_program *p, uint32_t value);

// Computes a step's node on the host: what it reads comes down, what it makes goes up.
GCUT_MUST_USE gcut_status gcut__cuda_run_on_host(gcut__cuda *cuda, gcut__cuda_program *p,
                                                 const gcut__run_args *args,
                                                 const gcut__layout_step *layout,
                                                 const gcut__cuda_step *step, gcut_error *err);
// The device address of a place in this run; 0 where it is on the heap.
CUdeviceptr gcut__cuda_address(gcut__cuda *cuda, const gcut__run_args *args,
                               const gcut__cuda_place *place);
// The operand of a run that carries a value, or NULL.
const gcut__operand *gcut__cuda_operand(const gcut__run_args *args, uint32_t value);

#endif
