// Running a part: addresses resolved, steps put on the compute stream one after another.
#include <stdlib.h>

#include "exec/cuda/kernels.h"
#include "exec/cuda/ops/copy.h"
#include "exec/cuda/program_private.h"
#include "exec/cuda/weights.h"

enum { INLINE_OPERANDS = 32 };

const gcut__operand *gcut__cuda_operand(const gcut__run_args *args, uint32_t value) {
  for (uint32_t i = 0; i < args->n_operands; i++)
    if (args->operands[i].value == value) return &args->operands[i];
  return NULL;
}

CUdeviceptr gcut__cuda_address(gcut__cuda *cuda, const gcut__run_args *args,
                               const gcut__cuda_place *place) {
  const gcut__operand *operand;
  switch (place->where) {
  case GCUT_CUDA_PREPARED:
    if (args->prepared != GCUT_NOT_PREPARED) return cuda->slab + args->prepared + place->prepared;
    return cuda->slab + args->workspace + place->at;
  case GCUT_CUDA_WORKSPACE: return cuda->slab + args->workspace + place->at;
  case GCUT_CUDA_WEIGHT:
    if (args->weights->offsets[place->at] == GCUT_ON_HEAP)
      return gcut__cuda_weight_address(args->weights, (uint32_t)place->at);
    return cuda->slab + args->weights_offset + args->weights->offsets[place->at];
  case GCUT_CUDA_OPERAND:
    operand = gcut__cuda_operand(args, (uint32_t)place->at);
    return operand && operand->offset != GCUT_ON_HEAP ? cuda->slab + operand->offset : 0;
  case GCUT_CUDA_NOWHERE: break;
  }
  return 0;
}

static gcut_status launch(gcut__cuda *cuda, const gcut__run_args *args, const gcut__cuda_step *step,
                          gcut__cuda_launch_step what, CUdeviceptr *memory, gcut_error *err) {
  for (uint32_t i = 0; i < step->n_inputs; i++)
    memory[i] = gcut__cuda_address(cuda, args, &step->inputs[i]);
  for (uint32_t i = 0; i < step->n_outputs; i++)
    memory[step->n_inputs + i] = gcut__cuda_address(cuda, args, &step->outputs[i]);
  gcut__cuda_run r = {.cuda = cuda,
                      .step = step,
                      .inputs = memory,
                      .outputs = memory + step->n_inputs,
                      .scratch = cuda->slab + args->workspace + step->scratch,
                      .stream = cuda->streams[GCUT_QUEUE_COMPUTE]};
  if (step->prepared_bytes > 0 && args->prepared != GCUT_NOT_PREPARED)
    r.prepared = cuda->slab + args->prepared + step->prepared;
  return what(&r, err);
}

// `what`: the step's launch, or what prepares it.
static gcut_status run_step(gcut__cuda *cuda, gcut__cuda_program *p, const gcut__run_args *args,
                            uint32_t s, gcut__cuda_launch_step what, gcut_error *err) {
  const gcut__cuda_step *step = &p->steps[s];
  CUdeviceptr few[INLINE_OPERANDS], *memory = few;
  if (!what) return gcut__cuda_run_on_host(cuda, p, args, &p->layout.steps[s], step, err);
  if (step->n_inputs + step->n_outputs > INLINE_OPERANDS)
    memory = malloc((size_t)(step->n_inputs + step->n_outputs) * sizeof *memory);
  gcut_status status = memory ? launch(cuda, args, step, what, memory, err) : GCUT_NO_MEMORY(err);
  if (memory != few) free(memory);
  return status;
}

static gcut_status fetch_constants(gcut__cuda *cuda, const gcut__cuda_program *p,
                                   const gcut__run_args *args, gcut_error *err) {
  int64_t count = (int64_t)(p->constant_bytes / sizeof(uint64_t));
  gcut__cuda_copy_job job = {.count = count,
                             .rank = 1,
                             .size = sizeof(uint64_t),
                             .dims = {count},
                             .from_strides = {1},
                             .to_strides = {1},
                             .from = (const void *)p->pinned_address,
                             .to = (void *)(cuda->slab + args->workspace + p->constants_at)};
  uint32_t grid[3] = {(uint32_t)(count < 65536 ? (count + 255) / 256 : 256), 1, 1};
  void *arguments[] = {&job};
  return gcut__cuda_launch(cuda, p->copy, grid, 256, 0, cuda->streams[GCUT_QUEUE_COMPUTE],
                           arguments, err);
}

// A view of what was prepared, or of a weight, is nothing to do on a card.
static bool is_prepared(const gcut__run_args *args, const gcut__layout_step *step) {
  return args->prepared != GCUT_NOT_PREPARED && step->of_weights;
}

gcut_status gcut__cuda_program_run_steps(gcut__cuda *cuda, const gcut__run_args *args,
                                         gcut_error *err) {
  gcut__cuda_program *p = (gcut__cuda_program *)args->program;
  if (p->constant_bytes > 0) GCUT_TRY(fetch_constants(cuda, p, args, err));
  for (uint32_t s = 0; s < p->layout.n_steps; s++)
    if (!is_prepared(args, &p->layout.steps[s]))
      GCUT_TRY(run_step(cuda, p, args, s, p->steps[s].launch, err));
  return GCUT_OK;
}

gcut_status gcut__cuda_program_prepare_steps(gcut__cuda *cuda, const gcut__run_args *args,
                                             gcut_error *err) {
  gcut__cuda_program *p = (gcut__cuda_program *)args->program;
  if (p->constant_bytes > 0) GCUT_TRY(fetch_constants(cuda, p, args, err));
  for (uint32_t s = 0; s < p->layout.n_steps; s++) {
    const gcut__cuda_step *step = &p->steps[s];
    if (p->layout.steps[s].of_weights)
      GCUT_TRY(run_step(cuda, p, args, s, step->launch, err));
    else if (step->prepare)
      GCUT_TRY(run_step(cuda, p, args, s, step->prepare, err));
  }
  return GCUT_OK;
}

// Weights for which nothing was loaded are read in place.
static gcut_status bring_weights(gcut__cuda *cuda, const gcut__run_args *args, gcut_error *err) {
  if (args->weights->state) return GCUT_OK;
  return gcut__cuda_weights_load(&cuda->base, args->weights, GCUT_ON_HEAP, err);
}

gcut_status gcut__cuda_program_prepare(gcut__cuda *cuda, const gcut__run_args *args,
                                       gcut_error *err) {
  GCUT_TRY(bring_weights(cuda, args, err));
  return gcut__cuda_program_prepare_steps(cuda, args, err);
}

gcut_status gcut__cuda_program_run(gcut__cuda *cuda, const gcut__run_args *args, gcut_error *err) {
  GCUT_TRY(bring_weights(cuda, args, err));
  return gcut__cuda_program_run_steps(cuda, args, err);
}
