// GroupQueryAttention of com.microsoft.
//
// Each sample has its own number of keys, seqlens_k + 1, of which the last ones are the new tokens
// (in a prompt: the first ones; what follows is padding). The new keys are turned by their
// positions and laid behind the past in the present cache, and that is attended to.
#include <math.h>

#include "exec/cpu/ops/attend.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/rotary.h"
#include "exec/cpu/ops/widen.h"
#include "tracer/ops/microsoft_attention.h"

typedef struct group_query {
  const gcut_group_query_attrs *attrs;
  int64_t batch, heads, kv_heads, queries, head, total, capacity; // capacity: of the present cache
  int64_t past_capacity;                                          // of the past cache
  const int32_t *lengths;                                         // [batch]: keys less one
  bool prompt;
  const float *cosine, *sine; // [positions, half], or NULL
  int64_t positions, half;
  const int64_t *ids;               // [batch, queries], or NULL
  const float *bias;                // added to scores, or NULL
  int64_t bias_batch, bias_head;    // its strides
  const float *q_weight, *k_weight; // of the norms before the rotation, or NULL
} group_query;

// Keys that a sample had before the new ones.
static int64_t past_of(const group_query *g, int64_t b) {
  int64_t past = g->prompt ? 0 : g->lengths[b] + 1 - g->queries;
  return past > 0 ? past : 0;
}

// -1 where it is none.
static int64_t position_of(const group_query *g, int64_t b, int64_t token) {
  if (!g->ids) return past_of(g, b) + token;
  if (!g->prompt) return g->ids[b * g->queries + token];
  return g->ids[0] < 0 || g->ids[0] > g->positions ? -1 : g->ids[0] + token;
}

// Brings a head to root mean square 1, scaled by weight[head].
static void normalize(const group_query *g, const float *weight, float *x) {
  double sum = 0;
  for (int64_t d = 0; d < g->head; d++) sum += (double)x[d] * (double)x[d];
  double inverse = 1 / sqrt(sum / (double)g->head + (double)g->attrs->qk_norm_epsilon);
  for (int64_t d = 0; d < g->head; d++) x[d] = (float)((double)x[d] * inverse) * weight[d];
}

static gcut_status turn(gcut_cpu_call *c, const group_query *g, int64_t b, int64_t token,
                        const float *weight, float *x, gcut_error *err) {
  if (weight) normalize(g, weight, x);
  if (!g->cosine) return GCUT_OK;
  int64_t at = position_of(g, b, token);
  bool padding = g->prompt && token > g->lengths[b];
  if (padding && at >= g->positions) return GCUT_OK; // nobody looks at it
  if (at < 0 || at >= g->positions)
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "position %lld of the %lld cosines", (long long)at,
                          (long long)g->positions);
  gcut__rotate(x, x, g->cosine + at * g->half, g->sine + at * g->half, g->head, g->half,
               g->attrs->rotary_interleaved != 0);
  return GCUT_OK;
}

// Queries as [batch][heads][queries][head], turned.
static gcut_status prepare_queries(gcut_cpu_call *c, const group_query *g, gcut_strided4 from,
                                   float *q, gcut_error *err) {
  for (int64_t b = 0; b < g->batch; b++)
    for (int64_t h = 0; h < g->heads; h++)
      for (int64_t t = 0; t < g->queries; t++, q += g->head) {
        const float *x = (const float *)from.data + b * from.batch + h * from.head + t * from.row;
        memcpy(q, x, (size_t)g->head * sizeof *q);
        GCUT_TRY(turn(c, g, b, t, g->q_weight, q, err));
      }
  return GCUT_OK;
}

// present [batch][kv_heads][capacity][head] = past rows, then new ones (turned where they are
// keys), then zeros.
static gcut_status fill_cache(gcut_cpu_call *c, const group_query *g, gcut_strided4 from,
                              const float *past, bool keys, float *present, gcut_error *err) {
  size_t row = (size_t)g->head * sizeof *present;
  for (int64_t b = 0; b < g->batch; b++)
    for (int64_t h = 0; h < g->kv_heads; h++) {
      int64_t head = b * g->kv_heads + h, n = past_of(g, b);
      float *to = present + head * g->capacity * g->head;
      if (past && n > 0) memcpy(to, past + head * g->past_capacity * g->head, (size_t)n * row);
      for (int64_t t = 0; t < g->queries; t++) {
        const float *x = (const float *)from.data + b * from.batch + h * from.head + t * from.row;
        float *y = to + (n + t) * g->head;
        memcpy(y, x, row);
        if (keys) GCUT_TRY(turn(c, g, b, t, g->k_weight, y, err));
      }
      int64_t used = n + g->queries;
      memset(to + used * g->head, 0, (size_t)(g->capacity - used) * row);
    }
  return GCUT_OK;
}

static void group_bias(const void *context, int64_t b, int64_t head, int64_t i, double *row,
                       int64_t *low, int64_t *high) {
  const group_query *g = context;
  int64_t at = past_of(g, b) + i, window = g->attrs->local_window_size;
  *high = g->lengths[b] + 1;
  if (g->attrs->causal && at + 1 < *high) *high = at + 1;
  if (window >= 0 && at - window + 1 > *low) *low = at - window + 1;
  if (*low > *high) *low = *high;
  const float *bias = g->bias;
  if (bias) bias += b * g->bias_batch + head * g->bias_head + i * g->total;
  for (int64_t j = *low; j < *high; j++) row[j] = bias ? (double)bias[j] : 0;
}

static gcut_status read_group(gcut_cpu_call *c, group_query *g, gcut_error *err) {
  const gcut_group_query_attrs *attrs = c->attrs;
  const int64_t *q = c->inputs[0]->dims;
  *g = (group_query){.attrs = attrs,
                     .batch = q[0],
                     .heads = attrs->num_heads,
                     .kv_heads = attrs->kv_num_heads,
                     .queries = q[1],
                     .lengths = c->inputs[5]->data};
  g->head = c->outputs[0]->dims[2] / g->heads;
  g->total = *(const int32_t *)c->inputs[6]->data;
  g->past_capacity = gcut__cpu_has(c, 3) ? c->inputs[3]->dims[2] : 0;
  g->capacity = g->past_capacity > g->total ? g->past_capacity : g->total;
  g->prompt = g->queries == g->total;
  g->ids = gcut__cpu_has(c, 9) && c->inputs[9]->count > 0 ? c->inputs[9]->data : NULL;
  GCUT_TRY(gcut__input_float(c, 14, &g->q_weight, err));
  GCUT_TRY(gcut__input_float(c, 15, &g->k_weight, err));
  GCUT_TRY(gcut__input_float(c, 10, &g->bias, err));
  if (g->bias) {
    const int64_t *dims = c->inputs[10]->dims;
    g->bias_head = dims[1] == 1 ? 0 : dims[2] * dims[3];
    g->bias_batch = dims[0] == 1 ? 0 : dims[1] * dims[2] * dims[3];
  }
  for (int64_t b = 0; b < g->batch; b++) // what infer cannot know: past rows must exist
    if (past_of(g, b) > g->past_capacity)
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "seqlens_k[%lld] is %d; the past holds %lld keys",
                            (long long)b, g->lengths[b], (long long)g->past_capacity);
  if (!attrs->do_rotary) return GCUT_OK;
  g->positions = c->inputs[7]->dims[0], g->half = c->inputs[7]->dims[1];
  GCUT_TRY(gcut__input_float(c, 7, &g->cosine, err));
  return gcut__input_float(c, 8, &g->sine, err);
}

// Where the fresh heads lie: three inputs, or all in the first.
static gcut_status place_fresh(gcut_cpu_call *c, const group_query *g, gcut_strided4 *fresh,
                               gcut_error *err) {
  const float *data[3];
  for (uint32_t i = 0; i < 3; i++) GCUT_TRY(gcut__input_float(c, i, &data[i], err));
  if (data[1]) {
    for (int i = 0; i < 3; i++)
      fresh[i] = gcut__strided_packed(data[i], i ? g->kv_heads : g->heads, g->queries, g->head);
    return GCUT_OK;
  }
  int64_t width = (g->heads + 2 * g->kv_heads) * g->head;
  int64_t starts[3] = {0, g->heads, g->heads + g->kv_heads};
  for (int i = 0; i < 3; i++)
    fresh[i] = (gcut_strided4){data[0] + starts[i] * g->head, g->queries * width, g->head, width};
  return GCUT_OK;
}

static gcut_status attend(gcut_cpu_call *c, const group_query *g, const float *q, const float *k,
                          const float *v, float *y, float *scores, gcut_error *err) {
  const gcut_group_query_attrs *attrs = g->attrs;
  bool scaled = !isnan(attrs->scale) && attrs->scale != 0;
  float *sinks = NULL;
  if (gcut__cpu_has(c, 11))
    GCUT_TRY(gcut__input_float(c, 11, (const float **)&sinks, err));
  else if (attrs->smooth_softmax == 1 &&
           !(sinks = GCUT_NEW_ARRAY(c->scratch, float, (size_t)g->heads)))
    return GCUT_NO_MEMORY(err);
  gcut_attend a = {.real = GCUT_FLOAT,
                   .batch = g->batch,
                   .heads = g->heads,
                   .kv_heads = g->kv_heads,
                   .q_length = g->queries,
                   .total = g->total,
                   .head_size = g->head,
                   .v_size = g->head,
                   .q = gcut__strided_heads(q, g->heads, g->queries, g->head),
                   .k = gcut__strided_heads(k, g->kv_heads, g->capacity, g->head),
                   .v = gcut__strided_heads(v, g->kv_heads, g->capacity, g->head),
                   .y = gcut__strided_packed(y, g->heads, g->queries, g->head),
                   .scale = scaled ? (double)attrs->scale : 1 / sqrt((double)g->head),
                   .softcap = (double)attrs->softcap,
                   .qk = scores,
                   .qk_mode = attrs->qk_output == 2 ? 3 : 2,
                   .sinks = sinks,
                   .bias = group_bias,
                   .context = g};
  return gcut__attend(c, &a, err);
}

// Memory for a cache: the output's, or scratch where the node does not want it.
static gcut_status cache_memory(gcut_cpu_call *c, const group_query *g, uint32_t i, float **out,
                                gcut_error *err) {
  GCUT_TRY(gcut__output_float(c, i, out, err));
  if (!*out)
    *out = gcut_arena_alloc(c->scratch, (size_t)(g->batch * g->kv_heads * g->capacity),
                            (size_t)g->head * sizeof **out);
  return *out ? GCUT_OK : GCUT_NO_MEMORY(err);
}

gcut_status gcut__cpu_group_query_attention(gcut_cpu_call *c, gcut_error *err) {
  group_query g;
  gcut_strided4 fresh[3];
  const float *past_key, *past_value;
  float *y, *key, *value, *scores;
  GCUT_TRY(read_group(c, &g, err));
  GCUT_TRY(place_fresh(c, &g, fresh, err));
  GCUT_TRY(gcut__input_float(c, 3, &past_key, err));
  GCUT_TRY(gcut__input_float(c, 4, &past_value, err));
  GCUT_TRY(gcut__output_float(c, 0, &y, err));
  GCUT_TRY(gcut__output_float(c, 3, &scores, err));
  GCUT_TRY(cache_memory(c, &g, 1, &key, err));
  GCUT_TRY(cache_memory(c, &g, 2, &value, err));
  float *q = gcut_arena_alloc(c->scratch, (size_t)(g.batch * g.heads * g.queries),
                              (size_t)g.head * sizeof *q);
  if (!q) return GCUT_NO_MEMORY(err);
  GCUT_TRY(prepare_queries(c, &g, fresh[0], q, err));
  GCUT_TRY(fill_cache(c, &g, fresh[1], past_key, true, key, err));
  GCUT_TRY(fill_cache(c, &g, fresh[2], past_value, false, value, err));
  GCUT_TRY(attend(c, &g, q, key, value, y, scores, err));
  gcut__finish_float(c, 0, y);
  if (gcut__cpu_wants(c, 1)) gcut__finish_float(c, 1, key);
  if (gcut__cpu_wants(c, 2)) gcut__finish_float(c, 2, value);
  gcut__finish_float(c, 3, scores);
  return GCUT_OK;
}
