// The operators that graphcut knows, and which devices run them.
#ifndef GRAPHCUT_OPERATORS_H
#define GRAPHCUT_OPERATORS_H

#include <stdbool.h>
#include <stddef.h>

#include "graphcut/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gcut_operator {
  const char *domain; // "" is ai.onnx
  const char *name;
  const int *versions; // opset versions that defined it anew, ended by 0
} gcut_operator;

// Operators by number, from 0, sorted by domain and name.
GCUT_API size_t gcut_operator_count(void);
GCUT_API gcut_operator gcut_operator_at(size_t index);

// Names of the devices that graphcut has kernels for ("cpu" first), whether or not they are there;
// NULL ends the list.
GCUT_API const char *const *gcut_operator_devices(void);
// Whether a device of that name runs it itself (what a device lacks runs on the CPU).
GCUT_API bool gcut_operator_runs_on(size_t index, const char *device);

#ifdef __cplusplus
}
#endif
#endif
