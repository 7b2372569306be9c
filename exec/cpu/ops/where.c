// Where: moves elements by their size, whatever their type.
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"

typedef struct uint128 {
  uint64_t low, high;
} uint128;

// A row of the walk: operands are output, condition, x, y. The usual steps get loops of their own,
// which compilers turn into vector code.
#define SELECT(name, type)                                                                         \
  static void name(const gcut__walk *w, void *to, const uint8_t *conditions, const void *from_x,   \
                   const void *from_y) {                                                           \
    type *restrict out = (type *)to + w->offsets[0];                                               \
    const uint8_t *restrict c = conditions + w->offsets[1];                                        \
    const type *restrict x = (const type *)from_x + w->offsets[2];                                 \
    const type *restrict y = (const type *)from_y + w->offsets[3];                                 \
    int64_t n = w->inner, step_c = w->steps[1], step_x = w->steps[2], step_y = w->steps[3];        \
    if (step_c == 1 && step_x == 1 && step_y == 1)                                                 \
      for (int64_t k = 0; k < n; k++) out[k] = c[k] ? x[k] : y[k];                                 \
    else if (step_c == 1 && step_x == 0 && step_y == 1)                                            \
      for (int64_t k = 0; k < n; k++) out[k] = c[k] ? x[0] : y[k];                                 \
    else if (step_c == 1 && step_x == 1 && step_y == 0)                                            \
      for (int64_t k = 0; k < n; k++) out[k] = c[k] ? x[k] : y[0];                                 \
    else                                                                                           \
      for (int64_t k = 0; k < n; k++) out[k] = c[k * step_c] ? x[k * step_x] : y[k * step_y];      \
  }
SELECT(select_1, uint8_t)
SELECT(select_2, uint16_t)
SELECT(select_4, uint32_t)
SELECT(select_8, uint64_t)
SELECT(select_16, uint128)
#undef SELECT

static gcut_status select_strings(const gcut__walk *w, gcut_tensor *out, const uint8_t *conditions,
                                  const gcut_string *x, const gcut_string *y, gcut_error *err) {
  for (int64_t k = 0; k < w->inner; k++) {
    bool first = conditions[w->offsets[1] + k * w->steps[1]];
    const gcut_string *s =
        first ? &x[w->offsets[2] + k * w->steps[2]] : &y[w->offsets[3] + k * w->steps[3]];
    GCUT_TRY(gcut_tensor_set_string(out, (uint64_t)(w->offsets[0] + k), s->data, s->size, err));
  }
  return GCUT_OK;
}

static gcut_status select_row(const gcut__walk *w, gcut__cpu_call *c, gcut_error *err) {
  gcut_tensor *out = c->outputs[0];
  const uint8_t *conditions = c->inputs[0]->data;
  const void *x = c->inputs[1]->data, *y = c->inputs[2]->data;
  if (out->type == GCUT_STRING) return select_strings(w, out, conditions, x, y, err);
  switch (gcut_dtype_bits(out->type)) {
  case 8: select_1(w, out->data, conditions, x, y); return GCUT_OK;
  case 16: select_2(w, out->data, conditions, x, y); return GCUT_OK;
  case 32: select_4(w, out->data, conditions, x, y); return GCUT_OK;
  case 64: select_8(w, out->data, conditions, x, y); return GCUT_OK;
  case 128: select_16(w, out->data, conditions, x, y); return GCUT_OK;
  default: return gcut__cpu_type_unsupported(c, out->type, err);
  }
}

gcut_status gcut__cpu_where(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *y = c->outputs[0];
  gcut__walk *walk;
  GCUT_TRY(gcut__walk_create(c->scratch, y->rank, y->dims, 4, &walk, err));
  gcut__walk_broadcast(walk, 0, y->rank, y->dims);
  for (uint32_t i = 0; i < 3; i++)
    gcut__walk_broadcast(walk, i + 1, c->inputs[i]->rank, c->inputs[i]->dims);
  for (bool more = gcut__walk_start(walk); more; more = gcut__walk_next(walk))
    GCUT_TRY(select_row(walk, c, err));
  return GCUT_OK;
}
