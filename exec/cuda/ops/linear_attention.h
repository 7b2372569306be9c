// LinearAttention: a state of [dk][dv] a key/value head, token by token. Read by C and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_LINEAR_ATTENTION_H
#define GCUT_EXEC_CUDA_OPS_LINEAR_ATTENTION_H

#include <stdint.h>

enum {
  GCUT_CUDA_LINEAR_THREADS = 128,
  GCUT_CUDA_LINEAR_ROWS = 16, // of a column that a lane holds
};

// q [batch][length][q_heads][dk], k [batch][length][kv_heads][dk], v [batch][length][kv_heads][dv],
// decay [batch][length][decay_width], beta [batch][length][beta_width], past and present [batch]
// [kv_heads][dk][dv], y [batch][length][q_heads][dv]. `parts` lanes hold a column of a state: 4, 8
// or 16.
typedef struct gcut__cuda_linear_job {
  int64_t batch, length, q_heads, kv_heads, dk, dv;
  int64_t decay_width, beta_width;
  int32_t type, past_type, present_type, parts;
  float scale;
  const void *q, *k, *v, *past, *decay, *beta; // the last three may be NULL
  void *y, *present;                           // present may be NULL
} gcut__cuda_linear_job;

#endif
