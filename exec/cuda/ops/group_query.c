// GroupQueryAttention of com.microsoft, spelled out. Each sample has its own number of keys,
// seqlens_k + 1, of which the last are the new tokens (in a prompt the first: what follows is
// padding); they are turned by their positions and written into the cache behind the past. A cache
// that holds a window (exec/cpu/ops/group_query.c) is made longer by the new tokens first, and its
// last rows are taken for the next.
#include <math.h>

#include "exec/cuda/ops/spell_attention.h"
#include "tracer/ops/microsoft_attention.h"

typedef struct group_query {
  const gcut__group_query_attrs *attrs;
  gcut__spelled_attention a;
  int64_t capacity; // of the cache that is attended to
  int64_t room;     // of the past cache
  bool prompt;
  uint32_t lengths;   // int64 [batch, 1]: keys less one
  uint32_t past;      // int64 [batch, 1]: keys before the new ones
  uint32_t kept;      // int64 [batch, 1]: of these those in the cache
  uint32_t positions; // int64 [batch, queries] of the new tokens
} group_query;

static uint32_t number(gcut__speller *s, int64_t value) {
  return gcut__spell_scalar(s, GCUT_INT64, (double)value);
}

static bool read_group(gcut__speller *s, group_query *g) {
  const gcut__group_query_attrs *attrs = g->attrs = s->c->node->attrs;
  bool windowed = attrs->sliding_window_cache != 0;
  if (windowed && gcut__cuda_input_type(s->c, 10)) return false; // its columns are absolute
  const gcut_type *q = gcut__cuda_input_type(s->c, 0), *y = gcut__cuda_output_type(s->c, 0),
                  *past = gcut__cuda_input_type(s->c, 3);
  int64_t total;
  if (gcut__cuda_read_ints(s->c, 6, &total, 1) != 1 || gcut__cuda_count(y) == 0) return false;
  int64_t room = past ? past->dims[2] : 0, size = y->dims[2] / attrs->num_heads;
  bool scaled = !isnan(attrs->scale) && attrs->scale != 0;
  if (size == 0 || total < q->dims[1]) return false;
  g->a = (gcut__spelled_attention){.batch = q->dims[0],
                                   .heads = attrs->num_heads,
                                   .kv_heads = attrs->kv_num_heads,
                                   .queries = q->dims[1],
                                   .keys = windowed ? room + q->dims[1] : total,
                                   .size = size,
                                   .v_size = size,
                                   .type = gcut__attention_type(q->type, size),
                                   .sinks = gcut__spell_input(s, 11),
                                   .scale = scaled ? attrs->scale : 1 / sqrtf((float)size),
                                   .softcap = attrs->softcap,
                                   .guard = true};
  g->room = room;
  g->capacity = windowed || total > room ? g->a.keys : room;
  g->prompt = q->dims[1] == total;
  return true;
}

// Lengths and positions. Those of padding for which there are no cosines, at which nobody looks,
// become 0.
static void spell_positions(gcut__speller *s, group_query *g) {
  uint32_t lengths = gcut__spell_cast(s, gcut__spell_input(s, 5), GCUT_INT64);
  const gcut_type *given = gcut__cuda_input_type(s->c, 9);
  g->lengths = gcut__spell_reshape(s, lengths, (int64_t[]){g->a.batch, 1}, 2);
  uint32_t old = SPELL(s, "Sub", g->lengths, number(s, g->a.queries - 1)), nought = number(s, 0);
  g->past = g->prompt ? SPELL(s, "Mul", g->lengths, nought) : SPELL(s, "Max", old, nought);
  uint32_t tokens = gcut__spell_range(s, g->a.queries);
  if (given && gcut__cuda_count(given) > 0 && !g->prompt) {
    g->positions = gcut__spell_input(s, 9);
    return;
  }
  g->positions = SPELL(s, "Add", g->past, tokens);
  if (!g->prompt) return;
  if (given && gcut__cuda_count(given) > 0) {
    uint32_t all = gcut__spell_reshape(s, gcut__spell_input(s, 9),
                                       (int64_t[]){(int64_t)gcut__cuda_count(given)}, 1);
    g->positions = SPELL(s, "Add", g->positions, gcut__spell_slice(s, all, 0, 0, 1));
  }
  if (!g->attrs->do_rotary) return;
  uint32_t padding = SPELL(s, "Greater", tokens, g->lengths),
           most = number(s, gcut__cuda_input_type(s->c, 7)->dims[0]);
  padding = SPELL(s, "And", padding, SPELL(s, "GreaterOrEqual", g->positions, most));
  g->positions = SPELL(s, "Where", padding, nought, g->positions);
}

// Of n tokens those, the first, whose keys a cache that holds a window has dropped.
static uint32_t dropped(gcut__speller *s, const group_query *g, uint32_t n) {
  int64_t slack = g->room - g->attrs->local_window_size + 1;
  uint32_t over = SPELL(s, "Max", SPELL(s, "Sub", n, number(s, g->room)), number(s, 0));
  uint32_t turns = SPELL(s, "Div", SPELL(s, "Add", over, number(s, slack - 1)), number(s, slack));
  return SPELL(s, "Mul", turns, number(s, slack));
}

static void spell_kept(gcut__speller *s, group_query *g) {
  g->kept = g->past;
  if (g->attrs->sliding_window_cache) g->kept = SPELL(s, "Sub", g->past, dropped(s, g, g->past));
}

// Fresh heads [batch, heads, queries, size], of three inputs or all of the first.
static void read_heads(gcut__speller *s, const group_query *g, uint32_t *of) {
  const gcut__spelled_attention *a = &g->a;
  int64_t q = a->heads * a->size, kv = a->kv_heads * a->size;
  for (uint32_t i = 0; i < 3; i++) of[i] = gcut__spell_input(s, i);
  if (!gcut__cuda_input_type(s->c, 1))
    gcut__spell_split(s, gcut__spell_input(s, 0), 2, (int64_t[]){q, kv, kv}, 3, of);
  for (int i = 0; i < 3; i++)
    of[i] = gcut__spell_heads(s, of[i], a->batch, a->queries, i ? a->kv_heads : a->heads, a->size);
}

// Normalised by its weight (an input), then turned.
static uint32_t turn(gcut__speller *s, const group_query *g, uint32_t x, uint32_t weight) {
  int type = gcut__cuda_input_type(s->c, 0)->type;
  if (gcut__cuda_input_type(s->c, weight)) {
    float epsilon = weight == 14 ? g->attrs->q_norm_epsilon : g->attrs->k_norm_epsilon;
    gcut__spell_float(s, "epsilon", isnan(epsilon) ? g->attrs->qk_norm_epsilon : epsilon);
    x = SPELL(s, "RMSNormalization", x, gcut__spell_input(s, weight));
  }
  if (!g->attrs->do_rotary) return x;
  const gcut_type *cosine = gcut__cuda_input_type(s->c, 7);
  uint32_t c = gcut__spell_as(s, gcut__spell_input(s, 7), cosine->type, type),
           sine = gcut__spell_as(s, gcut__spell_input(s, 8), cosine->type, type);
  gcut__spell_int(s, "interleaved", g->attrs->rotary_interleaved);
  gcut__spell_int(s, "rotary_embedding_dim", 2 * cosine->dims[1]);
  return SPELL(s, "RotaryEmbedding", x, c, sine, g->positions);
}

// The last rows of a cache that new rows made longer, then zeros.
static uint32_t keep_window(gcut__speller *s, const group_query *g, uint32_t cache, uint32_t zero) {
  const gcut__spelled_attention *a = &g->a;
  int64_t rows[] = {a->batch, 1, g->room, 1}, all[] = {a->batch, a->kv_heads, g->room, 1};
  uint32_t tokens = SPELL(s, "Add", g->lengths, number(s, 1)), gone = dropped(s, g, tokens);
  uint32_t range = gcut__spell_range(s, g->room);
  uint32_t shift = SPELL(s, "Sub", gone, SPELL(s, "Sub", g->past, g->kept));
  uint32_t at = SPELL(s, "Min", SPELL(s, "Add", shift, range), number(s, g->capacity - 1));
  at = SPELL(s, "Expand", gcut__spell_reshape(s, at, rows, 4), gcut__spell_numbers(s, all, 4));
  uint32_t held = SPELL(s, "Less", range, SPELL(s, "Sub", tokens, gone));
  gcut__spell_int(s, "batch_dims", 2);
  uint32_t last = SPELL(s, "GatherND", cache, at);
  return SPELL(s, "Where", gcut__spell_reshape(s, held, rows, 4), last, zero);
}

// The cache of input `past` with the new rows behind the old, and zeros behind those: an output,
// and what is attended to.
static uint32_t fill_cache(gcut__speller *s, const group_query *g, uint32_t fresh, uint32_t past,
                           uint32_t present) {
  const gcut__spelled_attention *a = &g->a;
  const gcut_type *before = gcut__cuda_input_type(s->c, past);
  int type = gcut__cuda_input_type(s->c, 0)->type;
  int64_t full[] = {a->batch, a->kv_heads, g->capacity, a->size},
          room = before ? before->dims[2] : 0;
  uint32_t zero = gcut__spell_scalar(s, type, 0), cache;
  if (room == 0) {
    cache = SPELL(s, "Expand", zero, gcut__spell_numbers(s, full, 4));
  } else {
    uint32_t starts = gcut__spell_reshape(s, g->kept, (int64_t[]){a->batch, 1, 1, 1}, 4);
    uint32_t rows = gcut__spell_range(s, room);
    rows = gcut__spell_reshape(s, rows, (int64_t[]){room, 1}, 2);
    cache = SPELL(s, "Where", SPELL(s, "Less", rows, starts), gcut__spell_input(s, past), zero);
    full[2] -= room;
    if (full[2] > 0)
      cache = gcut__spell_concat(s, cache,
                                 SPELL(s, "Expand", zero, gcut__spell_numbers(s, full, 4)), 2);
  }
  uint32_t starts = gcut__spell_reshape(s, g->kept, (int64_t[]){a->batch}, 1);
  cache = SPELL(s, "TensorScatter", cache, fresh, starts);
  bool windowed = g->attrs->sliding_window_cache != 0;
  gcut__spell_output(s, present, windowed ? keep_window(s, g, cache, zero) : cache);
  if (g->capacity > a->keys) cache = gcut__spell_slice(s, cache, 2, 0, a->keys);
  return gcut__spell_as(s, cache, type, a->type);
}

static void set_bias(gcut__speller *s, group_query *g) {
  gcut__spelled_attention *a = &g->a;
  const gcut_type *given = gcut__cuda_input_type(s->c, 10);
  int64_t window = g->attrs->local_window_size;
  uint32_t keys = gcut__spell_range(s, a->keys);
  uint32_t lengths = g->lengths; // in rows of the cache, as the past is
  if (g->attrs->sliding_window_cache)
    lengths = SPELL(s, "Sub", lengths, SPELL(s, "Sub", g->past, g->kept));
  lengths = gcut__spell_reshape(s, lengths, (int64_t[]){a->batch, 1, 1, 1}, 4);
  uint32_t past = gcut__spell_reshape(s, g->kept, (int64_t[]){a->batch, 1, 1, 1}, 4);
  uint32_t seen = SPELL(s, "LessOrEqual", keys, lengths);
  seen = gcut__spell_both(s, seen,
                          gcut__spell_window(s, gcut__spell_positions(s, a, past), keys,
                                             window >= 0 ? window - 1 : -1,
                                             g->attrs->causal ? 0 : -1));
  a->bias = gcut__spell_mask(s, a, seen);
  if (given)
    a->bias = gcut__spell_sum(s, a->bias,
                              gcut__spell_as(s, gcut__spell_input(s, 10), given->type, a->type));
}

static void set_sinks(gcut__speller *s, group_query *g) {
  const gcut_type *given = gcut__cuda_input_type(s->c, 11);
  if (given) {
    g->a.sinks = gcut__spell_as(s, g->a.sinks, given->type, g->a.type);
  } else if (g->attrs->smooth_softmax == 1) {
    int64_t heads = g->a.heads;
    g->a.sinks =
        SPELL(s, "Expand", gcut__spell_scalar(s, g->a.type, 0), gcut__spell_numbers(s, &heads, 1));
  }
}

static bool group_query_attention(gcut__speller *s) {
  const gcut_type *y = gcut__cuda_output_type(s->c, 0), *scores = gcut__cuda_output_type(s->c, 3);
  group_query g;
  uint32_t of[3];
  if (!read_group(s, &g)) return false;
  spell_positions(s, &g);
  spell_kept(s, &g);
  read_heads(s, &g, of);
  set_bias(s, &g);
  set_sinks(s, &g);
  g.a.q = gcut__spell_as(s, turn(s, &g, of[0], 14), y->type, g.a.type);
  g.a.k = fill_cache(s, &g, turn(s, &g, of[1], 15), 3, 1);
  g.a.v = fill_cache(s, &g, of[2], 4, 2);
  uint32_t result = gcut__spell_attention(s, &g.a);
  result = gcut__spell_join_heads(s, result, g.a.batch, g.a.queries, y->dims[2]);
  gcut__spell_output(s, 0, gcut__spell_as(s, result, g.a.type, y->type));
  if (scores)
    gcut__spell_output(
        s, 3, gcut__spell_cast(s, g.a.scores[g.attrs->qk_output == 2 ? 3 : 2], scores->type));
  return true;
}

gcut_status gcut__cuda_compile_group_query(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, group_query_attention, err);
}
