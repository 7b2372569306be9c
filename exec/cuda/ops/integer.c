// MatMulInteger and ConvInteger: one kernel, which reads a convolution's columns through its
// window.
#include "exec/cuda/ops/integer.h"

#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/fill_window.h"
#include "tracer/ops/conv.h"

static gcut_status compile(const gcut__cuda_compile *c, const gcut__cuda_integer_job *job,
                           const gcut__cuda_pointer *pointers, size_t n, gcut_error *err) {
  int64_t tile = GCUT_CUDA_INTEGER_TILE,
          tiles = job->batch * ((job->m + tile - 1) / tile) * ((job->n + tile - 1) / tile);
  return gcut__cuda_plain(c, "gcut_integer_product", job, sizeof *job, (uint64_t)tiles,
                          GCUT_CUDA_INTEGER_THREADS, pointers, n, err);
}

// ---- matrices -----------------------------------------------------------------------------------

// One zero point, one a line of the one matrix, or one a line of each; false for anything else.
static bool set_zero(gcut__cuda_integer_operand *x, const gcut_type *zero, int64_t lines,
                     int64_t batch) {
  int64_t count = zero ? (int64_t)gcut__cuda_count(zero) : 1;
  if (count == 1) return true;
  x->zero_line = 1;
  x->zero_batch = count == lines ? 0 : lines;
  return count == lines * (x->zero_batch ? batch : 1);
}

// Batches that are alike, or those of a times one matrix b.
static bool set_batch(gcut__cuda_integer_job *job, const gcut_type *a, const gcut_type *b) {
  job->batch = gcut__cuda_matrices(a);
  if (gcut__cuda_matrices(b) != 1 && (a->rank != b->rank || gcut__cuda_matrices(b) != job->batch))
    return false;
  for (int d = 0; gcut__cuda_matrices(b) != 1 && d + 2 < a->rank; d++)
    if (a->dims[d] != b->dims[d]) return false;
  job->a_period = job->batch;
  job->a.batch = job->m * job->k;
  job->b.batch = gcut__cuda_matrices(b) == 1 ? 0 : job->k * job->n;
  return job->batch > 0 && job->m > 0 && job->n > 0;
}

gcut_status gcut__cuda_compile_matmul_integer(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut_type *a = gcut__cuda_input_type(c, 0), *b = gcut__cuda_input_type(c, 1);
  static const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_integer_job, a.data, 0),
                                                GCUT_CUDA_IN(gcut__cuda_integer_job, b.data, 1),
                                                GCUT_CUDA_IN(gcut__cuda_integer_job, a.zero, 2),
                                                GCUT_CUDA_IN(gcut__cuda_integer_job, b.zero, 3),
                                                GCUT_CUDA_OUT(gcut__cuda_integer_job, y, 0)};
  if (a->rank < 2 || b->rank < 2) return GCUT_OK;
  int64_t m = a->dims[a->rank - 2], k = a->dims[a->rank - 1], n = b->dims[b->rank - 1];
  gcut__cuda_integer_job job = {
      .m = m,
      .n = n,
      .k = k,
      .a = {.row = k, .column = 1, .is_signed = a->type == GCUT_INT8},
      .b = {.row = n, .column = 1, .is_signed = b->type == GCUT_INT8},
  };
  if (!set_batch(&job, a, b) || !set_zero(&job.a, gcut__cuda_input_type(c, 2), m, job.batch) ||
      !set_zero(&job.b, gcut__cuda_input_type(c, 3), n, job.batch))
    return GCUT_OK;
  return compile(c, &job, pointers, sizeof pointers / sizeof *pointers, err);
}

// ---- convolutions: the weights [groups][out][depth] times columns ------------------------------

gcut_status gcut__cuda_compile_conv_integer(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__conv_attrs *attrs = c->node->attrs;
  const gcut_type *x = gcut__cuda_input_type(c, 0), *w = gcut__cuda_input_type(c, 1),
                  *y = gcut__cuda_output_type(c, 0), *zero = gcut__cuda_input_type(c, 3);
  static const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_integer_job, b.data, 0),
                                                GCUT_CUDA_IN(gcut__cuda_integer_job, a.data, 1),
                                                GCUT_CUDA_IN(gcut__cuda_integer_job, b.zero, 2),
                                                GCUT_CUDA_IN(gcut__cuda_integer_job, a.zero, 3),
                                                GCUT_CUDA_OUT(gcut__cuda_integer_job, y, 0)};
  gcut__window window;
  gcut__cuda_integer_job job = {.convolves = 1};
  if (gcut__cuda_count(y) == 0 || gcut__cuda_count(w) == 0 || x->rank > GCUT_CUDA_WINDOW_DIMS + 2)
    return GCUT_OK;
  GCUT_TRY(gcut__window_read(&attrs->window, x->rank - 2, &window, err));
  memcpy(window.kernel, w->dims + 2, (size_t)window.n * sizeof *window.kernel);
  gcut__window_place(&window, x->dims + 2, y->dims + 2);
  if (!gcut__cuda_fill_window(&job.window, &window, x->dims + 2, y->dims + 2)) return GCUT_OK;
  job.m = w->dims[0] / attrs->group;
  job.n = job.window.n_near;
  job.k = w->dims[1] * job.window.n_kernel;
  job.batch = x->dims[0] * attrs->group;
  job.a_period = attrs->group;
  bool each = zero && gcut__cuda_count(zero) > 1; // a zero point for each channel that it makes
  job.a = (gcut__cuda_integer_operand){.row = job.k,
                                       .column = 1,
                                       .batch = job.m * job.k,
                                       .zero_line = each,
                                       .zero_batch = each ? job.m : 0,
                                       .is_signed = w->type == GCUT_INT8};
  job.b = (gcut__cuda_integer_operand){.batch = w->dims[1] * job.window.n_far,
                                       .is_signed = x->type == GCUT_INT8};
  return compile(c, &job, pointers, sizeof pointers / sizeof *pointers, err);
}
