// RotaryEmbedding of ai.onnx and com.microsoft: one head of one token at a time.
#include "exec/cpu/ops/rotary.h"

#include <inttypes.h>

#include "exec/cpu/ops/attend.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/widen.h"
#include "tracer/ops/rotary.h"

void gcut__rotate(const float *x, float *y, const float *cosine, const float *sine, int64_t size,
                  int64_t half, bool interleaved) {
  int64_t step = interleaved ? 2 : 1, apart = interleaved ? 1 : half;
  for (int64_t i = 0; i < half; i++) {
    float a = x[i * step], b = x[i * step + apart];
    y[i * step] = cosine[i] * a - sine[i] * b;
    y[i * step + apart] = sine[i] * a + cosine[i] * b;
  }
  for (int64_t i = 2 * half; i < size; i++) y[i] = x[i];
}

typedef struct rotation {
  gcut__strided4 x;
  int64_t batch, heads, length, size, half;
  const float *cosine, *sine;
  const int64_t *ids; // or NULL: a row of cosines a token
  bool from_first;    // ids[0] is the position of the first token
  int64_t positions;  // rows of cosines
} rotation;

// The row of cosines of a token, or -1 where its position has none.
static int64_t row_of(const rotation *r, int64_t batch, int64_t token) {
  int64_t row = batch * r->length + token;
  if (!r->ids && r->positions == r->length) row = token; // one row a token for all samples
  if (r->ids && r->from_first && __builtin_add_overflow(r->ids[0], token, &row)) return -1;
  if (r->ids && !r->from_first) row = r->ids[row];
  return row >= 0 && row < r->positions ? row : -1;
}

static gcut_status rotate_all(gcut__cpu_call *c, const rotation *r, float *y, bool interleaved,
                              gcut_error *err) {
  const float *x = r->x.data;
  for (int64_t b = 0; b < r->batch; b++)
    for (int64_t t = 0; t < r->length; t++) {
      int64_t row = row_of(r, b, t);
      if (row < 0)
        return gcut__cpu_fail(c, GCUT_FORMAT, err,
                              "position of token %" PRId64 " of sample %" PRId64
                              " is outside the %" PRId64 " cosines",
                              t, b, r->positions);
      for (int64_t h = 0; h < r->heads; h++) {
        int64_t at = b * r->x.batch + h * r->x.head + t * r->x.row;
        gcut__rotate(x + at, y + at, r->cosine + row * r->half, r->sine + row * r->half, r->size,
                     r->half, interleaved);
      }
    }
  return GCUT_OK;
}

// Inputs by their places: they differ between the domains. ids: an input, or GCUT_NONE.
static gcut_status rotary(gcut__cpu_call *c, uint32_t cosine, uint32_t sine, uint32_t ids,
                          gcut_error *err) {
  const gcut__rotary_attrs *attrs = c->attrs;
  const gcut_tensor *in = c->inputs[0], *table = c->inputs[cosine];
  rotation r = {.batch = in->dims[0], .length = in->dims[in->rank - 2]};
  const float *x;
  float *y;
  GCUT_TRY(gcut__input_float(c, 0, &x, err));
  GCUT_TRY(gcut__input_float(c, cosine, &r.cosine, err));
  GCUT_TRY(gcut__input_float(c, sine, &r.sine, err));
  GCUT_TRY(gcut__output_float(c, 0, &y, err));
  if (in->count == 0) return GCUT_OK;
  r.half = table->dims[table->rank - 1];
  r.positions = r.half ? (int64_t)table->count / r.half : 0;
  if (ids != GCUT_NONE) r.ids = c->inputs[ids]->data, r.from_first = c->inputs[ids]->rank == 1;
  r.heads = in->rank == 4          ? in->dims[1]
            : attrs->num_heads > 0 ? attrs->num_heads
                                   : in->dims[2] / (2 * r.half);
  r.size = in->rank == 4 ? in->dims[3] : in->dims[2] / r.heads;
  r.x = in->rank == 4 ? gcut__strided_heads(x, r.heads, r.length, r.size)
                      : gcut__strided_packed(x, r.heads, r.length, r.size);
  GCUT_TRY(rotate_all(c, &r, y, attrs->interleaved != 0, err));
  gcut__finish_float(c, 0, y);
  return GCUT_OK;
}

gcut_status gcut__cpu_rotary_embedding(gcut__cpu_call *c, gcut_error *err) {
  return rotary(c, 1, 2, gcut__cpu_has(c, 3) ? 3 : GCUT_NONE, err);
}
gcut_status gcut__cpu_microsoft_rotary_embedding(gcut__cpu_call *c, gcut_error *err) {
  return rotary(c, 2, 3, 1, err);
}
