// Columns of a state know nothing of one another: s = decay * s, s += k * beta * (v - k s), y = q s. A block keeps 32 of
// them in shared memory and goes through the tokens; four lanes share a column, a quarter of its rows each, so nobody
// waits but for a shuffle.
#include "linear_attention.h"
#include "types.cuh"

enum { LINEAR_PARTS = 4, LINEAR_PITCH = GCUT_CUDA_LINEAR_COLUMNS + 8 }; // rows of neighbouring lanes in other banks

// Over the lanes of a column.
__device__ inline float linear_join(float x) {
  x += __shfl_xor_sync(~0u, x, 8);
  return x + __shfl_xor_sync(~0u, x, 16);
}

// Token `at` of all batches' tokens, of key/value head `head`; every lane calls, `real` where it has a column.
template <typename T>
__device__ inline void linear_token(const gcut__cuda_linear_job &job, int64_t at, int64_t head, int64_t column, bool real, int part, float *state) {
  auto load = [](const void *data, int64_t i) { return (float)((const T *)data)[i]; };
  int64_t k = (at * job.kv_heads + head) * job.dk, group = job.q_heads / job.kv_heads;
  bool each = job.decay_width != job.kv_heads;
  float keep = job.decay && !each ? expf(load(job.decay, at * job.decay_width + head)) : 1, seen = 0;
  for (int64_t i = part; i < job.dk; i += LINEAR_PARTS) {
    if (job.decay && each) keep = expf(load(job.decay, at * job.decay_width + head * job.dk + i));
    float s = state[i * LINEAR_PITCH] * keep;
    state[i * LINEAR_PITCH] = s;
    seen += load(job.k, k + i) * s;
  }
  seen = linear_join(seen);
  float fresh = real ? load(job.v, (at * job.kv_heads + head) * job.dv + column) : 0;
  if (job.beta) fresh = load(job.beta, at * job.beta_width + (job.beta_width == 1 ? 0 : head)) * (fresh - seen);
  for (int64_t i = part; i < job.dk; i += LINEAR_PARTS) state[i * LINEAR_PITCH] += load(job.k, k + i) * fresh;
  for (int64_t h = head * group; h < (head + 1) * group; h++) {
    float sum = 0;
    for (int64_t i = part; i < job.dk; i += LINEAR_PARTS) sum += load(job.q, (at * job.q_heads + h) * job.dk + i) * state[i * LINEAR_PITCH];
    sum = linear_join(sum) * job.scale;
    if (real && part == 0) store_as<float>(job.y, (at * job.q_heads + h) * job.dv + column, job.type, sum);
  }
}

// Blocks: [batch][kv_heads][columns / 32].
template <typename T> __device__ inline void linear_attention(const gcut__cuda_linear_job &job, float *states) {
  int64_t tiles = (job.dv + GCUT_CUDA_LINEAR_COLUMNS - 1) / GCUT_CUDA_LINEAR_COLUMNS;
  int lane = threadIdx.x % 32, part = lane / 8, mine = threadIdx.x / 32 * 8 + lane % 8;
  float *state = states + mine;
  for (int64_t block = blockIdx.x; block < job.batch * job.kv_heads * tiles; block += gridDim.x) {
    int64_t all = block / tiles, head = all % job.kv_heads, column = block % tiles * GCUT_CUDA_LINEAR_COLUMNS + mine;
    bool real = column < job.dv;
    for (int64_t i = part; i < job.dk; i += LINEAR_PARTS)
      state[i * LINEAR_PITCH] = real && job.past ? load_as<float>(job.past, (all * job.dk + i) * job.dv + column, job.past_type) : 0;
    for (int64_t t = 0; t < job.length; t++) linear_token<T>(job, all / job.kv_heads * job.length + t, head, column, real, part, state);
    for (int64_t i = part; i < job.dk && real && job.present; i += LINEAR_PARTS)
      store_as<float>(job.present, (all * job.dk + i) * job.dv + column, job.present_type, state[i * LINEAR_PITCH]);
  }
}

extern "C" __global__ void __launch_bounds__(GCUT_CUDA_LINEAR_THREADS) gcut_linear_attention(const __grid_constant__ gcut__cuda_linear_job job) {
  __shared__ float states[GCUT_CUDA_LINEAR_ROWS * LINEAR_PITCH];
  if (job.type == T_FLOAT) linear_attention<float>(job, states);
  else if (job.type == T_FLOAT16) linear_attention<__half>(job, states);
  else linear_attention<__nv_bfloat16>(job, states);
}
