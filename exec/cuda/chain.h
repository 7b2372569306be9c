// Groups of elementwise nodes that one launch computes: what is left when every pattern was
// matched.
#ifndef GCUT_EXEC_CUDA_CHAIN_H
#define GCUT_EXEC_CUDA_CHAIN_H

#include "exec/cuda/match.h"
#include "exec/cuda/ops/program_builder.h"

// Where `node` ends a group of two nodes or more that no other reads into, or reads what lies
// behind its inputs, or follows a product: fills *out but for base.node and base.hidden, and leaves
// the other nodes in m->hidden.
bool gcut__cuda_match_chain(gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_fused *out);
// One step of the group's program and the product that makes one of its inputs (ops/joint.c); the
// product's nodes join those in m->hidden. `reads`: how often the group reads each input.
bool gcut__cuda_join_program(gcut__cuda_matcher *m, const gcut__cuda_program_builder *b,
                             const uint32_t *reads, gcut__cuda_fused *out);

#endif
