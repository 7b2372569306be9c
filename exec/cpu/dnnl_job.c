#include "exec/cpu/dnnl_job.h"

#include "tracer/base/room.h"

// Of the OpenMP runtime that comes with oneDNN; its header comes with some compilers only.
extern int omp_get_max_threads(void);
extern void omp_set_num_threads(int n);

static const double WORTH_THREADS = 1 << 23;
// What oneDNN takes for kernels that it writes and, at first, for each of its threads; and what
// another thread's first allocation reserves meanwhile.
enum { ROOM = 192 << 20, ROOM_A_THREAD = 9 << 20 };

int gcut__dnnl_threads_for(double operations) {
  int before = omp_get_max_threads();
  if (operations < WORTH_THREADS) omp_set_num_threads(1);
  return before;
}

void gcut__dnnl_threads_restore(int before) {
  omp_set_num_threads(before);
}

gcut_status gcut__dnnl_check(dnnl_status_t status, const char *what, gcut_error *err) {
  if (status == dnnl_success) return GCUT_OK;
  if (status == dnnl_out_of_memory) return GCUT_NO_MEMORY(err);
  return GCUT_FAIL(err, GCUT_DEVICE, "oneDNN failed at %s (status %d)", what, (int)status);
}

gcut_status gcut__dnnl_room(size_t bytes, gcut_error *err) {
  size_t threads = (size_t)omp_get_max_threads() * ROOM_A_THREAD;
  return gcut__has_room(ROOM + threads + bytes) ? GCUT_OK : GCUT_NO_MEMORY(err);
}

// Scratch memory is the job's own: what oneDNN has instead belongs to the thread that made the
// primitive, and another may run or free it.
static dnnl_status_t describe(gcut__dnnl_job *j, const_dnnl_op_desc_t desc) {
  dnnl_primitive_attr_t attributes;
  dnnl_status_t status = dnnl_primitive_attr_create(&attributes);
  if (status != dnnl_success) return status;
  status = dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
  if (status == dnnl_success)
    status = dnnl_primitive_desc_create(&j->described, desc, attributes, j->engine, NULL);
  dnnl_primitive_attr_destroy(attributes);
  return status;
}

gcut_status gcut__dnnl_begin(gcut__dnnl_job *j, const_dnnl_op_desc_t desc, bool *out_found,
                             gcut_error *err) {
  *j = (gcut__dnnl_job){0};
  *out_found = false;
  GCUT_TRY(gcut__dnnl_room(0, err));
  GCUT_TRY(gcut__dnnl_check(dnnl_engine_create(&j->engine, dnnl_cpu, 0), "making an engine", err));
  GCUT_TRY(gcut__dnnl_check(dnnl_stream_create(&j->stream, j->engine, dnnl_stream_default_flags),
                            "making a stream", err));
  dnnl_status_t status = describe(j, desc);
  if (status == dnnl_unimplemented || status == dnnl_invalid_arguments) return GCUT_OK;
  GCUT_TRY(gcut__dnnl_check(status, "describing a primitive", err));
  *out_found = true;
  return gcut__dnnl_check(dnnl_primitive_create(&j->primitive, j->described), "making a primitive",
                          err);
}

gcut_status gcut__dnnl_bind(gcut__dnnl_job *j, int name, const dnnl_memory_desc_t *desc,
                            const void *data, gcut_error *err) {
  dnnl_memory_t memory;
  if (!data) GCUT_TRY(gcut__dnnl_room(dnnl_memory_desc_get_size(desc), err));
  void *handle = data ? (void *)(uintptr_t)data : DNNL_MEMORY_ALLOCATE;
  GCUT_TRY(gcut__dnnl_check(dnnl_memory_create(&memory, desc, j->engine, handle), "binding memory",
                            err));
  j->args[j->n_args++] = (dnnl_exec_arg_t){name, memory};
  return GCUT_OK;
}

static gcut_status run(dnnl_primitive_t primitive, dnnl_stream_t stream, int n,
                       const dnnl_exec_arg_t *args, gcut_error *err) {
  GCUT_TRY(gcut__dnnl_check(dnnl_primitive_execute(primitive, stream, n, args),
                            "running a primitive", err));
  return gcut__dnnl_check(dnnl_stream_wait(stream), "waiting for a primitive", err);
}

gcut_status gcut__dnnl_execute(gcut__dnnl_job *j, gcut_error *err) {
  const dnnl_memory_desc_t *scratch =
      dnnl_primitive_desc_query_md(j->described, dnnl_query_scratchpad_md, 0);
  if (scratch && dnnl_memory_desc_get_size(scratch) > 0)
    GCUT_TRY(gcut__dnnl_bind(j, DNNL_ARG_SCRATCHPAD, scratch, NULL, err));
  return run(j->primitive, j->stream, j->n_args, j->args, err);
}

gcut_status gcut__dnnl_transform(gcut__dnnl_job *j, const dnnl_memory_desc_t *in_desc,
                                 const float *in, const dnnl_memory_desc_t *out_desc, float *out,
                                 gcut_error *err) {
  GCUT_TRY(gcut__dnnl_bind(j, DNNL_ARG_SRC, in_desc, in, err));
  GCUT_TRY(gcut__dnnl_bind(j, DNNL_ARG_DST, out_desc, out, err));
  return gcut__dnnl_execute(j, err);
}

gcut_status gcut__dnnl_reorder(gcut__dnnl_job *j, dnnl_memory_t from, dnnl_memory_t to,
                               gcut_error *err) {
  const dnnl_memory_desc_t *in, *out;
  dnnl_primitive_desc_t described;
  dnnl_primitive_t primitive;
  GCUT_TRY(gcut__dnnl_check(dnnl_memory_get_memory_desc(from, &in), "asking for a layout", err));
  GCUT_TRY(gcut__dnnl_check(dnnl_memory_get_memory_desc(to, &out), "asking for a layout", err));
  GCUT_TRY(gcut__dnnl_check(
      dnnl_reorder_primitive_desc_create(&described, in, j->engine, out, j->engine, NULL),
      "describing a reorder", err));
  dnnl_status_t made = dnnl_primitive_create(&primitive, described);
  dnnl_primitive_desc_destroy(described);
  GCUT_TRY(gcut__dnnl_check(made, "making a reorder", err));
  dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
  gcut_status status = run(primitive, j->stream, 2, args, err);
  dnnl_primitive_destroy(primitive);
  return status;
}

void gcut__dnnl_unbind(gcut__dnnl_job *j) {
  for (int i = 0; i < j->n_args; i++) dnnl_memory_destroy(j->args[i].memory);
  j->n_args = 0;
}

void gcut__dnnl_finish(gcut__dnnl_job *j) {
  gcut__dnnl_unbind(j);
  dnnl_primitive_destroy(j->primitive);
  dnnl_primitive_desc_destroy(j->described);
  dnnl_stream_destroy(j->stream);
  dnnl_engine_destroy(j->engine);
}

dnnl_memory_desc_t gcut__dnnl_shape(int rank, const int64_t *dims, const int64_t *strides) {
  dnnl_memory_desc_t desc = {0};
  dnnl_dims_t sizes = {0}, steps = {0};
  for (int d = 0; d < rank; d++) sizes[d] = dims[d];
  for (int d = 0; strides && d < rank; d++) steps[d] = strides[d];
  // Cannot fail but for shapes that no tensor has; describing a primitive by it then does.
  (void)dnnl_memory_desc_init_by_strides(&desc, rank, sizes, dnnl_f32, strides ? steps : NULL);
  return desc;
}
