// What a program allows is found once: results of 32 bits and small kernels wherever no bit depends
// on it. How groups lie in memory is found a launch, for addresses are known then.
#include "exec/cuda/ops/elementwise_launch.h"

#include "exec/cuda/kernels.h"

enum { LANES = GCUT_CUDA_ELEMENT_LANES, THREADS = GCUT_CUDA_ELEMENT_THREADS, WAVES = 16 };

// ---- instructions

// Whether int32 arithmetic gives the bits of int64 for values of that type.
static bool is_narrow(int type) {
  return type == GCUT_BOOL || type == GCUT_INT8 || type == GCUT_UINT8 || type == GCUT_INT16 ||
         type == GCUT_UINT16 || type == GCUT_INT32;
}

static int operands_of(const gcut__cuda_element_step *s) {
  return s->op == GCUT_CUDA_ELEMENT_SELECT ? 3 : s->op >= GCUT_CUDA_ELEMENT_ADD ? 2 : 1;
}

static void narrow_step(gcut__cuda_element_step *s) {
  bool whole = is_narrow(s->type) || s->type == GCUT_FLOAT || s->type == GCUT_FLOAT16 ||
               s->type == GCUT_BFLOAT16;
  for (int k = 0; k < operands_of(s); k++) whole = whole && is_narrow(s->operands[k].type);
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

static bool is_wide(const gcut__cuda_element_job *job) {
  bool wide = job->count >= INT32_MAX;
  for (int k = 0; k < job->n_inputs; k++) wide = wide || last_of(job, k) >= INT32_MAX;
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
  return gcut__cuda_kernel(cuda, name, &e->kernel, err);
}

// ---- addresses

static unsigned bytes_of(int type) {
  return gcut_dtype_bits((gcut_dtype)type) / 8;
}

static bool is_aligned(const void *data, int type) {
  unsigned bytes = bytes_of(type) * LANES;
  return (uintptr_t)data % (bytes < 16 ? bytes : 16) == 0;
}

static int input_type(const gcut__cuda_element_job *job, int input) {
  for (int s = 0; s < job->n_steps; s++)
    for (int k = 0; k < operands_of(&job->steps[s]); k++)
      if (job->steps[s].operands[k].where == input) return job->steps[s].operands[k].type;
  return GCUT_DOUBLE;
}

static int32_t walk_of(const gcut__cuda_element_job *job, int input) {
  const gcut__cuda_element_input *in = &job->inputs[input];
  bool whole = in->strides[0] == 1 && is_aligned(in->data, input_type(job, input));
  for (int d = 1; d < job->rank; d++) whole = whole && in->strides[d] % LANES == 0;
  return in->strides[0] == 0 ? GCUT_CUDA_ELEMENT_SAME
         : whole             ? GCUT_CUDA_ELEMENT_VECTOR
                             : GCUT_CUDA_ELEMENT_EACH;
}

gcut_status gcut__cuda_elements_launch(gcut__cuda *cuda, const gcut__cuda_elements *e,
                                       gcut__cuda_element_job job, CUstream stream,
                                       gcut_error *err) {
  uint32_t groups = e->wide ? GCUT_CUDA_ELEMENT_WIDE_GROUPS : GCUT_CUDA_ELEMENT_GROUPS;
  uint32_t slot_bytes = groups * THREADS * LANES * (e->wide ? 8 : 4);
  uint64_t piece = groups * THREADS, most = (uint64_t)cuda->processors * WAVES;
  uint64_t pieces = ((uint64_t)job.n_groups + piece - 1) / piece;
  if (job.count == 0) return GCUT_OK;
  for (int k = 0; k < job.n_inputs; k++) job.inputs[k].walk = walk_of(&job, k);
  job.store_vectors = is_aligned(job.output, job.steps[job.n_steps - 1].type) &&
                      (job.rank == 1 || job.dims[0] % LANES == 0);
  uint32_t grid[3] = {(uint32_t)(pieces < most ? pieces : most), 1, 1};
  void *arguments[] = {&job};
  return gcut__cuda_launch(cuda, e->kernel, grid, THREADS, (uint32_t)job.n_slots * slot_bytes,
                           stream, arguments, err);
}
