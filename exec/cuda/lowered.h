// A node computed by a program of its own: a small graph of other operators (ops/spell.h), compiled
// like a part. Its values lie in the step's scratch, its operands are the node's.
#ifndef GCUT_EXEC_CUDA_LOWERED_H
#define GCUT_EXEC_CUDA_LOWERED_H

#include "exec/cuda/program.h"

typedef struct gcut__cuda_lowered gcut__cuda_lowered;

// Fills c->step with the graph's program, where every node of it has a kernel and the outputs are
// of the node's types; else leaves it. Input and output i of the node are values inputs[i] of
// [n_inputs] and outputs[i] of [n_outputs] of the graph, GCUT_NONE where absent. Takes the graph,
// which is finished here.
GCUT_MUST_USE gcut_status gcut__cuda_lowered_create(const gcut__cuda_compile *c, gcut_graph *graph,
                                                    const uint32_t *inputs, const uint32_t *outputs,
                                                    gcut_error *err);
// Frees those of a list.
void gcut__cuda_lowered_destroy(gcut__cuda_lowered *first);

#endif
