// What ai.onnx.ml makes of scores in the end.
#ifndef GCUT_EXEC_CPU_OPS_POST_TRANSFORM_H
#define GCUT_EXEC_CPU_OPS_POST_TRANSFORM_H

#include "tracer/ops/feature.h"

// Turns a row of `n` scores into what the transform says, in place.
void gcut__post_transform_row(gcut__post_transform transform, size_t n, double *scores);
// The scores of two classes where one function tells them apart: both logistic, else `whole` less
// the score and the score, which no other transform changes.
void gcut__post_transform_lone(gcut__post_transform transform, double whole, double score,
                               double out[2]);

#endif
