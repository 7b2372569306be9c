// Matching of patterns of nodes in a part, from the last node up.
#ifndef GCUT_EXEC_CUDA_MATCH_H
#define GCUT_EXEC_CUDA_MATCH_H

#include "exec/cuda/fuse.h"
#include "tracer/base/map.h"

enum { GCUT_CUDA_GROUP_NODES = 32, GCUT_CUDA_GROUP_READS = 6 };

typedef struct gcut__cuda_matcher {
  const gcut_trace *trace;
  const gcut_graph *graph;
  gcut_map nodes; // of the part, not folded and in no group yet
  gcut_map uses;  // value -> readers in the part; part outputs count as one more
  gcut_arena *arena;
  uint32_t hidden[GCUT_CUDA_GROUP_NODES], n_hidden; // of the group in the making
} gcut__cuda_matcher;

// The node of that operator (of ai.onnx) that makes the value, where the part holds it; or NULL.
const gcut_node *gcut__match_producer(const gcut__cuda_matcher *m, uint32_t value, const char *op);
// The same, and nothing but `uses` readers in the group read the value: hidden in the group.
const gcut_node *gcut__match_inner(gcut__cuda_matcher *m, uint32_t value, const char *op,
                                   uint32_t uses);
uint32_t gcut__match_input(const gcut__cuda_matcher *m, const gcut_node *node, uint32_t i);
uint32_t gcut__match_output(const gcut__cuda_matcher *m, const gcut_node *node);
// Type of a value; every dimension is a number, or NULL.
const gcut_type *gcut__match_type(const gcut__cuda_matcher *m, uint32_t value);
// A constant of one floating element.
bool gcut__match_scalar(const gcut__cuda_matcher *m, uint32_t value, float *out);
// The first element of a constant of int64.
bool gcut__match_int(const gcut__cuda_matcher *m, uint32_t value, int64_t *out);

// Patterns: fill *out but for base.node and base.hidden where `node` ends one. They may leave
// m->hidden as it is where none is found.
typedef bool (*gcut__cuda_pattern)(gcut__cuda_matcher *m, const gcut_node *node,
                                   gcut__cuda_fused *out);
bool gcut__cuda_match_rms(gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_fused *out);
bool gcut__cuda_match_swiglu(gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_fused *out);
bool gcut__cuda_match_rotary(gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_fused *out);
bool gcut__cuda_match_attention(gcut__cuda_matcher *m, const gcut_node *node,
                                gcut__cuda_fused *out);

#endif
