// The fused groups of a trace, as far as a part has them and there are kernels for them.
#ifndef GCUT_EXEC_CUDA_MATCH_H
#define GCUT_EXEC_CUDA_MATCH_H

#include "exec/cuda/fuse.h"
#include "tracer/base/map.h"

enum { GCUT_CUDA_GROUP_NODES = 48 };

typedef struct gcut__cuda_matcher {
  const gcut_trace *trace;
  const gcut_graph *graph;
  const gcut_part *part;
  gcut__cuda *cuda; // NULL: one without a kernel that joins products
  gcut_map nodes;   // of the part, not folded and in no group yet
  gcut_map uses;    // value -> readers in the part; part outputs count as one more
  gcut_map places;  // node of the part, not folded -> where it stands
  gcut_arena *arena;
  uint32_t hidden[GCUT_CUDA_GROUP_NODES], n_hidden; // of the group in the making
} gcut__cuda_matcher;

// The node that makes the value, where the part holds it and it is in no group yet; or NULL.
const gcut_node *gcut__match_maker(const gcut__cuda_matcher *m, uint32_t value);
// The node of that operator (of ai.onnx) that makes the value, the same.
const gcut_node *gcut__match_producer(const gcut__cuda_matcher *m, uint32_t value, const char *op);
// The same, and nothing but `uses` readers in the group read the value: hidden in the group.
const gcut_node *gcut__match_inner(gcut__cuda_matcher *m, uint32_t value, const char *op,
                                   uint32_t uses);
// The same where others read the value, too, so that the group, which ends in `last`, has to write
// it: NULL where one of them runs before `last`. *shared tells whether there are any.
const gcut_node *gcut__match_shared(gcut__cuda_matcher *m, uint32_t value, const char *op,
                                    const gcut_node *last, bool *shared);
uint32_t gcut__match_input(const gcut__cuda_matcher *m, const gcut_node *node, uint32_t i);
uint32_t gcut__match_output(const gcut__cuda_matcher *m, const gcut_node *node);
// Type of a value; every dimension is a number, or NULL.
const gcut_type *gcut__match_type(const gcut__cuda_matcher *m, uint32_t value);
// How often the group reads a value.
uint32_t gcut__match_reads(const gcut__cuda_matcher *m, const gcut_fused *group, uint32_t value);
// Whether all of a group of the trace is in the part, and nobody else reads what is to stay within:
// all but its last node are hidden then.
bool gcut__match_whole(gcut__cuda_matcher *m, const gcut_fused *group);
// The node of that operator that alone reads the value, where the part holds it; or NULL.
const gcut_node *gcut__match_reader(const gcut__cuda_matcher *m, uint32_t value, const char *op);

// Whether there is a kernel for a group: by types and shapes alone, so that it is the same however
// the model was cut. Fills *out; base.node is the group's last node and m->hidden holds the others.
// Where base.writes is left NULL the step makes what that node makes.
// Transposes around the group that a kernel reads or writes through may be hidden, too: moving
// data changes no bits.
typedef bool gcut__cuda_fill(gcut__cuda_matcher *m, const gcut_fused *group, gcut__cuda_fused *out);
gcut__cuda_fill gcut__cuda_fill_attention, gcut__cuda_fill_experts, gcut__cuda_fill_rotary,
    gcut__cuda_fill_norm, gcut__cuda_fill_swiglu;

// The same for an operator that takes in nodes around it: false where it is as well by itself. The
// step may stand where another of its nodes does: base.node.
typedef bool gcut__cuda_match(gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_fused *out);
gcut__cuda_match gcut__cuda_match_attention, gcut__cuda_match_norm, gcut__cuda_match_sum,
    gcut__cuda_match_products;
// Whether the sum is taken into the product before it.
bool gcut__cuda_is_product_sum(const gcut__cuda_matcher *m, const gcut_node *add);
// SwiGLU of two products, with them; of halves of what rows picked, with it.
gcut__cuda_fill gcut__cuda_fill_gated, gcut__cuda_fill_gated_experts;

#endif
