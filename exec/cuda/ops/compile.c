#include "exec/cuda/ops/compile.h"

#include "exec/cuda/kernels.h"

enum { THREADS = 256, BLOCKS_A_PROCESSOR = 16 };

static const struct {
  const char *domain, *name;
  gcut__cuda_compile_node compile;
} rows[] = {
#define X(name, ident) {"", #name, gcut__cuda_compile_##ident},
    GCUT_CUDA_OP_LIST(X)
#undef X
#define X(name, ident) {"com.microsoft", #name, gcut__cuda_compile_##ident},
        GCUT_CUDA_MICROSOFT_LIST(X)
#undef X
};

static bool is_row(size_t i, const char *domain, const char *name) {
  return strcmp(rows[i].name, name) == 0 && strcmp(rows[i].domain, domain) == 0;
}

gcut_status gcut__cuda_compile_op(const gcut__cuda_compile *c, gcut_error *err) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows && !c->step->launch; i++)
    if (is_row(i, c->node->domain, c->node->op_type)) GCUT_TRY(rows[i].compile(c, err));
  return GCUT_OK;
}

bool gcut__cuda_has_kernel(const char *domain, const char *name) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (is_row(i, domain, name)) return true;
  return false;
}

gcut_status gcut__cuda_launch_over(const gcut__cuda_run *r, CUfunction kernel, uint64_t count,
                                   void **arguments, gcut_error *err) {
  uint64_t blocks = (count + THREADS - 1) / THREADS,
           most = (uint64_t)r->cuda->processors * BLOCKS_A_PROCESSOR;
  uint32_t grid[3] = {(uint32_t)(blocks < most ? blocks : most), 1, 1};
  if (count == 0) return GCUT_OK;
  return gcut__cuda_launch(r->cuda, kernel, grid, THREADS, 0, r->stream, arguments, err);
}

gcut_status gcut__cuda_launch_rows(const gcut__cuda_run *r, CUfunction kernel, uint64_t row_count,
                                   uint32_t threads, void **arguments, gcut_error *err) {
  uint32_t grid[3] = {(uint32_t)(row_count < INT32_MAX ? row_count : INT32_MAX), 1, 1};
  if (row_count == 0) return GCUT_OK;
  return gcut__cuda_launch(r->cuda, kernel, grid, threads, 0, r->stream, arguments, err);
}

// ---- steps of one launch ------------------------------------------------------------------------

typedef struct plain_step {
  CUfunction kernel;
  uint64_t count;
  uint32_t threads;
  const gcut__cuda_pointer *pointers;
  size_t n_pointers, job_bytes;
  void *job;
} plain_step;

enum { JOB_BYTES = 4096 };

static CUdeviceptr pointer_of(const gcut__cuda_run *r, int operand) {
  if (operand == GCUT_CUDA_FAULT) return r->cuda->fault_device;
  if (operand == GCUT_CUDA_SCRATCH) return r->scratch;
  uint32_t i = (uint32_t)(operand < 0 ? -1 - operand : operand);
  if (operand < 0) return i < r->step->n_outputs ? r->outputs[i] : 0;
  return i < r->step->n_inputs ? r->inputs[i] : 0;
}

static gcut_status launch_plain(const gcut__cuda_run *r, gcut_error *err) {
  const plain_step *p = r->step->params;
  _Alignas(16) uint8_t job[JOB_BYTES];
  void *arguments[] = {job};
  memcpy(job, p->job, p->job_bytes);
  for (size_t i = 0; i < p->n_pointers; i++) {
    CUdeviceptr pointer = pointer_of(r, p->pointers[i].operand);
    memcpy(job + p->pointers[i].at, &pointer, sizeof pointer);
  }
  return p->threads ? gcut__cuda_launch_rows(r, p->kernel, p->count, p->threads, arguments, err)
                    : gcut__cuda_launch_over(r, p->kernel, p->count, arguments, err);
}

gcut_status gcut__cuda_plain(const gcut__cuda_compile *c, const char *kernel, const void *job,
                             size_t job_bytes, uint64_t count, uint32_t threads,
                             const gcut__cuda_pointer *pointers, size_t n_pointers,
                             gcut_error *err) {
  plain_step *p = job_bytes > JOB_BYTES ? NULL : GCUT_NEW(c->arena, plain_step);
  if (!p) return GCUT_NO_MEMORY(err);
  *p = (plain_step){.count = count,
                    .threads = threads,
                    .n_pointers = n_pointers,
                    .job_bytes = job_bytes,
                    .pointers = gcut_arena_copy(c->arena, pointers, n_pointers * sizeof *pointers),
                    .job = gcut_arena_copy(c->arena, job, job_bytes)};
  if (!p->pointers || !p->job) return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut__cuda_kernel(c->cuda, kernel, &p->kernel, err));
  c->step->params = p;
  c->step->launch = launch_plain;
  return GCUT_OK;
}

// ---- what families ask ----------------------------------------------------------------------

int gcut__cuda_read_ints(const gcut__cuda_compile *c, uint32_t i, int64_t *values, int room) {
  uint32_t v = i < c->node->n_inputs ? gcut_node_inputs(c->trace->graph, c->node)[i] : GCUT_NONE;
  if (v == GCUT_NONE) return 0;
  const gcut_constant *k = c->trace->facts[v].constant;
  size_t size = k && k->type == GCUT_INT64 ? 8 : 4;
  if (!k || !k->data || (k->type != GCUT_INT64 && k->type != GCUT_INT32) ||
      k->bytes / size > (size_t)room)
    return -1;
  for (size_t e = 0; e < k->bytes / size; e++) {
    int32_t narrow;
    if (size == 8)
      memcpy(&values[e], (const char *)k->data + e * 8, 8);
    else
      memcpy(&narrow, (const char *)k->data + e * 4, 4), values[e] = narrow;
  }
  return (int)(k->bytes / size);
}

void gcut__cuda_strides(const gcut_type *type, int64_t *strides) {
  int64_t stride = 1;
  for (int d = type->rank - 1; d >= 0; d--) {
    strides[d] = stride;
    stride *= type->dims[d];
  }
}

int64_t gcut__cuda_matrices(const gcut_type *type) {
  int64_t n = 1;
  for (int d = 0; d + 2 < type->rank; d++) n *= type->dims[d];
  return n;
}

int32_t gcut__cuda_element_bytes(int type) {
  unsigned bits = gcut_dtype_bits((gcut_dtype)type);
  return bits < 8 || bits > 64 ? 0 : (int32_t)(bits / 8);
}

bool gcut__cuda_is_float(const gcut_type *t) {
  return t && (t->type == GCUT_FLOAT || t->type == GCUT_FLOAT16 || t->type == GCUT_BFLOAT16);
}

bool gcut__cuda_is_real(int type) {
  return type == GCUT_FLOAT || type == GCUT_FLOAT16 || type == GCUT_BFLOAT16 || type == GCUT_DOUBLE;
}

bool gcut__cuda_is_integer(int type) {
  return gcut__cuda_is_integer32(type) || type == GCUT_INT64;
}

bool gcut__cuda_is_integer32(int type) {
  return (type >= GCUT_UINT8 && type <= GCUT_INT32) || type == GCUT_UINT32;
}

bool gcut__cuda_has_class(int type) {
  return gcut__cuda_is_real(type) || gcut__cuda_is_integer(type) || type == GCUT_BOOL;
}
