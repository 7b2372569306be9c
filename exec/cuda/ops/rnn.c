// RNN, GRU, LSTM: the input's share of all gates is one product over all steps, then a launch a
// step (two of GRU where the reset comes before the product). In float; other types by way of it.
// DynamicQuantizeLSTM is LSTM with what its 8 bits hold, for which its state is rounded before
// every step.
#include "exec/cuda/ops/rnn.h"

#include "exec/cuda/blas.h"
#include "exec/cuda/kernels.h"
#include "exec/cuda/ops/spell.h"
#include "tracer/ops/rnn.h"

typedef struct rnn_params {
  CUfunction kernel;
  gcut__cuda_product product;
  gcut__cuda_rnn_job job;
  uint64_t x_bytes, state_bytes, w_bytes; // of a direction's share, of all states, of W
  // DynamicQuantizeLSTM, or NULL: X, W and R in float are `wide` from there on in its memory.
  CUfunction round, weights;
  gcut__cuda_rnn_weights_job w, r;
  uint64_t wide_bytes[3];
} rnn_params;

// Memory beside the operands: the product's, the shares of all directions, and states twice.
enum { STATE_BEFORE, STATE_AFTER, STATE_CELL, STATE_RESET, STATE_UPDATE, STATE_ROUNDED, N_STATES };

static CUdeviceptr state_at(const gcut__cuda_run *r, const rnn_params *p, int which) {
  return r->scratch + GCUT_CUDA_BLAS_WORKSPACE + (uint64_t)p->job.directions * p->x_bytes +
         (uint64_t)which * p->state_bytes;
}

// X, W or R: as they are, or widened.
static CUdeviceptr operand_at(const gcut__cuda_run *r, const rnn_params *p, int which) {
  CUdeviceptr at = (state_at(r, p, N_STATES) + 255) / 256 * 256;
  if (!p->round) return r->inputs[which];
  for (int i = 0; i < which; i++) at += p->wide_bytes[i];
  return at;
}

static CUdeviceptr input_at(const gcut__cuda_run *r, uint32_t i) {
  return i < r->step->n_inputs ? r->inputs[i] : 0;
}
static CUdeviceptr output_at(const gcut__cuda_run *r, uint32_t i) {
  return i < r->step->n_outputs ? r->outputs[i] : 0;
}

static gcut__cuda_rnn_job filled_job(const gcut__cuda_run *r, const rnn_params *p) {
  gcut__cuda_rnn_job job = p->job;
  job.x = (const float *)(r->scratch + GCUT_CUDA_BLAS_WORKSPACE);
  job.r = (const float *)operand_at(r, p, 2);
  job.bias = (const float *)input_at(r, 3);
  job.lengths = (const int32_t *)input_at(r, 4);
  job.h0 = (const float *)input_at(r, 5);
  job.c0 = (const float *)input_at(r, 6);
  job.peephole = (const float *)input_at(r, 7);
  job.c = (float *)state_at(r, p, STATE_CELL);
  job.reset = (float *)state_at(r, p, STATE_RESET);
  job.update = (float *)state_at(r, p, STATE_UPDATE);
  job.y = (float *)output_at(r, 0);
  job.y_h = (float *)output_at(r, 1);
  job.y_c = (float *)output_at(r, 2);
  job.rounded = p->round ? (const float *)state_at(r, p, STATE_ROUNDED) : NULL;
  return job;
}

// ---- DynamicQuantizeLSTM ------------------------------------------------------------------------

static gcut_status launch_round(const gcut__cuda_run *r, const rnn_params *p, int64_t blocks,
                                gcut__cuda_rnn_round_job job, gcut_error *err) {
  uint32_t grid[3] = {(uint32_t)blocks, 1, 1};
  void *arguments[] = {&job};
  return gcut__cuda_launch(r->cuda, p->round, grid, GCUT_CUDA_RNN_THREADS, 0, r->stream, arguments,
                           err);
}

static gcut_status round_states(const gcut__cuda_run *r, const rnn_params *p,
                                const gcut__cuda_rnn_job *job, gcut_error *err) {
  return launch_round(r, p, job->directions,
                      (gcut__cuda_rnn_round_job){.count = job->batch * job->hidden,
                                                 .x = job->step > 0 ? job->h_before : job->h0,
                                                 .y = (float *)state_at(r, p, STATE_ROUNDED)},
                      err);
}

static gcut_status widen_weights(const gcut__cuda_run *r, const rnn_params *p, int which,
                                 gcut__cuda_rnn_weights_job job, uint32_t scale, gcut_error *err) {
  void *arguments[] = {&job};
  job.q = (const void *)r->inputs[which];
  job.scale = (const float *)r->inputs[scale];
  job.zero = (const void *)r->inputs[scale + 1];
  job.to = (float *)operand_at(r, p, which);
  return gcut__cuda_launch_over(r, p->weights, (uint64_t)(job.directions * job.rows * job.columns),
                                arguments, err);
}

static gcut_status widen_operands(const gcut__cuda_run *r, const rnn_params *p, gcut_error *err) {
  gcut__cuda_rnn_round_job x = {.count = p->job.steps * p->job.batch * p->product.k,
                                .x = (const float *)r->inputs[0],
                                .y = (float *)operand_at(r, p, 0)};
  GCUT_TRY(launch_round(r, p, 1, x, err));
  GCUT_TRY(widen_weights(r, p, 1, p->w, 8, err));
  return widen_weights(r, p, 2, p->r, 10, err);
}

// ---- launching ----------------------------------------------------------------------------------

static gcut_status launch_step(const gcut__cuda_run *r, const rnn_params *p,
                               gcut__cuda_rnn_job *job, gcut_error *err) {
  uint32_t grid[3] = {(uint32_t)((job->hidden + GCUT_CUDA_RNN_UNITS - 1) / GCUT_CUDA_RNN_UNITS),
                      (uint32_t)job->directions,
                      (uint32_t)((job->batch + GCUT_CUDA_RNN_SAMPLES - 1) / GCUT_CUDA_RNN_SAMPLES)};
  int phases = job->gates == 3 && !job->late_reset ? 2 : 1;
  void *arguments[] = {job};
  for (job->phase = 0; job->phase < phases; job->phase++)
    GCUT_TRY(gcut__cuda_launch(r->cuda, p->kernel, grid, GCUT_CUDA_RNN_THREADS, 0, r->stream,
                               arguments, err));
  return GCUT_OK;
}

static gcut_status launch_rnn(const gcut__cuda_run *r, gcut_error *err) {
  const rnn_params *p = r->step->params;
  gcut__cuda_rnn_job job = filled_job(r, p);
  if (p->round) GCUT_TRY(widen_operands(r, p, err));
  for (int64_t d = 0; d < job.directions; d++)
    GCUT_TRY(gcut__cuda_blas_run(r->cuda->blas, &p->product, operand_at(r, p, 0),
                                 operand_at(r, p, 1) + (uint64_t)d * p->w_bytes,
                                 (CUdeviceptr)job.x + (uint64_t)d * p->x_bytes, 0, r->scratch,
                                 r->stream, err));
  for (job.step = 0; job.step < job.steps; job.step++) {
    bool odd = job.step % 2 != 0;
    job.h_before = (const float *)state_at(r, p, odd ? STATE_AFTER : STATE_BEFORE);
    job.h_after = (float *)state_at(r, p, odd ? STATE_BEFORE : STATE_AFTER);
    if (p->round) GCUT_TRY(round_states(r, p, &job, err));
    GCUT_TRY(launch_step(r, p, &job, err));
  }
  return GCUT_OK;
}

// ---- compiling ----------------------------------------------------------------------------------

// Whether input i is of a type there is a kernel for.
static bool type_fits(const gcut__cuda_compile *c, uint32_t i, bool quantized) {
  const gcut_type *t = gcut__cuda_input_type(c, i);
  if (!t) return true;
  if (quantized && (i == 1 || i == 2)) return t->type == GCUT_INT8 || t->type == GCUT_UINT8;
  if (quantized && (i == 9 || i == 11)) // zero points
    return t->type == gcut__cuda_input_type(c, i == 9 ? 1 : 2)->type;
  return t->type == (i == 4 ? GCUT_INT32 : GCUT_FLOAT);
}

static bool types_fit(const gcut__cuda_compile *c, bool quantized) {
  for (uint32_t i = 0; i < c->node->n_inputs; i++)
    if (!type_fits(c, i, quantized)) return false;
  return true;
}

static bool set_activations(gcut__cuda_rnn_job *job, const gcut__rnn_attrs *attrs,
                            const gcut__rnn_function *defaults, size_t n) {
  gcut__rnn_activation all[6];
  size_t bad;
  if (!gcut__rnn_activations(attrs, defaults, n, n * (size_t)job->directions, all, &bad))
    return false;
  for (size_t i = 0; i < n * (size_t)job->directions; i++)
    job->activations[i] =
        (gcut__cuda_rnn_activation){(int32_t)all[i].function, all[i].alpha, all[i].beta};
  return true;
}

static gcut__cuda_rnn_job read_job(const gcut__cuda_compile *c, int32_t gates, bool quantized) {
  const gcut__rnn_attrs *attrs = c->node->attrs;
  const gcut_type *x = gcut__cuda_input_type(c, 0);
  bool batch_first = attrs->layout == 1;
  return (gcut__cuda_rnn_job){.steps = x->dims[batch_first ? 1 : 0],
                              .batch = x->dims[batch_first ? 0 : 1],
                              .hidden = gcut__cuda_input_type(c, 2)->dims[quantized ? 1 : 2],
                              .directions = gcut__rnn_directions(attrs),
                              .gates = gates,
                              .batch_first = batch_first,
                              .reverse = attrs->direction.size > 0 &&
                                         (attrs->direction.data[0] | 0x20) == 'r',
                              .late_reset = attrs->linear_before_reset != 0,
                              .input_forget = attrs->input_forget != 0,
                              .clip = attrs->clip};
}

static gcut__cuda_rnn_weights_job weights_of(const gcut__cuda_compile *c, uint32_t i,
                                             uint32_t scale) {
  const gcut_type *q = gcut__cuda_input_type(c, i);
  return (gcut__cuda_rnn_weights_job){.directions = q->dims[0],
                                      .rows = q->dims[1],
                                      .columns = q->dims[2],
                                      .type = q->type,
                                      .scale_by_column = gcut__cuda_input_type(c, scale)->rank > 1,
                                      .zero_by_column =
                                          gcut__cuda_input_type(c, scale + 1)->rank > 1};
}

// Memory that X, W and R take in float: whole 256 bytes.
static gcut_status set_widening(const gcut__cuda_compile *c, rnn_params *p, gcut_error *err) {
  c->step->scratch_bytes += 256;
  for (uint32_t i = 0; i < 3; i++) {
    p->wide_bytes[i] =
        (gcut__cuda_count(gcut__cuda_input_type(c, i)) * sizeof(float) + 255) / 256 * 256;
    c->step->scratch_bytes += p->wide_bytes[i];
  }
  p->w = weights_of(c, 1, 8);
  p->r = weights_of(c, 2, 10);
  GCUT_TRY(gcut__cuda_kernel(c->cuda, "gcut_rnn_round", &p->round, err));
  return gcut__cuda_kernel(c->cuda, "gcut_rnn_weights", &p->weights, err);
}

static gcut_status compile(const gcut__cuda_compile *c, int32_t gates,
                           const gcut__rnn_function *defaults, size_t n_functions, bool quantized,
                           gcut_error *err) {
  int64_t inputs = gcut__cuda_input_type(c, 0)->dims[2], most = INT32_MAX / 4;
  rnn_params *p = GCUT_NEW(c->arena, rnn_params);
  if (!p) return GCUT_NO_MEMORY(err);
  gcut__cuda_rnn_job *job = &p->job;
  *job = read_job(c, gates, quantized);
  if (!types_fit(c, quantized) || job->steps == 0 || job->batch == 0 || job->hidden == 0 ||
      inputs == 0 || job->batch > most / job->steps || job->hidden > most / gates ||
      job->batch > 65535 * 8 || !set_activations(job, c->node->attrs, defaults, n_functions))
    return GCUT_OK;
  int64_t lines = gates * job->hidden, rows = job->steps * job->batch;
  p->product = (gcut__cuda_product){.type = GCUT_FLOAT,
                                    .m = rows,
                                    .n = lines,
                                    .k = inputs,
                                    .batch = 1,
                                    .lda = inputs,
                                    .ldb = inputs,
                                    .ldc = lines,
                                    .transpose_b = true,
                                    .alpha = 1};
  p->x_bytes = (uint64_t)(rows * lines) * sizeof(float);
  p->w_bytes = (uint64_t)(lines * inputs) * sizeof(float);
  p->state_bytes = (uint64_t)(job->directions * job->batch * job->hidden) * sizeof(float);
  c->step->params = p;
  c->step->launch = launch_rnn;
  c->step->scratch_bytes =
      GCUT_CUDA_BLAS_WORKSPACE + (uint64_t)job->directions * p->x_bytes + N_STATES * p->state_bytes;
  if (quantized) GCUT_TRY(set_widening(c, p, err));
  GCUT_TRY(gcut__cuda_kernel(c->cuda, "gcut_rnn_step", &p->kernel, err));
  return gcut__cuda_blas_prepare(c->cuda->blas, &p->product, err);
}

gcut_status gcut__cuda_compile_rnn(const gcut__cuda_compile *c, gcut_error *err) {
  return compile(c, 1, gcut__rnn_defaults, 1, false, err);
}
gcut_status gcut__cuda_compile_gru(const gcut__cuda_compile *c, gcut_error *err) {
  return compile(c, 3, gcut__gru_defaults, 2, false, err);
}
gcut_status gcut__cuda_compile_lstm(const gcut__cuda_compile *c, gcut_error *err) {
  return compile(c, 4, gcut__lstm_defaults, 3, false, err);
}
gcut_status gcut__cuda_compile_dynamic_lstm(const gcut__cuda_compile *c, gcut_error *err) {
  return compile(c, 4, gcut__lstm_defaults, 3, true, err);
}

// ---- other types --------------------------------------------------------------------------------

static bool wide_rnn(gcut__speller *s) {
  uint32_t inputs[8], outputs[3], n = s->c->node->n_inputs;
  int type = gcut__cuda_input_type(s->c, 0)->type;
  if (n > 8 || gcut__spell_wide_type(type) == type) return false;
  for (uint32_t i = 0; i < n; i++)
    inputs[i] = i == 4 ? gcut__spell_input(s, i) : gcut__spell_wide(s, i);
  gcut__spell_same(s, (const char *const[]){"activation_alpha", "activation_beta", "activations",
                                            "clip", "direction", "hidden_size", "input_forget",
                                            "layout", "linear_before_reset", NULL});
  gcut__spell_many(s, s->c->node->op_type, inputs, n, outputs, s->c->node->n_outputs);
  for (uint32_t i = 0; i < s->c->node->n_outputs; i++) gcut__spell_narrow(s, i, outputs[i]);
  return true;
}

gcut_status gcut__cuda_compile_wide_rnn(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, wide_rnn, err);
}
