// A warp a hidden unit: its lines of the recurrent weights, read once for eight samples, times the states; then a lane a
// sample runs the cell. States go from one memory to another, for other warps still read the old ones.
#include "rnn.h"
#include "types.cuh"

enum { R_RELU, R_TANH, R_SIGMOID, R_AFFINE, R_LEAKY_RELU, R_THRESHOLDED_RELU, R_SCALED_TANH, R_HARD_SIGMOID, R_ELU, R_SOFTSIGN, R_SOFTPLUS };

__device__ inline float activate(const gcut__cuda_rnn_job &job, int64_t d, int which, float x) {
  gcut__cuda_rnn_activation f = job.activations[d * (job.gates == 1 ? 1 : job.gates - 1) + which];
  if (job.clip >= 0) x = x > job.clip ? job.clip : x < -job.clip ? -job.clip : x;
  switch (f.function) {
  case R_RELU: return x < 0 ? 0 : x;
  case R_TANH: return tanhf(x);
  case R_SIGMOID: return 1 / (1 + expf(-x));
  case R_AFFINE: return f.alpha * x + f.beta;
  case R_LEAKY_RELU: return x >= 0 ? x : f.alpha * x;
  case R_THRESHOLDED_RELU: return x >= f.alpha ? x : 0;
  case R_SCALED_TANH: return f.alpha * tanhf(f.beta * x);
  case R_HARD_SIGMOID: return fminf(fmaxf(f.alpha * x + f.beta, 0.0f), 1.0f);
  case R_ELU: return x >= 0 ? x : f.alpha * expm1f(x);
  case R_SOFTSIGN: return x / (1 + fabsf(x));
  default: return x > 0 ? x + log1pf(expf(-x)) : log1pf(expf(x));
  }
}

// Where the operator's states of direction d and sample b begin.
__device__ inline int64_t state_at(const gcut__cuda_rnn_job &job, int64_t d, int64_t b) {
  return (job.batch_first ? b * job.directions + d : d * job.batch + b) * job.hidden;
}

__device__ inline float state_before(const gcut__cuda_rnn_job &job, const float *first, const float *before, int64_t d, int64_t b, int64_t i) {
  if (job.step > 0) return before[(d * job.batch + b) * job.hidden + i];
  return first ? first[state_at(job, d, b) + i] : 0.0f;
}

// The position in its sequence that sample b reads at this step, or -1 past its end.
__device__ inline int64_t position(const gcut__cuda_rnn_job &job, int64_t d, int64_t b) {
  int64_t length = job.lengths ? job.lengths[b] : job.steps;
  if (job.step >= length) return -1;
  return d == 1 || job.reverse ? length - 1 - job.step : job.step;
}

__device__ inline float bias_of(const gcut__cuda_rnn_job &job, int64_t d, int64_t line, bool of_state) {
  return job.bias ? job.bias[(2 * d + of_state) * job.gates * job.hidden + line] : 0.0f;
}

// The share of sample b's gate g that its input has, with both biases unless the state's comes later.
__device__ inline float input_share(const gcut__cuda_rnn_job &job, int64_t d, int64_t b, int64_t t, int g, int64_t i) {
  int64_t lines = job.gates * job.hidden, line = g * job.hidden + i, row = job.batch_first ? b * job.steps + t : t * job.batch + b;
  bool late = g == 2 && job.gates == 3 && job.late_reset;
  return job.x[(d * job.steps * job.batch + row) * lines + line] + bias_of(job, d, line, false) + (late ? 0.0f : bias_of(job, d, line, true));
}

// The new state of unit i of sample b, from the products u of its gates with the old states.
__device__ inline float cell(const gcut__cuda_rnn_job &job, int64_t d, int64_t b, int64_t t, int64_t i, const float *u, float h) {
  auto x = [&](int g) { return input_share(job, d, b, t, g, i); };
  int64_t own = (d * job.batch + b) * job.hidden + i, n = job.hidden;
  if (job.gates == 1) return activate(job, d, 0, x(0) + u[0]);
  if (job.gates == 3) {
    bool late = job.late_reset;
    float z = late ? activate(job, d, 0, x(0) + u[0]) : job.update[own], fresh = x(2);
    fresh += late ? activate(job, d, 0, x(1) + u[1]) * (u[2] + bias_of(job, d, 2 * n + i, true)) : u[2];
    return (1 - z) * activate(job, d, 1, fresh) + z * h;
  }
  const float *p = job.peephole ? job.peephole + d * 3 * n + i : NULL;
  float c = state_before(job, job.c0, job.c, d, b, i);
  float in = activate(job, d, 0, x(0) + u[0] + (p ? p[0] * c : 0.0f));
  float forget = activate(job, d, 0, x(2) + u[2] + (p ? p[2 * n] * c : 0.0f)), fresh = activate(job, d, 1, x(3) + u[3]);
  c = (job.input_forget ? 1 - in : forget) * c + in * fresh;
  job.c[own] = c;
  float out = activate(job, d, 0, x(1) + u[1] + (p ? p[n] * c : 0.0f));
  return activate(job, d, 2, c) * out;
}

__device__ inline void finish_unit(const gcut__cuda_rnn_job &job, int64_t d, int64_t b, int64_t i, const float *u) {
  int64_t own = (d * job.batch + b) * job.hidden + i, t = position(job, d, b), at = t < 0 ? job.step : t;
  float h = state_before(job, job.h0, job.h_before, d, b, i), after = h;
  if (job.gates == 3 && job.phase == 0 && !job.late_reset) {
    if (t >= 0) job.update[own] = activate(job, d, 0, input_share(job, d, b, t, 0, i) + u[0]);
    job.reset[own] = t < 0 ? 0.0f : activate(job, d, 0, input_share(job, d, b, t, 1, i) + u[1]) * h;
    return;
  }
  if (t >= 0) after = cell(job, d, b, t, i, u, h);
  else if (job.gates == 4 && job.step == 0) job.c[own] = state_before(job, job.c0, job.c, d, b, i);
  job.h_after[own] = after;
  int64_t row = job.batch_first ? (b * job.steps + at) * job.directions + d : (at * job.directions + d) * job.batch + b;
  if (job.y) job.y[row * job.hidden + i] = t < 0 ? 0.0f : after;
  if (job.step + 1 < job.steps) return;
  if (job.y_h) job.y_h[state_at(job, d, b) + i] = after;
  if (job.y_c) job.y_c[state_at(job, d, b) + i] = job.c[own];
}

// Products of lines [first, first + n) with the states, or of the third with GRU's reset ones.
template <int N> __device__ inline void run_unit(const gcut__cuda_rnn_job &job, int64_t d, int64_t i, int64_t from, int first) {
  int lane = threadIdx.x % 32;
  bool reset = job.gates == 3 && !job.late_reset && job.phase == 1;
  float sums[N][GCUT_CUDA_RNN_SAMPLES] = {};
  for (int64_t k = lane; k < job.hidden; k += 32) {
    float r[N];
    for (int g = 0; g < N; g++) r[g] = job.r[((d * job.gates + first + g) * job.hidden + i) * job.hidden + k];
    for (int s = 0; s < GCUT_CUDA_RNN_SAMPLES && from + s < job.batch; s++) {
      const int64_t own = (d * job.batch + from + s) * job.hidden + k;
      float h = reset ? job.reset[own] : job.rounded ? job.rounded[own] : state_before(job, job.h0, job.h_before, d, from + s, k);
      for (int g = 0; g < N; g++) sums[g][s] += r[g] * h;
    }
  }
  float mine[4] = {};
  for (int s = 0; s < GCUT_CUDA_RNN_SAMPLES; s++)
    for (int g = 0; g < N; g++) {
      float sum = sums[g][s];
      for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, offset);
      if (lane == s) mine[first + g] = sum;
    }
  if (lane < GCUT_CUDA_RNN_SAMPLES && from + lane < job.batch) finish_unit(job, d, from + lane, i, mine);
}

extern "C" __global__ void __launch_bounds__(GCUT_CUDA_RNN_THREADS) gcut_rnn_step(const __grid_constant__ gcut__cuda_rnn_job job) {
  int64_t i = (int64_t)blockIdx.x * GCUT_CUDA_RNN_UNITS + threadIdx.x / 32, d = blockIdx.y, from = (int64_t)blockIdx.z * GCUT_CUDA_RNN_SAMPLES;
  if (i >= job.hidden) return;
  if (job.gates == 1) run_unit<1>(job, d, i, from, 0);
  else if (job.gates == 4) run_unit<4>(job, d, i, from, 0);
  else if (job.late_reset) run_unit<3>(job, d, i, from, 0);
  else if (job.phase == 0) run_unit<2>(job, d, i, from, 0);
  else run_unit<1>(job, d, i, from, 2);
}

// ---- DynamicQuantizeLSTM

// The least and the greatest of a block's numbers.
__device__ inline float2 range_of_block(float low, float high) {
  __shared__ float lows[32], highs[32];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  for (int by = 16; by > 0; by /= 2) {
    low = fminf(low, __shfl_xor_sync(0xffffffffu, low, by));
    high = fmaxf(high, __shfl_xor_sync(0xffffffffu, high, by));
  }
  if (lane == 0) lows[warp] = low, highs[warp] = high;
  __syncthreads();
  for (int i = 0; i < (int)blockDim.x / 32; i++) low = fminf(low, lows[i]), high = fmaxf(high, highs[i]);
  return make_float2(low, high);
}

extern "C" __global__ void __launch_bounds__(GCUT_CUDA_RNN_THREADS) gcut_rnn_round(const __grid_constant__ gcut__cuda_rnn_round_job job) {
  const float *x = job.x ? job.x + blockIdx.x * job.count : NULL;
  float low = 0, high = 0, *y = job.y + blockIdx.x * job.count;
  for (int64_t i = threadIdx.x; x && i < job.count; i += blockDim.x) low = fminf(low, x[i]), high = fmaxf(high, x[i]);
  const float2 range = range_of_block(low, high);
  const float scale = range.x == range.y ? 1.0f : (range.y - range.x) / 255.0f, zero = fminf(fmaxf(rintf(-range.x / scale), 0.0f), 255.0f);
  for (int64_t i = threadIdx.x; i < job.count; i += blockDim.x)
    y[i] = x ? (fminf(fmaxf(rintf(x[i] / scale) + zero, 0.0f), 255.0f) - zero) * scale : 0.0f;
}

extern "C" __global__ void gcut_rnn_weights(const __grid_constant__ gcut__cuda_rnn_weights_job job) {
  const int64_t count = job.directions * job.columns * job.rows, step = (int64_t)gridDim.x * blockDim.x;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += step) {
    const int64_t row = i % job.rows, line = i / job.rows, column = line % job.columns, d = line / job.columns;
    const float q = load_as<float>(job.q, (d * job.rows + row) * job.columns + column, job.type);
    const float zero = load_as<float>(job.zero, job.zero_by_column ? line : d, job.type);
    job.to[i] = (q - zero) * job.scale[job.scale_by_column ? line : d];
  }
}
