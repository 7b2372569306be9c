// What the families of this folder share: prototypes of their compile functions, and launching over
// elements or rows.
#ifndef GCUT_EXEC_CUDA_OPS_COMPILE_H
#define GCUT_EXEC_CUDA_OPS_COMPILE_H

#include <stddef.h>

#include "exec/cuda/ops/list.h"
#include "exec/cuda/program.h"

// A family's function serves several operators: X repeats its prototype.
#define X(name, ident)                                                                             \
  gcut_status gcut__cuda_compile_##ident(const gcut__cuda_compile *c, gcut_error *err);
GCUT_CUDA_OP_LIST(X)
GCUT_CUDA_MICROSOFT_LIST(X)
#undef X

// MatMul as one product; false where it is none: of vectors, of batches that repeat within each
// other, of one column by one row.
bool gcut__cuda_matmul_product(const gcut_type *a, const gcut_type *b, const gcut_type *out,
                               gcut__cuda_product *product);
// Gemm the same, its C (or NULL) as the epilogue's bias; false where C is no vector of n.
bool gcut__cuda_gemm_product(const gcut_node *node, const gcut_type *a, const gcut_type *b,
                             const gcut_type *bias, const gcut_type *out,
                             gcut__cuda_product *product);

// A sum of two tensors of one shape, eight elements at once; false where it is no such sum.
bool gcut__cuda_compile_sum(const gcut__cuda_compile *c, gcut_status *out_status, gcut_error *err);

// LayerNormalization or RMSNormalization over the last dimension, eight elements at once; false
// where it is none that goes so.
bool gcut__cuda_compile_norm_rows(const gcut__cuda_compile *c, gcut_status *out_status,
                                  gcut_error *err);

// A reduction by rows, of the dimensions from `axis` on.
gcut_status gcut__cuda_compile_row_reduction(const gcut__cuda_compile *c, int axis,
                                             gcut_error *err);

// Launches a grid-stride kernel of 256 threads a block over `count` elements; nothing where there
// are none.
GCUT_MUST_USE gcut_status gcut__cuda_launch_over(const gcut__cuda_run *r, CUfunction kernel,
                                                 uint64_t count, void **arguments, gcut_error *err);
// Launches a block of `threads` for each of `rows`.
GCUT_MUST_USE gcut_status gcut__cuda_launch_rows(const gcut__cuda_run *r, CUfunction kernel,
                                                 uint64_t rows, uint32_t threads, void **arguments,
                                                 gcut_error *err);

// A step that is one launch of one kernel with one job: where the job's pointers come from.
enum { GCUT_CUDA_FAULT = -100, GCUT_CUDA_SCRATCH = -101 };
typedef struct gcut__cuda_pointer {
  int operand; // input i; output i as -1 - i; GCUT_CUDA_FAULT, GCUT_CUDA_SCRATCH
  size_t at;   // of the pointer in the job
} gcut__cuda_pointer;
#define GCUT_CUDA_IN(job, field, i)                                                                \
  { (int)(i), offsetof(job, field) }
#define GCUT_CUDA_OUT(job, field, i)                                                               \
  { -1 - (int)(i), offsetof(job, field) }

// Fills c->step with it; the job is copied. `threads` 0: over `count` elements, a thread each; else
// a block of so many threads for each of `count`.
GCUT_MUST_USE gcut_status gcut__cuda_plain(const gcut__cuda_compile *c, const char *kernel,
                                           const void *job, size_t job_bytes, uint64_t count,
                                           uint32_t threads, const gcut__cuda_pointer *pointers,
                                           size_t n_pointers, gcut_error *err);
// The same where `pointers` is an array.
#define GCUT_CUDA_PLAIN(c, kernel, job, count, threads, pointers, err)                             \
  gcut__cuda_plain(c, kernel, job, sizeof *(job), count, threads, pointers,                        \
                   sizeof(pointers) / sizeof *(pointers), err)

// Elements of a constant int32 or int64 input, at most `room` of them: how many, 0 where the input
// is absent, -1 where they are not known.
int gcut__cuda_read_ints(const gcut__cuda_compile *c, uint32_t i, int64_t *values, int room);
// Row-major strides.
void gcut__cuda_strides(const gcut_type *type, int64_t *strides);
// Bytes of an element, or 0 where it is no whole number of 1, 2, 4 or 8.
int32_t gcut__cuda_element_bytes(int type);
// Elements of the dimensions before the last two.
int64_t gcut__cuda_matrices(const gcut_type *type);

// float, float16 or bfloat16; these or double; integers but uint64, which kernels count in int64;
// those of at most 32 bits, which float64 holds.
bool gcut__cuda_is_float(const gcut_type *type);
bool gcut__cuda_is_real(int type);
bool gcut__cuda_is_integer(int type);
bool gcut__cuda_is_integer32(int type);
// All that elementwise kernels compute with: real, integer or bool.
bool gcut__cuda_has_class(int type);

#endif
