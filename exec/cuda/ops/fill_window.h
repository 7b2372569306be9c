// A window of the tracer's as kernels take it.
#ifndef GCUT_EXEC_CUDA_OPS_FILL_WINDOW_H
#define GCUT_EXEC_CUDA_OPS_FILL_WINDOW_H

#include <stdbool.h>

#include "exec/cuda/ops/window.h"
#include "tracer/ops/window.h"

// False where it has too many axes, or nothing to slide over.
bool gcut__cuda_fill_window(gcut__cuda_window *w, const gcut__window *from, const int64_t *far,
                            const int64_t *near);

#endif
