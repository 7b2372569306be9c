// What a program allows is found once: results of 32 bits and small kernels wherever no bit depends
// on it. How groups lie in memory is found a launch, for addresses are known then.
//
// Walking a program costs about as much as moving 30 bytes an element. Where there are many
// elements the driver compiles the program, a few milliseconds, if elementwise_text.c can write it;
// operands that lie unaligned are walked all the same.
#include "exec/cuda/ops/elementwise_launch.h"

#include <stdlib.h>

#include "exec/cuda/kernels.h"
#include "exec/cuda/ops/elementwise_text.h"

enum { LANES = GCUT_CUDA_ELEMENT_LANES, THREADS = GCUT_CUDA_ELEMENT_THREADS, WAVES = 16 };
enum { WORTH_COMPILING = 1 << 20 }; // elements

// ---- instructions

// Whether int32 arithmetic gives the bits of int64 for values of that type.
static bool is_narrow(int type) {
  return type == GCUT_BOOL || type == GCUT_INT8 || type == GCUT_UINT8 || type == GCUT_INT16 ||
         type == GCUT_UINT16 || type == GCUT_INT32;
}

int gcut__cuda_element_operands(int op) {
  return op == GCUT_CUDA_ELEMENT_SELECT ? 3 : op >= GCUT_CUDA_ELEMENT_ADD ? 2 : 1;
}

static void narrow_step(gcut__cuda_element_step *s) {
  bool whole = is_narrow(s->type) || s->type == GCUT_FLOAT || s->type == GCUT_FLOAT16 ||
               s->type == GCUT_BFLOAT16;
  for (int k = 0; k < gcut__cuda_element_operands(s->op); k++)
    whole = whole && is_narrow(s->operands[k].type);
  if (s->of == GCUT_CUDA_ELEMENT_INT && whole) s->of = GCUT_CUDA_ELEMENT_NARROW;
}

static bool is_light(int op) {
  switch (op) {
#define X(name) case GCUT_CUDA_ELEMENT_##name:
    GCUT_CUDA_ELEMENT_LIGHT(X)
    GCUT_CUDA_ELEMENT_TWO_LIGHT(X)
#undef X
  case GCUT_CUDA_ELEMENT_SELECT: return true;
  default: return false;
  }
}

// ---- sizes

// The last element that an input is read at.
static int64_t last_of(const gcut__cuda_element_job *job, int input) {
  int64_t last = 0;
  for (int d = 0; d < job->rank; d++) last += (job->dims[d] - 1) * job->inputs[input].strides[d];
  return last;
}

// Whether elements have no number of 31 bits.
static bool is_long(const gcut__cuda_element_job *job) {
  bool is = job->count >= INT32_MAX;
  for (int k = 0; k < job->n_inputs; k++) is = is || last_of(job, k) >= INT32_MAX;
  return is;
}

static bool is_wide(const gcut__cuda_element_job *job) {
  bool wide = is_long(job);
  for (int s = 0; s < job->n_steps; s++) {
    const gcut__cuda_element_step *step = &job->steps[s];
    wide = wide || step->of == GCUT_CUDA_ELEMENT_DOUBLE || step->type == GCUT_DOUBLE ||
           step->type == GCUT_INT64;
  }
  return wide;
}

// With 31 bits of quotient, and a multiplier rounded up: exact (Granlund and Montgomery, 1994).
static gcut__cuda_element_divisor divisor_of(int64_t d) {
  if (d <= 1 || d > INT32_MAX) return (gcut__cuda_element_divisor){0}; // n itself; not asked for
  uint32_t bits = 0;
  while ((int64_t)1 << bits < d) bits++;
  uint64_t multiplier = (((uint64_t)1 << (31 + bits)) + (uint64_t)d - 1) / (uint64_t)d;
  return (gcut__cuda_element_divisor){(uint32_t)multiplier, bits - 1};
}

static void set_groups(gcut__cuda_element_job *job) {
  job->row_groups = (job->dims[0] + LANES - 1) / LANES;
  job->n_groups = job->row_groups;
  job->divisors[0] = divisor_of(job->row_groups);
  for (int d = 1; d < job->rank; d++) {
    job->n_groups *= job->dims[d];
    job->divisors[d] = divisor_of(job->dims[d]);
  }
}

static gcut_status compile(gcut__cuda *cuda, gcut__cuda_elements *e, gcut_error *err) {
  e->compiled = NULL;
  if (e->job.count < WORTH_COMPILING || is_long(&e->job)) return GCUT_OK;
  char *text = gcut__cuda_elements_text(&e->job);
  gcut_status status = text ? gcut__cuda_compiled(cuda, text, &e->compiled, err) : GCUT_OK;
  free(text);
  return status;
}

gcut_status gcut__cuda_elements_load(gcut__cuda *cuda, gcut__cuda_elements *e, gcut_error *err) {
  gcut__cuda_element_job *job = &e->job;
  bool light = true;
  e->wide = is_wide(job);
  set_groups(job);
  for (int s = 0; s < job->n_steps; s++) {
    if (!e->wide) narrow_step(&job->steps[s]);
    light = light && is_light(job->steps[s].op);
  }
  const char *name = e->wide ? "gcut_elementwise_wide"
                     : light ? "gcut_elementwise_light"
                             : "gcut_elementwise";
  GCUT_TRY(gcut__cuda_kernel(cuda, name, &e->kernel, err));
  return compile(cuda, e, err);
}

// ---- addresses

static unsigned bytes_of(int type) {
  return gcut_dtype_bits((gcut_dtype)type) / 8;
}

static bool is_aligned(const void *data, int type) {
  unsigned bytes = bytes_of(type) * LANES;
  return (uintptr_t)data % (bytes < 16 ? bytes : 16) == 0;
}

int gcut__cuda_element_input_type(const gcut__cuda_element_job *job, int input) {
  for (int s = 0; s < job->n_steps; s++)
    for (int k = 0; k < gcut__cuda_element_operands(job->steps[s].op); k++)
      if (job->steps[s].operands[k].where == input) return job->steps[s].operands[k].type;
  return GCUT_DOUBLE;
}

static int32_t walk_of(const gcut__cuda_element_job *job, int input) {
  const gcut__cuda_element_input *in = &job->inputs[input];
  bool whole =
      in->strides[0] == 1 && is_aligned(in->data, gcut__cuda_element_input_type(job, input));
  for (int d = 1; d < job->rank; d++) whole = whole && in->strides[d] % LANES == 0;
  return in->strides[0] == 0 ? GCUT_CUDA_ELEMENT_SAME
         : whole             ? GCUT_CUDA_ELEMENT_VECTOR
                             : GCUT_CUDA_ELEMENT_EACH;
}

// Whether the compiled program can read and write these.
static bool all_aligned(const gcut__cuda_element_job *job) {
  bool all = is_aligned(job->output, job->steps[job->n_steps - 1].type);
  for (int k = 0; k < job->n_inputs; k++)
    all = all && (job->inputs[k].strides[0] != 1 ||
                  is_aligned(job->inputs[k].data, gcut__cuda_element_input_type(job, k)));
  return all;
}

static gcut_status launch_compiled(gcut__cuda *cuda, const gcut__cuda_elements *e,
                                   gcut__cuda_element_job *job, CUstream stream, gcut_error *err) {
  void *arguments[GCUT_CUDA_ELEMENT_INPUTS + 1];
  uint32_t grid[3] = {(uint32_t)((job->n_groups + THREADS - 1) / THREADS), 1, 1};
  for (int k = 0; k < job->n_inputs; k++) arguments[k] = &job->inputs[k].data;
  arguments[job->n_inputs] = &job->output;
  return gcut__cuda_launch(cuda, e->compiled, grid, THREADS, 0, stream, arguments, err);
}

gcut_status gcut__cuda_elements_launch(gcut__cuda *cuda, const gcut__cuda_elements *e,
                                       gcut__cuda_element_job job, CUstream stream,
                                       gcut_error *err) {
  uint32_t groups = e->wide ? GCUT_CUDA_ELEMENT_WIDE_GROUPS : GCUT_CUDA_ELEMENT_GROUPS;
  uint32_t slot_bytes = groups * THREADS * LANES * (e->wide ? 8 : 4);
  uint64_t piece = groups * THREADS, most = (uint64_t)cuda->processors * WAVES;
  uint64_t pieces = ((uint64_t)job.n_groups + piece - 1) / piece;
  if (job.count == 0) return GCUT_OK;
  if (e->compiled && all_aligned(&job)) return launch_compiled(cuda, e, &job, stream, err);
  for (int k = 0; k < job.n_inputs; k++) job.inputs[k].walk = walk_of(&job, k);
  job.store_vectors = is_aligned(job.output, job.steps[job.n_steps - 1].type) &&
                      (job.rank == 1 || job.dims[0] % LANES == 0);
  uint32_t grid[3] = {(uint32_t)(pieces < most ? pieces : most), 1, 1};
  void *arguments[] = {&job};
  return gcut__cuda_launch(cuda, e->kernel, grid, THREADS, (uint32_t)job.n_slots * slot_bytes,
                           stream, arguments, err);
}
