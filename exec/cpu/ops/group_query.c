// GroupQueryAttention of com.microsoft.
//
// Each sample has its own number of keys, seqlens_k + 1, of which the last ones are the new tokens
// (in a prompt: the first ones; what follows is padding). The new keys are turned by their
// positions and laid behind the past in the present cache, and that is attended to.
//
// With sliding_window_cache a cache has room for the window and some slack: once it is full, as
// many of the oldest keys are dropped as there is slack, so what it holds depends on the number of
// tokens alone. Past and new keys are then laid out in scratch, and the last go to the present.
#include <math.h>

#include "exec/cpu/ops/attend.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/rotary.h"
#include "exec/cpu/ops/widen.h"
#include "tracer/ops/microsoft_attention.h"

typedef struct group_query {
  const gcut__group_query_attrs *attrs;
  int64_t batch, heads, kv_heads, queries, head, total, capacity; // capacity: of the present cache
  int64_t past_capacity;                                          // of the past cache
  int64_t rows; // that past and new keys are laid out in: the present cache's, or scratch's
  const int32_t *lengths; // [batch]: keys less one
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

// Of n tokens those, the last, whose keys a cache holds.
static int64_t kept_of(const group_query *g, int64_t n) {
  int64_t slack = g->past_capacity - g->attrs->local_window_size + 1, over = n - g->past_capacity;
  if (!g->attrs->sliding_window_cache || over <= 0) return n;
  return n - slack * ((over - 1) / slack + 1);
}

// -1 where it is none.
static int64_t position_of(const group_query *g, int64_t b, int64_t token) {
  if (!g->ids) return past_of(g, b) + token;
  if (!g->prompt) return g->ids[b * g->queries + token];
  return g->ids[0] < 0 || g->ids[0] > g->positions ? -1 : g->ids[0] + token;
}

// Brings a head to root mean square 1, scaled by weight[head].
static void normalize(const group_query *g, const float *weight, float *x) {
  const gcut__group_query_attrs *attrs = g->attrs;
  float epsilon = weight == g->q_weight ? attrs->q_norm_epsilon : attrs->k_norm_epsilon;
  if (isnan(epsilon)) epsilon = attrs->qk_norm_epsilon;
  double sum = 0;
  for (int64_t d = 0; d < g->head; d++) sum += (double)x[d] * (double)x[d];
  double inverse = 1 / sqrt(sum / (double)g->head + (double)epsilon);
  for (int64_t d = 0; d < g->head; d++) x[d] = (float)((double)x[d] * inverse) * weight[d];
}

static gcut_status turn(gcut__cpu_call *c, const group_query *g, int64_t b, int64_t token,
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
static gcut_status prepare_queries(gcut__cpu_call *c, const group_query *g, gcut__strided4 from,
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

// present [batch][kv_heads][rows][head] = past rows, then new ones (turned where they are keys),
// then zeros.
static gcut_status fill_cache(gcut__cpu_call *c, const group_query *g, gcut__strided4 from,
                              const float *past, bool keys, float *present, gcut_error *err) {
  size_t row = (size_t)g->head * sizeof *present;
  for (int64_t b = 0; b < g->batch; b++)
    for (int64_t h = 0; h < g->kv_heads; h++) {
      int64_t head = b * g->kv_heads + h, n = kept_of(g, past_of(g, b));
      float *to = present + head * g->rows * g->head;
      if (past && n > 0) memcpy(to, past + head * g->past_capacity * g->head, (size_t)n * row);
      for (int64_t t = 0; t < g->queries; t++) {
        const float *x = (const float *)from.data + b * from.batch + h * from.head + t * from.row;
        float *y = to + (n + t) * g->head;
        memcpy(y, x, row);
        if (keys) GCUT_TRY(turn(c, g, b, t, g->k_weight, y, err));
      }
      int64_t used = n + g->queries;
      memset(to + used * g->head, 0, (size_t)(g->rows - used) * row);
    }
  return GCUT_OK;
}

// present [batch][kv_heads][capacity][head] = the last rows of what was laid out, then zeros.
static void keep_window(const group_query *g, const float *laid_out, float *present) {
  size_t row = (size_t)g->head * sizeof *present;
  for (int64_t b = 0; b < g->batch; b++) {
    int64_t past = past_of(g, b), end = past + g->queries, length = (int64_t)g->lengths[b] + 1;
    if (length < end) end = length > past ? length : past;
    int64_t kept = kept_of(g, end), first = end - kept - (past - kept_of(g, past));
    for (int64_t h = 0; h < g->kv_heads; h++) {
      int64_t head = b * g->kv_heads + h;
      float *to = present + head * g->capacity * g->head;
      memcpy(to, laid_out + (head * g->rows + first) * g->head, (size_t)kept * row);
      memset(to + kept * g->head, 0, (size_t)(g->capacity - kept) * row);
    }
  }
}

static void group_bias(const void *context, int64_t b, int64_t head, int64_t i, double *row,
                       int64_t *low, int64_t *high) {
  const group_query *g = context;
  int64_t past = past_of(g, b), first = past - kept_of(g, past); // key of row 0
  int64_t at = past + i - first, window = g->attrs->local_window_size;
  *high = g->lengths[b] + 1 - first;
  if (g->attrs->causal && at + 1 < *high) *high = at + 1;
  if (window >= 0 && at - window + 1 > *low) *low = at - window + 1;
  if (*low > *high) *low = *high;
  const float *bias = g->bias;
  if (bias) bias += b * g->bias_batch + head * g->bias_head + i * g->total + first;
  for (int64_t j = *low; j < *high; j++) row[j] = bias ? (double)bias[j] : 0;
}

static gcut_status read_group(gcut__cpu_call *c, group_query *g, gcut_error *err) {
  const gcut__group_query_attrs *attrs = c->attrs;
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
  bool windowed = attrs->sliding_window_cache != 0;
  g->capacity = windowed || g->past_capacity > g->total ? g->past_capacity : g->total;
  g->rows = g->capacity + (windowed ? g->queries : 0);
  if (windowed && g->capacity < attrs->local_window_size)
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "a cache of %lld keys for a window of %lld",
                          (long long)g->capacity, (long long)attrs->local_window_size);
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
    if (kept_of(g, past_of(g, b)) > g->past_capacity)
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "seqlens_k[%lld] is %d; the past holds %lld keys",
                            (long long)b, g->lengths[b], (long long)g->past_capacity);
  if (!attrs->do_rotary) return GCUT_OK;
  g->positions = c->inputs[7]->dims[0], g->half = c->inputs[7]->dims[1];
  GCUT_TRY(gcut__input_float(c, 7, &g->cosine, err));
  return gcut__input_float(c, 8, &g->sine, err);
}

// Where the fresh heads lie: three inputs, or all in the first.
static gcut_status place_fresh(gcut__cpu_call *c, const group_query *g, gcut__strided4 *fresh,
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
    fresh[i] = (gcut__strided4){data[0] + starts[i] * g->head, g->queries * width, g->head, width};
  return GCUT_OK;
}

static gcut_status attend(gcut__cpu_call *c, const group_query *g, const float *q, const float *k,
                          const float *v, float *y, float *scores, gcut_error *err) {
  const gcut__group_query_attrs *attrs = g->attrs;
  bool scaled = !isnan(attrs->scale) && attrs->scale != 0;
  float *sinks = NULL;
  if (gcut__cpu_has(c, 11))
    GCUT_TRY(gcut__input_float(c, 11, (const float **)&sinks, err));
  else if (attrs->smooth_softmax == 1 &&
           !(sinks = GCUT_NEW_ARRAY(c->scratch, float, (size_t)g->heads)))
    return GCUT_NO_MEMORY(err);
  gcut__attention a = {.real = GCUT_FLOAT,
                       .batch = g->batch,
                       .heads = g->heads,
                       .kv_heads = g->kv_heads,
                       .q_length = g->queries,
                       .total = attrs->sliding_window_cache ? g->rows : g->total,
                       .head_size = g->head,
                       .v_size = g->head,
                       .q = gcut__strided_heads(q, g->heads, g->queries, g->head),
                       .k = gcut__strided_heads(k, g->kv_heads, g->rows, g->head),
                       .v = gcut__strided_heads(v, g->kv_heads, g->rows, g->head),
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

// Memory to lay keys or values out in: the output's, or scratch where the node does not want it or
// it holds fewer.
static gcut_status room_for(gcut__cpu_call *c, const group_query *g, float *output, float **out,
                            gcut_error *err) {
  *out = output;
  if (output && g->rows == g->capacity) return GCUT_OK;
  *out = gcut_arena_alloc(c->scratch, (size_t)(g->batch * g->kv_heads * g->rows),
                          (size_t)g->head * sizeof **out);
  return *out ? GCUT_OK : GCUT_NO_MEMORY(err);
}

gcut_status gcut__cpu_group_query_attention(gcut__cpu_call *c, gcut_error *err) {
  group_query g;
  gcut__strided4 fresh[3];
  const float *past[2];
  float *y, *present[2], *laid_out[2], *scores;
  GCUT_TRY(read_group(c, &g, err));
  GCUT_TRY(place_fresh(c, &g, fresh, err));
  GCUT_TRY(gcut__output_float(c, 0, &y, err));
  GCUT_TRY(gcut__output_float(c, 3, &scores, err));
  float *q = gcut_arena_alloc(c->scratch, (size_t)(g.batch * g.heads * g.queries),
                              (size_t)g.head * sizeof *q);
  if (!q) return GCUT_NO_MEMORY(err);
  GCUT_TRY(prepare_queries(c, &g, fresh[0], q, err));
  for (uint32_t i = 0; i < 2; i++) { // keys, values
    GCUT_TRY(gcut__input_float(c, 3 + i, &past[i], err));
    GCUT_TRY(gcut__output_float(c, 1 + i, &present[i], err));
    GCUT_TRY(room_for(c, &g, present[i], &laid_out[i], err));
    GCUT_TRY(fill_cache(c, &g, fresh[1 + i], past[i], i == 0, laid_out[i], err));
  }
  GCUT_TRY(attend(c, &g, q, laid_out[0], laid_out[1], y, scores, err));
  gcut__finish_float(c, 0, y);
  gcut__finish_float(c, 3, scores);
  for (uint32_t i = 0; i < 2; i++) {
    if (present[i] && laid_out[i] != present[i]) keep_window(&g, laid_out[i], present[i]);
    gcut__finish_float(c, 1 + i, present[i]);
  }
  return GCUT_OK;
}
