// Queries, keys and values of an attention as they lie: of rank 4 or 3, heads before rows or
// behind.
#ifndef GCUT_EXEC_CUDA_OPS_ATTEND_OPERANDS_H
#define GCUT_EXEC_CUDA_OPS_ATTEND_OPERANDS_H

#include "exec/cuda/ops/attend.h"
#include "exec/cuda/ops/shape.h"

// Queries, keys or values.
typedef struct gcut__cuda_attend_operand {
  gcut_type type; // [batch, heads, rows, size]
  gcut_dim dims[4];
  gcut__cuda_heads heads; // how they lie
} gcut__cuda_attend_operand;

// Strides of an operand in the job: q, k, v or y.
#define GCUT_CUDA_SET_HEADS(job, name, heads)                                                      \
  ((job)->name##_batch = (heads).batch, (job)->name##_head = (heads).head,                         \
   (job)->name##_row = (heads).row)

// Whether they have dimensions of their own to tell heads from rows.
bool gcut__cuda_operand_is_apart(const gcut__cuda_attend_operand *o);
// Operand i of the group, of rank 4, or of rank 3 with batch and heads as one; keys may have rows
// before heads. *read becomes what lies behind a Transpose that it takes in.
bool gcut__cuda_operand_of_group(gcut__cuda_matcher *m, const gcut_fused *group, uint32_t i,
                                 uint32_t *read, gcut__cuda_attend_operand *o);
// As the operator gets them: of rank 4, or [batch, rows, heads * size].
bool gcut__cuda_operand_of_input(gcut__cuda_attend_operand *o, const gcut_type *t, int64_t n_heads);
// Reads through what only moves heads; of rank 4. `repeated`: and what repeats them for groups of
// queries.
bool gcut__cuda_operand_behind(gcut__cuda_matcher *m, uint32_t *value, bool repeated,
                               gcut__cuda_attend_operand *o);
// Shapes and strides of queries, keys and values, o[3]; false where there is no kernel for them.
bool gcut__cuda_operands_job(gcut__cuda_attend_job *job, const gcut__cuda_attend_operand *o);
// Where the operator puts its result.
gcut__cuda_heads gcut__cuda_operator_result(const gcut__cuda_attend_operand *o);
// Results go where a Transpose of heads and rows would put them, where it alone reads them.
gcut__cuda_heads gcut__cuda_match_result(gcut__cuda_matcher *m, const gcut__cuda_attend_operand *o,
                                         gcut__cuda_fused *f);

#endif
