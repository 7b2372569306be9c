// What ai.onnx.ml makes of scores in the end.
#ifndef GCUT_EXEC_CPU_OPS_POST_TRANSFORM_H
#define GCUT_EXEC_CPU_OPS_POST_TRANSFORM_H

#include "tracer/ops/feature.h"

// Turns a row of `n` scores into what the transform says, in place.
void gcut__post_transform_row(gcut__post_transform transform, size_t n, double *scores);

#endif
