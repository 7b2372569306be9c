// One oneDNN primitive from description to result. For the dnnl*.c files alone.
#ifndef GCUT_EXEC_CPU_DNNL_JOB_H
#define GCUT_EXEC_CPU_DNNL_JOB_H

#include <dnnl.h>

#include "exec/cpu/dnnl.h"

enum { GCUT__DNNL_ARGS = 7 };

typedef struct gcut__dnnl_job {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  dnnl_primitive_desc_t described;
  dnnl_primitive_t primitive;
  dnnl_exec_arg_t args[GCUT__DNNL_ARGS];
  int n_args;
} gcut__dnnl_job;

GCUT_MUST_USE gcut_status gcut__dnnl_check(dnnl_status_t status, const char *what, gcut_error *err);

// GCUT_NOMEM where oneDNN, which does not live through it, would run out of memory: so many bytes
// beside what it takes for itself.
GCUT_MUST_USE gcut_status gcut__dnnl_room(size_t bytes, gcut_error *err);

// Describes and makes the primitive; *out_found is false where oneDNN has none. Whatever comes of
// it, gcut__dnnl_finish frees the job.
GCUT_MUST_USE gcut_status gcut__dnnl_begin(gcut__dnnl_job *j, const_dnnl_op_desc_t desc,
                                           bool *out_found, gcut_error *err);
// Binds an argument to `data`, or to memory of the job's own where that is NULL.
GCUT_MUST_USE gcut_status gcut__dnnl_bind(gcut__dnnl_job *j, int name,
                                          const dnnl_memory_desc_t *desc, const void *data,
                                          gcut_error *err);
GCUT_MUST_USE gcut_status gcut__dnnl_execute(gcut__dnnl_job *j, gcut_error *err);
// Binds the one input and the one output of a job that needs no more, and runs it.
GCUT_MUST_USE gcut_status gcut__dnnl_transform(gcut__dnnl_job *j, const dnnl_memory_desc_t *in_desc,
                                               const float *in, const dnnl_memory_desc_t *out_desc,
                                               float *out, gcut_error *err);
// oneDNN shares work among OpenMP's threads, however little: below some millions of operations
// their meeting costs more than it saves, most of all on a busy machine. Sets how many threads the
// calling thread's next primitives take, and returns how many it was before, to be set again
// afterwards.
int gcut__dnnl_threads_for(double operations);
void gcut__dnnl_threads_restore(int before);
// Copies between two layouts of one tensor.
GCUT_MUST_USE gcut_status gcut__dnnl_reorder(gcut__dnnl_job *j, dnnl_memory_t from,
                                             dnnl_memory_t to, gcut_error *err);
// Gives up what is bound: the job can be bound anew and run again.
void gcut__dnnl_unbind(gcut__dnnl_job *j);
void gcut__dnnl_finish(gcut__dnnl_job *j);

// Packed row-major floats; `strides` NULL, or other strides in elements.
dnnl_memory_desc_t gcut__dnnl_shape(int rank, const int64_t *dims, const int64_t *strides);

#endif
