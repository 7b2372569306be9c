// The Scatter family: the data is copied, then updates are written or reduced into it in order, so
// that an index named twice gives the same bits every time.
//
// Reductions work on blocks of items that lie together in data and updates. float16 and bfloat16
// would round at every step, so they are accumulated in float: the data is widened as a whole,
// which leaves what no update touches exactly as it was.
#include "tracer/ops/scatter.h"

#include "exec/cpu/ops/elements.h"
#include "exec/cpu/ops/indices.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/ops/typed.h"

// ---- reductions -------------------------------------------------------------------------------

#define REDUCE(T, expression)                                                                      \
  for (size_t i = 0; i < n; i++) {                                                                 \
    T a = ((T *)to)[i], b = ((const T *)from)[i];                                                  \
    ((T *)to)[i] = (T)(expression);                                                                \
  }

// Add and multiply through `W`, unsigned where integers wrap. A NaN on either side stays.
#define REDUCE_BY(T, W)                                                                            \
  switch (reduction) {                                                                             \
  case GCUT__REDUCE_ADD: REDUCE(T, (W)a + (W)b) break;                                             \
  case GCUT__REDUCE_MUL: REDUCE(T, (W)a *(W)b) break;                                              \
  case GCUT__REDUCE_MAX: REDUCE(T, a != a || a > b ? a : b) break;                                 \
  default: REDUCE(T, a != a || a < b ? a : b) break;                                               \
  }                                                                                                \
  break;

// to[i] = to[i] reduced with from[i].
static void reduce_block(gcut__reduction reduction, gcut_dtype type, uint8_t *to,
                         const uint8_t *from, size_t n) {
  bool any = reduction == GCUT__REDUCE_ADD || reduction == GCUT__REDUCE_MAX;
  switch (type) {
  case GCUT_FLOAT: REDUCE_BY(float, float)
  case GCUT_DOUBLE: REDUCE_BY(double, double)
  case GCUT_INT8: REDUCE_BY(int8_t, uint32_t)
  case GCUT_INT16: REDUCE_BY(int16_t, uint32_t)
  case GCUT_INT32: REDUCE_BY(int32_t, uint32_t)
  case GCUT_INT64: REDUCE_BY(int64_t, uint64_t)
  case GCUT_UINT8: REDUCE_BY(uint8_t, uint32_t)
  case GCUT_UINT16: REDUCE_BY(uint16_t, uint32_t)
  case GCUT_UINT32: REDUCE_BY(uint32_t, uint32_t)
  case GCUT_UINT64: REDUCE_BY(uint64_t, uint64_t)
  default: // bool
    for (size_t i = 0; i < n; i++) to[i] = any ? to[i] || from[i] : to[i] && from[i];
  }
}

// What updates are written into: the output's elements, or floats in its place.
typedef struct target {
  gcut__reduction reduction;
  gcut_dtype type; // of the items
  gcut__elements items, updates;
  bool widened;
} target;

static gcut_status widen(gcut__cpu_call *c, const gcut_tensor *x, gcut__elements *out,
                         gcut_error *err) {
  *out = (gcut__elements){gcut_arena_alloc(c->scratch, x->count, sizeof(float)), sizeof(float)};
  if (!out->data) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory for scratch");
  const uint16_t *from = x->data;
  float *to = (float *)out->data;
  for (uint64_t i = 0; i < x->count; i++)
    to[i] = x->type == GCUT_FLOAT16 ? gcut_from_float16(from[i]) : gcut_from_bfloat16(from[i]);
  return GCUT_OK;
}

// Copies the data of input 0 to where input 2 will be written.
static gcut_status open_target(gcut__cpu_call *c, gcut__reduction reduction, target *t,
                               gcut_error *err) {
  const gcut_tensor *x = c->inputs[0], *updates = c->inputs[2];
  gcut__elements from;
  *t = (target){.reduction = reduction, .type = x->type};
  t->widened =
      reduction != GCUT__REDUCE_NONE && (x->type == GCUT_FLOAT16 || x->type == GCUT_BFLOAT16);
  if (t->widened) {
    t->type = GCUT_FLOAT;
    GCUT_TRY(widen(c, x, &t->items, err));
    return widen(c, updates, &t->updates, err);
  }
  GCUT_TRY(gcut__elements_read(c, x, &from, err));
  GCUT_TRY(gcut__elements_read(c, updates, &t->updates, err));
  GCUT_TRY(gcut__elements_write(c, c->outputs[0], &t->items, err));
  if (x->count > 0) memcpy(t->items.data, from.data, x->count * from.size);
  return GCUT_OK;
}

static void write_items(const target *t, int64_t to, int64_t from, size_t n) {
  uint8_t *at = t->items.data + (size_t)to * t->items.size;
  const uint8_t *update = t->updates.data + (size_t)from * t->items.size;
  if (t->reduction == GCUT__REDUCE_NONE)
    memcpy(at, update, n * t->items.size);
  else
    reduce_block(t->reduction, t->type, at, update, n);
}

static gcut_status close_target(gcut__cpu_call *c, const target *t, gcut_error *err) {
  gcut_tensor *y = c->outputs[0];
  if (!t->widened) return gcut__elements_store(c, &t->items, y, err);
  const float *from = (const float *)t->items.data;
  uint16_t *to = y->data;
  for (uint64_t i = 0; i < y->count; i++)
    to[i] = y->type == GCUT_FLOAT16 ? gcut_to_float16(from[i]) : gcut_to_bfloat16(from[i]);
  return GCUT_OK;
}

// ---- kernels ----------------------------------------------------------------------------------

gcut_status gcut__cpu_scatter_elements(gcut__cpu_call *c, gcut_error *err) {
  const gcut__scatter_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0], *shape = c->inputs[1];
  const int64_t *indices;
  int64_t strides[GCUT_MAX_RANK], index[GCUT_MAX_RANK] = {0};
  uint64_t n;
  target t;
  int axis = (int)(attrs->axis < 0 ? attrs->axis + x->rank : attrs->axis);
  GCUT_TRY(gcut__indices_within(c, 1, x->dims[axis], &indices, &n, err));
  if (!c->outputs[0]) return GCUT_OK;
  GCUT_TRY(open_target(c, gcut__reduction_of(attrs), &t, err));
  gcut__packed_strides(x->rank, x->dims, strides);
  for (uint64_t k = 0; k < n; k++) {
    int64_t to = indices[k] * strides[axis];
    for (int d = 0; d < x->rank; d++) to += d == axis ? 0 : index[d] * strides[d];
    write_items(&t, to, (int64_t)k, 1);
    for (int d = x->rank - 1; d >= 0 && ++index[d] == shape->dims[d]; d--) index[d] = 0;
  }
  return close_target(c, &t, err);
}

gcut_status gcut__cpu_scatter(gcut__cpu_call *c, gcut_error *err) {
  return gcut__cpu_scatter_elements(c, err);
}

gcut_status gcut__cpu_scatter_nd(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0], *indices = c->inputs[1], *updates = c->inputs[2];
  target t;
  if (!c->outputs[0]) return GCUT_OK;
  GCUT_TRY(open_target(c, gcut__reduction_of(c->attrs), &t, err));
  int depth = (int)indices->dims[indices->rank - 1];
  int64_t row = gcut__product(x->dims, depth, x->rank);
  const int64_t *tuple = indices->data;
  for (int64_t from = 0; (uint64_t)from < updates->count; from += row, tuple += depth) {
    int64_t place = 0;
    GCUT_TRY(gcut__place_of(c, tuple, depth, x->dims, &place, err));
    write_items(&t, place * row, from, (size_t)row);
  }
  return close_target(c, &t, err);
}

// The place of an update's first position in its sample's cache.
static gcut_status first_position(const gcut__cpu_call *c, int64_t sample, int64_t room,
                                  int64_t length, bool circular, int64_t *out, gcut_error *err) {
  int64_t at = gcut__cpu_has(c, 2) ? ((const int64_t *)c->inputs[2]->data)[sample] : 0;
  if (circular && room > 0) at = (at % room + room) % room;
  if (at < 0 || (!circular && at > room - length))
    return gcut__cpu_fail(c, GCUT_FORMAT, err,
                          "%lld positions written from %lld on in a cache of "
                          "%lld",
                          (long long)length, (long long)at, (long long)room);
  *out = at;
  return GCUT_OK;
}

gcut_status gcut__cpu_tensor_scatter(gcut__cpu_call *c, gcut_error *err) {
  const gcut__tensor_scatter_attrs *attrs = c->attrs;
  const gcut_tensor *cache = c->inputs[0], *update = c->inputs[1];
  gcut_tensor *y = c->outputs[0];
  gcut__elements from, news, to;
  if (!y) return GCUT_OK;
  int axis = (int)(attrs->axis < 0 ? attrs->axis + cache->rank : attrs->axis);
  bool circular = gcut__tensor_scatter_is_circular(attrs);
  int64_t room = cache->dims[axis], length = update->dims[axis];
  int64_t inner = gcut__product(cache->dims, axis + 1, cache->rank);
  int64_t each = gcut__product(cache->dims, 1, axis);
  GCUT_TRY(gcut__elements_read(c, cache, &from, err));
  GCUT_TRY(gcut__elements_read(c, update, &news, err));
  GCUT_TRY(gcut__elements_write(c, y, &to, err));
  size_t row = (size_t)inner * to.size;
  if (y->count > 0) memcpy(to.data, from.data, y->count * to.size);
  for (int64_t prefix = 0; update->count > 0 && prefix < cache->dims[0] * each; prefix++) {
    int64_t at = 0;
    GCUT_TRY(first_position(c, prefix / each, room, length, circular, &at, err));
    for (int64_t s = 0; s < length; s++)
      memcpy(to.data + (size_t)(prefix * room + (at + s) % room) * row,
             news.data + (size_t)(prefix * length + s) * row, row);
  }
  return gcut__elements_store(c, &to, y, err);
}
