#include "exec/cuda/ops/compile.h"

#include "exec/cuda/kernels.h"

enum { THREADS = 256, BLOCKS_A_PROCESSOR = 16 };

static const struct {
  const char *name;
  gcut__cuda_compile_node compile;
} rows[] = {
#define X(name, ident) {#name, gcut__cuda_compile_##ident},
    GCUT_CUDA_OP_LIST(X)
#undef X
};

static gcut__cuda_compile_node find(const char *domain, const char *name) {
  if (*domain) return NULL;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (strcmp(rows[i].name, name) == 0) return rows[i].compile;
  return NULL;
}

gcut__cuda_compile_node gcut__cuda_find(const gcut_node *node) {
  return find(node->domain, node->op_type);
}

bool gcut__cuda_has_kernel(const char *domain, const char *name) {
  return find(domain, name) != NULL;
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
