// ReverseSequence: of each sequence the first `length` steps come last first, the rest as it was.
#include "tracer/ops/reverse.h"

#include "exec/cpu/ops/elements.h"
#include "exec/cpu/ops/kernels.h"

gcut_status gcut__cpu_reverse_sequence(gcut__cpu_call *c, gcut_error *err) {
  const gcut__reverse_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  const int64_t *lengths = c->inputs[1]->data;
  gcut_tensor *y = c->outputs[0];
  gcut__elements from, to;
  int64_t batches = x->dims[attrs->batch_axis], steps = x->dims[attrs->time_axis];
  for (int64_t b = 0; b < batches; b++)
    if (lengths[b] < 0 || lengths[b] > steps)
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "sequence %lld has %lld of %lld steps",
                            (long long)b, (long long)lengths[b], (long long)steps);
  if (y->count == 0) return GCUT_OK;
  GCUT_TRY(gcut__elements_read(c, x, &from, err));
  GCUT_TRY(gcut__elements_write(c, y, &to, err));
  size_t row = x->count / (uint64_t)(batches * steps) * to.size;
  for (int64_t b = 0; b < batches; b++)
    for (int64_t t = 0; t < steps; t++) {
      int64_t s = t < lengths[b] ? lengths[b] - 1 - t : t;
      bool batch_first = attrs->batch_axis == 0;
      size_t at = (size_t)(batch_first ? b * steps + t : t * batches + b);
      size_t source = (size_t)(batch_first ? b * steps + s : s * batches + b);
      memcpy(to.data + at * row, from.data + source * row, row);
    }
  return gcut__elements_store(c, &to, y, err);
}
