// RotaryEmbedding of ai.onnx and com.microsoft.
#include "tracer/ops/rotary.h"

#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/rotary.h"

// Heads as they lie: [batch, heads, length, size] or [batch, length, heads * size].
static bool fill_heads(gcut__cuda_turn_job *job, const gcut_type *in, int64_t num_heads) {
  bool apart = in->rank == 4;
  if ((in->rank != 3 && !apart) || job->half == 0) return false;
  job->batch = in->dims[0];
  job->length = in->dims[in->rank - 2];
  job->heads = apart ? in->dims[1] : num_heads > 0 ? num_heads : in->dims[2] / (2 * job->half);
  if (job->heads == 0) return false;
  job->size = apart ? in->dims[3] : in->dims[2] / job->heads;
  job->s_batch = job->heads * job->length * job->size;
  job->s_head = apart ? job->length * job->size : job->size;
  job->s_row = apart ? job->size : job->heads * job->size;
  return true;
}

// Inputs by their places: they differ between the domains.
static gcut_status compile_turn(const gcut__cuda_compile *c, uint32_t cosine, uint32_t sine,
                                uint32_t ids, gcut_error *err) {
  const gcut_rotary_attrs *attrs = c->node->attrs;
  const gcut_type *in = gcut__cuda_input_type(c, 0), *table = gcut__cuda_input_type(c, cosine),
                  *other = gcut__cuda_input_type(c, sine), *where = gcut__cuda_input_type(c, ids);
  const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_turn_job, x, 0),
                                         GCUT_CUDA_IN(gcut__cuda_turn_job, cosine, cosine),
                                         GCUT_CUDA_IN(gcut__cuda_turn_job, sine, sine),
                                         GCUT_CUDA_IN(gcut__cuda_turn_job, ids, ids),
                                         GCUT_CUDA_OUT(gcut__cuda_turn_job, y, 0),
                                         {GCUT_CUDA_FAULT, offsetof(gcut__cuda_turn_job, fault)}};
  gcut__cuda_turn_job job = {.half = table->dims[table->rank - 1],
                             .type = in->type,
                             .interleaved = attrs->interleaved != 0,
                             .from_first = where && where->rank == 1,
                             .node = c->number};
  if (!gcut__cuda_is_float(in) || table->type != in->type || other->type != in->type ||
      (where && where->type != GCUT_INT64) || !fill_heads(&job, in, attrs->num_heads))
    return GCUT_OK;
  job.positions = (int64_t)gcut__cuda_count(table) / job.half;
  return GCUT_CUDA_PLAIN(c, "gcut_turn", &job,
                         (uint64_t)(job.batch * job.length * job.heads * job.size), 0, pointers,
                         err);
}

gcut_status gcut__cuda_compile_rotary(const gcut__cuda_compile *c, gcut_error *err) {
  return compile_turn(c, 1, 2, 3, err);
}
gcut_status gcut__cuda_compile_microsoft_rotary(const gcut__cuda_compile *c, gcut_error *err) {
  return compile_turn(c, 2, 3, 1, err);
}
