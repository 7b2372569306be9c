// MoE and QMoE of com.microsoft, expert by expert: the tokens that chose it are gathered, go
// through its products together, and are added to the output with their weights. So only experts
// that somebody chose are read, and quantised ones are expanded one at a time.
#include "tracer/ops/experts.h"

#include <math.h>

#include "exec/cpu/ops/gemm.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/packed.h"
#include "exec/cpu/ops/real.h"
#include "exec/cpu/ops/routes.h"
#include "exec/cpu/ops/widen.h"

typedef struct experts {
  const gcut__experts_attrs *attrs;
  gcut__experts_activation activation;
  gcut__projection fc[3];
  int64_t tokens, hidden, n, inner, rows; // n: experts; rows: of FC1
  const float *x;
  float *y;
  // What tokens chose, by expert: a row each.
  gcut__routes routes;
  int64_t *token; // [tokens * k]
  float *weight;  // [tokens * k]
  // Room for one expert's work.
  float *weights;                  // of one projection
  float *in, *middle, *gate, *out; // [routes.most][hidden | rows | inner | hidden]
} experts;

// ---- routing ----------------------------------------------------------------------------------

// Marks the k greatest logits of one token with their weights; the first of equals wins.
static void choose(const experts *m, const double *logits, const double *own, double *weights) {
  double most = -INFINITY, sum = 0, total = 0;
  for (int64_t e = 0; e < m->n; e++) most = fmax(most, logits[e]);
  for (int64_t e = 0; e < m->n; e++) sum += exp(logits[e] - most);
  for (int64_t e = 0; e < m->n; e++) weights[e] = NAN; // not chosen
  for (int64_t k = 0; k < m->attrs->k; k++) {
    int64_t best = -1;
    for (int64_t e = 0; e < m->n; e++)
      if (isnan(weights[e]) && (best < 0 || logits[e] > logits[best])) best = e;
    if (best < 0) break;
    double weight = own ? own[best] : exp(logits[best] - most) / sum;
    weights[best] = isnan(weight) ? 0 : weight;
    total += weights[best];
  }
  for (int64_t e = 0; m->attrs->normalize_routing_weights && total != 0 && e < m->n; e++)
    weights[e] /= total;
}

// Choices in the order of tokens.
typedef struct choices {
  int64_t *expert, *token;
  float *weight;
  int64_t n;
} choices;

static void list_choices(const experts *m, const double *logits, const double *own, double *weights,
                         choices *out) {
  for (int64_t t = 0; t < m->tokens; t++) {
    choose(m, logits + t * m->n, own ? own + t * m->n : NULL, weights);
    for (int64_t e = 0; e < m->n; e++) {
      if (isnan(weights[e])) continue;
      out->expert[out->n] = e;
      out->token[out->n] = t;
      out->weight[out->n++] = (float)weights[e];
    }
  }
}

static gcut_status sort_choices(gcut__cpu_call *c, experts *m, const choices *from,
                                gcut_error *err) {
  m->token = GCUT_NEW_ARRAY(c->scratch, int64_t, (size_t)from->n);
  m->weight = GCUT_NEW_ARRAY(c->scratch, float, (size_t)from->n);
  if (!m->token || !m->weight) return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut__routes_create(c->scratch, m->n, from->expert, from->n, &m->routes, err));
  for (int64_t i = 0; i < from->n; i++) {
    m->token[i] = from->token[m->routes.rows[i]];
    m->weight[i] = from->weight[m->routes.rows[i]];
  }
  return GCUT_OK;
}

static gcut_status route(gcut__cpu_call *c, experts *m, gcut_error *err) {
  const double *logits = gcut__tensor_doubles(c, c->inputs[1]), *own = NULL;
  double *weights = GCUT_NEW_ARRAY(c->scratch, double, (size_t)m->n);
  size_t tokens = (size_t)m->tokens, k = (size_t)m->attrs->k;
  choices all = {.expert = gcut_arena_alloc(c->scratch, tokens, k * sizeof *all.expert),
                 .token = gcut_arena_alloc(c->scratch, tokens, k * sizeof *all.token),
                 .weight = gcut_arena_alloc(c->scratch, tokens, k * sizeof *all.weight)};
  if (m->fc[0].bits && gcut__cpu_has(c, 14) && !(own = gcut__tensor_doubles(c, c->inputs[14])))
    return GCUT_NO_MEMORY(err);
  if (!logits || !weights || !all.expert || !all.token || !all.weight) return GCUT_NO_MEMORY(err);
  list_choices(m, logits, own, weights, &all);
  return sort_choices(c, m, &all, err);
}

// ---- weights ----------------------------------------------------------------------------------

// The zero point of a row's block. Without blocks zero points are packed across rows.
static float zero_at(const gcut_tensor *zeros, const gcut__projection *p, int64_t expert,
                     int64_t rows, int64_t row, int64_t block) {
  if (!zeros) return (float)(1 << (p->bits - 1));
  int64_t last = zeros->dims[zeros->rank - 1];
  const uint8_t *data = zeros->data;
  if (zeros->rank == 2) return gcut__packed_value(data + expert * last, row, p->bits);
  return gcut__packed_value(data + (expert * rows + row) * last, block, p->bits);
}

static gcut_status expand(gcut__cpu_call *c, experts *m, const gcut__projection *p, int64_t expert,
                          int64_t rows, int64_t columns, gcut_error *err) {
  const float *scales;
  const gcut_tensor *zeros = gcut__cpu_has(c, p->zero_points) ? c->inputs[p->zero_points] : NULL;
  int64_t block = m->attrs->block_size > 0 ? m->attrs->block_size : columns;
  int64_t blocks = block ? columns / block : 0;
  GCUT_TRY(gcut__input_float(c, p->scales, &scales, err));
  for (int64_t r = 0; r < rows; r++) {
    int64_t row = expert * rows + r;
    const uint8_t *data =
        (const uint8_t *)c->inputs[p->weights]->data + row * columns * p->bits / 8;
    for (int64_t b = 0; b < blocks; b++) {
      gcut__packed_expand(data + b * block * p->bits / 8, p->bits, block,
                          zero_at(zeros, p, expert, rows, r, b), scales[row * blocks + b],
                          m->weights + r * columns + b * block);
    }
  }
  return GCUT_OK;
}

// to [n][rows] = from [n][columns] times one expert's weights, plus its bias.
static gcut_status project(gcut__cpu_call *c, experts *m, int which, int64_t expert, int64_t n,
                           int64_t rows, int64_t columns, const float *from, float *to,
                           gcut_error *err) {
  const gcut__projection *p = &m->fc[which];
  const gcut_tensor *w = c->inputs[p->weights];
  const float *weights = m->weights, *bias;
  GCUT_TRY(gcut__input_float(c, p->bias, &bias, err));
  if (p->bits)
    GCUT_TRY(expand(c, m, p, expert, rows, columns, err));
  else if (w->type == GCUT_FLOAT)
    weights = (const float *)w->data + expert * rows * columns;
  else
    gcut__load_floats(w->type, w->data, (uint64_t)(expert * rows * columns),
                      (uint64_t)(rows * columns), m->weights);
  gcut__gemm g = gcut__gemm_packed(n, rows, columns, false, true);
  if (bias) g.d = bias + expert * rows, g.d_column = 1, g.beta = 1;
  return gcut__gemm_run(c, GCUT_FLOAT, &g, from, weights, to, err);
}

// ---- activation -------------------------------------------------------------------------------

static float activate(const experts *m, float x) {
  switch (m->activation) {
  case GCUT__EXPERTS_RELU: return x < 0 ? 0 : x;
  case GCUT__EXPERTS_GELU: // by tanh, as the operator's runtimes do
    return 0.5f * x * (1 + tanhf(x * (0.79788456f + 0.035677408f * x * x)));
  case GCUT__EXPERTS_SILU: return x / (1 + expf(-x));
  default: return x;
  }
}

static float swiglu(const experts *m, float gate, float value) {
  float limit = m->attrs->swiglu_limit;
  if (!isnan(limit)) {
    gate = fminf(gate, limit);
    value = fmaxf(fminf(value, limit), -limit);
  }
  return gate / (1 + expf(-m->attrs->activation_alpha * gate)) *
         (value + m->attrs->activation_beta);
}

// middle [n][rows] (and gate [n][inner], where FC3 stands apart) become middle [n][inner].
static void combine(const experts *m, int64_t n, bool gated) {
  int64_t fusion = m->attrs->swiglu_fusion, inner = m->inner;
  bool glu = m->activation == GCUT__EXPERTS_SWIGLU;
  for (int64_t t = 0; t < n; t++) {
    const float *from = m->middle + t * m->rows, *gate = m->gate + t * inner;
    float *to = m->middle + t * inner; // never ahead of what is still to be read, but for fusion 2
    if (glu && fusion == 2) memcpy(m->out, from, (size_t)m->rows * sizeof *from), from = m->out;
    for (int64_t i = 0; i < inner; i++) {
      if (glu && fusion == 0)
        to[i] = swiglu(m, from[i], gate[i]);
      else if (glu)
        to[i] = fusion == 1 ? swiglu(m, from[2 * i], from[2 * i + 1])
                            : swiglu(m, from[i], from[inner + i]);
      else
        to[i] = activate(m, from[i]) * (gated ? gate[i] : 1);
    }
  }
}

// ---- the kernels ------------------------------------------------------------------------------

static gcut_status run_expert(gcut__cpu_call *c, experts *m, int64_t e, gcut_error *err) {
  int64_t first = m->routes.first[e], n = m->routes.first[e + 1] - first;
  const int64_t *token = m->token + first;
  bool gated = gcut__cpu_has(c, m->fc[2].weights);
  if (n == 0) return GCUT_OK;
  gcut__gather_rows(m->in, m->x, token, n, 1, (size_t)m->hidden * sizeof *m->in);
  GCUT_TRY(project(c, m, 0, e, n, m->rows, m->hidden, m->in, m->middle, err));
  if (gated) GCUT_TRY(project(c, m, 2, e, n, m->inner, m->hidden, m->in, m->gate, err));
  combine(m, n, gated);
  GCUT_TRY(project(c, m, 1, e, n, m->hidden, m->inner, m->middle, m->out, err));
  for (int64_t i = 0; i < n; i++)
    for (int64_t d = 0; d < m->hidden; d++)
      m->y[token[i] * m->hidden + d] += m->weight[first + i] * m->out[i * m->hidden + d];
  return GCUT_OK;
}

static bool allocate(gcut__cpu_call *c, experts *m) {
  size_t tokens = (size_t)m->routes.most, size = sizeof(float);
  size_t widest = (size_t)(m->rows > m->hidden ? m->rows : m->hidden);
  bool expanded = m->fc[0].bits || c->inputs[m->fc[0].weights]->type != GCUT_FLOAT;
  m->weights =
      gcut_arena_alloc(c->scratch, expanded ? (size_t)m->hidden : 0, (size_t)m->rows * size);
  m->in = gcut_arena_alloc(c->scratch, tokens, (size_t)m->hidden * size);
  m->middle = gcut_arena_alloc(c->scratch, tokens, (size_t)m->rows * size);
  m->gate = gcut_arena_alloc(c->scratch, tokens, (size_t)m->inner * size);
  m->out = gcut_arena_alloc(c->scratch, tokens, widest * size);
  return m->weights && m->in && m->middle && m->gate && m->out;
}

static gcut_status run(gcut__cpu_call *c, bool quantized, gcut_error *err) {
  const gcut__experts_attrs *attrs = c->attrs;
  experts m = {.attrs = attrs, .activation = gcut__experts_activation_of(attrs)};
  const gcut_tensor *x = c->inputs[0];
  gcut__experts_projections(quantized, attrs, m.fc);
  if (x->count == 0) return GCUT_OK;
  m.hidden = x->dims[x->rank - 1], m.tokens = (int64_t)x->count / m.hidden;
  m.n = c->inputs[1]->dims[1], m.rows = c->inputs[m.fc[0].weights]->dims[1];
  bool fused = m.activation == GCUT__EXPERTS_SWIGLU && attrs->swiglu_fusion;
  m.inner = m.rows / (fused ? 2 : 1);
  GCUT_TRY(gcut__input_float(c, 0, &m.x, err));
  GCUT_TRY(gcut__output_float(c, 0, &m.y, err));
  GCUT_TRY(route(c, &m, err));
  if (!allocate(c, &m)) return GCUT_NO_MEMORY(err);
  memset(m.y, 0, x->count * sizeof *m.y);
  for (int64_t e = 0; e < m.n; e++) GCUT_TRY(run_expert(c, &m, e, err));
  gcut__finish_float(c, 0, m.y);
  return GCUT_OK;
}

gcut_status gcut__cpu_moe(gcut__cpu_call *c, gcut_error *err) {
  return run(c, false, err);
}
gcut_status gcut__cpu_quantized_moe(gcut__cpu_call *c, gcut_error *err) {
  return run(c, true, err);
}
