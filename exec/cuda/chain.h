// Groups of elementwise nodes that one launch computes: what is left when every pattern was
// matched.
#ifndef GCUT_EXEC_CUDA_CHAIN_H
#define GCUT_EXEC_CUDA_CHAIN_H

#include "exec/cuda/match.h"

// Where `node` ends a group of two nodes or more that no other reads into, or reads what lies
// behind its inputs: fills *out but for base.node and base.hidden, and leaves the other nodes in
// m->hidden.
bool gcut__cuda_match_chain(gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_fused *out);

#endif
