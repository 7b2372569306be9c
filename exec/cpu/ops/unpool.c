// MaxUnpool: elements go back to where their indices say, zeros elsewhere.
#include "exec/cpu/ops/kernels.h"
#include "tracer/base/checked.h"
#include "tracer/ops/pool.h"

// Where element `index` of a tensor of shape `from` lies in one of shape `to`; -1 where it does
// not.
static int64_t move_index(int rank, const int64_t *from, const int64_t *to, int64_t index) {
  int64_t place = 0, step = 1;
  for (int d = rank - 1; d >= 0; d--) {
    int64_t i = index % from[d];
    if (i >= to[d]) return -1;
    place += i * step;
    step *= to[d];
    index /= from[d];
  }
  return place;
}

// The indices count within the shape that the window tells; output_shape may add to it at the ends.
gcut_status gcut__cpu_max_unpool(gcut__cpu_call *c, gcut_error *err) {
  const gcut__unpool_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0], *y = c->outputs[0];
  const int64_t *indices = c->inputs[1]->data;
  size_t size = gcut_dtype_bits(x->type) / 8;
  gcut__window window;
  int64_t from[GCUT_MAX_RANK] = {x->dims[0], x->dims[1]};
  GCUT_TRY(gcut__window_read(&attrs->window, x->rank - 2, &window, err));
  gcut__unpool_sizes(NULL, &window, x->dims + 2, from + 2);
  uint64_t count;
  if (!gcut_checked_count(x->rank, from, &count))
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "the unpooled tensor is too large");
  if (y->count) memset(y->data, 0, y->bytes);
  for (uint64_t i = 0; i < x->count && y->count; i++) {
    if (indices[i] < 0 || (uint64_t)indices[i] >= count)
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "index %lld of %lld elements",
                            (long long)indices[i], (long long)count);
    int64_t at = move_index(x->rank, from, y->dims, indices[i]);
    if (at >= 0) memcpy((char *)y->data + (size_t)at * size, (char *)x->data + i * size, size);
  }
  return GCUT_OK;
}
