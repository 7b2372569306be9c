// Columns of a state know nothing of one another: s = decay * s, s += k * beta * (v - k s), y = q s. A few lanes hold a
// column in registers, 16 rows each, and go through the tokens: nobody waits but for a shuffle, and what the next token
// brings is fetched while this one is computed.
#include "linear_attention.h"
#include "types.cuh"

enum { LINEAR_ROWS = GCUT_CUDA_LINEAR_ROWS };

// Where a lane is: its rows are first + r, r < rows; `real` where its column is one of the state's.
struct LinearPlace {
  int64_t sample, head, column, first;
  int rows;
  bool real;
};

struct LinearToken {
  float k[LINEAR_ROWS], q[LINEAR_ROWS], v, keep, rate; // q of the first query head
};

// Of the types that a state has.
__device__ inline float linear_real(const void *x, int64_t i, int type) {
  return type == T_FLOAT ? ((const float *)x)[i] : type == T_FLOAT16 ? __half2float(((const __half *)x)[i]) : __bfloat162float(((const __nv_bfloat16 *)x)[i]);
}
__device__ inline void linear_keep(void *y, int64_t i, int type, float x) {
  if (type == T_FLOAT) ((float *)y)[i] = x;
  else if (type == T_FLOAT16) ((__half *)y)[i] = __float2half_rn(x);
  else ((__nv_bfloat16 *)y)[i] = __float2bfloat16_rn(x);
}

// Over the lanes of a column.
__device__ inline float linear_join(const gcut__cuda_linear_job &job, float x) {
  for (int lane = 32 / job.parts; lane < 32; lane *= 2) x += __shfl_xor_sync(~0u, x, lane);
  return x;
}

template <typename T> __device__ inline void linear_rows(const void *x, int64_t at, const LinearPlace &p, float *rows) {
  const T *from = (const T *)x + at + p.first;
#pragma unroll
  for (int r = 0; r < LINEAR_ROWS; r++) rows[r] = r < p.rows ? (float)from[r] : 0;
}

template <typename T> __device__ inline void linear_fetch(const gcut__cuda_linear_job &job, const LinearPlace &p, int64_t at, LinearToken &token) {
  int64_t state = at * job.kv_heads + p.head;
  linear_rows<T>(job.k, state * job.dk, p, token.k);
  linear_rows<T>(job.q, (at * job.q_heads + p.head * (job.q_heads / job.kv_heads)) * job.dk, p, token.q);
  token.v = p.real ? (float)((const T *)job.v)[state * job.dv + p.column] : 0;
  token.keep = job.decay && job.decay_width == job.kv_heads ? expf((float)((const T *)job.decay)[state]) : 1;
  token.rate = job.beta ? (float)((const T *)job.beta)[at * job.beta_width + (job.beta_width == 1 ? 0 : p.head)] : 1;
}

template <typename T> __device__ inline void linear_token(const gcut__cuda_linear_job &job, const LinearPlace &p, int64_t at, LinearToken &token, float *state) {
  int64_t group = job.q_heads / job.kv_heads;
  float seen = 0, keep[LINEAR_ROWS];
  bool each = job.decay && job.decay_width != job.kv_heads;
  if (each) linear_rows<T>(job.decay, at * job.decay_width + p.head * job.dk, p, keep);
#pragma unroll
  for (int r = 0; r < LINEAR_ROWS; r++) {
    state[r] *= each ? expf(keep[r]) : token.keep;
    seen += token.k[r] * state[r];
  }
  float fresh = job.beta ? token.rate * (token.v - linear_join(job, seen)) : token.v;
#pragma unroll
  for (int r = 0; r < LINEAR_ROWS; r++) state[r] += token.k[r] * fresh;
  for (int64_t h = p.head * group; h < (p.head + 1) * group; h++) {
    float sum = 0;
    if (h > p.head * group) linear_rows<T>(job.q, (at * job.q_heads + h) * job.dk, p, token.q);
#pragma unroll
    for (int r = 0; r < LINEAR_ROWS; r++) sum += token.q[r] * state[r];
    sum = linear_join(job, sum) * job.scale;
    if (p.real && p.first == 0) linear_keep(job.y, (at * job.q_heads + h) * job.dv + p.column, job.type, sum);
  }
}

template <typename T> __device__ inline void linear_column(const gcut__cuda_linear_job &job, const LinearPlace &p) {
  float state[LINEAR_ROWS];
  int64_t of_state = ((p.sample * job.kv_heads + p.head) * job.dk + p.first) * job.dv + p.column, tokens = p.sample * job.length;
  LinearToken token, next;
#pragma unroll
  for (int r = 0; r < LINEAR_ROWS; r++)
    state[r] = job.past && p.real && r < p.rows ? linear_real(job.past, of_state + r * job.dv, job.past_type) : 0;
  for (int64_t t = 0; t <= job.length; t++) {
    if (t < job.length) linear_fetch<T>(job, p, tokens + t, next);
    if (t > 0) linear_token<T>(job, p, tokens + t - 1, token, state);
    token = next;
  }
#pragma unroll
  for (int r = 0; r < LINEAR_ROWS; r++)
    if (job.present && p.real && r < p.rows) linear_keep(job.present, of_state + r * job.dv, job.present_type, state[r]);
}

// Blocks: [batch][kv_heads][columns / a block's].
template <typename T> __device__ inline void linear_attention(const gcut__cuda_linear_job &job) {
  int of_warp = 32 / job.parts, of_block = GCUT_CUDA_LINEAR_THREADS / job.parts, lane = threadIdx.x % 32;
  int64_t tiles = (job.dv + of_block - 1) / of_block;
  for (int64_t block = blockIdx.x; block < job.batch * job.kv_heads * tiles; block += gridDim.x) {
    int64_t column = block % tiles * of_block + threadIdx.x / 32 * of_warp + lane % of_warp;
    int64_t first = lane / of_warp * LINEAR_ROWS, rows = job.dk - first;
    LinearPlace p = {block / tiles / job.kv_heads, block / tiles % job.kv_heads, column, first, rows < 0 ? 0 : rows < LINEAR_ROWS ? (int)rows : LINEAR_ROWS, column < job.dv};
    linear_column<T>(job, p);
  }
}

extern "C" __global__ void __launch_bounds__(GCUT_CUDA_LINEAR_THREADS) gcut_linear_attention(const __grid_constant__ gcut__cuda_linear_job job) {
  if (job.type == T_FLOAT) linear_attention<float>(job);
  else if (job.type == T_FLOAT16) linear_attention<__half>(job);
  else linear_attention<__nv_bfloat16>(job);
}
