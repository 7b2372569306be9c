// The rotation of one head, as attention kernels that rotate themselves use it too.
#ifndef GCUT_EXEC_CPU_OPS_ROTARY_H
#define GCUT_EXEC_CPU_OPS_ROTARY_H

#include <stdbool.h>
#include <stdint.h>

// y[size] = x[size] with its first 2 * half elements turned by cos[half] and sin[half]; element
// pairs are neighbours where interleaved, else half apart. y may be x.
void gcut__rotate(const float *x, float *y, const float *cosine, const float *sine, int64_t size,
                  int64_t half, bool interleaved);

#endif
