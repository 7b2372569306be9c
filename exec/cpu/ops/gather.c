// The Gather family. Every index is checked before anything is read through it.
//
// Rows of a large table lie far from one another, mostly on pages that nobody has touched yet: a
// few threads wait for them side by side.
#include "tracer/ops/gather.h"

#include <pthread.h>

#include "exec/cpu/ops/copy.h"
#include "exec/cpu/ops/elements.h"
#include "exec/cpu/ops/indices.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"

// ---- rows -------------------------------------------------------------------------------------

enum { HELPERS = 3, PIECE = 256 << 10, WORTH_A_HELPER = 1 << 20 }; // the latter bytes

typedef struct rows {
  uint8_t *to;
  const uint8_t *from;
  const int64_t *indices; // [n]
  uint64_t n, next;       // next: atomic, the first row that nobody took
  size_t bytes;           // of a row
} rows;

static void *copy_pieces(void *argument) {
  rows *r = argument;
  uint64_t piece = PIECE / r->bytes + 1;
  for (uint64_t at; (at = __atomic_fetch_add(&r->next, piece, __ATOMIC_RELAXED)) < r->n;)
    for (uint64_t k = at; k < r->n && k < at + piece; k++)
      memcpy(r->to + k * r->bytes, r->from + (size_t)r->indices[k] * r->bytes, r->bytes);
  return NULL;
}

static void copy_picked(rows r) {
  pthread_t helpers[HELPERS];
  uint32_t n = 0;
  while (n < HELPERS && n + 1 < r.n * r.bytes / WORTH_A_HELPER &&
         pthread_create(&helpers[n], NULL, copy_pieces, &r) == 0)
    n++;
  copy_pieces(&r);
  while (n-- > 0) pthread_join(helpers[n], NULL);
}

// ---- operators --------------------------------------------------------------------------------

gcut_status gcut__cpu_gather(gcut__cpu_call *c, gcut_error *err) {
  const gcut__gather_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  gcut__elements from, to;
  const int64_t *indices;
  uint64_t n;
  int axis = (int)(attrs->axis < 0 ? attrs->axis + x->rank : attrs->axis);
  GCUT_TRY(gcut__indices_within(c, 1, x->dims[axis], &indices, &n, err));
  if (!y || y->count == 0) return GCUT_OK;
  GCUT_TRY(gcut__elements_read(c, x, &from, err));
  GCUT_TRY(gcut__elements_write(c, y, &to, err));
  int64_t outer = gcut__product(x->dims, 0, axis);
  size_t row = (size_t)gcut__product(x->dims, axis + 1, x->rank) * to.size;
  size_t slab = row * (size_t)x->dims[axis];
  uint8_t *at = to.data;
  for (int64_t o = 0; o < outer; o++, at += n * row) {
    const uint8_t *base = from.data + (size_t)o * slab;
    if (row == to.size) {
      gcut__pick(to.size, at, base, indices, n);
      continue;
    }
    copy_picked((rows){.to = at, .from = base, .indices = indices, .n = n, .bytes = row});
  }
  return gcut__elements_store(c, &to, y, err);
}

// Walks the indices row by row along the last axis; each row reads from one row of the data, or,
// where the last axis is the one picked along, from within it.
gcut_status gcut__cpu_gather_elements(gcut__cpu_call *c, gcut_error *err) {
  const gcut__gather_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  gcut__elements from, to;
  const int64_t *indices;
  int64_t strides[GCUT_MAX_RANK], index[GCUT_MAX_RANK] = {0};
  uint64_t n;
  int axis = (int)(attrs->axis < 0 ? attrs->axis + x->rank : attrs->axis), last = x->rank - 1;
  GCUT_TRY(gcut__indices_within(c, 1, x->dims[axis], &indices, &n, err));
  if (!y || n == 0) return GCUT_OK;
  GCUT_TRY(gcut__elements_read(c, x, &from, err));
  GCUT_TRY(gcut__elements_write(c, y, &to, err));
  gcut__packed_strides(x->rank, x->dims, strides);
  int64_t row = y->dims[last], *offsets = GCUT_NEW_ARRAY(c->scratch, int64_t, (size_t)row);
  if (!offsets) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory for indices");
  for (uint64_t at = 0; at < n; at += (uint64_t)row) {
    int64_t base = 0;
    for (int d = 0; d < last; d++) base += d == axis ? 0 : index[d] * strides[d];
    for (int64_t i = 0; i < row; i++)
      offsets[i] = base + indices[at + (uint64_t)i] * strides[axis] + (axis == last ? 0 : i);
    gcut__pick(to.size, to.data + at * to.size, from.data, offsets, (uint64_t)row);
    for (int d = last - 1; d >= 0 && ++index[d] == y->dims[d]; d--) index[d] = 0;
  }
  return gcut__elements_store(c, &to, y, err);
}

gcut_status gcut__cpu_gather_nd(gcut__cpu_call *c, gcut_error *err) {
  const gcut__gather_nd_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0], *indices = c->inputs[1];
  gcut_tensor *y = c->outputs[0];
  gcut__elements from, to;
  int batch = (int)attrs->batch_dims, depth = (int)indices->dims[indices->rank - 1];
  if (!y || y->count == 0) return GCUT_OK;
  GCUT_TRY(gcut__elements_read(c, x, &from, err));
  GCUT_TRY(gcut__elements_write(c, y, &to, err));
  const int64_t *dims = x->dims + batch;
  int64_t n_batches = gcut__product(x->dims, 0, batch),
          slab = gcut__product(dims, 0, x->rank - batch);
  size_t row = (size_t)gcut__product(dims, depth, x->rank - batch) * to.size;
  int64_t tuples = gcut__product(indices->dims, batch, indices->rank - 1);
  const int64_t *tuple = indices->data;
  uint8_t *at = to.data;
  for (int64_t b = 0; b < n_batches; b++)
    for (int64_t k = 0; k < tuples; k++, tuple += depth, at += row) {
      int64_t place = 0;
      GCUT_TRY(gcut__place_of(c, tuple, depth, dims, &place, err));
      memcpy(at, from.data + (size_t)b * (size_t)slab * to.size + (size_t)place * row, row);
    }
  return gcut__elements_store(c, &to, y, err);
}
